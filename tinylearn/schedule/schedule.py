"""Turns a graph into kernels, and records why: one Step for each decision.

    graph (what) -> schedule() -> kernels (what runs together) + steps (why)

Each node is asked about once, from the results to the sources, so that the kernels which read it
are known when its turn comes. Whatever the rules say, the kernels compute the right numbers: what
a loop nest cannot hold, or what would make two kernels wait for each other, is refused here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from tinylearn.graph.node import Node, walk_unrealized
from tinylearn.graph.primitives import COPY, EXPAND, PAD
from tinylearn.schedule.join import Joiner
from tinylearn.schedule.kernel import (
    FUSE,
    JOIN,
    KERNEL_LIMIT,
    LOOKUPS,
    STORE,
    Home,
    Schedule,
    Step,
    Use,
    is_alone,
    is_product_sum,
    is_source,
    is_whole,
    moves,
    reads_in_loops,
)
from tinylearn.schedule.rules import IN_PASSING, RULES

ASKED_FOR = "A result that was asked for is stored."
LOOKED_UP = (
    "Places that are numbers are stored before they are used, and so is what is found there."
)
PARTS = "Parts that are copied as a whole are stored, and so is what they make."
ACROSS = "Numbers that go to another device are stored on both."


class Scheduler:
    """One pass over a graph; see `schedule`."""

    def __init__(self, outputs: Iterable[Node]):
        self.outputs = list(dict.fromkeys(outputs))
        self.order = walk_unrealized(self.outputs)
        self.place_of = {node: k for k, node in enumerate(self.order)}
        self.readers = readers_of(self.order)
        self.uses: dict[Node, dict[Node, int]] = {}
        self.lives: dict[Node, list[Home]] = {}
        self.homes: list[Home] = []
        self.steps: list[Step] = []

    def run(self) -> Schedule:
        """Ask about each node, then let kernels share loops."""
        for node in reversed(self.order):
            self.uses[node] = self.seen_through_moves(node)
            if not is_source(node):
                self.place(node)
        joiner = Joiner(self.homes, self.order, self.readers, set(self.outputs))
        kernels = joiner.run()
        for k, step in enumerate(self.steps):
            if step.node in joiner.apart:
                because = f"{step.because}; {joiner.apart[step.node]}"
                self.steps[k] = replace(step, because=because)
        return Schedule(kernels, self.steps + joiner.steps)

    def seen_through_moves(self, node: Node) -> dict[Node, int]:
        """{reader that computes: how often the moves on the way repeat each number}."""
        found: dict[Node, int] = {}
        for reader in self.readers.get(node, ()):
            times = reader.size // max(node.size, 1) if reader.op is EXPAND else 1
            above = self.uses[reader] if moves(reader) else {}
            for r, copies in (above or {reader: 1}).items():
                found[r] = max(found.get(r, 1), copies * times)
        return found

    def place(self, node: Node) -> None:
        """Decide where `node` is computed and kept, and record the Step."""
        around = list(dict.fromkeys(h for r in self.readers.get(node, ()) for h in self.lives[r]))
        step = self.decide(node, around)
        if step.verdict == FUSE:
            self.lives[node] = around
            step = replace(step, bytes_saved=2 * node.nbytes)
        else:
            home, step = self.store(node, around, step)
            self.lives[node] = [home]
        for home in self.lives[node]:
            home.add(node, self.readers.get(node, ()))
        roots = tuple(h.root for h in self.lives[node])
        self.steps.append(replace(step, kernels=roots, kernel_count=len(self.homes)))

    def decide(self, node: Node, homes: list[Home]) -> Step:
        """The first rule's answer, unless there is no choice or the answer is impossible."""
        if node in self.outputs or not homes:
            return Step(node, STORE, "result", ASKED_FOR, "it was asked for")
        if node.op is COPY or any(r.op is COPY for r in self.readers[node]):
            return Step(node, STORE, "device", ACROSS, f"{node} is where two devices meet")
        whole = [n for n in (node, *(h.root for h in homes)) if is_whole(n)]
        if whole:
            return as_a_whole(node, whole, homes)
        looking = next(filter(reads_in_loops, self.uses[node]), None)
        if looking is not None and (not moves(node) or node.op is PAD):
            return Step(
                node, STORE, "looked_up", LOOKED_UP, f"{looking} looks it up, or looks there"
            )
        uses = [
            Use(r, copies, any(is_product_sum(s) for s in self.readers.get(r, ())))
            for r, copies in self.uses[node].items()
        ]
        for rule in RULES:
            if (answer := rule(node, uses, homes)) is not None:
                verdict, because = checked(rule, answer, (STORE, FUSE))
                refused = self.refusal(node, homes) if verdict == FUSE else ""
                verdict = STORE if refused else verdict
                return Step(node, verdict, rule.name, rule.says, because, refused)
        return Step(node, STORE, "nobody", "What no rule speaks for is stored.", "no rule answered")

    def refusal(self, node: Node, homes: list[Home]) -> str:
        """Why `node` cannot be computed inside these kernels, or "" if it can."""
        for home in homes:
            if len(home.members) >= KERNEL_LIMIT:
                return f"{home} is full: it computes {KERNEL_LIMIT} nodes already"
            if node.op.kind == "reduce":
                if home.reduction is not None:
                    return f"{home} already runs {home.reduction}"
                if not home.aligns(node, self.readers[node]):
                    return f"{home} would run this reduction once for every copy"
        return ""

    def store(self, node: Node, homes: list[Home], step: Step) -> tuple[Home, Step]:
        """The kernel that stores `node`: one that has its numbers at hand, or a new one."""
        alone = len(homes) == 1 and node not in self.outputs
        for home in () if alone else homes:  # a kernel that stores for itself alone stores nothing
            answer = IN_PASSING(node, home) if self.can_pass(node, home, homes) else None
            if answer is not None:
                _, because = checked(IN_PASSING, answer, (JOIN,))
                home.stored.append(node)
                home.feeds.update(h for h in homes if h is not home)
                because = f"{step.because}; {because}"
                return home, replace(step, verdict=JOIN, because=because, bytes_saved=node.nbytes)
        home = Home(node, self.readers, self.place_of)
        home.feeds.update(homes)
        if alone:
            home.kept.add(node)
        self.homes.append(home)
        return home, step

    def can_pass(self, node: Node, home: Home, homes: list[Home]) -> bool:
        """Whether `home` can store `node` in passing without waiting for itself."""
        return (
            not is_alone(node)
            and not is_alone(home.root)
            and node.device == home.root.device
            and len(home.members) < KERNEL_LIMIT
            and not (node.op.kind == "reduce" and home.reduction is not None)
            and home.aligns(node, self.readers[node])
            and not any(h is not home and h.reaches(home) for h in homes)
        )


