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
