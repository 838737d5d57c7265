"""What layers and losses compute, as functions of Tensors, under PyTorch's names.

Those that a student may replace are Parts, `nn.<name>` and `loss.<name>`: replace one, and every
layer, old or new, computes with yours from then on; so does the method of Tensor that has the same
name. The others stand in nn/formulas/, a topic a file.
"""

from __future__ import annotations

from typing import Any

from tinylearn.errors import ShapeError, TinylearnError, describe, nearest
from tinylearn.nn.checks import probability
from tinylearn.nn.formulas.activations import (
    celu,
    elu,
    gelu,
    glu,
    hardshrink,
    hardsigmoid,
    hardswish,
    hardtanh,
    leaky_relu,
    log_softmax,
    logsigmoid,
    mish,
    prelu,
    relu,
    relu6,
    selu,
    sigmoid,
    silu,
    softmax,
    softmin,
    softplus,
    softshrink,
    softsign,
    tanh,
    tanhshrink,
    threshold,
)
from tinylearn.nn.formulas.distances import (
    embedding_with_padding,
    normalize,
    one_hot,
    pad,
    pairwise_distance,
)
from tinylearn.nn.formulas.losses import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    cross_entropy,
    gaussian_nll_loss,
    huber_loss,
    kl_div,
    l1_loss,
    mse_loss,
    nll_loss,
    poisson_nll_loss,
    smooth_l1_loss,
    soft_margin_loss,
)
from tinylearn.nn.formulas.margins import (
    cosine_embedding_loss,
    hinge_embedding_loss,
    margin_ranking_loss,
    triplet_margin_loss,
)
from tinylearn.nn.formulas.norms import follow, group_norm, instance_norm, layer_norm, rms_norm
from tinylearn.nn.methods import method_part
from tinylearn.parts import part
from tinylearn.repairs.othernames import of_tensors
from tinylearn.tensor import Tensor
from tinylearn.tensor.attention import scaled_dot_product_attention
from tinylearn.tensor.composed import composed

__all__ = [
    "adaptive_avg_pool1d",
    "adaptive_avg_pool2d",
    "adaptive_max_pool1d",
    "adaptive_max_pool2d",
    "avg_pool1d",
    "avg_pool2d",
    "avg_pool3d",
    "batch_norm",
    "batch_statistics",
    "batchnorm",
    "bilinear",
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "celu",
    "conv1d",
    "conv2d",
    "conv3d",
    "conv_transpose1d",
    "conv_transpose2d",
    "conv_transpose3d",
    "cosine_embedding_loss",
    "cosine_similarity",
    "cross_entropy",
    "dropout",
    "dropout1d",
    "dropout2d",
    "elu",
    "embedding",
    "fold",
    "gaussian_nll_loss",
    "gelu",
    "glu",
    "group_norm",
    "hardshrink",
    "hardsigmoid",
    "hardswish",
    "hardtanh",
    "hinge_embedding_loss",
    "huber_loss",
    "instance_norm",
    "interpolate",
    "kl_div",
    "l1_loss",
    "layer_norm",
    "layernorm",
    "leaky_relu",
    "linear",
    "log_softmax",
    "logsigmoid",
    "margin_ranking_loss",
    "max_pool1d",
    "max_pool2d",
    "max_pool3d",
    "max_unpool2d",
    "mish",
    "mse_loss",
    "nll_loss",
    "normalize",
    "one_hot",
    "pad",
    "pairwise_distance",
    "pixel_shuffle",
    "poisson_nll_loss",
    "prelu",
    "relu",
    "relu6",
    "rms_norm",
    "scaled_dot_product_attention",
    "selu",
    "sigmoid",
    "silu",
    "smooth_l1_loss",
    "soft_margin_loss",
    "softmax",
    "softmin",
    "softplus",
    "softshrink",
    "softsign",
    "tanh",
    "tanhshrink",
    "threshold",
    "triplet_margin_loss",
    "unfold",
]


