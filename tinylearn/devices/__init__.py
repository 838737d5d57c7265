"""Devices: where kernels run. NumPy always works; the others are found when they are asked for."""
