# SPDX-License-Identifier: PostgreSQL
"""Whoever can write to the repository, and has not the key, can make a restore
fail.  He cannot make it bring back something else.

After each refusal nothing is left that PostgreSQL could start from: no
global/pg_control.
"""

import json

import pytest

from conftest import restore_copy
from support import workload
from support.cluster import Cluster
from support.redoubt import Redoubt
from support.repository import FileRepository, S3Repository

HEADER = 96
CHUNK = 65536 + 16

EXIT_CORRUPT = 5


class Story:
    """A cluster with two backups and some WAL, and a copy of its repository to spoil."""

    def __init__(self, home, adopt, repository):
        self.repository = repository
        cluster = adopt(Cluster.create(home / "cluster", fresh=True))
        self.redoubt = Redoubt(home / "redoubt", cluster, repository)
        self.redoubt.archive_from(cluster)
        cluster.start()
        self.redoubt.init()
        workload.small(cluster, rows=20000)
        self.first = self.redoubt.backup()
        self.early = set(repository.keys())
        cluster.commit("delete from t where id % 2 = 0")
        self.second = self.redoubt.backup()
        cluster.switch_and_archive()
        cluster.stop()
        self.objects = {key: repository.read(key) for key in repository.keys()}

    def heal(self):
        """Put every object back as it was."""
        there = set(self.repository.keys())
        for key in there - self.objects.keys():
            self.repository.delete(key)
        for key, body in self.objects.items():
            if key not in there or self.repository.read(key) != body:
                self.repository.write(key, body)

    def largest(self, part):
        """The largest object of a kind that the latest backup needs, by a part of its key."""
        found = [k for k in self.objects if part in "/" + k and (k not in self.early
                                                                or part == "/keys/")]
        assert found, f"no key contains {part}: {sorted(self.objects)}"
        return max(found, key=lambda k: (len(self.objects[k]), k))

    def all(self, part):
        return [k for k in self.objects if part in "/" + k]

    def segments(self):
        """The archived ones; backups carry some of their own."""
        return [k for k in self.objects
                if k.startswith("main/wal/") and len(k.rpartition("/")[2]) == 24]


@pytest.fixture(scope="module")
def file_story(module_directory, adopt):
    return Story(module_directory / "file", adopt,
                 FileRepository(module_directory / "file" / "repository"))


@pytest.fixture(scope="module")
def s3_story(module_directory, adopt, s3_server):
    return Story(module_directory / "s3", adopt, S3Repository(s3_server, "tampering"))


@pytest.fixture
def story(file_story):
    yield file_story
    file_story.heal()


def refuse_restore(story, directory, *options):
    """The restore says clearly that something is wrong, and leaves nothing that could start."""
    target = directory / "copy"

    result = story.redoubt.restore(target, *options, code=None)

    assert result.code == EXIT_CORRUPT, str(result)
    assert "error" in result.err
    assert not (target / "global" / "pg_control").exists()
    return result


def flipped(body, position):
    changed = bytearray(body)
    changed[position] ^= 0x10
    return bytes(changed)


