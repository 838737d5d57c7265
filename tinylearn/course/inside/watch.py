"""Does an answer change what is handed to it? Looked at before and after every call.

    watched(answer, may_change=(0,))(order, 2)      ChangedArgument: order is changed ...

Arrays, containers and tensors are watched, however deep they stand in each other; of a model only
which parts it has, for it may learn; of any other object only which one it is: a Value may get its
grad.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

if __package__:  # imported by the package and its tests
    from .values import numpy_in_use
else:
    from values import numpy_in_use  # type: ignore[import-not-found, no-redef]

MOST_DEEP = 6  # containers inside containers that are looked into


class ChangedArgument(Exception):
    """An answer changed an argument that was only lent to it."""


def watched(answer: Any, may_change: Sequence[int] = ()) -> Any:
    """`answer`, raising ChangedArgument after a call that changed what was handed in.

    may_change   places of the arguments that the question asks it to change
    """
    if not callable(answer) or isinstance(answer, type):
        return answer

    def call(*args: Any, **options: Any) -> Any:
        kept = [place for place in range(len(args)) if place not in may_change]
        before = {place: state(args[place]) for place in kept}
        value = answer(*args, **options)
        for place in kept:
            if state(args[place]) != before[place]:
                raise ChangedArgument(
                    f"{name_of(answer, place)} is changed by your code: {WAY_OUT}"
                )
        return value

    call.__wrapped__ = answer  # type: ignore[attr-defined]
    return call


WAY_OUT = "it belongs to whoever calls; work on a copy, or make a new one"


def name_of(answer: Callable[..., Any], place: int) -> str:
    """What the answer itself calls its argument at a place."""
    code = getattr(answer, "__code__", None)
    names = code.co_varnames[: code.co_argcount] if code is not None else ()
    return names[place] if place < len(names) else f"argument {place + 1}"


def state(value: Any, depth: int = 0) -> Any:
    """Something that is equal as long as a value is what it was."""
    kind = type(value)
    if kind in (list, tuple, set, frozenset, dict) and depth < MOST_DEEP:
        items = value.items() if kind is dict else value
        parts = [state(item, depth + 1) for item in items]
        return (kind, sorted(parts, key=repr) if kind in (set, frozenset) else parts)
    numpy = numpy_in_use()
    if numpy is not None and isinstance(value, numpy.ndarray):
        return (value.dtype.str, value.shape, numpy.ndarray.tobytes(value))
    if kind.__name__ == "Tensor" and hasattr(value, "node"):
        grad = value._grad  # .grad warns whoever reads it of a tensor that was computed
        # A tensor's numbers change by another node: nodes themselves never change.
        own = Same(value.node) if value.is_leaf else None
        return (own, value.requires_grad, None if grad is None else Same(grad.node))
    if callable(modules := getattr(value, "modules", None)):
        return (Same(value), [Same(module) for module in modules()])
    return Same(value)


class Same:
    """Equal to itself alone: which object it is, kept alive so that no other takes its place."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Same) and self.value is other.value

    def __hash__(self) -> int:
        return id(self.value)

    def __repr__(self) -> str:
        return f"{id(self.value):x}"
