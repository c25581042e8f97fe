"""What a tree's fingerprint tells."""

import os
from pathlib import Path

import xxhash

from omnimind_ops.model.data import compare
from omnimind_ops.stores.files.copy import copy_tree
from omnimind_ops.stores.files.fingerprint import tree_fingerprint
from omnimind_ops.stores.files.manifest import default_manifest
from tests.stores.files.trees import MIB


def test_the_digest_is_the_files_plain_xxh128_whatever_its_holes(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    whole = tmp_path / "a" / "file"
    whole.write_bytes(b"\0" * MIB + b"x" + b"\0" * (3 * MIB))
    copy_tree(tmp_path / "a", tmp_path / "b")
    assert os.stat(tmp_path / "b" / "file").st_blocks < os.stat(whole).st_blocks
    assert xxhash.xxh3_128(whole.read_bytes()).hexdigest() in default_manifest(tmp_path / "b").read_text()


def test_a_fingerprint_tells_where_two_trees_differ(source: Path, tmp_path: Path) -> None:
    copy_tree(source, tmp_path / "target")
    fingerprint = tree_fingerprint(source)
    assert fingerprint.counts == {"files": 8, "directories": 3, "links": 3, "bytes": 39 * MIB + 3 + 12 + 1}
    with (tmp_path / "target" / "deep" / "plain.txt").open("r+b") as file:
        file.write(b"j")
    names = {difference.name for difference in compare(fingerprint, tree_fingerprint(tmp_path / "target"))}
    assert names == {"tree", "top: deep", "top: second name"}
