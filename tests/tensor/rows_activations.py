"""Rows of the table: activations."""

from __future__ import annotations

import math

import numpy as np

from tests.tensor.rows_mathematics import np_erf
from tests.tensor.table import F, one, rows


def np_elu(x: np.ndarray, alpha: float = 1.0) -> np.ndarray:
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))


def np_sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


SCALE, ALPHA = 1.0507009873554805, 1.6732632423543772
WIDE = {"low": -7, "high": 7}

one("selu", lambda x: x.selu(), lambda x: SCALE * np_elu(x, ALPHA), F("selu"))
one("celu", lambda x: x.celu(2.0), lambda x: np.where(x > 0, x, 2 * np.expm1(np.minimum(x, 0) / 2)),
    F("celu", alpha=2.0))  # fmt: skip
one("hardsigmoid", lambda x: x.hardsigmoid(), lambda x: np.clip(x / 6 + 0.5, 0, 1),
    F("hardsigmoid"), **WIDE)  # fmt: skip
one("hardswish", lambda x: x.hardswish(), lambda x: x * np.clip(x / 6 + 0.5, 0, 1),
    F("hardswish"), **WIDE)  # fmt: skip
one("hardshrink", lambda x: x.hardshrink(), lambda x: np.where(abs(x) > 0.5, x, 0), F("hardshrink"))
one("softshrink", lambda x: x.softshrink(),
    lambda x: np.sign(x) * np.maximum(abs(x) - 0.5, 0), F("softshrink"))  # fmt: skip
one("tanhshrink", lambda x: x.tanhshrink(), lambda x: x - np.tanh(x), F("tanhshrink"))
one("softsign", lambda x: x.softsign(), lambda x: x / (1 + abs(x)), F("softsign"))
one("threshold", lambda x: x.threshold(0.3, -2.0), lambda x: np.where(x > 0.3, x, -2.0),
    F("threshold", threshold=0.3, value=-2.0))  # fmt: skip
one("quick_gelu", lambda x: x.quick_gelu(), lambda x: x * np_sigmoid(1.702 * x), None)
one("gelu exact", lambda x: x.gelu(approximate="none"),
    lambda x: x * (1 + np_erf(x / math.sqrt(2))) / 2, F("gelu"))  # fmt: skip
one("softplus with beta", lambda x: x.softplus(beta=3.0), lambda x: np.log1p(np.exp(3 * x)) / 3,
    F("softplus", beta=3.0))  # fmt: skip
one("hardtanh by PyTorch's words", lambda x: x.hardtanh(min_val=-0.5, max_val=1.5),
    lambda x: np.clip(x, -0.5, 1.5), F("hardtanh", min_val=-0.5, max_val=1.5))  # fmt: skip
one("leakyrelu", lambda x: x.leakyrelu(0.2), lambda x: np.where(x > 0, x, 0.2 * x), None)
rows(
    "glu",
    lambda x: x.glu(1),
    lambda x: x[:, :2] * np_sigmoid(x[:, 2:]),
    (3, 4),
    torch=F("glu", dim=1),
)
rows(
    "prelu",
    lambda x, w: x.prelu(w),
    lambda x, w: np.where(x > 0, x, x * w.reshape(-1, *[1] * (x.ndim - 2))),
    ((2, 3, 2), (3,)),
    ((2, 3), (3,)),
    ((4,), (1,)),
    torch=F("prelu"),
)
