"""Parts: the pieces of the framework that a student may replace, each under a name.

part = Part("gradient.mul", rule)      rule stays callable through part(...)
use({"gradient.mul": mine})            from now on every caller runs `mine`
with using({"gradient.mul": mine}):    for one block only
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, ClassVar


class ContractError(ValueError):
    """A function that was offered for a Part does not do what the Part must do."""


class UnknownPart(KeyError):
    """No Part has this name."""

    __str__ = Exception.__str__  # a KeyError's own shows the sentence in quotes


class Part:
    """A function under a name. Calling the Part calls its current body.

    contract   a check that a replacement must pass before it is let in: it is called with
               the new function and raises ContractError with the first broken promise
    """

    table: ClassVar[dict[str, Part]] = {}
    version = 0  # counts replacements: what was derived from older bodies is out of date

    def __init__(self, name: str, default: Callable):
        if name in Part.table:
            raise ValueError(f"there is a Part named {name} already")
        self.name = name
        self.default = default
        self.current = default
        self.contract: Callable[[Callable], None] | None = None
        Part.table[name] = self

    def __call__(self, *args: Any, **options: Any) -> Any:
        return self.current(*args, **options)

    def __repr__(self) -> str:
        return self.name

    @property
    def says(self) -> str:
        """The sentence that the current body carries: the first line of its docstring."""
        lines = (self.current.__doc__ or "").strip().splitlines()
        return lines[0] if lines else f"{self.name}: no sentence given"

    @property
    def is_default(self) -> bool:
        """Whether tinylearn's own function is running."""
        return self.current is self.default


def part(name: str) -> Callable[[Callable], Part]:
    """Decorator: make the function a Part named `name`."""
    return lambda function: Part(name, function)


def named(name: str) -> Part:
    """The Part called `name`; an unknown name raises UnknownPart and offers the nearest."""
    if name in Part.table:
        return Part.table[name]
    near = difflib.get_close_matches(name, Part.table, n=1, cutoff=0.4)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    raise UnknownPart(f"no Part is named {name!r}{hint}")


def use(changes: Mapping[str, Callable | None]) -> None:
    """Put new functions into Parts, for every caller at once. None brings the default back.

    All contracts run before anything changes: a refused function leaves everything as it was.
    Raises UnknownPart (a KeyError), TypeError for what cannot be called, ContractError.
    """
    checked(changes)
    bodies: dict[Part, Callable] = {}
    for name, function in changes.items():
        target = named(name)
        if function is None:
            function = target.default
        function = getattr(function, "current", function)
        if not callable(function):
            raise TypeError(f"{name} needs a function, got {type(function).__name__}")
        if target.contract is not None and function is not target.default:
            target.contract(function)
        bodies[target] = function
    for target, function in bodies.items():
        target.current = function
    Part.version += 1


def checked(changes: Any) -> None:
    """Raise TypeError unless the changes are names with functions."""
    if not isinstance(changes, Mapping):
        given = list(changes) if isinstance(changes, set | list | tuple) else [changes]
        name = next((n for n in given if isinstance(n, str)), "gradient.mul")
        got = type(changes).__name__
        raise TypeError(f"use needs names with functions, got a {got}\nTry {{{name!r}: mine}}")


@contextmanager
def using(changes: Mapping[str, Callable | None]) -> Iterator[None]:
    """Like `use`, for the length of a `with` block."""
    checked(changes)
    before = {name: named(name).current for name in changes}
    use(changes)
    try:
        yield
    finally:
        for name, function in before.items():
            Part.table[name].current = function
        Part.version += 1


OWN: dict[str, tuple[int, bool]] = {}  # prefix -> Part.version, and what was found then


def all_own(prefix: str) -> bool:
    """Whether tinylearn's own functions run in all Parts whose names start with `prefix`."""
    known = OWN.get(prefix)
    if known is None or known[0] != Part.version:
        own = all(p.is_default for name, p in Part.table.items() if name.startswith(prefix))
        OWN[prefix] = known = Part.version, own
    return known[1]


def bodies(prefix: str) -> tuple[Callable, ...]:
    """The functions now running in the Parts whose names start with `prefix`."""
    return tuple(p.current for name, p in Part.table.items() if name.startswith(prefix))


class PartsList:
    """Every Part and whose function it runs: print it, or let a notebook show it."""

    def __init__(self) -> None:
        self.rows = [(p.name, p.is_default, p.says) for p in Part.table.values()]

    @property
    def yours(self) -> list[str]:
        """The names of the Parts that do not run tinylearn's own function."""
        return [name for name, is_default, _ in self.rows if not is_default]

    def __repr__(self) -> str:
        width = max(len(name) for name, _, _ in self.rows)
        lines = [
            f"{'tinylearn' if is_default else 'yours':10}{name:{width + 2}}{says}"
            for name, is_default, says in self.rows
        ]
        return "\n".join([f"{len(self.yours)} of {len(self.rows)} parts are yours", *lines])


def parts() -> PartsList:
    """Whose code is running: all Parts, with those that are yours counted."""
    return PartsList()
