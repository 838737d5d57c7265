"""Feedback to upload, and work that looks alike: what staff do after grading.

feedback_zip(spec, out, path)     each page under the name that the system of origin expects
similar(spec, out, least)         pairs of students whose code is alike, as a table
"""

from __future__ import annotations

import csv
import io
import re
import tempfile
import zipfile
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

from .. import names
from ..spec import Spec
from .journal import Journal, Result, file_name, write_atomically
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
