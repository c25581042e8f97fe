"""What the guard does, told as stories: one character per look, ten seconds apart, for each service; then what it did,
and when.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from omnimind_ops.catalogue import Service, services
from omnimind_ops.health import root_cause
from omnimind_ops.health.recovery_actions import Action, GiveUp, Limits, Observation, PolicyState, Recovered, Restart
from omnimind_ops.health.restart_policy import decide, restarted
from omnimind_ops.model.health import Host, Process, Reading, Report, State
from omnimind_ops.model.system import System
from omnimind_ops.model.world import Mode, World

PLACE = Path("/nowhere")
WORLD = World(
    mode=Mode.EMBEDDED,
    system=System(),
    state=PLACE,
    config=PLACE,
    logs=PLACE,
    run=PLACE,
    postgres=PLACE,
)
EVERY = services(WORLD)
DEPENDANTS = {one.name: root_cause.dependants(one.name, EVERY) for one in EVERY}
HOST = Host(None, None, None, "/", 10.0, 1 << 40, ())
PERIOD = 10.0

# . well   , works with one worker that its manager gave up   x broken   s silent   r answers and refuses   ~ starting
# f its first worker cannot use a store that works (three times in a row)
# d all processes given up by their manager   p stopped by a person   b broken, and names the engine as the cause
WELL, BAD = ".,f", "xsrdb"


@dataclass
class Told:
    """One service's line of the story as readings."""

    service: Service
    bad: int = 0

    def reading(self, mark: str) -> Reading:
        self.bad = self.bad + 1 if mark in BAD else 0
        state = {
            ".": State.READY,
            ",": State.DEGRADED,
            "f": State.DEGRADED,
            "~": State.STARTING,
            "p": State.STOPPED,
        }.get(mark, State.DOWN)
        return Reading(
            service=self.service.name, kind=str(self.service.kind), critical=self.service.critical, state=state, alive=mark not in "dp",
            ready=mark in WELL, useful=None, detail="", why="" if mark == "." else f"is {mark}", latency=None, age=0.0, good=0, bad=self.bad, silent=mark == "s",
            refuses=mark == "r", root="", restarts=0, memory=None, limit=None, start_seconds=300,
            processes=tuple(self._process(name, number, mark) for number, name in enumerate(self.service.processes)),
        )  # fmt: skip

    def _process(self, name: str, number: int, mark: str) -> Process:
        failed = mark == "d" or (mark == "," and number == 0)
        state = "failed" if failed else "stopped" if mark == "p" else "running"
        return Process(name, state, None if state != "running" else 100 + number, None, by_person=mark == "p")


@dataclass
class Story:
    """A system looked after from look to look."""

    state: PolicyState = field(default_factory=PolicyState)
    foreign: frozenset[str] = frozenset()
    told: dict[str, Told] = field(default_factory=lambda: {one.name: Told(one) for one in EVERY})
    done: list[str] = field(default_factory=list)

    def look(self, at: float, marks: Mapping[str, str], trouble: str = "", host: Host = HOST) -> None:
        """Show one moment; an act is carried out at once."""
        readings = tuple(self.told[one.name].reading(marks.get(one.name, ".")) for one in EVERY)
        blames = {name: ("engine",) for name, mark in marks.items() if mark == "b"}
        readings = root_cause.find(readings, EVERY, blames)
        at_fault = {one.name: one.processes[:1] for one in EVERY if marks.get(one.name) == "f"}
        report = Report(State.READY, readings, None, host, at, "embedded", None, None, 0.0, trouble)
        self.state, moves = decide(self.state, Observation(report, DEPENDANTS, at, Limits(), at_fault, self.foreign))
        for move in moves:
            self.done.append(f"{at:.0f} {words(move)}")
            if isinstance(move, Restart):
                self.state = restarted(self.state, move, at, Limits())
                self.told[move.service].bad = 0

    def tell(self, lines: str, every: float = PERIOD) -> list[str]:
        """Tell a story written as `service marks` lines; return what was done."""
        rows: dict[str, str] = dict(line.split() for line in lines.strip().splitlines())  # type: ignore[misc]
        for number in range(max(map(len, rows.values()))):
            self.look(number * every, {name: marks[min(number, len(marks) - 1)] for name, marks in rows.items()})
        return self.done


