"""From Python's and NumPy's numbers to a device's memory, with an error that says what is wrong.

Python ints become int64, floats float32, bools bool; NumPy arrays keep their dtype where
tinylearn has it, and small unsigned and signed integers become int32.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tinylearn.devices.buffer import Buffer, fits
from tinylearn.devices.device import Device
from tinylearn.errors import DTypeError, ShapeError
from tinylearn.graph.dtype import ALL, DEFAULT_FLOAT, PYTHON, DType, int32, int64, promote
from tinylearn.graph.node import Shape

DEEPEST = 64  # NumPy's limit of axes
WIDENED = {"uint8": int32, "int8": int32, "int16": int32, "uint16": int32, "uint32": int64}
KNOWN = {d.numpy: d for d in ALL.values()} | {np.dtype(n): d for n, d in WIDENED.items()}


def array_of(data: Any, wanted: DType | None = None) -> np.ndarray:
    """The numbers of `data` as an array of a dtype that tinylearn has.

    Raises DTypeError for what is no number, ShapeError for rows of different lengths.
    """
    if not isinstance(data, np.ndarray):
        data = plain_array(data, wanted)
    have = KNOWN.get(data.dtype) or KNOWN.get(data.dtype.newbyteorder("="))
    if have is None:
        name = data.dtype.name
        raise DTypeError(f"tinylearn has no dtype for {name} data; it has {', '.join(ALL)}")
    target = (wanted or have).numpy
    if data.dtype == target:
        return data
    with np.errstate(all="ignore"):
        return data.astype(target)


def plain_array(data: Any, wanted: DType | None = None) -> np.ndarray:
    """An array of a Python number, a nested list, or anything that offers __array__.

    wanted   the dtype that its numbers are to have at last: they are not rounded on the way
    """
    if hasattr(data, "__array__"):
        return np.asarray(data)
    if data is None or isinstance(data, str | bytes | dict | set | complex):
        raise DTypeError(f"a tensor is made of numbers, got {short(data)}")
    first = innermost(data)
    try:
        array = np.array(data)
    except (ValueError, TypeError, OverflowError):
        raise broken(data) or DTypeError(f"no array can be made of {short(data)}") from None
    if array.dtype not in KNOWN or type(first).__module__ == "tinylearn.tensor.tensor":
        raise broken(data) or DTypeError(f"a tensor is made of numbers, got {short(data)}")
    kinds = kinds_in(data)
    if wanted is not None or None in kinds:
        return array
    with np.errstate(over="ignore"):
        return array.astype(promote(*kinds, *([] if kinds else [DEFAULT_FLOAT])).numpy)  # type: ignore[arg-type]


def kinds_in(data: Any) -> set[DType | None]:
    """The dtypes of what nested lists hold: Python's and NumPy's numbers, and arrays.

    None stands for what is neither.
    """
    types: set[Any] = set()
    level = [data]
    while level:
        deeper: list[Any] = []
        for item in level:
            if not isinstance(item, list | tuple):
                types.add(item.dtype if isinstance(item, np.ndarray) else type(item))
                continue
            inside = set(map(type, item))
            if inside <= PYTHON.keys():
                types |= inside
            else:
                deeper += item
        level = deeper
    return {kind_of(found) for found in types}


def kind_of(found: Any) -> DType | None:
    """The dtype that a Python type, a NumPy type or an array's dtype stands for."""
    if isinstance(found, type) and not issubclass(found, np.generic):
        return next((PYTHON[base] for base in found.__mro__ if base in PYTHON), None)
    have = np.dtype(found).newbyteorder("=")
    return KNOWN.get(have)


def innermost(data: Any) -> Any:
    """The first thing in nested lists that is no list; raises ShapeError where there is no end."""
    first = data
    for _ in range(DEEPEST + 1):
        if not (isinstance(first, list | tuple) and first):
            return first
        first = first[0]
    raise ShapeError(f"lists are nested deeper than {DEEPEST} levels, as many as NumPy has axes")


def broken(data: Any, place: str = "") -> Exception | None:
    """What is wrong in nested lists, and at which position; None if nothing is."""
    if isinstance(data, list | tuple):
        for k, item in enumerate(data):
            if error := broken(item, f"{place}[{k}]"):
                return error
        lengths = [
            np.shape(item) if not isinstance(item, list | tuple) else (len(item),)
            for item in data
            if not hasattr(item, "node")
        ]
        for k, length in enumerate(lengths):
            if length != lengths[0]:
                return ShapeError(
                    f"rows differ in length: {place}[0] has {words(lengths[0])},"
                    f" {place}[{k}] has {words(length)}"
                )
        return None
    where = f" at position {place}" if place else ""
    if hasattr(data, "node"):
        return DTypeError(f"a tensor inside a list{where}\nTry Tensor.stack(tensors)")
    if isinstance(data, int) and not -(2**63) <= data < 2**63:
        return DTypeError(f"{short(data)}{where} does not fit into int64")
    if isinstance(data, bool | int | float | np.number | np.bool_ | np.ndarray):
        return None
    return DTypeError(f"a tensor is made of numbers, got {short(data)}{where}")


def words(shape: tuple) -> str:
    """How a length is said."""
    return f"{shape[0]} entries" if len(shape) == 1 else f"shape {shape}" if shape else "no length"


def short(data: Any) -> str:
    """A thing and its type, in few characters."""
    text = repr(data)
    text = text if len(text) <= 40 else text[:37] + "..."
    return f"{text} ({type(data).__name__})"


# ---------------------------------------------------------------- memory


def upload(array: np.ndarray, device: str) -> Buffer:
    """A buffer on a device with a copy of the array's numbers."""
    if array.nbytes > 1 << 28:
        fits(array.shape, KNOWN[array.dtype])
    return Device.known[device].upload(array)


def checked_shape(shape: tuple) -> Shape:
    """Sizes given one by one or as one sequence, as a shape of Python ints.

    >>> checked_shape((2, 3)), checked_shape(([2, 3],)), checked_shape(())
    ((2, 3), (2, 3), ())
    """
    if len(shape) == 1 and isinstance(shape[0], tuple | list):
        shape = tuple(shape[0])
    sizes = []
    for size in shape:
        try:
            sizes.append(int(size.__index__()))
        except AttributeError:
            raise ShapeError(f"a shape is made of whole numbers, got {short(size)}") from None
    if any(size < 0 for size in sizes):
        raise ShapeError(f"a shape has no negative sizes, got {tuple(sizes)}")
    return tuple(sizes)
