"""A real JupyterLab and a real, headless Chromium. Absent, the tests are skipped; never in CI."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from tests.needed import absent, need
from tests.repository import ROOT

SHOTS = ROOT / "build" / "screenshots"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="package")
def browser():
    """One Chromium for the tests of this folder. Its event loop runs in their thread while it is
    open, and no test after them could start one of its own."""
    playwright = need("playwright.sync_api")
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    program = program or shutil.which("google-chrome")
    if program is None:
        absent("chromium")
    SHOTS.mkdir(parents=True, exist_ok=True)
    with playwright.sync_playwright() as started:
        chromium = started.chromium.launch(executable_path=program, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser):
    """A page that remembers what went wrong in it and whom it asked for anything."""
    page = watched(browser.new_page(viewport={"width": 1200, "height": 800}))
    yield page
    page.close()


@pytest.fixture
def opened(page, tmp_path):
    """Saves a picture, opens it, and holds that nothing went wrong or was asked for outside."""

    def open_picture(shown, scheme: str = "light", hash: str = ""):
        page.emulate_media(color_scheme=scheme)
        page.goto(f"file://{shown.save(tmp_path / 'x.html')}{hash}")
        page.locator(".tlv-live").first.wait_for()
        page.wait_for_timeout(250)
        return page

    yield open_picture
    assert page.errors == [] and page.outside == []


def watched(page):
    """Collect errors and requests that leave this machine."""
    page.errors, page.outside = [], []
    page.on("pageerror", lambda error: page.errors.append(f"{error} {error.stack}"))
    page.on("console", lambda m: page.errors.append(m.text) if m.type == "error" else None)
    page.on("request", lambda request: note_outside(page, request.url))
    return page


def note_outside(page, url: str) -> None:
    local = ("data:", "blob:", "file:", "about:", "http://127.0.0.1", "ws://127.0.0.1")
    if not url.startswith(local):
        page.outside.append(url)


def violations(page) -> list[str]:
    """The rules of axe-core that a page breaks, each with the first elements that break it."""
    axe = need("axe_playwright_python")
    page.add_script_tag(path=Path(axe.__file__).with_name("axe.min.js"))
    found = page.evaluate("() => axe.run(document, {resultTypes: ['violations']})")["violations"]
    return [f"{rule['id']}: {[node['html'][:200] for node in rule['nodes'][:4]]}" for rule in found]


def shoot(page, name: str) -> Path:
    """A screenshot in build/screenshots, for people to look at."""
    path = SHOTS / f"{name}.png"
    page.screenshot(path=path)
    return path


@pytest.fixture(scope="package")
def lab(tmp_path_factory, browser):
    """(address, folder) of a JupyterLab with settings of its own."""
    need("jupyterlab")
    home = tmp_path_factory.mktemp("lab")
    work = home / "work"
    work.mkdir()
    (home / "config" / "labconfig").mkdir(parents=True)
    disabled = {"@jupyterlab/apputils-extension:announcements": True}
    settings = home / "config" / "labconfig" / "page_config.json"
    settings.write_text(json.dumps({"disabledExtensions": disabled}))
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    with open(home / "lab.log", "w") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "jupyterlab", *lab_options(port, work)],
            env=lab_environment(home),
            stdout=log,
            stderr=log,
        )
        try:
            wait_for(address, server, home / "lab.log")
            yield address, work
        finally:
            server.terminate()
            server.wait(20)


def lab_options(port: int, work: Path) -> list[str]:
    return [
        "--no-browser",
        "--allow-root",
        "--ip=127.0.0.1",
        f"--port={port}",
        "--ServerApp.port_retries=0",
        "--IdentityProvider.token=t",
        f"--ServerApp.root_dir={work}",
        "--LabApp.expose_app_in_browser=True",
        "--LabApp.extension_manager=readonly",
    ]


def lab_environment(home: Path) -> dict[str, str]:
    """Nothing of this user's Jupyter is read or written."""
    folders = {
        "JUPYTER_CONFIG_DIR": "config",
        "JUPYTER_DATA_DIR": "data",
        "JUPYTER_RUNTIME_DIR": "runtime",
        "IPYTHONDIR": "ipython",
        "JUPYTERLAB_SETTINGS_DIR": "settings",
        "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
    }
    paths = {name: str(home / folder) for name, folder in folders.items()}
    return os.environ | paths | {"PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1"}


def wait_for(address: str, server: subprocess.Popen, log: Path) -> None:
    for _ in range(240):
        try:
            urllib.request.urlopen(f"{address}/api/status?token=t", timeout=1).close()
            return
        except OSError:
            if server.poll() is not None:
                break
            time.sleep(0.25)
    pytest.fail(log.read_text())


class Notebooks:
    """Opens notebooks in JupyterLab: with new cells, all run, or saved ones without a kernel."""

    def __init__(self, browser, lab) -> None:
        self.browser, (self.address, self.folder) = browser, lab
        self.pages = []

    def __call__(self, cells: list[str], theme: str = "", name: str = ""):
        nbformat = need("nbformat")
        file = self.folder / (name or f"t{time.time_ns()}.ipynb")
        page = watched(self.browser.new_page(viewport={"width": 1300, "height": 900}))
        self.pages.append(page)
        if cells:
            kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
            code = [nbformat.v4.new_code_cell(cell) for cell in cells]
            book = nbformat.v4.new_notebook(cells=code, metadata={"kernelspec": kernel})
            nbformat.write(book, file)
            open_in_lab(page, f"{self.address}/lab/tree/{file.name}?reset&token=t", theme)
            run_all(page)
        else:
            open_in_lab(page, f"{self.address}/lab?reset&token=t", theme, file.name)
        page.file = file
        return page

    def close(self) -> None:
        """Close the pages and stop their kernels, which would slow down the next test."""
        for page in self.pages:
            page.evaluate("() => jupyterapp.serviceManager.sessions.shutdownAll()")
            page.close()


@pytest.fixture
def notebook(browser, lab):
    """Notebooks that are closed after the test."""
    opened = Notebooks(browser, lab)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def module_notebook(browser, lab):
    """Notebooks that stay open for all tests of a file."""
    opened = Notebooks(browser, lab)
    yield opened
    opened.close()


def open_in_lab(page, address: str, theme: str, without_kernel: str = "") -> None:
    page.goto(address, wait_until="domcontentloaded")
    page.wait_for_function("() => window.jupyterapp")
    page.evaluate("() => window.jupyterapp.restored.then(() => null)")
    if theme:
        change = "t => jupyterapp.commands.execute('apputils:change-theme', {theme: t})"
        page.evaluate(f"{change}.then(() => null)", theme)
    if without_kernel:
        options = "{path: p, factory: 'Notebook', kernelPreference: {shouldStart: false}}"
        command = f"p => jupyterapp.commands.execute('docmanager:open', {options})"
        page.evaluate(f"{command}.then(() => null)", without_kernel)
    page.locator(".jp-Notebook").first.wait_for()


def run_all(page) -> None:
    session = "jupyterapp.shell.currentWidget?.sessionContext?.session"
    idle = f"() => {session}?.kernel?.status === 'idle'"
    page.wait_for_function(idle, timeout=60_000)
    page.evaluate("() => jupyterapp.commands.execute('notebook:run-all-cells').then(() => null)")
    page.wait_for_function(
        """() => { const w = jupyterapp.shell.currentWidget;
        return [...w.model.cells].every(c => c.type !== 'code' || c.executionCount !== null)
            && w.sessionContext.session.kernel.status === 'idle' }""",
        timeout=120_000,
    )
