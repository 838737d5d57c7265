"""Large products on the c device: BLAS multiplies, and what follows is a C function.

    kernel: relu(x @ w + b)   ->   product = x @ w         one call of BLAS, through NumPy
                                   out = relu(product + b)  a loop in C

The product waits in the output that comes last, if that can hold it, else in scratch memory.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from tinylearn.graph.node import Node
from tinylearn.graph.primitives import buffer
from tinylearn.graph.simplify import StandIn
from tinylearn.loops.index import flat, variable
from tinylearn.loops.ir import Let, Load, Nest, Statement
from tinylearn.loops.transforms import collapse
from tinylearn.render.product import Product, product_form, reshaped
from tinylearn.render.source import Source
from tinylearn.schedule.kernel import Kernel

BLAS_FROM = 16_384  # multiplications: below, a C loop is done before BLAS has begun


@dataclass(frozen=True)
class Halves:
    """A kernel as a product and what follows it.

    multiply   the product as Python text: a function of the kernel's memory and of the scratch
    kernel     what follows; it also reads the scratch, if there is one
    nest       its loops; None if nothing follows
    scratch    what the product is called while it waits; None if an output holds it
    """

    multiply: Source
    kernel: Kernel
    nest: Nest | None
    scratch: Node | None


def halves(kernel: Kernel, nest: Nest, name: str) -> Halves | None:
    """The kernel taken apart, or None if it is no product large enough for BLAS."""
    product = product_form(nest) if nest.is_strided else None
    rounds = math.prod(v.size for v in nest.outer_loops + nest.reduced_loops)
    if product is None or rounds < BLAS_FROM or not (product.rows and product.columns):
        return None
    total = product.total
    done = product.target if product.target in nest.outer[:1] else None
    rest = [s for s in nest.outer if s is not done]
    scratch = None
    if product.target is None:
        size = math.prod(v.size for v in product.order)
        scratch = buffer(StandIn((size,), total.node.dtype, total.node.device))
        kernel = replace(kernel, inputs=(*kernel.inputs, scratch))
    multiply = multiplication(kernel, product, scratch, name)
    return Halves(multiply, kernel, following(nest, product, scratch, rest), scratch)


def multiplication(kernel: Kernel, product: Product, scratch: Node | None, name: str) -> Source:
    """The product as a Python function."""
    source = Source()
    memory = {n: f"out{k}" for k, n in enumerate(kernel.outputs)}
    memory |= {n: f"in{k}" for k, n in enumerate(kernel.loaded)}
    source.add(f"def {name}({', '.join(memory.values())}):", kernel.outputs[0])
    source.indent = 1
    home = scratch if product.target is None else product.target.target
    assert home is not None, "a product without a target goes to the scratch"
    out = reshaped(memory[home], home.shape, product.matrices)
    source.add(product.call(memory, out), product.total.node)
    return source


def following(
    nest: Nest, product: Product, scratch: Node | None, rest: list[Statement]
) -> Nest | None:
    """The loops of what follows: they read the finished total from memory."""
    if not rest:
        return None
    order, total = product.order, product.total
    if product.target is None:
        index = tuple(variable(v.name, v.size) for v in order)
        assert scratch is not None, "a product without a target goes to the scratch"
        load = Load(scratch, flat(index, tuple(v.size for v in order)))
    else:
        load = Load(product.target.target, product.target.place)
    read = Let(total.name, load, total.node.dtype, total.node)
    return collapse(Nest(nest.outer_loops, (), (), (), (read, *rest)))
