# SPDX-License-Identifier: PostgreSQL
"""The example configuration that is installed: whoever copies it begins with no mistake."""

import re
from pathlib import Path

import pytest

from support import process
from support.redoubt import binary

EXAMPLE = Path(__file__).resolve().parents[2] / "packaging/examples/redoubt.yaml"
EXIT_USAGE = 2


def listed(directory, text):
    """What `list` says of it, in an environment that reaches no bucket."""
    path = directory / "shop.yaml"
    path.write_text(text)
    result = process.run([binary(), "list", "-c", path], check=False)
    return path, result


def uncommented(text, section):
    """With a section that is there as a comment, instead of the one of its name."""
    comment = re.search(rf"^# {section}:\n(#  .*\n)+", text, re.M).group()
    text = re.sub(rf"^{section}:\n(  .*\n)+", "", text, flags=re.M)
    return text + re.sub(r"^# ", "", comment, flags=re.M)


def test_only_its_credentials_are_missing(directory):
    path, result = listed(directory, EXAMPLE.read_text())

    assert result.code == EXIT_USAGE
    assert "/etc/redoubt/s3-credentials" in result.err or "/etc/redoubt/repository.key" in \
        result.err, result
    assert f"{path}:" not in result.err


def test_a_mistake_in_it_would_be_found(directory):
    path, result = listed(directory, EXAMPLE.read_text().replace("monthly:", "montly:"))

    assert re.search(rf"{path}:\d+:\d+: .*montly", result.err), result


@pytest.mark.parametrize("optional", ["", "repositories"])
def test_with_a_directory_it_makes_a_repository(directory, optional):
    text = uncommented(EXAMPLE.read_text(), "repository")
    if optional:
        text = uncommented(text, optional)
    for there, here in {"/srv/redoubt/shop": "repository", "/etc/redoubt": "secrets",
                        "/mnt/offsite": "offsite", "/var/run/postgresql": "nowhere",
                        "/var/lib/postgresql/15/main": "data"}.items():
        text = text.replace(there, str(directory / here))
    path = directory / "shop.yaml"
    path.write_text(text)

    process.run([binary(), "init", "-c", path])

    assert process.run([binary(), "list", "-c", path]).code == 0
    assert (directory / "secrets/repository.key").exists()
    assert (directory / "offsite").exists() == bool(optional)


def test_every_comment_that_looks_like_a_key_was_tried():
    commented = re.findall(r"^# (\w+):$", EXAMPLE.read_text(), re.M)

    assert commented == ["repository", "repositories"]
