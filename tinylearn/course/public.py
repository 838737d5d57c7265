"""The public half of a spec, beside the exercise: what tl.check and tl.hint need.

public(spec) -> dict       visible cases with the values expected, hints; no way to an answer
"""

from __future__ import annotations

from typing import Any

from .inside.values import Raised, decode, encode
from .question import Case, Check, Question, Wrong
from .spec import FORMAT, Planned, Spec, judge, same_value


def public(spec: Spec) -> dict[str, Any]:
    """What a student's copy needs for tl.check and tl.hint, as JSON."""
    return {
        "format": FORMAT,
        "assignment": spec.assignment,
        "title": spec.title,
        "points": spec.points,
        "setup": spec.data["setup"],
        "questions": [public_question(spec, question) for question in spec.questions],
    }


def public_question(spec: Spec, question: Question) -> dict[str, Any]:
    body = spec.data["questions"][question.id]
    names = ("id", "answer", "part", "title", "points", "rtol", "atol")
    visible = [check for check in question.checks if check.is_visible]
    unseen = list(question.wrongs)  # right in all cases so far; a check stops at the first failure
    return {name: getattr(question, name) for name in names} | {
        **({"forbid": list(question.forbid)} if question.forbid else {}),
        "world": body["world"],
        "absent": body["absent"],
        **({"kernels": True} if question.kernels else {}),
        **({"may_change": list(question.may_change)} if question.may_change else {}),
        "hints": list(question.hints),
        "run": body["run"],
        "judge": body["judge"],
        "hidden_checks": len(question.checks) - len(visible),
        "cases": [
            public_case(question, check, case, unseen)
            for check in visible
            for case in check.cases("")
        ],
    }


def public_case(
    question: Question, check: Check, case: Case, unseen: list[Wrong]
) -> dict[str, Any]:
    """A visible case; `unseen` are the mistakes that may show here, less those that do."""
    want = question.call(question.reference, case.args)
    planned = Planned(check, case, want)
    known: list[list[Any]] = []
    for wrong in list(unseen):
        value = question.call(wrong.function, case.args)
        if judge(question, value, planned):
            known.append([encode(first_line(question, value)), wrong.says])
            unseen.remove(wrong)
    # Two mistakes that cannot be told apart here: neither is named, for it may be the other.
    values = [decode(value) for value, _ in known]
    known = [
        [value, says]
        for (value, says), own in zip(known, values)
        if all(says == s or not same_value(question, own, o) for (_, s), o in zip(known, values))
    ]
    return {
        "check": check.name,
        "label": case.label,
        "args": [encode(argument) for argument in case.args],
        "want": encode(want),
        "known": known,
    }


def first_line(question: Question, value: Any) -> Any:
    """A mistake's value; of an error in a kernel one line, for the others quote the answer."""
    if question.kernels and isinstance(value, Raised):
        return Raised(value.kind, value.message.partition("\n")[0])
    return value


def public_planned(question: Question, case: dict[str, Any]) -> Planned:
    """A visible case as it stands in a public file, ready to be judged."""
    check = Check(case["check"], 0, lambda: [], True)
    args = tuple(decode(argument) for argument in case["args"])
    return Planned(check, Case(case["label"], args), decode(case["want"]))
