"""Rows of the table: reductions."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from tests.tensor.table import CASES, Case, F, np_softmax, rows

REDUCED = (
    ((2, 3, 4), None),
    ((2, 3, 4), 1),
    ((2, 3, 4), (0, -1)),
    ((1, 3), 0),
    ((3,), 0),
    ((), None),
    ((40, 5), 0),
)
EMPTY = (((0, 3), 0), ((2, 0), None), ((0, 3), 1))


def reduction(
    name: str, numpy: Callable, torch: Callable | None = None, boxes: Any = REDUCED, **more: Any
) -> None:
    """Rows for a reduction over several axes, with and without keepdim."""
    for k, (shape, axis) in enumerate(boxes):
        keep = k % 2 == 0
        CASES.append(
            Case(
                f"{name} over {axis}{' kept' if keep else ''}",
                lambda x, a=axis, keep=keep: getattr(x, name)(axis=a, keepdim=keep),
                lambda x, a=axis, keep=keep: numpy(x, axis=a, keepdims=keep),
                (shape,),
                torch and (lambda x, a=axis, keep=keep: torch(x, a, keep)),
                **more,
            )
        )


def np_logsumexp(x: np.ndarray, axis: Any, keepdims: bool) -> np.ndarray:
    return np.log(np.exp(x).sum(axis, keepdims=keepdims))


def every(x: Any, axis: Any) -> Any:
    """PyTorch's axes: all of them spelled out."""
    return tuple(range(x.ndim)) if axis is None else axis


reduction("sum", np.sum, lambda x, a, k: x.sum(every(x, a), keepdim=k), REDUCED + EMPTY)
reduction("sum", np.sum, lambda x, a, k: x.sum(every(x, a), keepdim=k), dtype="int64", slope=False)
reduction("sum", np.sum, None, dtype="bool", slope=False)
reduction("mean", np.mean, lambda x, a, k: x.mean(every(x, a), keepdim=k))
reduction("max", np.max, lambda x, a, k: x.amax(every(x, a), keepdim=k))
reduction("min", np.min, lambda x, a, k: x.amin(every(x, a), keepdim=k))
reduction("max", np.max, None, dtype="int32", slope=False)
reduction("min", np.min, None, dtype="int64", slope=False)
reduction("min", np.min, None, dtype="bool", slope=False)
reduction("prod", np.prod, None, REDUCED[:-1] + EMPTY)
reduction("prod", np.prod, None, dtype="int64", slope=False, low=-1, high=3)
reduction("any", np.any, None, REDUCED + EMPTY, dtype="bool", slope=False)
reduction("all", np.all, None, REDUCED + EMPTY, dtype="bool", slope=False)
reduction("all", np.all, None, dtype="float32", slope=False)
reduction("logsumexp", np_logsumexp, lambda x, a, k: x.logsumexp(every(x, a), keepdim=k))
reduction("norm", lambda x, **o: np.sqrt(np.sum(x * x, **o)), lambda x, a, k: x.norm(2, a, k))
for p in (1, 3, 0.5, math.inf, -math.inf, -2):
    rows(
        f"norm of order {p}",
        lambda x, p=p: x.norm(p, axis=1),
        lambda x, p=p: np.linalg.norm(x, p, axis=1),
        (2, 3),
        (3, 1),
        torch=lambda x, p=p: x.norm(p, dim=1),
    )
rows("norm of order 0", lambda x: x.floor().norm(0), lambda x: np.count_nonzero(np.floor(x)) * 1.0,
     (2, 3), slope=False)  # fmt: skip
