"""Self-test of the GPU with a known result: a product and a convolution of integers, exact in float32."""

from __future__ import annotations

import time
from functools import cache

import torch
from torch.nn import functional

from backend.engine.gpu.errors import recognise
from backend.engine.gpu.staging import finish
from backend.engine.runner import Proof
from omnimind_ops.model.problem import Problem

_SIZE = 64
_SECONDS = 10.0


def prove(device: str = "cuda") -> Proof:
    """Run the self-test. Never raises, and ends within 10 s if the GPU hangs.

    It may run repeatedly: it takes milliseconds and some kilobytes.
    """
    start = time.perf_counter()
    try:
        with torch.inference_mode():
            wrong = _differences(torch.device(device))
    except (RuntimeError, AssertionError) as error:  # AssertionError: this torch was built without CUDA
        return Proof(False, device, time.perf_counter() - start, str(recognise(str(error))))
    except Problem as problem:
        return Proof(False, device, time.perf_counter() - start, str(problem))
    detail = f"{wrong} of {2 * _SIZE * _SIZE} numbers are wrong: do not trust this card"
    return Proof(
        not wrong, device, time.perf_counter() - start, detail if wrong else "a product and a convolution are exact"
    )


def _differences(device: torch.device) -> int:
    """Return the number of wrong values in both results.

    Only finish() waits for the GPU, and it has a time limit. Inputs are therefore created on the GPU, not copied.
    """
    with torch.backends.cudnn.flags(enabled=False):  # a convolution would load cuDNN, not needed for embedding
        computed = _work(_numbers(device), torch.ones(1, 1, 3, 3, device=device))
    host = _mailbox(device.type == "cuda").copy_(computed, non_blocking=True)
    if device.type == "cuda":
        event = torch.cuda.Event()
        event.record()
        finish(event, _SECONDS)
    return int((host != _expected()).sum())


def _numbers(device: torch.device) -> torch.Tensor:
    return (torch.arange(_SIZE * _SIZE, device=device) % 7).float().reshape(_SIZE, _SIZE)


def _work(numbers: torch.Tensor, kernel: torch.Tensor) -> torch.Tensor:
    product = numbers @ numbers.T
    return torch.stack([product, functional.conv2d(numbers[None, None], kernel, padding=1)[0, 0]])


@cache
def _mailbox(pinned: bool) -> torch.Tensor:
    """Return the result buffer. It is cached, because allocating pinned memory may wait for the GPU."""
    return torch.empty(2, _SIZE, _SIZE, pin_memory=pinned)


@cache
def _expected() -> torch.Tensor:
    """Return the expected result, computed in integers on the host without either kernel."""
    integers = _numbers(torch.device("cpu")).long()
    product = (integers[:, None, :] * integers[None, :, :]).sum(-1)
    padded = functional.pad(integers, (1, 1, 1, 1))
    around = sum(padded[row : row + _SIZE, column : column + _SIZE] for row in range(3) for column in range(3))
    return torch.stack([product, around]).float()


def half_convolution(device: str = "cuda") -> bool:
    """Return whether a half-precision convolution by cuDNN is finite and close to float32; GTX 16 GPUs return NaN.

    It loads cuDNN, so it runs only in the probe's process.
    """
    make = torch.Generator().manual_seed(3)
    image, kernel = (torch.randn(shape, generator=make).to(device) for shape in ((2, 64, 32, 32), (64, 64, 3, 3)))
    with torch.inference_mode():
        expected = functional.conv2d(image, kernel, padding=1)
        computed = functional.conv2d(image.half(), kernel.half(), padding=1).float()
    return bool((computed - expected).abs().max() <= 0.02 * expected.abs().max())  # False for NaN
