"""Places the boxes of one acyclic graph in layers, and routes its edges around the boxes.

    sizes + edges -> rank() -> split() -> order() -> place() -> a point for each box and edge

The four steps are those of Sugiyama, Tagawa & Toda 1981. Pure Python, no dependency; edges point
down, from a value to its readers. 5,000 boxes take well under a second.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from itertools import pairwise

Point = tuple[float, float]
Link = tuple[int, float, float]  # a neighbour, where the edge meets it, where it meets this box
GAP, LANE, LAYER_GAP = 16.0, 5.0, 26.0  # between boxes, between passing edges, between layers
SWEEPS, MANY = 8, 3000  # above MANY boxes half the sweeps do


class Layered:
    """The finished picture of one flat graph: `x`, `y` (centres), `routes`, `width`, `height`.

    sizes   (width, height) of each box
    edges   (from, to) pairs of box numbers; no cycles
    first   boxes that must stand in the top layer (the values that come in)
    last    boxes that must stand in the bottom layer (the values that go out)
    grips   for each edge where it leaves and meets its boxes, in pixels right of their centres
    values  a number for each edge: long edges of one value run as one trunk, which branches off
    Raises  ValueError if the edges form a cycle
    """

    def __init__(
        self,
        sizes: Sequence[tuple[float, float]],
        edges: Sequence[tuple[int, int]],
        first: Iterable[int] = (),
        last: Iterable[int] = (),
        grips: Sequence[tuple[float, float]] = (),
        values: Sequence[int] = (),
    ) -> None:
        self.sizes, self.edges = list(sizes), list(edges)
        self.grips = list(grips) or [(0.0, 0.0)] * len(self.edges)
        self.values = list(values) or list(range(len(self.edges)))
        count = len(self.sizes)
        self.readers: list[list[int]] = [[] for _ in range(count)]
        self.inputs: list[list[int]] = [[] for _ in range(count)]
        for a, b in self.edges:
            self.readers[a].append(b)
            self.inputs[b].append(a)
        self.ranks = self._rank(set(first), set(last))
        self._split()
        self._order()
        self._place()
        self.routes = [self._route(k) for k in range(len(self.edges))]

    # ------------------------------------------------------------ which layer each box stands in
    def _topological(self) -> list[int]:
        waiting = [len(inputs) for inputs in self.inputs]
        ready = deque(i for i, n in enumerate(waiting) if not n)
        found: list[int] = []
        while ready:
            found.append(i := ready.popleft())
            for reader in self.readers[i]:
                waiting[reader] -= 1
                if not waiting[reader]:
                    ready.append(reader)
        if len(found) < len(waiting):
            raise ValueError("the edges form a cycle, so the boxes have no layers")
        return found

    def _rank(self, first: set[int], last: set[int]) -> list[int]:
        """Longest path from the top; then each box moves down next to its first reader."""
        ranks = [0] * len(self.sizes)
        found = self._topological()
        for i in found:
            if first and i not in first and not self.inputs[i]:
                ranks[i] = 1
            for reader in self.readers[i]:
                ranks[reader] = max(ranks[reader], ranks[i] + 1)
        for i in reversed(found):
            if i in first or not self.readers[i]:
                continue
            if len(self.readers[i]) >= len(self.inputs[i]):  # moving down lengthens no more edges
                ranks[i] = max(ranks[i], min(ranks[r] for r in self.readers[i]) - 1)
        bottom = max((ranks[i] for i in found if i not in last), default=0) + 1
        for i in last:
            ranks[i] = max(ranks[i], bottom)
        used = {rank: k for k, rank in enumerate(sorted(set(ranks)))}
        return [used[rank] for rank in ranks]

    # ------------------------------------------------- a long edge gets a bend in each layer
    def _split(self) -> None:
        """Edges that skip layers get small boxes to pass through, while the budget lasts."""
        count, self.layer_of = len(self.sizes), list(self.ranks)
        self.up: list[list[Link]] = [[] for _ in range(count)]
        self.down: list[list[Link]] = [[] for _ in range(count)]
        self.bends: dict[int, list[int]] = {}
        budget = 4 * count + 400
        trunks: dict[tuple[int, int], list[int]] = {}
        span = {k: self.ranks[b] - self.ranks[a] for k, (a, b) in enumerate(self.edges)}
        for k in sorted(span, key=lambda k: (span[k], k)):
            trunk = trunks.setdefault((self.edges[k][0], self.values[k]), [])
            budget -= max(0, span[k] - 1 - len(trunk))
            self.bends[k] = self._chain(k, trunk) if budget >= 0 else []
        self.count = count

    def _chain(self, k: int, trunk: list[int]) -> list[int]:
        """The bends of edge `k`: those of the trunk that exist already, and new ones below."""
        (a, b), (leaves, meets) = self.edges[k], self.grips[k]
        for rank in range(self.ranks[a] + 1 + len(trunk), self.ranks[b]):
            before, grip = (trunk[-1], 0.0) if trunk else (a, leaves)
            trunk.append(len(self.layer_of))
            self.layer_of.append(rank)
            self.up.append([(before, grip, 0.0)])
            self.down.append([])
            self.down[before].append((trunk[-1], 0.0, grip))
        chain = trunk[: self.ranks[b] - self.ranks[a] - 1]
        before, grip = (chain[-1], 0.0) if chain else (a, leaves)
        self.down[before].append((b, meets, grip))
        self.up[b].append((before, grip, meets))
        return chain

    # --------------------------------------------------------- the order inside each layer
    def _order(self) -> None:
        """Depth first from the top, then every box between its neighbours, up and down."""
        self.layers: list[list[int]] = [[] for _ in range(max(self.layer_of, default=-1) + 1)]
        seen = [False] * len(self.layer_of)
        for source in (i for i in range(len(self.layer_of)) if not self.up[i]):
            stack = [source]
            while stack:
                i = stack.pop()
                if not seen[i]:
                    seen[i] = True
                    self.layers[self.layer_of[i]].append(i)
                    stack += (j for j, _, _ in reversed(self.down[i]))
        self.at = [0] * len(self.layer_of)
        for layer in self.layers:
            self._number(layer)
        best, fewest = [list(layer) for layer in self.layers], self._crossings()
        for sweep in range(self._sweeps() if fewest else 0):
            downward = sweep % 2 == 0
            near = self.up if downward else self.down
            for layer in self.layers if downward else reversed(self.layers):
                layer.sort(key=lambda i, near=near: self._between(i, near))  # type: ignore[misc]
                self._number(layer)
            if (crossings := self._crossings()) < fewest:
                best, fewest = [list(layer) for layer in self.layers], crossings
        self.layers = best

    def _sweeps(self) -> int:
        return SWEEPS if len(self.layer_of) < MANY else SWEEPS // 2

    def _number(self, layer: list[int]) -> None:
        for k, i in enumerate(layer):
            self.at[i] = k

    def _spot(self, j: int, grip: float) -> float:
        """A place in the order of a layer, with the grip as a fraction of the box."""
        return self.at[j] + (grip / self._wide(j) if grip else 0.0)

    def _between(self, i: int, near: list[list[Link]]) -> float:
        around = near[i]
        total = sum(self._spot(j, grip) for j, grip, _ in around)
        return total / len(around) if around else self.at[i]

    def _crossings(self) -> int:
        """How many pairs of edges cross, counted layer by layer with a Fenwick tree."""
        total = 0
        for layer in self.layers:
            pairs = sorted(
                (self._spot(i, own), self._spot(j, grip))
                for i in layer
                for j, grip, own in self.down[i]
            )
            places = {spot: k for k, spot in enumerate(sorted({spot for _, spot in pairs}))}
            ends = [places[spot] for _, spot in pairs]
            size = len(places) + 1
            tree, seen = [0] * (size + 1), 0
            for end in ends:
                k, before = end + 1, 0
                while k:
                    before += tree[k]
                    k -= k & -k
                total += seen - before
                seen, k = seen + 1, end + 1
                while k <= size:
                    tree[k] += 1
                    k += k & -k
        return total

    # ------------------------------------------------------------------------ coordinates
    def _wide(self, i: int) -> float:
        return self.sizes[i][0] if i < self.count else 4.0

    def _place(self) -> None:
        """Boxes as near to the middle of their neighbours as order and gaps allow."""
        self.x = [0.0] * len(self.layer_of)
        for layer in self.layers:
            for k, x in enumerate(self._offsets(layer)):
                self.x[layer[k]] = x
        for sweep in range(self._sweeps() + 2):
            near = self.up if sweep % 2 == 0 else self.down
            for layer in self.layers if sweep % 2 == 0 else reversed(self.layers):
                self._relax(layer, near)
        left = min((self.x[i] - self._wide(i) / 2 for i in range(len(self.x))), default=0.0)
        self.x = [x - left for x in self.x]
        self.width = max((self.x[i] + self._wide(i) / 2 for i in range(len(self.x))), default=0.0)
        self.y, top = [0.0] * len(self.x), 0.0
        self.tall: list[float] = []
        self.tops: list[float] = []
        for layer in self.layers:
            tall = max((self.sizes[i][1] for i in layer if i < self.count), default=0.0)
            for i in layer:
                self.y[i] = top + tall / 2
                if i < self.count and self.readers[i] and not self.inputs[i]:
                    self.y[i] = top + tall - self.sizes[i][1] / 2  # sources near their readers
            self.tall.append(tall)
            self.tops.append(top)
            top += tall + LAYER_GAP
        self.height = max(top - LAYER_GAP, 0.0)

    def _offsets(self, layer: list[int]) -> list[float]:
        """The centres of a layer's boxes, packed as closely as the gaps allow."""
        offsets = [0.0]
        for a, b in pairwise(layer):
            gap = GAP if a < self.count and b < self.count else (GAP + LANE) / 2
            if a >= self.count and b >= self.count:
                gap = LANE
            offsets.append(offsets[-1] + (self._wide(a) + self._wide(b)) / 2 + gap)
        return offsets[: len(layer)]

    def _relax(self, layer: list[int], near: list[list[Link]]) -> None:
        """Move a layer to its neighbours' medians, keeping order (pool adjacent violators)."""
        offsets, blocks = self._offsets(layer), []
        for i, offset in zip(layer, offsets, strict=True):
            around = sorted(self.x[j] + grip - own for j, grip, own in near[i])
            middle = len(around)
            want = (around[middle // 2] + around[(middle - 1) // 2]) / 2 if around else self.x[i]
            weight = 8.0 if i >= self.count else 1.0  # long edges stay straight
            blocks.append([weight * (want - offset), weight, 1])
            while (
                len(blocks) > 1 and blocks[-2][0] / blocks[-2][1] >= blocks[-1][0] / blocks[-1][1]
            ):
                total, weight, size = blocks.pop()
                blocks[-1] = [blocks[-1][0] + total, blocks[-1][1] + weight, blocks[-1][2] + size]
        where = 0
        for total, weight, size in blocks:
            for k in range(where, where + int(size)):
                self.x[layer[k]] = total / weight + offsets[k]
            where += int(size)

    def _route(self, k: int) -> list[Point]:
        """Bottom of one box, the bends (straight through their layers), top of the other."""
        a, b = self.edges[k]
        points = [(self.x[a], self.y[a] + self.sizes[a][1] / 2)]
        below = self._edge_of(a, 1)
        if below - points[0][1] > 2:  # a taller box stands beside it: first go past that one
            points.append((points[0][0], below))
        for bend in self.bends[k]:
            half = self.tall[self.layer_of[bend]] / 2
            points.append((self.x[bend], self.y[bend] - half))
            if half > 2:
                points.append((self.x[bend], self.y[bend] + half))
        end = (self.x[b], self.y[b] - self.sizes[b][1] / 2)
        if end[1] - self._edge_of(b, -1) > 2:
            points.append((end[0], self._edge_of(b, -1)))
        return [*points, end]

    def _edge_of(self, i: int, way: int) -> float:
        """Where the layer of box `i` ends: below it (way 1) or above it (-1)."""
        layer = self.layer_of[i]
        return self.tops[layer] + (self.tall[layer] if way > 0 else 0.0)
