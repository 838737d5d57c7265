"""WHAT a kernel computes, as loops around loops: the reduction in the middle, the rest around it.

    for each value of the outer variables:
        totals start
        for each value of the reduced variables:
            inner statements; totals take their value in
        outer statements, which may use the totals

A kernel without a reduction has outer statements only. One that makes several passes over each row
has them in its outer loops, each a nest of its own:

    for each value of the outer variables:
        fresh memory for what passes leave to those after them
        the first pass, the second pass, ...

HOW the loops run is the tree's: tree.py.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from tinylearn.changes import run_once
from tinylearn.graph.dtype import DType
from tinylearn.graph.node import Node
from tinylearn.graph.primitives import Primitive
from tinylearn.loops.index import Index, Variable
from tinylearn.loops.statements import (
    Guarded,
    Let,
    Load,
    Memory,
    Statement,
    Store,
    with_indices,
    zero,
)

run_once(globals())


@dataclass(frozen=True)
class Total:
    """What a reduction collects: name = op(name, value) in each round."""

    name: str
    op: Primitive
    value: str
    dtype: DType
    node: Node | None = None

    @property
    def start(self) -> float | int | bool:
        """What the total is before the first round."""
        if self.op.name == "sum":
            return zero(self.dtype).value
        if self.dtype.is_float:
            return -np.inf
        return False if self.dtype.kind == 0 else int(np.iinfo(self.dtype.numpy).min)


@dataclass(frozen=True)
class Nest:
    """The loops of one kernel.

    arguments   the memory it is given: what it writes (out0, out1, ...), then what it reads
    written     the names of what it writes
    passes      what is done to each row, if it makes several passes: then nothing else is
    kept        what passes leave to those after them: a row of it, or one number
    """

    arguments: tuple[Memory, ...]
    written: tuple[str, ...]
    outer_loops: tuple[Variable, ...]
    reduced_loops: tuple[Variable, ...]
    inner: tuple[Statement, ...]
    totals: tuple[Total, ...]
    outer: tuple[Statement, ...]
    passes: tuple[Nest, ...] = ()
    kept: tuple[Memory, ...] = ()

    @property
    def memory(self) -> dict[str, Memory]:
        """The arguments by name."""
        return {m.name: m for m in self.arguments}

    @property
    def parts(self) -> tuple[Nest, ...]:
        """Its passes; a nest of one pass is that itself."""
        return self.passes or (self,)

    @property
    def loads(self) -> list[Load]:
        """Every load, inner and outer."""
        lets = [s for s in self.inner + self.outer if isinstance(s, Let)]
        return [s.expression for s in lets if isinstance(s.expression, Load)]

    @property
    def stores(self) -> list[Store]:
        """Every store, inner and outer."""
        return [s for s in self.inner + self.outer if isinstance(s, Store)]

    @property
    def is_strided(self) -> bool:
        """Whether every access is a plain strided walk: no guard, no // and no %."""
        guarded = any(
            isinstance(s, Let) and isinstance(s.expression, Guarded)
            for s in self.inner + self.outer
        )
        loads = self.loads
        places = [*(s.place for s in self.stores), *(load.place for load in loads)]
        return (
            not self.passes
            and not guarded
            and not any(load.guards for load in loads)
            and all(place.is_affine for place in places)
        )


def with_all_indices(nest: Nest, change: Callable[[Index], Index]) -> Nest:
    """The nest with `change` applied to each index in it."""
    return replace(
        nest,
        inner=tuple(with_indices(s, change) for s in nest.inner),
        outer=tuple(with_indices(s, change) for s in nest.outer),
    )
