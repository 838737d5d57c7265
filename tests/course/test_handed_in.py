"""Every file that is handed in leads to a row or to a complaint, whatever system named it."""

import csv
import io
import json
import os
import socket
import subprocess
import sys
import zipfile

import pytest

from tests.course.classroom import notebook
from tests.course.hostile_files import FILES, zip_of
from tests.course.small import HALVE, TOTAL, good_notebook, small_data, small_spec
from tests.repository import ROOT
from tinylearn.course.command import main
from tinylearn.course.grade.discover import discover
from tinylearn.course.grade.reading import Reader
from tinylearn.course.grade.scratch import removed
from tinylearn.course.grade.submissions import handed_in, read
from tinylearn.course.names import owner_of

CHAPTER = "90_small"
GOOD, GIVEN = (
    good_notebook(),
    notebook(*(body["stub"] for body in small_data()["questions"].values())),
)


@pytest.fixture(autouse=True)
def deep_folders_go(tmp_path):
    yield
    removed(tmp_path)  # deeper than pytest's own removal can go


def found_in(place):
    """({student: the submission, read}, complaints) of what lies at `place`."""
    spec = small_spec()
    with Reader() as reader:
        found = discover(place, CHAPTER, reader)
        return {s.student: read(s, spec, reader) for s in handed_in(found)}, found.complaints


def put(folder, files):
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


def rows(path):
    return list(csv.reader(io.StringIO(path.read_text("utf-8"))))


def zipped(files):
    return zip_of([(name, data, 0o644) for name, data in files.items()])


TWO = {"ann/90_small.ipynb": GOOD, "bob/90_small.ipynb": GIVEN}


def below(prefix, files=TWO):
    return {f"{prefix}{name}": data for name, data in files.items()}


CLASSES = {
    "folders": TWO,
    "one folder around": below("submissions/"),
    "two folders around": below("hw 1/submissions/"),
    "a zip": {"class.zip": zipped(TWO)},
    "a zip with a folder around": {"class.zip": zipped(below("class/"))},
    "a zip in a zip": {"all.zip": zipped({"inner/class.zip": zipped(below("submissions/"))})},
    "a zip from a Mac": {"a.zip": zipped(below("a/") | {"__MACOSX/a/._ann": b""})},
    "a zip from Windows": {"a.zip": zipped({n.replace("/", "\\"): d for n, d in TWO.items()})},
    "notebooks": {"ann.ipynb": GOOD, "bob.ipynb": GIVEN},
    "notebooks with the chapter": {"ann_90_small.ipynb": GOOD, "90_small-bob (1).ipynb": GIVEN},
    "notebooks in a zip": {"c.zip": zipped({"class/ann.ipynb": GOOD, "class/bob.ipynb": GIVEN})},
    "a zip for each": {f"{who}.zip": zipped({"90_small.ipynb": d}) for who, d in
                       (("ann", GOOD), ("bob", GIVEN))},
    "a zip in each folder": {f"{who}/work.zip": zipped({"x/90_small.ipynb": d}) for who, d in
                             (("ann", GOOD), ("bob", GIVEN))},
    "zips in a zip": {"all.zip": zipped({f"{who}.zip": zipped({"90_small.ipynb": d}) for who, d in
                                         (("ann", GOOD), ("bob", GIVEN))})},
    "whole bundles": {f"{who}/exercises/90_small.ipynb": d for who, d in
                      (("ann", GOOD), ("bob", GIVEN))}
    | {"ann/notebooks/90_small.ipynb": GIVEN, "ann/my_tinylearn/90_halve.py": b"x = 1"},
    "Canvas": {"ann_11_22_90_small-1.ipynb": GOOD, "bob_LATE_12_23_90_small.ipynb": GIVEN},
    "Canvas, a zip": {"s.zip": zipped({"ann_11_22_90_small.ipynb": GOOD,
                                       "bob_12_23_work.ipynb": GIVEN})},
    "Canvas, zips of students": {"ann_11_22_all.zip": zipped({"90_small.ipynb": GOOD}),
                                 "bob_12_23_all.zip": zipped({"90_small.ipynb": GIVEN})},
    "Moodle": {"ann_123_assignsubmission_file_/90_small.ipynb": GOOD,
               "bob_124_assignsubmission_file_/90_small.ipynb": GIVEN},
    "Moodle, flat": {"ann_123_assignsubmission_file_90_small.ipynb": GOOD,
                     "bob_124_assignsubmission_file_b.ipynb": GIVEN},
    "Blackboard": {"HW 1_ann_attempt_2026-01-02-10-11-12_90_small.ipynb": GOOD,
                   "HW 1_bob_attempt_2026-01-02-10-11-13_90_small.ipynb": GIVEN},
    "Brightspace": {"12-34 - ann - Jan 2, 2026 1011 AM/90_small.ipynb": GOOD,
                    "13-34 - bob - Jan 2, 2026 1012 AM/90_small.ipynb": GIVEN},
}  # fmt: skip


