"""Schedule: what learning-rate schedules share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from tinylearn.devices.recorder import RECORDER, Numbers

if TYPE_CHECKING:
    from tinylearn.nn.optimizer import Optimizer


class Schedule:
    """What all schedules have in common: lr = base lr times factor(calls of step so far).

    last_epoch   calls of step() so far (PyTorch's name); given, it goes on from there
    base_lrs     for each group of the optimizer, its lr before the first schedule: "initial_lr"
    """

    def __init__(self, optimizer: Optimizer, last_epoch: int = -1) -> None:
        if not hasattr(optimizer, "param_groups"):
            got = type(optimizer).__name__
            raise TypeError(f"{type(self).__name__} needs an optimizer first, got {got}")
        self.optimizer = optimizer
        for group in optimizer.param_groups:
            group.setdefault("initial_lr", group["lr"])
        self.base_lrs = [group["initial_lr"] for group in optimizer.param_groups]
        self.last_epoch = last_epoch + 1
        self.set(self.last_epoch)

    def factor(self, epoch: int) -> float:
        """By what the base lr is multiplied after `epoch` calls of step()."""
        raise NotImplementedError

    def rate(self, epoch: int, base: float, number: int = 0) -> float:
        """The learning rate of a group after `epoch` calls of step(), from its base lr."""
        return base * self.factor(epoch)

    def rates(self, epoch: int) -> list[float]:
        """The learning rate of each group after `epoch` calls of step()."""
        return [self.rate(epoch, base, number) for number, base in enumerate(self.base_lrs)]

    def lr_at(self, epoch: int) -> float:
        """The learning rate after `epoch` calls of step(); of several groups, the first one's."""
        return self.rates(epoch)[0]

    def set(self, epoch: int) -> None:
        """Give the groups their learning rates after `epoch` calls of step()."""
        for group, rate in zip(self.optimizer.param_groups, self.rates(epoch)):
            group["lr"] = rate

    def step(self) -> None:
        """Go on by one and set the optimizer's lr; in a captured function, in each replay."""
        if (recorder := RECORDER.get()) is not None:
            recorder.numbers.append(Numbers([], self.again))
        epoch = self.last_epoch + 1
        self.set(epoch)
        self.last_epoch = epoch  # last: after an interrupt the same step can be taken again

    def again(self) -> tuple:
        """What a replay does in place of step(), which gives it no numbers."""
        self.step()
        return ()

    def get_last_lr(self) -> list[float]:
        """The learning rates set last, one for each group."""
        return [group["lr"] for group in self.optimizer.param_groups]

    def state_dict(self) -> dict[str, Any]:
        """What has to be kept to go on later."""
        return {"last_epoch": self.last_epoch, "base_lrs": list(self.base_lrs)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on where `state` was taken."""
        self.last_epoch, self.base_lrs = int(state["last_epoch"]), list(state["base_lrs"])
        self.set(self.last_epoch)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(lr={self.optimizer.lr:.4g} after {self.last_epoch} steps)"


def same_optimizer(optimizer: Optimizer, schedulers: Sequence[Schedule]) -> list[Schedule]:
    """The schedules, if all are of this optimizer and follow the epochs alone."""
    for k, schedule in enumerate(schedulers):
        if not isinstance(schedule, Schedule):
            got = type(schedule).__name__
            raise TypeError(f"schedule {k} cannot stand in a row with others: it is a {got}")
        if schedule.optimizer is not optimizer:
            raise ValueError(f"schedule {k} is one of another optimizer")
    return list(schedulers)


def whole(name: str, value: int, least: int = 1) -> int:
    """`value`, if it is a whole number of at least `least`."""
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise ValueError(f"{name} must be a whole number of at least {least}, not {value!r}")
    return value
