"""A replay: what a call of a captured function leaves to do when its kernels are on a tape.

Arguments are put in their slots, numbers that Python works out are worked out, the tape runs, and
tensors that changed get nodes with the new numbers. Each such tensor has two nodes with a buffer
each, which take turns. Where somebody else still holds what is to be written (another graph,
another tensor), it stays theirs, and the tensor gets new memory.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from sys import getrefcount
from typing import Any

import numpy as np

from tinylearn.changes import Change, change
from tinylearn.devices.buffer import Buffer
from tinylearn.devices.device import Device
from tinylearn.devices.recorder import CHANGES, HOOKS, RECORDER
from tinylearn.errors import CaptureError, user_place
from tinylearn.graph.node import Node
from tinylearn.graph.primitives import buffer
from tinylearn.parts import Part
from tinylearn.plan.tape import Pair, Tape
from tinylearn.tensor.places import home, memories, memory_for, memory_of, numbers_of, twin
from tinylearn.tensor.recording import BLOCKS
from tinylearn.tensor.state import State, made
from tinylearn.tensor.surroundings import first_changed
from tinylearn.tensor.wiring import Wiring, answered, look_of, shared

HELD = 2  # what getrefcount(x[0]) says of a thing that only the list x holds
NOTED = HELD + 1  # and of one that stands in `turned`, too


@dataclass
class Turning:
    """A tensor that changes: its nodes after even and after odd turns, and the slots it lies in.

    old   the slot that is read; None: it is only written
    new   the slot that is written
    """

    tensor: Any
    nodes: list[Node]
    old: int | None
    new: int


@dataclass
class Read:
    """A tensor that is only read: the node that it had, and the slot in which its numbers lie."""

    tensor: Any
    node: Node
    slot: int


@dataclass
class WorkedOut:
    """Numbers that Python works out: the memory they go to, and what was there last."""

    values: Callable[[], Sequence[Any]]
    places: list[tuple[Device, Any]]
    last: Sequence[Any] = ()

    def again(self) -> None:
        """Work them out, and put them where they go."""
        values = self.values()
        if type(values) is tuple and values == self.last:  # plain numbers
            return
        self.last = values
        for (device, memory), value in zip(self.places, values):
            device.write(memory, value)


@dataclass(frozen=True)
class Fresh:
    """What is written to new memory in each replay: an answer, or (of a tensor) a gradient."""

    slot: int
    like: Buffer
    home: Device
    of: Any = None
    made_at: tuple | None = None


class Replay:
    """A captured call that can be run again.

    tape      its kernels
    inputs    the slot of each argument, or None where no kernel reads it
    turning   tensors that change
    read      tensors that were there before and are only read
    numbers   what Python works out
    fresh     what gets new memory
    leads     what each answer is: ("fresh", which), ("argument", k), ("itself", tensor),
              ("held", tensor whose numbers it has), or ("copy", (slot, buffer like it))
    grads     (tensor, the same of its gradient) where that is not fresh
    """

    def __init__(self, before: Wiring, wiring: Wiring) -> None:
        self.form, self.single = wiring.form, not isinstance(wiring.form, tuple | list | dict)
        self.looks, self.around = wiring.looks, wiring.around
        self.given = [memory_for(b, look) for b, look in zip(wiring.given, wiring.looks)]
        self.counted, self.bare = together(wiring.counted), wiring.bare
        self.tape = Tape(wiring.runs)
        self.plans = [run.plan for run in wiring.runs]
        self.shared = shared(wiring.given)
        self.inputs = [self.tape.slots.get(id(b)) for b in wiring.given]
        self.turning = self.all_turning(wiring)
        self.read = self.all_read(wiring)
        self.numbers = [
            WorkedOut(n.values, [(home(b), home(b).memory(b)) for b in n.buffers])
            for n in wiring.numbers
        ]
        self.fresh: list[Fresh] = []
        found = [(t, self.lead_of(wiring, lead, t)) for t, lead in wiring.grads]
        self.grads = [(t, lead) for t, lead in found if lead[0] != "fresh"]
        self.leads = [self.lead_of(wiring, lead) for lead in wiring.leads]
        self.tape.close([Pair(t.old, t.new, memories(t.nodes)) for t in self.turning])
        self.settings, self.changes, self.groups = settings(), CHANGES[0], wiring.groups
        self.models = [
            (model, lasting(attributes, before.models[key][1]))
            for key, (model, attributes) in wiring.models.items()
        ]
        self.learning = learning(self.turning, self.read)
        self.counts = [(o, len(o.parameters)) for o, _ in wiring.counted]
        self.checks = wiring.checks
        self.note_turns()
        change([(t, "_grad", None) for t in wiring.used])

    def note_turns(self) -> None:
        """What changes after an even and after an odd turn."""
        self.turned: list[list[Change]] = [
            [(t.tensor, "node", t.nodes[turn]) for t in self.turning] for turn in (0, 1)
        ]

    # ---------------------------------------------------------------- how it is made

    def all_turning(self, wiring: Wiring) -> list[Turning]:
        """Give each tensor that changes its two nodes, with memory of their own."""
        slots = self.tape.slots
        found: list[Turning] = []
        for tensor, before in wiring.changed.values():
            known = tensor.node.buffer
            nodes = [twin(tensor, known) for _ in range(2)]
            found.append(Turning(tensor, nodes, slots.get(id(before)), slots[id(known)]))
        taken = [slot for t in found for slot in (t.old, t.new) if slot is not None]
        if len(set(taken)) < len(taken):
            says = "two tensors of a captured function share their memory"
            raise CaptureError(f"{says}\nTry x.assign(y * 1)")
        change([(t.tensor, "node", t.nodes[1]) for t in found])
        return found

    def all_read(self, wiring: Wiring) -> list[Read]:
        """The tensors that a run read and nobody changed, each once."""
        found: dict[int, Read] = {}
        for run, wires in zip(wiring.runs, wiring.wires, strict=True):
            for given, wire in zip(run.given, wires, strict=True):
                if wire[0] == "tensor" and id(wire[1]) not in wiring.changed:
                    slot = self.tape.slots[id(given)]
                    found[id(wire[1])] = Read(wire[1], wire[1].node, slot)
        return list(found.values())

    def written(self, wiring: Wiring, lead: tuple, of: Any = None) -> Fresh:
        """New memory in each replay for a result."""
        known = wiring.runs[lead[1]].made[lead[2]]
        return Fresh(self.tape.slots[id(known)], known, home(known), of, user_place())

    def lead_of(self, wiring: Wiring, lead: tuple, of: Any = None) -> tuple[str, Any]:
        """What an answer is, or the gradient of a tensor."""
        kind, *where = lead
        if kind in ("tensor", "fixed"):
            return "itself", where[0]
        if kind in ("argument", "held"):
            return kind, where[0]
        if kind == "number":
            known = wiring.numbers[where[0]].buffers[where[1]]
            return "copy", (self.tape.slot(known), known)
        found = self.written(wiring, lead, of)
        taken = [t.new for t in self.turning] + [f.slot for f in self.fresh]
        if found.slot in taken:
            return "copy", (found.slot, found.like)
        self.fresh.append(found)
        return "fresh", len(self.fresh) - 1

    # ---------------------------------------------------------------- whether it holds

    def plain(self, inputs: tuple) -> bool:
        """Whether all arguments are tensors and arrays, given by place."""
        return len(inputs) == len(self.looks) and None not in map(look_of, inputs)

    def fits(self, inputs: tuple) -> bool:
        """Whether a call with these arguments is this one again."""
        if len(inputs) != len(self.looks) or RECORDER.get() is not None or not self.holds():
            return False
        for thing, look in zip(inputs, self.looks):
            if look_of(thing) != look:
                return False
        return not self.shared or self.shared == shared_by(inputs)

    def holds(self) -> bool:
        """Whether all that decided how the function computes is still so."""
        if self.settings != settings() or first_changed(self.around):
            return False
        for t in self.bare:
            if t._grad is not None:
                return False
        if self.changes != CHANGES[0]:
            if not self.same_models():
                return False
            self.changes = CHANGES[0]
        for group, options in self.groups:
            for name, value in options:
                if group.get(name) != value:
                    return False
        return True

    def same_models(self) -> bool:
        """Whether models, optimizers and what learns are as they were."""
        for model, known in self.models:
            if any(getattr(model, name, None) is not value for name, value in known.items()):
                return False
        return self.learning == learning(self.turning, self.read) and all(
            len(optimizer.parameters) == count for optimizer, count in self.counts
        )

    # ---------------------------------------------------------------- running

    def run(self, leaves: Sequence[Any]) -> Any:
        """Do the call again with these arguments; what the function gives."""
        tape = self.tape
        for slot, leaf, own in zip(self.inputs, leaves, self.given):
            if slot is not None:
                tape.put(slot, memory_of(leaf, own))
        for k, check in self.checks:
            check(numbers_of(leaves[k]))
        self.look_at_tensors()
        for numbers in self.numbers:
            numbers.again()
        new = []
        for known in self.fresh:
            if known.of is not None:
                known.of._grad = None  # its memory is free for the next
            place = known.home.allocate(known.like.shape, known.like.dtype)
            tape.put(known.slot, place.data)
            new.append(place)
        tape.run()
        turn = tape.turn
        answer = self.answer(leaves, new)
        changes = [*self.turned[turn], (tape, "turn", 1 - turn)]
        changes += [(t, "_grad", self.led(lead, leaves, new)) for t, lead in self.grads]
        for optimizer, stepped in self.counted:
            steps = list(optimizer.steps)
            for k in stepped:
                steps[k] += 1
            changes.append((optimizer, "steps", steps))
        for known, place in zip(self.fresh, new):
            if known.of is not None:
                changes.append((known.of, "_grad", made(buffer(place, known.made_at), False)))
        change(changes)
        return answer

    def look_at_tensors(self) -> None:
        """Follow tensors that others gave numbers to, and leave others what they hold."""
        turn = self.tape.turn
        for t in self.turning:
            nodes = t.nodes
            if t.tensor.node is not nodes[1 - turn]:
                self.take_over(t, 1 - turn)
            if getrefcount(nodes[turn]) > NOTED or getrefcount(nodes[turn].buffer) > HELD:
                self.renew(t, turn)
        for r in self.read:
            if r.tensor.node is not r.node:
                found = r.tensor.realize().node
                check_like(found, r.node)
                r.node = found
                memory = Device.known[found.device].memory(found.buffer)
                self.tape.put(r.slot, memory, 0)
                self.tape.put(r.slot, memory, 1)

    def take_over(self, t: Turning, turn: int) -> None:
        """Somebody gave the tensor other numbers: they go to the memory that is read next."""
        found = t.tensor.realize().node
        check_like(found, t.nodes[turn])
        self.renew(t, turn)
        place = Device.known[found.device]
        place.write(t.nodes[turn].buffer.data, place.read(place.memory(found.buffer)))
        change([(t.tensor, "node", t.nodes[turn])])

    def renew(self, t: Turning, turn: int) -> None:
        """New memory for a turn: somebody else holds what lies there."""
        t.nodes[turn] = twin(t.tensor, t.nodes[turn].buffer, filled=False)
        memory = t.nodes[turn].buffer.data
        self.tape.put(t.new, memory, turn)
        if t.old is not None:
            self.tape.put(t.old, memory, 1 - turn)
        self.note_turns()

    def answer(self, leaves: Sequence[Any], new: Sequence[Buffer]) -> Any:
        """What the function gives, with the new numbers."""
        tensors = [self.led(lead, leaves, new) for lead in self.leads]
        return tensors[0] if self.single else answered(self.form, tensors)[0]

    def led(self, lead: tuple[str, Any], leaves: Sequence[Any], new: Sequence[Buffer]) -> Any:
        """One answer, or one gradient; while tensors have the numbers from before the call."""
        kind, what = lead
        if kind == "fresh":
            return made(buffer(new[what], self.fresh[what].made_at), False)
        if kind == "held":
            return made(buffer(what.node.buffer, what.node.made_at), False)
        if kind == "copy":
            slot, like = what
            place = home(like)
            numbers = place.read(self.tape.memory[self.tape.turn][slot])
            return made(buffer(place.upload(numbers.reshape(like.shape))), False)
        if kind == "itself":
            return what
        leaf = leaves[what]
        array = isinstance(leaf, np.ndarray)
        return State.finished(leaf.copy(), requires_grad=False) if array else leaf


def together(counted: Sequence[tuple[Any, list[int]]]) -> list[tuple[Any, list[int]]]:
    """All steps of each optimizer in one row."""
    rows: dict[int, tuple[Any, list[int]]] = {}
    for optimizer, stepped in counted:
        rows.setdefault(id(optimizer), (optimizer, []))[1].extend(stepped)
    return [*rows.values()]


def settings() -> tuple:
    """What changes how a function computes, though its arguments are the same."""
    recorded = State.finished.training, bool(BLOCKS.get())
    return *recorded, Part.version, HOOKS[0], Device.DEFAULT


def lasting(attributes: dict[str, Any], before: dict[str, Any]) -> dict[str, Any]:
    """The attributes of a model that a call does not set."""
    return {name: value for name, value in attributes.items() if before.get(name) is value}


def shared_by(inputs: Sequence[Any]) -> tuple[tuple[int, int], ...]:
    """Which of the arguments are the same numbers in memory."""
    tensors: list[Any] = [x for x in inputs if isinstance(x, State)]
    State.finished.realize_all(*tensors)
    return shared([x.node.buffer if isinstance(x, State) else x for x in inputs])


def learning(turning: Sequence[Turning], read: Sequence[Read]) -> list[bool]:
    """Which of the tensors take gradients."""
    return [t.tensor._requires_grad for t in turning] + [r.tensor._requires_grad for r in read]


def check_like(node: Node, before: Node) -> None:
    """Raise CaptureError if a tensor has another shape, dtype or place than it had."""
    if (node.shape, node.dtype, node.device) != (before.shape, before.dtype, before.device):
        says = f"a tensor of a captured function was {before.dtype} of shape {before.shape} on"
        says += f" {before.device}, and is {node.dtype} of shape {node.shape} on {node.device}"
        raise CaptureError(f"{says}\nTry capturing the function again")
