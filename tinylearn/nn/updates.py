"""The update rules: from a weight, its gradient and what was remembered to their next values.

Each is a Part, `optim.<name>`, and a pure function of Tensors: nothing changes in place, the new
values come back. The optimizer computes all of them, for all weights, in one pass.
"""

from __future__ import annotations

from tinylearn.parts import part
from tinylearn.tensor import Tensor
from tinylearn.tensor.composed import composed


@part("optim.weight_decay")
@composed
def weight_decay(w: Tensor, g: Tensor, decay: float) -> Tensor:
    """Large weights cost: the slope of decay/2 * w**2 is added to the gradient.

    w, g      equal shapes; g = d loss / d w
    decay     0 changes nothing; 1e-4 is usual
    returns   the gradient of the loss with that cost
    """
    return g + decay * w


@part("optim.sgd")
@composed
def sgd(w: Tensor, g: Tensor, lr: Tensor) -> Tensor:
    """One step downhill: against the gradient, lr times as far.

    w, g      equal shapes; g = d loss / d w
    lr        learning rate, a single number of shape ()
    returns   the new w
    """
    return w - lr * g


@part("optim.momentum")
@composed
def momentum(w: Tensor, g: Tensor, v: Tensor, lr: Tensor, momentum: float) -> tuple[Tensor, Tensor]:
    """A heavy ball: it keeps most of its velocity v, and the gradient gives it a push.

    w, g, v   equal shapes; g = d loss / d w; v starts at zero
    lr        learning rate, a single number of shape ()
    momentum  the share of v that is kept, from 0 (none: this is sgd) to below 1
    returns   the new w and v
    Source    Polyak 1964; with lr outside of v, as PyTorch has it
    """
    v = momentum * v + g
    return w - lr * v, v


@part("optim.nesterov")
@composed
def nesterov(w: Tensor, g: Tensor, v: Tensor, lr: Tensor, momentum: float) -> tuple[Tensor, Tensor]:
    """Momentum that looks ahead: it steps as if the next push were the same as this one.

    w, g, v, lr, momentum, returns   as in momentum
    Source    Nesterov 1983, in the form of Sutskever et al. 2013
    """
    v = momentum * v + g
    return w - lr * (g + momentum * v), v


@part("optim.adam")
@composed
def adam(
    w: Tensor,
    g: Tensor,
    m: Tensor,
    v: Tensor,
    lr: Tensor,
    beta1: float,
    beta2: float,
    eps: float,
    correction1: Tensor,
    correction2: Tensor,
) -> tuple[Tensor, Tensor, Tensor]:
    """The mean gradient over the root of the mean square: about lr far, whatever its size.

    w, g, m, v    equal shapes; g = d loss / d w; m and v start at zero
    lr            learning rate, a single number of shape ()
    beta1, beta2  the shares of m and v that are kept; eps keeps the division from 0
    correction1   1 - beta1**step, where step counts 1, 2, ...: m starts at zero and is too small
    correction2   1 - beta2**step, the same for v; both are single numbers of shape ()
    returns       the new w, m and v
    Source        Kingma & Ba 2015, algorithm 1
    """
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g * g
    return w - lr / correction1 * m / ((v / correction2).sqrt() + eps), m, v


@part("optim.adamw")
@composed
def adamw(
    w: Tensor,
    g: Tensor,
    m: Tensor,
    v: Tensor,
    lr: Tensor,
    beta1: float,
    beta2: float,
    eps: float,
    correction1: Tensor,
    correction2: Tensor,
    decay: float,
) -> tuple[Tensor, Tensor, Tensor]:
    """Adam, with the weights shrunk by lr * decay beside it and not through the gradient.

    decay     weight decay; the rest is as in adam
    returns   the new w, m and v
    Source    Loshchilov & Hutter 2019, algorithm 2
    """
    smaller = w - lr * decay * w
    return adam(smaller, g, m, v, lr, beta1, beta2, eps, correction1, correction2)


@part("optim.decoupled_decay")
@composed
def decoupled_decay(w: Tensor, lr: Tensor, decay: float) -> Tensor:
    """Weights shrink by lr * decay, whatever the gradient is.

    returns   the smaller w
    Source    Loshchilov & Hutter 2019
    """
    return w - lr * decay * w


