"""What a report looks like in a notebook: well-formed, and its colours mean something."""

from __future__ import annotations

import re
from urllib.parse import unquote
from xml.etree import ElementTree

import numpy as np
import pytest

import tinylearn as tl
from tinylearn.devices.simulator.counting import bank_passes, sectors
from tinylearn.devices.simulator.picture import pass_colours, sector_colours
from tinylearn.devices.simulator.report import Access


@tl.kernel
def strided(out, x, step):
    i = tl.thread.x
    s = tl.shared(1024)
    s[i * step] = x[i * step]
    tl.barrier()
    out[i] = s[i * step]


def pictured(step: int) -> ElementTree.Element:
    report = strided[1, 32](np.zeros(32, np.float32), np.ones(1024, np.float32), step)
    return ElementTree.fromstring(f"<div>{report._repr_html_()}</div>")


def colours(drawing: ElementTree.Element) -> dict[str, int]:
    """How many colours each strip has, by what it says."""
    begin, found = "data:image/svg+xml,", {}
    for image in drawing.iter("img"):
        svg = ElementTree.fromstring(unquote(image.get("src").removeprefix(begin)))
        found[image.get("alt")] = len({r.get("fill") for r in svg if r.tag.endswith("}rect")})
    return found


@pytest.mark.parametrize(("step", "needed", "passes"), [(1, 4, 1), (2, 8, 2), (8, 32, 8)])
def test_a_strip_says_and_shows_how_many_sectors_a_warp_needs(step, needed, passes):
    found = colours(pictured(step))
    assert found[f"x: the first warp needs up to {needed} sectors at a time"] == min(needed, 6)
    word = "pass" if passes == 1 else "passes"
    assert found[f"s: the first warp needs up to {passes} {word} at a time"] == min(passes, 6)


@pytest.mark.parametrize("seed", range(20))
def test_a_strip_has_as_many_colours_as_are_counted(seed):
    places = np.random.default_rng(seed).integers(-1, 200, 32)
    for size in (4, 8):
        access = Access(0, "x", "argument", size)
        assert sector_colours(access, places).max() + 1 == sectors(places[None], size)[1]
    access = Access(0, "s", "shared", 4)
    assert pass_colours(access, places).max() + 1 == bank_passes(places[None], 4)[1]


def test_the_table_has_the_lines_of_the_kernel_and_their_numbers():
    text = "".join(pictured(1).itertext())
    assert "s[i * step] = x[i * step]" in text and "all lines" in text
    assert re.search(r"100% of the bytes that were moved are needed", text)


def test_a_strip_is_an_image_which_a_notebook_shows_before_it_is_trusted():
    page = strided[1, 32](*np.ones((2, 1024), np.float32), 1)._repr_html_()
    assert page.count("<img ") == 4 and "<svg" not in page


def test_text_of_a_kernel_is_no_markup():
    @tl.kernel
    def tricky(out):
        if tl.thread.x < 3:  # <b> & "quotes"
            out[tl.thread.x] = 1.0

    page = tricky[1, 8](np.zeros(8, np.float32))._repr_html_()
    assert "<b>" not in page and "&lt;b&gt;" in page


def test_rounds_that_are_written_out_share_one_strip_for_each_memory():
    @tl.kernel
    def in_rounds(out):
        s = tl.shared(8)
        half = 4
        while half > 0:
            s[tl.thread.x] = half
            half = half // 2
        out[tl.thread.x] = s[tl.thread.x]

    report = in_rounds[1, 8](np.zeros(8, np.float32))
    assert [(a.memory, len(a.places)) for a in report.accesses] == [("s", 3), ("s", 1), ("out", 1)]


def test_atomic_additions_are_counted_one_by_one():
    @tl.kernel
    def gather(total, x):
        tl.atomic_add(total, 0, x[tl.thread.x])

    report = gather[2, 20](np.zeros(1, np.float32), np.ones(20, np.float32))
    assert report.total.atomic == 40
