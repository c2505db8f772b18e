# SPDX-License-Identifier: PostgreSQL
"""Whatever goes wrong around it, what a drill found is told and kept."""

from pathlib import Path

import pytest

from support import drilling, process
from support.drilling import EXIT_BROKEN, EXIT_FAILED, Story


@pytest.fixture(scope="module")
def story(module_directory, adopt):
    """Three backups."""
    made = Story(module_directory, adopt)
    made.redoubt.backup()
    made.redoubt.backup()
    made.archive()
    return made


def check_by(story, command, *, limit="10min", programs=None):
    """Let this script check the restored copy."""
    story.redoubt.configure(checks={"database": "shop", "command": ["/bin/sh", "-c", command],
                                    "limit": limit},
                            postgres={"bin_directory": programs})


def test_a_drill_that_found_something_and_cannot_tidy_up_keeps_what_it_found(story):
    before = story.receipts()
    check_by(story, 'mkdir -p "$PGHOST/locked/inside" && chmod 0 "$PGHOST/locked"; exit 1')

    result = story.redoubt.run("drill", code=EXIT_FAILED)

    assert "the drill could not tidy up after itself" in result.err
    assert len(story.receipts()) == len(before) + 1
    locked, = story.place.glob("*/run/locked")
    locked.chmod(0o700)
    check_by(story, "exit 0")
    assert drilling.red(story.drill()) == []
    assert story.left_over() == []


def test_a_limit_that_is_met_outside_of_a_check_breaks_its_layer_and_the_rest_is_kept(story):
    """Somebody holds what is read when rows are recorded, after the last check."""
    taken = story.home / "taken"
    check_by(story, f"""
        setsid psql -Xq >/dev/null 2>&1 <<END &
        begin;
        lock table pg_catalog.pg_namespace;
        \\! touch {taken}
        select pg_sleep(600);
END
        until [ -e {taken} ]; do sleep 0.1; done""", limit="8s")

    receipt = story.drill(code=EXIT_BROKEN)

    assert receipt["drill"]["verdict"] == "broken"
    assert drilling.red(receipt) == ["tables"], drilling.show(receipt)
    assert "statement timeout" in drilling.layer(receipt, "tables")["found"]
    assert drilling.states(receipt)["command"] == "passed"
    assert story.left_over() == []


def test_a_series_goes_on_where_one_is_refused_and_remembers_that_one_failed(story):
    before = story.receipts()
    check_by(story, f"chmod g+w {story.place}; exit 1")

    try:
        said = story.redoubt.run("drill", "--all-backups", code=EXIT_FAILED).err
    finally:
        story.place.chmod(0o700)

    assert len(story.receipts()) == len(before) + 1
    assert said.count("is no directory of ours alone") == 2
    assert "the drill failed at" in said


def test_a_series_that_comes_to_its_end_early_remembers_that_one_failed(story, directory):
    programs = directory / "programs"
    programs.symlink_to(Path(story.cluster.value("select setting from pg_config"
                                                 " where name = 'BINDIR'")))
    check_by(story, f"rm -f {programs}; exit 1", programs=str(programs))

    said = story.redoubt.run("drill", "--all-backups", code=EXIT_FAILED).err

    assert said.count("postgres.bin_directory") == 1
    assert "the drill failed at" in said


def test_what_is_kept_is_all_in_one_place(story):
    """A socket's path may be 107 bytes long: those of deep directories are in /tmp."""
    check_by(story, "exit 0")
    deep = story.home / ("d" * 60) / ("e" * 60)

    story.drill("--into", deep, "--keep")

    kept, = (p for p in deep.iterdir() if p.is_dir())
    assert "database system is" in (kept / "run" / "server.log").read_text()
    assert not Path(f"/tmp/redoubt-drill-{kept.name}").exists()
    process.run(["rm", "-r", deep])
