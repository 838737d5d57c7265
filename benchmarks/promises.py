"""Times that are promised as they are, beside no peer's: what a reader waits for in a notebook.

Each is taken several times, and the median is shown beside its bar.
"""

from __future__ import annotations

import importlib.util
import json
import time
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from dataclasses import replace
from io import StringIO
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

import tinylearn as tl

ROOT = Path(__file__).resolve().parents[1]
SECONDS = 60.0  # for one call of an answer
CHECK, LAYOUT, UPDATE = 10.0, 1000.0, 1.0  # milliseconds: the bars


def promises(rounds: int, small: bool) -> dict[str, dict[str, float]]:
    """{what: milliseconds of the thread's CPU time, and the bar}."""
    found = {
        "layout of 5,000 nodes": (layout(4 if small else 172), LAYOUT),
        "update of the dashboard": (update(50 if small else 5000), UPDATE),
    }
    chapters = sorted(path.stem for path in (ROOT / "solutions").glob("[0-9][0-9]_*.py"))
    if not importlib.util.find_spec("jupytext"):
        print("the checks of the exercises are left out: they need the extra [course]")
        chapters = []
    for chapter in chapters[:1] if small else chapters:
        found |= {f"check {chapter} {name}": (run, CHECK) for name, run in checks(chapter)}
    return {
        what: {"cpu_ms": median(milliseconds(run) for _ in range(rounds)), "bar_ms": bar}
        for what, (run, bar) in found.items()
    }


def milliseconds(run: Callable[[], object]) -> float:
    """CPU time of this thread."""
    began = time.thread_time_ns()
    run()
    return (time.thread_time_ns() - began) / 1e6


def layout(layers: int) -> Callable[[], object]:
    """Places for every node of a deep model's loss and gradients: 172 layers are 5,030 nodes."""
    from tinylearn.viz.faces.picture import Picture
    from tinylearn.viz.layout.views import add_views

    parts = [p for _ in range(layers) for p in (tl.nn.Linear(16, 16), tl.nn.ReLU())]
    model = tl.nn.Sequential(*parts)
    loss = model(tl.Tensor(np.ones((8, 16), np.float32))).cross_entropy(tl.Tensor([3] * 8))
    loss.backward()
    shown = tl.draw(loss, *(w.grad for w in model.parameters()))
    assert isinstance(shown, Picture)
    return lambda: add_views(shown.trace)


def update(steps: int) -> Callable[[], object]:
    """What the training dashboard draws after so many steps."""
    from tinylearn.viz.training.dashboard import CurvesFace, progress

    class Recorder:
        def show(self, tick: Any) -> None: ...

    bar = progress(range(steps), face=Recorder())
    for step in bar:
        bar.note(loss=1 / (1 + step))
    return lambda: CurvesFace(bar.history, lambda last: "").html(replace(bar.tick(), state=""))


def checks(chapter: str) -> Iterator[tuple[str, Callable[[], object]]]:
    """The visible checks of each question, on the course's own answer, once warm."""
    from tinylearn.course.author.source import private_spec, read_source
    from tinylearn.course.student import session as student

    source = private_spec(read_source(ROOT / "solutions" / f"{chapter}.py"))
    given = json.loads((ROOT / "exercises" / "checks" / f"{chapter}.json").read_text())
    with redirect_stdout(StringIO()):
        tl.course.exercise(chapter, ROOT / "exercises")
    namespace: dict[str, Any] = {"tl": tl}
    exec(given["setup"], namespace)
    for asked in student._session.asked:
        exec(source["questions"][asked.question.id]["solution"], namespace)

        def run(asked: Any = asked) -> None:
            for number, case in enumerate(asked.data["cases"], 1):
                if failure := student.failure(asked, case, number, SECONDS):
                    raise ValueError(failure)

        run()
        yield asked.question.id, run
