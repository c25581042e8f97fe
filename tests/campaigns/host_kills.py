"""A migration on a real host, broken off at a random moment; any command or event next; then it is to end whole.

Whole is: all old containers answer and hold what they held, and no native service runs; or the reverse (host_whole.py).
What a command says with its exit code is to be true, and a refusal is to name a command that leads on.
"""

from __future__ import annotations

import json
import random
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from omnimind_ops.model.problem import ExitCode
from tests.campaigns import host_whole
from tests.campaigns.host_whole import Census
from tests.campaigns.result import Campaign, Result, Trial
from tests.hosts import tool, wheelhouse
from tests.hosts.host import Host
from tests.hosts.sample import FOLDER, SEED_INSIDE, USER, boot_sample, wait_for_stack

POINTS = 300
SETTLE_SECONDS = 20.0
"""How long the side that a command has ended with may take to answer."""
RESUME_SECONDS = 240.0
"""How long the boot unit may take to complete a run."""
RESUMED = "! systemctl is-active omnimind-resume | grep -q activating"
MIGRATE, ROLLBACK = (*tool.WORDS, "--yes", "--no-bench"), ("rollback", "--yes")
WORDS = {"migrate": MIGRATE, "rollback": ROLLBACK}
ENDS = {("migrate", int(ExitCode.OK)): "native", ("migrate", int(ExitCode.ROLLED_BACK)): "old", ("rollback", 0): "old"}
"""Which side a command says to have ended with."""
VOLUME = """
docker-compose exec -T redis redis-cli save
sed -i '/^volumes:/d; s#image: redis:alpine#&\\n    volumes: [redis:/data]#; 1i volumes: {redis: {}}' docker-compose.yml
docker-compose up -d --no-build --renew-anon-volumes
"""
"""Redis' data outlives `docker-compose down`, as in every stack whose owner wants to keep it."""


def _compose(*words: str) -> Callable[[Host], subprocess.CompletedProcess[str]]:
    command = ("runuser", "-u", USER, "--", "docker-compose", *words)
    return lambda host: host.run(command, cwd=FOLDER, check=False, timeout=180)


def _omnimind(*words: str) -> Callable[[Host], subprocess.CompletedProcess[str]]:
    return lambda host: tool.omnimind(host, *words, check=False, timeout=420)


COMMANDS = {
    "migrate": _omnimind(*MIGRATE),
    "rollback": _omnimind(*ROLLBACK),
    "rollback --anyway": _omnimind(*ROLLBACK, "--anyway"),
    "up": _omnimind("up"),
    "down": _omnimind("down"),
    "converge": _omnimind("converge"),
    "health": _omnimind("health"),
    "resume": _omnimind("resume"),
    "compose up": _compose("up", "-d", "--no-build"),
    "compose stop": _compose("stop"),
    "compose down": _compose("down"),
    "compose create": _compose("up", "--no-start", "--no-build"),
}
EVENTS: dict[str, Callable[[Host], object]] = {
    "reboot": lambda host: host.reboot(),
    "power cut": lambda host: host.crash(),
    "dockerd restart": lambda host: host.sh("systemctl restart docker"),
}
NEXT = (
    *("up", "down", "migrate", "rollback", "converge", "health", "resume"),
    *("compose up", "compose stop", "compose down", *EVENTS),
)
"""What happens after the kill. Two of them may follow each other."""
BY_HAND = ("compose stop", "compose down", "down")
"""A side does not serve then because somebody stopped it; only that person starts it."""
WAYS = (("migrate", "rollback"), ("rollback", "migrate"))
"""The commands to a whole end, in the order in which a person may try them."""
LAST = ("up", "compose create", "rollback", "compose up", "migrate", "rollback --anyway")
"""What refusals advise: start what was stopped by hand, create the containers again, leave what cannot be undone."""
CUTS = ("kill -9 of the group", "kill -9 of the group", "kill -9 of the process", "power cut", "dockerd restart")


@dataclass
class Stage:
    """The host that the trials share; a trial that does not end at rest gets the next one a new host."""

    host: Host | None = None
    steps: dict[str, list[tuple[str, float]]] = field(default_factory=dict)  # of an undisturbed run, with their seconds
    before: Census = field(default_factory=dict)

    def ready(self) -> Host:
        """Return a host with the old stack, full of data."""
        if self.host is None:
            self.host = boot_sample(points=POINTS, mounts=[wheelhouse.mount()])
            tool.place(self.host)
            self.host.sh(VOLUME, cwd=FOLDER)
            self.host.run(("python3", SEED_INSIDE, "redis", "--seed=7"))
            self.host.sh("docker-compose exec -T redis redis-cli save", cwd=FOLDER)
            wait_for_stack(self.host)
            for words in (MIGRATE, ROLLBACK, MIGRATE, ROLLBACK):  # the first one installs what stays
                self.steps[words[0]] = _steps(tool.omnimind(self.host, *words, "--json").stdout)
            wait_for_stack(self.host)
        self.before = tool.census(self.host, native=False)
        return self.host

    def close(self) -> None:
        """Stop the host."""
        if self.host:
            self.host.stop()
        self.host = None


