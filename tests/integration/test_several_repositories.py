# SPDX-License-Identifier: PostgreSQL
"""One archive in several places: archive-push writes to all, and what one that is not
required lacks is a debt that list shows and copy repays."""

import re
import shutil

import pytest

from support import process
from support.gate import Gate
from support.redoubt import Redoubt
from support.repository import FileRepository


@pytest.fixture
def offsite(directory):
    return FileRepository(directory / "offsite")


@pytest.fixture
def both(redoubt, offsite):
    """The program with a second repository, which the test may make optional."""
    def make(**more):
        redoubt.configure(repositories={"offsite": {**offsite.configuration(), **more}})
        return redoubt
    return make


@pytest.fixture
def segments(cluster):
    """Three segments that nobody has archived, once the program is configured."""
    def make(redoubt):
        cluster.set(archive_mode="on", archive_command="")
        cluster.start()
        redoubt.init()
        return [cluster.data / "pg_wal" / cluster.switch_wal() for _ in range(3)]
    return make


def stored(repository, name):
    return [k for k in repository.keys() if k.endswith("/" + name)]


def state(redoubt, name="offsite"):
    return next(c for c in redoubt.json("list")["copies"] if c["name"] == name)


def get(redoubt, segment, path, *options):
    path.unlink(missing_ok=True)
    redoubt.run("archive-get", *options, segment.name, path)
    return path.read_bytes()


def test_a_segment_goes_to_every_repository_and_comes_back_from_each(both, segments, offsite,
                                                                     directory):
    redoubt = both()
    segment = segments(redoubt)[0]

    redoubt.push(segment)

    main, copy = (r.read(*stored(r, segment.name)) for r in (redoubt.repository, offsite))
    assert main != copy, "each repository seals for itself"
    assert get(redoubt, segment, directory / "out") == segment.read_bytes()
    assert get(redoubt, segment, directory / "out", "--repository", "offsite") \
        == segment.read_bytes()


@pytest.mark.parametrize("repository", ["file"], indirect=True)
def test_without_encryption_it_is_the_same(both, segments, offsite, directory):
    redoubt = both()
    redoubt.configure(encryption="off")
    segment = segments(redoubt)[0]

    redoubt.push(segment)
    redoubt.push(segment)

    assert get(redoubt, segment, directory / "out", "--repository", "offsite") \
        == segment.read_bytes()


def test_a_required_repository_that_is_away_fails_the_push_until_it_is_back(both, segments,
                                                                            offsite):
    redoubt = both()
    segment = segments(redoubt)[0]
    offsite.unmount()

    result = redoubt.push(segment, code=4)

    assert 'repository "offsite"' in result.err
    assert stored(redoubt.repository, segment.name), "the others are tried all the same"
    offsite.mount()
    redoubt.push(segment)
    assert stored(offsite, segment.name)


def test_an_optional_repository_that_is_away_owes_until_copy_repays(both, segments, offsite,
                                                                    directory):
    redoubt = both(required=False)
    first, second, third = segments(redoubt)
    redoubt.run("copy", "--to", "offsite")
    redoubt.push(first)
    assert state(redoubt)["state"] == "complete"
    offsite.unmount()

    for segment in (second, third):
        result = redoubt.push(segment)
        assert "warning" in result.err and "redoubt copy --to offsite" in result.err
    assert state(redoubt)["state"] == "unreachable"
    assert "UNREACHABLE" in redoubt.run("list").out

    offsite.mount()
    owed = state(redoubt)["owed"]
    assert state(redoubt)["state"] == "behind"
    assert owed["wal_files"] == owed["objects"] == 2
    assert owed["bytes"] == sum(len(redoubt.repository.read(*stored(redoubt.repository, s.name)))
                                for s in (second, third))
    assert "lacks 2 WAL files" in redoubt.run("list").out
    assert redoubt.json("copy", "--to", "offsite")["copied"]["wal_files"] == 2
    assert state(redoubt)["state"] == "complete"
    assert get(redoubt, third, directory / "out", "--repository", "offsite") == third.read_bytes()


def test_an_optional_service_that_cannot_be_reached_is_warned_about(redoubt, segments,
                                                                    s3_repository):
    gate = Gate(s3_repository.server.tls_port)
    try:
        redoubt.environment.update(s3_repository.environment)
        redoubt.configure(repositories={"cloud": {
            **s3_repository.configuration(), "endpoint": f"https://localhost:{gate.port}",
            "required": False, "retry_limit": "1s"}})
        segment = segments(redoubt)[0]
        gate.shut()

        result = redoubt.push(segment)

        assert 'is not in repository "cloud" yet' in result.err
        assert state(redoubt, "cloud")["state"] == "unreachable"
        gate.open()
        redoubt.push(segment)
        assert stored(s3_repository, segment.name)
    finally:
        gate.shut()


def test_an_optional_repository_that_does_not_exist_yet_is_warned_about(both, segments, offsite):
    redoubt = both(required=False)
    segment = segments(redoubt)[0]
    shutil.rmtree(offsite.path)
    offsite.path.mkdir()

    result = redoubt.push(segment)

    assert "redoubt copy --to offsite --create" in result.err
    assert state(redoubt)["state"] == "empty"
    assert state(redoubt)["owed"] is None


