"""What can be moved: a knob for each argument of a function, read from its signature.

    def f(batch: (1, 512) = 64, width=128, act: ("relu", "tanh") = "relu"): ...

gives whole numbers from 1 to 512, whole numbers from 1 to 512 (four times the default), two words.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tinylearn.errors import TinylearnError

WIDER = 4  # times the default: so far a knob without a range goes
STEPS = 100  # places of a knob for a number that need not be whole
FORMS = "(1, 512) for numbers from 1 to 512, bool, or several words"


class KnobError(TinylearnError, TypeError):
    """An argument of which nobody knows between what it may be moved."""


@dataclass(frozen=True)
class Knob:
    """One argument.

    value      where it begins
    low, high  between what it moves, in steps; of a word None
    choices    the words or values that it may have, instead of a range
    """

    name: str
    value: Any
    low: float | None = None
    high: float | None = None
    step: float = 1
    choices: tuple[Any, ...] = ()


def knobs_of(function: Callable[..., Any]) -> list[Knob]:
    """A knob for each argument.

    Raises   KnobError for an argument without a default and a range, with what to write
    """
    try:
        signature = inspect.signature(function, eval_str=True)
    except NameError:  # a range that is made of names nobody has any more
        signature = inspect.signature(function)
    kinds = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return [knob_of(p) for p in signature.parameters.values() if p.kind not in kinds]


def knob_of(p: inspect.Parameter) -> Knob:
    """The knob of one argument."""
    none = p.default is inspect.Parameter.empty
    match p.annotation:
        case (bool() | str(), *_) as several:
            return Knob(p.name, several[0] if none else p.default, choices=tuple(several))
        case (int() | float() as low, int() | float() as high) if low < high:
            return numbers(p.name, low if none else p.default, low, high)
        case (int() | float(), int() | float(), _, *_) as several:
            return Knob(p.name, several[0] if none else p.default, choices=tuple(several))
    if isinstance(p.default, bool) or (none and p.annotation is bool):
        return Knob(p.name, False if none else p.default, choices=(False, True))
    if isinstance(p.default, int | float) and p.default > 0:
        whole = isinstance(p.default, int)
        return numbers(p.name, p.default, 1 if whole else p.default / WIDER, WIDER * p.default)
    says = f"nobody knows between what {p.name} may be moved"
    raise KnobError(f"{says}: write {FORMS}\nTry {p.name}: (1, 512) = 64")


def numbers(name: str, value: float, low: float, high: float) -> Knob:
    """A knob for whole numbers, if its ends and its value are, or for any."""
    if not low <= value <= high:
        says = f"{name} begins at {value}, and moves from {low} to {high}"
        raise KnobError(f"{says}\nTry {name}: ({low}, {high}) = {low}")
    whole = all(isinstance(n, int) for n in (value, low, high))
    return Knob(name, value, low, high, 1 if whole else (high - low) / STEPS)
