# SPDX-License-Identifier: PostgreSQL
"""The benchmark's report: one section of a Markdown file, made anew by each run."""

import os
import platform
import statistics
from datetime import date
from pathlib import Path

BEGIN = "<!-- begin: written by tests/bench/run -->"
END = "<!-- end: written by tests/bench/run -->"

INTRODUCTION = """# Benchmarks

What Redoubt costs beside pgBackRest, on one machine, with the same data. Make the
figures yourself with `tests/bench/run`; it needs Debian's `postgresql-15`, `pgbackrest`
and the S3 test server's packages, about 20 GB of disk, and no root.
"""

# Wall time as Redoubt / pgBackRest, not above.
TARGETS = {"backup": 0.80, "restore": 0.60, "push": 0.60, "get": 0.60, "incremental": 0.80}
MEMORY_MIB = 256

TITLES = {"backup": "Full backup", "restore": "Restore", "push": "archive-push",
          "get": "archive-get", "incremental": "Incremental backup"}


def median(costs, field):
    return statistics.median(getattr(c, field) for c in costs)


def section(facts, results):
    """facts: name -> text. results: (store, phase) -> tool name -> the costs of its rounds."""
    lines = [f"## Measured on {date.today().isoformat()}", ""]
    lines += [f"* {name}: {text}" for name, text in facts.items()]
    lines += ["", "Medians. Wall and processor time in seconds; processor time is user and system "
              "time of the tool's whole process tree, and beside it that of PostgreSQL's own "
              "processes meanwhile. Memory is the peak of the largest process, and in brackets the "
              "peak of all of the tool's processes together.", ""]
    for store in dict.fromkeys(store for store, _ in results):
        lines += [f"### Repository on {'S3' if store == 's3' else 'files'}", "",
                  "| Phase | Tool | Wall | CPU | Server's CPU | Memory, MiB | Wall, each round |",
                  "|---|---|---:|---:|---:|---:|---|"]
        for (where, phase), tools in results.items():
            if where == store:
                lines += [_row(phase, tool, costs) for tool, costs in tools.items()]
        lines.append("")
    lines += _changes(results)
    lines += _ratios(results)
    return "\n".join(lines)


def _changes(results):
    """What an incremental costs beside the full backup of the same run."""
    lines = ["### Incremental backups", "", "After an update of one order in 4000, which changes "
             "about one page in a hundred; each tool on top of its own backup of the turn before.",
             "", "| Repository | Tool | Wall | of a full backup's | Stored, MiB |",
             "|---|---|---:|---:|---:|"]
    for (store, phase), tools in results.items():
        if phase != "incremental":
            continue
        for tool, costs in tools.items():
            full = median(results[store, "backup"][tool], "wall")
            lines.append(f"| {store} | {tool} | {median(costs, 'wall'):.2f} "
                         f"| {median(costs, 'wall') / full:.2f} | {median(costs, 'stored'):.1f} |")
    return lines + [""]


def _row(phase, tool, costs):
    rounds = " ".join(f"{c.wall:.2f}" for c in costs)
    return (f"| {TITLES[phase]} | {tool} | {median(costs, 'wall'):.2f} "
            f"| {median(costs, 'cpu'):.2f} | {median(costs, 'server_cpu'):.2f} "
            f"| {median(costs, 'rss'):.0f} ({median(costs, 'rss_sum'):.0f}) | {rounds} |")


def _ratios(results):
    lines = ["### Redoubt / pgBackRest", "",
             "| Repository | Phase | Wall | Target | CPU | Memory of all processes | |",
             "|---|---|---:|---:|---:|---:|---|"]
    missed = []
    for (store, phase), tools in results.items():
        ours, theirs = tools["Redoubt"], tools["pgBackRest"]
        ratio = {f: median(ours, f) / max(median(theirs, f), 1e-9)
                 for f in ("wall", "cpu", "rss_sum")}
        reached = ratio["wall"] <= TARGETS[phase]
        if not reached:
            missed.append(f"{TITLES[phase]} on {store}: {ratio['wall']:.2f} instead of "
                          f"{TARGETS[phase]:.2f}")
        lines.append(f"| {store} | {TITLES[phase]} | {ratio['wall']:.2f} | {TARGETS[phase]:.2f} | "
                     f"{ratio['cpu']:.2f} | {ratio['rss_sum']:.2f} | "
                     f"{'reached' if reached else '**missed**'} |")
    peak = max(c.rss_sum for tools in results.values() for c in tools["Redoubt"])
    if peak > MEMORY_MIB:
        missed.append(f"peak memory: {peak:.0f} MiB instead of {MEMORY_MIB} MiB")
    lines += ["", f"Redoubt's highest peak of memory in any round: {peak:.0f} MiB "
              f"(target: at most {MEMORY_MIB} MiB)."]
    lines += ["", "Targets missed: " + "; ".join(missed) + "." if missed
              else "Every target was reached."]
    return lines


def machine():
    """What the figures were measured on."""
    model = next((line.partition(":")[2].strip()
                  for line in Path("/proc/cpuinfo").read_text().splitlines()
                  if line.startswith("model name")), platform.machine())
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{os.cpu_count()} x {model}, {memory:.0f} GiB of memory, Linux {platform.release()}"


def write(path, text):
    """Put the section into the file, in place of the one that was there."""
    path = Path(path)
    old = path.read_text() if path.exists() else INTRODUCTION
    new = f"{BEGIN}\n{text}\n{END}\n"
    if BEGIN in old and END in old:
        head, _, rest = old.partition(BEGIN)
        old = head + new + rest.partition(END)[2].lstrip("\n")
    else:
        old = old.rstrip("\n") + "\n\n" + new
    path.write_text(old)
