"""The man pages: that packaging/man makes of docs/man what man(1) shows without a complaint, and
that every command has one."""

import pathlib
import re
import subprocess

import pytest
from support.process import environment, run

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGES = sorted((ROOT / "docs" / "man").glob("*.md"))
COMMANDS = re.findall(r"^  ([a-z-]+)  +\w", run("--help").out, re.MULTILINE)


def test_every_command_has_a_page():
    overview = (ROOT / "docs" / "man" / "rolecall.md").read_text(encoding="utf-8")
    assert {f"rolecall-{name}" for name in COMMANDS} <= {page.stem for page in PAGES}
    assert set(re.findall(r"^\| rolecall-([a-z-]+)\(1\)", overview, re.MULTILINE)) == set(COMMANDS)


ORDER = ["NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "ENVIRONMENT", "FILES", "EXIT STATUS",
         "EXAMPLES", "SEE ALSO"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_sections_are_in_the_usual_order(page):
    headings = re.findall(r"^## (.*)", page.read_text(encoding="utf-8"), re.MULTILINE)
    usual = [heading for heading in headings if heading in ORDER]
    assert usual == sorted(usual, key=ORDER.index)
    assert {"NAME", "DESCRIPTION", "EXAMPLES", "SEE ALSO"} <= set(usual)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_page(page, tmp_path):
    roff = subprocess.run([ROOT / "packaging" / "man", page, "1.2.3"], capture_output=True,
                          env=environment(), check=True, timeout=30).stdout
    file = tmp_path / f"{page.stem}.1"
    file.write_bytes(roff)
    shown = subprocess.run(["man", "--warnings", "-l", file], capture_output=True, text=True,
                           check=True, timeout=30,
                           env=environment({"MANWIDTH": "80", "LC_ALL": "C.UTF-8"}))
    assert shown.stderr == "", shown.stderr
    source = page.read_text(encoding="utf-8")
    for heading in re.findall(r"^##+ (.*)", source, re.MULTILINE):
        assert re.search(rf"^ *{re.escape(heading)}$", shown.stdout, re.MULTILINE), heading
    # Flags can be copied, no mark-up is left, and examples stand as they are.
    words = "".join(shown.stdout.split())
    for flag in re.findall(r"\*\*(--[a-z0-9-]+)\*\*", source):
        assert flag in words, flag
    assert "**" not in shown.stdout.replace("***", ""), shown.stdout
    for line in re.findall(r"^    (\S.*)", source, re.MULTILINE):
        assert line.replace(" ", "").replace("\u2026", "") in words.replace("\u2026", ""), line
    # What apropos reads.
    subprocess.run(["lexgrog", file], check=True, capture_output=True, timeout=30,
                   env=environment({"LC_ALL": "C.UTF-8"}))
