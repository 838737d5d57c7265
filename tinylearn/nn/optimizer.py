"""Optimizer: what all optimizers share. The update rules stand in updates.py.

step() puts the graphs of all next values side by side, with the loss that is still to be computed,
and has them computed in one go. Each parameter then stands for new numbers; graphs that were built
before keep the old ones.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from itertools import chain
from typing import Any, ClassVar

import numpy as np

from tinylearn.changes import alone_on
from tinylearn.devices.device import Device
from tinylearn.devices.recorder import CHANGES, RECORDER, Numbers, Recorder, refuse
from tinylearn.errors import GradientError, nearest, user_place
from tinylearn.graph.node import built_for
from tinylearn.graph.primitives import buffer
from tinylearn.nn.checks import checked
from tinylearn.nn.learned import check_values, checked_parameters, filled_like, groups_of
from tinylearn.nn.module import forget_gradients
from tinylearn.nn.resumed import groups_from, is_pytorchs, named_here
from tinylearn.nn.state import load_state_dict
from tinylearn.nn.walk import named_tensors
from tinylearn.parts import all_own
from tinylearn.plan.plan import LOCK
from tinylearn.tensor import Tensor
from tinylearn.tensor.backward import is_added_up, losses_of
from tinylearn.tensor.state import made, own

Values = tuple[Tensor, ...]
Group = dict[str, Any]
Learning = list[tuple[int, Tensor, Tensor, Group]]  # number, weight, gradient, group
OURS = "tinylearn.nn."


class Optimizer:
    """What all optimizers share: the parameters, what is remembered for each, and step().

    parameters     Tensors, models, or both in a list; or one model; or parameter groups, dicts
                   with "params" and options of their own
    lr             learning rate; set it anew at any time, or let a schedule do it
    options        the other options, for the groups that have none of their own
    param_groups   [{"params": [Tensor, ...], "lr": ..., ...}, ...]; options may be set anew
    memory         {"v": [one Tensor for each parameter, or None], ...}
    steps          how often each parameter has been updated
    """

    remembers: tuple[str, ...] = ()  # what update() returns beside the weight
    theirs: ClassVar[dict[str, str]] = {}  # what is remembered -> PyTorch's name for it

    def __init__(self, parameters: Any, lr: float, **options: Any) -> None:
        self.defaults = {"lr": lr, **options}
        self.param_groups: list[Group] = []
        self.parameters: list[Tensor] = []
        self.steps: list[int] = []
        self.memory: dict[str, list[Tensor | None]] = {}
        self._numbers: dict[tuple, Tensor] = {}
        for group in groups_of(parameters):
            self.add_param_group(group)

    def add_param_group(self, group: Mapping[str, Any]) -> None:
        """Learn more parameters: {"params": Tensors or models, "lr": ...}."""
        for name in group:
            if name != "params" and name not in self.defaults:
                hint = nearest(name, self.defaults) or f"; it has {', '.join(self.defaults)}"
                raise TypeError(f"{type(self).__name__} has no option {name!r}{hint}")
        CHANGES[0] += 1
        new = self.defaults | dict(group)
        new["params"] = checked_parameters(group["params"], self.parameters)
        self.check(new)
        start = len(self.parameters)
        self.param_groups.append(new)
        self.parameters += new["params"]
        self.steps += [0] * len(new["params"])
        for tensors in self.memory.values():
            tensors += [None] * len(new["params"])
        self._begin(new, start)

    def _begin(self, group: Group, start: int) -> None:
        """What is remembered of a group's parameters, which count from `start`."""
        for name in self.remembered(group):
            for k, w in enumerate(group["params"], start):
                self._known(name, k, w, group)

    def check(self, group: Group) -> None:
        """Raise for an option that makes no sense."""
        group["lr"] = checked("lr", group["lr"])

    def remembered(self, group: Group) -> tuple[str, ...]:
        """What update() returns beside the weight, with these options."""
        return self.remembers

    def first(self, name: str, group: Group) -> float:
        """What is remembered under a name before the first step."""
        return 0

    @property
    def lr(self) -> float:
        """The learning rate; of several groups, the first one's."""
        return self.param_groups[0]["lr"]

    @lr.setter
    def lr(self, lr: float) -> None:
        refuse("a learning rate is set here", "a schedule of optim, or setting it outside")
        rate = checked("lr", lr)
        for group in self.param_groups:
            group["lr"] = rate

    def numbers(self, group: Group, step: int) -> tuple[float, ...]:
        """What differs from step to step, or may be set anew; the learning rate first."""
        return (group["lr"],)

    def shares(self, group: Group) -> tuple[float, ...]:
        """The shares that are kept, momentum or betas: always the same, unless they are cycled."""
        return ()

    def update(self, group: Group, step: int, w: Tensor, g: Tensor, *memory: Tensor) -> Values:
        """The next values of a weight and its memory; step counts from 1. Nothing is computed."""
        raise NotImplementedError

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Give every parameter that has a gradient its next numbers.

        closure   computes the loss and calls backward() before that; the loss comes back

        All of them are changed together: an interrupt finds all as they were, or all changed.
        Raises   GradientError if no parameter has one
        """
        loss = None if closure is None else closure()
        alone_on(LOCK, self._step, user_place())
        return loss

    def _step(self, place: Any) -> None:
        learning = self._learning()
        if not learning:
            raise GradientError(self._no_gradients())
        if all_own("optim.") and type(self).__module__.startswith(OURS):
            old, new = built_for(place, None, self._next, learning, True)  # all by the user's line
        else:
            old, new = self._next(learning, False)
            check_values(old, new)
        gradients = [grad for _, _, grad, _ in learning]
        sums = [grad for grad in gradients if is_added_up(grad)]
        Tensor.realize_all(*new, *sums, *losses_of(gradients))
        steps = list(self.steps)
        for k, _, _, _ in learning:
            steps[k] += 1
        leaves = [buffer(value.node.buffer, value.node.made_at) for value in new]
        if (recorder := RECORDER.get()) is not None:
            recorder.counted.append((self, [k for k, *_ in learning]))
        own(old, leaves, (self, "steps", steps))

    def _learning(self) -> Learning:
        """What has a gradient."""
        found: Learning = []
        k = 0
        for group in self.param_groups:
            group["lr"] = checked("lr", group["lr"])
            for w in group["params"]:
                if (g := w._grad) is not None:
                    found.append((k, w, g, group))
                k += 1
        return found

    def _next(self, learning: Learning, own_rules: bool) -> tuple[list[Tensor], Values]:
        """What changes (weights and memory), and what it becomes, which is still to be computed.

        A rule of the user's gets handles of its own, which it may change in place.
        """
        if len(self._numbers) > 64:
            self._numbers.clear()
        old: list[Tensor] = []
        new: Values = ()
        for k, w, grad, group in learning:
            known = [w]
            for name in self.remembered(group):
                tensor = self._known(name, k, w, group)
                if tensor.node.device != w.node.device:
                    tensor.to_(w.device)
                known.append(tensor)
            old += known
            if not own_rules:
                grad, *known = (made(t.node, False) for t in (grad, *known))
            grad = -grad if group.get("maximize") else grad
            new += self.update(group, self.steps[k] + 1, known[0], grad, *known[1:])
        return old, new

    def _known(self, name: str, k: int, w: Tensor, group: Group) -> Tensor:
        """What is remembered of a parameter; an option set anew may ask for more than there is."""
        tensors = self.memory.setdefault(name, [None] * len(self.parameters))
        known = tensors[k]
        if known is None:
            known = tensors[k] = filled_like(w, self.first(name, group))
        return known

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

    def data(self, group: Group, step: int, like: Tensor) -> tuple[Values, tuple]:
        """`numbers` as Tensors of shape (), and `shares`: as Tensors, too, if they are cycled.

        While a function is captured it is noted how they are worked out.
        """
        count = len(self.numbers(group, step))
        if (recorder := RECORDER.get()) is None:
            tensors = tuple(self.number(value, like) for value in self.values(group, step))
        else:
            key = id(group), step, like.device, like.dtype
            if key not in recorder.known:
                recorder.known[key] = self.noted(recorder, group, step, like)
            tensors = recorder.known[key]
        return tensors[:count], tensors[count:] or self.shares(group)

    def values(self, group: Group, step: int) -> tuple[float, ...]:
        """All that is data in a step: the numbers, and the shares that are cycled."""
        shares = self.shares(group) if "max_momentum" in group else ()
        return self.numbers(group, step) + shares

    def noted(self, recorder: Recorder, group: Group, step: int, like: Tensor) -> Values:
        """The data of a step in buffers of its own, which a replay fills anew."""
        place = next(k for k, w in enumerate(self.parameters) if w.node is like.node)
        home, dtype = Device.known[like.device], like.dtype.numpy
        found = [home.upload(np.array(value, dtype)) for value in self.values(group, step)]
        ahead = 1 + sum(stepped.count(place) for o, stepped in recorder.counted if o is self)
        known = Numbers(found, lambda: self.values(group, self.steps[place] + ahead))
        recorder.numbers.append(known)
        return tuple(made(buffer(numbers), False) for numbers in found)

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget all gradients, so that the next backward() starts afresh; or set them to 0."""
        forget_gradients(self.parameters, set_to_none)

    def state_dict(self) -> dict[str, Tensor]:
        """What has to be kept to go on later; safe_save can write it to a file."""
        rates = [group["lr"] for group in self.param_groups]
        lr = Tensor(np.array(rates if len(rates) > 1 else rates[0]))
        state = {"lr": lr, "steps": Tensor(np.array(self.steps, np.int64))}
        return state | dict(named_tensors(self.memory))

    def load_state_dict(self, state: Mapping[str, Tensor]) -> None:
        """Go on where `state` was taken; raises StateError and changes nothing if it misfits.

        state   what state_dict gave, or the state of PyTorch's optimizer: its numbers and options
        """
        if is_pytorchs(state):
            self._resume(state)
            return
        mine = self.state_dict()
        load_state_dict(mine, state)
        for group, rate in zip(self.param_groups, np.ravel(mine["lr"].numpy()).tolist()):
            group["lr"] = rate
        self.steps = mine["steps"].tolist()

    def _resume(self, state: Mapping[str, Any]) -> None:
        """Go on where an optimizer of PyTorch's was."""
        before = [dict(group) for group in self.param_groups]
        start = 0
        try:
            for group, options in zip(self.param_groups, groups_from(self, state), strict=True):
                group |= options
                self.check(group)
                self._begin(group, start)
                start += len(group["params"])
            self.load_state_dict(named_here(self, state))
        except BaseException:
            for group, old in zip(self.param_groups, before, strict=True):
                group |= old
            raise

    def __getstate__(self) -> dict[str, Any]:
        """What pickle and copies keep: all but numbers that are made again when they are needed."""
        return vars(self) | {"_numbers": {}}

    def __copy__(self) -> Optimizer:
        """An optimizer of the same parameters, which goes on from here with a memory of its own."""
        new = object.__new__(type(self))
        vars(new).update(self.__getstate__())
        new.param_groups = [{**g, "params": [*g["params"]]} for g in self.param_groups]
        new.parameters = list(chain(*(g["params"] for g in new.param_groups)))
        new.steps = list(self.steps)
        new.memory = {
            name: [copy.copy(t) for t in tensors] for name, tensors in self.memory.items()
        }
        return new

    def __repr__(self) -> str:
        count = sum(w.numel() for w in self.parameters)
        return f"{type(self).__name__}(lr={self.lr:g}; {count:,} numbers to learn)"
