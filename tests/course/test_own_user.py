"""As which user an answer runs: the grader's own under Landlock, one of its worker's for root."""

import os
import signal
import sys

import pytest

from tinylearn.course.grade import levels
from tinylearn.course.grade.probe import trouble_with
from tinylearn.course.grade.sandbox import Sandbox
from tinylearn.course.grade.worlds import World, build

CHANGES = """
def f(path, own):
    import os
    ways = [lambda: os.chmod(path, 0), lambda: os.utime(path, (1, 1)), lambda: os.chown(path, 1, 1),
            lambda: os.setxattr(path, "user.x", b"1"), lambda: os.chmod(own, 0),
            lambda: os.fchmod(os.open(own, os.O_RDONLY), 0)]
    for way in ways:
        try: way()
        except OSError: pass
    import shutil
    open("a", "w").close()
    return shutil.copy("a", "b")
"""


@pytest.mark.skipif(
    not sys.platform.startswith("linux") or bool(trouble_with("landlock")),
    reason="no landlock here",
)
def test_an_answer_changes_nothing_about_its_owners_files(tmp_path, monkeypatch):
    monkeypatch.setattr(levels, "spare_uid", lambda: 0)  # as for whoever is not root
    path = tmp_path / "grades.csv"
    path.write_text("x")
    hole = build(World("python"))
    own = hole.folder / "inside" / "host.py"
    before = [os.stat(p) for p in (path, own)]
    job = {"cells": [CHANGES], "keys": ["f"], "name": "f", "part": None}
    job |= {"run": "", "calls": [[str(path), str(own)]]}
    with Sandbox("landlock", hole) as box:
        reply = box.ask(job)
    try:
        now = [os.stat(p) for p in (path, own)]
        assert [(s.st_mode, s.st_uid, s.st_mtime) for s in now] == [
            (s.st_mode, s.st_uid, s.st_mtime) for s in before
        ]
        assert os.listxattr(path) == []
        assert [m["value"] for m in reply.messages if "call" in m] == ["b"], reply
    finally:
        for p, s in zip((path, own), before):
            os.chmod(p, s.st_mode)
            os.utime(p, ns=(s.st_atime_ns, s.st_mtime_ns))


@pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() != 0, reason="only root can give away")
def test_two_workers_never_run_answers_as_the_same_user():
    """What one answer starts counts for its user: another worker's answer may start its own."""
    ours = {levels.spare_uid() for _ in range(3)}
    there, here = os.pipe()
    children = []
    for _ in range(2):
        if not (child := os.fork()):
            os.write(here, b"%d " % levels.spare_uid())
            signal.pause()
        children.append(child)
    try:
        said = b""
        while said.count(b" ") < 2:
            said += os.read(there, 100)
        theirs = set(map(int, said.split()))
        assert len(theirs) == 2 and not theirs & ours
    finally:
        for child in children:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
