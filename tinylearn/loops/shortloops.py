"""Short loops written out: each round becomes statements of its own.

A loop of two or three rounds costs more than the work in it. Once the number of a round is known,
so are some guards: what certainly lies inside needs no test, what certainly lies outside is 0.

    for r in 0..1:  t = in[2*i + r];  total = total + t
    t_0 = in[2*i];  t_1 = in[2*i + 1];  total_1 = t_0 + t_1
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import product

from tinylearn.graph.primitives import ADD
from tinylearn.loops.index import Variable, number
from tinylearn.loops.machine import LONG_TEXT, MANY, SHORT_LOOP, SHORT_SUM
from tinylearn.loops.nest import Nest
from tinylearn.loops.product import is_product
from tinylearn.loops.statements import (
    MAXIMUM,
    Apply,
    Guard,
    Guarded,
    Let,
    Load,
    Statement,
    Store,
    indices,
    names_in,
    needed,
    renamed,
    with_indices,
    zero,
)

Loops = Sequence[Variable]


# ---------------------------------------------------------------- when


def is_short_reduction(nest: Nest) -> bool:
    """Whether the reduction takes a few numbers, and at least one, for each of many totals."""
    loops = nest.reduced_loops
    return (
        bool(loops)
        and all(0 < v.size <= SHORT_SUM for v in loops)
        and rounds(nest.outer_loops) >= MANY
        and rounds(loops) * len(nest.inner) <= LONG_TEXT
        and not any(isinstance(s, Store) for s in nest.inner)
        and not is_product(nest)
    )


def short_outer_loops(nest: Nest) -> Iterator[Variable]:
    """Short loops of a nest without a reduction that are innermost, or that guards ask about."""
    asked = {v for _, g in guards(nest.outer) for v in g.index.variables}
    for k, v in enumerate(nest.outer_loops):
        rest = rounds(nest.outer_loops) // max(v.size, 1)
        innermost = k == len(nest.outer_loops) - 1 and k > 0
        if v.size <= SHORT_LOOP and rest >= MANY and (innermost or v in asked):
            yield v


def guards(statements: Iterable[Statement]) -> Iterator[tuple[Statement, Guard]]:
    """Every guard, with the statement that it stands in."""
    for s in statements:
        match s:
            case Let(_, Load(_, _, found) | Guarded(_, found)):
                yield from ((s, g) for g in found)


def rounds(loops: Loops) -> int:
    """How many rounds these loops make together."""
    return math.prod(v.size for v in loops)


# ---------------------------------------------------------------- how


def without_reduction(nest: Nest) -> Nest:
    """The nest with its reduction written out: totals become sums (or maxima) of values."""
    once, each = copies(nest.inner, nest.reduced_loops)
    made, names = list(once), {t.name: "" for t in nest.totals}
    for k, (statements, called) in enumerate(each):
        made += statements
        for t in nest.totals:
            value, before = called.get(t.value, t.value), names[t.name]
            names[t.name] = f"{t.name}_{k}" if before else value
            if before:
                op = ADD if t.op.name == "sum" else MAXIMUM
                both = Apply(op, (before, value))
                made.append(Let(names[t.name], both, t.dtype, t.node))
    made += [renamed(s, names) for s in nest.outer]
    return replace(nest, reduced_loops=(), inner=(), totals=(), outer=settled(made))


def without_loop(nest: Nest, v: Variable) -> Nest:
    """The nest, which has no reduction, with an outer loop written out."""
    once, each = copies(nest.outer, (v,))
    made = [*once, *(s for statements, _ in each for s in statements)]
    loops = tuple(w for w in nest.outer_loops if w is not v)
    return replace(nest, outer_loops=loops, outer=settled(made))


def copies(
    statements: Sequence[Statement], loops: Loops
) -> tuple[list[Statement], list[tuple[list[Statement], dict[str, str]]]]:
    """What no loop changes, and for each round: its statements, and what it calls its values."""
    changing: dict[str, None] = {}
    once, again = [], []
    for s in statements:
        changes = any(v in i.variables for i in indices([s]) for v in loops)
        if changes or names_in(s) & changing.keys():
            again.append(s)
            changing |= {s.name: None} if isinstance(s, Let) else {}
        else:
            once.append(s)
    each = []
    for k, values in enumerate(product(*[range(v.size) for v in loops])):
        at = {v: number(value) for v, value in zip(loops, values, strict=True)}
        names = {name: f"{name}_{k}" for name in changing}
        here = [with_indices(s, lambda index, at=at: index.substitute(at)) for s in again]  # type: ignore[misc]
        each.append(([renamed(s, names) for s in here], names))
    return once, each


# ---------------------------------------------------------------- guards that are known


def settled(statements: Iterable[Statement]) -> tuple[Statement, ...]:
    """The statements without guards that always or never hold, and without adding their zeros."""
    zeros: set[str] = set()
    names: dict[str, str] = {}
    made: list[Statement] = []
    for statement in statements:
        s = renamed(statement, names)
        if isinstance(s, Let):
            match s.expression:
                case Load(_, _, found) | Guarded(_, found) if any(map(never, found)):
                    s = replace(s, expression=zero(s.dtype))
                    zeros.add(s.name)
                case Load(source, place, found):
                    s = replace(s, expression=Load(source, place, in_doubt(found)))
                case Guarded(value, found) if not in_doubt(found):
                    names[s.name] = value
                    continue
                case Guarded(value, found):
                    s = replace(s, expression=Guarded(value, in_doubt(found)))
                case Apply(op, (x, y)) if op is ADD and (x in zeros or y in zeros):
                    names[s.name] = x if y in zeros else y
                    continue
        made.append(s)
    return needed(made)


def never(guard: Guard) -> bool:
    """Whether no round holds it."""
    return guard.index.high < 0 or guard.index.low >= guard.size


def in_doubt(found: tuple[Guard, ...]) -> tuple[Guard, ...]:
    """The guards that some round may not hold."""
    return tuple(g for g in found if g.index.low < 0 or g.index.high >= g.size)
