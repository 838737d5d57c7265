"""Runs the statements that an answer needs, as IPython would, and takes what answers.

    build(chosen, names) -> the function, class or object that answers

One statement after the other, in the notebook's own names: after an error the next cell still
runs, `from __future__` stays in force, cells may `await`, `_` is the last result. What shows,
asks or starts something does nothing. What runs too long is stopped, and a note says so.
"""

from __future__ import annotations

import ast
import asyncio
import contextlib
import inspect
import linecache
import signal
import time
import types
from collections.abc import Callable, Iterator
from typing import Any

if __package__:  # imported by the package's tests
    from . import around, find, magics
    from .uses import Piece
else:  # a script in the sandbox
    import around  # type: ignore[import-not-found, no-redef]
    import find  # type: ignore[import-not-found, no-redef]
    import magics  # type: ignore[import-not-found, no-redef]
    from uses import Piece  # type: ignore[import-not-found, no-redef]

STATEMENT, SECONDS = 2.0, 6.0  # of computing: one statement, all together
BY_THE_CLOCK = 5  # times as long, for those that wait
ABSENT = (ImportError, NameError, OSError, EOFError)  # may be the sandbox's fault, not the cell's


class Slow(BaseException):
    """A statement ran too long. Not an Exception: `except Exception` must not eat it."""


def build(chosen: find.Chosen, given: dict[str, Any], stay: bool = False) -> Any:
    """Run what was chosen where `given` is known; the answer. Raises what defining it raised.

    stay   leave the notebook's surroundings in place: in a process that ends with the answer
    """
    runner = Runner(chosen, given)
    with contextlib.ExitStack() as stack:
        stack.enter_context(around.notebook(runner))
        runner.run_all()
        if stay:
            stack.pop_all()
    chosen.names = runner.names
    return runner.answer()


# ---------------------------------------------------------------- one statement after the other


