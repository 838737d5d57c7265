"""What is noted while a captured function runs: all that a replay has to do again.

    RECORDER.get()     the recorder of this thread or task; None: nothing is captured here

Plans, tensors, optimizers and models tell it what they do. Nothing here knows what those are: a
tape is made of the notes in plan/tape.py, and tensor/capture.py says what may not happen.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tinylearn.changes import run_once
from tinylearn.devices.buffer import Buffer
from tinylearn.errors import CaptureError

run_once(globals())


@dataclass(frozen=True)
class Run:
    """One run of a plan: the key that it is found by, what it was given, what it made.

    owners   of what was given: the tensor whose leaf it is, or None
    """

    key: tuple
    plan: Any
    given: Sequence[Buffer]
    owners: Sequence[Any]
    made: Sequence[Buffer]


@dataclass(frozen=True)
class Numbers:
    """Buffers that Python fills anew in each call; none, if it only does something.

    values   works them out: an array or a number for each buffer
    """

    buffers: Sequence[Buffer]
    values: Callable[[], Sequence[Any]]


@dataclass
class Recorder:
    """What one call of a captured function did.

    runs      plans, in running order
    numbers   what was drawn at random, worked out by an optimizer, or done by a schedule
    counted   (optimizer, numbers of its parameters) for each step of an optimizer
    changed   {id: (tensor, its node before)} of the tensors that got other numbers
    models    {id: model} of those that were called
    grads     {id: tensor} of those that backward() gave a gradient
    bare      {id: tensor} of those among them that had none when the call began
    around    what the function, and hooks of models, see beside their arguments
    known     what is noted once and used by several
    fresh     {id: tensor} of those that were made of given numbers
    checks    (buffer, what raises if its numbers cannot be taken): repeated for arguments
    """

    runs: list[Run] = field(default_factory=list)
    numbers: list[Numbers] = field(default_factory=list)
    counted: list[tuple[Any, list[int]]] = field(default_factory=list)
    changed: dict[int, tuple[Any, Any]] = field(default_factory=dict)
    models: dict[int, Any] = field(default_factory=dict)
    grads: dict[int, Any] = field(default_factory=dict)
    bare: dict[int, Any] = field(default_factory=dict)
    around: list[Any] = field(default_factory=list)
    known: dict[tuple, Any] = field(default_factory=dict)
    fresh: dict[int, Any] = field(default_factory=dict)
    checks: list[tuple[Buffer, Callable[[np.ndarray], None]]] = field(default_factory=list)

    def change(self, tensor: Any, new: Any) -> None:
        """Note that a tensor gets another node."""
        if tensor.node is not new:
            self.changed.setdefault(id(tensor), (tensor, tensor.node))


CHANGES = [0]  # how often an attribute of a model was set, or something began or ceased to learn
HOOKS = [0]  # how often a hook of a model came or went
RECORDER: ContextVar[Recorder | None] = ContextVar("recorder", default=None)


def refuse(says: str, repair: str) -> None:
    """Raise CaptureError if a function is being captured."""
    if RECORDER.get() is not None:
        raise CaptureError(f"{says}: a captured function is not run again\nTry {repair}")


def drawn(device: Any, draw: Callable[[], np.ndarray]) -> Buffer:
    """A buffer of what is drawn; a replay draws into it again."""
    buffer = device.upload(draw())
    if (recorder := RECORDER.get()) is not None:
        recorder.numbers.append(Numbers([buffer], lambda: [draw()]))
    return buffer
