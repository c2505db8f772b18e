# SPDX-License-Identifier: PostgreSQL
"""A program that shares no line with Redoubt reads its repository: the format is
what docs/format.md says, and a way out exists."""

import hashlib
import json
from pathlib import Path

import pytest

from support import compare, dumping, process, workload
from support.cluster import Cluster
from support.redoubt import Redoubt

TOOL = Path(__file__).resolve().parents[2] / "tools/unseal"


def download(repository, directory):
    """A repository as a directory, whatever store it is in."""
    for key in repository.keys():
        path = directory / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(repository.read(key))
    return directory


def unseal(root, *arguments, check=True):
    return process.run(["/usr/bin/python3", TOOL, *arguments[:-1], root, *arguments[-1]],
                       check=check)


def restore_by_hand(directory, archiving, redoubt, backup, secret):
    """A cluster from its objects, and WAL by the tool as restore_command."""
    root = download(redoubt.repository, directory / "objects")
    copy = Cluster(directory / "copy")
    unseal(root, *secret, ["restore", redoubt.name, backup, copy.data])
    manifest = unseal(root, *secret, ["cat", f"main/backups/{backup}/postgres-manifest"])
    (copy.data / "backup_manifest").write_text(manifest.out)
    process.run([copy.bin / "pg_verifybackup", "-n", copy.data])
    (copy.data / "recovery.signal").touch()
    command = " ".join(map(str, ["/usr/bin/python3", TOOL, *secret, root, "wal", redoubt.name]))
    with open(copy.data / "postgresql.auto.conf", "a") as settings:
        settings.write(f"archive_mode = off\nrestore_command = '{command} %f %p'\n")
    return copy


SECRETS = {
    "key file": lambda redoubt: ["--key-file", redoubt.key_file],
    "passphrase": lambda redoubt: ["--passphrase-file", redoubt.home / "passphrase"],
    "off": lambda redoubt: [],
}


@pytest.mark.parametrize("secret", SECRETS)
def test_a_cluster_is_restored_without_redoubt(directory, cluster, file_repository, adopt, secret):
    redoubt = Redoubt(directory / "redoubt", cluster, file_repository)
    (redoubt.home / "passphrase").write_text("correct horse battery staple\n")
    (redoubt.home / "passphrase").chmod(0o600)
    if secret == "passphrase":
        redoubt.configure(encryption={"key_file": None,
                                      "passphrase_file": str(redoubt.home / "passphrase")})
    elif secret == "off":
        redoubt.configure(encryption="off")
    redoubt.archive_from(cluster)
    cluster.start()
    redoubt.init()
    workload.small(cluster)
    backup = redoubt.backup()
    cluster.sql("create table later as select 42 as answer")
    wanted = compare.picture(cluster)
    cluster.switch_and_archive()

    copy = adopt(restore_by_hand(directory, cluster, redoubt, backup, SECRETS[secret](redoubt)))

    copy.start()
    process.wait_until(lambda: copy.value("select pg_is_in_recovery()") == "f", 60,
                       "the end of recovery")
    compare.assert_equal(wanted, compare.picture(copy))


@pytest.mark.parametrize("compression", ["zstd", "gzip"])
def test_a_dump_is_read_without_redoubt(directory, cluster, file_repository, compression):
    redoubt = Redoubt(directory / "redoubt", cluster, file_repository)
    cluster.start()
    redoubt.init()
    cluster.sql("create table t as select generate_series(1, 1000) i")
    dump = dumping.run(redoubt, "postgres", "--format", "plain", "--compression", compression)
    root = download(redoubt.repository, directory / "objects")

    def cat(extension=None):
        return unseal(root, "--key-file", redoubt.key_file,
                      ["cat", dumping.key(redoubt, dump, extension)]).out

    assert hashlib.sha256(cat().encode()).hexdigest() == dump["sha256"]
    assert "CREATE ROLE" in cat("globals.sql.zst")
    assert json.loads(cat("json"))["dump"]["id"] == dump["id"]


def test_the_tool_refuses_what_was_changed(directory, archiving, redoubt):
    workload.small(archiving)
    backup = redoubt.backup()
    root = download(redoubt.repository, directory / "objects")
    manifest = root / f"main/backups/{backup}/manifest"
    content = bytearray(manifest.read_bytes())
    content[len(content) // 2] ^= 1
    manifest.write_bytes(content)

    result = unseal(root, "--key-file", redoubt.key_file,
                    ["restore", redoubt.name, backup, directory / "copy"], check=False)

    assert result.code == 1
    assert "authentication failed" in result.err
