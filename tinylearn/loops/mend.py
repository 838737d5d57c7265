"""What to do instead of a transform that was refused: found by trying, so it works when pasted.

    vectorize("i") of 784 rounds   ->   split("i", 16, "overlap"), vectorize("ii")

Tried are other names, what usually goes before, and the same transform some moves earlier. What
changes nothing is no help.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator
from itertools import combinations

from tinylearn.loops.chosen import Move, Moves, after_moves
from tinylearn.loops.transforms.split import RESTS
from tinylearn.loops.transforms.ways import LANES
from tinylearn.loops.tree import Function, Loop, Refused, statements

Judge = Callable[[Function], object]  # raises Refused for a tree that will not do


def loop_sizes(function: Function) -> dict[str, int]:
    """The loops of a tree by name, outer ones first, with their rounds."""
    loops = [s.variable for s in statements(function.body) if isinstance(s, Loop)]
    return {v.name: max(w.size for w in loops if w.name == v.name) for v in loops}


def mended(
    function: Function, moves: Moves, wanted: Move | None, judge: Judge = lambda tree: None
) -> Moves | None:
    """Moves that do what was wanted, or nearly; None if nothing that is tried fits.

    function   the tree before all moves
    moves      what was done to it
    wanted     what was refused then; None if the tree itself will not do, says the judge
    """
    now = after_moves(function, moves).function
    tried = without_registers(now, moves) if wanted is None else instead(now, moves, wanted)
    for candidate in tried:
        try:
            tree = after_moves(function, candidate).function
            judge(tree)
        except (Refused, TypeError):
            continue
        if tree != now:
            return candidate
    return None


def instead(now: Function, moves: Moves, wanted: Move) -> Iterator[Moves]:
    """Moves to try where one was refused."""
    name, arguments = wanted
    for fixed in with_other_names(now, arguments):
        yield (*moves, (name, fixed))
    loop = arguments[0] if arguments else ""
    if name == "split":
        for by in (arguments[1], 4):
            yield from ((*moves, ("split", (loop, by, rest))) for rest in RESTS)
    if name == "sink" and loop in loop_sizes(now):
        yield (*moves, ("sink", (loop, inside(now, loop))))
    if name == "vectorize" and loop in loop_sizes(now):
        yield from ((*moves, *more) for more in vectors(now, loop))
    for k in reversed(range(len(moves))):
        yield (*moves[:k], wanted, *moves[k:])


def with_other_names(now: Function, arguments: tuple) -> Iterator[tuple]:
    """The arguments with each name that no loop has replaced by the nearest, then by any other."""
    known = loop_sizes(now)
    wrong = {a for a in each_name(arguments) if isinstance(a, str) and a not in known}
    for name in sorted(wrong):
        for other in difflib.get_close_matches(name, known, n=len(known), cutoff=0.0):
            yield tuple(put(a, name, other) for a in arguments)


def each_name(arguments: tuple) -> Iterator[object]:
    """The arguments, and what tuples among them hold."""
    for a in arguments:
        yield from a if isinstance(a, tuple) else (a,)


def put(argument: object, name: str, other: str) -> object:
    """An argument with one name instead of another."""
    if isinstance(argument, tuple):
        return tuple(put(a, name, other) for a in argument)
    return other if argument == name else argument


def vectors(now: Function, name: str) -> Iterator[Moves]:
    """What usually goes before a vector: a block as long as one, moved inside all other loops."""
    size = loop_sizes(now)[name]
    past = inside(now, name)
    if size in LANES:
        yield ("sink", (name, past)), ("vectorize", (name,))
    for lanes in (n for n in reversed(LANES) if n < size):
        for rest in ("tile", "overlap", "plain"):
            block: Move = ("split", (name, lanes, rest))
            yield block, ("vectorize", (f"{name}i",))
            yield block, ("sink", (f"{name}i", past)), ("vectorize", (f"{name}i",))


def inside(now: Function, name: str) -> tuple[str, ...]:
    """The loops inside those of a name, outer ones first."""
    found = [s for s in statements(now.body) if isinstance(s, Loop) and s.variable.name == name]
    loops = [t for s in found for t in statements(s.body) if isinstance(t, Loop)]
    return tuple(dict.fromkeys(t.variable.name for t in loops))


def without_registers(now: Function, moves: Moves) -> Iterator[Moves]:
    """Moves to try where registers have places that only a loop knows: no loop, or no registers."""
    loops = [s for s in statements(now.body) if isinstance(s, Loop) and s.kind == "serial"]
    names = dict.fromkeys(s.variable.name for s in loops)
    for count in (1, 2):
        for chosen in combinations(names, count):
            yield (*moves, *(("unroll", (name,)) for name in chosen))
    yield tuple((n, (*a[:2], "local")) if n == "sink" else (n, a) for n, a in moves)