def schedule(outputs: Iterable[Node]) -> Schedule:
    """The kernels that compute the outputs, in running order, and the Steps that led to them."""
    return Scheduler(outputs).run()


def as_a_whole(node: Node, whole: list[Node], homes: list[Home]) -> Step:
    """What becomes of a node that is no loop of ours, or is read by some; whole: all of these."""
    looks_up = whole[0].op in LOOKUPS
    rule, says = ("looked_up", LOOKED_UP) if looks_up else ("parts", PARTS)
    if moves(node) and node.op is not PAD and all(h.root in whole for h in homes):
        return Step(node, FUSE, rule, says, "it is another look at the same memory")
    part = (
        f"{whole[0]} is computed on its own" if looks_up else f"{node} is a whole or a part of one"
    )
    return Step(node, STORE, rule, says, part)


def readers_of(order: list[Node]) -> dict[Node, list[Node]]:
    """{node: the nodes that use it}, for nodes that still have to be computed."""
    readers: dict[Node, list[Node]] = {}
    for node in order:
        if not is_source(node):
            for x in dict.fromkeys(node.inputs):
                readers.setdefault(x, []).append(node)
    return readers


def checked(rule: object, answer: object, verdicts: tuple[str, ...]) -> tuple[str, str]:
    """A rule's answer, if it is one; raises TypeError with what a rule must return."""
    match answer:
        case (str() as verdict, str() as because) if verdict in verdicts:
            return verdict, because
    wanted = " or ".join(f"({v.upper()}, because)" for v in verdicts)
    raise TypeError(f"{rule} must return None or {wanted}, not {answer!r}")
