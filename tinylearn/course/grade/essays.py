"""Answers in words: kept as they were handed in, until a person has read them.

    keep_texts(spec, submission, journal)    a record of each answer that is new or has changed
    reading(spec, student, results, said)    how far the reading of each has come

A record holds the text and no points. These are a person's: they stand in adjust.json, and nothing
that grades ever writes there.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..essay import Essay
from ..spec import Spec
from .adjust import Adjustment
from .journal import Journal, Result
from .submissions import Submission, digest

TO_BE_READ, UNANSWERED = "to be read", "unanswered"


def keep_texts(spec: Spec, submission: Submission, journal: Journal) -> None:
    """Write a record for each answer in words that is not in the journal as it is now."""
    for essay in spec.essays:
        made = record(spec, essay, submission)
        known = journal.read(submission.student, essay.id)
        if known is None or known.digest != made.digest:
            journal.write(made)


def record(spec: Spec, essay: Essay, submission: Submission) -> Result:
    """One answer as it was handed in."""
    text = submission.texts.get(essay.id, "")
    status = TO_BE_READ if text.strip() else UNANSWERED
    status = "unreadable" if submission.trouble else status
    return Result(
        spec.assignment, submission.student, essay.id, status, 0.0, essay.points,
        message=submission.trouble, code=text,
        digest=digest([submission.trouble, text], essay.id, ""),
    )  # fmt: skip


@dataclass(frozen=True)
class Read:
    """What is known of one student's answer to one essay.

    points     None until a person has given some; 0 where nothing was written
    has_changed   whether another text was handed in after a person had read one
    """

    essay: Essay
    text: str
    status: str
    points: float | None
    comment: str
    met: tuple[str, ...]
    has_changed: bool

    @property
    def waits(self) -> bool:
        """Whether somebody must read it before the student's total is true."""
        return self.points is None

    @property
    def stage(self) -> str:
        """ "read", or its status until then."""
        return "read" if self.status == TO_BE_READ and not self.waits else self.status


def reading(spec: Spec, results: list[Result], said: Adjustment) -> list[Read]:
    """How far the reading of a student's answers has come; [] of those not collected yet."""
    kept = {result.question: result for result in results}
    found = []
    for essay in spec.essays:
        if (result := kept.get(essay.id)) is None:
            continue
        given = said.overrides.get(essay.id, None if result.status == TO_BE_READ else 0.0)
        marks = said.marks.get(essay.id)
        changed = marks is not None and marks.read not in ("", result.digest)
        found.append(
            Read(
                essay, result.code, result.status, given,
                marks.comment if marks else "", marks.met if marks else (), changed,
            )
        )  # fmt: skip
    return found
