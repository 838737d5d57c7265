"""What NumPy and PyTorch call things that a Tensor has under another name, for error messages."""

from __future__ import annotations

import ast

from tinylearn.repairs.statements import asked_for, call_of, operand, without_data

WRITE = {  # their name -> ours
    "array_equal": "(x == y).all()",
    "cuda": "x.to(device)", "data": "x.detach()",
    "detach_": "x.detach()", "fill": "x.assign(number)", "grad_fn": "x.node.op",
    "is_cuda": "x.device",
}  # fmt: skip


PROPERTIES = {
    "grad": "loss.gradient(x)", "T": "x.T", "shape": "x.shape", "dtype": "x.dtype",
    "device": "x.device", "ndim": "x.ndim", "size": "x.size", "is_leaf": "x.is_leaf",
    "requires_grad": "x.requires_grad",
}  # fmt: skip
KEPT = ("Tensor", "list", "loss")  # names in the tables that stand for themselves


def of_tensors(name: str) -> str:
    """What to write instead of tl.name(x), where tensors have a method or property of that name.

    In the user's own words where the call can be read: tl.relu(h) is h.relu().
    """
    call = call_of(name)
    if name in PROPERTIES:
        return f"; it belongs to a tensor\nTry {PROPERTIES[name]}"
    match call:
        case ast.Call(args=[first, *rest], keywords=words):
            texts = [*map(ast.unparse, rest), *map(ast.unparse, words)]
            return f"; it is a method of tensors\nTry {operand(first)}.{name}({', '.join(texts)})"
    return f"; it is a method of tensors\nTry x.{name}()"


def in_users_words(text: str, name: str) -> str:
    """An entry of the table with the user's own texts: x is the owner, the others the arguments.

    name   the attribute that the user's line asks for
    """
    if name == "data" and (written := without_data()):
        return written
    given = asked_for(name)
    if given is None:
        return text
    statement = " = " in text or ("= y" in text and "==" not in text)
    words = Words(given[0], given[1:])
    return ast.unparse(words.visit(ast.parse(text, mode="exec" if statement else "eval")))


class Words(ast.NodeTransformer):
    """Puts the user's expressions in the place of x and of the names that stand for arguments."""

    def __init__(self, owner: ast.expr, rest: list[ast.expr]) -> None:
        self.known: dict[str, ast.expr] = {"x": owner}
        self.rest = rest

    def visit_Name(self, node: ast.Name) -> ast.expr:
        if node.id not in self.known and node.id not in KEPT and self.rest:
            self.known[node.id] = self.rest.pop(0)
        return self.known.get(node.id, node)
