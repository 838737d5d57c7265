"""The page on which staff grade by hand, in a real browser: what it saves is what merge takes."""

import json

import pytest

from tests.course.classroom import grade
from tests.course.small import HALVE, TOTAL, small_spec
from tinylearn.course.grade.handback import merge_review, review_page

pytestmark = pytest.mark.browser


def test_points_typed_into_the_page_reach_adjust_json(page, tmp_path):
    name = "eve \"<script>alert(1)</script>'"
    grade(small_spec(), {"ann": [HALVE, TOTAL], name: [HALVE]}, tmp_path)
    page.goto(f"file://{review_page(small_spec(), tmp_path, 'q1')}")
    assert page.locator("section h2").all_inner_texts() == ["ann", name]
    page.locator("section:has(h2:text-is('ann')) .points").fill("1.5")
    page.locator("section").nth(1).locator(".note").fill("Löst <b>nichts</b> & mehr")
    with page.expect_download() as download:
        page.locator("#save").click()
    saved = tmp_path / "review.json"
    download.value.save_as(saved)
    assert merge_review(saved, tmp_path) == 2
    students = json.loads((tmp_path / "adjust.json").read_text("utf-8"))["students"]
    assert students["ann"]["90_small"] == {"overrides": {"q1": 1.5}}
    assert students[name]["90_small"]["note"] == "Löst <b>nichts</b> & mehr"
