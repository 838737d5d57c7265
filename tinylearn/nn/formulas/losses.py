"""Losses as functions under PyTorch's names, and as Parts, `loss.<name>`.

A Part of one of Tensor's methods is that method. A Part of this file gives the loss of each number
(or pair, or triplet); the function around it checks shapes and puts them together:

reduction   "mean" (the default), "sum", or "none": one number for each prediction
"""

from __future__ import annotations

import math
from typing import Any

from tinylearn.errors import ShapeError, describe
from tinylearn.nn.methods import as_tensor, method_part
from tinylearn.parts import Part, part
from tinylearn.tensor import Tensor
from tinylearn.tensor.composed import composed
from tinylearn.tensor.losses import check_loss_option


def loss_part(name: str, method: str) -> Part:
    """A Tensor's loss as a Part; targets may be arrays or lists."""
    return method_part(name, method, takes_data=True)


CROSS_ENTROPY = loss_part("loss.cross_entropy", "cross_entropy")
BINARY_CROSS_ENTROPY = loss_part(
    "loss.binary_cross_entropy_with_logits", "binary_cross_entropy_with_logits"
)
BCE = loss_part("loss.binary_cross_entropy", "binary_cross_entropy")
MSE = loss_part("loss.mse", "mse_loss")
L1 = loss_part("loss.l1", "l1_loss")
NLL = loss_part("loss.nll", "nll_loss")


def reduced(losses: Tensor, reduction: str) -> Tensor:
    """Losses put together as `reduction` says."""
    check_loss_option("reduction", reduction)
    if reduction == "none":
        return losses
    return losses.sum() if reduction == "sum" else losses.mean()


def unusual(**options: Any) -> dict[str, Any]:
    """The options that are not as usual: a function of the user's need not know the others."""
    usual = {"reduction": "mean", "label_smoothing": 0.0, "ignore_index": -100}
    return {name: value for name, value in options.items() if value != usual[name]}


def sides(op: str, input: Tensor, *others: Any) -> list[Tensor]:
    """The inputs of a loss as Tensors of one shape: broadcasting would hide a mistake."""
    found = [as_tensor(x, input.device) for x in (input, *others)]
    if any(not isinstance(x, Tensor) for x in found):
        wrong = next(x for x in found if not isinstance(x, Tensor))
        raise TypeError(f"{op} needs Tensors, not {type(wrong).__name__}\nTry Tensor(target)")
    for x in found[1:]:
        if x.shape != input.shape:
            operands = [("input", input.node), ("target", x.node)]
            repair = f"target.reshape({input.shape})" if x.numel() == input.numel() else ""
            says = f"{op} compares number by number and needs equal shapes"
            raise describe(ShapeError, says, operands, repair)
    return [x if x.dtype.is_float else x.cast(input.dtype) for x in found]


# ---------------------------------------------------------------- distances


def l1_loss(input: Tensor, target: Any, reduction: str = "mean") -> Tensor:
    """The absolute difference."""
    return L1(input, target, **unusual(reduction=reduction))


def mse_loss(input: Tensor, target: Any, reduction: str = "mean") -> Tensor:
    """The squared difference."""
    return MSE(input, target, **unusual(reduction=reduction))


@part("loss.huber")
@composed
def huber(input: Tensor, target: Tensor, delta: float) -> Tensor:
    """Half the square of small differences; from delta on a straight line of slope delta.

    Source   Huber 1964
    """
    distance = (input - target).abs()
    return (distance < delta).where(distance * distance * 0.5, (distance - delta / 2) * delta)


def huber_loss(input: Tensor, target: Any, reduction: str = "mean", delta: float = 1.0) -> Tensor:
    """Half the square of differences up to delta, delta * (difference - delta / 2) beyond."""
    if not delta > 0:
        raise ValueError(f"delta must be above 0, not {delta!r}")
    return reduced(huber(*sides("huber_loss", input, target), delta), reduction)


def smooth_l1_loss(
    input: Tensor, target: Any, reduction: str = "mean", beta: float = 1.0
) -> Tensor:
    """The absolute difference less beta / 2; up to beta half its square over beta.

    It is huber_loss over its delta, and with beta=0 l1_loss.
    """
    if not beta >= 0:
        raise ValueError(f"beta must be at least 0, not {beta!r}")
    if beta == 0:
        return l1_loss(input, target, reduction)
    return reduced(huber(*sides("smooth_l1_loss", input, target), beta) / beta, reduction)


# ---------------------------------------------------------------- classes


