"""Finds what a picture can fold: equal blocks in a row, long chains, runs of moves.

A fold never makes a cycle. A run of blocks is a stretch of a topological order, and in a chain
every value but the last has one reader, inside the chain.
"""

from __future__ import annotations

import heapq
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from tinylearn.viz.layout.nested import ROOT, ancestors
from tinylearn.viz.style import MARKS, clip, shape_text

Data = dict[str, Any]
FEWEST_TIMES, LONGEST_BLOCK, FEWEST_ITEMS = 4, 64, 8  # repeated blocks
FEWEST_CALLS = 3  # of modules in a row
LONG_CHAIN = 10  # ops
CALLS = ("m:", "b:")  # how the groups of calls of modules are called
Run = tuple[int, int, int]  # where it starts, how many items a block has, how many blocks


@dataclass
class Folds:
    """What is folded: `titles` of the new groups, all of which start closed, and `parents`."""

    titles: dict[str, str]
    parents: dict[str, str]


def folds(
    nodes: Sequence[Data],
    edges: Sequence[tuple[str, str]],
    parents: Mapping[str, str],
    titles: Mapping[str, str],
    alike: Mapping[str, int],
) -> Folds:
    """The folds of every level of a picture.

    nodes   those that get a box, inputs before readers
    alike   {node: number}: only nodes of one number are folded together (decided in one step)
    Raises  ValueError if the groups in `parents` feed each other
    """
    found = Folds({}, dict(parents))
    finder = Finder(nodes, edges, parents, titles, alike)
    for level in finder.children:
        finder.fold(level, found)
    return found


