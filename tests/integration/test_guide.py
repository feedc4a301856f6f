"""The pages of docs/guide: their shell blocks run in order, as if somebody pasted them, in one home
directory, with the offline endpoint in place of AWS. A block that cannot run here has a mark before
it ("**Needs an AWS account.**"). Other blocks are read by the parsers of their languages."""

import dataclasses
import json
import os
import pathlib
import re
import shutil
import subprocess
import xml.etree.ElementTree

import pytest
import yaml
from support.home import AWS, needs_aws
from support.process import BINARY, environment

ROOT = pathlib.Path(__file__).resolve().parents[2]
GUIDE = ROOT / "docs" / "guide"
PAGES = re.findall(r"\]\(([a-z-]+\.md)\) \|$", (GUIDE / "README.md").read_text(), re.M)
# Of each page: the shell blocks that run, and those that are marked. A page that changes changes them.
BLOCKS = {
    "concepts.md": (0, 0), "download.md": (1, 3), "first.md": (8, 1), "ca.md": (2, 8),
    "aws.md": (1, 2), "host.md": (8, 1), "static-key.md": (6, 6), "terraform.md": (1, 2),
    "spiffe.md": (0, 2), "kubernetes.md": (0, 4), "migrate.md": (0, 5), "clients.md": (0, 0),
    "fixed-addresses.md": (0, 3), "alarms.md": (1, 5),
    "egress.md": (0, 2), "leaked-key.md": (3, 6),
}
NEEDS = re.compile(r"\*\*Needs (an AWS account|a cluster|a container engine|step-ca|Vault|root"
                   r"|root and systemd|the internet|the build tools|your own values)\.\*\* ")


@dataclasses.dataclass
class Block:
    page: str
    language: str
    text: str
    before: str  # the paragraph before it

    @property
    def needs(self):
        found = NEEDS.match(self.before)
        return found and found[1]


def blocks(page):
    text = (GUIDE / page).read_text(encoding="utf-8")
    assert text.count("\n```") % 2 == 0, page
    return [Block(page, language, body,
                  re.sub(r"^#.*\n", "", before.strip().rsplit("\n\n", 1)[-1]))
            for before, language, body in re.findall(
                r"(.*?)^```([a-z]*)\n(.*?)^```$", text, re.S | re.M)]


ALL = [block for page in PAGES for block in blocks(page)]
SHELL = [block for block in ALL if block.language == "sh"]


def test_the_index_has_every_page():
    assert len(set(PAGES)) == len(PAGES)
    assert {*PAGES, "README.md"} == {page.name for page in GUIDE.glob("*.md")}
    assert "docs/guide/README.md" in (ROOT / "README.md").read_text()


def test_blocks_are_counted_and_marked():
    """A mark that is misspelt makes a block run, and a new block must be counted."""
    for block in ALL:
        assert block.language in ("sh", "yaml", "json", "hcl"), block
        assert bool(block.needs) == ("**Needs" in block.before), block
        assert not block.needs or block.language == "sh", block
    found = {page: (sum(b.page == page and not b.needs for b in SHELL),
                    sum(b.page == page and bool(b.needs) for b in SHELL)) for page in PAGES}
    assert found == BLOCKS


@pytest.mark.parametrize("page", [*PAGES, "README.md"])
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)]+)\)", (GUIDE / page).read_text(encoding="utf-8")):
        if target.startswith("https://"):
            continue
        name, _, anchor = target.partition("#")
        path = (GUIDE / name if name else GUIDE / page).resolve()
        assert path.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.*)", path.read_text(encoding="utf-8"), re.M)
            assert anchor in {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-")
                              for heading in headings}, target


def test_the_picture_is_small_and_well_formed():
    picture = GUIDE / "concepts.svg"
    assert xml.etree.ElementTree.parse(picture).getroot().tag.endswith("}svg")
    assert picture.stat().st_size < 4096


@pytest.mark.parametrize("block", [b for b in ALL if b.language != "sh"],
                         ids=lambda b: f"{b.page}-{b.language}")
