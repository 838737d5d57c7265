"""The first notebook: it runs, what its text claims is true, and its saved outputs are its own."""

import ast
import base64
import os
import re
import time
import zlib

import pytest

from tests.needed import need
from tests.repository import ROOT

nbformat, nbclient = need("nbformat"), need("nbclient")

NOTEBOOK = ROOT / "notebooks" / "00_tour.ipynb"
SAVED = nbformat.read(NOTEBOOK, as_version=4)
LONGEST = 15  # lines of a cell


def code_cells(book):
    return [cell for cell in book.cells if cell.cell_type == "code"]


def shown(book, name: str) -> str:
    """What a cell shows as text, printed or as its last value."""
    cell = next(cell for cell in book.cells if cell["id"] == name)
    texts = [out.get("text") or out.get("data", {}).get("text/plain", "") for out in cell.outputs]
    return "\n".join(texts).strip()


def pages(book) -> list[str]:
    """All HTML that a notebook's cells show."""
    outputs = [out for cell in code_cells(book) for out in cell.outputs]
    return [out.data["text/html"] for out in outputs if "text/html" in out.get("data", {})]


def prose(book) -> str:
    return "\n\n".join(cell.source for cell in book.cells if cell.cell_type == "markdown")


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """The notebook, run from the top in a folder that holds nothing, on the default device."""
    folder = tmp_path_factory.mktemp("tour")
    book = nbformat.read(NOTEBOOK, as_version=4)
    settings = {name: os.environ[name] for name in os.environ if not name.startswith("TINYLEARN_")}
    settings |= {"PYTHONPATH": str(ROOT), "IPYTHONDIR": str(folder / "ipython")}
    client = nbclient.NotebookClient(
        book,
        timeout=120,
        record_timing=False,
        resources={"metadata": {"path": str(folder)}},
        extra_arguments=["--log-level=ERROR"],
    )
    start = time.perf_counter()
    client.execute(env=settings)
    print(f"the tour ran in {time.perf_counter() - start:.1f} s")
    return book


# ---- what the text claims


def test_the_tour_runs_without_errors_and_warnings(ran):
    streams = [out for cell in code_cells(ran) for out in cell.outputs]
    assert [out for out in streams if out.get("name") == "stderr"] == []
    assert [out for out in streams if out.output_type == "error"] == []


def test_looking_at_a_tensor_computes_it_and_not_before(ran):
    assert "not computed yet" in shown(ran, "lazy")
    assert shown(ran, "look") == "[2.0, 5.0, 10.0]"


def test_three_ways_to_the_derivative_agree_to_six_digits(ran):
    slopes = [float(shown(ran, name)) for name in ("by-hand", "formula", "backward")]
    assert slopes == pytest.approx([1.381773] * 3, abs=1e-6)


def test_multiply_and_add_become_one_kernel_with_two_thirds_of_the_traffic(ran):
    text = " ".join(shown(ran, "explain").lower().split())
    assert "kernels 2 -> 1, memory traffic 24 mb -> 16 mb" in text
    assert re.findall(r" \d\. (\w+) ", text) == ["store", "fuse"]
    code = page_data(ran, "explain")
    assert "t2 = multiply" in code and "range(0, 1000000, 16384)" in code


def test_a_line_answers_one_half_everywhere(ran):
    assert shown(ran, "line") == "[0.5 0.5 0.5 0.5]"


def test_a_hidden_layer_learns_exclusive_or(ran):
    answers = [float(number) for number in shown(ran, "hidden").strip("[]").split()]
    assert answers == pytest.approx([0, 1, 1, 0], abs=0.02)
    assert answers != [0, 1, 1, 0]


def test_an_untrained_network_guesses(ran):
    assert 0.02 < float(shown(ran, "model")) < 0.2


def test_the_network_reads_at_least_95_percent_of_the_test_digits(ran):
    assert float(shown(ran, "exam")) >= 0.95


def test_the_progress_bar_saw_every_step(ran):
    assert "1250/1250" in shown(ran, "training")


def test_a_wrong_rule_is_refused_with_the_mistake_named(ran):
    text = shown(ran, "wrong-rule")
    assert text.startswith("gradient.mul: the gradient of x is wrong")
    assert "That is the answer for the other input" in text


