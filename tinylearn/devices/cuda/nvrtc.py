"""CUDA text to machine code by NVRTC, NVIDIA's compiler as a library. No card is needed for it.

The code is kept on disk under the text, the target and NVRTC's version.
"""

from __future__ import annotations

import ctypes
import hashlib
import importlib.util
from collections.abc import Iterator
from ctypes import byref, c_char_p, c_int, c_size_t, c_void_p
from functools import cache
from pathlib import Path
from typing import Any

from tinylearn.devices import compiler, files
from tinylearn.errors import DeviceError

NAMES = ("libnvrtc.so.13", "libnvrtc.so.12", "nvrtc64_130_0.dll", "nvrtc64_120_0.dll")
OPTIONS = ("--std=c++17", "--fmad=true", "-default-device")


def places() -> Iterator[str]:
    """Where the library may lie: in the package that pip installs, or where the system looks."""
    try:
        package = importlib.util.find_spec("nvidia")
    except (ImportError, ValueError):
        package = None
    for root in package.submodule_search_locations or () if package else ():
        for pattern in ("cu1*/lib/libnvrtc.so.1*", "cuda_nvrtc/lib/libnvrtc.so.1*"):
            yield from (
                str(p) for p in sorted(Path(root).glob(pattern)) if "builtins" not in p.name
            )
    yield from NAMES


@cache
def library() -> Any:
    """NVRTC's library; DeviceError if there is none."""
    for place in places():
        try:
            return ctypes.CDLL(place)
        except OSError:
            continue
    says = "there is no NVRTC here, which makes machine code of CUDA text"
    raise DeviceError(f'{says}\nTry pip install "tinylearn[cuda]"')


def version() -> str:
    """NVRTC's version, like 13.0."""
    major, minor = c_int(), c_int()
    library().nvrtcVersion(byref(major), byref(minor))
    return f"{major.value}.{minor.value}"


def machine_code(text: str, capability: tuple[int, int]) -> bytes:
    """The machine code of some CUDA text for cards of this capability; from the disk if known.

    Raises   DeviceError with what NVRTC says, and there is no NVRTC
    """
    target = f"--gpu-architecture=sm_{capability[0]}{capability[1]}"
    words = "\n".join([version(), target, *OPTIONS, text])
    name = hashlib.sha256(words.encode()).hexdigest()[:32] + ".cubin"
    try:
        kept: Path | None = compiler.cache_folder() / name
    except files.FolderError as error:
        files.warn_once(str(error).partition("\n")[0])
        kept = None
    code = files.intact(kept) if kept else None
    if code is None:
        code = compiled(text, target)
        if kept:
            files.keep(kept, code)
    return code


def compiled(text: str, target: str) -> bytes:
    """What NVRTC makes of the text."""
    nvrtc, program = library(), c_void_p()
    if nvrtc.nvrtcCreateProgram(byref(program), text.encode(), b"kernels.cu", 0, None, None):
        raise DeviceError("NVRTC takes no program")
    try:
        options = [target, *OPTIONS]
        words = (c_char_p * len(options))(*(o.encode() for o in options))
        if nvrtc.nvrtcCompileProgram(program, len(options), words):
            raise DeviceError(f"NVRTC {version()} made nothing of generated code:\n{log(program)}")
        size = c_size_t()
        nvrtc.nvrtcGetCUBINSize(program, byref(size))
        code = ctypes.create_string_buffer(size.value)
        nvrtc.nvrtcGetCUBIN(program, code)
        return code.raw
    finally:
        nvrtc.nvrtcDestroyProgram(byref(program))


def log(program: c_void_p) -> str:
    """What NVRTC says of a program, the first lines of it."""
    size = c_size_t()
    library().nvrtcGetProgramLogSize(program, byref(size))
    text = ctypes.create_string_buffer(size.value)
    library().nvrtcGetProgramLog(program, text)
    return "\n".join(text.value.decode(errors="replace").splitlines()[:20])
