# SPDX-License-Identifier: PostgreSQL
"""archive-push is killed at each marked step: what it acknowledged is safe, and what
it did not, PostgreSQL offers again."""

import pytest

from support import crash_points
from support.repository import FileRepository

POINTS = crash_points.find("wal push", "archive-push")
FILE_POINTS = crash_points.find("file store")


def stored(redoubt, name):
    return [k for k in redoubt.repository.keys() if k.endswith("/" + name)]


def story(redoubt, cluster, directory, point):
    cluster.set(archive_mode="on", archive_command="")
    cluster.start()
    redoubt.init()
    segment = cluster.data / "pg_wal" / cluster.switch_wal()

    redoubt.push(segment, crash_at=point)

    found = stored(redoubt, segment.name)
    if found:  # it became visible before the crash: then it is whole
        redoubt.get(segment.name, directory / "early")
        assert (directory / "early").read_bytes() == segment.read_bytes()
    redoubt.push(segment)
    redoubt.get(segment.name, directory / "out")
    assert (directory / "out").read_bytes() == segment.read_bytes()
    assert len(stored(redoubt, segment.name)) == 1


@pytest.mark.parametrize("point", POINTS)
def test_a_push_killed_there_is_repeated_with_success(redoubt, cluster, directory, point):
    story(redoubt, cluster, directory, point)


@pytest.mark.parametrize("repository", ["file"], indirect=True)
@pytest.mark.parametrize("point", FILE_POINTS)
def test_a_push_killed_in_the_file_store_is_repeated_with_success(redoubt, cluster, directory,
                                                                  point):
    story(redoubt, cluster, directory, point)


@pytest.mark.parametrize("point", POINTS)
def test_a_push_to_two_repositories_killed_there_reaches_both_in_the_end(redoubt, cluster,
                                                                         directory, point):
    offsite = FileRepository(directory / "offsite")
    redoubt.configure(repositories={"offsite": offsite.configuration()})
    cluster.set(archive_mode="on", archive_command="")
    cluster.start()
    redoubt.init()
    segment = cluster.data / "pg_wal" / cluster.switch_wal()

    redoubt.push(segment, crash_at=point)

    redoubt.push(segment)
    for number, name in enumerate(["main", "offsite"]):
        out = directory / f"out{number}"
        redoubt.run("archive-get", "--repository", name, segment.name, out)
        assert out.read_bytes() == segment.read_bytes()


@pytest.mark.parametrize("repository", ["file"], indirect=True)
@pytest.mark.parametrize("point", POINTS)
def test_a_server_whose_archiving_is_killed_again_and_again_loses_nothing(redoubt, cluster,
                                                                          directory, point):
    cluster.environment.update(redoubt.environment)
    cluster.archive_with(redoubt.archive_command(crash_at=point))
    cluster.start()
    redoubt.init()
    segments = [cluster.switch_wal() for _ in range(3)]
    # The shell reports a killed command as 128 and its signal, or dies of it too.
    cluster.wait_for_log("archive command (failed with exit code 137|was terminated by signal 9)")
    copies = {name: (cluster.data / "pg_wal" / name).read_bytes() for name in segments}
    cluster.kill()

    cluster.set(archive_command=redoubt.archive_command())
    cluster.start()

    for name in segments:
        cluster.archived(name, seconds=120)
        redoubt.get(name, directory / name)
        assert (directory / name).read_bytes() == copies[name]
