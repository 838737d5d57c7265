"""CUDA as a table; prelude.cuh stands before all kernels."""

from __future__ import annotations

from pathlib import Path

from tinylearn.loops.tree import Function
from tinylearn.render.c import C
from tinylearn.render.dialect import Dialect, Grid
from tinylearn.render.source import Source
from tinylearn.render.threads import written_for_threads

CUDA = Dialect(
    types=dict(C.types) | {"float16": "float16"},
    values=C.values,
    literals=C.literals,
    infinite=C.infinite,
    function='extern "C" __global__ void __launch_bounds__({threads}) {name}({arguments})',
    argument="{const}{type} *__restrict__ {name}",
    local="{type} {name}[{size}];",
    loop="for ({whole} {v} = 0; {v} < {n}; {v}++)",
    grid=Grid(
        block="blockIdx.{axis}",
        thread="threadIdx.{axis}",
        shared="__shared__ __align__(16) {type} {name}[{size}];",
        barrier="__syncthreads();",
        atomic="atomicAdd(&{place}, {value});",
    ),
)
PRELUDE = Path(__file__).with_name("prelude.cuh").read_text("utf-8")


def render_cuda(function: Function) -> Source:
    """The kernel as a CUDA function of pointers to its arguments."""
    return written_for_threads(function, CUDA)
