"""What people decide, in GRADES/adjust.json: late days, extensions, other points, a note.

    {
      "lost_per_day": 0.1,
      "due": {"01_one_number": "2026-11-02T23:59+01:00"}, "grace_minutes": 15,
      "students": {
        "ann": {"late_days": 2, "overrides": {"q2": 1.5}, "note": "...",
                "marks": {"e1": {"comment": "...", "met": ["names the graph"], "read": "4f..."}}},
        "bob": {"01_one_number": {"extra_days": 3, "overrides": {"q1": 2}}}
      }
    }

What stands under the name of an assignment counts for that one only. Nothing here ever writes
the file, so a regrade cannot undo what a person decided; a word that is not known is refused.
"""

from __future__ import annotations

import difflib
import json
import math
from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from datetime import datetime
from pathlib import Path
from typing import Any

from .journal import Result, file_name

KEYS = ("lost_per_day", "due", "grace_minutes", "students")


@dataclass(frozen=True)
class Mark:
    """What a person said of one answer, beside its points, which are an override.

    met    the criteria of the rubric that it meets      read   the digest of the text that was read
    """

    comment: str = ""
    met: tuple[str, ...] = ()
    read: str = ""


@dataclass(frozen=True)
class Adjustment:
    """A person's word on one student's assignment."""

    late_days: float | None = None  # None: counted from the time of the file, if there is a due
    extra_days: float = 0.0  # an extension
    overrides: dict[str, float] = field(default_factory=dict)  # question -> points
    note: str = ""
    marks: dict[str, Mark] = field(default_factory=dict)  # question -> what was said of it


@dataclass(frozen=True)
class Adjustments:
    """All that adjust.json says about one assignment."""

    lost_per_day: float = 0.0  # the share of the points that each late day costs
    due: float | None = None  # seconds since 1970
    grace_minutes: float = 0.0
    students: dict[str, Adjustment] = field(default_factory=dict)

    def of(self, student: str) -> Adjustment:
        return self.students.get(student, Adjustment())

    def late_days(self, student: str, handed_in: float) -> float:
        """Begun days after the due time and its extension; what a person wrote comes first."""
        own = self.of(student)
        if own.late_days is not None:
            return own.late_days
        if self.due is None or not handed_in:
            return 0.0
        seconds = handed_in - self.due - 86_400 * own.extra_days
        return 0.0 if seconds <= 60 * self.grace_minutes else float(math.ceil(seconds / 86_400))


def adjustments(folder: Path, assignment: str, questions: Iterable[str] = ()) -> Adjustments:
    """What adjust.json in `folder` says of an assignment. Raises ValueError for what is not known.

    questions   the ids there are, for overrides; () accepts any
    """
    path = Path(folder) / "adjust.json"
    if not path.exists():
        return Adjustments()
    try:
        data = json.loads(path.read_text("utf-8-sig"))
    except ValueError as error:
        raise ValueError(f"{path} is not JSON: {error}") from None
    demand(isinstance(data, dict), path, "it must hold one {...}")
    check_keys(path, data, KEYS, "it")
    students = {}
    entries = data.get("students", {})
    demand(isinstance(entries, dict), path, '"students" must be {name: {...}}')
    for name, entry in entries.items():
        students[name] = adjustment(path, name, entry, assignment, list(questions))
    due = data.get("due", {})
    demand(isinstance(due, dict), path, '"due" must be {assignment: time}')
    return Adjustments(
        number(path, "lost_per_day", data.get("lost_per_day", 0.0), 1.0),
        instant(path, due[assignment]) if assignment in due else None,
        number(path, "grace_minutes", data.get("grace_minutes", 0.0)),
        students,
    )


