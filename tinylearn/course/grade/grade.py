"""Grades one submission: asks a sandbox for values, compares them here.

    due(spec, submission, journal) -> [Question]      grade_questions(...) -> Result, Result ...

The sandbox is asked for values and descriptions of graphs, and knows no expected one. Whether they
are right, what a check is worth and which sentence a student reads is decided by `decide`, from the
spec, in a process of trusted code that can be ended (assess.py).
"""

from __future__ import annotations

import builtins
import sys
import time
from collections.abc import Collection, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ... import errors
from ...devices.simulator import faults
from ...kernels import words
from .. import compare
from ..inside.values import BadValue, Raised, Thing, decode, encode
from ..points import earned
from ..question import Open, Question
from ..spec import Planned, Spec, judge, keys, seed_for, sentence
from .journal import CheckResult, Journal, Result
from .pipes import Reply
from .replay import ON_THE_SPOT, holds_elsewhere, measured
from .sandbox import CALL, CLOCK
from .submissions import Submission, answer_cells, digest, relevant_cells
from .worlds import World

if TYPE_CHECKING:
    from .desk import Desk

GRADER = "3"  # raise it when grades could come out differently
MOST_SLOW = 3  # calls that may be ended before the question is
ERRORS = {
    kind.__name__
    for place in (vars(builtins), vars(errors), vars(faults), vars(words))
    for kind in place.values()
    if isinstance(kind, type) and issubclass(kind, Exception)
} | {"ChangedArgument"}
ENDINGS = {
    "timeout": Open("Your code took longer than this question allows."),
    "memory": Open("Your code used more memory than this question allows."),
    "disk": Open("Your code wrote more to disk than this question allows."),
    "crashed": Open("Python itself ended while your code ran."),
    "forged": Open("What your code sent back could not be read."),
    "flood": Open("Your code sent back more than an answer may hold."),
    "processes": Open("Your code started more processes than allowed."),
}


class NoSandbox(Exception):
    """The sandbox itself failed, again and again: nobody's grade may depend on that."""


class Overdue(Exception):
    """The process that decides did not answer in time, or ended."""


def due(
    spec: Spec, submission: Submission, journal: Journal, regrade: Collection[str] = ()
) -> list[Question]:
    """The questions whose record is missing, damaged, or made from something else."""
    return [
        question
        for question in spec.questions
        if {*keys(question), "all"} & set(regrade)
        or (known := journal.read(submission.student, question.id)) is None
        or known.digest != made_from(spec, submission, question)
    ]


def made_from(spec: Spec, submission: Submission, question: Question) -> str:
    """The digest of all that a grade depends on."""
    cells = relevant_cells(submission.cells, spec, question)
    world = world_of(spec, question).key
    version = sys.modules[__name__.partition(".")[0]].__version__  # the framework's own
    told = [*cells, submission.trouble, world]
    return digest(told, spec.digest(question), f"{GRADER} {version}")


def world_of(spec: Spec, question: Question) -> World:
    """The world in which a question's answers run, as its spec has it."""
    body = spec.data["questions"][question.id]
    return World(body["world"], tuple(body["absent"]), question.graphs)


def grade_questions(
    spec: Spec, submission: Submission, questions: list[Question], desk: Desk, secret: bytes
) -> Iterator[Result]:
    """Results one by one, each ready for the journal."""
    for question in questions:
        result = grade_question(spec, question, submission, desk, secret)
        yield replace(result, digest=made_from(spec, submission, question))


def grade_question(
    spec: Spec, question: Question, submission: Submission, desk: Desk, secret: bytes
) -> Result:
    """One question of one student, from the cells to the verdict."""
    began = time.monotonic()
    blank = Result(
        spec.assignment, submission.student, question.id, "unreadable", 0.0, question.points
    )
    if submission.trouble:
        checks = no_points(question)
        return replace(blank, message=submission.trouble, checks=checks, level=desk.level)
    cells = relevant_cells(submission.cells, spec, question)
    seed = seed_for(secret, spec.assignment, submission.student, question.id, cells)
    try:
        calls, shown = desk.calls(question, seed)
    except Overdue as error:
        raise NoSandbox(f"the assessor does not come up: {error}") from None
    reply = ask(desk, question, job_for(spec, question, cells, calls, shown), seed)
    result = desk.decide(question, seed, reply, blank)
    held = answer_cells(submission.cells, question)
    code = submission.cells[held[-1]] if held else ""
    found = next((m["cell"] for m in reply.messages if type(m.get("cell")) is int), -1)
    if 0 <= found < len(submission.cells):
        code = submission.cells[found]
    seconds = round(time.monotonic() - began, 3)
    return replace(result, code=code[:20_000], level=desk.level, seconds=seconds)


