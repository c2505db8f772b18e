# SPDX-License-Identifier: PostgreSQL
"""What a drill found stays: in the repository, authentic, for people and for programs."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from support import drilling, process
from support.drilling import EXIT_FAILED, Story

TOOL = Path(__file__).resolve().parents[2] / "tools/unseal"

EXIT_DAMAGE = 5

# Only the newest backup stays.
AT_ONCE = {"daily": 1, "weekly": 0, "monthly": 0, "recovery_window": 0, "minimum_age": 0,
           "grace": 0}


@pytest.fixture(scope="module")
def story(module_directory, adopt):
    """A drill that passed, and one that failed, each with a document."""
    made = Story(module_directory, adopt)
    made.archive()
    made.page = module_directory / "receipt.html"
    made.text = module_directory / "receipt.md"
    made.passed = made.drill("--receipt", made.page)
    made.redoubt.configure(checks={
        "database": "shop",
        "tables": [{"name": "public.orders", "rows": {"min": 9000}}],
        "queries": [{"name": "<b>bold</b> & | more", "sql": "select false"}]})
    made.failed = made.drill("--receipt", made.text, code=EXIT_FAILED)
    made.redoubt.configure(checks=None)
    return made


def id_of(receipt):
    return receipt["drill"]["id"]


def key_of(receipt):
    return f"main/drills/{id_of(receipt)}.json"


def findings(story):
    """All that verify finds, and where."""
    report = story.redoubt.json("verify", "--all", code=None)
    return [(f["severity"], f["kind"], f["object"]) for f in report["findings"]]


def test_the_repository_has_what_was_printed(story):
    for receipt in (story.passed, story.failed):
        stored = process.run(["/usr/bin/python3", TOOL, "--key-file", story.redoubt.key_file,
                              story.redoubt.repository.path, "cat", key_of(receipt)]).out

        assert json.loads(stored) == receipt
    assert story.receipts() == [key_of(story.passed), key_of(story.failed)]


def test_history_tells_of_every_drill_and_the_trend(story):
    history = story.redoubt.json("drill", "--history")

    assert history["drills"] == [story.passed["drill"], story.failed["drill"]]
    times = sorted(d["rto_seconds"] for d in history["drills"])
    assert history["trend"] == {"drills": 2, "passed": 1, "median_rto_seconds": times[0],
                                "longest_rto_seconds": times[1]}

    lines = story.redoubt.run("drill", "--history").out.splitlines()
    assert [line.split()[1] for line in lines[1:3]] == [id_of(story.passed), id_of(story.failed)]
    assert lines[1].endswith("passed") and lines[2].endswith("failed")
    assert lines[-1].startswith("Of the last 2 drills 1 passed; median RTO ")


def test_events_tell_of_drills(story):
    events = story.redoubt.json("events", "--kind", "drill")["events"]

    assert [e["drill"] for e in events] == [story.passed["drill"], story.failed["drill"]]
    line = rf" drill +{story.failed['drill']['backup']}, RTO \S+, 2 findings +\S+ +failed"
    assert re.search(line, story.redoubt.run("events").out)


def test_an_earlier_receipt_is_shown_in_every_form(story, directory):
    assert story.redoubt.json("drill", "--show", id_of(story.passed)) == story.passed
    again = directory / "again.html"
    story.redoubt.run("drill", "--show", id_of(story.passed), "--receipt", again)
    assert again.read_text() == story.page.read_text()

    text = story.redoubt.run("drill", "--show", id_of(story.failed)).out
    assert text.startswith("FAILED: It failed at \"tables and their rows\": ")
    assert "rows of public.orders" in text

    unknown = story.redoubt.run("drill", "--show", "2020-01-01T00-00-00-0000", code=None)
    assert unknown.code != 0
    assert "there is no receipt of a drill" in unknown.err and "--history" in unknown.err


def test_a_receipt_that_was_touched_does_not_open(story):
    repository = story.redoubt.repository
    key = key_of(story.passed)
    body = repository.read(key)
    other = repository.read(key_of(story.failed))
    assert findings(story) == []

    # The header, the first byte of the content, the tag; cut short; another drill's.
    spoilt = [body[:at] + bytes([body[at] ^ 1]) + body[at + 1:] for at in (9, 96, len(body) - 1)]
    for bad in [*spoilt, body[:-1], other]:
        repository.write(key, bad)

        shown = story.redoubt.run("drill", "--show", id_of(story.passed), code=EXIT_DAMAGE)

        assert key in shown.err and shown.out == ""
        assert findings(story) == [("damage", "damaged", key)]
    repository.delete(key)
    assert findings(story) == [("damage", "missing", key)]
    repository.write(key, body)
    assert findings(story) == []


def test_without_encryption_a_forged_verdict_contradicts_the_log(directory, adopt):
    story = Story(directory, adopt, encryption="off")
    story.archive()
    receipt = story.drill()
    body = story.redoubt.repository.read(key_of(receipt))
    assert json.loads(body) == receipt

    story.redoubt.repository.write(key_of(receipt),
                                   body.replace(b'"verdict":"passed"', b'"verdict":"failed"'))

    assert findings(story) == [("damage", "damaged", key_of(receipt))]


def test_the_receipt_of_a_drill_that_was_killed_is_an_orphan(directory, adopt):
    story = Story(directory, adopt)
    story.archive()
    story.redoubt.run("drill", crash_at="drill: before the log tells of it")

    left, = story.receipts()
    assert findings(story) == [("information", "orphan", left)]
    assert story.redoubt.json("drill", "--history")["drills"] == []
    assert story.redoubt.run("drill", "--history").out.startswith("No drill was ever made.")


@pytest.fixture
def copied(story, directory):
    """The repository has a copy for a while."""
    story.redoubt.configure(repositories={"other": {"store": "file",
                                                    "path": str(directory / "other")}})
    story.redoubt.run("copy", "--to", "other", "--create")
    yield
    story.redoubt.configure(repositories=None)


def test_a_copy_has_the_receipts_too(story, copied):
    there = ["--repository", "other"]
    assert story.redoubt.json("drill", "--show", id_of(story.failed), *there) == story.failed
    assert (story.redoubt.json("drill", "--history", *there)
            == story.redoubt.json("drill", "--history"))
    assert story.redoubt.json("verify", *there)["findings"] == []


def test_receipts_stay_when_backups_expire(story):
    story.redoubt.configure(retention=AT_ONCE)
    newest = story.redoubt.backup("--full")
    story.archive()
    story.redoubt.run("expire")
    story.redoubt.run("expire")
    assert [b["id"] for b in story.redoubt.backups()] == [newest]

    assert story.receipts() == [key_of(story.passed), key_of(story.failed)]
    assert story.redoubt.json("drill", "--show", id_of(story.passed)) == story.passed
    story.redoubt.configure(retention=None)


class Page(HTMLParser):
    """Refuses what is not well nested, and whatever is fetched or run."""

    VOID = {"meta", "link", "img", "br", "hr", "input"}

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.open = []
        self.words = []
        self.tables = 0
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        assert tag not in {"script", "link", "img", "iframe", "object", "form", "base"}
        assert not {"src", "href", "onload", "style"} & dict(attributes).keys()
        self.tables += tag == "table"
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open and self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)


def test_the_page_is_whole_and_says_what_the_receipt_says(story, directory):
    page = Page(story.page.read_text())
    text = "".join(page.words)

    assert page.tables == 5
    for expected in (story.passed["drill"]["backup"], story.passed["server"],
                     story.passed["drill"]["target"], *drilling.LAYERS[5:6]):
        assert expected in text
    for check in story.passed["checks"]:
        assert check["name"] in text and check["expected"] in text and check["found"] in text


def test_what_was_found_is_text_and_no_markup(story, directory):
    failed = directory / "failed.html"
    story.redoubt.run("drill", "--show", id_of(story.failed), "--receipt", failed)

    assert "<b>" not in failed.read_text()
    assert "<b>bold</b> & | more" in "".join(Page(failed.read_text()).words)
    assert story.text.read_text().startswith("# FAILED: restore drill of main\n")
    assert r"\<b\>bold\</b\> \& \| more" in story.text.read_text()


def test_a_drill_of_a_copy_is_told_from_one_of_the_repository(story, copied):
    """The log has both, and only the latter is the repository's."""
    story.redoubt.configure(policy={"drill": "35d"})
    assert story.passed["drill"]["system_identifier"] == story.redoubt.backups()[0][
        "system_identifier"]
    assert "repository" not in story.passed["drill"]
    before = json.loads(story.redoubt.run("status", "--json", code=None).out)

    receipt = story.drill("--repository", "other")

    assert receipt["drill"]["repository"] == "other"
    history = story.redoubt.run("drill", "--history").out.splitlines()
    told, = [line for line in history if id_of(receipt) in line.split()]
    assert " in other " in told
    assert ", copy other, RTO " in story.redoubt.run("events", "--kind", "drill").out
    assert "the copy other" in story.redoubt.run("drill", "--show", id_of(receipt)).out
    after = json.loads(story.redoubt.run("status", "--json", code=None).out)
    drills = [next(i for i in report["items"] if i["name"] == "drill")
              for report in (before, after)]
    assert [d["state"] for d in drills] == ["critical", "critical"]
    assert drills[0]["meaning"] == drills[1]["meaning"]
    assert findings(story) == []
    story.redoubt.configure(policy=None)
