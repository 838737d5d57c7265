"""Registers of threads: a tree has one array for all of them, a machine one variable for each.

    register t[4]                          register t[1]     each thread has one
    for x in 4, thread.x                   for x in 4, thread.x
        t[x] = t0                              t[0] = t0

The first form runs one round after the other; the second is what every GPU language writes.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

from tinylearn.loops.index import Divided, Index, Variable
from tinylearn.loops.run import Broken
from tinylearn.loops.statements import Let, Memory
from tinylearn.loops.tree import (
    THREADS,
    Allocate,
    Body,
    Function,
    If,
    Loop,
    Statement,
    accessed,
    moved,
    statements,
)

Kinds = dict[Variable, str]


def private(function: Function) -> Function:
    """The tree in which each register is one thread's own: its place has no thread in it.

    Raises   Broken where a register belongs to one thread here and to another there
    """
    return replace(function, body=made_private(function.body, thread_loops(function.body)))


def thread_loops(body: Body) -> Kinds:
    """The loops over threads, each with its axis."""
    loops = [s for s in statements(body) if isinstance(s, Loop)]
    return {s.variable: s.kind for s in loops if s.kind in THREADS}


def made_private(body: Body, threads: Kinds) -> Body:
    """The body with its registers, and those inside of it, without threads in their places."""
    made: list[Statement] = []
    rest = body
    while rest:
        s, rest = rest[0], rest[1:]
        match s:
            case Allocate(m) if m.space in ("register", "local"):
                s, rest = one_thread(m, rest, threads)
            case Loop(_, _, kind) if kind in THREADS:  # what is made inside is private already
                pass
            case Loop() | If():
                s = replace(s, body=made_private(s.body, threads))
        made.append(s)
    return tuple(made)


def one_thread(m: Memory, rest: Body, threads: Kinds) -> tuple[Allocate, Body]:
    """A register as one thread has it, and what follows with the places in it."""
    found = list(accesses(m.name, rest, inside=False))
    parts = {thread_part(place, threads) for _, place, _ in found}
    if len(parts) > 1:
        two = " and ".join(sorted(" + ".join(f"{f}*{k}" for k, f in p) or "0" for p in parts)[:2])
        raise Broken(f"{m.name} belongs to other threads here than there: to {two}")
    if parts <= {()}:
        if any(inside and not isinstance(s, Let) for s, _, inside in found) and threads:
            raise Broken(f"every thread writes {m.name}, which has no place for each of them")
        return Allocate(m), rest
    own = {id(place): without_threads(place, threads) for _, place, _ in found}
    steps = [f for place in own.values() for _, f in place.terms]
    step = math.gcd(*steps, *(place.constant for place in own.values())) or 1
    size = 1 + max(place.high for place in own.values()) // step

    def change(place: Index) -> Index:
        return without_threads(place, threads) // step

    return Allocate(replace(m, shape=(size,))), moved(rest, m.name, change)


def accesses(memory: str, body: Body, inside: bool) -> Iterator[tuple[Statement, Index, bool]]:
    """(statement, place, whether inside a loop over threads) for each use of a memory."""
    for s in body:
        found = accessed(s)
        if found is not None and found[0] == memory:
            yield s, found[1], inside
        if isinstance(s, Loop | If):
            if any(isinstance(t, Allocate) and t.memory.name == memory for t in s.body):
                continue  # another one of that name
            deeper = isinstance(s, Loop) and s.kind in THREADS
            yield from accesses(memory, s.body, inside or deeper)


def thread_part(place: Index, threads: Kinds) -> tuple[tuple[str, int], ...]:
    """How a place moves with the threads: (axis, how far) pairs."""
    for atom, _ in place.terms:
        if isinstance(atom, Divided) and atom.of.variables & set(threads):
            raise Broken(f"{place} is a register's place: // and % hide whose it is")
    moves = [(threads[a], f) for a, f in place.terms if isinstance(a, Variable) and a in threads]
    return tuple(sorted(moves))


def without_threads(place: Index, threads: Kinds) -> Index:
    """A place as thread 0 has it."""
    kept = tuple((a, f) for a, f in place.terms if a not in threads)
    return Index(kept, place.constant)
