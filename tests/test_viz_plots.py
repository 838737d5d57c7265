"""Lesson figures: curves, the plane, rows of images; captions, alternative texts, hostile input."""

import base64
import itertools
import re
import struct
import zlib
from urllib.parse import unquote
from xml.etree import ElementTree

import numpy as np
import pytest

from tinylearn import Tensor
from tinylearn.viz import plots

HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(1)>\"'&"
SVG = "{http://www.w3.org/2000/svg}"


def curve(**options):
    x = np.linspace(0, 3, 7)
    return plots.lines({"square": (x, x * x)}, alt="A parabola.", **options)


def corners(**options):
    return plots.plane([[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0], alt="Corners.", **options)


def grid(count=12, **options):
    pixels = np.linspace(0, 1, count * 16, dtype=np.float32).reshape(count, 16)
    return plots.images(pixels, alt="Grey squares.", **options)


def parsed(figure):
    return ElementTree.fromstring(figure.svg())


def pixels(uri: str) -> tuple[int, int, bytes]:
    """Width, height and raw rows of a PNG made by plots.png, its checksums verified."""
    data, chunks = base64.b64decode(uri.split(",")[1])[8:], {}
    while data:
        size, kind = struct.unpack(">I4s", data[:8])
        body, check = data[8 : 8 + size], struct.unpack(">I", data[8 + size : 12 + size])[0]
        assert zlib.crc32(kind + body) == check
        chunks[kind], data = body, data[12 + size :]
    return *struct.unpack(">II", chunks[b"IHDR"][:8]), zlib.decompress(chunks[b"IDAT"])


@pytest.mark.parametrize("make", [curve, corners, grid])
def test_a_figure_is_valid_svg_with_its_alternative_text(make):
    figure = make(caption="What it shows.")
    assert parsed(figure).get("aria-label") == figure.alt
    assert f'<img alt="{figure.alt}"' in figure._repr_html_()
    assert "<figcaption" in figure._repr_html_() and "What it shows." in str(figure)


@pytest.mark.parametrize("make", [curve, corners, grid])
def test_the_image_holds_the_whole_drawing(make):
    """The script in the page opens it up."""
    figure = make()
    source = re.search(r' src="([^"]+)"', figure._repr_html_())[1]
    assert ElementTree.canonicalize(unquote(source.split(",", 1)[1])) == (
        ElementTree.canonicalize(figure.svg())
    )


@pytest.mark.parametrize("make", [plots.lines, plots.plane, plots.images])
def test_a_figure_without_an_alternative_text_is_refused(make):
    arguments = {
        plots.lines: [{"x": ([0, 1], [0, 1])}],
        plots.plane: [[[0, 0], [1, 1]], [0, 1]],
        plots.images: [np.zeros((1, 4))],
    }
    with pytest.raises(ValueError, match="alt="):
        make(*arguments[make])


def test_texts_cannot_become_markup():
    hostile = plots.lines({HOSTILE: ([0, 1], [0, 1])}, {HOSTILE: (0, 0)}, HOSTILE, HOSTILE)
    labelled = plots.images(np.zeros((1, 4)), [HOSTILE], caption=HOSTILE, alt=HOSTILE)
    for figure in (hostile, labelled):
        page = figure._repr_html_()
        assert page.count("<script") == 1 and "alert(1)</script" not in page
        assert "<img src=x" not in page
        assert parsed(figure).get("aria-label") == HOSTILE


def test_a_curve_passes_through_its_points():
    figure = plots.lines({"line": ([0, 1, 2], [0, 1, 2])}, alt="A line.")
    points = parsed(figure).find(f"{SVG}polyline").get("points").split()
    (x0, y0), (x1, y1), (x2, y2) = [tuple(map(float, point.split(","))) for point in points]
    assert x1 == pytest.approx((x0 + x2) / 2, abs=0.1) and y1 == pytest.approx(
        (y0 + y2) / 2, abs=0.1
    )
    assert x0 < x2 and y0 > y2, "y grows upwards"


def test_labels_of_curves_that_end_together_do_not_cover_each_other():
    same = plots.lines({k: ([0, 1], [0, 1]) for k in "abc"}, alt="Three equal lines.")
    heights = [float(t.get("y")) for t in parsed(same).iter(f"{SVG}text") if t.text in "abc"]
    heights.sort()
    assert all(b - a >= 13 for a, b in itertools.pairwise(heights))


def test_points_that_are_not_finite_are_left_out():
    figure = plots.lines({"x": ([0, 1, 2], [0, np.nan, 2])}, alt="Two points.")
    assert len(parsed(figure).find(f"{SVG}polyline").get("points").split()) == 2
    with pytest.raises(ValueError, match="finite"):
        plots.lines({"x": ([0], [np.inf])}, alt="Nothing.")
    with pytest.raises(ValueError, match="2 xs and 3 ys"):
        plots.lines({"x": ([0, 1], [0, 1, 2])}, alt="Nothing.")


@pytest.mark.parametrize("low, high", [(0, 1e-9), (-5, 5), (0, 7e6), (1e5, 1e5 + 1), (2, 2)])
def test_axes_have_a_few_round_numbers(low, high):
    ticks = plots.ticks(*plots.ends(low, high))
    assert 2 <= len(ticks) <= 8


def test_the_plane_shows_the_answer_at_its_place():
    figure = corners(answer=lambda points: points[:, 0] > 0.5)
    uri = parsed(figure).find(f"{SVG}image").get("href")
    width, height, rows = pixels(uri)
    assert (width, height) == (plots.CELLS, plots.CELLS)
    for row in range(height):
        line = rows[row * (1 + 3 * width) :][1 : 1 + 3 * width]
        assert tuple(line[:3]) == plots.LOW and tuple(line[-3:]) == plots.HIGH


def test_the_plane_is_computed_without_recording_gradients():
    weight = Tensor([[1.0], [1.0]])
    seen = []

    def answer(points):
        result = (points @ weight).sigmoid()
        seen.append(result.requires_grad)
        return result

    corners(answer=answer)
    assert seen == [False] and weight.grad is None


def test_an_answer_of_the_wrong_length_is_refused():
    with pytest.raises(ValueError, match="2304 points were asked for, 4608 numbers came back"):
        corners(answer=lambda points: points)


@pytest.mark.parametrize("shape", [(3, 16), (3, 4, 4), (3, 1, 4, 4)])
@pytest.mark.parametrize("kind", [np.asarray, Tensor])
def test_images_come_in_three_shapes_as_arrays_and_tensors(shape, kind):
    ink = np.zeros((3, 16), np.float32)
    ink[1, 5] = 1
    figure = plots.images(kind(ink.reshape(shape)), [7, 8, 9], alt="Three squares.")
    found = [pixels(tag.get("href")) for tag in parsed(figure).iter(f"{SVG}image")]
    assert [size[:2] for size in found] == [(4, 4)] * 3
    assert found[1][2][5:10] == b"\0\xff\0\xff\xff", "the second row: its mark, then one black"
    assert [t.text for t in parsed(figure).iter(f"{SVG}text")] == ["7", "8", "9"]


def test_images_that_are_not_square_or_miss_labels_are_refused():
    with pytest.raises(ValueError, match="square rows"):
        plots.images(np.zeros((2, 15)), alt="No square.")
    with pytest.raises(ValueError, match="3 images need as many labels, got 2"):
        plots.images(np.zeros((3, 16)), [1, 2], alt="Too few labels.")
