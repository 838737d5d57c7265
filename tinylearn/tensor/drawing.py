"""Draws whose odds are a tensor's numbers: these are computed, and the draw is made at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tinylearn.errors import ShapeError, describe
from tinylearn.repairs.userline import name_of
from tinylearn.tensor.creation import leaf
from tinylearn.tensor.randomness import Random
from tinylearn.tensor.state import State

if TYPE_CHECKING:
    from tinylearn.tensor.tensor import Tensor


class Drawing(State):
    """Random numbers by given odds."""

    __slots__ = ()

    def multinomial(self, num_samples: int = 1, replacement: bool = False) -> Tensor:
        """So many places of each row, drawn by the row's numbers as odds. PyTorch: multinomial

        self          (places,) or (rows, places): numbers not below 0, which need not add up to 1
        replacement   whether a place can be drawn again
        returns       int64 (num_samples,) or (rows, num_samples)
        """
        odds = self.numpy().astype(np.float64)  # type: ignore[attr-defined]
        if odds.ndim not in (1, 2):
            says = f"multinomial draws from rows, and this tensor has {odds.ndim} axes"
            raise describe(ShapeError, says, [(name_of(), self.node)])
        sums = odds.sum(-1, keepdims=True)
        if not np.isfinite(odds).all() or (odds < 0).any() or not (sums > 0).all():
            says = "multinomial needs odds that are finite, not below 0, and not all 0"
            raise ValueError(f"{says}\nTry {name_of()}.softmax(-1).multinomial({num_samples})")
        fewest = int(np.count_nonzero(odds, -1).min())
        if not replacement and num_samples > fewest:
            says = f"multinomial: there are {fewest} places with odds, and {num_samples} are drawn"
            repair = f"{name_of()}.multinomial({num_samples}, replacement=True)"
            raise describe(ShapeError, says, [(name_of(), self.node)], repair)
        draw = Random.generator.choice
        rows = np.atleast_2d(odds / sums)
        drawn = [draw(rows.shape[1], num_samples, replacement, row) for row in rows]
        return leaf(np.array(drawn).reshape(*odds.shape[:-1], num_samples), None, self.device)

    def bernoulli(self) -> Tensor:
        """1 with the probability that each number is, else 0. PyTorch: bernoulli"""
        odds = self.numpy()  # type: ignore[attr-defined]
        if not ((odds >= 0) & (odds <= 1)).all():
            says = "bernoulli needs probabilities, from 0 to 1"
            raise ValueError(f"{says}\nTry {name_of()}.sigmoid().bernoulli()")
        drawn = Random.generator.random(odds.shape) < odds
        return leaf(drawn, self.dtype, self.device, requires_grad=False)
