"""rolecall env: where the token is if no directory is there for it, and which variables it prints."""

import pathlib
import subprocess

import pytest
from support.process import ARNS, BINARY, assert_fails, environment, run
from support.serve import Serve
from test_env import env, token_directory  # noqa: F401  (a fixture)

TOKEN = "AWS_CONTAINER_AUTHORIZATION_TOKEN"
README = pathlib.Path(__file__).resolve().parents[2] / "README.md"


def test_one_token_directory_on_both_is_enough(identity, emulator, tmp_path):
    """As under cron, where no directory is made for the run. The README tells how."""
    text = README.read_text(encoding="utf-8").split("\n## Serve a whole machine\n")[1].split("\n## ")[0]
    assert "XDG_RUNTIME_DIR" in text and "--token-dir ~/.rolecall" in text, text
    script = ('"$1" serve --token-dir ~/.rolecall "${@:2}" --port 0 & '
              'eval "$("$1" env --token-dir ~/.rolecall --wait 30)"; '
              f'curl -s -H "Authorization: ${TOKEN}" "$AWS_CONTAINER_CREDENTIALS_FULL_URI"; '
              'kill $!; wait $!')
    done = subprocess.run(
        ["/bin/bash", "-c", script, "bash", BINARY, *map(str, identity.flags), *ARNS, "--endpoint",
         emulator.url], env=environment({"HOME": str(tmp_path), "XDG_RUNTIME_DIR": ""}),
        capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0 and '"AccessKeyId"' in done.stdout, done


def test_without_a_directory_both_name_the_option(identity, emulator, tmp_path):
    assert_fails(run("env", "--wait", 30, env={"XDG_RUNTIME_DIR": ""}), 2, "XDG_RUNTIME_DIR",
                 "rolecall serve and rolecall env the same directory with --token-dir")
    with Serve(tmp_path, server=emulator, flags=identity.flags,
               env={"XDG_RUNTIME_DIR": ""}) as running:
        assert "--token-dir" in running.events("the container endpoint is off")[0]["reason"]


@pytest.mark.parametrize("form", ["shell", "systemd"])
@pytest.mark.parametrize("only_file", [False, True])
def test_which_of_the_two_tokens_is_printed(tokens, form, only_file):
    done = env(tokens, "--format", form, *(["--token-file"] if only_file else []))
    lines = [line.removeprefix("export ") for line in done.out.splitlines()]
    with_file = any(line.startswith(f"{TOKEN}_FILE=") for line in lines)
    assert any(line.startswith(f"{TOKEN}=") for line in lines) == (not only_file), done
    # A unit's user may not be able to read the file, and SDKs prefer it to the token.
    assert with_file == (only_file or form == "shell"), done
    # A shell may have an older token.
    assert (f"unset {TOKEN}" in lines) == (only_file and form == "shell"), done
