"""After the rules: kernels that loop over the same shape may share one loop.

Two kernels join if no other kernel has to run between them, and if a rule sees a saving. Only
loops of one form join: number by number over the same shape, or such a loop and the total of all
numbers of that shape; or totals along the same axes of the same shape. What one of them stores and
the other reads in the same round stays in a register; if nobody else reads it, it is not stored at
all.

What cannot share a loop may still work through the same rows, pass by pass: see rows.py.
"""

from __future__ import annotations

from collections.abc import Container, Iterable
from dataclasses import replace

from tinylearn.graph.node import Node
from tinylearn.graph.primitives import CONST
from tinylearn.parts import Part
from tinylearn.schedule.kernel import (
    IN_LOOPS,
    JOIN,
    KERNEL_LIMIT,
    SEARCH_LIMIT,
    Home,
    Kernel,
    Step,
    is_alone,
    is_product_sum,
    keeps_step,
)
from tinylearn.schedule.rows import Passes, Rows, Uses, passes_over, rows_of
from tinylearn.schedule.rules import SAME_LOOP, SAME_ROWS
from tinylearn.schedule.running import Waiting

Readers = dict[Node, list[Node]]
OUTPUT_LIMIT = 16  # results of one kernel: more would not fit the registers


class Group:
    """Homes whose kernels have become one.

    first, last   where in the order of the graph the first and the last stored node stand: what
                  reads from a group has its last one behind the group's first
    passes        what they do to each row, if they work through rows
    """

    def __init__(self, home: Home, place: dict[Node, int]):
        self.homes = [home]
        self.members = set(home.members)
        places = [place[n] for n in home.stored]
        self.first, self.last = min(places), max(places)
        self.passes: Passes | None = None

    def take(self, other: Group) -> None:
        """Become one with another group."""
        self.homes += other.homes
        self.members |= other.members
        self.first, self.last = min(self.first, other.first), max(self.last, other.last)

    @property
    def inputs(self) -> set[Node]:
        """What is read from memory, constants left out."""
        found = {x for n in self.members for x in n.inputs if x not in self.members}
        return {x for x in found if x.op is not CONST}


def loop_form(home: Home) -> tuple | None:
    """What the loops of two kernels must have in common to be shared; None if it shares with none.

    A product runs alone: it is left to a library.
    """
    reduction = home.reduction
    if is_alone(home.root):
        return None
    if reduction is None:
        return (home.root.shape,)
    shape = reduction.inputs[0].shape
    if reduction.inputs[0].size == reduction.size:
        return None  # it adds up nothing: its total could be its own input
    if reduction.size == 1:
        return (shape,)
    alike = all(node.shape == home.root.shape for node in home.stored)
    return (
        None if is_product_sum(reduction) or not alike else (shape, reduction.arg, home.root.shape)
    )


def in_step(home: Home, readers: Readers, place: dict[Node, int]) -> set[Node]:
    """The nodes that are used once, at its own place, in each round of the kernel's loop."""
    if home.reduction is None:
        steady, below = {home.root}, home.members
    else:
        steady, below = {home.reduction}, home.members - home.aligned
    nodes = {x for n in home.members for x in n.inputs} | below
    for node in sorted(nodes - steady, key=place.__getitem__, reverse=True):
        inside = [r for r in readers.get(node, ()) if r in home.members]
        if all(r in steady and (keeps_step(r) or r is home.reduction) for r in inside):
            steady.add(node)
    return steady


