# SPDX-License-Identifier: PostgreSQL
"""The first command that anybody runs."""

import os
import pwd
import stat

import pytest
import yaml

from support import process
from support.redoubt import binary


def test_it_makes_a_key_that_only_its_owner_reads(cluster, redoubt):
    cluster.start()

    redoubt.init()

    mode = redoubt.key_file.stat().st_mode
    assert stat.S_IMODE(mode) & 0o077 == 0
    assert redoubt.key_file.read_text().startswith("redoubt-key-1:")
    assert "redoubt.json" in redoubt.repository.keys()


def test_it_refuses_to_touch_a_repository_that_exists(cluster, redoubt):
    cluster.start()
    redoubt.init()
    before = {k: redoubt.repository.read(k) for k in redoubt.repository.keys()}
    key = redoubt.key_file.read_text()

    result = redoubt.run("init", code=None)

    assert result.code in (1, 3), str(result)
    assert {k: redoubt.repository.read(k) for k in redoubt.repository.keys()} == before
    assert redoubt.key_file.read_text() == key


def test_it_never_overwrites_a_key_file(cluster, redoubt):
    cluster.start()
    redoubt.key_file.write_text("somebody else's key\n")
    redoubt.key_file.chmod(0o600)

    redoubt.run("init", code=None)

    assert redoubt.key_file.read_text() == "somebody else's key\n"


def test_it_leaves_nothing_but_the_repository_behind(cluster, redoubt):
    """The objects by which it finds out what the store honours are gone."""
    cluster.start()

    redoubt.init()

    assert not [k for k in redoubt.repository.keys() if k.startswith("probe")]


def test_it_names_the_settings_that_are_missing(cluster, redoubt):
    cluster.start()

    result = redoubt.init()

    assert "archive_mode" in result.out + result.err
    assert "archive_command" in result.out + result.err


def test_apply_sets_them_and_says_what_needs_a_restart(cluster, redoubt):
    cluster.environment.update(redoubt.environment)
    cluster.start()

    result = redoubt.run("init", "--apply")

    assert "restart" in result.out + result.err
    cluster.restart()
    assert cluster.value("show archive_mode") == "on"
    assert "archive-push" in cluster.value("show archive_command")
    segment = cluster.switch_and_archive()
    assert [k for k in redoubt.repository.keys() if k.endswith(segment)]


def test_encryption_off_says_so_loudly(cluster, redoubt):
    cluster.start()
    redoubt.configure(encryption=False)  # YAML's word for off

    text = redoubt.file.read_text().replace("encryption: false", "encryption: off")
    redoubt.file.write_text(text)
    result = redoubt.init()

    assert "not encrypted" in (result.out + result.err).lower() \
        or "encryption is off" in (result.out + result.err).lower(), str(result)
    assert not redoubt.key_file.exists()


def test_without_a_configuration_it_finds_the_cluster_and_writes_one(cluster, directory):
    cluster.start()
    file = directory / "etc" / "redoubt.yaml"
    file.parent.mkdir()
    environment = {**cluster.env(), "HOME": str(directory)}

    # Its default place for repositories is not ours to write to: it says what to do.
    assert not os.access("/var/lib/redoubt", os.W_OK), "these tests would make a real repository"
    refusal = process.run([binary(), "init", "-c", file], env=environment, check=False)
    assert refusal.code != 0 and str(file) in refusal.err, str(refusal)
    written = yaml.safe_load(file.read_text())
    assert written["postgres"]["data_directory"] == str(cluster.data)
    assert written["repository"]["store"] == "file"
    assert "#" in file.read_text(), "the configuration explains itself"
    file.write_text(file.read_text().replace("/var/lib/redoubt", str(directory / "repositories")))
    (directory / "repositories").mkdir()
    result = process.run([binary(), "init", "-c", file], env=environment)

    assert "redoubt backup" in result.out, "the next steps are told"
    process.run([binary(), "backup", "-c", file], env=environment)


def test_the_database_that_it_connected_with_is_in_what_it_writes(cluster, directory):
    """The variable is there for init, and gone when a timer runs doctor."""
    cluster.start()
    cluster.sql("create database shop")
    environment = {**cluster.env("shop"), "HOME": str(directory)}
    file = directory / "redoubt.yaml"

    process.run([binary(), "init", "-c", file, "--path", directory / "repository"],
                env=environment)
    del environment["PGDATABASE"]
    process.run([binary(), "dump", "-c", file], env=environment)

    assert "dbname=shop" in yaml.safe_load(file.read_text())["postgres"]["connection"]


def test_a_database_that_is_the_users_name_is_left_out(cluster, directory):
    cluster.start()
    file = directory / "redoubt.yaml"

    process.run([binary(), "init", "-c", file, "--path", directory / "repository"],
                env={**cluster.env(), "HOME": str(directory)})

    assert "dbname" not in yaml.safe_load(file.read_text())["postgres"]["connection"]


def test_without_a_database_of_the_users_name_it_says_which_variable_to_set(cluster, directory):
    cluster.start()
    environment = {**cluster.env(), "HOME": str(directory), "PGDATABASE": "nobody"}

    result = process.run([binary(), "init", "-c", directory / "redoubt.yaml"], env=environment,
                         check=False)

    assert "Set PGDATABASE=postgres" in result.err, str(result)


def test_a_directory_that_only_root_can_make_comes_with_the_command(cluster, directory):
    cluster.start()
    closed = directory / "closed"
    closed.mkdir(mode=0o500)
    etc = closed / "redoubt"

    result = process.run([binary(), "init", "-c", etc / "redoubt.yaml"],
                         env={**cluster.env(), "HOME": str(directory)}, check=False)

    user = pwd.getpwuid(os.getuid()).pw_name
    assert f"install -d -o {user} -m 700 {etc}" in result.err, str(result)


@pytest.mark.parametrize("command", ["backup", "list"])
def test_before_it_every_command_says_that_it_is_missing(cluster, redoubt, command):
    cluster.start()

    result = redoubt.run(command, code=None)

    assert result.code != 0
    assert "redoubt init" in result.err, str(result)
