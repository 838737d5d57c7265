"""The functions that a kernel may call: math.exp, np.exp, tl.exp and exp are all one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any

from tinylearn.errors import choose
from tinylearn.graph.dtype import bool_, float32, int32
from tinylearn.graph.primitives import EXP, LOG, SIN, SQRT
from tinylearn.kernels.values import Array, Lines, settled, whole
from tinylearn.kernels.words import KernelError

Call = Callable[[Lines, Sequence[Any]], Any]


def extreme(sign: str, choice: Callable) -> Call:
    """min or max of two numbers or more."""

    def call(lines: Lines, args: Sequence[Any]) -> Any:
        numbers = [settled(a) for a in args]
        if all(isinstance(n, int | float) for n in numbers):
            return choice(*numbers)
        return reduce(lambda x, y: lines.compute(sign, x, y), numbers)

    return call


def absolute(lines: Lines, args: Sequence[Any]) -> Any:
    """abs(x)."""
    (x,) = args
    if isinstance(x, int | float):
        return abs(x)
    return lines.compute("max", x, lines.compute("*", x, -1))


def of_float(op: Any) -> Call:
    """A function of one float."""
    return lambda lines, args: lines.function(op, *args)


def length(lines: Lines, args: Sequence[Any]) -> int:
    """len(array)."""
    (x,) = args
    if not isinstance(x, Array | tuple):
        raise KernelError("len needs an array", "len(x) of an argument")
    return len(x) if isinstance(x, tuple) else x.shape[0]


def to_int(lines: Lines, args: Sequence[Any]) -> Any:
    """int(x): a place stays one."""
    (x,) = args
    if isinstance(x, int | float):
        return int(x)
    return x if whole(x) else lines.value(x, int32)


CALLS: dict[str, Call] = {
    "exp": of_float(EXP),
    "log": of_float(LOG),
    "sin": of_float(SIN),
    "sqrt": of_float(SQRT),
    "min": extreme("min", min),
    "max": extreme("max", max),
    "minimum": extreme("min", min),
    "maximum": extreme("max", max),
    "abs": absolute,
    "len": length,
    "int": to_int,
    "float": lambda lines, args: lines.value(args[0], float32),
    "bool": lambda lines, args: lines.value(args[0], bool_),
}


def call(lines: Lines, name: str, args: Sequence[Any]) -> Any:
    """What a function of this name gives for these arguments; raises KernelError if none is."""
    if name not in CALLS:
        hint = choose(name, CALLS, "a kernel may call")
        raise KernelError(f"no kernel can call {name!r}{hint}", "writing its formula in the kernel")
    try:
        return CALLS[name](lines, args)
    except (TypeError, ValueError, IndexError) as error:
        if isinstance(error, KernelError):
            raise
        says = f"{name} cannot take {len(args)} such arguments: {error}"
        raise KernelError(says, f"one number, as in {name}(x)") from None
