"""The kernels on disk, as disks are: cut short, of another machine, full, odd places, no home."""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.core.test_c_device import EXPECTED, PROGRAM, needs_compiler
from tinylearn.devices import files
from tinylearn.devices.files import intact, keep, write_whole

pytestmark = [
    needs_compiler,
    pytest.mark.skipif(os.name != "posix", reason="folders and scripts of POSIX"),
]
LOG = "calls.log"


@pytest.fixture
def wrapper(tmp_path):
    """A compiler that writes down each of its calls."""
    path = tmp_path / "logging cc"
    real = next(filter(None, map(shutil.which, ("cc", "gcc", "clang"))))
    path.write_text(f'#!/bin/sh\necho "$@" >> "{tmp_path / LOG}"\nexec {real} "$@"\n')
    path.chmod(0o755)
    return path


def done(folder: object, program: str = PROGRAM, **settings: str | None) -> tuple[str, str]:
    """What a fresh process says, and what it complains about; None takes a setting out."""
    env = {**os.environ, "TINYLEARN_CACHE": str(folder), **settings}
    env = {name: value for name, value in env.items() if value is not None}
    run = [sys.executable, "-c", program]
    answer = subprocess.run(run, env=env, capture_output=True, text=True, timeout=120)
    return answer.stdout, answer.stderr


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    """A cache in which the kernel of PROGRAM lies."""
    folder = tmp_path_factory.mktemp("filled")
    out, err = done(folder)
    assert out.startswith(EXPECTED) and not err, err
    return folder


@pytest.fixture
def cache(filled, tmp_path):
    """A copy of that cache, to be damaged."""
    return Path(shutil.copytree(filled, tmp_path / "cache"))


def kernel(cache: Path) -> Path:
    """The one library in a cache."""
    (found,) = (cache / "kernels").glob("*.so")
    return found


def replaced(path: Path, make: object) -> None:
    path.unlink()
    make(path)