def cross_entropy(
    input: Tensor,
    target: Any,
    weight: Any = None,
    ignore_index: int | None = -100,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Tensor:
    """-log of the probability that softmax(input) gives to the true class.

    input     logits (N, classes, ...) or (classes,), with no softmax before
    target    the true classes, ints (N, ...); or probabilities of the input's shape
    weight    how much each class counts (classes,); the mean is then weighted, too
    """
    if weight is None:
        options = unusual(reduction=reduction, label_smoothing=label_smoothing)
        return CROSS_ENTROPY(input, target, **options, **unusual(ignore_index=ignore_index))
    target = as_tensor(target, input.device)
    how = ("none", label_smoothing, ignore_index)
    CROSS_ENTROPY.default(input, target, *how)  # says what is wrong
    axis = class_axis(input)
    logs, weights = input.log_softmax(axis), class_weights(weight, input, axis)
    if target.dtype.is_float:
        truth = target * (1 - label_smoothing) + label_smoothing / input.shape[axis]
        return reduced(-(truth * logs * weights).sum(axis), reduction)
    counts = true_class(target, input, axis, ignore_index) * weights
    losses = -(counts > 0).where(counts * logs, 0.0).sum(axis)
    if label_smoothing:
        spread = -(logs * weights).sum(axis) / input.shape[axis]
        if ignore_index is not None:
            spread = (target == ignore_index).where(0.0, spread)
        losses = losses * (1 - label_smoothing) + spread * label_smoothing
    return losses.sum() / counts.sum() if reduction == "mean" else reduced(losses, reduction)


def nll_loss(
    input: Tensor,
    target: Any,
    weight: Any = None,
    ignore_index: int | None = -100,
    reduction: str = "mean",
) -> Tensor:
    """-log of the true class's probability, from log-probabilities; see cross_entropy."""
    if weight is None:
        return NLL(input, target, **unusual(reduction=reduction, ignore_index=ignore_index))
    axis, target = class_axis(input), as_tensor(target, input.device)
    NLL.default(input, target, "none", ignore_index)  # says what is wrong
    counts = true_class(target, input, axis, ignore_index) * class_weights(weight, input, axis)
    losses = -(counts > 0).where(counts * input, 0.0).sum(axis)
    return losses.sum() / counts.sum() if reduction == "mean" else reduced(losses, reduction)


def class_axis(input: Tensor) -> int:
    """The axis of the classes: the second of a batch, the only one of a single prediction."""
    return 1 if input.ndim > 1 else 0


def class_weights(weight: Any, input: Tensor, axis: int) -> Tensor:
    """How much each class counts, laid along its axis."""
    weights, classes = as_tensor(weight, input.device), input.shape[axis]
    if not isinstance(weights, Tensor) or weights.shape != (classes,):
        got = getattr(weights, "shape", type(weights).__name__)
        says = f"weight has a number for each of the {classes} classes, not {got}"
        raise ShapeError(f"{says}\nTry weight=Tensor.ones({classes})")
    shape = (1, -1) + (1,) * (input.ndim - 2) if axis else (-1,)
    return weights.detach().cast(input.dtype).reshape(shape)


def true_class(target: Tensor, input: Tensor, axis: int, ignored: int | None) -> Tensor:
    """1 in the place of each true class, else 0; all 0 where the class is to be ignored."""
    classes = Tensor.arange(input.shape[axis], device=input.device)
    shape = (-1,) + (1,) * (target.ndim - 1 if axis else 0)
    found = target.unsqueeze(axis) == classes.reshape(shape)
    if ignored is not None:
        found = (target == ignored).unsqueeze(axis).where(False, found)
    return found.cast(input.dtype)


def binary_cross_entropy(
    input: Tensor, target: Any, weight: Any = None, reduction: str = "mean"
) -> Tensor:
    """-log of the probability given to the truth, from probabilities; at most 100.

    weight   how much each number counts; its shape broadcasts to the input's
    """
    if weight is None:
        return BCE(input, target, **unusual(reduction=reduction))
    losses = BCE(input, target, reduction="none")
    return reduced(losses * as_tensor(weight, input.device), reduction)


@part("loss.weighted_binary_cross_entropy_with_logits")
@composed
def two_way(input: Tensor, target: Tensor, pos_weight: Tensor) -> Tensor:
    """-log of the probability that sigmoid(input) gives to the truth; a yes counts pos_weight.

    Written with softplus, which is exact where sigmoid is 0 or 1.
    """
    return target * pos_weight * (-input).softplus() + (1 - target) * input.softplus()


def binary_cross_entropy_with_logits(
    input: Tensor,
    target: Any,
    weight: Any = None,
    reduction: str = "mean",
    pos_weight: Any = None,
) -> Tensor:
    """-log of the probability that sigmoid(input) gives to the truth, 0 or 1 (or between).

    weight       how much each number counts; its shape broadcasts to the input's
    pos_weight   how much more a yes counts than a no; broadcasts as well
    """
    if weight is None and pos_weight is None:
        return BINARY_CROSS_ENTROPY(input, target, **unusual(reduction=reduction))
    if pos_weight is None:
        losses = BINARY_CROSS_ENTROPY(input, target, reduction="none")
    else:
        both = sides("binary_cross_entropy_with_logits", input, target)
        losses = two_way(*both, as_tensor(pos_weight, input.device))
    return reduced(
        losses if weight is None else losses * as_tensor(weight, input.device), reduction
    )


@part("loss.soft_margin")
@composed
def soft_margin(input: Tensor, target: Tensor) -> Tensor:
    """log(1 + exp(-target * input)) for targets of -1 and 1."""
    return (-(target * input)).softplus()


def soft_margin_loss(input: Tensor, target: Any, reduction: str = "mean") -> Tensor:
    """log(1 + exp(-target * input)) for targets of -1 and 1."""
    return reduced(soft_margin(*sides("soft_margin_loss", input, target)), reduction)


# ---------------------------------------------------------------- distributions


@part("loss.kl_div")
@composed
def kl_divergence(input: Tensor, target: Tensor, log_target: int) -> Tensor:
    """target * (log(target) - input): what the log-probabilities `input` miss of the target.

    log_target   1: the target is given as log-probabilities, too
    """
    if log_target:
        return target.exp() * (target - input)
    nothing = target == 0
    return target * (nothing.where(1.0, target).log() - input)


def kl_div(input: Tensor, target: Any, reduction: str = "mean", log_target: bool = False) -> Tensor:
    """The Kullback-Leibler divergence of the target from exp(input), in parts.

    reduction   also "batchmean": the sum over the size of the batch, which is the divergence
    """
    losses = kl_divergence(*sides("kl_div", input, target), int(log_target))
    if reduction == "batchmean":
        return losses.sum() / max(losses.shape[0] if losses.ndim else 1, 1)
    return reduced(losses, reduction)


@part("loss.poisson_nll")
@composed
def poisson(input: Tensor, target: Tensor, log_input: int, eps: float) -> Tensor:
    """-log of the probability of `target` events where `input` (or exp(input)) are expected.

    log_input   1: input is the logarithm of the expected number
    eps         keeps the logarithm finite where it is not
    """
    if log_input:
        return input.exp() - target * input
    return input - target * (input + eps).log()


def poisson_nll_loss(
    input: Tensor,
    target: Any,
    log_input: bool = True,
    full: bool = False,
    eps: float = 1e-8,
    reduction: str = "mean",
) -> Tensor:
    """-log of a Poisson distribution; without log(target!), which full=True adds by Stirling."""
    input, target = sides("poisson_nll_loss", input, target)
    losses = poisson(input, target, int(log_input), eps)
    if full:
        many = target > 1
        n = many.where(target, 2.0)
        stirling = n * n.log() - n + (n * (2 * math.pi)).log() * 0.5
        losses = losses + many.where(stirling, 0.0)
    return reduced(losses, reduction)


@part("loss.gaussian_nll")
@composed
def gaussian(input: Tensor, target: Tensor, var: Tensor) -> Tensor:
    """-log of the density at `target` of a normal distribution with mean `input`, but for a
    constant: (log(var) + (input - target)**2 / var) / 2."""
    difference = input - target
    return (var.log() + difference * difference / var) * 0.5


def gaussian_nll_loss(
    input: Tensor,
    target: Any,
    var: Any,
    full: bool = False,
    eps: float = 1e-6,
    reduction: str = "mean",
) -> Tensor:
    """-log of a normal density.

    var    the variance: of the input's shape, without its last axis or with 1 there, or a number
    full   True adds log(2 pi) / 2, the constant
    eps    variances below count as this, with the gradient of what they are
    """
    input, target = sides("gaussian_nll_loss", input, target)
    var = input.full_like(var) if isinstance(var, int | float) else as_tensor(var, input.device)
    var = var.unsqueeze(-1) if var.shape == input.shape[:-1] and input.ndim else var
    if var.shape not in (input.shape, (*input.shape[:-1], 1)):
        says = "gaussian_nll_loss needs a variance for each number or for each row"
        raise describe(ShapeError, says, [("input", input.node), ("var", var.node)])
    if eps <= 0:
        raise ValueError(f"eps must be above 0, not {eps!r}")
    var = var + (var.clamp(eps) - var).detach()
    losses = gaussian(input, target, var)
    return reduced(losses + 0.5 * math.log(2 * math.pi) if full else losses, reduction)
