"""Finds what a class handed in: every file, and whose it is, before anything is read.

    discover(place, chapter, reader) -> Class(handed={student: [File, ...]}, complaints=[...])

Folders, zips, single notebooks, in any mixture, from any system. No link is followed, nothing is
unpacked to disk; names inside an archive come from the confined reader. Every file leads to a
student's row or to a complaint.
"""

from __future__ import annotations

import contextlib
import os
import re
import stat
from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from .. import names
from ..inside.read import Unreadable
from .reading import Reader

MAX_DEPTH = 12  # folders inside one another
MAX_FILES = 2_000  # in one folder at the top of a class, or in one student's zip
MAX_CLASS = 50_000  # in the zip of a whole class


@dataclass(frozen=True)
class File:
    """One file: where it lies on disk, its names inside archives, and what is wrong with it."""

    path: str
    inside: tuple[str, ...] = ()
    modified: float = 0.0
    order: str = ""  # of two files the one that sorts later was handed in later
    trouble: str = ""

    @property
    def shown(self) -> str:
        return names.printable(":".join([self.path, *self.inside]))

    @property
    def name(self) -> str:
        """The file's own name."""
        return (*names.parts_of((self.inside or (self.path,))[-1]), "?")[-2:][0]


Entry = tuple[tuple[str, ...], File]  # the folders and the name below the class, and the file


@dataclass
class Student:
    """What one student handed in."""

    name: str
    files: list[File] = field(default_factory=list)
    number: str = ""
    system: str = ""


@dataclass
class Class:
    """All that was found: each student's files, and what belongs to nobody."""

    students: list[Student] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)


def discover(place: Path, chapter: str, reader: Reader) -> Class:
    """Every student below `place`, in order of their names. Raises OSError if it is not there."""
    found = Class()
    entries = unwrapped(found, place, chapter, reader)
    units: dict[tuple[str, bool], list[Entry]] = defaultdict(list)
    for parts, file in entries:
        units[parts[0], len(parts) > 1 or file.trouble == EMPTY].append((parts, file))
    owners: dict[tuple[str, str], list[tuple[names.Owner, list[File]]]] = defaultdict(list)
    for (top, is_folder), held in units.items():
        if not is_folder and names.kind_of(top) not in ("notebook", "archive"):
            trouble = held[0][1].trouble or "neither a notebook nor a zip, in no student's folder"
            found.complaints.append(f"{held[0][1].shown}: {trouble}")
            continue
        if not is_folder and names.names_nobody(top, chapter):
            found.complaints.append(f"{held[0][1].shown}: its name does not say whose it is")
        owner = names.owner_of(top, is_folder, chapter)
        files = [replace(file, order=owner.order) for _, file in held]
        owners[owner.name, owner.number].append((owner, files))
    gather(found, owners)
    return found


def gather(
    found: Class, owners: dict[tuple[str, str], list[tuple[names.Owner, list[File]]]]
) -> None:
    """One student for each name and number; the number is shown where two share a name."""
    numbers: dict[str, set[str]] = defaultdict(set)
    for name, number in owners:
        numbers[name].add(number)
    for (name, number), held in sorted(owners.items()):
        shown = name
        if len(numbers[name]) > 1 and number:
            shown = f"{name} ({number})"
            found.complaints.append(f"{name}: several students have this name; one is {shown!r}")
        student = Student(shown, [], number, held[0][0].system)
        for _, files in held:
            student.files += files
        found.students.append(student)


EMPTY = "the folder is empty"


# ---------------------------------------------------------------- the files of a folder


def on_disk(place: Path) -> list[Entry]:
    """Every file below a folder, a folder that holds none as a trouble, no link followed."""
    found: list[Entry] = []
    for name, info, path in listing(place):
        count = len(found)
        top: tuple[str, ...] = (names.cleaned(name),)
        waiting = [(top, path, info)]
        while waiting:
            parts, path, info = waiting.pop()
            if info is None or not stat.S_ISDIR(info.st_mode):
                found.append((parts, file_at(path, info)))
                continue
            if len(parts) > MAX_DEPTH or len(found) - count > MAX_FILES:
                deep = f"in folders nested more than {MAX_DEPTH} deep, which are not read"
                many = f"more than {MAX_FILES:,} files, of which the rest is not read"
                found.append((parts, File(path, trouble=deep if len(parts) > MAX_DEPTH else many)))
                continue
            try:
                below = listing(Path(path))
            except OSError as error:
                said = f"the folder cannot be opened: {error.strerror}"
                found.append(((*parts, "?"), File(path, trouble=said)))
                continue
            if not below:
                found.append((parts, File(path, trouble=EMPTY)))
            if len(below) > MAX_FILES:
                said = f"more than {MAX_FILES:,} files, of which the rest is not read"
                found.append(((*parts, "?"), File(path, trouble=said)))
                del below[MAX_FILES:]
            waiting += [((*parts, names.cleaned(n)), p, i) for n, i, p in reversed(below)]
    return found


def listing(folder: Path) -> list[tuple[str, os.stat_result | None, str]]:
    """The entries of a folder that a person put there, by name."""
    with os.scandir(folder) as entries:
        here = sorted((e for e in entries if not names.is_own_file(e.name)), key=lambda e: e.name)
    found: list[tuple[str, os.stat_result | None, str]] = []
    for entry in here[: MAX_CLASS + 1]:
        info = None
        with contextlib.suppress(OSError):
            info = entry.stat(follow_symlinks=False)
        found.append((entry.name, info, entry.path))
    return found


