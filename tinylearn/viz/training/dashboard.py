"""The training dashboard: a bar with rate and time left, and curves that grow while the loop runs.

    for x, y in (bar := tl.progress(loader)):
        ...
        bar.note(loss=loss.item())

A notebook shows one small SVG that is replaced at most ten times a second, and keeps the last one;
a terminal or a pipe shows text. Numbers are thinned as they come, so that an update costs the same
after a hundred steps and after a million.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterable, Mapping
from html import escape
from typing import Any, TextIO, TypeVar

from tinylearn.nn.progress import (
    DONE,
    RUNNING,
    Face,
    NotebookFace,
    Progress,
    Tick,
    face_for,
    tick_html,
)
from tinylearn.viz.faces.html import stilled, themed
from tinylearn.viz.style import DASHES
from tinylearn.viz.training.histograms import Watched
from tinylearn.viz.training.plots import Figure

T = TypeVar("T")
LOOK_EVERY = 2.0  # seconds between two looks at the watched tensors, at least
LOOK_SHARE = (
    20  # a look that takes long is the rarer: at most this part of the time goes into looks
)
LINES = ["#0072B2", "#D55E00", "#009E73", "#C46A9C"]  # contrast 3 to 1 on white and on dark pages
KEPT = 256  # points of a curve that are drawn at most
WIDTH, HEIGHT, IN_ROW = 300.0, 130.0, 2  # more charts in a row would shrink below reading
LEFT, RIGHT, TOP, BOTTOM = 64.0, 10.0, 20.0, 18.0  # left: room for -0.000795


class Curve:
    """The values of one quantity: all of them for `plot`, a thinned-out copy for the screen.

    The first value, the largest and the least are on the screen however much is thinned out.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.steps: list[int] = []
        self.values: list[float] = []
        self.thin: list[tuple[float, float]] = []  # (step, mean of `every` values)
        self.every = 1
        self.pending: list[float] = []
        self.ends: dict[str, tuple[int, float]] = {}  # "first", "largest", "least": (step, value)

    def add(self, step: int, value: float) -> None:
        """One more value. Costs the same however many there are."""
        self.steps.append(step)
        self.values.append(value)
        self.pending.append(value)
        self.note_ends(step, value)
        if len(self.pending) >= self.every:
            self.thin.append((step, sum(self.pending) / len(self.pending)))
            self.pending = []
        if len(self.thin) >= KEPT:
            pairs = zip(self.thin[::2], self.thin[1::2], strict=True)
            self.thin = [(b[0], (a[1] + b[1]) / 2) for a, b in pairs]
            self.every *= 2

    def note_ends(self, step: int, value: float) -> None:
        """Remember the value if it is the first, the largest or the least."""
        if math.isfinite(value):
            here = step, value
            self.ends.setdefault("first", here)
            self.ends["largest"] = max(self.ends.get("largest", here), here, key=lambda p: p[1])
            self.ends["least"] = min(self.ends.get("least", here), here, key=lambda p: p[1])

    def points(self) -> list[tuple[float, float]]:
        """(step, value) of what is drawn: means of neighbours, and the ends."""
        return sorted({p for p in [*self.thin, *self.ends.values()] if math.isfinite(p[1])})

    @property
    def last(self) -> float:
        """The newest value."""
        return self.values[-1]


