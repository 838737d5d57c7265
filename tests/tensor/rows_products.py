"""Rows of the table: matrix products."""

from __future__ import annotations

import numpy as np

from tests.tensor.table import F, np_softmax, rows

PRODUCTS = (
    ((2, 3), (3, 4)),
    ((3,), (3,)),
    ((3,), (3, 2)),
    ((2, 3), (3,)),
    ((1, 1), (1, 1)),
    ((5, 2, 3), (3, 4)),
    ((2, 3), (5, 3, 4)),
    ((5, 2, 3), (5, 3, 1)),
    ((2, 1, 2, 3), (4, 3, 2)),
    ((3,), (2, 3, 4)),
    ((2, 4, 3), (3,)),
    ((2, 0), (0, 3)),
    ((0, 3), (3, 2)),
)
rows("matmul", lambda x, y: x @ y, lambda x, y: x @ y, *PRODUCTS, torch=lambda x, y: x @ y)
rows(
    "matmul of ints",
    lambda x, y: x @ y,
    lambda x, y: x @ y,
    *PRODUCTS,
    dtype="int64",
    low=-9,
    high=9,
    slope=False,
)
rows("matmul transposed", lambda x, y: x.T @ y.T, lambda x, y: x.T @ y.T, ((3, 2), (4, 3)))
rows("outer", lambda x, y: x.outer(y), np.outer, ((3,), (2,)), torch=lambda x, y: x.outer(y))
rows(
    "linear",
    lambda x, w, b: x.linear(w, b),
    lambda x, w, b: x @ w.T + b,
    ((2, 3), (4, 3), (4,)),
    ((5, 2, 3), (4, 3), (4,)),
    torch=F("linear"),
)

# ---------------------------------------------------------------- attention


def np_attention(q: np.ndarray, k: np.ndarray, v: np.ndarray, masked: bool) -> np.ndarray:
    """softmax(q k^T / sqrt(size)) v; masked: a place sees none behind itself."""
    scores = q @ np.swapaxes(k, -1, -2) / np.sqrt(q.shape[-1])
    seen = np.tril(np.ones(scores.shape[-2:], bool)) if masked else True
    return np_softmax(np.where(seen, scores, -np.inf), -1) @ v


for masked in (False, True):
    rows(
        f"scaled_dot_product_attention masked {masked}",
        lambda q, k, v, m=masked: q.scaled_dot_product_attention(k, v, is_causal=m),
        lambda q, k, v, m=masked: np_attention(q, k, v, m),
        ((2, 3, 4), (2, 5, 4), (2, 5, 2)),
        torch=F("scaled_dot_product_attention", is_causal=masked),
    )
