"""What an explorer shows: the graph that runs, its code, its times, for one setting of the knobs.

scene = Scene(function)
scene.look(setting)       graph, decisions and code: nothing is computed
scene.measure(setting)    how long each kernel takes
"""

from __future__ import annotations

import contextlib
import traceback
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tinylearn.devices.device import Device
from tinylearn.loops.tree import Refused
from tinylearn.parts import Part, using
from tinylearn.tensor import Tensor
from tinylearn.viz.faces.picture import Picture, Refusal
from tinylearn.viz.faces.times import Profile
from tinylearn.viz.live.knobs import Knob, knobs_of
from tinylearn.viz.trace.code import LANGUAGES, ON_REQUEST
from tinylearn.viz.trace.timing import times_of
from tinylearn.viz.trace.tracer import Tracer, nodes_of, traced, without_collector

GROUPS = {"rules": ("fuse.", "join."), "transforms": ("loops.",)}  # what can be switched off
DEVICES = ("numpy", "c", "cuda")  # on which a kernel is soon done, and its time is its own
LINES = 80  # of a kernel's text
ROUNDS = 5  # of each kernel in a measurement: the median of so few is steady enough to look at


@dataclass(frozen=True)
class Setting:
    """Where everything stands.

    values     of the knobs, by name
    off        the names of the Parts that are switched off
    """

    values: Mapping[str, Any]
    device: str = "numpy"
    language: str = "numpy"
    off: frozenset[str] = field(default_factory=frozenset)

    def __str__(self) -> str:
        """In words.

        >>> str(Setting({"batch": 64}, off=frozenset({"fuse.factor"})))
        'batch=64, device numpy, without fuse.factor'
        """
        words = [f"{name}={said(value)}" for name, value in self.values.items()]
        without = [f"without {', '.join(sorted(self.off))}"] if self.off else []
        return ", ".join([*words, f"device {self.device}", *without])


def said(value: Any) -> str:
    """A value of a knob in few signs."""
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def parts_to_switch(group: str) -> list[str]:
    """The names of the Parts of a group, in their order."""
    return [name for name in Part.table if name.startswith(GROUPS[group])]


def silent(*arguments: Any) -> None:
    """A rule that is switched off says nothing."""


def refusing(*arguments: Any) -> Any:
    """A transform that is switched off refuses; a recipe that needs it leaves the loops plain."""
    raise Refused("it is switched off")


class Scene:
    """A function, and what its answer looks like in a setting.

    function   of the knobs' values; gives a Tensor that is not computed yet, or several, or a
               picture: anything that has an HTML form
    knobs      one for each argument
    """

    def __init__(self, function: Callable[..., Any]):
        self.function = function
        self.knobs: list[Knob] = knobs_of(function)

    def begin(self) -> Setting:
        """The setting to begin with."""
        device = Device.DEFAULT if Device.DEFAULT in DEVICES else "numpy"
        values = {knob.name: knob.value for knob in self.knobs}
        return Setting(values, device, device if device in languages() else "numpy")

    def look(self, setting: Setting) -> Any:
        """The film of the decisions, at its end: the graph, the kernels, the code. Or the picture
        that the function gives; or a Refusal with its error."""
        with self.as_set(setting) as answers:
            if not isinstance(answers, tuple):
                return answers
            with without_collector():
                tracer = Tracer(nodes_of(answers), False, None)
                tracer.languages = (setting.language,)
                data = traced(tracer, True, True, "named", "kernels", passing=False)
        shown = {"step": len(data["steps"]), "language": setting.language}
        return Picture(data, "explain", opening=True, most_lines=LINES, **shown)

    def measure(self, setting: Setting) -> Any:
        """How long each kernel takes."""
        with self.as_set(setting) as answers:
            if not isinstance(answers, tuple):
                return answers
            try:
                return Profile(times_of(answers, ROUNDS, None))
            except Exception as error:
                return Refusal(f"{type(error).__name__}: {error}")

    @contextlib.contextmanager
    def as_set(self, setting: Setting) -> Iterator[Any]:
        """What the function gives, while everything stands as it is set; or why it gives nothing.

        Afterwards all Parts and the device of new tensors are what they were.
        """
        off = {n: refusing if n.startswith("loops.") else silent for n in setting.off}
        before = Device.DEFAULT
        with using(off):
            try:
                Device.DEFAULT = setting.device
                yield self.answers(setting)
            finally:
                Device.DEFAULT = before

    def answers(self, setting: Setting) -> Any:
        """What the function gives: a tuple of tensors, a picture, or a Refusal with its error."""
        try:
            answer = self.function(**setting.values)
            if is_picture(answer):
                return answer
            answers = tuple(answer) if isinstance(answer, tuple | list) else (answer,)
            nodes_of(answers)
            return answers
        except Exception as error:
            told = traceback.extract_tb(error.__traceback__)
            line = next((f.lineno for f in told if f.name == self.function.__name__), None)
            where = f"\n    line {line} of {self.function.__name__}" if line else ""
            return Refusal(f"{type(error).__name__}: {error}{where}\n    with {setting}")


def is_picture(answer: Any) -> bool:
    """Whether something shows itself, and is not to be computed."""
    return hasattr(answer, "_repr_html_") and not isinstance(answer, Tensor)


def devices() -> list[str]:
    """The devices that work here and are fast enough to be played with."""
    return [name for name in DEVICES if not Device.known[name].unavailable()]


def languages() -> list[str]:
    """The languages in which code can be shown."""
    return [*LANGUAGES, *ON_REQUEST]
