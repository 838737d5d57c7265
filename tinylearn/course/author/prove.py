"""Proves the questions of a chapter: what an author promises holds for every student's inputs.

prove(spec, seeds=20) -> [] or what is wrong, a line for each

the solution      earns all points under every seed; many are tried in several processes
the stub          earns nothing, and so does every answer that computes nothing (empty.py)
a known mistake   earns the same under every seed, less than all, and is told its own sentence
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ...kernels.launch import kernel
from ..grade import workers
from ..grade.workers import Job, Message
from ..inside.values import Raised
from ..points import earned
from ..question import Question, Wrong, settled
from ..spec import (
    MOST_LINES,
    Known,
    Planned,
    Spec,
    executed,
    first_sentence,
    judge,
    one_of,
    plan,
    sentence,
    tried,
)
from .empty import empty_answers

MISTAKE_SEEDS = 20  # a known mistake is tried under so many at most
CHUNK = 50  # seeds that one process tries before it says what it found


@dataclass(frozen=True)
class Verdict:
    """What an answer gets: its points, and the checks and cases that it fails."""

    points: float
    failed: frozenset[str]
    first: str = ""


class Trial:
    """The inputs of one student for one question, and what answers give for them."""

    def __init__(self, question: Question, seed: str, known: Known | None = None) -> None:
        self.question, self.seed, self.known = question, seed, known

    @cached_property
    def planned(self) -> list[Planned]:
        return plan(self.question, self.seed, self.known)

    @cached_property
    def mistakes(self) -> dict[str, list[tuple[Any, bool]]]:
        """The values of every known mistake, by its name, and whether they are wrong."""
        return {
            wrong.name: [tried(self.question, wrong, p) for p in self.planned]
            for wrong in self.question.wrongs
        }

    def theirs(self, wrong: Wrong, planned: Planned) -> tuple[Any, bool]:
        """What a known mistake gave for a case, and whether that is wrong."""
        place = next(n for n, p in enumerate(self.planned) if p is planned)
        return self.mistakes[wrong.name][place]

    def values_of_solution(self) -> list[Any]:
        """As they are expected, where the solution is the reference itself."""
        if self.question.solution is self.question.reference:
            return [planned.want for planned in self.planned]
        return self.values(self.question.solution, most_lines=0)

    def values(self, answer: Any, most_lines: int = MOST_LINES) -> list[Any]:
        call = self.question.call
        return [call(answer, p.case.args, most_lines) for p in self.planned]

    def verdict(self, values: list[Any]) -> Verdict:
        failed: dict[str, str] = {}
        for got, planned in zip(values, self.planned):
            if text := judge(self.question, got, planned):
                failed.setdefault(planned.check.name, f"{planned.case.label}: {text}")
        points = sum(earned(self.question, failed).values())
        return Verdict(round(points, 9), frozenset(failed), next(iter(failed.values()), ""))

    def quick(self, answer: Any) -> Verdict:
        """The verdict on an answer, with no call in a check that has failed already."""
        failed: dict[str, str] = {}
        for planned in self.planned:
            if planned.check.name not in failed:
                got = self.question.call(answer, planned.case.args, most_lines=MOST_LINES)
                if text := judge(self.question, got, planned):
                    failed[planned.check.name] = f"{planned.case.label}: {text}"
        points = sum(earned(self.question, failed).values())
        return Verdict(round(points, 9), frozenset(failed), next(iter(failed.values()), ""))

    def sentence(self, values: list[Any]) -> str:
        return sentence(self.question, list(zip(values, self.planned)), self.theirs)

    def beside(self, values: list[Any]) -> str:
        """What tl.check says, where the visible cases are all there is."""
        return first_sentence(self.question, list(zip(values, self.planned)), self.theirs)


def prove(spec: Spec, seeds: int = 3) -> list[str]:
    """What is wrong with the questions themselves: [] if each does what an author promises."""
    trouble = []
    with settled():
        lost = solution_trouble(spec, seeds)
        for question in spec.questions:
            trials = [Trial(question, f"student {n}") for n in range(min(seeds, MISTAKE_SEEDS))]
            found = [*lost[question.id], *stub_trouble(spec, trials[0])]
            found += empty_trouble(trials[:2])
            for wrong in question.wrongs:
                found += mistake_trouble(wrong, trials)
            trouble += [f"{question.id}: {text}" for text in found]
    return trouble


# ---------------------------------------------------------------- the solution


def solution_trouble(spec: Spec, seeds: int) -> dict[str, list[str]]:
    """{question: where its solution loses points}; the first seed of each case is named."""
    pieces = [
        (question, range(first, min(first + CHUNK, seeds)))
        for question in spec.questions
        for first in range(0, seeds, CHUNK)
    ]
    found: dict[str, list[tuple[int, str, str]]] = {question.id: [] for question in spec.questions}

    def do(job: Job) -> Iterator[Message]:
        yield {"lost": points_lost(*pieces[job.item])}

    def heard(item: int, message: Message) -> None:
        question, numbers = pieces[item]
        if "failed" in message:
            found[question.id].append((numbers[0], "", message["failed"]))
        found[question.id] += map(tuple, message.get("lost", ()))

    if seeds > CHUNK and hasattr(os, "fork"):
        workers.run(len(pieces), os.cpu_count() or 1, do, heard)
    else:
        for item in range(len(pieces)):
            heard(item, next(do(Job(item))))
    return {id: list(dict(first_of_each(lost)).values()) for id, lost in found.items()}


def first_of_each(lost: list[tuple[int, str, str]]) -> Iterator[tuple[str, str]]:
    """(label of a case, what is wrong with it) for the lowest number of a seed."""
    for _, label, text in sorted(lost, reverse=True):  # of a dict the last one stays
        yield label, text


def points_lost(question: Question, numbers: range) -> list[tuple[int, str, str]]:
    """(number of the seed, label, what is wrong) wherever the solution fails a case."""
    lost, known = [], Known()
    for number in numbers:
        trial = Trial(question, f"student {number}", known)
        if not number and all(isinstance(p.want, Raised) for p in trial.planned):
            lost.append((0, "", f"the solution raises {trial.planned[0].want} in every case"))
        for got, planned in zip(trial.values_of_solution(), trial.planned):
            label = planned.case.label
            if text := judge(question, got, planned):
                says = f"the solution fails {label}, under seed {trial.seed!r}: {text}"
                lost.append((number, label, says))
    return lost


# ---------------------------------------------------------------- stubs and mistakes


def stub_trouble(spec: Spec, trial: Trial) -> list[str]:
    """[] if what students begin with earns nothing."""
    question = trial.question
    namespace = dict(question.namespace) | {"tl": Decorators}
    try:
        stub = spec.data["questions"][question.id]["stub"]
        executed(stub, one_of("stub", stub), namespace)
        points = trial.quick(namespace[question.answer]).points
    except Exception as error:
        return [f"the stub does not run: {type(error).__name__}: {error}"]
    return [f"the stub earns {points:g} points"] * (points > 0)


class Decorators:
    """Stands for tinylearn in a stub's cell."""

    @staticmethod
    def answer(*_: Any, **__: Any) -> Any:
        return lambda function: function

    kernel = staticmethod(kernel)