def job_for(
    spec: Spec, question: Question, cells: list[str], calls: list[Any], shown: int
) -> dict[str, Any]:
    """What the sandbox is told: the answer's cells and arguments, no expected value.

    shown   how many of the calls are visible checks: they come first
    """
    body = spec.data["questions"][question.id]
    return {
        "cells": cells,
        "keys": list(keys(question)),
        "name": question.answer,
        "part": question.part,
        "run": body["run"],
        "graphs": question.graphs,
        "kernels": question.kernels,
        "remote": question.remote,
        "may_change": list(question.may_change),
        "budget": question.budget,
        "shown": shown,
        "calls": calls,
    }


def ask(desk: Desk, question: Question, job: dict[str, Any], seed: str) -> Reply:
    """Ask; what took too long in one call is ended there, and the calls after it are made afresh.

    So that one endless case costs its own points only. A few of them are enough.
    """
    whole, count = Reply(), len(job["calls"])
    for _ in range(MOST_SLOW):
        reply = ask_again(desk, question, job, seed)
        whole.messages += reply.messages
        whole.asked += reply.asked
        whole.ended, whole.detail = reply.ended, reply.detail
        done = max([m["call"] for m in reply.messages if type(m.get("call")) is int], default=-1)
        slow = max(done + 1, job.get("first", 0))
        if reply.ended != "timeout" or reply.detail != CALL or slow >= count:
            break
        whole.messages.append({"call": slow, "value": encode(Raised("Slow"))})
        if slow == count - 1:
            whole.ended, whole.detail = "ok", ""
            break
        job = job | {"calls": job["calls"][slow + 1 - count :], "first": slow + 1}
    return whole


def ask_again(desk: Desk, question: Question, job: dict[str, Any], seed: str) -> Reply:
    """Ask; a wall-clock timeout and a sandbox that did not start get a second chance."""
    for attempt in range(3):
        reply = desk.ask(question, job, seed)
        no_sandbox = reply.ended == "crashed" and reply.detail.startswith("no sandbox")
        slow = reply.ended == "timeout" and reply.detail == CLOCK
        if not no_sandbox and (not slow or attempt):
            return reply
        time.sleep(0.2 * attempt)
    if no_sandbox:
        raise NoSandbox(reply.detail)
    return reply


# ---------------------------------------------------------------- the verdict


def decide(
    question: Question, planned: list[Planned], reply: Reply, blank: Result, seed: str
) -> Result:
    """Values against expected values; every field of the verdict."""
    nothing = replace(blank, checks=no_points(question), notes=notes_of(reply))
    for message in reply.messages:
        if "missing" in message:
            said = f"{question.answer} is not attempted."
            if "defines" in str(message["missing"]):
                said = f"No cell defines {question.answer}; it stands under @tl.answer(...)."
            return replace(nothing, status="not attempted", message=said)
        if "broken" in message:
            return broken(message["broken"], nothing)
    came = values_of(reply, len(planned))
    values = [measured(question, *one) for one in zip(came, planned, asked_of(reply, len(came)))]
    pairs = list(zip(values, planned))
    wrong = {
        n: text for n, (got, p) in enumerate(pairs) if (text := fault(question, got, p, reply))
    }
    if question.graphs:
        wrong |= computed_on_the_spot(question, came, planned, wrong, seed)
    kinds = [value.kind for value in values if isinstance(value, Raised)]
    if len(kinds) == len(values) > 0 and set(kinds) == {"NotImplementedError"}:
        return replace(
            nothing, status="not attempted", message=f"{question.answer} is not attempted."
        )
    checks = tuple(check_results(question, planned, wrong))
    points = sum(check.points for check in checks)
    came_back = [(given_back(got), p) for got, p in pairs if got is not None]
    says = sentence(question, came_back) if wrong else ""
    return replace(
        blank,
        status=status_of(points, question, wrong, values, reply),
        points=points,
        checks=checks,
        says=says,
        message=headline(wrong, planned, reply),
        notes=notes_of(reply),
        prints=prints_of(reply),
    )


def computed_on_the_spot(
    question: Question, came: list[Any], planned: list[Planned], wrong: dict[int, str], seed: str
) -> dict[int, str]:
    """The right cases, if one of them is right for its own numbers only: then none is a graph."""
    right = [n for n in range(len(planned)) if n not in wrong]
    if all(holds_elsewhere(question, came[n], planned[n], f"{seed}/{n}") for n in right):
        return {}
    return dict.fromkeys(right, ON_THE_SPOT)


def broken(encoded: Any, nothing: Result) -> Result:
    """The verdict on an answer that could not even be defined."""
    try:
        error = decode(encoded)
    except BadValue:
        error = None
    kind = error.kind if isinstance(error, Raised) else "Error"
    status = {"MemoryError": "memory", "Slow": "timeout"}.get(kind, "error")
    where = f" (line {error.line} of the cell)" if isinstance(error, Raised) and error.line else ""
    said = f"The cell does not run: {error!r}{where}"
    return replace(nothing, status=status, message=said[:2000])


