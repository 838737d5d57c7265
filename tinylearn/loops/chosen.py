"""Transforms that somebody chose for one kernel, by hand or by trying, instead of the recipe's.

    moves = (("split", ("i", 64, "plain")), ("vectorize", ("ii",)))
    use({"recipe.chosen": Chosen().also(tree, moves)})

Nobody can choose wrong numbers: a move is a transform, and those keep them. Where one of them is
refused after all (a transform may be replaced meanwhile), the recipe decides as ever.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from tinylearn.loops.text import shown
from tinylearn.loops.tree import Function, Refused
from tinylearn.parts import Part

Move = tuple[str, tuple[Any, ...]]  # the name of a transform, and its arguments
Moves = tuple[Move, ...]


@dataclass(frozen=True)
class Step:
    """One transform as it was applied: its Part, its arguments, the tree before and after."""

    transform: Part
    arguments: tuple[Any, ...]
    before: Function
    after: Function

    @property
    def move(self) -> Move:
        """The same without the trees."""
        return self.transform.name.removeprefix("loops."), self.arguments

    def __str__(self) -> str:
        words = [" ".join(a) if isinstance(a, tuple) else str(a) for a in self.arguments]
        return f"{self.transform.name.removeprefix('loops.')}({', '.join(words)})"


@dataclass
class Cook:
    """A function on its way through transforms, with a Step for each."""

    function: Function
    steps: list[Step] = field(default_factory=list)

    def do(self, transform: Part, *arguments: Any) -> None:
        """Apply one transform."""
        after = transform(self.function, *arguments)
        self.steps.append(Step(transform, arguments, self.function, after))
        self.function = after

    @property
    def moves(self) -> Moves:
        """What was done, as somebody could choose it."""
        return tuple(step.move for step in self.steps)


def after_moves(function: Function, moves: Sequence[Move]) -> Cook:
    """The function after these moves; raises Refused with the reason of the first that is."""
    cook = Cook(function)
    for name, arguments in moves:
        cook.do(Part.table[f"loops.{name}"], *arguments)
    return cook


def key(function: Function) -> str:
    """What a kernel is known by: the text of its plain tree, whatever its number in a plan."""
    return shown(replace(function, name="kernel"))


def for_threads(moves: Sequence[Move]) -> bool:
    """Whether moves make a tree for a GPU."""
    return any(name == "bind" for name, _ in moves)


@dataclass(frozen=True)
class Chosen:
    """Loops that were chosen by hand for some kernels; the recipe decides for all others.

    rows   (key of a kernel, whether it runs on the threads of a GPU, its moves)
    """

    rows: tuple[tuple[str, bool, Moves], ...] = ()

    def __call__(self, function: Function, threads: bool) -> Moves | None:
        known = key(function)
        return next((m for k, t, m in self.rows if (k, t) == (known, threads)), None)

    def also(self, function: Function, moves: Moves) -> Chosen:
        """The same, with moves for one more kernel."""
        row = key(function), for_threads(moves), moves
        return Chosen((*(r for r in self.rows if r[:2] != row[:2]), row))


def nobody(function: Function, threads: bool) -> Moves | None:
    """Nobody has chosen any kernel's loops: the recipe decides.

    function   a kernel's plain tree
    threads    whether it will run on the threads of a GPU
    """
    return None


CHOSEN = Part("recipe.chosen", nobody)


def by_choice(function: Function, threads: bool = False) -> Cook | None:
    """A plain tree after the moves that were chosen for it by hand; None where nobody chose."""
    return carried_out(function, CHOSEN(function, threads))


def carried_out(function: Function, moves: Moves | None) -> Cook | None:
    """A plain tree after some moves; None without any, and where one of them does not go.

    That may be so though it went once: transforms are replaced, and what was kept is older.
    """
    try:
        return None if moves is None else after_moves(function, moves)
    except (Refused, KeyError, TypeError):
        return None
