"""The private spec of an assignment: staff only; public.py has the half beside the exercise.

    load(path) -> Spec         questions with reference, hidden checks and wrong answers, ready
    plan(question, seed)       every case of every check, with what the reference gives

A spec is made by `tinylearn course build`; it is data with the authors' own Python sources in
it, which `load` runs: a spec is trusted like the solution it was built from.
"""

from __future__ import annotations

import ast
import hashlib
import hmac
import inspect
import json
import linecache
import pickle
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from ..parts import named
from . import compare
from .essay import Essay, take_essays
from .inside.values import Raised, encode
from .question import Case, Check, Open, Question, Wrong, take_questions

FORMAT = 1
MOST_LINES = 300_000  # of a wrong answer tried in this process: it may never end by itself


@dataclass(frozen=True)
class Planned:
    """One case of one check, and the value that earns it."""

    check: Check
    case: Case
    want: Any


@dataclass
class Spec:
    """One assignment, loaded."""

    assignment: str
    title: str
    data: dict[str, Any]
    questions: list[Question]
    essays: list[Essay] = field(default_factory=list)

    @cached_property
    def points(self) -> float:
        by_hand = sum(essay.points for essay in self.essays)
        return sum(question.points for question in self.questions) + by_hand

    @property
    def ids(self) -> list[str]:
        """Of all that earns points, in order."""
        return [q.id for q in self.questions] + [essay.id for essay in self.essays]

    def essay(self, id: str) -> Essay | None:
        """The question of this name that is answered in words; None if it is another kind."""
        return next((essay for essay in self.essays if essay.id == id), None)

    def __getitem__(self, name: str) -> Question:
        for question in self.questions:
            if name in keys(question):
                return question
        raise KeyError(f"{self.assignment} has no question {name!r}")

    def digest(self, question: Question) -> str:
        """Changes when anything changes that could change a grade of this question."""
        relevant = [self.data[key] for key in ("format", "setup", "shared")]
        relevant.append(self.data["questions"][question.id])
        return hashlib.sha256(json.dumps(relevant, sort_keys=True).encode()).hexdigest()


def keys(question: Question) -> tuple[str, ...]:
    """The names that a student may call a question by: its id, its Part, its function."""
    return tuple(dict.fromkeys(k for k in (question.id, question.part, question.answer) if k))


def load(path: Path) -> Spec:
    """Read a private spec and run the authors' sources in it."""
    return from_data(json.loads(Path(path).read_text("utf-8")))


def from_data(data: dict[str, Any]) -> Spec:
    """A spec from its JSON. Raises ValueError for one of another format or in itself wrong."""
    if data.get("format") != FORMAT:
        raise ValueError(f"a spec of format {data.get('format')}; this tinylearn reads {FORMAT}")
    given: dict[str, Any] = {"__name__": f"spec_{data['assignment']}"}
    executed(data["setup"], f"<setup of {data['assignment']}>", given)
    authors = dict(given)
    for body in data["questions"].values():
        executed(body["reference"], one_of("reference", body["reference"]), authors)
    take_questions()
    take_essays()
    for text in (data["authors"], data.get("mistakes", "")):
        executed(text, one_of(f"questions of {data['assignment']}", text), authors)
    questions = take_questions()
    sources = {body_name(key, body): body["reference"] for key, body in data["questions"].items()}
    for question in questions:
        if question.answer not in sources:
            raise ValueError(f"{question.id}: no cell answers it with {question.answer}")
        question.namespace = dict(given)
        question.absent = tuple(data["questions"].get(question.id, {}).get("absent", ()))
        question.reference = question.solution = authors[question.answer]
        if question.part:  # what the framework itself does is the reference
            question.reference = named(question.part).default
        question.may_change = places_of(question)
        question.wrongs = [
            edited(question, wrong, sources[question.answer], authors) if wrong.edit else wrong
            for wrong in question.wrongs
        ]
    return Spec(data["assignment"], data["title"], data, questions, take_essays())


def body_name(key: str, body: dict[str, Any]) -> str:
    """The function that a question's entry is about; while a spec is made its key says so."""
    return str(body.get("name", key.removeprefix("_")))


