"""Everything people read after grading, from the journal alone: pages for students, tables.

GRADES/feedback/<assignment>/<student>.html   their code, what failed and why
GRADES/<assignment>.csv                       one row a student: questions, total, statuses
GRADES/<assignment>.canvas.csv                for Canvas' gradebook import
GRADES/<assignment>.nbgrader.csv              nbgrader's columns
GRADES/<assignment>.class.html                histogram, mistakes, hardest question
"""

from __future__ import annotations

import csv
import io
from pathlib import Path

from .batch import results_of
from .feedback import class_page, student_page
from .journal import Adjustment, Journal, Result, adjustments, file_name, total, write_atomically
from .spec import Spec

Grades = dict[str, list[Result]]
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet would run a cell that begins so


def write_reports(spec: Spec, out: Path) -> list[Path]:
    """Write every report; the paths written."""
    grades = results_of(Journal(out, spec.assignment), spec)
    lost_per_day, adjusted = adjustments(out)
    totals = {
        student: total(results, adjusted.get(student), lost_per_day)
        for student, results in grades.items()
    }
    name = file_name(spec.assignment)
    files = {
        f"{name}.csv": grades_csv(spec, grades, totals, adjusted),
        f"{name}.canvas.csv": canvas_csv(spec, totals),
        f"{name}.nbgrader.csv": nbgrader_csv(spec, grades, totals, adjusted),
        f"{name}.class.html": class_page(spec, grades, totals),
    }
    for student, results in grades.items():
        page = student_page(spec, student, results, adjusted.get(student), totals[student])
        files[f"feedback/{name}/{file_name(student)}.html"] = page
    for path, text in files.items():
        write_atomically(Path(out) / path, text.encode("utf-8", "replace"))
    return [Path(out) / path for path in files]


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


def grades_csv(
    spec: Spec, grades: Grades, totals: dict[str, float], adjusted: dict[str, Adjustment]
) -> str:
    header = ["student", "total", "max"]
    for question in spec.questions:
        header += [question.id, f"{question.id} status"]
    header += ["late days", "overrides", "sandbox"]
    rows: list[list[object]] = []
    for student, results in grades.items():
        by_id = {result.question: result for result in results}
        row: list[object] = [student, totals[student], spec.points]
        for question in spec.questions:
            result = by_id.get(question.id)
            row += [result.points, result.status] if result else ["", ""]
        own = adjusted.get(student, Adjustment())
        changes = " ".join(f"{name}={points:g}" for name, points in own.overrides.items())
        levels = " ".join(sorted({result.level for result in results if result.level}))
        rows.append([*row, own.late_days, changes, levels])
    return table(header, rows)


def canvas_csv(spec: Spec, totals: dict[str, float]) -> str:
    """Canvas matches SIS User ID; the second row states the points possible."""
    header = ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", spec.title]
    rows: list[list[object]] = [["    Points Possible", "", "", "", "", spec.points]]
    rows += [[student, "", student, student, "", points] for student, points in totals.items()]
    return table(header, rows)


def nbgrader_csv(
    spec: Spec, grades: Grades, totals: dict[str, float], adjusted: dict[str, Adjustment]
) -> str:
    """The columns that `nbgrader export` writes."""
    header = ["assignment", "duedate", "timestamp", "student_id", "last_name", "first_name"]
    header += ["email", "lms_user_id", "raw_score", "late_submission_penalty", "score", "max_score"]
    rows: list[list[object]] = []
    for student, results in grades.items():
        own = adjusted.get(student, Adjustment())
        raw = sum(own.overrides.get(result.question, result.points) for result in results)
        penalty = raw - totals[student]
        names: list[object] = [spec.assignment, "", "", student, "", "", "", ""]
        rows.append([*names, raw, penalty, totals[student], spec.points])
    return table(header, rows)
