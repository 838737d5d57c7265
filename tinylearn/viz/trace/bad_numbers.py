"""Follows a NaN or an infinity back to the operation that made it.

    result + its numbers -> Trail: a Look at each node that led there -> the way to the maker

Each node is computed once, by its NumPy meaning, from the numbers that are in memory already; what
was seen of it is kept, and its numbers are let go as soon as nobody reads them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from tinylearn.devices.buffer import Buffer
from tinylearn.devices.device import Device
from tinylearn.graph.deferred import spelled_out
from tinylearn.graph.interpret import meaning
from tinylearn.graph.node import Node, inputs_first, walk
from tinylearn.graph.primitives import CONST
from tinylearn.schedule.kernel import is_product_sum, moves


@dataclass(frozen=True)
class Look:
    """What is kept of some numbers.

    size, nans, infinite, zeros   how many there are in all, and of each kind
    lowest                        how many of the infinite ones are -inf
    least, most                   the range of the finite ones; None where there are none
    """

    size: int
    nans: int
    infinite: int
    zeros: int
    lowest: int
    least: float | None
    most: float | None

    @property
    def bad(self) -> bool:
        """Whether a NaN or an infinity is among them."""
        return self.nans + self.infinite > 0


def look_at(array: np.ndarray) -> Look:
    """One look at each number."""
    zeros, nans, infinite, lowest = int((array == 0).sum()), 0, 0, 0
    if array.dtype.kind == "f" and not (finite := np.isfinite(array)).all():
        nans, lowest = int(np.isnan(array).sum()), int((array == -math.inf).sum())
        infinite = int(array.size - finite.sum()) - nans
        good = array[finite]
    else:
        good = array
    least, most = (good.min(), good.max()) if good.size else (None, None)
    return Look(array.size, nans, infinite, zeros, lowest, least, most)


class Trail:
    """What led to one result; `way(result)` goes back to the node that made it bad.

    result   the graph of primitives that was asked for
    looks    {node: Look} for it and for all that it was computed from
    known    the nodes whose numbers are in memory
    """

    def __init__(self, asked: Node, made: np.ndarray) -> None:
        order = walk([asked])
        spelled = dict(zip(order, spelled_out(order), strict=True))
        self.result = spelled[asked]
        computed = [n for n in order if n.buffer is not None]
        self.known: dict[Node, Buffer] = {spelled[n]: n.buffer for n in computed}
        self.looks: dict[Node, Look] = {self.result: look_at(made)}
        self.look_around(made)

    def look_around(self, made: np.ndarray) -> None:
        """Compute every node once, inputs first, and look at its numbers."""
        order = inputs_first([self.result], self.behind)
        waiting = {node: 0 for node in order}  # how many readers are still to be computed
        for node in order:
            for x in self.behind(node):
                waiting[x] += 1
        numbers: dict[Node, np.ndarray] = {}
        with np.errstate(all="ignore"):
            for node in order:
                numbers[node] = made if node is self.result else self.numbers(node, numbers)
                self.looks.setdefault(node, look_at(numbers[node]))
                for x in self.behind(node):
                    waiting[x] -= 1
                    if not waiting[x]:
                        del numbers[x]

    def behind(self, node: Node) -> tuple[Node, ...]:
        """What a node is computed from; of good numbers in memory nobody asks where they are from.

        A sum of products is computed from the factors: the products alone may fill the memory.
        """
        if node in self.known:
            if node not in self.looks:
                self.looks[node] = look_at(self.in_memory(node))
            if not self.looks[node].bad:
                return ()
        return tuple(dict.fromkeys(node.inputs[0].inputs if is_product_sum(node) else node.inputs))

    def in_memory(self, node: Node) -> np.ndarray:
        """The numbers that a node has already."""
        device = Device.known[node.device]
        return device.read(device.memory(self.known[node])).reshape(node.shape)

    def numbers(self, node: Node, known: dict[Node, np.ndarray]) -> np.ndarray:
        """A node's numbers, from those of the nodes behind it."""
        if node in self.known:
            return self.in_memory(node)
        if not is_product_sum(node):
            return meaning(node, [known[x] for x in node.inputs])
        product = node.inputs[0]
        x, y = [known[factor] for factor in product.inputs]
        if x.dtype.char not in "fd":
            return meaning(node, [meaning(product, [x, y])])
        axes = list(range(x.ndim))
        kept = [axis for axis in axes if axis not in node.arg]
        return np.einsum(x, axes, y, axes, kept)

    def operands(self, node: Node) -> list[Node]:
        """What a node computes with; moves and the products of a product-sum are seen through."""
        found = []
        for x in self.behind(node):
            while self.is_seen_through(x):
                x = x.inputs[0]
            found.append(x)
        return [x for x in dict.fromkeys(found) if x.op is not CONST]

    def is_seen_through(self, node: Node) -> bool:
        """Whether a node only hands on the numbers of another."""
        return node not in self.known and moves(node) and len(node.inputs) == 1

    def way(self, node: Node) -> list[Node]:
        """From a bad node to the one that made it bad: its operands are good, or it has none.

        A NaN may come from an infinity, an infinity only from another one.
        """
        found = [node]
        while True:
            node = found[-1]
            worse = [x for x in self.operands(node) if self.looks[x].nans]
            if not self.looks[node].nans:
                worse = [x for x in self.operands(node) if self.looks[x].bad]
            if not worse:
                return found
            found.append(worse[0])

    def way_to_infinity(self, maker: Node) -> list[Node]:
        """The way down to who made the infinity of which the maker made a NaN, if one did."""
        if self.looks[maker].nans:
            for x in self.operands(maker):
                if x.inputs and self.looks[x].infinite:
                    return self.way(x)
        return []

    def is_masked_softmax(self, maker: Node) -> bool:
        """Whether the maker takes -inf from -inf: the largest of a row, of which all is masked."""
        below = [b for x in self.operands(maker) for b in (x, *self.operands(x))]
        return any(b.op.name == "max" and self.looks[b].lowest for b in below)

    def passed(self, way: list[Node]) -> list[Node]:
        """A way with the moves and the products that were seen through, as a picture shows it."""
        found = [x for reader, maker in pairwise(way) for x in self.steps(reader, maker)]
        return [*found, way[-1]]

    def steps(self, reader: Node, maker: Node) -> list[Node]:
        """The reader, and what stands between it and one of its operands."""
        start = [reader, reader.inputs[0]] if is_product_sum(reader) else [reader]
        for x in self.behind(reader):
            through = []
            while x is not maker and self.is_seen_through(x):
                through.append(x)
                x = x.inputs[0]
            if x is maker:
                return start + through
        return start
