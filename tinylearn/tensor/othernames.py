"""What NumPy and PyTorch call things that a Tensor has under another name, for error messages."""

from __future__ import annotations

from collections.abc import Iterable

from tinylearn.errors import nearest

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


def instead(name: str, known: Iterable[str]) -> str:
    r"""What to write instead of a name that a Tensor has not: to be put behind the message.

    >>> instead("ravel", []), instead("sofmax", ["softmax"]), instead("~", [])
    ('\nTry x.flatten()', "; did you mean 'softmax'?", '')
    """
    return f"\nTry {WRITE[name]}" if name in WRITE else nearest(name, known)
