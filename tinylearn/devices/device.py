"""What a device must offer, the list of those that exist, and how one is chosen.

`TINYLEARN_DEVICE=c` in the environment, `Device.DEFAULT = "c"`, `Tensor(..., device="c")` and
`tensor.to("c")` choose. Where there are several of a kind they have numbers: "cuda:1".
"""

from __future__ import annotations

import importlib
import os
import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import numpy as np

from tinylearn.changes import run_once
from tinylearn.devices.buffer import POOL, Buffer, repeated
from tinylearn.errors import DeviceError, choose
from tinylearn.graph.dtype import DType, dtype
from tinylearn.graph.node import Node, Shape
from tinylearn.graph.primitives import CONST
from tinylearn.render.source import Source
from tinylearn.schedule.kernel import Kernel

run_once(globals())


class Row(Protocol):
    """Programs of one language that are called together: see c_row.py."""

    def put(self, turn: int, slot: int, memory: Any) -> None:
        """Where a slot lies in a turn."""

    def run(self, turn: int) -> None:
        """Make all calls."""


@dataclass(frozen=True)
class Program:
    """A kernel that can run: its source, in which language, and the function.

    run        the function: of the kernel's outputs, then of what it loads
    argument   what it is given of each piece of memory, as it is written in a call
    rows       makes one call of many such functions, if there is a way: of (function, slots) and
               the memory of the slots in two turns
    """

    kernel: Kernel
    language: str
    source: Source
    run: Callable[..., None]
    argument: str = "{}"
    rows: Callable[..., Row] | None = None


class Known(dict[str, Any]):
    """Devices by name; one whose module is imported late comes when it is asked for.

    "cuda:1" is the second device of its kind; "cuda:0" is "cuda".

    homes      name -> module, of those that are imported late
    numbered   those that were asked for by number
    """

    def __init__(self) -> None:
        super().__init__()
        self.homes: dict[str, str] = {}
        self.numbered: dict[str, Device] = {}

    def __missing__(self, name: str) -> Device:
        if name in self.homes:
            importlib.import_module(self.homes[name])
        kind, colon, number = name.partition(":")
        if colon and number.isdecimal():
            if name not in self.numbered:
                self.numbered[name] = self[kind].instance(int(number))
            return self.numbered[name]
        if name in self:
            return self.get(name)  # type: ignore[return-value]
        raise KeyError(name)


class DeviceType(type):
    """Gives the class Device its setting DEFAULT: the device of new tensors."""

    chosen: str | None = None

    @property
    def DEFAULT(cls) -> str:
        """What the user set, else TINYLEARN_DEVICE, else numpy.

        A device named in the environment that cannot be used gives a warning, and numpy.
        """
        if DeviceType.chosen is None:
            try:
                DeviceType.chosen = checked_name(os.environ.get("TINYLEARN_DEVICE") or "numpy")
            except DeviceError as error:
                DeviceType.chosen = "numpy"
                says = f"TINYLEARN_DEVICE is ignored and numpy used: {error}"
                warnings.warn(says, RuntimeWarning, stacklevel=3)
        return DeviceType.chosen

    @DEFAULT.setter
    def DEFAULT(cls, name: str) -> None:
        DeviceType.chosen = checked_name(name)


class Device(metaclass=DeviceType):
    """A place where kernels run and numbers live. Subclasses exist once, in `Device.known`."""

    known: ClassVar[Known]
    working: ClassVar[set[str]] = set()  # those that were found to work here
    is_host = True  # whether `read` gives the memory itself, and no copy
    name = ""

    def __init_subclass__(cls) -> None:
        if cls.name:  # else it is what several have in common
            Device.known[cls.name] = cls()

    def unavailable(self) -> str:
        """Why this device cannot be used here, or "" if it can."""
        return ""

    def instance(self, number: int) -> Device:
        """The device of this kind with this number; most kinds have one."""
        if number:
            raise DeviceError(f"there is one device {self.name!r}, which is {self.name}:0")
        return self

    def allocate(self, shape: Shape, dtype: DType) -> Buffer:
        """Memory with arbitrary values."""
        return Buffer(shape, dtype, self.name, POOL.take(shape, dtype.numpy), pool=POOL)

    def take(self, shape: Shape, numpy: np.dtype) -> Any:
        """Memory for a while; `give` takes it back."""
        return POOL.take(shape, numpy)

    def give(self, memory: Any) -> None:
        """Memory that `take` gave is no longer needed."""
        POOL.give(memory)

    def read(self, memory: Any) -> np.ndarray:
        """The numbers in memory as an array, not to be kept."""
        return memory

    def write(self, memory: Any, numbers: np.ndarray) -> None:
        """Put numbers into memory."""
        memory[...] = numbers

    def copy(self, memory: Any, home: Device, there: Any) -> None:
        """Put the numbers into memory that lie in another device's."""
        self.write(memory, home.read(there))

    def upload(self, array: np.ndarray) -> Buffer:
        """A buffer with the numbers of an array; the array's memory is not shared."""
        buffer = self.allocate(array.shape, dtype(array.dtype))
        self.write(buffer.data, array)
        return buffer

    def adopt(self, array: np.ndarray) -> Buffer:
        """A buffer in the array's own memory, where this device can compute there; else a copy."""
        return self.upload(array)

    def filled(self, shape: Shape, dtype: DType, value: Any) -> Buffer:
        """A buffer of one value; it takes no memory until it is used."""
        return Buffer(shape, dtype, self.name, fill=value)

    def memory(self, buffer: Buffer) -> Any:
        """The buffer's memory, as the programs of this device take it."""
        if buffer.data is None:
            buffer.data = repeated(buffer.shape, buffer.dtype, buffer.fill)
        return buffer.data

    def viewed(self, buffer: Buffer, shape: Shape) -> Buffer | None:
        """A buffer of another shape in the same memory; None where a kernel has to copy it."""
        return None

    def download(self, buffer: Buffer) -> np.ndarray:
        """A copy of the numbers as an array of the buffer's shape."""
        return self.read(self.memory(buffer)).copy()

    def wait(self) -> None:
        """Until all that was begun is done: here that is so at once."""

    def compile(self, kernels: Sequence[Kernel]) -> list[Program]:
        """Programs for the kernels."""
        raise NotImplementedError


Device.known = Known()


def checked_name(name: Any) -> str:
    """What the device of this name is called, if it works here.

    Raises   DeviceError with the reason why not
    """
    if name in Device.working:
        return name
    name = str(name).lower()
    if name == "cpu":
        name = "numpy"
    try:
        device = Device.known[name]
    except KeyError:
        every = dict.fromkeys([*Device.known, *Device.known.homes])
        raise DeviceError(f"no device {name!r}{choose(name, every, 'there are')}") from None
    if device.name not in Device.working:
        if reason := device.unavailable():
            raise DeviceError(f"the device {name!r} cannot be used here: {reason}")
        Device.working.add(device.name)
    return device.name


def numbers_in_memory(nodes: Iterable[Node]) -> dict[Node, np.ndarray]:
    """The numbers of those nodes that have a buffer."""
    return {
        n: Device.known[n.device].download(n.buffer)
        for n in nodes
        if n.buffer is not None and n.op is not CONST
    }
