"""What is only noted while the user's line runs, and spelled out when the graph is really needed.

    composite    one node for a known composition of primitives: relu(x), not less, where and const
    derivative   one node for each gradient: backward() notes what is wanted, differentiates nothing

A training step that was seen before has a plan and needs only to be recognized: the fewer nodes,
the sooner. `spelled_out` gives the graph of primitives: for a new plan, or for a picture.

Gradients are promised only while all gradient rules are tinylearn's own; a rule of the user's runs
at once, on the user's line.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from tinylearn.changes import run_once
from tinylearn.errors import user_place
from tinylearn.graph.dtype import DType
from tinylearn.graph.gradient import gradient
from tinylearn.graph.node import Node, Shape, apply, built_for, separate, walk
from tinylearn.graph.primitives import DETACH
from tinylearn.parts import all_own

run_once(globals())

# ---------------------------------------------------------------- composites


class Composite:
    """The op of a node that stands for what a function makes of its inputs.

    function   (*input nodes, *arg) -> node, made of its inputs and of constants alone; each of
               its float inputs gets a gradient
    gradient   its own rule, (g, node) -> one graph for each input; None: the chain rule finds it
    """

    kind = "deferred"
    unnamed = None

    def __init__(self, function: Callable, gradient: Callable | None = None):
        self.function, self.gradient = function, gradient
        self.name = function.__name__.strip("_")
        self.__doc__ = function.__doc__

    def __call__(self, *inputs: Node, arg: tuple = ()) -> Node:
        return apply(self, inputs, arg)  # type: ignore[arg-type]

    def written_out(self, inputs: tuple[Node, ...], arg: tuple) -> Node:
        """What the function makes."""
        return self.function(*inputs, *arg)

    def check(self, inputs: tuple[Node, ...], arg: tuple) -> tuple[Shape, DType, str]:
        """Like what the function makes; an error in there is raised on the user's line."""
        made = self.written_out(inputs, arg)
        return made.shape, made.dtype, made.device

    def __repr__(self) -> str:
        return self.name


def composite(function: Callable[..., Node]) -> Composite:
    """Decorator: calls of the function make one node; the others come when they are needed."""
    return Composite(function)


def with_slope(slope: Callable[[Node], Node]) -> Callable[[Callable[..., Node]], Composite]:
    """Decorator: like `composite`, for a function of one input whose derivative is slope(x).

    For functions whose formula is exact where what the chain rule makes of it is not.
    """
    return with_gradient(lambda g, node: (g * slope(*node.inputs),))


def with_gradient(rule: Callable) -> Callable[[Callable[..., Node]], Composite]:
    """Decorator: like `composite`, with a gradient rule of its own."""
    return lambda function: Composite(function, rule)


def flat(function: Callable[..., Node]) -> Composite:
    """Decorator: like `composite`, for what jumps and is flat elsewhere: the gradient is zeros."""
    return Composite(function, lambda g, node: tuple(x.const_like(0) for x in node.inputs))


# ---------------------------------------------------------------- derivatives


class Derivative:
    """The op of a promise: (output, leaf, g) stands for the gradient that reaches the leaf.

    Without g it is the derivative of the output itself, which is one number.
    It is a constant for whoever computes with it: no gradient passes.
    """

    name = "derivative"
    kind = "deferred"
    unnamed = None
    gradient = None  # no gradient passes

    def check(self, inputs: tuple[Node, ...], arg: None) -> tuple[Shape, DType, str]:
        """Like the leaf."""
        leaf = inputs[1]
        return leaf.shape, leaf.dtype, leaf.device

    def __repr__(self) -> str:
        return self.name


DERIVATIVE: Any = Derivative()


def reached_leaves(output: Node) -> list[Node]:
    """The sources on which the output depends by small steps: those a gradient reaches.

    Among them what a tensor owns though it was computed: x, after x[0] = something with a gradient.
    """
    found = {output: None}
    stack = [output]
    leaves = []
    while stack:
        node = stack.pop()
        if not node.inputs or node.op is DETACH or node.op is DERIVATIVE:
            leaves.append(node)
            continue
        if node.owner is not None:
            leaves.append(node)
        for x in node.inputs:
            if x not in found and x.dtype.kind == 2:
                found[x] = None
                stack.append(x)
    return leaves


