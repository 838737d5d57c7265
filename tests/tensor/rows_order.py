"""Rows of the table: order by size, places, search, running sums."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.tensor.table import rows

BOXES = ((5,), (2, 3), (3, 1, 4), (1, 1))


def stable(x: np.ndarray, axis: int, descending: bool = False) -> np.ndarray:
    """The places in order; NumPy has no descending one."""
    x = np.flip(x, axis) if descending else x
    order = np.argsort(x, axis, kind="stable")
    return x.shape[axis] - 1 - np.flip(order, axis) if descending else order


def nth(x: np.ndarray, k: int, axis: int) -> np.ndarray:
    """The number of rank k."""
    return np.take(np.sort(x, axis), k, axis)


for down in (False, True):
    name = "sort downwards" if down else "sort"
    rows(
        name,
        lambda x, down=down: x.sort(-1, down).values,
        lambda x, down=down: np.take_along_axis(x, stable(x, -1, down), -1),
        *BOXES,
        torch=lambda x, down=down: x.sort(dim=-1, descending=down).values,
    )
    rows(
        f"places of {name}",
        lambda x, down=down: x.sort(dim=0, descending=down).indices,
        lambda x, down=down: stable(x, 0, down),
        *BOXES,
        (40, 2),
        dtype="int64",
        slope=False,
        torch=lambda x, down=down: x.sort(dim=0, descending=down, stable=True).indices,
    )
    rows(
        f"arg{name}",
        lambda x, down=down: x.argsort(descending=down),
        lambda x, down=down: stable(x, -1, down),
        *BOXES,
        (0,),
        dtype="int32",
        slope=False,
        torch=lambda x, down=down: x.argsort(descending=down, stable=True),
    )
    for k in (1, 2):
        rows(
            f"topk {k} {name}",
            lambda x, k=k, down=down: x.topk(k, 0, largest=down).values,
            lambda x, k=k, down=down: np.take(np.sort(x, 0)[:: -1 if down else 1], range(k), 0),
            (3,),
            (4, 2),
            (30, 2),
            torch=lambda x, k=k, down=down: x.topk(k, 0, largest=down).values,
        )
        rows(
            f"places of topk {k} {name}",
            lambda x, k=k, down=down: x.topk(k, largest=down)[1],
            lambda x, k=k, down=down: stable(x, -1, down)[..., :k],
            (2, 4),
            (2, 30),
            slope=False,
            torch=lambda x, k=k, down=down: x.topk(k, largest=down)[1],
        )
rows("places of topk among equals", lambda x: x.topk(2).indices,
     lambda x: stable(x, -1, True)[:, :2], (3, 40),
     dtype="int64", low=0, high=3, slope=False)  # fmt: skip
rows("msort", lambda x: x.msort(), lambda x: np.sort(x, 0), *BOXES, torch=lambda x: x.msort())


def picked(name: str, run: Any, numpy: Any, *boxes: tuple[int, ...]) -> None:
    """Rows for a pair of numbers and places along axis -1, of which only numbers are in NumPy."""
    for keep in (False, True):
        rows(
            f"{name}{' kept' if keep else ''}",
            lambda x, keep=keep: run(x, keep).values,
            lambda x, keep=keep: np.expand_dims(numpy(x), -1) if keep else numpy(x),
            *boxes,
            torch=lambda x, keep=keep: run(x, keep).values,
        )
        rows(
            f"places of {name}{' kept' if keep else ''}",
            lambda x, keep=keep: run(x, keep).indices,
            lambda x, keep=keep: (x == np.expand_dims(numpy(x), -1)).argmax(-1, keepdims=keep),
            *boxes,
            slope=False,
            torch=lambda x, keep=keep: run(x, keep).indices,
        )


for k in (1, 3):
    picked(f"kthvalue {k}", lambda x, keep, k=k: x.kthvalue(k, -1, keep),
           lambda x, k=k: nth(x, k - 1, -1), (4,), (2, 3))  # fmt: skip
for name in ("median", "nanmedian"):
    picked(f"{name} of dim", lambda x, keep, name=name: getattr(x, name)(-1, keep),
           lambda x: nth(x, (x.shape[-1] - 1) // 2, -1), (4,), (2, 3), (3, 1))  # fmt: skip
    rows(
        name,
        lambda x, name=name: getattr(x, name)(),
        lambda x: nth(x.reshape(-1), (x.size - 1) // 2, 0),
        (),
        (4,),
        (3, 5),
        torch=lambda x, name=name: getattr(x, name)(),
    )
rows("median of ints", lambda x: x.median(), lambda x: nth(x.reshape(-1), 2, 0), (2, 3),
     dtype="int32", slope=False, torch=lambda x: x.median())  # fmt: skip
rows("mode", lambda x: x.mode().values, lambda x: np.array([np.bincount(r).argmax() for r in x]),
     (4, 9), (3, 1), dtype="int64", low=0, high=4, slope=False,
     torch=lambda x: x.mode().values)  # fmt: skip
rows("mode of floats", lambda x: x.mode(0)[0], lambda x: np.min(x, 0), (3, 2),
     torch=lambda x: x.mode(0)[0])  # fmt: skip
rows("places of mode", lambda x: x.mode(0).indices,
     lambda x: [len(c) - 1 - (c[::-1] == np.bincount(c).argmax()).argmax() for c in x.T],
     (9, 4), dtype="int64", low=0, high=4, slope=False,
     torch=lambda x: x.mode(0).indices)  # fmt: skip


# ---------------------------------------------------------------- quantiles


for name in ("quantile", "nanquantile"):
    for between in ("linear", "lower", "higher", "nearest", "midpoint"):
        for q, axis, keep in ((0.4, None, False), (0.4, 1, True), (1, 0, False), (0.0, -1, False)):
            rows(
                f"{name} {q} of {axis} {between}",
                lambda x, o=(name, q, axis, keep, between): getattr(x, o[0])(
                    *o[1:4], interpolation=o[4]
                ),
                lambda x, o=(name, q, axis, keep, between): getattr(np, o[0])(
                    x, o[1], o[2], keepdims=o[3], method=o[4]
                ),
                (3, 4),
                (1, 1),
                torch=lambda x, o=(name, q, axis, keep, between): getattr(x, o[0])(
                    float(o[1]), *o[2:4], interpolation=o[4]
                ),
            )
rows("quantiles", lambda x: x.quantile([0.25, 0.5, 1.0], dim=1),
     lambda x: np.quantile(x, [0.25, 0.5, 1.0], 1), (2, 5), (2, 3, 2))  # fmt: skip


# ---------------------------------------------------------------- search


for right in (False, True):
    side = "right" if right else "left"
    rows(
        f"searchsorted {side}",
        lambda x, y, right=right: x.sort().values.searchsorted(y, right=right),
        lambda x, y, side=side: np.searchsorted(np.sort(x), y, side),
        ((4,), (2, 3)),
        ((4,), ()),
        ((3,), (0,)),
        dtype="int64",
        slope=False,
    )
    rows(
        f"searchsorted {side} in rows",
        lambda x, y, right=right: x.sort().values.searchsorted(y, right=right),
        lambda x, y, side=side: [np.searchsorted(a, b, side) for a, b in zip(np.sort(x), y)],
        ((2, 4), (2, 3)),
        dtype="int64",
        slope=False,
    )
    rows(
        f"bucketize {side}",
        lambda x, right=right: x.bucketize([-1.0, 0.0, 1.5], right=right),
        lambda x, right=right: np.digitize(x, [-1.0, 0.0, 1.5], right=not right),
        (2, 3),
        (),
        slope=False,
    )
rows("searchsorted by a sorter", lambda x, y: x.searchsorted(y, side="right", sorter=x.argsort()),
     lambda x, y: np.searchsorted(x, y, "right", np.argsort(x)), ((5,), (4,)),
     slope=False)  # fmt: skip
for invert in (False, True):
    rows(
        f"isin{' not' if invert else ''}",
        lambda x, y, invert=invert: x.isin(y, invert=invert),
        lambda x, y, invert=invert: np.isin(x, y, invert=invert),
        ((3, 4), (2, 2)),
        ((), (1,)),
        ((4,), (0,)),
        dtype="int64",
        slope=False,
    )
