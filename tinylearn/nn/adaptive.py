"""Optimizers that give every weight a step of its own size, from what its gradients were.

weight_decay             pulls weights to zero through the gradient
decoupled_weight_decay   True does so beside the gradient, as AdamW
maximize                 True goes uphill
"""

from __future__ import annotations

import math
from typing import Any, ClassVar

from tinylearn.nn import updates
from tinylearn.nn.checks import checked, two_shares, yes_no
from tinylearn.nn.optimizer import Group, Optimizer, Values
from tinylearn.tensor import Tensor


class Adaptive(Optimizer):
    """What the optimizers of this file share: their options are checked by name."""

    def __init__(self, parameters: Any, lr: float, **options: Any) -> None:
        super().__init__(parameters, lr, **options)

    def check(self, group: Group) -> None:
        super().check(group)
        for name in self.defaults:
            if name == "betas":
                group[name] = two_shares(name, group[name])
            elif name in ("alpha", "rho", "momentum"):
                group[name] = checked(name, group[name], below=1)
            elif name in ("centered", "maximize", "decoupled_weight_decay"):
                yes_no(**{name: group[name]})
            else:
                group[name] = checked(name, group[name])

    def decayed(
        self, group: Group, w: Tensor, g: Tensor, lr: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """The weight and the gradient, with the weight's decay in one of them.

        lr   the learning rate, if the weight may decay beside the gradient
        """
        decay = group["weight_decay"]
        if not decay:
            return w, g
        if lr is not None and group["decoupled_weight_decay"]:
            return updates.decoupled_decay(w, lr, decay), g
        return w, updates.weight_decay(w, g, decay)


class RMSprop(Adaptive):
    """Divides each gradient by the root of the mean of its squares.

    alpha      the share of the mean square that is kept
    momentum   the share of the last step that is kept
    centered   True divides by the standard deviation: the mean is taken away
    """

    theirs: ClassVar = {"v": "square_avg", "m": "grad_avg", "push": "momentum_buffer"}

    def __init__(
        self,
        parameters: Any,
        lr: float = 0.01,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        momentum: float = 0.0,
        centered: bool = False,
        maximize: bool = False,
    ) -> None:
        options = {"alpha": alpha, "eps": eps, "weight_decay": weight_decay, "momentum": momentum}
        super().__init__(parameters, lr, **options, centered=centered, maximize=maximize)

    def remembered(self, group: Group) -> tuple[str, ...]:
        names = ("v", "m") if group["centered"] else ("v",)
        return (*names, "push") if group["momentum"] else names

    def shares(self, group: Group) -> tuple[float, ...]:
        return (group["momentum"],)

    def update(self, group: Group, step: int, w: Tensor, g: Tensor, *memory: Tensor) -> Values:
        (lr,), (share,) = self.data(group, step, w)
        w, g = self.decayed(group, w, g)
        rule, count = (updates.centered, 2) if group["centered"] else (updates.rmsprop, 1)
        g, *known = rule(g, *memory[:count], group["alpha"], group["eps"])
        if not group["momentum"]:
            return updates.sgd(w, g, lr), *known
        w, push = updates.momentum(w, g, memory[-1], lr, share)
        return w, *known, push


class Adagrad(Adaptive):
    """Divides each gradient by the root of the sum of its squares: steps become ever smaller.

    lr_decay                    lr counts as lr / (1 + (step - 1) * lr_decay)
    initial_accumulator_value   where the sum of squares starts
    """

    remembers = ("v",)
    theirs: ClassVar = {"v": "sum"}

    def __init__(
        self,
        parameters: Any,
        lr: float = 0.01,
        lr_decay: float = 0.0,
        weight_decay: float = 0.0,
        initial_accumulator_value: float = 0.0,
        eps: float = 1e-10,
        *,
        maximize: bool = False,
    ) -> None:
        options = {"lr_decay": lr_decay, "weight_decay": weight_decay, "eps": eps}
        start = initial_accumulator_value
        options["initial_accumulator_value"] = start
        super().__init__(parameters, lr, **options, maximize=maximize)

    def first(self, name: str, group: Group) -> float:
        return group["initial_accumulator_value"]

    def numbers(self, group: Group, step: int) -> tuple[float, ...]:
        return (group["lr"] / (1 + (step - 1) * group["lr_decay"]),)

    def update(self, group: Group, step: int, w: Tensor, g: Tensor, *memory: Tensor) -> Values:
        (lr,), _ = self.data(group, step, w)
        w, g = self.decayed(group, w, g)
        return updates.adagrad(w, g, *memory, lr, group["eps"])


class Adadelta(Adaptive):
    """Steps as large as the last steps were, in proportion to the gradients: no lr is needed.

    rho   the share of both mean squares that is kept
    """

    remembers = ("v", "u")
    theirs: ClassVar = {"v": "square_avg", "u": "acc_delta"}

    def __init__(
        self,
        parameters: Any,
        lr: float = 1.0,
        rho: float = 0.9,
        eps: float = 1e-6,
        weight_decay: float = 0.0,
        *,
        maximize: bool = False,
    ) -> None:
        options = {"rho": rho, "eps": eps, "weight_decay": weight_decay}
        super().__init__(parameters, lr, **options, maximize=maximize)

    def update(self, group: Group, step: int, w: Tensor, g: Tensor, *memory: Tensor) -> Values:
        (lr,), _ = self.data(group, step, w)
        w, g = self.decayed(group, w, g)
        return updates.adadelta(w, g, *memory, lr, group["rho"], group["eps"])


class Moments(Adaptive):
    """What the relatives of Adam share: its options and what it remembers."""

    remembers = ("m", "v")
    theirs: ClassVar = {"m": "exp_avg", "v": "exp_avg_sq"}

    def __init__(
        self,
        parameters: Any,
        lr: float = 0.002,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        **options: Any,
    ) -> None:
        options = {"betas": betas, "eps": eps, "weight_decay": weight_decay} | options
        super().__init__(parameters, lr, **options)

    def shares(self, group: Group) -> tuple[float, ...]:
        betas: tuple[float, float] = group["betas"]
        return betas


class Adamax(Moments):
    """Adam with the largest gradient, which fades, in place of the root of the mean square."""

    theirs: ClassVar = {"m": "exp_avg", "v": "exp_inf"}

    def __init__(
        self,
        parameters: Any,
        lr: float = 0.002,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(parameters, lr, betas, eps, weight_decay, maximize=maximize)

    def update(self, group: Group, step: int, w: Tensor, g: Tensor, *memory: Tensor) -> Values:
        (lr, correction), betas = self.data(group, step, w)
        w, g = self.decayed(group, w, g)
        return updates.adamax(w, g, *memory, lr, *betas, group["eps"], correction)

    def numbers(self, group: Group, step: int) -> tuple[float, ...]:
        return group["lr"], 1 - group["betas"][0] ** step


PRODUCTS: dict[tuple[float, float], list[float]] = {}  # of NAdam's shares, step by step


def kept_share(beta: float, decay: float, step: int) -> float:
    """The share of the mean gradient that NAdam keeps at a step: it grows towards beta."""
    return beta * (1 - 0.5 * 0.96 ** (step * decay))


def product_of_shares(beta: float, decay: float, step: int) -> float:
    """The product of the kept shares up to a step."""
    known = PRODUCTS.setdefault((beta, decay), [1.0])
    while len(known) <= step:
        known.append(known[-1] * kept_share(beta, decay, len(known)))
    return known[step]


class NAdam(Moments):
    """Adam that looks ahead, as Nesterov's momentum does.

    momentum_decay   how fast the kept share of the mean gradient grows to betas[0]
    """

    def __init__(
        self,
        parameters: Any,
        lr: float = 0.002,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        momentum_decay: float = 0.004,
        decoupled_weight_decay: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        options = {"decoupled_weight_decay": decoupled_weight_decay, "maximize": maximize}
        more = {"momentum_decay": momentum_decay, **options}
        super().__init__(parameters, lr, betas, eps, weight_decay, **more)

    def numbers(self, group: Group, step: int) -> tuple[float, ...]:
        (beta1, beta2), decay = group["betas"], group["momentum_decay"]
        now, later = (kept_share(beta1, decay, t) for t in (step, step + 1))
        done = product_of_shares(beta1, decay, step)
        shares = (1 - now) / (1 - done), later / (1 - done * later)
        return group["lr"], 1 - beta2**step, *shares

    def update(self, group: Group, step: int, w: Tensor, g: Tensor, *memory: Tensor) -> Values:
        (lr, *corrections), betas = self.data(group, step, w)
        w, g = self.decayed(group, w, g, lr)
        return updates.nadam(w, g, *memory, lr, *betas, group["eps"], *corrections)


class RAdam(Moments):
    """Adam that does not divide before the mean square is one of enough gradients."""

    def __init__(
        self,
        parameters: Any,
        lr: float = 0.001,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        decoupled_weight_decay: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        options = {"decoupled_weight_decay": decoupled_weight_decay, "maximize": maximize}
        super().__init__(parameters, lr, betas, eps, weight_decay, **options)

    def numbers(self, group: Group, step: int) -> tuple[float, ...]:
        beta1, beta2 = group["betas"]
        return group["lr"], 1 - beta1**step, 1 - beta2**step, rectified(beta2, step)

    def update(self, group: Group, step: int, w: Tensor, g: Tensor, *memory: Tensor) -> Values:
        (lr, *corrections), betas = self.data(group, step, w)
        w, g = self.decayed(group, w, g, lr)
        return updates.radam(w, g, *memory, lr, *betas, group["eps"], *corrections)


def rectified(beta: float, step: int) -> float:
    """How far a mean square of so many gradients can be relied on, up to 1; 0 if hardly.

    Source   Liu et al. 2020, algorithm 2
    """
    most = 2 / (1 - beta) - 1
    length = most - 2 * step * beta**step / (1 - beta**step)
    if length <= 5:
        return 0.0
    top = (length - 4) * (length - 2) * most
    return math.sqrt(top / ((most - 4) * (most - 2) * length))


class Lion(Adaptive):
    """Every weight moves by lr, in the direction of its mean gradient: the sign alone counts.

    betas   the share of the mean gradient in the direction, and the share that is kept
    """

    remembers = ("m",)
    theirs: ClassVar = {"m": "exp_avg"}

    def __init__(
        self,
        parameters: Any,
        lr: float = 1e-4,
        betas: tuple[float, float] = (0.9, 0.99),
        weight_decay: float = 0.0,
        *,
        maximize: bool = False,
    ) -> None:
        options = {"betas": betas, "weight_decay": weight_decay, "maximize": maximize}
        super().__init__(parameters, lr, **options)

    def shares(self, group: Group) -> tuple[float, ...]:
        betas: tuple[float, float] = group["betas"]
        return betas

    def update(self, group: Group, step: int, w: Tensor, g: Tensor, *memory: Tensor) -> Values:
        (lr,), betas = self.data(group, step, w)
        if group["weight_decay"]:
            w = updates.decoupled_decay(w, lr, group["weight_decay"])
        return updates.lion(w, g, *memory, lr, *betas)
