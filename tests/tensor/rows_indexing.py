"""Rows of the table: x[...]."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.tensor.table import rows

GRID = np.array([[0, 2], [1, 1]])
KEYS: tuple[Any, ...] = (
    0,
    -1,
    (1, 2),
    (0, -1, 1),
    slice(1, 3),
    slice(None, None, 2),
    slice(None, None, -1),
    slice(3, 0, -2),
    slice(5, 9),
    (slice(None), slice(None, None, 3)),
    (..., 0),
    (0, ..., 1),
    None,
    (slice(None), None, 1),
    (slice(1, None, 2), slice(None, None, -2), slice(-2, None)),
    [0, 2],
    [-1, 0, 0],
    GRID,
    (slice(None), [2, 0]),
    (..., [1, 0]),
    (1, [0, 1, 2]),
    ([0, 1], [2, 0]),
    ([0, 1], slice(None), [1, 0]),
    (slice(None), [[0], [1]], [0, 1, 1]),
    (0, slice(None), [1, 0]),
    ([0, 1], None, [1, 2]),
    (None, [1, 0]),
    [],
    (np.array([True, False, True, False]),),
    (slice(None), np.array([False, True, True])),
    (np.array([True, False, True, False]), 1),
)
for key in KEYS:
    rows(f"x[{key!r}]", lambda x, k=key: x[k], lambda x, k=key: x[k], (4, 3, 2))
rows("x[:, ::-3]", lambda x: x[:, ::-3], lambda x: x[:, ::-3], (2, 7), (3, 0), (1, 1))
rows("take", lambda x: x.take([2, 0], 1), lambda x: np.take(x, [2, 0], 1), (2, 3))
