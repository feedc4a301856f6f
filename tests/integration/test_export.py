"""export: credentials for shells and files."""

import json
import shutil
import subprocess

import pytest
from support.process import ARNS, assert_credentials, environment, run

SHOW = ["/usr/bin/python3", "-c", "import json, os; print(json.dumps(dict(os.environ)))"]


def flags(identity, emulator, *more):
    return [*identity.flags, *ARNS, "--endpoint", emulator.url, *more]


def exported(identity, emulator, form, *more):
    result = run("export", *flags(identity, emulator, "--format", form, *more))
    assert result.code == 0 and result.err == "", result
    return result.out


VARIABLES = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN",
             "AWS_CREDENTIAL_EXPIRATION", "AWS_ACCOUNT_ID", "AWS_REGION", "AWS_DEFAULT_REGION"]


@pytest.mark.parametrize("shell", ["sh", "bash", "zsh", "dash"])
def test_posix_shells(identity, emulator, shell):
    if shutil.which(shell) is None:
        pytest.skip(f"there is no {shell} here")
    text = exported(identity, emulator, "env")
    done = subprocess.run([shell, "-c", 'eval "$1"; exec "$2" "$3" "$4"', "x", text, *SHOW],
                          env=environment(), capture_output=True, text=True, check=True)
    seen = json.loads(done.stdout)
    for name in VARIABLES:
        assert f"export {name}='{seen[name]}'\n" in text


def test_a_shell_loses_what_would_take_precedence(identity, emulator):
    """As a command under exec does."""
    before = {"AWS_PROFILE": "none-such", "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1/",
              "AWS_SECURITY_TOKEN": "old", "AWS_DEFAULT_REGION": "us-west-2",
              "EC2_ACCESS_KEY": "old", "EC2_SECRET_KEY": "old",
              "AWS_CREDENTIAL_PROFILES_FILE": "/nonexistent"}
    result = run("export", *flags(identity, emulator), env=before)
    done = subprocess.run(["sh", "-c", 'eval "$1"; exec "$2" "$3" "$4"', "x", result.out, *SHOW],
                          env=environment(before), capture_output=True, text=True, check=True)
    seen = json.loads(done.stdout)
    under_exec = json.loads(run("exec", *flags(identity, emulator), "--", *SHOW, env=before).out)
    assert not {"EC2_ACCESS_KEY", "EC2_SECRET_KEY", "AWS_CREDENTIAL_PROFILES_FILE"} & set(seen)
    assert set(seen) - {"PWD", "_", "SHLVL", "OLDPWD"} == set(under_exec)
    assert seen["AWS_REGION"] == seen["AWS_DEFAULT_REGION"] == "us-west-2"
    assert under_exec["AWS_REGION"] == under_exec["AWS_DEFAULT_REGION"] == "us-west-2"


def test_fish(identity, emulator, tmp_path):
    if shutil.which("fish") is None:
        pytest.skip("there is no fish here")
    text = exported(identity, emulator, "fish")
    done = subprocess.run(["fish", "-c", f"{text}\nenv"], env=environment({"HOME": str(tmp_path)}),
                          capture_output=True, text=True, check=True)
    for name in VARIABLES:
        assert f"\n{name}=" in "\n" + done.stdout


def test_json_ini_and_dotenv(identity, emulator, tmp_path):
    assert json.loads(exported(identity, emulator, "json"))["Version"] == 1
    path = tmp_path / "credentials"
    path.write_text(exported(identity, emulator, "ini", "--profile", "p"))
    done = subprocess.run(["/usr/bin/aws", "configure", "get", "aws_access_key_id", "--profile",
                           "p"], env=environment({"AWS_SHARED_CREDENTIALS_FILE": str(path)}),
                          capture_output=True, text=True, check=True)
    assert done.stdout.startswith("ASIA")
    lines = exported(identity, emulator, "dotenv").splitlines()
    assert [line.split("=", 1)[0] for line in lines] == VARIABLES
    assert not [line for line in lines if "'" in line or '"' in line]


def test_a_cache_serves_all_three(identity, emulator, tmp_path):
    env = {"XDG_RUNTIME_DIR": str(tmp_path)}
    more = ["--cache"]
    first = assert_credentials(run("credential-process", *flags(identity, emulator, *more),
                                   env=env))["AccessKeyId"]
    assert first in run("export", *flags(identity, emulator, *more), env=env).out
    seen = json.loads(run("exec", *flags(identity, emulator, *more), "--", *SHOW, env=env).out)
    assert seen["AWS_ACCESS_KEY_ID"] == first
