"""What NumPy and PyTorch call things that a Tensor has under another name, for error messages."""

from __future__ import annotations

from collections.abc import Iterable

from tinylearn.errors import nearest

WRITE = {  # their name -> ours
    "absolute": "x.abs()", "add_": "x += y", "amax": "x.max(axis)", "amin": "x.min(axis)",
    "bmm": "x @ y", "broadcast_to": "x.expand(shape)",
    "concatenate": "x.cat(y)", "copy": "x.clone()", "copy_": "x.assign(y)", "cuda": "x.to(device)",
    "data": "x.detach()", "detach_": "x.detach()", "dim": "x.ndim", "divide": "x / y",
    "fill": "x.assign(number)", "fill_": "x.assign(number)", "mT": "x.transpose(-1, -2)",
    "mm": "x @ y", "moveaxis": "x.permute(order)", "multiply": "x * y", "negative": "-x",
    "nelement": "x.numel()", "ndimension": "x.ndim", "power": "x ** y", "ravel": "x.flatten()",
    "relu_": "x.relu()", "requires_grad_": "x.requires_grad = True",
    "reshape_as": "x.reshape(y.shape)", "sigmoid_": "x.sigmoid()", "sub_": "x -= y",
    "subtract": "x - y", "swapaxes": "x.transpose(a, b)", "swapdims": "x.transpose(a, b)",
    "t": "x.T", "tile": "x.repeat(times)", "true_divide": "x / y", "type": "x.cast(dtype)",
    "view_as": "x.reshape(y.shape)", "zero_": "x.assign(0)",
}  # fmt: skip


def instead(name: str, known: Iterable[str]) -> str:
    r"""What to write instead of a name that a Tensor has not: to be put behind the message.

    >>> instead("ravel", []), instead("sofmax", ["softmax"]), instead("~", [])
    ('\nTry x.flatten()', "; did you mean 'softmax'?", '')
    """
    return f"\nTry {WRITE[name]}" if name in WRITE else nearest(name, known)
