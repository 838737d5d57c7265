"""Samplers: in which order a loader visits the examples, as iterables of places.

generator   a NumPy generator or a seed; None draws as manual_seed says. What is drawn is drawn
            when a loop begins
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence, Sized
from itertools import islice
from typing import Any

import numpy as np

from tinylearn.nn.checks import yes_no
from tinylearn.nn.schedule import whole
from tinylearn.tensor.randomness import Random

__all__ = [
    "BatchSampler",
    "RandomSampler",
    "Sampler",
    "SequentialSampler",
    "SubsetRandomSampler",
    "WeightedRandomSampler",
]


def generator_of(given: Any) -> np.random.Generator:
    """The generator that was given, or one made of a seed, or the one that manual_seed sets."""
    if given is None:
        return Random.generator
    if isinstance(given, np.random.Generator):
        return given
    if isinstance(given, int) and not isinstance(given, bool):
        return np.random.default_rng(given)
    got = type(given).__name__
    says = f"generator is a NumPy generator or a seed, not a {got}"
    raise TypeError(f"{says}\nTry generator=np.random.default_rng(0)")


class Sampler:
    """A sampler of your own: write __iter__(self), and __len__(self)."""

    def __iter__(self) -> Iterator[Any]:
        raise NotImplementedError(f"{type(self).__name__} needs a method __iter__(self)")


class SequentialSampler(Sampler):
    """All places in order."""

    def __init__(self, data_source: Sized) -> None:
        self.data_source = data_source

    def __iter__(self) -> Iterator[int]:
        return iter(range(len(self.data_source)))

    def __len__(self) -> int:
        return len(self.data_source)


class RandomSampler(Sampler):
    """All places in random order; with replacement=True, num_samples places, some several times."""

    def __init__(
        self,
        data_source: Sized,
        replacement: bool = False,
        num_samples: int | None = None,
        generator: Any = None,
    ) -> None:
        yes_no(replacement=replacement)
        self.data_source, self.replacement = data_source, replacement
        self.generator = None if generator is None else generator_of(generator)
        self.count = num_samples if num_samples is None else whole("num_samples", num_samples)

    def __iter__(self) -> Iterator[int]:
        random, n, wanted = generator_of(self.generator), len(self.data_source), len(self)
        if self.replacement:
            return iter(random.integers(0, n, wanted).tolist())
        rounds = [random.permutation(n) for _ in range(-(-wanted // max(n, 1)))]
        return iter(np.concatenate(rounds)[:wanted].tolist() if rounds else [])

    def __len__(self) -> int:
        return len(self.data_source) if self.count is None else self.count


class SubsetRandomSampler(Sampler):
    """These places, in random order."""

    def __init__(self, indices: Sequence[int], generator: Any = None) -> None:
        self.indices = indices
        self.generator = None if generator is None else generator_of(generator)

    def __iter__(self) -> Iterator[int]:
        order = generator_of(self.generator).permutation(len(self.indices))
        return iter([self.indices[k] for k in order.tolist()])

    def __len__(self) -> int:
        return len(self.indices)


class WeightedRandomSampler(Sampler):
    """num_samples places, each as often as its weight says; the weights need not add up to 1."""

    def __init__(
        self,
        weights: Sequence[float],
        num_samples: int,
        replacement: bool = True,
        generator: Any = None,
    ) -> None:
        yes_no(replacement=replacement)
        self.weights = np.asarray(weights, np.float64)
        if self.weights.ndim != 1 or not (self.weights >= 0).all() or not self.weights.sum() > 0:
            raise ValueError("weights are numbers from 0 up, one for each place, not all of them 0")
        self.num_samples, self.replacement = whole("num_samples", num_samples), replacement
        possible = int((self.weights > 0).sum())
        if not replacement and num_samples > possible:
            says = f"without replacement there are {possible} places to draw, not {num_samples}"
            raise ValueError(f"{says}\nTry replacement=True")
        self.generator = None if generator is None else generator_of(generator)

    def __iter__(self) -> Iterator[int]:
        shares = self.weights / self.weights.sum()
        random, n = generator_of(self.generator), len(shares)
        drawn = random.choice(n, self.num_samples, replace=self.replacement, p=shares)
        return iter(drawn.tolist())

    def __len__(self) -> int:
        return self.num_samples


class BatchSampler(Sampler):
    """The places of another sampler, in lists of batch_size.

    drop_last   True leaves out a last list that is shorter
    """

    def __init__(self, sampler: Iterable[Any], batch_size: int, drop_last: bool = False) -> None:
        yes_no(drop_last=drop_last)
        self.sampler, self.batch_size = sampler, whole("batch_size", batch_size)
        self.drop_last = drop_last

    def __iter__(self) -> Iterator[list[Any]]:
        return self.cut(iter(self.sampler))

    def cut(self, places: Iterator[Any]) -> Iterator[list[Any]]:
        """The lists."""
        while batch := list(islice(places, self.batch_size)):
            if len(batch) == self.batch_size or not self.drop_last:
                yield batch

    def __len__(self) -> int:
        count, size = len(self.sampler), self.batch_size  # type: ignore[arg-type]
        return count // size if self.drop_last else -(-count // size)
