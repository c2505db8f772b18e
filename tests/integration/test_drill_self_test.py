# SPDX-License-Identifier: PostgreSQL
"""A drill can fail: damage of five kinds is found at exactly the layer that is there
for it, and nothing is damaged that is anybody's."""

import pytest

from support.drilling import EXIT_FAILED, Story, show

EXPECTED = {
    "no damage": [],
    "a flipped bit in a pack": ["objects"],
    "a missing WAL segment": ["plan"],
    "a table short of rows": ["tables"],
    "a broken foreign key": ["foreign_keys"],
    "an index that disagrees with its table": ["amcheck"],
}


@pytest.mark.parametrize("encryption", ["on", "off"])
def test_the_self_test_is_red_in_exactly_its_five_places(directory, adopt, encryption):
    story = Story(directory, adopt, **({"encryption": "off"} if encryption == "off" else {}))
    story.archive()
    objects = {k: story.redoubt.repository.read(k) for k in story.redoubt.repository.keys()}

    report = story.drill("--self-test")

    assert report["ok"], show(report)
    assert {d["damage"]: d["caught"] for d in report["damages"]} == EXPECTED
    assert {k: story.redoubt.repository.read(k)
            for k in story.redoubt.repository.keys()} == objects
    assert story.left_over() == []


def test_its_report_is_for_people(directory, adopt):
    story = Story(directory, adopt)
    story.archive()

    report = story.redoubt.run("drill", "--self-test").out

    assert "tables and indexes agree" in report and "objects are authentic" in report
    assert "foreign_keys" not in report
    assert "remains in" not in report
    assert report.splitlines()[-1] == "All five kinds of damage were found where they should be."


def test_the_self_test_is_not_begun_where_the_repository_is_damaged_itself(directory, adopt):
    story = Story(directory, adopt)
    story.archive()
    pack = story.redoubt.repository.keys("main/packs/")[0]
    body = bytearray(story.redoubt.repository.read(pack))
    body[len(body) // 2] ^= 1
    story.redoubt.repository.write(pack, bytes(body))

    said = story.redoubt.run("drill", "--self-test", code=EXIT_FAILED)

    assert "the drill failed" in said.err
    assert story.left_over() == []


def test_a_segment_that_the_backup_keeps_as_well_is_taken_away_too(directory, adopt):
    """The archiver was late, and so the same segment is in two places."""
    story = Story(directory, adopt, backup=False)
    command = story.redoubt.archive_command()
    story.cluster.sql("alter system set archive_command = 'false'")
    story.cluster.reload()
    story.redoubt.backup()
    assert story.redoubt.backups()[-1]["wal_kept"] > 0
    story.cluster.sql(f"alter system set archive_command = '{command}'")
    story.cluster.reload()
    story.archive()

    report = story.drill("--self-test")

    assert {d["damage"]: d["caught"] for d in report["damages"]} == EXPECTED, show(report)
