"""Layers that keep Tensors: names, shapes and first numbers as in PyTorch.

    model = Sequential(Linear(784, 128), ReLU(), Linear(128, 10))

A layer keeps its Tensors and says which shapes it needs; what it computes stands in functional.py.
"""

from __future__ import annotations

import math

from tinylearn.errors import DTypeError, ShapeError, describe
from tinylearn.nn import functional as F
from tinylearn.nn import init
from tinylearn.nn.checks import axis, checked, probability, sizes, yes_no
from tinylearn.nn.methods import as_tensor
from tinylearn.nn.module import Module, title
from tinylearn.repairs.userline import layer_call
from tinylearn.tensor import Tensor
from tinylearn.tensor.windows import Pair, padding_of, two

__all__ = [
    "Bilinear",
    "Conv2d",
    "CosineSimilarity",
    "Dropout",
    "Dropout1d",
    "Dropout2d",
    "Dropout3d",
    "Embedding",
    "Linear",
    "PairwiseDistance",
]


class Linear(Module):
    """Every output is a weighted sum of all inputs, plus a bias.

    weight   (out_features, in_features)
    bias     (out_features,) or None
    Takes (..., in_features), gives (..., out_features).
    """

    def __init__(self, in_features: int, out_features: int, bias: bool = True) -> None:
        sizes(in_features=in_features, out_features=out_features)
        yes_no(bias=bias)
        self.in_features, self.out_features = in_features, out_features
        self.weight = init.first((out_features, in_features), in_features)
        self.bias = init.first((out_features,), in_features) if bias else None

    def forward(self, x: Tensor) -> Tensor:
        if x.shape[-1:] != (self.in_features,):
            raise self.misfit(x)
        return F.linear(x, self.weight, self.bias)

    def misfit(self, x: Tensor) -> Exception:
        """The error for inputs of another size, with a repair if there is a likely one.

        The first axis counts the examples: it is never flattened with others.
        """
        says = f"{title(self)} needs inputs of shape (..., {self.in_features})"
        form, name = layer_call(x.node)
        flat = [k for k in range(1, x.ndim - 1) if math.prod(x.shape[k:]) == self.in_features]
        repair = form.format(f"{name}.flatten({flat[0]})") if flat else ""
        if not flat and x.ndim and x.shape[-1] == self.out_features:
            repair = f"Linear({self.out_features}, {self.in_features})"
        elif not flat and x.ndim == 2 and x.shape[1] and math.prod(x.shape) != self.in_features:
            repair = f"Linear({x.shape[1]}, {self.out_features})"
        elif not flat and x.ndim == 4 and x.numel():  # images, as a convolution leaves them
            repair = f"Sequential(Flatten(), Linear({x.numel() // len(x)}, {self.out_features}))"
        return describe(ShapeError, says, [(name, x.node)], repair)

    def extra_repr(self) -> str:
        return f"{self.in_features}, {self.out_features}" + (
            "" if self.bias is not None else ", bias=False"
        )


