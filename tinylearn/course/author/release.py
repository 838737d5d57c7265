"""The students' bundle: lessons, exercises, their public checks; and proof that it is fit.

release(root, out, ["01", "05_xor"]) -> the files made, a README that says how to install included
leaks(out, root) -> [] or what was found        unfit(out, root) -> [] or what would not work
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Sequence
from html import unescape
from importlib.metadata import version
from pathlib import Path

from ..public import public
from ..spec import Spec, load
from .build import alike, json_text
from .source import SOLUTION

COPIED = ("notebooks/*.ipynb", "exercises/*.ipynb", "exercises/checks/*.json")
INSTALL = f'python -m pip install "tinylearn[course]=={version("tinylearn")}"'
README = """# {title}

You need Python 3.11 or newer. In a terminal, in this folder:

    python -m venv .venv
    source .venv/bin/activate          (Windows: .venv\\Scripts\\activate)
    {install}
    tinylearn lab .

The lessons are in `notebooks/`, the exercises in `exercises/`:

{chapters}

Keep each exercise beside the folder `checks` that came with it. This bundle was made for
tinylearn {version}. What you have says:

    python -c "import tinylearn; print(tinylearn.__version__)"
"""


def release(
    root: Path, out: Path, chapters: Sequence[str] = (), install: str = INSTALL
) -> list[Path]:
    """Copy what students may see into `out`. Raises ValueError, leaving nothing, at a leak.

    chapters   names or numbers, "05_xor" or "05"; all if left out
    install    the command that gives a student this tinylearn
    """
    if out.exists() and any(out.iterdir()):
        raise ValueError(f"{out} is not empty")
    there = out.exists()
    names = chosen(root, chapters)
    files = []
    for pattern in COPIED:
        for path in sorted(root.glob(pattern)):
            if chapters and path.stem not in names:
                continue
            target = out / path.relative_to(root)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
            files.append(target)
    out.mkdir(parents=True, exist_ok=True)
    (out / "README.md").write_text(readme(out, install), "utf-8")
    found = leaks(out, root)
    if found or (broken := unfit(out, root)):
        shutil.rmtree(out)
        if there:
            out.mkdir()
        says = "show what students must not see" if found else "not work"
        raise ValueError(f"the bundle would {says}:\n" + "\n".join(found or broken))
    return [*files, out / "README.md"]


def chosen(root: Path, chapters: Sequence[str]) -> set[str]:
    """The names of the chapters that were asked for. ValueError for one that is not there."""
    names = {path.stem for pattern in COPIED for path in root.glob(pattern)}
    found = set()
    for asked in chapters:
        own = {name for name in names if asked in (name, name.partition("_")[0])}
        if not own:
            raise ValueError(f"no chapter {asked!r}; there are {', '.join(sorted(names))}")
        found |= own
    return found


def readme(out: Path, install: str) -> str:
    """What a student reads first."""
    names = sorted({path.stem for path in out.glob("*/*.ipynb")})
    title = "Your exercises" if len(names) > 1 else f"Chapter {names[0]}" if names else "No chapter"
    listed = "\n".join(f"- {name}" for name in names)
    return README.format(
        title=title, install=install, chapters=listed, version=version("tinylearn")
    )


def unfit(out: Path, root: Path) -> list[str]:
    """What a student of this bundle would stumble over: files missing, old, or without a stub."""
    found = []
    for path in sorted((out / "exercises").glob("*.ipynb")):
        name = path.stem
        checks, private = out / "exercises/checks" / f"{name}.json", root / "solutions"
        if not checks.is_file():
            found.append(f"exercises/checks/{name}.json is missing")
            continue
        if not (private / f"{name}.spec.json").is_file():
            found.append(
                f"solutions/{name}.spec.json is missing: run tinylearn course build {name}"
            )
            continue
        spec = load(private / f"{name}.spec.json")
        if not alike(json.loads(checks.read_text("utf-8")), json.loads(json_text(public(spec)))):
            found.append(f"the checks of {name} are out of date: run tinylearn course build {name}")
        found += [f"exercises/{name}.ipynb {what}" for what in unanswerable(path, spec)]
    return found


def unanswerable(path: Path, spec: Spec) -> list[str]:
    """What is missing in an exercise: its opening, a stub or a check of a question."""
    cells = json.loads(path.read_text("utf-8")).get("cells", [])
    roles = [(c["metadata"].get("tinylearn", {}), "".join(c["source"])) for c in cells]
    found = []
    if not any(f'exercise("{spec.assignment}")' in text for _, text in roles):
        found.append(f'does not open itself with tl.course.exercise("{spec.assignment}")')
    for question in spec.questions:
        for role in ("answer", "check"):
            own = [t for m, t in roles if m == {"question": question.id, "role": role}]
            if len(own) != 1:
                found.append(f"has {len(own)} {role} cells for {question.id}")
            elif role == "answer" and "NotImplementedError" not in own[0]:
                found.append(f"has no stub for {question.id}")
    return found


def leaks(out: Path, root: Path) -> list[str]:
    """Solutions, hidden checks or wrong answers found anywhere below `out`."""
    found = []
    secrets: dict[str, str] = {}
    for path in sorted((root / "solutions").glob("*.spec.json")):
        secrets |= secret_lines(load(path))
    for path in sorted(out.rglob("*")):
        if not path.is_file():
            continue
        if path.name.endswith(".spec.json") or "solutions" in path.relative_to(out).parts:
            found.append(f"{path.name} does not belong in a bundle")
        text = searchable(path.read_text("utf-8", "replace"))
        found += [f"{path.name}: {what}" for line, what in secrets.items() if line in text]
        marks = ("### BEGIN SOLUTION", "### BEGIN HIDDEN", "@tl_staff")
        found += [f"{path.name}: {mark}" for mark in marks if mark in text]
    return found


def searchable(text: str) -> str:
    """A file's text; of a page, a notebook or a JSON file, its words as they read when shown."""
    if text.startswith("<!doctype html>"):
        return unescape(re.sub(r"<[^>]*>", "", text))
    try:
        data = json.loads(text)
    except ValueError:
        return text
    pieces, waiting = [], [data]
    while waiting:
        item = waiting.pop()
        if isinstance(item, str):
            pieces.append(item)
        elif isinstance(item, list):
            joined = all(isinstance(part, str) for part in item)
            waiting += ["".join(item)] if joined and item else item
        elif isinstance(item, dict):
            waiting += list(item.values())
    return "\n".join(pieces)


PLAIN = ("#", '"', "import ", "from ", "except ")  # beginnings of lines that give nothing away


def secret_lines(spec: Spec) -> dict[str, str]:
    """Lines that only the staff's files may hold, each with what it would give away."""
    lines: dict[str, str] = {}
    told_anyway = [spec.data["setup"], *(hint for q in spec.questions for hint in q.hints)]
    shown = "\n".join([*told_anyway, *(q["stub"] for q in spec.data["questions"].values())])
    for id, body in spec.data["questions"].items():
        for piece, what in ((body["reference"], "the solution"), (body["cell"], "the checks")):
            for line in piece.splitlines():
                told = line.strip()
                private = len(told) > 24 and told not in shown and not told.startswith(PLAIN)
                if private and told not in body["run"] + body["judge"]:
                    lines.setdefault(told, f"{what} of {id}")
    for id, text in spec.data.get("essays", {}).items():
        told_there = [line.strip() for line in text.splitlines() if len(line.strip()) > 24]
        lines |= {line: f"the model answer of {id}" for line in told_there if line not in shown}
    return {line: what for line, what in lines.items() if not SOLUTION.search(line)}
