"""A question as its author writes it: checks, hints and wrong answers beside the solution.

    q = question("q1", answer="slope", points=2, hints=("...", "...", "..."))

    @q.visible("by hand")                    the student sees these, worth no points
    def by_hand():
        yield case("x * x at 3", Code("lambda x: x * x"), 3.0)

    @q.hidden("random cubics", points=2)     inputs from a secret, another for each student
    def cubics(rng): ...

    @q.wrong("You divide by h, but the points are 2 * h apart.")
    def one_step(f, x, h=1e-5): ...

    q.mistake("Brackets: 2 * h.", replace="(2 * h)", by="2 * h")      as an edit of the solution

A check earns its points if all its cases agree with the reference; points.py adds them up.
"""

from __future__ import annotations

import contextlib
import gc
import inspect
import random
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from types import CodeType
from typing import Any

import numpy as np

from ..kernels.launch import kernel
from ..parts import Part, named
from .inside.values import Code, Raised, decode, encode
from .inside.watch import watched

__all__ = ["Case", "Check", "Code", "Open", "Question", "Raised", "Wrong", "case", "question"]


@dataclass(frozen=True)
class Case:
    """One call: a label the student reads and the arguments."""

    label: str
    args: tuple[Any, ...]


def case(label: str, *args: Any) -> Case:
    return Case(label, args)


class Open(str):
    """A judge's words that give no expected value away: shown of a hidden case, too."""


@dataclass(frozen=True)
class Check:
    """Cases that are worth points together."""

    name: str
    points: float
    make: Callable[..., Iterable[Case]]
    is_visible: bool

    @property
    def is_fresh(self) -> bool:
        """Whether its inputs differ from student to student."""
        return bool(inspect.signature(self.make).parameters)

    def cases(self, seed: str) -> list[Case]:
        return list(
            self.make(random.Random(f"{seed}/{self.name}")) if self.is_fresh else self.make()
        )


@dataclass(frozen=True)
class Wrong:
    """A mistake people really make, and the sentence for whoever makes it.

    worth   the points that it earns, where the author promises them: 0 for one that computes
            nothing of what is asked
    edit    (text of the solution, what stands there instead), for one that is an edit
    """

    name: str
    says: str
    function: Any
    worth: float | None = None
    edit: tuple[str, str] | None = None