@composed
def weighted_sums(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Every output is a weighted sum of all inputs, plus a bias.

    x         (..., in)
    weight    (out, in): a row of weights for each output
    bias      (out,) or None
    returns   (..., out)
    """
    y = x @ weight.transpose()
    return y if bias is None else y + bias


linear = method_part("nn.linear", "linear", weighted_sums)
conv2d = method_part("nn.conv2d", "conv2d")
max_pool2d = method_part("nn.max_pool2d", "max_pool2d")
avg_pool2d = method_part("nn.avg_pool2d", "avg_pool2d")
batchnorm = method_part("nn.batchnorm", "batchnorm")
layernorm = method_part("nn.layernorm", "layernorm")
DROPOUT = method_part("nn.dropout", "dropout")

# Methods of Tensor as they are
conv1d, conv3d = Tensor.conv1d, Tensor.conv3d
conv_transpose1d, conv_transpose2d = Tensor.conv_transpose1d, Tensor.conv_transpose2d
conv_transpose3d = Tensor.conv_transpose3d
max_pool1d, max_pool3d = Tensor.max_pool1d, Tensor.max_pool3d
max_unpool2d = Tensor.max_unpool2d
avg_pool1d, avg_pool3d = Tensor.avg_pool1d, Tensor.avg_pool3d
adaptive_avg_pool1d, adaptive_avg_pool2d = Tensor.adaptive_avg_pool1d, Tensor.adaptive_avg_pool2d
adaptive_max_pool1d, adaptive_max_pool2d = Tensor.adaptive_max_pool1d, Tensor.adaptive_max_pool2d
interpolate, pixel_shuffle = Tensor.interpolate, Tensor.pixel_shuffle
unfold, fold = Tensor.im2col, Tensor.col2im
bilinear, cosine_similarity = Tensor.bilinear, Tensor.cosine_similarity


@part("nn.embedding")
def looked_up(x: Tensor, weight: Tensor) -> Tensor:
    """A row of the table for each integer.

    x         integers of any shape
    weight    (rows, size of a row)
    returns   (*x.shape, size of a row)
    """
    return weight[x]


def embedding(x: Tensor, weight: Tensor, padding_idx: int | None = None) -> Tensor:
    """A row of the table for each integer; no gradient passes to the row padding_idx.

    x             integers of any shape
    weight        (rows, size of a row)
    padding_idx   below 0 it counts from the last row
    returns       (*x.shape, size of a row)
    """
    rows, count = looked_up(x, weight), weight.shape[0]
    if padding_idx is None:
        return rows
    if not -count <= padding_idx < count:
        raise ValueError(f"padding_idx is a row, 0 to {count - 1}, not {padding_idx}")
    return embedding_with_padding(rows, x, padding_idx % count)


@part("nn.batch_statistics")
def batch_statistics(x: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and variance of each channel, over the batch and, in images, over all places.

    x         (batch, channels, ...)
    returns   mean and variance, each (channels,); the variance divides by the count, not count - 1
    """
    axes = (0, *range(2, x.ndim))
    mean = x.mean(axes, keepdim=True)
    difference = x - mean
    return mean.flatten(), (difference * difference).mean(axes)


def batch_norm(
    x: Tensor,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """Gives each channel mean 0 and variance 1 over the batch, then a scale and a shift.

    x          (batch, channels, ...)
    training   True takes the statistics of the batch, and lets them count in the running ones,
               if there are any, with the share `momentum`; False takes the running ones
    """
    if not training:
        if running_mean is None or running_var is None:
            says = "batch_norm needs running statistics where training is False"
            raise TinylearnError(f"{says}\nTry training=True")
        return batchnorm(x, weight, bias, running_mean, running_var, eps)
    mean, variance = batch_statistics(x)
    if running_mean is not None and running_var is not None:
        count = x.numel() // max(x.shape[1], 1)
        if count < 2:
            says = "batch_norm needs more than one number a channel to find a variance"
            raise describe(ShapeError, says, [("x", x.node)])
        follow(running_mean, running_var, mean, variance * (count / (count - 1)), momentum)
    return batchnorm(x, weight, bias, mean, variance, eps)


def dropout(x: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Sets a random share p of the numbers to 0, and enlarges the others to match.

    training   False gives x itself, and so does Tensor.training = False
    """
    probability("p", p)
    return DROPOUT(x, p) if training and Tensor.training and p else x


def dropout2d(x: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Sets a random share p of the channels to 0, each as a whole, and enlarges the others.

    x   (batch, channels, ...)
    """
    if x.ndim < 3:
        says = "dropout of channels needs (batch, channels, ...)"
        raise describe(ShapeError, says, [("x", x.node)], "dropout(x) for single numbers.")
    ones = Tensor.ones(*x.shape[:2], *[1] * (x.ndim - 2), device=x.device, requires_grad=False)
    kept = dropout(ones, p, training)
    return x if kept is ones else x * kept.cast(x.dtype)


dropout1d = dropout3d = dropout2d


def __getattr__(name: str) -> Any:
    if not name.startswith("_") and hasattr(Tensor, name):
        hint = of_tensors(name)
    else:
        hint = nearest(name, __all__)
    raise AttributeError(f"tinylearn.nn.functional has no {name!r}{hint}")
