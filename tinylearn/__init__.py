"""tinylearn: an autograd framework that a student can read, see and replace, piece by piece."""

__version__ = "0.1.0"
