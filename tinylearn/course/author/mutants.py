"""Small changes of a model answer, as a hurried student would make them: one at a time.

    mutants(source) -> {"line 3: * becomes +": text, ...}

Each is the whole answer with one edit of its tree: another operator or comparison, a constant
beside the right one, arguments exchanged, a line or a call left out, two lines in the other order,
something changed in place that belongs to the caller, something made once for all calls.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterator

Edit = tuple[str, Callable[[ast.AST], None]]

OPERATORS: dict[type[ast.operator], list[type[ast.operator]]] = {
    ast.Add: [ast.Sub, ast.Mult],
    ast.Sub: [ast.Add],
    ast.Mult: [ast.Add, ast.Div],
    ast.Div: [ast.Mult, ast.FloorDiv],
    ast.FloorDiv: [ast.Div, ast.Mod],
    ast.MatMult: [ast.Mult],
    ast.Pow: [ast.Mult],
    ast.Mod: [ast.FloorDiv],
}
COMPARISONS: dict[type[ast.cmpop], list[type[ast.cmpop]]] = {
    ast.Eq: [ast.NotEq],
    ast.NotEq: [ast.Eq],
    ast.Lt: [ast.LtE, ast.GtE],
    ast.LtE: [ast.Lt, ast.Gt],
    ast.Gt: [ast.GtE, ast.LtE],
    ast.GtE: [ast.Gt, ast.Lt],
    ast.In: [ast.NotIn],
    ast.NotIn: [ast.In],
    ast.Is: [ast.IsNot],
    ast.IsNot: [ast.Is],
}
SIGNS = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.FloorDiv: "//", ast.Mod: "%",
    ast.MatMult: "@", ast.Pow: "**", ast.Eq: "==", ast.NotEq: "!=", ast.Lt: "<", ast.LtE: "<=",
    ast.Gt: ">", ast.GtE: ">=", ast.In: "in", ast.NotIn: "not in", ast.Is: "is",
    ast.IsNot: "is not",
}  # fmt: skip


def mutants(source: str) -> dict[str, str]:
    """All mutants of one definition by what was changed; those that read alike come once."""
    tree = ast.parse(source)
    function = tree.body[0]
    assert isinstance(function, ast.FunctionDef), "an answer is a function"
    docstring = ast.get_docstring(function) is not None
    found: dict[str, str] = {}
    seen = {ast.unparse(tree)}
    given = set(ast.walk(function.args))  # the signature is the question's, not the student's
    for number, node in enumerate(ast.walk(tree)):
        if node in given:
            continue
        for says, change in [*edits_of(node), *lines_of(node, docstring)]:
            other = copy.deepcopy(tree)
            place = next(n for k, n in enumerate(ast.walk(other)) if k == number)
            change(place)
            text = ast.unparse(ast.fix_missing_locations(other))
            if text not in seen:
                seen.add(text)
                found.setdefault(f"line {getattr(node, 'lineno', 1)}: {says}", text)
    return found


def edits_of(node: ast.AST) -> Iterator[Edit]:
    """Edits of one expression or statement in place."""
    match node:
        case ast.BinOp() | ast.AugAssign():
            for other in OPERATORS.get(type(node.op), []):
                what = ast.unparse(node)
                yield f"{SIGNS[other]} in {what}", put(op=other())
            if isinstance(node, ast.BinOp):
                for side in ("left", "right"):
                    yield f"{side} of {ast.unparse(node)} alone", become(side)
                if not isinstance(node.op, ast.Add | ast.Mult):
                    yield f"sides of {ast.unparse(node)} exchanged", exchange("left", "right")
            else:
                yield f"= in {ast.unparse(node)}", plain_assignment
        case ast.Compare(ops=[op]):
            for cmp in COMPARISONS.get(type(op), []):
                yield f"{SIGNS[cmp]} in {ast.unparse(node)}", put(ops=[cmp()])
        case ast.BoolOp():
            other_op = ast.Or() if isinstance(node.op, ast.And) else ast.And()
            yield f"and/or in {ast.unparse(node)}", put(op=other_op)
        case ast.UnaryOp():
            yield f"no sign in {ast.unparse(node)}", become("operand")
        case ast.Constant(value=bool() as flag):
            yield f"{not flag} for {flag}", put(value=not flag)
        case ast.Constant(value=int() | float() as old):
            for value in sorted({old + 1, old - 1, -old} - {old}):
                yield f"{value} for {old} in column {node.col_offset}", put(value=value)
        case ast.IfExp():
            yield f"always {ast.unparse(node.body)}", become("body")
            yield f"always {ast.unparse(node.orelse)}", become("orelse")
        case ast.Tuple(elts=[_, _, *_], ctx=ast.Load()):
            yield f"order in {ast.unparse(node)}", put(elts=[*node.elts[1:], node.elts[0]])
        case ast.Call():
            yield from edits_of_call(node)
        case ast.Slice():
            for name in ("lower", "upper", "step"):
                if getattr(node, name) is not None:
                    yield f"no {name} in [{ast.unparse(node)}]", put(**{name: None})
        case ast.comprehension(ifs=[_]):
            yield f"no condition in {ast.unparse(node.iter)}", put(ifs=[])


def edits_of_call(node: ast.Call) -> Iterator[Edit]:
    """A call that is left out, with arguments exchanged, or without an option."""
    text = ast.unparse(node)
    if isinstance(node.func, ast.Attribute):
        yield f"no call in {text}", becoming(lambda n: n.func.value)
    if node.args and not isinstance(node.args[0], ast.Starred):
        yield f"argument for {text}", becoming(lambda n: n.args[0])
    if len(node.args) >= 2 and not any(isinstance(a, ast.Starred) for a in node.args):
        yield (
            f"arguments exchanged in {text}",
            put(args=[node.args[1], node.args[0], *node.args[2:]]),
        )
    for place, option in enumerate(node.keywords):
        if option.arg:
            rest = [*node.keywords[:place], *node.keywords[place + 1 :]]
            yield f"no {option.arg} in {text}", put(keywords=rest)


def lines_of(node: ast.AST, docstring: bool) -> Iterator[Edit]:
    """Edits of a block: a line left out, two lines exchanged, a return too early."""
    body = getattr(node, "body", None)
    if not isinstance(body, list) or isinstance(node, ast.Module):
        return
    start = 1 if isinstance(node, ast.FunctionDef) and docstring else 0
    for place in range(start, len(body)):
        text = ast.unparse(body[place]).partition("\n")[0]
        yield f"without {text}", put(body=body[:place] + body[place + 1 :] or [ast.Pass()])
        if place + 1 < len(body):
            turned = [*body[:place], body[place + 1], body[place], *body[place + 2 :]]
            yield f"{text} one line later", put(body=turned)
    if isinstance(node, ast.For | ast.While):
        yield (
            f"only the first round of {ast.unparse(node).partition(chr(10))[0]}",
            put(body=[*body, ast.Break()]),
        )
    if isinstance(node, ast.If):
        yield f"always, without if {ast.unparse(node.test)}", put(test=ast.Constant(True))
        yield f"never, without if {ast.unparse(node.test)}", put(test=ast.Constant(False))
    if isinstance(node, ast.FunctionDef):
        yield from aliasing(node)


IN_PLACE = "in place:"


def aliasing(node: ast.FunctionDef) -> Iterator[Edit]:
    """What belongs to the caller changed in place; what belongs to one call kept for all.

    Where an argument cannot be changed in such a way, the mutant raises, which is no mistake.
    """
    *before, last = node.body
    value = last.value if isinstance(last, ast.Return) and last.value else ast.Constant(None)
    kept = [last] if not isinstance(last, ast.Return) else []
    for name in [argument.arg for argument in node.args.args]:
        for way in (f"{name}.reverse()", f"{name}.pop()", f"{name}[...] = 0", f"{name}.assign(0)"):
            end = [ast.Assign([ast.Name("found_", ast.Store())], value), *ast.parse(way).body]
            gives = ast.Return(ast.Name("found_", ast.Load()))
            yield f"{IN_PLACE} {way} at the end", put(body=[*before, *kept, *end, gives])
    for statement in node.body:
        if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
            for target, value in parts(statement):
                if ast.unparse(value) in ("[]", "{}", "set()", "dict()", "list()"):
                    yield f"{target} made once for all calls", as_default(target, value)


def parts(statement: ast.Assign) -> Iterator[tuple[str, ast.expr]]:
    target, value = statement.targets[0], statement.value
    if isinstance(target, ast.Name):
        yield target.id, value
    elif isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
        for one, other in zip(target.elts, value.elts):
            if isinstance(one, ast.Name):
                yield one.id, other


def as_default(name: str, value: ast.expr) -> Callable[[ast.AST], None]:
    """The name as an argument with this default, and `name = name` where it was made."""

    def change(node: ast.AST) -> None:
        assert isinstance(node, ast.FunctionDef)
        node.args.args.append(ast.arg(f"{name}_"))
        node.args.defaults.append(copy.deepcopy(value))
        for item in ast.walk(node):
            if isinstance(item, ast.Assign):
                rename_value(item, name)

    return change


def rename_value(statement: ast.Assign, name: str) -> None:
    """`name = []` becomes `name = name_`, alone or in a tuple."""
    target, value, kept = statement.targets[0], statement.value, ast.Name(f"{name}_", ast.Load())
    if isinstance(target, ast.Name) and target.id == name:
        statement.value = kept
    elif isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
        for place, one in enumerate(target.elts):
            if isinstance(one, ast.Name) and one.id == name:
                value.elts[place] = kept


# ---------------------------------------------------------------- how a node is changed


def put(**fields: object) -> Callable[[ast.AST], None]:
    """Give a node other fields."""

    def change(node: ast.AST) -> None:
        for name, value in fields.items():
            setattr(node, name, copy.deepcopy(value))

    return change


def exchange(one: str, other: str) -> Callable[[ast.AST], None]:
    def change(node: ast.AST) -> None:
        first, second = getattr(node, one), getattr(node, other)
        setattr(node, one, second)
        setattr(node, other, first)

    return change


def become(name: str) -> Callable[[ast.AST], None]:
    """The node becomes the one in this field."""
    return becoming(lambda node: getattr(node, name))


def becoming(pick: Callable[..., ast.AST]) -> Callable[[ast.AST], None]:
    def change(node: ast.AST) -> None:
        other = pick(node)
        node.__class__ = other.__class__
        node.__dict__ = dict(other.__dict__)

    return change


def plain_assignment(node: ast.AST) -> None:
    """`a += b` becomes `a = b`."""
    assert isinstance(node, ast.AugAssign)
    target, value = node.target, node.value
    node.__class__ = ast.Assign  # type: ignore[assignment]
    node.__dict__ = {"targets": [target], "value": value, "lineno": 1, "col_offset": 0}
