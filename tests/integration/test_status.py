# SPDX-License-Identifier: PostgreSQL
"""`redoubt status`: is the cluster protected, why not, and what is to be done."""

import json
import re

import pytest

from support import workload
from support.process import wait_until

CRITICAL, UNKNOWN = 2, 3
EXIT_DAMAGE = 5
STATES = ["healthy", "degraded", "critical"]

ON_FILES = pytest.mark.parametrize("repository", ["file"], indirect=True)

# Nobody drills here: that is another story.
POLICY = {"drill": "off"}

ITEM = {"name": str, "state": str, "text": str, "value": (int, type(None)),
        "unit": (str, type(None)), "threshold": (dict, type(None)),
        "meaning": (str, type(None)), "command": (str, type(None))}


class Status:
    """What one run said."""

    def __init__(self, redoubt, env=None):
        result = redoubt.run("status", "--json", code=None, env=env)
        self.code = result.code
        self.shown = str(result)
        report = json.loads(result.out)
        self.state = report["state"]
        self.recoverable_to = report["recoverable_to"]
        self.items = {item["name"]: item for item in report["items"]}
        self.wrong = {name: item for name, item in self.items.items() if item["state"] != "healthy"}
        self.redoubt = redoubt
        check_shape(redoubt, report, result.code)

    def expect(self, state, *names):
        """These items are wrong and no others, and that is the state."""
        assert self.state == state, self.shown
        assert set(self.wrong) == set(names), self.shown
        return self

    def run_its_command(self, name):
        """The command it tells to run, as it is."""
        words = self.items[name]["command"].split()
        assert words[0] == "redoubt" and words[-2:] == ["-c", str(self.redoubt.file)], self.shown
        self.redoubt.run(*words[1:-2])


def check_shape(redoubt, report, code):
    """As docs/json.md has it."""
    assert report["cluster"] == redoubt.name
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", report["time"])
    assert STATES.index(report["state"]) == code
    for item in report["items"]:
        assert set(item) == set(ITEM), item
        for member, kind in ITEM.items():
            assert isinstance(item[member], kind), item
        assert (item["state"] == "healthy") == (item["command"] is None), item
        assert (item["state"] == "healthy") == (item["meaning"] is None), item
        if item["threshold"]:
            assert item["threshold"]["degraded"] <= item["threshold"]["critical"]
    badness = [STATES.index(item["state"]) for item in report["items"]]
    assert badness == sorted(badness, reverse=True)
    assert badness[0] == code


@pytest.fixture
def protected(archiving, redoubt):
    """A cluster for which everything was done today."""
    workload.small(archiving)
    redoubt.configure(policy=POLICY, dumps=[{"database": "postgres"}])
    redoubt.backup()
    redoubt.run("dump")
    redoubt.run("verify")
    archiving.switch_and_archive()
    return archiving


def moved(shift, **more):
    """The clock of the program alone; that of its store goes with it, unless told not to."""
    return {"LD_PRELOAD": "/usr/$LIB/faketime/libfaketimeMT.so.1", "FAKETIME": shift,
            "FAKETIME_DONT_FAKE_MONOTONIC": "1", **more}


def stop_archiving(cluster):
    """Every try fails from now on; returns the segment that is stuck."""
    cluster.sql("alter system set archive_command = 'exit 7'")
    cluster.reload()
    stuck = cluster.switch_wal()
    wait_until(lambda: cluster.value("select failed_count > 0 from pg_stat_archiver") == "t", 60,
               "archiving to fail")
    return stuck


