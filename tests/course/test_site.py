"""The course site: what stands on its pages, what never does, and which lessons are refused."""

import re
import shutil
import subprocess
import sys
from html import unescape
from html.parser import HTMLParser
from itertools import pairwise
from urllib.parse import unquote

import pytest

from tests.needed import need
from tests.repository import ROOT
from tinylearn.course import command
from tinylearn.course.author.release import leaks, secret_lines
from tinylearn.course.lessons.page import NEEDS, alone
from tinylearn.course.lessons.site import MARK, PARTS, site
from tinylearn.course.spec import load

nbformat = need("nbformat")
HOSTILE = "<img src=x onerror=hacked()> \"quoted\" & 'so' </title></script>"


class Elements(HTMLParser):
    """The elements of a page as (tag, attributes)."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found = []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))

    def values(self, name: str, *tags: str) -> list[str]:
        return [a[name] for tag, a in self.found if name in a and (not tags or tag in tags)]


def words(text: str) -> str:
    """What a reader sees of a page, without scripts and styles."""
    return unescape(re.sub(r"<(script|style)\b.*?</\1>|<[^>]*>", "", text, flags=re.DOTALL))


def lesson(root, name="01_first.ipynb", cells=("# 01 First\n\nIt begins.",), **changes):
    """Write a lesson below `root`; a pair is a code cell with its outputs, as if it had run."""
    book, number = nbformat.v4.new_notebook(), 0
    for cell in cells:
        if isinstance(cell, str):
            made = nbformat.v4.new_markdown_cell(cell)
        else:
            number += 1
            made = nbformat.v4.new_code_cell(cell[0], execution_count=number, outputs=cell[1])
        made.id = f"c{len(book.cells)}"
        made.update(changes if made.cell_type == "code" else {})
        book.cells.append(made)
    path = root / "notebooks" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(book, path)
    return path


def shows(kind, text):
    return nbformat.v4.new_output("display_data", data={kind: text})


def page_of(root, cells):
    """The page of a course with this one lesson."""
    lesson(root, cells=cells)
    site(root, root / "site")
    return (root / "site" / "01_first.html").read_text("utf-8")


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The site of the course as it stands in this repository."""
    out = tmp_path_factory.mktemp("course") / "site"
    site(ROOT, out)
    return out


@pytest.fixture(scope="module")
def pages(built):
    return {path.name: path.read_text("utf-8") for path in sorted(built.glob("*.html"))}


# ---- the course's own site


