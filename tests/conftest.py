# SPDX-License-Identifier: PostgreSQL
"""Fixtures: a directory, clusters, repositories and the program, and the promise
that nothing of a test runs on after it.

These tests need everything they need: what is missing is a failure, never a skip.
"""

import os
import shutil
import tempfile
from pathlib import Path

import pytest

from support import process, s3
from support.cluster import Cluster, bindir
from support.judged import SPACES, Judged
from support.redoubt import Redoubt, binary
from support.repository import FileRepository, S3Repository

KEEP = bool(os.environ.get("REDOUBT_TEST_KEEP"))

_live = []  # the clusters of the running test and of its module, for their logs


def pytest_sessionstart(session):
    if os.geteuid() == 0:
        pytest.exit("these tests start PostgreSQL, which refuses to run as root: run them as an "
                    "ordinary user", returncode=2)
    os.umask(0o022)
    bindir()
    binary()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """A failure shows the end of every server's log."""
    outcome = yield
    report = outcome.get_result()
    if report.failed:
        for cluster in _live:
            report.sections.append((f"log of {cluster.data}", cluster.log_tail()))


@pytest.fixture(scope="session")
def session_directory():
    """Where all of a session happens; nothing of it outlives the session, however it ends."""
    # Short, because the path of a unix socket holds 107 bytes at most.
    path = Path(tempfile.mkdtemp(prefix="rdt-", dir=os.environ.get("REDOUBT_TEST_TMP", "/tmp")))
    os.environ["REDOUBT_TEST_HOME"] = str(path)
    process.end_all_after_us(path, KEEP)
    yield path
    process.end_all(path)
    if not KEEP:
        shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def directory(session_directory):
    """A directory of the test's own; everything that works in it ends with the test."""
    yield from _working_directory(session_directory)


@pytest.fixture(scope="module")
def module_directory(session_directory):
    """The same for a story that a whole file of tests shares."""
    yield from _working_directory(session_directory)


def _working_directory(parent):
    path = Path(tempfile.mkdtemp(prefix="", dir=parent))
    yield path
    for cluster in [c for c in _live if path in c.home.parents]:
        cluster.end()
        _live.remove(cluster)
    for pid in process.of_directory(path):
        os.kill(pid, 9)
    if KEEP:
        print(f"kept {path}")
    else:
        shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def new_cluster(directory, adopt):
    """Make clusters: new_cluster("primary", checksums=False, ...)."""
    def make(name="primary", **options):
        return adopt(Cluster.create(directory / name, **options))
    return make


@pytest.fixture(scope="session")
def adopt():
    """Take care of a cluster that something else made, such as a restored copy."""
    def take(cluster):
        _live.append(cluster)
        return cluster
    return take


@pytest.fixture
def cluster(new_cluster):
    """An ordinary cluster, not yet started."""
    return new_cluster()


@pytest.fixture(scope="session")
def s3_server(session_directory):
    server = s3.Server(session_directory / "s3")
    try:
        yield server.start()
    finally:
        server.stop()


@pytest.fixture
def file_repository(directory):
    return FileRepository(directory / "repository")


@pytest.fixture
def s3_repository(s3_server):
    repository = S3Repository(s3_server, "b-" + os.urandom(6).hex())
    yield repository
    repository.remove()


@pytest.fixture(params=["file", "s3"])
def repository(request):
    """A repository on files, and the same story again on S3."""
    return request.getfixturevalue(f"{request.param}_repository")


@pytest.fixture
def redoubt(directory, cluster, repository):
    """The program, configured for the cluster and the repository; nothing is done yet."""
    return Redoubt(directory / "redoubt", cluster, repository)


@pytest.fixture
def archiving(cluster, redoubt):
    """A running cluster that archives into an initialised repository."""
    redoubt.archive_from(cluster)
    cluster.start()
    redoubt.init()
    return cluster


@pytest.fixture
def judged(directory, new_cluster, file_repository, adopt):
    """Make a cluster whose backups are judged: judged(checksums=False, ...)."""
    made = []

    def make(spaces=SPACES, **options):
        made.append(Judged(directory, new_cluster("primary", **options), file_repository, adopt))
        return made[-1].begin(spaces)
    yield make
    for one in made:
        one.tee.close()


@pytest.fixture
def restored(directory, redoubt, adopt):
    """Restore and start by pg_ctl: restored("copy", "--target-name", "x")."""
    def make(name, *options, **how):
        return restore_copy(redoubt, directory / name, adopt, *options, **how)
    return make


def restore_copy(redoubt, home, adopt, *options, start=True, promoted=True):
    """Restore into a new cluster; start it and wait for the end of its recovery, if asked to."""
    copy = adopt(Cluster(home))
    copy.environment.update(redoubt.environment)
    redoubt.restore(copy.data, *options)
    if start:
        copy.start()
    if start and promoted:
        process.wait_until(lambda: copy.value("select pg_is_in_recovery()") == "f", 60,
                           "the end of recovery")
    return copy
