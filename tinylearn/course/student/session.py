"""Beside a student: register an answer, check it at once, give a hint, show what is theirs.

    tl.course.exercise("01_one_number")           which chapter; finds its public checks
    @tl.answer("slope", points=2)          this function answers that question
    tl.check("q1")    tl.hint("q1")        in under 10 ms; attempts and hints cost nothing
    tl.course.arguments("q1", 2)           what your function is called with in a visible case
    tl.course.card()                       how much of chapter and framework is theirs

Needs no network, no server and no extension, and knows no answer: the public file holds the
visible cases, the values expected there, and the sentences for well-known mistakes.
"""

from __future__ import annotations

import ast
import difflib
import dis
import inspect
import json
import os
import sys
import textwrap
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

from ...parts import ContractError, named, use
from ..inside.find import is_stub
from ..inside.uses import DEFINITIONS
from ..inside.values import Raised, decode, encode
from ..public import public_planned
from ..question import Question
from ..spec import FORMAT, executed, judge, keys, load, plan, same_value
from . import calls, mine
from .asked import Asked, CheckFailed, find_public, points_text, read_question
from .limit import OutOfTime

SECONDS = 10.0  # that a check waits for one call, where the slowest model answer needs one


@dataclass
class Session:
    """What one running notebook has asked and answered so far."""

    assignment: str = ""
    title: str = ""
    asked: list[Asked] = field(default_factory=list)
    early: dict[str, Any] = field(default_factory=dict)  # answered before the exercise was opened

    def find(self, key: str) -> Asked:
        """The question with this id, Part or function name. Raises CheckFailed with a way out."""
        self.opened()
        for asked in self.asked:
            if key in keys(asked.question):
                return asked
        known = [name for asked in self.asked for name in keys(asked.question)]
        near = difflib.get_close_matches(key, known, 1, 0.4)
        also = f"; did you mean {near[0]!r}?" if near else ""
        raise CheckFailed(f"{self.assignment} has no question {key!r}{also}")

    def opened(self) -> None:
        """Raises CheckFailed before tl.course.exercise(...) has run."""
        if not self.asked:
            raise CheckFailed(
                "No exercise is open. Run the cell with tl.course.exercise(...) at the top first;\n"
                "after a restart every cell must be run again."
            )

    @property
    def rows(self) -> list[mine.Row]:
        """(id, title, points, passed) of each question, for the card."""
        of = [(asked.question, asked.passed) for asked in self.asked]
        return [(question.id, question.title, question.points, passed) for question, passed in of]


_session = Session()


# ---------------------------------------------------------------- opening an exercise


def exercise(name: str, folder: str | Path | None = None) -> None:
    """Open the chapter `name`, wherever this notebook has been moved or renamed to."""
    global _session
    data = json.loads(find_public(name, folder).read_text("utf-8"))
    if data["format"] != FORMAT:
        raise CheckFailed(f"{name} was made for another tinylearn: install the course's version")
    given: dict[str, Any] = {"__name__": "given"}
    executed(data["setup"], f"<setup of {data['assignment']}>", given)
    opened = Session(name, data["title"])
    for body in data["questions"]:
        asked = Asked(read_question(body, given), body, name, given, data["setup"])
        opened.asked.append(asked)
    for key, function in _session.early.items():
        register(opened, key, function)
    _session = opened
    points = sum(asked.question.points for asked in opened.asked)
    print(f"{data['title']}: {len(opened.asked)} questions, {points_text(points)}.")


# ---------------------------------------------------------------- answering


def answer(key: str, points: float | None = None) -> Callable[[Any], Any]:
    """Decorator: this function or class answers the question `key`. It stays as it is."""

    def add(function: Any) -> Any:
        if _session.asked:
            register(_session, key, function)
        else:
            _session.early[key] = function
        return function

    return add


def register(session: Session, key: str, function: Any) -> None:
    asked = session.find(key)
    if asked.answer is None or not is_stub_object(function):  # an unfinished one does not count
        asked.answer = function


def hint(key: str = "") -> None:
    """The next hint for a question; it costs nothing. Without a name: which questions there are."""
    if not key:
        return print(usage("hint"))
    asked = _session.find(key)
    hints = asked.question.hints
    number = min(asked.hints_shown, len(hints) - 1)
    asked.hints_shown = min(asked.hints_shown + 1, len(hints))
    more = "" if number == len(hints) - 1 else "\nRun this again for the next one."
    print(f"Hint {number + 1} of {len(hints)}: {hints[number]}{more}")