def test_the_readers_own_rule_is_in_use_until_it_is_given_back(ran):
    assert shown(ran, "my-rule") == "['gradient.mul']"
    assert shown(ran, "my-rule-runs") == "(12.0, 2)"
    assert shown(ran, "my-rule-network") == "2"
    assert shown(ran, "give-back") == "[]"


def page_data(book, name: str) -> str:
    """The data inside the picture that a cell shows: unpacked where it was compressed."""
    cell = next(cell for cell in book.cells if cell["id"] == name)
    page = cell.outputs[0].data["text/html"]
    kind, data = re.search(
        r'type="application/(\w+)" class="tlv-data">(.*?)</script>', page
    ).groups()
    return zlib.decompress(base64.b64decode(data)).decode() if kind == "zlib" else data


# ---- what is saved in the repository


def test_the_saved_notebook_was_run_once_from_top_to_bottom():
    counts = [cell.execution_count for cell in code_cells(SAVED)]
    assert counts == list(range(1, len(counts) + 1))
    outputs = [out for cell in code_cells(SAVED) for out in cell.outputs]
    assert {out.output_type for out in outputs} <= {"execute_result", "display_data", "stream"}
    assert [out for out in outputs if out.get("name") == "stderr"] == []


def test_the_saved_outputs_are_what_the_cells_show(ran):
    """If they differ: python tools/run_notebook.py notebooks/00_tour.ipynb"""
    fixed = [c["id"] for c in code_cells(SAVED) if "varies" not in c.metadata.get("tags", [])]
    assert len(fixed) > 15
    for name in fixed:
        assert shown(SAVED, name).split() == shown(ran, name).split(), name


def test_the_saved_outputs_name_no_folder_of_a_machine():
    assert str(ROOT) not in NOTEBOOK.read_text("utf-8")
    assert re.findall(r'"(?:/home|/root|/Users|/tmp)/', NOTEBOOK.read_text("utf-8")) == []


def test_cells_have_names_and_metadata_without_traces_of_a_run():
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", cell["id"]) for cell in SAVED.cells)
    assert all(set(cell.metadata) <= {"tags"} for cell in SAVED.cells)
    assert set(SAVED.metadata) == {"kernelspec", "language_info"}


# ---- how it is written


def test_cells_are_short_and_each_is_followed_by_words():
    for cell, following in zip(SAVED.cells, SAVED.cells[1:], strict=False):
        if cell.cell_type == "code":
            assert len(cell.source.splitlines()) <= LONGEST, cell["id"]
            assert following.cell_type == "markdown", cell["id"]


def test_the_voice_is_calm():
    text = prose(SAVED)
    assert "!" not in text.replace("](..", "")
    assert re.findall(r"\b(simply|just|obviously|easy|easily)\b", text) == []
    assert text.count("*Predict") >= 10


def test_figures_are_numbered_in_order_with_captions_and_alternative_texts():
    captions = re.findall(r"^\*Figure (\d+)\.", prose(SAVED), re.MULTILINE)
    calls = [call for cell in code_cells(SAVED) for call in figures_of(cell.source)]
    drawn = [re.match(r"Figure (\d+)\. .+\.", call["caption"])[1] for call in calls]
    assert sorted(map(int, captions + drawn)) == list(range(1, len(captions + drawn) + 1))
    assert all(len(call["alt"]) > 40 for call in calls)
    assert len(pages(SAVED)) == len(captions + drawn)
    for page in pages(SAVED):
        assert re.search(r'aria-label="[^"]{20,}"|<img alt="[^"]{20,}"', page)


def figures_of(source: str) -> list[dict[str, str]]:
    """caption and alt of each call that has both."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            words = {k.arg: k.value.value for k in node.keywords if k.arg in ("caption", "alt")}
            found += [words] if len(words) == 2 else []
    return found


def test_the_files_it_sends_readers_to_exist():
    links = re.findall(r"\]\(([^)#:]+)\)", prose(SAVED))
    assert len(links) >= 8
    assert [link for link in links if not (NOTEBOOK.parent / link).exists()] == []


def test_parts_that_it_names_exist():
    from tinylearn.parts import Part

    named = set(re.findall(r"`((?:gradient|fuse|optim|loss)\.\w+)`", prose(SAVED)))
    assert named and named <= set(Part.table)
