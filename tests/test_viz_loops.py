"""The film of loops: every rewrite and transform of a kernel, its reason, the tree after it."""

import re

import pytest

import tinylearn as tl
from tinylearn import Tensor
from tinylearn.loops.text import parsed, shown
from tinylearn.loops.transforms import TRANSFORMS
from tinylearn.parts import using


def product():
    return (Tensor.rand(20, 50) @ Tensor.rand(50, 30) + Tensor.rand(30)).relu()


def test_each_step_says_its_reason_and_shows_a_tree_that_is_read_back():
    film = tl.explain(product(), level="loops")
    (kernel,) = film.kernels
    names = [step["name"].partition("(")[0] for step in kernel["steps"]]
    assert names[0] == "lower" and {"split", "sink", "vectorize", "unroll"} <= set(names)
    for step in kernel["steps"]:
        assert step["says"] and shown(parsed(step["text"])) == step["text"]
    known = {part.says for part in TRANSFORMS}
    assert kernel["steps"][-1]["says"] in known


def test_text_and_page_hold_all_steps(tmp_path):
    film = tl.explain(product(), level="loops")
    for step in film.kernels[0]["steps"]:
        assert step["name"] in str(film)
    page = film.save(tmp_path / "loops.html").read_text("utf-8")
    assert page.count("<details") == len(film.kernels[0]["steps"])
    assert "<script" not in film._repr_html_() and "<mark" in page
    with pytest.raises(ValueError, match="cannot save"):
        film.save(tmp_path / "loops.svg")


def test_only_what_a_step_changed_is_marked():
    film = tl.explain(Tensor.rand(40, 64) * 2, level="loops")
    trees = re.findall(r"<pre.*?>(.*?)</pre>", film._repr_html_(), re.DOTALL)
    assert "<mark" not in trees[0]
    assert all("out0: float32" not in mark for mark in re.findall(r"<mark.*?</mark>", trees[-1]))


def test_a_transform_of_ones_own_stands_in_the_film():
    from tinylearn.loops import transforms

    def mine(function, name):
        """Written out, as I like it."""
        return transforms.unroll.default(function, name)

    with using({"loops.unroll": mine}):
        assert "Written out, as I like it." in str(tl.explain(product(), level="loops"))


def test_nothing_to_compute_and_what_is_no_tensor_are_told_in_words():
    assert "Nothing has to be computed" in str(tl.explain(Tensor([1.0]), level="loops"))
    assert "tensor" in str(tl.explain(3, level="loops")).lower()
    assert '"loops"' in str(tl.explain(Tensor([1.0]) * 2, level="loop"))
