"""Finds one answer in the cells of a notebook, and the statements that make what it uses.

    find(cells, keys, name, given) -> Chosen       shell.build(chosen, names) -> the answer

An answer is what `tl.answer(key)` is given, in whatever form, or else what bears its name. It is
taken as IPython would have it when its check runs: the last attempt above `tl.check(key)`, and
of all statements up to there those that can matter to it (uses.py), in the notebook's order.
Cells may have been run in another order, copied, or left half-edited: what nothing above makes
is looked for below.
"""

from __future__ import annotations
import __future__

import ast
import re
from collections.abc import Container, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

if __package__:  # imported by the package's tests
    from . import magics
    from .uses import DEFINITIONS, Definition, Notebook, Piece, walk
else:  # a script in the sandbox
    import magics  # type: ignore[import-not-found, no-redef]
    from uses import (  # type: ignore[import-not-found, no-redef]
        DEFINITIONS,
        Definition,
        Notebook,
        Piece,
        walk,
    )

Parsed = list[tuple[int, str, ast.Module]]  # of each cell: number, what Python reads, statements
SHELL_NAMES = re.compile(r"_+|_i?\d+|_[io]h|_i+|In|Out")  # results of earlier cells


class NoAnswer(Exception):
    """The notebook holds no answer to this question; the text says what was found instead."""


@dataclass
class Chosen:
    """One answer: the statements to run, and those among them that may make it.

    cell, source   where the answer stands; building it finds out for sure
    otherwise      what to say if nothing of it answers
    """

    keys: tuple[str, ...]
    name: str
    cells: list[str]
    pieces: list[Piece]
    attempts: list[Piece]
    cell: int
    source: str
    otherwise: str = ""
    notes: list[str] = field(default_factory=list)
    names: dict[str, Any] = field(default_factory=dict)  # the notebook's, once it is built


def find(cells: list[str], keys: list[str], name: str, given: set[str], setup: str = "") -> Chosen:
    """The last attempted answer, with all that it needs. Raises NoAnswer, SyntaxError.

    given   names that the question provides, made by `setup`: a cell that only repeats it is not
            run again, but a student's own function of that name counts, as in a notebook
    """
    parsed, broken = parse_cells(cells, keys, name)
    pieces = own_pieces(pieces_of(parsed), setup, name)
    attempts, stubs = attempted(pieces, keys, name)
    otherwise = "not attempted" if stubs else f"no cell defines {name}"
    if not attempts and broken:
        raise broken[-1]
    attempts = attempts or [p for p in pieces if p not in stubs and hands_over(p.node, keys)]
    if not attempts:
        raise NoAnswer(otherwise)
    last = attempts[-1]
    until = checked_at(pieces, pieces.index(last), keys)
    for piece in pieces[until:]:
        piece.is_below = True
    kept = [piece for piece in pieces if piece not in stubs]
    seeds = [*attempts, *results(kept, pieces[:until])]
    needed = Notebook(kept, given).needed(seeds)
    times = f"{name} is defined {len(attempts)} times: the last one counts"
    notes = [times] * (len(attempts) > 1)
    at = last.cell, cells[last.cell]
    return Chosen(tuple(keys), name, cells, needed, attempts, *at, otherwise, notes)


def parse_cells(cells: list[str], keys: list[str], name: str) -> tuple[Parsed, list[SyntaxError]]:
    """Statements of every cell that Python can read, and the errors of those about this answer."""
    parsed: Parsed = []
    broken: list[SyntaxError] = []
    own = magics.own_magics(cells)
    for number, cell in enumerate(cells):
        try:
            parsed.append((number, *magics.read(cell, file_name(number), own)))
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            mine = any(f"answer({quote}{key}" in cell for key in keys for quote in "'\"")
            mine = mine or f"def {name}" in cell
            if mine or f"class {name}" in cell:
                broken.append(
                    error if isinstance(error, SyntaxError) else SyntaxError(str(error)[:200])
                )
    return parsed, broken


def file_name(cell: int) -> str:
    """What a traceback calls a cell."""
    return f"<cell {cell}>"


def pieces_of(parsed: Parsed) -> list[Piece]:
    """Every top-level statement. A __future__ import stays in force, as in IPython."""
    pieces, flags = [], 0
    for number, text, tree in parsed:
        lines = text.encode().split(b"\n")
        for node in tree.body:
            if isinstance(node, ast.ImportFrom) and node.module == "__future__":
                for alias in node.names:
                    flags |= getattr(getattr(__future__, alias.name, None), "compiler_flag", 0)
            is_last = node is tree.body[-1]
            pieces.append(Piece.of(number, node, flags, is_last, source_of(node, lines)))
    return pieces


def source_of(node: ast.stmt, lines: list[bytes]) -> str:
    """A statement as it stands in a cell: to write it anew takes three times as long as to read it.

    Decorators belong to it; where they begin below their @ the text is no Python.
    """
    first, start = node.lineno, node.col_offset
    if isinstance(node, DEFINITIONS) and node.decorator_list:
        first, start = node.decorator_list[0].lineno, 0
    assert node.end_lineno is not None and node.end_col_offset is not None
    own = lines[first - 1 : node.end_lineno]
    own[-1] = own[-1][: node.end_col_offset]
    own[0] = own[0][start:]
    return b"\n".join(own).decode()


def own_pieces(pieces: list[Piece], setup: str, name: str) -> list[Piece]:
    """The pieces without those that only repeat what is given, as long as it is unchanged."""
    given = statements(setup)
    own: list[Piece] = []
    changed = {name}
    for piece in pieces:
        alike = given.get(piece.names)
        if not alike or piece.makes & changed or piece.text not in alike:
            own.append(piece)
            changed |= piece.makes
    return own


