"""Formulas as MathML: they read as written, and what cannot be read is refused."""

import re
from html import unescape

import pytest

from tests.needed import need
from tinylearn.course.lessons.formula import mathml

need("latex2mathml")


@pytest.mark.parametrize(
    ("latex", "reads"),
    [
        (r"x \cdot \sin x", "x·sin_x"),
        (r"2 \log^2 x", "2_log2_x"),
        (r"\max(x, y)", "max(x,y)"),
        (r"\text{fan\_in} \le 3", "fan_in≤3"),
        (r"\sum_i w_i x_i", "∑iwixi"),
        (r"a < b", "a<b"),
    ],
)
def test_a_formula_reads_as_written_with_space_around_functions(latex, reads):
    marked = mathml(latex).replace("<mspace", "_<mspace")
    assert re.sub(r"\s", "", unescape(re.sub(r"<[^>]*>", "", marked))) == reads


@pytest.mark.parametrize("latex", ["a & b", r"\text{<b>}", r"\frac{1}", r"\foo", r"\text{a \foo}"])
def test_what_is_no_formula_is_refused_and_not_half_shown(latex):
    with pytest.raises(ValueError, match="the formula"):
        mathml(latex)