DAMAGES = {
    "empty": lambda path: path.write_bytes(b""),
    "text": lambda path: path.write_bytes(b"not a library"),
    "zeros": lambda path: path.write_bytes(bytes(path.stat().st_size)),
    "half": lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
    "longer": lambda path: path.write_bytes(path.read_bytes() + b"!"),
    "a hole": lambda path: os.truncate(path, 5000) or os.truncate(path, 16000),
    "another machine's": lambda path: keep(path, path.read_bytes()[:18] + b"\xf3\0" + bytes(4000)),
    "a link to itself": lambda path: replaced(path, lambda p: p.symlink_to(p.name)),
    "a link to nothing": lambda path: replaced(path, lambda p: p.symlink_to("nothing")),
    "no sum": lambda path: files.seal(path).unlink(),
    "an empty sum": lambda path: files.seal(path).write_bytes(b""),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_kernel_is_compiled_anew_and_replaced(cache, damage):
    path = kernel(cache)
    whole = path.read_bytes()
    DAMAGES[damage](path)
    for _ in range(2):
        out, err = done(cache)
        assert out.startswith(EXPECTED) and not err, err
    assert intact(path) is not None and len(path.read_bytes()) == len(whole)


STRANGE = {
    "a folder": lambda path: replaced(path, lambda p: p.mkdir()),
    "a pipe": lambda path: replaced(path, os.mkfifo),
}


@pytest.mark.parametrize("damage", STRANGE)
def test_what_is_no_file_in_the_place_of_a_kernel_is_neither_loaded_nor_waited_for(cache, damage):
    STRANGE[damage](kernel(cache))
    out, err = done(cache)
    assert out.startswith(EXPECTED), err
    assert ("cannot be written to" in err) == (damage == "a folder")


def test_a_file_cut_at_any_length_is_not_intact(tmp_path):
    path, data = tmp_path / "x", os.urandom(300)
    assert keep(path, data) and intact(path) == data
    for length in range(300):
        path.write_bytes(data[:length])
        assert intact(path) is None
    path.write_bytes(data)
    for length in range(len(files.sum_of(data))):
        files.seal(path).write_bytes(files.sum_of(data)[:length])
        assert intact(path) is None


# ---------------------------------------------------------------- nothing is asked twice


@pytest.mark.parametrize("form", ['"{}"', "{}", "'{}' -O2", '"{}" -DA="1 2"'])
def test_with_everything_in_the_cache_no_process_is_started(tmp_path, wrapper, form):
    named = form.format(wrapper)
    for _ in range(2):
        out, err = done(tmp_path / "cache", TINYLEARN_CC=named)
        assert out.startswith(EXPECTED) and not err, err
        calls = (tmp_path / LOG).read_text() if (tmp_path / LOG).exists() else ""
        (tmp_path / LOG).unlink(missing_ok=True)
    assert calls == ""
    forbidden = "import subprocess\ndef no(*a, **k): raise SystemExit('started')\n"
    forbidden += f"subprocess.Popen.__init__ = no\n{PROGRAM}"
    assert done(tmp_path / "cache", forbidden, TINYLEARN_CC=named)[0].startswith(EXPECTED)


def test_a_compiler_that_was_changed_is_asked_again(tmp_path, wrapper):
    done(tmp_path / "cache", TINYLEARN_CC=f'"{wrapper}"')
    (tmp_path / LOG).unlink()
    wrapper.write_text(wrapper.read_text() + "# newer\n")
    out, err = done(tmp_path / "cache", TINYLEARN_CC=f'"{wrapper}"')
    assert out.startswith(EXPECTED), err
    assert "--version" in (tmp_path / LOG).read_text()


@pytest.mark.parametrize("damage", ["empty", "text", "zeros", "half", "no sum", "a link to itself"])
def test_a_damaged_memory_of_the_compiler_is_made_anew(cache, damage):
    (record,) = (cache / "compilers").glob("*.json")
    DAMAGES[damage](record)
    out, err = done(cache)
    assert out.startswith(EXPECTED) and not err, err
    assert intact(record)


def test_a_cache_that_may_only_be_read_is_used(cache, wrapper, tmp_path):
    for path in [cache, *cache.rglob("*")]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    forbidden = "import subprocess\nsubprocess.Popen.__init__ = None\n"
    try:
        out, err = done(cache, forbidden + PROGRAM)
    finally:
        for path in [cache, *cache.rglob("*")]:
            path.chmod(0o755 if path.is_dir() else 0o644)
    assert out.startswith(EXPECTED) and not err, err


# ---------------------------------------------------------------- where the cache lies


def test_a_cache_that_cannot_be_written_is_done_without_and_said_once(tmp_path):
    (tmp_path / "file").write_text("")
    for folder in ("file", "file/below"):
        twice = PROGRAM + "print((x * 2.5).sum().item())"
        out, err = done(tmp_path / folder, twice)
        assert out.startswith(EXPECTED), err
        assert err.count("RuntimeWarning") == 1 and "Try setting TINYLEARN_CACHE" in err
        assert str(tmp_path / folder) in err


@pytest.mark.parametrize(
    "name", ["with space", "ümläut-日本", "-dash", "quo'te\"s", "new\nline", "."]
)
def test_any_name_will_do_for_the_cache(tmp_path, name):
    out, err = done(tmp_path / name)
    assert out.startswith(EXPECTED) and not err, err
    assert kernel(tmp_path / name)


def test_a_tilde_is_the_home_folder_and_a_relative_path_stays_where_it_was(tmp_path, monkeypatch):
    out, err = done("~/kept", HOME=str(tmp_path))
    assert out.startswith(EXPECTED) and kernel(tmp_path / "kept"), err
    monkeypatch.chdir(tmp_path)
    (tmp_path / "elsewhere").mkdir()
    moved = f"import os\n{PROGRAM}os.chdir('elsewhere')\nprint((x * 2.5).sum().item())"
    out, err = done("near", moved, PYTHONPATH=str(Path(files.__file__).parents[2]))
    assert out.startswith(EXPECTED) and not err, err
    assert len(list((tmp_path / "near/kernels").glob("*.so"))) == 2
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_without_a_home_folder_kernels_are_compiled_for_this_process(tmp_path):
    out, err = done("~nobody-of-that-name/x")
    assert out.startswith(EXPECTED), err
    assert "TINYLEARN_CACHE='~nobody-of-that-name/x' cannot be used" in err
    (tmp_path / "home").write_text("")
    out, err = done("", HOME=str(tmp_path / "home"), XDG_CACHE_HOME=None, TINYLEARN_CACHE=None)
    assert out.startswith(EXPECTED) and "Try setting TINYLEARN_CACHE" in err
    out, err = done("", HOME=None, XDG_CACHE_HOME=str(tmp_path / "xdg"), TINYLEARN_CACHE=None)
    assert out.startswith(EXPECTED) and not err, err
    assert kernel(tmp_path / "xdg/tinylearn")


def test_a_process_leaves_no_temporary_folder_behind(tmp_path):
    (tmp_path / "tmp").mkdir()
    for folder in (tmp_path / "cache", tmp_path / "tmp" / "no" / "\0"[:0] / "x"):
        out, err = done(folder, TMPDIR=str(tmp_path / "tmp"))
        assert out.startswith(EXPECTED), err
    assert [p.name for p in (tmp_path / "tmp").iterdir()] == ["no"]


def test_a_library_that_cannot_be_loaded_from_the_cache_is_loaded_from_a_copy(cache, tmp_path):
    """As on a disk from which nothing may run: there CDLL says that it failed to map the file."""
    program = f"""
import ctypes
real = ctypes.CDLL
def strict(name, *more, **options):
    if name and {str(cache)!r} in name:
        raise OSError(name + ": failed to map segment from shared object")
    return real(name, *more, **options)
ctypes.CDLL = strict
import subprocess
subprocess.Popen.__init__ = None
{PROGRAM}"""
    out, err = done(cache, program)
    assert out.startswith(EXPECTED) and not err, err
    nowhere = program.replace(f"{str(cache)!r} in name", "name.endswith('.so')")
    out, err = done(cache, nowhere.replace("subprocess.Popen.__init__ = None", ""))
    assert "DeviceError: a compiled kernel cannot be loaded" in err
    assert "Try setting TINYLEARN_CACHE to a folder on a disk where programs may run" in err


# ---------------------------------------------------------------- which compiler


NAMES = {
    "a-compiler-that-is-not-there": "was not found: 'a-compiler-that-is-not-there' is not there",
    "/nowhere/my gcc -O2": "was not found: '/nowhere/my' is not there",
    '"unclosed': "cannot be read: No closing quotation",
    "/etc/passwd": "was not found: '/etc/passwd' is not a program that may be run",
    "/tmp": "was not found: '/tmp' is not a program that may be run",
    "true": "does not work: .*true cannot compile: it says that all went well, but",
    "false -x": "does not work: .*false -x cannot compile: exit status 1",
    "cc -not-an-option": "does not work: .*cannot compile: .*not-an-option",
    "ccache-not-there gcc": "was not found: 'ccache-not-there' is not there",
}


@pytest.mark.parametrize("named", NAMES)
def test_a_compiler_that_does_not_work_is_named_as_the_user_named_it(tmp_path, named):
    _, err = done(tmp_path, TINYLEARN_CC=named)
    (last,) = [line for line in err.splitlines() if "DeviceError: " in line]
    assert f"TINYLEARN_CC={named!r} " in last
    assert re.search(NAMES[named], last), last
    assert list(tmp_path.rglob("*.json")) == []  # nothing is remembered that does not work


def test_arguments_reach_the_compiler_and_kernels_of_others_are_not_taken(tmp_path, wrapper):
    for named in (f"'{wrapper}'", f"env '{wrapper}' -DSPECIAL='a b'"):
        out, err = done(tmp_path / "cache", TINYLEARN_CC=named)
        assert out.startswith(EXPECTED) and not err, err
    assert "-DSPECIAL=a b" in (tmp_path / LOG).read_text()
    assert len(list((tmp_path / "cache/kernels").glob("*.so"))) == 2


def test_a_compiler_that_cannot_compile_is_passed_over_for_the_next(tmp_path):
    bin = tmp_path / "bin"
    bin.mkdir()
    (bin / "cc").write_text('#!/bin/sh\n[ "$1" = --version ] && echo stub 1.0 || exit 1\n')
    (bin / "cc").chmod(0o755)
    (bin / "gcc").symlink_to(next(filter(None, map(shutil.which, ("gcc", "cc", "clang")))))
    path = f"{bin}{os.pathsep}{os.environ['PATH']}"
    out, err = done(tmp_path / "cache", PATH=path, TINYLEARN_CC="")
    assert out.startswith(EXPECTED) and not err, err


INFO = "from tinylearn.command import main; main(['info'])"


def test_info_says_which_compiler_and_where_kernels_are_kept(cache, tmp_path):
    out, _ = done(cache, INFO)
    assert f"cache      {cache / 'kernels'}: 1 compiled\n" in out
    (tmp_path / "file").write_text("")
    out, err = done(tmp_path / "file", INFO, TINYLEARN_CC="nonsense -O2")
    assert "c: TINYLEARN_CC='nonsense -O2' was not found: 'nonsense' is not there" in out
    assert f"cache      {tmp_path / 'file' / 'kernels'}: cannot be written to" in out and not err
    out, err = done("~nobody-of-that-name/x", INFO)
    assert "cache      TINYLEARN_CACHE='~nobody-of-that-name/x' cannot be used" in out and not err


# ---------------------------------------------------------------- whole files


def test_a_file_is_written_through_a_link_and_keeps_its_mode(tmp_path):
    path, link = tmp_path / "a", tmp_path / "b"
    path.write_bytes(b"old")
    path.chmod(0o640)
    link.symlink_to("a")
    write_whole(link, b"new")
    assert link.is_symlink() and path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    write_whole(Path(os.devnull), b"x")
    assert not Path(os.devnull).is_file()
