"""A graph to compute, written down so that graphs of equal structure have equal keys.

    Request([node, ...]).key      the words that a plan is kept under

What is written down is which operations on which shapes, and who reads whom: not whose data, not
the values of constants, and not where a part begins that is cut out of numbers in memory.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from tinylearn.devices.buffer import Buffer
from tinylearn.devices.device import Device
from tinylearn.graph.deferred import DERIVATIVE
from tinylearn.graph.dtype import int64
from tinylearn.graph.node import Node, source
from tinylearn.graph.primitives import CONST, DETACH, SHRINK
from tinylearn.parts import Part, bodies

BUILT_IN = (0, 1, -1, 2, 0.5, math.inf, -math.inf)  # constants that stand in the text of a kernel
GIVEN = -2  # the word of a constant that is given at run time; behind it those that are built in
LITTLE = 1 << 16  # numbers that are soon computed, though a part of them is all that is asked for
STARTS_LIMIT = 4096  # graphs with parts that are remembered


@dataclass
class Starts:
    """Where the parts of a graph begin: when it was met first, and which of them move since."""

    first: tuple[int, ...]
    moved: set[int] = field(default_factory=set)


STARTS: dict[tuple, Starts] = {}


class Request:
    """A graph to compute, written down so that graphs of equal structure have equal keys.

    deep     whether it goes behind numbers that exist
    order    the nodes, in the order in which they are met
    leaves   those whose numbers are in memory
    through  those of them that are looked behind all the same
    cut      parts that were taken out of what is in memory
    placed   parts whose places are given at run time, each with these as constants
    given    what is one value, which the plan is given when it runs
    starts   where each part that is cut out, or padded, begins
    moving   the nodes to which these belong
    key      the words that write all this down, and the starts
    """

    order: list[Node]
    leaves: list[Node]
    through: set[Node]
    cut: set[Node]
    placed: dict[Node, list[Node]]
    given: list[Node]
    starts: tuple[int, ...]
    moving: list[Node]
    key: tuple

    def __init__(self, outputs: Sequence[Node]) -> None:
        self.outputs, self.cut, self.placed = outputs, set(), {}
        below = outputs[0].inputs if outputs else ()  # a guess: optimizers ask for what g is in
        self.deep = any([x.op is DERIVATIVE and x.buffer is None for x in below])
        self.write_down()

    def write_down(self) -> None:
        """Find the key."""
        words = self.words()
        if words is None:
            self.deep = True
            words = self.words() or []
        words.append(running_parts())
        self.key = (tuple(words), self.starts)

    def moved(self) -> bool:
        """Whether this graph was met before with parts that begin elsewhere, as in a loop.

        Then it is written down anew: such parts of what is in memory are taken out of it first,
        others are cut out where the plan is told when it runs.
        """
        if len(STARTS) >= STARTS_LIMIT:
            STARTS.clear()
        known = STARTS.setdefault(self.key[0], Starts(self.starts))
        pairs = zip(known.first, self.starts, strict=True)
        known.moved.update(k for k, (first, now) in enumerate(pairs) if first != now)
        parts = dict.fromkeys(self.moving[k] for k in sorted(known.moved))
        wanted = {n.inputs[1] for n in self.order if n.op is DERIVATIVE}
        for node in parts:
            if node.op is SHRINK and is_data(node.inputs[0], self.deep, wanted):
                self.cut.add(node)
                node.buffer = node.buffer or taken_out(node)
            elif node.inputs[0].buffer is not None or node.inputs[0].size <= LITTLE:
                self.placed[node] = [a_start(a, node.device) for a in places(node)]
        if self.cut or self.placed:
            self.write_down()
        return bool(self.cut or self.placed)

    def words(self) -> list[int] | None:
        """The outputs' structures, and the places of the inputs of each node below them.

        Numbers that exist are not looked behind, unless deep. None if there is a promised gradient,
        whose graph depends on how its output was made: then one must look behind. What is behind a
        DETACH is not in the structures above it, and is written down there.
        """
        deep, leaves, given = self.deep, [], []
        self.through, self.moving, starts = set(), [], []
        order = list(dict.fromkeys(self.outputs))
        place = {node: k for k, node in enumerate(order)}
        words = [place[node] for node in self.outputs] + [node.structure for node in order]
        for node in order:  # which grows under way
            buffer, inputs, op = node.buffer, node.inputs, node.op
            if op is CONST:
                words.append(constant_word(node.arg))
                if words[-1] == GIVEN:
                    given.append(node)
            elif buffer is None or (deep and inputs and op is not DETACH and node not in self.cut):
                if op is DERIVATIVE and not deep:
                    return None
                if op is DETACH:
                    words.append(inputs[0].structure)
                elif node in self.placed:
                    words.append(GIVEN)
                    given += self.placed[node]
                elif op.unnamed is not None:  # a shrink or a pad
                    starts += places(node)
                    self.moving += [node] * len(node.shape)
                for x in inputs:
                    k = place.get(x)
                    if k is None:
                        place[x] = k = len(order)
                        order.append(x)
                    words.append(k)
                if buffer is not None:
                    words.append(-1)
                    leaves.append(node)
                    self.through.add(node)
            else:
                if inputs or op is DETACH:
                    words.append(-1)
                leaves.append(node)
        self.order, self.leaves, self.given, self.starts = order, leaves, given, tuple(starts)
        return words


def is_data(x: Node, deep: bool, wanted: set[Node]) -> bool:
    """Whether a node is numbers in memory, and no wanted gradient leads through it."""
    return x.buffer is not None and not (deep and (x.inputs or x in wanted))


def taken_out(part: Node) -> Buffer:
    """A copy of a part of numbers in memory."""
    (x,), device = part.inputs, Device.known[part.device]
    numbers = device.read(device.memory(x.buffer)).reshape(x.shape)
    return device.upload(part.op.numpy(numbers, part.arg))


def places(part: Node) -> list[int]:
    """Where a shrink or a pad begins along each axis."""
    return [a for a, _ in part.arg]


def a_start(value: int, device: str) -> Node:
    """A constant of its own, though others have the same value now."""
    node = source(CONST, (), int64, device, None)
    node.arg = value
    return node


def is_given(node: Node) -> bool:
    """Whether a node is a constant that a plan is given when it runs."""
    return node.op is CONST and constant_word(node.arg) == GIVEN


def constant_word(value: float) -> int:
    """The word for a constant in a key: GIVEN, or one for each that is built in.

    >>> constant_word(3.25), constant_word(0.0), constant_word(-0.0), constant_word(1)
    (-2, -3, -10, -4)
    """
    if value in BUILT_IN:
        zero_below = value == 0 and math.copysign(1, value) < 0
        return GIVEN - 1 - (len(BUILT_IN) if zero_below else BUILT_IN.index(value))
    return GIVEN if value == value else GIVEN - 2 - len(BUILT_IN)  # the last is "not a number"


class Running:
    """The bodies of the Parts that plans are made with, collected anew after each change."""

    found: tuple[int, int] = (-1, 0)  # Part.version, and the number of the bodies it had
    known: ClassVar[dict[tuple[Callable, ...], int]] = {}
    numbers = itertools.count()


def running_parts() -> int:
    """What a plan depends on besides the graph: a number for the functions that make it."""
    version, number = Running.found
    if version != Part.version:
        version = Part.version  # before the bodies are read: what changes meanwhile is found later
        parts = sum(
            map(bodies, ("fuse.", "join.", "nest.", "loops.", "recipe.", "render.", "kernel.")), ()
        )
        number = Running.known.setdefault(parts, next(Running.numbers))
        Running.found = version, number
    return number
