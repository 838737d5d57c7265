"""The command line: each subcommand is a function of this file, its docstring the help text.

    words -> COMMANDS[name] -> exit status

`python -m tinylearn` is the same. A new room adds its subcommand here with @command and imports
what it needs inside the function, so that `tinylearn info` stays quick.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import importlib.util
import os
import platform
import re
import runpy
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tinylearn.errors import nearest

ROOT = Path(__file__).resolve().parents[1]  # the clone: notebooks and tests stand here
TOUR = "notebooks/00_tour.ipynb"
SETTINGS = "tools/jupyter"  # of JupyterLab: no question about its news at the first start
ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}  # two hurt short steps
CHECKS = {
    "format": ["ruff", "format", "--quiet", "--check", "."],
    "lint": ["ruff", "check", "--quiet", "."],
    "types": ["mypy"],
    "tests": ["pytest"],
}
PROCESSES = str((os.cpu_count() or 1) + 1)  # one more than cores: tests of sandboxes mostly wait
SIDE_BY_SIDE = ["--numprocesses", PROCESSES, "--dist", "loadfile"]  # a file's tests share much


class CommandError(Exception):
    """Something the user can put right; its text is shown without a traceback."""


@dataclass(frozen=True)
class Command:
    """One subcommand.

    run         gets the parsed arguments, returns the exit status
    arguments   adds the subcommand's own arguments to its parser
    rest        what words it does not know are taken for, in the usage line; "" refuses them
    unread      all its words go to `run` as they are: it has a parser of its own
    """

    run: Callable[[argparse.Namespace], int]
    arguments: Callable[[argparse.ArgumentParser], object]
    rest: str = ""
    unread: bool = False


COMMANDS: dict[str, Command] = {}


def command(
    name: str,
    arguments: Callable[[argparse.ArgumentParser], object] = lambda parser: None,
    rest: str = "",
    unread: bool = False,
) -> Callable[[Callable[[argparse.Namespace], int]], Callable[[argparse.Namespace], int]]:
    """Decorator: make the function the subcommand `name`."""

    def add(run: Callable[[argparse.Namespace], int]) -> Callable[[argparse.Namespace], int]:
        COMMANDS[name] = Command(run, arguments, rest, unread)
        return run

    return add


def main(words: Sequence[str] | None = None) -> int:
    """The exit status of `tinylearn words...`; without words, those of the command line."""
    words = sys.argv[1:] if words is None else words
    parser = command_parser()
    if not words:
        parser.print_help()
        return 0
    if not words[0].startswith("-") and words[0] not in COMMANDS:
        print(f"tinylearn: no command {words[0]!r}{nearest(words[0], COMMANDS)}", file=sys.stderr)
        print(f"the commands are {', '.join(COMMANDS)}", file=sys.stderr)
        return 2
    if words[0] in COMMANDS and COMMANDS[words[0]].unread:
        arguments, rest = argparse.Namespace(command=words[0]), list(words[1:])
    else:
        arguments, rest = parser.parse_known_args(words)
    if rest and not COMMANDS[arguments.command].rest:
        parser.error(f"{arguments.command} does not know {' '.join(rest)}")
    arguments.rest = rest
    try:
        return COMMANDS[arguments.command].run(arguments)
    except CommandError as error:
        print(f"tinylearn {arguments.command}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130  # what a shell reports for Ctrl-C


def command_parser() -> argparse.ArgumentParser:
    """The parser of everything in COMMANDS."""
    parser = argparse.ArgumentParser(prog="tinylearn", description="tinylearn's command line")
    parser.add_argument("--version", action="version", version=f"tinylearn {version()}")
    choices = parser.add_subparsers(dest="command", metavar="command", required=True)
    for name, entry in COMMANDS.items():
        says = (entry.run.__doc__ or "").strip()
        own = choices.add_parser(name, help=says.splitlines()[0], description=says)
        entry.arguments(own)
        if entry.rest:
            own.usage = f"{own.format_usage().removeprefix('usage: ').strip()} {entry.rest}"
    return parser


def version() -> str:
    """The version that tinylearn/__init__.py states."""
    import tinylearn

    return tinylearn.__version__


# ---- lab and tour: the notebooks


@command("lab", rest="[jupyter lab options ...]")
def lab(arguments: argparse.Namespace) -> int:
    """Open the first notebook in JupyterLab."""
    file_of_the_clone(TOUR)
    needs("jupyterlab", extra="course")
    os.environ.update(ONE_THREAD | dict(os.environ))  # the user's own setting wins
    paths = [str(ROOT / SETTINGS), os.environ.get("JUPYTER_CONFIG_PATH")]
    os.environ["JUPYTER_CONFIG_PATH"] = os.pathsep.join(filter(None, paths))
    options = [f"--ServerApp.root_dir={ROOT}", f"--LabApp.default_url=/lab/tree/{TOUR}"]
    if not screen():
        options.append("--no-browser")
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        options.append("--allow-root")  # usual in containers
    os.chdir(ROOT)
    sys.argv = ["jupyter lab", *options, *arguments.rest]
    runpy.run_module("jupyterlab", run_name="__main__")
    return 0


def screen() -> bool:
    """Whether a browser window can open where the user would see it."""
    if os.environ.get("SSH_CONNECTION"):
        return False
    if sys.platform in ("win32", "darwin"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def tour_arguments(parser: argparse.ArgumentParser) -> None:
    """What `tinylearn tour` may be told."""
    parser.add_argument("notebook", nargs="?", help=f"another notebook than {TOUR}")
    parser.add_argument("--timeout", type=int, default=600, help="seconds a cell may take (600)")


@command("tour", tour_arguments)
def tour(arguments: argparse.Namespace) -> int:
    """Run the first notebook without a screen and write it as a page under build/."""
    notebook = Path(arguments.notebook) if arguments.notebook else file_of_the_clone(TOUR)
    if not notebook.is_file():
        raise CommandError(f"there is no notebook {notebook}")
    from tinylearn.course.lessons.page import NEEDS, alone

    for module in ("nbclient", "ipykernel", *NEEDS):
        needs(module, extra="course")
    import nbclient
    import nbformat

    os.environ.update(ONE_THREAD | dict(os.environ))
    start, failure = time.perf_counter(), ""
    cells = nbformat.read(notebook, as_version=4)
    client = nbclient.NotebookClient(
        cells,
        timeout=arguments.timeout,
        resources={"metadata": {"path": str(notebook.resolve().parent)}},
        extra_arguments=["--log-level=ERROR"],
    )
    try:
        client.execute()
    except (nbclient.exceptions.CellExecutionError, nbclient.exceptions.CellTimeoutError) as error:
        failure = str(error)
    page = Path.cwd() / "build" / f"{notebook.stem}.html"
    page.parent.mkdir(exist_ok=True)
    try:
        page.write_text(alone(cells, notebook, page), encoding="utf-8")
    except ValueError as error:
        raise CommandError(f"{notebook.name} cannot be shown: {error}\n{failure}") from error
    if failure:
        raise CommandError(f"a cell of {notebook.name} failed; as far as it ran: {page}\n{failure}")
    print(f"{notebook.name} ran in {time.perf_counter() - start:.0f} s: {page}")
    return 0


# ---- course: what authors and staff run


@command("course", rest="command ...", unread=True)
def course(arguments: argparse.Namespace) -> int:
    """Build, release and grade exercises; without words, lists the course's own commands."""
    from tinylearn.course.command import main as course_main

    return course_main(arguments.rest or ["--help"])


