"""The course's names in a sandbox: a notebook mentions them, and there they do nothing."""

from typing import Any


def answer(*_: Any, **__: Any) -> Any:
    """Decorator: the function as it is."""
    return lambda function: function


def nothing(*_: Any, **__: Any) -> None:
    """Does nothing."""


check = hint = exercise = card = load_mine = nothing