def test_other_languages(block):
    if block.language == "json":
        assert json.loads(block.text)["Version"] == "2012-10-17"
    elif block.language == "yaml":
        assert all(isinstance(document, dict) for document in yaml.safe_load_all(block.text))
    else:
        terraform = shutil.which("terraform") or shutil.which("tofu")
        if terraform is None:
            pytest.skip("there is neither terraform nor tofu in PATH (nor in Debian)")
        done = subprocess.run([terraform, "fmt", "-check", "-diff", "-"], input=block.text, text=True,
                              capture_output=True, check=False, timeout=60,
                              env=environment({"PATH": os.environ["PATH"], "CHECKPOINT_DISABLE": "1"}))
        assert (done.returncode, done.stdout, done.stderr) == (0, "", ""), done


def test_yaml_agrees_with_the_examples():
    """What kubernetes.md shows of the files in packaging/container."""
    examples = ROOT / "packaging" / "container" / "kubernetes"
    certificate, sidecar, init = [yaml.safe_load(b.text) for b in blocks("kubernetes.md")
                                  if b.language == "yaml"]
    assert certificate == next(yaml.safe_load_all((examples / "certificate.yaml").read_text()))
    for shown, name in ((sidecar, "serve.yaml"), (init, "update.yaml")):
        spec = yaml.safe_load((examples / name).read_text())["spec"]
        for kind, containers in shown.items():
            for container, whole in zip(containers, spec[kind]):
                for key, value in container.items():
                    if isinstance(value, dict):
                        assert value.items() <= whole[key].items(), key
                    elif key == "env":
                        assert all(variable in whole[key] for variable in value), key
                    else:
                        assert value == whole[key], key


# --- the shell blocks

# A terminal in which first.md was read: its offline endpoint still runs.
OFFLINE = """
rolecall emulate --trust-anchor ~/pki/ca.pem --port 9000 >/dev/null &
export ROLECALL_ENDPOINT=http://127.0.0.1:9000 AWS_ENDPOINT_URL=http://127.0.0.1:9000
"""
# The AWS CLI of Debian 12 does not know AWS_ENDPOINT_URL yet.
CLI = f"""#!/bin/sh
exec {AWS} ${{AWS_ENDPOINT_URL:+--endpoint-url "$AWS_ENDPOINT_URL"}} "$@"
"""


class Terminal:
    """A home directory, and bash in a network of its own: every port is free, and nothing leaves."""

    def __init__(self, home):
        self.home, programs = home / "home", home / "bin"
        self.home.mkdir()
        programs.mkdir()
        (programs / "rolecall").symlink_to(BINARY)
        (programs / "aws").write_text(CLI)
        (programs / "aws").chmod(0o755)
        self.env = environment({
            "HOME": str(self.home), "PATH": f"{programs}:/usr/sbin:/usr/bin:/sbin:/bin",
            "LC_ALL": "C.UTF-8", "AWS_EC2_METADATA_DISABLED": "true", "AWS_PAGER": ""})
        self.user = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]

    def paste(self, page):
        """Runs the blocks of the page that are not marked. Returns what the terminal then shows."""
        lines = ["ip link set lo up", "trap 'kill $(jobs -p) 2>/dev/null || true' EXIT", "set -eo pipefail"]
        lines += [OFFLINE] if (self.home / "pki" / "app.pem").exists() else []
        for number, block in enumerate(b for b in SHELL if b.page == page and not b.needs):
            lines += [f": '--- block {number}'", "set -x", block.text, "{ set +x; } 2>/dev/null"]
        shown = self.home.parent / f"{page}.log"  # doctor finds keys in it
        with open(shown, "wb") as log:
            done = subprocess.run(
                ["unshare", *self.user, "--net", "bash", "-c", "\n".join(lines)], cwd=self.home,
                env=self.env, stdin=subprocess.DEVNULL, stdout=log, stderr=log, timeout=600, check=False)
        text = shown.read_text(encoding="utf-8", errors="backslashreplace")
        assert done.returncode == 0, f"{page}: exit {done.returncode}\n{text}"
        return text


