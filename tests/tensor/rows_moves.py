"""Rows of the table: moves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tests.tensor.table import rows
from tinylearn.tensor import Tensor


def moved(name: str, run: Callable, numpy: Callable, *shapes: Any, torch: Any = "run") -> None:
    rows(name, run, numpy, *shapes, torch=run if torch == "run" else torch)


moved("reshape", lambda x: x.reshape(3, -1), lambda x: x.reshape(3, -1), (2, 3), (6,), (3, 1))
moved(
    "view", lambda x: x.view((-1, 2)), lambda x: x.reshape(-1, 2), (2, 3), (6,), (0, 2), torch=None
)
moved("flatten", lambda x: x.flatten(1), lambda x: x.reshape(x.shape[0], -1), (2, 3, 4), (3, 1))
moved("flatten all", lambda x: x.flatten(), lambda x: x.reshape(-1), (2, 3), (), (0,))
moved("squeeze", lambda x: x.squeeze(), np.squeeze, (1, 3, 1), (2, 3), (1,))
moved(
    "squeeze of what is larger",
    lambda x: x.squeeze((0, 1)),
    lambda x: x.reshape([n for k, n in enumerate(x.shape) if k > 1 or n != 1]),
    (1, 3, 2),
    (2, 3, 1),
)
moved("reshape that keeps", lambda x: x.reshape(None, -1), lambda x: x.reshape(x.shape[0], -1),
      (2, 3, 4), (3, 2), torch=None)  # fmt: skip
moved("squeeze one", lambda x: x.squeeze(1), lambda x: x.squeeze(1), (1, 1, 3))
moved("unsqueeze", lambda x: x.unsqueeze(-1), lambda x: x[..., None], (2, 3), ())
moved("unflatten", lambda x: x.unflatten(0, (2, -1)), lambda x: x.reshape(2, -1, 3), (6, 3))
moved("permute", lambda x: x.permute(2, 0, 1), lambda x: x.transpose(2, 0, 1), (2, 3, 4), (2, 0, 1))
moved("transpose", lambda x: x.transpose(0, 1), lambda x: x.swapaxes(0, 1), (2, 3), (1, 2, 3))
moved(
    "transpose of the last",
    lambda x: x.transpose(),
    lambda x: x.swapaxes(-1, -2),
    (2, 3, 4),
    torch=lambda x: x.mT,
)
moved("T", lambda x: x.T, lambda x: x.T, (2, 3))
moved("T of one axis or three", lambda x: x.T, lambda x: x.T, (3,), (2, 3, 4), torch=None)
moved("flip", lambda x: x.flip(0), lambda x: np.flip(x, 0), (2, 3), (4,), torch=lambda x: x.flip(0))
moved("flip of all", lambda x: x.flip(), np.flip, (2, 3), torch=None)
moved(
    "expand",
    lambda x: x.expand(2, -1, 4),
    lambda x: np.broadcast_to(x, (2, 3, 4)),
    (3, 1),
    (1, 3, 1),
    torch=lambda x: x.expand(2, 3, 4),
)
moved("repeat", lambda x: x.repeat(2, 3), lambda x: np.tile(x, (2, 3)), (2, 1), (3,), (0, 2))
moved(
    "repeat_interleave", lambda x: x.repeat_interleave(3, 0), lambda x: np.repeat(x, 3, 0), (2, 2)
)
moved("shrink", lambda x: x.shrink((1, 3), None), lambda x: x[1:3], (4, 2), torch=None)
moved(
    "pad",
    lambda x: x.pad((1, 2), None),
    lambda x: np.pad(x, ((1, 2), (0, 0))),
    (2, 3),
    (0, 1),
    torch=None,
)
moved(
    "pad with a value",
    lambda x: x.pad((1, 0), (0, 2), value=7.0),
    lambda x: np.pad(x, ((1, 0), (0, 2)), constant_values=7.0),
    (2, 3),
    torch=None,
)
moved("roll", lambda x: x.roll(2, 0), lambda x: np.roll(x, 2, 0), (5, 2), (2, 1), (0, 1))
moved("split", lambda x: x.split(2)[-1], lambda x: x[len(x) - 1 - (len(x) - 1) % 2 :], (5, 2), (4,))
moved("split by sizes", lambda x: x.split([1, 3], 1)[1], lambda x: x[:, 1:], (2, 4))
moved("chunk", lambda x: x.chunk(3, 0)[1], lambda x: x[2:4], (5, 2), (6,))
rows(
    "cat",
    lambda x, y: x.cat(y, axis=1),
    lambda x, y: np.concatenate([x, y], 1),
    ((2, 3), (2, 1)),
    ((2, 0), (2, 2)),
)
rows("cat of many", lambda *xs: Tensor.cat(xs), lambda *xs: np.concatenate(xs), ((2, 3),) * 5)
rows(
    "stack",
    lambda x, y: x.stack(y, axis=-1),
    lambda x, y: np.stack([x, y], -1),
    ((2, 3), (2, 3)),
    ((), ()),
)
rows("tril", lambda x: x.tril(), np.tril, (3, 3), (2, 4), (2, 3, 2), torch=lambda x: x.tril())
rows(
    "triu", lambda x: x.triu(1), lambda x: np.triu(x, 1), (3, 3), (4, 2), torch=lambda x: x.triu(1)
)
rows(
    "one_hot",
    lambda x: x.one_hot(5),
    lambda x: np.eye(5, dtype="f")[x],
    (2, 3),
    (0,),
    dtype="int64",
    low=0,
    high=5,
    slope=False,
)
