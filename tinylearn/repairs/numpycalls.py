"""NumPy's functions on a tensor: operators are ours, everything else says what to call instead."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

from tinylearn.errors import user_origin
from tinylearn.repairs.othernames import WRITE
from tinylearn.repairs.userline import expression_at, named

OPERATORS = {  # NumPy's name -> Python's: `array + tensor` arrives as np.add
    "add": "add", "subtract": "sub", "multiply": "mul", "divide": "truediv", "matmul": "matmul",
    "floor_divide": "floordiv", "remainder": "mod", "power": "pow", "less": "lt", "greater": "gt",
    "less_equal": "le", "greater_equal": "ge", "equal": "eq", "not_equal": "ne", "divmod": "divmod",
    "bitwise_and": "and", "bitwise_or": "or", "bitwise_xor": "xor",
    "left_shift": "lshift", "right_shift": "rshift",
}  # fmt: skip
MIRRORED = {"lt": "gt", "gt": "lt", "le": "ge", "ge": "le", "eq": "eq", "ne": "ne"}


def refused(
    function: str, how: str, count: int, options: Any, is_method: Callable[[str], bool]
) -> TypeError:
    """The error for NumPy's function of `count` operands, with what to write instead."""
    expression = expression_at(user_origin(2))
    first, rest = "x", ", y" * (count - 1)
    match expression:
        case ast.Call(args=[x, *others]):
            first = named(x, "x", expression)
            rest = "".join(f", {ast.unparse(other)}" for other in others)
    if how != "__call__" or options:
        name = f"np.{function}" if how == "__call__" else f"np.{function}.{how}"
        says = f"{name} works on arrays; it would write a tensor's numbers into one"
        return TypeError(f"{says if options else says.split(';')[0]}\nTry {first}.numpy()")
    says = f"np.{function} works on arrays, and no gradient would go through it"
    if function in WRITE and WRITE[function].startswith(("x.", "-x")) and not rest:
        repair = WRITE[function].replace("x", first, 1)
    elif is_method(function):
        repair = f"{first}.{function}({rest.removeprefix(', ')})"
    else:
        repair = f"np.{function}({first}.numpy(){rest})"
    return TypeError(f"{says}\nTry {repair}")


def choice_repair(turned: bool) -> str:
    """How to choose, where the tensor of `where` is no condition.

    turned   whether the condition is the first argument, as in PyTorch's x.where(condition, y)
    """
    expression = expression_at(user_origin(2))
    match expression:
        case ast.Call(func=ast.Attribute(value=value), args=[x, y]):
            texts = [ast.unparse(part) for part in (value, x, y)]
            if turned:
                return f"({texts[1]}).where({texts[0]}, {texts[2]})"
            return f"({texts[0]} != 0).where({texts[1]}, {texts[2]})"
    return "condition.where(x, y)" if turned else "(x != 0).where(y, 0)"
