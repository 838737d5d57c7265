"""Renderers: any text with the right numbers is let in, the usual mistakes are refused."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from tinylearn.devices import apart, compiler
from tinylearn.graph.node import Node
from tinylearn.graph.primitives import CAST, DETACH
from tinylearn.loops.index import variable
from tinylearn.loops.statements import Apply
from tinylearn.parts import ContractError, Part, using
from tinylearn.render.c import C, render_c
from tinylearn.render.cfamily import Value, Writer
from tinylearn.render.numpy_text import render_numpy
from tinylearn.render.source import Source

needs_compiler = pytest.mark.skipif(not compiler.compiler(), reason="no C compiler here")


def refused(name: str, function: Callable) -> str:
    """The text with which `use` refuses a function."""
    with pytest.raises(ContractError) as caught, using({name: function}):
        pass
    assert Part.table[name].is_default
    return str(caught.value)


def edited(render: Callable, old: str, new: str) -> Callable:
    """The renderer, with something in its text replaced: a pattern and what comes in its place."""

    def other(*loops):
        source = render(*loops)
        lines = [re.sub(old, new, line) for line in source.lines]
        return Source(lines, source.nodes)

    return other


# ---------------------------------------------------------------- NumPy text


def by_hand(operation: Callable = str.format, strides: bool = True) -> Callable:
    """A renderer as a student begins: one long expression, node by node, for each output.

    operation   (text with {} for its operands, *operands) -> text
    strides     whether a permute is written
    """
    symbols = {"add": "({} + {})", "mul": "({} * {})", "less": "({} < {})", "recip": "(1 / {})"}
    moves = {"reshape": "reshape", "permute": "transpose", "expand": "broadcast_to", "flip": "flip",
             "pad": "pad", "shrink": "shrink"}  # fmt: skip

    def text_of(n: Node, names: dict) -> str:
        if n in names:
            return names[n]
        args = [text_of(x, names) for x in n.inputs]
        kind = n.op.name
        if n.op is CAST:
            return f"asarray({args[0]}).astype({n.dtype.name})"
        if n.op is DETACH or (kind == "permute" and not strides):
            return args[0] if n.op is DETACH else f"reshape({args[0]}, {n.shape})"
        if n.op.kind == "reduce":
            call = "add" if kind == "sum" else "maximum"
            dtype = f", dtype={n.dtype.name}" if kind == "sum" else ""
            return f"{call}.reduce({args[0]}, {n.arg}{dtype}, keepdims=True)"
        if kind in symbols:
            return operation(symbols[kind], *args)
        extra = f", {n.arg!r}" if n.op.kind == "move" else ""
        return f"{moves.get(kind, kind)}({', '.join(args)}{extra})"

    def render(kernel, nest, name="kernel"):
        names = {n: f"in{k}" for k, n in enumerate(kernel.loaded)}
        for n in kernel.inputs:
            names.setdefault(n, f"full({n.shape}, {n.arg!r}, {n.dtype.name})")
        memory = [f"out{k}" for k in range(len(kernel.outputs))]
        memory += [f"in{k}" for k in range(len(kernel.loaded))]
        source = Source()
        source.add(f"def {name}({', '.join(memory)}):")
        source.indent = 1
        for k, n in enumerate(kernel.outputs):
            source.add(f"out{k}[...] = {text_of(n, names)}", n)
        return source

    return render


def without_parentheses(text: str, *args: str) -> str:
    """a + b * c, whichever was meant to come first."""
    return text.strip("()").format(*args) if text[0] == "(" else text.format(*args)


WRONG_NUMPY = [
    (lambda kernel, nest, name="kernel": None, "must return a Source, not NoneType"),
    (lambda kernel, nest, name="kernel": "def kernel(): pass", "must return a Source, not str"),
    (lambda kernel, nest, name="kernel": Source(["def f(*a): pass"], [None]), "must define"),
    (lambda kernel, nest, name="kernel": Source([f"def {name}(*a): pass"], []), "as many nodes"),
    (lambda kernel, nest, name="kernel": Source([f"def {name}(*a):"], [None]), "does not run"),
    (lambda kernel, nest, name="kernel": Source([f"def {name}(*a): pass"], [None]), "is wrong at"),
    (by_hand(without_parentheses), "is wrong at"),
    (by_hand(strides=False), "is wrong at"),
    (edited(by_hand(), r"\(1 / ", "(1 // "), "is wrong at"),
    (edited(by_hand(), r"\.astype\(\w+\)", ""), "is wrong at"),
    (edited(by_hand(), r"maximum\.", "add."), "is wrong at"),
    (edited(render_numpy, r"subtract\((\w+), (\w+)", r"subtract(\2, \1"), "is wrong at"),
    (edited(render_numpy, r"\.transpose\(\([\d, ]+\)\)", ""), "render.numpy: "),
    (edited(render_numpy, r"(strided\(\w+, )\d+", r"\g<1>0"), "is wrong at"),
    (
        edited(render_numpy, r"^(    t\w+ = .*\bin0\b.*)$", r"\1; in0[...] = 0"),
        "which it may only read",
    ),
]


@pytest.mark.parametrize(("function", "says"), WRONG_NUMPY)
def test_a_wrong_numpy_text_is_refused_with_a_reason(function, says):
    text = refused("render.numpy", function)
    assert text.startswith("render.numpy") and says in text and "called with the kernel of" in text


def test_a_renderer_of_another_make_is_let_in_and_runs():
    from tinylearn.tensor import Tensor

    with using({"render.numpy": by_hand()}):
        x = Tensor([[1.0, 2.0], [3.0, 5.0]])
        assert ((x.T - x) * 2 + x.sum(1)).tolist() == [[3.0, 10.0], [1.0, 8.0]]


# ---------------------------------------------------------------- C text


class Inlined(Writer):
    """Each value is written out where it is used: an expression as long as the kernel."""

    parentheses = "({})"

    def let(self, s) -> None:
        match s.expression:
            case Apply(op, args) if op.name in ("add", "mul", "subtract", "divide"):
                values = [self.values[a] for a in args]
                if s.dtype.name == "float32" and all(v.lanes == 1 for v in values):
                    inner = op.text.strip("()").format(*(v.text for v in values))
                    self.values[s.name] = Value(self.parentheses.format(inner), s.dtype)
                    return
        super().let(s)


class WithoutParentheses(Inlined):
    parentheses = "{}"


class WithoutCasts(Writer):
    def apply(self, op, args, dtype):
        alone = op is CAST and args[0].lanes == 1
        return args[0] if alone else super().apply(op, args, dtype)


class WithoutStrides(Writer):
    """Numbers are taken in the order of the loops, wherever they lie."""

    def load(self, s, e):
        loops = [index_of_loop(v) for v in sorted(e.place.variables, key=repr)]
        if len(loops) > 1 and self.memory[e.memory].space == "argument":
            e = replace(e, place=sum(loops[1:], loops[0]))
        return super().load(s, e)


def index_of_loop(v):
    return variable(v.name, v.size)


class WithoutGuards(Writer):
    def load(self, s, e):
        return super().load(s, replace(e, guards=()))

    def guarded(self, value, guards):
        return value


def rendered(writer: type[Writer]) -> Callable:
    return lambda function: writer(function, C).write()


WRONG_C = {
    "swapped": (edited(render_c, r"\((\w+) - (\w+)\)", r"(\2 - \1)"), "is wrong at"),
    "int division": (edited(render_c, r"\((\w+) / (\w+)\)", r"((int)\1 / (int)\2)"), "render.c: "),
    "parentheses": (rendered(WithoutParentheses), "is wrong at"),
    "casts": (rendered(WithoutCasts), "is wrong at"),
    "strides": (rendered(WithoutStrides), "is wrong at"),
    "guards": (rendered(WithoutGuards), "is wrong at"),
    "last round": (edited(render_c, r"(for \(long i\w* = 0; i\w* < )(\d+)", r"\1\2 - 1"), "wrong"),
    "one too many": (
        edited(render_c, r"(for \(long i\w* = 0; i\w* <) ", r"\1= "),
        "outside of out0",
    ),
    "remainder": (
        edited(render_c, r"(for \(long \w+r = 0; \w+ < )(\d+)", r"\1\2 - 1"),
        "is wrong at",
    ),
    "nan": (edited(render_c, r"larger_float32\((\w+\S*), (\w+)\)", r"(\1 > \2 ? \1 : \2)"), "nan"),
    "start": (edited(render_c, r"-INFINITY", "0"), "is wrong at"),
    "no end": (edited(render_c, r"(for \(long i\w* = 0;) i\w* < \d+", r"\1 1"), "render.c: "),
    "hangs": (edited(render_c, r"^(void .*)$", r"\1 for (volatile int k = 0;;) k++;"), "to an end"),
    "crash": (edited(render_c, r"^(void .*)$", r"\1 *(volatile int *)8 = 1;"), "SIGSEGV"),
    "reads": (edited(render_c, r"^(void .*in0.*)$", r"\1 ((char *)in0)[0] ^= 1;"), "only read"),
    "semicolon": (edited(render_c, r"\((\w+) \+ (\w+)\);", r"(\1 + \2)"), "compiler refuses"),
}


@needs_compiler
@pytest.mark.parametrize("wrong", WRONG_C)
def test_a_wrong_c_text_is_refused_with_a_reason(wrong, monkeypatch):
    monkeypatch.setattr(apart, "SECONDS", 1)
    function, says = WRONG_C[wrong]
    text = refused("render.c", function)
    assert text.startswith("render.c") and says in text and "    | void kernel_" in text


WRONG_FORMS = [
    (lambda function: None, "must return a Source, not NoneType"),
    (edited(render_c, "void", "static void*"), "must define void kernel_0"),
    (edited(render_c, r"\*restrict out0,", "*restrict out0, int more,"), "pointers, it takes"),
    (edited(render_c, "float", "double"), r"in float32: float \*, not double"),
    (edited(render_c, r"^    \}$", ""), "has its }"),
]


@pytest.mark.parametrize(("function", "says"), WRONG_FORMS)
def test_the_form_of_c_text_is_checked_without_a_compiler(function, says, monkeypatch):
    monkeypatch.setattr(compiler, "compiler", lambda: ())
    with pytest.raises(ContractError, match=says):
        Part.table["render.c"].contract(function)


def test_without_a_compiler_it_is_said_what_was_not_checked(monkeypatch):
    monkeypatch.setattr(compiler, "compiler", lambda: ())
    with pytest.warns(RuntimeWarning, match="the form of the text was checked and not its numbers"):
        Part.table["render.c"].contract(render_c)


@needs_compiler
@pytest.mark.parametrize("writer", [Writer, Inlined])
def test_a_c_renderer_of_another_make_is_let_in(writer):
    with using({"render.c": rendered(writer)}):
        pass


@needs_compiler
def test_numbers_of_16_bits_are_compared_where_the_compiler_has_them():
    half = np.ones(3, np.float16)
    text = "void f(_Float16 *restrict out0, const _Float16 *restrict in0)"
    text += " { for (int i = 0; i < 3; i++) out0[i] = in0[i] + in0[i]; }"
    (answer,) = apart.answers([apart.Call("f", text, [half * 0], [half])])
    assert answer is None or answer[0].tolist() == [2, 2, 2]
