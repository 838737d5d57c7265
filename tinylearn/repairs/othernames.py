"""What NumPy and PyTorch call things that a Tensor has under another name, for error messages."""

from __future__ import annotations

import ast

from tinylearn.repairs.statements import asked_for, call_of, operand, without_data

WRITE = {  # their name -> ours
    "absolute": "x.abs()", "abs_": "x.abs()", "add_": "x += y", "amax": "x.max(axis)",
    "amin": "x.min(axis)", "argsort": "np.argsort(x.numpy())", "array_equal": "(x == y).all()",
    "bce": "x.binary_cross_entropy(y)", "bmm": "x @ y", "broadcast_to": "x.expand(shape)",
    "clamp_": "x.clamp(low, high)",
    "concatenate": "x.cat(y)", "copy": "x.clone()", "copy_": "x.assign(y)",
    "count_nonzero": "(x != 0).sum()", "cuda": "x.to(device)", "data": "x.detach()",
    "detach_": "x.detach()", "dim": "x.ndim", "div_": "x /= y", "divide": "x / y",
    "element_size": "x.dtype.itemsize", "equal": "(x == y).all()", "exp_": "x.exp()",
    "fill": "x.assign(number)", "fill_": "x.assign(number)", "grad_fn": "x.node.op",
    "index_select": "x.take(index, axis)", "is_cuda": "x.device", "itemsize": "x.dtype.itemsize",
    "median": "np.median(x.numpy())", "mT": "x.transpose(-1, -2)", "mm": "x @ y",
    "mse": "x.mse_loss(y)",
    "moveaxis": "x.permute(order)", "mul_": "x *= y", "multiply": "x * y", "mv": "x @ y",
    "nbytes": "x.node.nbytes", "neg_": "-x", "negative": "-x", "nelement": "x.numel()",
    "ndimension": "x.ndim", "new_ones": "Tensor.ones(shape)", "new_tensor": "Tensor(numbers)",
    "new_zeros": "Tensor.zeros(shape)", "nonzero": "np.nonzero(x.numpy())",
    "normal_": "x.assign(x.randn_like())", "power": "x ** y", "ravel": "x.flatten()",
    "relu_": "x.relu()", "requires_grad_": "x.requires_grad = True",
    "reshape_as": "x.reshape(y.shape)", "retain_grad": "loss.gradient(x)",
    "sigmoid_": "x.sigmoid()", "sort": "np.sort(x.numpy())", "sqrt_": "x.sqrt()", "sub_": "x -= y",
    "subtract": "x - y", "swapaxes": "x.transpose(a, b)", "swapdims": "x.transpose(a, b)",
    "t": "x.T", "tile": "x.repeat(times)", "topk": "np.argsort(x.numpy())", "true_divide": "x / y",
    "type": "x.cast(dtype)", "unbind": "list(x)", "uniform_": "x.assign(x.rand_like())",
    "unique": "np.unique(x.numpy())", "view_as": "x.reshape(y.shape)", "zero_": "x.assign(0)",
}  # fmt: skip


PROPERTIES = {
    "grad": "loss.gradient(x)", "T": "x.T", "shape": "x.shape", "dtype": "x.dtype",
    "device": "x.device", "ndim": "x.ndim", "size": "x.size", "is_leaf": "x.is_leaf",
    "requires_grad": "x.requires_grad",
}  # fmt: skip
KEPT = ("np", "Tensor", "list", "loss")  # names in the tables that stand for themselves


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