@dataclass
class Question:
    """All that is known of one question; references and sources come with the spec.

    reference   what gives the expected values: the solution, or the framework's own Part
    solution    the author's model answer
    changes     names of arguments that the answer is asked to change; it must leave all others
    budget      less than a sandbox's Limits allow: {"call": CPU seconds of one call,
                "cpu": of all calls together, "memory": bytes}
    forbid      what computes the same thing, by name: it does not exist where the answer runs
    world       what is there at all: "python", "numpy" or "tinylearn"; "": what the given code
                needs
    graphs      the answer builds graphs: `run` measures them beside the grader, where nobody can
                tell it other counts, and the numbers must be right for other arguments, too
    kernels     the answer is a GPU kernel: it is read beside the answer and launched beside the
                grader, on numbers that the answer's process has never seen
    remote      functions among the arguments run beside the grader, which counts their calls:
                they know their argument only, no call before
    absent      every function that has no body there; comes with the spec
    """

    id: str
    answer: str
    points: float
    hints: tuple[str, ...]
    part: str | None = None
    title: str = ""
    forbid: tuple[str, ...] = ()
    world: str = ""
    graphs: bool = False
    kernels: bool = False
    remote: bool = False
    absent: tuple[str, ...] = ()
    rtol: float = 1e-5
    atol: float = 1e-7
    changes: tuple[str, ...] = ()
    budget: dict[str, float] = field(default_factory=dict)
    checks: list[Check] = field(default_factory=list)
    wrongs: list[Wrong] = field(default_factory=list)
    run: Callable[..., Any] | None = None
    judge: Callable[..., str] | None = None
    reference: Any = None
    solution: Any = None
    may_change: tuple[int, ...] = ()  # `changes` as places
    namespace: dict[str, Any] = field(default_factory=dict)

    def visible(self, name: str) -> Callable[[Any], Any]:
        return self._check(name, 0, True)

    def hidden(self, name: str, points: float) -> Callable[[Any], Any]:
        return self._check(name, points, False)

    def _check(self, name: str, points: float, visible: bool) -> Callable[[Any], Any]:
        def add(make: Callable[..., Iterable[Case]]) -> Callable[..., Iterable[Case]]:
            self.checks.append(Check(name, points, make, visible))
            return make

        return add

    def wrong(self, says: str, worth: float | None = None) -> Callable[[Any], Any]:
        """Decorator: a wrong answer, and the sentence that its author should read."""

        def add(function: Any) -> Any:
            self.wrongs.append(Wrong(function.__name__, says, function, worth))
            return function

        return add

    def mistake(self, says: str, replace: str, by: str, worth: float | None = None) -> None:
        """A wrong answer as an edit of the solution, where `replace` must stand exactly once."""
        name = f"edit_{sum(wrong.edit is not None for wrong in self.wrongs) + 1}"
        self.wrongs.append(Wrong(name, says, None, worth, (replace, by)))

    def runs(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Decorator: how the answer is called, (answer, *args) -> a plain value."""
        self.run = function
        return function

    def judges(self, function: Callable[..., str]) -> Callable[..., str]:
        """Decorator: (got, want, *args) -> what is wrong, or ""; where several values are right.

        Of a hidden case a student reads only that another value was expected, unless the judge
        returns Open("..."): words that tell of `got` and of the rule, and never of `want`.
        """
        self.judge = function
        return function

    # ------------------------------------------------------------ values

    def call(self, answer: Any, args: tuple[Any, ...], most_lines: int = 0) -> Any:
        """What `answer` gives for a case, as a plain value, an exception included. Trusted code.

        most_lines   end it with Raised("Slow") after so many lines: wrong answers may not halt
        """
        before = sys.gettrace()
        try:
            if most_lines and not self.kernels:  # Python runs no line of a kernel
                sys.settrace(line_counter(most_lines, self.run))
            with np.errstate(all="ignore"), _framework:
                fresh = decode(encode(list(args)), self.namespace)
                with in_framework(self.part, answer):
                    careful = self.callable(answer)
                    value = self.run(careful, *fresh) if self.run else careful(*fresh)
            return decode(encode(value))
        except Exception as error:
            return Raised(type(error).__name__, str(error)[:500])
        finally:
            sys.settrace(before)

    def callable(self, answer: Any) -> Any:
        """The answer as `run` gets it: a kernel, or a function that is watched."""
        if self.kernels:
            return kernel(answer) if inspect.isfunction(answer) else answer
        return watched(answer, self.may_change)

    def trouble(self) -> list[str]:
        """What is missing in a question before it may be published."""
        fresh = [check for check in self.checks if check.is_fresh and not check.is_visible]
        worth = sum(check.points for check in self.checks)
        names = [check.name for check in self.checks]
        found = {
            "checks of different names": len(set(names)) == len(names),
            "three staged hints": len(self.hints) >= 3,
            "three wrong answers": len(self.wrongs) >= 3,
            "a visible check": any(check.is_visible for check in self.checks),
            "a hidden check that takes rng": bool(fresh),
            f"checks worth {self.points} points, not {worth}": abs(worth - self.points) < 1e-9,
        }
        return [f"{self.id} needs {what}" for what, there in found.items() if not there]


_framework = threading.RLock()


@contextlib.contextmanager
def in_framework(name: str | None, answer: Any) -> Iterator[None]:
    """For a block the framework runs `answer` as the Part `name`, unasked.

    One thread at a time, also without a Part: what another question expects must never be
    computed while a wrong answer stands in the framework.
    """
    with _framework:
        if name is None:
            yield
            return
        part = named(name)
        before, part.current = part.current, getattr(answer, "current", answer)
        Part.version += before is not part.current
        try:
            yield
        finally:
            Part.version += before is not part.current
            part.current = before


@contextlib.contextmanager
def settled() -> Iterator[None]:
    """For a block the collector leaves alone what is there already: calls take half the time.

    It also comes by less often: a chain of 10,000 nodes is built and walked a third faster.
    """
    gc.collect()
    gc.freeze()
    before = gc.get_threshold()
    gc.set_threshold(100_000, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


class Slow(Exception):
    """A wrong answer ran longer than anybody wants to wait."""


def line_counter(most: int, run: Callable[..., Any] | None = None) -> Callable[..., Any]:
    """A trace function that raises Slow after `most` lines of an author's code.

    Neither the framework nor the given code nor `run` is counted: that would only slow them down.
    """
    left = most
    of_run = {id(code) for code in codes_in(getattr(run, "__code__", None))}

    def enter(frame: Any, event: str, argument: Any) -> Any:
        code = frame.f_code
        name = code.co_filename
        if name[0] != "<" or name.startswith("<setup") or id(code) in of_run:
            return None
        return count(frame, event, argument)

    def count(frame: Any, event: str, argument: Any) -> Any:
        nonlocal left
        left -= 1
        if left < 0:
            raise Slow
        return count

    return enter


def codes_in(code: CodeType | None) -> Iterator[CodeType]:
    """A piece of code and what is defined inside it, comprehensions included."""
    if code is not None:
        yield code
        for constant in code.co_consts:
            if isinstance(constant, CodeType):
                yield from codes_in(constant)


_questions: list[Question] = []
KINDS = ("python", "numpy", "tinylearn")  # of worlds: what an answer may import
BUDGETS = ("call", "cpu", "memory")


def question(id: str, answer: str, points: float, hints: tuple[str, ...], **more: Any) -> Question:
    """Begin a question; the spec that is being loaded collects it."""
    made = Question(id, answer, points, tuple(hints), **more)
    if made.world not in ("", *KINDS):
        raise ValueError(f"{id}: no world {made.world!r}; there are {', '.join(KINDS)}")
    if unknown := set(made.budget) - set(BUDGETS):
        raise ValueError(f"{id}: no budget {sorted(unknown)}; there are {', '.join(BUDGETS)}")
    _questions.append(made)
    return made


def take_questions() -> list[Question]:
    """The questions begun since the last call, for the loader."""
    taken = list(_questions)
    _questions.clear()
    return taken