@pytest.mark.parametrize("name", CLASSES)
def test_the_students_are_found_however_the_class_is_packed(tmp_path, name):
    put(tmp_path, CLASSES[name])
    students, complaints = found_in(tmp_path)
    assert {who: len(s.cells) for who, s in students.items()} == {"ann": 3, "bob": 2}
    assert {who: s.trouble for who, s in students.items()} == {"ann": "", "bob": ""}
    assert complaints == []
    only = list(tmp_path.iterdir())
    if len(only) == 1:  # the zip or the folder itself, named on the command line
        assert list(found_in(only[0])[0]) == ["ann", "bob"]


COPIES = ["90_small (1).ipynb", "90_small(2).ipynb", "90_small-Copy1.ipynb", "copy.ipynb",
          "Copy of 90_small.ipynb", "90_small - Copy.ipynb", "90_small-Copy1 (3).ipynb",
          "90_SMALL.IPYNB", "90_small.ipynb.txt", "90_small.ipynb.json", "a/90_small.ipynb",
          "90_small.ipynb (1)", "Kopie von 90_small.ipynb", "z.zip"]  # fmt: skip


@pytest.mark.parametrize("name", COPIES)
def test_what_was_answered_counts_and_not_the_file_as_it_was_given(tmp_path, name):
    given = GIVEN.replace(b"\\n", b"  \\n\\n")  # saved again by another editor
    data = zipped({"90_small.ipynb": GOOD}) if name.endswith(".zip") else GOOD
    put(tmp_path / "ann", {"90_small.ipynb": given, name: data, ".ipynb_checkpoints/9.ipynb": GOOD})
    if os.path.basename(name).lower() == "90_small.ipynb" and "/" not in name:
        (tmp_path / "ann" / name).write_bytes(GOOD)
    students, _ = found_in(tmp_path)
    assert list(students) == ["ann"] and len(students["ann"].cells) == 3
    assert students["ann"].looks == ()


def test_a_stub_in_other_words_is_no_attempt(tmp_path):
    mine = GIVEN.replace(b"raise NotImplementedError", b"# hm\\n    raise NotImplementedError")
    put(tmp_path / "ann", {"b.ipynb": mine, "a.ipynb": GOOD})
    assert len(found_in(tmp_path)[0]["ann"].cells) == 3


def test_two_notebooks_with_different_answers_are_named(tmp_path):
    other = notebook(HALVE.replace("/ 2", "* 0.5"))
    put(tmp_path / "ann", {"a.ipynb": GOOD, "b.ipynb": other, "c.ipynb": GIVEN})
    [look] = found_in(tmp_path)[0]["ann"].looks
    assert "a.ipynb is graded" in look and "b.ipynb" in look and "c.ipynb" not in look


SECTIONS = {
    "folders": {f"{s}/{w}/90_small.ipynb": GOOD for s in ("A", "B") for w in ("ann", "bob")},
    "zips": {f"{s}.zip": zipped({"ann/9.ipynb": GOOD, "bob/9.ipynb": GOOD}) for s in ("A", "B")},
}


@pytest.mark.parametrize("name", SECTIONS)
def test_students_inside_what_looks_like_one_students_folder_are_named(tmp_path, name):
    students, _ = found_in(put(tmp_path, SECTIONS[name]))
    assert list(students) == ["A", "B"]
    assert all("other answers stand in" in s.looks[0] for s in students.values())


