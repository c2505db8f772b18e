# SPDX-License-Identifier: PostgreSQL
"""verify is killed at each marked step: the repository is as good as before, and the
next run is not told that more was verified than was."""

import pytest

from support import crash_points, workload

POINTS = crash_points.find("verify")


@pytest.mark.parametrize("point", POINTS)
def test_a_verification_killed_there_is_repeated_with_success(archiving, redoubt, point):
    workload.small(archiving)
    redoubt.backup()
    archiving.switch_and_archive()

    redoubt.run("verify", crash_at=point)

    report = redoubt.json("verify")
    assert report["findings"] == []
    assert report["complete"] is True
    again = redoubt.json("verify")
    assert again["findings"] == []
    assert again["remembered"] > 0


@pytest.mark.parametrize("repository", ["file"], indirect=True)
@pytest.mark.parametrize("point", POINTS)
def test_damage_is_found_after_a_run_that_was_killed(archiving, redoubt, point):
    workload.small(archiving)
    redoubt.backup()
    archiving.switch_and_archive()
    pack = max((k for k in redoubt.repository.keys() if "/packs/" in k),
               key=lambda k: len(redoubt.repository.read(k)))
    body = bytearray(redoubt.repository.read(pack))
    body[100] ^= 1
    redoubt.repository.write(pack, bytes(body))

    redoubt.run("verify", crash_at=point)

    report = redoubt.json("verify", code=5)
    assert [f["object"] for f in report["findings"] if f["severity"] == "damage"] == [pack]