def test_a_cluster_becomes_healthy_by_what_it_says_to_do(archiving, redoubt):
    workload.small(archiving)
    redoubt.configure(policy=POLICY, dumps=[{"database": "postgres"}])

    status = Status(redoubt).expect("critical", "backup", "dump postgres", "verify")
    assert status.items["verify"]["state"] == "degraded"
    assert status.recoverable_to is None
    for name in ("backup", "dump postgres", "verify"):
        status.run_its_command(name)

    archiving.switch_and_archive()
    status = Status(redoubt).expect("healthy")
    assert status.items["backup"]["threshold"] == {"degraded": 93600, "critical": 187200}
    assert 0 <= status.items["backup"]["value"] < 600
    assert status.items["archive lag"]["value"] == 0
    assert status.recoverable_to["timeline"] == 1
    assert status.recoverable_to["lsn"] == redoubt.json("list")["recovery_window"]["to_lsn"]
    assert status.recoverable_to["time"] == redoubt.json("list")["recovery_window"]["to"]


@ON_FILES
def test_its_words_are_for_people(protected, redoubt):
    text = redoubt.run("status").out

    assert text.startswith("main is healthy.\n\nok        repository")
    assert max(len(line) for line in text.splitlines()) <= 80

    redoubt.configure(policy={"backup": "1ms"})
    text = redoubt.run("status", code=CRITICAL).out
    assert text.startswith("main is critical.\n\nCRITICAL  backup")
    assert f"run: redoubt backup -c {redoubt.file}\n" in text


@ON_FILES
def test_age_counts(protected, redoubt):
    aged = Status(redoubt, env=moved("+30h")).expect("degraded", "backup", "dump postgres")
    assert 30 * 3600 <= aged.items["backup"]["value"] < 31 * 3600
    assert aged.items["backup"]["text"].startswith("1d 6h ")

    Status(redoubt, env=moved("+60h")).expect("critical", "backup", "dump postgres")
    aged = Status(redoubt, env=moved("+10d")).expect("critical", "backup", "dump postgres",
                                                     "verify")
    assert aged.items["verify"]["state"] == "degraded"


@ON_FILES
def test_a_clock_that_contradicts_others_is_told(protected, redoubt):
    ahead = Status(redoubt, env=moved("+2h", NO_FAKE_STAT="1")).expect("degraded", "clock")
    assert "ahead of the store's" in ahead.items["clock"]["text"]

    behind = Status(redoubt, env=moved("-2h"))
    behind.expect("degraded", "backup", "dump postgres", "verify", "catalog")
    assert "in the future" in behind.items["backup"]["text"]


def test_wal_that_waits_is_told(protected, redoubt):
    redoubt.configure(policy={"archive_lag": {"warn": "1ms", "critical": "1h"}})
    stuck = stop_archiving(protected)

    status = Status(redoubt).expect("degraded", "archive lag")
    assert stuck in status.items["archive lag"]["text"]
    assert status.items["archive lag"]["command"].startswith("redoubt doctor")

    redoubt.configure(policy={"archive_lag": "1ms"})
    Status(redoubt).expect("critical", "archive lag")

    # The data directory says the same while the server is down.
    protected.stop("immediate")
    status = Status(redoubt).expect("critical", "archive lag", "server")
    assert stuck in status.items["archive lag"]["text"]


@ON_FILES
def test_wal_that_goes_elsewhere_is_told(protected, redoubt):
    protected.sql("alter system set archive_command = '/bin/true'")
    protected.reload()
    lost = protected.switch_and_archive()
    wait_until(lambda: protected.value("select last_archived_wal from pg_stat_archiver") == lost,
               60, "the archiver to report")

    status = Status(redoubt).expect("critical", "archive lag")

    assert lost in status.items["archive lag"]["meaning"]


@ON_FILES
def test_archiving_that_is_off_is_critical(protected, redoubt):
    protected.set(archive_mode="off")
    protected.restart()

    status = Status(redoubt).expect("critical", "archive lag")

    assert status.items["archive lag"]["command"].startswith("redoubt init --apply")