def promised(output: Node, g: Node | None, leaves: Iterable[Node]) -> dict[Node, Node]:
    """The gradients, as constants, for leaves that the output depends on: promises, if possible.

    g   what arrives at the output, if it is not 1
    """
    if not (all_own("gradient.") and all_own("graph.")):
        return {x: DETACH(graph) for x, graph in differentiated(output, g, leaves).items()}
    more = () if g is None else (g,)
    place = user_place()  # one line makes them all
    return {leaf: apply(DERIVATIVE, (output, leaf, *more), None, place) for leaf in leaves}


def differentiated(output: Node, g: Node | None, leaves: Iterable[Node]) -> dict[Node, Node]:
    """What `gradient` answers for a graph in which things are only noted."""
    leaves = list(leaves)
    g = output.const_like(1) if g is None else g
    output, g, *spelled = spelled_out([output, g, *leaves], ready=True)
    found = gradient(output, g, spelled)
    return {x: found[s] for x, s in zip(leaves, spelled, strict=True) if s in found}


# ---------------------------------------------------------------- spelling out


def spelled_out(outputs: Sequence[Node], ready: bool = False) -> list[Node]:
    """The same graphs of primitives alone: every composite and every gradient, node by node.

    ready   only until the chain rule can be asked: composites with a rule of their own stay
    """
    outputs = list(outputs)
    while True:
        order = walk.default(outputs)
        waiting = [node for node in order if waits(node)]
        ruled = [node for node in waiting if node.op.gradient is not None]
        if not waiting or (ready and len(ruled) == len(waiting)):
            return outputs
        rest = [node for node in waiting if node.op.gradient is None]
        plain = any(isinstance(node.op, Composite) for node in rest)
        new = {} if plain or not rest else kept_promises(rest)
        for node in order:
            if node not in new:
                new[node] = with_inputs(node, new, whole=not rest)
        outputs = [new[n] for n in outputs]


def waits(node: Node) -> bool:
    """Whether the node has to be spelled out."""
    return node.op.kind == "deferred" and (node.op is not DERIVATIVE or node.buffer is None)


def kept_promises(waiting: Iterable[Node]) -> dict[Node, Node]:
    """{promise: its graph}: one chain rule for each output, to all its leaves."""
    wanted: dict[tuple[Node, ...], list[Node]] = {}
    for node in waiting:
        output, leaf, *g = node.inputs
        wanted.setdefault((output, *g), []).append(leaf)
    found: dict[Node, Node] = {}
    for (output, *g), leaves in wanted.items():
        graphs = gradient.default(output, g[0] if g else output.const_like(1), leaves)
        for leaf in leaves:
            graph = graphs.get(leaf) or leaf.const_like(0)
            found[apply(DERIVATIVE, (output, leaf, *g))] = DETACH(graph)
    return found


def with_inputs(node: Node, new: dict[Node, Node], whole: bool = False) -> Node:
    """The node on new inputs, a composite spelled out; the node itself where nothing changes.

    whole   whether composites with a gradient rule of their own are spelled out too
    """
    inputs = tuple(new[x] for x in node.inputs)
    spelled = isinstance(node.op, Composite) and (whole or node.op.gradient is None)
    if inputs == node.inputs and not spelled:
        return node
    of = node.gradient_of
    of = None if of is None else new.get(of, of)
    changed = built_for(node.made_at, of, made_anew, node, inputs, spelled)
    if changed.buffer is None:
        changed.buffer = node.buffer
    return changed


def made_anew(node: Node, inputs: tuple[Node, ...], spelled: bool) -> Node:
    """What the node does, done to other inputs; spelled: by the primitives of a composite."""
    if isinstance(node.op, Composite) and spelled:
        return node.op.written_out(inputs, node.arg)
    return (apply if node.interned else separate)(node.op, inputs, node.arg)
