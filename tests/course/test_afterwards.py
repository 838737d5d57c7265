"""After the grading: late days from times, feedback under a system's names, points by hand."""

import csv
import json
import zipfile
from datetime import datetime

import pytest

from tests.course.classroom import grade
from tests.course.small import HALVE, TOTAL, small_spec
from tinylearn.course.grade.adjust import adjustments
from tinylearn.course.grade.handback import feedback_zip, name_to_upload
from tinylearn.course.grade.report import write_reports, write_totals
from tinylearn.course.grade.review import merge_review, review_page
from tinylearn.course.grade.roster import missing, note

DUE = "2026-11-02T12:00+00:00"
LATE = [  # who, handed in, late days
    ("ann", "2026-11-02T11:00+00:00", 0),
    ("ann", "2026-11-02T12:14+00:00", 0),
    ("ann", "2026-11-02T12:16+00:00", 1),
    ("ann", "2026-11-03T12:30+00:00", 2),
    ("bob", "2026-11-05T12:10+00:00", 0),
    ("bob", "2026-11-05T13:00+00:00", 1),
    ("cy", "2026-11-20T12:00+00:00", 0),
    ("cy", "2026-11-02T14:00+01:00", 0),
    ("dee", "2026-11-02T13:10+01:00", 0),
]


@pytest.mark.parametrize(("who", "when", "days"), LATE)
def test_a_begun_day_after_grace_and_extension_is_late(tmp_path, who, when, days):
    said = {
        "due": {"90_small": DUE},
        "grace_minutes": 15,
        "students": {"bob": {"extra_days": 3}, "cy": {"late_days": 0}},
    }
    (tmp_path / "adjust.json").write_text(json.dumps(said))
    adjusted = adjustments(tmp_path, "90_small", ["q1"])
    assert adjusted.late_days(who, datetime.fromisoformat(when).timestamp()) == days
    assert adjustments(tmp_path, "91_other").late_days("ann", 4e9) == 0


def test_what_is_said_of_one_chapter_counts_for_that_one(tmp_path):
    entry = {"late_days": 1, "90_small": {"late_days": 3, "overrides": {"q1": 1}}}
    (tmp_path / "adjust.json").write_text(json.dumps({"students": {"ann": entry}}))
    own = adjustments(tmp_path, "90_small", ["q1", "q2"]).of("ann")
    assert (own.late_days, own.overrides) == (3, {"q1": 1})
    other = adjustments(tmp_path, "91_other", ["q1"]).of("ann")
    assert (other.late_days, other.overrides) == (1, {})


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("in/ann.ipynb", "ann.html"),
        ("in/ann_LATE_11_22_work-1.ipynb", "ann_LATE_11_22_feedback.html"),
        ("s.zip:ann_11_22_work.ipynb", "ann_11_22_feedback.html"),
        (
            "in/Ann X_12_assignsubmission_file_/w.ipynb",
            "Ann X_12_assignsubmission_file_/feedback.html",
        ),
    ],
)
def test_feedback_is_where_the_system_of_origin_looks_for_it(source, name):
    assert name_to_upload("ann", source) == name


def test_feedback_points_by_hand_and_totals(tmp_path):
    spec, out = small_spec(), tmp_path / "out"
    students = {"ann": [HALVE, TOTAL], "bob": [HALVE, TOTAL.replace("sum(", "len(")]}
    grade(spec, students, out)
    note(out, "90_small", tmp_path, {"ann": ("in/ann_1_2_a.ipynb", 1.0)}, {"ann": "1"})
    write_reports(spec, out)
    assert feedback_zip(spec, out, tmp_path / "f.zip") == 2
    with zipfile.ZipFile(tmp_path / "f.zip") as archive:
        assert set(archive.namelist()) == {"ann_1_2_feedback.html", "bob.html"}
    page = review_page(spec, out, "q1").read_text("utf-8")
    assert page.count("<section") == 2 and "return a / 2" in page

    review = tmp_path / "review.json"
    (out / "adjust.json").write_text('{"lost_per_day": 0.5}')
    review.write_text('{"assignment": "90_small", "students": {"bob": {"overrides": {"q2": -1}}}}')
    with pytest.raises(ValueError, match="0 or more"):
        merge_review(review, out)
    assert json.loads((out / "adjust.json").read_text()) == {"lost_per_day": 0.5}
    review.write_text('{"assignment": "90_small", "students": {"bob": {"overrides": {"q2": 0.5}}}}')
    assert merge_review(review, out) == 1
    said = {"overrides": {"q2": 0.5}, "marks": {"q2": {"comment": "Half <of> it."}}}
    review.write_text(json.dumps({"assignment": "90_small", "students": {"bob": said}}))
    assert merge_review(review, out) == 1
    write_reports(spec, out)
    shown = (out / "feedback" / "90_small" / "bob.html").read_text("utf-8")
    assert "From the staff: Half &lt;of&gt; it." in shown
    with write_totals(out).open(encoding="utf-8", newline="") as file:
        totals = {row["student"]: row["90_small"] for row in csv.DictReader(file)}
    assert totals == {"(points possible)": "3", "ann": "3", "bob": "2.5"}


ROSTERS = {
    "one name a line": "Alice Doe\nbob\n",
    "a table": "student;section\ndoealice;1\nbob;2\n",
    "Canvas": 'Student,ID,SIS Login ID\n"Doe, Alice",11,x\n"Bo, Bob",12,bob\n',
    "first and last": "First name,Last name,Email address\nAlice,Doe,a@x.org\nB,C,bob@x.org\n",
    "a mark before it": "\ufeffname\nAlic\u00e9 Doe\nbob\n",
}


@pytest.mark.parametrize("name", ROSTERS)
def test_a_roster_is_understood_as_systems_write_it(tmp_path, name):
    path = tmp_path / "roster.csv"
    path.write_text(ROSTERS[name], "utf-8")
    assert missing(path, {"doealice": "11", "bob": ""}) == ([], [])
    absent, unknown = missing(path, {"bob": "", "eve": ""})
    assert len(absent) == 1 and unknown == ["eve"]
