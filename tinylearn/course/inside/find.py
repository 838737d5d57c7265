"""Finds one answer in the cells of a notebook, with the helpers it uses, and builds it.

    find(cells, keys, name) -> Chosen    build(chosen, namespace) -> the function or class

Cells may have been run in any order, copied, or left half-edited: so nothing is run from top to
bottom. The answer is found by its `@tl.answer(key)` or its name, and only the definitions that
it uses are taken along, wherever in the notebook they stand.
"""

from __future__ import annotations

import ast
import builtins
import symtable
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


class NoAnswer(Exception):
    """The notebook holds no answer to this question; the text says what was found instead."""


@dataclass
class Chosen:
    """One answer: its definition, and the statements that make what it uses, in order."""

    answer: Definition
    helpers: list[tuple[int, ast.stmt]]
    cell: int
    source: str
    notes: list[str] = field(default_factory=list)


def find(cells: list[str], keys: list[str], name: str, given: set[str]) -> Chosen:
    """The last attempted definition of the answer. Raises NoAnswer, SyntaxError.

    given   names that the question provides: never taken from the student's cells
    """
    parsed, broken = parse_cells(cells, keys, name)
    found = [
        (number, statement)
        for number, tree in parsed
        for statement in tree
        if isinstance(statement, DEFINITIONS)
        and (answers(statement, keys) or (statement.name == name and not answers(statement, None)))
    ]
    by_id = [item for item in found if answers(item[1], keys)]
    usable = [item for item in (by_id or found) if not is_stub(item[1])]
    usable = usable or [item for item in found if not is_stub(item[1])]
    if not usable:
        if broken:
            raise broken[-1]
        raise NoAnswer("not attempted" if found else f"no cell defines {name}")
    number, answer = usable[-1]
    notes = [f"{name} is defined {len(usable)} times: the last one counts"] * (len(usable) > 1)
    answer.decorator_list = [d for d in answer.decorator_list if not is_answer_call(d, None)]
    helpers = helpers_of(answer, parsed, given | {answer.name})
    return Chosen(answer, helpers, number, cells[number], notes)


def parse_cells(
    cells: list[str], keys: list[str], name: str
) -> tuple[list[tuple[int, list[ast.stmt]]], list[SyntaxError]]:
    """Statements of every cell that Python can read, and the errors of those about this answer."""
    parsed: list[tuple[int, list[ast.stmt]]] = []
    broken: list[SyntaxError] = []
    for number, cell in enumerate(cells):
        try:
            parsed.append((number, ast.parse(without_magics(cell), f"<cell {number}>").body))
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            mine = any(f"answer({quote}{key}" in cell for key in keys for quote in "'\"")
            mine = mine or f"def {name}" in cell
            if mine or f"class {name}" in cell:
                broken.append(
                    error if isinstance(error, SyntaxError) else SyntaxError(str(error)[:200])
                )
    return parsed, broken


def without_magics(cell: str) -> str:
    """The cell with IPython's own lines (%timeit, !ls, name?) blanked: same line numbers."""
    lines = cell.replace("\x00", "").lstrip("\ufeff").splitlines()
    first = next((line for line in lines if line.strip()), "")
    if first.startswith("%%") and not first.startswith(("%%time", "%%capture")):
        return ""
    return "\n".join("" if line.startswith(("%", "!", "?")) else line for line in lines) + "\n"


# ---------------------------------------------------------------- recognising an answer


def answers(statement: Definition, keys: list[str] | None) -> bool:
    """Whether it stands under @tl.answer with one of the keys; with None, under any @tl.answer."""
    return any(is_answer_call(decorator, keys) for decorator in statement.decorator_list)


def is_answer_call(node: ast.expr, keys: list[str] | None) -> bool:
    if not isinstance(node, ast.Call) or not node.args:
        return False
    function, first = node.func, node.args[0]
    named = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    if named != "answer" or not isinstance(first, ast.Constant):
        return False
    return keys is None or first.value in keys


