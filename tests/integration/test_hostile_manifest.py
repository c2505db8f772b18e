# SPDX-License-Identifier: PostgreSQL
"""A manifest that somebody wrote on purpose, which without encryption needs no key:
it gets nothing outside the directory of the restore."""

import json

import pytest

from support import process, workload
from support.cluster import Cluster
from support.redoubt import Redoubt
from support.repository import FileRepository

OUTSIDE = "/tmp/redoubt-must-not-write-this"


class Story:
    def __init__(self, home, adopt):
        self.repository = FileRepository(home / "repository")
        cluster = adopt(Cluster.create(home / "cluster", fresh=True))
        self.redoubt = Redoubt(home / "redoubt", cluster, self.repository, encryption="off")
        # PyYAML quotes the word, because YAML 1.1 takes it for a truth value.
        text = self.redoubt.file.read_text().replace("'off'", "off")
        self.redoubt.file.write_text(text)
        self.redoubt.archive_from(cluster)
        cluster.start()
        self.redoubt.init()
        workload.small(cluster)
        self.redoubt.backup()
        cluster.stop()
        self.key, = [k for k in self.repository.keys() if k.endswith("/manifest")]
        self.body = self.repository.read(self.key)

    def lines(self):
        text = process.run(["zstd", "-dc"], input=self.body).out
        return [json.loads(line) for line in text.splitlines()]

    def write(self, lines):
        packed = self.redoubt.home / "manifest.zst"
        text = "".join(json.dumps(line) + "\n" for line in lines)
        process.run(["zstd", "-q", "-f", "-o", packed, "-"], input=text)
        self.repository.write(self.key, packed.read_bytes())

    def restore(self, target):
        return self.redoubt.restore(target, code=None)


@pytest.fixture(scope="module")
def module_story(module_directory, adopt):
    return Story(module_directory, adopt)


@pytest.fixture
def story(module_story):
    yield module_story
    module_story.repository.write(module_story.key, module_story.body)


def tree(directory):
    return sorted(str(p) for p in directory.rglob("*"))


def test_the_manifest_unchanged_restores(story, directory):
    """The proof that the refusals below are about what was changed."""
    story.write(story.lines())

    assert story.restore(directory / "copy").code == 0


PATHS = ["../escape", "base/../../escape", OUTSIDE, "base/./1", "base//x", "", "..", ".",
         "x" * 5000, "base/1/\u0000x", "pg_tblspc/../../escape", "global/pg_control/x"]


@pytest.mark.parametrize("path", PATHS, ids=[p[:24].replace("\0", "NUL") for p in PATHS])
def test_a_path_that_leaves_the_directory_is_refused(story, directory, path):
    target = directory / "deep" / "copy"
    target.parent.mkdir()
    lines = story.lines()
    files = [line for line in lines if line.get("path", "").startswith("base/1/")]
    files[0]["path"] = path
    story.write(lines)

    result = story.restore(target)

    assert result.code == 5, str(result)
    assert not (target / "global" / "pg_control").exists()
    assert [p for p in tree(directory) if "deep" in p and "escape" in p] == []


def test_a_path_twice_is_refused(story, directory):
    lines = story.lines()
    first = next(i for i, line in enumerate(lines) if line.get("path") == "PG_VERSION")
    lines.insert(first, lines[first])
    story.write(lines)

    assert story.restore(directory / "copy").code == 5


@pytest.mark.parametrize("spoil", ["offset", "length", "skip", "pack", "frame offset", "size"])
def test_an_extent_outside_of_its_file_or_frame_is_refused(story, directory, spoil):
    lines = story.lines()
    line = max((li for li in lines if li.get("extents") and "path" in li),
               key=lambda li: li["size"])
    place = {"offset": 0, "length": 1, "skip": 2, "pack": 3, "frame offset": 5, "size": 6}[spoil]
    line["extents"][0][place] = 2**31 - 1
    story.write(lines)

    result = story.restore(directory / "copy")

    assert result.code == 5, str(result)
    assert not (directory / "copy" / "global" / "pg_control").exists()


def test_a_tablespace_that_nobody_asked_for_is_refused(story, directory):
    lines = story.lines()
    lines[0]["tablespaces"] = [{"oid": 16999, "location": str(directory / "victim")}]
    (directory / "victim").mkdir()
    (directory / "victim" / "precious").write_text("do not touch")
    story.write(lines)

    story.restore(directory / "copy")

    assert (directory / "victim" / "precious").read_text() == "do not touch"
    assert tree(directory / "victim") == [str(directory / "victim" / "precious")]


@pytest.mark.parametrize("cut", ["last line", "half", "header"])
def test_a_manifest_without_its_end_or_its_beginning_is_refused(story, directory, cut):
    lines = story.lines()
    story.write({"last line": lines[:-1], "half": lines[:len(lines) // 2],
                 "header": lines[1:]}[cut])

    assert story.restore(directory / "copy").code == 5