class Finder:
    """Looks at one picture, level by level."""

    def __init__(
        self,
        nodes: Sequence[Data],
        edges: Sequence[tuple[str, str]],
        parents: Mapping[str, str],
        titles: Mapping[str, str],
        alike: Mapping[str, int],
    ) -> None:
        self.nodes = {node["id"]: node for node in nodes}
        self.titles, self.alike = titles, alike
        self.place = {name: k for k, name in enumerate(self.nodes)}
        self.readers: dict[str, list[str]] = {name: [] for name in self.nodes}
        self.inputs: dict[str, list[str]] = {name: [] for name in self.nodes}
        for a, b in edges:
            self.readers[a].append(b)
            self.inputs[b].append(a)
        self.children: dict[str, list[str]] = {ROOT: []}
        self.leaves: dict[str, list[str]] = {}
        above = {name: ancestors(name, parents) for name in self.nodes}
        for name, path in above.items():
            for item, group in pairwise(path):
                if name == item or item not in self.leaves:
                    self.children.setdefault(group, []).append(item)
                if name != item:
                    self.leaves.setdefault(item, []).append(name)
        self.links: dict[str, set[tuple[str, str]]] = {}
        for a, b in edges:
            self.link(above[a], above[b])

    def link(self, up: Sequence[str], down: Sequence[str]) -> None:
        """Note an edge where it is seen: at the level that holds both its ends."""
        k = 1
        while up[-k - 1] == down[-k - 1] and up[-k - 1] not in self.nodes:
            k += 1
        self.links.setdefault(up[-k], set()).add((up[-k - 1], down[-k - 1]))

    def fold(self, level: str, found: Folds) -> None:
        """Add the folds of one level."""
        order = [i for i in self.order(level) if self.kind(i) != "source"]
        stretches: list[list[list[str]]] = []
        labels = self.labels(order)
        calls = {label for label, i in zip(labels, order, strict=True) if i.startswith(CALLS)}
        for start, size, times in runs(labels, calls):
            start, times = self.equal(order, start, size, times)
            if times >= fewest(labels[start : start + size], calls):
                items = order[start : start + size * times]
                stretches.append([items[k : k + size] for k in range(0, len(items), size)])
        folded = {i for blocks in stretches for block in blocks for i in block}
        inside, first = set(self.inside(list(folded))), self.first_readers(order)
        for blocks in stretches:
            self.add_run(level, blocks, found)
            for block, other in zip(blocks, [blocks[1], *blocks], strict=False):
                home = found.parents[block[0]] if len(block) > 1 else block[0]
                served = self.served(block, other, inside, first)
                here = [x for x in served if found.parents.get(x, ROOT) == level]
                found.parents |= dict.fromkeys(here, home)
        rest = [i for i in order if i in self.nodes and i not in folded]
        for chain in self.chains(rest):
            self.add_chain(level, chain, found)

    def kind(self, item: str) -> str:
        return str(self.nodes[item]["kind"]) if item in self.nodes else "group"

    # ---------------------------------------------------------------- the order of a level
    def order(self, level: str) -> list[str]:
        """The items of a level, inputs before readers, as near to the trace's order as groups
        allow."""
        items = self.children[level]
        if all(i in self.nodes for i in items):
            return items
        last = {i: max(map(self.place.__getitem__, self.leaves.get(i, [i]))) for i in items}
        after: dict[str, list[str]] = {i: [] for i in items}
        waiting = dict.fromkeys(items, 0)
        for a, b in self.links.get(level, ()):
            after[a].append(b)
            waiting[b] += 1
        ready = [(last[i], i) for i in items if not waiting[i]]
        heapq.heapify(ready)
        found = []
        while ready:
            _, item = heapq.heappop(ready)
            found.append(item)
            for b in after[item]:
                waiting[b] -= 1
                if not waiting[b]:
                    heapq.heappush(ready, (last[b], b))
        if len(found) < len(items):
            raise ValueError("groups that feed each other cannot be put in order")
        return found

    # ---------------------------------------------------------------- equal blocks
    def labels(self, order: Sequence[str]) -> list[int]:
        """A number for each item; items of one number do the same to the same shapes."""
        numbers: dict[Any, int] = {}
        return [numbers.setdefault(self.label(i), len(numbers)) for i in order]

    def label(self, item: str) -> Any:
        if item not in self.nodes:
            return tuple(map(self.label, self.leaves[item])), "group"
        n = self.nodes[item]
        alike = self.alike.get(item, -1)
        return n["op"], n["arg"], n["dtype"], n["pass"], tuple(n["shape"]), alike

    def equal(self, order: Sequence[str], start: int, size: int, times: int) -> tuple[int, int]:
        """The longest stretch of a run in which the blocks are also wired alike: (start, times).

        What the first block reads from outside, the others may read from the block before them.
        """
        blocks = [self.inside(order[start + k * size :][:size]) for k in range(times)]
        inner = [self.wiring(block, []) for block in blocks]
        outer = [self.wiring(b, a) for a, b in pairwise(blocks)]  # outer[k] joins k and k + 1
        best, first = (0, 0), 0
        for k in range(1, times + 1):
            alike = k < times and inner[k] == inner[first]
            if not alike or outer[k - 1] != outer[first]:
                best = max(best, (k - first, -first))
                first = k
        return start - best[1] * size, best[0]

    def inside(self, block: Sequence[str]) -> list[str]:
        """The leaves of a block."""
        return [leaf for i in block for leaf in self.leaves.get(i, [i])]

    def wiring(self, block: Sequence[str], before: Sequence[str]) -> list[tuple[int, ...]]:
        """For each leaf of a block: which leaves of the same block it reads, or of the one before;
        -1 stands for all others."""
        place = {leaf: -2 - k for k, leaf in enumerate(before)}
        place |= {leaf: k for k, leaf in enumerate(block)}
        return [tuple(place.get(x, -1) for x in self.inputs[leaf]) for leaf in block]

    def add_run(self, level: str, blocks: Sequence[Sequence[str]], found: Folds) -> None:
        """A group for the run, in it one for each block; a block of one group is that group."""
        name, times, what = f"r{blocks[0][0]}", len(blocks), self.in_words(blocks[0])
        mark = MARKS[self.nodes[self.inside(blocks[0])[0]]["pass"]]
        found.titles[name] = clip(f"{mark}{times} × ({what})", 48)
        found.parents[name] = level
        for k, block in enumerate(blocks, 1):
            home = name
            if len(block) > 1:
                home = f"{name}.{k}"
                found.titles[home] = clip(f"{mark}{k} of {times}: {what}", 48)
                found.parents[home] = name
            found.parents |= dict.fromkeys(block, home)

    def first_readers(self, order: Sequence[str]) -> dict[str, str]:
        """{source: the item of this level that reads it first}."""
        found: dict[str, str] = {}
        for item in order:
            for leaf in self.inside([item]):
                for x in self.inputs[leaf]:
                    found.setdefault(x, item)
        return {x: item for x, item in found.items() if self.kind(x) == "source"}

    def served(
        self, block: Sequence[str], other: Sequence[str], inside: set[str], first: Mapping[str, str]
    ) -> list[str]:
        """The sources that stand in a block: it reads them first, and after it only folded items.

        inside  the leaves of all folded items
        other   another block of the run: what it does not read from a source in the same place is
                no source of each block, but the beginning of the run
        first   {source: the item that reads it first}
        """
        found = []
        for leaf, like in zip(self.inside(block), self.inside(other), strict=True):
            for x, y in zip(self.inputs[leaf], self.inputs[like], strict=True):
                both = self.kind(x) == self.kind(y) == "source"
                if both and first[x] in block and inside.issuperset(self.readers[x]):
                    found.append(x)
        return list(dict.fromkeys(found))

    def in_words(self, block: Sequence[str]) -> str:
        """mul, add, exp: what a block does."""
        groups = [self.titles[i].split(": ")[-1] for i in block if i not in self.nodes]
        if groups:
            return ", ".join(groups[:4]) + (", ..." if len(groups) > 4 else "")
        return ops_in_words([self.nodes[i] for i in block])

    # ---------------------------------------------------------------- chains
    def chains(self, order: Sequence[str]) -> list[list[str]]:
        """Long chains of ops, and runs of two or more moves; each link has one reader."""
        inside: set[str] = set(order)
        ending: dict[str, list[str]] = {}
        for item in order:
            below = [x for x in self.inputs[item] if x in ending and self.linked(x, item, inside)]
            longest = max(below, key=lambda x: len(ending[x]), default=None)
            ending[item] = ending.pop(longest) if longest else []
            ending[item].append(item)
        found = []
        for chain in ending.values():
            if len(chain) >= LONG_CHAIN:
                found.append(chain)
            else:
                found += self.moves(chain)
        return found

    def linked(self, below: str, item: str, inside: set[str]) -> bool:
        """Whether an item alone reads the one below it, and both may stand in one fold."""
        alike = self.alike.get(below) == self.alike.get(item)
        same = self.nodes[below]["pass"] == self.nodes[item]["pass"]
        return below in inside and alike and same and len(self.readers[below]) == 1

    def moves(self, chain: Sequence[str]) -> list[list[str]]:
        """The stretches of two or more moves in a chain."""
        found: list[list[str]] = [[]]
        for item in chain:
            if self.kind(item) == "move":
                found[-1].append(item)
            else:
                found.append([])
        return [moves for moves in found if len(moves) > 1]

    def add_chain(self, level: str, chain: Sequence[str], found: Folds) -> None:
        nodes = [self.nodes[i] for i in chain]
        end, name = nodes[-1], f"c{chain[0]}"
        mark = MARKS[end["pass"]]
        moves = all(n["kind"] == "move" for n in nodes)
        what = f"{len(nodes)} {'moves' if moves else f'ops: {ops_in_words(nodes)}'}"
        found.titles[name] = f"{mark}{clip(what, 40)} → {shape_text(end['shape'])}"
        found.parents[name] = level
        found.parents |= dict.fromkeys(chain, name)


