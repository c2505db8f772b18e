# SPDX-License-Identifier: PostgreSQL
"""What a drill cannot work with is refused with the fix, or found at its layer; nothing
is left either way."""

import pytest

from support import drilling, process, small_disk
from support.drilling import (EXIT_BROKEN, EXIT_FAILED, EXIT_REFUSED, EXIT_REPOSITORY, EXIT_USAGE,
                              Story)
from support.redoubt import Redoubt
from support.sleeper import Sleeper


@pytest.fixture(scope="module")
def story(module_directory, adopt):
    made = Story(module_directory, adopt)
    made.cluster.commit("insert into orders values (100001, 1)", database="shop")
    made.archive()
    return made


@pytest.fixture
def other(story, directory):
    """The same repository with a configuration of the test's own."""
    def make(**sections):
        redoubt = Redoubt(directory / "redoubt", story.cluster, story.redoubt.repository)
        redoubt.configure(**{**story.redoubt.settings, **sections})
        return redoubt
    return make


def test_too_small_a_disk_is_refused_with_both_figures_before_anything_is_fetched(story, directory):
    with small_disk.mounted(directory / "disk", "24m") as disk:
        said = story.redoubt.run("drill", "--into", disk / "drill", code=EXIT_REFUSED).err

        assert "MiB" in said and "are free" in said and "--into" in said
        assert [p.name for p in (disk / "drill").iterdir()] == ["redoubt-drill"]


@pytest.mark.parametrize("programs", [None, "echo postgres '(PostgreSQL) 9.6.24'", "exit 1"])
def test_programs_of_another_version_only_are_a_configuration_error(story, other, directory,
                                                                    programs):
    bin_directory = directory / "bin"
    bin_directory.mkdir()
    if programs is not None:
        (bin_directory / "postgres").write_text(f"#!/bin/sh\n{programs}\n")
        (bin_directory / "postgres").chmod(0o755)
    redoubt = other(postgres={"bin_directory": str(bin_directory)})

    said = redoubt.run("drill", code=EXIT_USAGE).err

    assert "the backup is of PostgreSQL" in said and "postgres.bin_directory" in said
    assert story.left_over() == []


def test_a_missing_key_is_an_error_before_anything_is_made(story, other, directory):
    redoubt = other(encryption={"key_file": str(directory / "nowhere.key")},
                    drill={"directory": str(directory / "drill")})

    said = redoubt.run("drill", code=None)

    assert said.code in (EXIT_BROKEN, EXIT_USAGE, EXIT_REPOSITORY), str(said)
    assert "nowhere.key" in said.err
    assert not (directory / "drill").exists()


def test_a_repository_that_is_gone_is_no_verdict(directory, adopt):
    story = Story(directory, adopt)
    story.redoubt.lose_repository()

    result = story.redoubt.run("drill", code=None)

    assert result.code not in (0, EXIT_FAILED), str(result)
    assert story.left_over() == []


def test_a_repository_that_goes_while_the_server_recovers_is_no_verdict(directory, adopt,
                                                                         s3_repository):
    story = Story(directory, adopt, s3_repository)
    story.archive()
    story.redoubt.be_impatient()
    with story.redoubt.outages() as outage:
        sleeper = Sleeper(story.redoubt, "drill: before the server starts", "drill")
        outage.begin()
        code = sleeper.wake()

    assert code == EXIT_REPOSITORY, sleeper.said()
    assert story.left_over() == []


def test_a_gap_in_the_wal_fails_at_the_plan_and_names_what_is_missing(directory, adopt):
    story = Story(directory, adopt)
    missing = story.cluster.switch_and_archive()
    story.cluster.commit("insert into orders values (100001, 1)", database="shop")
    story.archive()
    story.redoubt.repository.delete(
        next(k for k in story.redoubt.repository.keys("main/wal/") if k.endswith(missing)))

    receipt = story.drill(code=EXIT_FAILED)

    assert drilling.red(receipt) == ["plan"]
    assert missing in drilling.layer(receipt, "plan")["found"]
    assert drilling.states(receipt)["command"] == "skipped"
    assert story.left_over() == []


@pytest.mark.parametrize("target", [["--target-time", "2001-01-01 00:00:00+00"],
                                    ["--target-time", "2101-01-01 00:00:00+00"],
                                    ["--target-lsn", "FF/0"], ["--target-name", "never made"],
                                    ["--backup", "2001-01-01T00-00-00-0000"]])
def test_a_target_outside_the_window_fails_at_the_plan(story, target):
    receipt = story.drill(*target, code=EXIT_FAILED)

    assert drilling.red(receipt) == ["plan"]
    assert story.left_over() == []


def test_a_missing_object_fails_at_the_objects(directory, adopt):
    story = Story(directory, adopt)
    story.archive()
    story.redoubt.repository.delete(story.redoubt.repository.keys("main/packs/")[0])

    receipt = story.drill(code=EXIT_FAILED)

    assert drilling.red(receipt) == ["objects"]
    assert story.left_over() == []


