"""The journal: one JSON file for each student and question, complete or not there at all.

    journal/<assignment>/<student>/<question>.json     a result, written, flushed, renamed
    adjust.json                                        the staff's own: late days, overrides

A grader killed at any moment leaves whole records and perhaps one nameless temporary file. A
record tells by its digest what it was made from, so a rerun grades only what changed. Nothing
here ever writes adjust.json: a regrade cannot undo what a person decided.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import tempfile
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

STATUSES = (
    "passed", "partial", "wrong", "error", "timeout", "memory", "crashed", "not attempted",
    "unreadable",
)  # fmt: skip


@dataclass(frozen=True)
class CheckResult:
    """How one check went. `message` is for the student: visible checks say all, others how."""

    name: str
    points: float
    most: float
    passed: bool
    is_visible: bool
    message: str = ""


@dataclass(frozen=True)
class Result:
    """The grade of one question of one student."""

    assignment: str
    student: str
    question: str
    status: str
    points: float
    most: float
    message: str = ""
    says: str = ""  # the sentence for a known mistake
    checks: tuple[CheckResult, ...] = ()
    code: str = ""
    notes: tuple[str, ...] = ()
    prints: str = ""
    level: str = ""
    digest: str = ""
    seconds: float = 0.0
    extra: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        assert self.status in STATUSES, f"no such status: {self.status}"


class Journal:
    """Records below one folder. Safe for many writers: each record has one name of its own."""

    def __init__(self, folder: Path, assignment: str):
        self.folder = Path(folder) / "journal" / file_name(assignment)
        self.assignment = assignment

    def path(self, student: str, question: str) -> Path:
        return self.folder / file_name(student) / f"{file_name(question)}.json"

    def write(self, result: Result) -> None:
        """Replace a record as a whole: it is the old one or the new one at every moment."""
        write_atomically(self.path(result.student, result.question), to_json(asdict(result)))

    def read(self, student: str, question: str) -> Result | None:
        """A record, or None if there is none that can be read."""
        try:
            return from_json(self.path(student, question).read_bytes())
        except (OSError, ValueError, TypeError, KeyError, AssertionError):
            return None

    def all(self) -> list[Result]:
        """Every record, by student and question."""
        found = []
        for path in sorted(self.folder.glob("*/*.json")):
            try:
                found.append(from_json(path.read_bytes()))
            except (OSError, ValueError, TypeError, KeyError, AssertionError):
                continue  # a damaged record is graded again
        return sorted(found, key=lambda result: (result.student, result.question))

    def tidy(self) -> None:
        """Remove what a killed grader left half-written."""
        for path in self.folder.glob("*/.new-*"):
            path.unlink(missing_ok=True)


def to_json(data: Any) -> bytes:
    return (json.dumps(data, indent=1, ensure_ascii=True, sort_keys=True) + "\n").encode("ascii")


def from_json(text: bytes) -> Result:
    data = json.loads(text)
    checks = tuple(CheckResult(**check) for check in data.pop("checks"))
    return Result(**data | {"checks": checks, "notes": tuple(data["notes"])})


def write_atomically(path: Path, data: bytes) -> None:
    """Write beside, flush to disk, rename, flush the folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(prefix=".new-", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    if os.name == "posix":
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def file_name(text: str) -> str:
    """A safe file name for any text: letters kept, and a digest where something was lost.

    >>> file_name("alice"), file_name("../etc")[:4]
    ('alice', 'etc-')
    """
    kept = re.sub(r"[^a-z0-9_.-]+", "-", text.lower()).strip("-.")[:60] or "x"
    if kept == text:
        return kept
    return f"{kept}-{hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()[:10]}"


# ---------------------------------------------------------------- what people decide


@dataclass(frozen=True)
class Adjustment:
    """A person's word on one student's assignment."""

    late_days: float = 0.0
    overrides: dict[str, float] = field(default_factory=dict)  # question -> points
    note: str = ""


def adjustments(folder: Path) -> tuple[float, dict[str, Adjustment]]:
    """The share lost per late day, and each student's adjustment, from adjust.json.

    {"lost_per_day": 0.1, "students": {"ann": {"late_days": 2, "overrides": {"q2": 1.5}}}}
    """
    path = Path(folder) / "adjust.json"
    if not path.exists():
        return 0.0, {}
    data = json.loads(path.read_text("utf-8"))
    students = {name: Adjustment(**entry) for name, entry in data.get("students", {}).items()}
    return float(data.get("lost_per_day", 0.0)), students


def total(results: list[Result], adjustment: Adjustment | None, lost_per_day: float) -> float:
    """A student's points after overrides and late days; never below zero."""
    adjustment = adjustment or Adjustment()
    points = sum(adjustment.overrides.get(r.question, r.points) for r in results)
    return max(0.0, points * (1 - lost_per_day * adjustment.late_days))
