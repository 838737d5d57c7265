"""Finds what students handed in, and reads it without trusting any of it.

    find(path, spec) -> [Submission]      folders, zips, single notebooks, in any mixture
    relevant_cells(cells, spec, q)        the cells that can matter to one answer

Nothing is unpacked to disk, no link is followed, sizes are capped before anything is read, and a
file that cannot be read costs its own student only.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import keyword
import os
import re
import stat
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from .inside.values import BadValue, parse
from .question import Question
from .spec import Spec, keys

MAX_NOTEBOOK = 20_000_000  # bytes, outputs included
MAX_CODE = 500_000  # characters of all code cells
MAX_ENTRIES = 2_000  # files in a zip
LEFT_OUT = {".ipynb_checkpoints", "__MACOSX", ".git"}


class Unreadable(Exception):
    """A submission that cannot be read; the text tells the student why."""


@dataclass(frozen=True)
class Submission:
    """One student's notebook: its code cells, or the reason why there are none."""

    student: str
    source: str  # where it was found, for the staff
    cells: tuple[str, ...] = ()
    trouble: str = ""


@dataclass(frozen=True)
class Candidate:
    """A notebook-like file before it is read: where, whose, and its bytes or the trouble."""

    student: str
    path: str
    data: bytes = b""
    trouble: str = ""


def find(path: Path, spec: Spec) -> list[Submission]:
    """One submission for each student below `path`, in order of their names."""
    by_student: dict[str, list[Candidate]] = {}
    for candidate in candidates(Path(path)):
        by_student.setdefault(candidate.student, []).append(candidate)
    return [choose(student, files, spec) for student, files in sorted(by_student.items())]


# ---------------------------------------------------------------- files


def candidates(path: Path) -> Iterator[Candidate]:
    if path.is_dir():
        for entry in sorted(path.iterdir()):
            if entry.name.startswith(".") or entry.name in LEFT_OUT:
                continue
            if not entry.is_symlink() and entry.is_dir():
                yield from in_folder(entry, entry.name)
            else:
                yield from single(entry, entry.stem)
    else:
        yield from single(path, path.stem, bulk=True)


def in_folder(folder: Path, student: str) -> Iterator[Candidate]:
    """Every notebook of one student's folder, at most six folders deep; no links."""
    found = False
    for here, folders, files in os.walk(folder, followlinks=False):
        depth = len(Path(here).relative_to(folder).parts)
        folders[:] = sorted(f for f in folders if f not in LEFT_OUT and depth < 6)
        for name in sorted(files)[:MAX_ENTRIES]:
            if name.lower().endswith((".ipynb", ".zip")) and not name.startswith("."):
                found = True
                yield from single(Path(here) / name, student)
    if not found:
        yield Candidate(student, str(folder), trouble="the folder holds no notebook")


def single(path: Path, student: str, bulk: bool = False) -> Iterator[Candidate]:
    if not path.name.lower().endswith((".ipynb", ".zip")):
        return
    try:
        data = read_regular(path)
    except Unreadable as error:
        yield Candidate(student, str(path), trouble=str(error))
        return
    if path.name.lower().endswith(".zip"):
        yield from in_zip(data, student, str(path), bulk)
    else:
        yield Candidate(student, str(path), data)


def read_regular(path: Path) -> bytes:
    """The bytes of an ordinary file: no link, no pipe or device, not beyond the size limit."""
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    try:
        descriptor = os.open(path, flags | getattr(os, "O_BINARY", 0))
    except OSError as error:
        link = "it is a link to another file" if path.is_symlink() else error.strerror
        raise Unreadable(f"{path.name} cannot be opened: {link}") from None
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise Unreadable(f"{path.name} is not an ordinary file")
        data = file.read(MAX_NOTEBOOK + 1)
    if len(data) > MAX_NOTEBOOK:
        raise Unreadable(f"{path.name} is larger than {MAX_NOTEBOOK // 10**6} MB")
    return data


def in_zip(data: bytes, student: str, path: str, bulk: bool) -> Iterator[Candidate]:
    """The notebooks in a zip, read in memory. In a bulk zip each top folder is a student."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
            if len(entries) > MAX_ENTRIES:
                raise Unreadable(f"the zip holds {len(entries):,} files")
            for entry in entries:
                parts = PurePosixPath(entry.filename).parts
                hidden = any(part in LEFT_OUT or part.startswith("._") for part in parts)
                if entry.is_dir() or hidden or not entry.filename.lower().endswith(".ipynb"):
                    continue
                owner = student
                if bulk:
                    owner = parts[0] if len(parts) > 1 else PurePosixPath(entry.filename).stem
                yield Candidate(owner, f"{path}:{entry.filename}", unzip(archive, entry))
    except Unreadable as error:
        yield Candidate(student, path, trouble=str(error))
    except Exception as error:  # zipfile raises many kinds for a damaged archive
        yield Candidate(student, path, trouble=f"not a readable zip ({type(error).__name__})")


def unzip(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    if entry.flag_bits & 1:
        raise Unreadable("the zip is locked with a password")
    with archive.open(entry) as file:  # stops at the limit, whatever size the zip claims
        data = file.read(MAX_NOTEBOOK + 1)
    if len(data) > MAX_NOTEBOOK:
        raise Unreadable(f"{entry.filename!r} unpacks to more than {MAX_NOTEBOOK // 10**6} MB")
    return data


# ---------------------------------------------------------------- notebooks


def choose(student: str, files: list[Candidate], spec: Spec) -> Submission:
    """Of a student's notebooks the one that answers most questions of this assignment."""
    best: tuple[tuple[int, bool, str], Submission] | None = None
    for file in files:
        try:
            if file.trouble:
                raise Unreadable(file.trouble)
            cells = tuple(code_cells(file.data))
            submission = Submission(student, file.path, cells)
            answered = sum(bool(answer_cells(cells, question)) for question in spec.questions)
        except Unreadable as error:
            submission = Submission(student, file.path, trouble=str(error))
            answered = -1
        rank = (answered, spec.assignment in file.path, file.path)
        if best is None or rank > best[0]:
            best = rank, submission
    assert best is not None, "a student is listed because of a file"
    return best[1]