def file_at(path: str, info: os.stat_result | None) -> File:
    if info is None:
        return File(path, trouble="it cannot be looked at")
    if stat.S_ISLNK(info.st_mode):
        return File(path, trouble="it is a link to another file or folder, and is not followed")
    if not stat.S_ISREG(info.st_mode):
        return File(path, trouble="it is not an ordinary file")
    return File(path, modified=info.st_mtime)


# ---------------------------------------------------------------- the files of an archive


def in_archive(path: str, most: int, reader: Reader) -> list[Entry]:
    """Every file in a zip and in the zips inside it. Raises Unreadable."""
    answer = reader.names(Path(path), most)
    found: list[Entry] = []
    for inside, when in answer["files"]:
        parts = tuple(part for name in inside for part in names.parts_of(name))
        is_folder = inside[-1].endswith(("/", "\\"))
        if parts and not any(map(names.is_own_file, parts)) and not is_folder:
            found.append((parts, File(path, tuple(inside), seconds(when))))
    for inside, trouble in answer["troubles"]:
        parts = tuple(part for name in inside for part in names.parts_of(name))
        found.append((parts or ("?",), File(path, tuple(inside), trouble=trouble)))
    held = {parts[:n] for parts, _ in found for n in range(1, len(parts))}
    for inside, _ in answer["files"]:  # folders that hold nothing
        parts = tuple(part for name in inside for part in names.parts_of(name))
        is_empty = inside[-1].endswith(("/", "\\")) and parts and parts not in held
        if is_empty and not any(map(names.is_own_file, parts)):
            held.add(parts)
            found.append((parts, File(path, tuple(inside), trouble=EMPTY)))
    return found


def seconds(when: str) -> float:
    try:
        return datetime.fromisoformat(when).timestamp()
    except (ValueError, OverflowError, OSError):
        return 0.0


# ---------------------------------------------------------------- what lies around a class


def unwrapped(found: Class, place: Path, chapter: str, reader: Reader) -> list[Entry]:
    """The entries of a class, without the folders and zips that stand around all of them."""
    if place.is_dir():
        entries, around = on_disk(place), ""
    else:
        entries = [((names.cleaned(place.name),), file_at(os.path.realpath(place), place.stat()))]
        around = place.stem
    for _ in range(MAX_DEPTH):
        work = [e for e in entries if len(e[0]) > 1 or names.kind_of(e[0][0]) in KINDS]
        tops = {parts[0] for parts, _ in work}
        if len(tops) != 1:
            break
        top, (parts, file) = tops.pop(), work[0]
        if len(parts) == 1 and names.kind_of(top) == "archive" and not file.trouble:
            if names.owner_of(top, False, chapter).system:
                break  # one student's, by its name
            try:
                inner = in_archive(file.path, MAX_CLASS, reader)
            except Unreadable:
                break  # the student's own row will say why
            if not holds_students(inner, names.bare(top), chapter):
                break
            around, next_entries = names.bare(top), inner
        elif len(parts) > 1 and is_envelope(top, work, around, chapter):
            next_entries = [(parts[1:], file) for parts, file in work]
        else:
            break
        for parts, file in entries:
            if (parts, file) not in work:
                found.complaints.append(
                    f"{file.shown}: {file.trouble or 'neither a notebook nor a zip'}"
                )
        entries = next_entries
    return entries


KINDS = ("notebook", "archive")


def holds_students(entries: list[Entry], around: str, chapter: str) -> bool:
    """Whether a zip holds a class rather than one student's files."""
    tops = students_in(entries, chapter)
    if len(tops) > 1 or any(names.owner_of(top, True, "").system for top in tops):
        return True
    all_tops = {parts[0] for parts, _ in entries}
    top = all_tops.pop() if len(all_tops) == 1 else ""
    return bool(top) and is_envelope(top, entries, around, chapter)


def is_envelope(top: str, entries: list[Entry], around: str, chapter: str) -> bool:
    """Whether the one folder `top` stands around a class, rather than being a student's own."""
    if top.lower() in names.BUNDLE or names.owner_of(top, True, "").system:
        return False
    below = [(parts[1:], file) for parts, file in entries if len(parts) > 1]
    tops = students_in(below, chapter)
    known = names.ENVELOPE.fullmatch(top) or top.lower() in (around.lower(), chapter.lower())
    named = any(names.owner_of(t, True, "").system for t in tops)
    folders = {parts[0] for parts, _ in below if len(parts) > 1} & tops
    inner = {parts[0] for parts, _ in below}
    deeper = len(inner) == 1 and any(len(parts) > 1 for parts, _ in below)
    if deeper and is_envelope(next(iter(inner)), below, "", chapter):
        return True
    return named or len(folders) > 1 or bool(known and tops)


def students_in(entries: list[Entry], chapter: str) -> set[str]:
    """The names at the top that could be students': with a notebook of this chapter, or a zip."""
    tops = set()
    for parts, _ in entries:
        kind = names.kind_of(parts[-1])
        if kind not in KINDS or parts[0].lower() in names.BUNDLE:
            continue
        other = re.match(r"\d\d_[a-z]", names.bare(parts[-1])) and chapter
        if other and not names.bare(parts[-1]).lower().startswith(chapter.lower()):
            continue
        if len(parts) > 1 or not names.names_nobody(parts[0], chapter):
            tops.add(parts[0])
    return tops