def adjustment(
    path: Path, name: str, entry: Any, assignment: str, questions: list[str]
) -> Adjustment:
    """One student's entry: what counts for all assignments, then what counts for this one."""
    where = f"students.{name}"
    demand(isinstance(entry, dict), path, f"{where} must be {{...}}")
    known = [f.name for f in fields(Adjustment)]
    for_all = {key: value for key, value in entry.items() if not isinstance(value, dict)}
    for_all |= {key: entry[key] for key in ("overrides", "marks") if key in entry}
    for key in entry:
        if key not in for_all and not key[:2].isdigit():
            check_keys(path, {key: 0}, known, where)
    own = entry.get(assignment, {})
    demand(isinstance(own, dict), path, f"{where}.{assignment} must be {{...}}")
    values: dict[str, Any] = {}
    for place, said in ((where, for_all), (f"{where}.{assignment}", own)):
        check_keys(path, said, known, place)
        for key, value in said.items():
            inner = f"{place}.{key}"
            if key == "overrides":
                demand(isinstance(value, dict), path, f"{inner} must be {{question: points}}")
                points = {q: number(path, f"{inner}.{q}", p) for q, p in value.items()}
                if said is own or not graded_here(path, assignment):
                    check_keys(path, points, questions or list(points), inner)
                points = {q: p for q, p in points.items() if not questions or q in questions}
                values["overrides"] = values.get("overrides", {}) | points
            elif key == "marks":
                demand(isinstance(value, dict), path, f"{inner} must be {{question: {{...}}}}")
                read = {id: mark(path, f"{inner}.{id}", m) for id, m in value.items()}
                values["marks"] = values.get("marks", {}) | read
            elif key == "note":
                demand(isinstance(value, str), path, f"{inner} must be a text")
                values["note"] = value
            else:
                values[key] = number(path, inner, value)
    return Adjustment(**values)


def mark(path: Path, where: str, said: Any) -> Mark:
    """What was said of one answer. Raises ValueError for a word or a kind that is not known."""
    demand(isinstance(said, dict), path, f"{where} must be {{...}}")
    check_keys(path, said, [f.name for f in fields(Mark)], where)
    comment, met, read = said.get("comment", ""), said.get("met", []), said.get("read", "")
    texts = isinstance(met, list) and all(isinstance(text, str) for text in (comment, read, *met))
    demand(texts, path, f"{where} must hold texts, and a list of texts under met")
    return Mark(comment, tuple(met), read)


def graded_here(path: Path, but: str) -> bool:
    """Whether other assignments are graded into the same folder: a question may be theirs."""
    folders = (path.parent / "journal").glob("*/")
    return any(folder.name != file_name(but) for folder in folders)


def demand(holds: bool, path: Path, what: str) -> None:
    if not holds:
        raise ValueError(f"{path}: {what}")


def check_keys(path: Path, data: dict[str, Any], known: Iterable[str], where: str) -> None:
    known = list(known)
    for key in data:
        if key not in known:
            near = difflib.get_close_matches(key, known, 1, 0.4)
            meant = f"; did you mean {near[0]!r}?" if near else ""
            raise ValueError(
                f"{path}: {where} has no {key!r}{meant} There are: {', '.join(known)}."
            )


def number(path: Path, where: str, value: Any, most: float = math.inf) -> float:
    """A number from 0 to `most`. Raises ValueError for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{path}: {where} must be a number, not {value!r}")
    if not 0 <= value <= most or math.isinf(value):
        limit = f"0 to {most:g}" if most < math.inf else "0 or more"
        raise ValueError(f"{path}: {where} must be {limit}, not {value!r}")
    return float(value)


def instant(path: Path, text: Any) -> float:
    """A time as seconds since 1970; one without a zone is this machine's."""
    try:
        return datetime.fromisoformat(text).timestamp()
    except (TypeError, ValueError):
        raise ValueError(
            f"{path}: {text!r} is not a time. Write it like 2026-11-02T23:59+01:00"
        ) from None


def total(results: list[Result], own: Adjustment, late_days: float, lost_per_day: float) -> float:
    """A student's points after overrides and late days; never below zero."""
    points = {r.question: r.points for r in results} | own.overrides
    return max(0.0, sum(points.values()) * (1 - lost_per_day * late_days))
