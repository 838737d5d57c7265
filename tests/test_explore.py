"""tl.explore: knobs from a signature, pictures for each setting; nothing outside is changed."""

from __future__ import annotations

import sys

import pytest

import tinylearn as tl
from tests.needed import need
from tests.test_by_hand import needs_compiler
from tinylearn import Device, Tensor
from tinylearn.parts import Part
from tinylearn.viz import plots
from tinylearn.viz.faces.picture import Picture, Refusal
from tinylearn.viz.faces.times import Profile
from tinylearn.viz.live.explorer import Explorer
from tinylearn.viz.live.knobs import Knob, KnobError, knobs_of
from tinylearn.viz.live.scene import Scene, Setting


def net(batch: (1, 512) = 8, width=4):  # type: ignore[valid-type]
    x, w = Tensor.rand(batch, 5), Tensor.rand(5, width)
    return (x @ w).relu().sum(1) * 2.0


# ---------------------------------------------------------------- knobs

SIGNATURES = [
    ("batch: (1, 512) = 64", Knob("batch", 64, 1, 512)),
    ("batch: (2, 9)", Knob("batch", 2, 2, 9)),
    ("width=128", Knob("width", 128, 1, 512)),
    ("rate=0.1", Knob("rate", 0.1, 0.025, 0.4, 0.00375)),
    ("rate: (0, 1.0) = 0.5", Knob("rate", 0.5, 0, 1.0, 0.01)),
    ("bias=True", Knob("bias", True, choices=(False, True))),
    ("bias: bool", Knob("bias", False, choices=(False, True))),
    ('act: ("relu", "tanh") = "tanh"', Knob("act", "tanh", choices=("relu", "tanh"))),
    ("size: (8, 32, 128) = 32", Knob("size", 32, choices=(8, 32, 128))),
]


def made(signature: str):
    names: dict = {}
    exec(f"def f({signature}): pass", names)
    return names["f"]


@pytest.mark.parametrize(("signature", "knob"), SIGNATURES, ids=[s for s, _ in SIGNATURES])
def test_an_argument_says_between_what_it_moves(signature, knob):
    assert knobs_of(made(signature)) == [knob]


@pytest.mark.parametrize("signature", ["batch", "batch=0", 'act="relu"', "batch: (1, 8) = 9"])
def test_an_argument_that_nobody_can_move_is_refused_with_a_repair(signature):
    with pytest.raises(KnobError) as caught:
        knobs_of(made(signature))
    repair = str(caught.value).partition("\nTry ")[2]
    assert len(knobs_of(made(repair))) == 1


# ---------------------------------------------------------------- what is shown


def kernels(scene: Scene, setting: Setting) -> list:
    shown = scene.look(setting)
    assert isinstance(shown, Picture), shown
    return shown.trace["kernels"]


def test_a_setting_decides_the_shapes_the_rules_and_the_language():
    scene = Scene(net)
    begin = scene.begin()
    (one,) = kernels(scene, Setting({"batch": 30, "width": 7}))[:1]
    assert "30×" in one["title"] and list(one["code"]) == ["numpy"]
    fewer = kernels(scene, begin)
    more = kernels(scene, Setting(begin.values, off=frozenset({"fuse.compute_where_used"})))
    assert len(more) > len(fewer)
    in_cuda = kernels(scene, Setting(begin.values, language="cuda"))
    assert "__global__" in in_cuda[0]["code"]["cuda"]["text"]


def test_loops_without_a_transform_are_plain_and_right():
    scene = Scene(lambda n=64: Tensor.rand(n, 48) * 2.0)
    texts = [
        kernels(scene, Setting({"n": 64}, language="c", off=off))[0]["code"]["c"]["text"]
        for off in (frozenset(), frozenset({"loops.vectorize"}))
    ]
    assert "x16" in texts[0] or "x8" in texts[0] or "x4" in texts[0]
    assert "float32x" not in texts[1] and "for (long" in texts[1]


def test_looking_and_measuring_leave_parts_and_the_device_as_they_were():
    scene, before = Scene(net), [(p.name, p.current) for p in Part.table.values()]
    device, version = Device.DEFAULT, len(before)
    everything = frozenset(n for n, _ in before if n.startswith(("fuse.", "join.", "loops.")))
    assert kernels(scene, Setting(scene.begin().values, off=everything))
    scene.measure(Setting(scene.begin().values, off=everything))
    assert [(p.name, p.current) for p in Part.table.values()] == before
    assert (Device.DEFAULT, len(before)) == (device, version)


def test_each_kernel_is_timed_also_without_rules():
    scene = Scene(net)
    for off in (frozenset(), frozenset({"fuse.compute_where_used", "fuse.epilogue"})):
        setting = Setting(scene.begin().values, off=off)
        timed = scene.measure(setting)
        assert isinstance(timed, Profile)
        assert len(timed.kernels) == len(kernels(scene, setting))


@needs_compiler
def test_the_c_device_is_timed_too():
    timed = Scene(net).measure(Setting({"batch": 8, "width": 4}, "c", "c"))
    assert isinstance(timed, Profile) and {k.language for k in timed.kernels} == {"c"}