@part("optim.amsgrad")
@composed
def amsgrad(
    w: Tensor,
    g: Tensor,
    m: Tensor,
    v: Tensor,
    top: Tensor,
    lr: Tensor,
    beta1: float,
    beta2: float,
    eps: float,
    correction1: Tensor,
    correction2: Tensor,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Adam that divides by the largest mean square so far, so that its steps do not grow again.

    top       the largest v so far, which starts at zero; the rest is as in adam
    returns   the new w, m, v and top
    Source    Reddi et al. 2018, algorithm 2
    """
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g * g
    top = top.maximum(v)
    return w - lr / correction1 * m / ((top / correction2).sqrt() + eps), m, v, top


@part("optim.rmsprop")
@composed
def rmsprop(g: Tensor, v: Tensor, alpha: float, eps: float) -> tuple[Tensor, Tensor]:
    """A gradient over the root of the mean of its squares: about 1, whatever its size.

    g, v      equal shapes; v is the mean square and starts at zero
    alpha     the share of v that is kept; eps keeps the division from 0
    returns   the scaled gradient, with which sgd or momentum steps, and the new v
    Source    Tieleman & Hinton 2012, lecture 6.5
    """
    v = alpha * v + (1 - alpha) * g * g
    return g / (v.sqrt() + eps), v


@part("optim.centered_rmsprop")
@composed
def centered(
    g: Tensor, v: Tensor, m: Tensor, alpha: float, eps: float
) -> tuple[Tensor, Tensor, Tensor]:
    """A gradient over its standard deviation: the mean square less the square of the mean.

    m         the mean gradient, which starts at zero; the rest is as in rmsprop
    returns   the scaled gradient, the new v and the new m
    Source    Graves 2013, equations 38 to 41, with eps outside of the root, as PyTorch has it
    """
    v = alpha * v + (1 - alpha) * g * g
    m = alpha * m + (1 - alpha) * g
    return g / ((v - m * m).sqrt() + eps), v, m


@part("optim.adagrad")
@composed
def adagrad(w: Tensor, g: Tensor, v: Tensor, lr: Tensor, eps: float) -> tuple[Tensor, Tensor]:
    """A gradient over the root of the sum of all its squares so far.

    w, g, v   equal shapes; v is the sum of squares
    lr        learning rate, a single number of shape ()
    returns   the new w and v
    Source    Duchi et al. 2011
    """
    v = v + g * g
    return w - lr * g / (v.sqrt() + eps), v


@part("optim.adadelta")
@composed
def adadelta(
    w: Tensor, g: Tensor, v: Tensor, u: Tensor, lr: Tensor, rho: float, eps: float
) -> tuple[Tensor, Tensor, Tensor]:
    """Steps in proportion to the gradient, as large as steps have been: the units come out right.

    v, u      the mean squares of gradients and of steps; both start at zero
    rho       the share of both that is kept; eps lets the first step be more than 0
    returns   the new w, v and u
    Source    Zeiler 2012, algorithm 1
    """
    v = rho * v + (1 - rho) * g * g
    step = (u + eps).sqrt() / (v + eps).sqrt() * g
    return w - lr * step, v, rho * u + (1 - rho) * step * step


@part("optim.adamax")
@composed
def adamax(
    w: Tensor,
    g: Tensor,
    m: Tensor,
    v: Tensor,
    lr: Tensor,
    beta1: float,
    beta2: float,
    eps: float,
    correction1: Tensor,
) -> tuple[Tensor, Tensor, Tensor]:
    """The mean gradient over the largest one, which fades by beta2 from step to step.

    v         the largest size of a gradient; the rest is as in adam
    returns   the new w, m and v
    Source    Kingma & Ba 2015, algorithm 2, with eps as PyTorch has it
    """
    m = beta1 * m + (1 - beta1) * g
    v = (beta2 * v).maximum(g.abs() + eps)
    return w - lr / correction1 * m / v, m, v


@part("optim.nadam")
@composed
def nadam(
    w: Tensor,
    g: Tensor,
    m: Tensor,
    v: Tensor,
    lr: Tensor,
    beta1: float,
    beta2: float,
    eps: float,
    correction2: Tensor,
    now: Tensor,
    ahead: Tensor,
) -> tuple[Tensor, Tensor, Tensor]:
    """Adam that steps with the gradient itself and with the mean as it will be.

    now       by how much the gradient counts, a single number of shape ()
    ahead     by how much the new m counts; the rest is as in adam
    returns   the new w, m and v
    Source    Dozat 2016, algorithm 2
    """
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g * g
    return w - lr * (now * g + ahead * m) / ((v / correction2).sqrt() + eps), m, v


@part("optim.radam")
@composed
def radam(
    w: Tensor,
    g: Tensor,
    m: Tensor,
    v: Tensor,
    lr: Tensor,
    beta1: float,
    beta2: float,
    eps: float,
    correction1: Tensor,
    correction2: Tensor,
    rectified: Tensor,
) -> tuple[Tensor, Tensor, Tensor]:
    """Adam whose division waits until the mean square can be relied on.

    rectified   how far it can be, a single number of shape (): 0 steps by the mean gradient alone
    returns     the new w, m and v; the rest is as in adam
    Source      Liu et al. 2020, algorithm 2
    """
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g * g
    scaled = rectified * correction2.sqrt() / (v.sqrt() + eps)
    return w - lr / correction1 * m * (rectified > 0).where(scaled, 1.0), m, v


@part("optim.lion")
@composed
def lion(
    w: Tensor, g: Tensor, m: Tensor, lr: Tensor, beta1: float, beta2: float
) -> tuple[Tensor, Tensor]:
    """Against the sign of the mean gradient: every weight moves by lr.

    w, g, m       equal shapes; m is the mean gradient and starts at zero
    beta1, beta2  the share of m in the direction, and the share of m that is kept
    returns       the new w and m
    Source        Chen et al. 2023, algorithm 2
    """
    return w - lr * (beta1 * m + (1 - beta1) * g).sign(), beta2 * m + (1 - beta2) * g
