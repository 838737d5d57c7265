"""Loaders visit every example once, in the order of their samplers, and end their thread."""

import threading
import time
from collections import namedtuple
from itertools import chain

import numpy as np
import pytest

from tinylearn.errors import ShapeError
from tinylearn.nn.utils.data import (
    BatchSampler,
    ChainDataset,
    ConcatDataset,
    DataLoader,
    Dataset,
    IterableDataset,
    RandomSampler,
    SequentialSampler,
    Subset,
    SubsetRandomSampler,
    TensorDataset,
    WeightedRandomSampler,
    default_collate,
    random_split,
)
from tinylearn.tensor import Tensor, manual_seed

X = np.arange(20, dtype=np.float32).reshape(10, 2)
Y = np.arange(10)


class Squares(Dataset):
    """A data set of somebody's own."""

    def __init__(self, count=10):
        self.count = count

    def __len__(self):
        return self.count

    def __getitem__(self, k):
        if k == 7 and self.count == 8:
            raise ZeroDivisionError("example 7 is broken")
        return np.array([k, k * k], np.float32), k


class Numbers(IterableDataset):
    """One that can only be read."""

    def __iter__(self):
        return iter(range(5))


def labels(loader):
    """The labels of each batch of one epoch."""
    return [y.tolist() for _, y in loader]


def threads():
    """How many threads of loaders there are."""
    return sum(t.name == "DataLoader" for t in threading.enumerate())


# ---------------------------------------------------------------- loaders


@pytest.mark.parametrize(
    "dataset", [TensorDataset(X, Y), Squares(), Subset(Squares(20), range(10))]
)
@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("options", [{}, {"shuffle": True}, {"shuffle": True, "drop_last": True}])
def test_an_epoch_visits_every_example_once(dataset, workers, options):
    loader = DataLoader(dataset, batch_size=4, num_workers=workers, **options)
    for _ in range(2):
        found = labels(loader)
        assert len(found) == len(loader) == (2 if "drop_last" in options else 3)
        visited = list(chain(*found))
        assert len(set(visited)) == len(visited) == (8 if "drop_last" in options else 10)
        if not options:
            assert visited == list(range(10))
    assert threads() == 0


def test_a_batch_has_the_rows_of_its_labels_and_wants_no_gradient():
    for data in (TensorDataset(Tensor(X), Tensor(Y)), Subset(TensorDataset(X, Y), [3, 1, 4, 0])):
        for x, y in DataLoader(data, batch_size=3, shuffle=True):
            assert np.array_equal(x.numpy(), X[y.numpy()]) and not x.requires_grad
            assert x.dtype.name == "float32" and y.dtype.name == "int64"


def test_the_order_follows_the_seed():
    def orders(**options):
        loader = DataLoader(Squares(), batch_size=10, shuffle=True, **options)
        return labels(loader) + labels(loader)

    first = orders(generator=5)
    assert first == orders(generator=5) == orders(generator=np.random.default_rng(5))
    assert first[0] != first[1]
    manual_seed(3)
    seeded = orders()
    manual_seed(3)
    assert orders(num_workers=1) == seeded != first


def test_without_a_batch_size_examples_come_one_by_one():
    found = list(DataLoader(Squares(3), batch_size=None))
    assert [y for _, y in found] == [0, 1, 2] and found[2][0].tolist() == [2, 4]


def test_an_iterable_data_set_is_cut_into_batches():
    loader = DataLoader(Numbers(), batch_size=2, num_workers=1)
    assert [b.tolist() for b in loader] == [[0, 1], [2, 3], [4]]
    assert repr(loader) == "<DataLoader>"
    assert repr(DataLoader(Squares(), 4)) == "<DataLoader of 3 batches>"
    both = ChainDataset([Numbers(), Numbers()])
    assert [b.tolist() for b in DataLoader(both, batch_size=10)] == [[0, 1, 2, 3, 4] * 2]


def test_an_order_and_batches_of_ones_own():
    assert labels(DataLoader(Squares(), 3, sampler=[5, 2, 9, 1])) == [[5, 2, 9], [1]]
    assert labels(DataLoader(Squares(), batch_sampler=[[1, 2], [7]])) == [[1, 2], [7]]


def test_examples_become_batches_part_by_part():
    pair = namedtuple("Pair", "left right")
    batch = default_collate([{"a": 1, "b": ("x", pair(0.5, [1, 2]))}] * 3)
    assert batch["a"].tolist() == [1, 1, 1] and batch["a"].dtype.name == "int64"
    text, numbers = batch["b"]
    assert text == ["x"] * 3 and numbers.left.dtype.name == "float64"
    assert [t.tolist() for t in numbers.right] == [[1, 1, 1], [2, 2, 2]]
    loader = DataLoader(Squares(2), 2, collate_fn=lambda examples: len(examples))
    assert list(loader) == [2]


# ---------------------------------------------------------------- the thread