def test_a_gap_in_the_wal_is_critical_until_a_backup_is_behind_it(protected, redoubt):
    missing = protected.switch_and_archive()
    protected.switch_and_archive()
    before = Status(redoubt).expect("healthy")
    key, = [k for k in redoubt.repository.keys(f"{redoubt.name}/wal/") if missing in k]
    redoubt.repository.delete(key)

    status = Status(redoubt).expect("critical", "gaps")
    assert missing in status.items["gaps"]["text"]
    assert status.items["gaps"]["value"] == 1
    assert status.recoverable_to["lsn"] < before.recoverable_to["lsn"]

    # A backup makes what comes safe; what lies between is lost, and stays so for a while.
    status.run_its_command("gaps")
    status = Status(redoubt).expect("degraded", "gaps")
    assert "leaves the recovery window at" in status.items["gaps"]["meaning"]
    assert status.items["gaps"]["command"].startswith("redoubt verify ")
    redoubt.run("verify", code=EXIT_DAMAGE)
    status = Status(redoubt).expect("critical", "gaps", "verify")
    assert status.items["gaps"]["state"] == "degraded"
    assert re.fullmatch(r"The last verification has (\d+) findings?, \d+ of them damage\.",
                        status.items["verify"]["meaning"])
    redoubt.configure(retention={"recovery_window": 0})
    Status(redoubt).expect("critical", "verify")


@ON_FILES
def test_what_verification_found_degrades_and_damage_is_critical(protected, redoubt):
    folder = f"{redoubt.name}/backups/{redoubt.backups()[0]['id']}/"
    key = next(k for k in redoubt.repository.keys(folder) if k.endswith("manifest"))
    body = redoubt.repository.read(key)
    redoubt.repository.write(key, body[:-1] + bytes([body[-1] ^ 1]))
    redoubt.run("verify", "--all", code=EXIT_DAMAGE)

    status = Status(redoubt).expect("critical", "verify")
    assert " of them damage." in status.items["verify"]["meaning"]

    redoubt.repository.write(key, body)
    redoubt.run("verify", "--all")
    Status(redoubt).expect("healthy")


@ON_FILES
def test_the_newest_wal_that_does_not_open_is_critical(protected, redoubt):
    newest = protected.switch_and_archive()
    key, = [k for k in redoubt.repository.keys(f"{redoubt.name}/wal/") if newest in k]
    body = bytearray(redoubt.repository.read(key))
    body[-20] ^= 1
    redoubt.repository.write(key, bytes(body))

    status = Status(redoubt).expect("critical", "recoverable to")

    assert newest in status.items["recoverable to"]["meaning"]
    assert status.items["recoverable to"]["command"].startswith("redoubt verify --all ")
    assert status.recoverable_to["time"] is None and status.recoverable_to["lsn"]


def test_a_repository_that_is_lost_is_critical_and_hides_nothing_else(protected, redoubt):
    redoubt.be_impatient()
    redoubt.lose_repository()

    status = Status(redoubt)

    assert status.state == "critical", status.shown
    assert status.items["repository"]["state"] == "critical"
    assert "backup" not in status.items
    assert status.items["server"]["state"] == "healthy"
    result = redoubt.run("status", "--nagios", code=CRITICAL)
    assert result.out.startswith("REDOUBT CRITICAL - main: repository ")


@ON_FILES
def test_a_server_that_is_down_is_degraded(protected, redoubt):
    protected.stop()

    status = Status(redoubt).expect("degraded", "server")
    assert str(protected.socket) in status.items["server"]["text"]

    # Without its data directory only the archive is left to go by, and it is of today.
    redoubt.configure(postgres={"data_directory": None})
    Status(redoubt).expect("degraded", "server")
    redoubt.configure(policy={"archive_lag": "1ms"})
    status = Status(redoubt).expect("degraded", "server", "archive lag")
    assert status.items["archive lag"]["value"] is None


@ON_FILES
def test_a_role_that_may_not_look_is_told_what_it_needs(protected, redoubt):
    protected.sql("create role weak login replication")
    redoubt.configure(postgres={"connection": f"host={protected.socket} user=weak "
                                              "dbname=postgres", "data_directory": None},
                      policy={"archive_lag": {"warn": "1ms", "critical": "1h"}})
    # It may see how long the WAL is, which is enough while the archive has all of it.
    Status(redoubt).expect("healthy")

    stuck = stop_archiving(protected)
    status = Status(redoubt).expect("degraded", "archive lag")
    assert ("GRANT EXECUTE ON FUNCTION pg_ls_archive_statusdir() to"
            in status.items["archive lag"]["meaning"])

    protected.sql("grant execute on function pg_ls_archive_statusdir() to weak")
    status = Status(redoubt).expect("degraded", "archive lag")
    assert stuck in status.items["archive lag"]["text"]


