"""The progress bar: what it says, how often, where, and that it leaves the place tidy."""

import io
import os
import subprocess
import sys

import pytest

from tests.needed import need
from tests.repository import ROOT
from tinylearn.nn.progress import (
    NotebookFace,
    PlainFace,
    Progress,
    TerminalFace,
    Tick,
    face_for,
    tick_html,
)


class Recorder:
    """A face that keeps its ticks."""

    def __init__(self):
        self.ticks = []

    def show(self, tick):
        self.ticks.append(tick)

    @property
    def states(self):
        return [tick.state for tick in self.ticks]


class Clock:
    """A clock that a test moves."""

    now = 100.0

    def __call__(self):
        return self.now


class Terminal(io.StringIO):
    """A stream that says it is a terminal; .screen() is what is left to read on it."""

    encoding = "utf-8"

    def isatty(self):
        return True

    def screen(self):
        lines = []
        for line in self.getvalue().split("\n"):
            shown = ""
            for text in line.split("\r"):
                shown = text + shown[len(text) :]
            lines.append(shown.rstrip())
        return lines


# ---- what it says


@pytest.mark.parametrize(
    "tick, text",
    [
        (Tick(0, 125, 0.0), "0/125"),
        (Tick(50, 125, 5.0), "50/125, 10/s, 7.5 s left"),
        (Tick(125, 125, 0.5, "done"), "125/125 in 0.5 s, 250/s"),
        (Tick(7, 125, 75.0, "stopped", "epoch 2"), "epoch 2: stopped at 7/125 after 1:15"),
        (Tick(3.25, 11.6, 2.0, unit="MB"), "3.2/11.6 MB, 1.62 MB/s, 5.1 s left"),
        (Tick(9, 10, 1.0, notes={"loss": 0.123456, "on": "c"}),
         "9/10, 9/s, 0.1 s left, loss 0.1235, on c"),
        (Tick(0, 0, 0.0, "done"), "0/0 in 0 ms, 0/s"),
        (Tick(12, 10, 1.0), "12/10, 12/s, 0 ms left"),
    ],
)  # fmt: skip
def test_a_tick_reads_as_a_sentence(tick, text):
    assert str(tick) == text


@pytest.mark.parametrize("done, total, share", [(0, 4, 0), (1, 4, 0.25), (9, 4, 1), (0, 0, 1)])
def test_the_share_stays_between_nothing_and_all(done, total, share):
    assert Tick(done, total, 1.0).share == share


# ---- how often


def test_a_fast_loop_is_shown_at_most_ten_times_a_second():
    face, clock = Recorder(), Clock()
    for _ in Progress(range(1000), face=face, clock=clock):
        clock.now += 0.01
    assert 90 <= len(face.ticks) <= 102
    gaps = [b.seconds - a.seconds for a, b in zip(face.ticks[:-1], face.ticks[1:-1])]
    assert min(gaps) >= 0.1 - 1e-9


def test_the_start_and_the_end_are_always_shown():
    face = Recorder()
    assert list(Progress("abc", face=face)) == ["a", "b", "c"]
    assert face.states == ["running", "done"]
    assert [tick.done for tick in face.ticks] == [0, 3]


def test_an_item_counts_as_done_when_the_loop_asks_for_the_next():
    bar = Progress(range(3), face=Recorder())
    assert [bar.done for _ in bar] == [0, 1, 2]


# ---- tidy at the end


def test_break_leaves_a_stopped_line():
    face = Recorder()
    for item in Progress(range(10), face=face):
        if item == 4:
            break
    assert face.states == ["running", "stopped"] and face.ticks[-1].done == 4


def test_an_exception_in_the_loop_leaves_a_stopped_line_and_goes_on_up():
    face = Recorder()
    with pytest.raises(ZeroDivisionError):
        for item in Progress(range(10), face=face):
            1 / (item - 2)
    assert face.states == ["running", "stopped"]


def test_an_exception_in_the_items_leaves_a_stopped_line_and_goes_on_up():
    def items():
        yield 1
        raise KeyboardInterrupt

    face = Recorder()
    with pytest.raises(KeyboardInterrupt):
        list(Progress(items(), total=5, face=face))
    assert face.states == ["running", "stopped"] and face.ticks[-1].done == 1


def test_a_bar_can_be_used_again_and_counts_from_zero():
    face = Recorder()
    bar = Progress(range(2), face=face)
    for _ in range(2):
        for _ in bar:
            bar.note(loss=1)
    assert [tick.done for tick in face.ticks] == [0, 2, 0, 2]
    assert [tick.notes for tick in face.ticks] == [{}, {"loss": 1.0}] * 2


def test_a_bar_without_items_is_moved_by_hand_and_closed_by_with():
    face = Recorder()
    with Progress(total=2.5, unit="MB", face=face, every=0) as bar:
        bar.advance(1.5)
    assert face.states == ["running", "running", "done"]
    with pytest.raises(OSError), Progress(total=2.5, face=face):
        raise OSError
    assert face.states[-1] == "stopped"


