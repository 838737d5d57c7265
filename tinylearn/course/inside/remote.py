"""Functions that are handed to an answer and run beside the grader: here they can only be asked.

    remote = Asking(0, ask).remote      remote(2)(x)      what function number 2 of case 0 gives
    values_of(run)(answer, *args)                         what the answer gave, call by call

Who counts the calls is the grader: it has no other way to give the result.
"""

from __future__ import annotations

import builtins
from collections.abc import Callable
from typing import Any

if __package__:  # imported by the package and its tests
    from .values import Raised, decode, encode
else:
    from values import Raised, decode, encode  # type: ignore[import-not-found, no-redef]


class Asking:
    """The functions of one case, by number. `ask` sends a message and gives what comes back."""

    def __init__(self, case: int, ask: Callable[[Any], Any]) -> None:
        self.case, self.ask = case, ask

    def remote(self, place: int) -> Callable[[Any], Any]:
        def function(x: Any) -> Any:
            value = decode(self.ask({"asked": [self.case, place, encode(x)]}))
            if isinstance(value, Raised):
                kind = getattr(builtins, value.kind, RuntimeError)
                raise kind(value.message)
            return value

        return function


def values_of(run: Callable[..., Any]) -> Callable[..., Any]:
    """`run`, which gives what the answer gave instead of what it measures."""

    def noting(answer: Callable[..., Any], *args: Any) -> list[Any]:
        found: list[Any] = []

        def noted(*given: Any, **options: Any) -> Any:
            found.append(answer(*given, **options))
            return found[-1]

        run(noted, *args)
        return found

    return noting