def values_of(reply: Reply, count: int) -> list[Any]:
    """The value of each call; None where none came. The first word for a call counts."""
    values: list[Any] = [None] * count
    for message in reply.messages:
        number = message.get("call")
        if type(number) is int and 0 <= number < count and values[number] is None:
            try:
                value = decode(message.get("value"))
            except BadValue as error:
                value = Thing(f"value that cannot be read: {error}")
            values[number] = Thing("None") if value is None else value
    return values


def asked_of(reply: Reply, count: int) -> list[list[tuple[int, Any]]]:
    """For each call, (place, x) of the functions that ran here for it, in order."""
    asked: list[list[tuple[int, Any]]] = [[] for _ in range(count)]
    for case, place, x in reply.asked:
        asked[case].append((place, x))
    return asked


def fault(question: Question, got: Any, planned: Planned, reply: Reply) -> str:
    """What is wrong with one value; "" if it is right."""
    if got is None:
        return ENDINGS.get(reply.ended, Open("Your code ended before this case was reached."))
    if isinstance(got, Raised) and got.kind == "Slow":
        return ENDINGS["timeout"]
    if isinstance(got, Raised) and got.kind == "MemoryError":
        return ENDINGS["memory"]
    return judge(question, given_back(got), planned)


def given_back(got: Any) -> Any:
    """The value itself: an answer's None travels as a Thing, for None means that nothing came."""
    return None if isinstance(got, Thing) and got.says == "None" else got


def check_results(
    question: Question, planned: list[Planned], wrong: dict[int, str]
) -> list[CheckResult]:
    """Each check with its points."""
    failed: dict[str, str] = {}
    for number, text in wrong.items():
        check, case = planned[number].check, planned[number].case
        shown = compare.call_text(question.answer, case.args)
        full = f"{case.label}\n    called   {shown}\n    {text}"
        failed.setdefault(
            check.name, full if check.is_visible else f"{case.label}: {outline(text)}"
        )
    points = earned(question, failed)
    return [
        CheckResult(
            check.name,
            points[check.name],
            check.points,
            check.name not in failed,
            check.is_visible,
            failed.get(check.name, ""),
        )
        for check in question.checks
    ]


def outline(text: str) -> str:
    """How a hidden case failed, without its numbers: the kind of difference, not the answer."""
    if isinstance(text, Open):
        return text
    first = text.splitlines()[0]
    if first.startswith("your code raised"):
        return f"your code raised {known_error(first)}"
    if first.startswith("expected shape"):
        return first
    if " numbers differ" in first:
        return first.split(";")[0]
    return "another value was expected"


def known_error(text: str) -> str:
    """What was raised, without its message; a kind that is the student's own is not named."""
    kind = text.removeprefix("your code raised ").partition(":")[0]
    return kind if kind in ERRORS else "an error of its own"


def status_of(
    points: float, question: Question, wrong: dict[int, str], values: list[Any], reply: Reply
) -> str:
    """One of the closed set. Points decide first; then how the code ended; then what failed."""
    if not wrong and reply.ended == "ok" and points >= question.points - 1e-9:
        return "passed"
    if points > 0:
        return "partial"
    if reply.ended != "ok" and None in values:
        return reply.ended if reply.ended in ("timeout", "memory") else "crashed"
    kinds = [values[n].kind for n in wrong if isinstance(values[n], Raised)]
    if kinds and len(kinds) == len(wrong):
        return {"Slow": "timeout", "MemoryError": "memory"}.get(kinds[0], "error")
    return "wrong"


def headline(wrong: dict[int, str], planned: list[Planned], reply: Reply) -> str:
    if not wrong:
        return "All checks passed."
    if reply.ended != "ok":
        return f"{ENDINGS[reply.ended]} {reply.detail}".strip()
    number = min(wrong)
    where = planned[number]
    text = wrong[number] if where.check.is_visible else outline(wrong[number])
    return f"{where.check.name}, {where.case.label}: {text}"


def no_points(question: Question) -> tuple[CheckResult, ...]:
    return tuple(CheckResult(c.name, 0.0, c.points, False, c.is_visible) for c in question.checks)


def notes_of(reply: Reply) -> tuple[str, ...]:
    for message in reply.messages:
        if type(message.get("notes")) is list:
            return tuple(str(note)[:300] for note in message["notes"][:5])
    return ()


def prints_of(reply: Reply) -> str:
    said = (m.get("told", m.get("end")) for m in reply.messages if "told" in m or "end" in m)
    return str(next(said, ""))[:2000]
