"""All locations: OmniMind's own templates (in a checkout or a wheel) and its state on a host. Defined only here."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

_PACKAGE = Path(__file__).parent


def data(name: str, package: Path = _PACKAGE) -> Path:
    """Return OmniMind's folder `templates`, `locks` or `frontend`.

    It comes from the wheel when `package` is installed from one, else from the checkout.
    """
    packed = package / "_data" / name
    if packed.exists():
        return packed
    return package.parent / ("frontend/dist" if name == "frontend" else name)


@dataclass(frozen=True)
class Paths:
    """Every path that OmniMind owns on a host, below `root` ("/" except in tests)."""

    root: Path = Path("/")

    @property
    def config(self) -> Path:
        """/etc/omnimind: settings, 0755; secrets/ below it is 0700."""
        return self.root / "etc/omnimind"

    @property
    def secrets(self) -> Path:
        """/etc/omnimind/secrets: one env file per consumer, 0600."""
        return self.config / "secrets"

    @property
    def opt(self) -> Path:
        """/opt/omnimind: venv, Qdrant binaries by version, the built page."""
        return self.root / "opt/omnimind"

    @property
    def venv(self) -> Path:
        """/opt/omnimind/venv: the environment of the units."""
        return self.opt / "venv"

    @property
    def state(self) -> Path:
        """/var/lib/omnimind: journal, receipts, stage, parked, uploads."""
        return self.root / "var/lib/omnimind"

    @property
    def journal(self) -> Path:
        """Return the path of the SQLite file with all runs."""
        return self.state / "journal.db"

    @property
    def receipts(self) -> Path:
        """One folder per run with receipt.json and receipt.md."""
        return self.state / "receipts"

    @property
    def stage(self) -> Path:
        """Warm copies and unpacked backups before they are put in place."""
        return self.state / "stage"

    @property
    def parked(self) -> Path:
        """Native data of runs that were rolled back; only `finish` deletes it."""
        return self.state / "parked"

    @property
    def uploads(self) -> Path:
        """Default folder of uploads."""
        return self.state / "uploads"

    @property
    def logs(self) -> Path:
        """/var/log/omnimind."""
        return self.root / "var/log/omnimind"

    @property
    def lock(self) -> Path:
        """Return the path of the lock, which is held (flock) while something changes this host."""
        return self.root / "run/omnimind.lock"

    @property
    def qdrant(self) -> Path:
        """/var/lib/qdrant: storage, snapshots, static."""
        return self.root / "var/lib/qdrant"

    @property
    def redis(self) -> Path:
        """/var/lib/redis."""
        return self.root / "var/lib/redis"
