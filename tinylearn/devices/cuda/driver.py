"""The driver of an NVIDIA card, through ctypes: memory, copies, launches. One stream, in order.

Its functions carry NVIDIA's names, so that they can be looked up in the CUDA Driver API.
Calls come back before the card is done; a copy to the host waits for all that came before it.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Sequence
from ctypes import byref, c_char_p, c_int, c_size_t, c_uint, c_void_p
from functools import cache
from typing import Any

import numpy as np

from tinylearn.errors import DeviceError

LIBRARIES = ("libcuda.so.1", "libcuda.so", "nvcuda.dll")
OUT_OF_MEMORY = 2  # CUDA_ERROR_OUT_OF_MEMORY
MAJOR, MINOR = 75, 76  # CU_DEVICE_ATTRIBUTE_...
SMALLEST = (7, 5)  # of compute capability: what NVRTC 13 still writes for


class CudaError(DeviceError):
    """What the driver answered, by NVIDIA's name of the error."""

    code = 0


@cache
def library() -> Any:
    """The driver's library; DeviceError if there is none."""
    for name in LIBRARIES:
        try:
            return ctypes.CDLL(name)
        except OSError:
            continue
    says = "there is no NVIDIA driver here (no libcuda)"
    raise DeviceError(f"{says}\nTry installing it, or device='simulator', which needs no card")


def call(function: str, *arguments: Any) -> None:
    """Call a function of the driver; CudaError if it answers anything but success."""
    code = getattr(library(), function)(*arguments)
    if code:
        raise failed(function, code)


def failed(function: str, code: int) -> CudaError:
    """The error for what the driver answered."""
    name, text = c_char_p(), c_char_p()
    library().cuGetErrorName(code, byref(name))
    library().cuGetErrorString(code, byref(text))
    words = (text.value or b"no reason given").decode()
    error = CudaError(f"{function}: {words} ({(name.value or b'unknown').decode()})")
    error.code = code
    return error


