"""capture: a training step that was run is run again in one call, without its Python.

    @tl.capture
    def step(x, y):
        optimizer.zero_grad()
        loss = model(x).cross_entropy(y)
        loss.backward()
        optimizer.step()
        return loss

The first calls run the function and note what it does: see devices/recorder.py. As soon as two
calls in a row did the same, the kernels of the last one become a tape (plan/tape.py), and further
calls run the tape. Weights, what optimizers remember, learning rates, numbers of steps, schedules
and random numbers go on as if the function had run: the numbers are the same, bit for bit.

What a replay would not do is refused by name, and what changes how the function computes (other
shapes, options, Parts, a training flag) makes a new tape.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from tinylearn.changes import alone_on, change
from tinylearn.devices.recorder import RECORDER, Recorder
from tinylearn.errors import CaptureError, warn_user
from tinylearn.graph.node import Node
from tinylearn.plan.plan import LOCK, WATCHERS
from tinylearn.tensor.replay import Replay, settings, shared_by
from tinylearn.tensor.state import State
from tinylearn.tensor.surroundings import chance, scopes
from tinylearn.tensor.wiring import Wiring, answered, difference, leaves_of, look_of

TRIES = 5  # calls that may differ from the one before
KEPT = 64  # tapes of one function


A_BLOCK = (
    "capture takes a function: Python runs the lines of a `with` block whenever it comes there, and"
    " nobody can run them a second time to see whether they do the same"
)


def capture(function: Callable[..., Any] | None = None) -> Captured:
    """A function that is run again without its Python, once two calls did the same.

    function   of Tensors, arrays, and whatever stays the same; gives Tensors, or tuples, lists
               and dicts of them, as constants

    Gradients that an optimizer has used are not kept: after a replay they are None. Nor are
    gradients at the arguments: give x.grad back if it is wanted.
    Raises     CaptureError, where a call does what a replay would not do
    PyTorch    torch.cuda.graph, torch.compile
    """
    if function is None:
        raise TypeError(f"{A_BLOCK}\nTry @tl.capture above a def with these lines")
    if not callable(function):
        raise TypeError(f"capture takes a function, not {function!r}")
    return Captured(function)


class Captured:
    """A function that was captured; call it like the function.

    function   the function itself, which runs in every call that is no replay
    replays    {what a call looks like: its replay}
    runs       how often the function ran
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        functools.update_wrapper(self, function)
        self.function = function
        self.replays: dict[tuple, Replay] = {}
        self.waiting: dict[tuple, tuple[Wiring, int]] = {}  # the last call, and how many differed
        self.last: Replay | None = None
        self.runs = 0

    def __call__(self, *inputs: Any, **options: Any) -> Any:
        last = self.last
        if last is not None and not options and not WATCHERS and last.fits(inputs):
            return alone_on(LOCK, last.run, inputs)
        return alone_on(LOCK, self.other_call, inputs, options)

    def __get__(self, owner: Any, kind: type | None = None) -> Any:
        return self if owner is None else functools.partial(self, owner)

    def nodes(self) -> list[Node]:
        """The graph of the last call: what all its kernels compute. For pictures.

        Raises   CaptureError if it was not called yet
        """
        plans = [plan for replay in list(self.replays.values())[-1:] for plan in replay.plans]
        for wiring, _ in self.waiting.values():
            plans = plans or [run.plan for run in wiring.runs]
        if not plans:
            name = self.__name__  # type: ignore[attr-defined]
            raise CaptureError(f"{name} was not called yet\nTry calling it first")
        return [node for plan in plans for node in plan.simplified.outputs]

    def __repr__(self) -> str:
        return f"{self.__name__}, captured"  # type: ignore[attr-defined]

    def other_call(self, inputs: tuple, options: dict[str, Any]) -> Any:
        """A call that is not like the last one."""
        if RECORDER.get() is not None or WATCHERS:  # somebody wants to see each run
            return self.function(*inputs, **options)
        looks, leaves = leaves_of((inputs, options))
        key = looks, shared_by(leaves), settings()
        found = self.replays.get(key)
        if found is not None and found.holds():
            self.last = found if not options and found.plain(inputs) else None
            return found.run(leaves)
        return self.record(key, (inputs, options), leaves)

    def record(self, key: tuple, call: tuple[tuple, dict], leaves: list[Any]) -> Any:
        """Run the function, and note what it does."""
        (inputs, options), given = answered(call, leaves)
        if self.replays.pop(key, None) is None and self.replays and key not in self.waiting:
            self.tell(key)
        State.finished.realize_all(*given)
        known = [t.node.buffer for t in given], [look_of(t) for t in leaves]
        left = [(t, "_grad", t._grad) for t in given]
        change([(t, "_grad", None) for t in given])
        recorder = Recorder()
        objects = [x for x in (*inputs, *options.values()) if look_of(x) is None]
        recorder.around += scopes(self.function, *objects)
        drawn = chance()
        token = RECORDER.set(recorder)
        self.runs += 1
        try:
            answer = self.function(*inputs, **options)
            wiring = Wiring(recorder, given, known, answer)
            wiring.touched = wiring.touched or ("the random module" if chance() != drawn else "")
        except BaseException:
            self.waiting.pop(key, None)
            raise
        finally:
            RECORDER.reset(token)
            change(left)
        before, tries = self.waiting.pop(key, (None, 0))
        wrong = "" if before is None else difference(before, wiring)
        if before is not None and not wrong:
            if len(self.replays) >= KEPT:
                self.replays.clear()
            self.replays[key] = Replay(before, wiring)
        elif tries >= TRIES:
            raise CaptureError(wrong)
        else:
            self.waiting[key] = wiring, tries + 1
        answer, wiring.answer = wiring.answer, None
        return answer

    def tell(self, key: tuple) -> None:
        """Say once that calls look different, if that is because of a shape."""
        shapes = {known[0] for known in self.replays}
        if key[0] not in shapes and len(shapes) == 1:
            name = self.__name__  # type: ignore[attr-defined]
            warn_user(
                f"{name} is captured anew, because its arguments have other shapes or values\n"
                "Try batches of one size, such as DataLoader(..., drop_last=True)"
            )