@ON_FILES
def test_a_standby_knows_whether_its_primary_archives(protected, redoubt, directory, adopt):
    standby = adopt(protected.standby(directory / "standby"))
    standby.start()
    redoubt.configure(postgres={"connection": standby.conninfo,
                                "data_directory": str(standby.data)},
                      policy={"archive_lag": "1ms"})
    protected.switch_and_archive()
    standby.caught_up_with(protected)
    Status(redoubt).expect("healthy")

    stop_archiving(protected)
    standby.caught_up_with(protected)

    status = Status(redoubt).expect("degraded", "archive lag")
    assert "is a standby" in status.items["archive lag"]["meaning"]


@ON_FILES
def test_another_server_behind_the_connection_is_critical(protected, redoubt, new_cluster):
    other = new_cluster("other", fresh=True)
    other.start()
    redoubt.configure(postgres={"connection": other.conninfo})

    status = Status(redoubt)

    assert status.items["server"]["state"] == "critical", status.shown
    assert "system identifier" in status.items["server"]["text"]


@ON_FILES
def test_a_dump_that_failed_is_told_until_one_succeeds(protected, redoubt):
    protected.sql("create database shop")
    redoubt.configure(dumps=[{"database": "postgres"}, {"database": "shop"}])
    redoubt.run("dump", "shop")
    Status(redoubt).expect("healthy")

    protected.sql("alter database shop rename to gone")
    redoubt.run("dump", "shop", code=None)
    status = Status(redoubt).expect("degraded", "dump shop")
    assert "The last run failed: " in status.items["dump shop"]["meaning"]

    protected.sql("alter database gone rename to shop")
    status.run_its_command("dump shop")
    Status(redoubt).expect("healthy")


@ON_FILES
def test_a_suspicious_dump_is_told_until_it_is_accepted(protected, redoubt):
    protected.sql("truncate t")
    redoubt.run("dump", "postgres", code=EXIT_DAMAGE)

    status = Status(redoubt).expect("degraded", "dump postgres")
    assert "is suspicious" in status.items["dump postgres"]["meaning"]

    redoubt.run("dump", "postgres", "--accept-size")
    Status(redoubt).expect("healthy")


@ON_FILES
def test_a_backup_that_met_damage_is_told(protected, redoubt):
    table = protected.data / protected.value("select pg_relation_filepath('t')")
    protected.stop()
    with open(table, "r+b") as file:
        file.seek(5000)
        file.write(b"damage")
    protected.start()
    redoubt.run("backup", code=None)

    status = Status(redoubt).expect("degraded", "backup")
    assert "met pages with wrong checksums" in status.items["backup"]["meaning"]


@ON_FILES
@pytest.mark.parametrize("database", [None, "shop"])
def test_a_canary_that_is_there_must_sing(protected, redoubt, database):
    if database:
        protected.sql(f"create database {database}")
        redoubt.configure(canary={"database": database})
    redoubt.run("canary", "--install")
    assert "canary" not in Status(redoubt).items, "nobody has written yet"
    redoubt.run("canary")
    assert Status(redoubt).expect("healthy").items["canary"]["value"] < 600

    late = Status(redoubt, env=moved("+11min")).expect("degraded", "canary")
    assert late.items["canary"]["threshold"] == {"degraded": 600, "critical": 86400}
    late.run_its_command("canary")
    Status(redoubt).expect("healthy")


