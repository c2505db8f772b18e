# SPDX-License-Identifier: PostgreSQL
"""What PostgreSQL may rely on: archive-push and archive-get."""

import re
import shutil

import pytest

from support import process, s3
from support.cluster import Cluster
from support.process import wait_until
from support.redoubt import EXIT_DOUBT, Redoubt


@pytest.fixture
def segments(cluster, redoubt):
    """Three segments of a running cluster that nobody has archived."""
    cluster.set(archive_mode="on", archive_command="")
    cluster.start()
    redoubt.init()
    return [cluster.data / "pg_wal" / cluster.switch_wal() for _ in range(3)]


def stored(redoubt, name):
    return [k for k in redoubt.repository.keys() if k.endswith("/" + name)]


def test_what_was_pushed_comes_back_byte_by_byte(redoubt, segments, directory):
    for segment in segments:
        redoubt.push(segment)

    for segment in segments:
        redoubt.get(segment.name, directory / "out")
        assert (directory / "out").read_bytes() == segment.read_bytes()
        (directory / "out").unlink()


def test_a_relative_path_is_postgresqls(redoubt, segments, cluster):
    """%p is relative to the data directory, where PostgreSQL runs the command."""
    process.run(redoubt.argv("archive-push", f"pg_wal/{segments[0].name}"),
                env=redoubt.environment, cwd=cluster.data)

    assert stored(redoubt, segments[0].name)


def test_pushing_the_same_again_is_success(redoubt, segments):
    redoubt.push(segments[0])
    before = redoubt.repository.read(*stored(redoubt, segments[0].name))

    redoubt.push(segments[0])

    assert redoubt.repository.read(*stored(redoubt, segments[0].name)) == before


def test_other_content_under_the_same_name_is_refused_with_both_digests(redoubt, segments,
                                                                        directory):
    redoubt.push(segments[0])
    before = redoubt.repository.read(*stored(redoubt, segments[0].name))
    other = directory / segments[0].name
    content = bytearray(segments[0].read_bytes())
    content[-5] ^= 1
    other.write_bytes(content)

    result = redoubt.push(other, code=1)

    digests = set(re.findall(r"\b[0-9a-f]{64}\b", result.err))
    assert len(digests) == 2
    assert redoubt.repository.read(*stored(redoubt, segments[0].name)) == before


FILES = {
    "00000002.history": b"1\t0/3000000\tno recovery target specified\n",
    "000000010000000000000001.00000028.backup": b"START WAL LOCATION: 0/1000028\n",
    "000000010000000000000002.00000028.backup": b"",
}


@pytest.mark.parametrize("name", FILES)
def test_history_and_backup_files_go_through_and_empty_ones_too(redoubt, segments, directory, name):
    source = directory / name
    source.write_bytes(FILES[name])

    redoubt.push(source)
    redoubt.push(source)
    redoubt.get(name, directory / "out")

    assert (directory / "out").read_bytes() == FILES[name]
    # Still a history file, so that the difference is all that is wrong.
    source.write_bytes(FILES[name] + b"# something else\n")
    redoubt.push(source, code=1)


def test_a_partial_segment_lives_beside_the_whole_one(redoubt, segments, directory):
    partial = directory / (segments[0].name + ".partial")
    shutil.copy(segments[0], partial)

    redoubt.push(partial)
    redoubt.push(segments[0])

    redoubt.get(partial.name, directory / "out")
    assert (directory / "out").read_bytes() == partial.read_bytes()


@pytest.mark.parametrize("spoil", ["short", "long", "empty", "text", "renamed"])
def test_what_is_no_wal_segment_is_refused(redoubt, segments, directory, spoil):
    content = segments[0].read_bytes()
    name = segments[1].name if spoil == "renamed" else segments[0].name
    bad = directory / name
    bad.write_bytes({"short": content[:-1], "long": content + b"x", "empty": b"",
                     "text": b"hello" * 1000, "renamed": content}[spoil])

    result = redoubt.push(bad, code=None)

    assert 1 <= result.code <= 125
    assert not stored(redoubt, name)


@pytest.mark.parametrize("name", ["postgresql.conf", "00000001000000000000000",
                                  "../000000010000000000000001x", "0000000100000000000000ZZ"])
def test_a_name_that_is_none_of_wals_is_refused(redoubt, segments, directory, name):
    (directory / "odd").write_bytes(b"x")

    assert 1 <= redoubt.push(directory / name, code=None).code <= 125
    assert redoubt.get(name, directory / "out", code=None).code > 125
    assert not (directory / "out").exists()


def test_another_clusters_segment_is_refused(redoubt, segments, directory, adopt):
    other = adopt(Cluster.create(directory / "other", fresh=True))
    other.set(archive_mode="on", archive_command="")
    other.start()
    stranger = other.data / "pg_wal" / other.switch_wal()

    result = redoubt.push(stranger, code=None)

    assert 1 <= result.code <= 125
    assert other.system_identifier() in result.err
    assert not stored(redoubt, stranger.name)


def test_what_is_not_in_the_archive_is_exit_1_and_quick(redoubt, segments, directory):
    for name in (segments[0].name, "0000000100000000000000F0", "00000009.history"):
        result = redoubt.get(name, directory / "out", code=1)
        assert result.seconds < 5
        assert not (directory / "out").exists()


