"""The counts in instructions.json, and whether a build still keeps to them.

Two figures a row. `all` is the whole process, since what makes a run slow is mostly what it has
others do: a library more, a key parsed twice, a file read. `own` is the program without its
libraries, since of sixty million instructions a doubling of its own would not be seen, and since a
point release of Debian does not change it.
"""
import json
import pathlib
import re
import shutil

from bench import callgrind, rows, table

FILE = pathlib.Path(__file__).with_name("instructions.json")
NAMES = ("version", "cache hit", "credential-process, RSA-2048", "credential-process, P-256",
         "update --once, P-256", "serve, one request")
BUNDLE_NAMES = (*NAMES[1:4], NAMES[5])
FIGURES = ("all", "own")
MAY_GROW = 0.10
SYSTEM = ("ID=debian", 'VERSION_ID="12"')
SANITIZER = re.compile(rb"__[aut]b?san_init|__ubsan_handle")


def skipped(binary):
    """Why the counts mean nothing here, or nothing."""
    release = pathlib.Path("/etc/os-release").read_text(encoding="utf-8").splitlines()
    if not set(SYSTEM) <= set(release):
        return "the counts are those of Debian 12's libraries, and this is another system"
    if SANITIZER.search(pathlib.Path(binary).read_bytes()):
        return "this is a sanitizer's build"
    return callgrind.missing()


def selected(scene, binary, bundle):
    def every(program):
        return [*rows.subcommands(scene, [program], True), rows.serving(scene, [program])]
    wanted = [row for row in every(binary) if row.name in NAMES]
    if bundle is not None:
        wanted += [row._replace(name=f"{row.name}, bundle")
                   for row in every(str(bundle)) if row.name in BUNDLE_NAMES]
    return wanted


def update(scene, binary, bundle):
    if why := skipped(binary):
        return f"bench: error: {why}"
    wanted = selected(scene, binary, bundle)
    counts = table.count_all(scene, wanted, 3)
    figures = {row.name: dict(zip(FIGURES, sorted(counted)[1]))
               for row, counted in zip(wanted, counts)}
    FILE.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    print(f"bench: wrote {FILE}")
    return 0


def check(scene, binary, bundle):
    """`bundle`: the portable program, or None if there is none to count."""
    if why := skipped(binary):
        print(f"bench: skipped: {why}")
        return 0
    if bundle is not None and bundle.stat().st_mtime < pathlib.Path(binary).stat().st_mtime:
        print("bench: the portable program is older than the other, and not counted")
        bundle = None
    elif bundle is None:
        print("bench: the portable program is not counted: packaging/bundle has not made it")
    committed = json.loads(FILE.read_text(encoding="utf-8"))
    wanted = selected(scene, binary, bundle)
    limits = {row.name: tuple(committed[row.name][what] * (1 + MAY_GROW) for what in FIGURES)
              for row in wanted}
    counts = [counted[0] for counted in table.count_all(scene, wanted, 1)]
    # Chance (a token that is asked for twice, a try that timed out) only ever adds.
    for i, row in enumerate(wanted):
        if any(found > limit for found, limit in zip(counts[i], limits[row.name])):
            counts[i] = min(counts[i], rows.count(scene, row, scene.profile_of(row)))
    grown, profiles = [], []
    kept = pathlib.Path(binary).parent / "bench"
    for row, counted in zip(wanted, counts):
        known = committed[row.name]
        for what, found in zip(FIGURES, counted):
            growth = found / known[what] - 1
            remark = ""
            if growth < -MAY_GROW:
                remark = "  less: scripts/bench --update-instructions keeps it so"
            if growth > MAY_GROW:
                remark = "  TOO MANY"
                grown.append(f"{row.name} ({what} {growth:+.0%})")
                kept.mkdir(exist_ok=True)
                profiles.append(shutil.copy(scene.profile_of(row), kept))
            print(f"{row.name:36} {what}: {found:12,}  committed {known[what]:12,}  {growth:+7.2%}"
                  + remark)
    if not grown:
        return 0
    return (f"bench: error: more instructions than in tests/bench/{FILE.name}: {', '.join(grown)}\n"
            f"hint: what calls what: callgrind_annotate --inclusive=yes {profiles[0]} | less\n"
            "compare with a build of the commit before: scripts/bench --check-instructions "
            "--rolecall PATH\n"
            "where it is worth it: scripts/bench --update-instructions, and commit the file")
