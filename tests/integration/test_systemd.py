# SPDX-License-Identifier: PostgreSQL
"""The units that `cmake --install` puts in place, as systemd itself reads them."""

import os
import re
import shutil
from pathlib import Path

import pytest

from support import process
from support.redoubt import binary

JOBS = ["backup", "dump", "expire", "verify"]  # in the order of their names and of the night

# systemd's own judgement in tenths, from 0 to 100; "OK" begins below 50.
EXPOSURE_MAX = "25"


@pytest.fixture(scope="module")
def units(module_directory):
    """Installed below a directory of ours, where the program is the one that is tested."""
    # What `cmake --install` runs; its list of files goes not to the build directory, which
    # may be somebody else's.
    build, script = binary().parent, module_directory / "install.cmake"
    text = (build / "cmake_install.cmake").read_text()
    assert f"{build}/${{CMAKE_INSTALL_MANIFEST}}" in text
    script.write_text(text.replace(f"{build}/${{", f"{module_directory}/${{"))
    process.run(["cmake", f"-DCMAKE_INSTALL_PREFIX={module_directory / 'installed'}", "-P",
                 script])
    place = module_directory / "installed/lib/systemd/system"
    for unit in place.glob("*.service"):
        text = unit.read_text()
        assert len(re.findall(r"^ExecStart=\S+/bin/redoubt ", text, re.M)) == 1
        unit.write_text(re.sub(r"^ExecStart=\S+", f"ExecStart={binary()}", text, flags=re.M))
    return place


def names(units, ending):
    return sorted(p.name for p in units.iterdir() if p.suffix == ending)


def analyze(units, *arguments):
    return process.run([shutil.which("systemd-analyze"), "--man=no", *arguments], check=False,
                       env={**os.environ, "SYSTEMD_UNIT_PATH": f"{units}:"})


def test_each_service_has_its_timer(units):
    services, timers = names(units, ".service"), names(units, ".timer")

    assert services == [f"redoubt-{job}@.service" for job in JOBS]
    assert [Path(t).stem for t in timers] == [Path(s).stem for s in services]


def test_systemd_finds_nothing_wrong_with_them(units):
    for name in names(units, ".service") + names(units, ".timer"):
        result = analyze(units, "verify", units / name)
        ours = [line for line in result.err.splitlines() if "redoubt" in line]
        assert not ours, "\n".join(ours)
        assert result.code == 0, result


def test_a_mistake_would_be_found(units, directory):
    wrong = directory / "redoubt-wrong@.service"
    wrong.write_text((units / "redoubt-dump@.service").read_text().replace("Nice=", "Nicer="))

    assert "Nicer" in analyze(units, "verify", wrong).err


def test_services_can_do_little_beside_their_work(units):
    for name in names(units, ".service"):
        result = analyze(units, "security", "--offline=true", f"--threshold={EXPOSURE_MAX}",
                         units / name)
        assert result.code == 0, result


def test_dumps_are_made_at_three_every_night(units):
    text = (units / "redoubt-dump@.timer").read_text()
    calendar = re.search(r"^OnCalendar=(.*)$", text, re.M).group(1)

    result = process.run([shutil.which("systemd-analyze"), "calendar", "--iterations=3", calendar],
                         env={**os.environ, "TZ": "UTC"})

    rings = re.findall(r"(\d{4}-\d\d-\d\d) (03:00:00) UTC", result.out)
    assert len(set(rings)) == 3


def test_jobs_of_one_cluster_wait_for_each_other(units):
    """Of any two, one is ordered behind the other."""
    after = {job: re.search(r"^After=(.*)$", (units / f"redoubt-{job}@.service").read_text(),
                            re.M).group(1).split() for job in JOBS}

    for index, job in enumerate(JOBS):
        for other in JOBS[:index]:
            assert f"redoubt-{other}@%i.service" in after[job]


def test_each_job_is_a_command_of_the_program(units):
    for job in JOBS:
        text = (units / f"redoubt-{job}@.service").read_text()
        assert re.search(rf"^ExecStart={binary()} {job} -c /etc/redoubt/%i\.yaml$", text, re.M)
        process.run([binary(), job, "--help"])
