"""Functions with a gradient of their own: `@tl.custom_gradient(backward)`.

    @tl.custom_gradient(lambda g, x: g * (x > 0))
    def relu(x):
        return x.maximum(0)

It is PyTorch's autograd.Function: the forward function says the numbers, the backward function what
each input gets. In pictures a call is one box.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from tinylearn.errors import GradientError, user_place
from tinylearn.graph.deferred import Composite
from tinylearn.graph.dtype import DType
from tinylearn.graph.node import Node, Shape, apply, built_for
from tinylearn.graph.primitives import DETACH
from tinylearn.tensor.composed import TENSOR
from tinylearn.tensor.hooks import WATCHED, answered
from tinylearn.tensor.state import State, made

if TYPE_CHECKING:
    from tinylearn.tensor.tensor import Tensor


class Custom(Composite):
    """The op of a call: inputs (what the function gave, its tensors); arg: its arguments.

    Its gradient goes to the tensors alone, and is what the backward function answers.
    """

    def __init__(self, function: Callable, backward: Callable) -> None:
        super().__init__(function, self.rule)
        self.backward = backward

    def check(self, inputs: tuple[Node, ...], arg: tuple) -> tuple[Shape, DType, str]:
        """Like what the function gave."""
        return inputs[0].shape, inputs[0].dtype, inputs[0].device

    def written_out(self, inputs: tuple[Node, ...], arg: tuple) -> Node:
        """What the function gave."""
        return inputs[0]

    def rule(self, g: Node, node: Node) -> tuple[Node | None, ...]:
        """The backward function's answers, one for each tensor."""
        tensors = node.inputs[1:]
        left = iter(tensors)
        arguments = [made(next(left), False) if a is TENSOR else a for a in node.arg]
        answers = self.backward(made(g, False), *arguments)
        answers = answers if isinstance(answers, tuple | list) else (answers,)
        whose = f"the gradient of {self.name}"
        if len(answers) != len(tensors):
            says = f"{whose} gave {len(answers)} answers for {len(tensors)} tensors"
            raise GradientError(f"{says}: one for each, None for zeros")
        found = [
            x.const_like(0) if a is None or not x.dtype.is_float else answered(whose, x, a)
            for x, a in zip(tensors, answers)
        ]
        return (None, *found)


def custom_gradient(backward: Callable[..., Any]) -> Callable[[Callable], Callable[..., Tensor]]:
    """Decorator: a function of tensors whose gradient is what `backward` says.

    backward   (g, *arguments) -> one gradient for each tensor among the arguments: a tensor of its
               shape, a number, or None for zeros. g is the gradient that arrives at the result
    The decorated function takes tensors, and what can be a key of a dict, and gives one tensor.
    """

    def decorate(function: Callable) -> Callable[..., Tensor]:
        op, signature = Custom(function, backward), inspect.signature(function)

        @functools.wraps(function)
        def run(*args: Any, **options: Any) -> Tensor:
            bound = signature.bind(*args, **options)
            bound.apply_defaults()
            arguments = [*bound.args, *bound.kwargs.values()]
            tensors = [a for a in arguments if isinstance(a, State)]
            if not tensors:
                raise TypeError(f"{op.name} needs a tensor among its arguments")
            place = user_place()
            value = built_for(place, None, partial(function, *bound.args, **bound.kwargs))
            if not isinstance(value, State):
                raise TypeError(f"{op.name} must give a Tensor, not a {type(value).__name__}")
            noted = tuple(TENSOR if isinstance(a, State) else a for a in arguments)
            inputs = (DETACH(value.node), *(t.node for t in tensors))
            node = apply(op, inputs, noted, place)  # type: ignore[arg-type]
            WATCHED.add(node)
            return made(node, any(t._requires_grad for t in tensors))

        return run

    return decorate