def words(move: Action) -> str:
    match move:
        case Restart():
            return f"{move.escalation} {move.service} [{' '.join(move.processes)}]"
        case GiveUp():
            return f"gives up {move.service}"
        case Recovered():
            return f"well {move.service}"


STORIES = {
    "nothing is done while all is well": ("engine ..........", []),
    "one bad answer is no reason": ("engine ..x.....", []),
    "nor are two": ("engine ..xx....", []),
    "bad answers that are not in a row do not add up": ("engine .xx.xx.xx.xx.", []),
    "three in a row are": ("engine xxx..", ["20 worker engine [engine]", "30 well engine"]),
    "a blind failure of a backend with two workers restarts both": (
        "backend-8000 xxx..",
        ["20 unit backend-8000 [backend-8000-1 backend-8000-2]", "30 well backend-8000"],
    ),
    "a worker that its manager gave up is restarted alone": (
        "backend-8000 ,,,..",
        ["20 worker backend-8000 [backend-8000-1]", "30 well backend-8000"],
    ),
    "a worker that cannot use a store that works is restarted alone": (
        "backend-8000 fff..",
        ["20 worker backend-8000 [backend-8000-1]", "30 well backend-8000"],
    ),
    "one that still cannot is restarted with its whole backend": (
        "backend-8000 fffff.",
        [
            "20 worker backend-8000 [backend-8000-1]",
            "30 unit backend-8000 [backend-8000-1 backend-8000-2]",
            "40 unit backend-8000 [backend-8000-1 backend-8000-2]",
            "50 well backend-8000",
        ],
    ),
    "an engine that is silent may be busy": ("engine .ssssss.....", []),
    "one that is silent for 90 s is not": ("engine ssssssssss.", ["90 worker engine [engine]", "100 well engine"]),
    "a store that is silent for 60 s is slow, and is left alone": ("postgres .ssssss.....", []),
    "a store that is silent for 90 s is not slow any more": (
        "postgres ssssssssss.",
        ["90 unit postgres [postgres]", "100 well postgres"],
    ),
    "a store that is dead is not waited for so long": (
        "postgres ddd.",
        ["20 unit postgres [postgres]", "30 well postgres"],
    ),
    "a slow store's victims are left alone however long it takes": (
        "postgres     sssssssss....\nbackend-8000 xxxxxxxxx....\nbackend-8080 sssssssss....\nbackend-3001 xxxxxxxxx....",
        [],
    ),
    "a broken store is restarted, its victims are not": (
        "redis xxx..\nbackend-8000 xxxx.\nbackend-8080 xxxx.",
        ["20 unit redis [redis]", "30 well redis"],
    ),
    "victims that do not recover with their store are restarted then": (
        "redis        xxx......\nbackend-8000 xxxxxxx..",
        [
            "20 unit redis [redis]",
            "30 well redis",
            "50 unit backend-8000 [backend-8000-1 backend-8000-2]",
            "70 well backend-8000",
        ],
    ),
    "who is named as the cause by its victims is the one that is restarted": (
        "engine xxx.\nbackend-8000 bbbb.",
        ["20 worker engine [engine]", "30 well engine"],
    ),
    "a service that blames a healthy one is at fault itself": (
        "backend-8000 bbb.",
        ["20 unit backend-8000 [backend-8000-1 backend-8000-2]", "30 well backend-8000"],
    ),
    "what a person stopped stays stopped": ("engine pppppppppppp", []),
    "what needs something that a person stopped is left alone": ("postgres ppppppppp\nbackend-8000 xxxxxxxxx", []),
    "what says that it is starting is left alone": ("engine ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~", []),
    "the grace after a restart is not a failure": (
        "engine xxx~~~~~~~~~~....",
        ["20 worker engine [engine]", "130 well engine"],
    ),
    "a store that refuses is not restarted but explained": ("postgres rrrrrrrr", ["20 gives up postgres"]),
    "the guard does not look after itself": ("guard xxxxxxx", []),
    "two that fail at once are restarted one after the other": (
        "engine xxxx.\nfrontend xxxx.",
        ["20 worker engine [engine]", "30 worker frontend [frontend]", "40 well engine", "40 well frontend"],
    ),
    "it goes up the ladder and then gives up": (
        "engine " + "x" * 40,
        [
            "20 worker engine [engine]",
            "50 unit engine [engine]",
            "80 unit engine [engine]",
            "110 unit engine [engine]",
            "140 unit engine [engine]",
            "170 gives up engine",
        ],
    ),
    "the last rungs of a store take along what needs it, but not what a person stopped": (
        "redis " + "x" * 12 + "\nbackend-8080 p\nbackend-3001 x",
        [
            "20 unit redis [redis]",
            "50 unit redis [redis]",
            "80 unit redis [redis]",
            "110 dependants redis [redis backend-8000-1 backend-8000-2 backend-3001-1 backend-3001-2]",
        ],
    ),
    "attempts are remembered while it fails again soon": (
        "engine xxx....xxx....",
        ["20 worker engine [engine]", "30 well engine", "90 unit engine [engine]", "100 well engine"],
    ),
    "and forgotten after five minutes of health": (
        "engine xxx" + "." * 32 + "xxx.",
        ["20 worker engine [engine]", "30 well engine", "370 worker engine [engine]", "380 well engine"],
    ),
    "what was given up and is well again is looked after anew": (
        "engine " + "x" * 18 + "..xxx.",
        [
            "20 worker engine [engine]",
            "50 unit engine [engine]",
            "80 unit engine [engine]",
            "110 unit engine [engine]",
            "140 unit engine [engine]",
            "170 gives up engine",
            "180 well engine",
            "220 worker engine [engine]",
            "230 well engine",
        ],
    ),
}


