"""Grades a class: many submissions, several workers, one journal; stops for nothing.

    grade_class(spec, submissions, journal, secret, options) -> Summary

Each worker process takes the next student, reads what was handed in through a confined reader,
and takes the answers to its desk of warm sandboxes. This process only counts. Killed at any moment,
the next run goes on where the journal ends.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ..question import Question
from ..spec import Spec
from . import workers
from .desk import Desk
from .essays import keep_texts
from .grade import NoSandbox, due, grade_questions, made_from, no_points
from .journal import Journal, Result, locked, write_atomically
from .reading import Reader
from .sandbox import Limits
from .scratch import clean
from .submissions import Submission, read
from .workers import Job, Message


@dataclass(frozen=True)
class Options:
    """How a class is graded."""

    level: str
    workers: int = 2
    regrade: tuple[str, ...] = ()
    limits: Limits = field(default_factory=Limits)
    quiet: bool = False


@dataclass
class Summary:
    """What a run did: fresh grades, grades that were still true, and what needs a look."""

    students: int = 0
    graded: int = 0
    kept: int = 0
    seconds: float = 0.0
    ungraded: dict[str, str] = field(default_factory=dict)
    looks: list[str] = field(default_factory=list)
    sources: dict[str, tuple[str, float]] = field(default_factory=dict)  # student: where, when


def grade_class(
    spec: Spec, submissions: list[Submission], journal: Journal, secret: bytes, options: Options
) -> Summary:
    """Grade what is due. A student whose grading fails is reported, never the others.

    Ctrl-C ends it at once: what is in the journal stays, and KeyboardInterrupt is raised.
    """
    began = time.monotonic()
    clean()
    journal.tidy()
    summary = Summary(students=len(submissions))
    shown = Progress(len(submissions), options.quiet)

    def one(job: Job) -> Iterator[Message]:
        yield from grade_one(spec, submissions[job.item], journal, secret, options, job)

    def heard(item: int, message: Message) -> None:
        student = submissions[item].student
        if "failed" in message:
            summary.ungraded[student] = message["failed"]
        if "did" in message:
            summary.graded += 1
        if "source" in message:
            summary.sources[student] = message["source"], message["modified"]
            summary.looks += [f"{student}: {text}" for text in message["looks"]]
        if "end" in message:
            shown.step(student)

    try:
        with locked(journal.folder, shared=True):
            workers.run(len(submissions), options.workers, one, heard)
    finally:
        clean()
        journal.tidy()  # again: workers of a killed grader may have been dying at the start
        shown.end()
    summary.kept = len(submissions) * len(spec.questions) - summary.graded
    summary.seconds = time.monotonic() - began
    return summary


_reader = Reader()  # each worker process has its own, started when it first reads
_desks: dict[int, Desk] = {}  # and a desk of its own: the desk of a process, by its id


def desk_of(spec: Spec, options: Options) -> Desk:
    """The desk of this worker process; its hosts are started when they are first asked."""
    own = os.getpid()
    if own not in _desks or _desks[own].spec is not spec:
        _desks.clear()
        _desks[own] = Desk(spec, options.level, options.limits)
    return _desks[own]


def grade_one(
    spec: Spec, submission: Submission, journal: Journal, secret: bytes, options: Options, job: Job
) -> Iterator[Message]:
    """In a worker: read one student's files, and grade the questions that are due."""
    submission = read(submission, spec, _reader)
    if not job.deaths:
        about = {"source": submission.source, "modified": submission.modified}
        yield {**about, "looks": submission.looks}
    with journal.student_locked(submission.student):
        keep_texts(spec, submission, journal)
        questions = [
            question
            for question in due(spec, submission, journal, options.regrade)
            if question.id not in job.done
        ]
        for question in [question for question in questions if question.id in job.stuck]:
            questions.remove(question)
            journal.write(given_up(spec, submission, question, job.stuck[question.id]))
            yield {"did": question.id}
        if not questions:
            return
        try:
            desk = desk_of(spec, options)
            for question in questions:
                yield {"step": question.id}
                for result in grade_questions(spec, submission, [question], desk, secret):
                    journal.write(result)
                yield {"did": question.id}
        except (NoSandbox, OSError) as error:
            yield {"failed": str(error)}


