"""Comparisons with PyTorch: `make test-torch` installs it and runs them."""
