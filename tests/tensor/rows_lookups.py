"""Rows of the table: reading and writing at places that are numbers themselves, and counting."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tests.tensor.table import rows
from tinylearn.tensor import Tensor

ALONG = np.array([[0, 2, 1], [1, 1, 0]])  # along either axis of a (3, 3) or larger
PLACES = np.array([2, 0, 2])
ONCE = np.array([[2, 0, 1], [0, 1, 2]])  # no place twice along axis 1


def like(x: Any, array: Any) -> Any:
    """An array as a tensor of the same kind as x, on its device; for NumPy as it is."""
    if isinstance(x, Tensor):
        return Tensor(array, device=x.device, requires_grad=False)
    if isinstance(x, np.ndarray):
        return array
    import torch

    return torch.tensor(array)


def row(name: str, run: Callable, numpy: Callable, *shapes: Any, torch: Any = "run") -> None:
    """Rows that mean the same in PyTorch, unless said otherwise."""
    rows(name, run, numpy, *shapes, torch=run if torch == "run" else torch)


# ---------------------------------------------------------------- reading

row("gather", lambda x: x.gather(1, like(x, ALONG)), lambda x: np.take_along_axis(x, ALONG, 1),
    (2, 3), (2, 5))  # fmt: skip
row("gather of rows", lambda x: x.gather(0, like(x, ALONG)),
    lambda x: np.take_along_axis(x[:, :3], ALONG, 0), (3, 3), (4, 4))  # fmt: skip
row("gather of few", lambda x: x.gather(0, like(x, ALONG)[:1, :2]),
    lambda x: x[[0, 2], [0, 1]][None], (3, 3))  # fmt: skip
row("gather by keyword", lambda x: x.gather(dim=-1, index=like(x, PLACES)), lambda x: x[PLACES],
    (4,))  # fmt: skip
row("take_along_dim", lambda x: x.take_along_dim(like(x, ALONG[:1]), 1),
    lambda x: np.take_along_axis(x, ALONG[:1], 1), (2, 4), (1, 3))  # fmt: skip
row("take_along_dim of all", lambda x: x.take_along_dim(like(x, ALONG)),
    lambda x: x.ravel()[ALONG.ravel()], (2, 3))  # fmt: skip
row("take of all", lambda x: x.take(like(x, ALONG)), lambda x: np.take(x, ALONG), (2, 3), (4,))
row("take of an axis", lambda x: x.take(PLACES, 1), lambda x: np.take(x, PLACES, 1), (2, 3, 2),
    torch=None)  # fmt: skip
row("index_select", lambda x: x.index_select(1, like(x, PLACES)), lambda x: x[:, PLACES], (2, 3, 4))
row("rows by computed places", lambda x: x[like(x, PLACES) - 1], lambda x: x[PLACES - 1], (3, 2))
row("places of two axes", lambda x: x[like(x, PLACES), like(x, PLACES) - 1],
    lambda x: x[PLACES, PLACES - 1], (3, 2), (3, 4, 2))  # fmt: skip
row(
    "places of an axis behind",
    lambda x: x[:, like(x, ALONG)],
    lambda x: x[:, ALONG],
    (2, 3),
    (2, 3, 2),
)
row("places apart", lambda x: x[like(x, PLACES), :, like(x, PLACES)],
    lambda x: x[PLACES, :, PLACES], (3, 2, 4))  # fmt: skip
row("places that broadcast", lambda x: x[like(x, ALONG[:, :1]), like(x, PLACES)],
    lambda x: x[ALONG[:, :1], PLACES], (3, 3))  # fmt: skip

# ---------------------------------------------------------------- writing


def np_scatter(x: np.ndarray, axis: int, index: np.ndarray, src: Any, how: Callable) -> np.ndarray:
    """x, changed at x[index] along an axis by how(old, new), one after the other."""
    x = x.copy()
    for place in np.ndindex(index.shape):
        target = (*place[:axis], index[place], *place[axis + 1 :])
        x[target] = how(x[target], src[place] if np.ndim(src) else src)
    return x


def second(x: Any, y: Any) -> Any:
    return y


def times(x: Any, y: Any) -> Any:
    return x * y


TWO = ((3, 4), (2, 3))
for axis in (0, 1):
    row(f"scatter_add {axis}", lambda x, y, a=axis: x.scatter_add(a, like(x, ALONG), y),
        lambda x, y, a=axis: np_scatter(x, a, ALONG, y, np.add), TWO)  # fmt: skip
row("scatter", lambda x, y: x.scatter(1, like(x, ONCE), y),
    lambda x, y: np_scatter(x, 1, ONCE, y, second), TWO)  # fmt: skip
row("scatter from more", lambda x, y: x.scatter(1, like(x, ONCE), y),
    lambda x, y: np_scatter(x, 1, ONCE, y, second), ((2, 3), (3, 4)), torch=None)  # fmt: skip
row("scatter, the last stays", lambda x, y: x.scatter(1, like(x, ALONG), y),
    lambda x, y: np_scatter(x, 1, ALONG, y, second), TWO, torch=None)  # fmt: skip
row("scatter of a number", lambda x: x.scatter(1, like(x, ALONG), 7.0),
    lambda x: np_scatter(x, 1, ALONG, 7.0, second), (2, 3))  # fmt: skip
row("scatter of a value", lambda x: x.scatter(0, index=like(x, ALONG), value=2.0),
    lambda x: np_scatter(x, 0, ALONG, 2.0, second), (3, 3))  # fmt: skip
row("scatter and add", lambda x: x.scatter(1, like(x, ALONG), 7.0, reduce="add"),
    lambda x: np_scatter(x, 1, ALONG, 7.0, np.add), (2, 3), torch=None)  # fmt: skip
row("scatter and multiply", lambda x: x.scatter(1, like(x, ALONG), 3.0, reduce="multiply"),
    lambda x: np_scatter(x, 1, ALONG, 3.0, times), (2, 3), torch=None)  # fmt: skip


def np_reduced(
    x: np.ndarray, y: np.ndarray, how: Callable, include: bool, mean: bool = False
) -> np.ndarray:
    """x with how(all numbers that go to a place) where any do."""
    going: dict[tuple, list] = {}
    for i, j in np.ndindex(ALONG.shape):
        going.setdefault((i, ALONG[i, j]), []).append(y[i, j])
    x = x.copy()
    for place, numbers in going.items():
        x[place] = how(numbers + [x[place]] * include)
    return x


HOW = {"sum": sum, "prod": np.prod, "mean": np.mean, "amax": max, "amin": min}
for name, how in HOW.items():
    for include in (True, False):
        row(f"scatter_reduce {name} {include}",
            lambda x, y, n=name, i=include:
                x.scatter_reduce(1, like(x, ALONG), y, n, include_self=i),
            lambda x, y, h=how, i=include: np_reduced(x, y, h, i), TWO)  # fmt: skip


def np_entries(x: np.ndarray, index: np.ndarray, y: np.ndarray, alpha: float = 1) -> np.ndarray:
    x = x.copy()
    np.add.at(x, (slice(None), index), alpha * y)
    return x


def np_put(x: np.ndarray, key: Any, y: Any) -> np.ndarray:
    x = x.copy()
    x[key] = y
    return x


MASK = np.array([[True, False, True], [False, False, True]])
row("index_add", lambda x, y: x.index_add(1, like(x, PLACES), y),
    lambda x, y: np_entries(x, PLACES, y), ((2, 4), (2, 3)), ((2, 3, 2), (2, 3, 2)))  # fmt: skip
row("index_add of more", lambda x, y: x.index_add(1, like(x, PLACES), y, alpha=-2),
    lambda x, y: np_entries(x, PLACES, y, -2), ((2, 4), (2, 3)))  # fmt: skip
row("index_copy", lambda x, y: x.index_copy(1, like(x, PLACES[:2]), y),
    lambda x, y: np_put(x, (slice(None), PLACES[:2]), y), ((2, 4), (2, 2)))  # fmt: skip
row("index_fill", lambda x: x.index_fill(1, like(x, PLACES), 5.0),
    lambda x: np_put(x, (slice(None), PLACES), 5.0), (2, 4), (2, 3, 2))  # fmt: skip
row("index_put", lambda x, y: x.index_put((like(x, PLACES[:2]),), y),
    lambda x, y: np_put(x, PLACES[:2], y), ((3, 2), (2, 2)), ((3, 2), (2,)))  # fmt: skip
row("index_put of a mask", lambda x, y: x.index_put((like(x, MASK),), y),
    lambda x, y: np_put(x, MASK, y), ((2, 3), (3,)))  # fmt: skip
row("index_put, added up",
    lambda x, y: x.index_put((like(x, PLACES), like(x, PLACES)), y, accumulate=True),
    lambda x, y: np_scatter(x.reshape(-1), 0, PLACES * 4, y, np.add).reshape(3, 3),
    ((3, 3), (3,)))  # fmt: skip
row("masked_scatter", lambda x, y: x.masked_scatter(like(x, MASK), y),
    lambda x, y: np_put(x, MASK, y[:3]), ((2, 3), (4,)))  # fmt: skip

# ---------------------------------------------------------------- counting

INTS = np.array([1, 3, 1, 0, 6])
rows("bincount", lambda x: (x.long() * 0 + like(x, INTS)).bincount(),
     lambda x: np.bincount(INTS), (5,), slope=False)  # fmt: skip
rows("bincount, longer", lambda x: like(x, INTS).bincount(minlength=9),
     lambda x: np.bincount(INTS, minlength=9), (5,), slope=False,
     torch=lambda x: like(x, INTS).bincount(minlength=9))  # fmt: skip
rows("bincount of weights", lambda x: like(x, INTS).bincount(x),
     lambda x: np.bincount(INTS, x), (5,), slope=False,
     torch=lambda x: like(x, INTS).bincount(x.detach()))  # fmt: skip
for low, high in ((0, 0), (-1, 1.5), (5, 9)):
    rows(f"histc {low} {high}", lambda x, a=low, b=high: x.histc(4, a, b),
         lambda x, a=low, b=high: np_histc(x, a, b), (40,), (3, 4), slope=False,
         torch=lambda x, a=low, b=high: x.detach().histc(4, a, b))  # fmt: skip


def np_histc(x: np.ndarray, low: float, high: float) -> np.ndarray:
    span = (low, high) if low != high else (x.min(), x.max())
    return np.histogram(x, 4, span)[0].astype(x.dtype)
