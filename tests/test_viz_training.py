"""The training dashboard: curves, epochs, costs, and what stays in the saved notebook."""

import math
import re
from dataclasses import replace
from urllib.parse import unquote
from xml.etree import ElementTree

import numpy as np
import pytest

import tinylearn as tl
from tests.needed import need
from tinylearn.viz.training.dashboard import KEPT, CurvesFace, Dashboard, progress

HOSTILE = "</svg><script>alert(1)</script><img src=x onerror=alert(1)>\"'&%41"


class Recorder:
    """A face that keeps what it was shown."""

    def __init__(self):
        self.ticks = []

    def show(self, tick):
        self.ticks.append(tick)


def run(values, **options) -> Dashboard:
    bar = progress(values, face=Recorder(), **options)
    for value in bar:
        bar.note(loss=value)
    return bar


def test_every_note_becomes_a_point_of_its_curve():
    bar = run([3.0, 2.0, 1.0])
    assert bar.history["loss"].values == [3.0, 2.0, 1.0]
    assert bar.history["loss"].steps == [1, 2, 3]
    assert "loss: 3 values, last 1" in repr(bar.history)


def test_epochs_follow_each_other_in_one_history():
    bar = run([2.0, 1.0])
    for value in bar:
        bar.note(loss=value)
    assert bar.history["loss"].steps == [1, 2, 3, 4]
    assert bar.history.epochs == [1, 3]


def test_the_last_of_a_thousand_steps_is_step_1000():
    bar = run([1.0] * 1000)
    assert ">step 1000</text>" in bar.history.svg() and ">1</text>" in bar.history.svg()
    bar.note(accuracy=0.9)
    assert bar.history["accuracy"].steps == [1000]


def test_without_a_loop_the_first_advance_begins_and_the_total_ends():
    bar = progress(total=2, face=Recorder())
    bar.advance()
    assert [tick.state for tick in bar.face.ticks] == ["running"]
    bar.advance()
    assert [tick.state for tick in bar.face.ticks] == ["running", "done"]
    assert bar.face.ticks[-1].done == 2


def test_without_a_loop_the_first_note_begins_too_and_is_kept():
    bar = progress(total=0.3, face=Recorder())
    for loss in [3.0, 2.0, 1.0]:
        bar.note(loss=loss)
        bar.advance(0.1)
    assert bar.history["loss"].values == [3.0, 2.0, 1.0]
    assert [tick.notes for tick in bar.face.ticks] == [{}, {"loss": 1.0}]
    assert bar.state == "done"


def test_in_with_a_reached_total_does_not_end_the_line():
    with progress(total=1, face=Recorder()) as bar:
        bar.advance()
        assert bar.state == "running"
    assert bar.face.ticks[-1].state == "done"


def test_a_long_run_is_drawn_with_few_points_and_keeps_all_values():
    bar = run([1 / (1 + k) for k in range(5000)])
    curve = bar.history["loss"]
    assert len(curve.values) == 5000 and len(curve.thin) <= KEPT
    assert len(bar.history.svg()) < 8000


def test_text_notes_stand_beside_the_bar_and_are_no_curve():
    bar = progress([1], face=Recorder())
    for _ in bar:
        bar.note(phase="warm-up", loss=1)
    assert set(bar.history.curves) == {"loss"}
    assert "warm-up" in str(bar.face.ticks[-1])


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_loss_that_is_not_finite_is_said_and_still_drawn(bad):
    svg = run([1.0, bad, 2.0, bad]).history.svg()
    ElementTree.fromstring(svg)
    assert "2 NaN or infinite" in svg and "nan," not in svg.split("points=")[1].split('"')[1]


def test_many_curves_stand_in_rows_of_two_so_that_their_text_stays_large():
    bar = progress([1, 2], face=Recorder())
    for value in bar:
        bar.note(a=value, b=value, c=value, d=value, e=value)
    svg = bar.history.svg()
    assert 'viewBox="0 0 600 390"' in svg and svg.count("translate(300 ") == 2


@pytest.mark.parametrize("value", [0.003, 0.0, -5.0])
def test_a_curve_that_stays_flat_is_seen_off_the_axis(value):
    svg = run([value] * 3).history.svg()
    heights = {point.split(",")[1] for point in re.search('points="([^"]*)"', svg)[1].split()}
    assert heights == {"66.0"}  # the middle between 20 and 112


def test_hostile_names_of_curves_are_text():
    bar = progress([1], face=Recorder())
    for _ in bar:
        bar.note(**{"</svg><script>": 1.0})
    assert "<script" not in bar.history.svg()


def shown(bar, watched="", state="running") -> str:
    return CurvesFace(bar.history, lambda last: watched).html(replace(bar.tick(), state=state))


def test_while_it_runs_the_dashboard_is_html_without_scripts():
    html = shown(run([2.0, 1.0]))
    assert "<polyline" in html and "<script" not in html and "<progress" in html


@pytest.mark.parametrize("state", ["done", "stopped"])
def test_a_notebook_keeps_images_that_are_seen_before_it_is_trusted(state):
    """Without trust, inline drawings and scripts are dropped, and the text of drawings is not."""
    bar = run([2.0, 1.0], watch={"w": tl.Tensor(np.arange(100.0))})
    histograms = bar.watched()
    html = shown(bar, histograms, state)
    assert "<svg" not in html and "<text" not in html and "<progress" in html
    assert html.count("<script") == html.count("</script>") == 1
    assert 'alt="loss went from 2 to 1"' in html and 'alt="value: 0 to 99"' in html
    drawings = [unquote(uri.split(",", 1)[1]) for uri in re.findall(r'src="([^"]*)"', html)]
    assert drawings == [svg.replace('"', "'") for svg in [bar.history.svg(), *svgs(histograms)]]


def svgs(html: str) -> list[str]:
    return re.findall("<svg.*?</svg>", html)


def test_hostile_names_stay_text_in_the_images():
    bar = progress([1], face=Recorder())
    for _ in bar:
        bar.note(**{HOSTILE: 1.0})
    html = shown(bar, state="done")
    (image,) = re.findall(r'<img alt="[^"<]*" src="([^"<]*)" style="[^"<]*">', html)
    ElementTree.fromstring(unquote(image.split(",", 1)[1]))
    assert html.count("<script") == 1 and html.count("<img") == 1


def test_the_history_is_a_matplotlib_figure_on_request():
    need("matplotlib")
    figure = run([3.0, 2.0, 1.0]).history.to_matplotlib()
    (axes,) = figure.axes
    assert list(axes.lines[0].get_ydata()) == [3.0, 2.0, 1.0]


def test_the_history_is_a_figure_that_needs_no_other_package():
    figure = run([3.0, 2.0, 1.0]).history.plot()
    ElementTree.fromstring(figure.svg())
    assert figure.alt == "loss went from 3 to 1" and "<polyline" in figure.svg()


def test_a_history_without_values_says_what_to_do():
    with pytest.raises(ValueError, match=r"Try|try bar\.note"):
        progress([1], face=Recorder()).history.plot()


@pytest.mark.parametrize("place", [0, 1, 700, 4999])
def test_the_first_and_the_largest_loss_are_never_thinned_out(place):
    losses = [2.0 + math.sin(k) / 10 for k in range(5000)]
    losses[0], losses[place] = 3.0, 9.0
    curve = run(losses).history["loss"]
    assert len(curve.points()) < KEPT + 4
    assert {(1, losses[0]), (place + 1, 9.0)} <= set(curve.points())
    chart = run(losses).history.svg()
    assert ">9</text>" in chart, "the upper end of the axis"