class History:
    """What the loop noted, by name: `history["loss"].values`. Epochs follow each other."""

    def __init__(self) -> None:
        self.curves: dict[str, Curve] = {}
        self.epochs: list[int] = []  # the first step of each epoch; steps count from 1

    def __getitem__(self, name: str) -> Curve:
        return self.curves[name]

    def __len__(self) -> int:
        return max((len(curve.values) for curve in self.curves.values()), default=0)

    def __repr__(self) -> str:
        rows = [f"{c.name}: {len(c.values)} values, last {c.last:.4g}" for c in self.drawn()]
        return "\n".join(rows) or "nothing noted yet"

    def drawn(self) -> list[Curve]:
        """The curves that have a value."""
        return [curve for curve in self.curves.values() if curve.values]

    def svg(self) -> str:
        """All curves as small charts, two in a row, as one SVG text."""
        (width, height), charts, alt = self.size(), self.charts(), self.told()
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" '
            f'width="{width:g}" style="max-width:100%" role="img" aria-label="{escape(alt)}" '
            f'font-family="system-ui,sans-serif" font-size="11" fill="currentColor">{charts}</svg>'
        )

    def told(self) -> str:
        """All curves in words."""
        ways = (f"{c.name} went from {c.values[0]:.4g} to {c.last:.4g}" for c in self.drawn())
        return "; ".join(ways)

    def size(self) -> tuple[float, float]:
        """Width and height of all charts, in pixels."""
        count = len(self.drawn())
        return min(max(1, count), IN_ROW) * WIDTH, math.ceil(count / IN_ROW) * HEIGHT

    def charts(self) -> str:
        """The elements of all charts."""
        return "".join(
            f'<g transform="translate({k % IN_ROW * WIDTH:g} {k // IN_ROW * HEIGHT:g})">'
            f"{chart(c, k, self.epochs)}</g>"
            for k, c in enumerate(self.drawn())
        )

    def plot(self) -> Figure:
        """The curves as a figure that needs no other package; it shows itself in a notebook."""
        if not self.drawn():
            raise ValueError("nothing was noted yet; try bar.note(loss=loss.item()) in the loop")
        return Figure(self.charts(), *self.size(), "", self.told())

    def to_matplotlib(self) -> Any:
        """The curves as a matplotlib figure, one panel each, with every value.

        Raises   ImportError, with the line that installs it, where matplotlib is missing
        """
        try:
            from matplotlib import pyplot
        except ImportError as error:
            raise ImportError("matplotlib is missing: pip install matplotlib") from error
        curves = self.drawn()
        figure = pyplot.figure(figsize=(4.5 * max(1, len(curves)), 3), layout="constrained")
        pyplot.close(figure)  # it is shown where it is returned, and not a second time
        for k, curve in enumerate(curves):
            axes = figure.add_subplot(1, len(curves), k + 1)
            axes.plot(curve.steps, curve.values, color=LINES[k % len(LINES)], linewidth=1)
            axes.set(xlabel="step", title=curve.name)
            axes.grid(alpha=0.3)
        return figure


def chart(curve: Curve, number: int, epochs: list[int]) -> str:
    """One curve in a frame with its range, its epochs and its last value."""
    points = curve.points()
    bad = sum(not math.isfinite(v) for _, v in curve.thin)
    low, high = min((v for _, v in points), default=0.0), max((v for _, v in points), default=1.0)
    if low == high:  # a flat line runs through the middle
        low, high = low - (abs(low) or 1.0), high + (abs(high) or 1.0)
    span = high - low
    first = curve.steps[0]
    across = (WIDTH - LEFT - RIGHT) / max(1, curve.steps[-1] - first)
    down = (HEIGHT - TOP - BOTTOM) / span
    base = HEIGHT - BOTTOM
    path = " ".join(
        f"{LEFT + (s - first) * across:.1f},{base - (v - low) * down:.1f}" for s, v in points
    )
    colour = LINES[number % len(LINES)]
    dashes = DASHES[number % len(DASHES)]
    marks = "".join(
        f'<path d="M{LEFT + (s - first) * across:.1f} {TOP}V{base}" stroke="currentColor" '
        'stroke-opacity=".2" stroke-dasharray="2 3"/>'
        for s in epochs[:60]
        if s > first
    )
    warning = f" · {bad} NaN or infinite" if bad or not math.isfinite(curve.last) else ""
    return (
        f'<text x="{LEFT}" y="13" font-weight="600">{escape(curve.name)} {curve.last:.4g}{warning}'
        f'</text><path d="M{LEFT} {TOP}V{base}H{WIDTH - RIGHT}" fill="none" stroke="currentColor" '
        f'stroke-opacity=".5"/>{marks}<text x="{LEFT - 5}" y="{TOP + 8}" text-anchor="end">'
        f'{high:.3g}</text><text x="{LEFT - 5}" y="{base}" text-anchor="end">{low:.3g}</text>'
        f'<text x="{LEFT}" y="{HEIGHT - 4}">{first}</text><text x="{WIDTH - RIGHT}" '
        f'y="{HEIGHT - 4}" text-anchor="end">step {curve.steps[-1]}</text>'
        f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.8" '
        f'stroke-linejoin="round" stroke-dasharray="{dashes}"/>'
    )


