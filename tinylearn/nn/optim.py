"""Optimizers: after loss.backward(), step() gives every parameter its next numbers.

    optimizer = Adam([model], lr=0.01)
    loss.backward(); optimizer.step(); optimizer.zero_grad()

The options are PyTorch's. What a step computes are Parts, `optim.<rule>`; see updates.py.
"""

from __future__ import annotations

from typing import Any, ClassVar

from tinylearn.errors import nearest
from tinylearn.nn import schedules as lr_scheduler
from tinylearn.nn import updates
from tinylearn.nn.adaptive import Adadelta, Adagrad, Adamax, Lion, NAdam, RAdam, RMSprop
from tinylearn.nn.checks import checked, two_shares, yes_no
from tinylearn.nn.lbfgs import LBFGS
from tinylearn.nn.optimizer import Group, Optimizer, Values
from tinylearn.tensor import Tensor
from tinylearn.tensor.state import own as own  # a step gives the leaves their numbers by it

__all__ = [
    "LBFGS",
    "SGD",
    "Adadelta",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "Lion",
    "NAdam",
    "Optimizer",
    "RAdam",
    "RMSprop",
    "lr_scheduler",
]


class SGD(Optimizer):
    """Stochastic gradient descent, with momentum if wanted.

    momentum      0 to below 1; the share of the last step that is kept
    dampening     0 to 1; by this share pushes after the first are weaker
    weight_decay  pulls weights to zero: the slope of weight_decay/2 * w**2
    nesterov      True looks ahead (needs momentum, and no dampening)
    maximize      True goes uphill
    """

    theirs: ClassVar = {"v": "momentum_buffer"}

    def __init__(
        self,
        parameters: Any,
        lr: float = 0.001,
        momentum: float = 0.0,
        dampening: float = 0.0,
        weight_decay: float = 0.0,
        nesterov: bool = False,
        maximize: bool = False,
    ) -> None:
        options = {"momentum": momentum, "dampening": dampening, "weight_decay": weight_decay}
        super().__init__(parameters, lr, **options, nesterov=nesterov, maximize=maximize)

    def check(self, group: Group) -> None:
        super().check(group)
        group["momentum"] = checked("momentum", group["momentum"], below=1)
        group["dampening"] = checked("dampening", group["dampening"])
        group["weight_decay"] = checked("weight_decay", group["weight_decay"])
        yes_no(nesterov=group["nesterov"], maximize=group["maximize"])
        if group["nesterov"] and not group["momentum"]:
            raise ValueError("nesterov needs a momentum above 0\nTry momentum=0.9")
        if group["nesterov"] and group["dampening"]:
            raise ValueError("nesterov takes no dampening\nTry dampening=0")

    def remembered(self, group: Group) -> tuple[str, ...]:
        return ("v",) if group["momentum"] else ()

    def numbers(self, group: Group, step: int) -> tuple[float, ...]:
        if not group["dampening"]:
            return (group["lr"],)
        return group["lr"], 1 if step == 1 else 1 - group["dampening"]

    def shares(self, group: Group) -> tuple[float, ...]:
        return (group["momentum"],)

    def update(self, group: Group, step: int, w: Tensor, g: Tensor, *memory: Tensor) -> Values:
        (lr, *damping), (share,) = self.data(group, step, w)
        if group["weight_decay"]:
            g = updates.weight_decay(w, g, group["weight_decay"])
        if not memory:
            return (updates.sgd(w, g, lr),)
        if damping:
            g = g * damping[0]
        rule = updates.nesterov if group["nesterov"] else updates.momentum
        return rule(w, g, *memory, lr, share)


class Adam(Optimizer):
    """Adaptive moments: every weight moves by about lr at first, however large its gradient.

    betas         the shares of the mean gradient and the mean square that are kept
    eps           keeps the division from 0
    weight_decay  pulls weights to zero through the gradient
    amsgrad       True never lets the mean square that divides become smaller
    maximize      True goes uphill
    """

    theirs: ClassVar = {"m": "exp_avg", "v": "exp_avg_sq", "top": "max_exp_avg_sq"}

    def __init__(
        self,
        parameters: Any,
        lr: float = 0.001,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        options = {"betas": betas, "eps": eps, "weight_decay": weight_decay}
        super().__init__(parameters, lr, **options, amsgrad=amsgrad, maximize=maximize)

    def check(self, group: Group) -> None:
        super().check(group)
        group["betas"] = two_shares("betas", group["betas"])
        group["eps"] = checked("eps", group["eps"])
        group["weight_decay"] = checked("weight_decay", group["weight_decay"])
        yes_no(amsgrad=group["amsgrad"], maximize=group["maximize"])

    def remembered(self, group: Group) -> tuple[str, ...]:
        return ("m", "v", "top") if group["amsgrad"] else ("m", "v")

    def update(self, group: Group, step: int, w: Tensor, g: Tensor, *memory: Tensor) -> Values:
        if group["weight_decay"]:
            g = updates.weight_decay(w, g, group["weight_decay"])
        rule = updates.amsgrad if group["amsgrad"] else updates.adam
        return rule(w, g, *memory, *self.settings(group, step, w))

    def numbers(self, group: Group, step: int) -> tuple[float, ...]:
        return group["lr"], *(1 - beta**step for beta in group["betas"])

    def shares(self, group: Group) -> tuple[float, ...]:
        betas: tuple[float, float] = group["betas"]
        return betas

    def settings(self, group: Group, step: int, w: Tensor) -> tuple:
        """lr, beta1, beta2, eps and the two corrections, as the rules take them."""
        (lr, *corrections), betas = self.data(group, step, w)
        return lr, *betas, group["eps"], *corrections


class AdamW(Adam):
    """Adam with weight decay beside the gradient, not through it."""

    def __init__(
        self,
        parameters: Any,
        lr: float = 0.001,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.01,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(parameters, lr, betas, eps, weight_decay, amsgrad, maximize=maximize)

    def update(self, group: Group, step: int, w: Tensor, g: Tensor, *memory: Tensor) -> Values:
        settings = self.settings(group, step, w)
        if not group["amsgrad"]:
            return updates.adamw(w, g, *memory, *settings, group["weight_decay"])
        smaller = updates.decoupled_decay(w, settings[0], group["weight_decay"])
        return updates.amsgrad(smaller, g, *memory, *settings)


def __getattr__(name: str) -> Any:
    raise AttributeError(f"tinylearn.nn.optim has no {name!r}{nearest(name, __all__)}")
