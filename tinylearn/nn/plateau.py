"""ReduceLROnPlateau: a learning rate that falls when nothing gets better any more."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from tinylearn.nn.checks import checked
from tinylearn.nn.cycles import chosen, each
from tinylearn.nn.schedule import whole

if TYPE_CHECKING:
    from tinylearn.nn.optimizer import Optimizer

KEPT = ("last_epoch", "best", "num_bad_epochs", "cooldown_counter")


class ReduceLROnPlateau:
    """lr times factor when a measure has not become better for more than `patience` epochs.

    mode        "min": smaller is better; "max": larger is
    threshold   what is better by less does not count; threshold_mode "rel": a share, "abs": as is
    cooldown    epochs after a reduction that do not count
    min_lr      no lower than this, one number or one for each group
    eps         an lr that would change by less stays
    Called as schedule.step(loss) after each epoch.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        mode: str = "min",
        factor: float = 0.1,
        patience: int = 10,
        threshold: float = 1e-4,
        threshold_mode: str = "rel",
        cooldown: int = 0,
        min_lr: float | list[float] = 0.0,
        eps: float = 1e-8,
    ) -> None:
        if not hasattr(optimizer, "param_groups"):
            got = type(optimizer).__name__
            raise TypeError(f"{type(self).__name__} needs an optimizer first, got {got}")
        self.optimizer = optimizer
        self.mode = chosen("mode", mode, ("min", "max"))
        self.threshold_mode = chosen("threshold_mode", threshold_mode, ("rel", "abs"))
        self.factor, self.eps = checked("factor", factor, below=1), checked("eps", eps)
        self.patience = whole("patience", patience, 0)
        self.cooldown = whole("cooldown", cooldown, 0)
        self.threshold = checked("threshold", threshold)
        self.min_lrs = each(optimizer, "min_lr", min_lr)
        self.best = math.inf if mode == "min" else -math.inf
        self.last_epoch = self.num_bad_epochs = self.cooldown_counter = 0

    def step(self, metrics: Any = None) -> None:
        """Take the measure of an epoch, and reduce the lr if it is time to."""
        if metrics is None:
            says = "ReduceLROnPlateau looks at a measure of each epoch"
            raise TypeError(f"{says}\nTry schedule.step(loss)")
        value = float(metrics)
        self.last_epoch += 1
        if self.is_better(value):
            self.best, self.num_bad_epochs = value, 0
        else:
            self.num_bad_epochs += 1
        if self.cooldown_counter > 0:
            self.cooldown_counter -= 1
            self.num_bad_epochs = 0
        if self.num_bad_epochs > self.patience:
            self.reduce()
            self.cooldown_counter, self.num_bad_epochs = self.cooldown, 0

    def is_better(self, value: float) -> bool:
        """Whether a measure is better than the best so far."""
        change = self.threshold if self.mode == "max" else -self.threshold
        bound = self.best + change if self.threshold_mode == "abs" else self.best * (1 + change)
        return value > bound if self.mode == "max" else value < bound

    def reduce(self) -> None:
        """Multiply the lr of each group by the factor."""
        for group, least in zip(self.optimizer.param_groups, self.min_lrs):
            new = max(group["lr"] * self.factor, least)
            if group["lr"] - new > self.eps:
                group["lr"] = new

    def get_last_lr(self) -> list[float]:
        """The learning rates set last, one for each group."""
        return [group["lr"] for group in self.optimizer.param_groups]

    def state_dict(self) -> dict[str, Any]:
        """What has to be kept to go on later; the optimizer's state has the lr."""
        return {name: getattr(self, name) for name in KEPT}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on where `state` was taken."""
        for name in KEPT:
            setattr(self, name, state[name])

    def __repr__(self) -> str:
        return f"ReduceLROnPlateau(lr={self.optimizer.lr:.4g}, best {self.best:.4g})"
