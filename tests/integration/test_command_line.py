# SPDX-License-Identifier: PostgreSQL
"""What the program answers to a wrong line or a wrong configuration, before it
does any work: scripts, cron and PostgreSQL itself act upon it."""

import errno
import os
import re
import signal
import subprocess

import pytest

from support import process
from support.redoubt import binary

MINIMAL = """\
cluster: shop
repository: {store: file, path: /nonexistent/repository}
encryption: off
"""


@pytest.fixture
def run(directory):
    """Run the program in an empty directory: run("--help"), code 0 unless told otherwise."""
    def call(*arguments, code=0):
        result = process.run([binary(), *arguments], check=False, cwd=directory)
        assert result.code == code, str(result)
        return result
    return call


@pytest.fixture
def write(directory):
    """Write a configuration file; returns its path."""
    def make(text):
        path = directory / "redoubt.yaml"
        path.write_text(text)
        return path
    return make


def commands(run):
    return re.findall(r"^  ([a-z][a-z-]*)  ", run("--help").out, flags=re.M)


def test_help_is_given_for_the_program_and_for_every_command(run):
    found = commands(run)

    assert "archive-push" in found
    for command in found:
        result = run(command, "--help")
        assert result.out.startswith(f"redoubt {command} - ")
        assert run("help", command).out == result.out
        assert result.err == ""


def test_help_is_given_even_when_the_line_is_wrong(run):
    assert "Usage: redoubt archive-push" in run("archive-push", "--no-such", "--help").out


def test_the_version_is_one_line(run):
    assert re.fullmatch(r"redoubt \d+\.\d+\.\d+\n", run("--version").out)


@pytest.mark.parametrize("arguments, error, hint", [
    ([], 'no command given', '"redoubt --help" lists the commands.'),
    (["archive-psh"], 'unknown command "archive-psh"', 'Did you mean "archive-push"?'),
    (["--verbos", "archive-push", "x"], 'unknown option "--verbos"',
     'Did you mean "--verbose"?'),
    (["archive-push"], 'command "archive-push" needs an argument: PATH',
     'See "redoubt archive-push --help".'),
    (["archive-push", "a", "b"], 'command "archive-push" does not take the argument "b"',
     'See "redoubt archive-push --help".'),
    (["archive-push", "a", "-c"], 'option "--config" needs a value: FILE',
     'See "redoubt archive-push --help".'),
])
def test_a_wrong_line_is_exit_code_2_with_a_hint(run, arguments, error, hint):
    result = run(*arguments, code=2)

    assert result.out == ""
    assert result.err == f"redoubt: error: {error}\nredoubt: hint: {hint}\n"


def test_a_missing_configuration_file_is_exit_code_2(run):
    result = run("archive-push", "-c", "no-such.yaml", "x", code=2)

    assert "no-such.yaml\"" in result.err
    assert '"redoubt init"' in result.err


@pytest.mark.parametrize("change, error, hint", [
    ("worker: 2\n", ':4:1: unknown key "worker" in the configuration', 'Did you mean "workers"?'),
    ("workers: many\n", ':4:10: "workers" must be a whole number, found "many"', None),
    ("workers: 2\nworkers: 3\n", ':5:1: key "workers" is there already, in line 4', None),
    ("a: [1\n", ":5:1: could not parse YAML: did not find expected ',' or ']'", None),
    ("a:\n\tb: 1\n", ":5:1: could not parse YAML: found character that cannot start any token",
     "YAML is indented by spaces; tabs are not allowed there."),
])
def test_a_wrong_configuration_is_exit_code_2_with_its_place(run, write, change, error, hint):
    path = write(MINIMAL + change)

    result = run("archive-push", "-c", path, "x", code=2)

    assert f"redoubt: error: {path}{error}" in result.err
    assert hint is None or f"hint: {hint}" in result.err


def test_a_wrong_line_never_tells_recovery_that_a_file_is_not_there(run, write):
    """xlogarchive.c takes 1 to 125 for the end of the archive, and would promote."""
    if "archive-get" not in commands(run):
        pytest.fail("archive-get is not built in")
    broken = write(MINIMAL + "oops: 1\n")

    for arguments in (["archive-get"],
                      ["archive-gte", "000000010000000000000001", "x"],
                      ["archive-get", "000000010000000000000001"],
                      ["archive-get", "--no-such", "000000010000000000000001", "x"],
                      ["--no-such", "archive-get", "000000010000000000000001", "x"],
                      ["-c", "no-such.yaml", "archive-get", "000000010000000000000001", "x"],
                      ["-c", broken, "archive-get", "000000010000000000000001", "x"]):
        result = process.run([binary(), *arguments], check=False, cwd=broken.parent)
        assert 126 <= result.code <= 255 and result.code != 128 + 15, str(result)


def test_a_report_that_could_not_be_written_is_a_failure(directory):
    script = directory / "full"
    script.write_text(f"#!/bin/sh\nexec {binary()} --help >/dev/full\n")
    script.chmod(0o755)

    result = process.run([script], check=False)

    assert result.code == 1
    assert "could not write to standard output: No space left on device" in result.err


def open_for_reader(pipe, program):
    """Open a pipe to write once the program reads from it."""
    def opened():
        assert program.poll() is None, program.stderr.read()
        try:
            return os.fdopen(os.open(pipe, os.O_WRONLY | os.O_NONBLOCK), "w")
        except OSError as error:
            assert error.errno == errno.ENXIO
            return None
    return process.wait_until(opened, 20, "the program to read its configuration")


@pytest.mark.parametrize("command, code", [
    (["archive-push", "x"], 1),
    # As if the signal had ended it: to the server, its own shutdown.
    (["archive-get", "000000010000000000000001", "x"], 128 + signal.SIGTERM),
])
def test_the_first_signal_is_answered_and_the_second_ends_the_program(directory, command, code):
    """It is caught reading its configuration, from a pipe that never ends."""
    pipe = directory / "pipe"
    os.mkfifo(pipe)
    program = subprocess.Popen([binary(), "-c", pipe, *command], stderr=subprocess.PIPE, text=True)

    with open_for_reader(pipe, program):
        program.send_signal(signal.SIGTERM)
        assert program.stderr.readline() == \
            "redoubt: stopping; a second signal stops at once\n"
        assert program.poll() is None
        program.send_signal(signal.SIGTERM)
        assert program.wait(timeout=20) == code
