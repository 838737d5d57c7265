"""Rows of the table: arithmetic and comparisons."""

from __future__ import annotations

import numpy as np

from tests.tensor.table import one, two

two("add", lambda x, y: x + y)
two("sub", lambda x, y: x - y)
two("mul", lambda x, y: x * y)
two("div", lambda x, y: x / y, low=0.5)
two("floordiv", lambda x, y: x // y, slope=False)
two("mod", lambda x, y: x % y, slope=False, low=-9, high=9)
two("floordiv of ints", lambda x, y: x // y, slope=False, dtype="int64", low=1, high=9)
two("mod of ints", lambda x, y: x % y, slope=False, dtype="int32", low=1, high=9)
two("pow", lambda x, y: x**y, low=0.2)
two("pow of ints", lambda x, y: x**y, slope=False, dtype="int64", low=0, high=9)
two("less", lambda x, y: x < y, slope=False)
two("less or equal", lambda x, y: x <= y, slope=False, dtype="int64", low=0, high=3)
two("greater", lambda x, y: x > y, slope=False)
two("greater or equal", lambda x, y: x >= y, slope=False, dtype="float32")
two("equal", lambda x, y: x == y, slope=False, dtype="int32", low=0, high=3)
two("not equal", lambda x, y: x != y, slope=False, dtype="float32")
two("and", lambda x, y: x & y, slope=False, dtype="bool")
two("or", lambda x, y: x | y, slope=False, dtype="bool")
two("xor", lambda x, y: x ^ y, slope=False, dtype="bool")
two("maximum", lambda x, y: x.maximum(y), np.maximum)
two("minimum", lambda x, y: x.minimum(y), np.minimum)
two("maximum of ints", lambda x, y: x.maximum(y), np.maximum, dtype="int64", slope=False)
two("square of a difference", lambda x, y: (x - y) ** 2)

one("neg", lambda x: -x, lambda x: -x)
one("number first", lambda x: 3 - 2 * x + 1, lambda x: 3 - 2 * x + 1)
one("number last", lambda x: (x - 3) / 4 * 2 + 1, lambda x: (x - 3) / 4 * 2 + 1)
one("number divided", lambda x: 2 / x, lambda x: 2 / x, low=0.5)
one("x ** 2", lambda x: x**2, lambda x: x**2)
one("x ** 7", lambda x: x**7, lambda x: x**7)
one("x ** -3", lambda x: x**-3, lambda x: x**-3, low=0.5)
one("x ** 0", lambda x: x**0 + x, lambda x: x**0 + x)
one("x ** 0.5", lambda x: x**0.5, lambda x: x**0.5, low=0.1)
one("x ** 1.5", lambda x: x**1.5, lambda x: x**1.5, low=0.1)
one("x ** -2.5", lambda x: x**-2.5, lambda x: x**-2.5, low=0.5)
one("x ** 1.3", lambda x: x**1.3, lambda x: x**1.3, low=0.1)
one("2 ** x", lambda x: 2**x, lambda x: 2**x)
one("3.5 // x", lambda x: 3.5 // x, lambda x: 3.5 // x, low=0.3, slope=False)
one("7 % x", lambda x: 7 % x, lambda x: 7 % x, low=1, high=5, dtype="int64", slope=False)
one("not", lambda x: ~x, lambda x: ~x, dtype="bool", slope=False)
one("invert", lambda x: ~x, lambda x: ~x, dtype="int64", slope=False)
one("clamp", lambda x: x.clamp(-1, 0.5), lambda x: np.clip(x, -1, 0.5))
one("clamp low", lambda x: x.clamp(-1), lambda x: np.clip(x, -1, None))
one("cast", lambda x: x.cast("float32"), lambda x: x.astype("float32"), None, slope=False)
one("cast to int", lambda x: x.long(), lambda x: x.astype("int64"), slope=False)
one("cast to bool", lambda x: x.bool(), lambda x: x.astype(bool), slope=False)
one(
    "int to float",
    lambda x: x.float() / 2,
    lambda x: x.astype("f") / np.float32(2),
    dtype="int32",
    slope=False,
)
one("isnan", lambda x: (0 * x / x).isnan(), lambda x: x == 0, None, slope=False)
