"""Which chapter is graded, when nobody says it: the one that the submissions are named after."""

import zipfile

import pytest

from tests.repository import ROOT
from tinylearn.course.grade.submissions import spec_for


def test_the_chapter_is_read_from_the_names_of_notebooks(tmp_path):
    (tmp_path / "ann").mkdir()
    (tmp_path / "ann" / "03_twelve_ops (1).ipynb").write_text("{}")
    assert spec_for(tmp_path, ROOT).name == "03_twelve_ops.spec.json"


def test_the_chapter_is_read_from_the_names_inside_an_archive(tmp_path):
    with zipfile.ZipFile(tmp_path / "ann.zip", "w") as archive:
        archive.writestr("ann/02_shapes.ipynb", "{}")
    assert spec_for(tmp_path, ROOT).name == "02_shapes.spec.json"


def test_a_single_notebook_names_its_chapter(tmp_path):
    (tmp_path / "01_one_number.ipynb").write_text("{}")
    assert spec_for(tmp_path / "01_one_number.ipynb", ROOT).name == "01_one_number.spec.json"


@pytest.mark.parametrize(
    "names", [["essay.ipynb"], ["01_one_number.ipynb", "02_shapes.ipynb"]], ids=["none", "several"]
)
def test_where_no_one_chapter_is_named_the_error_lists_them(tmp_path, names):
    for name in names:
        (tmp_path / name).write_text("{}")
    with pytest.raises(ValueError, match="Try --spec") as error:
        spec_for(tmp_path, ROOT)
    assert "03_twelve_ops" in str(error.value)
