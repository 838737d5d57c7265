"""Training and evaluation for a block of lines: `with Tensor.train():`, `with Tensor.test():`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tinylearn.tensor.state import State


class Modes(State):
    """Tensor.training, set and put back."""

    __slots__ = ()

    @staticmethod
    @contextmanager
    def train(mode: bool = True) -> Iterator[None]:
        """Tensor.training is True in a block, or in a decorated function. tinygrad: train"""
        before = State.finished.training
        State.finished.training = mode
        try:
            yield
        finally:
            State.finished.training = before

    @staticmethod
    @contextmanager
    def test(mode: bool = True) -> Iterator[None]:
        """Tensor.training is False in a block, or in a decorated function. tinygrad: test"""
        with Modes.train(not mode):
            yield
