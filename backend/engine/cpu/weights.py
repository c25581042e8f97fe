"""safetensors files as numpy arrays, memory-mapped; bfloat16, which numpy lacks, becomes float32."""

from __future__ import annotations

import hashlib
import json
import mmap
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from omnimind_ops.model.problem import Problem

Array = NDArray[np.float32]
_TYPES = {"F32": "<f4", "F16": "<f2", "BF16": "<u2", "F64": "<f8"}
_HEADER_LIMIT = 100 * 1024 * 1024  # limit of the format's own reader


@dataclass(frozen=True)
class Tensor:
    """One tensor; `data` is a view of its bytes in the file."""

    dtype: str
    shape: tuple[int, ...]
    data: memoryview


class Weights:
    """The tensors of one module by name."""

    def __init__(self, tensors: Mapping[str, Tensor], source: Path) -> None:
        self._tensors = tensors
        self.source = source

    def __contains__(self, name: str) -> bool:
        return name in self._tensors

    def prefix(self, *suffixes: str) -> str:
        """Return the prefix before the first of the suffixes that ends a tensor name, such as "bert.".

        Raises a Problem if no name ends with any of them.
        """
        for suffix in suffixes:
            for name in self._tensors:
                if name.endswith(suffix) and (name == suffix or name[: -len(suffix)].endswith(".")):
                    return name[: -len(suffix)]
        raise _cannot(self.source, f"it has no tensor {suffixes[0]}")

    def get(self, name: str, *shape: int) -> Array:
        """Return a tensor as float32. Raises a Problem if it is missing or has another shape.

        A dimension of -1 matches any size.
        """
        tensor = self._tensors.get(name)
        if tensor is None:
            raise _cannot(self.source, f"it has no tensor {name}")
        if len(shape) != len(tensor.shape) or any(
            want not in (-1, have) for want, have in zip(shape, tensor.shape, strict=True)
        ):
            raise _cannot(
                self.source, f"{name} has the shape {list(tensor.shape)}, but config.json requires {list(shape)}"
            )
        if tensor.dtype not in _TYPES:
            raise _cannot(self.source, f"{name} is of type {tensor.dtype}; supported: {', '.join(_TYPES)}")
        raw = np.frombuffer(tensor.data, dtype=_TYPES[tensor.dtype]).reshape(tensor.shape)
        if tensor.dtype == "BF16":  # the upper half of a float32
            return (raw.astype(np.uint32) << 16).view(np.float32)
        return raw.astype(np.float32, copy=False)

    def digest(self) -> str:
        """Return 16 hex digits over names, types, shapes and every byte."""
        hasher = hashlib.blake2b(digest_size=8)
        for name, tensor in sorted(self._tensors.items()):
            hasher.update(f"{name} {tensor.dtype} {tensor.shape} ".encode())
            hasher.update(tensor.data)
        return hasher.hexdigest()


def read(folder: Path) -> Weights:
    """Return the tensors of model.safetensors, or of the files listed in model.safetensors.index.json."""
    single, index = folder / "model.safetensors", folder / "model.safetensors.index.json"
    if single.is_file():
        return Weights(_read(single), single)
    if index.is_file():
        parts = sorted({folder / str(name) for name in json.loads(index.read_text())["weight_map"].values()})
        return Weights({name: tensor for part in parts for name, tensor in _read(part).items()}, index)
    raise Problem(
        f"cannot load the model {folder}",
        "model.safetensors is missing",
        "save it again with a current sentence-transformers; pytorch_model.bin is a pickle, which runs code when it is "
        "read, so the engine refuses it",
    )


def _read(file: Path) -> dict[str, Tensor]:
    """Return the tensors of one file.

    The format: header length (8 bytes, little-endian), header (JSON), then the tensors' bytes
    (github.com/huggingface/safetensors).
    """
    try:
        with file.open("rb") as opened:
            view = memoryview(mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_COPY))
    except (OSError, ValueError) as error:  # ValueError: an empty file cannot be mapped
        raise _cannot(file, str(error)) from None
    length = int.from_bytes(view[:8], "little")
    if len(view) < 8 or length > min(_HEADER_LIMIT, len(view) - 8):
        raise _cannot(file, "it is cut short, or no safetensors file")
    try:
        header = json.loads(bytes(view[8 : 8 + length]))
        return {name: _tensor(entry, view[8 + length :]) for name, entry in header.items() if name != "__metadata__"}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _cannot(file, f"its header is damaged ({error})") from None


def _tensor(entry: dict[str, list[int]], data: memoryview) -> Tensor:
    dtype, shape, (begin, end) = str(entry["dtype"]), tuple(int(size) for size in entry["shape"]), entry["data_offsets"]
    if not 0 <= begin <= end <= len(data):
        raise ValueError(f"a tensor ends at byte {end} of {len(data)}: the file is cut short")
    if dtype in _TYPES and int(np.prod(shape, dtype=np.int64)) * np.dtype(_TYPES[dtype]).itemsize != end - begin:
        raise ValueError(f"{end - begin} bytes for the shape {list(shape)}")
    return Tensor(dtype, shape, data[begin:end])


def _cannot(file: Path, why: str) -> Problem:
    return Problem(f"cannot read {file}", why, "copy the model folder again, and compare its sizes with the source")
