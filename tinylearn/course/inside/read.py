"""Reads what students handed in, in a process that can do nothing else.

    parent --(job, the file, a pipe)--> reader --fork--> child: confine, read, send, end

A file arrives as an open descriptor; the child has no other file, no network, little memory and
little time, so that a zip or a notebook made to hurt ends a child and nothing else.

    list   a zip   -> [[names, from the outermost archive in], when], ...   what it holds
    read   a file  -> the code cells, and which questions are attempted in them
"""

from __future__ import annotations

import ast
import codecs
import contextlib
import hashlib
import importlib
import io
import json
import os
import re
import signal
import socket
import sys
import zipfile
from collections.abc import Iterator
from typing import Any, NoReturn

if __package__:  # imported by the package's tests
    from . import confine, find, syscalls, values
else:  # a script, where -I leaves its own folder out
    sys.path.insert(0, os.path.dirname(__file__))
    import confine  # type: ignore[import-not-found, no-redef]
    import find  # type: ignore[import-not-found, no-redef]
    import syscalls  # type: ignore[import-not-found, no-redef]
    import values  # type: ignore[import-not-found, no-redef]

MAX_NOTEBOOK = 20_000_000  # bytes, outputs included
MAX_INNER = 200_000_000  # bytes of an archive inside an archive
MAX_CODE = 500_000  # characters of all code cells
MAX_TEXT = 20_000  # characters of one answer in words
MAX_CELLS = 5_000
MAX_NAME = 1_000  # characters
MAX_NESTED = 3  # archives inside each other
SECONDS, MEMORY = 10, 1 << 30  # of one file
HEADER = 8  # bytes before a job: its length


class Unreadable(Exception):
    """A file that cannot be read; the text tells the student why."""


# ---------------------------------------------------------------- the reader and its children


def serve(control: socket.socket, settings: dict[str, Any]) -> None:
    """Fork one child for each job until the parent closes the line."""
    for name in ("resource", "ctypes"):  # what a child that sees no file cannot import
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    for name in ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be", "cp437",
                 "cp1252", "utf-8-sig"):  # fmt: skip
        codecs.lookup(name)
    confine.prctl(confine.PARENT_DEATH_SIGNAL, signal.SIGKILL)
    while True:
        header, descriptors, _, _ = socket.recv_fds(control, HEADER, 2)
        if len(header) < HEADER or len(descriptors) != 2:
            return
        size, job = int.from_bytes(header, "big"), bytearray()
        while len(job) < size and (piece := control.recv(min(size - len(job), 1 << 16))):
            job += piece
        pipe, file = descriptors
        child = os.fork()
        if child == 0:
            control.close()
            one_file(json.loads(job), file, pipe, settings)
        os.close(pipe)
        os.close(file)
        _, status = os.waitpid(child, 0)
        control.sendall(values.pack({"exit": os.waitstatus_to_exitcode(status)}))


def one_file(job: dict[str, Any], file: int, pipe: int, settings: dict[str, Any]) -> NoReturn:
    """Confine this process, read the file, send what it holds. Never returns."""
    code = 1
    try:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        confine.prctl(confine.PARENT_DEATH_SIGNAL, signal.SIGKILL)
        confine.landlock([], [])
        confine.leave_root(settings["uid"])
        confine.drop_capabilities()
        confine.set_rlimits(SECONDS, MEMORY, 1, 0)
        syscalls.install()
        try:
            answer = ACTIONS[job["action"]](job, file)
        except Unreadable as error:
            answer = {"trouble": str(error)}
        except MemoryError:
            answer = {"trouble": f"it takes more than {MEMORY >> 20} MB of memory to read"}
        data = json.dumps(answer).encode("ascii")
        while data:
            data = data[os.write(pipe, data) :]
        code = 0
    finally:
        os._exit(code)


# ---------------------------------------------------------------- archives


def listed(job: dict[str, Any], file: int) -> dict[str, Any]:
    """The files in a zip and in the zips inside it."""
    found: list[Any] = []
    troubles: list[Any] = []
    left = int(job["most"])
    for names, when, trouble in entries(open_zip(os.fdopen(file, "rb")), ()):
        left -= 1
        if left < 0:
            raise Unreadable(f"the zip holds more than {job['most']:,} files")
        (troubles.append([names, trouble]) if trouble else found.append([names, when]))
    return {"files": found, "troubles": troubles}


