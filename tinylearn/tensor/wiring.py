"""Where everything of a captured call came from, and where it went: so that calls can be compared.

A piece of memory that a run is given is
    argument k    handed in
    result r k    output k of run r
    number k j    what Python works out in each call: see devices/recorder.py
    tensor t      what a tensor held that was there before, and may hold other numbers next time
    fixed         the same in each call
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tinylearn.devices.buffer import Buffer
from tinylearn.devices.device import Device
from tinylearn.devices.recorder import Recorder, refuse
from tinylearn.errors import CaptureError, describe
from tinylearn.graph.primitives import buffer
from tinylearn.tensor.state import State, made
from tinylearn.tensor.surroundings import PLAIN, alike, first_changed

FIXED = ("fixed",)
MOVING = ("params", "lr", "initial_lr")  # of a group of parameters: read anew in each replay
CYCLED = ("momentum", "betas", "max_momentum", "base_momentum")  # the same, if they are cycled


# ---------------------------------------------------------------- arguments and answers


@dataclass(frozen=True)
class Place:
    """Stands for a tensor in the structure of what a function gives."""


def leaves_of(things: Any) -> tuple[tuple, list[Any]]:
    """How arguments look: structure, shapes, other values; and the tensors and arrays in them."""
    leaves: list[Any] = []
    return look(things, leaves), leaves


def look(thing: Any, leaves: list[Any]) -> Any:
    """How one of them looks; tensors and arrays are put behind the leaves.

    No function inside a function: one that calls itself would keep the tensors until Python looks
    for circles, and what somebody holds is not computed again.
    """
    if isinstance(thing, State | np.ndarray):
        leaves.append(thing)
        return look_of(thing)
    if isinstance(thing, tuple | list):
        return type(thing), *(look(item, leaves) for item in thing)
    if isinstance(thing, dict):
        return dict, *((name, look(value, leaves)) for name, value in thing.items())
    if isinstance(thing, set | frozenset):
        return type(thing), frozenset(thing)
    if isinstance(thing, (np.generic, *PLAIN)):
        return type(thing), repr(thing)  # 0.0 is not -0.0, and nan is nan
    return "object", Same(thing)


class Same:
    """Equal to one thing alone, which is kept, so that its id goes to no other."""

    def __init__(self, thing: Any) -> None:
        self.thing = thing

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Same) and self.thing is other.thing

    def __hash__(self) -> int:
        return id(self.thing)


def look_of(thing: Any) -> tuple | None:
    """How a tensor or an array looks; None for anything else."""
    if isinstance(thing, State):
        node = thing.node
        return node.shape, node.dtype, node.device, thing._requires_grad
    return (thing.shape, thing.dtype) if isinstance(thing, np.ndarray) else None


def answered(things: Any, values: Sequence[Any]) -> tuple[Any, list[Any]]:
    """The same structure with a Tensor for each tensor or array, and these Tensors."""
    tensors: list[Any] = []
    return put_in(things, iter(values), tensors), tensors


def shared(buffers: Sequence[Buffer]) -> tuple[tuple[int, int], ...]:
    """Which of the buffers are the same: pairs of the first and a later place."""
    first: dict[int, int] = {}
    places = [first.setdefault(id(b), k) for k, b in enumerate(buffers)]
    return tuple((place, k) for k, place in enumerate(places) if place != k)


def put_in(thing: Any, values: Iterator[Any], tensors: list[Any]) -> Any:
    """One of them, with the next values in it."""
    if isinstance(thing, State | np.ndarray | Place):
        value = next(values)
        if isinstance(value, np.ndarray):
            value = State.finished(value, requires_grad=False)
        tensors.append(value)
        return value
    if isinstance(thing, tuple | list):
        items = [put_in(item, values, tensors) for item in thing]
        return type(thing)(*items) if hasattr(thing, "_fields") else type(thing)(items)
    if isinstance(thing, dict):
        return {name: put_in(value, values, tensors) for name, value in thing.items()}
    return thing


def constant(tensor: Any) -> Any:
    """The numbers of a tensor, as a constant."""
    return made(buffer(tensor.node.buffer, tensor.node.made_at), False)


# ---------------------------------------------------------------- what a call did


Given = tuple[list[Buffer], list[Any]]  # of the arguments, before the call: buffers, and looks


class Wiring:
    """What a call did, as far as a replay has to know it. Made while it is still recorded.

    runs      plans, in running order; wires: where each piece of memory comes from they were given
    numbers   what Python works out in each call; counted: the steps of optimizers
    given     buffers of the arguments
    changed   {id: (tensor, its buffer before)} of what was there before and changed
    used      tensors whose gradient an optimizer has used
    grads     (tensor, where its gradient comes from), where it was left for others
    bare      tensors that had no gradient, which was not the call's doing
    leads     where each answer comes from; form: the structure that they stand in
    models    {id: (model, its attributes)}
    checks    (argument, what raises if its numbers cannot be taken)
    groups    (group of parameters, its options) of the optimizers
    around    what the function sees beside its arguments; touched: a name that the call changed
    answer    what the function gave, as constants

    Nothing of the graph is kept: what somebody holds is not computed again.
    """

    def __init__(self, recorder: Recorder, given: list[Any], known: Given, answer: Any) -> None:
        self.runs, self.numbers, self.counted = recorder.runs, recorder.numbers, recorder.counted
        self.given, self.looks = known
        self.around, self.touched = recorder.around, first_changed(recorder.around)
        _, answers = leaves_of(answer)
        if any(isinstance(a, np.ndarray) for a in answers):
            refuse("an array is given back", "giving Tensors back")
        self.bare = [*recorder.bare.values()]
        self.used, left = gradients_left(recorder, given)
        changed = [t for t, _ in recorder.changed.values()]
        State.finished.realize_all(*answers, *changed, *[t._grad for t in left])
        self.fresh = recorder.fresh
        self.sources = self.known_sources()
        self.changed = self.tensors_changed(recorder, given)
        self.wires = [[*map(self.source, run.given, run.owners)] for run in self.runs]
        self.grads = [(t, self.lead(t._grad)) for t in left]
        self.leads = [self.lead(t) for t in answers]
        kept = [t if lead[0] in ("argument", "tensor") else constant(t)
                for t, lead in zip(answers, self.leads)]  # fmt: skip
        self.answer = answered(answer, kept)[0]
        self.form = answered(answer, [Place()] * len(answers))[0]
        self.models = {
            id(m): (m, {"training": m.training, **vars(m)}) for m in recorder.models.values()
        }
        self.groups = [(g, fixed_options(g)) for o, _ in self.counted for g in o.param_groups]
        self.checks = [
            (self.given.index(b), check) for b, check in recorder.checks if b in self.given
        ]
        self.fresh = {}

    def known_sources(self) -> dict[int, tuple]:
        """{id of a buffer: where it comes from} of all but what is fixed."""
        sources: dict[int, tuple] = {}
        for k, found in enumerate(self.given):
            sources.setdefault(id(found), ("argument", k))
        for k, numbers in enumerate(self.numbers):
            for j, found in enumerate(numbers.buffers):
                sources[id(found)] = "number", k, j
        for r, run in enumerate(self.runs):
            for found, tensor in zip(run.given, run.owners, strict=True):
                if tensor is not None and id(tensor) not in self.fresh:
                    sources.setdefault(id(found), ("tensor", tensor))
            given = {id(found) for found in run.given}  # may come back as it is, of x * 1
            for k, found in enumerate(run.made):
                if id(found) in given:
                    continue
                if run.plan.layout.outputs[k] is not None:
                    sources.setdefault(id(found), ("result", r, k))
        return sources

    def tensors_changed(
        self, recorder: Recorder, given: list[Any]
    ) -> dict[int, tuple[Any, Buffer]]:
        """{id: (tensor, its buffer before)} of what was there before and changed."""
        changed: dict[int, tuple[Any, Buffer]] = {}
        for key, (tensor, node) in recorder.changed.items():
            old, now = node.buffer, tensor.node.buffer
            if old is None or old is now or key in self.fresh:
                continue
            before = self.sources.get(id(old), FIXED)
            if before[0] == "argument" and any(tensor is x for x in given):
                says = "a captured function changes its argument"
                raise describe(CaptureError, says, [("x", node)], "giving the new numbers back")
            if before != FIXED and before[0] != "tensor":
                continue
            if self.sources.get(id(now), FIXED)[0] != "result":
                says = "a tensor takes over numbers that were there already, those of another"
                raise describe(CaptureError, says, [("x", tensor.node)], "x.assign(y * 1)")
            changed[key] = tensor, old
        return changed

    def source(self, found: Buffer, tensor: Any) -> tuple:
        """Where a buffer comes from.

        tensor   the one that holds it, or None
        """
        known = self.sources.get(id(found))
        if known is not None:
            return known
        return FIXED if tensor is None or id(tensor) in self.fresh else ("tensor", tensor)

    def lead(self, tensor: Any) -> tuple:
        """Where an answer comes from: ("tensor", itself) if it was there before.

        ("held", another tensor), whose numbers it has: those before the call.
        """
        if id(tensor) in self.changed:
            return "tensor", tensor
        known = self.source(tensor.node.buffer, tensor)
        if known[0] == "tensor" and known[1] is not tensor:
            return "held", known[1]
        return ("fixed", constant(tensor)) if known == FIXED else known


def gradients_left(recorder: Recorder, given: list[Any]) -> tuple[list[Any], list[Any]]:
    """Tensors that have a gradient at the end: those with an optimizer that used it, and others."""
    inside = {id(t) for t in given} | recorder.fresh.keys()
    graded = [t for k, t in recorder.grads.items() if t._grad is not None and k not in inside]
    stepped = {id(o.parameters[k]) for o, places in recorder.counted for k in places}
    used = [t for t in graded if id(t) in stepped]
    return used, [t for t in graded if id(t) not in stepped]


def fixed_options(group: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """The options of a group of parameters that must stay as they are."""
    moving = MOVING + CYCLED if "max_momentum" in group else MOVING
    return [(name, value) for name, value in group.items() if name not in moving]


# ---------------------------------------------------------------- two calls


def difference(before: Wiring, now: Wiring) -> str:
    """What the last call did otherwise than the one before, in words; "" if nothing."""
    if [r.key for r in before.runs] != [r.key for r in now.runs]:
        says = "a captured function computes something else in each call"
        return f"{says}\nTry moving what changes (an if, a counter, a list that grows) out of it"
    if changed_by(before) != changed_by(now):
        return "a captured function changes other tensors in each call\nTry not capturing it"
    for r, (old, new) in enumerate(zip(before.wires, now.wires)):
        for k, (was, here) in enumerate(zip(old, new)):
            if not same(was, here) or (was[0] == "fixed" and not equal(before, now, r, k)):
                return other_numbers(now, r, k)
    if len(before.leads) != len(now.leads) or not all(map(same, before.leads, now.leads)):
        return "a captured function gives other tensors back in each call\nTry not capturing it"
    if before.form != now.form:
        says = "a captured function gives something back that is no tensor, and another each time"
        return f"{says}\nTry giving back Tensors alone"
    if touched := now.touched or attribute_changed(before, now):
        says = f"a captured function changes {touched}, which a replay would leave as it is"
        repair = "doing that outside, with what the function gives back; inside, a Tensor can be"
        return f"{says}\nTry {repair} changed: state.assign(new)"
    return ""


def attribute_changed(before: Wiring, now: Wiring) -> str:
    """An attribute of a model that is another one after each call; "" if there is none."""
    for key, (model, attributes) in now.models.items():
        known = before.models[key][1] if key in before.models else {}
        for name, value in attributes.items():
            was = known.get(name)
            if value is not was and not alike(value, was) and isinstance(value, (State, *PLAIN)):
                return f"the attribute {name} of {type(model).__name__}"
    return ""


def same(was: tuple, here: tuple) -> bool:
    """Whether two pieces of memory come from the same place."""
    if "fixed" in (was[0], here[0]):
        return was[0] == here[0]
    return len(was) == len(here) and all(a is b or (a == b) is True for a, b in zip(was, here))


def changed_by(wiring: Wiring) -> tuple:
    """Which tensors a call changed or left gradients at, and how much Python worked out."""
    return tuple(wiring.changed), [id(t) for t, _ in wiring.grads], len(wiring.numbers)


def equal(before: Wiring, now: Wiring, r: int, k: int) -> bool:
    """Whether a fixed piece of memory holds the same numbers in two calls."""
    old, new = (w.runs[r].given[k] for w in (before, now))
    if old is new:
        return True
    was, here = (Device.known[b.device].download(b) for b in (old, new))
    return np.array_equal(was, here, equal_nan=was.dtype.kind == "f")


def other_numbers(now: Wiring, r: int, k: int) -> str:
    """The words for numbers that Python keeps or makes, and that differ from call to call."""
    found = now.runs[r].given[k]
    numbers = Device.known[found.device].download(found)
    what = f"the number {numbers.item():g}" if numbers.size == 1 else f"a tensor {found.shape}"
    says = f"{what} in a captured function is another one in each call, and not an argument"
    return f"{says}\nTry handing it in as a Tensor, or keeping it in one: state.assign(new)"
