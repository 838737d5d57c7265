"""The program of one thread as a tree: between two barriers stands a loop over threads.

    s[thread.x] = x[i]              for tx in 32, thread.x
    barrier()                           t0 = in0[...]
    out[i] = s[31 - thread.x]           s[tx] = t0
                                    barrier
                                    for tx in 32, thread.x
                                        t1 = s[31 - tx]  ...

A loop around a barrier stays outside, and what stands in it is cut up in the same way.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from tinylearn.loops.index import Index, Variable, flat, variable
from tinylearn.loops.phases import Launch
from tinylearn.loops.tree import BLOCKS, THREADS, Barrier, Body, If, Loop, Statement


@dataclass(frozen=True)
class Row:
    """A statement, the line of Python that it stands for, and the rows inside it.

    other   whether it is an else: the other way of a branch that its if counts as one
    """

    statement: Statement
    line: int
    inside: tuple[Row, ...] = ()
    other: bool = False

    @property
    def waits(self) -> bool:
        """Whether it is a barrier, or one is inside."""
        return isinstance(self.statement, Barrier) or any(row.waits for row in self.inside)


THREAD_NAMES = ("tx", "ty", "tz")
BLOCK_NAMES = ("bx", "by", "bz")


def places(launch: Launch) -> dict[str, Index]:
    """The loop variable of each axis as a place: "thread.x" and so on."""
    sizes = zip((*BLOCKS, *THREADS), (*launch.blocks, *launch.threads), strict=True)
    names = (*BLOCK_NAMES, *THREAD_NAMES)
    return {kind: variable(name, n) for name, (kind, n) in zip(names, sizes, strict=True)}


def thread_number(launch: Launch) -> Index:
    """Which of its block's threads a thread is: x runs fastest."""
    found = places(launch)
    return flat(tuple(found[k] for k in reversed(THREADS)), tuple(reversed(launch.threads)))


def loops(names: Sequence[str], kinds: Sequence[str], sizes: Sequence[int]) -> list[Loop]:
    """The loops along axes of more than one, z outermost; along x if there is no other."""
    chosen = [k for k, n in enumerate(sizes) if n > 1] or [0]
    return [Loop(Variable(names[k], sizes[k]), (), kinds[k]) for k in reversed(chosen)]


def cut(rows: Sequence[Row], launch: Launch) -> tuple[Row, ...]:
    """Rows with loops over threads around what stands between barriers."""
    made: list[Row] = []
    for waits, group in groupby(rows, key=lambda row: row.waits):
        found = tuple(group)
        if waits:
            made += [replace(row, inside=cut(row.inside, launch)) for row in found]
            continue
        inside = found
        for loop in reversed(loops(THREAD_NAMES, THREADS, launch.threads)):
            inside = (Row(loop, found[0].line, inside),)
        made += inside
    return tuple(made)


def whole_program(
    made: Sequence[Row], rows: Sequence[Row], launch: Launch, line: int
) -> tuple[Row, ...]:
    """The rows of a kernel inside its loops over blocks, after the memory that is made first."""
    inside = (*made, *cut(rows, launch))
    for loop in reversed(loops(BLOCK_NAMES, BLOCKS, launch.blocks)):
        inside = (Row(loop, line, inside),)
    return inside


def body_of(rows: Sequence[Row]) -> Body:
    """The statements of rows."""
    return tuple(
        replace(row.statement, body=body_of(row.inside))
        if isinstance(row.statement, Loop | If)
        else row.statement
        for row in rows
    )


def in_order(rows: Sequence[Row]) -> Iterator[Row]:
    """All rows in the order of the tree's text."""
    for row in rows:
        yield row
        yield from in_order(row.inside)
