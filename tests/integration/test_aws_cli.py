"""What a user of the AWS CLI sees of credential-process. That it works: test_clients.py."""

import json
import pathlib
import shlex
import subprocess

import pytest
from support import pki
from support.process import ARNS, BINARY, ROLE_ARN, Emulator, environment

AWS = pathlib.Path("/usr/bin/aws")
pytestmark = pytest.mark.skipif(not AWS.exists(), reason="the AWS CLI is not installed")


def aws(directory, emulator, command_line, *arguments):
    config = directory / "config"
    config.write_text(f"[profile demo]\nregion = eu-west-1\ncredential_process = {command_line}\n")
    env = environment({"AWS_CONFIG_FILE": str(config), "HOME": str(directory),
                       "AWS_SHARED_CREDENTIALS_FILE": str(directory / "none"),
                       "AWS_EC2_METADATA_DISABLED": "true", "LC_ALL": "C.UTF-8"})
    return subprocess.run(
        [AWS, "--profile", "demo", "--endpoint-url", emulator.url, "--no-cli-pager", *arguments],
        env=env, capture_output=True, text=True, timeout=60, check=False)


def command(flags, emulator, *more):
    # A path with spaces needs double quotes; shlex's single ones do as well.
    return shlex.join([BINARY, "credential-process", *flags, *ARNS, "--endpoint", emulator.url,
                       *more])


def test_get_caller_identity(identity, tmp_path):
    directory = tmp_path / "with a space"
    directory.mkdir()
    leaf = identity.intermediate.issue("leaf", private_key=pki.key("rsa2048"), serial=0xABCDEF0123)
    flags = pki.write_identity(directory, leaf)
    with Emulator(identity.root_file) as emulator:
        done = aws(tmp_path, emulator, command(flags, emulator), "sts", "get-caller-identity")
    assert done.returncode == 0, done
    answer = json.loads(done.stdout)
    role = ROLE_ARN.rsplit("/", 1)[1]
    assert answer["Account"] == "111122223333"
    assert answer["Arn"].lower() == \
        f"arn:aws:sts::111122223333:assumed-role/{role}/abcdef0123".lower(), answer
    assert answer["UserId"].lower().endswith(":abcdef0123"), answer


def test_session_name(identity, tmp_path):
    with Emulator(identity.root_file, "--accept-role-session-name") as emulator:
        line = command(identity.flags, emulator, "--role-session-name", "web-1")
        done = aws(tmp_path, emulator, line, "sts", "get-caller-identity", "--query", "Arn",
                   "--output", "text")
    assert done.stdout.strip().endswith(":assumed-role/Example/web-1"), done


def test_what_the_user_of_the_cli_sees_of_an_error(identity, tmp_path):
    leaf = identity.intermediate.issue("leaf", usage=("key_encipherment",))
    with Emulator(identity.root_file) as emulator:
        line = command(pki.write_identity(tmp_path, leaf), emulator)
        done = aws(tmp_path, emulator, line, "sts", "get-caller-identity")
    assert done.returncode != 0 and done.stdout == "", done
    assert "rolecall: error: " in done.stderr and "digitalSignature" in done.stderr, done


def test_an_unquoted_space_is_an_error(identity, tmp_path):
    with Emulator(identity.root_file) as emulator:
        line = command(identity.flags, emulator) + " --certificate /no quotes/leaf.pem"
        done = aws(tmp_path, emulator, line, "sts", "get-caller-identity")
    assert done.returncode != 0 and "quotes/leaf.pem" in done.stderr, done
