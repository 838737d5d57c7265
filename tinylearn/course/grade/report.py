"""Everything people read after grading, from the journal alone: pages for students, tables.

GRADES/feedback/<assignment>/<student>.html   their code, what failed and why
GRADES/<assignment>.csv                       one row a student: questions, total, statuses
GRADES/<assignment>.canvas.csv                for Canvas' gradebook import
GRADES/<assignment>.nbgrader.csv              nbgrader's columns
GRADES/<assignment>.class.html                histogram, mistakes, hardest question, checks
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from ..spec import Spec
from .adjust import Adjustments, adjustments, total
from .essays import Read, reading
from .feedback import class_page, student_page
from .journal import Journal, Result, file_name, locked, write_atomically
from .roster import handed_in

FORMULA = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet would run a cell that begins so


@dataclass
class Row:
    """One student: the results without code and messages, which the page alone needs."""

    student: str
    results: list[Result]
    late_days: float = 0.0
    total: float = 0.0
    removed: bool = False
    number: str = ""  # in Canvas
    modified: float = 0.0
    overrides: dict[str, float] | None = None
    read: tuple[Read, ...] = ()  # the answers in words

    @property
    def by_id(self) -> dict[str, Result]:
        return {result.question: result for result in self.results}

    def points(self, question: str) -> float | None:
        if question in (self.overrides or {}):
            return (self.overrides or {})[question]
        found = self.by_id.get(question)
        return found.points if found else None


def write_reports(
    spec: Spec, out: Path, problems: list[str] | None = None, pages: bool = True
) -> list[Path]:
    """Write every report; the paths written.

    problems   gets what a person should look at: records changed by hand, names not known
    pages      False leaves the students' pages as they are
    Raises     ValueError for an adjust.json that is not understood
    """
    problems = [] if problems is None else problems
    out = Path(out)
    said = adjustments(out, spec.assignment, spec.ids)
    with locked(out):
        written, rows = [], []
        for row, results in graded(spec, out, said, problems):
            rows.append(row)
            if pages:
                page = student_page(spec, row.student, results, said.of(row.student), row)
                path = out / feedback_path(spec, row.student)
                written.append(write_report(path, page))
        unknown = sorted(set(said.students) - {row.student for row in rows})
        problems += [f"adjust.json: nobody called {name!r} is graded here" for name in unknown]
        problems += looks_at_reading(spec, rows)
        rows.sort(key=lambda row: row.student)
        name = file_name(spec.assignment)
        tables = {
            f"{name}.csv": grades_csv(spec, rows),
            f"{name}.canvas.csv": canvas_csv(spec, rows),
            f"{name}.nbgrader.csv": nbgrader_csv(spec, rows),
            f"{name}.class.html": class_page(spec, rows),
        }
        return written + [write_report(out / path, text) for path, text in tables.items()]


def feedback_path(spec: Spec, student: str) -> str:
    return f"feedback/{file_name(spec.assignment)}/{file_name(student)}.html"


def graded(
    spec: Spec, out: Path, said: Adjustments, problems: list[str]
) -> list[tuple[Row, list[Result]]]:
    """Each student's row and whole results, one after another."""
    order = {id: place for place, id in enumerate(spec.ids)}
    noted = handed_in(out, spec.assignment)

    def rows():  # type: ignore[no-untyped-def]
        for found in Journal(out, spec.assignment).by_student(problems):
            results = [result for result in found if result.question in order]
            if not results:
                continue
            results.sort(key=lambda result: order[result.question])
            student = results[0].student
            own, entry = said.of(student), noted.get(student, {})
            modified = float(entry.get("modified") or 0)
            late = said.late_days(student, modified)
            yield Row(
                student, [slim(result) for result in results], late,
                total(results, own, late, said.lost_per_day), bool(entry.get("removed")),
                str(entry.get("number", "")), modified, own.overrides,
                tuple(reading(spec, results, own)),
            ), results  # fmt: skip

    return rows()  # type: ignore[no-any-return]


def looks_at_reading(spec: Spec, rows: list[Row]) -> list[str]:
    """What is still to be read, and what was handed in anew after somebody had read it."""
    looks = []
    for essay in spec.essays:
        own = [(row.student, one) for row in rows for one in row.read if one.essay is essay]
        if waiting := sum(one.waits for _, one in own):
            looks.append(
                f"{essay.id}: {waiting} of {len(own)} answers are to be read;"
                f" tinylearn course review --question {essay.id}"
            )
        anew = [student for student, one in own if one.has_changed]
        looks += [f"{student}: {essay.id} was read, and then changed" for student in anew]
    return looks


def slim(result: Result) -> Result:
    """A result without what only its student's page shows: a class has thousands."""
    checks = tuple(replace(check, message="") for check in result.checks)
    return replace(result, code="", prints="", message="", notes=(), checks=checks)


