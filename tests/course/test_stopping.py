"""A grader that is stopped, killed, or run beside another: what it leaves, and what it says."""

import csv
import json
import os
import signal
import subprocess
import sys
import time

import pytest

from tests.course.classroom import SECRET, grade, notebook
from tests.course.small import HALVE, TOTAL, small_data, small_spec
from tests.repository import ROOT
from tinylearn.course.command import main
from tinylearn.course.grade import scratch
from tinylearn.course.grade.batch import course_secret
from tinylearn.course.grade.journal import Journal
from tinylearn.course.grade.probe import best_level, trouble_with
from tinylearn.course.grade.workers import is_dead
from tinylearn.course.inside.confine import descendants
from tinylearn.course.spec import from_data

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="sandboxes are Linux")
SLOW = HALVE.replace("    return", "    import time; time.sleep(20)\n    return")
WRITES = HALVE.replace(
    "    return",
    "    import time\n    open('left', 'w').write('x' * 5000); time.sleep(20)\n    return",
)


def class_of(folder, students):
    """The words that grade a class of {student: cells}."""
    for student, cells in students.items():
        (folder / "in" / student).mkdir(parents=True)
        (folder / "in" / student / "work.ipynb").write_bytes(notebook(*cells))
    (folder / "spec.json").write_text(json.dumps(small_data()))
    return ["grade", str(folder / "in"), "--spec", str(folder / "spec.json"), "--quiet",
            "--out", str(folder / "out")]  # fmt: skip


def started(words):
    script = "import sys; from tinylearn.course.command import main; sys.exit(main(sys.argv[1:]))"
    command = [sys.executable, "-c", script, *words]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def wait_until(holds, seconds=30.0):
    until = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until, "it never came to this"
        time.sleep(0.02)


def rows(folder):
    with (folder / "out" / "90_small.csv").open(encoding="utf-8", newline="") as file:
        return {row["student"]: row for row in csv.DictReader(file)}


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM], ids=lambda s: s.name)
def test_a_stopped_grader_writes_the_table_and_leaves_nobody_behind(tmp_path, how):
    students = {"ann": [HALVE, TOTAL], "bob": [SLOW, TOTAL], "cy": [SLOW, TOTAL]}
    grader = started(class_of(tmp_path, students))
    journal = Journal(tmp_path / "out", "90_small")
    wait_until(lambda: len(journal.all()) == 2 and len(descendants(grader.pid)) > 5)
    below = descendants(grader.pid)
    grader.send_signal(how)
    began = time.monotonic()
    _, said = grader.communicate(timeout=30)
    assert time.monotonic() - began < 10  # two seconds are the promise; here the machine is shared
    assert grader.returncode == 130 and b"run the same command to go on" in said
    table = rows(tmp_path)
    assert table["ann"]["total"] == "3" and set(table) == {"ann"}
    wait_until(lambda: all(map(is_dead, below)))


@pytest.mark.skipif(bool(trouble_with("landlock")), reason="no landlock here")
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL], ids=lambda s: s.name)
def test_no_scratch_folder_outlives_the_next_start(tmp_path, how):
    words = class_of(tmp_path, {"ann": [WRITES, TOTAL]})
    grader = started([*words, "--sandbox", "landlock"])
    before = set(scratch.base().glob("box-*"))
    wait_until(lambda: [p for p in scratch.base().glob("box-*/left") if p.parent not in before])
    mine = {p.parent for p in scratch.base().glob("box-*/left")} - before
    below = descendants(grader.pid)
    grader.send_signal(how)
    grader.communicate(timeout=30)
    wait_until(lambda: all(map(is_dead, below)))
    if how == signal.SIGKILL:
        assert any(folder.exists() for folder in mine)
        scratch.clean()
    assert not any(folder.exists() for folder in mine)


def test_a_folder_in_use_is_not_taken_for_left_behind():
    held = scratch.Scratch()
    scratch.clean()
    assert os.path.isdir(held.path)
    held.remove()
    assert not os.path.exists(held.path) and not held.mark.exists()


def test_a_scratch_folder_is_removed_however_deep_and_closed_it_is():
    held, here = scratch.Scratch(), os.getcwd()
    try:
        os.chdir(held.path)
        for _ in range(3000):
            os.mkdir("d")
            os.chdir("d")
        os.chmod(".", 0)
    finally:
        os.chdir(here)
    held.remove()
    assert not os.path.exists(held.path)


FLOODS = {
    "one file after another": "for n in range(3000): open(f'f{n}', 'wb').write(b'x' * 10**6)",
    "files that are gone at once": """for n in range(3000):
        open('f', 'wb').write(b'x' * 4_000_000); os.unlink('f')""",
    "empty files": "for n in range(200_000): open(f'f{n}', 'wb').close()",
    "folders": "for n in range(200_000): os.mkdir(f'f{n}')",
}


@pytest.mark.parametrize("level", ["bubblewrap", "landlock"])
@pytest.mark.parametrize("name", FLOODS)
def test_what_an_answer_may_write_has_an_end(tmp_path, level, name):
    if trouble_with(level):
        pytest.skip(f"no {level} here")
    body = f"@tl.answer('halve')\ndef halve(a):\n    import os\n    {FLOODS[name]}\n"
    body += "    import time; time.sleep(0.5)\n    return a / 2\n"
    results, summary = grade(small_spec(), {"ann": [body, TOTAL]}, tmp_path, level=level)
    own = results["ann"]["q1"]
    if not (level == "bubblewrap" and name == "files that are gone at once"):  # there it is memory
        assert own.points == 0, own
    assert results["ann"]["q2"].status == "passed" and not summary.ungraded