def is_stub(statement: Definition) -> bool:
    """Whether every body ends in `raise NotImplementedError` at its own top level."""
    if isinstance(statement, ast.ClassDef):
        bodies = [item for item in statement.body if isinstance(item, DEFINITIONS)]
        stubs = [item for item in bodies if is_stub(item)]
        return bool(stubs) and len(stubs) == len([b for b in bodies if b.name != "__init__"])
    last = statement.body[-1]
    if not isinstance(last, ast.Raise) or last.exc is None:
        return False
    raised = last.exc.func if isinstance(last.exc, ast.Call) else last.exc
    leaves = any(isinstance(node, ast.Return | ast.Yield) for node in ast.walk(statement))
    return isinstance(raised, ast.Name) and raised.id == "NotImplementedError" and not leaves


# ---------------------------------------------------------------- what an answer uses


def helpers_of(
    answer: Definition, parsed: list[tuple[int, list[ast.stmt]]], given: set[str]
) -> list[tuple[int, ast.stmt]]:
    """The top-level statements that make the names which `answer` uses, and what those use."""
    makers: dict[str, list[tuple[int, int, ast.stmt]]] = {}
    for number, tree in parsed:
        for place, statement in enumerate(tree):
            if isinstance(statement, DEFINITIONS) and answers(statement, None):
                statement.decorator_list = [
                    d for d in statement.decorator_list if not is_answer_call(d, None)
                ]
            for name in bound(statement):
                makers.setdefault(name, []).append((number, place, statement))
    wanted, seen = list(used(answer)), set(given) | set(dir(builtins))
    taken: dict[tuple[int, int], ast.stmt] = {}
    while wanted:
        name = wanted.pop()
        if name in seen:
            continue
        seen.add(name)
        for number, place, statement in latest(makers.get(name, [])):
            if statement is not answer and (number, place) not in taken:
                taken[number, place] = statement
                wanted.extend(used(statement))
    return [(number, taken[number, place]) for number, place in sorted(taken)]


def latest(made: list[tuple[int, int, ast.stmt]]) -> list[tuple[int, int, ast.stmt]]:
    """Of several definitions the last attempted one; of several assignments all, in order."""
    definitions = [item for item in made if isinstance(item[2], DEFINITIONS)]
    attempted = [item for item in definitions if not is_stub(item[2])]  # type: ignore[arg-type]
    others = [item for item in made if not isinstance(item[2], DEFINITIONS)]
    return others + (attempted or definitions)[-1:]


def used(statement: ast.stmt) -> set[str]:
    """The top-level names that a statement looks up, its functions' own names left out."""
    names: set[str] = set()
    try:
        tables = [symtable.symtable(ast.unparse(statement), "cell", "exec")]
    except (SyntaxError, RecursionError):  # the compiler will say it in its own words
        return {node.id for node in ast.walk(statement) if isinstance(node, ast.Name)}
    while tables:
        table = tables.pop()
        tables += table.get_children()
        for symbol in table.get_symbols():
            outside = table.get_type() == "module" or symbol.is_global()
            if outside and symbol.is_referenced():
                names.add(symbol.get_name())
    return names


def bound(statement: ast.stmt) -> Iterator[str]:
    """The names that a top-level statement makes."""
    if isinstance(statement, DEFINITIONS):
        yield statement.name
    elif isinstance(statement, ast.Expr):
        return
    else:
        for node in ast.walk(statement):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                yield node.id
            elif isinstance(node, ast.alias):
                yield (node.asname or node.name).partition(".")[0]
            elif isinstance(node, DEFINITIONS):
                yield node.name


# ---------------------------------------------------------------- building it


def build(chosen: Chosen, namespace: dict[str, Any]) -> Any:
    """Run the helpers and the definition in `namespace`; the function or class it makes.

    A helper that fails is left out: what it should have made is missing where it is used.
    """
    waiting = chosen.helpers
    while waiting:  # cells are often run in another order than they stand
        late = []
        for number, statement in waiting:
            try:
                run(statement, number, namespace)
            except NameError:
                late.append((number, statement))
            except Exception as error:
                chosen.notes.append(f"cell {number + 1} failed: {type(error).__name__}: {error}")
        if len(late) == len(waiting):
            break
        waiting = late
    run(chosen.answer, chosen.cell, namespace)
    return namespace[chosen.answer.name]


def run(statement: ast.stmt, cell: int, namespace: dict[str, Any]) -> None:
    module = ast.Module(body=[statement], type_ignores=[])
    exec(compile(module, f"<cell {cell}>", "exec", dont_inherit=True), namespace)
