"""What threads do wrong, in words: who, where, on which line, and one repair."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tinylearn.errors import TinylearnError
from tinylearn.loops.statements import Memory


class SimulatorError(TinylearnError, RuntimeError):
    """A kernel did what would go wrong on a GPU, today or another day."""


class RaceError(SimulatorError):
    """Two threads touch one place, one of them writes, and nothing says who comes first."""


class BoundsError(SimulatorError, IndexError):
    """A thread touches a place outside of an array."""


class BarrierError(SimulatorError):
    """Some threads of a block wait at a barrier that others never reach."""


@dataclass(frozen=True)
class Who:
    """One thread: (x, y, z) of its block and of itself, and the line it is at."""

    block: tuple[int, ...]
    thread: tuple[int, ...]
    line: str

    def __str__(self) -> str:
        return f"block {self.block}, thread {self.thread}"


def strides(shape: tuple[int, ...]) -> tuple[int, ...]:
    """How many numbers lie between neighbours along each axis.

    >>> strides((4, 3, 2))
    (6, 2, 1)
    """
    steps = [1]
    for n in reversed(shape[1:]):
        steps.append(steps[-1] * n)
    return tuple(reversed(steps)) if shape else ()


def where(m: Memory, place: int) -> str:
    """A place as it is written in a program.

    >>> from tinylearn.graph.dtype import float32
    >>> where(Memory("a", float32, (4, 8)), 10), where(Memory("a", float32, (4, 8)), -1)
    ('a[1, 2]', 'a[-1]')
    """
    if not 0 <= place < m.size or len(m.shape) < 2:
        return f"{m.name}[{place}]"
    return f"{m.name}[{', '.join(str(int(k)) for k in np.unravel_index(place, m.shape))}]"


def outside(m: Memory, place: int, who: Who, verb: str) -> BoundsError:
    """A place that is not there."""
    numbers = "1 number" if m.size == 1 else f"{m.size} numbers"
    says = f"a thread {verb} place {place} of {m.name}, which has {numbers}"
    near = f"0 <= place < {m.size}" if place < 0 else f"place < {m.size}"
    return BoundsError(
        f"{says}\n    {m.name}   shape {m.shape}, strides {strides(m.shape)}\n"
        f"    {who}   {who.line}\n"
        f"Try an `if` around it that holds where {near}"
    )


def race(
    m: Memory, place: int, now: tuple[str, Who], before: tuple[str, Who], crowd: bool
) -> RaceError:
    """Two threads at one place; each with what it does.

    crowd   whether several threads do the later thing there at once
    """
    size = m.dtype.itemsize
    apart = now[1].block != before[1].block
    why = "blocks run in any order" if apart else "no barrier stands between"
    lines = [f"two threads touch {where(m, place)}, one of them writes, and {why}"]
    for verb, who in (before, now):
        lines.append(f"    {who} {verb} it   {who.line}")
    space = "global" if m.space == "argument" else m.space
    lines.append(f"    {space} memory {m.name}, byte {place * size} of {m.size * size}")
    same = now[1].line == before[1].line
    lines.append(f"Try {repair(apart, same, now[0], before[0], crowd)}")
    return RaceError("\n".join(lines))


def repair(apart: bool, same: bool, now: str, before: str, crowd: bool) -> str:
    """What keeps two threads from meeting.

    apart, same   whether their blocks are different ones, whether they are on one line
    now, before   what each does
    """
    if apart:
        return "a place of its own for each block, or tl.atomic_add"
    if not same:
        return "tl.barrier() between these two lines"
    if crowd or now == before:
        return "a place of its own for each thread, or tl.atomic_add"
    if before == "reads":
        return "a name for what is read, then tl.barrier(), then the line that writes"
    return "tl.barrier() at the end of each round of the loop"


def missed_barrier(here: int, all_of_them: int, absent: Who) -> BarrierError:
    """A barrier that some threads of a block never reach; one of them."""
    says = f"{here} of {all_of_them} threads of block {absent.block} wait at a barrier"
    return BarrierError(
        f"{says} that the others never reach\n"
        f"    thread {absent.thread} is one of them   {absent.line}\n"
        "Try the barrier outside of the if, where all threads come by"
    )
