"""Answers that compute nothing: constants, echoes of the arguments, exceptions.

    empty_answers(wants) -> {"always 0": function, ...}        none of them may earn

What `run` makes of the arguments is not known here, so an answer looks at them when it is called:
arrays, nodes and tensors are multiplied by 0 or 1, and given back in every order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import product
from typing import Any

import numpy as np

from ..inside.values import Raised

Answer = Callable[..., Any]
CONSTANTS: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 2, 0.0, 0.5, 1.0, float("nan"), "", (), [], {}, (0,), [0], (1,),
    (1, 1), [0.0], (None,),
)  # fmt: skip
ERRORS = (ValueError, TypeError, IndexError, KeyError, ZeroDivisionError, RuntimeError)


def empty_answers(wants: Iterable[Any]) -> dict[str, Answer]:
    """The answers by name. wants: what is expected in cases that anybody can see."""
    made: dict[str, Answer] = {f"always {value!r}": always(value) for value in CONSTANTS}
    for number, want in enumerate(wants):
        if not isinstance(want, Raised):
            made[f"always what visible case {number + 1} expects"] = always(want)
    made |= {f"always raises {error.__name__}": raising(error) for error in ERRORS}
    for place in range(4):
        made |= {
            f"argument {place + 1}{what}": echoing(place, change)
            for what, change in CHANGES.items()
        }
    for length in (1, 2, 3):
        for places in product((None, 0, 1, 2), repeat=length):
            made[f"the arguments {places} as a tuple"] = in_a_tuple(places)
    made["all arguments"] = lambda *args, **_: args
    made["all arguments, last first"] = lambda *args, **_: args[::-1]
    return made


CHANGES: dict[str, Callable[[Any], Any]] = {
    "": lambda x: x,
    " times 0": lambda x: x * 0,
    " times 0, and 1": lambda x: x * 0 + 1,
    " as a list": lambda x: list(x),
    " as zeros": lambda x: np.zeros_like(x),
    " in parts, all 0": lambda x: [0.0 for _ in x],
    " in parts, all 1": lambda x: [1.0 for _ in x],
}


def always(value: Any) -> Answer:
    return lambda *args, **options: value


def raising(error: type[Exception]) -> Answer:
    def answer(*args: Any, **options: Any) -> Any:
        raise error("no")

    return answer


def echoing(place: int, change: Callable[[Any], Any]) -> Answer:
    return lambda *args, **options: change(args[place])


def in_a_tuple(places: tuple[int | None, ...]) -> Answer:
    return lambda *args, **options: tuple(None if p is None else args[p] for p in places)
