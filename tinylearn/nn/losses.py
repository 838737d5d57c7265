"""Losses as Modules, for those who write them so: CrossEntropyLoss()(logits, labels).

The options are those of the function of the same name in nn.functional, and what it computes is a
Part, `loss.<name>`: replace it, and the Tensor's method, the function and the Module compute with
yours.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tinylearn.nn.checks import loss_options
from tinylearn.nn.formulas import losses, margins
from tinylearn.nn.methods import as_tensor
from tinylearn.nn.module import Module
from tinylearn.tensor import Tensor

__all__ = [
    "BCELoss",
    "BCEWithLogitsLoss",
    "CosineEmbeddingLoss",
    "CrossEntropyLoss",
    "GaussianNLLLoss",
    "HingeEmbeddingLoss",
    "HuberLoss",
    "KLDivLoss",
    "L1Loss",
    "MSELoss",
    "MarginRankingLoss",
    "NLLLoss",
    "PoissonNLLLoss",
    "SmoothL1Loss",
    "SoftMarginLoss",
    "TripletMarginLoss",
]


class Loss(Module):
    """A loss as a Module. The options are those of its function.

    options   those that were given, but for Tensors, which are buffers
    """

    function: Callable[..., Tensor]
    first: tuple[str, ...] = ("reduction",)  # options that may be given without their names

    def __init__(self, *values: Any, **options: Any) -> None:
        name = type(self).__name__
        if len(values) > len(self.first):
            raise TypeError(f"{name} takes {' and '.join(self.first)}, and the rest by name")
        options = dict(zip(self.first, values)) | options
        loss_options(name, self.function, options)
        options = {key: as_tensor(value) for key, value in options.items()}
        self.tensors = [key for key, value in options.items() if isinstance(value, Tensor)]
        for key in self.tensors:
            self.register_buffer(key, options.pop(key))
        self.options = options

    def forward(self, *inputs: Any) -> Tensor:
        tensors = {name: getattr(self, name) for name in self.tensors}
        return self.function(*inputs, **self.options, **tensors)

    def extra_repr(self) -> str:
        texts = [f"{name}={value!r}" for name, value in self.options.items()]
        return ", ".join([*(f"{name}=Tensor" for name in self.tensors), *texts])


class CrossEntropyLoss(Loss):
    """How much a prediction of classes is off: logits (batch, classes), labels (batch,)."""

    function = staticmethod(losses.cross_entropy)
    first = ("weight",)


class NLLLoss(Loss):
    """As CrossEntropyLoss, for logarithms of probabilities in place of logits."""

    function = staticmethod(losses.nll_loss)
    first = ("weight",)


class BCEWithLogitsLoss(Loss):
    """How much answers yes or no are off: logits and targets of equal shapes, targets 0 to 1."""

    function = staticmethod(losses.binary_cross_entropy_with_logits)
    first = ("weight",)


class BCELoss(Loss):
    """As BCEWithLogitsLoss, for probabilities in place of logits."""

    function = staticmethod(losses.binary_cross_entropy)
    first = ("weight",)


class MSELoss(Loss):
    """The mean of the squared differences."""

    function = staticmethod(losses.mse_loss)


class L1Loss(Loss):
    """The mean of the absolute differences."""

    function = staticmethod(losses.l1_loss)


class SmoothL1Loss(Loss):
    """L1Loss with a round corner: up to beta, squares."""

    function = staticmethod(losses.smooth_l1_loss)


class HuberLoss(Loss):
    """Half the square of differences up to delta, a straight line beyond: outliers count less."""

    function = staticmethod(losses.huber_loss)
    first = ("reduction", "delta")


class KLDivLoss(Loss):
    """What log-probabilities miss of a distribution; reduction="batchmean" is the divergence."""

    function = staticmethod(losses.kl_div)


class PoissonNLLLoss(Loss):
    """How much expected numbers of events are off from those that were counted."""

    function = staticmethod(losses.poisson_nll_loss)
    first = ("log_input", "full")


class GaussianNLLLoss(Loss):
    """How much a prediction with a variance is off: called with input, target and var."""

    function = staticmethod(losses.gaussian_nll_loss)


class SoftMarginLoss(Loss):
    """How much answers are off from -1 and 1: log(1 + exp(-target * input))."""

    function = staticmethod(losses.soft_margin_loss)


class MarginRankingLoss(Loss):
    """How much one number is short of being above another: input1, input2, target of 1 or -1."""

    function = staticmethod(margins.margin_ranking_loss)
    first = ("margin",)


class HingeEmbeddingLoss(Loss):
    """How much distances are too large (target 1) or smaller than the margin (target -1)."""

    function = staticmethod(margins.hinge_embedding_loss)
    first = ("margin",)


class CosineEmbeddingLoss(Loss):
    """How much the angles between rows are too large (target 1) or too small (target -1)."""

    function = staticmethod(margins.cosine_embedding_loss)
    first = ("margin",)


class TripletMarginLoss(Loss):
    """How much an anchor is nearer to the wrong one: called with anchor, positive, negative."""

    function = staticmethod(margins.triplet_margin_loss)
    first = ("margin",)
