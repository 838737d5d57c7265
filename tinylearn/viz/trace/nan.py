"""Finds who made the first NaN or infinity, and says it on the user's own line.

    with tl.trace_nan():
        loss.backward()
        optimizer.step()

Inside the block every result is looked at. The first bad one is followed back, from reader to
input, to the operation whose inputs were still good. Only then is anything computed twice.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from tinylearn.devices.device import Device
from tinylearn.errors import TinylearnError
from tinylearn.graph.deferred import spelled_out
from tinylearn.graph.node import Node, walk
from tinylearn.graph.primitives import CONST
from tinylearn.plan.plan import Plan, plan_for
from tinylearn.plan.request import Request
from tinylearn.schedule.kernel import is_product_sum
from tinylearn.viz.style import counted, shape_text
from tinylearn.viz.trace.variables import names_in, names_on_lines

Way = list[tuple[Node, Any]]  # (node, its numbers), from the bad result down to its maker


class NaNError(TinylearnError, FloatingPointError):
    """A NaN or an infinity was computed: who made it, from what, and where."""


def numbers(node: Node) -> Any:
    """The node's numbers as a NumPy array; computed on the side, the graph stays as it is."""
    if node.buffer is not None:
        return Device.known[node.device].download(node.buffer)
    request = Request([node])
    (buffer,) = RUN(plan_for(request), request)
    return Device.known[node.device].download(buffer)


def count_bad(array: Any) -> tuple[int, int]:
    """(how many NaN, how many infinite)."""
    if array.dtype.kind != "f":
        return 0, 0
    nans = int((array != array).sum())
    return nans, int((abs(array) == math.inf).sum())


def operands(node: Node) -> list[Node]:
    """What the node computes with; moves and the products of a matrix product are seen through."""
    inputs = node.inputs[0].inputs if is_product_sum(node) else node.inputs
    found = []
    for x in inputs:
        while x.buffer is None and x.inputs and (x.op.kind == "move" or x.op.name == "detach"):
            x = x.inputs[0]
        found.append(x)
    return list(dict.fromkeys(found))


def way_to_maker(node: Node, array: Any) -> Way:
    """From a bad result to the node that made it bad: its operands are good, or it has none."""
    way = [(node, array)]
    while True:
        node, array = way[-1]
        nans = count_bad(array)[0] > 0
        known = [(x, numbers(x)) for x in operands(node)] if node.op is not CONST else []
        worse = [pair for pair in known if count_bad(pair[1])[0]]
        if not nans:  # an infinity comes from an infinity
            worse = [pair for pair in known if any(count_bad(pair[1]))]
        if not worse:
            return way
        way.append(worse[0])


LIMITS = {
    "log": ("log needs numbers above 0", "x.clamp(1e-7).log()"),
    "sqrt": ("sqrt needs numbers from 0 up, and its slope is infinite at 0", "(x + 1e-7).sqrt()"),
    "recip": ("a division needs a divisor other than 0", "y / (x + 1e-7)"),
    "exp": ("exp is too large for float32 above 88", "(x - x.max(-1, keepdim=True)).exp()"),
}


def report(way: Way, names: dict[Node, str]) -> str:
    """The finding in words: maker, operands, the user's lines, the way to the result, a repair."""
    maker, array = way[-1]
    nans, infinite = count_bad(array)
    what = f"{nans} NaN" if nans else counted(infinite, "infinite number")
    if not maker.inputs or maker.buffer is not None:
        lines = [f"{called(maker, names)} holds {what} among its {array.size} from the start"]
    else:
        lines = [f"{called(maker, names)} made {what} among its {counted(array.size, 'number')}"]
    lines.append(row("result", maker, array, names))
    if maker.buffer is None or maker is way[0][0]:
        lines += [row("from", x, numbers(x), names) for x in operands(maker) if x.op is not CONST]
    if len(way) > 1:
        path = " → ".join(called(node, names) for node, _ in reversed(way))
        lines.append(f"    it reached the result by {path}")
    infinity = [pair for pair in from_infinity(way[-1]) if nans]
    for node, _ in infinity[-1:]:
        lines.append(f"the infinity was made before it, by {called(node, names)}")
        lines += [row("from", x, numbers(x), names) for x in operands(node) if x.op is not CONST]
    culprit = infinity[-1][0] if infinity else maker
    if culprit.op.name in LIMITS:
        says, repair = LIMITS[culprit.op.name]
        lines.append(f"{says[0].upper()}{says[1:]}. Try {repair}")
    return "\n".join(lines)


def from_infinity(maker: tuple[Node, Any]) -> Way:
    """The way down to the node that made the infinity of which the maker made a NaN, if one did."""
    for x in operands(maker[0]):
        if x.inputs and count_bad(array := numbers(x))[1]:
            return way_to_maker(x, array)
    return []


def called(node: Node, names: dict[Node, str]) -> str:
    """A node as the user knows it: its variable, its op, whose gradient it belongs to."""
    name = f"{names[node]} = {node.op.name}" if node in names else node.op.name
    return f"{name} (in the gradient of {node.gradient_of.op.name})" if node.gradient_of else name


def row(role: str, node: Node, array: Any, names: dict[Node, str]) -> str:
    """One operand: its shape, the range of its good numbers, what is odd, the user's line."""
    text = f"    {role:7}{called(node, names)} ({shape_text(node.shape)})"
    nans, infinite = count_bad(array)
    good = array[abs(array) < math.inf] if array.dtype.kind == "f" else array
    if good.size:
        text += f", from {good.min():.4g} to {good.max():.4g}"
    zeros = int((array == 0).sum())
    counts = ((nans, "NaN"), (infinite, "infinite"), (zeros, "zero"))
    odd = [f"{n} {kind}" for n, kind in counts if n]
    text += f", {', '.join(odd)}" if odd else ""
    if node.origin is not None:
        text += f"   {node.origin.place}: {node.origin.text}"
    return text


RUN = Plan.run


@contextmanager
def trace_nan() -> Iterator[None]:
    """Raise NaNError at the first result with a NaN or an infinity, and say who made it.

    Every result computed inside the block is checked, which costs one look at each number.
    """
    frame: FrameType | None = sys._getframe(2)

    def checked(plan: Plan, request: Request) -> list[Any]:
        buffers = RUN(plan, request)
        for node, buffer in zip(request.outputs, buffers, strict=True):
            array = Device.known[node.device].download(buffer)
            if any(count_bad(array)):
                (result,) = spelled_out([node])
                way, order = way_to_maker(result, array), walk([result])
                names = names_on_lines(order) | names_in(frame, set(order))
                raise NaNError(report(way, names))
        return buffers

    before = Plan.run
    Plan.run = checked  # type: ignore[method-assign,assignment]
    try:
        yield
    finally:
        Plan.run = before  # type: ignore[method-assign]
