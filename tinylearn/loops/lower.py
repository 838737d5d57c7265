"""Turns a kernel into loops: moves become index arithmetic, reductions become inner loops.

    Kernel (which nodes run together) -> lower() -> Nest (loops and what they compute)

A kernel over rows is lowered pass by pass. What a pass makes for a later one goes to memory of the
row: an array where a node has a number for each place of the row, a register where it has one.
"""

from __future__ import annotations

from dataclasses import replace

from tinylearn.graph.node import Node
from tinylearn.loops.index import Index, flat, number, variable
from tinylearn.loops.lowering import (
    Lowering,
    Place,
    arguments,
    loops_of,
    outer_index,
    unflattened,
)
from tinylearn.loops.nest import Nest
from tinylearn.loops.statements import Guard, Load, Memory, Statement, Store
from tinylearn.schedule.kernel import Kernel

PASS_NAMES = "rsuvwh"  # of the loops along a row: one letter for each pass
HERE = number(0)  # where a register is that holds one number


def lower(kernel: Kernel) -> Nest:
    """The loops of a kernel, before any transform.

    A loop for each axis of its first output, and inside them one for each reduced axis.
    """
    return RowLowering(kernel).run() if kernel.passes else Lowering(kernel, arguments(kernel)).run()


class PassLowering(Lowering):
    """The loops of one pass over the rows.

    before   how many values and totals have names before
    row      the place of a row among all, by the loops around all passes
    column   the place in a row, by the loops of this pass
    kept     what passes leave to those after them
    """

    def __init__(self, kernel: Kernel, rows: RowLowering, columns: Place):
        super().__init__(kernel, rows.memory, rows.values)
        self.total_count = rows.totals
        self.row, self.columns, self.kept = rows.row, columns, rows.kept
        self.column = flat(columns, tuple(v.size for v in loops_of(columns)))
        self.length = self.column.high + 1

    def run(self) -> Nest:
        """Lower the outputs; what lies along the row belongs to the loops of totals, if any."""
        totals = self.kernel.reduction is not None
        if totals:
            self.reduced = dict(enumerate(self.columns))
        for node in self.kernel.outputs:
            along = self.lies_along(node)
            place = self.row * self.length + self.column if along else self.row
            level = self.inner if totals and along else self.outer
            at, index, name = self.computed.get(node, (None, (), ""))
            if at is level:
                self.store(node, flat(index, node.shape), name, level)
            else:
                self.write(node, unflattened(place, node.shape), level)
        alone = not totals and any(map(self.lies_along, self.kernel.outputs))
        return self.nest(loops_of(self.columns) if alone else ())

    def lies_along(self, node: Node) -> bool:
        """Whether a node has a number for each place of the row."""
        return node.size == (self.row.high + 1) * self.length

    def in_row(self, node: Node) -> Index:
        """Where the number of this round lies in what a pass leaves of a node."""
        return self.column if self.lies_along(node) else HERE

    def rounds_of(self, x: Node, axes: tuple[int, ...]) -> dict[int, Index]:
        """The place in the row, by the axes that a reduction has for it."""
        index = unflattened(self.column, tuple(x.shape[a] for a in axes))
        return dict(zip(axes, index, strict=True))

    def store(self, node: Node, place: Index, value: str, level: list[Statement]) -> None:
        """Write a value to memory, and leave it to the passes that follow."""
        if node in self.kept:
            level.append(Store(self.kept[node].name, self.in_row(node), value, node))
        if node in self.memory:
            super().store(node, place, value, level)

    def load(self, node: Node, index: Place, guards: tuple[Guard, ...]) -> Load:
        """The read of what a pass before left, or of a node from memory."""
        if node in self.kept:
            return Load(self.kept[node].name, self.in_row(node), guards)
        return super().load(node, index, guards)


class RowLowering:
    """The loops over the rows of a kernel, and in them those of its passes.

    row              the place of a row among all
    memory           the arguments
    kept             what a pass leaves of a row to those after it: an array or one number
    values, totals   how many names are taken
    """

    def __init__(self, kernel: Kernel):
        total = kernel.reduction
        assert total is not None, f"{kernel} has no rows"
        shape = total.inputs[0].shape
        across = [n for a, n in enumerate(shape) if a not in total.arg and n > 1]
        self.kernel, self.count = kernel, total.size
        self.sizes = [shape[a] for a in total.arg if shape[a] > 1]
        self.rows = outer_index(tuple(across))
        self.row = flat(self.rows, tuple(across))
        self.memory = arguments(kernel)
        self.kept = self.left_by_passes()
        self.values = self.totals = 0

    def left_by_passes(self) -> dict[Node, Memory]:
        """Memory for each node that a pass makes and a later one reads."""
        read = {x for one in self.kernel.passes for x in one.inputs}
        left = [n for one in self.kernel.passes for n in one.outputs if n in read]
        sizes = {n: n.size // self.count for n in left}
        return {
            n: Memory(f"kept{k}", n.dtype, (size,), "local" if size > 1 else "register", node=n)
            for k, (n, size) in enumerate(sizes.items())
        }

    def run(self) -> Nest:
        """Lower the passes one after the other."""
        passes: list[Nest] = []
        for letter, one in zip(PASS_NAMES, self.kernel.passes, strict=False):
            several = len(self.sizes) > 1
            names = [f"{letter}{k}" if several else letter for k in range(len(self.sizes))]
            for part in self.parts_of(one):
                lowering = PassLowering(part, self, tuple(map(variable, names, self.sizes)))
                passes.append(lowering.run())
                self.values = lowering.counter
                self.totals += len(lowering.totals)
        arguments = tuple(self.memory.values())
        written = tuple(self.memory[n].name for n in self.kernel.outputs)
        kept = tuple(self.kept.values())
        rows = loops_of(self.rows)
        return Nest(arguments, written, rows, (), (), (), (), tuple(passes), kept)

    def parts_of(self, one: Kernel) -> list[Kernel]:
        """A pass; without totals, what has one number for the row comes first, in no loop."""
        if one.reduction is not None:
            return [one]
        single = tuple(n for n in one.outputs if n.size == self.count)
        rest = tuple(n for n in one.outputs if n.size != self.count)
        return [replace(one, outputs=found) for found in (single, rest) if found]
