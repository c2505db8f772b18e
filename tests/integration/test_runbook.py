# SPDX-License-Identifier: PostgreSQL
"""`redoubt runbook`: a page is there on the worst day, with as much of this cluster's names
as can still be found out.  What the pages say is proved in tests/runbooks."""

import shutil
import stat

import pytest

from support import process
from support.redoubt import binary
from support.runbook import PAGES

PAGE = "restore-a-backup"


@pytest.fixture
def repository(request):
    return request.getfixturevalue(f"{getattr(request, 'param', 'file')}_repository")


@pytest.fixture
def backed_up(archiving, redoubt):
    redoubt.id = redoubt.backup()
    archiving.switch_and_archive()
    return redoubt


def commands(page):
    return page[page.index("## Symptom"):]


def test_every_page_is_listed_with_its_symptom(redoubt):
    pages = {path.stem: path.read_text() for path in PAGES.glob("*.md")}

    listed = redoubt.json("runbook")
    text = " ".join(redoubt.run("runbook").out.split())

    assert [page["name"] for page in listed] == sorted(pages)
    for page in listed:
        assert pages[page["name"]].startswith(f"# {page['title']}\n")
        assert page["symptom"] in " ".join(pages[page["name"]].split())
        assert page["name"] in text and page["symptom"] in text


def test_a_page_is_filled_in_with_this_cluster(backed_up, cluster):
    page = backed_up.run("runbook", PAGE, "--set", "moment=2026-11-21 14:03+01", "--set",
                         "service=pg").out

    assert backed_up.id in page
    assert f"redoubt list -c {backed_up.file}\n" in page
    assert f"--into {cluster.data} --take-over" in page
    assert f"PGHOST={cluster.socket} PGPORT=5432" in page
    assert "--target-time '2026-11-21 14:03+01'" in page
    assert "{{" not in page and "Replace these" not in page and "Not everything" not in page


def test_what_only_the_reader_knows_is_listed_at_the_top(backed_up):
    page = backed_up.json("runbook", PAGE)

    assert [each["key"] for each in page["open"]] == ["service", "moment"]
    assert page["doubts"] == []
    top = page["text"][:page["text"].index("## Symptom")]
    assert "> * `{{moment}}`: a time without blanks" in top
    assert "sudo systemctl stop {{service}}\n" in commands(page["text"])


def test_it_is_printed_while_the_server_is_down(backed_up, cluster):
    cluster.kill()

    page = backed_up.json("runbook", PAGE)

    assert page["doubts"] == []
    assert backed_up.id in page["text"] and str(cluster.data) in page["text"]


def test_a_server_that_is_down_keeps_its_data_directory_to_itself(backed_up, cluster):
    backed_up.configure(postgres={"data_directory": None})
    assert str(cluster.data) in backed_up.run("runbook", PAGE).out
    cluster.stop()

    page = backed_up.json("runbook", PAGE)

    assert "connection to server" in page["doubts"][0]
    assert "data_directory" in [each["key"] for each in page["open"]]
    assert backed_up.id in page["text"]


@pytest.mark.parametrize("repository", ["file", "s3"], indirect=True)
def test_it_is_printed_while_the_repository_is_away(backed_up, cluster):
    backed_up.lose_repository()

    page = backed_up.json("runbook", PAGE)

    assert len(page["doubts"]) == 1
    assert "latest_backup" in [each["key"] for each in page["open"]]
    assert "Not everything could be found out: " in page["text"]
    assert f"--into {cluster.data} --take-over" in page["text"]


@pytest.mark.parametrize("repository", ["s3"], indirect=True)
def test_where_a_bucket_is_can_be_read(backed_up, repository):
    text = backed_up.run("runbook", PAGE).out

    assert f"s3://{repository.bucket} at {repository.server.endpoint}?" in text


@pytest.mark.parametrize("data, service", [
    ("/var/lib/postgresql/15/main", "postgresql@15-main"),
    ("/var/lib/pgsql/16/data", "postgresql-16"),
])
def test_the_service_is_told_by_where_packages_put_the_data(redoubt, data, service):
    redoubt.configure(postgres={"data_directory": data})

    assert f"sudo systemctl stop {service}\n" in redoubt.run("runbook", PAGE).out


def test_it_is_printed_when_the_data_is_gone(backed_up, cluster):
    cluster.kill()
    shutil.rmtree(cluster.data)

    page = backed_up.run("runbook", PAGE).out

    assert "/bin:\"$PATH\" PGHOST=" in page and "{{bin_directory}}" not in page


@pytest.mark.parametrize("spoil", [
    lambda file: file.unlink(),
    lambda file: file.write_text("cluster: [shop\n"),
    lambda file: file.chmod(0),
], ids=["missing", "wrong", "unreadable"])
def test_it_is_printed_without_a_configuration(redoubt, spoil):
    spoil(redoubt.file)
    try:
        page = redoubt.json("runbook", PAGE)
    finally:
        if redoubt.file.exists():
            redoubt.file.chmod(stat.S_IRUSR | stat.S_IWUSR)

    assert str(redoubt.file) in page["doubts"][0]
    assert {"data_directory", "latest_backup", "port"} <= {each["key"] for each in page["open"]}
    assert "## When to stop and call" in page["text"]


def test_the_pages_need_nothing_but_the_program(directory):
    shutil.copy(binary(), directory / "redoubt")

    result = process.run([directory / "redoubt", "runbook", "disk-full", "-c", "/nowhere.yaml"])

    assert commands(result.out).split() == [
        word.replace("{{config}}", "/nowhere.yaml")
        for word in commands((PAGES / "disk-full.md").read_text()).split()]


@pytest.mark.parametrize("arguments, message, hint", [
    (["restore-a-backpu"], 'there is no runbook "restore-a-backpu"',
     'Did you mean "restore-a-backup"?'),
    (["holiday"], 'there is no runbook "holiday"', '"redoubt runbook" lists them.'),
    ([PAGE, "--set", "momnet=now"], 'no key "momnet"', 'Did you mean "moment"?'),
    ([PAGE, "--set", "moment"], '"moment" is not KEY=VALUE', ""),
    ([PAGE, "--set", "moment="], 'the value of "moment" is not one line of text', ""),
])
def test_a_mistyped_line_says_what_was_meant(redoubt, arguments, message, hint):
    result = redoubt.run("runbook", *arguments, code=2)

    assert message in result.err and hint in result.err
    assert result.out == ""
