"""A progress bar around any loop: how far, how fast, how long still.

    items -> Progress (counts; at most 10 times a second) -> Tick (the facts) -> a face (shows them)

The face depends on where the text goes: a notebook gets one line of HTML that updates in place, a
terminal one line that moves, a pipe or file one plain line at the end. Anything with a method
`show(tick)` is a face too.
"""

from __future__ import annotations

import html
import math
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sized
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TextIO, TypeVar

T = TypeVar("T")
RUNNING, DONE, STOPPED = "running", "done", "stopped"


@dataclass(frozen=True)
class Tick:
    """What a progress bar knows at one moment.

    done, total   in `unit`s (items if the unit is ""); done may pass a total that was too low
    seconds       since the loop began
    state         "running", "done", or "stopped" (left by break or by an exception)
    notes         what the loop told through note(): name -> number or text
    """

    done: float
    total: float
    seconds: float
    state: str = RUNNING
    label: str = ""
    unit: str = ""
    notes: dict[str, float | str] = field(default_factory=dict)

    @property
    def share(self) -> float:
        """The part that is done, from 0 to 1."""
        return min(1.0, self.done / self.total) if self.total else 1.0

    @property
    def rate(self) -> float:
        """Units per second so far; 0 before the first."""
        return self.done / self.seconds if self.seconds > 0 else 0.0

    @property
    def left(self) -> float:
        """Seconds still to go at this rate; infinite before the first item is done."""
        return max(0.0, self.total - self.done) / self.rate if self.rate else math.inf

    def __str__(self) -> str:
        count = f"{_number(self.done)}/{_number(self.total)}{' ' * bool(self.unit)}{self.unit}"
        rate = f"{_rate(self.rate)}{' ' * bool(self.unit)}{self.unit}/s"
        if self.state == DONE:
            parts = [f"{count} in {_clock(self.seconds)}", rate]
        elif self.state == STOPPED:
            parts = [f"stopped at {count} after {_clock(self.seconds)}"]
        elif self.done:
            parts = [count, rate, f"{_clock(self.left)} left"]
        else:
            parts = [count]
        parts += [f"{name} {_value(value)}" for name, value in self.notes.items()]
        return f"{self.label}: " * bool(self.label) + ", ".join(parts)


def _number(value: float) -> str:
    """Whole numbers as they are, amounts with one decimal.

    >>> _number(12_000), _number(9.912)
    ('12000', '9.9')
    """
    return str(value) if isinstance(value, int) else f"{value:.1f}"


def _rate(value: float) -> str:
    """Three digits that matter.

    >>> _rate(0.123456), _rate(12.3456), _rate(39_123.4)
    ('0.123', '12.3', '39,123')
    """
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _value(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:.4g}"


def _clock(seconds: float) -> str:
    """Seconds as a person says them.

    >>> _clock(0.025), _clock(4.25), _clock(42.3), _clock(75), _clock(3725), _clock(math.inf)
    ('25 ms', '4.2 s', '42 s', '1:15', '1:02:05', '?')
    """
    if math.isinf(seconds):
        return "?"
    if seconds < 0.1:
        return f"{1000 * seconds:.0f} ms"
    if seconds < 10:
        return f"{seconds:.1f} s"
    if round(seconds) < 60:
        return f"{seconds:.0f} s"
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


class Face(Protocol):
    """Where ticks are shown: called at the start, at most 10 times a second, and at the end."""

    def show(self, tick: Tick) -> None: ...


class PlainFace:
    """One line when the loop ends, for pipes and files. A closed stream is no error."""

    def __init__(self, out: TextIO | None) -> None:
        self.out = out

    def show(self, tick: Tick) -> None:
        if tick.state != RUNNING:
            self.write(f"{tick}\n")

    def write(self, text: str) -> None:
        if self.out is None:  # pythonw.exe has no stderr
            return
        try:
            encoding = getattr(self.out, "encoding", None) or "utf-8"
            self.out.write(text.encode(encoding, "replace").decode(encoding))
            self.out.flush()
        except (OSError, ValueError):  # the reader went away: go on without showing anything
            self.out = None


class TerminalFace(PlainFace):
    """One line that is written over itself; the last one stays."""

    shown = 0  # characters on the line now

    def show(self, tick: Tick) -> None:
        filled = round(20 * tick.share)
        line = f"[{'#' * filled}{'.' * (20 - filled)}] {tick}"
        line = line[: self.columns() - 1]
        blanks = " " * (self.shown - len(line))  # cover what the last line leaves behind
        self.write(f"\r{line}{blanks}" + "\n" * (tick.state != RUNNING))
        self.shown = len(line) if tick.state == RUNNING else 0

    def columns(self) -> int:
        """The width of the terminal; a longer line would wrap and could not be written over."""
        try:
            return os.get_terminal_size(self.out.fileno() if self.out else 2).columns or 80
        except (OSError, ValueError):
            return 80


