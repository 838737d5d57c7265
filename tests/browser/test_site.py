"""The course site opened from files in Chromium: widths, themes, keyboard, paper, no scripts."""

import re

import pytest

from tests.browser.conftest import SHOTS, violations, watched
from tests.browser.test_saved_pages import CONTRAST
from tests.repository import ROOT

pytestmark = pytest.mark.browser
LESSONS = sorted(path.stem for path in (ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"))
FILM = "12_fusion"
LIVE = "() => !document.querySelector('[data-tlv]:not(:has(.tlv-live))')"
TOO_WIDE = """() => [...document.querySelectorAll("body *")].filter(e => {
  for (let box = e.parentElement; box; box = box.parentElement)
    if (box !== document.body && getComputedStyle(box).overflowX !== "visible") return false;
  return e.getBoundingClientRect().right > innerWidth + 1 && !e.closest(".skip");
}).map(e => e.outerHTML.slice(0, 80))"""


@pytest.fixture(scope="module")
def site(tmp_path_factory, browser):
    from tinylearn.course.lessons.site import site

    out = tmp_path_factory.mktemp("course") / "site"
    site(ROOT, out)
    return out


@pytest.fixture
def opened(browser, site):
    """Opens a page of the site, and holds that nothing went wrong or was asked for outside."""
    contexts, pages = [], []

    def open_page(name: str, width: int = 1400, **options):
        contexts.append(browser.new_context(viewport={"width": width, "height": 900}, **options))
        pages.append(watched(contexts[-1].new_page()))
        pages[-1].goto(f"file://{site / name}.html")
        pages[-1].wait_for_timeout(300)
        return pages[-1]

    yield open_page
    assert [page.errors + page.outside for page in pages if page.errors + page.outside] == []
    for context in contexts:
        context.close()


def colour(page, what: str = "backgroundColor", where: str = "body") -> str:
    return page.evaluate(f"() => getComputedStyle(document.querySelector('{where}')).{what}")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 768, 1400])
def test_every_page_fits_its_screen_and_its_pictures_live(width, scheme, opened, site):
    page = opened("index", width, color_scheme=scheme)
    for name in ["index", *LESSONS]:
        page.goto(f"file://{site / name}.html")
        page.wait_for_function(LIVE)
        assert page.evaluate(TOO_WIDE) == [], name
        wide = page.evaluate("() => document.documentElement.scrollWidth - innerWidth")
        assert wide <= 0, name
        if name in ("index", FILM):
            page.screenshot(path=SHOTS / f"site-{name}-{width}-{scheme}.png", full_page=True)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["index", FILM])
def test_a_page_breaks_no_rule_of_axe(name, scheme, opened):
    page = opened(name, color_scheme=scheme)
    page.wait_for_function(LIVE)
    assert violations(page) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_can_be_told_from_what_is_behind_it(scheme, opened, site):
    everywhere = CONTRAST.replace(".tlv-live *", "body *")
    assert everywhere != CONTRAST
    page = opened("index", color_scheme=scheme)
    for name in ["index", *LESSONS]:
        page.goto(f"file://{site / name}.html")
        page.wait_for_function(LIVE)
        assert page.evaluate(everywhere) == [], name


def test_a_film_is_stepped_by_keyboard_and_by_mouse(opened):
    page = opened(FILM)
    count = page.locator(".tlv-count").first
    page.locator(".tlv-stepper input[type=range]").first.focus()
    page.keyboard.press("ArrowRight")
    assert count.inner_text().startswith("1 /")
    page.get_by_label("Next step").first.click()
    assert count.inner_text().startswith("2 /")
    page.keyboard.press("Home")
    assert count.inner_text().startswith("0 /")


def test_the_theme_is_chosen_kept_and_given_back_to_the_system(opened, site):
    page = opened(FILM, color_scheme="light")
    white = colour(page)
    assert white == colour(page, where=".tlv") == "rgb(255, 255, 255)"
    for says in ("light", "dark"):
        page.locator("#theme").click()
        assert page.locator("#theme").inner_text() == f"theme: {says}"
    dark = colour(page)
    assert dark != white and colour(page, where=".tlv") == dark
    page.goto(f"file://{site}/01_one_number.html")
    assert colour(page) == dark and page.locator("#theme").inner_text() == "theme: dark"
    page.locator("#theme").click()
    assert colour(page) == white and page.locator("#theme").inner_text() == "theme: auto"
    page.emulate_media(color_scheme="dark")
    assert colour(page) == dark


