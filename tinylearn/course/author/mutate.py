"""Grades small changes of every model answer: none may earn full points and go unnoticed.

    mutated(spec, known) -> Survey       undetected, unexplained, and what is out of date in `known`

A mutant that gives the same values as the solution is named, with the reason, in
`solutions/mistakes/NN_topic.toml`:

    [q5]
    "line 7: True for False ..." = "the flag is only read after it was set"
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..question import Question
from ..spec import Spec, executed, one_of
from .mutants import IN_PLACE, mutants
from .prove import Trial

SEEDS = 3  # of students whose inputs a mutant meets


@dataclass
class Survey:
    """What the mutants of a chapter earned, each as "q1, line 3: ..."."""

    count: int = 0
    undetected: list[str] = field(default_factory=list)  # full points, and not named as equal
    unexplained: list[str] = field(default_factory=list)  # points are lost without a sentence
    out_of_date: list[str] = field(default_factory=list)  # named as equal, and it is not or is gone


def equal_ones(root: Path, name: str) -> dict[str, dict[str, str]]:
    """{question: {mutant: reason}} of those named as equal to the solution."""
    path = root / "solutions" / "mistakes" / f"{name}.toml"
    return tomllib.loads(path.read_text("utf-8")) if path.is_file() else {}


def mutated(spec: Spec, known: dict[str, dict[str, str]]) -> Survey:
    """Grade every mutant of every model answer of a chapter."""
    survey = Survey()
    for question in spec.questions:
        trials = [Trial(question, f"mutant {number}") for number in range(SEEDS)]
        equal, found = known.get(question.id, {}), set()
        for says, answer in answers(spec, question):
            survey.count += 1
            if all(trial.quick(answer).points == question.points for trial in trials):
                found.add(says)
            elif IN_PLACE not in says and not trials[0].sentence(trials[0].values(answer)):
                survey.unexplained.append(f"{question.id}, {says}")
        survey.undetected += [f"{question.id}, {says}" for says in sorted(found - set(equal))]
        survey.out_of_date += [f"{question.id}, {says}" for says in sorted(set(equal) - found)]
    return survey


def answers(spec: Spec, question: Question) -> Iterator[tuple[str, Any]]:
    """The mutants of one model answer, as functions."""
    given = dict(question.solution.__globals__)
    for says, text in mutants(spec.data["questions"][question.id]["reference"]).items():
        namespace = dict(given)
        try:
            executed(text, one_of("mutant", text), namespace)
        except Exception:  # not every edit gives a program
            continue
        yield says, namespace[question.answer]