def test_every_lesson_has_a_page_and_stands_in_the_index_under_its_part(pages):
    names = sorted(path.stem for path in (ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"))
    assert sorted(pages) == [*(f"{name}.html" for name in names), "index.html"]
    index = pages["index.html"]
    links = [url for url in Elements(index).values("href", "a") if url.endswith(".html")]
    assert links == [f"{name}.html" for name in names]
    for first, title in PARTS:
        later = [other for other, _ in PARTS if other > first]
        inside = [n for n in names if first <= int(n[:2]) < min(later, default=100)]
        assert (f"<h2>{title}</h2>" in index) == bool(inside)
        for name in inside:
            assert index.index(f"<h2>{title}</h2>") < index.index(f'href="{name}.html"')


def test_every_page_leads_to_its_neighbours(pages):
    names = [name for name in pages if name != "index.html"]
    for before, after in pairwise(names):
        elements = [a for tag, a in Elements(pages[before]).found if tag == "a"]
        assert [a["href"] for a in elements if a.get("rel") == "next"] == [after]
        elements = [a for tag, a in Elements(pages[after]).found if tag == "a"]
        assert [a["href"] for a in elements if a.get("rel") == "prev"] == [before]


def test_every_link_on_every_page_leads_somewhere(built, pages):
    anchors = {name: set(Elements(text).values("id")) for name, text in pages.items()}
    for name, text in pages.items():
        for url in Elements(text).values("href", "a"):
            path, _, anchor = url.partition("#")
            assert (built / unquote(path or name)).is_file(), f"{name} links to {url}"
            assert not anchor or unquote(anchor) in anchors[path or name], f"{name}: {url}"


def test_no_page_loads_anything_from_outside_and_the_browser_is_told_so(pages):
    for name, text in pages.items():
        elements = Elements(text)
        loaded = elements.values("src") + elements.values("href", "link")
        assert [url for url in loaded if not url.startswith("data:")] == [], name
        policy = elements.values("content", "meta")[0]
        assert policy.startswith("default-src 'none'") and "http" not in policy
        assert not re.search(r"@import|url\(\s*['\"]?http", text), name


def test_every_page_says_what_it_is_to_readers_and_machines(pages):
    for name, text in pages.items():
        found = Elements(text).found
        tags = [tag for tag, _ in found]
        assert [tags.count(tag) for tag in ("html", "main", "h1")] == [1, 1, 1], name
        assert dict(found)["html"] == {"lang": "en"}
        levels = [int(tag[1]) for tag, a in found if re.fullmatch("h[1-6]", tag) and "id" in a]
        assert all(below <= above + 1 for above, below in pairwise(levels)), f"{name}: {levels}"
        own = [i for i in Elements(text).values("id") if not i.startswith("tl")]  # not pictures'
        assert sorted(set(own)) == sorted(own), name


def test_formulas_are_drawn_by_the_browser_and_none_is_left_as_latex(pages):
    formulas = sum(text.count("<math") for text in pages.values())
    assert formulas > 50
    for name, text in pages.items():
        shown = words(re.sub(r"<(pre|code)\b.*?</\1>", "", text, flags=re.DOTALL))
        assert "$" not in shown and not re.search(r"\\[a-z]+", shown), name
    assert "fan_in" in words(pages["05_xor.html"])


def test_pictures_keep_their_texts_for_those_who_cannot_see_them(pages):
    for name, text in pages.items():
        images = [attributes for tag, attributes in Elements(text).found if tag == "img"]
        assert [a["src"][:40] for a in images if not a.get("alt", "").strip()] == [], name
    assert sum(text.count("<img ") for text in pages.values()) > 20


def test_exercises_are_copied_with_the_checks_they_need(built, pages):
    for path in (ROOT / "exercises").glob("*.ipynb"):
        if f"{path.stem}.html" in pages:
            assert (built / "exercises" / path.name).read_bytes() == path.read_bytes()
            checks = f"exercises/checks/{path.stem}.json"
            assert (built / checks).read_bytes() == (ROOT / checks).read_bytes()
            assert f'href="exercises/{path.name}" download' in pages[f"{path.stem}.html"]


def test_nothing_from_the_solutions_gets_into_the_site(built, pages):
    names = [path.relative_to(built).parts for path in built.rglob("*")]
    assert not any("solutions" in parts or parts[-1].endswith("spec.json") for parts in names)
    assert leaks(built, ROOT) == []
    for path in sorted((ROOT / "solutions").glob("*.spec.json")):
        secrets = secret_lines(load(path))
        for name, text in pages.items():
            if not name[:2].isdigit() or name[:2] <= path.name[:2]:  # later: what was learned
                shown = words(text)
                assert [line for line in secrets if line in shown] == [], name


def test_the_same_lessons_give_the_same_bytes(built, tmp_path):
    again = tmp_path / "again"
    site(ROOT, again)
    names = [path.relative_to(built) for path in sorted(built.rglob("*")) if path.is_file()]
    assert names == [p.relative_to(again) for p in sorted(again.rglob("*")) if p.is_file()]
    assert [
        name for name in names if (built / name).read_bytes() != (again / name).read_bytes()
    ] == []


# ---- what is refused


REFUSED = {
    "has not been run": {"execution_count": None},
    "was not run once from top to bottom": {"execution_count": 3},
    "stopped in code cell 1 with ZeroDivisionError": {
        "outputs": [nbformat.v4.new_output("error", ename="ZeroDivisionError", evalue="")]
    },
    "loads from the network": {"outputs": [shows("text/html", '<img src="https://a.example/x">')]},
}


@pytest.mark.parametrize("says", REFUSED)
def test_a_lesson_whose_outputs_are_not_its_own_is_refused_with_the_way_out(says, tmp_path):
    lesson(tmp_path, cells=["# 01 First", ("1 + 1", [])], **REFUSED[says])
    with pytest.raises(ValueError, match=says) as refused:
        site(tmp_path, tmp_path / "site")
    assert "run: python tools/run_notebook.py notebooks/01_first.ipynb" in str(refused.value)
    assert not (tmp_path / "site").exists()


def test_all_lessons_that_are_not_fit_are_named_at_once(tmp_path):
    lesson(tmp_path, "01_first.ipynb", ["no title"])
    lesson(tmp_path, "02_second.ipynb", ["# 02 Second", ("x", [])], execution_count=None)
    (tmp_path / "notebooks" / "03_third.ipynb").write_text("{")
    with pytest.raises(ValueError) as refused:
        site(tmp_path, tmp_path / "site")
    for says in ("01_first.ipynb does not begin with a title", "02_second.ipynb has not been run"):
        assert says in str(refused.value)
    assert "03_third.ipynb is not a notebook" in str(refused.value)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (r"the slope $\slope x$", r"the formula \$\\slope x\$ holds \\slope"),
        (r"half $\frac{1}{$", r"the formula .* cannot be read"),
        ("[gone](../gone.py)", r"the link ../gone.py leads to no lesson"),
        ("![a cat](cat.png)", "the picture cat.png is no file"),
    ],
)
def test_text_that_cannot_be_shown_is_named_with_its_lesson(text, says, tmp_path):
    lesson(tmp_path, cells=["# 01 First", text])
    with pytest.raises(ValueError, match=f"notebooks/01_first.ipynb: {says}"):
        site(tmp_path, tmp_path / "site")


