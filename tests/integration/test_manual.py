# SPDX-License-Identifier: PostgreSQL
"""The manual pages that are built with the program: readable for man, and saying what
the program says and does."""

import os
import re
import shlex
from pathlib import Path

import pytest
import yaml

from support import process
from support.redoubt import binary

ROOT = Path(__file__).resolve().parents[2]
BUILD = binary().parent
PAGES = sorted((BUILD / "man").glob("man[157]/*"))
WIDTH = 80

# What stands for itself in a page's text; see groff_char(7).
ESCAPES = {r"\-": "-", r"\(aq": "'", r"\(dq": '"', r"\(ga": "`", r"\(ha": "^", r"\(ti": "~",
           r"\(rs": "\\", r"\&": "", r"\fB": "", r"\fI": "", r"\fR": ""}

# Neither right nor read any further: the command line was, when this is what is wrong.
BROKEN = "oops: 1\n"
LINE_WAS_RIGHT = 'unknown key "oops"'
CONFIGURATION_WAS_RIGHT = 'there is no repository "no-such"'


def plain(roff):
    return re.sub(r"\\(?:-|&|\(..|f[BIR])", lambda found: ESCAPES[found[0]], roff)


class Page:
    """A page's source, taken apart."""

    def __init__(self, path):
        self.name = path.stem
        self.roff = path.read_text(encoding="ascii")
        headings = re.split(r'^\.SH "(.*)"\n', self.roff, flags=re.M)[1:]
        self.sections = dict(zip(headings[::2], headings[1::2]))

    def labelled(self, section):
        """What has a label there: {label: text}."""
        found = re.findall(r"^\.TP\n(.*)\n(.*)\n", self.sections.get(section, ""), flags=re.M)
        return {plain(label): plain(text) for label, text in found}

    def examples(self):
        blocks = re.findall(r"^\.EX\n(.*?)^\.EE\n", self.roff, flags=re.M | re.S)
        return plain("".join(blocks))

    def command_lines(self):
        """The examples, each on a line of its own."""
        lines = self.examples().replace("\\\n", "").split("\n")
        return [line for line in lines if "redoubt " in line]


def page(name, section=1):
    return Page(BUILD / f"man/man{section}" / f"{name}.{section}")


def help_of(command):
    """The blocks of the program's own help: {title: {label: text}}."""
    out = process.run([binary(), command, "--help"]).out
    blocks, title, label = {}, None, None
    for line in out.splitlines():
        if re.fullmatch(r"[A-Z][a-z ]+:", line):
            title = line[:-1]
            blocks[title] = {}
        row = re.fullmatch(r"  (\S+(?: \S+)*?)(?:  +(.*))?", line)
        if title and row:
            label = row[1]
            blocks[title][label] = row[2] or ""
        elif title and re.match(r" {5,}\S", line):
            blocks[title][label] = f"{blocks[title][label]} {line.strip()}".strip()
    return blocks


COMMANDS = re.findall(r"^  ([a-z][a-z-]*)  ", process.run([binary(), "--help"]).out, flags=re.M)
every_command = pytest.mark.parametrize("command", COMMANDS)
every_page = pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)


def rendered(path):
    """As a terminal of 80 columns shows it."""
    return process.run(["man", "-l", path], env={**os.environ, "MANWIDTH": str(WIDTH),
                                                 "LC_ALL": "C.UTF-8"}).out


def test_each_command_has_its_page_and_the_others_are_there():
    assert [path.name for path in PAGES] == sorted(
        ["redoubt.1", *(f"redoubt-{command}.1" for command in COMMANDS)]) + [
            "redoubt.yaml.5", "redoubt-repository.7"]


@every_command
def test_a_page_has_the_options_arguments_and_exit_codes_of_the_help(command):
    told, written = help_of(command), page(f"redoubt-{command}")

    assert written.labelled("OPTIONS") == {**told.get("Options", {}),
                                           **told["Options of every command"]}
    assert written.labelled("EXIT STATUS") == told["Exit codes"]
    assert written.labelled("DESCRIPTION") == told.get("Arguments", {})


