"""After the rules: kernels that loop over the same shape may share one loop.

Two kernels join if no other kernel has to run between them, and if a rule sees a saving. Only
loops of one form join: number by number over the same shape, or such a loop and the total of all
numbers of that shape.
"""

from __future__ import annotations

from tinylearn.graph.node import Node, Shape
from tinylearn.graph.primitives import CONST, COPY
from tinylearn.schedule.kernel import JOIN, KERNEL_LIMIT, Home, Kernel, Step
from tinylearn.schedule.rules import SAME_LOOP

OUTPUT_LIMIT = 16  # results of one kernel: more would not fit the registers


class Group:
    """Homes whose kernels have become one."""

    def __init__(self, home: Home):
        self.homes = [home]
        self.members = set(home.members)

    @property
    def inputs(self) -> set[Node]:
        """What is read from memory, constants left out."""
        found = {x for n in self.members for x in n.inputs if x not in self.members}
        return {x for x in found if x.op is not CONST}


def loop_shape(home: Home) -> Shape | None:
    """The shape over which a kernel loops number by number; None if it has another form."""
    reduction = home.reduction
    if home.root.op is COPY:
        return None
    if reduction is None:
        return home.root.shape
    whole = reduction.size == 1 and reduction.inputs[0].size > 1
    return reduction.inputs[0].shape if whole else None


def join_kernels(homes: list[Home], order: list[Node]) -> tuple[list[Kernel], list[Step]]:
    """The kernels of the homes in running order, with those joined that a rule wants joined."""
    place = {node: k for k, node in enumerate(order)}
    groups: dict[Home, Group] = {h: Group(h) for h in homes}
    waiting: dict[tuple, list[Group]] = {}
    steps: list[Step] = []
    for home in sorted(homes, key=lambda h: place[h.root]):
        shape = loop_shape(home)
        if shape is None:
            continue
        peers = waiting.setdefault((shape, home.root.device), [])
        for peer in peers[-8:]:
            step = joined(peer, groups[home], groups)
            if step is not None:
                merge(peer, groups[home], groups)
                count = len({id(g) for g in groups.values()})
                steps.append(Step(**{**vars(step), "kernel_count": count}))
                break
        else:
            peers.append(groups[home])
    return in_running_order(groups, place), steps


def joined(first: Group, second: Group, groups: dict[Home, Group]) -> Step | None:
    """The Step that joins two groups, if a rule wants it and nothing stands between them."""
    outputs = sum(len(h.stored) for g in (first, second) for h in g.homes)
    if len(first.members | second.members) > KERNEL_LIMIT or outputs > OUTPUT_LIMIT:
        return None
    shared = sorted(first.inputs & second.inputs, key=lambda n: -n.nbytes)
    answer = SAME_LOOP(first.homes[0], second.homes[0], shared) if shared else None
    if answer is None or reachable(first, second, groups) or reachable(second, first, groups):
        return None
    node, saved = second.homes[0].root, sum(x.nbytes for x in shared)
    rule, because = SAME_LOOP, answer[1]
    roots = (first.homes[0].root,)
    return Step(node, JOIN, rule.name, rule.says, because, kernels=roots, bytes_saved=saved)


def following(group: Group, groups: dict[Home, Group]) -> set[Group]:
    """The groups that read what a group stores."""
    return {groups[h] for home in group.homes for h in home.feeds} - {group}


def reachable(start: Group, goal: Group, groups: dict[Home, Group]) -> bool:
    """Whether `goal` needs, however indirectly, something that `start` stores."""
    seen, stack = {start}, [start]
    while stack:
        group = stack.pop()
        if group is goal:
            return True
        new = following(group, groups) - seen
        stack += new
        seen |= new
    return False


def merge(first: Group, second: Group, groups: dict[Home, Group]) -> None:
    """Put the second group's homes into the first."""
    first.homes += second.homes
    first.members |= second.members
    for home in second.homes:
        groups[home] = first


def in_running_order(groups: dict[Home, Group], place: dict[Node, int]) -> list[Kernel]:
    """Kernels sorted so that each runs after those it reads from."""
    first = {g: min(place[h.root] for h in g.homes) for g in groups.values()}
    blocked = dict.fromkeys(first, 0)
    for group in first:
        for after in following(group, groups):
            blocked[after] += 1
    ready = sorted((g for g in first if not blocked[g]), key=first.__getitem__, reverse=True)
    kernels = []
    while ready:
        group = ready.pop()
        kernels.append(finished(group, place))
        for after in following(group, groups):
            blocked[after] -= 1
            if not blocked[after]:
                ready.append(after)
        ready.sort(key=first.__getitem__, reverse=True)
    assert len(kernels) == len(first), "kernels wait for each other; see Home.reaches"
    return kernels


def finished(group: Group, place: dict[Node, int]) -> Kernel:
    """The Kernel of a group: its reduction's home first, members in the order of the graph."""
    homes = sorted(group.homes, key=lambda h: h.reduction is None)
    outputs = tuple(node for h in homes for node in h.stored)
    members = tuple(sorted(group.members, key=place.__getitem__))
    inputs = dict.fromkeys(x for n in members for x in n.inputs if x not in group.members)
    return Kernel(outputs, members, tuple(inputs))
