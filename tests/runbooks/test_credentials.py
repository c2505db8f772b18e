# SPDX-License-Identifier: PostgreSQL
"""runbooks/credentials.md: an access key of the store is replaced, because it leaked or because
it does not work any more."""

import os

import pytest

from conftest import restore_copy
from support import compare, runbook
from support.redoubt import Redoubt
from support.repository import FileRepository, S3Repository
from support.s3 import S3Error

PAGE = "credentials"
SURE, DO, VERIFY = "How to be sure", "What to do", "How to verify"
DAMAGED = "Something is missing or damaged"

EXIT_DAMAGE = 5


class Account:
    """A user of the provider's, and where the server keeps its access key."""

    def __init__(self, provider, directory):
        self.provider = provider
        self.name = "agent-" + os.urandom(6).hex()
        self.old, self.new = ((f"{self.name}-{which}", os.urandom(20).hex())
                              for which in ("old", "new"))
        provider.create_user(self.name, *self.old)
        self.repository = S3Repository(provider, "b-" + os.urandom(6).hex(), *self.old)
        self.file = directory / "credentials"
        self.write(self.file, self.old)

    def write(self, path, pair):
        path.write_text("[default]\naws_access_key_id = {}\naws_secret_access_key = {}\n".format(
            *pair))
        path.chmod(0o600)

    def prepare_new(self):
        """Steps 2 and 3: at the provider, and beside the old file."""
        self.provider.add_key(self.name, *self.new)
        self.write(self.file.with_name("credentials.new"), self.new)
        self.repository.client = self.provider.client(*self.new)

    def revoke_old(self):
        self.provider.revoke_key(self.name, self.old[0])
        with pytest.raises(S3Error):
            self.provider.client(*self.old).list(self.repository.bucket)


@pytest.fixture
def account(s3_server, directory):
    made = Account(s3_server, directory)
    yield made
    made.repository.remove()


@pytest.fixture
def redoubt(directory, cluster, account):
    made = Redoubt(directory / "redoubt", cluster, account.repository)
    made.environment.clear()
    made.configure(repository={"credentials": "file", "credentials_file": str(account.file),
                               "retry_limit": "1s"})
    return made


@pytest.fixture
def reader(archiving, redoubt):
    archiving.sql("create table orders as select generate_series(1, 100) id")
    redoubt.backup()
    return runbook.Reader(redoubt, PAGE)


def write(server):
    server.sql("insert into orders select max(id) + generate_series(1, 100) from orders")
    return server.switch_wal()


def replace(reader, account, server):
    """Steps 3 to 6."""
    reader.run(DO, 2)
    reader.run(DO, 3)
    write(server)
    account.revoke_old()
    write(server)
    reader.run(DO, 4)
    assert not account.file.with_name("credentials.old").exists()
    reader.run(DO, 5)
    assert reader.asked_of_systemd()[-1] == "start redoubt-verify@redoubt.service"


def verify(reader, server, directory, adopt):
    redoubt = reader.redoubt
    assert "lineage" in reader.run(VERIFY, 1).out
    assert redoubt.backups()[0]["id"] in reader.run(VERIFY, 2).out
    reader.run(VERIFY, 3)
    reader.run(VERIFY, 4)
    assert reader.asked_of_systemd()[-1] == "enable --now redoubt-expire@redoubt.timer"
    server.switch_and_archive()
    assert [gap for line in redoubt.json("list")["wal"] for gap in line["gaps"]] == []
    wanted = compare.picture(server)
    copy = restore_copy(redoubt, directory / "copy", adopt, "--target-action", "promote")
    compare.assert_equal(wanted, compare.picture(copy))


def test_a_key_that_leaked_is_replaced_and_no_segment_fails(reader, account, archiving, directory,
                                                            adopt):
    reader.run(SURE, 1)
    assert "credentials: file" in reader.run(SURE, 2).out
    reader.run(DO, 1)
    assert reader.asked_of_systemd() == ["disable --now redoubt-expire@redoubt.timer",
                                         "stop redoubt-expire@redoubt.service"]
    account.prepare_new()

    replace(reader, account, archiving)

    verify(reader, archiving, directory, adopt)
    assert archiving.value("select failed_count from pg_stat_archiver") == "0"


def test_after_a_key_was_lost_what_waited_is_archived(reader, account, archiving, directory, adopt):
    account.revoke_old()
    waited = write(archiving)
    archiving.wait_for_log("archive command failed with exit code 4")
    assert "HTTP status 403" in archiving.log_text()
    failed = reader.run(SURE, 1, code=1).out
    assert "FAILURE  repository" in failed and "HTTP status 403" in failed

    account.prepare_new()
    reader.run(DO, 2)
    reader.run(DO, 4)

    assert any(key.endswith("/" + waited) for key in account.repository.keys())
    verify(reader, archiving, directory, adopt)


def steal(repository):
    """Delete a pack of the backup's."""
    pack = max(repository.keys("main/packs/"), key=lambda key: len(repository.read(key)))
    repository.delete(pack)
    return pack


def test_what_a_thief_deleted_is_named_and_comes_from_the_copy(reader, account, redoubt,
                                                               directory):
    offsite = FileRepository(directory / "offsite")
    redoubt.configure(repositories={"offsite": {**offsite.configuration(), "required": False}})
    redoubt.run("copy", "--to", "offsite", "--create")
    stolen = steal(account.repository)

    assert stolen in reader.run(VERIFY, 3, code=EXIT_DAMAGE).out
    reader.run(VERIFY, 1, under=DAMAGED)

    assert stolen in account.repository.keys()


def test_without_a_copy_a_full_backup_needs_nothing_of_what_was_deleted(
        reader, account, archiving, redoubt, directory, adopt):
    stolen = steal(account.repository)
    assert stolen in reader.run(VERIFY, 3, code=EXIT_DAMAGE).out

    reader.run(VERIFY, 2, under=DAMAGED)

    write(archiving)
    archiving.switch_and_archive()
    wanted = compare.picture(archiving)
    copy = restore_copy(redoubt, directory / "copy", adopt, "--target-action", "promote")
    compare.assert_equal(wanted, compare.picture(copy))


def test_every_block_was_run():
    runbook.assert_every_block_was_run(PAGE)