reduction("amax", np.max, lambda x, a, k: x.amax(every(x, a), keepdim=k))
reduction("amin", np.min, lambda x, a, k: x.amin(every(x, a), keepdim=k))
reduction("nansum", np.nansum, lambda x, a, k: x.nansum(every(x, a), keepdim=k))
reduction("nanmean", np.nanmean, lambda x, a, k: x.nanmean(every(x, a), keepdim=k))
for spread, name in ((np.var, "var_mean"), (np.std, "std_mean")):
    rows(
        name,
        lambda x, name=name: getattr(x, name)(1)[0],
        lambda x, spread=spread: spread(x, 1, ddof=1),
        (2, 3),
    )
    rows(f"the mean of {name}", lambda x, name=name: getattr(x, name)(0)[1],
         lambda x: np.mean(x, 0), (2, 3))  # fmt: skip
for name, numpy in (("max", np.max), ("min", np.min)):
    for keep in (False, True):
        rows(
            f"{name} of dim {'kept' if keep else ''}",
            lambda x, name=name, keep=keep: getattr(x, name)(dim=1, keepdim=keep).values,
            lambda x, numpy=numpy, keep=keep: numpy(x, 1, keepdims=keep),
            (2, 3),
            (2, 3, 2),
            torch=lambda x, name=name, keep=keep: getattr(x, name)(dim=1, keepdim=keep).values,
        )
    rows(
        f"places of {name} of dim",
        lambda x, name=name: getattr(x, name)(dim=0)[1],
        lambda x, name=name: getattr(np, f"arg{name}")(x, 0),
        (4, 3),
        slope=False,
        torch=lambda x, name=name: getattr(x, name)(dim=0)[1],
    )
rows("count_nonzero", lambda x: x.count_nonzero(1), lambda x: np.count_nonzero(x, 1), (2, 3),
     dtype="int32", slope=False, torch=lambda x: x.count_nonzero(1))  # fmt: skip
for k, numpy in enumerate((np.min, np.max)):
    rows(f"aminmax {k}", lambda x, k=k: x.aminmax(1)[k], lambda x, numpy=numpy: numpy(x, 1), (2, 3))
for n in (1, 2, 5):
    rows(f"diff {n}", lambda x, n=n: x.diff(n), lambda x, n=n: np.diff(x, n), (2, 4),
         torch=lambda x, n=n: x.diff(n))  # fmt: skip
rows("diff of an axis", lambda x: x.diff(dim=0), lambda x: np.diff(x, axis=0), (4, 2),
     torch=lambda x: x.diff(dim=0))  # fmt: skip
rows("diff of bools", lambda x: x.diff(), np.diff, (5,), dtype="bool", slope=False)
rows("softmin", lambda x: x.softmin(1), lambda x: np_softmax(-x, 1), (2, 3))
rows(
    "cosine_similarity",
    lambda x, y: x.cosine_similarity(y),
    lambda x, y: (x * y).sum(1) / np.linalg.norm(x, axis=1) / np.linalg.norm(y, axis=1),
    ((2, 3), (2, 3)),
    torch=F("cosine_similarity"),
)
for name in ("sum", "prod", "mean"):
    rows(
        f"{name} as float64",
        lambda x, name=name: getattr(x, name)(1, dtype="float64"),
        lambda x, name=name: getattr(np, name)(x, 1, dtype="float64"),
        (2, 3),
        dtype="int32",
        slope=False,
    )
rows("sum as int32", lambda x: x.sum(0, dtype="int32"), lambda x: np.sum(x, 0, dtype="int32"),
     (2, 3), dtype="int64", slope=False)  # fmt: skip