def test_the_overview_has_every_command_and_the_options_of_all():
    out, written = help_of("help"), page("redoubt")

    assert written.labelled("OPTIONS") == out["Options of every command"]
    assert set(written.labelled("COMMANDS")) == {f"redoubt-{command}(1)" for command in COMMANDS}


@every_page
def test_groff_finds_nothing_wrong(path):
    assert groff(path) == ""


def groff(path):
    return process.run(["groff", "-t", "-man", "-ww", "-z", "-Tutf8", path]).err


def test_a_mistake_in_a_page_would_be_found(directory):
    wrong = directory / "wrong.1"
    wrong.write_text((BUILD / "man/man1/redoubt.1").read_text().replace(".SH", ".SHH", 1))

    assert "SHH" in groff(wrong)


@every_page
def test_apropos_can_read_the_name_and_what_it_is(path):
    out = process.run(["lexgrog", path]).out

    assert re.fullmatch(rf'{path}: "{re.escape(path.stem)} - [^"]{{10,80}}"\n', out)


@every_page
def test_a_page_fits_a_terminal_and_breaks_no_word(path):
    text = rendered(path)

    # Only what is to be copied, and cannot be broken, may be wider.
    wide = [line for line in text.splitlines() if len(line) > WIDTH]
    assert {line.strip() for line in wide} <= \
        {line.strip() for line in Page(path).examples().splitlines()}
    assert "\N{HYPHEN}" not in text and "\\" not in re.sub(r"\\0| \\$", "", text, flags=re.M)


@every_page
def test_every_page_that_a_page_refers_to_is_there_or_not_ours(path):
    references = set(re.findall(r"(redoubt[a-z.-]*)\((\d)\)", plain(path.read_text())))

    assert references
    assert references <= {(p.stem, p.suffix[1:]) for p in PAGES}


