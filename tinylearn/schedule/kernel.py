"""Kernels and Steps: what the scheduler makes of a graph.

A kernel computes its members in one pass over memory, or in several over each row of it, and stores
the outputs among them.
A Step is one decision: which node, what became of it, which rule said so, and why.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from tinylearn.graph.later import LATER
from tinylearn.graph.lookup import GATHER, SCATTER
from tinylearn.graph.node import Given, Node
from tinylearn.graph.order import RANKED, RUNNING_SUM, SEARCHED
from tinylearn.graph.primitives import (
    BUFFER,
    CAT,
    CONST,
    COPY,
    DETACH,
    DYNAMIC_PAD,
    DYNAMIC_SLICE,
    FLIP,
    MUL,
    PERMUTE,
    RESHAPE,
    const,
)

STORE = "store"  # its numbers go to memory
FUSE = "fuse"  # it is computed inside the kernels that read it
JOIN = "join"  # it is stored by a kernel that also computes something else

KERNEL_LIMIT = 150  # members: a longer text compiles slowly and runs no faster
SEARCH_LIMIT = 200  # kernels looked through to learn whether one waits for another
LOOKUPS = (GATHER, SCATTER)  # what goes to places that are numbers themselves
IN_ORDER = (RANKED, SEARCHED, RUNNING_SUM)  # what looks at an axis as a whole
WHOLE = (CAT, DYNAMIC_SLICE, DYNAMIC_PAD, LATER, *LOOKUPS, *IN_ORDER)  # what is no loop of ours
ON_THREADS = ("cuda", "opencl", "simulator")  # devices that run kernels on blocks and threads
IN_LOOPS = ("c", *ON_THREADS)  # devices on which a gather is a read inside a loop
KEEPS_PLACES = (RESHAPE, PERMUTE, FLIP, DETACH)  # each number moves to exactly one place


@dataclass(frozen=True)
class Step:
    """One decision, as the explainer shows it.

    verdict        STORE, FUSE or JOIN
    rule           the name of the Part that decided
    says           the rule's own sentence, true for every graph
    because        the facts of this case
    refused        why a FUSE that the rule wanted was not possible, or ""
    kernels        the roots of the kernels in which the node is computed
    bytes_saved    traffic to and from memory that this decision avoids (below 0: that it costs)
    kernel_count   kernels known after this step
    """

    node: Node
    verdict: str
    rule: str
    says: str
    because: str
    refused: str = ""
    kernels: tuple[Node, ...] = ()
    bytes_saved: int = 0
    kernel_count: int = 0


@dataclass(frozen=True, eq=False)
class Kernel:
    """What runs together.

    outputs   the nodes it stores, in the order they are computed
    members   everything it computes, inputs before readers; the outputs are among them
    inputs    the nodes it reads from memory
    passes    what it does to a row before it goes on to the next, if it works through rows: kernels
              that also read what those before them leave
    """

    outputs: tuple[Node, ...]
    members: tuple[Node, ...]
    inputs: tuple[Node, ...]
    passes: tuple[Kernel, ...] = ()

    @property
    def loaded(self) -> tuple[Node, ...]:
        """What it is given in memory: its inputs, without the constants that stand in its text."""
        found = (loaded_for(n) if n.op is CONST else n for n in self.inputs)
        return tuple(n for n in dict.fromkeys(found) if n is not None)

    @property
    def reduction(self) -> Node | None:
        """A reduce among its members, if there is one."""
        return next((n for n in self.members if n.op.kind == "reduce"), None)

    @property
    def bytes_read(self) -> int:
        """How much it reads from memory if every number is read once."""
        return sum(n.nbytes for n in self.inputs if n.op is not CONST)

    @property
    def bytes_written(self) -> int:
        """How much it writes."""
        return sum(n.nbytes for n in self.outputs)

    @property
    def flops(self) -> int:
        """The arithmetic operations of all members."""
        return sum(map(operations, self.members))

    def __repr__(self) -> str:
        names = ", ".join(map(repr, self.outputs))
        return f"Kernel({names} from {len(self.inputs)} inputs, {len(self.members)} ops)"


def operations(node: Node) -> int:
    """Arithmetic operations: one for each number of an elementwise op, one for each summand."""
    if node.op is SCATTER:
        return node.inputs[0].size
    if node.op.kind not in ("elementwise", "reduce"):
        return 0
    return max([node.size, *(x.size for x in node.inputs)])


def loaded_for(node: Node) -> Node | None:
    """What a kernel loads for a constant that is given at run time; None for anything else."""
    if node.op is not CONST or not isinstance(node.arg, Given):
        return None
    return const(node.arg, (), node.dtype, node.device)


@dataclass(frozen=True)
class Schedule:
    """Kernels in running order, and the Steps that led to them."""

    kernels: list[Kernel]
    steps: list[Step]


class Home:
    """A kernel while it is being put together.

    root      the stored node that it was begun for
    stored    the nodes it stores
    members   everything it computes
    aligned   members whose numbers are in one-to-one step with the root's numbers
    feeds     the homes that read from memory what this one stores
    kept      stored nodes that a rule wanted in memory although one kernel alone reads them
    readers   {node: the nodes that use it}, in the whole graph
    place     {node: where it stands in the order of the graph}
    """

    def __init__(
        self, root: Node, readers: Mapping[Node, Sequence[Node]], place: Mapping[Node, int]
    ):
        self.root = root
        self.place = place
        self.readers = readers
        self.stored = [root]
        self.members: set[Node] = set()
        self.aligned: set[Node] = set()
        self.feeds: set[Home] = set()
        self.kept: set[Node] = set()
        self.reduction: Node | None = None

    def aligns(self, node: Node, readers: Iterable[Node]) -> bool:
        """Whether `node`, with these readers, would be in step with the root."""
        inside = [r for r in readers if r in self.members]
        return node is self.root or all(keeps_step(r) and r in self.aligned for r in inside)

    def add(self, node: Node, readers: Iterable[Node]) -> None:
        """Compute `node` in this kernel too."""
        if self.aligns(node, readers):
            self.aligned.add(node)
        if node.op.kind == "reduce":
            self.reduction = node
        self.members.add(node)

    def reaches(self, goal: Home) -> bool:
        """Whether something this kernel stores is needed, however indirectly, by `goal`.

        What begins behind the goal's root leads to nothing that the goal could read. Where the
        search would be long the answer is yes, which is always safe: both kernels stay apart.
        """
        end = self.place[goal.root]
        seen, stack = {self}, [self]
        while stack:
            home = stack.pop()
            if home is goal or len(seen) > SEARCH_LIMIT:
                return True
            for after in home.feeds:
                if after not in seen and (after is goal or after.first < end):
                    seen.add(after)
                    stack.append(after)
        return False

    @property
    def first(self) -> int:
        """Where in the order of the graph the first of its stored nodes stands."""
        return min(self.place[n] for n in self.stored)

    def __repr__(self) -> str:
        return f"the kernel of {self.root}"


class Use(NamedTuple):
    """Who computes with a node's numbers, seen through the moves on the way.

    reader          the node that computes
    copies          how many times the moves repeat each number (1: not at all)
    in_product_sum  whether the reader multiplies for a sum of products
    """

    reader: Node
    copies: int
    in_product_sum: bool


def keeps_step(reader: Node) -> bool:
    """Whether a reader's numbers and the numbers it reads correspond one to one."""
    return reader.op.kind == "elementwise" or reader.op in KEEPS_PLACES


def is_whole(node: Node) -> bool:
    """Whether a node is no loop of ours."""
    return node.op in WHOLE and not reads_in_loops(node)


def is_alone(node: Node) -> bool:
    """Whether a node runs by itself and shares no loop."""
    return node.op is COPY or is_whole(node)


def reads_in_loops(node: Node) -> bool:
    """Whether a node is a look-up that is a read inside the loops of a kernel."""
    return node.op is GATHER and kind_of(node.device) in IN_LOOPS


def has_threads(node: Node) -> bool:
    """Whether a node is computed on a device with blocks and threads."""
    return kind_of(node.device) in ON_THREADS


def kind_of(device: str) -> str:
    """What kind of device it is: cuda:1 is a cuda."""
    return device.partition(":")[0]


def moves(node: Node) -> bool:
    """Whether a node only moves numbers."""
    return node.op.kind == "move" or node.op is DETACH


def is_source(node: Node) -> bool:
    """Whether a node's numbers need no kernel: they exist, or are one constant."""
    return node.buffer is not None or node.op in (BUFFER, CONST)


def is_product_sum(node: Node) -> bool:
    """Whether a node is a sum of products, like the numbers of a matrix product."""
    return node.op.name == "sum" and node.inputs[0].op is MUL