MANY = REDUCED[:3] + REDUCED[4:5] + REDUCED[6:]
reduction("var", lambda x, **o: x.var(ddof=1, **o), lambda x, a, k: x.var(a, keepdim=k), MANY)
reduction("std", lambda x, **o: x.std(ddof=1, **o), lambda x, a, k: x.std(a, keepdim=k), MANY)
SINGLE = (((2, 3, 4), None), ((2, 3, 4), 1), ((1, 3), -1), ((3,), 0), ((), None))
reduction("argmax", np.argmax, lambda x, a, k: x.argmax(a, k), SINGLE, slope=False)
reduction("argmin", np.argmin, lambda x, a, k: x.argmin(a, k), SINGLE, slope=False)
reduction("argmax", np.argmax, None, SINGLE, slope=False, dtype="int64", low=0, high=2)
reduction("argmin", np.argmin, None, SINGLE, slope=False, dtype="bool")
rows("var of everything", lambda x: x.var(correction=0), np.var, (2, 3), (4,))
for n in (1, 5, 32, 33, 70, 0):
    rows(
        "cumsum",
        lambda x: x.cumsum(0),
        lambda x: np.cumsum(x, 0),
        (n, 2),
        torch=lambda x: x.cumsum(0),
    )
    rows("cumsum along the last", lambda x: x.cumsum(-1), lambda x: np.cumsum(x, -1), (2, n))
rows("cumsum of many", lambda x: x.cumsum(), np.cumsum, (2500,), slope=False)
for n in (1, 4, 33, 70, 0):
    rows(
        "cumprod",
        lambda x: x.cumprod(0),
        lambda x: np.cumprod(x, 0),
        (n, 2),
        torch=lambda x: x.cumprod(0),
        low=0.7,
        high=1.3,
    )
    rows(
        "logcumsumexp",
        lambda x: x.logcumsumexp(-1),
        lambda x: np.logaddexp.accumulate(x, -1),
        (2, n),
        torch=lambda x: x.logcumsumexp(-1),
    )
    for name, numpy in (("cummax", np.maximum), ("cummin", np.minimum)):
        rows(
            name,
            lambda x, name=name: getattr(x, name)(1)[0],
            lambda x, numpy=numpy: numpy.accumulate(x, 1),
            (2, n, 1),
            torch=lambda x, name=name: getattr(x, name)(1)[0],
        )
        rows(
            f"places of {name}",
            lambda x, name=name: getattr(x, name)(0).indices,
            lambda x, numpy=numpy: np.maximum.accumulate(
                np.where(x == numpy.accumulate(x, 0), np.arange(len(x))[:, None], 0), 0
            ),
            (n, 2),
            dtype="int64",
            low=0,
            high=3,
            slope=False,
            torch=lambda x, name=name: getattr(x, name)(0).indices,
        )
rows("cumprod of zeros", lambda x: (x * (x > 0)).cumprod(0),
     lambda x: np.cumprod(x * (x > 0), 0), (5,))  # fmt: skip
rows("cumprod of ints", lambda x: x.cumprod(), np.cumprod, (9,), dtype="int32", low=-3, high=4,
     slope=False)  # fmt: skip
rows("cumsum as float64", lambda x: x.cumsum(0, dtype="float64"),
     lambda x: np.cumsum(x, 0, dtype="d"), (4,), dtype="int32", slope=False)  # fmt: skip
rows("cumsum of ints", lambda x: x.cumsum(), np.cumsum, (50,), dtype="int32", slope=False)


for a in (0, -1):
    rows(
        "softmax",
        lambda x, a=a: x.softmax(a),
        lambda x, a=a: np_softmax(x, a),
        (2, 3),
        (4, 1, 2),
        (3,),
        (0, 3) if a else (3, 0),
        torch=lambda x, a=a: x.softmax(a),
    )
    rows(
        "log_softmax",
        lambda x, a=a: x.log_softmax(a),
        lambda x, a=a: np.log(np_softmax(x, a)),
        (2, 3),
        (4, 1, 2),
        (3,),
        torch=lambda x, a=a: x.log_softmax(a),
    )

# ---------------------------------------------------------------- the axis 0 of a single number

for name in ("sum", "mean", "prod", "logsumexp", "softmax", "log_softmax"):
    rows(
        f"{name} of one number",
        lambda x, name=name: getattr(x, name)(-1),
        lambda x, name=name: {"softmax": 1.0, "log_softmax": 0.0}.get(name, x) + 0 * x,
        (),
        torch=lambda x, name=name: getattr(x, name)(-1),
    )
