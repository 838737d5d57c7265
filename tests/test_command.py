"""The command line and the Makefile that calls it: what they start, and what they say."""

import os
import re
import shutil
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

import nbformat
import pytest

from tests.repository import ROOT
from tinylearn import command


def test_an_unknown_command_offers_the_nearest(capsys):
    assert command.main(["tets"]) == 2
    shown = capsys.readouterr().err
    assert "no command 'tets'; did you mean 'test'?" in shown
    assert all(name in shown for name in command.COMMANDS)


def test_an_option_that_a_command_does_not_know_is_refused(capsys):
    with pytest.raises(SystemExit) as stop:
        command.main(["info", "--wide"])
    assert stop.value.code == 2
    assert "info does not know --wide" in capsys.readouterr().err


def test_words_after_course_reach_the_course_as_they_are(capsys):
    with pytest.raises(SystemExit) as stop:
        command.main(["course", "grade", "--help"])
    assert stop.value.code == 0
    assert "usage: tinylearn course grade" in capsys.readouterr().out


def test_without_a_command_the_help_is_shown(capsys):
    assert command.main([]) == 0
    shown = " ".join(capsys.readouterr().out.split())  # whatever the width of the terminal
    for name, entry in command.COMMANDS.items():
        assert name in shown
        assert entry.run.__doc__.splitlines()[0] in shown


def test_info_names_python_numpy_and_the_devices(capsys):
    assert command.main(["info"]) == 0
    shown = capsys.readouterr().out
    assert sys.executable in shown
    assert "numpy" in shown
    assert "device     numpy: NumPy" in shown


def test_a_command_outside_a_clone_says_what_is_missing(capsys, monkeypatch, tmp_path):
    monkeypatch.setattr(command, "ROOT", tmp_path)
    for words in (["lab"], ["tour"], ["test"]):
        assert command.main(words) == 1
        assert f"is not in {tmp_path}" in capsys.readouterr().err


def test_python_dash_m_tinylearn_is_the_command():
    run = [sys.executable, "-m", "tinylearn", "--version"]
    version = re.search(
        r'"(.+)"', (ROOT / "tinylearn/__init__.py").read_text().split("__version__")[1]
    )
    assert subprocess.check_output(run, cwd=ROOT, text=True).split() == ["tinylearn", version[1]]


# ---- notebooks


def notebook(folder: Path, *cells: str) -> str:
    """The path of a new notebook with these code cells."""
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    path = folder / "lesson.ipynb"
    nbformat.write(book, path)
    return str(path)


def test_tour_writes_the_executed_notebook_as_a_page(tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    path = notebook(tmp_path, "import tinylearn\nprint(6 * 7, 'is shown')")
    assert command.main(["tour", path]) == 0
    page = tmp_path / "build/lesson.html"
    assert "42 is shown" in page.read_text("utf-8")
    assert str(page) in capfd.readouterr().out


def test_tour_of_a_failing_notebook_fails_and_still_writes_the_page(tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    assert command.main(["tour", notebook(tmp_path, "print('first')", "1 / 0")]) == 1
    assert "ZeroDivisionError" in capfd.readouterr().err
    assert "first" in (tmp_path / "build/lesson.html").read_text("utf-8")


def test_tour_of_a_notebook_that_is_not_there_says_so(capsys):
    assert command.main(["tour", "nowhere.ipynb"]) == 1
    assert "there is no notebook nowhere.ipynb" in capsys.readouterr().err


def status_of(address: str) -> int:
    """The HTTP status of a page, whose server prints its address just before it listens."""
    for _ in range(100):
        try:
            with urllib.request.urlopen(address, timeout=30) as answer:
                return answer.status
        except urllib.error.URLError:
            time.sleep(0.1)
    raise AssertionError(f"nobody answers at {address}")


def test_lab_starts_without_a_screen_and_prints_an_address_that_answers(tmp_path):
    words = [sys.executable, "-m", "tinylearn", "lab", "--port", "0"]
    hidden = {"DISPLAY", "WAYLAND_DISPLAY", "PYTEST_CURRENT_TEST"}  # it changes the server's ways
    settings = {name: value for name, value in os.environ.items() if name not in hidden}
    settings |= {"JUPYTER_RUNTIME_DIR": str(tmp_path), "JUPYTER_CONFIG_DIR": str(tmp_path)}
    with subprocess.Popen(words, cwd=ROOT, env=settings, text=True, stderr=subprocess.PIPE) as lab:
        patience = threading.Timer(60, lab.kill)
        patience.start()
        try:
            found = (re.match(r"\s+(http://127\S+token=\S+)", line) for line in lab.stderr)
            address = next((match[1] for match in found if match), None)
            assert address, "the server ended without printing its address"
            assert f"/lab/tree/{command.TOUR}" in address
            assert status_of(address) == 200
            with urllib.request.urlopen(address, timeout=20) as page:
                disabled = re.search(r'"disabledExtensions": (\[.*?\])', page.read().decode())
            assert "announcements" in disabled[1], "a student is asked about news of Jupyter"
        finally:
            patience.cancel()
            lab.terminate()
            lab.communicate(timeout=30)


@pytest.mark.parametrize(
    ("platform", "settings", "opens"),
    [
        ("linux", {}, False),
        ("linux", {"DISPLAY": ":0"}, True),
        ("linux", {"WAYLAND_DISPLAY": "wayland-0"}, True),
        ("linux", {"DISPLAY": ":10", "SSH_CONNECTION": "there"}, False),
        ("darwin", {}, True),
        ("darwin", {"SSH_CONNECTION": "there"}, False),
        ("win32", {}, True),
    ],
)
def test_a_browser_opens_only_where_the_user_would_see_it(platform, settings, opens, monkeypatch):
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "SSH_CONNECTION"):
        monkeypatch.delenv(name, raising=False)
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "platform", platform)
    assert command.screen() is opens


