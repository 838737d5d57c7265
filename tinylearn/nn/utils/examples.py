"""Data sets as objects with a length and items, as PyTorch's loaders want them.

pairs = TensorDataset(images, labels)        pairs[3] is (image, label)
train, test = random_split(pairs, [0.8, 0.2])
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate, chain
from typing import Any

import numpy as np

from tinylearn.errors import ShapeError, describe
from tinylearn.nn.utils.samplers import generator_of
from tinylearn.tensor import Tensor
from tinylearn.tensor.data import plain_array

__all__ = [
    "ChainDataset",
    "ConcatDataset",
    "Dataset",
    "IterableDataset",
    "Subset",
    "TensorDataset",
    "random_split",
]


class Dataset:
    """A data set of your own: write __len__(self), and __getitem__(self, index) for one example."""

    def __getitem__(self, index: int) -> Any:
        says = f"{type(self).__name__} needs a method __getitem__(self, index)"
        raise NotImplementedError(f"{says} that gives one example")

    def __add__(self, other: Dataset) -> ConcatDataset:
        return ConcatDataset([self, other])


class IterableDataset(Dataset):
    """A data set that is read from front to back: write __iter__(self)."""

    def __iter__(self) -> Iterator[Any]:
        raise NotImplementedError(f"{type(self).__name__} needs a method __iter__(self)")


class TensorDataset(Dataset):
    """Tensors (or arrays) with equally many rows; an example is a row of each."""

    def __init__(self, *tensors: Any) -> None:
        if not tensors:
            raise TypeError("TensorDataset needs at least one Tensor")
        self.arrays = [t.numpy() if isinstance(t, Tensor) else plain_array(t) for t in tensors]
        rows = len(self.arrays[0]) if self.arrays[0].ndim else 0
        for array in self.arrays:
            if array.ndim == 0 or len(array) != rows:
                operands = [(f"[{k}]", a) for k, a in enumerate(self.arrays)]
                says = "TensorDataset needs Tensors with equally many rows: one for each example"
                raise describe(ShapeError, says, operands)

    @property
    def tensors(self) -> tuple[Tensor, ...]:
        """The Tensors, as constants."""
        return tuple(Tensor(array, requires_grad=False) for array in self.arrays)

    def __getitem__(self, index: Any) -> tuple[Tensor, ...]:
        return tuple(Tensor(array[index], requires_grad=False) for array in self.arrays)

    def batch(self, places: Sequence[int]) -> list[Tensor]:
        """Several examples at once, a Tensor of each kind: what a loader would make of them."""
        rows = np.asarray(places, np.int64)
        return [Tensor.from_numpy(array[rows], requires_grad=False) for array in self.arrays]

    def __len__(self) -> int:
        return len(self.arrays[0])


class Subset(Dataset):
    """Some examples of a data set, by their places."""

    def __init__(self, dataset: Any, indices: Sequence[int]) -> None:
        self.dataset, self.indices = dataset, list(map(int, indices))

    def __getitem__(self, index: int) -> Any:
        return self.dataset[self.indices[index]]

    def __len__(self) -> int:
        return len(self.indices)


class ConcatDataset(Dataset):
    """Data sets one behind the other."""

    def __init__(self, datasets: Sequence[Any]) -> None:
        self.datasets = list(datasets)
        if not self.datasets:
            raise ValueError("ConcatDataset needs at least one data set")
        self.cumulative_sizes = list(accumulate(len(d) for d in self.datasets))

    def __getitem__(self, index: int) -> Any:
        place = range(len(self))[index]
        k = bisect_right(self.cumulative_sizes, place)
        return self.datasets[k][place - (self.cumulative_sizes[k - 1] if k else 0)]

    def __len__(self) -> int:
        return self.cumulative_sizes[-1]


class ChainDataset(IterableDataset):
    """Iterable data sets one behind the other."""

    def __init__(self, datasets: Sequence[Any]) -> None:
        self.datasets = list(datasets)

    def __iter__(self) -> Iterator[Any]:
        return chain(*self.datasets)


def random_split(dataset: Any, lengths: Sequence[float], generator: Any = None) -> list[Subset]:
    """Parts of a data set, drawn at random, that share no example.

    lengths     how many examples each has; or shares that add up to 1
    generator   a NumPy generator or a seed; None draws as manual_seed says
    """
    total, counts = len(dataset), [math.floor(n) for n in lengths]
    if math.isclose(sum(lengths), 1) and all(0 <= n <= 1 for n in lengths):
        counts = [math.floor(total * share) for share in lengths]
        for k in range(total - sum(counts)):
            counts[k % len(counts)] += 1
    if sum(counts) != total or min(counts) < 0:
        says = f"the lengths {list(lengths)} must add up to {total}, the length of the data set"
        repair = "random_split(dataset, [0.8, 0.2])"
        raise ValueError(f"{says}, or to 1\nTry {repair}")
    order = generator_of(generator).permutation(total).tolist()
    return [Subset(dataset, order[end - n : end]) for n, end in zip(counts, accumulate(counts))]