def test_a_resubmission_is_the_same_student_and_the_later_one_counts(tmp_path):
    later = notebook(HALVE.replace("/ 2", "* 0.5"), TOTAL)
    files = {"ann_11_22_work.ipynb": GOOD, "ann_LATE_11_99_work-1.ipynb": later}
    students, _ = found_in(put(tmp_path, files))
    assert list(students) == ["ann"] and "* 0.5" in students["ann"].cells[0]


def test_two_students_of_one_name_stay_two(tmp_path):
    files = {"ann_11_22_work.ipynb": GOOD, "ann_12_23_work.ipynb": GIVEN}
    students, complaints = found_in(put(tmp_path, files))
    assert {who: len(s.cells) for who, s in students.items()} == {"ann (11)": 3, "ann (12)": 2}
    assert "several students have this name" in complaints[0]


def test_both_ways_to_write_an_accent_are_one_student(tmp_path):
    put(tmp_path, {"andre\u0301/a.ipynb": GOOD, "bob.ipynb": GOOD})
    assert list(found_in(tmp_path)[0]) == ["andr\u00e9", "bob"]


STRAY = {
    "essay.pdf": b"%PDF", "work.py": b"x = 1", "work.html": b"<html>", "notes": b"",
    "90_small (1).ipynb": GOOD, "work.rar": b"Rar!",
}  # fmt: skip


@pytest.mark.parametrize("name", STRAY)
def test_a_file_that_belongs_to_nobody_is_named(tmp_path, name):
    _, complaints = found_in(put(tmp_path, TWO | {name: STRAY[name]}))
    assert len(complaints) == 1 and name in complaints[0]


@pytest.mark.parametrize("name", ["essay.pdf", "work.py", "work.html", "work.docx", "work.rar"])
def test_other_files_of_a_student_are_named(tmp_path, name):
    students, _ = found_in(put(tmp_path, TWO | {f"ann/{name}": b"x", f"cy/{name}": b"x"}))
    assert name in students["ann"].looks[0] and not students["ann"].trouble
    assert name in students["cy"].trouble


def deep_folders(folder):
    here = os.getcwd()
    try:
        os.chdir(folder)
        for _ in range(3000):
            os.mkdir("d")
            os.chdir("d")
    finally:
        os.chdir(here)


def socket_file(folder):
    here = os.getcwd()
    os.chdir(folder)
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind("work.ipynb")
    finally:
        os.chdir(here)


def closed_file(folder):
    (folder / "work.ipynb").write_bytes(GOOD)
    (folder / "work.ipynb").chmod(0)


def text(cells, **more):
    made = [{"cell_type": "code", "source": c, "metadata": {}, "outputs": []} for c in cells]
    return json.dumps({"nbformat": 4, "metadata": {}, "cells": made} | more)


def writes(data, name="work.ipynb"):
    return lambda folder: (folder / name).write_bytes(data() if callable(data) else data)


SHEET = {"cells": [{"cell_type": "code", "input": [HALVE], "language": "python"},
                   {"cell_type": "code", "input": TOTAL}]}  # fmt: skip