def test_a_missing_package_names_the_extra_that_brings_it():
    with pytest.raises(command.CommandError, match=r"notthere is not .* -e \"\.\[course\]\""):
        command.needs("notthere", extra="course")


# ---- checks


def test_tinylearn_test_reports_failure_and_runs_every_check(monkeypatch, capsys):
    run = []

    def fail(words: list[str], **options: object) -> int:
        run.append(words[2])
        return words[2] in ("mypy", "pytest")

    monkeypatch.setattr(subprocess, "call", fail)
    assert command.main(["test"]) == 1
    assert run == ["ruff", "ruff", "mypy", "pytest"]
    assert "failed: types, tests" in capsys.readouterr().err


def test_words_after_tinylearn_test_go_to_pytest_alone(monkeypatch):
    run = []
    monkeypatch.setattr(subprocess, "call", lambda words, **options: run.append(words[1:]) or 0)
    assert command.main(["test", "-k", "readme", "tests/test_project.py"]) == 0
    assert run == [["-m", "pytest", "-k", "readme", "tests/test_project.py"]]


# ---- make, on a machine where something is missing


@pytest.fixture
def bare_clone(tmp_path):
    """A folder with the Makefile, and a `make` that sees only the programs in its folder bin."""
    if not shutil.which("make"):
        pytest.skip("there is no make here; the README gives the lines that do without")
    shutil.copy(ROOT / "Makefile", tmp_path)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    (tmp_path / "bin").mkdir()

    def make(**programs: str) -> subprocess.CompletedProcess:
        for name, script in programs.items():
            path = tmp_path / "bin" / name
            path.write_text(f"#!/bin/sh\n{script}\n")
            path.chmod(0o755)
        words = ["make", "lab", f"PYTHON=nosuchpython {' '.join(programs)}"]
        settings = {"PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}"}
        return subprocess.run(words, cwd=tmp_path, env=settings, capture_output=True, text=True)

    return make


def test_make_without_a_python_says_which_it_needs(bare_clone):
    result = bare_clone(oldpython='case "$2" in *version_info*) exit 1; esac')
    assert result.returncode == 2
    assert "No Python of at least 3.11 among: nosuchpython oldpython" in result.stderr


def test_make_with_a_python_without_venv_says_what_to_install(bare_clone):
    result = bare_clone(halfpython='case "$2" in *ensurepip*) exit 1; esac')
    assert result.returncode == 2
    assert "halfpython has no venv and ensurepip" in result.stderr


def test_make_takes_the_first_python_that_will_do(bare_clone):
    result = bare_clone(
        half='case "$2" in *ensurepip*) exit 1; esac', good="echo $@ >> called; exit 0"
    )
    assert "building .venv with" in result.stdout
