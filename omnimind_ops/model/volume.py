"""Volume: a Docker volume as reported by `docker volume inspect`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Volume:
    """A volume with its driver and driver options (Compose: `driver`, `driver_opts`)."""

    name: str
    driver: str = "local"
    options: Mapping[str, str] = field(default_factory=dict)

    @property
    def folder(self) -> str:
        """Return the folder on this host that a bind option names; "" for any other volume.

        Docker mounts it over the volume's own folder only while a container runs.
        """
        device = self.options.get("device", "")
        bound = "bind" in self.options.get("o", "").split(",")
        return device if self.driver == "local" and bound and device.startswith("/") else ""

    @property
    def origin(self) -> str:
        """Return what Docker mounts while a container runs ("nfs :/export"); "" for a folder of this host.

        Options without a device, such as a quota, mount nothing.
        """
        if self.driver != "local":
            return f"volume driver {self.driver}"
        if self.folder:
            return ""
        device, kind = self.options.get("device", ""), self.options.get("type", "")
        return f"{kind or 'device'} {device}" if device or kind not in ("", "none") else ""
