"""Batches: complete, repeatable, without needless copies, and with clear refusals."""

from itertools import chain

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinylearn.errors import DTypeError, ShapeError
from tinylearn.nn.loader import Batches, batches
from tinylearn.tensor import Tensor

X = np.arange(20, dtype=np.float32).reshape(10, 2)
Y = np.arange(10)


def rows(loader: Batches) -> list[list[int]]:
    """The labels of each batch of one epoch: with Y above, the rows that are in it."""
    return [y.numpy().tolist() for _, y in loader]


@given(
    count=st.integers(1, 40),
    size=st.integers(1, 50),
    seed=st.integers(0, 2**64),
    shuffle=st.booleans(),
)
def test_an_epoch_visits_every_row_once(count, size, seed, shuffle):
    loader = batches(np.zeros((count, 3)), np.arange(count), size, seed, shuffle)
    for _ in range(2):
        visited = rows(loader)
        assert sorted(chain(*visited)) == list(range(count))
        assert [len(batch) for batch in visited[:-1]] == [size] * (len(loader) - 1)
        assert 1 <= len(visited[-1]) <= size and len(visited) == len(loader)


def test_x_and_y_stay_together():
    for x, y in batches(X, Y, size=3):
        assert np.array_equal(x.numpy(), X[y.numpy()])


def test_batches_are_tensors_that_want_no_gradient_and_keep_their_dtype():
    x, y = next(iter(batches(X, Y, size=4)))
    assert isinstance(x, Tensor) and isinstance(y, Tensor)
    assert not x.requires_grad and not y.requires_grad
    assert x.shape == (4, 2) and y.shape == (4,)
    assert x.numpy().dtype == np.float32 and y.numpy().dtype == np.int64


def test_each_epoch_has_its_own_order_and_a_second_loader_repeats_them():
    one, two = batches(X, Y, size=3, seed=7), batches(X, Y, size=3, seed=7)
    first, second = rows(one), rows(one)
    assert first != second
    assert [rows(two), rows(two)] == [first, second]
    assert one.epoch == 2
    assert rows(batches(X, Y, size=3, seed=8)) != first


def test_the_order_is_the_same_on_every_machine():
    loader = batches(X, Y, size=5, seed=1)
    assert rows(loader) == [[1, 0, 9, 8, 6], [3, 7, 4, 2, 5]]
    assert loader.order(0).tolist() == [1, 0, 9, 8, 6, 3, 7, 4, 2, 5]
    assert loader.order(1).tolist() == [9, 2, 8, 0, 7, 3, 1, 5, 4, 6]


def test_two_loops_over_one_loader_at_once_are_two_epochs():
    loader = batches(X, Y, size=5, seed=1)
    pairs = [(a[1].numpy().tolist(), b[1].numpy().tolist()) for a, b in zip(loader, loader)]
    visited = [list(chain(*part)) for part in zip(*pairs)]
    assert visited == [loader.order(0).tolist(), loader.order(1).tolist()]


def test_without_shuffling_the_rows_come_in_order():
    loader = batches(X, Y, size=4, shuffle=False)
    assert rows(loader) == rows(loader) == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]


def test_without_shuffling_the_rows_are_cut_and_not_copied():
    loader = batches(X, Y, size=4, shuffle=False)
    for x, y in loader.cut(epoch=0):
        assert np.shares_memory(x, X) and np.shares_memory(y, Y)


def test_drop_last_leaves_out_the_short_batch():
    loader = batches(X, Y, size=4, drop_last=True)
    assert len(loader) == 2 and [len(batch) for batch in rows(loader)] == [4, 4]
    assert len(batches(X, Y, size=5, drop_last=True)) == 2


def test_a_batch_may_hold_everything():
    assert rows(batches(X, Y, size=100, shuffle=False)) == [list(range(10))]
    assert len(batches(X, Y, size=np.int64(10))) == 1


def test_lists_and_tensors_are_taken_as_well():
    (x, y) = next(iter(batches([[0, 0], [0, 1]], Tensor(Y[:2]), shuffle=False)))
    assert x.numpy().tolist() == [[0, 0], [0, 1]] and y.numpy().tolist() == [0, 1]
    (x, _) = next(iter(batches([0.5, 1.5], [0, 1])))
    assert x.numpy().dtype == np.float32


@pytest.mark.parametrize(
    "call, error, says",
    [
        (
            lambda: batches(X, Y[:9]),
            ShapeError,
            r"rows of y as of x(.|\n)*x   \(10, 2\)\n    y   \(9,\)\nTry batches\(x\[:9\], y\)$",
        ),
        (
            lambda: batches(X[:4], Y),
            ShapeError,
            r"If the first 4 belong(.|\n)*Try batches\(x, y\[:4\]\)$",
        ),
        (lambda: batches(X[:0], Y[:0]), ShapeError, r"there are no rows(.|\n)*x   \(0, 2\)"),
        (lambda: batches(1.5, Y), ShapeError, r"x is a single value.*: 1\.5"),
        (lambda: batches(X, np.array(["a"] * 10)), DTypeError, "y must hold numbers.* is <U1"),
        (lambda: batches([[1, 2], [3]], Y[:2]), ShapeError, "rows differ in length"),
        (lambda: batches(X, Y, size=0), ValueError, "size must be at least 1, not 0"),
        (lambda: batches(X, Y, size=2.0), TypeError, r"size must be a whole number, not 2\.0"),
        (lambda: batches(X, Y, seed=-3), ValueError, "seed must be at least 0, not -3"),
        (lambda: batches(X, Y, seed=None), TypeError, "seed must be a whole number, not None"),
        (lambda: batches(X, Y, drop_last=True), ShapeError, r"Try size=10 or drop_last=False\."),
    ],
)
def test_what_cannot_be_cut_into_batches_is_refused_at_once(call, error, says):
    with pytest.raises(error, match=says):
        call()


def test_the_progress_bar_is_named_after_the_epoch_or_as_asked(capsys):
    loader = batches(X, Y, size=4, progress=True)
    for _ in range(2):
        list(loader)
    for _ in batches(X, Y, size=4, progress="test"):
        break
    lines = capsys.readouterr().err.splitlines()
    starts = ["epoch 1: 3/3 in ", "epoch 2: 3/3 in ", "test: stopped at 0/3"]
    assert [line[: len(start)] for line, start in zip(lines, starts)] == starts
    list(batches(X, Y))
    assert capsys.readouterr().err == ""


def test_a_loader_shows_its_shapes_and_its_number_of_batches():
    assert repr(batches(X, Y, size=4)) == "<3 batches of 4 from x (10, 2), y (10,)>"
