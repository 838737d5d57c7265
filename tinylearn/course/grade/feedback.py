"""HTML pages: one for each student, one for the class. Self-contained; every text is escaped."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from html import escape
from typing import Protocol

from ..spec import Spec
from .adjust import Adjustment
from .essays import Read
from .journal import Result


class Graded(Protocol):
    """What a page must know of one student; report.py has it."""

    student: str
    results: list[Result]
    late_days: float
    total: float
    removed: bool
    read: tuple[Read, ...]


STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 52rem; margin: 2rem auto; padding: 0 1rem;
       color: #111; background: #fff; }
pre { background: #f5f5f5; padding: .7rem; overflow-x: auto; font-size: 14px; }
pre.words { white-space: pre-wrap; overflow-wrap: anywhere; font: inherit; }
table { border-collapse: collapse; } td, th { padding: .2rem .8rem .2rem 0; text-align: left; }
.passed { color: #00664a; } .status { font-weight: 600; } .says { border-left: 4px solid #0072B2;
padding-left: .7rem; } .bar { fill: #0072B2; } section { margin-top: 2rem; }
@media (prefers-color-scheme: dark) { body { color: #eee; background: #111; }
pre { background: #222; } .passed { color: #4fd0a5; } }
"""
WORDS = {
    "passed": "passed", "partial": "partly right", "wrong": "not right yet",
    "error": "stopped with an error", "timeout": "took too long", "memory": "used too much memory",
    "crashed": "ended Python itself", "not attempted": "not attempted", "unreadable": "unreadable",
}  # fmt: skip


def page(title: str, body: str) -> str:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        "style-src 'unsafe-inline'\">"
        f"<title>{escape(title)}</title><style>{STYLE}</style></head><body>{body}</body></html>\n"
    )


# ---------------------------------------------------------------- one student


def student_page(
    spec: Spec, student: str, results: list[Result], own: Adjustment, row: Graded
) -> str:
    """What one student reads: verdicts, reasons, their own code; no hidden check's source."""
    lines = [f"<h1>{escape(spec.title)}</h1>", f"<p>{escape(student)}</p>"]
    waiting = ", ".join(one.essay.id for one in row.read if one.waits)
    so_far = f" so far; {escape(waiting)} is to be read" if waiting else ""
    lines.append(f"<p><b>{row.total:g} of {spec.points:g} points</b>{so_far}</p>")
    if row.late_days:
        lines.append(f"<p>{row.late_days:g} late days are taken off.</p>")
    if row.removed:
        lines.append("<p>The file that was graded is no longer among the submissions.</p>")
    if own.note:
        lines.append(f"<p>From the staff: {escape(own.note)}</p>")
    in_words = {one.essay.id for one in row.read}
    lines += [question_part(spec, r, own) for r in results if r.question not in in_words]
    lines += map(essay_part, row.read)
    return page(f"{spec.title}: {student}", "".join(lines))


def question_part(spec: Spec, result: Result, own: Adjustment) -> str:
    question = spec[result.question]
    points = own.overrides.get(result.question, result.points)
    changed = " (set by the staff)" if result.question in own.overrides else ""
    lines = [
        f"<section><h2>{escape(question.id)}. {escape(question.title)}</h2>",
        f'<p class="status {escape(result.status.replace(" ", "-"))}">'
        f"{WORDS[result.status]}: {points:g} of {result.most:g} points{changed}</p>",
    ]
    if result.says:
        lines.append(f'<p class="says">{escape(result.says)}</p>')
    if result.status != "passed":
        lines.append(f"<pre>{escape(result.message)}</pre>")
    if (mark := own.marks.get(result.question)) and mark.comment:
        lines.append(f'<p class="says">From the staff: {escape(mark.comment)}</p>')
    lines.append(checks_table(result))
    lines += [f"<p>Note: {escape(note)}</p>" for note in result.notes]
    if result.prints.strip():
        lines.append(f"<p>It printed:</p><pre>{escape(result.prints)}</pre>")
    if result.code.strip():
        lines.append(f"<p>Your code:</p><pre>{escape(result.code)}</pre>")
    lines.append(f"<p><small>Graded in the {escape(result.level)} sandbox.</small></p></section>")
    return "".join(lines)


def essay_part(one: Read) -> str:
    """An answer in words: the points and what was said of it, or that it is to be read."""
    points = f"{one.points or 0:g} of {one.essay.points:g} points"
    says = {"to be read": "to be read: no points yet" if one.waits else points}
    says["unanswered"] = f"unanswered: {points}"
    lines = [
        f"<section><h2>{escape(one.essay.id)}. {escape(one.essay.title)}</h2>",
        f'<p class="status">{says.get(one.status, f"{one.status}: {points}")}</p>',
    ]
    if not one.waits and one.text:
        rows = "".join(
            f"<tr><td>{'yes' if text in one.met else 'no'}</td><td>{escape(text)}</td>"
            f"<td>{worth:g}</td></tr>"
            for text, worth in one.essay.rubric
        )
        lines.append(f"<table>{rows}</table>" * bool(one.met))
    if one.comment:
        lines.append(f'<p class="says">{escape(one.comment)}</p>')
    if one.text:
        lines.append(f'<p>You wrote:</p><pre class="words">{escape(one.text)}</pre>')
    return "".join([*lines, "</section>"])


def checks_table(result: Result) -> str:
    if not result.checks:
        return ""
    rows = []
    for check in result.checks:
        mark = "yes" if check.passed else "no"
        worth = f"{check.points:g} of {check.most:g}" if check.most else "shown to you"
        rows.append(
            f"<tr><td>{mark}</td><td>{escape(check.name)}</td><td>{worth}</td>"
            f"<td>{escape(check.message.splitlines()[0] if check.message else '')}</td></tr>"
        )
    head = "<tr><th>passed</th><th>check</th><th>points</th><th></th></tr>"
    return f"<table>{head}{''.join(rows)}</table>"


