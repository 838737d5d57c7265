"""What the layers compute: each a Part, `nn.<name>`, that takes and gives Tensors.

Replace one, and every layer, old or new, computes with yours from then on; so does the method of
Tensor that has the same name.
"""

from __future__ import annotations

from typing import Any

from tinylearn.errors import nearest
from tinylearn.nn.methods import method_part
from tinylearn.parts import part
from tinylearn.repairs.othernames import of_tensors
from tinylearn.tensor import Tensor
from tinylearn.tensor.composed import composed


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
dropout = method_part("nn.dropout", "dropout")


@part("nn.embedding")
def embedding(x: Tensor, weight: Tensor) -> Tensor:
    """A row of the table for each integer.

    x         integers of any shape
    weight    (rows, size of a row)
    returns   (*x.shape, size of a row)
    """
    return weight[x]


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


def __getattr__(name: str) -> Any:
    if not name.startswith("_") and hasattr(Tensor, name):
        hint = of_tensors(name)
    else:
        hint = nearest(name, [word for word in globals() if not word.startswith("_")])
    raise AttributeError(f"tinylearn.nn.functional has no {name!r}{hint}")
