"""The folder my_tinylearn/: a student's own pieces of the framework, growing by chapter.

    save(...)        one readable Python file for each answer that passed its visible checks
    load_mine()      put all of them back into the framework, in one line of any notebook

Each file stands alone: what was given, the helpers it uses, the answer; its first line says what
it is. A file is loaded only if its Part's contract holds, so an old or edited one does no harm.
"""

from __future__ import annotations

import ast
import inspect
import json
import os
import textwrap
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from ..parts import Part, use
from .inside.find import NoAnswer, find
from .question import Question
from .spec import keys

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
    source = answer_source(question, given, answer)
    if not source:
        return None
    about: dict[str, Any] = {"assignment": assignment, "question": question.id}
    about["answer"] = question.answer
    about |= {"part": question.part, "points": question.points}
    path = folder() / f"{assignment[:2]}_{question.answer}.py"
    text = f"{HEADER}{json.dumps(about)}\n\n{setup.strip()}\n\n\n{source.strip()}\n"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.read_text("utf-8") != text:
            path.write_text(text, "utf-8")
    except OSError:
        return None
    return path


def answer_source(question: Question, given: set[str], answer: Any) -> str:
    """The answer and its helpers as text: from the notebook's history, or from its own file."""
    cells = notebook_history()
    if cells:
        try:
            chosen = find(cells, list(keys(question)), question.answer, given)
        except (NoAnswer, SyntaxError):
            pass
        else:
            pieces = [ast.unparse(statement) for _, statement in chosen.helpers]
            own = ast.get_source_segment(chosen.source, chosen.answer)
            return "\n\n".join([*pieces, own or ast.unparse(chosen.answer)])
    try:
        text = textwrap.dedent(inspect.getsource(answer))
    except (OSError, TypeError):
        return ""
    tree = ast.parse(text).body[0]
    return ast.get_source_segment(text, tree) or ""


def notebook_history() -> list[str]:
    """The cells run so far in a notebook, oldest first; [] elsewhere."""
    try:
        from IPython import get_ipython  # a student may work without IPython
    except ImportError:
        return []
    shell = get_ipython()
    return list(shell.user_ns.get("In", ())) if shell is not None else []


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
            namespace: dict[str, Any] = {"__name__": path.stem}
            exec(compile(path.read_text("utf-8"), str(path), "exec"), namespace)
            use({about["part"]: namespace[about["answer"]]})
        except Exception as error:
            print(f"{path.name} was not loaded: {type(error).__name__}: {error}")
    return Card(f"{where.name}/", [], where)


# ---------------------------------------------------------------- the card


@dataclass
class Card:
    """The progress card: shows itself in a notebook, prints elsewhere."""

    title: str
    rows: list[tuple[str, str, float, bool]]
    place: Path | None = None

    def lines(self) -> list[str]:
        answers = saved(self.place)
        yours = [part.name for part in Part.table.values() if not part.is_default]
        chapters = sorted({about["assignment"] for _, about in answers})
        text = [
            f"{'passed' if passed else 'open':7}{id:5}{title} ({points:g})"
            for id, title, points, passed in self.rows
        ]
        text.append(f"{len(yours)} of {len(Part.table)} parts of the framework are yours")
        text.append(f"{len(answers)} answers from {len(chapters)} chapters in {FOLDER}/")
        return text

    def __repr__(self) -> str:
        return "\n".join([self.title, *self.lines()])

    def _repr_html_(self) -> str:
        done = sum(passed for *_, passed in self.rows)
        total = max(1, len(self.rows))
        bar = (
            f'<div style="background:var(--jp-layout-color3,#ddd);height:8px;border-radius:4px">'
            f'<div style="background:#0072B2;height:8px;border-radius:4px;'
            f'width:{100 * done // total}%"></div></div>'
        )
        rows = "".join(f"<li>{escape(line)}</li>" for line in self.lines())
        return (
            f'<div style="max-width:32em"><b>{escape(self.title)}</b>{bar * bool(self.rows)}'
            f'<ul style="list-style:none;padding:0;font-family:monospace">{rows}</ul></div>'
        )