@ON_FILES
def test_a_drill_counts_by_its_verdict(protected, redoubt):
    redoubt.configure(policy={"drill": "35d"})
    status = Status(redoubt).expect("degraded", "drill")
    assert status.items["drill"]["text"] == "never"
    status.run_its_command("drill")
    Status(redoubt).expect("healthy")

    redoubt.configure(checks={"database": "postgres",
                              "queries": [{"name": "that cannot be", "sql": "select false"}]})
    redoubt.run("drill", code=None, seconds=300)
    status = Status(redoubt).expect("critical", "drill")
    first, = redoubt.backups()
    assert status.items["drill"]["meaning"].startswith(f"Backup {first['id']} failed its last ")
    assert status.items["drill"]["value"] < 600, "the good one before is of today"
    shown, failed = status.items["drill"]["command"].split()[2:4]
    assert shown == "--show" and failed in status.items["drill"]["meaning"]
    status.run_its_command("drill")

    # Another backup that passes says nothing of the one that failed.
    redoubt.configure(checks=None)
    second = redoubt.backup("--full")
    protected.switch_and_archive()
    redoubt.run("drill", "--backup", second, seconds=300)
    assert Status(redoubt).expect("critical", "drill").items["drill"]["meaning"] == (
        status.items["drill"]["meaning"])
    redoubt.run("drill", "--backup", first["id"], seconds=300)
    Status(redoubt).expect("healthy")


@ON_FILES
def test_what_is_off_is_not_looked_at(archiving, redoubt):
    redoubt.configure(policy={"backup": "off", "verify": "off", "drill": "off",
                              "archive_lag": "off"})

    assert set(Status(redoubt).items) == {"repository", "server", "clock", "catalog"}


@ON_FILES
def test_a_repository_without_a_cluster_is_told_how_to_get_one(cluster, redoubt):
    redoubt.configure(postgres={"data_directory": None})
    redoubt.init()

    status = Status(redoubt).expect("critical", "repository", "server", "archive lag")

    assert status.items["repository"]["command"].startswith("redoubt lineage add")


@ON_FILES
def test_the_line_for_nagios_is_one(protected, redoubt):
    protected.sql('create database "a|b c"')
    redoubt.configure(dumps=[{"database": "postgres"}, {"database": "a|b c"}])

    line = redoubt.run("status", "--nagios", code=CRITICAL).out
    assert line.startswith("REDOUBT CRITICAL - main: dump a/b c never (redoubt dump ")

    redoubt.run("dump", "a|b c")
    line = redoubt.run("status", "--nagios").out
    assert line.count("\n") == 1 and line.count("|") == 1
    text, data = line.rstrip("\n").split("|")
    assert text.startswith("REDOUBT OK - main: ")
    found = {}
    for measure in data.split():
        label, value, unit, warn, critical = re.fullmatch(
            r"([\w.-]+)=(\d+)([sB]?)(?:;(\d+);(\d+))?", measure).groups()
        found[label] = (int(value), unit, warn, critical)
    assert found["backup_age"][1:] == ("s", "93600", "187200")
    assert found["archive_lag"] == (0, "s", "300", "600")
    assert found["gaps"] == (0, "", None, None)
    assert {"dump_postgres_age", "dump_a_b_c_age", "verify_age", "archive_behind",
            "clock_skew"} <= set(found)


@ON_FILES
def test_what_cannot_be_judged_is_unknown(protected, redoubt):
    redoubt.run("status", "--json", "--nagios", code=UNKNOWN)
    redoubt.file.write_text("cluster: [shop]\n")
    said = redoubt.run("status", "--nagios", code=UNKNOWN)
    assert said.out.startswith("REDOUBT UNKNOWN - ") and len(said.out.splitlines()) == 1
    redoubt.run("status", "--nagois", code=UNKNOWN)
    redoubt.configure(policy={"backup": "soon"})
    result = redoubt.run("status", code=UNKNOWN)
    assert '"backup" must be a duration or off, found "soon"' in result.err


@ON_FILES
def test_help_names_the_exit_codes(redoubt):
    text = redoubt.run("status", "--help").out

    assert re.search(r"^ +1 +degraded", text, re.M) and re.search(r"^ +3 +not known", text, re.M)