@pytest.fixture(scope="module")
def shown(tmp_path_factory):
    """What each page shows, in the order of the index, which is that of a reader."""
    terminal = Terminal(tmp_path_factory.mktemp("guide"))
    texts = {page: terminal.paste(page) for page in PAGES if BLOCKS[page][0]}
    return terminal, texts


@needs_aws
def test_pages_work_when_they_are_pasted(shown):
    terminal, texts = shown
    role = "arn:aws:sts::123456789012:assumed-role/app/"
    assert texts["first.md"].count(role) >= 3 and "Fails:" not in texts["first.md"]
    assert texts["host.md"].count(role) >= 5
    assert "healthy: rolecall serve at http://127.0.0.1:9911 has credentials" in texts["host.md"]
    assert role in texts["static-key.md"]
    assert "AKIA…2222" in texts["static-key.md"] and "no static key found" in texts["static-key.md"]
    # The key is gone from the file, and so are the copies.
    assert "AKIA" not in (terminal.home / ".aws" / "credentials").read_text()
    assert not list((terminal.home / ".aws").glob("*.rolecall-backup-*"))
    assert "AWS_CONTAINER_CREDENTIALS_FULL_URI=http://127.0.0.1:" in texts["terraform.md"]
    assert "revoked" in texts["leaked-key.md"] and "refused, as it should be" in texts["leaked-key.md"]
    assert not any("rolecall: error" in text for page, text in texts.items() if page != "leaked-key.md")


# Runs each aws command against an endpoint that knows none of them. It exits with 252 for a command line
# that the real CLI refuses. `aws` prints a text then, for the variables of the lines that follow.
SYNTAX = """
aws() {
  command aws --endpoint-url http://127.0.0.1:9000 --region eu-central-1 "$@" >/dev/null 2>"$HOME/err" </dev/null ||
    (($? != 252)) || grep -q 'argument operation: Invalid choice' "$HOME/err" || {
      printf 'aws %s\\n' "$*"; cat "$HOME/err"; touch "$HOME/refused"; } >&2
  echo arn:aws:acm-pca:eu-central-1:123456789012:certificate-authority/11111111-1111-4111-8111-111111111111
}
rolecall() { echo '{}'; }
"""
AWS_BLOCKS = [block for block in SHELL if block.needs == "an AWS account"
              and re.search(r"^\w*=?\$?\(?aws ", block.text, re.M)]


@needs_aws
@pytest.mark.parametrize("page", sorted({block.page for block in AWS_BLOCKS}))
def test_marked_commands_are_those_of_the_aws_cli(page, tmp_path):
    """The CLI of Debian 12 is of 2023: an operation that it does not know yet is not checked."""
    terminal = Terminal(tmp_path)
    pki = terminal.home / "pki"
    pki.mkdir()
    for name in ("pki/ca.pem", "pki/app.csr", "ca.pem", "ca.csr", "crl.pem", "trust-policy.json",
                 "addresses.json", "app.yaml", "end-sessions.json"):
        (terminal.home / name).write_text("x")
    terminal.env.update(AWS_ACCESS_KEY_ID="AKIAIOSFODNN7EXAMPLE", AWS_SECRET_ACCESS_KEY="x" * 40,
                        AWS_MAX_ATTEMPTS="1")
    lines = ["ip link set lo up", "trap 'kill $(jobs -p) 2>/dev/null || true' EXIT",
             "python3 -m http.server 9000 --bind 127.0.0.1 >/dev/null 2>&1 &",
             "until (: </dev/tcp/127.0.0.1/9000) 2>/dev/null; do sleep 0.05; done",
             SYNTAX, *(block.text for block in AWS_BLOCKS if block.page == page), "[[ ! -e ~/refused ]]"]
    done = subprocess.run(["unshare", *terminal.user, "--net", "bash", "-c", "\n".join(lines)],
                          cwd=terminal.home, env=terminal.env, stdin=subprocess.DEVNULL, check=False,
                          capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, (done.stdout, done.stderr)