def test_items_without_a_length_need_a_total():
    with pytest.raises(TypeError, match=r"generator has no length.*give total="):
        Progress(i for i in range(3))
    assert len(Progress((i for i in range(3)), total=3, face=Recorder())) == 3
    assert len(Progress(range(7), face=Recorder())) == 7


# ---- a pipe, a terminal


def test_a_pipe_gets_one_line_at_the_end():
    out = io.StringIO()
    for _ in Progress(range(5), label="epoch 1", face=face_for(out), every=0):
        pass
    assert out.getvalue().startswith("epoch 1: 5/5 in ") and out.getvalue().count("\n") == 1
    assert "\r" not in out.getvalue()


def test_a_terminal_gets_one_line_that_is_written_over_without_remains(monkeypatch):
    out = Terminal()
    face = face_for(out)
    assert isinstance(face, TerminalFace)
    face.show(Tick(10, 20, 1.0, notes={"a long remark": "x" * 10}))
    face.show(Tick(20, 20, 1.0, "done"))
    print("next", file=out)
    assert out.screen() == [f"[{'#' * 20}] 20/20 in 1.0 s, 20/s", "next", ""]


@pytest.mark.parametrize("columns", [10, 40])
def test_a_line_never_wraps_in_a_narrow_terminal(monkeypatch, columns):
    monkeypatch.setattr(os, "get_terminal_size", lambda fd: os.terminal_size((columns, 24)))
    monkeypatch.setattr(Terminal, "fileno", lambda self: 2)
    out = Terminal()
    TerminalFace(out).show(Tick(10, 20, 1.0, label="a long label " * 9))
    assert len(out.getvalue().strip("\r")) == columns - 1


@pytest.mark.parametrize("face", [PlainFace, TerminalFace])
def test_a_stream_that_goes_away_does_not_stop_the_loop(face):
    out = Terminal()
    bar = Progress(range(3), face=face(out), every=0)
    for _ in bar:
        out.close()
    assert bar.done == 3
    assert list(Progress(range(3), face=face_for(None))) == [0, 1, 2]
    assert list(Progress(range(3), face=face_for(out))) == [0, 1, 2]


def test_a_label_that_the_terminal_cannot_write_is_no_error():
    out = io.TextIOWrapper(io.BytesIO(), "ascii", write_through=True)
    PlainFace(out).show(Tick(1, 1, 1.0, "done", label="época"))
    out.seek(0)
    assert out.read().startswith("?poca: 1/1")


LOOP = "from tinylearn.nn.progress import Progress\nfor _ in Progress(range(3)): print('x')"


def test_in_a_real_pipe_the_line_goes_to_stderr_alone():
    run = [sys.executable, "-c", LOOP]
    done = subprocess.run(run, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "x\n" * 3
    assert done.stderr.startswith("3/3 in ") and done.stderr.count("\n") == 1


@pytest.mark.skipif(os.name != "posix", reason="a pseudo-terminal of POSIX")
def test_in_a_real_terminal_the_line_moves():
    import pty

    ours, theirs = pty.openpty()
    subprocess.run([sys.executable, "-c", LOOP], cwd=ROOT, stdout=-3, stderr=theirs, check=True)
    os.close(theirs)
    shown = os.read(ours, 10_000).decode()
    os.close(ours)
    assert shown.startswith("\r[....................] 0/3")
    assert "\r[####################] 3/3 in " in shown and shown.endswith("\r\n")


# ---- a notebook


def test_html_is_one_accessible_element_with_every_text_escaped():
    page = tick_html(Tick(5, 10, 1.0, label='<b>"&', notes={"<i>": "</div><script>"}))
    assert '<progress value="0.5000" max="1" aria-label="&lt;b&gt;&quot;&amp;"' in page
    assert "<b>" not in page and "<i>" not in page and "<script>" not in page
    assert page.count("<div") == page.count("</div>") == 1


CELLS = [
    "from tinylearn.nn.progress import Progress\nimport time",
    "for _ in Progress(range(30), label='train'): time.sleep(0.01)",
    "for i in Progress(range(30), label='cut'):\n    if i == 3: break",
    "for i in Progress(range(30), label='error'): 1 / (i - 3)",
]


def test_a_notebook_keeps_one_output_a_loop_even_after_break_and_error():
    nbformat, nbclient = need("nbformat"), need("nbclient")
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in CELLS])
    client = nbclient.NotebookClient(
        notebook, allow_errors=True, resources={"metadata": {"path": str(ROOT)}}
    )
    client.execute()
    outputs = [cell.outputs for cell in notebook.cells]
    assert outputs[0] == []
    for cell, says in zip(outputs[1:], ["train: 30/30 in", "cut: stopped at 3/30", "error: stopp"]):
        assert cell[0].output_type == "display_data" and "<progress" in cell[0].data["text/html"]
        assert cell[0].data["text/plain"].startswith(says)
    assert [len(cell) for cell in outputs[1:]] == [1, 1, 2]
    assert outputs[3][1].ename == "ZeroDivisionError"


def test_outside_a_notebook_an_imported_ipython_changes_nothing():
    need("IPython")
    assert not isinstance(face_for(io.StringIO()), NotebookFace)
