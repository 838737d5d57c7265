"""Builds everything that is derived from `solutions/NN_topic.py`; nothing here is edited by hand.

    solutions/NN_topic.ipynb        the worked version, with nbgrader's markers
    solutions/NN_topic.spec.json    the private spec: hidden checks, wrong answers, reference
    exercises/NN_topic.ipynb        the students' notebook: stubs and locked checks
    exercises/checks/NN_topic.json  the public half: visible cases and hints

`build` runs the worked version (it must pass) and proves each question: see prove.py.
"""

from __future__ import annotations

import json
import math
import os
import re
from pathlib import Path
from typing import Any

import numpy as np

from ..inside.values import decode
from ..public import public
from ..question import Question
from ..spec import Spec, from_data
from .prove import prove
from .source import Source, SourceCell, private_spec, read_source, stub_of

KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
HIDDEN = "### BEGIN HIDDEN TESTS\ntl.check({!r}, hidden=True)\n### END HIDDEN TESTS"


class BuildError(ValueError):
    """The source of an exercise is not fit to be published; the text lists why."""


def build(source: Path, root: Path, run: bool = True, seeds: int = 3) -> dict[Path, str]:
    """The texts of all derived files, by path below `root`. Raises BuildError.

    seeds   of how many students the inputs are drawn to prove the questions; see prove.py
    """
    try:
        parsed = read_source(source)
        data = private_spec(parsed)
        spec = from_data(data)
    except (ValueError, SyntaxError) as error:
        raise BuildError(f"{source.name}: {error}") from error
    if trouble := prove(spec, seeds):
        raise BuildError(f"{source.name}:\n" + "\n".join(trouble))
    name = parsed.name
    texts = {
        Path("solutions") / f"{name}.ipynb": notebook_text(parsed, spec, worked=True),
        Path("solutions") / f"{name}.spec.json": json_text(data),
        Path("exercises") / f"{name}.ipynb": notebook_text(parsed, spec, worked=False),
        Path("exercises") / "checks" / f"{name}.json": json_text(public(spec)),
    }
    if run:
        execute(texts, name)
    return {root / path: text for path, text in texts.items()}


def write(texts: dict[Path, str]) -> list[Path]:
    """Write what differs; the paths written."""
    changed = [path for path, text in texts.items() if not is_current(path, text)]
    for path in changed:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(texts[path], "utf-8")
    return changed


def is_current(path: Path, text: str) -> bool:
    """Whether a file is what the source gives, but for the last digits of numbers in JSON.

    These differ from machine to machine: a sum depends on how the processor groups its terms.
    """
    if not path.is_file():
        return False
    old = path.read_text("utf-8")
    return old == text or (path.suffix == ".json" and alike(json.loads(old), json.loads(text)))


def alike(a: Any, b: Any) -> bool:
    """Whether two pieces of JSON are equal, floats to three digits."""
    if type(a) is not type(b):
        return False
    if isinstance(a, dict):
        if a.keys() == b.keys() and a.keys() <= {"array", "tensor"}:
            return alike_arrays(a, b)
        return a.keys() == b.keys() and all(alike(a[key], b[key]) for key in a)
    if isinstance(a, list):
        return len(a) == len(b) and all(map(alike, a, b))
    return math.isclose(a, b, rel_tol=1e-3, abs_tol=1e-6) if isinstance(a, float) else a == b


def alike_arrays(a: Any, b: Any) -> bool:
    """Whether two encoded arrays are equal, floats to three digits."""
    mine, other = decode(a), decode(b)
    if mine.shape != other.shape or mine.dtype != other.dtype:
        return False
    return bool(np.allclose(mine, other, 1e-3, 1e-6, True) if mine.dtype.kind == "f" else a == b)