def code_cells(data: bytes) -> list[str]:
    """The sources of a notebook's code cells. Raises Unreadable."""
    try:
        notebook = parse(data.removeprefix(b"\xef\xbb\xbf"))
    except BadValue as error:
        raise Unreadable(f"the notebook cannot be read: {error}") from None
    cells = notebook.get("cells") if isinstance(notebook, dict) else None
    if not isinstance(cells, list):
        raise Unreadable("the file is not a notebook of format 4")
    sources = [text for cell in cells if (text := source_text(cell)) is not None]
    if sum(map(len, sources)) > MAX_CODE:
        raise Unreadable(f"the notebook holds more than {MAX_CODE:,} characters of code")
    return sources


def source_text(cell: Any) -> str | None:
    """The text of a code cell; None for any other. Half of a surrogate pair becomes "?"."""
    if not isinstance(cell, dict) or cell.get("cell_type") != "code":
        return None
    source = cell.get("source", "")
    if isinstance(source, list):
        source = "".join(line for line in source if isinstance(line, str))
    return str(source).encode("utf-8", "replace").decode("utf-8") if source else ""


# ---------------------------------------------------------------- cells of one question


def marker(question: Question) -> re.Pattern[str]:
    names = "|".join(re.escape(key) for key in keys(question))
    return re.compile(rf"\banswer\(\s*[\"'](?:{names})[\"']")


def answer_cells(cells: tuple[str, ...], question: Question) -> list[int]:
    """The cells that hold this question's answer, by its decorator or its name."""
    by_mark, by_name = marker(question), re.compile(rf"(?:def|class)\s+{question.answer}\b")
    return [n for n, cell in enumerate(cells) if by_mark.search(cell) or by_name.search(cell)]


def relevant_cells(cells: tuple[str, ...], spec: Spec, question: Question) -> list[str]:
    """The cells with other questions' answers blanked, unless what they make is used elsewhere.

    A change in a blanked cell is no reason to grade this question again. "pass" keeps its number.
    """
    mine = set(answer_cells(cells, question))
    blank = {n for q in spec.questions if q != question for n in answer_cells(cells, q)} - mine
    while True:
        words = set(WORD.findall("\n".join(c for n, c in enumerate(cells) if n not in blank)))
        needed = {n for n in blank if makes(cells[n]) & words}
        if not needed:
            break
        blank -= needed
    return ["pass" if n in blank or is_hint(cell) else cell for n, cell in enumerate(cells)]


WORD = re.compile(r"[^\W\d]\w*")
DEFINED = re.compile(r"^[ \t]*(?:async[ \t]+)?(?:def|class)[ \t]+(\w+)", re.MULTILINE)
FIRST = re.compile(r"^([^\W\d]\w*)(.*)", re.MULTILINE)
BLOCKS = {"for", "if", "try", "while", "with", "match", "global"}


def makes(cell: str) -> set[str]:
    """The names that a cell may make or change, by the look of its lines."""
    found, lines = set(DEFINED.findall(cell)), FIRST.findall(cell)
    for first, rest in lines:
        imports = first in ("from", "import")
        found |= set(WORD.findall(rest)) - {"import", "as"} if imports else {first}
    if any(first in BLOCKS for first, _ in lines):
        found |= set(re.findall(r"^[ \t]+(\w+)[^=\n]*=", cell, re.MULTILINE))
    return {name for name in found if not keyword.iskeyword(name)}


def is_hint(cell: str) -> bool:
    """Whether a cell asks for hints or the card, and does nothing else."""
    lines = [line for line in cell.splitlines() if line.strip()]
    return bool(lines) and all(line.startswith(("tl.hint(", "tl.course.card(")) for line in lines)


def digest(cells: list[str], of_spec: str, grader: str) -> str:
    """What a grade depends on: the answer's cells, the question, and the grader's version."""
    parts = [of_spec, grader, *(cell for cell in cells if cell.strip())]
    return hashlib.sha256("\x00".join(parts).encode("utf-8", "replace")).hexdigest()


LISTED = 16 << 20  # bytes: a larger archive is not looked into for a name


def spec_for(place: Path, root: Path) -> Path:
    """The spec of the chapter that the submissions at `place` are named after.

    Raises ValueError where no chapter's name is in their paths, or several chapters' are.
    """
    names = [str(path.relative_to(place.parent)) for path in [place, *place.rglob("*")]]
    for path in place.rglob("*.zip") if place.is_dir() else [place]:
        with contextlib.suppress(OSError, zipfile.BadZipFile):
            if path.stat().st_size < LISTED:
                names += zipfile.ZipFile(path).namelist()
    specs = sorted(root.glob("solutions/*.spec.json"))
    chapter = {path: path.name.removesuffix(".spec.json") for path in specs}
    named = [path for path in specs if any(chapter[path] in name for name in names)]
    if len(named) != 1:
        found = "several chapters are" if named else "no chapter is"
        known = ", ".join(chapter.values()) or "none below this folder"
        raise ValueError(
            f"{found} named in {place}; the chapters: {known}."
            " Try --spec solutions/NN_topic.spec.json"
        )
    return named[0]
