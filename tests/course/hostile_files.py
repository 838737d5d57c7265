"""Files that attack the grader before any answer runs.

FILES      name -> function(folder, neighbour): puts a hostile file in place of a notebook
"""

import io
import json
import os
import zipfile

from tests.course.hostile import cheat_cell
from tests.course.small import HALVE, TOTAL


def zip_of(entries):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content, mode in entries:
            entry = zipfile.ZipInfo(name)
            entry.external_attr = mode << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)
    return data.getvalue()


def as_notebook(cells):
    made = [{"cell_type": "code", "source": c, "metadata": {}, "outputs": []} for c in cells]
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": made}).encode()


def link(folder, neighbour):
    os.symlink(neighbour, folder / "work.ipynb")


def pipe(folder, neighbour):
    os.mkfifo(folder / "work.ipynb")


def linked_folder(folder, neighbour):
    os.symlink("/", folder / "root")


def writes(name, data):
    def put(folder, neighbour):
        (folder / name).write_bytes(data() if callable(data) else data)

    return put


FILES = {
    "deep JSON": writes("work.ipynb", b"[" * 10**6),
    "deep cells": writes("work.ipynb", b'{"cells":' * 10**5),
    "not JSON": writes("work.ipynb", b"PK\x03\x04 nothing"),
    "empty file": writes("work.ipynb", b""),
    "too large": writes("work.ipynb", lambda: b" " * 21_000_000),
    "cells of odd kinds": writes("work.ipynb", b'{"cells": [1, null, {"cell_type": "code"}, []]}'),
    "no cells": writes("work.ipynb", b'{"nbformat": 4}'),
    "a number": writes("work.ipynb", b"1e999"),
    "format 3": writes("work.ipynb", b'{"worksheets": [], "nbformat": 3}'),
    "half a surrogate": writes(
        "work.ipynb", as_notebook(["x = '\\ud800'"]).replace(b"\\\\u", b"\\u")
    ),
    "a megabyte of code": writes("work.ipynb", lambda: as_notebook(["x = 1\n" * 200_000])),
    "brackets without end": writes(
        "work.ipynb", as_notebook([cheat_cell("return " + "(" * 40_000)])
    ),
    "minus without end": writes(
        "work.ipynb", as_notebook([cheat_cell("return " + "-" * 90_000 + "1")])
    ),
    "dots without end": writes("work.ipynb", as_notebook([cheat_cell("return a" + ".T" * 90_000)])),
    "zip bomb": writes("work.zip", lambda: zip_of([("work.ipynb", b"0" * 300_000_000, 0o644)])),
    "zip of many files": writes(
        "work.zip", lambda: zip_of([(f"{n}.ipynb", b"{}", 0o644) for n in range(3000)])
    ),
    "zip that climbs": writes(
        "work.zip", lambda: zip_of([("../../../escaped.ipynb", b"{}", 0o644)])
    ),
    "zip with a link": writes(
        "work.zip", lambda: zip_of([("work.ipynb", b"/etc/passwd", 0o120777)])
    ),
    "a damaged zip": writes("work.zip", b"PK\x03\x04" + b"\x00" * 100),
    "a link to a neighbour": link,
    "a pipe": pipe,
    "a folder with a link to the root": linked_folder,
    "look-alike decorator": writes(
        "work.ipynb",
        as_notebook([HALVE.replace("halve", "hаlve"), TOTAL.replace("total", "tоtal")]),
    ),
}