@dataclass
class Attempt:
    """One trial: what was done so far, in words, and the bad thing that was found, "" for none."""

    stage: Stage
    host: Host
    chance: random.Random
    told: list[str] = field(default_factory=list)
    bad: str = ""
    by_hand: bool = False
    seconds: float | None = None  # the longest from a command, or a boot, to a whole side where none was before

    def do(self, name: str) -> bool:
        """Run a command, or let an event happen; return whether a side may be whole now.

        A command whose exit code says which side serves is taken at its word.
        """
        self.by_hand |= name in BY_HAND
        if name in EVENTS:
            self.event(name)
            return True
        is_measured = name in ("migrate", "rollback", "resume") and (name == "rollback" or not self.side())
        began = time.monotonic()
        reply = COMMANDS[name](self.host)
        said = f": {' '.join(reply.stderr.split())[-400:]}" if reply.returncode and "compose" not in name else ""
        self.told.append(f"{name} exits {reply.returncode} after {time.monotonic() - began:.0f} s{said}")
        if "Traceback" in reply.stderr or "unexpected error" in reply.stderr:
            self.bad = self.bad or f"{name} ends with an unexpected error"
        side = ENDS.get((name, reply.returncode), "")
        if side and not self.by_hand and self.side(SETTLE_SECONDS) != side:
            self.bad = self.bad or f"{name} says that it ended, and is not whole"
        elif side and is_measured:
            self.seconds = max(self.seconds or 0.0, time.monotonic() - began)
        return bool(side) or reply.returncode == 0

    def event(self, name: str) -> None:
        """Let an event happen; after a boot, wait for the unit that completes a run."""
        is_boot, began = name != "dockerd restart", time.monotonic()
        EVENTS[name](self.host)
        self.told.append(name)
        if is_boot:
            self.host.wait_for(("sh", "-c", RESUMED), RESUME_SECONDS, "the boot unit")
            if not self.by_hand and self.side(SETTLE_SECONDS):
                self.seconds = max(self.seconds or 0.0, time.monotonic() - began)

    def side(self, seconds: float = 0) -> str:
        """Return which side is whole, or is whole within so many seconds."""
        return host_whole.wait(self.host, self.stage.before, seconds)

    def cut(self, name: str) -> None:
        """Start a command and break it off at a random moment of a random step."""
        step, seconds = self.chance.choice(self.stage.steps[name])
        delay, how = self.chance.uniform(0, max(seconds, 0.1)), self.chance.choice(CUTS)
        begun = False
        words = ("bash", "-c", 'echo $$; exec "$@"', "bash", tool.PROGRAM, *WORDS[name], "--json")
        with self.host.popen(words, stderr=subprocess.DEVNULL) as client:
            assert client.stdout is not None
            pid = int(client.stdout.readline())
            for line in client.stdout:
                if not begun and _begins(line, step):
                    begun = True
                    time.sleep(delay)
                    self._break_off(how, pid)
            code = client.wait()
        end = f"{how} {delay:.1f} s after the begin of {step}" if begun else f"{step} never began, exit {code}"
        self.told.append(f"{name}: {end}")

    def end(self, way: tuple[str, ...]) -> str:
        """Bring the host to a whole end; return the side, "" for none."""
        self.host.wait_for(("sh", "-c", RESUMED), RESUME_SECONDS, "the boot unit")
        for command in ("", *way, *LAST):
            is_near = self.do(command) if command else any(event in self.told[-1] for event in EVENTS)
            if side := self.side(SETTLE_SECONDS if is_near else 1):
                self.told.append(f"whole ({side}) {f'by {command}' if command else 'by itself'}")
                return side
            if self.bad:
                break
        return ""

    def rest(self) -> None:
        """Bring the host back to the old stack for the next trial; nothing of the migration may be left."""
        for command in ("rollback", *(("compose create", "rollback", "compose up") if self.by_hand else ())):
            self.do(command)
        if self.side(SETTLE_SECONDS) != "old":
            self.bad = self.bad or "does not come back to the old stack"
        elif left := host_whole.rests(self.host):
            self.told.append(f"left: {left}")
            self.bad = self.bad or "something is left of the migration"
        else:
            tool.omnimind(self.host, "finish", "--yes")  # deletes what the rollbacks set aside

    def _break_off(self, how: str, pid: int) -> None:
        if how in EVENTS:
            self.event(how)
        else:
            group = f"kill -9 -- -{pid} || " if "group" in how else ""
            self.host.run(("bash", "-c", f"{group}kill -9 {pid} || true"), check=False)


@contextmanager
def opened() -> Iterator[Trial]:
    """One host for all, replaced when a trial leaves it half."""
    stage = Stage()
    try:
        yield lambda chance: trial(stage, chance)
    finally:
        stage.close()


def trial(stage: Stage, chance: random.Random) -> Result:
    """Break off one migration, let one or two things happen, and bring the host to a whole end."""
    try:
        result = _tried(Attempt(stage, stage.ready(), chance))
    except BaseException:
        stage.close()
        raise
    if result.bad:
        stage.close()
    return result


def _tried(one: Attempt) -> Result:
    chance = one.chance
    one.cut("migrate")
    for event in chance.sample(NEXT, chance.choice((1, 1, 2))):
        one.do(event)
    way = chance.choice(WAYS)
    if chance.random() < 0.25:
        one.cut(way[0])
    side = one.end(way)
    if side and not one.bad:
        one.rest()
    kind = one.bad or (f"whole: {side}" if side else "neither side whole, no way out")
    return Result(kind, bool(one.bad) or not side, "; ".join(one.told), one.seconds and round(one.seconds, 1))


def _begins(line: bytes, step: str) -> bool:
    try:
        event = json.loads(line)
    except ValueError:
        return False  # cut
    return event.get("step") == step and event.get("data", {}).get("status") in ("doing", "undoing")


def _steps(lines: str) -> list[tuple[str, float]]:
    """Return the steps of a run and how long each took."""
    events = [event for event in map(json.loads, lines.splitlines()) if event["kind"] == "step"]
    ended = ("done", "undone", "held")
    return [(one["step"], one["data"]["seconds"] or 0.0) for one in events if one["data"]["status"] in ended]


CAMPAIGN = Campaign(
    "host-kills", "a migration on a host, broken off at a random moment, then any command or event", opened, ()
)