def fewest(block: Sequence[int], calls: Container[int]) -> int:
    """How often a block has to be repeated before it is folded."""
    return FEWEST_CALLS if any(label in calls for label in block) else FEWEST_TIMES


def runs(labels: Sequence[int], calls: Container[int] = ()) -> list[Run]:
    """Where a sequence repeats itself, the longest stretches first; they do not overlap.

    A block is as short as it can be. Few single items are no run, unless they are calls.

    calls   the labels of calls of modules

    >>> runs([7, 1, 2, 3, 1, 2, 3, 1, 2, 3, 1, 2, 3, 7])
    [(1, 3, 4)]
    """
    count, found = len(labels), []
    for size in range(1, min(LONGEST_BLOCK, count // FEWEST_CALLS) + 1):
        k = 0
        while k + size < count:
            start = k
            while k + size < count and labels[k] == labels[k + size]:
                k += 1
            times = (k - start) // size + 1
            least = fewest(labels[start : start + size], calls)
            few = least == FEWEST_TIMES and times * size < FEWEST_ITEMS
            if times >= least and not few:
                found.append((-times * size, size, start, times))
            k += 1
    taken = [False] * count
    chosen: list[Run] = []
    for covered, size, start, times in sorted(found):
        if not any(taken[start : start - covered]):
            taken[start : start - covered] = [True] * -covered
            chosen.append((start, size, times))
    return chosen


def ops_in_words(nodes: Sequence[Data]) -> str:
    """The kinds of ops in the order in which they come, at most four of them.

    >>> ops_in_words([{"op": "mul"}, {"op": "add"}, {"op": "mul"}])
    'mul, add'
    """
    names = list(dict.fromkeys(node["op"] for node in nodes))
    return ", ".join(names[:4]) + (", ..." if len(names) > 4 else "")
