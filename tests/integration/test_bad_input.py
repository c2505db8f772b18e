# SPDX-License-Identifier: PostgreSQL
"""What is wrong is refused before anything happens, with words that help."""

import json
import os
import shlex
import shutil
from datetime import datetime, timedelta, timezone

import pytest

from support import process, workload
from support.cluster import Cluster
from support.redoubt import Redoubt, binary
from support.repository import FileRepository

EXIT_USAGE = 2
EXIT_REFUSED = 3
EXIT_UNREACHABLE = 4


class Story:
    def __init__(self, home, adopt):
        self.cluster = adopt(Cluster.create(home / "cluster", fresh=True))
        self.before = datetime.now(timezone.utc) - timedelta(seconds=5)
        self.repository = FileRepository(home / "repository")
        self.redoubt = Redoubt(home / "redoubt", self.cluster, self.repository)
        self.redoubt.archive_from(self.cluster)
        self.cluster.start()
        self.redoubt.init()
        workload.small(self.cluster)
        self.cluster.sql("create table ballast as select md5(i::text) || md5((-i)::text) as b "
                         "from generate_series(1, 700000) i")
        self.backup = self.redoubt.backup()
        self.cluster.switch_and_archive()


@pytest.fixture(scope="module")
def story(module_directory, adopt):
    return Story(module_directory, adopt)


def is_untouched(directory):
    return not directory.exists() or not any(directory.iterdir())


# The configuration

GOOD = """cluster: main
postgres:
  connection: "host=/nowhere"
repository:
  store: file
  path: /nowhere
encryption: off
"""

MISTAKES = [
    # name, what is replaced by what, line, column or None, what else the message says
    ("an unknown key", "  store: file", "  stroe: file", 5, 3, "store"),
    ("an unknown section", "encryption: off", "encription: off", 7, 1, "encryption"),
    ("a wrong value", "store: file", "store: files", 5, 10, "file"),
    ("a list for a text", "cluster: main", "cluster: [main]", 1, 10, "cluster"),
    ("a relative path", "path: /nowhere", "path: nowhere", 6, 9, "nowhere"),
    ("broken YAML", '"host=/nowhere"', '"host=/nowhere', None, None, ""),
    ("a tab", "  path", "\tpath", 6, None, ""),
    ("a key twice", "  path: /nowhere", "  path: /nowhere\n  path: /elsewhere", 7, 3, "path"),
    ("a bad connection string", "host=/nowhere", "host", 3, 15, "connection"),
]


@pytest.mark.parametrize("name, old, new, line, column, also", MISTAKES,
                         ids=[m[0] for m in MISTAKES])
def test_a_mistake_in_the_configuration_is_shown_where_it_is(directory, name, old, new, line,
                                                             column, also):
    file = directory / "redoubt.yaml"
    assert old in GOOD
    file.write_text(GOOD.replace(old, new, 1))

    result = process.run([binary(), "list", "-c", file], check=False)

    assert result.code == EXIT_USAGE, str(result)
    place = str(file) + (f":{line}" if line else "") + (f":{column}" if column else "")
    assert place in result.err, f"{place}\n{result}"
    assert also in result.err, str(result)


def test_a_missing_configuration_is_named(directory):
    result = process.run([binary(), "list", "-c", directory / "none.yaml"], check=False)

    assert result.code == EXIT_USAGE
    assert str(directory / "none.yaml") in result.err


@pytest.mark.parametrize("arguments, hint", [
    (["restor"], "restore"),
    (["restore", "--target-tiem", "x"], "--target-time"),
    (["restore"], "--into"),
    (["backup", "superfluous"], "superfluous"),
    (["archive-push"], "PATH"),
    ([], "--help"),
])
def test_a_mistyped_command_line_is_answered_with_the_nearest_word(story, arguments, hint):
    result = process.run([binary(), *arguments, "-c", story.redoubt.file] if arguments
                         else [binary()], check=False)

    assert result.code == EXIT_USAGE, str(result)
    assert hint in result.err + result.out, str(result)


@pytest.mark.parametrize("command", ["init", "doctor", "backup", "archive-push", "archive-get",
                                     "list", "restore"])
