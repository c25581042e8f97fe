"""What a test host is made of: the words for mmdebstrap. The key is made of those words, so a cached image always fits its recipe."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path

from .cache import key_of

BASE_PACKAGES = (
    "systemd", "systemd-sysv", "dbus", "udev", "kmod", "procps", "iproute2", "iptables",
    "python3", "python3-venv", "ca-certificates", "curl", "sudo", "zstd", "xz-utils", "less",
    "docker.io", "docker-compose", "openssh-server", "libunwind8", "libgomp1",
)  # fmt: skip
# What a suite packages apart from the rest: there docker.io only recommends its client.
SUITE_PACKAGES = {"trixie": ("docker-cli",)}
# Packages that `omnimind` installs on the host. Their .debs wait in apt's own cache, so `apt-get install` needs no network.
WAITING_PACKAGES = ("redis-server", "postgresql")
# Timers that would take apt's lock or the disk in mid-test, and consoles and devices that a container does not have.
MASKED_UNITS = (
    "apt-daily.timer", "apt-daily-upgrade.timer", "dpkg-db-backup.timer", "e2scrub_all.timer", "fstrim.timer", "man-db.timer",
    "console-getty.service", "getty@tty1.service", "systemd-udevd.service", "systemd-udev-trigger.service",
    "systemd-udevd-kernel.socket", "systemd-udevd-control.socket", "systemd-networkd-wait-online.service",
)  # fmt: skip

# The outer engine mounts /proc/sys read-only, and newer Docker versions must set addresses below net/, which is the host's own.
WRITABLE_NET = """\
[Unit]
Description=Writable /proc/sys/net, for the inner Docker
Before=docker.service
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/mkdir -p /run/testhost-proc
ExecStart=/bin/mount -t proc proc /run/testhost-proc
ExecStart=/bin/mount --bind /run/testhost-proc/sys/net /proc/sys/net
ExecStart=/bin/umount --lazy /run/testhost-proc
"""
WRITABLE_NET_UNIT = "testhost-writable-net.service"


@dataclass(frozen=True)
class Recipe:
    """A Debian suite, packages on top of the base ones, and packages that are downloaded but not installed.

    No locale is set, as on a bare server (add `locales` to get some).
    """

    suite: str = "bookworm"
    packages: tuple[str, ...] = ()
    waiting: tuple[str, ...] = WAITING_PACKAGES

    @property
    def installed(self) -> tuple[str, ...]:
        """All packages in the image, without doubles, in a stable order."""
        return tuple(dict.fromkeys(BASE_PACKAGES + SUITE_PACKAGES.get(self.suite, ()) + tuple(sorted(self.packages))))

    @property
    def key(self) -> str:
        """Changes whenever the image would, but for the age of the mirror."""
        return key_of(*self.build_words(Path("image.tar")))

    @property
    def image(self) -> str:
        """The image's name in the outer engine."""
        return f"omnimind-testhost:{self.suite}-{self.key}"

    @property
    def hooks(self) -> tuple[str, ...]:
        """What mmdebstrap runs at its end, outside the new root `$1`.

        The waiting packages come last and with what they recommend, as `apt-get install` on the host will ask for; mmdebstrap
        itself goes without, and would empty apt's cache and lists if it were not told to skip that.
        """
        apt = 'APT_CONFIG="$MMDEBSTRAP_APT_CONFIG" apt-get'
        masks = tuple(f'ln -sf /dev/null "$1/etc/systemd/system/{unit}"' for unit in MASKED_UNITS)
        units = '"$1/etc/systemd/system'
        net = (
            f'printf %s {shlex.quote(WRITABLE_NET)} > {units}/{WRITABLE_NET_UNIT}"',
            f'mkdir -p {units}/multi-user.target.wants" && ln -s ../{WRITABLE_NET_UNIT} {units}/multi-user.target.wants/"',
        )
        fresh = 'rm -f "$1/etc/hostname" "$1/etc/machine-id" && : > "$1/etc/machine-id"'
        options = "--yes --download-only -o APT::Install-Recommends=true"
        waiting = (f"{apt} install {options} {shlex.join(self.waiting)}",) if self.waiting else ()
        return (*masks, *net, fresh, f"{apt} clean", *waiting)

    def build_words(self, tar: Path) -> tuple[str, ...]:
        """The mmdebstrap command. The mirror is mmdebstrap's own default for the suite."""
        return (
            "mmdebstrap", "--variant=minbase", "--skip=cleanup/apt/lists,cleanup/apt/cache",
            f"--include={','.join(self.installed)}", *(f"--customize-hook={hook}" for hook in self.hooks), self.suite, str(tar),
        )  # fmt: skip