def positions(body):
    """Header, first chunk, a tag, the middle, the end."""
    return sorted({p for p in (0, 9, 40, HEADER - 1, HEADER, HEADER + 100, HEADER + CHUNK - 1,
                               len(body) // 2, len(body) - 1) if 0 <= p < len(body)})


KINDS = ["/keys/", "/log/", "/manifest", "/packs/"]


@pytest.mark.parametrize("kind", KINDS)
def test_any_flipped_byte_is_refused(story, directory, kind):
    key = story.largest(kind)

    for position in positions(story.objects[key]):
        story.repository.write(key, flipped(story.objects[key], position))
        refuse_restore(story, directory / str(position))


def test_a_flipped_byte_of_the_repositorys_identity_is_refused(story, directory):
    """redoubt.json is plain; its identifier is what everything sealed is bound to."""
    body = story.objects["redoubt.json"]
    for position in range(0, len(body), 7):
        changed = flipped(body, position)
        story.repository.write("redoubt.json", changed)
        result = story.redoubt.restore(directory / str(position), code=None)
        assert result.code != 0 or _says_the_same(body, changed), f"byte {position}: {result}"


def _says_the_same(body, changed):
    """Some bytes of JSON carry nothing, such as the space between two fields."""
    try:
        one, other = json.loads(body), json.loads(changed)
    except ValueError:
        return False
    return one.get("repository") == other.get("repository") or one == other


@pytest.mark.parametrize("kind", ["/log/", "/manifest", "/packs/"])
def test_an_object_cut_at_a_chunks_end_is_refused(story, directory, kind):
    key = story.largest(kind)
    body = story.objects[key]
    ends = [HEADER + n * CHUNK for n in range(len(body) // CHUNK + 1)]
    chosen = {0, HEADER, ends[-1], ends[len(ends) // 2], len(body) - 1, len(body) - 16}

    for length in sorted(n for n in chosen if n < len(body)):
        story.repository.write(key, body[:length])
        refuse_restore(story, directory / str(length))


# Not packs: they are read by ranges that the manifest names, and nothing behind those.
@pytest.mark.parametrize("kind", ["/keys/", "/log/", "/manifest"])
def test_an_object_with_something_behind_it_is_refused(story, directory, kind):
    key = story.largest(kind)
    story.repository.write(key, story.objects[key] + b"\0" * 32)

    refuse_restore(story, directory)


@pytest.mark.parametrize("kind", ["/log/", "/packs/", "/manifest"])
def test_two_objects_that_changed_places_are_refused(story, directory, kind):
    one, other, *_ = sorted(story.all(kind), key=lambda k: -len(story.objects[k]))
    story.repository.write(one, story.objects[other])
    story.repository.write(other, story.objects[one])

    refuse_restore(story, directory)


def test_an_old_manifest_under_the_new_backups_name_is_refused(story, directory):
    old, = story.all(f"/backups/{story.first}/manifest")
    new, = story.all(f"/backups/{story.second}/manifest")
    story.repository.write(new, story.objects[old])

    refuse_restore(story, directory, "--backup", story.second)


def test_a_missing_object_is_refused_and_named(story, directory):
    for kind in ("/manifest", "/packs/"):
        key = story.largest(kind)
        story.repository.delete(key)
        result = story.redoubt.restore(directory / "copy", code=None)
        assert result.code not in (0, 1), str(result)
        assert key.rpartition("/")[2] in result.err
        assert not (directory / "copy" / "global" / "pg_control").exists()
        story.heal()


def test_a_lost_log_entry_does_not_go_unnoticed(story, directory):
    """A gap in the numbers of the log is damage, not an older state of affairs."""
    entries = sorted(story.all("/log/"))
    story.repository.delete(entries[len(entries) // 2 - (len(entries) == 2)])

    refuse_restore(story, directory)


def test_a_wrong_key_is_refused(story, directory):
    right = story.redoubt.key_file.read_text()
    story.redoubt.key_file.chmod(0o600)
    story.redoubt.key_file.write_text("redoubt-key-1:" + "cd" * 32 + "\n")

    try:
        result = story.redoubt.restore(directory / "copy", code=None)
    finally:
        story.redoubt.key_file.write_text(right)

    assert result.code not in (0, 1), str(result)
    assert "key" in result.err
    assert not (directory / "copy").exists() or not any((directory / "copy").iterdir())


def test_two_segments_of_wal_that_changed_places_are_refused(story, directory):
    one, other = sorted(story.segments())[:2]
    story.repository.write(one, story.objects[other])
    story.repository.write(other, story.objects[one])

    result = story.redoubt.get(one.rpartition("/")[2], directory / "out", code=None)

    assert result.code > 125, str(result)
    assert not (directory / "out").exists()


def test_damaged_wal_stops_recovery_and_does_not_end_it(story, directory, adopt):
    """With the backup's own copy of its WAL intact, recovery meets the damage later."""
    last = max(story.segments())
    story.repository.write(last, flipped(story.objects[last], HEADER + 50))
    copy = adopt(Cluster(directory / "copy"))
    copy.environment.update(story.redoubt.environment)

    restored = story.redoubt.restore(copy.data, "--backup", story.first, code=None)
    if restored.code != 0:
        assert restored.code == EXIT_CORRUPT, str(restored)
        return
    copy.start(wait=False)
    copy.wait_for_end()

    assert "database system is ready to accept connections" not in copy.log_text().split(
        "ready to accept read-only connections")[-1]
    assert "restore_command" in copy.log_text() or "could not restore" in copy.log_text()


def test_what_lies_before_damaged_wal_can_be_listed_and_restored(story, directory, adopt):
    """An object under the next free name, which whoever may write can make, must not stop this."""
    last = max(story.segments())
    story.repository.write(last, flipped(story.objects[last], HEADER + 50))
    moment = story.redoubt.backups()[0]["stopped"]

    listed = story.redoubt.run("list")
    latest = refuse_restore(story, directory / "latest")
    restored = restore_copy(story.redoubt, directory / "before", adopt, "--target-time", moment,
                            "--target-action", "promote")

    assert "Any moment can be restored" in listed.out and last in listed.err
    assert last in latest.err and "What lies before it can be restored" in latest.err
    assert restored.value("select count(*) from t") == "20000"


@pytest.mark.parametrize("kind", ["/manifest", "/packs/"])
def test_a_flipped_byte_is_refused_on_s3(s3_story, directory, kind):
    key = s3_story.largest(kind)
    s3_story.repository.write(key, flipped(s3_story.objects[key], len(s3_story.objects[key]) // 2))

    try:
        refuse_restore(s3_story, directory)
    finally:
        s3_story.heal()
