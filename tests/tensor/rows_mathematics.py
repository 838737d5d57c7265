"""Rows of the table: curves, whole parts and signs, closeness, bits."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tests.tensor.table import PAIRS, one, rows, two
from tinylearn.tensor import Tensor

np_erf, np_erfc = np.vectorize(math.erf, otypes="d"), np.vectorize(math.erfc, otypes="d")

one("log1p", lambda x: x.log1p(), np.log1p, low=-0.9)
one("expm1", lambda x: x.expm1(), np.expm1)
one("log10", lambda x: x.log10(), np.log10, low=0.1)
one("sinh", lambda x: x.sinh(), np.sinh)
one("cosh", lambda x: x.cosh(), np.cosh)
one("asinh", lambda x: x.asinh(), np.arcsinh, low=-9, high=9)
one("acosh", lambda x: x.acosh(), np.arccosh, low=1.2, high=9)
one("atanh", lambda x: x.atanh(), np.arctanh, low=-0.9, high=0.9)
one("asin", lambda x: x.asin(), np.arcsin, low=-0.9, high=0.9)
one("acos", lambda x: x.acos(), np.arccos, low=-0.9, high=0.9)
one("atan", lambda x: x.atan(), np.arctan, low=-9, high=9)
one("erf", lambda x: x.erf(), np_erf, low=-3, high=3)
one("erfc", lambda x: x.erfc(), np_erfc, low=-3, high=3)
one("deg2rad", lambda x: x.deg2rad(), np.deg2rad)
one("rad2deg", lambda x: x.rad2deg(), np.rad2deg)
one("frac", lambda x: x.frac(), lambda x: x - np.trunc(x))
one("signbit", lambda x: x.signbit(), np.signbit, slope=False)
one("nan_to_num", lambda x: x.nan_to_num(), np.nan_to_num)
one("logical_not", lambda x: x.logical_not(), np.logical_not, slope=False)
two("atan2", lambda x, y: x.atan2(y), np.arctan2)
two("logaddexp", lambda x, y: x.logaddexp(y), np.logaddexp)
one("logit", lambda x: x.logit(), lambda x: np.log(x / (1 - x)), low=0.05, high=0.95)
two("xlogy", lambda x, y: x.xlogy(y), lambda x, y: x * np.log(y), low=0.1)
two("dist", lambda x, y: x.dist(y), lambda x, y: np.linalg.norm((x - y).ravel()))
two("hypot", lambda x, y: x.hypot(y), np.hypot)
two("fmod", lambda x, y: x.fmod(y), np.fmod)
two("remainder", lambda x, y: x.remainder(y), np.remainder)
two("div", lambda x, y: x.div(y), np.divide)
two("floor_divide", lambda x, y: x.floor_divide(y), np.floor_divide, slope=False)
rows(
    "copysign",
    lambda x, y: x.copysign(y),
    np.copysign,
    *PAIRS,
    torch=lambda x, y: x.copysign(y),
)
for mode in ("floor", "trunc"):
    for dtype in ("float64", "int64", "int32"):
        two(
            f"div rounded {mode} of {dtype}",
            lambda x, y, mode=mode: x.div(abs(y) + 1, rounding_mode=mode),
            lambda x, y, mode=mode: getattr(np, mode)(x / (abs(y) + 1)).astype(x.dtype),
            dtype=dtype,
            low=-20,
            high=20,
            slope=False,
        )
two(
    "idiv",
    lambda x, y: x.idiv(abs(y) + 1),
    lambda x, y: np.trunc(x / (abs(y) + 1)).astype(int),
    torch=lambda x, y: x.div(abs(y) + 1, rounding_mode="trunc"),
    low=-9,
    high=9,
    dtype="int64",
    slope=False,
)
two(
    "fmod of ints",
    lambda x, y: x.fmod(abs(y) + 1),
    lambda x, y: np.fmod(x, abs(y) + 1),
    dtype="int64",
    low=-20,
    high=20,
    slope=False,
)


# ---------------------------------------------------------------- yes and no


def near(x: Any, y: Any, close: Any) -> Any:
    """Whether numbers are close to others that are nearly the same."""
    return close(x, x + y * 1e-5)


two(
    "isclose",
    lambda x, y: near(x, y, lambda a, b: a.isclose(b)),
    lambda x, y: near(x, y, np.isclose),
    slope=False,
)
for word in ("and", "or", "xor"):
    for dtype in ("bool", "float64"):
        two(
            f"logical_{word} of {dtype}",
            lambda x, y, word=word: getattr(x, f"logical_{word}")(y),
            getattr(np, f"logical_{word}"),
            dtype=dtype,
            slope=False,
        )
    for dtype in ("bool", "int32", "int64"):
        high = 2 if dtype == "bool" else 1 << (30 if dtype == "int32" else 62)
        two(
            f"bitwise_{word} of {dtype}",
            lambda x, y, word=word: getattr(x, f"bitwise_{word}")(y),
            getattr(np, f"bitwise_{word}"),
            dtype=dtype,
            slope=False,
            low=-high,
            high=high,
        )
for symbol, name in (("<<", "left_shift"), (">>", "right_shift")):
    two(
        f"{symbol} of ints",
        lambda x, y, name=name: getattr(x, f"bitwise_{name}")(abs(y) % 31),
        lambda x, y, name=name: getattr(np, name)(x, abs(y) % 31),
        dtype="int64",
        low=-(1 << 31),
        high=1 << 31,
        slope=False,
    )
one("~", lambda x: ~x, np.invert, dtype="int32", low=-99, high=99, slope=False)
one("& of a number", lambda x: x & 5, lambda x: x & 5, dtype="int64", low=-99, high=99, slope=False)
rows(
    "masked_select",
    lambda x: x.masked_select(Tensor(np.array([[True, False, True], [False, True, True]]))),
    lambda x: x[np.array([[True, False, True], [False, True, True]])],
    (2, 3),
)