def test_every_command_explains_itself(command):
    result = process.run([binary(), command, "--help"])

    assert "Usage: redoubt " + command in result.out
    assert "Exit codes:" in result.out
    assert "Examples:" in result.out


# Targets

@pytest.mark.parametrize("options, code", [
    (["--target-time", "yesterday at noon"], EXIT_USAGE),
    (["--target-time", "2026-13-01 00:00:00+00"], EXIT_USAGE),
    (["--target-time", "2026-02-30 00:00:00+00"], EXIT_USAGE),
    (["--target-lsn", "zero"], EXIT_USAGE),
    (["--target-lsn", "1/2/3"], EXIT_USAGE),
    (["--target-xid", "many"], EXIT_USAGE),
    (["--target-timeline", "0"], EXIT_USAGE),
    (["--target-action", "celebrate"], EXIT_USAGE),
    (["--target-time", "2026-01-01 00:00:00+00", "--target-xid", "700"], EXIT_USAGE),
    (["--backup", "no-such-backup"], EXIT_REFUSED),
    (["--target-name", "no such restore point"], EXIT_REFUSED),
    (["--target-xid", "4000000000"], EXIT_REFUSED),
    (["--target-lsn", "FF/0"], EXIT_REFUSED),
    (["--target-lsn", "0/28"], EXIT_REFUSED),
    (["--target-timeline", "9"], EXIT_REFUSED),
    (["--tablespace", "99999=/tmp/nowhere"], None),
    (["--tablespace", "fast"], EXIT_USAGE),
])
def test_a_target_that_cannot_be_is_refused(story, directory, options, code):
    result = story.redoubt.restore(directory / "copy", *options, code=None)

    assert result.code == code or (code is None and result.code in (EXIT_USAGE, EXIT_REFUSED)), \
        str(result)
    assert "error" in result.err
    assert is_untouched(directory / "copy")


def test_a_moment_before_the_first_backup_is_refused_and_the_earliest_is_named(story, directory):
    result = story.redoubt.restore(directory / "copy", "--target-time", story.before.isoformat(),
                                   code=EXIT_REFUSED)

    assert str(datetime.now(timezone.utc).year) in result.err
    assert is_untouched(directory / "copy")


def test_the_future_is_refused_and_the_latest_moment_is_named(story, directory):
    future = datetime.now(timezone.utc) + timedelta(days=1)

    result = story.redoubt.restore(directory / "copy", "--target-time", future.isoformat(),
                                   code=EXIT_REFUSED)

    assert "latest" in (result.err).lower(), str(result)
    assert is_untouched(directory / "copy")


# Directories and disks

def test_a_directory_that_is_not_empty_is_left_alone(story, directory):
    (directory / "copy").mkdir()
    (directory / "copy" / "precious").write_text("do not touch")

    result = story.redoubt.restore(directory / "copy", code=None)

    assert result.code in (1, EXIT_REFUSED), str(result)
    assert str(directory / "copy") in result.err and "empty" in result.err
    assert os.listdir(directory / "copy") == ["precious"]


def test_a_running_clusters_directory_is_left_alone(story):
    result = story.redoubt.restore(story.cluster.data, code=None)

    assert result.code in (1, EXIT_REFUSED), str(result)
    assert story.cluster.value("select count(*) from t") == "1000"