def programs(line):
    """The calls of the program in a shell's line, as lists of words."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    words = list(lexer)
    for index, word in enumerate(words):
        if word == "redoubt" or word.endswith("/redoubt"):
            ends = [i for i, w in enumerate(words) if i > index and
                    re.fullmatch(r"[&|;()<>]+", w)]
            yield words[index + 1:min(ends, default=len(words))]
        elif "redoubt " in word:
            yield from programs(word)


def answer(words, directory):
    """What the program says to a line when nothing else is right."""
    broken = directory / "broken.yaml"
    broken.write_text(BROKEN)
    words = [str(broken) if before == "-c" else word for before, word in zip(["", *words], words)]
    if "-c" not in words:
        words = ["-c", str(broken), *words]
    return process.run([binary(), *words], check=False, cwd=directory).err


@pytest.mark.parametrize("name", ["redoubt", *(f"redoubt-{command}" for command in COMMANDS)])
def test_each_example_is_a_line_that_the_program_takes(name, directory):
    lines = page(name).command_lines()

    assert lines
    for line in lines:
        calls = list(programs(line))
        assert calls, line
        for words in calls:
            err = answer(words, directory)
            assert LINE_WAS_RIGHT in err or err == "", f"{line}: {err}"


def test_an_example_that_is_wrong_would_be_found(directory):
    assert LINE_WAS_RIGHT not in answer(["backup", "--no-such"], directory)
    assert LINE_WAS_RIGHT not in answer(["archive-push"], directory)
    assert [["a", "-b"], ["c", "$"], ["d", "e f"]] == list(
        programs("redoubt a -b && redoubt c $(/usr/bin/redoubt d 'e f' | jq .)"))


# redoubt.yaml(5)

def examples():
    text = (ROOT / "docs/man/redoubt.yaml.5.md").read_text()
    return re.findall(r"^```\n(.*?)^```\n", text, flags=re.M | re.S)


def judgement(text, directory):
    """What is wrong with a configuration."""
    path = directory / "redoubt.yaml"
    path.write_text(text)
    return process.run([binary(), "list", "-c", path, "--repository", "no-such"],
                       check=False).err


def keys():
    """Those of the page, each with all that it is in."""
    return [label.split(":")[0] for label in page("redoubt.yaml", 5).labelled("KEYS")]


def place_of(key, configuration):
    """The mapping that the key is in, and its last word; what lacks is made."""
    *path, last = key.split(".")
    at = configuration
    for word in path:
        if word == "NAME":
            at = at["offsite"]
        elif word.endswith("[]"):
            at = next(item for item in at[word.removesuffix("[]")] if isinstance(item, dict))
        else:
            at = at.setdefault(word, {})
    return at, last


@pytest.mark.parametrize("number", range(len(examples())))
def test_an_example_configuration_is_right(number, directory):
    assert CONFIGURATION_WAS_RIGHT in judgement(examples()[number], directory)


def full_configuration():
    """The example that says nearly everything, with mappings where a key may be one."""
    made = yaml.safe_load(examples()[-1])
    made["checks"] = made["checks"][0]
    made["policy"]["backup"] = {"warn": "26h"}
    return made


@pytest.mark.parametrize("key", keys())
def test_a_documented_key_is_known_where_it_is_documented(key, directory):
    known, unknown = full_configuration(), full_configuration()
    at, last = place_of(key, known)
    at.setdefault(last, "x")
    at, _ = place_of(key, unknown)
    at[f"{last}-oops"] = "x"

    assert "unknown key" not in judgement(yaml.safe_dump(known), directory)
    assert f'unknown key "{last}-oops"' in judgement(yaml.safe_dump(unknown), directory)


def test_every_table_of_keys_hangs_on_another_so_that_the_page_has_it():
    sources = "".join(path.read_text() for path in sorted((ROOT / "config").glob("*.c")))
    tables = set(re.findall(r"^(?:static )?const struct schema_field (\w+)\[\] =", sources, re.M))

    assert len(tables) > 8
    for table in tables - {"config_fields"}:
        assert re.search(rf"\.fields = {table}\b", sources), table


def test_every_variable_that_is_read_is_listed():
    folders = [path for path in ROOT.iterdir() if path.is_dir() and path.name not in
               {"tests", "build", "docs"} and not path.name.startswith(".")]
    sources = "".join(path.read_text() for folder in folders for path in folder.glob("*.c"))
    variables = set(re.findall(r'getenv\("(\w+)"\)', sources)) | set(
        re.findall(r'"(AWS_[A-Z_0-9]+)"', sources))

    assert "AWS_ACCESS_KEY_ID" in variables and "TMPDIR" in variables
    written = plain(page("redoubt").sections["ENVIRONMENT"])
    assert {name for name in variables if not re.search(rf"\b{name}\b", written)} == set()


# The build

def test_pages_are_the_same_whenever_and_wherever_they_are_made(directory):
    for section in (1, 5, 7):
        (directory / f"man{section}").mkdir()
    process.run([BUILD / "manual/make_manual", ROOT / "docs", directory],
                env={"LC_ALL": "C", "TZ": "Asia/Tokyo"})

    for path in PAGES:
        assert (directory / path.parent.name / path.name).read_bytes() == path.read_bytes()


def test_installed_pages_are_found_by_man(directory):
    process.run(["cmake", f"-DCMAKE_INSTALL_PREFIX={directory}", "-P",
                 BUILD / "manual/cmake_install.cmake"])
    manual = directory / "share/man"

    found = process.run(["man", "-M", manual, "-w", "redoubt", "redoubt-backup", "redoubt.yaml",
                         "redoubt-repository"]).out.split()
    assert found == [str(manual / name) for name in ("man1/redoubt.1", "man1/redoubt-backup.1",
                                                     "man5/redoubt.yaml.5",
                                                     "man7/redoubt-repository.7")]
