"""The device "cuda": kernels of a tree on an NVIDIA card, without a framework in between.

driver.py    the card: memory, copies, launches, by the driver's own functions
nvrtc.py     CUDA text to machine code, by NVIDIA's compiler library; kept on disk
graph.py     launches in a row as one: what a captured function runs
device.py    the device
"""

from tinylearn.devices.cuda.device import CudaDevice

__all__ = ["CudaDevice"]
