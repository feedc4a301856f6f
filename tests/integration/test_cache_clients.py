"""What the cache is for: clients that start credential_process for each command."""

import json
import pathlib
import subprocess
import sys
import time

import pytest
from support.process import ARNS, BINARY, Emulator, environment

AWS = pathlib.Path("/usr/bin/aws")


class Profile:
    """An emulator that counts sessions, and a profile whose credential_process uses the cache."""

    def __init__(self, identity, directory, *more):
        self.identity, self.directory = identity, directory
        self.emulator = Emulator(identity.root_file, "--log", *more)

    def __enter__(self):
        self.emulator.__enter__()
        line = " ".join(map(str, [BINARY, "credential-process", *self.identity.flags, *ARNS,
                                  "--endpoint", self.emulator.url, "--cache"]))
        config = self.directory / "config"
        config.write_text(f"[profile p]\nregion = us-east-1\ncredential_process = {line}\n")
        self.env = environment({"XDG_RUNTIME_DIR": str(self.directory), "AWS_PROFILE": "p",
                                "AWS_CONFIG_FILE": str(config), "HOME": str(self.directory)})
        return self

    def __exit__(self, *arguments):
        self.emulator.__exit__(*arguments)

    def start(self, *command):
        return subprocess.Popen([*map(str, command)], env=self.env, stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def aws(self):
        return self.start(AWS, "sts", "get-caller-identity", "--endpoint-url", self.emulator.url,
                          "--output", "text", "--query", "Arn")

    @property
    def sessions(self):
        """After the end: how many the service was asked for."""
        return len([line for line in self.emulator.err.splitlines()
                    if json.loads(line)["path"] == "/sessions"])


def finish(process):
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    return out


@pytest.mark.skipif(not AWS.exists(), reason="the AWS CLI is not installed")
@pytest.mark.parametrize("commands, at_once", [(50, 1), (20, 20)], ids=["in-a-row", "at-once"])
def test_the_aws_cli_asks_once(identity, tmp_path, commands, at_once):
    with Profile(identity, tmp_path) as profile:
        begin = time.monotonic()
        for _ in range(commands // at_once):
            for process in [profile.aws() for _ in range(at_once)]:
                assert finish(process).startswith("arn:aws:sts::111122223333:assumed-role/Example/")
        took = time.monotonic() - begin
    print(f"\n{commands} commands, {at_once} at once: {took / commands * 1000:.0f} ms each, "
          f"{profile.sessions} CreateSession")
    assert profile.sessions == 1


BOTO3 = """
import boto3, json, sys, time
session = boto3.Session()
sts = session.client("sts", endpoint_url=sys.argv[1])
keys, end = [], time.monotonic() + float(sys.argv[2])
while time.monotonic() < end:
    assert ":assumed-role/Example/" in sts.get_caller_identity()["Arn"]
    keys.append(session.get_credentials().get_frozen_credentials().access_key)
    time.sleep(0.5)
print(json.dumps(list(dict.fromkeys(keys))))
"""


def most_sessions(seconds):
    """Of sessions of six seconds: each is used for its first half, of which rounding may take one."""
    return 1 + seconds / 2


def test_boto3_across_an_expiry(identity, tmp_path):
    """Sessions of six seconds, and a client that lives for fifteen: it starts us for each request,
    as there is always less left than it wants, and gets new ones past half their life."""
    pytest.importorskip("boto3", reason="boto3 is not installed")
    with Profile(identity, tmp_path, "--session-duration-max", "6") as profile:
        begin = time.monotonic()
        keys = json.loads(finish(profile.start(sys.executable, "-c", BOTO3, profile.emulator.url,
                                               15)))
        took = time.monotonic() - begin
    assert len(keys) >= 3
    # The cache is what keeps it from being one a request.
    assert profile.sessions <= most_sessions(took), (profile.sessions, took)


def test_clients_that_share_the_cache_share_renewals(identity, tmp_path):
    pytest.importorskip("boto3", reason="boto3 is not installed")
    with Profile(identity, tmp_path, "--session-duration-max", "6") as profile:
        begin = time.monotonic()
        together = [profile.start(sys.executable, "-c", BOTO3, profile.emulator.url, 10)
                    for _ in range(3)]
        keys = {key for process in together for key in json.loads(finish(process))}
        took = time.monotonic() - begin
    assert 2 <= len(keys) <= profile.sessions <= most_sessions(took), (keys, profile.sessions, took)
