"""`configure` and the AWS CLI in a home directory of their own."""

import configparser
import json
import os
import pathlib
import shlex
import stat
import subprocess

import pytest

from support.process import ARNS, ROLE_ARN, environment, run
from support.users import NOBODY, as_root  # noqa: F401

AWS = pathlib.Path("/usr/bin/aws")
needs_aws = pytest.mark.skipif(not AWS.exists(), reason="the AWS CLI is not installed")
STATIC = "aws_access_key_id = AKIASTATIC\naws_secret_access_key = STATICSECRET\n"


class Home:
    """A home directory with AWS's two files, and the runs in it."""

    def __init__(self, path, identity, emulator):
        self.path, self.identity, self.emulator = path, identity, emulator
        self.config = path / ".aws" / "config"
        self.credentials = path / ".aws" / "credentials"

    @property
    def flags(self):
        return [*self.identity.flags, *ARNS, "--endpoint", self.emulator.url]

    def write(self, config=None, credentials=None):
        for path, text in ((self.config, config), (self.credentials, credentials)):
            if text is not None:
                path.parent.mkdir(exist_ok=True)
                path.write_bytes(text.encode())

    def configure(self, *more, profile="demo", flags=None, env=None, **options):
        return run("configure", "--profile", profile, *(self.flags if flags is None else flags),
                   *more, env={"HOME": str(self.path), **(env or {})}, **options)

    def aws(self, *arguments, env=None):
        """The role that the real AWS CLI acts in; else its error."""
        done = subprocess.run(
            [AWS, "--endpoint-url", self.emulator.url, "--region", "eu-west-1", "--no-cli-pager",
             *arguments, "sts", "get-caller-identity"],
            env=environment({"HOME": str(self.path), "AWS_EC2_METADATA_DISABLED": "true",
                             "LC_ALL": "C.UTF-8", **(env or {})}),
            capture_output=True, text=True, timeout=60, check=False)
        return json.loads(done.stdout)["Arn"] if done.returncode == 0 else done.stderr

    def command(self, profile="demo"):
        """The words that the AWS CLI makes of the profile's credential_process."""
        parser = configparser.RawConfigParser()
        parser.read_string(self.config.read_text("utf-8-sig"))
        section = profile if profile == "default" else "profile " + profile
        return shlex.split(parser[section]["credential_process"])


def assert_configured(result):
    assert result.code == 0 and not result.errors, result
    assert f":assumed-role/{ROLE_ARN.rsplit('/', 1)[1]}/" in result.out, result
    return result


def works(text):
    return ":assumed-role/" in text


def mode(path):
    return stat.S_IMODE(os.stat(path).st_mode)
