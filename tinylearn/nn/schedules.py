"""Learning-rate schedules: after each epoch (or step) they set the optimizer's lr anew.

schedule = StepLR(optimizer, step_size=30)      lr * 0.1 after every 30 calls
for epoch in range(90):
    ...
    schedule.step()
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from tinylearn.nn.checks import checked
from tinylearn.nn.cycles import CosineAnnealingWarmRestarts, CyclicLR, OneCycleLR
from tinylearn.nn.plateau import ReduceLROnPlateau
from tinylearn.nn.schedule import Schedule, same_optimizer, whole

if TYPE_CHECKING:
    from tinylearn.nn.optimizer import Optimizer

__all__ = [
    "ChainedScheduler",
    "ConstantLR",
    "CosineAnnealingLR",
    "CosineAnnealingWarmRestarts",
    "CosineLR",
    "CyclicLR",
    "ExponentialLR",
    "LambdaLR",
    "LinearLR",
    "LinearWarmup",
    "MultiStepLR",
    "MultiplicativeLR",
    "OneCycleLR",
    "PolynomialLR",
    "ReduceLROnPlateau",
    "Schedule",
    "SequentialLR",
    "StepLR",
]


class LambdaLR(Schedule):
    """lr times whatever a function of the epoch says: LambdaLR(optimizer, lambda n: 0.95**n).

    lr_lambda   a function, or a list of one for each group
    """

    def __init__(self, optimizer: Optimizer, lr_lambda: Any, last_epoch: int = -1) -> None:
        functions = lr_lambda if isinstance(lr_lambda, list | tuple) else [lr_lambda]
        for function in functions:
            if not callable(function):
                raise TypeError(f"lr_lambda must be a function of the epoch, not {function!r}")
        self.functions = functions
        super().__init__(optimizer, last_epoch)

    def rate(self, epoch: int, base: float, number: int = 0) -> float:
        return base * self.functions[number if len(self.functions) > 1 else 0](epoch)


class MultiplicativeLR(LambdaLR):
    """lr times what a function of the epoch says, in each epoch anew."""

    def rate(self, epoch: int, base: float, number: int = 0) -> float:
        function = self.functions[number if len(self.functions) > 1 else 0]
        return base * math.prod(function(n) for n in range(1, epoch + 1))


class StepLR(Schedule):
    """lr times gamma after every `step_size` epochs."""

    def __init__(
        self, optimizer: Optimizer, step_size: int, gamma: float = 0.1, last_epoch: int = -1
    ) -> None:
        self.step_size, self.gamma = whole("step_size", step_size), checked("gamma", gamma)
        super().__init__(optimizer, last_epoch)

    def factor(self, epoch: int) -> float:
        return self.gamma ** (epoch // self.step_size)


class MultiStepLR(Schedule):
    """lr times gamma at each of the epochs that are named."""

    def __init__(
        self,
        optimizer: Optimizer,
        milestones: Iterable[int],
        gamma: float = 0.1,
        last_epoch: int = -1,
    ) -> None:
        self.milestones = sorted(whole("a milestone", n) for n in milestones)
        self.gamma = checked("gamma", gamma)
        super().__init__(optimizer, last_epoch)

    def factor(self, epoch: int) -> float:
        return self.gamma ** bisect_right(self.milestones, epoch)


class ExponentialLR(Schedule):
    """lr times gamma after every epoch."""

    def __init__(self, optimizer: Optimizer, gamma: float, last_epoch: int = -1) -> None:
        self.gamma = checked("gamma", gamma)
        super().__init__(optimizer, last_epoch)

    def factor(self, epoch: int) -> float:
        return self.gamma**epoch


class CosineAnnealingLR(Schedule):
    """lr down to eta_min along half a cosine of T_max epochs.

    Source   Loshchilov & Hutter 2017, SGDR, equation 5, without restarts
    """

    def __init__(
        self, optimizer: Optimizer, T_max: int, eta_min: float = 0.0, last_epoch: int = -1
    ) -> None:
        self.T_max, self.eta_min = whole("T_max", T_max), checked("eta_min", eta_min)
        super().__init__(optimizer, last_epoch)

    def rate(self, epoch: int, base: float, number: int = 0) -> float:
        down = (1 + math.cos(math.pi * epoch / self.T_max)) / 2
        return self.eta_min + (base - self.eta_min) * down


class LinearLR(Schedule):
    """From start_factor * lr to end_factor * lr along a line of total_iters epochs."""

    def __init__(
        self,
        optimizer: Optimizer,
        start_factor: float = 1 / 3,
        end_factor: float = 1.0,
        total_iters: int = 5,
        last_epoch: int = -1,
    ) -> None:
        self.start_factor = checked("start_factor", start_factor)
        self.end_factor = checked("end_factor", end_factor)
        self.total_iters = whole("total_iters", total_iters)
        super().__init__(optimizer, last_epoch)

    def factor(self, epoch: int) -> float:
        way = min(epoch, self.total_iters) / self.total_iters
        return self.start_factor + (self.end_factor - self.start_factor) * way


class LinearWarmup(LinearLR):
    """From lr / steps up to lr along a line of `steps` epochs: large first steps do harm."""

    def __init__(self, optimizer: Optimizer, steps: int) -> None:
        start = 1 / whole("steps", steps)
        super().__init__(optimizer, start_factor=start, total_iters=max(steps - 1, 1))


class ConstantLR(Schedule):
    """factor * lr for the first total_iters epochs, then lr."""

    def __init__(
        self,
        optimizer: Optimizer,
        factor: float = 1 / 3,
        total_iters: int = 5,
        last_epoch: int = -1,
    ) -> None:
        self.share, self.total_iters = checked("factor", factor), whole("total_iters", total_iters)
        super().__init__(optimizer, last_epoch)

    def factor(self, epoch: int) -> float:
        return self.share if epoch < self.total_iters else 1.0


class PolynomialLR(Schedule):
    """lr down to 0 in total_iters epochs, as (1 - epoch / total_iters)**power."""

    def __init__(
        self,
        optimizer: Optimizer,
        total_iters: int = 5,
        power: float = 1.0,
        last_epoch: int = -1,
    ) -> None:
        self.total_iters, self.power = whole("total_iters", total_iters), checked("power", power)
        super().__init__(optimizer, last_epoch)

    def factor(self, epoch: int) -> float:
        return (1 - min(epoch, self.total_iters) / self.total_iters) ** self.power


# ---------------------------------------------------------------- schedules of schedules


class SequentialLR(Schedule):
    """One schedule after the other: the next one begins at each milestone.

    schedulers   schedules of this optimizer
    milestones   the epochs at which the second, third, ... begin
    """

    def __init__(
        self,
        optimizer: Optimizer,
        schedulers: Sequence[Schedule],
        milestones: Sequence[int],
        last_epoch: int = -1,
    ) -> None:
        self.schedulers = same_optimizer(optimizer, schedulers)
        if len(milestones) != len(schedulers) - 1:
            says = f"{len(schedulers)} schedules need {len(schedulers) - 1} milestones"
            raise ValueError(f"{says}, not {len(milestones)}")
        self.milestones = [whole("a milestone", n) for n in milestones]
        super().__init__(optimizer, last_epoch)

    def rates(self, epoch: int) -> list[float]:
        k = bisect_right(self.milestones, epoch)
        return self.schedulers[k].rates(epoch - (self.milestones[k - 1] if k else 0))


class ChainedScheduler(Schedule):
    """Several schedules at once: lr times the product of all their factors."""

    def __init__(self, schedulers: Sequence[Schedule], optimizer: Optimizer | None = None) -> None:
        if not schedulers:
            raise ValueError("ChainedScheduler needs at least one schedule")
        optimizer = schedulers[0].optimizer if optimizer is None else optimizer
        self.schedulers = same_optimizer(optimizer, schedulers)
        super().__init__(optimizer)

    def rates(self, epoch: int) -> list[float]:
        found = list(self.base_lrs)
        for schedule in self.schedulers:
            pairs = zip(found, schedule.rates(epoch), self.base_lrs)
            found = [lr * rate / base if base else 0.0 for lr, rate, base in pairs]
        return found


CosineLR = CosineAnnealingLR
