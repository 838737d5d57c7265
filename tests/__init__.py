"""The tests, by floor. A table that several files use is imported as tests.<name>."""
