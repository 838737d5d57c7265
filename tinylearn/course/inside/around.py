"""What a notebook finds around it when its cells run here: quiet stand-ins, and nothing to show.

    names(runner)       get_ipython, display, tl: the names that every cell knows
    notebook(runner)    a block in which `import tinylearn`, `import IPython` give the same

tl.answer registers; tl.check, tl.hint and pictures do nothing; %%writefile writes into the
working folder, which is the first place that `import` looks.
"""

from __future__ import annotations

import contextlib
import os
import sys
import types
from collections.abc import Iterator
from importlib.machinery import ModuleSpec
from typing import Any

if __package__:  # imported by the package's tests
    from . import find, magics
    from .uses import Piece
else:  # a script in the sandbox
    import find  # type: ignore[import-not-found, no-redef]
    import magics  # type: ignore[import-not-found, no-redef]
    from uses import Piece  # type: ignore[import-not-found, no-redef]

SHOWING = {"IPython", "ipywidgets", "matplotlib", "tqdm"}  # packages that only show something
REGISTERING = ("register_line_magic", "register_cell_magic", "register_line_cell_magic")
ENDING = ("_exit", "abort", "fork", "forkpty", "kill", "killpg")  # of os
HERE = os.path.dirname(os.path.abspath(__file__))


class Nothing(list):  # type: ignore[type-arg]
    """The empty result of what does nothing here: no lines, no text, no time measured."""

    s = n = stdout = stderr = ""
    average = best = worst = stdev = 0.0
    __hash__ = object.__hash__  # type: ignore[assignment]

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def __call__(self, *_: Any, **__: Any) -> Any:
        return self


class Unseen:
    """A picture, an axis, a progress bar: whatever is asked of it is there and shows nothing."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def __call__(self, *_: Any, **__: Any) -> Any:
        return self

    def __getitem__(self, _: Any) -> Any:
        return self

    def __setitem__(self, _: Any, __: Any) -> None:
        pass

    def __iter__(self) -> Iterator[Any]:
        return iter((self, self))  # fig, ax = plt.subplots()

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *_: object) -> None:
        pass


def nothing(*_: Any, **__: Any) -> None:
    """Does nothing."""


# ---------------------------------------------------------------- names


def names(runner: Any) -> dict[str, Any]:
    """What every cell knows; a cell that imports or defines one of them has its own."""
    shell = Shell(runner)
    tinylearn = runner.tinylearn = sys.modules.get("tinylearn") or Later(runner)
    own = {"get_ipython": lambda: shell, "display": nothing, "exit": nothing, "quit": nothing}
    return own | {"answer": runner.register, "tl": tinylearn, "tinylearn": tinylearn}


class Shell:
    """What get_ipython() gives: it runs Python and writes files, and starts nothing."""

    def __init__(self, runner: Any):
        self.runner = runner
        self.user_ns = self.user_global_ns = runner.names

    def run_cell(self, text: str, *_: Any, **__: Any) -> None:
        cell = self.runner.cell
        for node in magics.parse(text, find.file_name(cell)).body:
            self.runner.run(Piece(cell, node))

    def ev(self, text: str) -> Any:
        return eval(text, self.user_ns)

    def push(self, variables: dict[str, Any], *_: Any, **__: Any) -> None:
        self.user_ns |= variables

    def run_line_magic(self, name: str, line: str, *_: Any, **__: Any) -> Any:
        if name == "run":
            words = [word.strip("\"'") for word in line.split() if not word.startswith("-")]
            with open(words[0], encoding="utf-8") as file:
                return self.run_cell(file.read())
        if name in magics.RUN:
            return self.run_cell(line)
        return os.getcwd() if name == "pwd" else Nothing()

    def run_cell_magic(self, name: str, line: str, body: str) -> Any:
        if name in ("writefile", "file"):
            *options, path = (word.strip("\"'") for word in line.split())
            os.makedirs(os.path.dirname(path) or ".", exist_ok=True)  # !mkdir has made nothing
            with open(path, "a" if "-a" in options else "w", encoding="utf-8") as file:
                file.write(body if body.endswith("\n") else body + "\n")
            return None
        return self.run_cell(body) if name in magics.CELL_RUN else Nothing()

    def magic(self, line: str) -> Any:
        name, _, rest = line.lstrip("%").partition(" ")
        return self.run_line_magic(name, rest)

    ex = run_cell

    def __getattr__(self, name: str) -> Any:
        return Nothing()


# ---------------------------------------------------------------- modules


class Showing(types.ModuleType):
    """A package that only shows things, as empty as all below it."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if name in REGISTERING:
            return same  # magics.py calls a notebook's own magics by their names
        known = {"tqdm": in_turn, "trange": range, "get_ipython": self.get_ipython}
        return known.get(name) or Unseen()

    get_ipython: Any = None


