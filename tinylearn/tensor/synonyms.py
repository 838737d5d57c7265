"""Other names for methods: what PyTorch, NumPy and tinygrad call what a Tensor has already."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from tinylearn.tensor.state import State

SYNONYMS = {  # their name -> the method's
    # arithmetic
    "absolute": "abs", "negative": "neg", "subtract": "sub", "multiply": "mul", "divide": "div",
    "true_divide": "__truediv__", "floor_divide": "__floordiv__", "remainder": "__mod__",
    "mod": "__mod__", "power": "pow", "invert": "__invert__",
    "bitwise_not": "__invert__", "lshift": "__lshift__", "rshift": "__rshift__",
    "xor": "__xor__", "fix": "trunc", "sgn": "sign",
    # comparisons
    "less": "lt", "less_equal": "le", "greater": "gt", "greater_equal": "ge", "not_equal": "ne",
    # mathematics
    "arcsin": "asin", "arccos": "acos", "arctan": "atan", "arctan2": "atan2",
    "arcsinh": "asinh", "arccosh": "acosh", "arctanh": "atanh",
    # activations and losses
    "leakyrelu": "leaky_relu", "logsoftmax": "log_softmax",
    "log_sigmoid": "logsigmoid", "hard_tanh": "hardtanh",
    "mse": "mse_loss", "bce": "binary_cross_entropy", "binary_crossentropy": "binary_cross_entropy",
    "binary_crossentropy_logits": "binary_cross_entropy_with_logits",
    # shapes and copies
    "ger": "outer", "row_stack": "vstack", "empty_like": "zeros_like",
    "const_like": "full_like",
    "copy": "clone", "type": "cast", "nelement": "numel", "ndimension": "dim",
    "concatenate": "cat", "concat": "cat",
}  # fmt: skip


def synonym(method: Callable, theirs: str, ours: str) -> Callable:
    """A method that runs whatever Tensor has under our name, also if that was replaced since."""

    @functools.wraps(method)
    def run(*args: Any, **options: Any) -> Any:
        return getattr(State.finished, ours)(*args, **options)

    return named(run, theirs)


def named(method: Callable, name: str) -> Callable:
    """A function made for Tensor, with the name under which it is there: pickle looks there."""
    method.__name__, method.__qualname__ = name, f"Tensor.{name}"
    method.__module__ = State.finished.__module__
    return method
