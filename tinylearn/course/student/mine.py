"""The folder my_tinylearn/: a student's own pieces of the framework, growing by chapter.

    save(...)        one readable Python file for each answer that passed its visible checks
    load_mine()      put all of them back into the framework, in one line of any notebook

Each file stands alone: what was given, the helpers it uses, the answer; its first line says what
it is. A file is loaded only if its Part's contract holds, so an old or edited one does no harm.
"""

from __future__ import annotations
import __future__

import ast
import inspect
import json
import os
import textwrap
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from ...parts import Part, use
from ..inside.find import Chosen, NoAnswer, find, is_answer_call, is_other
from ..inside.uses import DEFINITIONS, root
from ..question import Question
from ..spec import keys
from .asked import points_text

FOLDER = "my_tinylearn"
HEADER = "# tinylearn: "


def folder() -> Path:
    """my_tinylearn/ here or in a folder above; a new one belongs beside the notebook."""
    if os.environ.get("TINYLEARN_MINE"):
        return Path(os.environ["TINYLEARN_MINE"])
    here = Path.cwd()
    found = (above / FOLDER for above in (here, *here.parents))
    return next((path for path in found if path.is_dir()), here / FOLDER)


def save(
    question: Question, assignment: str, setup: str, given: set[str], answer: Any
) -> Path | None:
    """Write one answer to its file; None where nothing may be written (the check still counts)."""
    future, source = answer_source(question, setup, given, answer)
    if not source:
        return None
    about: dict[str, Any] = {"assignment": assignment, "question": question.id}
    about["answer"] = question.answer
    about |= {"part": question.part, "points": question.points}
    path = folder() / f"{assignment[:2]}_{question.answer}.py"
    text = f"{HEADER}{json.dumps(about)}\n{future}\n{setup.strip()}\n\n\n{source.strip()}\n"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.read_text("utf-8") != text:
            path.write_text(text, "utf-8")
    except OSError:
        return None
    return path


def answer_source(question: Question, setup: str, given: set[str], answer: Any) -> tuple[str, str]:
    """The __future__ imports and the text of the answer with its helpers: "" for none.

    Both come from the notebook's history, or from the answer's own file.
    """
    name = question.answer
    if cells := notebook_history():
        try:
            chosen = find(cells, list(keys(question)), name, given, setup)
        except (NoAnswer, SyntaxError):
            pass
        else:
            return future_imports(chosen.attempts[-1].flags), text_of(chosen)
    try:
        text = textwrap.dedent(inspect.getsource(answer))
        tree = ast.parse(text).body[0]
    except (OSError, TypeError, SyntaxError, IndexError):
        return "", ""
    is_whole = isinstance(tree, DEFINITIONS) and tree.name == name
    return "", (ast.get_source_segment(text, tree) or "") if is_whole else ""


def future_imports(flags: int) -> str:
    names = [
        n for n in __future__.all_feature_names if getattr(__future__, n).compiler_flag & flags
    ]
    return f"from __future__ import {', '.join(names)}\n" if names else ""


def text_of(chosen: Chosen) -> str:
    """The last attempt and what it uses, without registering anything: a file that stands alone."""
    last = chosen.attempts[-1]
    pieces = [p for p in chosen.pieces if p is not last and p not in chosen.attempts]
    made = {name: p for p in pieces for name in p.makes}  # of a cell that was run again, the last
    pieces = [p for p in pieces if not p.is_plain or any(made[name] is p for name in p.makes)]
    helpers = [ast.unparse(p.node) for p in pieces if not is_passing(p.node)]
    node = last.node
    if (
        isinstance(node, DEFINITIONS)
        and node.name == chosen.name
        and all(is_answer_call(decorator, None, ("answer",)) for decorator in node.decorator_list)
    ):
        source = chosen.cells[last.cell]
        own = ast.get_source_segment(source, node) if is_own_text(source, node) else None
        node.decorator_list = []
        return "\n\n".join([*helpers, own or ast.unparse(node)])
    inner = [n for n in ast.walk(node) if isinstance(n, DEFINITIONS) and is_other(n)]
    plain = Unregistered(chosen).visit(node)
    if isinstance(plain, ast.Expr):
        return "\n\n".join([*helpers, f"{chosen.name} = {ast.unparse(plain)}"])
    named = [f"{chosen.name} = {inner[-1].name}"] if inner and chosen.name not in last.makes else []
    return "\n\n".join([*helpers, ast.unparse(plain), *named])


def is_own_text(source: str, node: ast.AST) -> bool:
    """Whether a cell is Python as it stands, so that its lines are the definition's own."""
    try:
        return ast.get_source_segment(source, node) is not None and bool(ast.parse(source).body)
    except SyntaxError:
        return False


def is_passing(node: ast.stmt) -> bool:
    """Whether a statement only shows, checks or stops something: not for a file that is kept."""
    if isinstance(node, ast.Raise | ast.Assert):
        return True
    names = {"tl", "tinylearn", "print", "display", "get_ipython"}
    shows = isinstance(node, ast.Expr) and root(node.value) & names
    calls = any(isinstance(n, ast.Name) and n.id == "get_ipython" for n in ast.walk(node))
    return bool(shows) or calls