READ = {  # name -> (how it is put there, code cells read)
    "byte order mark": (writes(b"\xef\xbb\xbf" + GOOD), 3),
    "UTF-16": (writes(text([HALVE, "# \u00fc"]).encode("utf-16")), 2),
    "Windows' letters": (writes(GOOD.replace(b"import numpy", b"# \xfc\\nimport numpy", 1)), 3),
    "NaN and Infinity": (writes(text([HALVE], x=[float("nan"), float("-inf")]).encode()), 1),
    "an endless number": (
        writes(text([HALVE]).replace('"nbformat": 4', f'"nbformat": {"9" * 10**5}').encode()), 1),
    "format 3": (writes(json.dumps({"nbformat": 3, "worksheets": [SHEET]}).encode()), 2),
    "format 5": (writes(text([HALVE], nbformat=5).encode()), 1),
    "no format": (writes(text([HALVE], nbformat=None).encode()), 1),
    "18 MB of outputs": (writes(lambda: text([HALVE], x=[]).replace(
        '"outputs": []', '"outputs": [' + '{"output_type":"x","data":[1,[2]]},' * 420_000 + "{}]"
    ).encode()), 1),
}  # fmt: skip
NAMED = {  # name -> (how it is put there, words of the complaint)
    "deep folders": (deep_folders, "nested more than 12 deep"),
    "a socket": (socket_file, "not an ordinary file"),
    "a device": (lambda folder: os.symlink("/dev/zero", folder / "work.ipynb"), "is a link"),
    "a link to itself": (lambda folder: os.symlink("work.ipynb", folder / "work.ipynb"), "a link"),
    "a link out": (lambda folder: os.symlink("/etc", folder / "etc"), "a link"),
    "a folder as a notebook": (lambda f: (f / "work.ipynb").mkdir(), "folder is empty"),
    "an empty folder": (lambda folder: None, "folder is empty"),
    "an empty zip": (writes(zip_of([]), "a.zip"), "holds no notebook"),
    "a zip in a zip in a zip": (writes(zipped({"b.zip": zipped({"c.zip": zipped({
        "d.zip": zipped({"a.ipynb": GOOD})})})}), "a.zip"), "more than 3 archives"),
    "another chapter": (writes(text([], metadata={"tinylearn": {"assignment": "02_shapes"}})
                               .encode()), "is of 02_shapes"),
    "100,000 cells": (writes(lambda: text(["x"] * 10**5).encode()), "more than 5,000 code cells"),
    "quotes without end": (writes(lambda: b'{"cells": "' + b'\\"' * 9_000_000), "not JSON"),
    "lists without end": (
        writes(lambda: b"[" + b"[]," * 6_600_000 + b"[]]"), "not a notebook|memory"),
}  # fmt: skip


@pytest.mark.parametrize("name", READ)
def test_a_notebook_is_read_in_whatever_form(tmp_path, name):
    put, cells = READ[name]
    (tmp_path / "ann").mkdir()
    put(tmp_path / "ann")
    submission = found_in(tmp_path)[0]["ann"]
    assert submission.trouble == "" and len(submission.cells) == cells
    assert "def halve" in "".join(submission.cells)


@pytest.mark.parametrize("name", NAMED)
def test_what_cannot_be_read_is_named_and_costs_only_itself(tmp_path, name):
    put, words = NAMED[name]
    (tmp_path / "eve").mkdir()
    (tmp_path / "ann").mkdir()
    (tmp_path / "ann" / "work.ipynb").write_bytes(GOOD)
    put(tmp_path / "eve")
    students, _ = found_in(tmp_path)
    assert len(students["ann"].cells) == 3
    said = students["eve"].trouble
    assert any(word in said for word in words.split("|")), said


