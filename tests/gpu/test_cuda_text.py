"""Every kind of kernel is CUDA that NVRTC compiles, for old cards and new. No card is needed."""

import pytest

from tests.needed import absent
from tinylearn.contracts.kernels import samples
from tinylearn.devices.cuda import nvrtc
from tinylearn.errors import DeviceError
from tinylearn.loops.grid import on_threads
from tinylearn.loops.lower import lower
from tinylearn.loops.rewrites import rewritten
from tinylearn.render.cuda import PRELUDE, render_cuda


@pytest.fixture(scope="module")
def text():
    """All kernels that the contracts know, as one CUDA text."""
    try:
        nvrtc.library()
    except DeviceError as error:
        absent(f"NVRTC ({error})")
    sources = []
    for number, sample in enumerate(samples()):
        tree = on_threads(rewritten(lower(sample.kernel)), f"kernel_{number}").function
        sources.append(render_cuda(tree).text)
    assert len(sources) > 50
    return "\n".join([PRELUDE, *sources])


@pytest.mark.parametrize("capability", [(7, 5), (8, 6), (9, 0)])
def test_all_kernels_compile(text, capability):
    code = nvrtc.machine_code(text, capability)
    assert code[:4] == b"\x7fELF" and len(code) > 10_000
    assert nvrtc.machine_code(text, capability) == code  # from the disk


def test_what_does_not_compile_is_quoted(text):
    with pytest.raises(DeviceError, match=r"NVRTC .* made nothing(.|\n)*undefined"):
        nvrtc.machine_code("__global__ void f() { nothing_there(); }", (9, 0))
