"""The c device on machines as they are: which compiler, none, a shared and a damaged cache."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.needed import absent
from tinylearn.devices.device import Device

PROGRAM = """
import tinylearn as tl
x = tl.Tensor([[0.5, 1.5], [2.5, 3.5]], device="c")
print((x.exp() * 3 + x).sum(1).tolist())
"""
DEFAULT = """
import warnings
import tinylearn as tl
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    print(tl.Tensor([1.0, 2.0]).sum().item(), tl.Device.DEFAULT)
    print(*[w.message for w in caught])
"""
EXPECTED = "[20.3912"

needs_compiler = pytest.mark.skipif(
    not any(map(shutil.which, ("cc", "gcc", "clang"))), reason="no C compiler on this machine"
)


def run(program: str, folder: Path, **environment: str) -> subprocess.Popen:
    """A fresh process with a kernel cache of its own."""
    env = {**os.environ, "TINYLEARN_CACHE": str(folder), **environment}
    command = [sys.executable, "-c", program]
    return subprocess.Popen(
        command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


@needs_compiler
def test_two_processes_can_fill_one_cache_at_once(tmp_path):
    processes = [run(PROGRAM, tmp_path) for _ in range(4)]
    for process in processes:
        out, err = process.communicate(timeout=120)
        assert out.startswith(EXPECTED), err
    assert sorted(p.suffix for p in (tmp_path / "kernels").iterdir()) == [".so", ".sum"]


def test_without_a_compiler_the_error_says_what_to_do(tmp_path):
    _, err = run(PROGRAM, tmp_path, PATH=str(tmp_path), TINYLEARN_CC="").communicate(timeout=60)
    assert "no C compiler was found" in err
    assert 'pip install "tinylearn[zig]"' in err


def test_without_a_compiler_numpy_carries_on(tmp_path):
    environment = {"PATH": str(tmp_path), "TINYLEARN_CC": "", "TINYLEARN_DEVICE": "c"}
    out, err = run(DEFAULT, tmp_path, **environment).communicate(timeout=60)
    assert out.startswith("3.0 numpy\nTINYLEARN_DEVICE is ignored"), err


def test_an_unknown_device_in_the_environment_offers_the_nearest(tmp_path):
    out, err = run(DEFAULT, tmp_path, TINYLEARN_DEVICE="nunpy").communicate(timeout=60)
    assert "did you mean 'numpy'" in out, err


@needs_compiler
def test_a_compiler_that_refuses_is_quoted(tmp_path):
    fake = tmp_path / "fakecc"
    fake.write_text('#!/bin/sh\n[ "$1" = --version ] && echo fake 1.0 || exit 3\n')
    fake.chmod(0o755)
    _, err = run(PROGRAM, tmp_path, TINYLEARN_CC=str(fake)).communicate(timeout=60)
    assert "DeviceError" in err
    assert "cannot compile" in err


def test_in_continuous_integration_no_device_is_left_out():
    for name in ("numpy", "c", "simulator"):  # cuda needs a card: make test-gpu
        if reason := Device.known[name].unavailable():
            absent(f"the device {name} ({reason})")
