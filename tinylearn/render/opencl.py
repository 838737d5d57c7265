"""OpenCL as a table; prelude.cl stands before all kernels."""

from __future__ import annotations

from pathlib import Path

from tinylearn.loops.tree import Function
from tinylearn.render.dialect import Dialect, Grid
from tinylearn.render.source import Source
from tinylearn.render.threads import written_for_threads

OPENCL = Dialect(
    types={
        "bool": "uchar",
        "int32": "int",
        "int64": "long",
        "float32": "float",
        "float64": "double",
    },
    values={"bool": "int"},
    literals={"int32": "{}", "int64": "((long){})", "float32": "{}f", "float64": "{}"},
    infinite=("INFINITY", "NAN"),
    function="__kernel void run_{name}({arguments})",
    argument="__global {const}{type} *restrict {name}",
    local="{type} {name}[{size}];",
    loop="for ({whole} {v} = 0; {v} < {n}; {v}++)",
    grid=Grid(
        block="get_group_id({number})",
        thread="get_local_id({number})",
        shared="__local {type} {name}[{size}];",
        barrier="barrier(CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE);",
        atomic="",
    ),
)
PRELUDE = Path(__file__).with_name("prelude.cl").read_text("utf-8")


def render_opencl(function: Function) -> Source:
    """The kernel as an OpenCL function of pointers to its arguments."""
    return written_for_threads(function, OPENCL)
