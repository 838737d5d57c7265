"""`tinylearn course new NN_topic`: a chapter that builds and passes, to be overwritten."""

from __future__ import annotations

import re
from pathlib import Path

TEMPLATE = '''# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # {title}
#
# What the student builds here, and what runs on it at the end.

# %%
import tinylearn as tl

tl.course.exercise("{name}")

# %% [markdown]
# ## q1. Double (1 point)
#
# What is asked, what is checked, and one thing to predict before writing it.

# %% tags=["question"]
from tinylearn.course.question import case, question

q1 = question(
    "q1",
    answer="double",
    points=1,
    title="Double",
    hints=("The first hint points.", "The second explains.", "The third all but says it."),
)


@q1.visible("by hand")
def _():
    yield case("three", 3)


@q1.hidden("random numbers", points=1)
def _(rng):
    for _ in range(5):
        yield case("a number", rng.randint(-99, 99))


# %%
@tl.answer("double", points=1)
def double(x):
    """Twice x."""
    ### BEGIN SOLUTION return twice x
    return 2 * x
    ### END SOLUTION


# %%
tl.check("q1")
'''
MISTAKES = '''"""Known mistakes of chapter {number}: edits of the model answer, whole answers."""

# fmt: off
q1.mistake("You add 2; doubling multiplies by 2.", replace="2 * x", by="2 + x")
q1.mistake("You return x itself.", replace="2 * x", by="x")


@q1.wrong("You square; doubling multiplies by 2.")
def squares(x):
    return x * x
'''


def new_chapter(name: str, root: Path) -> Path:
    """Write solutions/NAME.py and its mistakes, and give the first one's path.

    Raises ValueError for an odd name or an existing file.
    """
    if not re.fullmatch(r"\d\d_[a-z0-9_]+", name):
        raise ValueError(f"a chapter is called like 05_xor, not {name!r}")
    path = root / "solutions" / f"{name}.py"
    if path.exists():
        raise ValueError(f"{path} is there already")
    beside = path.parent / "mistakes" / path.name
    beside.parent.mkdir(parents=True, exist_ok=True)
    title = name[3:].replace("_", " ").capitalize()
    path.write_text(TEMPLATE.format(name=name, title=title), "utf-8")
    beside.write_text(MISTAKES.format(number=name[:2]), "utf-8")
    return path
