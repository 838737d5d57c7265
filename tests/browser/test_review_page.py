"""The page on which staff grade by hand, in a real browser: what it saves is what merge takes."""

import json
import re

import pytest

from tests.course.classroom import grade
from tests.course.small import HALVE, TOTAL, small_spec
from tests.course.test_essays import HOSTILE, graded, handed_in, spec_with_essay
from tinylearn.course.grade.review import merge_review, review_page

pytestmark = pytest.mark.browser


def saved(page, folder):
    """What the page's button downloads."""
    with page.expect_download() as download:
        page.locator("#save").click()
    download.value.save_as(folder / "review.json")
    return folder / "review.json"


def test_points_typed_into_the_page_reach_adjust_json(page, tmp_path):
    name = "eve \"<script>alert(1)</script>'"
    grade(small_spec(), {"ann": [HALVE, TOTAL], name: [HALVE]}, tmp_path)
    page.goto(f"file://{review_page(small_spec(), tmp_path, 'q1')}")
    assert page.locator("section h2").all_inner_texts() == ["ann", name]
    page.locator("section:has(h2:text-is('ann')) .points").fill("1.5")
    page.locator("section").nth(1).locator(".comment").fill("Löst <b>nichts</b> & mehr")
    assert merge_review(saved(page, tmp_path), tmp_path) == 2
    students = json.loads((tmp_path / "adjust.json").read_text("utf-8"))["students"]
    assert students["ann"]["90_small"]["overrides"] == {"q1": 1.5}
    own = students[name]["90_small"]
    assert "overrides" not in own and own["marks"]["q1"]["comment"] == "Löst <b>nichts</b> & mehr"


@pytest.fixture
def essays(tmp_path):
    handed_in(tmp_path / "IN", ann="Half is less.", bob=HOSTILE, cy=None, dee="No idea.")
    graded(tmp_path / "IN", tmp_path)
    return review_page(spec_with_essay(), tmp_path, "e1")


def test_a_class_is_read_with_the_keyboard_alone(page, essays, tmp_path):
    page.goto(f"file://{essays}")
    states = page.locator(".state")
    assert page.locator("#count").inner_text() == "0 of 3 read"
    assert states.all_inner_texts() == ["to be read"] * 3
    for key in ("j", "2", "c"):
        page.keyboard.press(key)
    page.keyboard.type("Say 1 more: j k s.")
    for key in ("Escape", "n", "0", "j", "f", "u"):
        page.keyboard.press(key)
    assert states.all_inner_texts() == ["read", "read", "to be read"]
    assert page.locator("#count").inner_text() == "2 of 3 read"
    page.reload()  # what was typed is still there
    assert states.all_inner_texts() == ["read", "read", "to be read"]
    with page.expect_download() as download:
        page.keyboard.press("s")
    download.value.save_as(tmp_path / "review.json")
    merge_review(tmp_path / "review.json", tmp_path)
    students = json.loads((tmp_path / "adjust.json").read_text("utf-8"))["students"]
    ann = students["ann"]["90_small"]
    assert ann["overrides"] == {"e1": 2} and ann["marks"]["e1"]["met"] == ["gives a reason"]
    assert ann["marks"]["e1"]["comment"] == "Say 1 more: j k s."
    assert students["bob"]["90_small"]["overrides"] == {"e1": 0}
    assert students["dee"]["90_small"] == {}


def test_nothing_that_a_student_wrote_runs_in_the_page(page, essays):
    said = []
    page.on("dialog", lambda dialog: said.append(dialog.message))
    page.goto(f"file://{essays}")
    assert HOSTILE in page.locator("section .text").all_inner_texts()
    assert page.title() == "Small: Why halve?" and said == []
    assert page.locator("img, b, strong").count() == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_is_readable_by_day_and_by_night(page, essays, scheme):
    page.emulate_media(color_scheme=scheme)
    page.goto(f"file://{essays}")
    colours = "e => [getComputedStyle(e).color, getComputedStyle(e).backgroundColor]"
    ink, paper = page.locator("body").evaluate(colours)
    numbers = [sum(map(int, re.findall(r"\d+", text)[:3])) for text in (ink, paper)]
    assert (numbers[0] < 150 and numbers[1] > 600) == (scheme == "light")
    assert abs(numbers[0] - numbers[1]) > 500