class Card:
    """One card, with its context and a stream.

    number      0 for the first
    name        as NVIDIA calls it
    capability  (major, minor) of its instructions: (9, 0) is Hopper
    """

    def __init__(self, number: int) -> None:
        call("cuInit", 0)
        device, count = c_int(), c_int()
        call("cuDeviceGetCount", byref(count))
        if number >= count.value:
            cards = f"{count.value} card{'s' * (count.value != 1)}"
            raise DeviceError(f"there is no card {number} here: {cards}, counted from 0")
        call("cuDeviceGet", byref(device), number)
        self.number, self.device = number, device
        text = ctypes.create_string_buffer(100)
        call("cuDeviceGetName", text, 100, device)
        self.name = text.value.decode()
        self.capability = self.attribute(MAJOR), self.attribute(MINOR)
        if self.capability < SMALLEST:
            says = f"{self.name} has compute capability {self.capability}, too old for NVRTC"
            raise DeviceError(f"{says}\nTry device='c'")
        self.context = c_void_p()
        call("cuDevicePrimaryCtxRetain", byref(self.context), device)
        self.enter()
        self.stream = c_void_p()
        call("cuStreamCreate", byref(self.stream), 1)  # not in step with the default stream

    def attribute(self, number: int) -> int:
        """A number that the card has."""
        value = c_int()
        call("cuDeviceGetAttribute", byref(value), number, self.device)
        return value.value

    def enter(self) -> None:
        """From now on this thread's calls are for this card."""
        call("cuCtxSetCurrent", self.context)

    def memory(self) -> tuple[int, int]:
        """Bytes that are free, and all bytes."""
        free, total = c_size_t(), c_size_t()
        self.enter()
        call("cuMemGetInfo_v2", byref(free), byref(total))
        return free.value, total.value

    def allocate(self, size: int) -> int:
        """The address of memory of so many bytes."""
        address = c_void_p()
        self.enter()
        call("cuMemAlloc_v2", byref(address), c_size_t(max(size, 1)))
        return address.value or 0

    def free(self, address: int) -> None:
        """Give memory back."""
        self.enter()
        call("cuMemFree_v2", c_void_p(address))

    def upload(self, address: int, array: np.ndarray) -> None:
        """Copy an array's numbers to the card; they are there when this comes back."""
        if array.nbytes:
            self.enter()
            data = c_void_p(array.ctypes.data)
            call(
                "cuMemcpyHtoDAsync_v2", c_void_p(address), data, c_size_t(array.nbytes), self.stream
            )
            call("cuStreamSynchronize", self.stream)

    def put(self, address: int, number: bytes) -> None:
        """Put 4 or 8 bytes into memory, after the launches before, without waiting for them."""
        self.enter()
        for k in range(0, len(number), 4):
            word = c_uint(int.from_bytes(number[k : k + 4], sys.byteorder))
            call("cuMemsetD32Async", c_void_p(address + k), word, c_size_t(1), self.stream)

    def download(self, array: np.ndarray, address: int) -> None:
        """Copy numbers from the card into an array, once all launches before are done."""
        if array.nbytes:
            self.enter()
            data = c_void_p(array.ctypes.data)
            call(
                "cuMemcpyDtoHAsync_v2", data, c_void_p(address), c_size_t(array.nbytes), self.stream
            )
            call("cuStreamSynchronize", self.stream)

    def copy(self, address: int, other: Card, there: int, size: int) -> None:
        """Copy so many bytes from another card's memory, once its launches are done."""
        other.wait()
        self.enter()
        where = c_void_p(address), self.context, c_void_p(there), other.context
        if size:
            call("cuMemcpyPeerAsync", *where, c_size_t(size), self.stream)
            call("cuStreamSynchronize", self.stream)

    def wait(self) -> None:
        """Until everything is done."""
        self.enter()
        call("cuStreamSynchronize", self.stream)

    def module(self, code: bytes) -> c_void_p:
        """Machine code, loaded."""
        module = c_void_p()
        self.enter()
        call("cuModuleLoadData", byref(module), code)
        return module

    def function(self, module: c_void_p, name: str) -> c_void_p:
        """A kernel of a module."""
        function = c_void_p()
        call("cuModuleGetFunction", byref(function), module, name.encode())
        return function

    def unload(self, module: c_void_p) -> None:
        """Forget machine code."""
        self.enter()
        call("cuModuleUnload", module)


class Launcher:
    """A kernel with its grid, ready to be launched: launcher(address, address, ...)."""

    def __init__(
        self,
        card: Card,
        function: c_void_p,
        blocks: tuple[int, int, int],
        threads: tuple[int, int, int],
        count: int,
    ) -> None:
        self.card, self.function = card, function
        self.blocks, self.threads = blocks, threads
        self.values = (c_void_p * count)()
        size = ctypes.sizeof(c_void_p)
        start = ctypes.addressof(self.values)
        self.pointers = (c_void_p * count)(*(start + k * size for k in range(count)))
        grid = [c_uint(n) for n in (*blocks, *threads)]
        self.arguments = (function, *grid, c_uint(0), card.stream, self.pointers, None)
        self.launch = library().cuLaunchKernel

    def __call__(self, *addresses: int) -> None:
        self.values[:] = list(addresses)
        self.card.enter()
        if code := self.launch(*self.arguments):
            raise failed("cuLaunchKernel", code)


class Launchers:
    """Launches one after the other, as one: launchers(address, address, ...).

    steps     (launcher, which of the addresses and of the memory in between it takes) pairs
    between   what one launch leaves for the next; the stream goes on in order, so each run has it
    """

    def __init__(
        self, steps: Sequence[tuple[Launcher, Sequence[int]]], between: Sequence[Any]
    ) -> None:
        self.steps, self.between = steps, between
        self.card = steps[0][0].card

    def __call__(self, *addresses: int) -> None:
        there = [*addresses, *(m.address for m in self.between)]
        for launcher, slots in self.steps:
            launcher(*[there[k] for k in slots])
