"""Parts: the pieces of the framework that a student may replace, each under a name.

part = Part("gradient.mul", rule)      rule stays callable through part(...)
use({"gradient.mul": mine})            from now on every caller runs `mine`
with using({"gradient.mul": mine}):    for one block only
"""

from __future__ import annotations

import difflib
import importlib
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar

from tinylearn.changes import Change, alone_on, change, free_in_child, run_once

run_once(globals())


class ContractError(ValueError):
    """A function that was offered for a Part does not do what the Part must do."""


class UnknownPart(KeyError):
    """No Part has this name."""

    __str__ = Exception.__str__  # a KeyError's own shows the sentence in quotes


class Part:
    """A function under a name. Calling the Part calls its current body.

    default    tinylearn's own function
    current    the function that runs
    blocks     (block, function) of each `using` that is open, the first with what ran before them
    contract   a check that a replacement must pass before it is let in: it is called with
               the new function and raises ContractError with the first broken promise

    A cell or a module that makes a Part and is run again gives that same Part a new default.

    table      the Parts that are there, by name; one whose module nobody imported yet comes when
               it is asked for
    promised   what finds the contract of a Part that is made
    """

    table: ClassVar[Table]
    promised: ClassVar[Callable[[str], Callable[[Callable], None] | None]]
    version = 0  # counts replacements: what was derived from older bodies is out of date

    name: str
    default: Callable
    current: Callable
    blocks: tuple[tuple[object, Callable], ...] = ()
    contract: Callable[[Callable], None] | None = None

    def __new__(cls, name: str, default: Callable) -> Part:
        known = Part.table.get(name)
        if known is None:
            return super().__new__(cls)
        if getattr(known.default, "__module__", "") != getattr(default, "__module__", ""):
            says = f"there is a Part named {name} already"
            raise ValueError(f"{says}\nTry tl.use({{{name!r}: {called(default)}}})")
        return known

    def __init__(self, name: str, default: Callable):
        if name in Part.table:
            alone_on(CHANGING, self.renew, default)
        else:
            self.name, self.default, self.current = name, default, default
            self.contract = Part.promised(name)
            Part.table[name] = self

    def renew(self, default: Callable) -> None:
        """Run another default from now on; what `use` and `using` have put in stays."""
        old = self.default
        blocks = tuple((block, default if f is old else f) for block, f in self.blocks)
        current = default if self.current is old else self.current
        replace([(self, "default", default), (self, "blocks", blocks), (self, "current", current)])

    def __reduce__(self) -> tuple:
        """A copy, also one that was pickled, is the Part of this name."""
        return found, (self.name, self.default.__module__)

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


class Table(dict[str, Part]):
    """Parts by name. `homes` says where those are made whose modules are imported late.

    homes   how a Part's name begins -> the module that makes it
    """

    def __init__(self) -> None:
        super().__init__()
        self.homes: dict[str, str] = {}

    def __missing__(self, name: str) -> Part:
        for beginning, module in self.homes.items():
            if name.startswith(beginning):
                importlib.import_module(module)
        if name in self:
            return self[name]
        raise KeyError(name)

    def whole(self) -> Table:
        """The table with every Part in it: all modules that make some are imported now."""
        for module in dict.fromkeys(self.homes.values()):
            importlib.import_module(module)
        return self


Part.table = Table()
Part.promised = lambda name: None


def part(name: str) -> Callable[[Callable], Part]:
    """Decorator: make the function a Part named `name`."""
    return lambda function: Part(name, function)


def called(function: Callable) -> str:
    """What to call a function in a repair."""
    name = getattr(function, "__name__", "mine")
    return name if name.isidentifier() else "mine"


def named(name: str) -> Part:
    """The Part called `name`; an unknown name raises UnknownPart and offers the nearest."""
    try:
        return Part.table[name]
    except KeyError:
        near = difflib.get_close_matches(name, Part.table.whole(), n=1, cutoff=0.4)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    raise UnknownPart(f"no Part is named {name!r}{hint}")


def found(name: str, module: str) -> Part:
    """The Part called `name`, which that module makes."""
    if name not in Part.table:
        importlib.import_module(module)
    return named(name)


def use(changes: Mapping[str, Callable | None]) -> None:
    """Put new functions into Parts, for every caller at once. None brings the default back.

    All contracts run before anything changes: a refused function leaves everything as it was.
    Raises UnknownPart (a KeyError), TypeError for what cannot be called, ContractError.
    """
    alone_on(CHANGING, put, replacements(changes))


def replacements(changes: Mapping[str, Callable | None]) -> dict[Part, Callable]:
    """The function for each Part, if all of them may go in."""
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
    return bodies


def checked(changes: Any) -> None:
    """Raise TypeError unless the changes are names with functions."""
    if not isinstance(changes, Mapping):
        given = list(changes) if isinstance(changes, set | list | tuple) else [changes]
        name = next((n for n in given if isinstance(n, str)), "gradient.mul")
        got = type(changes).__name__
        raise TypeError(f"use needs names with functions, got a {got}\nTry {{{name!r}: mine}}")


@contextmanager
def using(changes: Mapping[str, Callable | None]) -> Iterator[None]:
    """Like `use`, for the length of a `with` block: in all threads, which may leave in any order.

    Where several blocks hold a Part, the one entered last counts.
    """
    bodies, block = replacements(changes), object()
    try:
        alone_on(CHANGING, put, bodies, block)
        yield
    finally:
        alone_on(CHANGING, take_away, block)


# ---------------------------------------------------------------- how it is done


CHANGING = threading.RLock()
free_in_child(CHANGING)


def put(bodies: Mapping[Part, Callable], block: object = None) -> None:
    """Let the functions run, for a block or (None) for as long as the innermost block lasts."""
    changes: list[Change] = []
    for part, function in bodies.items():
        blocks = part.blocks
        if block is not None:
            blocks = (*(blocks or ((None, part.current),)), (block, function))
        elif blocks:
            blocks = (*blocks[:-1], (blocks[-1][0], function))
        changes += [(part, "blocks", blocks), (part, "current", function)]
    replace(changes)


def take_away(block: object) -> None:
    """Let run what would run if this block had not been."""
    changes: list[Change] = []
    for part in list(Part.table.values()):
        left = tuple(b for b in part.blocks if b[0] is not block)
        if len(left) < len(part.blocks):
            changes += [(part, "current", left[-1][1]), (part, "blocks", left if left[1:] else ())]
    replace(changes)


def replace(changes: Sequence[Change]) -> None:
    """Change Parts, and count it: all as one step."""
    change([*changes, (Part, "version", Part.version + 1)])


OWN: dict[str, tuple[int, bool]] = {}  # prefix -> Part.version, and what was found then


def all_own(prefix: str) -> bool:
    """Whether tinylearn's own functions run in all Parts whose names start with `prefix`."""
    known = OWN.get(prefix)
    if known is None or known[0] != Part.version:
        version = Part.version  # before they are looked at: what changes meanwhile is found later
        parts = list(Part.table.items())
        own = all(p.is_default for name, p in parts if name.startswith(prefix))
        OWN[prefix] = known = version, own
    return known[1]


def bodies(prefix: str) -> tuple[Callable, ...]:
    """The functions now running in the Parts whose names start with `prefix`."""
    return tuple(p.current for name, p in list(Part.table.items()) if name.startswith(prefix))


class PartsList:
    """Every Part and whose function it runs: print it, or let a notebook show it."""

    def __init__(self) -> None:
        self.rows = [(p.name, p.is_default, p.says) for p in Part.table.whole().values()]

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
