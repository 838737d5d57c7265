"""Finds who made the first NaN or infinity, and says it on the user's own line.

    with tl.trace_nan():
        loss.backward()
        optimizer.step()

Inside the block every result is looked at. The first bad one is followed back, from reader to
input, to the operation whose inputs were still good: in words, and as a picture of the way.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from tinylearn.devices.buffer import Buffer
from tinylearn.devices.device import Device
from tinylearn.errors import TinylearnError
from tinylearn.graph.dtype import float16
from tinylearn.graph.node import Node, walk
from tinylearn.nn.progress import NotebookFace, face_for
from tinylearn.plan.plan import WATCHERS
from tinylearn.plan.request import Request
from tinylearn.viz.faces.picture import Picture
from tinylearn.viz.style import counted, shape_text
from tinylearn.viz.trace.bad_numbers import Trail, look_at
from tinylearn.viz.trace.tracer import Tracer, traced
from tinylearn.viz.trace.variables import names_in, names_on_lines

FIRST, LAST = 6, 3  # nodes of a long way that are named
LIMITS = {
    "log": ("log needs numbers above 0", "x.clamp(1e-7).log()"),
    "sqrt": ("sqrt needs numbers from 0 up, and its slope is infinite at 0", "(x + 1e-7).sqrt()"),
    "recip": ("a division needs a divisor other than 0", "y / (x + 1e-7)"),
    "exp": ("exp is too large for float32 above 88", "(x - x.max(-1, keepdim=True)).exp()"),
}


class NaNError(TinylearnError, FloatingPointError):
    """A NaN or an infinity was computed: who made it, from what, and where.

    `draw()` is the graph with the way lit that led from the maker to the result.
    """

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.report())
        self.draw = finding.picture


@contextmanager
def trace_nan() -> Iterator[None]:
    """Raise NaNError at the first result with a NaN or an infinity, and say who made it.

    Every result computed inside the block is checked, which costs one look at each number. In a
    notebook the way from the maker to the result is drawn too.
    """
    frame: FrameType | None = sys._getframe(2)

    def watch(request: Request, made: list[Buffer]) -> None:
        for node, buffer in zip(request.outputs, made, strict=True):
            array = Device.known[node.device].download(buffer)
            if look_at(array).bad:
                raise NaNError(Finding(Trail(node, array), frame))

    WATCHERS.append(watch)
    try:
        yield
    except NaNError as error:
        if isinstance(face_for(None), NotebookFace):
            from IPython.display import display  # only a notebook gets here

            display(error.draw())
        raise
    finally:
        WATCHERS.remove(watch)


class Finding:
    """Who made the first bad number of a result: in words, and as a picture.

    way        nodes from the result down to the maker
    infinity   if the maker's NaN came from an infinity: from there down to who made that
    """

    def __init__(self, trail: Trail, frame: FrameType | None) -> None:
        self.trail, self.frame = trail, frame
        self.way = trail.way(trail.result)
        self.infinity = trail.way_to_infinity(self.way[-1])
        order = walk([trail.result])
        self.names = names_on_lines(order) | names_in(frame, set(order))

    def report(self) -> str:
        """Maker, operands, the user's lines, the way to the result, a repair."""
        maker = self.way[-1]
        look = self.trail.looks[maker]
        what = f"{look.nans} NaN" if look.nans else counted(look.infinite, "infinite number")
        says = f"made {what} among its {counted(look.size, 'number')}"
        if not maker.inputs:
            says = f"holds {what} among its {look.size} from the start"
        lines = [f"{self.called(maker)} {says}", self.row("result", maker)]
        lines += [self.row("from", x) for x in self.trail.operands(maker)]
        if len(self.way) > 1:
            lines.append(f"    it reached the result by {self.path()}")
        for node in self.infinity[-1:]:
            lines.append(f"the infinity was made before it, by {self.called(node)}")
            lines += [self.row("from", x) for x in self.trail.operands(node)]
        return "\n".join(lines + self.advice())

    def advice(self) -> list[str]:
        """What is at fault in general, and one repair; nothing where nobody knows."""
        culprit = (self.infinity or self.way)[-1]
        if self.infinity and self.trail.is_masked_softmax(self.way[-1]):
            name = self.names.get(next(iter(culprit.inputs[2:]), culprit), "x")
            low = "-1e4" if culprit.dtype is float16 else "-1e9"
            says = "A row that is masked everywhere has no largest number: -inf - -inf is NaN"
            return [f"{says}. Try {name}.masked_fill(mask, {low})"]
        if culprit.op.name not in LIMITS:
            return []
        says, repair = LIMITS[culprit.op.name]
        return [f"{says[0].upper()}{says[1:]}. Try {repair}"]

    def path(self) -> str:
        """The way from the maker to the result; of a long one its beginning and its end."""
        names = [self.called(node) for node in reversed(self.way)]
        left = len(names) - FIRST - LAST
        if left > 1:
            names[FIRST:-LAST] = [f"{left} more"]
        return " → ".join(names)

    def called(self, node: Node) -> str:
        """A node as the user knows it: its variable, its op, whose gradient it belongs to."""
        name = f"{self.names[node]} = {node.op.name}" if node in self.names else node.op.name
        of = node.gradient_of
        return f"{name} (in the gradient of {of.op.name})" if of else name

    def row(self, role: str, node: Node) -> str:
        """One operand: its shape, the range of its good numbers, what is odd, the user's line."""
        text = f"    {role:7}{self.called(node)} ({shape_text(node.shape)})"
        look = self.trail.looks[node]
        if look.least is not None:
            text += f", from {look.least:.4g} to {look.most:.4g}"
        counts = ((look.nans, "NaN"), (look.infinite, "infinite"), (look.zeros, "zero"))
        odd = [f"{n} {kind}" for n, kind in counts if n]
        text += f", {', '.join(odd)}" if odd else ""
        if node.origin is not None:
            text += f"   {node.origin.place}: {node.origin.text}"
        return text

    def picture(self) -> Picture:
        """The graph of the result, the way from the maker lit."""
        tracer = Tracer([self.trail.result], True, self.frame)
        data = traced(tracer, steps=False, code=False, level="named", view="kernels")
        lit = self.trail.passed(self.way)
        if self.infinity:
            lit += self.trail.passed(self.infinity)
        look = self.trail.looks[self.way[-1]]
        options: dict[str, Any] = {
            "lit": [tracer.ids[n] for n in dict.fromkeys(lit)],
            "maker": tracer.ids[(self.infinity or self.way)[-1]],
            "says": self.report(),
            "made": "the first NaN" if look.nans and not self.infinity else "the first infinity",
        }
        return Picture(data, "draw", **options)
