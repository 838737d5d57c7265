"""Learning-rate schedules: after each epoch (or step) they set the optimizer's lr anew.

schedule = StepLR(optimizer, step_size=30)      lr * 0.1 after every 30 calls
for epoch in range(90):
    ...
    schedule.step()
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

from tinylearn.nn.checks import checked

if TYPE_CHECKING:
    from tinylearn.nn.optim import Optimizer


class Schedule:
    """What all schedules have in common: lr = base lr times factor(calls of step so far).

    last_epoch   calls of step() so far (PyTorch's name)
    base_lr      the optimizer's lr when the schedule was made
    """

    def __init__(self, optimizer: Optimizer) -> None:
        if not hasattr(optimizer, "lr"):
            got = type(optimizer).__name__
            raise TypeError(f"{type(self).__name__} needs an optimizer first, got {got}")
        self.optimizer = optimizer
        self.base_lr = optimizer.lr
        self.last_epoch = 0
        optimizer.lr = self.lr_at(0)

    def factor(self, epoch: int) -> float:
        """By what the base lr is multiplied after `epoch` calls of step()."""
        raise NotImplementedError

    def lr_at(self, epoch: int) -> float:
        """The learning rate after `epoch` calls of step()."""
        return self.base_lr * self.factor(epoch)

    def step(self) -> None:
        """Go on by one and set the optimizer's lr."""
        epoch = self.last_epoch + 1
        self.optimizer.lr = self.lr_at(epoch)
        self.last_epoch = epoch  # last: after an interrupt the same step can be taken again

    def get_last_lr(self) -> list[float]:
        """The learning rate set last, in a list, as PyTorch has it."""
        return [self.optimizer.lr]

    def state_dict(self) -> dict[str, float]:
        """What has to be kept to go on later."""
        return {"last_epoch": self.last_epoch, "base_lr": self.base_lr}

    def load_state_dict(self, state: dict[str, float]) -> None:
        """Go on where `state` was taken."""
        self.last_epoch, self.base_lr = int(state["last_epoch"]), float(state["base_lr"])
        self.optimizer.lr = self.lr_at(self.last_epoch)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(lr={self.optimizer.lr:.4g} after {self.last_epoch} steps)"


class LambdaLR(Schedule):
    """lr times whatever a function of the epoch says: LambdaLR(optimizer, lambda n: 0.95**n)."""

    def __init__(self, optimizer: Optimizer, lr_lambda: Callable[[int], float]) -> None:
        if not callable(lr_lambda):
            raise TypeError(f"lr_lambda must be a function of the epoch, not {lr_lambda!r}")
        self.lr_lambda = lr_lambda
        super().__init__(optimizer)

    def factor(self, epoch: int) -> float:
        return self.lr_lambda(epoch)


class StepLR(Schedule):
    """lr times gamma after every `step_size` epochs."""

    def __init__(self, optimizer: Optimizer, step_size: int, gamma: float = 0.1) -> None:
        self.step_size, self.gamma = _count("step_size", step_size), checked("gamma", gamma)
        super().__init__(optimizer)

    def factor(self, epoch: int) -> float:
        return self.gamma ** (epoch // self.step_size)


class ExponentialLR(Schedule):
    """lr times gamma after every epoch."""

    def __init__(self, optimizer: Optimizer, gamma: float) -> None:
        self.gamma = checked("gamma", gamma)
        super().__init__(optimizer)

    def factor(self, epoch: int) -> float:
        return self.gamma**epoch


class CosineAnnealingLR(Schedule):
    """lr down to eta_min along half a cosine of T_max epochs.

    Source   Loshchilov & Hutter 2017, SGDR, equation 5, without restarts
    """

    def __init__(self, optimizer: Optimizer, T_max: int, eta_min: float = 0.0) -> None:
        self.T_max, self.eta_min = _count("T_max", T_max), checked("eta_min", eta_min)
        super().__init__(optimizer)

    def lr_at(self, epoch: int) -> float:
        down = (1 + math.cos(math.pi * epoch / self.T_max)) / 2
        return self.eta_min + (self.base_lr - self.eta_min) * down


class LinearLR(Schedule):
    """From start_factor * lr to end_factor * lr along a line of total_iters epochs."""

    def __init__(
        self,
        optimizer: Optimizer,
        start_factor: float = 1 / 3,
        end_factor: float = 1.0,
        total_iters: int = 5,
    ) -> None:
        self.start_factor = checked("start_factor", start_factor)
        self.end_factor = checked("end_factor", end_factor)
        self.total_iters = _count("total_iters", total_iters)
        super().__init__(optimizer)

    def factor(self, epoch: int) -> float:
        way = min(epoch, self.total_iters) / self.total_iters
        return self.start_factor + (self.end_factor - self.start_factor) * way


class LinearWarmup(LinearLR):
    """From lr / steps up to lr along a line of `steps` epochs: large first steps do harm."""

    def __init__(self, optimizer: Optimizer, steps: int) -> None:
        start = 1 / _count("steps", steps)
        super().__init__(optimizer, start_factor=start, total_iters=max(steps - 1, 1))


CosineLR = CosineAnnealingLR


def _count(name: str, value: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ValueError(f"{name} must be a whole number of at least 1, not {value!r}")
    return value
