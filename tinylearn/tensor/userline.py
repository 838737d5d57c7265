"""How the user named the operands, read from the user's own line, for messages only."""

from __future__ import annotations

import ast
import linecache
from itertools import islice

from tinylearn.errors import Origin, user_origin

SYMBOLS = {
    "add": "+", "sub": "-", "mul": "*", "div": "/", "floordiv": "//", "mod": "%", "pow": "**",
    "matmul": "@", "less": "<", "less_equal": "<=", "greater": ">", "greater_equal": ">=",
    "equal": "==", "not_equal": "!=", "and": "&", "or": "|", "xor": "^",
}  # fmt: skip
LONGEST = 24  # characters of a name that is quoted


def operand_names(op: str) -> tuple[str, str, str]:
    """(left name, right name, the symbol between them or ""), as the user wrote them.

    Names that cannot be read, or are long expressions, are called x and y.
    """
    expression = expression_at(user_origin(2))
    symbol = SYMBOLS.get(op, "")
    match expression:
        case (
            ast.BinOp(left=left, right=right)
            | ast.Compare(left=left, comparators=[right])
            | ast.Call(func=ast.Attribute(value=left), args=[right, *_])
        ):
            return named(left, "x", expression), named(right, "y", expression), symbol
    return "x", "y", symbol


def name_of(default: str = "x") -> str:
    """What the user called the tensor whose method failed, or the default."""
    expression = expression_at(user_origin(2))
    match expression:
        case ast.Call(func=ast.Attribute(value=value)) | ast.Subscript(value=value):
            return named(value, default, expression)
    return default


def further_arguments() -> str:
    """The user's arguments after the first, as text to put into a repair: ", stride=2"."""
    match expression_at(user_origin(2)):
        case ast.Call(args=args, keywords=keywords):
            names = [f"{k.arg}={ast.unparse(k.value)}" for k in keywords if k.arg]
            text = ", ".join([*map(ast.unparse, args[1:]), *names])
            return f", {text}" if text and len(text) <= 2 * LONGEST else ""
    return ""


def call_form(method: str) -> str:
    """A call of the method as the user wrote it, with braces for its two operands."""
    more = further_arguments().replace("{", "{{").replace("}", "}}")
    return f"{{}}.{method}({{}}{more})"


def named(expression: ast.expr, default: str, around: ast.expr | None = None) -> str:
    """What to call the value of an expression in a repair: its text if that is short.

    around   where it stands; what is too long never gets a name that something else has there

    >>> named(ast.parse("x * x", mode="eval").body, "x"), named(ast.parse("[1]").body[0].value, "y")
    ('(x * x)', 'y')
    """
    inner: ast.expr = expression
    while isinstance(inner, ast.Attribute):
        inner = inner.value
    text = ast.unparse(expression)
    if len(text) <= LONGEST:
        if isinstance(inner, ast.Name | ast.Call | ast.Subscript):
            return text
        if isinstance(inner, ast.BinOp | ast.UnaryOp) and inner is expression:
            return f"({text})"
    while default in {n.id for n in ast.walk(around or expression) if isinstance(n, ast.Name)}:
        default += "1"
    return default


def expression_at(origin: Origin | None) -> ast.expr | None:
    """The expression that was running at a place, if its source is still there."""
    if origin is None:
        return None
    places = islice(origin.code.co_positions(), origin.instruction // 2, None)
    first, last, start, stop = next(places, (None,) * 4)
    if first is None or last is None or start is None or stop is None:
        return None
    lines = [linecache.getline(origin.code.co_filename, k) for k in range(first, last + 1)]
    encoded = [line.encode() for line in lines]  # columns count bytes
    encoded[-1] = encoded[-1][:stop]
    encoded[0] = encoded[0][start:]
    try:
        return ast.parse(b"(" + b"".join(encoded) + b")", mode="eval").body
    except SyntaxError:
        return None


def named_arguments(count: int) -> list[str]:
    """What the user called the arguments of a method: x1, x2, ... where that cannot be read."""
    names = [f"x{k}" for k in range(1, count + 1)]
    match expression_at(user_origin(2)):
        case ast.Call(args=args) if len(args) == count:
            return [named(a, name) for a, name in zip(args, names)]
    return names


class Floats(ast.NodeTransformer):
    """Writes whole numbers with a point."""

    def visit_Constant(self, node: ast.Constant) -> ast.Constant:
        return ast.Constant(float(node.value)) if type(node.value) is int else node


def as_floats(origin: Origin | None) -> tuple[str, str]:
    """(name, repair) of a tensor of whole numbers that should have been made of floats.

    The name is the one that the user's line gives it; a tensor without one is called "leaf".
    """
    call = expression_at(origin)
    name, assigned = assigned_name(origin), ""
    if name:
        assigned = f"{name} = "
    match call:
        case ast.Call(func=func, args=[data], keywords=[]) if ast.unparse(func).endswith("Tensor"):
            numbers = ast.unparse(data)
            literal = not any(isinstance(n, ast.Name | ast.Call) for n in ast.walk(data))
            made = ast.unparse(Floats().visit(data)) if literal else f"{numbers}, dtype=float"
            if len(numbers) <= 2 * LONGEST:
                return name or "leaf", f"{assigned}{ast.unparse(func)}({made})"
    repair = f"{assigned}Tensor({name}, dtype=float, requires_grad=True)" if name else ""
    return name or "leaf", repair


def assigned_name(origin: Origin | None) -> str:
    """The name to which a place assigns what it makes, or ""."""
    call = expression_at(origin)
    try:
        line = ast.parse(origin.text if origin else "").body
    except SyntaxError:
        return ""
    match line:
        case [ast.Assign(targets=[ast.Name(id=name)], value=value)] if call is not None:
            return name if ast.dump(value) == ast.dump(call) else ""
    return ""