# ---- test: every check


@command("test", rest="[pytest options ...]")
def test(arguments: argparse.Namespace) -> int:
    """Run every check: format, lint, types, doctests and tests.

    With options, pytest alone runs, with those: tinylearn test tests/test_project.py -k readme
    """
    file_of_the_clone("pyproject.toml")
    needs("pytest", extra="test")
    settings = {name: os.environ[name] for name in os.environ if not name.startswith("TINYLEARN_")}
    settings |= ONE_THREAD | {"MPLBACKEND": "Agg"}
    everything = CHECKS | {"tests": [*CHECKS["tests"], *SIDE_BY_SIDE]}
    checks = {"tests": [*CHECKS["tests"], *arguments.rest]} if arguments.rest else everything
    failed = []
    for name, words in checks.items():
        print(f"{name}: {' '.join(words)}", flush=True)
        if subprocess.call([sys.executable, "-m", *words], cwd=ROOT, env=settings):
            failed.append(name)
    if failed:
        raise CommandError(f"failed: {', '.join(failed)}")
    return 0


# ---- info: what is here


@command("info")
def info(arguments: argparse.Namespace) -> int:
    """Say which versions, devices and compiler are here; paste it into a question."""
    print(f"tinylearn  {version()}  {Path(__file__).parent}")
    print(f"python     {platform.python_version()}  {sys.executable}")
    print(f"machine    {platform.platform()}, {os.cpu_count()} cores")
    for says in devices():
        print(f"device     {says}")
    print(f"cache      {cache()}")
    for extra, packages in requirements().items():
        print(f"{extra or 'needs':10} {', '.join(f'{p} {installed(p)}' for p in packages)}")
    return 0