def on_small_disk(directory, script):
    """Run a shell script with $disk, a file system of 24 MiB.

    An ordinary user may mount one in a namespace of his own.  Where that is not
    allowed somebody mounts one before the tests and names it.
    """
    mounted = os.environ.get("REDOUBT_TEST_SMALL_DISK")
    if mounted:
        script = f"disk={mounted}\n{script}"
        return process.run(["sh", "-c", f"trap 'rm -rf {mounted}/*' EXIT\n{script}"], check=False)
    disk = directory / "disk"
    disk.mkdir()
    script = f"disk={disk}\nmount -t tmpfs -o size=24m tmpfs $disk || exit 99\n{script}"
    result = process.run(["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script],
                         check=False)
    assert result.code != 99, f"neither user namespaces nor REDOUBT_TEST_SMALL_DISK\n{result}"
    return result


def test_a_full_disk_ends_the_restore_and_leaves_nothing_to_start_from(story, directory):
    restore = shlex.join(story.redoubt.argv("restore", "--into"))

    result = on_small_disk(directory, f"{restore} $disk/copy\ncode=$?\n"
                                      "find $disk -name pg_control\nexit $code\n")

    assert result.code == 1, str(result)
    assert "No space left on device" in result.err, str(result)
    assert "global/pg_control" not in result.out


def test_a_full_disk_below_the_repository_fails_the_backup(story, directory):
    redoubt = Redoubt(directory / "redoubt", story.cluster, FileRepository("/disk/repository"))
    text = redoubt.file.read_text()

    result = on_small_disk(
        directory,
        f"sed -i \"s|/disk/|$disk/|\" {redoubt.file}\n"
        f"{shlex.join(redoubt.argv('init'))} >&2 || exit 98\n"
        f"{shlex.join(redoubt.argv('backup'))}\ncode=$?\n"
        f"{shlex.join(redoubt.argv('list', '--json'))} || exit 97\nexit $code\n")

    assert text != redoubt.file.read_text()
    assert result.code == 1, str(result)
    assert "No space left on device" in result.err, str(result)
    assert json.loads(result.out)["backups"] == []


# Repositories and servers

def test_an_endpoint_that_nobody_answers_is_named(story, directory, s3_repository):
    redoubt = Redoubt(directory / "redoubt", story.cluster, s3_repository)
    redoubt.init()
    redoubt.configure(repository={"endpoint": "https://localhost:1", "retry_limit": "1s"})

    result = redoubt.run("list", code=EXIT_UNREACHABLE, seconds=30)

    assert "localhost" in result.err


@pytest.mark.parametrize("name, change", [
    ("AWS_SECRET_ACCESS_KEY", "x" * 40),
    ("AWS_ACCESS_KEY_ID", "nobody"),
])
def test_wrong_credentials_are_said_to_be_wrong_and_not_shown(story, directory, s3_repository, name,
                                                              change):
    redoubt = Redoubt(directory / "redoubt", story.cluster, s3_repository)
    redoubt.init()
    redoubt.environment[name] = change

    result = redoubt.run("list", code=EXIT_UNREACHABLE, seconds=30)

    assert redoubt.environment["AWS_SECRET_ACCESS_KEY"] not in result.err + result.out


def test_a_wrong_bucket_is_not_an_empty_repository(story, directory, s3_repository):
    redoubt = Redoubt(directory / "redoubt", story.cluster, s3_repository)
    redoubt.init()
    redoubt.configure(repository={"bucket": "there-is-none"})

    result = redoubt.run("list", code=None, seconds=30)

    assert result.code in (EXIT_USAGE, EXIT_UNREACHABLE), str(result)
    assert "there-is-none" in result.err


def test_a_repository_that_was_never_made_is_told_from_one_that_is_gone(story, directory):
    redoubt = Redoubt(directory / "redoubt", story.cluster, FileRepository(directory / "none"))
    shutil.copy(story.redoubt.key_file, redoubt.key_file)

    result = redoubt.run("list", code=None)

    assert result.code not in (0, 1), str(result)
    assert "init" in result.err


def test_another_postgresql_under_the_same_name_is_refused(story, directory, adopt):
    other = adopt(Cluster.create(directory / "other", fresh=True)).start()
    redoubt = Redoubt(directory / "redoubt", other, story.repository,
                      encryption={"key_file": str(story.redoubt.key_file)})

    result = redoubt.run("backup", code=EXIT_REFUSED)

    assert other.system_identifier() in result.err
    assert story.cluster.system_identifier() in result.err
    assert [b["id"] for b in redoubt.backups()] == [story.backup]


def test_a_server_that_is_not_there_is_named(story, directory):
    redoubt = Redoubt(directory / "redoubt", story.cluster, story.repository,
                      connection=f"host={directory} user=postgres",
                      encryption={"key_file": str(story.redoubt.key_file)})

    result = redoubt.run("backup", code=EXIT_UNREACHABLE)

    assert str(directory) in result.err
    assert [b["id"] for b in redoubt.backups()] == [story.backup]
