"""What a test host is made of: the words for mmdebstrap. The key is made of those words, so a cached image always fits
its recipe.

It is what the distribution's own installer gives a server, and Docker; what omnimind needs beyond that, omnimind
installs. README.md says where the lists come from.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path

from .cache import key_of

STANDARD = "standard"
"""Every package whose priority in the suite's archive is required, important or standard: the installer's base system
and its task "standard system utilities".
"""
SMALL = "minbase"
"""What apt and dpkg need, for a host that is to be made quickly."""
SMALL_PACKAGES = (
    "systemd", "systemd-sysv", "dbus", "kmod", "procps", "iproute2", "python3", "ca-certificates", "sudo", "wget", "docker.io", "docker-compose",
)  # fmt: skip
SMALL_DPKG = (
    "force-unsafe-io", "path-exclude=/usr/share/doc/*", "path-exclude=/usr/share/man/*", "path-exclude=/usr/share/info/*",
    "path-exclude=/usr/share/locale/*", "path-include=/usr/share/locale/locale.alias",
)  # fmt: skip
SMALL_APT = (
    'Acquire::GzipIndexes "true"', 'Acquire::Languages "none"', 'Dir::Cache::srcpkgcache ""',
)  # fmt: skip
"""What Debian's own container images set, so that its packages take less of the disk."""
KEEP_NO_PACKAGES = """printf 'APT::Keep-Downloaded-Packages "false";' > "$1/etc/apt/apt.conf.d/testhost\""""
"""Set at the end: mmdebstrap itself installs what it has kept."""
SSH_SERVER = ("openssh-server",)
"""The installer's task "SSH server"."""
DOCKER = ("docker.io", "docker-compose")
"""As a person installs Docker on Debian: by apt, with what the packages recommend (on trixie the client is one of
those).
"""
WITHDRAWN = ("bullseye",)
"""Suites whose support has ended: their archive for security still names packages that it no longer has."""
NO_SECURITY = r"Package: *\nPin: release l=Debian-Security\nPin-Priority: -1\n"
# Timers that would take apt's lock or the disk in mid-test, and consoles and devices that a container does not have.
MASKED_UNITS = (
    "apt-daily.timer", "apt-daily-upgrade.timer", "dpkg-db-backup.timer", "e2scrub_all.timer", "fstrim.timer", "man-db.timer",
    "console-getty.service", "getty@tty1.service", "systemd-udevd.service", "systemd-udev-trigger.service",
    "systemd-udevd-kernel.socket", "systemd-udevd-control.socket", "systemd-networkd-wait-online.service",
)  # fmt: skip

# The outer engine mounts /proc/sys read-only, and newer Docker versions must set addresses below net/, which is the
# host's own.
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
    """A Debian suite, and packages on top of what its installer gives; `docker=False` is the server before anybody
    installed Docker.

    No locale is set (the installer's choice "C"): add `locales` to get some.
    """

    suite: str = "bookworm"
    packages: tuple[str, ...] = ()
    docker: bool = True
    small: bool = False
    """Few packages instead of the installer's many: made in half the time, for the demo. No test stands on it."""

    @property
    def installed(self) -> tuple[str, ...]:
        """What apt installs on top of the variant, without doubles, in a stable order."""
        own = SMALL_PACKAGES if self.small else (*SSH_SERVER, *(DOCKER if self.docker else ()))
        return tuple(dict.fromkeys((*own, *sorted(self.packages))))

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

        apt installs with what the packages recommend, as it does for a person; mmdebstrap itself goes without.
        """
        apt = 'chroot "$1" env DEBIAN_FRONTEND=noninteractive apt-get --yes -o APT::Install-Recommends=true'
        masks = tuple(f'ln -sf /dev/null "$1/etc/systemd/system/{unit}"' for unit in MASKED_UNITS)
        units = '"$1/etc/systemd/system'
        net = (
            f'printf %s {shlex.quote(WRITABLE_NET)} > {units}/{WRITABLE_NET_UNIT}"',
            f'mkdir -p {units}/multi-user.target.wants" && ln -s ../{WRITABLE_NET_UNIT} {units}/multi-user.target.wants/"',
        )
        fresh = 'rm -f "$1/etc/hostname" "$1/etc/machine-id" && : > "$1/etc/machine-id"'
        first = (KEEP_NO_PACKAGES,) if self.small else (f"{apt} install {shlex.join(self.installed)}",)
        return (*first, *masks, *net, fresh)

    def build_words(self, tar: Path) -> tuple[str, ...]:
        """The mmdebstrap command.

        The mirror is mmdebstrap's own default for the suite; apt's lists and cache end empty.
        """
        hooks = [f"--customize-hook={hook}" for hook in self.hooks]
        if self.suite in WITHDRAWN:
            pin = f'printf {shlex.quote(NO_SECURITY)} > "$1/etc/apt/preferences.d/testhost"'
            hooks.insert(0, f'--setup-hook=mkdir -p "$1/etc/apt/preferences.d" && {pin}')
        quick = (
            f"--variant={SMALL}",
            *(f"--dpkgopt={option}" for option in SMALL_DPKG),
            *(f"--aptopt={option}" for option in SMALL_APT),
            f"--include={','.join(self.installed)}",
        )
        variant = quick if self.small else (f"--variant={STANDARD}",)
        return ("mmdebstrap", *variant, *hooks, self.suite, str(tar))
