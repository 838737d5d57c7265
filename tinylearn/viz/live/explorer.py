"""The lecturer's instrument: knobs above, below them the graph, its code, and measured bars.

What is shown is the HTML of the other pictures and no widget: a saved notebook keeps the last of
it. The knobs are widgets (ipywidgets), and are gone when nobody answers them any more. Of a
function that gives a picture there are its own knobs and the picture.
"""

from __future__ import annotations

import asyncio
import itertools
import sys
from collections.abc import Callable
from dataclasses import replace
from html import escape
from typing import Any

from tinylearn.parts import Part
from tinylearn.viz.faces.assets import text_of
from tinylearn.viz.faces.picture import Picture, Refusal
from tinylearn.viz.faces.times import BAR, WIDEST, Profile, as_row, duration, table
from tinylearn.viz.live.knobs import Knob
from tinylearn.viz.live.scene import (
    GROUPS,
    Scene,
    Setting,
    devices,
    languages,
    parts_to_switch,
)
from tinylearn.viz.style import amount, clip

PAUSE = 0.25  # seconds without a movement, before kernels are compiled and run
REMEMBERED = 6  # settings whose times stay in sight
HEADS = ("kernel", "moved", "operations", "time")
ROW = {"flex_flow": "row wrap"}
NO_KNOBS = "Run this cell, and its knobs stand here."
MISSING = "tl.explore needs ipywidgets"
REPAIR = 'Try %pip install "tinylearn[course]"'


class Explorer:
    """A function with its knobs; a notebook shows it, print it for the text of what is shown.

    scene     the function
    setting   where everything stands
    times     (setting, seconds of all kernels) of what was measured last
    drawn     whether the function gives tensors, whose graph is drawn, and no picture of its own
    """

    numbers = itertools.count()

    def __init__(self, function: Callable[..., Any]) -> None:
        self.number, self.drawn = next(self.numbers), True
        self.scene = Scene(function)
        self.setting: Setting = self.scene.begin()
        self.times: list[tuple[Setting, float]] = []
        self.widgets: dict[str, Any] = {}
        self.shown: tuple[Any, Any] | None = None  # the handles of the picture and of the bars
        self.waiting: asyncio.TimerHandle | None = None

    def set(self, **values: Any) -> Explorer:
        """Move knobs; device="c", language="c" and off={"fuse.factor"} are knobs as well."""
        own = {k: values.pop(k) for k in ("device", "language", "off") if k in values}
        unknown = [name for name in values if name not in self.setting.values]
        if unknown:
            raise TypeError(f"there is no knob {unknown[0]}: {', '.join(self.setting.values)}")
        self.setting = replace(self.setting, values={**self.setting.values, **values}, **own)
        self.redraw()
        return self

    # ------------------------------------------------------------ what is shown

    def redraw(self) -> None:
        """Draw the picture anew, and time its kernels a little later."""
        if self.shown is None:
            return
        self.shown[0].update(mime(self.scene.look(self.setting)), raw=True)
        if self.drawn:
            self.measure_soon()

    def measure_soon(self) -> None:
        """Measure when nothing has moved for a moment."""
        if self.waiting is not None:
            self.waiting.cancel()
        try:
            self.waiting = asyncio.get_running_loop().call_later(PAUSE, self.measure)
        except RuntimeError:  # nobody who would call later
            self.measure()

    def measure(self) -> None:
        """Time the kernels, and draw the bars."""
        self.waiting = None
        if self.shown is not None:
            self.shown[1].update({"text/html": self.bars(), "text/plain": ""}, raw=True)

    def bars(self) -> str:
        """The kernels' times, and the totals of the settings before."""
        found = self.scene.measure(self.setting)
        if isinstance(found, Refusal):
            return self.with_script(f"<pre>{escape(found.reason)}</pre>")
        self.times = [t for t in self.times if t[0] != self.setting]
        self.times = [*self.times, (self.setting, found.seconds)][-REMEMBERED:]
        return self.with_script(per_kernel(found) + self.totals())

    def totals(self) -> str:
        """The settings that were measured last, with a bar for each."""
        if len(self.times) < 2:
            return ""
        most = max(seconds for _, seconds in self.times) or 1.0
        rows = [
            as_row("td", (str(s), duration(t)), 1, BAR.format(WIDEST * t / most))
            for s, t in reversed(self.times)
        ]
        return table(as_row("th", ("all kernels", "time"), 1, "<td></td>"), rows, "")

    def with_script(self, body: str) -> str:
        """With what keeps keys away from the notebook, and hides knobs that nobody answers."""
        name = f"tlx{self.number}"
        script = text_of("knobs.js").replace("NAME", name)
        return f'<div id="{name}">{body}</div><script>{script}</script>'

    def __repr__(self) -> str:
        return f"{self.setting}\n{self.scene.look(self.setting)}"

    def _ipython_display_(self) -> None:
        from IPython.display import display  # only a notebook gets here

        if not in_notebook():
            print(repr(self))
            return
        look = self.scene.look(self.setting)
        self.drawn = isinstance(look, Picture | Refusal)
        knobs = self.knobs()._repr_mimebundle_()
        display({**knobs, "text/plain": NO_KNOBS, "text/html": f"<i>{NO_KNOBS}</i>"}, raw=True)
        picture = display(mime(look), raw=True, display_id=True)
        begun = self.with_script("measuring ..." if self.drawn else "")
        bars = display({"text/html": begun, "text/plain": ""}, raw=True, display_id=True)
        self.shown = picture, bars
        if self.drawn:
            self.measure_soon()

    # ------------------------------------------------------------ knobs

    def knobs(self) -> Any:
        """All knobs, as one widget."""
        try:
            import ipywidgets
        except ImportError:
            raise ImportError(f"{MISSING}\n{REPAIR}") from None
        kit = ipywidgets
        self.widgets = {knob.name: slider(kit, knob) for knob in self.scene.knobs}
        groups = [kit.HBox([*self.widgets.values()], layout=ROW)]
        if self.drawn:
            groups += self.more_knobs(kit)
        for widget in self.widgets.values():
            widget.observe(self.moved, "value")
        return kit.VBox(groups)

    def more_knobs(self, kit: Any) -> list[Any]:
        """Knobs for the device and the language, and a box for each rule and transform."""
        chosen = {
            f"/{name}": kit.Dropdown(
                options=known, value=getattr(self.setting, name), description=name
            )
            for name, known in (("device", devices()), ("language", languages()))
        }
        self.widgets |= chosen
        groups = [kit.HBox([*chosen.values()], layout=ROW)]
        for group in GROUPS:
            boxes = {name: switch(kit, name) for name in parts_to_switch(group)}
            self.widgets |= boxes
            row = kit.HBox([*boxes.values()], layout=ROW)
            groups.append(kit.VBox([kit.HTML(f"<b>{group}</b>"), row]))
        return groups

    def switches(self) -> dict[str, Any]:
        """The check boxes, by the names of their Parts."""
        return {name: w for name, w in self.widgets.items() if "." in name}

    def moved(self, change: Any) -> None:
        """Somebody moved a knob."""
        values = {knob.name: self.widgets[knob.name].value for knob in self.scene.knobs}
        if not self.drawn:
            self.setting = replace(self.setting, values=values)
            self.redraw()
            return
        device, language = self.widgets["/device"], self.widgets["/language"]
        if change["owner"] is device and device.value != language.value in devices():
            language.value = device.value  # which comes back here
            return
        off = frozenset(name for name, widget in self.switches().items() if not widget.value)
        self.setting = Setting(values, device.value, language.value, off)
        self.redraw()