@pytest.mark.parametrize("width", [3, 5])
def test_an_error_of_the_function_is_shown_with_its_line_and_the_setting(width):
    def wrong(width=4):
        x = Tensor.rand(2, 4)
        return x + Tensor.rand(2, width)

    scene = Scene(wrong)
    setting = Setting({"width": width})
    for shown in (scene.look(setting), scene.measure(setting)):
        assert isinstance(shown, Refusal)
        assert "ShapeError" in shown.reason and f"with width={width}" in shown.reason
        assert f"line {wrong.__code__.co_firstlineno + 2} of wrong" in shown.reason
    assert "a picture needs a Tensor" in Scene(lambda n=2: n).look(Setting({"n": 2})).reason


# ---------------------------------------------------------------- the explorer


def test_the_bars_name_each_kernel_and_the_settings_before():
    explorer = tl.explore(net)
    page = explorer.bars()
    count = len(explorer.scene.measure(explorer.setting).kernels)
    assert page.count("<tr>") == count + 1
    explorer.set(batch=9)
    page = explorer.bars()
    assert "batch=8, width=4, device numpy" in page and "batch=9, width=4" in page
    assert [s.values["batch"] for s, _ in explorer.times] == [8, 9]
    with pytest.raises(TypeError, match="there is no knob depth: batch, width"):
        explorer.set(depth=3)


def test_a_terminal_shows_the_setting_and_the_decisions(capsys):
    explorer = tl.explore(net)
    assert repr(explorer).startswith("batch=8, width=4, device numpy") and "FUSE" in repr(explorer)
    explorer._ipython_display_()
    assert "FUSE" in capsys.readouterr().out


def test_moving_a_widget_moves_the_setting():
    need("ipywidgets")
    explorer = Explorer(net)
    explorer.knobs()
    widgets = explorer.widgets
    widgets["batch"].value = 20
    widgets["fuse.epilogue"].value = False
    widgets["loops.split"].value = False
    widgets["/language"].value = "cuda"
    setting = explorer.setting
    assert setting.values == {"batch": 20, "width": 4} and setting.language == "cuda"
    assert setting.off == {"fuse.epilogue", "loops.split"}
    widgets["fuse.epilogue"].value = True
    assert explorer.setting.off == {"loops.split"}
    assert widgets["fuse.epilogue"].tooltip == Part.table["fuse.epilogue"].says
    if "c" in widgets["/device"].options:
        widgets["/language"].value = "numpy"
        widgets["/device"].value = "c"
        assert (explorer.setting.device, explorer.setting.language) == ("c", "c")


def test_without_ipywidgets_the_repair_is_told(monkeypatch):
    monkeypatch.setitem(sys.modules, "ipywidgets", None)
    with pytest.raises(ImportError, match=r"needs ipywidgets\nTry %pip install"):
        tl.explore(net).knobs()


# ---------------------------------------------------------------- in a notebook


class Shelf:
    """Stands where a notebook's outputs are: what was displayed, and what became of it."""

    def __init__(self) -> None:
        self.outputs: list[dict] = []

    def display(self, data, raw, display_id=False):
        self.outputs.append(data)
        return Handle(self, len(self.outputs) - 1)


class Handle:
    def __init__(self, shelf: Shelf, place: int) -> None:
        self.shelf, self.place = shelf, place

    def update(self, data, raw):
        self.shelf.outputs[self.place] = data


@pytest.fixture
def shelf(monkeypatch):
    """Outputs of a cell, of a notebook without a loop that would call later."""
    need("ipywidgets")
    found = Shelf()
    monkeypatch.setattr("IPython.display.display", found.display)
    monkeypatch.setattr("tinylearn.viz.live.explorer.in_notebook", lambda: True)
    return found


def test_a_notebook_gets_knobs_a_picture_and_bars_and_keeps_the_last_of_them(shelf):
    explorer = tl.explore(net)
    explorer._ipython_display_()
    knobs, picture, bars = shelf.outputs
    assert "application/vnd.jupyter.widget-view+json" in knobs
    assert "its knobs stand here" in knobs["text/html"] == f"<i>{knobs['text/plain']}</i>"
    assert "sum 8" in picture["text/plain"] and "<table" in bars["text/html"]
    explorer.widgets["batch"].value = 11
    _, picture, bars = shelf.outputs
    assert "sum 11" in picture["text/plain"] and "batch=11" in bars["text/html"]


def test_a_function_that_gives_a_picture_is_shown_as_that_picture(shelf):
    calls = []

    def steps(width: (1, 9) = 3):  # type: ignore[valid-type]
        calls.append(width)
        return plots.lines({"w": ([0, 1], [0, width])}, caption=f"Width {width}.", alt="A line.")

    explorer = tl.explore(steps)
    explorer._ipython_display_()
    assert list(explorer.widgets) == ["width"] and calls == [3]
    explorer.widgets["width"].value = 5
    _, picture, rest = shelf.outputs
    assert "Width 5." in picture["text/html"] and calls == [3, 5]
    assert "<table" not in rest["text/html"] and "<script>" in rest["text/html"]