class Runner:
    """The state of a notebook that is being run."""

    def __init__(self, chosen: find.Chosen, given: dict[str, Any]):
        self.chosen, self.given = chosen, given
        self.main = types.ModuleType("__main__")
        self.names = vars(self.main)
        self.registered: list[tuple[Any, int]] = []
        self.failed: BaseException | None = None
        self.said: dict[Piece, str] = {}  # what went wrong
        self.loop: asyncio.AbstractEventLoop | None = None
        self.tinylearn: Any = None
        self.left = SECONDS
        self.cell = 0
        self.names |= {"In": ["", *chosen.cells], "Out": {}, "_": "", "__": "", "___": ""}
        self.names |= around.names(self) | given
        self.names |= {"__name__": "__main__", "__builtins__": __builtins__}

    def run_all(self) -> None:
        """Run every piece; one that lacked a name is tried again when the name is there."""
        for number, cell in enumerate(self.chosen.cells):
            lines = cell.splitlines(True)
            linecache.cache[find.file_name(number)] = len(cell), None, lines, find.file_name(number)
        waiting = self.round(self.chosen.pieces)
        while waiting:
            ready = [piece for piece, lacked in waiting if not lacked or lacked in self.names]
            rest = [(piece, lacked) for piece, lacked in waiting if piece not in ready]
            late = self.round(ready)
            if len(late) == len(ready):
                break
            waiting = rest + late
        self.chosen.notes += self.said.values()
        if self.loop:
            self.loop.close()

    def round(self, pieces: list[Piece]) -> list[tuple[Piece, str]]:
        """Run pieces in order; those that lacked a name, with the name."""
        late: list[tuple[Piece, str]] = []
        broken, above = -1, None
        for piece in pieces:
            if piece.cell == broken:
                continue  # in IPython, too, a cell ends at its first error
            if piece.is_below:  # taken for names that nothing above makes: a star import may
                above = set(self.names) if above is None else above
                if piece.makes and piece.makes <= above:
                    continue
            self.cell = piece.cell
            try:
                with self.limited(), around.no_exit():
                    self.run(piece)
            except NameError as error:
                late.append((piece, getattr(error, "name", "") or ""))
                self.note(piece, error)
            except BaseException as error:
                broken = -1 if isinstance(error, (*ABSENT, Slow)) else piece.cell
                self.note(piece, error)
            else:
                self.said.pop(piece, "")
                self.failed = None if piece in self.chosen.attempts else self.failed
        return late

    def run(self, piece: Piece) -> None:
        flags, name = piece.flags | magics.AWAIT, find.file_name(piece.cell)
        if piece.is_last and isinstance(piece.node, ast.Expr):
            shown = ast.Expression(piece.node.value)
            self.remember(self.settled(compile(shown, name, "eval", flags, dont_inherit=True)))
        else:
            module = ast.Module(body=[piece.node], type_ignores=[])
            self.settled(compile(module, name, "exec", flags, dont_inherit=True))

    def settled(self, code: types.CodeType) -> Any:
        """The value of a piece of code; what it awaits is waited for."""
        value = eval(code, self.names)
        if not code.co_flags & inspect.CO_COROUTINE:
            return value
        self.loop = self.loop or asyncio.new_event_loop()
        return self.loop.run_until_complete(value)

    def remember(self, value: Any) -> None:
        """A cell's result, under the names that IPython has for it."""
        if value is None:
            return
        number = sum(bool(cell.strip()) for cell in self.chosen.cells[: self.cell + 1])
        names = self.names
        names["___"], names["__"], names["_"] = names["__"], names["_"], value
        names[f"_{number}"] = names["Out"][number] = value

    def note(self, piece: Piece, error: BaseException) -> None:
        """Keep what went wrong: to be raised if the answer's own, else for the notes."""
        if piece in self.chosen.attempts:
            self.failed = error
            return
        what = f"{type(error).__name__}: {error}"
        if isinstance(error, Slow):
            what = f"{error}; what it did until then counts"
        self.said[piece] = f"cell {piece.cell + 1}, line {piece.node.lineno}: {what}"

    @contextlib.contextmanager
    def limited(self) -> Iterator[None]:
        """Stop what runs too long, where this system has timers; what it used is gone."""
        if not hasattr(signal, "setitimer"):
            yield
            return
        most, began = max(0.1, min(STATEMENT, self.left)), time.process_time()

        def stop(*_: Any) -> None:
            raise Slow(f"stopped after {most:.2g} seconds")

        timers = {signal.SIGPROF: (signal.ITIMER_PROF, most)}
        timers[signal.SIGALRM] = (signal.ITIMER_REAL, most * BY_THE_CLOCK)
        before = {number: signal.signal(number, stop) for number in timers}
        try:
            for timer, seconds in timers.values():
                signal.setitimer(timer, seconds, 0.2)
            yield
        finally:
            for number, (timer, _) in timers.items():
                signal.setitimer(timer, 0)
                signal.signal(number, before[number])
            self.left -= time.process_time() - began

    # ------------------------------------------------------------ what answers

    def register(self, key: Any, *_: Any, **__: Any) -> Callable[[Any], Any]:
        """What tl.answer is here."""

        def add(answer: Any) -> Any:
            if key in self.chosen.keys:
                self.registered.append((answer, self.cell))
            return answer

        return add

    def answer(self) -> Any:
        """What was registered last, else what bears the answer's name."""
        chosen = self.chosen
        if self.registered:
            answer, chosen.cell = self.registered[-1]
        else:
            answer = self.names.get(chosen.name)
            if not callable(answer) or answer is self.given.get(chosen.name):
                raise self.failed or find.NoAnswer(chosen.otherwise)
        place = getattr(getattr(answer, "__code__", None), "co_filename", "")
        if place.startswith("<cell ") and place[6:-1].isdigit():
            chosen.cell = int(place[6:-1])
        chosen.source = chosen.cells[chosen.cell]
        return answer