class Conv2d(Module):
    """Slides small filters over images; each gives one channel of the result.

    weight   (out_channels, in_channels / groups, height, width of the filter)
    bias     (out_channels,) or None
    Takes (batch, in_channels, H, W), gives (batch, out_channels, H', W').
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Pair,
        stride: Pair = 1,
        padding: Pair | str = 0,
        dilation: Pair = 1,
        groups: int = 1,
        bias: bool = True,
    ) -> None:
        sizes(in_channels=in_channels, out_channels=out_channels, groups=groups)
        yes_no(bias=bias)
        if in_channels % groups or out_channels % groups:
            says = f"groups={groups} must divide in_channels and out_channels"
            raise ValueError(f"{says}, {in_channels} and {out_channels}")
        self.in_channels, self.out_channels, self.groups = in_channels, out_channels, groups
        self.kernel_size, self.stride = two("kernel_size", kernel_size), two("stride", stride)
        self.dilation = two("dilation", dilation)
        self.padding = padding if isinstance(padding, str) else two("padding", padding, least=0)
        padding_of(self.padding, self.kernel_size, self.stride, self.dilation)
        filters = (out_channels, in_channels // groups, *self.kernel_size)
        self.weight = init.first(filters, math.prod(filters[1:]))
        self.bias = init.first((out_channels,), math.prod(filters[1:])) if bias else None

    def forward(self, x: Tensor) -> Tensor:
        if x.ndim != 4 or x.shape[1] != self.in_channels:
            raise self.misfit(x)
        how = (self.stride, self.padding, self.dilation, self.groups)
        return F.conv2d(x, self.weight, self.bias, *how)

    def misfit(self, x: Tensor) -> Exception:
        """The error for images of other axes or channels, with a likely repair if there is one."""
        says = f"{title(self)} needs images of shape (batch, {self.in_channels}, height, width)"
        form, name = layer_call(x.node)
        shape, n = x.shape, self.in_channels
        change = ""
        if len(shape) == 4 and shape[3] == n:
            change = ".permute(0, 3, 1, 2)"
        elif len(shape) == 3 and n in (1, shape[0]):
            change = f".unsqueeze({0 if shape[0] == n else 1})"
        elif len(shape) == 2 and n == 1:
            change = f".reshape(1, 1, {shape[0]}, {shape[1]})"
        repair = form.format(name + change) if change else ""
        if not change and len(shape) == 4 and self.groups == 1 and shape[1]:
            repair = f"Conv2d({shape[1]}, {self.out_channels}, {self.kernel_size})"
        return describe(ShapeError, says, [(name, x.node)], repair)

    def extra_repr(self) -> str:
        text = f"{self.in_channels}, {self.out_channels}, {self.kernel_size}"
        usual = {"stride": (1, 1), "padding": (0, 0), "dilation": (1, 1), "groups": 1}
        for name, value in usual.items():
            if getattr(self, name) != value:
                text += f", {name}={getattr(self, name)}"
        return text + ("" if self.bias is not None else ", bias=False")


class Embedding(Module):
    """A table with a row for each word: integers in, rows out.

    weight        (num_embeddings, embedding_dim), drawn from a standard normal distribution
    padding_idx   the row of what only fills up: 0 at first, and it does not learn
    Takes integers of any shape from 0 to num_embeddings - 1, gives (..., embedding_dim).
    """

    def __init__(
        self, num_embeddings: int, embedding_dim: int, padding_idx: int | None = None
    ) -> None:
        sizes(num_embeddings=num_embeddings, embedding_dim=embedding_dim)
        self.num_embeddings, self.embedding_dim = num_embeddings, embedding_dim
        self.padding_idx = padding_idx
        self.weight = init.normal((num_embeddings, embedding_dim))
        if padding_idx is not None:
            if not -num_embeddings <= axis("padding_idx", padding_idx) < num_embeddings:
                raise ValueError(f"padding_idx is a row, 0 to {num_embeddings - 1}")
            self.padding_idx = padding_idx % num_embeddings
            rows = self.weight.numpy()
            rows[padding_idx] = 0
            self.weight = Tensor(rows)

    @classmethod
    def from_pretrained(
        cls, embeddings: Tensor, freeze: bool = True, padding_idx: int | None = None
    ) -> Embedding:
        """An Embedding with these rows; freeze=False lets them learn on."""
        numbers = as_tensor(embeddings)
        rows, size = numbers.shape
        layer = cls(rows, size, padding_idx)
        layer.weight.assign(numbers)
        layer.weight.requires_grad = not freeze
        return layer

    def forward(self, x: Tensor) -> Tensor:
        if x.dtype.kind != 1:
            form, name = layer_call(x.node)
            repair = form.format(f"{name}.int()")
            raise DTypeError(f"{title(self)} needs integers, got {x.dtype}\nTry {repair}")
        try:
            return F.embedding(x, self.weight, self.padding_idx)
        except IndexError:
            raise self.misfit(x) from None

    def misfit(self, x: Tensor) -> Exception:
        """The error for integers that name no row."""
        numbers, n = x.numpy(), self.num_embeddings
        wrong = numbers[(numbers >= n) | (numbers < -n)]
        says = f"{title(self)} has rows 0 to {n - 1}"
        says += f", got {int(wrong.flat[0])}" if wrong.size else ""
        repair = f"Embedding({int(numbers.max()) + 1}, {self.embedding_dim})"
        name = layer_call(x.node)[1]
        return describe(IndexError, says, [(name, x.node)], repair if (wrong >= n).any() else "")

    def extra_repr(self) -> str:
        return f"{self.num_embeddings}, {self.embedding_dim}"


class Bilinear(Module):
    """Every output is a weighted sum over all pairs of two inputs, plus a bias.

    weight   (out_features, in1_features, in2_features)
    bias     (out_features,) or None
    Takes (..., in1_features) and (..., in2_features), gives (..., out_features).
    """

    def __init__(
        self, in1_features: int, in2_features: int, out_features: int, bias: bool = True
    ) -> None:
        sizes(in1_features=in1_features, in2_features=in2_features, out_features=out_features)
        yes_no(bias=bias)
        self.in1_features, self.in2_features = in1_features, in2_features
        self.out_features = out_features
        self.weight = init.first((out_features, in1_features, in2_features), in1_features)
        self.bias = init.first((out_features,), in1_features) if bias else None

    def forward(self, x1: Tensor, x2: Tensor) -> Tensor:
        return F.bilinear(x1, x2, self.weight, self.bias)

    def extra_repr(self) -> str:
        return f"{self.in1_features}, {self.in2_features}, {self.out_features}"


class CosineSimilarity(Module):
    """The cosine of the angle between rows along an axis: 1 for one direction."""

    def __init__(self, dim: int = 1, eps: float = 1e-8) -> None:
        self.dim, self.eps = axis("dim", dim), checked("eps", eps)

    def forward(self, x1: Tensor, x2: Tensor) -> Tensor:
        return F.cosine_similarity(x1, x2, self.dim, self.eps)


class PairwiseDistance(Module):
    """The p-norm of the difference of rows along the last axis."""

    def __init__(self, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False) -> None:
        yes_no(keepdim=keepdim)
        self.norm, self.eps, self.keepdim = float(p), checked("eps", eps), keepdim

    def forward(self, x1: Tensor, x2: Tensor) -> Tensor:
        return F.pairwise_distance(x1, x2, self.norm, self.eps, self.keepdim)


class Dropout(Module):
    """Sets a random share p of the numbers to 0 in training, and enlarges the others to match."""

    def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
        self.p = probability("p", p)

    def forward(self, x: Tensor) -> Tensor:
        return F.dropout(x, self.p, self.training)

    def extra_repr(self) -> str:
        return f"{self.p:g}"


class Dropout2d(Dropout):
    """Sets a random share p of the channels (batch, channels, ...) to 0, each as a whole."""

    def forward(self, x: Tensor) -> Tensor:
        return F.dropout2d(x, self.p, self.training)


class Dropout1d(Dropout2d):
    """Dropout2d for (batch, channels, places)."""


class Dropout3d(Dropout2d):
    """Dropout2d for (batch, channels, depth, height, width)."""
