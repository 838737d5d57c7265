"""What could hurt a class: every file has a row or a complaint, and the grader stays small."""

import io
import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
import zipfile

import pytest

from tests.course.classroom import notebook
from tests.course.graded_by_command import table
from tests.course.hostile_files import zip_of
from tests.course.small import HALVE, TOTAL, good_notebook, small_data
from tests.repository import ROOT
from tinylearn.course.grade.journal import Journal
from tinylearn.course.grade.scratch import removed

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="sandboxes are Linux")
GOOD = good_notebook()
MEGABYTES = 150  # of the grader's own process, whatever is handed in
SCRIPT = """
import sys
from tinylearn.course.command import main
status = main(sys.argv[1:])
peak = open("/proc/self/status").read().split("VmHWM:")[1].split()[0]
sys.stderr.write(f"\\npeak {int(peak) >> 10}\\n")
sys.exit(status)
"""


def nested(data, times, name="90_small.ipynb"):
    for n in range(times):
        data = zip_of([(name if n == 0 else f"z{n}.zip", data, 0o644)])
    return data


def bomb(name):
    return zip_of([(name, b"0" * 250_000_000, 0o644)])


def outputs(size):
    made = json.loads(GOOD)
    text = {"output_type": "stream", "name": "stdout", "text": ["x" * 1000 + "\n"] * (size // 1001)}
    made["cells"][-1]["outputs"] = [text]
    return json.dumps(made).encode()


def deep_folders(folder):
    here = os.getcwd()
    try:
        os.chdir(folder)
        for _ in range(1500):
            os.mkdir("d")
            os.chdir("d")
        with open("90_small.ipynb", "wb") as file:
            file.write(GOOD)
    finally:
        os.chdir(here)


def special(folder):
    os.mkfifo(folder / "90_small.ipynb")
    os.symlink("/", folder / "root")
    os.symlink("90_small.ipynb", folder / "again.ipynb")
    made = socket.socket(socket.AF_UNIX)
    made.bind(str(folder / "s")[-100:]) if len(str(folder / "s")) < 100 else None
    made.close()


def devices(folder):
    os.symlink("/dev/zero", folder / "90_small.ipynb")
    if os.getuid() == 0:
        os.mknod(folder / "device.ipynb", 0o020666, os.makedev(1, 5))


def file(name, data):
    return lambda folder: (folder / name).write_bytes(data() if callable(data) else data)


def lying_zip(folder):
    data = bytearray(zip_of([("90_small.ipynb", b"0" * 50_000_000, 0o644)]))
    place = data.rindex(b"PK\x01\x02")
    data[place + 24 : place + 28] = (100).to_bytes(4, "little")  # it says: 100 bytes
    (folder / "work.zip").write_bytes(data)


def overlapping(folder):
    """One packed file under 40,000 names."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.ipynb", b"0" * 20_000_000)
        archive.filelist = archive.filelist * 40_000
    (folder / "work.zip").write_bytes(data.getvalue())


HARMS = {  # name -> put(folder); the student's answers to both questions are lost or found
    "zips in zips": file("work.zip", lambda: nested(b"x", 12)),
    "a bomb in a zip": file("work.zip", lambda: bomb("90_small.ipynb")),
    "a bomb of zips": file("work.zip", lambda: zip_of([("in.zip", bomb("more.zip"), 0o644)])),
    "a zip that lies about sizes": lying_zip,
    "one file under many names": overlapping,
    "quadratic texts": file("90_small.ipynb", notebook(
        HALVE + "#" + "(" * 90_000, "x = " + "[" * 90_000, "'''" * 99_999, "%" * 90_000)),
    "a hash of collisions": file("90_small.ipynb", lambda: json.dumps(
        {"cells": [], **{str(n * (2**61 - 1)): n for n in range(200_000)}}).encode()),
    "pipes, links, sockets": special,
    "devices": devices,
    "folders without end": deep_folders,
    "another chapter's file": file("01_one_number.ipynb", GOOD.replace(
        b'"metadata": {}, "cells"', b'"metadata": {"tinylearn": {"assignment": "01_one_number"}},'
        b' "cells"').replace(b"halve", b"slope").replace(b"total", b"order")),
    "a PDF": file("90_small.pdf", b"%PDF-1.7"),
    "broken JSON": file("90_small.ipynb", GOOD[: len(GOOD) // 2]),
    "JSON with numbers without end": file("90_small.ipynb", b'{"cells": [' + b"9" * 19_000_000),
}  # fmt: skip
FINE = {
    "18 MB of outputs": file("90_small.ipynb", lambda: outputs(18_000_000)),
    "a name that is no text": file(os.fsdecode(b"90_small-\xff\xfe.ipynb"), GOOD),
    "line ends and a mark": file("90_small.ipynb", b"\xef\xbb\xbf" + GOOD.replace(b"\n", b"\r\n")),
    "UTF-16": file("90_small.ipynb", GOOD.decode().encode("utf-16")),
    "a bomb beside it": lambda folder: (file("90_small.ipynb", GOOD)(folder),
                                        file("x.zip", lambda: bomb("a.txt"))(folder)),
}  # fmt: skip


def words_for(folder):
    (folder / "spec.json").write_text(json.dumps(small_data()))
    return [str(folder / "in"), "--spec", str(folder / "spec.json"), "--quiet",
            "--out", str(folder / "out")]  # fmt: skip


def started(words):
    command = [sys.executable, "-c", SCRIPT, "grade", *words]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """(rows, what was said, the exit status) of a class with every harm, and neighbours."""
    folder = tmp_path_factory.mktemp("class")
    for name, put in {**HARMS, **FINE}.items():
        (folder / "in" / name).mkdir(parents=True)
        put(folder / "in" / name)
    for n in range(6):
        (folder / "in" / f"neighbour {n}").mkdir()
        (folder / "in" / f"neighbour {n}" / "90_small.ipynb").write_bytes(GOOD)
    grader = started(words_for(folder))
    _, said = grader.communicate(timeout=550)
    yield table(folder / "out" / "90_small.csv"), said.decode(), grader.returncode
    removed(folder / "in")


@pytest.mark.parametrize("name", HARMS)
def test_what_cannot_be_graded_has_a_row_or_a_complaint(graded, name):
    rows, said, status = graded
    assert status == 3 and "Traceback" not in said
    row = rows.get(name)
    assert row is not None or name in said
    assert row is None or float(row["total"]) == 0


@pytest.mark.parametrize("name", FINE)
def test_what_can_be_graded_is(graded, name):
    rows, _, _ = graded
    assert rows[name]["total"] == "3"


def test_no_neighbour_loses_a_point_and_the_grader_stays_small(graded):
    rows, said, _ = graded
    assert [rows[f"neighbour {n}"]["total"] for n in range(6)] == ["3"] * 6
    assert int(said.rpartition("peak ")[2].split()[0]) <= MEGABYTES


def test_nothing_is_lost_or_doubled_by_kills_at_any_moment(tmp_path):
    for n in range(10):
        (tmp_path / "in" / f"s{n}").mkdir(parents=True)
        (tmp_path / "in" / f"s{n}" / "90_small.ipynb").write_bytes(
            notebook("import numpy as np", HALVE if n % 2 else "x = 1", TOTAL)
        )
    words, draw, kills = words_for(tmp_path), random.Random(5), 0
    while True:
        graders = [started(words) for _ in range(2)]
        time.sleep(draw.uniform(0.3, 2.5))
        done = [grader for grader in graders if grader.poll() is not None]
        for grader in graders:
            if kills < 12 and grader.poll() is None:
                grader.send_signal(signal.SIGKILL)
        said = [grader.communicate(timeout=120)[1] for grader in graders]
        kills += 2 - len(done)
        assert not any(b"Traceback" in text for text in said), said
        if any(grader.returncode in (0, 3) for grader in graders):
            break
    last = started(words)
    said = last.communicate(timeout=120)
    assert last.returncode == 0, said
    rows = table(tmp_path / "out" / "90_small.csv")
    assert {who: row["total"] for who, row in rows.items()} == {
        f"s{n}": "3" if n % 2 else "1" for n in range(10)
    }
    records = Journal(tmp_path / "out", "90_small").all()
    assert len({(r.student, r.question) for r in records}) == len(records) == 20