@pytest.mark.parametrize("required", [True, False])
def test_other_content_in_any_repository_fails_the_push(both, segments, offsite, directory,
                                                        required):
    redoubt = both(required=required)
    segment = segments(redoubt)[0]
    redoubt.run("copy", "--to", "offsite")
    other = directory / segment.name
    other.write_bytes(segment.read_bytes()[:-5] + b"other")
    # As if another server had archived into the copy.
    alone = Redoubt(directory / "alone", redoubt.cluster, offsite)
    alone.configure(encryption={"key_file": str(redoubt.key_file)})
    alone.push(other)
    before = offsite.read(*stored(offsite, segment.name))

    result = redoubt.push(segment, code=1)

    assert 'repository "offsite"' in result.err
    assert len(set(re.findall(r"\b[0-9a-f]{64}\b", result.err))) == 2
    assert offsite.read(*stored(offsite, segment.name)) == before


def test_a_foreign_repository_in_the_place_of_a_copy_gets_nothing(both, segments, offsite,
                                                                  directory):
    redoubt = both(required=False)
    segment = segments(redoubt)[0]
    shutil.rmtree(offsite.path)
    foreign = Redoubt(directory / "foreign", redoubt.cluster, offsite, name="other")
    foreign.configure(encryption={"key_file": str(redoubt.key_file)})
    foreign.init()
    before = offsite.keys()

    result = redoubt.push(segment)

    assert "holds another repository" in result.err
    assert offsite.keys() == before
    assert state(redoubt)["state"] == "refused"


def test_a_cluster_that_the_main_repository_has_not_accepted_reaches_no_copy(both, segments,
                                                                             offsite, new_cluster):
    redoubt = both()
    segments(redoubt)
    stranger = new_cluster("stranger", fresh=True)
    stranger.set(archive_mode="on", archive_command="")
    stranger.start()
    segment = stranger.data / "pg_wal" / stranger.switch_wal()

    redoubt.push(segment, code=3)

    assert not stored(offsite, segment.name)


def test_doctor_reports_each_copy(both, archiving, redoubt, offsite):
    both(required=False)
    redoubt.run("copy", "--to", "offsite", "--create")

    def check():
        checks = redoubt.json("doctor", "--timeout", "2", code=None)["checks"]
        return next(c for c in checks if c["name"] == "copy")

    assert check()["state"] == "ok" and "offsite" in check()["text"]
    offsite.unmount()
    assert check()["state"] == "warning"
    both(required=True)
    assert check()["state"] == "failure"


def test_a_server_archives_to_both_and_a_restore_from_the_copy_reads_wal_there(
        both, cluster, redoubt, offsite, directory, restored):
    both()
    redoubt.archive_from(cluster)
    cluster.start()
    redoubt.init()
    cluster.sql("create table t as select generate_series(1, 1000) i")
    redoubt.backup()
    redoubt.run("copy", "--to", "offsite")
    cluster.sql("insert into t values (1001)")
    cluster.switch_and_archive()
    redoubt.lose_repository()

    copy = restored("copy", "--repository", "offsite", "--target-action", "promote")

    assert "--repository offsite" in (copy.data / "postgresql.auto.conf").read_text()
    assert copy.value("select count(*) from t") == "1001"


def test_an_unknown_repository_is_refused_with_the_nearest_name(both, segments):
    redoubt = both()
    segments(redoubt)

    result = redoubt.run("list", "--repository", "ofsite", code=2)

    assert 'Did you mean "offsite"?' in result.err
    # To PostgreSQL a wrong line is doubt, and no end of the archive.
    assert redoubt.run("archive-get", "--repository", "no", "0" * 24, "out", code=None).code > 125


def test_files_of_other_sizes_with_the_same_content_are_the_same(both, segments, offsite):
    """Compressed at another level, sealed twice: the digest decides."""
    redoubt = both()
    segment = segments(redoubt)[0]
    redoubt.configure(repositories=None)
    redoubt.push(segment)
    both()
    redoubt.configure(compression_level=19)
    redoubt.push(segment)
    main, copy = (r.read(*stored(r, segment.name)) for r in (redoubt.repository, offsite))
    assert len(main) != len(copy)

    report = redoubt.json("copy", "--to", "offsite")

    assert report["findings"] == []
    assert offsite.read(*stored(offsite, segment.name)) == copy
    assert state(redoubt)["state"] == "complete"


def test_copy_names_both_places_where_wal_differs(both, segments, offsite, directory):
    redoubt = both()
    segment = segments(redoubt)[0]
    redoubt.run("copy", "--to", "offsite")
    other = directory / segment.name
    content = bytearray(segment.read_bytes())
    content[-100000:] = bytes(range(250)) * 400  # less compressible: of another size
    other.write_bytes(content)
    alone = Redoubt(directory / "alone", redoubt.cluster, offsite)
    alone.configure(encryption={"key_file": str(redoubt.key_file)})
    alone.push(other)
    redoubt.configure(repositories=None)
    redoubt.push(segment)
    both()
    before = offsite.read(*stored(offsite, segment.name))

    result = process.run(redoubt.argv("copy", "--to", "offsite"), env=redoubt.environment,
                         check=False, cwd=redoubt.home)

    assert result.code == 5, str(result)
    assert "different" in result.out and segment.name in result.out
    assert str(offsite.path) in result.out
    assert offsite.read(*stored(offsite, segment.name)) == before
