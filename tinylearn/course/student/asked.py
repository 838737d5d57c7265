"""A question as a student's copy knows it, and the public file that it comes from.

find_public(name, folder) -> Path            checks/NN_topic.json, beside the notebook or above
read_question(body, given) -> Question       without an answer: there is none in that file
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..question import Open, Question


class CheckFailed(AssertionError):
    """A check that did not pass. A notebook shows the message alone, without a traceback."""

    def _render_traceback_(self) -> list[str]:
        return [str(self)]


@dataclass
class Asked:
    """A question as the student's copy knows it."""

    question: Question
    data: dict[str, Any]
    assignment: str
    given: dict[str, Any]  # what the setup cells define
    setup: str  # and their text
    answer: Any = None
    hints_shown: int = 0
    passed: bool = False

    @property
    def says(self) -> str:
        """The question in a line: q1. Strides, 2 points."""
        q = self.question
        return f"{q.id}. {q.title or q.answer}, {points_text(q.points)}"


def points_text(points: float) -> str:
    """
    >>> points_text(1), points_text(2.5)
    ('1 point', '2.5 points')
    """
    return f"{points:g} point{'s' * (points != 1)}"


def read_question(body: dict[str, Any], given: dict[str, Any]) -> Question:
    names = ("id", "answer", "part", "title", "points", "rtol", "atol")
    question = Question(hints=tuple(body["hints"]), **{name: body[name] for name in names})
    question.forbid, question.world = tuple(body.get("forbid", ())), body["world"]
    question.may_change = tuple(body.get("may_change", ()))
    question.kernels = body.get("kernels", False)
    if body["judge"]:
        namespace = given | {"Open": Open}
        exec(compile(body["judge"], "<judge>", "exec"), namespace)
        question.judge = namespace["judge"]
    return question


def find_public(name: str, folder: str | Path | None = None) -> Path:
    """The public file of a chapter: beside the notebook, or in a folder above it."""
    here = Path(folder or os.environ.get("TINYLEARN_EXERCISES") or Path.cwd()).resolve()
    looked = [place for above in (here, *here.parents) for place in (above, above / "exercises")]
    for place in looked:
        path = place / "checks" / f"{name}.json"
        if path.is_file():
            return path
    raise CheckFailed(
        f"The checks of {name} are not here. Put the notebook back beside the folder `checks`\n"
        f"it came with, or name the place: tl.course.exercise({name!r}, folder=...)."
    )
