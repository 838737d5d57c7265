"""One page on which staff read all answers to a question and give points, and what it saves.

    review_page(spec, out, question, anonymous)     writes it; it needs no network and no server
    merge_review(path, out)                         what the page saved, into adjust.json

What students wrote is shown as text: escaped, never as HTML or Markdown, and nothing of it runs.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import Any

from ..essay import Essay
from ..question import Question
from ..spec import Spec
from .adjust import Adjustment, Mark, adjustments
from .essays import UNANSWERED
from .journal import Journal, Result, file_name, json_bytes, locked, write_atomically

POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'"
KEYS = (
    ("j, k", "next, previous"), ("1 to 9", "a criterion"), ("f", "all points"), ("0", "none"),
    ("p", "points"), ("c", "comment"), ("u", "not read after all"), ("n", "next to be read"),
    ("s", "save"),
)  # fmt: skip


def review_page(spec: Spec, out: Path, question: str, anonymous: bool = False) -> Path:
    """Write GRADES/<assignment>.<question>.review.html. Raises KeyError for an unknown question.

    anonymous   no name stands in the page, and the order is nobody's
    """
    asked: Essay | Question = spec.essay(question) or spec[question]
    said = adjustments(out, spec.assignment, spec.ids)
    found = sorted(answers(spec, out, asked.id), key=lambda r: key_of(spec.assignment, r.student))
    if not anonymous:
        found.sort(key=lambda result: result.student)
    parts = [
        answer_part(asked, result, said.of(result.student), number if anonymous else 0)
        for number, result in enumerate(found, 1)
        if result.status != UNANSWERED and result.code.strip()
    ]
    silent = [result.student for result in found if result.status == UNANSWERED]
    path = Path(out) / f"{file_name(spec.assignment)}.{file_name(asked.id)}.review.html"
    text = whole_page(spec, asked, parts, [] if anonymous else silent, len(silent), anonymous)
    write_atomically(path, text.encode("utf-8", "replace"), durable=False)
    return path


def answers(spec: Spec, out: Path, question: str) -> Iterator[Result]:
    """The records of one question."""
    for results in Journal(out, spec.assignment).by_student([]):
        yield from (result for result in results if result.question == question)


def key_of(assignment: str, student: str) -> str:
    """What stands for a student in an anonymous page."""
    return hashlib.sha256(f"{assignment}\0{student}".encode("utf-8", "replace")).hexdigest()[:16]


def whole_page(
    spec: Spec, asked: Essay | Question, parts: list[str], silent: list[str], count: int, anon: bool
) -> str:
    title = escape(f"{spec.title}: {asked.title or asked.id}")
    keys = " ".join(f"<span><kbd>{key}</kbd> {says}</span>" for key, says in KEYS)
    names = f": {escape(', '.join(silent))}" if silent else ""
    nothing = f'<p class="silent">{count} wrote nothing{names}.</p>' if count else ""
    model = spec.data.get("essays", {}).get(asked.id, "")
    answer = f"<details><summary>The model answer</summary><pre>{escape(model)}</pre></details>"
    data = {"assignment": spec.assignment, "question": asked.id, "anonymous": json.dumps(anon)}
    marks = " ".join(f'data-{name}="{escape(value)}"' for name, value in data.items())
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{title}</title><style>{asset('review.css')}</style></head><body {marks}>"
        f'<header><h1>{title}</h1><p><output id="count"></output>'
        '<button id="save">Save review.json</button></p>'
        f'<p class="keys">{keys}</p></header><main>{answer * bool(model)}{"".join(parts)}{nothing}'
        f"</main><script>{asset('review.js')}</script></body></html>\n"
    )


def asset(name: str) -> str:
    return (files(__package__) / "assets" / name).read_text(encoding="utf-8")


def answer_part(asked: Essay | Question, result: Result, said: Adjustment, number: int) -> str:
    """One answer, with what has been decided of it so far.

    number   stands for the student's name in an anonymous page; 0 in one with names
    """
    key = key_of(result.assignment, result.student) if number else result.student
    mark = said.marks.get(asked.id, Mark())
    points = said.overrides.get(asked.id)
    rubric = asked.rubric if isinstance(asked, Essay) else ()
    boxes = "".join(
        f'<label><input type="checkbox" data-worth="{worth:g}" value="{escape(text)}"'
        f"{' checked' * (text in mark.met)}> <kbd>{place}</kbd> {escape(text)}"
        f" <small>{worth:g}</small></label>"
        for place, (text, worth) in enumerate(rubric, 1)
    )
    graded = "" if rubric else f"<p>{result.points:g} points: {escape(result.status)}</p>"
    changed = points is not None and mark.read not in ("", result.digest)
    other = '<p class="changed">This text came after the points were given.</p>' * changed
    value = "" if points is None else f"{points:g}"
    return (
        f'<section tabindex="-1" data-student="{escape(key)}" data-read="{escape(result.digest)}">'
        f"<h2>{f'Answer {number}' if number else escape(result.student)}</h2>{graded}{other}"
        f'<pre class="{"text" if rubric else "code"}">{escape(result.code)}</pre>'
        f"<fieldset>{boxes}</fieldset>"
        f'<p><label>points <input class="points" type="number" min="0" step="any"'
        f' value="{value}"> of {asked.points:g}</label> <span class="state"></span></p>'
        f'<p><label>comment <textarea class="comment" rows="2">{escape(mark.comment)}</textarea>'
        "</label></p></section>"
    )


# ---------------------------------------------------------------- what the page saved


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
    if saved.get("anonymous"):
        students = with_names(students, assignment, out)
    with locked(Path(out)):
        adjustments(out, assignment)  # refuses a file that is not understood
        data: dict[str, Any] = json.loads(target.read_text("utf-8-sig")) if target.exists() else {}
        before = json_bytes(data) if target.exists() else b""
        for student, entry in students.items():
            own = data.setdefault("students", {}).setdefault(student, {})
            put_in(own.setdefault(assignment, {}), dict(entry))
        write_atomically(target, json_bytes(data))
        try:
            adjustments(out, assignment)
        except ValueError as error:
            write_atomically(target, before) if before else target.unlink()
            raise ValueError(f"{path}: {error}") from None
    return len(students)


def put_in(mine: dict[str, Any], entry: dict[str, Any]) -> None:
    """One student's entry into what stands of them; points of null are taken back."""
    for name in ("overrides", "marks"):
        told = dict(entry.get(name, {}))
        kept = mine.get(name, {}) | told
        mine[name] = {id: value for id, value in kept.items() if value is not None}
        if not mine[name]:
            del mine[name]
    if entry.get("note"):
        mine["note"] = str(entry["note"])


def with_names(students: dict[str, Any], assignment: str, out: Path) -> dict[str, Any]:
    """The same by students' names. Raises ValueError for a key that is nobody's."""
    journal = Journal(out, assignment)
    names = [results[0].student for results in journal.by_student([])]
    known = {key_of(assignment, name): name for name in names}
    if strange := set(students) - set(known):
        raise ValueError(f"{sorted(strange)[0]} stands for nobody whose work is in {out}")
    return {known[key]: entry for key, entry in students.items()}