def per_kernel(profile: Profile) -> str:
    """A row with a bar for each kernel: narrower than tl.profile, so that the bars are in sight."""
    most = max((k.seconds for k in profile.kernels), default=0.0) or 1.0
    rows = [
        as_row(
            "td",
            (
                f"{number}: {clip(k.title, 40)}",
                amount(k.read + k.written),
                f"{k.flops:,}",
                duration(k.seconds),
            ),
            1,
            BAR.format(WIDEST * k.seconds / most),
        )
        for number, k in enumerate(profile.kernels, 1)
    ]
    return table(as_row("th", HEADS, 1, "<td></td>"), rows, escape(profile.total()))


def slider(kit: Any, knob: Knob) -> Any:
    """The widget of a knob."""
    if knob.choices == (False, True):
        return kit.Checkbox(value=knob.value, description=knob.name, indent=False)
    if knob.choices:
        return kit.Dropdown(options=knob.choices, value=knob.value, description=knob.name)
    kind = kit.IntSlider if isinstance(knob.step, int) else kit.FloatSlider
    ends = {"min": knob.low, "max": knob.high, "step": knob.step}
    return kind(value=knob.value, description=knob.name, **ends)


def switch(kit: Any, name: str) -> Any:
    """The check box of a Part."""
    short = name.partition(".")[2]
    layout = {"width": "auto", "margin": "0 1em 0 0"}
    says = Part.table[name].says
    return kit.Checkbox(value=True, description=short, tooltip=says, indent=False, layout=layout)


def mime(shown: Any) -> dict[str, str]:
    """A picture, or the reason why there is none, as a notebook takes it."""
    return {"text/html": shown._repr_html_(), "text/plain": str(shown)}


def in_notebook() -> bool:
    """Whether somebody shows HTML here."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return getattr(shell, "kernel", None) is not None