def test_two_graders_on_one_folder_grade_everything_once_and_say_what_is_so(tmp_path):
    words = class_of(tmp_path, {f"s{n}": [HALVE, TOTAL] for n in range(8)})
    graders = [started(words) for _ in range(3)]
    said = [grader.communicate(timeout=120) for grader in graders]
    assert {grader.returncode for grader in graders} <= {0, 3}, said
    assert b"Error" not in b"".join(text for _, text in said)
    counts = [int(out.split(b" questions graded")[0].rsplit(b" ", 1)[1]) for out, _ in said]
    assert sum(counts) == 16
    assert {row["total"] for row in rows(tmp_path).values()} == {"3"} and len(rows(tmp_path)) == 8


def test_a_value_that_takes_forever_to_compare_costs_its_question_only(tmp_path, monkeypatch):
    from tinylearn.course.grade import workers

    monkeypatch.setattr(workers, "CPU", 2.0)
    forged = """
@tl.answer("halve")
def halve(a):
    import os, json
    zeros = ",".join('{"int":"%s"}' % hex(n * (2**61 - 1)) for n in range(1, 40_000))
    text = ('{"call":0,"value":{"set":[' + zeros + ']}}').encode()
    for descriptor in range(3, 64):
        try:
            os.write(descriptor, len(text).to_bytes(4, "big") + text)
        except OSError:
            pass
    os._exit(0)
"""
    students = {"eve": [forged, TOTAL], "ann": [HALVE, TOTAL]}
    results, summary = grade(small_spec(), students, tmp_path, workers=1)
    assert results["eve"]["q1"].status in ("timeout", "crashed")
    assert [r.status for r in results["ann"].values()] == ["passed", "passed"]
    assert results["eve"]["q2"].status == "passed" and not summary.ungraded


def test_a_judge_without_end_is_ended(tmp_path, monkeypatch):
    from tinylearn.course.grade import assess

    monkeypatch.setattr(assess, "DECIDING", 3.0)
    data = small_data()
    data["authors"] += "\n@q2.judges\ndef _(got, want, numbers):\n    while True: pass\n"
    students = {"ann": [HALVE, TOTAL], "bob": [HALVE, TOTAL]}
    results, summary = grade(from_data(data), students, tmp_path)
    for own in results.values():
        assert own["q1"].status == "passed"
        assert own["q2"].status == "timeout" and "took too long" in own["q2"].message
    assert not summary.ungraded


def test_a_lost_or_another_secret_is_refused(tmp_path, capsys):
    words = class_of(tmp_path, {"ann": [HALVE, TOTAL]})
    assert main(words) == 0
    path = tmp_path / "out" / "course.secret"
    kept = path.read_text()
    path.unlink()
    assert main(words) == 1 and "backup" in capsys.readouterr().err
    path.write_text("another secret that is long enough " * 2)
    assert main(words) == 1 and "not the secret" in capsys.readouterr().err
    path.write_text(kept)
    assert main(words) == 0
    path.unlink()
    assert main([*words, "--new-secret"]) == 0
    assert course_secret(path) != kept.strip().encode() != SECRET
    assert os.stat(path).st_mode & 0o077 == 0


def test_a_record_changed_by_hand_does_not_count_and_is_named(tmp_path, capsys):
    words = class_of(tmp_path, {"ann": [TOTAL], "bob": [HALVE, TOTAL]})
    assert main(words) == 0
    journal = Journal(tmp_path / "out", "90_small")
    path = journal.path("ann", "q1")
    path.write_text(path.read_text().replace('"points": 0.0', '"points": 2.0'))
    capsys.readouterr()
    report = ["report", "--spec", words[3], "--out", words[-1]]
    assert main(report) == 3 and "changed by hand" in capsys.readouterr().err
    path.write_bytes(journal.path("bob", "q1").read_bytes())
    assert main(report) == 3 and "belongs to 'bob'" in capsys.readouterr().err
    assert main(words) == 0
    assert rows(tmp_path)["ann"]["total"] == "1"


def test_what_is_handed_in_no_longer_is_marked(tmp_path, capsys):
    words = class_of(tmp_path, {"ann": [HALVE, TOTAL], "bob": [HALVE, TOTAL]})
    assert main(words) == 0 and rows(tmp_path)["ann"]["state"] == ""
    (tmp_path / "in" / "ann" / "work.ipynb").unlink()
    (tmp_path / "in" / "ann").rmdir()
    assert main(words) == 3 and "no longer among" in capsys.readouterr().err
    assert rows(tmp_path)["ann"]["state"].startswith("removed")
    assert rows(tmp_path)["bob"]["state"] == ""


def test_a_question_that_is_not_there_cannot_be_regraded(tmp_path, capsys):
    words = class_of(tmp_path, {"ann": [HALVE, TOTAL]})
    assert main([*words, "--regrade", "q77"]) == 1
    assert "no question 'q77': q1, q2, all" in capsys.readouterr().err
    assert main([*words, "--regrade", "q1"]) == 0


def test_every_record_names_the_sandbox(tmp_path):
    assert main(class_of(tmp_path, {"ann": [HALVE, TOTAL]})) == 0
    levels = {record.level for record in Journal(tmp_path / "out", "90_small").all()}
    assert levels == {best_level()[0]}