def test_the_keyboard_reaches_content_contents_and_neighbours(opened):
    page = opened("05_xor")
    page.keyboard.press("Tab")
    assert page.locator(":focus").inner_text() == "Skip to the content"
    assert page.locator(":focus").bounding_box()["x"] >= 0, "it shows when it has the focus"
    page.keyboard.press("Enter")
    assert page.evaluate("() => document.activeElement.id") == "main"
    page.locator(".contents summary").focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert "#" in page.url
    page.locator("a[rel=next]").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/06_digits.html")
    page.locator("a.home").click()
    page.wait_for_url("**/index.html")


def test_contents_are_open_beside_the_text_and_closed_above_it(opened):
    entries = ".contents a"
    assert opened(FILM, 1400).locator(entries).first.is_visible()
    narrow = opened(FILM, 360)
    assert not narrow.locator(entries).first.is_visible()
    narrow.locator(".contents summary").click()
    assert narrow.locator(entries).first.is_visible()


def test_formulas_are_drawn_and_not_written(opened):
    page = opened("05_xor")
    root = page.locator("msqrt").first.bounding_box()
    inside = page.locator("msqrt > *").first.bounding_box()
    assert root["width"] > inside["width"] + 2, "the root sign takes room of its own"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_paper_there_is_no_navigation_and_a_film_shows_its_end_and_its_reasons(scheme, opened):
    page = opened(FILM, color_scheme=scheme)
    page.locator("#theme").click()
    page.locator("#theme").click()  # dark
    page.pdf(path=SHOTS / f"site-print-{scheme}.pdf", format="A4", print_background=True)
    page.evaluate("() => dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print", color_scheme=scheme)
    assert colour(page) == "rgb(255, 255, 255)"
    for gone in (".top", ".contents", ".next", ".tlv-stepper", ".tlv-tools"):
        assert not page.locator(gone).first.is_visible(), gone
    film = page.locator(".tlv-mode-explain").first
    assert film.locator(".tlv-still img").is_visible()
    assert "Here:" in film.locator("details pre").first.inner_text()
    page.evaluate("() => document.querySelector('[aria-label^=Keep]').click()")
    assert film.locator(".tlv-figures figure").is_visible()
    assert not film.locator(".tlv-still img").is_visible(), "what was pinned is printed alone"
    page.emulate_media(media="screen")
    page.evaluate("() => dispatchEvent(new Event('afterprint'))")
    assert not film.locator("details pre").first.is_visible()
    assert colour(page) != "rgb(255, 255, 255)"


def test_without_scripts_there_are_text_images_and_the_theme_of_the_system(opened):
    page = opened(FILM, java_script_enabled=False, color_scheme="dark")
    assert colour_of_image(page) and not page.locator("#theme").is_visible()
    page.locator(".contents summary").click()
    assert page.locator(".contents a").first.is_visible()
    page.locator(".tlv-still summary").first.click()
    assert page.locator(".tlv-still pre").first.is_visible()
    page.screenshot(path=SHOTS / "site-without-scripts.png")


def colour_of_image(page) -> bool:
    image = page.locator(".tlv-still img").first
    return image.is_visible() and bool(re.match("data:image/svg", image.get_attribute("src")))


def test_nothing_moves_for_those_who_asked_for_that(opened):
    page = opened(FILM, reduced_motion="reduce")
    page.locator(".tlv-stepper input[type=range]").first.focus()
    page.keyboard.press("End")
    moving = "() => document.getAnimations().filter(a => a.playState === 'running').length"
    assert page.evaluate(moving) == 0


def test_the_page_that_tour_writes_needs_nothing_else(tmp_path, browser):
    import nbformat

    from tinylearn.course.lessons.page import alone

    source = ROOT / "notebooks" / "00_tour.ipynb"
    target = tmp_path / "00_tour.html"
    target.write_text(alone(nbformat.read(source, 4), source, target), "utf-8")
    page = watched(browser.new_page())
    page.goto(f"file://{target}")
    page.wait_for_timeout(300)
    assert page.locator(".tlv-live").count() > 2 and page.locator("math").count() > 5
    assert page.errors + page.outside == []
    page.close()
