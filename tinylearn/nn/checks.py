"""Options of layers, losses, optimizers and schedules, refused when these are made."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping
from typing import Any

from tinylearn.errors import nearest
from tinylearn.tensor.losses import check_loss_option


def checked(name: str, number: float, below: float = math.inf, least: float = 0) -> float:
    """`number` as a float, if it is at least `least` and less than `below`."""
    try:
        value = float(number)
    except (TypeError, ValueError):
        raise TypeError(f"{name} must be a number, not {number!r}") from None
    if not least <= value < below:
        limit = f" and below {below:g}" if below < math.inf else " and finite"
        raise ValueError(f"{name} must be at least {least:g}{limit}, not {value}")
    return value


def two_shares(name: str, pair: Any) -> tuple[float, float]:
    """Two numbers from 0 to below 1."""
    if not isinstance(pair, tuple | list) or len(pair) != 2:
        raise TypeError(f"{name} are two numbers, not {pair!r}\nTry {name}=(0.9, 0.999)")
    first, second = (checked(name, share, below=1) for share in pair)
    return first, second


def sizes(**named: int) -> None:
    """Raise ValueError for a size that is no whole number above 0."""
    for name, size in named.items():
        if not isinstance(size, int) or isinstance(size, bool) or size < 1:
            raise ValueError(f"{name} must be a whole number of at least 1, not {size!r}")


def probability(name: str, p: float) -> float:
    """`p`, if it is a number from 0 to 1."""
    if not isinstance(p, int | float) or isinstance(p, bool) or not 0 <= p <= 1:
        raise ValueError(f"{name} must be from 0 to 1, not {p!r}")
    return p


def axis(name: str, value: Any) -> int:
    """`value`, if it is a whole number."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"{name} must be a whole number, not {value!r}")
    return value


def yes_no(**named: Any) -> None:
    """Raise TypeError for what is neither True nor False."""
    for name, value in named.items():
        if not isinstance(value, bool):
            raise TypeError(f"{name} must be True or False, not {value!r}")


def loss_options(loss: str, function: Callable, options: Mapping[str, Any]) -> None:
    """Raise for an option that the loss has not, or whose value it cannot take."""
    arguments = inspect.signature(function).parameters.values()
    known = [a.name for a in arguments if a.default is not a.empty]
    for name, value in options.items():
        if name not in known:
            has = nearest(name, known) or f"; it has {', '.join(known)}"
            raise TypeError(f"{loss} has no option {name!r}{has}")
        if not (name == "reduction" and value == "batchmean" and loss == "KLDivLoss"):
            check_loss_option(name, value)
