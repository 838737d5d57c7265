"""What languages of C's family differ in, as a table; and numbers and places, which they share."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tinylearn.graph.dtype import DType
from tinylearn.loops.index import Divided, Index, Looked, Variable, Within
from tinylearn.loops.statements import Guard


@dataclass(frozen=True)
class Grid:
    """How a language names what runs at once.

    block, thread   where a thread is: {axis}, {number} of the axis
    shared          an array that a block sees: {type}, {name}, {size}
    barrier         a line at which all threads of a block wait
    atomic          a line that adds up: {place}, {value}; "": there is none
    """

    block: str
    thread: str
    shared: str
    barrier: str
    atomic: str


@dataclass(frozen=True)
class Dialect:
    """In what languages of C's family differ.

    types     the type of a number in memory, by dtype
    values    the type of a number in a variable, where it is another one
    literals  how a number is written, by dtype; {} is its text in C
    infinite  what infinity and no number are called
    function  the first line: {name}, {arguments}
    argument  one pointer: {const}, {type}, {name}
    local     an array of one thread: {type}, {name}, {size}
    loop      the first line of a loop: {v}, {n}, {whole} (the type of its variable)
    last      what stands at the end where something was stored past the cache
    grid      how blocks and threads are named; None: there is one thread
    """

    types: Mapping[str, str]
    values: Mapping[str, str]
    literals: Mapping[str, str]
    infinite: tuple[str, str]
    function: str
    argument: str
    local: str
    loop: str
    last: str = ""
    grid: Grid | None = None


# ---------------------------------------------------------------- numbers and places


def literal(value: float | int | bool, dtype: DType, dialect: Dialect) -> str:
    """A constant as text."""
    if dtype.kind == 0:
        return str(int(value))
    if dtype.is_float:
        value = float(value)
        infinite, none = dialect.infinite
        if math.isnan(value):
            return none
        if math.isinf(value):
            return infinite if value > 0 else f"-{infinite}"
        return dialect.literals[dtype.name].format(repr(value))
    least = -(2 ** (8 * dtype.itemsize - 1))
    if value == least:  # its digits alone are too large a number for the sign to come after
        return f"({dialect.literals[dtype.name].format(least + 1)} - 1)"
    return dialect.literals[dtype.name].format(value)


def index_text(index: Index) -> str:
    """An index as text."""
    parts = []
    for atom, factor in index.terms:
        assert not isinstance(atom, Within), "lower releases every index that it writes down"
        match atom:
            case Variable(name) | Looked(name):
                text = name
            case _:
                text = divided_text(atom)
        parts.append(text if factor == 1 else f"{factor}*{text}")
    if index.constant or not parts:
        parts.append(str(index.constant))
    return " + ".join(parts).replace("+ -", "- ")


def divided_text(atom: Divided) -> str:
    """// and % as text. C rounds towards 0, so what may be negative is lifted above 0 first."""
    lift = -(min(atom.of.low, 0) // atom.by)
    text = f"(({index_text(atom.of + lift * atom.by)}) {atom.op[0]} {atom.by})"
    return f"({text} - {lift})" if lift and atom.op == "//" else text


def guard_text(guards: Sequence[Guard]) -> str:
    """The condition under which a number lies inside."""
    tests = []
    for g in guards:
        text = index_text(g.index)
        if g.index.low < 0:
            tests.append(f"({text} >= 0)")
        if g.index.high >= g.size:
            tests.append(f"({text} < {g.size})")
    return " & ".join(tests) or "1"
