"""Payloads and notes of the steps that carry data back into the old stores; see payloads.py and notes.py."""

from __future__ import annotations

from dataclasses import dataclass

from omnimind_ops.model.data import Fingerprint
from omnimind_ops.model.payloads import Payload


@dataclass(frozen=True)
class StopUnitsPayload(Payload):
    """Native units, in the order in which they are stopped."""

    kind = "stop-units"
    units: tuple[str, ...]


@dataclass(frozen=True)
class ExportPayload(Payload):
    """A PostgreSQL database that the old stack has no place for."""

    kind = "export"
    port: int
    database: str
    file: str


@dataclass(frozen=True)
class ReadNativePayload(Payload):
    """The native stores to read before they stop; `dump` is where Redis' data goes, "" for none."""

    kind = "read-native"
    qdrant: bool
    dump: str


@dataclass(frozen=True)
class CarryFolderPayload(Payload):
    """A native folder whose changes go into the `old` one; what they replace is renamed into `parked`.

    `without` are paths that stay behind. `whole`: all of the old one is parked, because a server opens the folder
    before it is certain that it stays.
    """

    kind = "carry-folder"
    native: str
    old: str
    parked: str
    without: tuple[str, ...] = ()
    whole: bool = False


@dataclass(frozen=True)
class ParkRedisPayload(Payload):
    """The data folder of the old Redis, which is stopped; its data is renamed into `parked`."""

    kind = "park-redis"
    folder: str
    parked: str


@dataclass(frozen=True)
class StartContainersPayload(Payload):
    """Containers of the old stack, by ID."""

    kind = "start-containers"
    ids: tuple[str, ...]


@dataclass(frozen=True)
class LoadRedisPayload(Payload):
    """A dump, and the old Redis container that gets its keys."""

    kind = "load-redis"
    container: str
    dump: str


@dataclass(frozen=True)
class VerifyOldPayload(Payload):
    """The old containers to compare with what was read from the native stores, "" for none."""

    kind = "verify-old"
    qdrant: str
    redis: str


@dataclass(frozen=True)
class UnitsNotes:
    """Units that ran, in the order in which they were stopped."""

    running: tuple[str, ...] | None = None


@dataclass(frozen=True)
class NativeNotes:
    """Content of the native stores; of Redis' keys that expire before `horizon`, see RedisNotes."""

    qdrant: Fingerprint | None = None
    redis: Fingerprint | None = None
    horizon: int | None = None


@dataclass(frozen=True)
class ParkNotes:
    """Names that are being renamed into the parking place, or were; empty after they were renamed back."""

    names: tuple[str, ...] | None = None


@dataclass(frozen=True)
class StartNotes:
    """Containers that did not run before."""

    started: tuple[str, ...] | None = None
