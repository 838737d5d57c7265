"""The students' bundle: lessons, exercises, their public checks; and proof that nothing leaks.

release(root, out) -> the files copied        leaks(out, root) -> [] or what was found
"""

from __future__ import annotations

import json
import re
import shutil
from html import unescape
from pathlib import Path

from .author import SOLUTION
from .spec import Spec, load

COPIED = ("notebooks/*.ipynb", "exercises/*.ipynb", "exercises/checks/*.json")


def release(root: Path, out: Path) -> list[Path]:
    """Copy what students may see into `out`. Raises ValueError, leaving nothing, at a leak."""
    if out.exists() and any(out.iterdir()):
        raise ValueError(f"{out} is not empty")
    files = []
    for pattern in COPIED:
        for path in sorted(root.glob(pattern)):
            target = out / path.relative_to(root)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
            files.append(target)
    if found := leaks(out, root):
        shutil.rmtree(out)
        raise ValueError("the bundle would show what students must not see:\n" + "\n".join(found))
    return files


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


PLAIN = ("#", '"', "import ", "from ")  # beginnings of lines that give nothing away


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
    return {line: what for line, what in lines.items() if not SOLUTION.search(line)}