def crafted():
    """A zip whose directory names a file 60,000 times: 4 MB that zipfile makes gigabytes of."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for n in range(60_000):
            archive.writestr(zipfile.ZipInfo(f"{n}.ipynb"), b"")
    return data.getvalue()


def test_the_grader_itself_stays_small_and_says_that_something_needs_a_look(tmp_path):
    place = tmp_path / "in"
    for name, write in FILES.items():
        (place / f"file {name}").mkdir(parents=True)
        write(place / f"file {name}", place / "ann" / "work.ipynb")
    for name, (how, _) in (READ | NAMED).items():
        (place / f"odd {name}").mkdir()
        how(place / f"odd {name}")
    put(place, {"ann/work.ipynb": GOOD, "bob.zip": crafted(), "stray.pdf": b""})
    for n in range(40):
        cells = text([HALVE, TOTAL, f"x = {'1' * 480_000!r}"]).encode() if n % 3 == 0 else GOOD
        put(place, {f"big {n}/work.ipynb": cells})
    (tmp_path / "spec.json").write_text(json.dumps(small_data()))
    words = ["grade", str(place), "--spec", str(tmp_path / "spec.json"), "--quiet", "--out",
             str(tmp_path / "out")]  # fmt: skip
    script = "import sys; from tinylearn.course.command import main; code = main(sys.argv[1:]); "
    script += "print(*[l.split()[1] for l in open('/proc/self/status') if 'VmHWM' in l]); "
    script += "sys.exit(code)"
    done = subprocess.run(
        [sys.executable, "-c", script, *words], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 3, done.stderr
    assert "Traceback" not in done.stderr and "stray.pdf" in done.stderr
    table = {row[0]: row for row in rows(tmp_path / "out" / "90_small.csv")}
    assert table["ann"][1] == "3" and table["bob"][4] == "unreadable"
    assert {table[f"big {n}"][1] for n in range(40)} == {"3"}
    assert set(os.listdir(place)) - {"bob.zip", "stray.pdf"} <= set(table)
    assert int(done.stdout.split()[-1]) < 150_000  # kilobytes


@pytest.mark.parametrize(
    "name", ["deep folders", "a socket", "a link to itself", "an empty folder"]
)
def test_the_chapter_is_found_beside_what_cannot_be_read(tmp_path, name, monkeypatch, capsys):
    (tmp_path / "in" / "eve").mkdir(parents=True)
    NAMED[name][0](tmp_path / "in" / "eve")
    put(tmp_path / "in", {"ann/01_one_number.ipynb": GOOD})
    monkeypatch.chdir(ROOT)
    assert main(["grade", str(tmp_path / "in"), "--out", str(tmp_path / "out"), "--quiet"]) == 3
    assert "eve" in capsys.readouterr().err
    assert (tmp_path / "out" / "01_one_number.csv").is_file()


def test_the_roster_says_who_is_missing_and_who_is_unknown(tmp_path, capsys):
    put(tmp_path / "in", {"doealice_1_2_work.ipynb": GOOD, "bob_3_4_work.ipynb": GOOD})
    (tmp_path / "spec.json").write_text(json.dumps(small_data()))
    roster = "Student,ID,SIS Login ID,Section\n    Points Possible,,,\n"
    roster += '"Doe, Alice",1,adoe,A\n"M\u00fcller, Jan",9,jm,A\n'
    (tmp_path / "roster.csv").write_text(roster)
    words = ["grade", str(tmp_path / "in"), "--spec", str(tmp_path / "spec.json"), "--quiet"]
    words += ["--out", str(tmp_path / "out"), "--roster", str(tmp_path / "roster.csv")]
    assert main(words) == 3
    said = capsys.readouterr().err
    assert "missing: M\u00fcller, Jan" in said and "not on the roster: bob" in said
    assert "Alice" not in said
    canvas = rows(tmp_path / "out" / "90_small.canvas.csv")
    assert canvas[2][:2] == ["bob", "3"] and canvas[3][:2] == ["doealice", "1"]


ADJUSTED = {
    "not JSON": ("{", "is not JSON"),
    "a wrong key": ('{"student": {}}', "did you mean 'students'"),
    "a wrong key of a student": ('{"students": {"ann": {"lateday": 1}}}', "mean 'late_days'"),
    "no question": ('{"students": {"ann": {"overrides": {"q77": 1}}}}', "no 'q77'"),
    "a text for a number": ('{"students": {"ann": {"late_days": "2"}}}', "must be a number"),
    "less than nothing": ('{"students": {"ann": {"late_days": -1}}}', "must be 0 or more"),
    "no share": ('{"lost_per_day": 10}', "must be 0 to 1"),
    "no time": ('{"due": {"90_small": "tomorrow"}}', "is not a time"),
    "a list": ("[]", "must hold one"),
}


@pytest.mark.parametrize("name", ADJUSTED)
def test_an_adjustment_that_is_not_understood_is_refused_before_grading(tmp_path, capsys, name):
    put(tmp_path / "in", {"ann/work.ipynb": GOOD})
    (tmp_path / "spec.json").write_text(json.dumps(small_data()))
    (tmp_path / "out").mkdir()
    written, words = ADJUSTED[name]
    (tmp_path / "out" / "adjust.json").write_text(written)
    command = ["grade", str(tmp_path / "in"), "--spec", str(tmp_path / "spec.json"), "--quiet"]
    assert main([*command, "--out", str(tmp_path / "out")]) == 1
    assert words in capsys.readouterr().err
    assert not (tmp_path / "out" / "journal").exists()


def test_a_folders_name_is_the_students_whatever_it_is():
    for name in ("Alice", "01_one_number", "x.ipynb", "ann (1)", "(1)", "...", "a_b"):
        assert owner_of(name, True, CHAPTER).name