def test_an_error_in_the_thread_is_raised_in_the_loop_and_the_thread_ends():
    found = []
    with pytest.raises(ZeroDivisionError, match="example 7 is broken"):
        for _, y in DataLoader(Squares(8), batch_size=3, num_workers=2):
            found += y.tolist()
    assert found == list(range(6)) and threads() == 0


def test_leaving_a_loop_early_ends_the_thread():
    loader = DataLoader(Squares(1000), batch_size=1, num_workers=1, prefetch_factor=3)
    for _, y in loader:
        if y.item() == 2:
            break
    assert threads() == 0


def test_batches_are_made_while_the_loop_works():
    made = []

    class Noted(Squares):
        def __getitem__(self, k):
            made.append(k)
            return super().__getitem__(k)

    for _, y in DataLoader(Noted(6), batch_size=1, num_workers=1):
        deadline = time.monotonic() + 5
        while len(made) < min(6, y.item() + 3) and time.monotonic() < deadline:
            time.sleep(0.001)
        assert len(made) >= min(6, y.item() + 3)


# ---------------------------------------------------------------- data sets


def test_data_sets_behind_one_another_and_parts_of_them():
    both = Squares(3) + TensorDataset(X, Y)
    assert isinstance(both, ConcatDataset) and len(both) == 13
    assert [int(both[k][1]) for k in (0, 2, 3, 12, -1)] == [0, 2, 0, 9, 9]
    with pytest.raises(IndexError):
        both[13]
    first, rest = random_split(both, [0.25, 0.75], generator=0)
    assert (len(first), len(rest)) == (4, 9)
    assert sorted(first.indices + rest.indices) == list(range(13))
    assert [len(part) for part in random_split(both, [10, 3])] == [10, 3]
    x, y = TensorDataset(X, Y)[4]
    assert x.tolist() == [8, 9] and y.item() == 4
    assert [t.shape for t in TensorDataset(X, Y).tensors] == [(10, 2), (10,)]


# ---------------------------------------------------------------- samplers


def test_samplers_draw_what_they_say():
    assert list(SequentialSampler(Y)) == list(range(10))
    drawn = list(RandomSampler(Y, generator=0))
    assert sorted(drawn) == list(range(10)) != drawn
    assert len(list(RandomSampler(Y, num_samples=25))) == 25
    again = list(RandomSampler(Y, replacement=True, num_samples=2000, generator=1))
    assert set(again) == set(range(10)) and len(again) == 2000
    assert sorted(SubsetRandomSampler([4, 8, 6])) == [4, 6, 8]
    shares = np.bincount(list(WeightedRandomSampler([1, 0, 3], 4000, generator=2)))
    assert shares[1] == 0 and 2800 < shares[2] < 3200
    once = list(WeightedRandomSampler([1, 0, 3, 2], 3, replacement=False))
    assert sorted(once) == [0, 2, 3]
    assert list(BatchSampler(range(5), 2)) == [[0, 1], [2, 3], [4]]
    assert len(BatchSampler(range(5), 2, drop_last=True)) == 2


WRONG = [
    (lambda: TensorDataset(X, Y[:3]), ShapeError, "equally many rows"),
    (lambda: TensorDataset(), TypeError, "at least one Tensor"),
    (lambda: random_split(Y, [3, 3]), ValueError, r"must add up to 10(.|\n)*Try random_split"),
    (lambda: DataLoader(Y, 0), ValueError, "batch_size must be"),
    (lambda: DataLoader(Y, num_workers=-1), ValueError, "num_workers must be"),
    (lambda: DataLoader(Y, shuffle="yes"), TypeError, "shuffle must be True or False"),
    (lambda: DataLoader(Y, shuffle=True, sampler=[1]), ValueError, "Try shuffle=False"),
    (lambda: DataLoader(Y, 2, batch_sampler=[[1]]), ValueError, "Try DataLoader"),
    (lambda: DataLoader(Numbers(), shuffle=True), ValueError, "read from front to back"),
    (lambda: DataLoader(Y, shuffle=True, generator="x"), TypeError, "default_rng"),
    (lambda: WeightedRandomSampler([0, 0], 1), ValueError, "not all of them 0"),
    (lambda: WeightedRandomSampler([1, 0], 2, False), ValueError, "Try replacement=True"),
    (lambda: ConcatDataset([]), ValueError, "at least one data set"),
    (lambda: default_collate([[1, 2], [1]]), ShapeError, "different lengths"),
    (lambda: default_collate([X, X[1:]]), ShapeError, r"shapes: \(9, 2\), \(10, 2\)"),
    (lambda: default_collate([object()]), TypeError, "Try collate_fn=list"),
    (lambda: Dataset()[0], NotImplementedError, "needs a method __getitem__"),
]


@pytest.mark.parametrize("make, error, says", WRONG)
def test_what_makes_no_sense_is_refused(make, error, says):
    with pytest.raises(error, match=says):
        make()
