"""What every contract is made of: numbers of a graph by NumPy alone, and how a promise breaks.

The interpreter takes the nodes one after the other and asks each op for its NumPy meaning: no
schedule, no device, no other Part has a say in it, so a contract judges one function alone.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from tinylearn.devices.buffer import Buffer
from tinylearn.devices.device import numbers_in_memory
from tinylearn.errors import PACKAGE
from tinylearn.graph.deferred import spelled_out
from tinylearn.graph.dtype import dtype
from tinylearn.graph.interpret import interpret
from tinylearn.graph.node import Node, walk
from tinylearn.graph.primitives import BUFFER, buffer
from tinylearn.parts import ContractError

TOLERANCE = {"float16": 2e-2, "float32": 1e-4, "float64": 1e-6}


def leaf(array: Any, device: str = "numpy") -> Node:
    """A source node with the numbers of an array."""
    array = np.array(array, order="C", copy=True)
    kind = dtype(array.dtype)
    return buffer(Buffer(array.shape, kind, device, array))


def numbers(
    nodes: Iterable[Node], known: Mapping[Node, np.ndarray] | None = None
) -> list[np.ndarray]:
    """The numbers of nodes, each op by its NumPy meaning.

    known   numbers to take instead of a node's own
    """
    known = known or {}
    spelled = spelled_out([*nodes, *known])
    nodes, given = spelled[: len(spelled) - len(known)], spelled[len(spelled) - len(known) :]
    order = walk.default(nodes)
    stored = numbers_in_memory(node for node in order if node.op is BUFFER)
    values = interpret(order, stored | dict(zip(given, known.values(), strict=True)))
    return [values[node] for node in nodes]


# ---------------------------------------------------------------- how a promise breaks


def called(name: str, function: Callable, where: str, *args: Any, **options: Any) -> Any:
    """What the function answers; an error inside it becomes a ContractError that says where."""
    try:
        return function(*args, **options)
    except ContractError:
        raise
    except NotImplementedError as error:
        raise ContractError(f"{name} is not written yet: {error}".rstrip(": ")) from error
    except Exception as error:
        frames = traceback.extract_tb(error.__traceback__)
        place = next(
            (f for f in reversed(frames) if not f.filename.startswith(PACKAGE)), frames[-1]
        )
        line = f"\n    {place.line}" if place.line else ""
        says = f"{name} raised {type(error).__name__}: {error}"
        raise ContractError(f"{says}\n    called with {where}{line}") from error


def compare(
    name: str,
    what: str,
    where: str,
    got: np.ndarray,
    expected: np.ndarray,
    tolerance: float = 0.0,
    hint: str = "",
) -> None:
    """Raise ContractError with the first element that differs.

    what    which number this is, such as "the gradient of x"
    where   what the function was called with
    """
    wanted = np.asarray(expected)
    if got.shape != wanted.shape:
        says = f"{what} has shape {got.shape}, it must be {wanted.shape}"
        raise ContractError(f"{name}: {says}\n    called with {where}")
    if (place := first_difference(got, wanted, tolerance)) is None:
        return
    lines = [f"{name}: {what} is wrong at {element(place)}", f"    called with {where}"]
    lines += [f"    got       {short(got[place])}", f"    expected  {short(wanted[place])}"]
    if 1 < got.size <= 12:
        lines.append(f"    all of it: got {flat(got)}, expected {flat(wanted)}")
    raise ContractError("\n".join([*lines, *([hint] if hint else [])]))


def first_difference(
    got: np.ndarray, expected: np.ndarray, tolerance: float = 0.0
) -> tuple[int, ...] | None:
    """The index of the first element that is not as expected, or None."""
    close = tolerance or TOLERANCE.get(str(got.dtype), 0.0)
    with np.errstate(all="ignore"):
        bad = ~np.isclose(got, expected, rtol=close, atol=close, equal_nan=True)
    return tuple(int(k) for k in np.argwhere(bad)[0]) if bad.any() else None


def agree(got: np.ndarray, expected: np.ndarray, tolerance: float = 0.0) -> bool:
    """Whether all numbers are as expected."""
    return got.shape == expected.shape and first_difference(got, expected, tolerance) is None


def element(place: tuple[int, ...]) -> str:
    """An index as a reader writes it."""
    return f"element [{', '.join(map(str, place))}]" if place else "its only element"


def short(number: Any) -> str:
    """A number with six digits.

    >>> short(np.float64(0.1) * 3), short(np.True_)
    ('0.3', 'True')
    """
    return f"{float(number):.6g}" if np.asarray(number).dtype.kind == "f" else str(number)


def flat(array: np.ndarray) -> str:
    """A small array on one line."""
    return np.array2string(array, precision=4, separator=", ", max_line_width=10_000).replace(
        "\n", ""
    )
