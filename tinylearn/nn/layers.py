"""The layers: names, shapes and first numbers as in PyTorch. The math of each is a Part.

    model = Sequential(Linear(784, 128), ReLU(), Linear(128, 10))

A layer keeps its Tensors and says which shapes it needs; what it computes stands in functional.py.
"""

from __future__ import annotations

import math
from typing import Any

from tinylearn.errors import DTypeError, ShapeError, describe
from tinylearn.nn import functional as F
from tinylearn.nn import init
from tinylearn.nn.checks import checked, sizes, yes_no
from tinylearn.nn.module import Module, title
from tinylearn.repairs.userline import layer_call
from tinylearn.tensor import Tensor
from tinylearn.tensor.tensor import assign_together
from tinylearn.tensor.windows import Pair, padding_of, two


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


class BatchNorm2d(Module):
    """Gives each channel mean 0 and variance 1 over the batch, then a scale and a shift.

    weight, bias                scale and shift (num_features,); None with affine=False
    running_mean, running_var   (num_features,): means over the batches, for use after training
    momentum                    the share of the newest batch in them
    Takes (batch, num_features, ...), gives the same shape. After eval(), or while Tensor.training
    is False, the running statistics take the place of the batch's.
    """

    def __init__(
        self, num_features: int, eps: float = 1e-5, momentum: float = 0.1, affine: bool = True
    ) -> None:
        sizes(num_features=num_features)
        yes_no(affine=affine)
        self.num_features, self.eps = num_features, checked("eps", eps)
        self.momentum = checked("momentum", momentum, below=math.nextafter(1, 2))
        self.weight = init.constant(1.0, (num_features,)) if affine else None
        self.bias = init.constant(0.0, (num_features,)) if affine else None
        self.running_mean = init.constant(0.0, (num_features,), requires_grad=False)
        self.running_var = init.constant(1.0, (num_features,), requires_grad=False)

    def forward(self, x: Tensor) -> Tensor:
        if x.ndim < 2 or x.shape[1] != self.num_features:
            says = f"{title(self)} needs inputs of shape (batch, {self.num_features}, ...)"
            repair = f"BatchNorm2d({x.shape[1]})" if x.ndim > 1 and x.shape[1] else ""
            raise describe(ShapeError, says, [(layer_call(x.node)[1], x.node)], repair)
        if self.training and Tensor.training:
            mean, variance = F.batch_statistics(x)
            self.remember(mean, variance, x.numel() // self.num_features)
        else:
            mean, variance = self.running_mean, self.running_var
        return F.batchnorm(x, self.weight, self.bias, mean, variance, self.eps)

    def remember(self, mean: Tensor, variance: Tensor, count: int) -> None:
        """Let this batch count in the running statistics. They are computed with what is next.

        count   numbers a channel; the variance of everything is count / (count - 1) times theirs
        """
        if count < 2:
            says = f"{title(self)} needs more than one number a channel to find a variance"
            raise describe(ShapeError, says, [("mean", mean)], "model.eval()")
        whole = variance * (count / (count - 1))
        old, share = (self.running_mean, self.running_var), self.momentum
        new = [x * (1 - share) + y.detach() * share for x, y in zip(old, (mean, whole))]
        assign_together(old, new)

    def extra_repr(self) -> str:
        return f"{self.num_features}"


BatchNorm = BatchNorm2d  # it takes (batch, num_features) and images alike


class LayerNorm(Module):
    """Gives each example mean 0 and variance 1 over its last axes, then a scale and a shift.

    weight, bias   of normalized_shape; None with elementwise_affine=False
    Takes (..., *normalized_shape), gives the same shape.
    """

    def __init__(
        self,
        normalized_shape: int | tuple[int, ...],
        eps: float = 1e-5,
        elementwise_affine: bool = True,
    ) -> None:
        shape = (normalized_shape,) if isinstance(normalized_shape, int) else normalized_shape
        sizes(**{f"normalized_shape[{k}]": n for k, n in enumerate(shape)})
        yes_no(elementwise_affine=elementwise_affine)
        self.normalized_shape, self.eps = tuple(shape), checked("eps", eps)
        affine = elementwise_affine
        self.weight = init.constant(1.0, self.normalized_shape) if affine else None
        self.bias = init.constant(0.0, self.normalized_shape) if affine else None

    def forward(self, x: Tensor) -> Tensor:
        count = len(self.normalized_shape)
        if x.shape[x.ndim - count :] != self.normalized_shape or x.ndim < count:
            wanted = ", ".join(map(str, self.normalized_shape))
            says = f"{title(self)} needs inputs of shape (..., {wanted})"
            repair = f"LayerNorm({x.shape[-1]})" if x.ndim and x.shape[-1] else ""
            raise describe(ShapeError, says, [(layer_call(x.node)[1], x.node)], repair)
        return F.layernorm(x, tuple(range(-count, 0)), self.eps, self.weight, self.bias)

    def extra_repr(self) -> str:
        shape = self.normalized_shape
        return str(shape[0] if len(shape) == 1 else shape)


class Embedding(Module):
    """A table with a row for each word: integers in, rows out.

    weight   (num_embeddings, embedding_dim), drawn from a standard normal distribution
    Takes integers of any shape from 0 to num_embeddings - 1, gives (..., embedding_dim).
    """

    def __init__(self, num_embeddings: int, embedding_dim: int) -> None:
        sizes(num_embeddings=num_embeddings, embedding_dim=embedding_dim)
        self.num_embeddings, self.embedding_dim = num_embeddings, embedding_dim
        self.weight = init.normal((num_embeddings, embedding_dim))

    def forward(self, x: Tensor) -> Tensor:
        if x.dtype.kind != 1:
            form, name = layer_call(x.node)
            repair = form.format(f"{name}.int()")
            raise DTypeError(f"{title(self)} needs integers, got {x.dtype}\nTry {repair}")
        try:
            return F.embedding(x, self.weight)
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


class Dropout(Module):
    """Sets a random share p of the numbers to 0 in training, and enlarges the others to match."""

    def __init__(self, p: float = 0.5) -> None:
        if not isinstance(p, int | float) or isinstance(p, bool) or not 0 <= p <= 1:
            raise ValueError(f"p must be from 0 to 1, not {p!r}")
        self.p = p

    def forward(self, x: Tensor) -> Tensor:
        resting = not (self.training and Tensor.training) or self.p == 0
        return x if resting else F.dropout(x, self.p)

    def extra_repr(self) -> str:
        return f"{self.p:g}"


class Sequential(Module):
    """Layers one after the other: each takes what the one before gives.

    A layer is anything that can be called with a Tensor: a Module, Tensor.relu, your function.
    model[0] is the first layer, len(model) their number; loops and slices work.
    """

    def __init__(self, *layers: Any) -> None:
        if len(layers) == 1 and isinstance(layers[0], list | tuple):
            layers = tuple(layers[0])
        for k, layer in enumerate(layers):
            if isinstance(layer, type):
                name = layer.__name__
                raise TypeError(f"layer {k} of Sequential is the class {name}\nTry {name}()")
            if not callable(layer):
                raise TypeError(f"layer {k} of Sequential cannot be called: {layer!r}")
            vars(self)[str(k)] = layer  # its Tensors are then named "0.weight", as in PyTorch

    @property
    def layers(self) -> list[Any]:
        """The layers in order."""
        return [layer for name, layer in vars(self).items() if name.isdigit()]

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.layers:
            x = layer(x)
        return x

    def __len__(self) -> int:
        return len(self.layers)

    def __getitem__(self, place: int | slice) -> Any:
        found = self.layers[place]
        return Sequential(*found) if isinstance(place, slice) else found
