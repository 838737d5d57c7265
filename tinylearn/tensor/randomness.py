"""The generator that all random tensors are drawn by."""

from __future__ import annotations

import numpy as np


class Random:
    """One NumPy generator for the whole program."""

    generator = np.random.default_rng()


def manual_seed(seed: int) -> None:
    """From here on, the same program draws the same random numbers. PyTorch: manual_seed"""
    Random.generator = np.random.default_rng(seed)
