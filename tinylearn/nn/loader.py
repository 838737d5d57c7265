"""Cuts data into batches: the same order for the same (seed, epoch), on every machine."""

from __future__ import annotations

import math
import operator
from collections.abc import Iterator
from typing import Any

import numpy as np

from tinylearn.errors import DTypeError, ShapeError, describe
from tinylearn.nn.checks import yes_no
from tinylearn.nn.progress import Progress
from tinylearn.tensor import Tensor
from tinylearn.tensor.data import plain_array


class Batches:
    """Batches of x and y: `for xb, yb in batches(x, y): ...`; each loop over it is one epoch.

    x, y       arrays (or Tensors, or lists) with equally many rows
    size       rows in a batch; the last batch is shorter if they do not divide evenly
    seed       with the epoch's number it fixes the order: run again, get the same batches
    shuffle    False keeps the rows in order; they are then copied once, into the Tensor
    drop_last  True leaves out a last batch that is shorter than `size`
    progress   True shows a bar, a text shows it with that label instead of "epoch 1", ...
    Yields     pairs of Tensors with requires_grad=False: (size, ...) of x, (size, ...) of y
    Raises     ShapeError for different lengths or no data, ValueError for size < 1 or seed < 0

    len() is the number of batches, .epoch counts the epochs begun, .order(epoch) gives their rows.
    """

    def __init__(
        self,
        x: Any,
        y: Any,
        size: int = 64,
        seed: int = 0,
        shuffle: bool = True,
        drop_last: bool = False,
        progress: bool | str = False,
    ) -> None:
        self.x, self.y = _rows("x", x), _rows("y", y)
        self.size, self.seed = whole_number("size", size, 1), whole_number("seed", seed, 0)
        yes_no(shuffle=shuffle, drop_last=drop_last)
        self.shuffle, self.drop_last, self.progress = shuffle, drop_last, progress
        self.epoch = 0
        self._check()

    def _check(self) -> None:
        rows, operands = len(self.x), [("x", self.x), ("y", self.y)]
        if rows != len(self.y):
            least = min(rows, len(self.y))
            repair = f"batches(x[:{least}], y)" if rows > least else f"batches(x, y[:{least}])"
            says = "batches needs as many rows of y as of x: one label for each example\n"
            says += f"If the first {least} belong together, cut the longer one"
            raise describe(ShapeError, says, operands, repair)
        if rows == 0:
            raise describe(ShapeError, "there are no rows to make batches of", operands)
        if self.drop_last and rows < self.size:
            says = f"drop_last=True leaves no batch of {self.size}: there are {rows} rows"
            raise describe(ShapeError, says, operands, f"size={rows} or drop_last=False.")

    def __len__(self) -> int:
        batches = len(self.x) / self.size
        return math.floor(batches) if self.drop_last else math.ceil(batches)

    def __repr__(self) -> str:
        return f"<{len(self)} batches of {self.size} from x {self.x.shape}, y {self.y.shape}>"

    def order(self, epoch: int) -> np.ndarray:
        """The rows in the order in which epoch 0, 1, ... visits them: int64 (rows,)."""
        if not self.shuffle:
            return np.arange(len(self.x))
        return fixed_random(self.seed, epoch).permutation(len(self.x))

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        epoch, self.epoch = self.epoch, self.epoch + 1  # two loops at once are two epochs
        made = Tensor.from_numpy if self.shuffle else Tensor  # rows picked out are a copy already
        tensors = (
            (made(x, requires_grad=False), made(y, requires_grad=False)) for x, y in self.cut(epoch)
        )
        if self.progress is False:
            return tensors
        label = self.progress if isinstance(self.progress, str) else f"epoch {epoch + 1}"
        return iter(Progress(tensors, total=len(self), label=label))

    def cut(self, epoch: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """The batches of epoch 0, 1, ... as arrays, for use without Tensors."""
        order = self.order(epoch)
        for start in range(0, len(self) * self.size, self.size):
            window = slice(start, start + self.size)
            rows = order[window] if self.shuffle else window
            yield self.x[rows], self.y[rows]


batches = Batches  # reads as a sentence: for x, y in batches(images, labels)


def fixed_random(*seed: int) -> np.random.RandomState:
    """A random source that NumPy has frozen: the same numbers in every version of NumPy."""
    return np.random.RandomState(np.random.MT19937(np.random.SeedSequence(seed)))


def _rows(name: str, data: Any) -> np.ndarray:
    """`data` as an array with a first axis to cut along."""
    if isinstance(data, Tensor):
        data = data.numpy()
    array = data if isinstance(data, np.ndarray) else plain_array(data)
    if array.ndim == 0:
        raise ShapeError(f"{name} is a single value; batches need rows of them: {data!r}")
    if array.dtype.kind not in "biuf":
        raise DTypeError(f"{name} must hold numbers, but its dtype is {array.dtype}")
    return array


def whole_number(name: str, value: int, least: int) -> int:
    """`value` as an int, if it is a whole number of at least `least`."""
    try:
        whole = operator.index(value)
    except TypeError:
        raise TypeError(f"{name} must be a whole number, not {value!r}") from None
    if whole < least:
        raise ValueError(f"{name} must be at least {least}, not {whole}")
    return whole
