"""The named checks: what they find, how they mend, and that nothing passes in silence."""

from __future__ import annotations

from dataclasses import replace

import pytest

from omnimind_ops.model.checksum import Checksum
from omnimind_ops.model.facts import Container, Disk, Gpu, Holder, Index, Interpreter, Machine, Mount, Project
from omnimind_ops.model.problem import ExitCode, Problem
from omnimind_ops.model.system import System
from omnimind_ops.planning import check_ports
from omnimind_ops.planning.check import size
from omnimind_ops.planning.preflight import NAMES, Check, Needs, State, checks, refuse
from omnimind_ops.planning.supported import supported
from omnimind_ops.settings import settings

GTX = Gpu(
    True,
    "535.183.01",
    "12.2",
    "NVIDIA GeForce GTX 1650",
    4 << 30,
    "cu12",
    "driver 535.183.01 runs CUDA 12, but not CUDA 13 (that needs 580)",
)
NONE = Gpu(False, "", "", "", 0, "cpu", "there is no NVIDIA card")
GB = 10**9
HOST = Machine(
    hostname="ws", os_id="ubuntu", os_version="22.04", os_name="Ubuntu 22.04.5 LTS", kernel="6.8.0-90", systemd=249, root=True, sudo=True, user="ana",
    memory=8 * GB, cpus=8, locale="pt_BR.UTF-8", python="/usr/bin/python3.12", gpu=GTX,
    disks=(Disk("/var/lib/qdrant", "/var/lib", 200 * GB, 251 * GB, "ext4"), Disk("/var/lib/redis", "/var/lib", 200 * GB, 251 * GB, "ext4"), Disk("/opt/omnimind/venv", "/", 20 * GB, 50 * GB, "ext4")),
    holders=(), docker="24.0.7", docker_reason="", interpreters=(Interpreter("/usr/bin/python3.12", "3.12.3", "/usr/bin/python3.12"),),
)  # fmt: skip
NEEDS = Needs({"/var/lib/qdrant": 2 * GB, "/var/lib/redis": GB // 10}, (8000, 6333, 6379))


def own(name: str) -> Container:
    return Container("a" * 64, name, "", "omnimind", "", "", (), True, "no", 1, "", "")


PROJECT = Project("omnimind", "", (), (own("omnimind-qdrant-1"), own("omnimind-redis-1")))


def found(
    name: str, machine: Machine = HOST, needs: Needs = NEEDS, project: Project | None = PROJECT, **options: object
) -> tuple[Check, ...]:
    return tuple(check for check in checks(machine, project, needs, **options) if check.id == name)  # type: ignore[arg-type]


def only(name: str, machine: Machine = HOST, needs: Needs = NEEDS, **options: object) -> Check:
    (check,) = found(name, machine, needs, PROJECT, **options)
    return check


def test_the_workstation_passes_every_check_in_order() -> None:
    every = checks(HOST, PROJECT, NEEDS)
    assert {check.state for check in every} == {State.OK}
    assert tuple(dict.fromkeys(check.id for check in every)) == NAMES
    refuse(every)


@pytest.mark.parametrize(("system", "version"), [(item.id, item.version) for item in supported()])
def test_supported_systems(system: str, version: str) -> None:
    assert only("os", replace(HOST, os_id=system, os_version=version)).state is State.OK


def test_a_system_that_no_test_ran_on_says_between_which_it_lies() -> None:
    assert only("os", HOST).found.endswith("(between Debian 11 and Debian 12, which are tested)")


def test_the_lower_end_of_a_bracket_takes_force() -> None:
    bullseye = replace(HOST, os_id="debian", os_version="11", os_name="Debian GNU/Linux 11 (bullseye)")
    assert (only("os", bullseye).state, only("os", bullseye, force_os=True).state) == (State.FAIL, State.WARN)


def test_another_system_fails_unless_forced() -> None:
    fedora = replace(HOST, os_id="fedora", os_version="41", os_name="Fedora 41")
    assert only("os", fedora).state is State.FAIL
    assert "--force-os" in only("os", fedora).fix
    assert only("os", fedora, force_os=True).state is State.WARN


@pytest.mark.parametrize(("version", "state"), [(0, State.FAIL), (245, State.FAIL), (247, State.OK), (257, State.OK)])
def test_systemd_must_run_the_host(version: int, state: State) -> None:
    assert only("systemd", replace(HOST, systemd=version)).state is state
    assert only("systemd", replace(HOST, systemd=version), Needs(NEEDS.space, systemd=False)).state is State.OK


def test_root_is_needed_but_not_for_looking() -> None:
    plain = replace(HOST, root=False, sudo=False)
    assert (only("root", plain).state, "sudo" in only("root", plain).fix) == (State.FAIL, True)
    assert only("root", plain, replace(NEEDS, root=False)).state is State.OK


def test_disk_adds_up_by_mount_point_with_the_venv_where_it_goes() -> None:
    var, slash = found("disk")
    assert "/var/lib: 200.0 GB free of 251.0 GB, 2.3 GB needed" in var.found
    assert "2.0 GB in /var/lib/qdrant + 100 MB in /var/lib/redis" in var.found
    assert "15.2 GB needed" in slash.found
    cpu = replace(HOST, gpu=NONE)
    assert "1.4 GB needed" in found("disk", cpu)[1].found  # 1.43
    assert len(found("disk", needs=replace(NEEDS, venv=""))) == 1


def test_data_that_fits_alone_but_not_together_fails() -> None:
    tight = replace(HOST, disks=tuple(replace(disk, mount_point="/", free=16 * GB) for disk in HOST.disks))
    check = only("disk", tight)
    assert check.state is State.FAIL
    assert "free 1.5 GB more on /" in check.fix


def test_what_was_measured_above_counts_but_only_at_a_border_of_names() -> None:
    above = replace(
        HOST,
        disks=(
            Disk("/var/lib/omnimind", "/var", 9 * GB, 9 * GB, "ext4"),
            Disk("/var/lib/omnimind/up", "/up", 9 * GB, 9 * GB, "ext4"),
        ),
    )
    (check,) = found("disk", above, Needs({"/var/lib/omnimind/uploads": GB}, venv=""))
    assert (check.state, check.found.startswith("/var:")) == (State.OK, True)
    assert found("disk", above, Needs({"/var/lib/omnimind-other": GB}, venv=""))[0].state is State.FAIL


@pytest.mark.parametrize(
    ("kind", "state"), [("nfs4", State.WARN), ("fuseblk", State.WARN), ("tmpfs", State.WARN), ("xfs", State.OK)]
)
def test_file_systems_that_do_not_keep_data_are_named(kind: str, state: State) -> None:
    assert (
        found("disk", replace(HOST, disks=tuple(replace(disk, filesystem=kind) for disk in HOST.disks)))[0].state
        is state
    )


def test_a_read_only_or_unmeasured_place_fails() -> None:
    assert (
        found("disk", replace(HOST, disks=tuple(replace(disk, read_only=True) for disk in HOST.disks)))[0].state
        is State.FAIL
    )
    assert [check.state for check in found("disk", replace(HOST, disks=()))] == [State.FAIL] * 3


@pytest.mark.parametrize(("memory", "state"), [(GB, State.FAIL), (3 * GB, State.WARN), (7_600_000_000, State.OK)])
def test_memory(memory: int, state: State) -> None:
    assert only("memory", replace(HOST, memory=memory)).state is state


@pytest.mark.parametrize(
    ("why", "fix"),
    [
        ("this user has no access to it (permission denied)", "sudo"),
        ("docker is not installed", "omnimind up"),
        ("Cannot connect", "systemctl start docker"),
    ],
)
def test_docker_says_why_and_what_to_do(why: str, fix: str) -> None:
    silent = replace(HOST, docker="", docker_reason=why)
    assert fix in only("docker", silent).fix
    assert why in only("docker", silent).found
    assert only("docker", silent, replace(NEEDS, docker=False)).state is State.OK


def held(*holders: Holder) -> Machine:
    return replace(HOST, holders=holders)


def test_ports_held_by_the_projects_own_containers_are_fine() -> None:
    check = only(
        "ports",
        held(
            Holder(6333, "0.0.0.0", 9, "docker-proxy", "omnimind-qdrant-1"),
            Holder(6333, "::", 10, "docker-proxy", "omnimind-qdrant-1"),
        ),
    )
    assert (check.state, check.found) == (State.OK, "6333 omnimind-qdrant-1 (this project); free: 8000, 6379")


@pytest.mark.parametrize(
    ("holder", "words", "fix"),
    [
        (
            Holder(6379, "127.0.0.1", 812, "redis-server", unit="redis-server.service"),
            "redis-server (pid 812, unit redis-server.service)",
            "systemctl disable --now redis-server.service",
        ),
        (Holder(8000, "0.0.0.0", 77, "python3", unit="session-3.scope"), "python3 (pid 77)", "kill 77"),
        (
            Holder(8000, "0.0.0.0", 9, "docker-proxy", "blog-web-1", "docker.service"),
            "container blog-web-1",
            "docker stop blog-web-1",
        ),
        (Holder(6333, "0.0.0.0", 9, "docker-proxy", "", "docker.service"), "without a running container", "kill 9"),
        (
            Holder(6333, "0.0.0.0", 9, "dockerd", "", "docker.service"),
            "without a running container",
            "container: systemctl restart docker",
        ),
        (Holder(6333, "0.0.0.0", 0, ""), "cannot see", "ss -ltnp"),
    ],
)
def test_a_stranger_on_a_port_is_named(holder: Holder, words: str, fix: str) -> None:
    free, stranger = found("ports", held(holder))
    assert free.state is State.OK
    assert stranger.state is State.FAIL
    assert f"port {holder.port} is held by" in stranger.found
    assert words in stranger.found
    assert fix in stranger.fix


def test_a_setting_that_avoids_the_port_is_named_first() -> None:
    needs = replace(NEEDS, ports=(8000, 8080, 3001), port_settings=check_ports.advice(System()))
    *_, stranger = found("ports", held(Holder(8080, "0.0.0.0", 9, "docker-proxy", "proxy-traefik-1")), needs)
    setting = "set `backend_ports = [8000, 3001]` in /etc/omnimind/omnimind.toml"
    assert stranger.fix == f"{setting}, or: docker stop proxy-traefik-1"
    advice = check_ports.advice(System())
    assert "`postgres_port = 5433`" in advice[5432] and "`frontend_port = 3002`" in advice[3000]
    assert settings(postgres_port=5433).ports and settings(backend_ports=(8000, 3001)).ports, "what is advised is valid"


def test_a_container_of_the_project_that_keeps_running_keeps_its_port() -> None:
    needs = replace(NEEDS, beside=frozenset({"omnimind-qdrant-1"}))
    *_, kept = found("ports", held(Holder(6333, "0.0.0.0", 9, "docker-proxy", "omnimind-qdrant-1")), needs)
    assert kept.state is State.FAIL and "omnimind-qdrant-1, which keeps its port" in kept.found


def test_other_ports_and_our_own_units_do_not_matter() -> None:
    ours = held(
        Holder(22, "0.0.0.0", 5, "sshd"),
        Holder(8000, "127.0.0.1", 1, "systemd", unit="omnimind-8000.socket"),
        Holder(6379, "127.0.0.1", 8, "redis-server", unit="redis-server.service"),
    )
    assert only("ports", ours, replace(NEEDS, units=frozenset({"redis-server.service"}))).state is State.OK


def test_a_locale_without_utf_8_is_only_a_warning() -> None:
    assert only("locale", replace(HOST, locale="C")).state is State.WARN
    assert only("locale", replace(HOST, locale="en_US.utf8")).state is State.OK


def test_cuda_says_driver_and_lock() -> None:
    assert only("cuda").found == "NVIDIA GeForce GTX 1650, driver 535.183.01 (CUDA 12.2) → lock cu12"
    assert only("cuda", replace(HOST, gpu=NONE)) == Check("cuda", State.OK, "no NVIDIA GPU → CPU mode")


def test_a_broken_gpu_warns_and_only_an_impossible_lock_fails() -> None:
    broken = replace(GTX, fault="there is no /dev/nvidia0", fix="nvidia-modprobe -c 0 -u")
    assert only("cuda", replace(HOST, gpu=broken)).state is State.WARN
    assert only("cuda", replace(HOST, gpu=replace(GTX, shadow="11.5.3"))).fix == "pip uninstall pynvml"
    old = replace(
        GTX, driver="470.1", cuda="", lock="cpu", reason="driver 470.1 is older than 525, the first that runs CUDA 12"
    )
    assert only("cuda", replace(HOST, gpu=old)).state is State.WARN
    assert only("cuda", needs=replace(NEEDS, lock="cu13")).state is State.FAIL
    assert only("cuda", needs=replace(NEEDS, lock="cpu")).state is State.OK


def test_python_in_a_home_fails_with_the_reason() -> None:
    homely = Interpreter(
        "/usr/local/bin/python3.12",
        "3.12.8",
        "/home/ana/.pyenv/bin/python3.12",
        "it lives in a home directory (/home/ana)",
    )
    check = only("python", replace(HOST, interpreters=(homely,)))
    assert (check.state, "home directory" in check.found) == (State.FAIL, True)
    assert "--python PATH" in check.fix
    assert only("python", replace(HOST, interpreters=())).state is State.FAIL


@pytest.mark.parametrize(
    ("index", "made", "state", "words"),
    [
        (None, False, State.OK, "not used"),
        (Index("https://mirror.example/simple"), False, State.OK, "answers"),
        (
            Index("https://mirror/simple", "Connection refused"),
            False,
            State.FAIL,
            "https://mirror/simple cannot be used: Connection refused",
        ),
        (Index("https://mirror/simple", "Connection refused"), True, State.WARN, "is enough if nothing changed"),
    ],
)
def test_an_index_that_cannot_be_used_fails_unless_the_environment_is_there(
    index: Index | None, made: bool, state: State, words: str
) -> None:
    item = only("index", needs=replace(NEEDS, index=index, venv_exists=made))
    assert item.state is state and words in item.found
    assert state is State.OK or "--wheelhouse" in item.fix


def test_containers_with_a_gpu_are_warned_about() -> None:
    check = only("gpu-containers", replace(HOST, gpu_containers=("blog-llm-1",)))
    assert (check.state, "blog-llm-1" in check.found) == (State.WARN, True)


def test_ignore_makes_a_warning_of_a_failure_and_of_nothing_else() -> None:
    poor = replace(HOST, memory=GB, docker="", docker_reason="x")
    every = checks(poor, PROJECT, NEEDS, frozenset({"memory"}))
    assert [check.state for check in every if check.id in ("memory", "docker")] == [State.WARN, State.FAIL]
    assert only("locale", ignore=frozenset({"locale"})).state is State.OK


def test_an_unknown_name_lists_the_names() -> None:
    with pytest.raises(Problem, match="did you mean memory") as caught:
        checks(HOST, PROJECT, NEEDS, frozenset({"memry"}))
    assert caught.value.code is ExitCode.USAGE
    assert all(name in caught.value.fix for name in NAMES)


def test_refuse_lists_all_failures_with_their_fixes() -> None:
    poor = replace(HOST, memory=GB, root=False, sudo=False, holders=(Holder(6379, "0.0.0.0", 5, "redis-server"),))
    with pytest.raises(Problem, match=r"cannot start: 3 checks failed \(root, memory, ports\)") as caught:
        refuse(checks(poor, PROJECT, NEEDS))
    assert len(caught.value.log) == 3
    assert all("→" in line for line in caught.value.log)
    assert "--ignore ports" in caught.value.fix


def test_sizes_are_read_by_people() -> None:
    assert [size(count) for count in (0, 999, 1500, 2_000_000, 1_800_000_000, 4 * 10**12)] == [
        "0 B",
        "999 B",
        "2 kB",
        "2 MB",
        "1.8 GB",
        "4000.0 GB",
    ]


@pytest.mark.parametrize("checksum", [Checksum.VERIFIED, Checksum.INSIDE])
def test_a_backup_that_a_checksum_covers_passes(checksum: Checksum) -> None:
    check = only("backup", needs=replace(NEEDS, backup="/b.tar", checksum=checksum))
    assert check.state is State.OK and check.found.startswith("/b.tar: ")


def test_a_backup_that_no_checksum_covers_says_what_cannot_be_seen_and_how_to_make_one() -> None:
    check = only("backup", needs=replace(NEEDS, backup="/b.tar", checksum=Checksum.ABSENT))
    assert check.state is State.WARN
    assert check.found == (
        "/b.tar: it has no checksum: a bit that flipped since it was made, or a missing segment, cannot be detected"
    )
    assert "sha256sum FILE > FILE.checksum" in check.fix
    check = only("backup", needs=replace(NEEDS, backup="/var/backup", checksum=Checksum.FOLDER))
    assert check.state is State.WARN and "tar -czSf" in check.fix


def with_volume(mounted_by_docker: str, *, writable: bool = True) -> Project:
    mount = Mount("volume", "/var/lib/docker/volumes/up/_data", "/app/uploads", "up", writable)
    container = replace(own("omnimind-backend-1"), mounts=(replace(mount, mounted_by_docker=mounted_by_docker),))
    return replace(PROJECT, containers=(container,))


def test_a_volume_that_docker_unmounts_with_its_container_is_refused() -> None:
    (check,) = found("volumes", project=with_volume("nfs :/export"))
    assert check.state is State.FAIL
    assert check.found == "the volume up (nfs :/export) is mounted only while its container runs"
    assert "/etc/fstab" in check.fix and "/app/uploads" in check.fix


@pytest.mark.parametrize("project", [None, PROJECT, with_volume(""), with_volume("nfs :/export", writable=False)])
def test_volumes_that_stay_or_hold_no_data_of_ours_pass(project: Project | None) -> None:
    (check,) = found("volumes", project=project)
    assert check.state is State.OK


def test_a_large_redis_needs_its_memory_before_anything_stops() -> None:
    assert only("memory", HOST, replace(NEEDS, redis_memory=6 * GB)).state is State.OK
    check = only("memory", HOST, replace(NEEDS, redis_memory=7 * GB))
    assert check.state is State.FAIL and "7.0 GB of them for Redis' data" in check.found
    assert "maxmemory" in check.fix