class Unregistered(ast.NodeTransformer):
    """The same code without tl.answer: tl.answer(key)(f) is f."""

    def __init__(self, chosen: Chosen):
        self.keys = list(chosen.keys)

    def is_answer(self, node: ast.AST) -> bool:
        return is_answer_call(node, self.keys, ("answer",))

    def visit_Call(self, node: ast.Call) -> ast.AST:
        if self.is_answer(node.func) and node.args:
            return self.generic_visit(node.args[0])
        if self.is_answer(node):
            return ast.parse("lambda answer: answer", mode="eval").body
        return self.generic_visit(node)

    def visit_FunctionDef(self, node: Any) -> ast.AST:
        node.decorator_list = [d for d in node.decorator_list if not self.is_answer(d)]
        return self.generic_visit(node)

    visit_ClassDef = visit_AsyncFunctionDef = visit_FunctionDef


def notebook_history() -> list[str]:
    """The cells run so far in a notebook, oldest first; [] elsewhere."""
    try:
        from IPython import get_ipython  # a student may work without IPython
    except ImportError:
        return []
    shell = get_ipython()
    manager = getattr(shell, "history_manager", None)
    return list(manager.input_hist_raw) if manager is not None else []  # as typed, with magics


# ---------------------------------------------------------------- loading


def saved(place: Path | None = None) -> list[tuple[Path, dict[str, Any]]]:
    """The files of my_tinylearn/ with what their first lines say."""
    found = []
    for path in sorted((place or folder()).glob("*.py")):
        first = path.read_text("utf-8", "replace").partition("\n")[0]
        if first.startswith(HEADER):
            try:
                found.append((path, json.loads(first.removeprefix(HEADER))))
            except ValueError:
                continue
    return found


def load_mine(place: str | Path | None = None) -> Card:
    """Put every saved answer that replaces a Part into the framework; says what was refused."""
    where = Path(place) if place else folder()
    for path, about in saved(where):
        if not about.get("part"):
            continue
        try:
            namespace: dict[str, Any] = {"__name__": "__main__"}  # as in a notebook
            exec(compile(path.read_text("utf-8"), str(path), "exec"), namespace)
            use({about["part"]: namespace[about["answer"]]})
        except Exception as error:
            print(f"{path.name} was not loaded: {type(error).__name__}: {error}")
    return Card(f"{where.name}/", [], where)


# ---------------------------------------------------------------- the card


Row = tuple[str, str, float, bool]  # a question's id, title and points, and whether it passed


def standing(rows: list[Row]) -> str:
    """How many points have passed here, and what is left.

    >>> standing([("q1", "Strides", 2, True), ("q2", "Places", 1.5, False)])
    'Passed here: 2 of 3.5 points. Left: q2.'
    """
    points = sum(worth for *_, worth, passed in rows if passed)
    left = ", ".join(id for id, *_, passed in rows if not passed)
    most = points_text(sum(worth for *_, worth, _ in rows))
    return f"Passed here: {points:g} of {most}. " + (f"Left: {left}." if left else "None is left.")


@dataclass
class Card:
    """The progress card: shows itself in a notebook, prints elsewhere."""

    title: str
    rows: list[Row]
    place: Path | None = None

    def lines(self) -> list[str]:
        answers = saved(self.place)
        yours = [part.name for part in Part.table.whole().values() if not part.is_default]
        chapters = sorted({about["assignment"] for _, about in answers})
        text = [
            f"{'passed' if passed else 'open':7}{id:5}{title} ({points:g})"
            for id, title, points, passed in self.rows
        ]
        text += [standing(self.rows)] * bool(self.rows)
        text.append(f"{len(yours)} of {len(Part.table)} parts of the framework are yours")
        kept = f"{len(answers)} answer{'s' * (len(answers) != 1)}"
        text.append(f"{kept} from {len(chapters)} chapter{'s' * (len(chapters) != 1)} in {FOLDER}/")
        return text

    def __repr__(self) -> str:
        return "\n".join([self.title, *self.lines()])

    def _repr_html_(self) -> str:
        done = sum(worth for *_, worth, passed in self.rows if passed)
        total = sum(worth for *_, worth, _ in self.rows) or 1
        bar = (
            f'<div style="background:var(--jp-layout-color3,#ddd);height:8px;border-radius:4px">'
            f'<div style="background:#0072B2;height:8px;border-radius:4px;'
            f'width:{100 * done / total:.0f}%"></div></div>'
        )
        rows = "".join(f"<li>{escape(line)}</li>" for line in self.lines())
        return (
            f'<div style="max-width:32em"><b>{escape(self.title)}</b>{bar * bool(self.rows)}'
            f'<ul style="list-style:none;padding:0;font-family:monospace;white-space:pre-wrap">'
            f"{rows}</ul></div>"
        )
