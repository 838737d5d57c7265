"""A desk at which answers are graded: warm sandboxes, one for each world, and an assessor.

    with Desk(spec, level, limits) as desk:
        grade_questions(spec, submission, questions, desk, secret)

A host has never run a student's code: every question runs in a fork of it. So it serves one
submission after the other; whatever ended badly or left something behind takes its host with it.
"""

from __future__ import annotations

from collections import OrderedDict
from functools import partial
from typing import Any

from ..question import Question
from ..spec import Spec
from .assess import Assessor
from .grade import world_of
from .journal import Result
from .pipes import Reply
from .sandbox import Limits, Sandbox
from .worlds import World, build

MOST_HOSTS = 10  # warm at a time: about 40 MB each


class Desk:
    """What one worker needs to grade submissions of one assignment."""

    def __init__(self, spec: Spec, level: str, limits: Limits | None = None):
        self.spec = spec
        self.level = level
        self.limits = limits or Limits()
        self.hosts: OrderedDict[World, Sandbox] = OrderedDict()
        self.assessor = Assessor(spec)

    def __enter__(self) -> Desk:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def calls(self, question: Question, seed: str) -> tuple[list[Any], int]:
        """The arguments of every case of a question, and how many of these are visible."""
        return self.assessor.calls(question, seed)

    def ask(self, question: Question, job: dict[str, Any], seed: str) -> Reply:
        """Run a job in the question's own world. Raises ValueError where that cannot be built."""
        world = world_of(self.spec, question)
        if world not in self.hosts:
            if len(self.hosts) >= MOST_HOSTS:
                self.hosts.popitem(last=False)[1].close()
            given = self.spec.data["setup"], self.spec.data.get("warm", "")
            self.hosts[world] = Sandbox(self.level, build(world), self.limits, *given)
        self.hosts.move_to_end(world)
        give = partial(self.assessor.give, question, seed) if question.remote else None
        return self.hosts[world].ask(job, give)

    def decide(self, question: Question, seed: str, reply: Reply, blank: Result) -> Result:
        """The verdict on what came back."""
        return self.assessor.decide(question, seed, reply, blank)

    def close(self) -> None:
        for host in self.hosts.values():
            host.close()
        self.hosts.clear()
        self.assessor.close()