def places_of(question: Question) -> tuple[int, ...]:
    """The places of the arguments that the answer may change. ValueError for an unknown name."""
    if not question.changes:
        return ()
    names = list(inspect.signature(question.solution).parameters)
    if unknown := set(question.changes) - set(names):
        raise ValueError(f"{question.id}: {question.answer} has no argument {sorted(unknown)[0]}")
    return tuple(names.index(name) for name in question.changes)


def edited(question: Question, wrong: Wrong, source: str, authors: dict[str, Any]) -> Wrong:
    """A mistake that is an edit of the solution, as a function."""
    text = edited_source(question.id, wrong, source)
    namespace = dict(authors)
    try:
        executed(text, one_of(wrong.name, text), namespace)
    except SyntaxError as error:
        raise ValueError(f"{question.id}: {wrong.edit} gives no Python: {error}") from None
    return replace(wrong, function=namespace[question.answer])


def edited_source(id: str, wrong: Wrong, source: str) -> str:
    """The solution's text with one edit. ValueError unless its place is found exactly once."""
    assert wrong.edit is not None
    old, new = wrong.edit
    if source.count(old) != 1:
        raise ValueError(
            f"{id}: {old!r} stands {source.count(old)} times in the solution, not once"
        )
    return source.replace(old, new)


# ---------------------------------------------------------------- hidden inputs