def json_text(data: Any) -> str:
    return json.dumps(data, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


# ---------------------------------------------------------------- notebooks


def notebook_text(source: Source, spec: Spec, worked: bool) -> str:
    """The notebook as the text of its file, without outputs, with ids that stay."""
    import nbformat  # an author's tool

    cells: list[Any] = []
    used: set[str] = set()
    for number, cell in enumerate(source.cells):
        if cell.role in ("question", "warm"):
            continue
        made = notebook_cell(cell, spec, worked)
        made.id = unique(cell_id(cell, spec, number), used)
        cells.append(made)
    metadata = {
        "kernelspec": KERNEL,
        "language_info": {"name": "python"},
        "tinylearn": {"assignment": source.name, "format": 1},
    }
    notebook = nbformat.v4.new_notebook(cells=cells, metadata=metadata)
    nbformat.validate(notebook)
    return nbformat.writes(notebook, indent=1).rstrip("\n") + "\n"


def notebook_cell(cell: SourceCell, spec: Spec, worked: bool) -> Any:
    import nbformat

    if cell.role == "text":
        made = nbformat.v4.new_markdown_cell(cell.text)
        made.metadata = grader_metadata("", solution=False, grade=False, plain=True)
        return made
    if cell.role == "essay":
        return essay_cell(cell, spec, worked)
    text = cell.text
    if cell.role == "answer":
        text = cell.text if worked else stub_of(cell.text)
    made = nbformat.v4.new_code_cell(text)
    if cell.role in ("answer", "check"):
        question = spec[cell.question]
        if cell.role == "check" and worked:
            made.source += "\n" + HIDDEN.format(question.id)
        grade = cell.role == "check"
        made.metadata = grader_metadata(cell_id(cell, spec, 0), not grade, grade, question=question)
    elif cell.role == "setup":
        made.metadata = {"deletable": False, "tinylearn": {"role": "setup"}}
    return made


def essay_cell(cell: SourceCell, spec: Spec, worked: bool) -> Any:
    """Where an answer in words goes: empty for students; nbgrader has it graded by hand."""
    import nbformat

    essay = spec.essay(cell.question)
    assert essay is not None, "a chapter with a stray essay cell is not built"
    made = nbformat.v4.new_markdown_cell(cell.text if worked else essay.placeholder)
    theirs = {"grade": True, "grade_id": cell_id(cell, spec, 0), "locked": False}
    theirs |= {"points": essay.points, "schema_version": 3, "solution": True, "task": False}
    ours = {"question": essay.id, "role": "essay"}
    made.metadata = {"deletable": False, "nbgrader": theirs, "tinylearn": ours}
    return made


def grader_metadata(
    id: str, solution: bool, grade: bool, question: Question | None = None, plain: bool = False
) -> dict[str, Any]:
    """nbgrader's own keys (schema 3, no others are allowed there) and ours beside them."""
    if plain or question is None:
        return {}
    theirs: dict[str, Any] = {
        "grade": grade,
        "grade_id": id,
        "locked": grade,
        "schema_version": 3,
        "solution": solution,
        "task": False,
    }
    if grade:
        theirs["points"] = question.points
    ours = {"question": question.id, "role": "check" if grade else "answer"}
    return {"deletable": False, "nbgrader": theirs, "tinylearn": ours} | (
        {"editable": False} if grade else {}
    )


def cell_id(cell: SourceCell, spec: Spec, number: int) -> str:
    """An id that follows from what the cell is for, so that an edit elsewhere leaves it alone."""
    if cell.role in ("answer", "check"):
        return f"{slug(spec[cell.question].id)}-{cell.role}"
    if cell.role == "essay":
        return f"{slug(cell.question)}-essay"
    first = cell.text.strip().partition("\n")[0]
    return f"{cell.role}-{slug(first)[:40] or number}".rstrip("-")


def slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def unique(id: str, used: set[str]) -> str:
    made, number = id, 2
    while made in used:
        made, number = f"{id}-{number}", number + 1
    used.add(made)
    return made


# ---------------------------------------------------------------- running it


def execute(texts: dict[Path, str], name: str) -> None:
    """Run the worked notebook as a student would, in a folder of its own. Raises BuildError."""
    import tempfile

    import nbclient
    import nbformat

    with tempfile.TemporaryDirectory() as folder:
        for path, text in texts.items():
            (Path(folder) / path).parent.mkdir(parents=True, exist_ok=True)
            (Path(folder) / path).write_text(text, "utf-8")
        here = Path(folder) / "solutions"
        notebook = nbformat.reads(texts[Path("solutions") / f"{name}.ipynb"], as_version=4)
        package = str(Path(__file__).resolve().parents[3])
        paths = os.pathsep.join([package, os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep)
        env = os.environ | {"TINYLEARN_EXERCISES": f"{folder}/exercises", "PYTHONPATH": paths}
        client = nbclient.NotebookClient(
            notebook,
            timeout=300,
            resources={"metadata": {"path": str(here)}},
            extra_arguments=["--log-level=ERROR"],
        )
        try:
            client.execute(env=env | {"OPENBLAS_NUM_THREADS": "1"})
        except nbclient.exceptions.CellExecutionError as error:
            raise BuildError(f"{name}: the solution does not run\n{error}") from None
