"""The kinds of numbers, and which kind comes out when two meet.

Promotion follows PyTorch: a kind of number (bool < int < float) wins over a lower one whatever
its size; within a kind the larger size wins. A Python number never makes a tensor larger: it only
lifts the kind (an int tensor times 0.5 is float32). A NumPy scalar is such a number, and a tensor
without axes lifts one with axes in the same way (tensor/operands.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from tinylearn.changes import run_once
from tinylearn.errors import DTypeError, choose

run_once(globals())


@dataclass(frozen=True, eq=False)
class DType:
    """One kind of number. kind: 0 bool, 1 integer, 2 float; itemsize in bytes."""

    name: str
    kind: int
    itemsize: int
    numpy: np.dtype

    def __repr__(self) -> str:
        return self.name

    @property
    def is_float(self) -> bool:
        """Whether numbers of this kind have gradients."""
        return self.kind == 2

    @property
    def dtype(self) -> np.dtype:
        """NumPy's dtype, found by np.dtype(x.dtype) under this name."""
        return self.numpy

    def __eq__(self, other: object) -> bool:
        """Whether `other` stands for this kind: x.dtype == np.float32, x.dtype == "float32"."""
        if self is other or isinstance(other, DType):
            return self is other
        try:
            return other is not None and dtype(other) is self
        except DTypeError:
            return False

    __hash__ = object.__hash__

    def __reduce__(self) -> tuple:
        return (dtype, (self.name,))  # copies and pickles are the same object


def _declare(name: str, kind: int) -> DType:
    numpy = np.dtype(name)
    return DType(name, kind, numpy.itemsize, numpy)


bool_ = _declare("bool", 0)
int32, int64 = _declare("int32", 1), _declare("int64", 1)
float16, float32, float64 = _declare("float16", 2), _declare("float32", 2), _declare("float64", 2)

ALL = {d.name: d for d in (bool_, int32, int64, float16, float32, float64)}
BY_NUMPY = {d.numpy: d for d in ALL.values()}
ALIASES = {"half": float16, "float": float32, "double": float64, "int": int32, "long": int64}
PYTHON = {bool: bool_, int: int64, float: float32}
DEFAULT_FLOAT = float32


def dtype(wanted: Any) -> DType:
    """The DType that a name, a NumPy dtype, a Python type or a DType stands for.

    >>> dtype("half"), dtype(np.int64), dtype(float)
    (float16, int64, float32)

    Raises DTypeError for a kind of number that tinylearn does not have.
    """
    if isinstance(wanted, DType):
        return wanted
    if isinstance(wanted, np.dtype) and (found := BY_NUMPY.get(wanted)) is not None:
        return found
    if isinstance(wanted, type) and wanted in PYTHON:
        return PYTHON[wanted]
    try:
        name = wanted if isinstance(wanted, str) else np.dtype(wanted).name
    except TypeError:
        name = str(wanted)
    name = name.removeprefix("torch.")
    if name in ALL or name in ALIASES:
        return ALL.get(name) or ALIASES[name]
    hint = choose(name, ALL, "it has", ALIASES)
    raise DTypeError(f"tinylearn has no dtype {name!r}{hint}")


def promote(*dtypes: DType) -> DType:
    """The dtype in which numbers of these dtypes meet.

    >>> promote(int64, float32), promote(float16, float64), promote(bool_, int32)
    (float32, float64, int32)
    """
    return max(dtypes, key=lambda d: (d.kind, d.itemsize))


def promote_number(tensor: DType, number: Any) -> DType:
    """The dtype of a tensor combined with a Python number: its kind lifts, its size does not.

    >>> promote_number(float16, 3.0), promote_number(int32, 0.5), promote_number(bool_, 2)
    (float16, float32, int64)
    """
    scalar = PYTHON[bool if isinstance(number, bool | np.bool_) else type(number)]
    return tensor if tensor.kind >= scalar.kind else scalar
