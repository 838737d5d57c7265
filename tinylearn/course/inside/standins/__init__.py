"""What stands in a world for a package that is not there, so that importing it does no harm."""