# ---------------------------------------------------------------- the class


def class_page(spec: Spec, rows: Sequence[Graded]) -> str:
    """What a class found hard: scores, statuses by question, checks, how common each mistake was.

    Who is removed from the submissions does not count.
    """
    rows = [row for row in rows if not row.removed]
    grades = {row.student: row.results for row in rows}
    count = len(rows)
    lines = [f"<h1>{escape(spec.title)}</h1><p>{count} students</p>"]
    if count:
        ordered = sorted(row.total for row in rows)
        mean, median = sum(ordered) / count, ordered[count // 2]
        lines.append(
            f"<p>mean {mean:.2f}, median {median:g} of {spec.points:g} points; hardest:"
            f" {escape(hardest(spec, grades))}</p>{histogram(ordered, spec.points)}"
        )
    lines += [statuses_table(spec, grades), read_table(spec, rows), check_shares(spec, grades)]
    lines.append(mistakes_table(spec, grades))
    return page(f"{spec.title}: the class", "".join(lines))


def hardest(spec: Spec, grades: dict[str, list[Result]]) -> str:
    """The question with the smallest share of its points earned."""
    share = {}
    for question in spec.questions:
        points = [
            r.points for results in grades.values() for r in results if r.question == question.id
        ]
        if points:
            share[question.id] = sum(points) / len(points) / max(question.points, 1e-9)
    if not share:
        return "no question was graded"
    worst = min(share, key=lambda id: share[id])
    return f"{worst}, {spec[worst].title} ({100 * share[worst]:.0f} % of its points)"


def histogram(totals: list[float], most: float) -> str:
    """Scores in eleven bars, as a picture with its numbers in words."""
    bins = [0] * 11
    for score in totals:
        bins[min(10, int(10 * score / max(most, 1e-9)))] += 1
    top = max(bins)
    bars = []
    for place, number in enumerate(bins):
        height, above = round(100 * number / top), str(number or "")
        x, y = 5 + 40 * place, 120 - height
        bars.append(
            f'<rect class="bar" x="{x}" y="{y}" width="34" height="{height}"></rect>'
            f'<text x="{x + 17}" y="{y - 4}" text-anchor="middle" fill="currentColor">{above}'
            f'</text><text x="{x + 17}" y="138" text-anchor="middle" fill="currentColor">'
            f"{place * most / 10:g}</text>"
        )
    said = ", ".join(f"{n} from {i * most / 10:g} points" for i, n in enumerate(bins) if n)
    return (
        f'<svg viewBox="0 0 450 145" width="450" font-size="11" role="img" '
        f'aria-label="scores: {escape(said)}">{"".join(bars)}</svg>'
    )


def statuses_table(spec: Spec, grades: dict[str, list[Result]]) -> str:
    rows = []
    for question in spec.questions:
        found = Counter(
            result.status
            for results in grades.values()
            for result in results
            if result.question == question.id
        )
        said = ", ".join(f"{number} {status}" for status, number in found.most_common())
        rows.append(f"<tr><td>{escape(question.id)}</td><td>{escape(question.title)}</td>"
                    f"<td>{escape(said)}</td></tr>")  # fmt: skip
    return f"<h2>Questions</h2><table>{''.join(rows)}</table>"


def read_table(spec: Spec, rows: Sequence[Graded]) -> str:
    """How far the reading of answers in words has come, and what they earned so far."""
    lines = []
    for essay in spec.essays:
        own = [one for row in rows for one in row.read if one.essay is essay]
        given = [one.points for one in own if one.points is not None]
        mean = f"mean {sum(given) / len(given):.2f} of {essay.points:g}" if given else ""
        count = Counter(one.stage for one in own)
        said = ", ".join(f"{number} {status}" for status, number in count.most_common())
        cells = (essay.id, essay.title, said, mean)
        lines.append("".join(f"<td>{escape(cell)}</td>" for cell in cells))
    body = "".join(f"<tr>{line}</tr>" for line in lines)
    return f"<h2>Read by people</h2><table>{body}</table>" if lines else ""


def check_shares(spec: Spec, grades: dict[str, list[Result]]) -> str:
    """How many of those who attempted a question passed each of its checks."""
    tried: Counter[tuple[str, str]] = Counter()
    passed: Counter[tuple[str, str]] = Counter()
    for results in grades.values():
        for result in results:
            if result.status not in ("not attempted", "unreadable"):
                tried.update((result.question, check.name) for check in result.checks)
                passed.update((result.question, c.name) for c in result.checks if c.passed)
    rows = "".join(
        f"<tr><td>{escape(question.id)}</td><td>{escape(check.name)}</td>"
        f"<td>{passed[question.id, check.name]} of {tried[question.id, check.name]}</td></tr>"
        for question in spec.questions
        for check in question.checks
        if tried[question.id, check.name]
    )
    return f"<h2>Checks, passed of attempted</h2><table>{rows}</table>" if rows else ""


def mistakes_table(spec: Spec, grades: dict[str, list[Result]]) -> str:
    found = Counter(
        (result.question, result.says)
        for results in grades.values()
        for result in results
        if result.says
    )
    rows = "".join(
        f"<tr><td>{number}</td><td>{escape(question)}</td><td>{escape(says)}</td></tr>"
        for (question, says), number in found.most_common()
    )
    return f"<h2>Known mistakes</h2><table>{rows}</table>" if rows else ""
