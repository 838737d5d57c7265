"""Grades a class: many submissions, several workers, one journal; stops for nothing.

    grade_class(spec, submissions, out, options) -> Summary

Each worker thread takes the next submission to a desk of warm sandboxes. Killed at any moment, the
next run goes on where the journal ends.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path
from queue import SimpleQueue

from .desk import Desk
from .grade import NoSandbox, due, grade_questions
from .journal import Journal, Result
from .question import Question
from .sandbox import Limits
from .spec import Spec
from .submissions import Submission


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
    """What a run did: fresh grades, grades that were still true, and students without a grade."""

    students: int = 0
    graded: int = 0
    kept: int = 0
    seconds: float = 0.0
    ungraded: dict[str, str] = field(default_factory=dict)


Work = tuple[Submission, list[Question]]


def grade_class(
    spec: Spec, submissions: list[Submission], journal: Journal, secret: bytes, options: Options
) -> Summary:
    """Grade what is due. A student whose grading fails is reported, never the others."""
    began = time.monotonic()
    journal.tidy()
    summary = Summary(students=len(submissions))
    work = list(work_due(spec, submissions, journal, options.regrade))
    asked = len(submissions) * len(spec.questions)
    summary.kept = asked - sum(len(questions) for _, questions in work)
    lock, shown = threading.Lock(), Progress(len(work), options.quiet)

    desks: SimpleQueue[Desk] = SimpleQueue()

    def one(item: Work) -> None:
        submission, questions = item
        count, desk = 0, desks.get()
        try:
            for result in grade_questions(spec, submission, questions, desk, secret):
                journal.write(result)
                count += 1
        except (NoSandbox, OSError) as error:
            with lock:
                summary.ungraded[submission.student] = str(error)
        finally:
            desks.put(desk)
        with lock:
            summary.graded += count
            shown.step(submission.student)

    with contextlib.ExitStack() as stack:
        for _ in range(max(1, options.workers)):
            desks.put(stack.enter_context(Desk(spec, options.level, options.limits)))
        run_all(one, work, options.workers, summary)
    summary.seconds = time.monotonic() - began
    shown.end()
    return summary


def run_all(one: Callable[[Work], None], work: list[Work], workers: int, summary: Summary) -> None:
    """Every item through `one`; a mistake of our own costs one student a message, not the run."""
    with ThreadPoolExecutor(max_workers=max(1, workers)) as pool:
        futures = {pool.submit(one, item): item for item in work}
        for future in as_completed(futures):
            if error := future.exception():
                student = futures[future][0].student
                summary.ungraded[student] = f"{type(error).__name__}: {error}"


def work_due(
    spec: Spec, submissions: list[Submission], journal: Journal, regrade: tuple[str, ...]
) -> Iterator[Work]:
    for submission in submissions:
        questions = due(spec, submission, journal, regrade)
        if questions:
            yield submission, questions


def shard(submissions: list[Submission], which: str) -> list[Submission]:
    """The i-th of n parts of a class, for "i/n": the same parts on every machine."""
    found = re.fullmatch(r"(\d+)/(\d+)", which)
    if not found or not 1 <= int(found[1]) <= int(found[2]):
        raise ValueError(f"a shard is i/n with 1 <= i <= n, not {which!r}")
    return submissions[int(found[1]) - 1 :: int(found[2])]


def course_secret(path: Path) -> bytes:
    """The course's secret, made on first use and readable by its owner only."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            time.sleep(0.1)  # another shard is writing it
        else:
            with os.fdopen(descriptor, "w") as file:
                file.write(secrets.token_hex(32) + "\n")
    text = path.read_text().strip()
    if len(text) < 32:
        raise ValueError(f"{path} holds no secret of at least 32 characters")
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
