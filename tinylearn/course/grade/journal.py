"""The journal: one JSON file for each student and question, complete or not there at all.

    journal/<assignment>/<student>/<question>.json     a result, written, flushed, renamed

A grader killed at any moment leaves whole records and perhaps one nameless temporary file. A
record tells by its digest what it was made from, so a rerun grades only what changed; its seal
tells whether anybody changed it by hand. What a person decides stands in adjust.json instead.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

try:
    import fcntl
except ImportError:  # Windows, where nothing is graded
    fcntl = None  # type: ignore[assignment]

STATUSES = (
    "passed", "partial", "wrong", "error", "timeout", "memory", "crashed", "not attempted",
    "unreadable", "to be read", "unanswered",
)  # fmt: skip


@dataclass(frozen=True)
class CheckResult:
    """How one check went. `message` is for the student: visible checks say all, others how."""

    name: str
    points: float
    most: float
    passed: bool
    is_visible: bool
    message: str = ""


@dataclass(frozen=True)
class Result:
    """The grade of one question of one student."""

    assignment: str
    student: str
    question: str
    status: str
    points: float
    most: float
    message: str = ""
    says: str = ""  # the sentence for a known mistake
    checks: tuple[CheckResult, ...] = ()
    code: str = ""
    notes: tuple[str, ...] = ()
    prints: str = ""
    level: str = ""
    digest: str = ""
    seconds: float = 0.0
    extra: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        assert self.status in STATUSES, f"no such status: {self.status}"


class Journal:
    """Records below one folder. Safe for many writers: each record has one name of its own."""

    def __init__(self, folder: Path, assignment: str):
        self.folder = Path(folder) / "journal" / file_name(assignment)
        self.assignment = assignment

    def path(self, student: str, question: str) -> Path:
        return self.folder / file_name(student) / f"{file_name(question)}.json"

    def write(self, result: Result) -> None:
        """Replace a record as a whole: it is the old one or the new one at every moment."""
        write_atomically(self.path(result.student, result.question), to_json(result))

    def read(self, student: str, question: str) -> Result | None:
        """A record, or None if there is none that can be read and is this question's."""
        try:
            found = from_json(self.path(student, question).read_bytes())
        except UNUSABLE:
            return None
        return found if (found.student, found.question) == (student, question) else None

    def all(self) -> list[Result]:
        """Every record, by student and question."""
        return [result for results in self.by_student([]) for result in results]

    def by_student(self, problems: list[str]) -> Iterator[list[Result]]:
        """The records of one student after another; what is no record goes to `problems`."""
        for folder in sorted(self.folder.glob("*/")):
            found = []
            for path in sorted(folder.glob("*.json")):
                shown = f"{folder.name}/{path.name}"
                try:
                    result = from_json(path.read_bytes())
                except Edited as error:
                    problems.append(f"{shown}: {error}")
                except UNUSABLE:
                    problems.append(f"{shown}: not a whole record of this version: grade again")
                else:
                    if path == self.path(result.student, result.question):
                        found.append(result)
                    else:
                        problems.append(f"{shown}: this record belongs to {result.student!r}")
            if found:
                yield sorted(found, key=lambda result: result.question)

    def tidy(self) -> None:
        """Remove what a killed grader left half-written, unless another one is at work here."""
        with locked(self.folder, wait=False) as alone:
            for path in self.folder.glob("*/.new-*") if alone else ():
                path.unlink(missing_ok=True)

    @contextlib.contextmanager
    def student_locked(self, student: str) -> Iterator[None]:
        """For a block no other grader on this machine grades the same student."""
        with locked(self.path(student, "x").parent):
            yield


@contextlib.contextmanager
def locked(folder: Path, shared: bool = False, wait: bool = True) -> Iterator[bool]:
    """For a block the folder is this process's; without `wait` the block may get False instead."""
    folder.mkdir(parents=True, exist_ok=True)
    if fcntl is None:
        yield True
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        how = (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | (0 if wait else fcntl.LOCK_NB)
        try:
            fcntl.flock(descriptor, how)
            held = True
        except BlockingIOError:
            held = False
        except OSError:  # a file system without locks
            held = True
        yield held
    finally:
        os.close(descriptor)


class Edited(ValueError):
    """A record that is not as a grader wrote it."""


UNUSABLE = (OSError, ValueError, TypeError, KeyError, AttributeError, AssertionError)


def json_bytes(data: Any) -> bytes:
    return (json.dumps(data, indent=1, ensure_ascii=True, sort_keys=True) + "\n").encode("ascii")


def seal(data: dict[str, Any]) -> str:
    """What only the same record has; "seal" itself is left out."""
    kept = {key: value for key, value in data.items() if key != "seal"}
    return hashlib.sha256(json_bytes(kept)).hexdigest()[:32]


def to_json(result: Result) -> bytes:
    data = asdict(result)
    return json_bytes(data | {"seal": seal(data)})


def from_json(text: bytes) -> Result:
    """A record as it was written. Raises Edited, and others where it is no record at all."""
    data = json.loads(text)
    if "seal" in data and data["seal"] != seal(data):
        raise Edited(
            "this record was changed by hand, and does not count; write what you decide into"
            " adjust.json, and grade again to have the record back"
        )
    del data["seal"]
    checks = tuple(CheckResult(**check) for check in data.pop("checks"))
    return Result(**data | {"checks": checks, "notes": tuple(data["notes"])})


def write_atomically(path: Path, data: bytes, durable: bool = True) -> None:
    """Write beside, flush to disk, rename, flush the folder. A report need not be `durable`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(prefix=".new-", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            if durable:
                os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    if durable and os.name == "posix":
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


RESERVED = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\..*)?")  # devices on Windows
DIGEST = re.compile(r".*-[0-9a-f]{10}")


def file_name(text: str) -> str:
    """A safe file name for any text: letters kept, and a digest where something was lost.

    No two texts share one, on a disk that takes capital letters for small ones neither.

    >>> file_name("alice"), file_name("../etc")[:4], file_name("nul")[:4]
    ('alice', 'etc-', 'nul-')
    """
    kept = re.sub(r"[^a-z0-9_.-]+", "-", text.lower()).strip("-.")[:60] or "x"
    if kept == text and not RESERVED.fullmatch(kept) and not DIGEST.fullmatch(kept):
        return kept
    kept = kept.replace(".", "-") if RESERVED.fullmatch(kept) else kept
    return f"{kept}-{hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()[:10]}"
