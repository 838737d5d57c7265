"""Learning rates that go up and down: one cycle, many cycles, and cosines that start again.

Where the lr is high the momentum is low: with cycle_momentum the schedule sets both, in "momentum"
or in the first of "betas". The optimizer then takes it as data, so that every step has one plan.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tinylearn.errors import nearest
from tinylearn.nn.checks import checked, yes_no
from tinylearn.nn.schedule import Schedule, whole

if TYPE_CHECKING:
    from tinylearn.nn.optimizer import Optimizer

ANNEAL: dict[str, Callable[[float, float, float], float]] = {  # from, to, share of the way
    "cos": lambda a, b, way: b + (a - b) / 2 * (1 + math.cos(math.pi * way)),
    "linear": lambda a, b, way: a + (b - a) * way,
}
MODES: dict[str, Callable[[float, int, int], float]] = {  # gamma, cycle, epoch -> its height
    "triangular": lambda gamma, cycle, epoch: 1.0,
    "triangular2": lambda gamma, cycle, epoch: 0.5 ** (cycle - 1),
    "exp_range": lambda gamma, cycle, epoch: gamma**epoch,
}


def each(optimizer: Optimizer, name: str, value: Any) -> list[float]:
    """A number for each group: one for all, or a list."""
    count = len(optimizer.param_groups)
    values = list(value) if isinstance(value, list | tuple) else [value] * count
    if len(values) != count:
        raise ValueError(f"{name} is one number, or {count}: one for each group; not {value!r}")
    return [checked(name, number) for number in values]


def chosen(name: str, value: str, known: Any) -> str:
    """`value`, if it is one of the known words."""
    if value not in known:
        says = f"{name} must be one of {', '.join(known)}, not {value!r}"
        raise ValueError(says + nearest(value, known))
    return value


class Cycle(Schedule):
    """A schedule that sets the momentum, too."""

    cycle_momentum: bool

    def take_momentum(self, low: Any, high: Any) -> None:
        """Keep the bounds in the groups, which are then taken as data."""
        groups = self.optimizer.param_groups
        if not all("momentum" in group or "betas" in group for group in groups):
            says = f"{type(self.optimizer).__name__} has no momentum that could be cycled"
            raise ValueError(f"{says}\nTry cycle_momentum=False")
        bounds = (each(self.optimizer, "base_momentum", low), each(self.optimizer, "max", high))
        for group, least, most in zip(groups, *bounds):
            group["base_momentum"], group["max_momentum"] = least, most

    def momentum_at(self, epoch: int, least: float, most: float) -> float:
        """The momentum after `epoch` calls of step()."""
        raise NotImplementedError

    def set(self, epoch: int) -> None:
        super().set(epoch)
        if not self.cycle_momentum:
            return
        for group in self.optimizer.param_groups:
            share = self.momentum_at(epoch, group["base_momentum"], group["max_momentum"])
            if "betas" in group:
                group["betas"] = (share, group["betas"][1])
            else:
                group["momentum"] = share


class OneCycleLR(Cycle):
    """lr from max_lr / div_factor up to max_lr, and down to nearly nothing, batch by batch.

    total_steps        or epochs and steps_per_epoch: how long the cycle is
    pct_start          the share of it that goes up
    anneal_strategy    "cos" or "linear"
    final_div_factor   the last lr is the first one over this
    three_phase        True goes down as it came, and then to nothing
    Source             Smith & Topin 2018
    """

    def __init__(
        self,
        optimizer: Optimizer,
        max_lr: float | list[float],
        total_steps: int | None = None,
        epochs: int | None = None,
        steps_per_epoch: int | None = None,
        pct_start: float = 0.3,
        anneal_strategy: str = "cos",
        cycle_momentum: bool = True,
        base_momentum: float | list[float] = 0.85,
        max_momentum: float | list[float] = 0.95,
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
        three_phase: bool = False,
        last_epoch: int = -1,
    ) -> None:
        yes_no(cycle_momentum=cycle_momentum, three_phase=three_phase)
        if total_steps is None and (epochs is None or steps_per_epoch is None):
            says = "OneCycleLR needs to know how long the cycle is"
            raise ValueError(f"{says}\nTry total_steps=epochs * len(loader)")
        if total_steps is None:
            total_steps = whole("epochs", epochs or 0) * whole("steps", steps_per_epoch or 0)
        self.total_steps = whole("total_steps", total_steps)
        self.anneal = ANNEAL[chosen("anneal_strategy", anneal_strategy, ANNEAL)]
        self.three_phase, self.cycle_momentum = three_phase, cycle_momentum
        up = checked("pct_start", pct_start, below=math.nextafter(1, 2)) * total_steps
        self.ends = [up - 1, 2 * up - 2, total_steps - 1] if three_phase else [up - 1]
        self.ends = self.ends if three_phase else [*self.ends, total_steps - 1]
        self.div_factor, self.final_div_factor = div_factor, final_div_factor
        self.optimizer = optimizer
        for group, top in zip(optimizer.param_groups, each(optimizer, "max_lr", max_lr)):
            group["initial_lr"] = top / div_factor
        if cycle_momentum:
            self.take_momentum(base_momentum, max_momentum)
        super().__init__(optimizer, last_epoch)

    def phase(self, epoch: int) -> tuple[int, float]:
        """Which phase this is, and how much of it is over."""
        if epoch > self.total_steps:
            says = f"OneCycleLR was made for {self.total_steps} steps, and this is step {epoch}"
            raise ValueError(f"{says}\nTry total_steps={epoch}")
        start = 0.0
        for k, end in enumerate(self.ends):
            if epoch <= end or k == len(self.ends) - 1:
                break
            start = end
        return k, (epoch - start) / (end - start)

    def rate(self, epoch: int, base: float, number: int = 0) -> float:
        k, way = self.phase(epoch)
        top, least = base * self.div_factor, base / self.final_div_factor
        turns = [base, top, base, least] if self.three_phase else [base, top, least]
        return self.anneal(turns[k], turns[k + 1], way)

    def momentum_at(self, epoch: int, least: float, most: float) -> float:
        k, way = self.phase(epoch)
        turns = [most, least, most, most]
        return self.anneal(turns[k], turns[k + 1], way)


class CyclicLR(Cycle):
    """lr from base_lr up to max_lr and back, again and again: step() after each batch.

    step_size_up     steps up; step_size_down   steps down, as many if None
    mode             "triangular"; "triangular2" halves the height in each cycle; "exp_range"
                     multiplies it by gamma in each step
    scale_fn         a function of the cycle (scale_mode="cycle") or of the step ("iterations")
                     that gives the height, in place of mode
    Source           Smith 2017
    """

    def __init__(
        self,
        optimizer: Optimizer,
        base_lr: float | list[float],
        max_lr: float | list[float],
        step_size_up: int = 2000,
        step_size_down: int | None = None,
        mode: str = "triangular",
        gamma: float = 1.0,
        scale_fn: Callable[[int], float] | None = None,
        scale_mode: str = "cycle",
        cycle_momentum: bool = True,
        base_momentum: float | list[float] = 0.8,
        max_momentum: float | list[float] = 0.9,
        last_epoch: int = -1,
    ) -> None:
        yes_no(cycle_momentum=cycle_momentum)
        self.up = whole("step_size_up", step_size_up)
        down = step_size_up if step_size_down is None else whole("step_size_down", step_size_down)
        self.total, self.gamma = self.up + down, checked("gamma", gamma)
        self.mode, self.scale_fn = chosen("mode", mode, MODES), scale_fn
        self.scale_mode = chosen("scale_mode", scale_mode, ("cycle", "iterations"))
        self.max_lrs = each(optimizer, "max_lr", max_lr)
        self.cycle_momentum, self.optimizer = cycle_momentum, optimizer
        for group, low in zip(optimizer.param_groups, each(optimizer, "base_lr", base_lr)):
            group["initial_lr"] = low
        if cycle_momentum:
            self.take_momentum(base_momentum, max_momentum)
        super().__init__(optimizer, last_epoch)

    def height(self, epoch: int) -> float:
        """How far up it is, from 0 to 1, times the height of this cycle."""
        cycle = 1 + epoch // self.total
        place, top = epoch % self.total, self.up
        way = place / top if place <= top else (self.total - place) / (self.total - top)
        if self.scale_fn is not None:
            return way * self.scale_fn(cycle if self.scale_mode == "cycle" else epoch)
        return way * MODES[self.mode](self.gamma, cycle, epoch)

    def rate(self, epoch: int, base: float, number: int = 0) -> float:
        return base + (self.max_lrs[number] - base) * self.height(epoch)

    def momentum_at(self, epoch: int, least: float, most: float) -> float:
        return most - (most - least) * self.height(epoch)


class CosineAnnealingWarmRestarts(Schedule):
    """lr down to eta_min along half a cosine of T_0 epochs, then again from the top.

    T_mult   each cosine is so many times as long as the one before
    Source   Loshchilov & Hutter 2017, SGDR, equation 5
    """

    def __init__(
        self,
        optimizer: Optimizer,
        T_0: int,
        T_mult: int = 1,
        eta_min: float = 0.0,
        last_epoch: int = -1,
    ) -> None:
        self.T_0, self.T_mult = whole("T_0", T_0), whole("T_mult", T_mult)
        self.eta_min = checked("eta_min", eta_min)
        super().__init__(optimizer, last_epoch)

    def rate(self, epoch: float, base: float, number: int = 0) -> float:
        length, place = self.T_0, epoch
        if self.T_mult == 1:
            place = epoch % length
        while place >= length:
            place, length = place - length, length * self.T_mult
        down = (1 + math.cos(math.pi * place / length)) / 2
        return self.eta_min + (base - self.eta_min) * down

    def step(self, epoch: float | None = None) -> None:
        """Go on by one; or to an epoch, which may be a part of one: epoch + batch / batches."""
        if epoch is None:
            return super().step()
        rates = [self.rate(epoch, base) for base in self.base_lrs]
        for group, rate in zip(self.optimizer.param_groups, rates):
            group["lr"] = rate
        self.last_epoch = math.floor(epoch)
        return None