def usage(what: str) -> str:
    """How tl.hint and tl.check are called, with the questions of the open chapter."""
    _session.opened()
    lines = [f"    {asked.says}{f'  {tick()}' * asked.passed}" for asked in _session.asked]
    first = next((a for a in _session.asked if not a.passed), _session.asked[0])
    return "\n".join([f'Say for which question: tl.{what}("{first.question.id}").', *lines])


def tick() -> str:
    """A tick, or a word where the screen has no such sign."""
    try:
        "\u2713".encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return "ok"
    return "\u2713"


# ---------------------------------------------------------------- checking


def check(key: str = "", hidden: bool = False, seconds: float = SECONDS) -> None:
    """Run the visible checks of a question; on success the framework runs your function.

    hidden    run the staff's hidden checks too, where the private spec is at hand
    seconds   how long to wait for one call
    Raises    CheckFailed with what was called, expected and got
    """
    if not key:
        return print(usage("check"))
    began = time.perf_counter()
    asked = _session.find(key)
    asked.answer = answering(asked)
    if asked.answer is None:
        name = keys(asked.question)[1] if len(keys(asked.question)) > 1 else key
        raise CheckFailed(
            f"{key}: no answer yet. Run the cell that begins with @tl.answer({name!r}) first;\n"
            "after a restart of the kernel every cell must be run again."
        )
    if path := forbidden(asked):
        raise CheckFailed(f"{key}: write it without {path}: the grader does not have it here.")
    cases = asked.data["cases"]
    for number, body in enumerate(cases, 1):
        if text := failure(asked, body, number, seconds):
            done = f"{number - 1} of {len(cases)} visible checks passed."
            raise CheckFailed(f"{key}: {text}\n{done}")
    adopt(asked)
    asked.passed = True
    if hidden:
        check_hidden(asked)
    print(praise(asked, 1000 * (time.perf_counter() - began)))


def praise(asked: Asked, milliseconds: float) -> str:
    """What a passed check says: the question, its points, each case, and what is left."""
    labels = [body["label"] for body in asked.data["cases"]]
    ticks = "".join(f"\n    {tick()} {label}" for label in labels)
    more = asked.data["hidden_checks"]
    return (
        f"{tick()} {asked.says}{ticks}\n"
        f"{len(labels)} of {len(labels)} visible checks passed in {milliseconds:.0f} ms;"
        f" the grader has {more} more.\n{mine.standing(_session.rows)}"
    )


def failure(asked: Asked, body: dict[str, Any], number: int, seconds: float) -> str:
    """What is wrong in the case `number`, as the student reads it; "" if nothing."""
    question, planned = asked.question, public_planned(asked.question, body)
    got = calls.value(asked, body, seconds)
    if isinstance(got, Raised) and got.kind == "NotImplementedError":
        return f"{question.answer} is not attempted yet."
    if isinstance(got, Raised) and got.kind == OutOfTime.__name__:
        wrong = out_of_time(question, got, seconds)
    elif not (wrong := judge(question, got, planned)):
        return ""
    for value, says in body["known"]:
        known = decode(value)
        if same_value(question, got, known):
            wrong = f"{wrong}\n{says}"
            break
    shown = calls.called(asked, body, number)
    return f"{planned.case.label}\n    called   {shown}\n    {wrong}"


def out_of_time(question: Question, got: Raised, seconds: float) -> str:
    """What is said of a call that was ended, with the line where it was."""
    place = f", in line {got.line}: {got.source}" if got.line else ""
    return (
        f"no answer after {seconds:g} s{place}\n"
        "    Does a loop never end, or a function call itself for ever? "
        f'tl.check("{question.id}", seconds={6 * seconds:g}) waits longer.'
    )


def arguments(key: str, case: int = 1) -> tuple[Any, ...]:
    """What your function is called with first in a visible case, made anew.

    case      1 for the first one; a failed check names it
    Raises    CheckFailed where there is no such case
    """
    asked = _session.find(key)
    cases = asked.data["cases"]
    if not 1 <= case <= len(cases):
        raise CheckFailed(f"{key} has {len(cases)} visible cases: 1 to {len(cases)}, not {case}.")
    found = calls.first_arguments(asked, cases[case - 1])
    if found is None:
        raise CheckFailed(f"{key}: in case {case} your function is not called.")
    return found


