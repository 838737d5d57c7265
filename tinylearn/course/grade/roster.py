"""Who was there: the students of a run, those of earlier runs, and those whom a roster expects.

    note(out, assignment, root, sources, whole) -> [complaints]    handed in, and no longer
    missing(path, students)              -> (missing, unknown)

A student is marked as removed when what they handed in lay below a folder that was graded before,
and lies there no longer; the record stays until a person removes it.
"""

from __future__ import annotations

import csv
import json
import re
import unicodedata
from pathlib import Path
from typing import Any

from .journal import file_name, json_bytes, locked, write_atomically

NAMES = ("student", "login", "sis login id", "user", "username", "name", "email", "e-mail",
         "email address", "student_id", "id", "sis user id", "id number", "full name")  # fmt: skip


def handed_in(out: Path, assignment: str) -> dict[str, dict[str, Any]]:
    """What is noted of each student: the root and the file it came from, its time, if removed."""
    try:
        data = json.loads(noted_at(out, assignment).read_text("utf-8"))
        return {str(name): dict(entry) for name, entry in data.items()}
    except (OSError, ValueError, AttributeError, TypeError):
        return {}


def noted_at(out: Path, assignment: str) -> Path:
    return Path(out) / "journal" / file_name(assignment) / "handed-in.json"


def note(
    out: Path,
    assignment: str,
    root: Path,
    sources: dict[str, tuple[str, float]],
    whole: dict[str, str],
) -> list[str]:
    """Note where each student's work was found; who is no longer among `whole` is removed.

    whole   every student below `root`, with the number that their system has for them, or ""
    """
    path, here, complaints = noted_at(out, assignment), str(root.resolve()), []
    with locked(path.parent.parent):
        known = handed_in(out, assignment)
        for student, (source, modified) in sources.items():
            known[student] = {"root": here, "source": source, "modified": modified}
            known[student]["number"] = whole.get(student, "")
        for student, entry in known.items():
            if entry.get("root") == here and student not in whole:
                entry["removed"] = True
                complaints.append(f"{student}: graded before, and no longer among the submissions")
        write_atomically(path, json_bytes(known))
    return complaints


# ---------------------------------------------------------------- a roster


def read_roster(path: Path) -> list[list[str]]:
    """Each expected student, by all names that the file gives them. Raises ValueError.

    A table (CSV, also with semicolons or tabs) whose first line names its columns, or one name a
    line.
    """
    try:
        text = path.read_text("utf-8-sig")
    except UnicodeDecodeError:
        text = path.read_text("cp1252")
    lines = [line for line in text.splitlines() if line.strip()]
    if not lines:
        raise ValueError(f"{path} names nobody")
    mark = max(",;\t", key=lines[0].count)
    rows = list(csv.reader(lines, delimiter=mark))
    header = [word.strip().lower() for word in rows[0]]
    columns = [n for n, word in enumerate(header) if word in NAMES]
    first, last = (header.index(w) if w in header else -1 for w in ("first name", "last name"))
    if not columns and first < 0:
        if len(rows[0]) > 1 and mark != ",":
            raise ValueError(f"{path}: no column of {rows[0]} is a name; try 'student'")
        return [[line.strip()] for line in lines]
    found = []
    for row in rows[1:]:
        own = [row[n].strip() for n in columns if n < len(row) and row[n].strip()]
        if 0 <= first < len(row) and 0 <= last < len(row):
            own.append(f"{row[first]} {row[last]}")
        if own and not own[0].lower().startswith(("points possible", "student, test")):
            found.append(own)
    return found


def forms(name: str) -> set[str]:
    """A name as systems write it: without accents and signs, in both orders, of a mail address."""
    text = unicodedata.normalize("NFKD", name.partition("@")[0] if "@" in name else name)
    words = re.findall(r"\w+", "".join(c for c in text if not unicodedata.combining(c)).lower())
    joined = "".join(words)
    return {joined, "".join(sorted(words)), "".join(words[1:] + words[:1])} - {""}


def missing(path: Path, students: dict[str, str]) -> tuple[list[str], list[str]]:
    """Who is on the roster and handed nothing in, and who handed in and is not on it.

    students   each student's name, with the number that their system has for them, or ""
    """
    left = dict(students)
    absent = []
    for expected in read_roster(path):
        wanted = {form for name in expected for form in forms(name)}
        found = [s for s, n in left.items() if (n and n in expected) or forms(s) & wanted]
        for student in found:
            del left[student]
        if not found:
            absent.append(expected[0])
    return absent, sorted(left)
