"""The loops of one kernel, or of one of its passes: moves become index arithmetic.

A reduction becomes inner loops. See lower.py, which begins it.
"""

from __future__ import annotations

from collections.abc import Iterable

from tinylearn.graph.dtype import DType, bool_
from tinylearn.graph.lookup import GATHER
from tinylearn.graph.node import Node, Shape
from tinylearn.graph.primitives import ADD, CONST, DETACH, LESS, PAD, WHERE
from tinylearn.loops.index import (
    Atom,
    Divided,
    Index,
    Looked,
    Variable,
    Within,
    flat,
    number,
    variable,
)
from tinylearn.loops.nest import Nest, Total
from tinylearn.loops.statements import (
    Apply,
    Constant,
    Expression,
    Guard,
    Guarded,
    Let,
    Load,
    Memory,
    Statement,
    Store,
)
from tinylearn.schedule.kernel import Kernel, loaded_for

OUTER_NAMES = "ijklmnopqxyz"
Place = tuple[Index, ...]


class Lowering:
    """The loops of one kernel, while they are being written.

    counter   how many values have names before
    """

    def __init__(self, kernel: Kernel, memory: dict[Node, Memory], counter: int = 0):
        self.kernel = kernel
        self.members = set(kernel.members)
        self.memory = memory
        self.inner: list[Statement] = []
        self.outer: list[Statement] = []
        self.totals: list[Total] = []
        self.reduced: dict[int, Index] = {}  # axis of the reduced input -> its variable
        self.names: dict[tuple, str] = {}
        self.computed: dict[Node, tuple[list[Statement], Place, str]] = {}
        self.loads: dict[str, Load] = {}
        self.counter, self.total_count = counter, 0

    def run(self) -> Nest:
        """Lower the outputs one after the other; the kernel's reduction comes with the first."""
        root = self.kernel.outputs[0]
        index = outer_index(root.shape)
        self.write(root, index, self.outer)
        for node in self.kernel.outputs[1:]:
            if node in self.computed:
                level, place, name = self.computed[node]
                self.store(node, flat(place, node.shape), name, level)
            elif node.shape == root.shape:
                self.write(node, index, self.outer)
            elif node.size == root.size:  # it ends another total of the same loop
                self.write(node, tuple(number(0) for _ in node.shape), self.outer)
            else:
                self.write(node, self.inner_index(node), self.inner)
        return self.nest(loops_of(index))

    def nest(self, outer_loops: tuple[Variable, ...]) -> Nest:
        """What has been written, in these loops."""
        return Nest(
            arguments=tuple(self.memory.values()),
            written=tuple(self.memory[n].name for n in self.kernel.outputs if n in self.memory),
            outer_loops=outer_loops,
            reduced_loops=loops_of(self.reduced.values()),
            inner=tuple(self.inner),
            totals=tuple(self.totals),
            outer=tuple(self.outer),
        )

    def write(self, node: Node, index: Place, level: list[Statement]) -> None:
        """Compute `node` at `index` and store it."""
        name = self.value(node, index, (), level)
        self.store(node, flat(index, node.shape), name, level)

    def store(self, node: Node, place: Index, value: str, level: list[Statement]) -> None:
        """Write a value to the memory of `node`."""
        level.append(Store(self.memory[node].name, place, value, node))

    def inner_index(self, node: Node) -> Place:
        """The place inside a reduction over all numbers, for a node of the reduced shape."""
        return tuple(self.reduced.get(a, number(0)) for a in range(len(node.shape)))

    def value(
        self, node: Node, index: Place, guards: tuple[Guard, ...], level: list[Statement]
    ) -> str:
        """The name of the value of `node` at `index`, computed in `level` if it is not yet."""
        key = (node, index, guards, level is self.inner)
        if key not in self.names:
            self.names[key] = self.compute(node, index, guards, level)
            if not guards:
                self.computed.setdefault(node, (level, index, self.names[key]))
        return self.names[key]

    def compute(
        self, node: Node, index: Place, guards: tuple[Guard, ...], level: list[Statement]
    ) -> str:
        if node.op is CONST:
            given = loaded_for(node)
            if given is None:
                return self.let(Constant(node.arg), node.dtype, node, level)
            return self.let(Load(self.memory[given].name, number(0)), node.dtype, node, level)
        if node not in self.members:
            return self.let(self.load(node, index, guards), node.dtype, node, level)
        if node.op is PAD:
            return self.padded(node, index, guards, level)
        if node.op is DETACH:
            return self.value(node.inputs[0], index, guards, level)
        if node.op.kind == "move":
            assert node.op.index is not None, f"{node.op} moves but has no index rule"
            before = tuple(number(i) for i in node.op.index(index, node))
            return self.value(node.inputs[0], before, guards, level)
        if node.op is GATHER:
            return self.looked_up(node, index, guards, level)
        if node.op.kind == "reduce":
            return self.reduce(node, index, guards)
        args = tuple(self.value(x, index, guards, level) for x in node.inputs)
        return self.let(Apply(node.op, args), node.dtype, node, level)

    def load(self, node: Node, index: Place, guards: tuple[Guard, ...]) -> Load:
        """The read of a node from memory."""
        return Load(self.memory[node].name, flat(index, node.shape).released(), guards)

    def padded(
        self, node: Node, index: Place, guards: tuple[Guard, ...], level: list[Statement]
    ) -> str:
        """What is outside the padded part is 0 and not read."""
        x = node.inputs[0]
        before = tuple(i - first for i, (first, _) in zip(index, node.arg, strict=True))
        facts = {}
        for i, n in zip(before, x.shape, strict=True):
            facts.update(told_by_guard(i, n))
        before = tuple(i.knowing(facts) for i in before)
        new = tuple(
            Guard(i.released(), n)
            for i, n in zip(before, x.shape, strict=True)
            if i.low < 0 or i.high >= n
        )
        inside = tuple(
            Index(((Within(i, n), 1),), 0) if i.low < 0 or i.high >= n else i
            for i, n in zip(before, x.shape, strict=True)
        )
        every = tuple(dict.fromkeys(guards + new))
        name = self.value(x, inside, every, level)
        match self.loads.get(name):
            case Load(_, _, known) if set(new) <= set(known):
                return name  # a load is 0 outside by itself
        return self.let(Guarded(name, new), node.dtype, node, level) if new else name

    def looked_up(
        self, node: Node, index: Place, guards: tuple[Guard, ...], level: list[Statement]
    ) -> str:
        """What stands where the indices say; the axes behind those that they speak of stay."""
        x, *indices = node.inputs
        count = len(node.shape) - (len(x.shape) - len(indices))
        before: list[Index] = []
        for places, size in zip(indices, x.shape, strict=False):
            near = index[count - len(places.shape) : count]  # indices broadcast
            at = tuple(number(0) if n == 1 else i for i, n in zip(near, places.shape, strict=True))
            name = self.from_the_front(self.value(places, at, guards, level), places, size, level)
            looked = Looked(name, size, flat(at, places.shape).released())
            before.append(Index(((looked, 1),), 0))
        return self.value(x, (*before, *index[count:]), guards, level)

    def from_the_front(self, name: str, places: Node, size: int, level: list[Statement]) -> str:
        """A place that counts from the end, where it is below 0, counted from the front."""
        key = ("from the front", name, size)
        if key not in self.names:
            dtype = places.dtype
            zero = self.let(Constant(0), dtype, places, level)
            all_of_them = self.let(Constant(size), dtype, places, level)
            below = self.let(Apply(LESS, (name, zero)), bool_, places, level)
            lifted = self.let(Apply(ADD, (name, all_of_them)), dtype, places, level)
            chosen = Apply(WHERE, (below, lifted, name))
            self.names[key] = self.let(chosen, dtype, places, level)
        return self.names[key]

    def reduce(self, node: Node, index: Place, guards: tuple[Guard, ...]) -> str:
        """The total of the reduction; its input is computed in the inner loops."""
        assert not guards, f"{node} would be reduced inside a pad; see Scheduler.refusal"
        x = node.inputs[0]
        at = self.rounds_of(x, node.arg)
        inside = tuple(at.get(a, i) for a, i in enumerate(index))
        value = self.value(x, inside, (), self.inner)
        name = f"total{self.total_count + len(self.totals)}"
        self.totals.append(Total(name, node.op, value, node.dtype, node))
        return name

    def rounds_of(self, x: Node, axes: tuple[int, ...]) -> dict[int, Index]:
        """{axis: where the inner loops are along it}."""
        for axis in axes:
            letter = "r" if len(axes) == 1 else f"r{axis}"
            self.reduced.setdefault(axis, variable(letter, x.shape[axis]))
        return self.reduced

    def let(self, expression: Expression, dtype: DType, node: Node, level: list[Statement]) -> str:
        name = f"t{self.counter}"
        self.counter += 1
        if isinstance(expression, Load):
            self.loads[name] = expression
        level.append(Let(name, expression, dtype, node))
        return name