def entries(
    archive: zipfile.ZipFile, above: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], str, str]]:
    """Each file as (its names from the outermost archive in, its date, what is wrong with it)."""
    for entry in archive.infolist():
        name = entry_name(entry)
        names = (*above, name[:MAX_NAME])
        when = "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}".format(*entry.date_time)
        if name.endswith(("/", "\\")):
            yield names, when, ""
        elif len(name) > MAX_NAME:
            yield names, when, f"its name has {len(name):,} characters"
        elif entry.flag_bits & 1:
            yield names, when, "it is locked with a password"
        elif (entry.external_attr >> 16) & 0o170000 == 0o120000:
            yield names, when, "it is a link to another file"
        elif name.lower().endswith(".zip") and not name.rpartition("/")[2].startswith("._"):
            if len(names) >= MAX_NESTED:
                yield names, when, f"it lies in more than {MAX_NESTED} archives"
                continue
            try:
                inner = open_zip(io.BytesIO(unpacked(archive, entry, MAX_INNER)))
                yield from entries(inner, names)
            except Unreadable as error:
                yield names, when, str(error)
        else:
            yield names, when, ""


def open_zip(file: Any) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(file)
    except MemoryError:
        raise
    except Exception as error:  # zipfile raises many kinds for a damaged archive
        raise Unreadable(f"not a readable zip ({type(error).__name__})") from None


def entry_name(entry: zipfile.ZipInfo) -> str:
    """The name as it was meant: many systems write UTF-8 and do not say so."""
    name = entry.filename
    if not entry.flag_bits & 0x800:
        with contextlib.suppress(UnicodeError):
            name = name.encode("cp437").decode("utf-8")
    return name.encode("utf-8", "backslashreplace").decode("utf-8")


def unpacked(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, most: int) -> bytes:
    """The bytes of one file, read up to the limit, whatever size the zip claims."""
    if entry.flag_bits & 1:
        raise Unreadable("it is locked with a password")
    try:
        with archive.open(entry) as file:
            data = file.read(most + 1)
    except MemoryError:
        raise
    except Exception as error:  # each packing method has errors of its own
        raise Unreadable(f"it cannot be unpacked ({type(error).__name__})") from None
    if len(data) > most:
        raise Unreadable(f"it unpacks to more than {most // 10**6} MB")
    return data


def member(file: Any, names: list[str]) -> bytes:
    """The bytes of a file inside an archive, or of one inside an archive in it."""
    archive = open_zip(file)
    entry = next((e for e in archive.infolist() if entry_name(e)[:MAX_NAME] == names[0]), None)
    if entry is None:
        raise Unreadable("it is no longer in the zip")
    data = unpacked(archive, entry, MAX_INNER if names[1:] else MAX_NOTEBOOK)
    return member(io.BytesIO(data), names[1:]) if names[1:] else data


# ---------------------------------------------------------------- notebooks


def read(job: dict[str, Any], file: int) -> dict[str, Any]:
    """The code cells of a notebook, and a digest of each question's answer that is attempted."""
    with os.fdopen(file, "rb") as source:
        data = member(source, job["inside"]) if job["inside"] else source.read(MAX_NOTEBOOK + 1)
    if len(data) > MAX_NOTEBOOK:
        raise Unreadable(f"it is larger than {MAX_NOTEBOOK // 10**6} MB")
    notebook = notebook_of(data)
    cells = code_cells(notebook)
    metadata = notebook.get("metadata")
    ours = metadata.get("tinylearn") if isinstance(metadata, dict) else None
    chapter = ours.get("assignment") if isinstance(ours, dict) else ""
    attempted = {q["id"]: text for q in job["questions"] if (text := attempt(cells, q))}
    texts = {id: own_text(notebook, id, given) for id, given in job["essays"].items()}
    attempted |= {id: hashlib.sha256(t.encode()).hexdigest()[:16] for id, t in texts.items() if t}
    named = {"chapter": str(chapter)[:100], "attempted": attempted}
    return {"cells": cells, "texts": texts, **named}


def notebook_of(data: bytes) -> dict[str, Any]:
    """The notebook as a dictionary, its outputs left out while it is read. Raises Unreadable."""
    if not data.strip():
        raise Unreadable("the file is empty")
    try:
        found = json.loads(
            text_of(data), object_hook=without_output, parse_int=short_int,
            parse_float=lambda text: 0.0, parse_constant=lambda text: 0.0,
        )  # fmt: skip
    except RecursionError:
        raise Unreadable("the notebook cannot be read: JSON nested too deep") from None
    except ValueError as error:
        where = f" (line {error.lineno})" if isinstance(error, json.JSONDecodeError) else ""
        raise Unreadable(f"the notebook cannot be read: not JSON{where}") from None
    if not isinstance(found, dict):
        raise Unreadable("the file is not a notebook")
    return found


