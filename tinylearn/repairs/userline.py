"""How the user named the operands, read from the user's own line, for messages only."""

from __future__ import annotations

import ast
import linecache
from itertools import islice
from types import ModuleType
from typing import Any

from tinylearn.errors import Origin, user_frame, user_origin
from tinylearn.graph.node import Node

SYMBOLS = {
    "add": "+", "sub": "-", "mul": "*", "div": "/", "floordiv": "//", "mod": "%", "pow": "**",
    "matmul": "@", "less": "<", "less_equal": "<=", "greater": ">", "greater_equal": ">=",
    "equal": "==", "not_equal": "!=", "and": "&", "or": "|", "xor": "^",
}  # fmt: skip
LONGEST = 24  # characters of a name that is quoted
# Whose functions take first what methods are called on, and the losses too.
CALLED_WITH_TENSORS = ("Tensor", "tinylearn.nn.functional")
LOSSES = "tinylearn.nn.losses"


def operand_names(op: str) -> tuple[str, str, str]:
    """(left name, right name, the symbol between them or ""), as the user wrote them.

    Names that cannot be read, or are long expressions, are called x and y.
    """
    expression = operation_asked()
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
    expression = operation_asked()
    match expression:
        case ast.Call(func=ast.Attribute(value=value)) | ast.Subscript(value=value):
            return named(value, default, expression)
        case ast.Call(func=ast.Name(id="float" | "int" | "bool"), args=[value]):
            return named(value, default, expression)
    return default


def truth_asked() -> ast.expr | None:
    """Whose truth the user asked for, as in `if x:` and `not x`, if it can be read."""
    origin = user_origin(2)
    if origin is None:
        return None
    before = Origin(origin.code, origin.instruction - 2)  # what made the value is not yet the `if`
    match expression_at(before):
        case ast.Call(func=ast.Name(id="bool"), args=[asked]):
            return asked
        case expression:
            return expression


def update_asked() -> tuple[str, str]:
    """(name, repair) of the user's `w -= step`: the same with new numbers in the same leaf."""
    origin = user_origin(2)
    try:
        line = ast.parse(origin.text if origin else "").body
    except SyntaxError:
        line = []
    match line:
        case [ast.AugAssign(target=target, op=operator, value=value)]:
            name = ast.unparse(target)
            new = ast.unparse(ast.BinOp(left=ast.Name(name), op=operator, right=value))
            return name, f"{name}.assign({new})"
    return "w", ""


def further_arguments() -> str:
    """The user's arguments after the first, as text to put into a repair: ", stride=2"."""
    match operation_asked():
        case ast.Call(args=args, keywords=keywords):
            names = [f"{k.arg}={ast.unparse(k.value)}" for k in keywords if k.arg]
            text = ", ".join([*map(ast.unparse, args[1:]), *names])
            return f", {text}" if text and len(text) <= 2 * LONGEST else ""
    return ""


def layer_call(x: Node) -> tuple[str, str]:
    """(form, name) of the user's call of a layer with this node's tensor: ("model({})", "data").

    ("{}", "x") where the tensor is not what the user gave, as inside a Sequential.
    """
    match expression_at(user_origin(2)):
        case ast.Call(func=func, args=[given], keywords=[]):
            value = value_of(given)
            if is_tensor(value) and value.node is x:
                text = ast.unparse(func).replace("{", "{{").replace("}", "}}")
                return f"{text}({{}})", named(given, "x")
    return "{}", "x"


def first_argument() -> str:
    """The text of what the user gives to the call first, or ""."""
    match operation_asked():
        case ast.Call(args=[first, *_]):
            return ast.unparse(first)
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


def operation_asked() -> ast.expr | None:
    """The user's expression; None for a call of anything but a tensor's method.

    Losses, tinylearn's functions and Tensor.method(x) are read as calls of the method: criterion(x,
    y) as x.criterion(y).
    """
    expression = expression_at(user_origin(2))
    match expression:
        case ast.Call(func=ast.Attribute(value=value, attr=method) as func, args=args):
            owner = value_of(value)
            if owner is None or is_tensor(owner):
                return expression
            called = getattr(owner, "__name__", "") in CALLED_WITH_TENSORS
        case ast.Call(func=func, args=args):
            called, method = False, "method"
        case _:
            return expression
    if args and ((called and method != "linear") or is_loss(func)):
        function = ast.Attribute(value=args[0], attr=method, ctx=ast.Load())
        return ast.Call(func=function, args=args[1:], keywords=expression.keywords)
    return expression if isinstance(func, ast.Name) and value_of(func) is None else None


