"""What a student handed in: its files, then the cells of the one notebook that counts.

    find(path, spec) -> [Submission]           each student's files, not read yet
    read(submission, spec, reader)             the same with its cells, or with the reason why not
    relevant_cells(cells, spec, q)             the cells that can matter to one answer

Of several notebooks the one counts in which most questions are attempted; an answer that stands
as it was given does not count. A file that cannot be read costs its own student only.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import keyword
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from .. import names
from ..inside.read import Unreadable
from ..question import Question
from ..spec import Spec, keys
from .discover import MAX_FILES, Class, File, discover, in_archive
from .reading import Reader

MAX_NOTEBOOKS = 50  # of one student
SECONDS = 60.0  # to read all that one student handed in


@dataclass(frozen=True)
class Submission:
    """One student's notebook: its code cells, or the reason why there are none.

    files   what is still to be read; () once it is
    looks   what a person should look at, whatever the grade
    """

    student: str
    source: str  # where it was found, for the staff
    cells: tuple[str, ...] = ()
    texts: dict[str, str] = field(default_factory=dict)  # of questions answered in words, by id
    trouble: str = ""
    files: tuple[File, ...] = ()
    looks: tuple[str, ...] = ()
    modified: float = 0.0  # when the file was last written, by its own clock; 0 if unknown
    number: str = ""  # the student's in the system that it was downloaded from


def find(path: Path, spec: Spec) -> list[Submission]:
    """One submission for each student below `path`, in order of their names."""
    with Reader() as reader:
        return handed_in(discover(Path(path), spec.assignment, reader))


def handed_in(found: Class) -> list[Submission]:
    """The students of a class, each with files that are still to be read."""
    return [
        Submission(
            s.name, s.files[0].shown, files=tuple(s.files), modified=latest(s.files),
            number=s.number if s.system == "canvas" else "",
        )
        for s in found.students
    ]  # fmt: skip


def latest(files: list[File]) -> float:
    return max((f.modified for f in files if names.kind_of(f.name)), default=0.0)


# ---------------------------------------------------------------- reading


@dataclass(frozen=True)
class Notebook:
    """One notebook as the reader gave it: the cells, and a digest of each attempted answer."""

    file: File
    cells: tuple[str, ...]
    texts: dict[str, str]
    chapter: str
    attempted: dict[str, str]

    def rank(self, assignment: str) -> tuple[Any, ...]:
        of_it = self.chapter == assignment or assignment in self.file.shown
        return len(self.attempted), of_it, self.file.order, self.file.modified, self.file.shown


def read(submission: Submission, spec: Spec, reader: Reader) -> Submission:
    """The submission with the cells of the notebook that counts, or the reason why none does."""
    if not submission.files:
        return submission
    troubles: list[str] = []
    best: Notebook | None = None
    others: list[tuple[File, dict[str, str]]] = []
    for notebook in notebooks(submission.files, spec, reader, troubles):
        others.append((notebook.file, notebook.attempted))
        if best is None or notebook.rank(spec.assignment) > best.rank(spec.assignment):
            best = notebook
    work = [f.name for f in submission.files if is_work(f)]
    if best is None:
        said = troubles[0] if troubles else "no notebook was handed in"
        said += f"; there is {', '.join(work[:5])}" if work and not troubles else ""
        return replace(submission, files=(), trouble=said, looks=(*troubles[1:9], said))
    looks = troubles[:9]
    if work:
        looks.append(f"also handed in, and not graded: {', '.join(work[:5])}")
    differ = [f.shown for f, held in others if held and is_another(f, held, best)]
    if differ:
        looks.append(f"{best.file.shown} is graded; other answers stand in {', '.join(differ[:5])}")
    trouble = ""
    if best.chapter not in ("", spec.assignment) and not best.attempted:
        trouble = f"the notebook is of {names.printable(best.chapter)}, not of {spec.assignment}"
        looks.append(trouble)
    made = replace(submission, source=best.file.shown, cells=best.cells, trouble=trouble, files=())
    made = replace(made, texts=best.texts)
    return replace(made, looks=tuple(looks), modified=best.file.modified or submission.modified)


def is_another(file: File, attempted: dict[str, str], best: Notebook) -> bool:
    """Whether a notebook may be other work, or another student's: so are folders of a section."""
    if file == best.file:
        return False
    elsewhere = names.parts_of(file.shown)[:-1] != names.parts_of(best.file.shown)[:-1]
    return elsewhere or bool(attempted.items() - best.attempted.items())


