"""The table of scripts/bench: measures all rows and prints them."""
import concurrent.futures
import os
import re
import statistics
import subprocess
import sys

from bench import callgrind, rows
from bench.load import Server

COUNTS = 3
HEAD = (f"{'':58}{'wall time, ms':^26}{'CPU, ms':>9}{'peak, MiB':>11}   "
        f"{'instructions':>13}{'spread':>9}{'its own':>12}\n"
        f"{'':58}{'median':>8}{'min':>8}{'p90':>8}{'median':>11}{'largest':>11}")
LOAD_HEAD = (f"\n{'':58}{'requests/s':>12}{'p99, ms':>10}{'CPU, us':>10}{'peak, MiB':>11}   "
             f"{'instructions':>13}")


def show(scene, helpers, against, wanted, quick):
    progress("measuring")
    runs = 10 if quick else 50
    labelled = [("", row) for row in rows.limits(scene)]
    for name, helper in helpers:
        labelled += [(name, row) for row in rows.subcommands(scene, helper, True)]
    if against:
        labelled += [("against", row) for row in rows.subcommands(scene, against, False)]
    labelled = [(label, row) for label, row in labelled if wanted.search(row.name)]
    if not labelled and not wanted.search("serve, 64 connections"):
        sys.exit(f"bench: error: no row's name fits {wanted.pattern}")
    results = rows.measure(scene, [row for _, row in labelled], runs)
    why_not = callgrind.missing()
    if not why_not:
        progress("counting instructions")
        # Another helper may be a script, or start others: what is counted would not be its work.
        of = [(row, figures) for (label, row), figures in zip(labelled, results)
              if label != "against" and getattr(row, "at_once", 1) == 1]
        counts = count_all(scene, [row for row, _ in of], 1 if quick else COUNTS)
        for (_, figures), counted in zip(of, counts):
            figures.instructions = counted

    print(f"{machine()}; {runs} runs of each row" + (f"; no instructions: {why_not}" if why_not
                                                     else ""))
    print(HEAD)
    for (label, row), figures in zip(labelled, results):
        print(line(f"{row.name:48} {label:9}", figures), flush=True)
    loads = show_loads(scene, helpers, against, wanted, quick, not why_not)
    if against:
        show_ratios(labelled, results, loads)


def line(head, figures):
    wall = sorted(figures.wall)
    text = (f"{head}{statistics.median(wall):8.3f}{wall[0]:8.3f}{wall[len(wall) * 9 // 10]:8.3f}"
            f"{statistics.median(figures.cpu):11.3f}")
    text += f"{max(figures.peak):11.1f}" if figures.peak else " " * 11
    if figures.instructions:
        everything, own = zip(*figures.instructions)
        middle = statistics.median(everything)
        text += (f"   {middle:13,.0f}{(max(everything) - min(everything)) / middle:9.2%}"
                 f"{statistics.median(own):12,.0f}")
    return text.rstrip()


def count_all(scene, wanted, times):
    """[[(all, own)…]] of each row; rows side by side, as counts do not mind."""
    def of(row):
        return [rows.count(scene, row, scene.profile_of(row)) for _ in range(times)]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(of, wanted))


def show_loads(scene, helpers, against, wanted, quick, count):
    """{label: Load of the first minutes}"""
    all_helpers = helpers + ([("against", against)] if against else [])
    if not wanted.search("serve, 64 connections"):
        return {}
    print(LOAD_HEAD)
    seconds, found = 2 if quick else 15, {}
    with Server([scene.tool("bare_server")], scene.environment()) as bare:
        print(load_line("bare libmicrohttpd, one epoll thread", "", bare.load("none", seconds)),
              flush=True)
    for label, helper in all_helpers:
        row = rows.serving(scene, helper)
        with Server(row.command, scene.environment()) as server:
            token = server.token_with_credentials()
            found[label] = server.load(token, seconds)
            counted = (rows.count(scene, row, scene.profile_of(row))
                       if count and label != "against" else None)
            print(load_line("serve, 64 connections", label, found[label], counted), flush=True)
            if not quick and label != "against":
                show_endurance(server, label, token, seconds, found[label].requests)
    return found


def show_endurance(server, label, token, seconds, done):
    while done < 1_000_000:
        done += server.load(token, 5).requests
    print(load_line("  after 1,000,000 requests", label, server.load(token, seconds)), flush=True)
    connection = server.connection()
    for _ in range(10_000):
        token = server.token(connection)
    connection.close()
    print(load_line("  after 10,000 tokens", label, server.load(token, seconds)), flush=True)


def load_line(name, label, load, counted=None):
    return (f"{name:48} {label:9}{load.rate:12,.0f}{load.p99:10.2f}{load.cpu:10.2f}"
            f"{load.peak:11.1f}"
            + (f"   {counted[0]:13,}" if counted else "")
            + (f"   {load.bad} BAD ANSWERS" if load.bad else ""))


def show_ratios(labelled, results, loads):
    """What of the other helper's figures the others take."""
    other = {row.name: figures for (label, row), figures in zip(labelled, results)
             if label == "against"}
    print(f"\n{'of what the other helper takes':58}{'wall':>8}{'CPU':>8}{'peak':>8}")
    for (label, row), mine in zip(labelled, results):
        if label == "against" or row.name not in other:
            continue
        its = other[row.name]
        ratios = [statistics.median(getattr(mine, what)) / statistics.median(getattr(its, what))
                  for what in ("wall", "cpu", "peak")]
        print(f"{row.name:48} {label:9}" + "".join(f"{ratio:8.2f}" for ratio in ratios))
    for label, load in loads.items():
        if label != "against":
            its = loads["against"]
            print(f"{'serve: requests/s, p99, CPU a request, peak':48} {label:9}"
                  f"{load.rate / its.rate:8.2f}{load.p99 / its.p99:8.2f}{load.cpu / its.cpu:8.2f}"
                  f"{load.peak / its.peak:8.2f}")


def machine():
    model = re.search(r"model name\s*: (.*)", open("/proc/cpuinfo", encoding="utf-8").read())
    version = subprocess.run(["openssl", "version"], capture_output=True, text=True,
                             check=False).stdout.split(" ")[:2]
    load = os.getloadavg()[0]
    return (f"{model[1] if model else 'unknown processor'}, {os.cpu_count()} processors, load "
            f"{load:.1f}; {' '.join(version)}")


def progress(text):
    if sys.stderr.isatty():
        print(f"bench: {text}", file=sys.stderr)
