"""Films of small graphs, pictures of memory and threads: what they show is computed."""

import re
from urllib.parse import unquote
from xml.etree import ElementTree

import numpy as np
import pytest

import tinylearn as tl
from tinylearn import Tensor
from tinylearn.viz import plots
from tinylearn.viz.style import COLOURS
from tinylearn.viz.training.films import steps
from tinylearn.viz.training.memory import places_of

SVG = "{http://www.w3.org/2000/svg}"
DIAMOND = {"a": [], "b": ["a"], "c": ["a"], "d": ["b", "c"]}
LONG_AND_SHORT = {"x": [], "u": ["x"], "v": ["u"], "z": ["x", "v"]}


def chain(**options):
    """a * b + a at a = 0.5 and b = 2."""
    values = {"a": 0.5, "b": 2.0, "m": 1.0, "s": 1.5}
    slopes = {("a", "m"): 2.0, ("b", "m"): 0.5, ("m", "s"): 1.0, ("a", "s"): 1.0}
    return plots.backward(values, slopes, alt="Four boxes.", **options)


def words(svg):
    return [element.text for element in ElementTree.fromstring(svg).iter(f"{SVG}text")]


def frames(film):
    """The drawings of a film as they stand in its page."""
    found = re.findall(r'src="data:image/svg\+xml;charset=utf-8,([^"]*)"', film._repr_html_())
    return [unquote(data) for data in found]


def test_the_slopes_of_the_last_frame_are_those_that_backward_finds():
    a, b = Tensor(0.5), Tensor(2.0)
    (a * b + a).backward()
    shown = words(frames(chain())[-1])
    for name, tensor in (("a", a), ("b", b)):
        place = shown.index(f"{name} = {tensor.item():g}")
        assert shown[place + 1] == f"slope {tensor.grad.item():g}"


def test_a_slope_is_unknown_until_something_has_arrived():
    unknown = [words(frame).count("slope ?") for frame in frames(chain())]
    assert unknown == [3, 1, 0]


@pytest.mark.parametrize("inputs", [DIAMOND, LONG_AND_SHORT, {"x": []}, {"x": [], "y": ["x", "x"]}])
def test_the_walk_lists_every_box_once_and_after_its_inputs(inputs):
    *_, (_, stack, listed, _) = steps(inputs)
    assert stack == [] and sorted(listed) == sorted(inputs)
    for name in listed:
        assert all(listed.index(a) < listed.index(name) for a in inputs[name])


def test_a_film_shows_one_frame_for_each_button_and_says_what_happens_in_it():
    film = plots.walk(DIAMOND, caption="A walk.", alt="A walk through a diamond.")
    page, count = film._repr_html_(), len(list(steps(DIAMOND)))
    assert page.count('type="radio"') == len(frames(film)) == count == len(film.frames)
    assert page.count(" checked ") == 1
    for k, (_, says) in enumerate(film.frames, 1):
        assert f"{k} of {count}: {says}" in page and f"{k}. {says}" in str(film)
    assert all(ElementTree.fromstring(frame).get("aria-label") for frame in frames(film))


def test_a_name_in_a_film_is_text_and_no_tag():
    film = plots.walk({"<script>alert(1)</script>": []}, alt="A box.")
    assert "<script>alert" not in "".join(frames(film)) + film._repr_html_()


@pytest.mark.parametrize("array", [np.arange(12).reshape(3, 4), np.arange(12).reshape(3, 4).T,
                                   np.arange(12).reshape(3, 4)[::-1, 1:],
                                   np.broadcast_to(np.arange(12)[:4], (3, 4))])  # fmt: skip
def test_the_table_that_memory_shows_is_the_one_that_numpy_reads(array):
    strides = [stride // array.itemsize for stride in array.strides]
    start = int(array[0, 0])
    assert list(places_of(array.shape, strides, start)) == array.ravel().tolist()
    figure = plots.memory(range(12), array.shape, tuple(strides), start, at=(1, 2), alt="A table.")
    shown = words(figure.svg())
    assert shown[-array.size - 2 : -2] == [str(n) for n in array.ravel()]
    assert shown[-2:] == [f"{strides[1]:+d}", f"{strides[0]:+d}"]
    marked = [e for e in ElementTree.fromstring(figure.svg()) if e.get("fill") == "#E69F00"]
    assert len(marked) == 2


def test_a_table_that_would_read_beside_the_row_is_refused():
    with pytest.raises(ValueError, match="places 0 to 12 of 12 numbers"):
        plots.memory(range(12), (4, 4), (3, 1), alt="A table.")


@tl.kernel
def blocks_of(out):
    i = tl.block.y * tl.threads.y + tl.thread.y
    j = tl.block.x * tl.threads.x + tl.thread.x
    if i < out.shape[0] and j < out.shape[1]:
        out[i, j] = tl.block.y * tl.blocks.x + tl.block.x


@pytest.mark.parametrize(
    ("shape", "blocks", "threads"),
    [((1, 10), (3, 1), (4, 1)), ((5, 7), (2, 2), (4, 4)), ((3, 5), (3, 2), (2, 2))],
)
def test_the_threads_of_a_figure_stand_where_a_kernel_has_them(shape, blocks, threads):
    out = np.full(shape, -1.0, np.float32)
    blocks_of[blocks, threads](out)
    figure = plots.threads(shape, blocks, threads, alt="A grid.")
    squares = [e for e in ElementTree.fromstring(figure.svg()) if e.tag.endswith("rect")]
    across, down = (b * t for b, t in zip(blocks, threads, strict=True))
    drawn = np.array([e.get("fill") for e in squares]).reshape(down, across)
    colours = np.array([fill for fill, _ in COLOURS])[out.astype(int)]
    np.testing.assert_array_equal(drawn[: shape[0], : shape[1]], colours)
    assert (drawn == "none").sum() == across * down - out.size
    places = [text for text in words(figure.svg()) if ", " in text and "block" not in text]
    assert places == [f"{i}, {j}" for i in range(down) for j in range(across)]


def test_threads_over_one_axis_have_one_number_and_three_axes_are_refused():
    shown = words(plots.threads((10,), blocks=3, threads=4, alt="A row.").svg())
    assert [text for text in shown if text.isdigit()] == [str(i) for i in range(12)]
    assert [text for text in shown if "block" in text] == ["block 0", "block 1", "block 2"]
    with pytest.raises(ValueError, match="one axis or two, got the shape"):
        plots.threads((2, 2, 2), blocks=1, threads=8, alt="A cube.")