@pytest.mark.parametrize("name", STORIES)
def test_story(name: str) -> None:
    """Each story is one sentence about the policy."""
    lines, wanted = STORIES[name]
    assert Story().tell(lines) == wanted


def test_answers_that_come_quickly_are_no_more_evidence_than_slow_ones() -> None:
    """While another service is mended everything is asked every second; three bad seconds are still only three seconds."""
    story = Story()
    for second in range(20):
        story.look(float(second), {"engine": "x"})
    assert story.done == []
    story.look(20.0, {"engine": "x"})
    assert story.done == ["20 worker engine [engine]"]


def test_back_off_doubles_from_half_a_second_to_thirty() -> None:
    """As Pebble's does."""
    assert [Limits().pause(n) for n in range(1, 9)] == [0.5, 1, 2, 4, 8, 16, 30, 30]


def test_nothing_is_done_when_the_manager_cannot_be_asked() -> None:
    """Then every process looks dead."""
    story = Story()
    for number in range(20):
        story.look(number * PERIOD, {one.name: "d" for one in EVERY}, trouble="supervisor does not answer")
    assert story.done == []


def test_while_the_disk_is_full_nothing_is_restarted_and_then_all_that_fails() -> None:
    """Also what was given up before."""
    story, full = Story(), replace(HOST, disk_used=100.0)
    for number in range(60):
        story.look(number * PERIOD, {"postgres": "d"})
    assert story.done[-1].endswith("gives up postgres")
    story.done.clear()
    for number in range(60, 400):
        story.look(number * PERIOD, {"postgres": "d", "qdrant": "d"}, host=full)
    assert story.done == []
    story.look(4000, {"postgres": "d", "qdrant": "d"})
    story.look(4010, {"postgres": ".", "qdrant": "d"})
    restarts = [told.split(" [")[0] for told in story.done if "well" not in told]
    assert restarts == ["4000 unit postgres", "4010 unit qdrant"]


def test_what_was_seen_before_the_guard_itself_was_frozen_does_not_count() -> None:
    """A suspended laptop, a stopped guard: the first look afterwards finds everything late."""
    story = Story()
    story.look(0, {"engine": "x"})
    story.look(10, {"engine": "x"})
    story.look(500, {"engine": "x"})
    story.look(510, {"engine": "x"})
    assert story.done == []
    story.look(520, {"engine": "x"})
    assert story.done == ["520 worker engine [engine]"]


def test_a_postgresql_that_was_here_before_us_is_never_restarted() -> None:
    """Others use it too."""
    story = Story(foreign=frozenset({"postgres"}))
    assert story.tell("postgres dddddd") == ["20 gives up postgres"]
