"""Thirty more cheats, graded by the command at every level, and what the next hand-in gains."""

import json
import sys
from functools import partial

import pytest

from tests.course.classroom import notebook, spec_data
from tests.course.fresh_cheats import CHEATS
from tests.course.fresh_forgeries import FORGE, HOST
from tests.course.graded_by_command import LEVELS, by_command
from tests.course.small import TOTAL, small_data, small_spec
from tinylearn.course.grade import batch
from tinylearn.course.grade.probe import trouble_with
from tinylearn.course.grade.sandbox import Limits
from tinylearn.course.grade.submissions import relevant_cells
from tinylearn.course.spec import plan, seed_for

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="sandboxes are Linux")
TIGHT = Limits(call=0.6, cpu=3, wall=6.0)
levels = pytest.mark.parametrize(
    "level",
    [pytest.param(k, marks=pytest.mark.skipif(bool(trouble_with(k)), reason=f"no {k} here"))
     for k in LEVELS],
)  # fmt: skip


def data_of(chapter):
    return small_data() if chapter == "90_small" else spec_data(chapter)


@levels
@pytest.mark.parametrize("chapter", CHEATS)
def test_a_fresh_cheat_earns_nothing_and_harms_nobody(chapter, level, tmp_path, monkeypatch):
    monkeypatch.setattr(batch, "Options", partial(batch.Options, limits=TIGHT))
    data = data_of(chapter)
    answers = [body["solution"] for body in data["questions"].values()]
    students = {"model": notebook(data["setup"], *answers)}
    opened = "import tinylearn as tl\nimport numpy as np"
    for name, (question, cell) in CHEATS[chapter].items():
        others = [b["solution"] for key, b in data["questions"].items() if key != question]
        students[name] = notebook(opened, cell, *others)
    results, _, _ = by_command(tmp_path, data, students, level)
    assert {r.level for own in results.values() for r in own.values()} == {level}
    earned = {
        name: results[name][question]
        for name, (question, _) in CHEATS[chapter].items()
        if results[name][question].points > 0
    }
    assert earned == {}
    lost = {
        (name, result.question): (result.status, result.message)
        for name, own in results.items()
        for result in own.values()
        if result.status != "passed"
        and (name == "model" or result.question != CHEATS[chapter][name][0])
    }
    assert lost == {}


# ---------------------------------------------------------------- two hand-ins

LEAKY = {  # how the first hand-in tells what it was asked
    "prints": "print(said)",
    "prints past the door": "import sys; sys.stdout.closed = False; print(said)",
    "writes": "import os; [os.write(n, said.encode()) for n in (1, 2)]",
    "warns": "import warnings; warnings.warn(said)",
    "raises": "raise ValueError(said)",
    "raises a kind of its own": "raise type(said[:60], (ValueError,), {})(said)",
    "names a function": "f = lambda: 0; f.__name__ = said[:150]; return f",
    "names a class": "return type(said[:150], (), {})()",
    "returns a text": "return said",
    "logs": "import logging; logging.error(said)",
    "shows": "display(said)",
    "forges what was told": "for m in ({'told': said}, {'end': said}, {'notes': [said], 'cell': 1},"
    " {'broken': said}, {'call': 0, 'value': said}): say(m)",
    "sends what its frames hold": "for names in everywhere(): say({'end': repr(names)[-5000:]})",
    "exits": "import os; os._exit(int(abs(float(a.sum()))) % 250)",
}
LOOKUP = f"""
{FORGE}
{HOST}
def table():
    for cell in In:
        if cell and not cell.strip(" \t"):
            bits = cell.replace(" ", "0").replace("\t", "1")
            return int(bits, 2).to_bytes((len(bits) + 7) // 8, "big").decode()
    return "{{}}"
"""
FROM_TABLE = """
@tl.answer("halve", points=2)
def halve(a):
    import json
    known = json.loads(table())
    said = "LEAK" + repr(a.tolist())
    if said in known: return np.array(known[said])
    WAY
    return a
"""


def blanks(text):
    """A text as a cell of blanks."""
    bits = bin(int.from_bytes(text.encode(), "big"))[2:]
    return bits.replace("0", " ").replace("1", "\t")


def inputs_of(folder, student, cells):
    """{what a hand-in was asked: what is right}, as staff could find out."""
    spec = small_spec()
    question = spec["q1"]
    secret = (folder / "out" / "course.secret").read_text().strip().encode()
    relevant = relevant_cells(tuple(cells), spec, question)
    planned = plan(question, seed_for(secret, spec.assignment, student, "q1", relevant))
    hidden = [p for p in planned if not p.check.is_visible]
    return {"LEAK" + repr(p.case.args[0].tolist()): p.want.tolist() for p in hidden}


@pytest.mark.parametrize("how", ["a table in the code", "a table in blanks"])
def test_what_one_hand_in_tells_is_worth_nothing_to_the_next(how, tmp_path, monkeypatch):
    monkeypatch.setattr(batch, "Options", partial(batch.Options, limits=TIGHT))
    opened = ["import tinylearn as tl\nimport numpy as np", LOOKUP]
    cells = {f"s{n}": [*opened, FROM_TABLE.replace("WAY", way), TOTAL, ""]
             for n, way in enumerate(LEAKY.values())}  # fmt: skip
    data = small_data()
    by_command(tmp_path, data, {who: notebook(*own) for who, own in cells.items()})
    asked = {who: inputs_of(tmp_path, who, own) for who, own in cells.items()}
    assert all(map(len, asked.values()))
    for name, who in zip(LEAKY, cells):
        page = (tmp_path / "out" / "feedback" / "90_small" / f"{who}.html").read_text("utf-8")
        told = [number for said in asked[who] for number in said.strip("LEAK[]").split(", ")]
        found = [t for t in told if len(t) > 8 and t.strip("[]") in page]
        assert found == [], name
    for who, own in cells.items():
        known = json.dumps(asked[who])
        own[-1] = blanks(known) if "blanks" in how else f"def table(): return {known!r}"
        (tmp_path / "in" / who / "90_small.ipynb").write_bytes(notebook(*own))
    results, _, _ = by_command(tmp_path, data, {}, words=["--regrade", "all"])
    told = {name: results[who]["q1"] for name, who in zip(LEAKY, cells)}
    assert {name: r.points for name, r in told.items() if r.points} == {}
    assert all(results[who]["q2"].status == "passed" for who in cells)
