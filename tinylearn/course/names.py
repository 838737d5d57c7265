"""Whose a file is: the names that systems and browsers give to what students hand in.

    owner_of("alicedoe_LATE_123_456_01_one_number-1.ipynb", ...) -> Owner("alicedoe", "123", ...)
    kind_of("01_one_number.ipynb (1).txt")                       -> "notebook"

Canvas, Moodle, Blackboard and Brightspace write the student into the name; browsers, Jupyter and
file managers decorate copies; macOS and Windows leave files of their own.
"""

from __future__ import annotations

import os
import re
import unicodedata
from dataclasses import dataclass

OWN_FILES = re.compile(
    r"\._.*|\.DS_Store|__MACOSX|Thumbs\.db|desktop\.ini|\.ipynb_checkpoints|\.git|\.svn|\.hg|"
    r"__pycache__|\.vscode|\.idea|\.venv|node_modules|\.Trash.*|\.Spotlight.*|~\$.*|\.~lock\..*|"
    r"\.virtual_documents|\.pytest_cache|\.gitignore|\.Rhistory|\.nbgrader\.log",
    re.IGNORECASE | re.DOTALL,
)  # what programs leave beside people's work
BUNDLE = {"notebooks", "exercises", "checks", "my_tinylearn", "solutions", "data", "tinylearn"}
ENVELOPE = re.compile(
    r"submissions?|submitted|students?|class|course|handed[ _-]?in|hand[ _-]?ins?|abgaben?|"
    r"assignments?|homeworks?|hw[ _-]?\d*|downloads?|all|chapter.*|exercises?[ _-]?\d+",
    re.IGNORECASE,
)  # folders that hold a class rather than one student

CANVAS = re.compile(
    r"(?P<name>[^\W_][^_]*)_(?P<late>LATE_)?(?P<number>\d+)_(?P<order>\d+)_(?P<file>.+)", re.DOTALL
)
MOODLE = re.compile(
    r"(?P<name>.+?)_(?P<number>\d+)_assignsubmission_(?:file|onlinetext)(?:_(?P<file>.*))?",
    re.DOTALL,
)
BLACKBOARD = re.compile(
    r"(?:.+_)?(?P<name>[^_]+)_attempt_(?P<order>\d{4}(?:-\d\d){5})(?:_(?P<file>.+)|\.txt)?",
    re.DOTALL,
)
BRIGHTSPACE = re.compile(
    r"(?P<number>\d+)-\d+ ?- ?(?P<name>.+?) ?- ?(?P<order>[A-Z][a-z]+ \d+, \d{4} \d+ ?[AP]M)"
    r"(?: ?- ?(?P<file>.+))?",
    re.DOTALL,
)
COPIES = (
    re.compile(r"^(?:copy(?: \d+)? of|kopie von|copie de|copia de|copia di)\s+", re.IGNORECASE),
    re.compile(r"\s*\(\d+\)$"),
    re.compile(r"(?:[-_ ]+(?:copy|kopie|copie|copia)[ _-]?\d*)+$", re.IGNORECASE),
)
NOTEBOOK = re.compile(r"\.ipynb(?:\s*\(\d+\)|[-_ ]*copy\d*|\.(?:txt|json|\d+))*\s*$", re.IGNORECASE)
ARCHIVE = re.compile(r"\.zip(?:\s*\(\d+\))?\s*$", re.IGNORECASE)
WORK = re.compile(
    r"\.(?:pdf|html?|docx?|odt|rtf|tex|md|txt|py|rar|7z|t?gz|tar|bz2|xz|png|jpe?g|heic|json)$",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Owner:
    """A student as a system names them.

    number   the system's own number of the student, "" where there is none
    order    of two files with the same owner the one that sorts later was handed in later
    """

    name: str
    number: str = ""
    late: bool = False
    order: str = ""
    system: str = ""


def cleaned(name: str) -> str:
    """A name as text: bytes that are not UTF-8 spelled out, one form for each accent.

    >>> cleaned("e\\u0301") == "\\u00e9"
    True
    """
    text = os.fsencode(name) if any("\ud800" <= c <= "\udfff" for c in name) else name.encode()
    return unicodedata.normalize("NFC", text.decode("utf-8", "backslashreplace"))


def parts_of(path: str) -> tuple[str, ...]:
    """The folders and the file that a path inside an archive names, whatever wrote it.

    >>> parts_of("..\\\\class\\\\ann\\\\work.ipynb")
    ('class', 'ann', 'work.ipynb')
    """
    pieces = cleaned(path).replace("\\", "/").split("/")
    return tuple(p for p in pieces if p.strip() not in ("", ".", "..") and not p.endswith(":"))


def is_own_file(part: str) -> bool:
    """Whether a program left it there, rather than a person."""
    return OWN_FILES.fullmatch(part) is not None


def kind_of(name: str) -> str:
    """ "notebook", "archive", "work" for what a person may have handed in instead, else "".

    >>> [kind_of(name) for name in ("a.IPYNB", "a.ipynb.txt", "a.zip", "essay.pdf", "a.npz")]
    ['notebook', 'notebook', 'archive', 'work', '']
    """
    for kind, pattern in (("notebook", NOTEBOOK), ("archive", ARCHIVE), ("work", WORK)):
        if pattern.search(name[-200:]):
            return kind
    return ""


def owner_of(name: str, is_folder: bool, chapter: str) -> Owner:
    """The student whom the name of a folder or a file at the top of a class names.

    Of a file only what is left without the chapter's name, its ending and the marks of a copy.
    Where nothing is left, the file's whole name stands for the student.
    """
    for pattern, system in (
        (MOODLE, "moodle"), (BLACKBOARD, "blackboard"), (BRIGHTSPACE, "brightspace"),
        (CANVAS, "canvas"),
    ):  # fmt: skip
        if found := pattern.fullmatch(name[:400]):
            had = found.groupdict()
            order = had.get("order") or ""
            if system == "canvas":
                again = re.search(r"-(\d+)(?=\.\w+$)", had["file"])
                order = f"{int(again[1]) if again else 0:06}{order:0>20}"
            return Owner(
                had["name"].strip(), had.get("number") or "", bool(had.get("late")), order, system
            )
    if is_folder:
        return Owner(ARCHIVE.sub("", NOTEBOOK.sub("", name)).strip() or name)
    stem = bare(name)
    own = re.sub(re.escape(chapter), " ", stem, flags=re.IGNORECASE) if chapter else stem
    own = re.sub(r"\s+", " ", own).strip(" _-.")
    return Owner(own or NOTEBOOK.sub("", ARCHIVE.sub("", name)) or name)


def bare(name: str) -> str:
    """The name of a file without its ending and without what a copy adds.

    >>> bare("Copy of 01_one_number-Copy1 (2).ipynb")
    '01_one_number'
    """
    stem = ARCHIVE.sub("", NOTEBOOK.sub("", name[:400])).strip()
    while True:
        before = stem
        for pattern in COPIES:
            stem = pattern.sub("", stem).strip()
        if stem == before:
            return stem or name


def names_nobody(name: str, chapter: str) -> bool:
    """Whether a file at the top of a class has only the chapter's name: nobody knows whose it is.

    >>> names_nobody("01_one_number (1).ipynb", "01_one_number")
    True
    """
    return bool(chapter) and bare(name).strip(" _-.").lower() == chapter.lower()


def printable(text: str) -> str:
    """A text that may be shown on a terminal: what would steer it is spelled out.

    >>> printable("ann\\x1b[2J")
    'ann\\\\x1b[2J'
    """
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