def empty_trouble(trials: list[Trial]) -> list[str]:
    """The answers that compute nothing and earn something."""
    wants = [p.want for p in trials[0].planned if p.check.is_visible]
    found = []
    for name, answer in empty_answers(wants).items():
        for trial in trials:
            verdict = trial.quick(answer)
            if verdict.points:
                found.append(f"an answer that computes nothing ({name}) earns {verdict.points:g}")
                break
    return found


def mistake_trouble(wrong: Wrong, trials: list[Trial]) -> list[str]:
    """What is wrong with one known mistake: its points, its sentence, or that they vary."""
    question = trials[0].question
    values = [[value for value, _ in trial.mistakes[wrong.name]] for trial in trials]
    verdicts = [trial.verdict(theirs) for trial, theirs in zip(trials, values)]
    points = {verdict.points for verdict in verdicts}
    if max(points) >= question.points:
        return [f"no hidden check refuses {wrong.name} for sure"]
    if len(points) > 1:
        few = min(verdicts, key=lambda v: v.points)
        many = max(verdicts, key=lambda v: v.points)
        unlike = sorted(few.failed - many.failed)
        return [f"{wrong.name} earns {sorted(points)}: its luck decides in {unlike}"]
    if wrong.worth is not None and points != {wrong.worth}:
        return [f"{wrong.name} earns {points.pop():g} points, not {wrong.worth:g}"]
    told = {trial.sentence(theirs) for trial, theirs in zip(trials, values)}
    if told != {wrong.says}:
        return [f"{wrong.name} is told {told}"]
    beside = trials[0].beside(values[0])
    if beside not in ("", wrong.says):
        return [f"{wrong.name} is told by tl.check {beside!r}"]
    return []
