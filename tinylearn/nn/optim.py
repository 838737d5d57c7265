"""Optimizers: after loss.backward(), step() gives every parameter its next numbers.

    optimizer = Adam([model], lr=0.01)
    loss.backward(); optimizer.step(); optimizer.zero_grad()

step() puts the graphs of all next values side by side, with the loss that is still to be computed,
and has them computed in one go. Each parameter then stands for new numbers; graphs that were built
before keep the old ones.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Mapping
from itertools import repeat
from typing import Any

import numpy as np

from tinylearn.changes import alone_on, change
from tinylearn.devices.device import Device
from tinylearn.errors import (
    GradientError,
    ShapeError,
    TinylearnError,
    describe,
    nearest,
    user_place,
)
from tinylearn.graph.node import built_for
from tinylearn.graph.primitives import buffer
from tinylearn.nn import schedules as lr_scheduler
from tinylearn.nn import updates
from tinylearn.nn.checks import checked, yes_no
from tinylearn.nn.state import load_state_dict
from tinylearn.nn.walk import NOT_ENTERED, get_parameters, named_tensors
from tinylearn.parts import all_own
from tinylearn.plan.plan import LOCK
from tinylearn.tensor import Tensor
from tinylearn.tensor.backward import is_added_up, losses_of
from tinylearn.tensor.state import made, own

__all__ = ["SGD", "Adam", "AdamW", "Optimizer", "lr_scheduler"]

Values = tuple[Tensor, ...]


class Optimizer:
    """What all optimizers share: the parameters, what is remembered for each, and step().

    parameters   Tensors, models, or both in a list; or one model
    lr           learning rate; set it anew at any time, or let a schedule do it
    memory       {"v": [one Tensor for each parameter], ...}
    steps        how often each parameter has been updated
    """

    remembers: tuple[str, ...] = ()  # what update() returns beside the weight

    def __init__(self, parameters: Any, lr: float) -> None:
        self.parameters = checked_parameters(parameters)
        self.lr = lr
        self.steps = [0] * len(self.parameters)
        self.memory: dict[str, list[Tensor]] = {
            name: [zeros_like(w) for w in self.parameters] for name in self.remembers
        }
        self._numbers: dict[tuple, Tensor] = {}

    @property
    def lr(self) -> float:
        """The learning rate."""
        return self._lr

    @lr.setter
    def lr(self, lr: float) -> None:
        self._lr = checked("lr", lr)

    def update(self, step: int, w: Tensor, g: Tensor, *memory: Tensor) -> Values:
        """The next values of a weight and its memory; step counts from 1. Nothing is computed."""
        raise NotImplementedError

    def step(self) -> None:
        """Give every parameter that has a gradient its next numbers.

        All of them are changed together: an interrupt finds all as they were, or all changed.
        Raises   GradientError if no parameter has one
        """
        alone_on(LOCK, self._step, user_place())

    def _step(self, place: Any) -> None:
        learning = [(k, w, g) for k, w in enumerate(self.parameters) if (g := w._grad) is not None]
        if not learning:
            raise GradientError(self._no_gradients())
        if all_own("optim.") and type(self).__module__ == __name__:
            old, new = built_for(place, None, self._next, learning, True)  # all by the user's line
        else:
            old, new = self._next(learning, False)
            check_values(old, new)
        gradients = [grad for _, _, grad in learning]
        sums = [grad for grad in gradients if is_added_up(grad)]
        Tensor.realize_all(*new, *sums, *losses_of(gradients))
        steps = list(self.steps)
        for k, _, _ in learning:
            steps[k] += 1
        leaves = [buffer(value.node.buffer, value.node.made_at) for value in new]
        own(old, leaves, (self, "steps", steps))

    def _next(
        self, learning: list[tuple[int, Tensor, Tensor]], own_rules: bool
    ) -> tuple[list[Tensor], Values]:
        """What changes (weights and memory), and what it becomes, which is still to be computed.

        A rule of the user's gets handles of its own, which it may change in place.
        """
        if len(self._numbers) > 16:
            self._numbers.clear()
        old: list[Tensor] = []
        new: Values = ()
        for k, w, grad in learning:
            known = [w]
            for tensors in self.memory.values():
                known.append(tensors[k])
                if tensors[k].node.device != w.node.device:
                    tensors[k].to_(w.device)
            old += known
            if not own_rules:
                grad, *known = (made(t.node, False) for t in (grad, *known))
            new += self.update(self.steps[k] + 1, known[0], grad, *known[1:])
        return old, new

    def _no_gradients(self) -> str:
        says = f"none of the {len(self.parameters)} parameters has a gradient"
        if not Tensor.training:
            return f"{says}: nothing is recorded while Tensor.training is False"
        return f"{says}: step() follows backward(), zero_grad() comes after\nTry loss.backward()"

    def number(self, value: float, like: Tensor) -> Tensor:
        """A number that differs from step to step, as a Tensor of shape ().

        It is data and not a constant of the graph, so that every step has the same plan.
        """
        node = like.node
        key = value, node.device, node.dtype
        known = self._numbers.get(key)
        if known is None:
            data = Device.known[node.device].upload(np.array(value, node.dtype.numpy))
            known = self._numbers[key] = made(buffer(data), False)
        return known

    def zero_grad(self) -> None:
        """Forget all gradients, so that the next backward() starts afresh."""
        change([*zip(self.parameters, repeat("_grad"), repeat(None))])

    def state_dict(self) -> dict[str, Tensor]:
        """What has to be kept to go on later; safe_save can write it to a file."""
        state = {"lr": Tensor(np.array(self.lr)), "steps": Tensor(np.array(self.steps, np.int64))}
        return state | dict(named_tensors(self.memory))

    def load_state_dict(self, state: Mapping[str, Tensor]) -> None:
        """Go on where `state` was taken; raises StateError and changes nothing if it misfits."""
        mine = self.state_dict()
        load_state_dict(mine, state)
        self.lr = mine["lr"].item()
        self.steps = mine["steps"].tolist()

    def __getstate__(self) -> dict[str, Any]:
        """What pickle and copies keep: all but numbers that are made again when they are needed."""
        return vars(self) | {"_numbers": {}}

    def __copy__(self) -> Optimizer:
        """An optimizer of the same parameters, which goes on from here with a memory of its own."""
        new = object.__new__(type(self))
        vars(new).update(self.__getstate__())
        new.parameters, new.steps = list(self.parameters), list(self.steps)
        new.memory = {
            name: [copy.copy(t) for t in tensors] for name, tensors in self.memory.items()
        }
        return new

    def __repr__(self) -> str:
        count = sum(w.numel() for w in self.parameters)
        return f"{type(self).__name__}(lr={self.lr:g}; {count:,} numbers to learn)"


class SGD(Optimizer):
    """Stochastic gradient descent, with momentum if wanted.

    momentum      0 to below 1; the share of the last step that is kept
    weight_decay  pulls weights to zero: the slope of weight_decay/2 * w**2
    nesterov      True looks ahead (needs momentum)
    """

    def __init__(
        self,
        parameters: Any,
        lr: float = 0.001,
        momentum: float = 0.0,
        weight_decay: float = 0.0,
        nesterov: bool = False,
    ) -> None:
        self.momentum = checked("momentum", momentum, below=1)
        self.weight_decay = checked("weight_decay", weight_decay)
        yes_no(nesterov=nesterov)
        if nesterov and not momentum:
            raise ValueError("nesterov needs a momentum above 0\nTry momentum=0.9")
        self.rule = updates.nesterov if nesterov else updates.momentum
        self.remembers = ("v",) if momentum else ()
        super().__init__(parameters, lr)

    def update(self, step: int, w: Tensor, g: Tensor, *memory: Tensor) -> Values:
        lr = self.number(self.lr, w)
        if self.weight_decay:
            g = updates.weight_decay(w, g, self.weight_decay)
        if memory:
            return self.rule(w, g, *memory, lr, self.momentum)
        return (updates.sgd(w, g, lr),)


class Adam(Optimizer):
    """Adaptive moments: every weight moves by about lr at first, however large its gradient.

    betas         the shares of the mean gradient and the mean square that are kept
    eps           keeps the division from 0
    weight_decay  pulls weights to zero through the gradient
    """

    remembers = ("m", "v")

    def __init__(
        self,
        parameters: Any,
        lr: float = 0.001,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        if not isinstance(betas, tuple | list) or len(betas) != 2:
            raise TypeError(f"betas are two numbers, not {betas!r}\nTry betas=(0.9, 0.999)")
        self.beta1, self.beta2 = (checked("betas", beta, below=1) for beta in betas)
        self.eps = checked("eps", eps)
        self.weight_decay = checked("weight_decay", weight_decay)
        super().__init__(parameters, lr)

    def update(self, step: int, w: Tensor, g: Tensor, *memory: Tensor) -> Values:
        if self.weight_decay:
            g = updates.weight_decay(w, g, self.weight_decay)
        return updates.adam(w, g, *memory, *self.settings(step, w))

    def settings(self, step: int, w: Tensor) -> tuple:
        """lr, beta1, beta2, eps and the two corrections, as the rules take them."""
        corrections = (self.number(1 - beta**step, w) for beta in (self.beta1, self.beta2))
        return self.number(self.lr, w), self.beta1, self.beta2, self.eps, *corrections


class AdamW(Adam):
    """Adam with weight decay beside the gradient, not through it."""

    def __init__(
        self,
        parameters: Any,
        lr: float = 0.001,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.01,
    ) -> None:
        super().__init__(parameters, lr, betas, eps, weight_decay)

    def update(self, step: int, w: Tensor, g: Tensor, *memory: Tensor) -> Values:
        return updates.adamw(w, g, *memory, *self.settings(step, w), self.weight_decay)


def __getattr__(name: str) -> Any:
    raise AttributeError(f"tinylearn.nn.optim has no {name!r}{nearest(name, __all__)}")


# ---------------------------------------------------------------- what is given


def checked_parameters(given: Any) -> list[Tensor]:
    """The Tensors to learn: those given, and those inside the models given."""
    found: dict[int, str] = {}
    parameters: list[Tensor] = []
    for label, part in parts_of(given):
        own_parameters = [part] if isinstance(part, Tensor) else get_parameters(part)
        for w in own_parameters:
            check_parameter(label, w)
            if id(w) in found:
                raise ValueError(f"{label} and {found[id(w)]} are or hold the same Tensor")
        found |= {id(w): label for w in own_parameters}
        parameters += own_parameters
    if not parameters:
        got = "an empty list" if isinstance(given, list | tuple) and not given else repr(given)
        raise ValueError(f"an optimizer needs something to learn; there is no parameter in {got}")
    return parameters


def parts_of(given: Any) -> Iterator[tuple[str, Any]]:
    """(label, Tensor or model) for each thing that was given."""
    several = isinstance(given, list | tuple | Iterator) and not isinstance(given, Tensor)
    items: Iterable = enumerate(given) if several else [(None, given)]
    for k, item in items:
        label = "what was given" if k is None else f"item {k}"
        if isinstance(item, NOT_ENTERED):
            got = f"{type(item).__name__} {item!r}"
            raise TypeError(f"an optimizer learns Tensors and models; {label} is {got}")
        if isinstance(item, Mapping) and "params" in item:
            raise TypeError(f"{label} is a parameter group: make one optimizer for each group")
        yield label, item


def check_parameter(label: str, w: Tensor) -> None:
    """Raise if w cannot be learned."""
    if not w.dtype.is_float:
        raise TypeError(f"{label} is a Tensor of {w.dtype}; only floats can be learned")
    if not w.is_leaf:
        raise TinylearnError(
            f"{label} was computed from other Tensors, so setting it would not last; give the"
            " Tensors that it was computed from"
        )


def check_values(old: list[Tensor], new: Values) -> None:
    """Raise unless each new value is as its old one is; only a replaced rule can be wrong here."""
    for tensor, value in zip(old, new, strict=True):
        if tensor.node.shape != value.node.shape or tensor.node.dtype is not value.node.dtype:
            says = "an update rule must keep shape and dtype"
            got = f"{value.dtype} where {tensor.dtype} was"
            raise describe(ShapeError, f"{says}, it gave {got}", [("old", tensor), ("new", value)])


def zeros_like(w: Tensor) -> Tensor:
    """What an optimizer remembers before its first step."""
    return made(buffer(Device.known[w.device].filled(w.shape, w.dtype, 0)), False)