def is_tensor(value: Any) -> bool:
    """Whether this is a tensor: something with a node of the graph. Its class stands above here."""
    return isinstance(getattr(value, "node", None), Node)


def is_loss(called: ast.expr) -> bool:
    """Whether a call is one of a loss: criterion(x, y), or MSELoss()(x, y)."""
    kind = value_of(called.func) if isinstance(called, ast.Call) else type(value_of(called))
    return isinstance(kind, type) and kind.__module__ == LOSSES


def value_of(expression: ast.expr) -> Any:
    """What a name, or a part of what has a name, stands for on the user's line; or None."""
    match expression:
        case ast.Name(id=name):
            frame = user_frame()
            scopes = () if frame is None else (frame.f_locals, frame.f_globals)
            return next((scope[name] for scope in scopes if name in scope), None)
        case ast.Attribute(value=owner, attr=attribute):
            found = value_of(owner)
            if isinstance(found, ModuleType):
                return vars(found).get(attribute)
            return None if is_tensor(found) else getattr(found, attribute, None)
    return None


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


def index_repair() -> str:
    """What to try where the user's index is a float such as len(x) / 2, as a line; or ""."""
    match expression_at(user_origin(2)):
        case ast.Subscript(value=value, slice=index) if not isinstance(index, ast.Tuple):
            return f"\nTry {named(value, 'x')}[int({ast.unparse(index)})]"
    return ""


def mask_repair(name: str, size: int, n: int) -> str:
    """x and the user's mask, of which one is cut to the other's length; "" where it has no name."""
    match expression_at(user_origin(2)):
        case ast.Subscript(slice=ast.Name() | ast.Compare() | ast.Call() as key):
            text = ast.unparse(key)
            cut_mask = f"{text}[:{n}]" if isinstance(key, ast.Name) else f"({text})[:{n}]"
            return f"{name}[:{size}][{text}]" if size < n else f"{name}[{cut_mask}]"
    return ""


def argument_names(count: int, k: int) -> tuple[str, str]:
    """What the user called the first and the k-th of so many tensors: x and y if unknown.

    They stand in x.cat(y), Tensor.cat(x, y) or Tensor.cat([x, y]).
    """
    given: list[ast.expr] = []
    match expression_at(user_origin(2)):
        case ast.Call(args=[ast.List(elts=listed) | ast.Tuple(elts=listed), *_]):
            given = listed
        case ast.Call(func=ast.Attribute(value=first), args=others):
            given = others if ast.unparse(first).endswith("Tensor") else [first, *others]
    if len(given) < count or any(isinstance(g, ast.Starred) for g in given):
        return "x", "y"
    return named(given[0], "x", given[k]), named(given[k], "y", given[0])


def named_arguments(count: int) -> list[str]:
    """What the user called the arguments of a method: x1, x2, ... where that cannot be read."""
    names = [f"x{k}" for k in range(1, count + 1)]
    match expression_at(user_origin(2)):
        case ast.Call(args=args) if len(args) == count:
            return [named(a, name) for a, name in zip(args, names)]
    return names


def with_ints(place: int) -> str:
    """The user's call with one of its arguments as ints; "index.long()" where it is not there."""
    match operation_asked():
        case ast.Call(func=func, args=args, keywords=words) if place < len(args):
            ints = ast.Call(ast.Attribute(args[place], "long"), [], [])
            given = [ints if k == place else a for k, a in enumerate(args)]
            return ast.unparse(ast.Call(func, given, words))
    return "index.long()"


class Floats(ast.NodeTransformer):
    """Writes whole numbers with a point."""

    def visit_Constant(self, node: ast.Constant) -> ast.Constant:
        return ast.Constant(float(node.value)) if type(node.value) is int else node


def with_floats() -> str:
    """The user's call that makes a tensor, with a dtype of floats."""
    match expression_at(user_origin(2)):
        case ast.Call(func=func, args=args, keywords=keywords):
            kept = [k for k in keywords if k.arg != "dtype"]
            kind = ast.keyword("dtype", ast.Name("float"))
            text = ast.unparse(ast.Call(func, args, [kind, *kept]))
            return text if len(text) <= 3 * LONGEST else "dtype=float"
    return "dtype=float"


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
