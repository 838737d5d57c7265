"""In which order kernels run: after those that they read from, and soon if that frees memory.

Where several could run next, the order of the graph decides. But a kernel that reads numbers for
the last time, more than it writes itself, runs at once: the gradient of a weight comes as soon as
what it is made of is there, and not after all other layers.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence

from tinylearn.graph.node import Node


class Waiting:
    """Kernels that have still to run; each is known by its number, which is the graph's order.

    reads     what each is given
    after     which kernels read what each stores
    blocked   how many of those that it reads from have still to run
    readers   {node that is only needed in between: the kernels that have still to read it}
    freed     how many bytes more are free after each has run
    ready     what can run, lowest number first; soon: what frees memory of that
    """

    def __init__(
        self,
        writes: Sequence[set[Node]],
        reads: Sequence[set[Node]],
        after: Sequence[Sequence[int]],
        asked: set[Node],
    ) -> None:
        self.reads, self.after = reads, after
        self.blocked = [0] * len(writes)
        for k in (k for followers in after for k in followers):
            self.blocked[k] += 1
        self.readers: dict[Node, set[int]] = {n: set() for w in writes for n in w if n not in asked}
        for k, read in enumerate(reads):
            for n in read & self.readers.keys():
                self.readers[n].add(k)
        self.freed = [-sum(n.nbytes for n in w if self.readers.get(n)) for w in writes]
        self.ready = [k for k, count in enumerate(self.blocked) if not count]
        self.soon: list[int] = []
        for n in self.readers:
            self.left(n)

    def in_order(self) -> list[int]:
        """All numbers, in the order in which the kernels run."""
        order: dict[int, None] = {}
        while self.ready:
            k = heapq.heappop(self.soon or self.ready)
            if k not in order:
                order[k] = None
                self.ran(k)
        return list(order)

    def ran(self, k: int) -> None:
        """Note that a kernel ran: others may now, and some are alone with what both read."""
        for n in self.reads[k] & self.readers.keys():
            self.readers[n].discard(k)
            self.left(n)
        for reader in self.after[k]:
            self.blocked[reader] -= 1
            if not self.blocked[reader]:
                heapq.heappush(self.ready, reader)
                self.offer(reader)

    def left(self, node: Node) -> None:
        """Where one kernel is left that reads a node, it will free its memory."""
        if len(self.readers[node]) == 1:
            (k,) = self.readers[node]
            self.freed[k] += node.nbytes
            self.offer(k)

    def offer(self, k: int) -> None:
        """Let a kernel run soon, if it can and frees more memory than it takes."""
        if not self.blocked[k] and self.freed[k] > 0:
            heapq.heappush(self.soon, k)
