"""`update` and `configure` in a directory whose owner exchanges what is on its path, at every moment
of the run."""

import pathlib
import random
import signal
import subprocess
import sys

import pytest

from support.process import ARNS, BINARY, environment, run
from support.users import (ATTACKER, VICTIM, as_root, become, directory_of, file_of, identity_of,
                           link_of, reachable_directory)

ROUNDS = 1000
EXCHANGE = pathlib.Path(__file__).resolve().parents[1] / "support" / "exchange.py"
PRECIOUS = "[default]\nprecious = yes\n"


def identity_and_content(path):
    info = path.stat()
    return (info.st_ino, info.st_mode, info.st_nlink, info.st_uid, info.st_mtime_ns,
            path.read_text())


class Attacker:
    """Takes one round each time: exchanges a pair at an event, and puts it back when told."""

    def __init__(self, directory, watched):
        self.process = subprocess.Popen(
            [*become(ATTACKER), sys.executable, "-S", "-c", EXCHANGE.read_text(), str(watched)],
            cwd=directory, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout.readline() == "ready\n"

    def say(self, text):
        self.process.stdin.write(text + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().strip()

    def end(self):
        self.process.stdin.close()
        assert self.process.wait(timeout=30) == 0
        self.process.stdout.close()


class Renewing:
    """`update` as a service; each SIGHUP is a renewal."""

    def __init__(self, user, flags, server, path):
        self.process = subprocess.Popen(
            [*(become(user) if user else ()), BINARY, "update", "--debug", *flags, *ARNS,
             "--endpoint", server.url],
            env=environment({"AWS_SHARED_CREDENTIALS_FILE": str(path)}), stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        assert self.result() == "wrote"

    def result(self):
        """Of one renewal: whether it wrote the file or failed."""
        for line in self.process.stderr:
            if "rolecall: debug: " in line and "wrote the credentials" in line:
                return "wrote"
            if "renewal failed: " in line:
                return "failed"
        raise AssertionError(f"it ended with {self.process.wait()}")

    def renew(self):
        self.process.send_signal(signal.SIGHUP)
        return self.result()

    def end(self):
        self.process.terminate()
        assert self.process.wait(timeout=30) == 0
        self.process.stderr.close()


@as_root
@pytest.mark.parametrize("user", [0, VICTIM], ids=["root", "user"])
def test_nothing_elsewhere_changes(identity, emulator, user):
    """The file is the attacker's where root runs it, else the user's, in the attacker's directory."""
    dice = random.Random(1)
    counts = {"done": 0, "missed": 0, "wrote": 0, "failed": 0}
    with reachable_directory() as base:
        flags = identity_of(user, identity, base)
        victim = directory_of(user, base / "victim")
        precious = file_of(user, victim / "credentials", PRECIOUS, 0o644)
        evil = directory_of(ATTACKER, base / "evil")
        aws = directory_of(ATTACKER, evil / "aws", 0o777)
        file_of(user or ATTACKER, aws / "credentials", "[default]\nx = evil\n")
        link_of(ATTACKER, evil / "link", victim)
        link_of(ATTACKER, aws / "link", precious)
        attacker = Attacker(evil, aws)
        service = Renewing(user, flags, emulator, aws / "credentials")
        before = identity_and_content(precious)
        try:
            for number in range(ROUNDS):
                pair = "aws link" if number % 2 else "aws/credentials aws/link"
                assert attacker.say(f"{dice.randint(1, 16)} {pair}") == "armed"
                counts[service.renew()] += 1
                counts[attacker.say("back")] += 1
                assert identity_and_content(precious) == before, (number, counts)
                assert [p.name for p in victim.iterdir()] == ["credentials"], (number, counts)
        finally:
            service.end()
            attacker.end()
    print(f"{ROUNDS} rounds: {counts}")
    # The race was run, and the program was not just stopped by it.
    assert counts["done"] > ROUNDS / 4 and counts["wrote"] > ROUNDS / 10, counts


@as_root
@pytest.mark.parametrize("user", [0, VICTIM], ids=["root", "user"])
def test_configure_changes_nothing_elsewhere(identity, emulator, user):
    """It writes the config file, and takes static keys out of the credentials file."""
    dice = random.Random(2)
    keys = "[demo]\naws_access_key_id = EVIL\naws_secret_access_key = EVIL\n"
    counts = {"done": 0, "missed": 0, 0: 0}
    with reachable_directory() as base:
        flags = [*identity_of(user, identity, base), *ARNS, "--endpoint", emulator.url]
        victim = directory_of(user, base / "victim")
        precious = [file_of(user, victim / name, PRECIOUS + keys) for name in ("config", "credentials")]
        evil = directory_of(ATTACKER, base / "evil")
        aws = directory_of(ATTACKER, evil / ".aws", 0o777)
        link_of(ATTACKER, evil / "link", victim)
        for path in precious:
            link_of(ATTACKER, aws / f"link-{path.name}", path)
        before = [identity_and_content(path) for path in precious]
        attacker = Attacker(evil, aws)
        try:
            for number in range(90):
                for name in ("config", "credentials"):
                    (aws / name).unlink(missing_ok=True)
                    file_of(user or ATTACKER, aws / name, "[default]\n" + keys)
                pair = (".aws link", ".aws/config .aws/link-config",
                        ".aws/credentials .aws/link-credentials")[number % 3]
                assert attacker.say(f"{dice.randint(1, 40)} {pair}") == "armed"
                result = run("configure", "--profile", "demo", "--remove-static-keys", *flags,
                             prefix=become(user) if user else (), env={"HOME": str(evil)})
                counts[result.code] = counts.get(result.code, 0) + 1
                counts[attacker.say("back")] += 1
                assert [identity_and_content(path) for path in precious] == before, (number, result)
                assert len(list(victim.iterdir())) == 2, (number, result)
        finally:
            attacker.end()
    print(f"90 rounds: {counts}")
    assert counts["done"] > 30 and counts[0] > 10, counts


@as_root
@pytest.mark.parametrize("command", ["update", "configure"])
def test_root_gives_its_bytes_to_nobody(identity, emulator, command):
    """In a directory of root's that everybody can write, another user exchanges root's file, which
    has a long-term key, for one of his own."""
    key = "[demo]\naws_access_key_id = AKIAROOT\naws_secret_access_key = the-key-of-root\n"
    counts = {"done": 0, "missed": 0}
    with reachable_directory() as base:
        flags = [*identity_of(0, identity, base), *ARNS, "--endpoint", emulator.url]
        aws = directory_of(0, base / ".aws", 0o777)
        attacker = Attacker(base, aws)
        words = {"update": ("update", "--once", "--profile", "demo"),
                 "configure": ("configure", "--profile", "demo", "--remove-static-keys")}[command]
        try:
            for number in range(80):
                for path in aws.iterdir():
                    path.unlink()
                file_of(0, aws / "credentials", key)
                file_of(ATTACKER, aws / "bait", "[default]\nx = 1\n")
                pair = ".aws/credentials .aws/bait"
                assert attacker.say(f"{number % 40 + 1} {pair}") == "armed"
                result = run(*words, *flags, env={"HOME": str(base)})
                given = [path.name for path in aws.iterdir() if path.stat().st_uid == ATTACKER
                         and "the-key-of-root" in path.read_text()]
                assert not given, (number, given, result)
                counts[attacker.say("back")] += 1
        finally:
            attacker.end()
    print(f"80 rounds: {counts}")
    assert counts["done"] > 20, counts
