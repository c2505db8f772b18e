# SPDX-License-Identifier: PostgreSQL
"""The units that `cmake --install` puts in place, as systemd itself reads them."""

import itertools
import os
import re
import shlex
import shutil
from pathlib import Path

import pytest

from support import process
from support.redoubt import binary

# In the order of the night and of the month, with their commands.
JOBS = {job: [job] for job in ("backup", "dump", "expire", "verify", "drill")}
JOBS["drill-random"] = ["drill", "--random"]
SERVICES = [*JOBS, "canary", "failed"]

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
    installed = module_directory / "installed"
    place = installed / "lib/systemd/system"
    for unit in place.glob("*.service"):
        text, programs = re.subn(r"^(ExecStart=(?:\S+/flock .* )?)\S+/bin/redoubt ",
                                 rf"\1{binary()} ", unit.read_text(), flags=re.M)
        text, scripts = re.subn(r"^ExecStart=\S+/(libexec/redoubt/job-failed) ",
                                rf"ExecStart={installed}/\1 ", text, flags=re.M)
        assert programs + scripts == 1, unit
        unit.write_text(text)
    return place


def setting(units, name, key):
    """What a unit says, where it says it once."""
    (value,) = re.findall(rf"^{key}=(.*)$", (units / name).read_text(), re.M)
    return value


def command(units, job, **stand_ins):
    """What systemd would run for cluster shop, with other things in the place of some."""
    words = shlex.split(setting(units, f"redoubt-{job}@.service", "ExecStart"))
    for index, word in enumerate(words):
        for was, now in {"%i": "shop", **stand_ins}.items():
            word = word.replace(was, str(now))
        words[index] = word
    return words


def names(units, ending):
    return sorted(p.name for p in units.iterdir() if p.suffix == ending)


def analyze(units, *arguments):
    return process.run([shutil.which("systemd-analyze"), "--man=no", *arguments], check=False,
                       env={**os.environ, "SYSTEMD_UNIT_PATH": f"{units}:"})


def test_each_service_has_its_timer(units):
    services, timers = names(units, ".service"), names(units, ".timer")

    assert services == sorted(f"redoubt-{job}@.service" for job in SERVICES)
    assert [Path(t).stem for t in timers] == [
        Path(s).stem for s in services if s != "redoubt-failed@.service"]


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


def test_jobs_that_are_due_together_have_an_order(units):
    """Of any two, one is ordered behind the other: systemd starts it when that has ended, which
    it knows of a job only if the type is oneshot."""
    for index, job in enumerate(JOBS):
        after = setting(units, f"redoubt-{job}@.service", "After").split()
        assert setting(units, f"redoubt-{job}@.service", "Type") == "oneshot"
        for other in list(JOBS)[:index]:
            assert f"redoubt-{other}@%i.service" in after


@pytest.mark.parametrize("first, second", [("backup", "dump"), ("dump", "backup")])
def test_jobs_of_one_cluster_never_run_into_each_other(units, directory, first, second):
    """Whichever came first, the other begins when it has ended."""
    assert all(setting(units, f"redoubt-{job}@.service", "RuntimeDirectory") == "redoubt"
               and setting(units, f"redoubt-{job}@.service", "RuntimeDirectoryPreserve") == "yes"
               for job in JOBS)
    (directory / "redoubt").mkdir()
    told, go = directory / "told", directory / "go"
    os.mkfifo(go)
    program = directory / "program"
    program.write_text(f'#!/bin/sh\necho "begin $1"\nread _ <{go}\necho "end $1"\n')
    program.chmod(0o755)

    def start(job):
        return process.start(command(units, job, **{"%t": directory, str(binary()): program}),
                             log=told)

    def waits(child):
        return any("->" in line and f" {child.pid} " in line
                   for line in Path("/proc/locks").read_text().splitlines())

    one = start(first)
    process.wait_until(lambda: f"begin {first}" in told.read_text(), 20, "the first to begin")
    two = start(second)
    process.wait_until(lambda: waits(two), 20, "the second to wait")
    for child in (one, two):
        go.write_text("on\n")
        child.wait(20)

    assert told.read_text().splitlines() == [
        f"{verb} {job}" for job, verb in itertools.product([first, second], ["begin", "end"])]


def test_jobs_of_two_clusters_have_nothing_to_do_with_each_other(units):
    locks = {cluster: {command(units, job, **{"%i": cluster})[2] for job in JOBS}
             for cluster in ("shop", "books")}

    assert len(locks["shop"]) == len(locks["books"]) == 1
    assert locks["shop"] != locks["books"]


def test_a_canary_waits_for_nobody(units):
    """A backup may take hours, and a sign of life is due every minute."""
    assert command(units, "canary")[0] == str(binary())
    assert "redoubt-" not in setting(units, "redoubt-canary@.service", "After")


def test_each_job_is_a_command_of_the_program(units):
    for job, line in {**JOBS, "canary": ["canary"]}.items():
        words = command(units, job)
        assert words[words.index(str(binary())):] == [
            str(binary()), *line, "-c", "/etc/redoubt/shop.yaml"]
        said = process.run([binary(), line[0], "--help"]).out
        assert all(option in said for option in line[1:])


def test_a_drop_in_for_all_of_them_is_read(units, directory):
    """What the manual says of credentials and the like."""
    for unit in units.iterdir():
        shutil.copy(unit, directory)
    (directory / "redoubt-.service.d").mkdir()
    (directory / "redoubt-.service.d/wrong.conf").write_text("[Service]\nNicer=19\n")

    for job in JOBS:
        assert "Nicer" in analyze(directory, "verify", directory / f"redoubt-{job}@.service").err


# What happens when a job has failed


def test_a_failure_of_any_job_is_told(units):
    for job in JOBS:
        assert setting(units, f"redoubt-{job}@.service", "OnFailure") == \
            "redoubt-failed@%n.service"


def failed(units, hook):
    unit = "redoubt-backup@shop-eu.service"
    words = [w.replace("%i", unit)
             for w in shlex.split(setting(units, "redoubt-failed@.service", "ExecStart"))]
    return process.run(words, env={"REDOUBT_ON_FAILURE": str(hook)}, check=False)


def test_the_hook_learns_which_job_of_which_cluster(units, directory):
    hook = directory / "on-failure"
    hook.write_text('#!/bin/sh\necho "$#: $1, $2, $3"\n')
    hook.chmod(0o755)

    result = failed(units, hook)

    assert result.code == 0, result
    assert result.out == "3: redoubt-backup@shop-eu.service, backup, shop-eu\n"


def test_without_a_hook_the_journal_is_told_loudly(units, directory):
    result = failed(units, directory / "on-failure")

    assert result.code == 0, result
    assert result.err == ("<2>redoubt backup of cluster shop-eu FAILED. "
                          "Look: journalctl --unit redoubt-backup@shop-eu.service\n")


def test_a_hook_that_fails_is_told_loudly_too(units, directory):
    hook = directory / "on-failure"
    hook.write_text("#!/bin/sh\nexit 7\n")
    hook.chmod(0o755)

    result = failed(units, hook)

    assert result.code == 7, result
    assert f"<2>{hook} failed with exit code 7" in result.err
    assert "journalctl --unit redoubt-backup@shop-eu.service" in result.err
