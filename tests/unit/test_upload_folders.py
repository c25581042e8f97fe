"""Which folders and files of the backend are moved, under which names, and why others are not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from omnimind_ops.flows.upload_folders import upload_folders
from omnimind_ops.model.facts import Container, Mount, Project
from omnimind_ops.model.goal import Goal
from omnimind_ops.model.payloads import CopyPayload, VerifyPayload
from omnimind_ops.observe.projects import Roles, roles
from omnimind_ops.planning import migration
from omnimind_ops.planning.old_volumes import old_volumes
from omnimind_ops.planning.source import Source
from omnimind_ops.stores.files.compare import comparable_trees
from omnimind_ops.stores.files.copy import copy_tree

BARE = Source("shop", (), (), (), (), (), None, None)


def container(service: str, image: str, *mounts: Mount) -> Container:
    return Container(
        id=service.ljust(64, "0"), name=f"shop-{service}-1", image=image, project="shop", service=service,
        working_dir="", config_files=(), running=True, restart_policy="no", pid=1, ip="", user="", mounts=mounts,
    )  # fmt: skip


def bind(folder: Path, target: str, *, writable: bool = True) -> Mount:
    folder.mkdir(parents=True, exist_ok=True) if not folder.suffix else None
    return Mount("bind", str(folder), target, writable=writable)


def project(folder: Path, *backend: Mount, others: tuple[Container, ...] = ()) -> Project:
    return Project("shop", str(folder / "shop"), (), (container("backend", "shop-backend", *backend), *others))


def test_only_the_backend_s_folders_are_uploads_and_each_other_one_is_named(tmp_path: Path) -> None:
    (tmp_path / "source").mkdir()
    (tmp_path / "source/.env").write_text("SECRET=1")
    ollama = container("ollama", "ollama/ollama", bind(tmp_path / "ollama", "/root/.ollama"))
    worker = container("worker", "shop-backend", bind(tmp_path / "reports", "/app/reports"))
    shop = project(
        tmp_path,
        bind(tmp_path / "uploads", "/app/uploads"),
        bind(tmp_path / "source", "/app/src"),
        bind(tmp_path / "weights", "/app/models"),
        bind(tmp_path / "hub", "/root/.cache/huggingface"),
        bind(tmp_path / "fixed", "/app/fixed", writable=False),
        others=(ollama, worker),
    )
    found = upload_folders(shop, Roles(), "", ())
    assert found.folders == {str(tmp_path / "uploads"): "uploads", str(tmp_path / "reports"): "reports"}
    left_out = " ".join(found.notes)
    assert all(name in left_out for name in ("contains .env", "/app/models", "huggingface"))
    assert "ollama" not in left_out
    chosen = upload_folders(shop, Roles(), "", ("/app/models", str(tmp_path / "reports")))
    assert set(chosen.folders.values()) == {"models", "reports"}


def test_several_folders_keep_their_names(tmp_path: Path) -> None:
    shop = project(
        tmp_path, *(bind(tmp_path / str(at), to) for at, to in enumerate(("/a/data", "/b/data", "/app/uploads")))
    )
    found = upload_folders(shop, roles(shop), "", ())
    assert sorted(found.folders.values()) == ["a-data", "b-data", "uploads"]
    source = replace(BARE, uploads=tuple(found.folders), upload_names=found.folders)
    assert [copy.target for copy in migration.copies(source, Goal())] == [
        f"/var/lib/omnimind/uploads/{name}" for name in ("a-data", "b-data", "uploads")
    ]


def test_a_store_s_own_data_is_not_copied_twice(tmp_path: Path) -> None:
    data = tmp_path / "data"
    for name in ("qdrant", "uploads", "more/inner"):
        (data / name).mkdir(parents=True)
    (data / "app.sqlite3").write_text("x")
    (data / "link").symlink_to("uploads")
    qdrant = container("qdrant", "qdrant/qdrant", bind(data / "qdrant", "/qdrant/storage"))
    shop = project(tmp_path, bind(data, "/app/data"), bind(data / "uploads", "/app/uploads"), others=(qdrant,))
    found = upload_folders(shop, roles(shop), str(data / "qdrant"), ())
    assert found.folders == {str(data / "more"): "more", str(data / "uploads"): "uploads"}
    (files,) = found.files
    assert (files.folder, files.names, files.name) == (str(data), ("app.sqlite3",), "app-data")
    assert any("is a store's data" in note for note in found.notes)
    assert any(f"{data / 'link'} is not copied" in note for note in found.notes)


def test_a_link_is_followed_and_named(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "uploads").symlink_to(tmp_path / "elsewhere")
    shop = project(tmp_path, Mount("bind", str(tmp_path / "uploads"), "/app/uploads"))
    found = upload_folders(shop, roles(shop), "", ())
    assert found.folders == {str(tmp_path / "elsewhere"): "uploads"}
    assert found.notes == [f"{tmp_path / 'uploads'} is a link; its data is read at {tmp_path / 'elsewhere'}"]


def test_a_single_mounted_file_is_moved_and_compared_and_nothing_beside_it(tmp_path: Path) -> None:
    for name in ("app.sqlite3", "beside", "settings.yml"):
        (tmp_path / name).write_text(name)
    mounts = [Mount("bind", str(tmp_path / name), f"/app/{name}") for name in ("app.sqlite3", "settings.yml")]
    shop = project(tmp_path, *mounts)
    found = upload_folders(shop, roles(shop), "", ())
    assert [(files.names, files.name) for files in found.files] == [(("app.sqlite3",), "app")]
    plan = migration.migrate(replace(BARE, files=found.files), Goal(), 10)
    steps = {step.id: step for step in plan.steps}
    copy = steps["final-files-0"].payload(CopyPayload)
    assert (copy.target, copy.only) == ("/var/lib/omnimind/files/app", ("app.sqlite3",))
    (compared,) = steps["verify"].payload(VerifyPayload).files or ()
    assert compared.only == ("app.sqlite3",)

    target = tmp_path / "target"
    copy_tree(Path(copy.source), target, only=copy.only)
    assert [path.name for path in target.iterdir()] == ["app.sqlite3"]
    same = comparable_trees(tmp_path, target, only=copy.only)
    assert same.source == same.target
    (target / "app.sqlite3").write_text("APP.SQLITE3")
    other = comparable_trees(tmp_path, target, only=copy.only)
    assert other.source != other.target


def test_a_volume_beside_a_single_file_is_not_deleted_by_finish(tmp_path: Path) -> None:
    """Only the file was moved, not the folder that it lies in."""
    volume = tmp_path / "volume"
    volume.mkdir()
    (tmp_path / "app.sqlite3").write_text("x")
    shop = project(tmp_path, Mount("bind", str(tmp_path / "app.sqlite3"), "/app/app.sqlite3"))
    mongo = container("mongo", "mongo:7", Mount("volume", str(volume), "/data/db", name="precious"))
    files = upload_folders(shop, roles(shop), "", ()).files
    (kept,) = old_volumes(replace(BARE, files=files), (*shop.containers, mongo), Goal())
    assert (kept.name, kept.copy) == ("precious", "")