def answering(asked: Asked) -> Any:
    """What answers the question, by the grader's rule: what was registered, if it is attempted,
    else what bears its name in the notebook."""
    registered, name = asked.answer, asked.question.answer
    named = calls.main_namespace().get(name)
    if not callable(named) or named is registered or name in asked.given or is_stub_object(named):
        return registered
    return named if registered is None or is_stub_object(registered) else registered


def is_stub_object(answer: Any) -> bool:
    """Whether the text of a function or class, where it can be had, is still the stub."""
    try:
        node = ast.parse(textwrap.dedent(inspect.getsource(answer))).body[0]
    except (OSError, TypeError, SyntaxError, IndexError):
        return False
    return isinstance(node, DEFINITIONS) and is_stub(node)


def forbidden(asked: Asked) -> str:
    """The first thing that the answer names though the grader does not have it, or ""."""
    code, own = getattr(asked.answer, "__code__", None), getattr(asked.answer, "__globals__", {})
    if code is None:
        return ""
    looked_up = {name: own.get(name) for name in global_names(code)}
    without = {"python": ("numpy", "tinylearn"), "numpy": ("tinylearn",)}
    for name, value in looked_up.items():
        package = package_of(value)
        if package in without.get(asked.question.world, ()):
            return package if isinstance(value, ModuleType) else f"{package}'s {name}"
    for path in (*asked.question.forbid, *shortcuts(asked)):
        if path.rpartition(".")[2] in code.co_names or path in map(package_of, looked_up.values()):
            return path
    part = named(asked.question.part) if asked.question.part else None
    own_bodies = [part, part.default] if part else []
    return next((n for n, value in looked_up.items() if any(value is b for b in own_bodies)), "")


def global_names(code: CodeType) -> list[str]:
    """The names that some code, or code inside it, looks up outside of itself."""
    steps = dis.get_instructions(code)
    found = [str(s.argval) for s in steps if s.opname in ("LOAD_GLOBAL", "LOAD_NAME")]
    inner = [const for const in code.co_consts if isinstance(const, CodeType)]
    return [*found, *(name for other in inner for name in global_names(other))]


def package_of(value: Any) -> str:
    """The package that a module, a class or a function belongs to; "" for anything else."""
    known = value if isinstance(value, ModuleType) else getattr(value, "__module__", "")
    name = known.__name__ if isinstance(known, ModuleType) else known
    return str(name or "").partition(".")[0]


def shortcuts(asked: Asked) -> list[str]:
    """The methods of Tensor that are absent because the question asks for what they do."""
    part = asked.question.part or ""
    methods = [place.split(".")[-2:] for place in asked.data["absent"]]
    return [m for owner, m in methods if owner[:1].isupper() and m == part.rpartition(".")[2]]


def adopt(asked: Asked) -> None:
    """Let the framework run the answer from now on, and keep it in my_tinylearn/."""
    part = asked.question.part
    if part:
        try:
            use({part: asked.answer})
        except ContractError as error:
            raise CheckFailed(f"{asked.question.id}: {error}") from None
    mine.save(asked.question, asked.assignment, asked.setup, set(asked.given), asked.answer)


def check_hidden(asked: Asked) -> None:
    """The hidden checks in this very process: for nbgrader's autograde, on the staff's machine."""
    folder = Path(os.environ.get("TINYLEARN_SPECS", "solutions"))
    path = next(
        (
            place / f"{asked.assignment}.spec.json"
            for above in (Path.cwd(), *Path.cwd().parents)
            for place in (folder, above / folder)
            if (place / f"{asked.assignment}.spec.json").is_file()
        ),
        None,
    )
    if path is None:
        raise CheckFailed(f"the private spec of {asked.assignment} is not here")
    question = load(path)[asked.question.id]
    for planned in plan(question, os.urandom(8).hex()):
        body = {"args": [encode(argument) for argument in planned.case.args]}
        if text := judge(question, calls.value(asked, body, SECONDS), planned):
            raise CheckFailed(f"{asked.question.id}: {planned.check.name}: {text}")


# ---------------------------------------------------------------- progress


def card() -> mine.Card:
    """A card: this chapter's questions, and how much of the framework is yours."""
    return mine.Card(_session.title, _session.rows)