def notebooks(
    files: tuple[File, ...], spec: Spec, reader: Reader, troubles: list[str]
) -> Iterator[Notebook]:
    """Every notebook among the files and in their zips; what cannot be read goes to `troubles`."""
    until, count = time.monotonic() + SECONDS, 0
    for file in opened_up(files, reader, troubles):
        count += 1
        if count > MAX_NOTEBOOKS or time.monotonic() > until:
            much = f"{MAX_NOTEBOOKS} notebooks" if count > MAX_NOTEBOOKS else f"{SECONDS:g} s"
            troubles.append(f"more to read than {much}: {file.shown} and what follows is left out")
            return
        try:
            essays = {essay.id: essay.placeholder for essay in spec.essays}
            found = reader.cells(Path(file.path), file.inside, asked(spec), essays)
        except Unreadable as error:
            troubles.append(f"{file.name}: {error}")
            continue
        cells, texts = tuple(found["cells"]), found["texts"]
        yield Notebook(file, cells, texts, found["chapter"], found["attempted"])


def opened_up(files: tuple[File, ...], reader: Reader, troubles: list[str]) -> Iterator[File]:
    """The notebooks among the files, zips replaced by what they hold."""
    for file in files:
        kind = names.kind_of(file.name)
        if file.trouble:
            troubles.append(f"{file.name}: {file.trouble}")
        elif kind == "archive" and not file.inside:
            try:
                held = [inner for _, inner in in_archive(file.path, MAX_FILES, reader)]
            except Unreadable as error:
                troubles.append(f"{file.name}: {error}")
                continue
            inner = [replace(f, order=file.order) for f in held]
            yield from opened_up(tuple(inner), reader, troubles)
            if not any(names.kind_of(f.name) == "notebook" for f in inner if not f.trouble):
                listed = ", ".join(sorted({f.name for f in inner})[:5]) or "nothing"
                troubles.append(f"{file.name}: the zip holds no notebook; it holds {listed}")
        elif kind == "notebook":
            yield file


def is_work(file: File) -> bool:
    """Whether a person may have meant it to be graded: a PDF, a .py file, another archive."""
    folders = names.parts_of((file.inside or (file.path,))[-1])[:-1]
    return names.kind_of(file.name) == "work" and not names.BUNDLE & set(folders)


def asked(spec: Spec) -> list[dict[str, Any]]:
    """What the reader must know to tell an attempt from what was given."""
    return [
        {"id": q.id, "keys": keys(q), "answer": q.answer, "stub": body.get("stub", "")}
        for q in spec.questions
        for body in [spec.data["questions"][q.id]]
    ]


# ---------------------------------------------------------------- cells of one question


def answer_cells(cells: tuple[str, ...], question: Question) -> list[int]:
    """The cells that hold this question's answer, by its decorator or its name."""
    return list(cells_naming(cells, keys(question), question.answer))


@lru_cache(maxsize=100)
def cells_naming(cells: tuple[str, ...], keys: tuple[str, ...], name: str) -> tuple[int, ...]:
    """The same by names alone. Kept: it is asked for each pair of a submission's questions."""
    marks = "|".join(map(re.escape, keys))
    pattern = rf"\banswer\(\s*[\"'](?:{marks})[\"']|(?:def|class)\s+{name}\b"
    return tuple(n for n, cell in enumerate(cells) if re.search(pattern, cell))