# ---------------------------------------------------------------- places and names


def unflattened(place: Index, shape: Shape) -> Place:
    """The index under a shape of a place in memory, last axis fastest."""
    index: list[Index] = []
    for n in reversed(shape):
        index.append(place % n)
        place = place // n
    return tuple(reversed(index))


def outer_index(shape: Shape) -> Place:
    """A loop for each axis of a shape."""
    names = [OUTER_NAMES[a] if a < len(OUTER_NAMES) else f"i{a}" for a in range(len(shape))]
    return tuple(map(variable, names, shape))


def loops_of(index: Iterable[Index]) -> tuple[Variable, ...]:
    """The loops that give an index its values, the first outermost."""
    return tuple(v for i in index for v in sorted(i.variables, key=repr))


def arguments(kernel: Kernel) -> dict[Node, Memory]:
    """The memory that a kernel is given: out0, out1, ... and in0, in1, ..., by node."""
    named = [(f"out{k}", n) for k, n in enumerate(kernel.outputs)]
    named += [(f"in{k}", n) for k, n in enumerate(kernel.loaded)]
    return {n: Memory(name, n.dtype, n.shape, node=n) for name, n in named}


def told_by_guard(index: Index, size: int) -> dict[Atom, Index]:
    """What 0 <= index < size says about the // and % in it, where the index is `whole % by - c`.

    Let rest = whole - by * k be the rest nearest to 0. Where it is below 0, whole % by is
    rest + by; if that is never below c + size, then nothing is read there, and under the guard
    whole % by is rest and whole // by is k.
    """
    match index.terms:
        case ((Divided("%", whole, by), 1),) if index.constant <= 0:
            k, rest = whole.nearest(by)
            if rest.high < by and rest.low + by >= size - index.constant:
                return {Divided("%", whole, by): rest, Divided("//", whole, by): k}
    return {}