def seed_for(
    secret: bytes, assignment: str, student: str, question: str, cells: Iterable[str] = ()
) -> str:
    """The same at every regrade; another for each student, each question, and each answer.

    cells   all that the answer's process is given, empty cells included: whoever learned the
            inputs of one answer meets others with the next, and a table of them, even one
            written in blanks, is worth nothing
    """
    answer = hashlib.sha256()
    for cell in cells:
        code = cell.encode("utf-8", "surrogatepass")
        answer.update(len(code).to_bytes(8, "big") + code)
    text = "\x1f".join((assignment, student, question, answer.hexdigest()))
    return hmac.new(secret, text.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()


def plan(question: Question, seed: str, known: Known | None = None) -> list[Planned]:
    """All cases with their expected values; the visible ones first.

    known   where a value is looked up that was expected of somebody before
    """
    known = Known() if known is None else known
    ordered = sorted(question.checks, key=lambda check: not check.is_visible)
    return [
        Planned(check, case, known.value(question, case))
        for check in ordered
        for case in check.cases(seed)
    ]


class Known:
    """What references gave for the cases that came last: many are the same for every student."""

    MOST = 500  # of several questions together; a chapter has about 60 cases that are everybody's

    def __init__(self) -> None:
        self.values: OrderedDict[bytes, Any] = OrderedDict()

    def value(self, question: Question, case: Case) -> Any:
        """What the reference gives for a case, computed where it has not been before."""
        key = hashlib.sha256(pickle.dumps((question.id, case.args))).digest()
        if key not in self.values:
            self.values[key] = question.call(question.reference, case.args)
        self.values.move_to_end(key)
        if len(self.values) > self.MOST:
            self.values.popitem(last=False)
        return self.values[key]


def judge(question: Question, got: Any, planned: Planned) -> str:
    """What is wrong with a value, "" if nothing. The only place where a grade is decided."""
    if question.judge is None or isinstance(got, Raised) or isinstance(planned.want, Raised):
        return compare.difference(got, planned.want, question.rtol, question.atol)
    try:
        text = question.judge(got, planned.want, *planned.case.args) or ""
        return text if isinstance(text, Open) else str(text)
    except Exception as error:  # the value came from a stranger: a judge may stumble over it
        kind = type(error).__name__
        return f"got {compare.show(got)}, which is not a usable value ({kind})"


Theirs = Callable[[Wrong, Planned], tuple[Any, bool]]


def sentence(
    question: Question, values: list[tuple[Any, Planned]], theirs: Theirs | None = None
) -> str:
    """The sentence of the known mistake that explains the values, or "".

    Best is a mistake that gives the same values in every case. A mistake whose values depend on
    an order nobody promised counts if it alone fails the same cases, most of them with the same
    values. Else it is the one that the first failing visible case shows, as beside the student.

    theirs   what a known mistake gives for a case, and whether that is wrong; by default it is
             asked
    """
    theirs = theirs or (lambda wrong, planned: tried(question, wrong, planned))
    near, failed = [], [bool(judge(question, got, planned)) for got, planned in values]
    for wrong in question.wrongs:
        alike, other = likeness(question, wrong, values, failed, theirs)
        if alike and not other:
            return wrong.says
        if alike > 2 * other:
            near.append(wrong.says)
    return near[0] if len(near) == 1 else first_sentence(question, values, theirs)


def tried(question: Question, wrong: Wrong, planned: Planned) -> tuple[Any, bool]:
    """What a known mistake gives for a case, and whether that is wrong."""
    value = question.call(wrong.function, planned.case.args, most_lines=MOST_LINES)
    return value, bool(judge(question, value, planned))


def first_sentence(question: Question, values: list[tuple[Any, Planned]], theirs: Theirs) -> str:
    """What tl.check says beside the student: the mistake that the first failing visible case shows.

    Of the known mistakes those that give the same value there, and are right wherever the answer
    is; "" if they do not agree on a sentence.
    """
    shown = [(got, planned) for got, planned in values if planned.check.is_visible]
    failing = [n for n, (got, planned) in enumerate(shown) if judge(question, got, planned)]
    if not failing or is_starved(shown[failing[0]][0]):
        return ""
    got, first = shown[failing[0]]
    passed = [planned for n, (_, planned) in enumerate(shown) if n not in failing]
    said = {
        wrong.says
        for wrong in question.wrongs
        if same_value(question, got, theirs(wrong, first)[0])
        and not any(theirs(wrong, planned)[1] for planned in passed)
    }
    return said.pop() if len(said) == 1 else ""


def likeness(
    question: Question,
    wrong: Wrong,
    values: list[tuple[Any, Planned]],
    failed: list[bool],
    theirs: Theirs,
) -> tuple[int, int]:
    """How many of the `failed` values a known mistake gives, and how many it gives otherwise.

    (0, 0) if it is right where the answer is wrong or the other way round. Cases in which one of
    the two ran out of time tell nothing.
    """
    alike = other = 0
    for (got, planned), is_wrong in zip(values, failed):
        if is_starved(got):
            continue
        value, theirs_is_wrong = theirs(wrong, planned)
        if is_starved(value):
            continue
        if is_wrong != theirs_is_wrong:
            return 0, 0
        if is_wrong and same_value(question, got, value):
            alike += 1
        else:
            other += is_wrong
    return alike, other


def same_error(got: Any, theirs: Any) -> bool:
    """Whether both are errors of one kind that begin alike: what follows are often shapes."""
    both = isinstance(got, Raised) and isinstance(theirs, Raised)
    return both and got.kind == theirs.kind and got.message[:24] == theirs.message[:24]


def is_starved(value: Any) -> bool:
    """Whether a call ran out of time or memory: there is no value, and no use in trying it here."""
    return isinstance(value, Raised) and value.kind in ("Slow", "MemoryError")


def same_value(question: Question, got: Any, theirs: Any) -> bool:
    """Whether two wrong answers to one case are alike: the same error or equal values."""
    if isinstance(got, Raised) or isinstance(theirs, Raised):
        return same_error(got, theirs)
    same = compare.agrees(got, theirs, question.rtol, question.atol)
    return same or encode(got) == encode(theirs)


# ---------------------------------------------------------------- sources


def one_of(name: str, text: str) -> str:
    """The place of a text where many have the same name: told apart by what they say."""
    return f"<{name} {hashlib.sha256(text.encode()).hexdigest()[:8]}>"


def executed(text: str, place: str, namespace: dict[str, Any]) -> None:
    """Run a text that lies in no file; what it defines finds its source, as kernels have to.

    place   what it is called in errors, as "<setup of 03_twelve_ops>"
    """
    linecache.cache[place] = len(text), None, text.splitlines(True), place
    exec(compile(text, place, "exec"), namespace)


def source_of(text: str, name: str) -> str:
    """The definition of `name` in a source text, without its decorators; "" if there is none."""
    for node in ast.parse(text).body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and node.name == name:
            lines = text.splitlines()[node.lineno - 1 : node.end_lineno]
            return "\n".join(lines) + "\n"
    return ""