@lru_cache(maxsize=8)
def statements(setup: str) -> dict[tuple[frozenset[str], ...], set[str]]:
    """The texts of the statements that are given, by their names, which are found sooner.

    A host asks once, before its first question.
    """
    texts: dict[tuple[frozenset[str], ...], set[str]] = {}
    for piece in pieces_of([(0, *magics.read(setup))]):
        texts.setdefault(piece.names, set()).add(piece.text)
    return texts


def results(kept: list[Piece], above: list[Piece]) -> list[Piece]:
    """If some cell looks at _ or Out: the last expression of every cell above."""
    looked_up = {name for piece in kept for name in piece.uses}
    if not any(map(SHELL_NAMES.fullmatch, looked_up)):
        return []
    return [piece for piece in above if piece.is_last and isinstance(piece.node, ast.Expr)]


# ---------------------------------------------------------------- recognising an answer


def attempted(pieces: list[Piece], keys: list[str], name: str) -> tuple[list[Piece], list[Piece]]:
    """The pieces that may make the answer: by `tl.answer`, else by its name; and the stubs."""
    known = {"answer", *(name for piece in pieces for name in aliases(piece.node))}
    by_key = [p for p in pieces if any(is_answer_call(n, keys, known) for n in p.calls)]
    by_name = [p for p in pieces if name in p.makes and not is_other(p.node)]
    stubs = [p for p in {**dict.fromkeys(by_key), **dict.fromkeys(by_name)} if is_only_stub(p.node)]
    attempts = [p for p in by_key if p not in stubs]
    return attempts or [p for p in by_name if p not in stubs], stubs


def aliases(node: ast.stmt) -> Iterator[str]:
    """Other names for tl.answer: from tinylearn import answer as ...; ... = tl.answer."""
    if isinstance(node, ast.ImportFrom):
        yield from (alias.asname for alias in node.names if alias.name == "answer" and alias.asname)
    elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Attribute | ast.Name):
        targets = node.targets if called(node.value) == "answer" else ()
        yield from (target.id for target in targets if isinstance(target, ast.Name))


def is_answer_call(node: ast.AST, keys: list[str] | None, known: Container[str]) -> bool:
    """Whether it is `tl.answer(key)` with one of the keys; with None, with any."""
    if not isinstance(node, ast.Call) or called(node.func) not in known:
        return False
    for key in (*node.args[:1], *(k.value for k in node.keywords if k.arg == "key")):
        if not isinstance(key, ast.Constant) or keys is None or key.value in keys:
            return True
    return False


def hands_over(node: ast.AST, keys: list[str]) -> bool:
    """Whether a call may register an answer where none is seen: by a text to run, by a partial."""
    for call in walk(node):
        if isinstance(call, ast.Call) and called(call.func) not in ("check", "hint"):
            texts = [a.value for a in call.args if isinstance(a, ast.Constant)]
            if any(t in keys or is_code(t, keys) for t in texts if isinstance(t, str)):
                return True
    return False


def is_code(text: str, keys: list[str]) -> bool:
    return any(f"answer({quote}{key}{quote}" in text for key in keys for quote in "'\"")


def called(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def is_other(node: ast.stmt) -> bool:
    """Whether it stands under @tl.answer, and so answers what that says."""
    decorators = node.decorator_list if isinstance(node, DEFINITIONS) else []
    return any(is_answer_call(decorator, None, ("answer",)) for decorator in decorators)


def is_only_stub(node: ast.stmt) -> bool:
    """Whether a statement defines something, and nothing but stubs."""
    if isinstance(node, DEFINITIONS):
        return is_stub(node)
    if not isinstance(node, ast.If | ast.Try | ast.With | ast.For | ast.While):
        return False
    inner = list(outermost(node))
    return bool(inner) and all(map(is_stub, inner))


def outermost(node: ast.AST) -> Iterator[Definition]:
    """The definitions in a block, but not those inside of others."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, DEFINITIONS):
            yield child
        else:
            yield from outermost(child)


def is_stub(statement: Definition) -> bool:
    """Whether every body ends in `raise NotImplementedError` at its own top level, or is empty."""
    if isinstance(statement, ast.ClassDef):
        bodies = [item for item in statement.body if isinstance(item, DEFINITIONS)]
        stubs = [item for item in bodies if is_stub(item)]
        return bool(stubs) and len(stubs) == len([b for b in bodies if b.name != "__init__"])
    last = statement.body[-1]
    if all(map(is_empty, statement.body)):
        return True
    if not isinstance(last, ast.Raise) or last.exc is None:
        return False
    raised = last.exc.func if isinstance(last.exc, ast.Call) else last.exc
    leaves = any(isinstance(node, ast.Return | ast.Yield) for node in walk(statement))
    return isinstance(raised, ast.Name) and raised.id == "NotImplementedError" and not leaves


def is_empty(statement: ast.stmt) -> bool:
    """Whether a statement does nothing: pass, ..., a docstring."""
    is_text = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
    return is_text or isinstance(statement, ast.Pass)


def checked_at(pieces: list[Piece], answer: int, keys: list[str]) -> int:
    """The place of the first `tl.check(key)` below the answer; the end where there is none."""
    for place in range(answer + 1, len(pieces)):
        for call in pieces[place].calls:
            if called(call.func) == "check" and call.args:
                first = call.args[0]
                if isinstance(first, ast.Constant) and first.value in keys:
                    return place
    return len(pieces)
