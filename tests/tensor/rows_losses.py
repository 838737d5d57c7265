"""Rows of the table: normalisation and losses."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.tensor.table import CASES, F, np_softmax, rows
from tinylearn.tensor import Tensor

GRID = np.array([[0, 2], [1, 1]])
LABELS = np.array([2, 0, 1, 2])


def on(x: Tensor, y: Any) -> Tensor:
    """Labels on the device of the predictions."""
    return Tensor(y, device=x.device)


def np_norm(x: np.ndarray, axes: Any, eps: float = 1e-5) -> np.ndarray:
    return (x - x.mean(axes, keepdims=True)) / np.sqrt(x.var(axes, keepdims=True) + eps)


rows(
    "layernorm",
    lambda x: x.layernorm(),
    lambda x: np_norm(x, -1),
    (3, 4),
    (2, 2, 3),
    torch=lambda x: F("layer_norm")(x, x.shape[-1:]),
)
rows(
    "layernorm over two axes",
    lambda x: x.layernorm((1, 2)),
    lambda x: np_norm(x, (1, 2)),
    (2, 2, 3),
    torch=lambda x: F("layer_norm")(x, x.shape[1:]),
)
rows(
    "layernorm with weights",
    lambda x, w, b: x.layernorm(weight=w, bias=b),
    lambda x, w, b: np_norm(x, -1) * w + b,
    ((3, 4), (4,), (4,)),
)
rows(
    "batchnorm",
    lambda x, w, b: x.batchnorm(w, b, x.mean((0, 2, 3)), x.var((0, 2, 3), 0)),
    lambda x, w, b: np_norm(x, (0, 2, 3)) * w[:, None, None] + b[:, None, None],
    ((3, 2, 2, 3), (2,), (2,)),
    torch=lambda x, w, b: F("batch_norm", training=True)(x, None, None, w, b),
)


def np_cross_entropy(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return -np.take_along_axis(np.log(np_softmax(x, 1)), np.expand_dims(y, 1), 1).squeeze(1)


def with_labels(name: str, y: np.ndarray = LABELS, **options: Any) -> Any:
    """A loss of PyTorch with fixed labels."""

    def run(x: Any) -> Any:
        import torch

        return F(name, **options)(x, torch.tensor(y))

    return run


rows(
    "cross_entropy",
    lambda x: x.cross_entropy(on(x, LABELS)),
    lambda x: np_cross_entropy(x, LABELS).mean(),
    (4, 3),
    torch=with_labels("cross_entropy"),
)
rows(
    "cross_entropy, each",
    lambda x: x.cross_entropy(on(x, LABELS), "none"),
    lambda x: np_cross_entropy(x, LABELS),
    (4, 3),
)
rows(
    "cross_entropy, sum",
    lambda x: x.cross_entropy(on(x, LABELS), "sum"),
    lambda x: np_cross_entropy(x, LABELS).sum(),
    (4, 3),
)
rows(
    "cross_entropy, smoothed",
    lambda x: x.cross_entropy(on(x, LABELS), label_smoothing=0.1),
    lambda x: (0.9 * np_cross_entropy(x, LABELS) - 0.1 * np.log(np_softmax(x, 1)).mean(1)).mean(),
    (4, 3),
    torch=with_labels("cross_entropy", label_smoothing=0.1),
)
rows(
    "cross_entropy, one ignored",
    lambda x: x.cross_entropy(on(x, LABELS), ignore_index=2),
    lambda x: np_cross_entropy(x, LABELS)[[1, 2]].mean(),
    (4, 3),
    torch=with_labels("cross_entropy", ignore_index=2),
)
rows(
    "cross_entropy of pictures",
    lambda x: x.cross_entropy(on(x, GRID[None] % 3)),
    lambda x: np_cross_entropy(x, GRID[None] % 3).mean(),
    (1, 3, 2, 2),
    torch=with_labels("cross_entropy", GRID[None] % 3),
)
rows(
    "cross_entropy of one",
    lambda x: x.cross_entropy(on(x, 1)),
    lambda x: -np.log(np_softmax(x, 0))[1],
    (3,),
)
rows(
    "cross_entropy of probabilities",
    lambda x, y: x.cross_entropy(y.softmax(1)),
    lambda x, y: -(np.log(np_softmax(x, 1)) * np_softmax(y, 1)).sum(1).mean(),
    ((4, 3), (4, 3)),
    torch=lambda x, y: F("cross_entropy")(x, y.softmax(1)),
)
for shape, wanted in (((4, 3), LABELS), ((2, 2, 3), GRID % 3)):
    rows(
        "sparse_categorical_crossentropy",
        lambda x, y=wanted: x.sparse_categorical_crossentropy(on(x, y)),
        lambda x, y=wanted: np_cross_entropy(np.moveaxis(x, -1, 1), y).mean(),
        shape,
    )
rows(
    "nll_loss",
    lambda x: x.log_softmax(1).nll_loss(on(x, LABELS)),
    lambda x: np_cross_entropy(x, LABELS).mean(),
    (4, 3),
    torch=lambda x: with_labels("nll_loss")(x.log_softmax(1)),
)
rows(
    "mse_loss",
    lambda x, y: x.mse_loss(y),
    lambda x, y: ((x - y) ** 2).mean(),
    ((2, 3), (2, 3)),
    torch=F("mse_loss"),
)
rows("mse_loss, each", lambda x, y: x.mse_loss(y, "none"), lambda x, y: (x - y) ** 2, ((0,), (0,)))
rows(
    "l1_loss",
    lambda x, y: x.l1_loss(y),
    lambda x, y: np.abs(x - y).mean(),
    ((2, 3), (2, 3)),
    torch=F("l1_loss"),
)
rows(
    "binary_cross_entropy_with_logits",
    lambda x, y: x.binary_cross_entropy_with_logits(y.sigmoid()),
    lambda x, y: (np.log1p(np.exp(x)) - x / (1 + np.exp(-y))).mean(),
    ((2, 3), (2, 3)),
    torch=lambda x, y: F("binary_cross_entropy_with_logits")(x, y.sigmoid()),
)
rows(
    "binary_cross_entropy",
    lambda x, y: x.binary_cross_entropy(y),
    lambda x, y: -(y * np.log(x) + (1 - y) * np.log(1 - x)).mean(),
    ((2, 3), (2, 3)),
    low=0.1,
    high=0.9,
    torch=F("binary_cross_entropy"),
)

IDS = [case.id for case in CASES]
