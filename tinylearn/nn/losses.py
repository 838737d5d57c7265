"""Losses as Parts, `loss.<name>`, and as Modules for those who write them so.

`logits.cross_entropy(y)`, `CrossEntropyLoss()(logits, y)` and the Part are one and the same:
replace the Part, and all of them compute with yours.
"""

from __future__ import annotations

from typing import Any

from tinylearn.nn.checks import loss_options
from tinylearn.nn.methods import method_part
from tinylearn.nn.module import Module
from tinylearn.parts import Part
from tinylearn.tensor import Tensor


def loss_part(name: str, method: str) -> Part:
    """A Tensor's loss as a Part; targets may be arrays or lists."""
    return method_part(name, method, takes_data=True)


CROSS_ENTROPY = loss_part("loss.cross_entropy", "cross_entropy")
BINARY_CROSS_ENTROPY = loss_part(
    "loss.binary_cross_entropy_with_logits", "binary_cross_entropy_with_logits"
)
MSE = loss_part("loss.mse", "mse_loss")
NLL = loss_part("loss.nll", "nll_loss")


class Loss(Module):
    """A loss as a Module. The options are those of the Tensor's method."""

    part: Part

    def __init__(self, **options: Any) -> None:
        loss_options(type(self).__name__, self.part.default, options)
        self.options = options

    def forward(self, prediction: Tensor, target: Any) -> Tensor:
        return self.part(prediction, target, **self.options)

    def extra_repr(self) -> str:
        return ", ".join(f"{name}={value!r}" for name, value in self.options.items())


class CrossEntropyLoss(Loss):
    """How much a prediction of classes is off: logits (batch, classes), labels (batch,)."""

    part = CROSS_ENTROPY


class BCEWithLogitsLoss(Loss):
    """How much answers yes or no are off: logits and targets of equal shapes, targets 0 to 1."""

    part = BINARY_CROSS_ENTROPY


class MSELoss(Loss):
    """The mean of the squared differences."""

    part = MSE


class NLLLoss(Loss):
    """As CrossEntropyLoss, for logarithms of probabilities in place of logits."""

    part = NLL