def write_report(path: Path, text: str) -> Path:
    """Write what differs: a report follows from the journal, and need not survive a crash."""
    data = text.encode("utf-8", "replace")
    if not path.is_file() or path.read_bytes() != data:
        write_atomically(path, data, durable=False)
    return path


# ---------------------------------------------------------------- tables


def table(header: list[str], rows: list[list[object]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows([[plain(value) for value in row] for row in rows])
    return text.getvalue()


def plain(value: object) -> object:
    """A cell that no spreadsheet takes for a formula: names come from strangers."""
    if isinstance(value, float):
        return f"{value:g}"
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value


def grades_csv(spec: Spec, rows: list[Row]) -> str:
    header = ["student", "total", "max"]
    for question in spec.questions:
        header += [question.id, f"{question.id} status"]
    for essay in spec.essays:
        header += [essay.id, f"{essay.id} status"]
    header += ["late days", "overrides", "sandbox", "state", "file time"]
    lines: list[list[object]] = []
    for row in rows:
        line: list[object] = [row.student, row.total, spec.points]
        by_id = row.by_id
        for question in spec.questions:
            result = by_id.get(question.id)
            line += [result.points, result.status] if result else ["", "not graded yet"]
        own = {one.essay.id: one for one in row.read}
        for essay in spec.essays:
            line += words_of(own.get(essay.id))
        changes = " ".join(f"{name}={points:g}" for name, points in (row.overrides or {}).items())
        levels = " ".join(sorted({result.level for result in row.results if result.level}))
        lines.append([*line, row.late_days, changes, levels, state(spec, row), when(row.modified)])
    return table(header, lines)


def words_of(one: Read | None) -> list[object]:
    """The points for an answer in words, if there are any yet, and how far it has come."""
    if one is None:
        return ["", "not collected yet"]
    return ["" if one.points is None else one.points, one.stage]


def state(spec: Spec, row: Row) -> str:
    """What a person must know before the total is used."""
    if row.removed:
        return "removed: no longer among the submissions"
    if len(row.results) < len(spec.ids):
        return "incomplete: run grade again"
    waiting = [one.essay.id for one in row.read if one.waits]
    return f"incomplete: {', '.join(waiting)} to be read" if waiting else ""


def when(modified: float) -> str:
    return datetime.fromtimestamp(modified, UTC).isoformat(timespec="seconds") if modified else ""


def canvas_csv(spec: Spec, rows: list[Row]) -> str:
    """Canvas matches ID or SIS User ID; the second row states the points possible.

    An empty cell leaves the gradebook as it is: so a total waits until all is read.
    """
    header = ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", spec.title]
    lines: list[list[object]] = [["    Points Possible", "", "", "", "", spec.points]]
    for row in rows:
        own = "" if row.number else row.student
        waits = any(one.waits for one in row.read)
        lines.append([row.student, row.number, own, own, "", "" if waits else row.total])
    return table(header, lines)


def nbgrader_csv(spec: Spec, rows: list[Row]) -> str:
    """The columns that `nbgrader export` writes."""
    header = ["assignment", "duedate", "timestamp", "student_id", "last_name", "first_name"]
    header += ["email", "lms_user_id", "raw_score", "late_submission_penalty", "score", "max_score"]
    lines: list[list[object]] = []
    for row in rows:
        raw = sum(row.points(id) or 0.0 for id in spec.ids)
        known: list[object] = [spec.assignment, "", when(row.modified), row.student, "", "", ""]
        lines.append([*known, row.number, raw, raw - row.total, row.total, spec.points])
    return table(header, lines)


# ---------------------------------------------------------------- over chapters


def write_totals(out: Path) -> Path:
    """GRADES/totals.csv: each student's points in every assignment that has a table in `out`.

    Raises ValueError where there is no table yet.
    """
    known, most = [], Counter[str]()
    points: dict[str, dict[str, str]] = {}
    for path in sorted(Path(out).glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        if not rows or not {"student", "total", "max", "state"} <= set(rows[0]):
            continue
        known.append(path.stem)
        for row in rows:
            points.setdefault(row["student"], {})[path.stem] = row["total"]
            most[path.stem] = float(row["max"])  # type: ignore[assignment]
    if not known:
        raise ValueError(f"{out} holds no table of grades: run grade first")
    lines: list[list[object]] = []
    for student, own in sorted(points.items()):
        sums = sum(float(value) for value in own.values())
        lines.append([student, sums, *(own.get(name, "") for name in known)])
    maxima: list[object] = ["(points possible)", float(sum(most.values()))]
    lines.insert(0, maxima + [float(most[name]) for name in known])
    return write_report(Path(out) / "totals.csv", table(["student", "total", *known], lines))
