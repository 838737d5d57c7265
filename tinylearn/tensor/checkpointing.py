"""Checkpoints: what a function computes on its way is not kept for the gradient, but made again.

    x = tl.checkpoint(block, x)

A deep network keeps the numbers of all its layers until their gradients have been found. Behind a
checkpoint it keeps the inputs alone; when the gradient arrives, the function's graph is there a
second time, on inputs that wait for this gradient: half as much again to compute, far less to hold.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tinylearn.graph.deferred import Composite, with_inputs
from tinylearn.graph.gradient import gradient
from tinylearn.graph.later import LATER
from tinylearn.graph.node import Node, apply, inputs_first
from tinylearn.graph.primitives import DETACH, buffer
from tinylearn.graph.simplify import StandIn
from tinylearn.tensor.state import State, made, owner

if TYPE_CHECKING:
    from tinylearn.tensor.tensor import Tensor


def checkpoint(function: Callable[..., Tensor], *inputs: Any, **options: Any) -> Tensor:
    """function(*inputs), whose numbers on the way are computed again when gradients need them.

    function   gives one tensor; what it draws at random, as dropout does, is drawn once
    inputs     tensors, which are kept, and anything else
    Gradients go to the inputs and to all parameters that the function uses; they are the same.
    PyTorch: utils.checkpoint.checkpoint, whose use_reentrant is taken and changes nothing
    """
    options.pop("use_reentrant", None)
    answer = function(*inputs, **options)
    if not isinstance(answer, State):
        got = type(answer).__name__
        raise TypeError(f"checkpoint: the function must give one Tensor, not a {got}")
    if not answer._requires_grad:
        return answer
    given = [a.node for a in (*inputs, *options.values()) if isinstance(a, State)]
    kept = [n for n in dict.fromkeys(given) if n.dtype.is_float]
    learned = [n for n in parameters(answer.node, kept) if n not in kept]
    sources = (DETACH(answer.node), *kept, *learned)
    return made(apply(CHECKPOINT, sources, (len(kept),)), True)  # type: ignore[arg-type]


def parameters(output: Node, kept: list[Node]) -> list[Node]:
    """The leaves of tensors, behind the output and not behind what is kept."""
    stops = set(kept)

    def below(node: Node) -> tuple[Node, ...]:
        ends = node in stops or node.op is DETACH or owner(node) is not None
        return () if ends else node.inputs

    order = inputs_first([output], below)
    return [n for n in order if owner(n) is not None and n.dtype.is_float]


# ---------------------------------------------------------------- the op


class Checkpoint(Composite):
    """The op of a call. Inputs: what it gave, what is kept, parameters; arg: how many are kept."""

    def __init__(self) -> None:
        super().__init__(checkpoint, again)

    def check(self, inputs: tuple[Node, ...], arg: tuple) -> Any:
        """Like what the function gave."""
        return inputs[0].shape, inputs[0].dtype, inputs[0].device

    def written_out(self, inputs: tuple[Node, ...], arg: tuple) -> Node:
        """What the function gave."""
        return inputs[0]


def again(g: Node, node: Node) -> tuple[Node | None, ...]:
    """The function's graph once more, on inputs that wait for g, and its gradients.

    They are found on stand-ins, which depend on nothing: a weight that g was made with, too, would
    count twice.
    """
    border, *sources = node.inputs
    (output,), (count,) = border.inputs, node.arg
    arriving, *ends = (buffer(StandIn(x.shape, x.dtype, x.device)) for x in (g, *sources))
    copied = replaced([output], dict(zip(sources, ends, strict=True)))[0]
    found = gradient(copied, arriving, ends)
    waiting = [LATER(x, g) for x in sources[:count]] + sources[count:]
    slopes = [found.get(end) or x.const_like(0) for x, end in zip(sources, ends, strict=True)]
    return (None, *replaced(slopes, {arriving: g} | dict(zip(ends, waiting, strict=True))))


def replaced(outputs: list[Node], new: dict[Node, Node]) -> list[Node]:
    """The graphs with other nodes in the places of some."""
    new = dict(new)
    for n in inputs_first(outputs, lambda n: () if n in new else n.inputs):
        if n not in new:
            new[n] = with_inputs(n, new)
    return [new[n] for n in outputs]


CHECKPOINT = Checkpoint()