def same(value: Any) -> Any:
    """The very value."""
    return value


def in_turn(items: Any = (), *_: Any, **__: Any) -> Any:
    """The items, without a bar."""
    return items


class Finder:
    """Finds every module of the packages that only show things."""

    def __init__(self, get_ipython: Any):
        self.get_ipython = get_ipython

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        shown = name.partition(".")[0] in SHOWING
        return ModuleSpec(name, self, is_package=True) if shown else None  # type: ignore[arg-type]

    def create_module(self, spec: ModuleSpec) -> types.ModuleType:
        module = Showing(spec.name)
        module.get_ipython = self.get_ipython
        return module

    def exec_module(self, module: types.ModuleType) -> None:
        """There is nothing in it."""


class Later(types.ModuleType):
    """tinylearn, not imported until a cell asks for more of it than the course's own names."""

    def __init__(self, runner: Any):
        super().__init__("tinylearn")
        self.own = vars(course(runner))
        vars(self).update({n: v for n, v in self.own.items() if not n.startswith("__")})

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name != "__path__":
            raise AttributeError(name)
        if sys.modules.get("tinylearn", self) is self:
            sys.modules.pop("tinylearn", None)
            try:
                __import__("tinylearn")
            finally:
                real = sys.modules.setdefault("tinylearn", self)
            vars(real).update({n: v for n, v in self.own.items() if not n.startswith("__")})
        return getattr(sys.modules["tinylearn"], name)


def course(runner: Any) -> types.ModuleType:
    """tinylearn.course where answers are built: registering is all that it does."""
    module = types.ModuleType("tinylearn.course")
    quiet = dict.fromkeys(("check", "hint", "exercise", "card", "load_mine"), nothing)
    vars(module).update(quiet | {"answer": runner.register, "course": module})
    return module


@contextlib.contextmanager
def notebook(runner: Any) -> Iterator[None]:
    """Put the stand-ins where `import` finds them, for as long as the block runs."""
    modules, path, finders = dict(sys.modules), list(sys.path), list(sys.meta_path)
    own, module = runner.tinylearn, course(runner)
    shown = {n: v for n, v in vars(module).items() if not n.startswith("__")}
    kept = {name: vars(own)[name] for name in shown if name in vars(own)}
    if not __package__:  # a student's own values.py is not ours
        for name in [n for n, m in modules.items() if is_ours(m)]:
            del sys.modules[name]
        sys.path[:] = [folder for folder in sys.path if folder != HERE]
    for name in [n for n in modules if n.partition(".")[0] in SHOWING]:
        del sys.modules[name]
    sys.path.insert(0, "")
    sys.meta_path.insert(0, Finder(runner.names["get_ipython"]))  # type: ignore[arg-type]
    sys.modules |= {"__main__": runner.main, "tinylearn": own}
    sys.modules |= {"tinylearn.course": module, "tinylearn.course.student": module}
    vars(own).update(shown)
    try:
        yield
    finally:
        for name in shown:
            del vars(own)[name]
        vars(own).update(kept)
        sys.path[:], sys.meta_path[:] = path, finders
        own_names = {"__main__", "tinylearn", "tinylearn.course", "tinylearn.course.student"}
        for name in [n for n in sys.modules if n in own_names or n.partition(".")[0] in SHOWING]:
            del sys.modules[name]
        sys.modules |= modules


@contextlib.contextmanager
def no_exit() -> Iterator[None]:
    """A cell that ends or doubles Python itself ends like any cell with an error."""

    def refused(*_: Any, **__: Any) -> Any:
        raise SystemExit("Python itself goes on")

    kept = {name: getattr(os, name) for name in ENDING if hasattr(os, name)}
    for name in kept:
        setattr(os, name, refused)
    try:
        yield
    finally:
        for name, function in kept.items():
            setattr(os, name, function)


def is_ours(module: Any) -> bool:
    """Whether a module is one of the files beside this one."""
    return os.path.dirname(str(getattr(module, "__file__", ""))) == HERE
