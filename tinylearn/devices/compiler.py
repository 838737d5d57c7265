"""Finds a C compiler, compiles text into a loaded library, and keeps what it compiled on disk.

The cache is safe under several processes: a library is compiled into a file of its own and then
renamed into place, which is one indivisible step.
"""

from __future__ import annotations

import ctypes
import functools
import hashlib
import importlib.util
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tinylearn.errors import DeviceError

# gcc 12 loses the rounding of a double to a float and back where it packs statements together
# (slp): our loops are vectorized as loops, so that is switched off.
FLAGS = [
    "-std=gnu11", "-O3", "-fno-math-errno", "-fno-trapping-math", "-fwrapv", "-shared",
    "-fno-tree-slp-vectorize",
]  # fmt: skip
NATIVE = {"x86_64": ["-march=native", "-mprefer-vector-width=512"], "amd64": ["-march=native"]}
MISSING = (
    "no C compiler was found (looked for $TINYLEARN_CC, cc, clang, gcc and the ziglang package);"
    ' `pip install "tinylearn[zig]"` brings one, and the numpy device works without'
)


@functools.cache
def compiler() -> tuple[str, ...]:
    """The command of the compiler that was found; () if there is none."""
    named = os.environ.get("TINYLEARN_CC")
    for name in [named] if named else ["cc", "clang", "gcc"]:
        found = shutil.which(name)
        if found and works((found,)):
            return (found,)
    if not named and importlib.util.find_spec("ziglang"):
        return (sys.executable, "-m", "ziglang", "cc")
    return ()


def works(command: tuple[str, ...]) -> bool:
    """Whether the command answers with a version; a stub that only asks to install does not."""
    return bool(version(command))


@functools.cache
def version(command: tuple[str, ...]) -> str:
    """The first line that the compiler says about itself, or ""."""
    try:
        said = subprocess.run([*command, "--version"], capture_output=True, text=True, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return said.stdout.splitlines()[0] if said.returncode == 0 and said.stdout else ""


@functools.cache
def flags() -> tuple[str, ...]:
    """The options that this compiler takes on this machine."""
    native = NATIVE.get(platform.machine().lower(), ["-mcpu=native"])
    plain = FLAGS if os.name == "nt" else [*FLAGS, "-fPIC"]
    for extra in (native, native[:1], []):
        with tempfile.TemporaryDirectory() as folder:
            if not run_compiler("int f(void) { return 1; }\n", Path(folder, "t"), [*plain, *extra]):
                return (*plain, *extra)
    raise DeviceError(f"{' '.join(compiler())} cannot compile a function of one line")


def run_compiler(text: str, output: Path, options: list[str]) -> str:
    """Compile text into the library `output`; what went wrong, or ""."""
    source = output.with_suffix(".c")
    source.write_text(text, encoding="utf-8")
    command = [*compiler(), *options, "-o", str(output), str(source), "-lm"]
    done = subprocess.run(command, capture_output=True, text=True)
    return done.stderr[-4000:] or f"exit status {done.returncode}" if done.returncode else ""


def cache_folder() -> Path:
    """Where compiled kernels are kept: TINYLEARN_CACHE, or the user's cache folder."""
    base = os.environ.get("TINYLEARN_CACHE") or os.environ.get("XDG_CACHE_HOME")
    root = Path(base) if base else Path.home() / ".cache"
    return (root if os.environ.get("TINYLEARN_CACHE") else root / "tinylearn") / "kernels"


def identity() -> str:
    """What, besides its text, decides what a library does: compiler, options, processor."""
    return "\n".join([version(compiler()), *flags(), platform.machine(), processor()])


@functools.cache
def processor() -> str:
    """The processor's features, since -march=native depends on them."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line for line in lines if line.startswith(("flags", "Features"))), "")


@functools.lru_cache(maxsize=4096)
def library(text: str) -> ctypes.CDLL:
    """The text, compiled and loaded; from the disk if it was compiled before."""
    if not compiler():
        raise DeviceError(MISSING)
    key = hashlib.sha256(f"{identity()}\n{text}".encode()).hexdigest()[:32]
    folder = writable(cache_folder())
    path = folder / f"{key}.so"
    if path.exists():
        try:
            return ctypes.CDLL(str(path))
        except OSError:
            path.unlink(missing_ok=True)  # a damaged file: compile anew
    with tempfile.TemporaryDirectory(dir=folder) as own:
        fresh = Path(own, "kernels")
        wrong = run_compiler(text, fresh, list(flags()))
        if wrong:
            raise DeviceError(f"{version(compiler())} refused generated code:\n{wrong}")
        os.replace(fresh, path)
    return ctypes.CDLL(str(path))


def writable(folder: Path) -> Path:
    """The folder, made if need be; a folder for this process alone where it cannot be."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if os.access(folder, os.W_OK):
            return folder
    except OSError:
        pass
    return private_folder()


@functools.cache
def private_folder() -> Path:
    """A temporary folder for this process."""
    return Path(tempfile.mkdtemp(prefix="tinylearn-"))
