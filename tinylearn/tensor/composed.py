"""Functions of tensors that are noted as one node: `@composed` above a function does that.

What the function says is asked once for each structure of its arguments, and again when a plan is
made: see graph/deferred.py.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from tinylearn.graph.deferred import Composite
from tinylearn.graph.node import Node, apply
from tinylearn.tensor.state import State, made

TENSOR = "a tensor"  # in the arguments that are noted: here stands the next input
PLAIN = (int, float, type(None))


class Composed(Composite):
    """The op of what a function of tensors answers. arg: (which of its answers, its arguments)."""

    def written_out(self, inputs: tuple[Node, ...], arg: tuple) -> Node:
        """What the function makes."""
        k, arguments = arg
        left = iter(inputs)
        answer = self.function(*[made(next(left), False) if a is TENSOR else a for a in arguments])
        return (answer if k is None else answer[k]).node


def composed(function: Callable) -> Callable:
    """Decorator: the function's answer, a tensor or a tuple of some, is one node for each.

    It must be made of the arguments and of constants alone. Arguments that are neither tensors nor
    Python numbers, or are given by name, make the function run as it is.
    """
    op: Any = Composed(function)
    answers: list[int | None] = []  # how many the function gives, once that is known

    @functools.wraps(function)
    def run(*args: Any, **options: Any) -> Any:
        if options:
            return function(*args, **options)
        inputs: list[Node] = []
        noted: list[Any] = []
        grad = False
        for a in args:
            if isinstance(a, State):
                inputs.append(a.node)
                noted.append(TENSOR)
                grad = grad or a._requires_grad
            elif isinstance(a, PLAIN):
                noted.append(a)
            else:
                return function(*args)
        if not answers:
            first = function(*args)
            answers.append(len(first) if isinstance(first, tuple) else None)
        above, arguments = tuple(inputs), tuple(noted)
        if answers[0] is None:
            return made(apply(op, above, (None, arguments)), grad)
        return tuple([made(apply(op, above, (k, arguments)), grad) for k in range(answers[0])])

    return run