class NotebookFace:
    """One line of HTML, updated in place; plain text where HTML is not shown."""

    handle: Any = None

    def show(self, tick: Tick) -> None:
        from IPython.display import display  # only a notebook gets here

        data = {"text/html": tick_html(tick), "text/plain": str(tick)}
        if self.handle is None:
            self.handle = display(data, raw=True, display_id=True)
        else:
            self.handle.update(data, raw=True)
        if tick.state != RUNNING:
            self.handle = None  # the same bar used again starts a new line


def tick_html(tick: Tick) -> str:
    """The tick as one line of HTML that follows the notebook's theme and needs no script."""
    text = html.escape(str(tick))
    return (
        '<div style="font-family: var(--jp-code-font-family, monospace); '
        'color: var(--jp-ui-font-color1, inherit)">'
        f'<progress value="{tick.share:.4f}" max="1" aria-label="{html.escape(tick.label)}" '
        f'style="width: 16em; vertical-align: middle"></progress> {text}</div>'
    )


def face_for(out: TextIO | None) -> Face:
    """The face that suits this process: a notebook's, else a terminal's or a pipe's."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    if getattr(shell, "kernel", None) is not None:
        return NotebookFace()
    try:
        return TerminalFace(out) if out is not None and out.isatty() else PlainFace(out)
    except ValueError:  # a closed stream
        return PlainFace(None)


class Progress(Generic[T]):
    """Shows how far a loop is: `for batch in Progress(loader)`.

    items   anything to loop over; it may be looped over again
    total   how many; needed only where len(items) is not known
    label   text in front, such as "epoch 3"
    unit    what is counted, when it is not items; then call advance() yourself
    face    where it is shown; without one, the notebook, terminal or pipe of this process
    every   least seconds between two updates

    A loop left by break or by an exception leaves a line "stopped at ...". note(loss=0.3) puts
    a value beside the bar. Without items: `with Progress(total=9.9, unit="MB") as bar` and
    bar.advance(0.1).
    """

    def __init__(
        self,
        items: Iterable[T] = (),
        total: float | None = None,
        label: str = "",
        unit: str = "",
        face: Face | None = None,
        every: float = 0.1,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        if total is None and not isinstance(items, Sized):
            says = f"{type(items).__name__} has no length to measure against"
            raise TypeError(f"{says}: give total=, the number of its items")
        self.items, self.label, self.unit, self.every = items, label, unit, every
        self.total = total
        self.face = face or face_for(sys.stderr)
        self.clock = clock
        self.state = ""  # not begun
        self._notes: dict[str, float | str] = {}

    def __len__(self) -> int:
        return len(self.items) if isinstance(self.items, Sized) else int(self.total or 0)

    def __iter__(self) -> Iterator[T]:
        self.start()
        try:
            for item in self.items:
                yield item
                self.advance()
            self.close(DONE)
        finally:
            self.close()  # reached without DONE by break (the generator is closed) or an exception

    def __enter__(self) -> Progress[T]:
        self.start()
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        self.close(STOPPED if kind else DONE)

    def start(self) -> None:
        """Begins to count, at zero; a loop does it by itself."""
        self.done: float = 0
        self.state = RUNNING
        self._notes = {}
        self._began = self._shown = self.clock()
        self.face.show(self.tick())

    def advance(self, amount: float = 1) -> None:
        """Counts `amount` more as done; a loop does it after each item."""
        self.done += amount
        now = self.clock()
        if now - self._shown >= self.every:
            self._shown = now
            self.face.show(self.tick())

    def note(self, **values: Any) -> None:
        """Values to show beside the bar: text as it is, everything else as float(value)."""
        for name, value in values.items():
            self._notes[name] = value if isinstance(value, str) else float(value)

    def close(self, state: str = STOPPED) -> None:
        """Ends the line; a second call does nothing."""
        if self.state == RUNNING:
            self.state = state
            self.face.show(self.tick())

    def tick(self) -> Tick:
        """The facts now."""
        total = self.total if self.total is not None else len(self)
        seconds = self.clock() - self._began
        notes = dict(self._notes)
        return Tick(self.done, total, seconds, self.state, self.label, self.unit, notes)
