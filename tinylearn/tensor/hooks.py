"""Hooks: functions that see, and may change, the gradient on its way: `x.register_hook(print)`.

A hook runs once for each backward(). So where a graph has one, or a gradient of the user's own,
backward() differentiates at once and promises nothing: see `at_once`.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from tinylearn.changes import run_once
from tinylearn.errors import GradientError, ShapeError, describe
from tinylearn.graph.deferred import Composite
from tinylearn.graph.node import Node, separate, walk
from tinylearn.graph.primitives import ADD
from tinylearn.repairs.userline import name_of
from tinylearn.tensor.state import State, made, owner

if TYPE_CHECKING:
    from tinylearn.tensor.tensor import Tensor

run_once(globals())

WATCHED: weakref.WeakSet[Node] = weakref.WeakSet()  # nodes whose rule is the user's own
ON_LEAVES: dict[int, tuple[weakref.ref[State], HookList]] = {}  # by the id of the leaf


class HookList:
    """The hooks of one tensor, in order. All are equal: which they are, changes no plan."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, HookList)

    def __hash__(self) -> int:
        return 0

    def __init__(self) -> None:
        self.functions: list[Callable[[Tensor], Any]] = []

    def __call__(self, g: Node) -> Node:
        """The gradient, as the hooks leave it."""
        for function in list(self.functions):
            answer = function(made(g, False))
            if answer is not None:
                g = answered("a hook", g, answer)
        return g


class Hook:
    """What register_hook gives: remove() takes the hook away."""

    def __init__(self, hooks: HookList, function: Callable[[Tensor], Any]) -> None:
        self.hooks, self.function = hooks, function
        hooks.functions.append(function)

    def remove(self) -> None:
        """From now on the hook is not called; a second time nothing happens."""
        if self.function in self.hooks.functions:
            self.hooks.functions.remove(self.function)


class Hooks(State):
    """What happens to a tensor's gradient on its way."""

    __slots__ = ()

    def register_hook(self, hook: Callable[[Tensor], Any]) -> Hook:
        """Call hook(g) with each gradient that backward() brings to this tensor.

        hook   gives None, or another gradient to go on with. On a tensor that was computed it
               holds for what is computed from it from now on. PyTorch: register_hook
        Raises GradientError for a tensor that gets no gradient
        """
        if not self._requires_grad:
            says = "register_hook: this tensor gets no gradient"
            repair = f"{name_of()}.requires_grad_()" if self.node.dtype.is_float else ""
            raise describe(GradientError, says, [(name_of(), self.node)], repair)
        return Hook(hooks_of(self), hook)

    def retain_grad(self) -> None:
        """Keep the gradient of a tensor that was computed in its .grad. PyTorch: retain_grad"""
        if owner(self.node) is self:
            return
        tensor: Any = weakref.ref(self)

        def keep(g: Tensor) -> None:
            if (kept := tensor()) is not None:
                kept._grad = g if kept._grad is None else made(ADD(kept._grad.node, g.node), False)

        self.register_hook(keep)


def hooks_of(tensor: State) -> HookList:
    """The hooks of a tensor; one that was computed gets a node that calls them."""
    if owner(tensor.node) is tensor:
        known = ON_LEAVES.get(id(tensor))
        if known is None:
            key = id(tensor)
            gone = weakref.ref(tensor, lambda _: ON_LEAVES.pop(key, None))
            known = ON_LEAVES[key] = gone, HookList()
        return known[1]
    if tensor.node.op is not HOOKED:
        tensor.node = separate(HOOKED, (tensor.node,), (HookList(),))  # no other tensor's node
        WATCHED.add(tensor.node)
    hooks: HookList = tensor.node.arg[0]
    return hooks


def answered(whose: str, x: Node, answer: Any) -> Node:
    """What the user's function gave as the gradient of x, if it can be one."""
    if isinstance(answer, int | float):
        return x.const_like(answer)
    if not isinstance(answer, State):
        kind = type(answer).__name__
        raise GradientError(f"{whose} gave a {kind}; a gradient is a Tensor, a number or None")
    if answer.node.shape != x.shape:
        says = f"{whose} gave a gradient of shape {answer.node.shape} for a tensor of {x.shape}"
        raise describe(ShapeError, says, [("x", x), ("g", answer.node)])
    return answer.node.cast(x.dtype)


# ---------------------------------------------------------------- on nodes


def hooked(x: Node, hooks: HookList) -> Node:
    """The same numbers."""
    return x


HOOKED: Any = Composite(hooked, lambda g, node: (node.arg[0](g),))


def at_once(output: Node) -> bool:
    """Whether a function of the user's has to see the gradients of this output now."""
    return bool(WATCHED) and any(node in WATCHED for node in walk([output]))


def seen_by_hooks(found: Iterable[tuple[State, Node]]) -> list[tuple[State, Node]]:
    """Leaves and their gradients, as the hooks of the leaves leave them."""
    if not ON_LEAVES:
        return list(found)
    return [(x, ON_LEAVES[id(x)][1](g) if id(x) in ON_LEAVES else g) for x, g in found]