def text_of(data: bytes) -> str:
    """The text of a file in UTF-8, -16 or -32, with or without a mark, or as Windows writes it."""
    try:
        return data.decode(json.detect_encoding(data)).removeprefix("\ufeff")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def without_output(found: dict[str, Any]) -> dict[str, Any] | None:
    return None if "output_type" in found else found


def short_int(text: str) -> int:
    return int(text) if len(text) < 10 else 0


def code_cells(notebook: dict[str, Any]) -> list[str]:
    """The sources of the code cells. Raises Unreadable."""
    sources = [text for cell in all_cells(notebook) if (text := source_text(cell)) is not None]
    if len(sources) > MAX_CELLS:
        raise Unreadable(f"the notebook holds more than {MAX_CELLS:,} code cells")
    if sum(map(len, sources)) > MAX_CODE:
        raise Unreadable(f"the notebook holds more than {MAX_CODE:,} characters of code")
    return sources


def all_cells(notebook: dict[str, Any]) -> list[Any]:
    """The cells, in every format that notebooks have had. Raises Unreadable."""
    cells = notebook.get("cells")
    if cells is None and isinstance(sheets := notebook.get("worksheets"), list):  # formats 2 and 3
        cells = [c for sheet in sheets if isinstance(sheet, dict) for c in sheet.get("cells") or ()]
    if not isinstance(cells, list):
        raise Unreadable("the file is not a notebook: it has no cells")
    return cells


def own_text(notebook: dict[str, Any], id: str, given: str) -> str:
    """What a student wrote in the cells for an answer in words, or "". What is too long is cut."""
    written = [
        text
        for cell in all_cells(notebook)
        if is_for(cell, id) and (text := source_text(cell, "markdown") or "").strip()
    ]
    text = "\n\n".join(text.replace(given, "").strip() for text in written).strip()
    cut = f"\n[cut here: it has {len(text):,} characters]" if len(text) > MAX_TEXT else ""
    return text[:MAX_TEXT] + cut


def is_for(cell: Any, id: str) -> bool:
    """Whether a cell answers this question: its id says so, or what the build wrote beside it."""
    if not isinstance(cell, dict):
        return False
    beside = cell.get("metadata")
    ours = beside.get("tinylearn") if isinstance(beside, dict) else None
    return cell.get("id") == f"{id.lower()}-essay" or ours == {"question": id, "role": "essay"}


def source_text(cell: Any, kind: str = "code") -> str | None:
    """The text of a cell; None for one of another kind. Half of a surrogate pair becomes "?"."""
    if not isinstance(cell, dict) or cell.get("cell_type") != kind:
        return None
    source = cell.get("source", cell.get("input", ""))
    if isinstance(source, list):
        source = "".join(line for line in source if isinstance(line, str))
    return str(source).encode("utf-8", "replace").decode("utf-8") if source else ""


def attempt(cells: list[str], question: dict[str, Any]) -> str:
    """A digest of the cells that answer a question, or "" if there is only what was given."""
    keys = "|".join(re.escape(key) for key in question["keys"])
    mark = re.compile(
        rf"\banswer\(\s*[\"'](?:{keys})[\"']|(?:def|class)\s+{re.escape(question['answer'])}\b"
    )
    given = plain(question["stub"])
    own = [cell for cell in cells if mark.search(cell)]
    own = [cell for cell in own if plain(cell) != given and not is_stub(cell)]
    return hashlib.sha256("\0".join(map(plain, own)).encode()).hexdigest()[:16] if own else ""


def plain(cell: str) -> str:
    """A cell without what a save may change: blank lines, spaces at the end, line ends."""
    return "\n".join(line.rstrip() for line in cell.splitlines() if line.strip())


def is_stub(cell: str) -> bool:
    """Whether every definition in the cell still raises NotImplementedError, whatever its words."""
    if "NotImplementedError" not in cell:
        return False
    try:
        tree = ast.parse(cell)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    kinds = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
    made = [statement for statement in tree.body if isinstance(statement, kinds)]
    return bool(made) and all(find.is_stub(statement) for statement in made)


ACTIONS = {"list": listed, "read": read}

if __name__ == "__main__":
    serve(socket.socket(fileno=0), json.loads(sys.argv[1]))
