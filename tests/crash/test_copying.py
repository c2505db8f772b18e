# SPDX-License-Identifier: PostgreSQL
"""A copy is killed at each marked step: what is there is a repository as of some
earlier moment, and the next run completes it."""

import pytest

from support import crash_points
from support.copies import Copies, Story, belonging

POINTS = crash_points.find("copy")
PRUNING = ["expire: after an object is deleted"]


@pytest.fixture(scope="module")
def story(module_directory, adopt):
    return Story(module_directory, adopt)


@pytest.fixture
def copies(story, directory):
    return Copies(story, directory)


def assert_valid(copies, repository):
    """Every backup that it lists can be restored from it, as far as its own WAL goes, and every
    dump is whole."""
    if "redoubt.json" not in repository.keys():
        return
    known = copies.redoubt.json("list", "--repository", "offsite")["backups"]
    for backup in known:
        copies.redoubt.run("restore", "--repository", "offsite", "--dry-run", "--into",
                           copies.directory / "dry", "--backup", backup["id"],
                           "--target-immediate")
    keys = repository.keys("main/dumps/")
    for dump in copies.redoubt.json("list", "--repository", "offsite")["dumps"]:
        assert len([k for k in keys if dump["id"] in k]) == 3


@pytest.mark.parametrize("point", POINTS)
def test_a_copy_killed_there_is_valid_and_the_next_run_completes_it(copies, adopt, point):
    offsite = copies.files()

    copies.redoubt.run("copy", "--to", "offsite", "--create", crash_at=point)

    assert_valid(copies, offsite)
    copies.copy("--create")
    assert belonging(offsite) == belonging(copies.main)
    assert copies.state()["state"] == "complete"
    copies.assert_restores(adopt, "--repository", "offsite")


def test_a_copy_killed_again_and_again_gets_there(copies):
    """Each run copies something, so that they come to an end."""
    offsite = copies.files()
    copies.copy("--create", "--repository", "main")
    for key in [k for k in offsite.keys() if k.startswith("main/")]:
        offsite.delete(key)

    for _ in range(200):
        code = copies.redoubt.run("copy", "--to", "offsite", code=None, env={
            "REDOUBT_CRASH_AT": "copy: after the object exists"}).code
        assert_valid(copies, offsite)
        if code == 0:
            break

    assert code == 0
    assert belonging(offsite) == belonging(copies.main)


@pytest.mark.parametrize("point", PRUNING)
def test_a_pruning_killed_there_is_completed_by_the_next(copies, point):
    offsite = copies.files()
    copies.copy("--create")
    copies.redoubt.configure(retention={"daily": 1, "weekly": 0, "monthly": 0, "grace": 0,
                                        "recovery_window": 0, "minimum_age": 0})
    for _ in range(2):
        copies.redoubt.run("expire")

    copies.redoubt.run("copy", "--to", "offsite", "--prune", crash_at=point)

    assert_valid(copies, offsite)
    assert belonging(offsite) > belonging(copies.main)
    copies.copy("--prune")
    assert belonging(offsite) == belonging(copies.main)
