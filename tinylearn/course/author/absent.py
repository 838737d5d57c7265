"""From names in a question to the functions that must not exist where its answer runs.

    absent_from(question, given) -> ("tinylearn.graph.primitives.MUL", ...)

A name is a Part, or a function or method as module.qualname. With a Part goes its method as it was
before Parts were put in, and with every function the helpers that nobody else needs.
"""

from __future__ import annotations

import ast
import inspect
from functools import cache

from ...parts import Part
from ...tensor import Tensor
from ..grade.worlds import functions, sources
from ..question import Question


def kind_of(question: Question, setup: str) -> str:
    """The question's own world, or the least that the given code needs."""
    if question.world:
        return question.world
    text = "tinylearn" if question.part else setup
    return next((kind for kind in ("tinylearn", "numpy") if kind in text), "python")


def absent_from(question: Question, given: str) -> tuple[str, ...]:
    """The functions without a body in the question's world. Raises ValueError for a wrong name.

    given   the code that comes with the question: what it imports stays
    """
    modules = {"numpy"}  # a whole module is absent because of the world's kind
    names = [question.part, *(name for name in question.forbid if name not in modules)]
    holes = {place for name in names if name for place in places(name)}
    if not holes or kind_of(question, given) != "tinylearn":
        return ()
    needed = {
        f"{node.module}.{alias.name}"
        for node in ast.walk(ast.parse(given))
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    return tuple(sorted(holes | dead_after(holes, needed)))


def places(name: str) -> list[str]:
    """module.qualname of every function that a name stands for; ValueError if there is none."""
    if name in Part.table.whole():
        bodies = [Part.table[name].default]
        method = name.rpartition(".")[2]
        if method in vars(Tensor):  # put there by nn; the method as it was is in a class below
            bodies += [vars(c)[method] for c in Tensor.__mro__[1:] if method in vars(c)]
        found = [f"{b.__module__}.{b.__qualname__}" for b in map(inspect.unwrap, bodies)]
    else:
        found = [name]
    if missing := [place for place in found if place not in functions()]:
        raise ValueError(f"{name}: no function of tinylearn has its body at {missing[0]}")
    return found


# ---------------------------------------------------------------- helpers nobody else needs


@cache
def names_of(module: str) -> dict[str, str]:
    """What the names at the top of a module stand for: {"f": "tinylearn.m.f"}."""
    known: dict[str, str] = {}
    for node in ast.walk(sources()[module][2]):
        if isinstance(node, ast.ImportFrom) and node.module:
            known |= {a.asname or a.name: f"{node.module}.{a.name}" for a in node.names}
    for statement in sources()[module][2].body:
        if isinstance(statement, ast.FunctionDef):
            known[statement.name] = f"{module}.{statement.name}"
    return known


def used_by(module: str, nodes: list[ast.AST]) -> set[str]:
    """The package's top-level functions that some code mentions, by name or as module.name."""
    found, known = set(), names_of(module)
    for node in (inner for outer in nodes for inner in ast.walk(outer)):
        if isinstance(node, ast.Name):
            found.add(known.get(node.id, ""))
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            found.add(f"{known.get(node.value.id, '')}.{node.attr}")
    return found & functions().keys()


@cache
def edges() -> tuple[dict[str, set[str]], set[str]]:
    """{function: what it uses}, and what is used outside of any function."""
    uses: dict[str, set[str]] = {}
    loose: set[str] = set()
    for module, (_, _, tree) in sources().items():
        own = {q: f for q, f in functions().items() if q.startswith(f"{module}.")}
        inside = {id(f) for f in own.values()}
        for qualname, f in own.items():
            uses[qualname] = used_by(module, [*f.body, f.args])
        stack: list[ast.AST] = list(tree.body)
        while stack:  # statements and decorators, but no bodies
            node = stack.pop()
            if id(node) in inside:
                loose |= used_by(module, node.decorator_list)  # type: ignore[attr-defined]
            elif isinstance(node, ast.ClassDef):
                stack += node.body
            else:
                loose |= used_by(module, [node])
    return uses, loose


def dead_after(holes: set[str], needed: set[str]) -> set[str]:
    """Top-level functions that only the holes led to."""
    uses, loose = edges()
    below = reached({used for hole in holes for used in uses.get(hole, ())}, set())
    others = {name for name in uses if name not in below | holes} | loose | needed
    return below - reached(others, holes) - holes


def reached(start: set[str], ends: set[str]) -> set[str]:
    """What is used by the functions in `start`, and by those, not looking behind `ends`."""
    uses, _ = edges()
    seen, waiting = set(), list(start)
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting += () if name in ends else uses.get(name, ())
    return seen
