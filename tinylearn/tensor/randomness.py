"""The generator that all random tensors are drawn by."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from tinylearn.changes import run_once
from tinylearn.devices.recorder import refuse

run_once(globals())


class OneGenerator:
    """One NumPy generator for the whole program, made when the first number is drawn."""

    @cached_property
    def generator(self) -> np.random.Generator:
        """The generator; set it to draw from another."""
        return np.random.default_rng()


Random = OneGenerator()


def manual_seed(seed: int) -> None:
    """From here on, the same program draws the same random numbers. PyTorch: manual_seed"""
    refuse("random numbers begin anew here", "manual_seed() outside")
    Random.generator = np.random.default_rng(seed)