def test_a_folder_that_holds_something_else_is_left_alone(tmp_path):
    lesson(tmp_path)
    precious = tmp_path / "site" / "index.html"
    precious.parent.mkdir()
    precious.write_text("mine")
    with pytest.raises(ValueError, match="is no course site and not empty"):
        site(tmp_path, tmp_path / "site")
    assert [*precious.parent.iterdir()] == [precious] and precious.read_text() == "mine"


def test_a_former_site_is_replaced_and_what_others_put_there_stays(tmp_path):
    old = lesson(tmp_path, "01_first.ipynb")
    out = tmp_path / "site"
    site(tmp_path, out)
    (out / "CNAME").write_text("course.example")
    outside = tmp_path / "outside"
    outside.write_text("x")
    with (out / MARK).open("a") as mark:
        mark.write("../outside\n")  # a mark that somebody tampered with
    old.unlink()
    lesson(tmp_path, "02_second.ipynb", ["# 02 Second"])
    site(tmp_path, out)
    assert sorted(p.name for p in out.iterdir()) == [MARK, "02_second.html", "CNAME", "index.html"]
    assert outside.exists()


def test_a_lesson_that_holds_a_solution_stops_the_site(tmp_path):
    spec = ROOT / "solutions" / "01_one_number.spec.json"
    (tmp_path / "solutions").mkdir()
    shutil.copy(spec, tmp_path / "solutions")
    line = next(line for line, what in secret_lines(load(spec)).items() if "solution" in what)
    lesson(tmp_path, cells=["# 01 First", (f"def f(x):\n    {line}", [])])
    with pytest.raises(ValueError, match=r"01_first\.html: the solution of"):
        site(tmp_path, tmp_path / "site")
    assert not (tmp_path / "site").exists()


def test_without_lessons_and_without_packages_it_says_what_is_missing(tmp_path, monkeypatch):
    with pytest.raises(ValueError, match=r"no notebooks/NN_topic\.ipynb in"):
        site(tmp_path, tmp_path / "site")
    monkeypatch.setitem(sys.modules, "latex2mathml", None)
    with pytest.raises(ValueError, match=r"latex2mathml is not installed; .*\[course\]"):
        site(ROOT, tmp_path / "site")


# ---- one page


def test_names_and_texts_from_strangers_stay_texts(tmp_path):
    name = "01_a b#c'&\"<i>?.ipynb"
    lesson(tmp_path, name, [f"# 01 {HOSTILE}", (f"print({HOSTILE!r})", [])])
    lesson(tmp_path, "02_next.ipynb", ["# 02 Next\n\n[back](01_a%20b%23c'&%22%3Ci%3E%3F.ipynb)"])
    out = tmp_path / "site"
    site(tmp_path, out)
    for path in out.glob("*.html"):
        elements = Elements(path.read_text("utf-8"))
        links = [url for url in elements.values("href", "a") if not url.startswith("#")]
        assert links and all((out / unquote(url)).is_file() for url in links)
        if path.name != name.replace("ipynb", "html"):  # Markdown is the course's own
            assert "onerror" not in {key for _, a in elements.found for key in a}
        title = re.search("<title>(.*?)</title>", path.read_text("utf-8"))[1]
        assert "<" not in title


