"""redis: Debian's Redis with OmniMind's configuration and drop-in; the packaged files stay unchanged."""

from __future__ import annotations

from pyinfra import host

from deploy import secrets
from deploy.facts.packages import Packages
from deploy.facts.stats import Stats
from deploy.operations.folder import folder
from deploy.operations.secret import Secret, secret
from deploy.operations.unit import FOLDER, unit
from deploy.own_files import own_files
from deploy.render import of_goal
from omnimind_ops.model import native
from omnimind_ops.model.goal import Goal

PACKAGE = "redis-server"
PACKAGES = {PACKAGE: native.REDIS, "redis-tools": ""}
CONFIG = "/etc/redis/omnimind.conf"
DROP_IN = f"{FOLDER}/{native.REDIS}.d"


def configure(goal: Goal) -> None:
    """Write the configuration, with the passwords' digests, and the drop-in that makes the packaged unit use it."""
    version = host.get_fact(Packages, packages=(PACKAGE,)).versions.get(PACKAGE, "")
    values = secrets.read()
    content = of_goal(
        "config/redis.conf.j2",
        goal,
        default=secrets.sha256(values["redis.password"]),
        app=secrets.sha256(values["redis-app.password"]),
        is_before_6_2=_is_before(version, 6, 2),
        is_before_7=_is_before(version, 7, 0),
        own=own_files("redis"),
        append_only=goal.redis.append_only or _appends(goal),
    )
    group = "redis" if version else "root"  # only a preview runs on a host without the package
    secret(name="Configure Redis", files=[Secret(CONFIG, content, 0o640, "root", group)])
    folder(DROP_IN)
    unit(f"{native.REDIS}.d/omnimind.conf", "redis-server.conf", goal, config=CONFIG)


def _is_before(version: str, *release: int) -> bool:
    """Return whether a Debian version like 5:6.0.16-1ubuntu1 is before `release`.

    ACL channels and optional addresses came with 6.2; an older server refuses to start with them. Categories of
    subcommands came with 7.0.
    """
    numbers = version.partition(":")[2].split(".")[:2]
    return bool(version) and tuple(int(number) for number in numbers) < release


def _appends(goal: Goal) -> bool:
    """Return whether Redis already has an append-only file: a folder since 7.0, a file before."""
    return bool(host.get_fact(Stats, paths=(f"{goal.redis_dir}/appendonlydir", f"{goal.redis_dir}/appendonly.aof")))