def relevant_cells(cells: tuple[str, ...], spec: Spec, question: Question) -> list[str]:
    """The cells with other questions' answers blanked, unless what they make is used elsewhere.

    A cell that does more than to define stays: nobody can see by its words whom it may concern.
    A change in a blanked cell is no reason to grade this question again. "pass" keeps its number.
    """
    mine = set(answer_cells(cells, question))
    blank = {n for q in spec.questions if q != question for n in answer_cells(cells, q)} - mine
    blank -= {n for n in blank if has_effects(cells[n])}
    while True:
        words = set().union(*(words_of(c) for n, c in enumerate(cells) if n not in blank))
        needed = {n for n in blank if makes(cells[n]) & words}
        if not needed:
            break
        blank -= needed
    return ["pass" if n in blank or is_hint(cell) else cell for n, cell in enumerate(cells)]


WORD = re.compile(r"[^\W\d]\w*")
DEFINED = re.compile(r"^[ \t]*(?:async[ \t]+)?(?:def|class)[ \t]+(\w+)", re.MULTILINE)
FIRST = re.compile(r"^([^\W\d]\w*)(.*)", re.MULTILINE)
PLAIN = re.compile(  # a line at the edge of a cell that only makes a name, or shows something
    r"[#)\]}]|@(?:tl|tinylearn|answer)\b|(?:def|class|async|from|import|assert|print|tl)\b"
    r"|[^\W\d]\w*\s*=(?!=)(?:[^(]*$|.*\banswer\()"
)
HINT = re.compile(r"tl\.(?:hint|course\.card)\([^()]*\)[;\s]*")


@lru_cache(maxsize=500)
def words_of(cell: str) -> frozenset[str]:
    """The words in a cell. Kept, as `makes` is: each question of a submission asks twice."""
    return frozenset(WORD.findall(cell))


@lru_cache(maxsize=500)
def makes(cell: str) -> frozenset[str]:
    """The names that a cell may make or change, by the look of its lines."""
    found = set(DEFINED.findall(cell))
    for first, rest in FIRST.findall(cell):
        imports = first in ("from", "import")
        found |= set(WORD.findall(rest)) - {"import", "as"} if imports else {first}
    return frozenset(name for name in found if not keyword.iskeyword(name))


def has_effects(cell: str) -> bool:
    """Whether a cell does more than to define names, by the look of its lines."""
    edge = [line for line in cell.splitlines() if line.strip() and not line[0].isspace()]
    return not all(map(PLAIN.match, edge))


def is_hint(cell: str) -> bool:
    """Whether a cell asks for hints or the card, and does nothing else."""
    lines = [line for line in cell.splitlines() if line.strip()]
    return bool(lines) and all(map(HINT.fullmatch, lines))


def digest(cells: list[str], of_spec: str, grader: str) -> str:
    """What a grade depends on: the answer's cells, the question, and the grader's version."""
    parts = json.dumps([of_spec, grader, *cells])
    return hashlib.sha256(parts.encode()).hexdigest()


def spec_for(place: Path, root: Path) -> Path:
    """The spec of the chapter that the submissions at `place` are named after.

    Raises ValueError where no chapter's name is in their paths, or several chapters' are.
    """
    with Reader() as reader:
        named_files = names_below(place, reader)
    specs = sorted(root.glob("solutions/*.spec.json"))
    chapter = {path: path.name.removesuffix(".spec.json") for path in specs}
    named = [path for path in specs if any(chapter[path] in name for name in named_files)]
    if len(named) != 1:
        found = "several chapters are" if named else "no chapter is"
        known = ", ".join(chapter.values()) or "none below this folder"
        raise ValueError(
            f"{found} named in {place}; the chapters: {known}."
            " Try --spec solutions/NN_topic.spec.json"
        )
    return named[0]


def names_below(place: Path, reader: Reader) -> set[str]:
    """The names of everything handed in, those inside archives included."""
    found = {place.name}
    for student in discover(place, "", reader).students:
        for file in student.files:
            found |= {Path(file.path).name, Path(file.path).parent.name, *file.inside}
            if names.kind_of(file.name) == "archive" and not (file.inside or file.trouble):
                with contextlib.suppress(Unreadable):
                    held = in_archive(file.path, MAX_FILES, reader)
                    found |= {part for parts, _ in held for part in parts}
    return found