def test_what_a_cell_prints_shows_and_raises_is_kept_and_escaped(tmp_path):
    stream = nbformat.v4.new_output("stream", name="stdout", text="\x1b[31m1 < 2\x1b[0m\n")
    picture = shows("image/png", "AAAA") | {"data": {"image/png": "AAAA", "text/plain": "A 'dot'"}}
    drawn = shows("image/svg+xml", "<svg xmlns='http://www.w3.org/2000/svg'/>")
    cell = (
        "x < 3",
        [stream, nbformat.from_dict(picture), drawn, shows("text/html", "<b>bold</b>")],
    )
    text = page_of(tmp_path, ["# 01 First", cell])
    assert '<pre class="stdout">1 &lt; 2</pre>' in text
    images = [a for tag, a in Elements(text).found if tag == "img"]
    assert images[0] == {"alt": "A 'dot'", "src": "data:image/png;base64,AAAA"}
    assert images[1]["src"].startswith("data:image/svg+xml;charset=utf-8,%3Csvg")
    assert "<b>bold</b>" in text
    assert 'x <span class="o">&lt;</span>' in text.replace('<span class="n">x</span>', "x")


def test_what_was_printed_in_pieces_stands_in_one_piece(tmp_path):
    names = ("stdout", "a\n"), ("stdout", "b\n"), ("stderr", "c\n"), ("stdout", "d\n")
    pieces = [nbformat.v4.new_output("stream", name=name, text=text) for name, text in names]
    text = page_of(tmp_path, ["# 01 First", ("x", pieces)])
    found = re.findall(r'<pre class="(std\w+)">(.*?)</pre>', text, re.DOTALL)
    assert found == [("stdout", "a\nb"), ("stderr", "c"), ("stdout", "d")]


def test_sections_are_listed_once_and_equal_names_get_their_own_anchors(tmp_path):
    text = page_of(tmp_path, ["# 01 First", "## The *data*", "## The data", "### Deeper"])
    assert Elements(text).values("href", "a")[1:4] == ["index.html", "#The-data", "#The-data-2"]
    assert '<h2 id="The-data-2">The data</h2>' in text and "#Deeper" not in text


def test_links_lead_to_pages_and_exercises_and_files_of_the_clone_become_words(tmp_path):
    lesson(tmp_path, "02_second.ipynb", ["# 02 Second\n\n## Part"])
    (tmp_path / "exercises" / "checks").mkdir(parents=True)
    (tmp_path / "exercises" / "01_first.ipynb").write_text("{}")
    (tmp_path / "tensor.py").write_text("")
    links = "[next](02_second.ipynb#Part) [do](../exercises/01_first.ipynb) [`t`](../tensor.py)"
    text = page_of(tmp_path, [f"# 01 First\n\n{links} [out](https://a.example) [no](javascript:x)"])
    wanted = "02_second.html#Part", "exercises/01_first.ipynb", "https://a.example"
    assert set(wanted) <= set(Elements(text).values("href", "a"))
    saved = [a["href"] for tag, a in Elements(text).found if tag == "a" and "download" in a]
    assert saved == ["exercises/01_first.ipynb"] * 2, "a browser would show it as text"
    assert "<code>t</code>" in text and "tensor.py" not in text and "javascript:" not in text


def test_a_picture_beside_the_lesson_travels_inside_the_page(tmp_path):
    lesson(tmp_path)
    (tmp_path / "notebooks" / "a dot.png").write_bytes(b"png")
    text = page_of(tmp_path, ["# 01 First", "![a dot](a%20dot.png)"])
    assert '<img alt="a dot" src="data:image/png;base64,cG5n">' in text


def test_a_notebook_outside_the_course_becomes_a_page_of_its_own(tmp_path):
    path = lesson(tmp_path, cells=["# A & B\n\n$x$ [code](../src/a.py) [web](https://a.example)"])
    text = alone(nbformat.read(path, 4), path, tmp_path / "build" / "x.html")
    assert "<title>A &amp; B</title>" in text and "<math" in text
    assert Elements(text).values("href", "a")[1:] == [
        "../notebooks/../src/a.py",
        "https://a.example",
    ]


def test_the_command_writes_the_site_and_says_where(tmp_path, capsys):
    lesson(tmp_path)
    words = ["site", "--root", str(tmp_path), "--out", str(tmp_path / "out")]
    assert command.main(words) == 0
    assert "open " in capsys.readouterr().out and (tmp_path / "out" / "index.html").is_file()
    (tmp_path / "out" / MARK).unlink()
    assert command.main(words) == 1
    assert "tinylearn course: " in capsys.readouterr().err


def test_the_public_side_of_the_course_does_not_need_the_sites_packages():
    """Grading runs where mistune, Pygments and latex2mathml are not installed."""
    hidden = f"import sys; sys.modules.update(dict.fromkeys({NEEDS}))"
    run = [sys.executable, "-c", f"{hidden}\nimport tinylearn.course.command"]
    assert subprocess.run(run, cwd=ROOT, capture_output=True).returncode == 0