LOSSES = [
    ("file", "unmounted"),
    ("s3", "unreachable"),
    ("s3", "wrong secret"),
    ("s3", "unknown key"),
    ("s3", "no credentials"),
    ("s3", "wrong bucket"),
    ("s3", "not its certificate"),
]


def lose(redoubt, how):
    """Let the repository fail to answer."""
    if how in ("unmounted", "unreachable"):
        redoubt.lose_repository()
    elif how == "wrong secret":
        redoubt.environment["AWS_SECRET_ACCESS_KEY"] = "x" * 40
    elif how == "unknown key":
        redoubt.environment["AWS_ACCESS_KEY_ID"] = "nobody"
    elif how == "no credentials":
        redoubt.environment.clear()
    elif how == "wrong bucket":
        redoubt.configure(repository={"bucket": "there-is-none"})
    elif how == "not its certificate":
        redoubt.configure(repository={"ca_file": None})


@pytest.mark.parametrize("repository, how", LOSSES, indirect=["repository"],
                         ids=[how for _, how in LOSSES])
def test_a_repository_that_does_not_answer_is_never_the_end_of_wal(redoubt, segments, directory,
                                                                   how):
    redoubt.push(segments[0])
    redoubt.be_impatient()
    lose(redoubt, how)

    for name in (segments[0].name, segments[1].name, "00000002.history"):
        result = redoubt.get(name, directory / "out", code=None, seconds=30)
        assert result.code >= EXIT_DOUBT and result.code != 143, str(result)
        assert not (directory / "out").exists()
    pushed = redoubt.push(segments[1], code=None, seconds=30)
    assert 1 <= pushed.code <= 125, str(pushed)


def damage(repository, key, how):
    body = bytearray(repository.read(key))
    if how == "a byte":
        body[len(body) // 2] ^= 1
    elif how == "the first byte":
        body[0] ^= 1
    elif how == "the last byte":
        body[-1] ^= 1
    elif how == "the end":
        body = body[:-1]
    elif how == "a whole chunk":
        body = body[:96 + (len(body) - 96 - 1) // 65552 * 65552]
    elif how == "everything":
        body = b""
    repository.write(key, bytes(body))


@pytest.mark.parametrize("how", ["a byte", "the first byte", "the last byte", "the end",
                                 "a whole chunk", "everything"])
def test_a_damaged_segment_is_never_handed_out(redoubt, segments, directory, how):
    redoubt.push(segments[0])
    key, = stored(redoubt, segments[0].name)
    damage(redoubt.repository, key, how)

    result = redoubt.get(segments[0].name, directory / "out", code=None)

    assert result.code > 125, str(result)
    assert segments[0].name in result.err
    assert not (directory / "out").exists()


def test_a_wrong_key_is_doubt(redoubt, segments, directory):
    redoubt.push(segments[0])
    redoubt.key_file.chmod(0o600)
    redoubt.key_file.write_text("redoubt-key-1:" + "ab" * 32 + "\n")

    result = redoubt.get(segments[0].name, directory / "out", code=None)

    assert result.code > 125, str(result)
    assert not (directory / "out").exists()


def test_on_a_standby_doubt_about_a_segment_is_1_and_about_history_waits(redoubt, segments, cluster,
                                                                         directory):
    """Above 125 would stop the standby, and 1 for a history file could fork it."""
    redoubt.push(segments[0])
    redoubt.be_impatient()
    (cluster.data / "standby.signal").touch()
    with redoubt.outages() as outage:
        outage.begin()

        segment = redoubt.get(segments[0].name, directory / "out", code=1)
        history = redoubt.start("archive-get", "00000002.history", directory / "out",
                                log=directory / "log")
        wait_until(lambda: "00000002.history" in (directory / "log").read_text(), 30, "a warning")

        assert "warning" in segment.err.lower()
        assert history.poll() is None, "it gave an answer that it cannot know"
        outage.end()
        assert history.wait(timeout=60) == 1
    assert not (directory / "out").exists()


def test_a_server_archives_through_it_and_recovers_from_a_failure(cluster, redoubt):
    """PostgreSQL itself: nothing is lost while the repository is away."""
    redoubt.archive_from(cluster)
    cluster.start()
    redoubt.init()
    redoubt.be_impatient()
    first = cluster.switch_and_archive()
    with redoubt.outages() as outage:
        outage.begin()
        waiting = [cluster.switch_wal(), cluster.switch_wal()]
        cluster.wait_for_log("archive command failed with exit code")
        outage.end()
        waiting.append(cluster.switch_wal())

        for segment in waiting:
            cluster.archived(segment, seconds=90)
    assert all(stored(redoubt, name) for name in [first, *waiting])
    assert int(cluster.value("select failed_count from pg_stat_archiver")) > 0


def test_a_user_without_access_to_the_bucket_is_denied(s3_repository, directory, cluster):
    """Another user's valid credentials: the server answers, and says no."""
    redoubt = Redoubt(directory / "redoubt", cluster, s3_repository)
    cluster.start()
    redoubt.init()
    redoubt.environment.update(AWS_ACCESS_KEY_ID=s3.ACCESS_KEY + "B",
                               AWS_SECRET_ACCESS_KEY=s3.SECRET_KEY + "B")

    result = redoubt.get("000000010000000000000001", directory / "out", code=None)

    assert result.code > 125
    assert "denied" in result.err.lower()