class CurvesFace:
    """Shows the bar, the curves below it, and the histograms that were asked for.

    watched   the histograms as HTML; told whether this is the last time that they are shown
    """

    def __init__(self, history: History, watched: Callable[[bool], str]) -> None:
        self.history, self.watched = history, watched
        self.handle: Any = None

    def show(self, tick: Tick) -> None:
        from IPython.display import display  # only a notebook gets here

        data = {"text/html": self.html(tick), "text/plain": str(tick)}
        if self.handle is None:
            self.handle = display(data, raw=True, display_id=True)
        else:
            self.handle.update(data, raw=True)

    def html(self, tick: Tick) -> str:
        """The whole dashboard. The last one, which the saved notebook keeps, is made of images."""
        curves = self.history.svg() if self.history.drawn() else ""
        body = tick_html(tick) + curves + self.watched(tick.state != RUNNING)
        style = "color:var(--jp-ui-font-color1,inherit)"
        if tick.state == RUNNING:
            return f'<div style="{style}">{body}</div>'
        return themed("div", style, stilled(body))


class Dashboard(Progress[T]):
    """A Progress that remembers what it is told. `.history` keeps every value of every note().

    Looped over again it goes on in the same picture: the next epoch. Without a loop and without
    `with`, the first advance() or note() begins, and reaching the total ends it.
    """

    def __init__(
        self,
        items: Iterable[T] = (),
        total: float | None = None,
        label: str = "",
        watch: Any = None,
        out: TextIO | None = None,
        **options: Any,
    ) -> None:
        self.history = History()
        self.watch = None if watch is None else Watched(watch)
        self.step = 0  # how many are done, over all epochs
        self._alone = False  # neither a loop nor `with` says when it ends
        self._look_due = -math.inf  # when the watched tensors may be looked at again
        if options.get("face") is None:
            face: Face = face_for(out or sys.stderr)
            if isinstance(face, NotebookFace):
                face = CurvesFace(self.history, self.watched)
            options["face"] = face
        super().__init__(items, total, label, **options)

    def start(self) -> None:
        self._alone = False
        self.history.epochs.append(self.step + 1)
        super().start()

    def begin_alone(self) -> None:
        """Start where no loop and no `with` did."""
        if not self.state:
            self.start()
            self._alone = True

    def advance(self, amount: float = 1) -> None:
        self.begin_alone()
        self.step += 1
        super().advance(amount)
        if self._alone and self.total and self.done >= self.total * (1 - 1e-9):
            self.close(DONE)

    def note(self, **values: Any) -> None:
        """Values of this step: numbers become curves, text stands beside the bar.

        Steps count from 1; after the loop the last step is still this step.
        """
        self.begin_alone()
        step = self.step + (self.state == RUNNING)
        self.look_early(step)
        super().note(**values)
        for name, value in self._notes.items():
            if name in values and not isinstance(value, str):
                curve = self.history.curves.setdefault(name, Curve(name))
                curve.add(step, value)

    def watched(self, last: bool = False) -> str:
        """Histograms of the watched tensors, looked at anew every two seconds and at the last."""
        if self.watch is None:
            return ""
        if last or self.clock() >= self._look_due:
            self.look(self.watch, self.step)
        return self.watch.html()

    def look(self, watch: Watched, step: int) -> None:
        """Look at the watched tensors now, and say when the next look is due."""
        began = self.clock()
        watch.look(step)
        took = self.clock() - began
        self._look_due = began + max(LOOK_EVERY, LOOK_SHARE * took)

    def look_early(self, step: int) -> None:
        """A look in the middle of a step, while there are gradients: its end may forget them."""
        if self.watch is None or self._look_due == -math.inf:  # no face asks for looks
            return
        if (self.watch.missed or self.clock() >= self._look_due) and self.watch.has_gradients():
            self.look(self.watch, step)


def progress(
    items: Iterable[T] = (),
    total: float | None = None,
    label: str = "",
    watch: Mapping[str, Any] | Any = None,
    **options: Any,
) -> Dashboard[T]:
    """A loop that shows how far it is and how it learns: `for batch in tl.progress(loader)`.

    items    anything to loop over; loop again for the next epoch
    total    how many; needed only where len(items) is not known
    watch    a model, or {name: tensor}: histograms of values and gradients below the curves, in a
             notebook; looked at every two seconds and at the end
    options  unit, face, every, clock: as in tinylearn.nn.progress.Progress
    """
    return Dashboard(items, total, label, watch, **options)
