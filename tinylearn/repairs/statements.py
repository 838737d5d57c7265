"""The user's statement that is running, read from its source, for messages only."""

from __future__ import annotations

import ast
import dis
import linecache
from itertools import islice
from typing import Any

from tinylearn.errors import Origin, user_frame, user_origin, user_place, warn_user
from tinylearn.repairs.userline import expression_at, named, value_of

Assignment = ast.Assign | ast.AugAssign | ast.AnnAssign
SIGNS = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.FloorDiv: "//", ast.Mod: "%",
    ast.Pow: "**", ast.MatMult: "@", ast.BitAnd: "&", ast.BitOr: "|", ast.BitXor: "^",
}  # fmt: skip
SUBSCRIPT = 26  # the argument of BINARY_OP that means x[key], from Python 3.14 on


def statement(origin: Origin | None = None) -> ast.stmt | None:
    """The innermost statement at a place, by default the user's; None where its source is gone."""
    origin = origin or user_origin(2)
    if origin is None:
        return None
    line = origin.line_number
    column = next(islice(origin.code.co_positions(), origin.instruction // 2, None), (0,) * 4)[2]
    try:
        tree = ast.parse("".join(linecache.getlines(origin.code.co_filename)))
    except SyntaxError:  # a magic of IPython's in the same cell
        try:
            tree = ast.parse(origin.text)
        except SyntaxError:
            return None
        line, column = 1, None
    found = None
    for node in ast.walk(tree):  # the innermost comes last
        if isinstance(node, ast.stmt) and node.lineno <= line <= (node.end_lineno or line):
            here = (node.lineno, node.col_offset), (node.end_lineno, node.end_col_offset)
            if column is None or here[0] <= (line, column) <= here[1]:
                found = node
    return found


def operand(expression: ast.expr) -> str:
    """An expression's text, in parentheses where a method or a sign behind it needs them."""
    text = ast.unparse(expression)
    closed = ast.Name | ast.Attribute | ast.Call | ast.Subscript | ast.List | ast.Constant
    return text if isinstance(expression, closed) else f"({text})"


def assignment(attribute: str) -> tuple[str, str]:
    """(owner, value) of the user's `owner.attribute = value`, as texts: "x" and "g" if unknown."""
    match statement():
        case ast.Assign(targets=[ast.Attribute(value=owner, attr=name)], value=value):
            given = operand(value)
        case ast.AugAssign(target=ast.Attribute(value=owner, attr=name) as target) as whole:
            given = f"({ast.unparse(target)} {SIGNS[type(whole.op)]} {operand(whole.value)})"
        case _:
            return "x", "g"
    return (ast.unparse(owner), given) if name == attribute else ("x", "g")


def assignment_value() -> str:
    """The text of what the user assigns, or gives to a call as its one argument; "" if unknown."""
    match statement():
        case ast.Assign(targets=[_], value=value):
            return operand(value)
        case ast.Expr(value=ast.Call(args=[value], keywords=[])):
            return operand(value)
    return ""


def stored_under_a_name() -> bool:
    """Whether the user's `a += b` puts its result into a name or attribute, and not into x[...].

    Read from the instruction that follows, so that no source is needed.
    """
    origin = user_origin(2)
    if origin is None:
        return False
    code = origin.code.co_code
    for k in range(origin.instruction + 2, len(code) - 1, 2):
        name = dis.opname[code[k]]
        if name.startswith(("STORE_FAST", "STORE_NAME", "STORE_GLOBAL", "STORE_DEREF")):
            return True
        if name == "STORE_ATTR":
            return True
        if name not in ("CACHE", "<0>", "SWAP", "NOP", "COPY", "EXTENDED_ARG"):
            return False
    return False


def variable(thing: Any, default: str) -> str:
    """What the user's variables call a thing, or an attribute of what they call self."""
    frame = user_frame()
    if frame is None:
        return default
    for scope in (frame.f_locals, frame.f_globals):
        for name, value in list(scope.items()):
            if value is thing and not name.startswith("_"):
                return name
    for name, value in list(frame.f_locals.items()):
        for inner, attribute in list(getattr(value, "__dict__", {}).items()):
            if attribute is thing and not name.startswith("_"):
                return f"{name}.{inner}"
    return default


def kept_nowhere(is_tensor: Any) -> ast.expr | None:
    """In the user's `target[...] = value` the target, if it is a result that nobody keeps.

    As in (x * 2)[0] = 1, x[mask][0] = 1 and x.abs()[0] = 1, where x is a tensor.
    """
    target = stored_into()
    match target:
        case ast.BinOp() | ast.UnaryOp():
            return target
        case ast.Subscript(value=inner):
            return target if is_tensor(value_of(inner)) else None
        case ast.Call(func=ast.Attribute(value=inner, attr=method)):
            fresh = method not in ("realize", "assign", "to_") and is_tensor(value_of(inner))
            return target if fresh else None
    return None


def stored_into() -> ast.expr | None:
    """The a of the user's `a[key] = value` or `a[key] += value`, where there is one such target."""
    found = statement()
    match found:
        case ast.Assign(targets=[ast.Subscript(value=into)]):
            return into
        case ast.AugAssign(target=ast.Subscript(value=into)):
            return into
    return None


def written(target: str) -> str:
    """The user's assignment with another target, as text; "" where it cannot be read."""
    match statement():
        case ast.Assign(targets=[_], value=value):
            return f"{target} = {ast.unparse(value)}"
        case ast.AugAssign(op=op, value=value):
            return f"{target} {SIGNS[type(op)]}= {ast.unparse(value)}"
    return ""


def owner_asked(default: str = "x") -> str:
    """What the user called the thing whose attribute is read, as in w.grad.zero_."""
    match expression_at(user_origin(2)):
        case ast.Attribute(value=value) as whole:
            return named(value, default, whole)
    return default


def call_of(name: str) -> ast.Call | None:
    """The call in the user's statement whose function is, or ends in, this name."""
    found = statement()
    for node in ast.walk(found) if found is not None else ():
        if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] == name:
            return node
    return None


def without_data() -> str:
    """The user's assignment into x.data[key] or to x.data, of x itself; "" if it is none."""
    match statement():
        case (
            ast.Assign(targets=[ast.Subscript(value=ast.Attribute(x, attr="data"), slice=key)])
            | ast.AugAssign(target=ast.Subscript(value=ast.Attribute(x, attr="data"), slice=key))
        ):
            return written(ast.unparse(ast.Subscript(x, key)))
        case ast.AugAssign(target=ast.Attribute(value=x, attr="data"), op=op, value=value):
            name = ast.unparse(x)
            return f"{name}.assign({name} {SIGNS[type(op)]} {operand(value)})"
    return ""


def asked_for(name: str) -> list[ast.expr] | None:
    """The owner of an attribute that the user's line asks for, and what it is called with."""
    match expression_at(user_origin(2)):
        case ast.Attribute(value=owner, attr=attribute) if attribute == name:
            call = call_of(name)
            inside = call is not None and ast.unparse(call.func) == f"{ast.unparse(owner)}.{name}"
            return [owner, *(call.args if call is not None and inside else [])]
    return None


# ---------------------------------------------------------------- values, places = x.max(1)


def taken_apart() -> int | None:
    """Whether the user's call is unpacked at once, as in v, i = x.max(1): -1; as in x.max(1)[1]: 1.

    Read from the instructions that follow, so that it costs little; None: neither.
    """
    place = user_place(2)
    if place is None:
        return None
    code, k = place[0].co_code, place[1] + 2
    while k < len(code) and dis.opname[code[k]] in ("CACHE", "<0>"):
        k += 2
    if k >= len(code):
        return None
    name, argument = dis.opname[code[k]], code[k + 1]
    if name == "UNPACK_SEQUENCE":
        return -1 if argument == 2 else None
    if name == "LOAD_CONST":
        number = place[0].co_consts[argument]
    elif name == "LOAD_SMALL_INT":
        number = argument
    else:
        return None
    follows = dis.opname[code[k + 2]] if k + 2 < len(code) else ""
    is_key = follows == "BINARY_SUBSCR" or (follows == "BINARY_OP" and code[k + 3] == SUBSCRIPT)
    return number if is_key and type(number) is int and number in (0, 1) else None


def refuse_places(op: str, place: int) -> None:
    """Raise, or warn, where PyTorch's pair of numbers and places is taken apart."""
    call = expression_at(user_origin(2))
    x, rest = "x", "axis=0"
    match call:
        case ast.Call(func=ast.Attribute(value=value), args=args, keywords=words):
            texts = [*map(ast.unparse, args), *(ast.unparse(word) for word in words)]
            if len(args) > 1 and ast.unparse(value).endswith("Tensor"):
                x, texts = operand(args[0]), texts[1:]
            else:
                x = operand(value)
            rest = ", ".join(texts)
    numbers, places = f"{x}.{op}({rest})", f"{x}.arg{op}({rest})"
    says = f"{op} gives the numbers alone, without their places"
    if place >= 0:
        what = f"the places of PyTorch's pair are {places}" if place else f"PyTorch's are {numbers}"
        meant = places if place else numbers
        warn_user(f"{says}: [{place}] picks from the numbers; {what}\nTry {meant}")
        return
    match statement():
        case ast.Assign(targets=[ast.Tuple() | ast.List() as names]):
            raise TypeError(f"{says}\nTry {ast.unparse(names).strip('()')} = {numbers}, {places}")
    raise TypeError(f"{says}\nTry {numbers}, {places}")