GIVEN_UP = {
    "timeout": "What your code returned takes too long to compare with what is right.",
    "memory": "What your code returned takes too much memory to compare with what is right.",
    "crashed": "What your code returned ended the process that compares it with what is right.",
}


def given_up(spec: Spec, submission: Submission, question: Question, why: str) -> Result:
    """The record of a question whose answer could not be judged within any limit."""
    return Result(
        spec.assignment, submission.student, question.id, why, 0.0, question.points,
        message=GIVEN_UP[why], checks=no_points(question),
        digest=made_from(spec, submission, question),
    )  # fmt: skip


def shard(submissions: list[Submission], which: str) -> list[Submission]:
    """The i-th of n parts of a class, for "i/n": the same parts on every machine."""
    found = re.fullmatch(r"(\d+)/(\d+)", which)
    if not found or not 1 <= int(found[1]) <= int(found[2]):
        raise ValueError(f"a shard is i/n with 1 <= i <= n, not {which!r}")
    return submissions[int(found[1]) - 1 :: int(found[2])]


def course_secret(path: Path, journal: Journal | None = None, renew: bool = False) -> bytes:
    """The course's secret, made on first use and readable by its owner only.

    journal   whose records must have been made with it
    renew     begin a new one, where the old one is lost
    Raises    ValueError where it is lost or another one: hidden inputs would no longer be the same
    """
    mark = journal.folder / "secret.mark" if journal else None
    if not path.exists():
        if mark and mark.exists() and not renew:
            raise ValueError(
                f"{path} is lost, and grades were made with it. Put its backup there; or pass"
                " --new-secret to go on with other hidden inputs for whatever is graded from now on"
            )
        with locked(path.parent):  # another shard may be making it
            if not path.exists():
                write_atomically(path, (secrets.token_hex(32) + "\n").encode())
    text = path.read_text("utf-8", "replace").strip()
    if len(text) < 32:
        raise ValueError(f"{path} holds no secret of at least 32 characters")
    if mark:
        own = hmac.new(text.encode(), b"mark of the secret", hashlib.sha256).hexdigest()
        if mark.exists() and not renew and mark.read_text("utf-8", "replace").strip() != own:
            raise ValueError(
                f"{path} is not the secret that the grades in {mark.parent} were made with. Put"
                " its backup there; or pass --new-secret to go on with this one"
            )
        write_atomically(mark, f"{own}\n".encode())
    return text.encode()


class Progress:
    """One line on the screen: how many, how fast, how long still."""

    def __init__(self, total: int, quiet: bool):
        self.total, self.done, self.began = total, 0, time.monotonic()
        self.live = sys.stderr.isatty() and not quiet
        self.quiet = quiet

    def step(self, student: str) -> None:
        self.done += 1
        if self.quiet or not (self.live or self.done % 50 == 0 or self.done == self.total):
            return
        spent = time.monotonic() - self.began
        left = spent / self.done * (self.total - self.done)
        text = f"{self.done}/{self.total} submissions, {left:.0f} s left   {student[:30]:30}"
        print(text, end="\r" if self.live else "\n", file=sys.stderr, flush=True)

    def end(self) -> None:
        if self.live:
            print(" " * 78, end="\r", file=sys.stderr)


def results_of(journal: Journal, spec: Spec) -> dict[str, list[Result]]:
    """All records by student, in the order of the questions."""
    order = {question.id: place for place, question in enumerate(spec.questions)}
    by_student: dict[str, list[Result]] = {}
    for result in journal.all():
        if result.question in order:
            by_student.setdefault(result.student, []).append(result)
    for results in by_student.values():
        results.sort(key=lambda result: order[result.question])
    return by_student
