"""Proves the questions of a chapter: what an author promises holds for every student's inputs.

prove(spec, seeds=20) -> [] or what is wrong, a line for each

the solution      earns all points under every seed
the stub          earns nothing, and so does every answer that computes nothing (empty.py)
a known mistake   earns the same under every seed, less than all, and is told its own sentence
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ..inside.values import Raised
from ..points import earned
from ..question import Question, Wrong, settled
from ..spec import MOST_LINES, Planned, Spec, first_sentence, judge, plan, sentence, tried
from .empty import empty_answers

MISTAKE_SEEDS = 20  # a known mistake is tried under so many at most
SLOW = 0.025  # CPU seconds: a question whose cases take longer is tried under a tenth of the seeds


@dataclass(frozen=True)
class Verdict:
    """What an answer gets: its points, and the checks and cases that it fails."""

    points: float
    failed: frozenset[str]
    first: str = ""


class Trial:
    """The inputs of one student for one question, and what answers give for them."""

    def __init__(self, question: Question, seed: str) -> None:
        self.question, self.seed = question, seed

    @cached_property
    def planned(self) -> list[Planned]:
        return plan(self.question, self.seed)

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
        for question in spec.questions:
            trials = [Trial(question, f"student {n}") for n in range(min(seeds, MISTAKE_SEEDS))]
            found = [*solution_trouble(question, seeds), *stub_trouble(spec, trials[0])]
            found += empty_trouble(trials[:2])
            for wrong in question.wrongs:
                found += mistake_trouble(wrong, trials)
            trouble += [f"{question.id}: {text}" for text in found]
    return trouble


def solution_trouble(question: Question, seeds: int) -> Iterator[str]:
    """Where the solution loses points; the first seed of each case is named."""
    told: set[str] = set()
    began, count = time.process_time(), 0  # not by the clock: a busy machine proves as much
    while count < seeds:
        trial = Trial(question, f"student {count}")
        if not count and all(isinstance(p.want, Raised) for p in trial.planned):
            yield f"the solution raises {trial.planned[0].want} in every case"
        for got, planned in zip(trial.values_of_solution(), trial.planned):
            label = planned.case.label
            if (text := judge(question, got, planned)) and label not in told:
                told.add(label)
                yield f"the solution fails {label}, under seed {trial.seed!r}: {text}"
        count += 1
        if count == 3 and time.process_time() - began > 3 * SLOW:
            seeds = max(3, seeds // 10)


def stub_trouble(spec: Spec, trial: Trial) -> list[str]:
    """[] if what students begin with earns nothing."""
    question = trial.question
    namespace = dict(question.namespace) | {"tl": Decorators}
    try:
        exec(compile(spec.data["questions"][question.id]["stub"], "<stub>", "exec"), namespace)
        points = trial.quick(namespace[question.answer]).points
    except Exception as error:
        return [f"the stub does not run: {type(error).__name__}: {error}"]
    return [f"the stub earns {points:g} points"] * (points > 0)


class Decorators:
    """Stands for tinylearn in a stub's cell."""

    @staticmethod
    def answer(*_: Any, **__: Any) -> Any:
        return lambda function: function


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