def damage_wal(story, segment):
    """Flip a bit of an archived segment."""
    key = next(k for k in story.redoubt.repository.keys("main/wal/") if k.endswith(segment))
    body = bytearray(story.redoubt.repository.read(key))
    body[len(body) // 2] ^= 1
    story.redoubt.repository.write(key, bytes(body))


@pytest.mark.parametrize("which, layer", [("last", "plan"), ("middle", "replay")])
def test_archived_wal_that_is_damaged_fails_where_it_is_read(directory, adopt, which, layer):
    """The plan reads the end of the WAL only, for its last commit; and recovery reads half a
    megabyte ahead of what it replays."""
    story = Story(directory, adopt)
    segments = {}
    for name in ("first", "middle", "last"):
        story.cluster.commit(f"create table {name} as select md5(i::text) "
                             "from generate_series(1, 50000) i", database="shop")
        segments[name] = story.cluster.switch_and_archive()
    damage_wal(story, segments[which])

    receipt = story.drill(code=EXIT_FAILED)

    assert drilling.red(receipt) == [layer], drilling.show(receipt)
    assert story.left_over() == []


def test_a_configuration_that_the_server_refuses_fails_at_its_start(directory, adopt):
    story = Story(directory, adopt, backup=False)
    story.cluster.set(no_such_setting="1")  # the running server does not read it
    story.redoubt.backup()
    story.archive()

    receipt = story.drill(code=EXIT_FAILED)

    assert drilling.red(receipt) == ["start"]
    assert "no_such_setting" in drilling.layer(receipt, "start")["found"]
    assert drilling.states(receipt)["replay"] == "skipped"
    assert story.left_over() == []


def test_a_check_that_takes_too_long_is_broken_and_the_others_are_run(story, other):
    redoubt = other(checks={"database": "shop", "limit": "1s", "foreign_keys": "all", "queries": [
        {"name": "for ever", "sql": "select pg_sleep(600) is not null"}]})

    receipt = redoubt.json("drill", code=EXIT_BROKEN)

    assert drilling.red(receipt) == ["queries"]
    assert drilling.states(receipt)["foreign_keys"] == "passed"
    assert receipt["drill"]["verdict"] == "broken"
    assert story.left_over() == []


def test_a_hung_command_is_ended_with_all_that_it_started(story, other, directory):
    marker = directory / "sleeping"
    script = f"sleep 600 & echo $! > {marker}; wait"
    redoubt = other(checks={"database": "shop", "limit": "2s",
                            "command": ["/bin/sh", "-c", script]})

    receipt = redoubt.json("drill", code=EXIT_BROKEN)

    assert drilling.red(receipt) == ["command"]
    assert not process.is_alive(marker.read_text().strip())
    assert story.left_over() == []


def test_a_directory_with_files_of_other_people_is_not_touched(story, directory):
    precious = directory / "precious"
    (precious / "sub").mkdir(parents=True)
    (precious / "sub" / "file").write_text("mine")

    said = story.refuse("--into", precious, code=EXIT_REFUSED)

    assert "not empty, and no drill's" in said
    assert (precious / "sub" / "file").read_text() == "mine"
    assert sorted(p.name for p in precious.iterdir()) == ["sub"]


def test_a_directory_that_others_may_write_to_is_refused(story, directory):
    shared = directory / "shared"
    shared.mkdir()
    shared.chmod(0o777)

    assert "ours alone" in story.refuse("--into", shared, code=EXIT_REFUSED)


def test_in_a_drills_directory_only_what_drills_left_is_removed(story, directory):
    place = directory / "place"
    story.drill("--into", place)
    (place / "notes.txt").write_text("mine")
    left = place / "2026-01-01T00-00-00-abcd"
    left.mkdir()
    (left / "link").symlink_to(directory)

    story.drill("--into", place)

    assert sorted(p.name for p in place.iterdir()) == ["notes.txt", "redoubt-drill"]
    assert directory.exists()


def test_production_itself_is_never_taken_for_a_place(story):
    before = story.cluster.pid()

    story.refuse("--into", story.cluster.data, code=EXIT_REFUSED)

    assert story.cluster.pid() == before and story.cluster.is_running()


def programs_without_amcheck(story, directory):
    """PostgreSQL's programs but one."""
    made = directory / "bin"
    made.mkdir()
    for program in story.cluster.bin.iterdir():
        if program.name != "pg_amcheck":
            (made / program.name).symlink_to(program)
    return made


def test_without_amcheck_nothing_is_proved_of_tables_and_indexes(story, other, directory):
    redoubt = other(postgres={"bin_directory": str(programs_without_amcheck(story, directory))})

    receipt = redoubt.json("drill", code=EXIT_BROKEN)

    assert drilling.red(receipt) == ["amcheck"]
    assert drilling.states(receipt)["foreign_keys"] == "passed"
    assert story.left_over() == []


def test_a_server_that_dies_while_it_is_looked_at_breaks_the_drill(story, other, directory):
    """As on damage that makes a backend crash."""
    programs = programs_without_amcheck(story, directory)
    (programs / "pg_amcheck").write_text(
        f"#!/bin/sh\nkill -9 $(head -1 {story.place}/*/data/postmaster.pid)\n"
        "echo 'server closed the connection unexpectedly' >&2\nexit 1\n")
    (programs / "pg_amcheck").chmod(0o755)
    redoubt = other(postgres={"bin_directory": str(programs)})

    receipt = redoubt.json("drill", code=EXIT_BROKEN)

    assert drilling.red(receipt) == ["amcheck", "collations"], drilling.show(receipt)
    assert drilling.states(receipt)["command"] == "skipped"
    assert story.left_over() == []