def devices() -> list[str]:
    """Each device with what it runs on, or why it cannot be used."""
    from tinylearn.devices import c_device, compiler, device, numpy_device

    notes = {numpy_device.NumPyDevice.name: f"NumPy {installed('numpy')}"}
    if (found := compiler.find()).command:
        notes[c_device.CDevice.name] = f"{shlex.join(found.command)}: {found.version}"
    table = device.Device.known
    here = [table[name] for name in dict.fromkeys([*table, *table.homes])]
    said = {d.name: d.unavailable().partition("\n")[0] for d in here}
    for d in here:
        if not said[d.name] and not d.is_host:
            notes[d.name] = d.room()[0]  # type: ignore[attr-defined]
    return [f"{name}: {why or notes.get(name, 'works')}" for name, why in said.items()]


def cache() -> str:
    """Where compiled kernels are kept and how many there are, or why they cannot be."""
    from tinylearn.devices import compiler, files

    try:
        folder = compiler.cache_folder()
    except files.FolderError as error:
        return str(error).partition("\n")[0]
    if not (folder.is_dir() or files.nearest(folder).is_dir()):
        return f"{folder}: cannot be written to"
    writable = os.access(files.nearest(folder), os.W_OK)
    count = f"{len(list(folder.glob('*.so')))} compiled"
    return f"{folder}: {count}" if writable else f"{folder}: {count}, cannot be written to"


def requirements() -> dict[str, list[str]]:
    """The packages that pyproject.toml asks for, by extra; "" holds those always needed."""
    table: dict[str, list[str]] = {}
    try:
        lines = importlib.metadata.requires("tinylearn") or []
    except importlib.metadata.PackageNotFoundError:
        lines = []  # run from its folder, not installed
    for line in lines:
        extra = re.search(r"extra == ['\"]([\w-]+)['\"]", line)
        name = re.match(r"[\w.-]+", line)
        table.setdefault(extra[1] if extra else "", []).append(name[0] if name else line)
    return table


def installed(package: str) -> str:
    """The installed version of a package, or "missing"."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "missing"


# ---- what several commands ask first


def file_of_the_clone(name: str) -> Path:
    """The path of a file of the repository; a CommandError where there is none."""
    path = ROOT / name
    if not path.exists():
        raise CommandError(f"{name} is not in {ROOT}; this command works inside a full clone")
    return path


def needs(module: str, extra: str) -> None:
    """Raise a CommandError that says how to install `module` if it is not here."""
    if importlib.util.find_spec(module) is None:
        raise CommandError(
            f"{module} is not installed; in the clone: {Path(sys.executable).name} -m pip "
            f'install -e ".[{extra}]"'
        )
