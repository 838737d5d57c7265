"""Histograms of watched tensors in the training dashboard: when, of what, and at no cost."""

import re

import numpy as np
import pytest

import tinylearn as tl
from tests.test_viz_training import Recorder, svgs
from tinylearn.viz.training.dashboard import LINES, progress


def labels(html: str) -> list[str]:
    return re.findall(r'role="img" aria-label="([^"]*)"', html)


class Training:
    """A small training of a model that is watched, on a clock that a test moves."""

    def __init__(self, steps=3, zero_first=True, seconds=1.0, notes=False, watch=True):
        tl.manual_seed(0)
        self.now, self.zero_first, self.notes = 0.0, zero_first, notes
        self.model = tl.nn.Linear(20, 10)
        self.optimizer = tl.nn.optim.SGD([self.model], lr=0.1)
        self.shown = []
        watched = self.model if watch else None
        self.bar = progress(range(steps), watch=watched, face=self, clock=lambda: self.now)
        rng = np.random.default_rng(0)
        self.x, self.y = rng.random((8, 20), np.float32), rng.integers(0, 10, 8)
        for _ in self.bar:
            self.step()
            self.now += seconds

    def show(self, tick):
        self.shown.append(self.bar.watched(tick.state != "running"))

    def step(self):
        if self.zero_first:
            self.optimizer.zero_grad()
        loss = self.model(tl.Tensor(self.x)).cross_entropy(tl.Tensor(self.y))
        loss.backward()
        if self.notes:
            self.bar.note(phase="learns")
        self.optimizer.step()
        if not self.zero_first:
            self.optimizer.zero_grad()


def test_gradients_are_drawn_though_nobody_computed_them():
    trained = Training()
    weight = trained.model.weight
    expected = gradient_by_hand(trained)
    least, most = f"{expected.min():.4g}", f"{expected.max():.4g}"
    assert f"gradient: {least} to {most}" in labels(trained.shown[-1])
    assert f"value: {weight.numpy().min():.4g} to {weight.numpy().max():.4g}" in labels(
        trained.shown[-1]
    )
    assert "Values and gradients at step 3." in trained.shown[-1]


def gradient_by_hand(trained) -> np.ndarray:
    """The gradient of the last step's loss by the weight before that step."""
    short = Training(steps=2, watch=False)
    w, b = short.model.weight.numpy(), short.model.bias.numpy()
    z = trained.x @ (w.T if w.shape == (10, 20) else w) + b
    p = np.exp(z - z.max(1, keepdims=True))
    p /= p.sum(1, keepdims=True)
    p[np.arange(8), trained.y] -= 1
    return p.T @ trained.x / 8


def test_a_look_at_gradients_leaves_graph_and_numbers_alone():
    watched, alone = Training(steps=5), Training(steps=5, watch=False)
    grad = watched.model.weight.grad
    assert grad.node.buffer is None and watched.model.weight.node.buffer is not None
    assert np.array_equal(watched.model.weight.numpy(), alone.model.weight.numpy())
    assert np.array_equal(grad.numpy(), alone.model.weight.grad.numpy())


def test_a_run_shorter_than_two_seconds_shows_its_end():
    trained = Training(steps=3, seconds=0.01)
    assert "at step 3" in trained.shown[-1] and "gradient:" in trained.shown[-1]


def test_looks_are_two_seconds_apart_and_the_rarer_the_longer_they_take():
    quick = Training(steps=9, seconds=0.5)
    assert len(set(quick.shown[:-1])) == 3  # at 0, 2 and 4 seconds
    bar = quick.bar
    slow = bar.watch.look

    def look(step):
        quick.now += 1.0
        slow(step)

    bar.watch.look = look
    quick.now = 100.0
    bar.watched()
    for quick.now in (103.0, 119.0):
        assert bar.watched() and quick.now in (103.0, 119.0)
    quick.now = 120.5
    bar.watched()
    assert quick.now == 121.5


def test_gradients_forgotten_before_the_look_are_said_and_not_missed_in_silence():
    text = Training(zero_first=False).shown[-1]
    assert "gradient:" not in text and "Try zero_grad() before backward()" in text
    assert "Try zero_grad" not in Training(zero_first=False).shown[0], "nothing has run yet"


def test_the_last_gradients_seen_stay_when_they_are_forgotten_later():
    trained = Training(steps=6, zero_first=False, notes=True)
    assert "gradient:" in trained.shown[-1]
    assert "Values at step 6, gradients at step 5." in trained.shown[-1]


def test_tensors_that_do_not_learn_are_not_told_to_keep_gradients():
    bar = progress(range(2), watch={"x": tl.Tensor(np.arange(100))}, face=Recorder())
    for _ in bar:
        pass
    assert labels(bar.watched(True)) == ["value: 0 to 99"] and "zero_grad" not in bar.watched()


def test_few_or_equal_numbers_and_too_many_are_a_line_of_text():
    many = tl.Tensor(np.zeros(1_000_001, np.float32))
    watch = {"few": tl.Tensor(np.arange(3.0)), "flat": tl.Tensor(np.full(50, 7.0)), "many": many}
    html = progress([], watch=watch, face=Recorder()).watched()
    for text in ("value: 0 to 2", "value: 7", "value: 1000001 numbers: too many to sum up"):
        assert f">{text}</div>" in html


def test_more_tensors_than_fit_are_counted():
    watch = {f"w{k}": tl.Tensor(np.arange(3.0)) for k in range(14)}
    assert "2 more are watched." in progress([], watch=watch, face=Recorder()).watched()


@pytest.mark.parametrize("least, most", [(-1.2345e-38, 1.2345e38), (0, 1), (-(2**62), 2**62)])
def test_the_ends_of_a_histogram_stand_beside_each_other_and_inside(least, most):
    values = np.linspace(least, most, 50).astype("int64" if isinstance(least, int) else "float64")
    svg = svgs(progress([], watch=tl.Tensor(values), face=Recorder()).watched())[0]
    wide = float(re.search('width="([0-9.]+)"', svg)[1])
    texts = re.findall(r"<text [^>]*>([^<]*)</text>", svg)
    assert 6 * sum(map(len, texts[1:])) + 8 <= wide, (texts, wide)


def test_a_gradient_that_cannot_be_computed_does_not_stop_the_training(monkeypatch):
    from tinylearn.viz.training import histograms

    monkeypatch.setattr(histograms, "plan_for", lambda request: 1 / 0)
    assert "gradient: not computed: ZeroDivisionError" in Training().shown[-1]


def test_lines_of_curves_stand_out_on_light_and_on_dark_pages():
    for colour in LINES:
        for page in ("#ffffff", "#111111", "#1e1e1e"):  # JupyterLab's two, and an editor's
            assert contrast(colour, page) >= 3, (colour, page)


def contrast(first: str, second: str) -> float:
    low, high = sorted([luminance(first), luminance(second)])
    return (high + 0.05) / (low + 0.05)


def luminance(colour: str) -> float:
    """As WCAG 2 defines it."""
    parts = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    linear = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