class Joiner:
    """Puts the homes of a schedule together; see the module's docstring.

    read    {stored node: the homes that read it from memory}
    apart   {root: why its kernel is no pass of one that reads from it}
    rows    {home on a device that has loops of ours: the rows that its totals take in}
    uses    what homes do with the rows of some shape, as far as it was asked for
    """

    def __init__(self, homes: list[Home], order: list[Node], readers: Readers, asked: set[Node]):
        self.place = {node: k for k, node in enumerate(order)}
        self.homes = sorted(homes, key=lambda h: self.place[h.root])
        self.groups: dict[Home, Group] = {h: Group(h, self.place) for h in homes}
        self.readers, self.asked = readers, asked
        self.read: dict[Node, set[Home]] = {n: set() for h in homes for n in h.stored}
        for home in homes:
            for x in {x for n in home.members for x in n.inputs} - home.members:
                self.read.get(x, set()).add(home)
        self.steps: list[Step] = []
        self.apart: dict[Node, str] = {}
        self.count = len(homes)
        self.rows = {h: rows_of(h) for h in homes if h.root.device in IN_LOOPS}
        self.uses: dict[Rows, dict[Home, Uses]] = {}

    def run(self) -> list[Kernel]:
        """The kernels in running order; `steps` are then of those that joined."""
        self.share_loops()
        for home in self.homes:
            group = self.groups[home]
            if home in self.rows and home is group.homes[0]:
                self.share_rows(group)
        return self.in_running_order()

    def share_loops(self) -> None:
        """Let each group share a loop with one before it."""
        waiting: dict[tuple, list[Group]] = {}
        for home in self.homes:
            form = loop_form(home)
            if form is None:
                continue
            peers = waiting.setdefault((*form, home.root.device), [])
            for peer in peers[-8:]:
                if self.join(peer, self.groups[home]):
                    peers[peers.index(peer)] = self.groups[home]
                    break
            else:
                peers.append(self.groups[home])

    def join(self, first: Group, second: Group) -> bool:
        """Let two groups share a loop, if a rule wants it and nothing stands between them."""
        outputs = sum(len(h.stored) for g in (first, second) for h in g.homes)
        if len(first.members | second.members) > KERNEL_LIMIT or outputs > OUTPUT_LIMIT:
            return False
        if self.path(second, first):
            first, second = second, first
        stored = {n for h in first.homes for n in h.stored}
        shared = sorted(second.inputs & (first.inputs | stored), key=lambda n: -n.nbytes)
        answer = SAME_LOOP(first.homes[0], second.homes[0], shared) if shared else None
        if answer is None or not self.possible(first, second):
            return False
        self.become_one(first, second, SAME_LOOP, answer[1], sum(x.nbytes for x in shared))
        return True

    def become_one(self, first: Group, second: Group, rule: Part, because: str, saved: int) -> None:
        """Let the first take the second, and record why."""
        root = second.homes[0].root
        first.take(second)
        for h in second.homes:
            self.groups[h] = first
        self.count -= 1
        roots = (first.homes[0].root,)
        self.steps.append(
            Step(root, JOIN, rule.name, rule.says, because, "", roots, saved, self.count)
        )

    def possible(self, first: Group, second: Group) -> bool:
        """Whether the second can run in the rounds of the first without waiting for anybody."""
        if self.path(second, first) or self.stands_between(first, second):
            return False
        stored = {n for h in first.homes for n in h.stored}
        kept = {n for h in first.homes for n in h.kept}
        for home in second.homes:
            steady = in_step(home, self.readers, self.place)
            for node in stored & {x for n in home.members for x in n.inputs}:
                if node in kept or node not in steady or node.size != home_size(home):
                    return False
        return True

    def stands_between(self, first: Group, second: Group) -> bool:
        """Whether the second waits for somebody who waits for the first."""
        return any(self.path(group, second) for group in self.following(first) - {second})

    # ------------------------------------------------------------ the same rows

    def share_rows(self, group: Group) -> None:
        """Let a group take those that read from it and work through the same rows."""
        found = True
        while found:
            waiting = sorted(self.following(group), key=lambda g: g.first)
            found = any(self.join_rows(group, after) for after in waiting)

    def join_rows(self, first: Group, second: Group) -> bool:
        """Let two groups be passes over the same rows, if a rule wants it."""
        homes = [*first.homes, *second.homes]
        rows = next((r for r in map(self.rows.get, homes) if r is not None), None)
        if rows is None or len(first.members | second.members) > KERNEL_LIMIT:
            return False
        outputs = self.outputs_of(homes)
        passes = passes_over(homes, rows, self.uses.setdefault(rows, {}))
        if passes is None or len(outputs) > OUTPUT_LIMIT or self.stands_between(first, second):
            return False
        stored = {n for h in first.homes for n in h.stored}
        shared = sorted(second.inputs & (first.inputs | stored), key=lambda n: -n.nbytes)
        answer = SAME_ROWS(first.homes[0], second.homes[0], shared, passes)
        if answer is None or answer[0] != JOIN:
            if answer is not None:
                self.apart[first.homes[-1].root] = answer[1]
            return False
        first.passes = passes
        self.become_one(first, second, SAME_ROWS, answer[1], sum(x.nbytes for x in shared))
        return True

    def outputs_of(self, homes: Iterable[Home]) -> set[Node]:
        """What kernels store for others than themselves."""
        inside = set(homes)
        return {n for h in inside for n in h.stored if n in self.asked or self.read[n] - inside}

    def following(self, group: Group) -> set[Group]:
        """The groups that read what a group stores."""
        return {self.groups[h] for home in group.homes for h in home.feeds} - {group}

    def path(self, start: Group, goal: Group) -> bool:
        """Whether `goal` needs, however indirectly, something that `start` stores.

        What begins behind the goal's last node leads to nothing that the goal could read. Where the
        search would be long the answer is yes: see Home.reaches.
        """
        seen, stack = {start}, [start]
        while stack:
            group = stack.pop()
            if group is goal or len(seen) > SEARCH_LIMIT:
                return True
            for after in self.following(group):
                if after not in seen and (after is goal or after.first < goal.last):
                    seen.add(after)
                    stack.append(after)
        return False

    def in_running_order(self) -> list[Kernel]:
        """Kernels sorted so that each runs after those it reads from; see running.py."""
        first = {g: min(self.place[h.root] for h in g.homes) for g in self.groups.values()}
        groups = sorted(first, key=first.__getitem__)
        number = {g: k for k, g in enumerate(groups)}
        writes = [{n for h in g.homes for n in h.stored} for g in groups]
        reads = [g.inputs for g in groups]
        after = [[number[f] for f in self.following(g)] for g in groups]
        order = Waiting(writes, reads, after, self.asked).in_order()
        assert len(order) == len(groups), "kernels wait for each other; see Home.reaches"
        read = set().union(*reads)
        return [self.finished(groups[k], read) for k in order]

    def finished(self, group: Group, read: set[Node]) -> Kernel:
        """The Kernel of a group, with its passes if it works through rows.

        read   what any kernel reads from memory
        """
        whole = self.kernel(group.homes, self.asked | read)
        if group.passes is None:
            return whole
        passes = [self.kernel(homes, ()) for homes in group.passes.homes]
        wanted = set(whole.outputs).union(*(p.inputs for p in passes))
        passes = [self.kernel(homes, wanted) for homes in group.passes.homes]
        return replace(whole, passes=tuple(passes))

    def kernel(self, homes: Iterable[Home], wanted: Container[Node]) -> Kernel:
        """A Kernel: the homes with a reduction first, members in the order of the graph.

        wanted   what others need of what it stores
        """
        homes = sorted(homes, key=lambda h: h.reduction is None)
        inside = set[Node]().union(*(h.members for h in homes))
        outputs = tuple(n for h in homes for n in h.stored if n in wanted)
        members = tuple(sorted(inside, key=self.place.__getitem__))
        inputs = dict.fromkeys(x for n in members for x in n.inputs if x not in inside)
        return Kernel(outputs, members, tuple(inputs))


def home_size(home: Home) -> int:
    """How many rounds the loop of a kernel makes."""
    return home.reduction.inputs[0].size if home.reduction is not None else home.root.size
