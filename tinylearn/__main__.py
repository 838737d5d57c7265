"""Lets `python -m tinylearn` do what the command `tinylearn` does."""

import sys

from tinylearn.command import main

if __name__ == "__main__":
    sys.exit(main())
