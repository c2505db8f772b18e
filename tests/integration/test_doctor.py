# SPDX-License-Identifier: PostgreSQL
"""doctor finds what is wrong and names the fix."""

import json

import pytest

from support.process import wait_until


def report(redoubt, code=None, **options):
    """The checks of a run, by name, and its exit code."""
    result = redoubt.run("doctor", "--json", code=code, seconds=120, **options)
    return {c["name"]: c for c in json.loads(result.out)["checks"]}, result


def failures(checks):
    return {name: c for name, c in checks.items() if c["state"] == "failure"}


def test_a_healthy_installation_passes_every_check(archiving, redoubt):
    checks, result = report(redoubt)

    assert failures(checks) == {}, str(result)
    assert result.code == 0, str(result)
    assert len(checks) >= 6


def test_its_plain_report_is_for_people(archiving, redoubt):
    result = redoubt.run("doctor")

    version = int(archiving.value("show server_version_num"))
    assert f"PostgreSQL {version // 10000}.{version % 10000}," in result.out


@pytest.mark.parametrize("settings, words", [
    ({"archive_mode": "off"}, "archive_mode"),
    ({"archive_mode": "on", "archive_command": ""}, "archive_command"),
    ({"archive_mode": "on", "archive_command": "/bin/true"}, "archive_command"),
    ({"archive_mode": "off", "wal_level": "minimal", "max_wal_senders": "0"}, "wal_level"),
])
def test_a_setting_that_is_wrong_is_named_with_its_fix(cluster, redoubt, settings, words):
    cluster.set(**settings)
    cluster.start()
    redoubt.init()

    checks, result = report(redoubt)

    assert result.code != 0
    found = json.dumps(failures(checks))
    assert words in found, str(result)
    assert all(c.get("fix") for c in failures(checks).values()), str(result)


def test_a_role_without_the_privileges_is_told_which(archiving, redoubt):
    archiving.sql("create role weak login")
    redoubt.configure(postgres={"connection": f"host={archiving.socket} user=weak "
                                              "dbname=postgres"})

    checks, result = report(redoubt)

    assert result.code != 0
    assert "replication" in json.dumps(failures(checks)).lower(), str(result)


def test_databases_that_cannot_be_dumped_are_named(archiving, redoubt):
    archiving.sql("create database shop; create role weak login replication;"
                  "grant pg_read_all_settings to weak")
    archiving.sql("create table secrets (i int); create table plain (i int);"
                  "grant select on plain to weak", "shop")
    redoubt.configure(dumps=[{"database": "shop"}])
    assert report(redoubt, code=0)[0]["dumps"]["text"] == "1 database can be dumped"

    redoubt.configure(postgres={"connection": f"host={archiving.socket} user=weak "
                                              "dbname=postgres"})
    found = report(redoubt)[0]["dumps"]
    assert found["state"] == "warning"
    assert 'may not read public.secrets in database "shop"' in found["text"]
    assert "pg_read_all_data" in found["fix"]

    redoubt.configure(dumps=[{"database": "nothing_of_the_kind"}])
    assert "nothing_of_the_kind" in failures(report(redoubt)[0])["dumps"]["text"]

    redoubt.configure(postgres={"connection": archiving.conninfo, "bin_directory": "/nowhere"})
    assert "pg_dump" in failures(report(redoubt)[0])["dumps"]["text"]


def test_a_server_that_is_down_is_a_failed_check_and_not_the_end(archiving, redoubt):
    archiving.stop()

    checks, result = report(redoubt)

    assert result.code != 0
    assert failures(checks)
    assert any(c["state"] == "ok" for c in checks.values()), "the repository was still checked"


def test_a_stuck_segment_is_named_with_the_reason(archiving, redoubt):
    archiving.sql("alter system set archive_command = 'echo the reason >&2; exit 7'")
    archiving.reload()
    stuck = archiving.switch_wal()
    wait_until(lambda: archiving.value("select failed_count > 0 from pg_stat_archiver") == "t", 60,
               "archiving to fail")

    checks, result = report(redoubt)

    assert result.code != 0
    assert stuck in json.dumps(failures(checks)), str(result)


def test_an_outage_that_is_over_is_no_failure(archiving, redoubt):
    """The archiver makes a pause after three failures; doctor does not judge by what was before."""
    redoubt.be_impatient()
    with redoubt.outages() as outage:
        outage.begin()
        stuck = archiving.switch_wal()
        archiving.wait_for_log("archive command failed")
        outage.end()

        checks, result = report(redoubt)

        assert failures(checks) == {}, str(result)
        archiving.archived(stuck)


def test_a_repository_that_is_gone_is_said_to_be(archiving, redoubt):
    if redoubt.repository.kind == "s3":
        redoubt.be_impatient()
    redoubt.lose_repository()

    _, result = report(redoubt)

    assert result.code != 0
    assert "repository" in (result.out + result.err).lower()


@pytest.mark.parametrize("repository", ["file"], indirect=True)
def test_a_log_that_cannot_be_read_is_told_with_how_to_give_it_back(archiving, redoubt):
    """As after a command of root: every other command fails, and doctor must say so."""
    redoubt.backup()
    (entry, *_) = (p for p in sorted((redoubt.repository.path / "main" / "log").rglob("*"))
                   if p.is_file())
    entry.chmod(0)
    listed = redoubt.run("list", code=None)

    checks, result = report(redoubt)

    assert result.code != 0 and listed.code != 0
    assert checks["log"]["state"] == "failure", str(result)
    assert "Permission denied" in checks["log"]["text"]
    assert "chmod -R u+rwX" in checks["log"]["fix"] and "chmod -R u+rwX" in listed.err
