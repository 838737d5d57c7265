"""Rows of the table: functions number by number, and choice."""

from __future__ import annotations

import numpy as np

from tests.tensor.table import PAIRS, F, one, rows


def erf_free_gelu(x: np.ndarray) -> np.ndarray:
    return x / 2 * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))


def np_sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


one("exp", lambda x: x.exp(), np.exp)
one("exp2", lambda x: x.exp2(), np.exp2)
one("log", lambda x: x.log(), np.log, low=0.1)
one("log2", lambda x: x.log2(), np.log2, low=0.1)
one("sin", lambda x: x.sin(), np.sin, low=-9, high=9)
one("cos", lambda x: x.cos(), np.cos, low=-9, high=9)
one("tan", lambda x: x.tan(), np.tan, low=-1, high=1)
one("sqrt", lambda x: x.sqrt(), np.sqrt, low=0.1)
one("rsqrt", lambda x: x.rsqrt(), lambda x: 1 / np.sqrt(x), low=0.1)
one("reciprocal", lambda x: x.reciprocal(), np.reciprocal, low=0.3)
one("square", lambda x: x.square(), np.square)
one("abs", lambda x: x.abs(), np.abs)
one("abs of ints", lambda x: abs(x), np.abs, dtype="int64", slope=False)
one("sign", lambda x: x.sign(), np.sign, slope=False)
one("sign of ints", lambda x: x.sign(), np.sign, dtype="int32", slope=False)
one("floor", lambda x: x.floor(), np.floor, slope=False)
one("ceil", lambda x: x.ceil(), np.ceil, slope=False)
one("trunc", lambda x: x.trunc(), np.trunc, slope=False)
one("round", lambda x: x.round(), np.round, slope=False)
one("relu", lambda x: x.relu(), lambda x: np.maximum(x, 0))
one("relu of ints", lambda x: x.relu(), lambda x: np.maximum(x, 0), dtype="int64", slope=False)
one("relu6", lambda x: x.relu6(), lambda x: np.clip(x, 0, 6), F("relu6"), low=-9, high=9)
one("leaky_relu", lambda x: x.leaky_relu(), lambda x: np.where(x > 0, x, 0.01 * x), F("leaky_relu"))
one("elu", lambda x: x.elu(), lambda x: np.where(x > 0, x, np.exp(x) - 1), F("elu"))
one("sigmoid", lambda x: x.sigmoid(), np_sigmoid, low=-20, high=20)
one("tanh", lambda x: x.tanh(), np.tanh, low=-20, high=20)
one("silu", lambda x: x.silu(), lambda x: x * np_sigmoid(x), F("silu"))
one("gelu", lambda x: x.gelu(), erf_free_gelu, F("gelu", approximate="tanh"))
one("softplus", lambda x: x.softplus(), lambda x: np.log1p(np.exp(x)), F("softplus"))
one("logsigmoid", lambda x: x.logsigmoid(), lambda x: -np.log1p(np.exp(-x)), F("logsigmoid"))
one("mish", lambda x: x.mish(), lambda x: x * np.tanh(np.log1p(np.exp(x))), F("mish"))
one("hardtanh", lambda x: x.hardtanh(), lambda x: np.clip(x, -1, 1), F("hardtanh"))
rows(
    "lerp",
    lambda x, y, w: x.lerp(y, w),
    lambda x, y, w: x + w * (y - x),
    ((2, 3), (2, 3), (2, 3)),
    torch=lambda x, y, w: x.lerp(y, w),
)
rows("where", lambda x, y: (x < 0).where(x, y), lambda x, y: np.where(x < 0, x, y), *PAIRS)
rows(
    "where of numbers",
    lambda x: (x < 0).where(1.5, 0),
    lambda x: np.where(x < 0, 1.5, 0),
    (3,),
    slope=False,
)
rows(
    "where of one number", lambda x: (x < 0).where(0.0, x), lambda x: np.where(x < 0, 0, x), (2, 3)
)
rows(
    "where that broadcasts",
    lambda c, x, y: (c < 0).where(x, y),
    lambda c, x, y: np.where(c < 0, x, y),
    ((2, 1), (3,), (4, 1, 1)),
)
rows(
    "masked_fill",
    lambda x: x.masked_fill(x < 0, -9),
    lambda x: np.where(x < 0, -9, x),
    (2, 3),
    torch=lambda x: x.masked_fill(x < 0, -9),
)
