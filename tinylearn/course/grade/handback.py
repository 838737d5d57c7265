"""Feedback to upload, work that looks alike, points given by hand: what staff do after grading.

feedback_zip(spec, out, path)     each page under the name that the system of origin expects
similar(spec, out, least)         pairs of students whose code is alike, as a table
review_page(spec, out, question)  one page to read and grade a question by hand
merge_review(path, out)           what that page saved, into adjust.json
"""

from __future__ import annotations

import csv
import io
import json
import re
import tempfile
import zipfile
from collections.abc import Iterator
from html import escape
from itertools import combinations
from pathlib import Path
from typing import Any

from .. import names
from ..spec import Spec
from .adjust import adjustments
from .feedback import page
from .journal import Journal, Result, file_name, json_bytes, locked, write_atomically
from .report import feedback_path, plain
from .roster import handed_in


def feedback_zip(spec: Spec, out: Path, path: Path) -> int:
    """Write every student's page into a zip; how many. Raises ValueError where there is none.

    Moodle finds a page in the folder it gave the student, Canvas by the numbers in the file's
    name; all others get student.html.
    """
    noted, count = handed_in(out, spec.assignment), 0
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for results in Journal(out, spec.assignment).by_student([]):
            student = results[0].student
            made = Path(out) / feedback_path(spec, student)
            if made.is_file():
                source = str(noted.get(student, {}).get("source", ""))
                archive.write(made, name_to_upload(student, source))
                count += 1
    if not count:
        path.unlink()
        raise ValueError(f"{out} holds no feedback for {spec.assignment}: run grade first")
    return count


def name_to_upload(student: str, source: str) -> str:
    """Where a system looks for the feedback of a student whose work came from `source`.

    >>> name_to_upload("ann", "in/ann_LATE_11_22_work.ipynb")
    'ann_LATE_11_22_feedback.html'
    """
    for part in re.split(r"[/\\:]", source):
        if names.MOODLE.fullmatch(part) and "." not in part:
            return f"{part}/feedback.html"
        if found := names.CANVAS.fullmatch(part):
            return f"{part.removesuffix(found['file'])}feedback.html"
    return f"{file_name(student)}.html"


# ---------------------------------------------------------------- work that looks alike


def similar(spec: Spec, out: Path, least: float = 0.8) -> Path:
    """Write GRADES/<assignment>.similar.csv: pairs whose answers share `least` of their text.

    Compared are answers as Python reads them, without names and spaces, less the given stub. Two
    short answers are alike by nature: the table is where to look, and proves nothing.
    """
    import copydetect  # type: ignore[import-not-found, import-untyped, unused-ignore]

    rows: list[list[object]] = []
    with tempfile.TemporaryDirectory() as folder:
        for question in spec.questions:
            prints: dict[str, Any] = {}
            for student, result in attempted(spec, out, question.id):
                written = Path(folder) / f"{len(prints)}.py"
                written.write_text(result.code, "utf-8", "replace")
                made = copydetect.CodeFingerprint(str(written), 15, 1)
                if len(made.hashes):
                    prints[student] = made
            for one, other in combinations(sorted(prints), 2):
                _, shares, _ = copydetect.compare_files(prints[one], prints[other])
                if min(shares) >= least:
                    rows.append([question.id, one, other, f"{min(shares):.2f}"])
    rows.sort(key=lambda row: str(row[3]), reverse=True)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["question", "student", "student", "alike"])
    writer.writerows([[plain(value) for value in row] for row in rows])
    path = Path(out) / f"{file_name(spec.assignment)}.similar.csv"
    write_atomically(path, text.getvalue().encode("utf-8", "replace"), durable=False)
    return path


def attempted(spec: Spec, out: Path, question: str) -> Iterator[tuple[str, Result]]:
    """The students who answered a question, with their records."""
    for results in Journal(out, spec.assignment).by_student([]):
        for result in results:
            if result.question == question and result.code.strip():
                yield result.student, result


# ---------------------------------------------------------------- grading by hand

SCRIPT = """
const given = {};
document.querySelectorAll("section").forEach(part => part.addEventListener("input", () => {
  const points = part.querySelector(".points").value, note = part.querySelector(".note").value;
  const entry = {};
  if (points !== "") entry.overrides = {[part.dataset.question]: Number(points)};
  if (note !== "") entry.note = note;
  given[part.dataset.student] = entry;
}));
document.getElementById("save").addEventListener("click", () => {
  const data = JSON.stringify({assignment: document.body.dataset.assignment, students: given});
  const link = document.createElement("a");
  link.href = "data:application/json," + encodeURIComponent(data);
  link.download = "review.json";
  link.click();
});
"""


def review_page(spec: Spec, out: Path, question: str) -> Path:
    """Write GRADES/<assignment>.<question>.review.html: read each answer, type points, save.

    Raises KeyError for a question that is not there.
    """
    asked = spec[question]
    parts = [f"<h1>{escape(spec.title)}: {escape(asked.title or asked.id)}</h1>",
             '<p><button id="save">Save review.json</button></p>']  # fmt: skip
    for student, result in attempted(spec, out, asked.id):
        parts.append(
            f'<section data-student="{escape(student)}" data-question="{escape(asked.id)}">'
            f"<h2>{escape(student)}</h2><p>{result.points:g} of {result.most:g} points:"
            f" {escape(result.status)}</p><pre>{escape(result.code)}</pre>"
            f'<p><label>points <input class="points" type="number" min="0" step="any"></label>'
            f' <label>note <input class="note" size="50"></label></p></section>'
        )
    text = page(f"{spec.title}: {asked.id}", "".join(parts))
    text = text.replace("style-src 'unsafe-inline'", "style-src 'unsafe-inline'; script-src"
                        " 'unsafe-inline'", 1)  # fmt: skip
    text = text.replace("<body>", f'<body data-assignment="{escape(spec.assignment)}">', 1)
    text = text.replace("</body>", f"<script>{SCRIPT}</script></body>", 1)
    path = Path(out) / f"{file_name(spec.assignment)}.{file_name(asked.id)}.review.html"
    write_atomically(path, text.encode("utf-8", "replace"), durable=False)
    return path


def merge_review(path: Path, out: Path) -> int:
    """Put what a review page saved into adjust.json; for how many students.

    Raises ValueError, changing nothing, where either file is not understood.
    """
    target = Path(out) / "adjust.json"
    try:
        saved = json.loads(path.read_text("utf-8"))
        assignment, students = str(saved["assignment"]), dict(saved["students"])
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{path} is not what a review page saves: {error}") from None
    with locked(Path(out)):
        adjustments(out, assignment)  # refuses a file that is not understood
        data: dict[str, Any] = json.loads(target.read_text("utf-8-sig")) if target.exists() else {}
        before = json_bytes(data) if target.exists() else b""
        for student, entry in students.items():
            own = data.setdefault("students", {}).setdefault(student, {})
            mine = own.setdefault(assignment, {})
            mine["overrides"] = mine.get("overrides", {}) | dict(entry.get("overrides", {}))
            mine |= {"note": str(entry["note"])} if entry.get("note") else {}
        write_atomically(target, json_bytes(data))
        try:
            adjustments(out, assignment)
        except ValueError as error:
            write_atomically(target, before) if before else target.unlink()
            raise ValueError(f"{path}: {error}") from None
    return len(students)
