"""exec: a command with credentials in its environment."""

import json
import os
import pathlib
import signal
import subprocess
import time

import pytest
from support.process import ARNS, BINARY, environment, run

# AddressSanitizer would take them away before we are there.
CORE_DUMPS = {"ASAN_OPTIONS": "disable_coredump=0"}
SHOW = ["/usr/bin/python3", "-c", "import json, os; print(json.dumps(dict(os.environ)))"]


def flags(identity, emulator, *more):
    return [*identity.flags, *ARNS, "--endpoint", emulator.url, *more]


def execute(identity, emulator, *command, more=(), **options):
    return run("exec", *flags(identity, emulator, *more), "--", *command, **options)


def test_the_environment_of_the_command(identity, emulator):
    gone = {name: "old" for name in (
        "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN",
        "AWS_CREDENTIAL_EXPIRATION", "AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_ROLE_ARN",
        "AWS_ROLE_SESSION_NAME", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_AUTHORIZATION_TOKEN",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "AWS_ACCOUNT_ID", "AWS_BEARER_TOKEN_BEDROCK",
        "AWS_CREDENTIAL_SCOPE", "AWS_CREDENTIALS_EXPIRATION", "AWS_SESSION_EXPIRATION",
        "AMAZON_ACCESS_KEY_ID", "AMAZON_SECRET_ACCESS_KEY", "AMAZON_SESSION_TOKEN",
        "EC2_ACCESS_KEY", "EC2_SECRET_KEY", "EC2_SECURITY_TOKEN", "AWS_CREDENTIAL_PROFILES_FILE")}
    kept = {"FOO": "bar=baz\n", "AWS_CONFIG_FILE": "/x", "AWS_MAX_ATTEMPTS": "3", "EMPTY": ""}
    result = execute(identity, emulator, *SHOW, env={**gone, **kept})
    assert result.code == 0 and result.err == "", result
    seen = json.loads(result.out)
    assert seen.pop("AWS_ACCESS_KEY_ID").startswith("ASIA")
    assert len(seen.pop("AWS_SECRET_ACCESS_KEY")) == 40 and seen.pop("AWS_SESSION_TOKEN") != "old"
    assert seen.pop("AWS_CREDENTIAL_EXPIRATION").endswith("Z")
    assert seen.pop("AWS_ACCOUNT_ID") == "111122223333"
    assert seen.pop("AWS_REGION") == "eu-west-1" and seen.pop("AWS_DEFAULT_REGION") == "eu-west-1"
    assert {name: seen.get(name) for name in kept} == kept
    assert not set(gone) & set(seen)
    assert set(seen) == {*environment(), *kept}


@pytest.mark.parametrize("before, after", [
    ({"AWS_REGION": "us-west-2"},
     {"AWS_REGION": "us-west-2", "AWS_DEFAULT_REGION": "us-west-2"}),
    ({"AWS_DEFAULT_REGION": "us-west-2"},
     {"AWS_REGION": "us-west-2", "AWS_DEFAULT_REGION": "us-west-2"}),
    ({"AWS_REGION": "", "AWS_DEFAULT_REGION": "us-west-2"},
     {"AWS_REGION": "us-west-2", "AWS_DEFAULT_REGION": "us-west-2"}),
    ({"AWS_REGION": "us-west-2", "AWS_DEFAULT_REGION": ""},
     {"AWS_REGION": "us-west-2", "AWS_DEFAULT_REGION": "us-west-2"}),
    ({"AWS_REGION": "us-west-2", "AWS_DEFAULT_REGION": "us-west-1"},
     {"AWS_REGION": "us-west-2", "AWS_DEFAULT_REGION": "us-west-1"}),
    ({"AWS_REGION": "", "AWS_DEFAULT_REGION": ""},
     {"AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "eu-west-1"}),
])
def test_regions(identity, emulator, before, after):
    done = execute(identity, emulator, "/usr/bin/env", env=before)
    lines = sorted(line for line in done.out.splitlines() if "REGION" in line)
    assert lines == sorted(f"{name}={value}" for name, value in after.items()), done


EXECVE = """
import ctypes, sys
words, variables = sys.argv[2:], sys.argv[1].split(",")
def block(texts):
    return (ctypes.c_char_p * (len(texts) + 1))(*[text.encode() for text in texts], None)
ctypes.CDLL(None).execve(words[0].encode(), block(words), block(variables))
"""


def test_no_variable_is_there_twice(identity, emulator):
    """Not even one that whoever started us has set twice."""
    twice = ("X=1,X=2,AWS_REGION=,AWS_REGION=r,AWS_REGION=s,AWS_PROFILE=p,AWS_PROFILE=q,"
             "AWS_ACCESS_KEY_ID=k,AWS_ACCESS_KEY_ID=l,HOME=/nonexistent")
    done = subprocess.run(
        ["/usr/bin/python3", "-c", EXECVE, twice, BINARY, "exec", *flags(identity, emulator), "--",
         "/usr/bin/env"], env=environment(), capture_output=True, text=True, check=True)
    names = [line.split("=")[0] for line in done.stdout.splitlines()]
    assert len(names) == len(set(names)) and "AWS_PROFILE" not in names, done
    assert "X=1\n" in done.stdout and "AWS_REGION=r\n" in done.stdout, done


def test_exit_codes(identity, emulator, silent, tmp_path):
    assert execute(identity, emulator, "sh", "-c", "exit 7").code == 7
    assert execute(identity, emulator, "sh", "-c", "kill -9 $$").code == -signal.SIGKILL
    missing = execute(identity, emulator, "no-such-command-here")
    assert missing.code == 127 and "cannot run no-such-command-here: No such file" in missing.err
    (tmp_path / "plain").write_text("x")
    assert execute(identity, emulator, tmp_path / "plain").code == 126
    for result in (run("exec", *flags(identity, silent)), run("exec", "--", "true"),
                   run("exec", *flags(identity, silent), "--"), run("exec", "ls"), run("exec"),
                   run("exec", "--nonsense", "--", "true"),
                   execute(identity, silent, "true", more=["--role-arn", "x"])):
        assert result.code == 125 and result.out == "" and len(result.errors) == 1, result


def test_arguments_reach_the_command_as_they_are(identity, emulator):
    words = ["--help", "--", "", "a b", "-x", "--pkcs8-password", "y", "\n", "--region="]
    done = execute(identity, emulator, "/usr/bin/python3", "-c",
                   "import json, sys; print(json.dumps(sys.argv[1:]))", *words)
    assert json.loads(done.out) == words, done


def test_the_command_takes_our_place(identity, emulator):
    """Same process, and signals, limits and descriptors as whoever started us had them."""
    script = ("import os, resource, signal, json; print(json.dumps([os.getpid(),"
              "resource.getrlimit(resource.RLIMIT_CORE)[0],"
              "[signal.getsignal(n) == signal.SIG_IGN for n in"
              " (signal.SIGXFSZ, signal.SIGCHLD)]]))")
    start = ("import os, resource, signal, sys\n"
             "signal.signal(signal.SIGCHLD, signal.SIG_IGN)\n"
             "signal.signal(signal.SIGXFSZ, signal.SIG_DFL)\n"
             "resource.setrlimit(resource.RLIMIT_CORE, (4096, resource.RLIM_INFINITY))\n"
             "os.execv(sys.argv[1], sys.argv[1:])\n")
    process = subprocess.Popen(
        ["/usr/bin/python3", "-c", start, BINARY, "exec", *flags(identity, emulator), "--",
         "/usr/bin/python3", "-c", script], env=environment(CORE_DUMPS), stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, text=True)
    out, _ = process.communicate(timeout=60)
    assert json.loads(out)[0] == process.pid
    assert json.loads(out)[1] == 4096
    # Python itself ignores SIGXFSZ.
    assert json.loads(out)[2] == [True, True]


def test_standard_streams_pass_through(identity, emulator):
    done = subprocess.run([BINARY, "exec", *flags(identity, emulator), "--", "sh", "-c",
                           "cat; echo err >&2"], input="hello", capture_output=True, text=True,
                          env=environment(), check=True)
    assert (done.stdout, done.stderr) == ("hello", "err\n")


def test_the_aws_cli_under_exec(identity, emulator):
    done = execute(identity, emulator, "/usr/bin/aws", "sts", "get-caller-identity",
                   "--endpoint-url", emulator.url, "--output", "text", "--query", "Arn",
                   env={"AWS_PROFILE": "none-such"})
    assert done.out.startswith("arn:aws:sts::111122223333:assumed-role/Example/"), done


def test_nothing_of_it_is_left_in_the_process_table(identity, emulator):
    """The command's arguments are its own; ours are gone with us."""
    process = subprocess.Popen([BINARY, "exec", *flags(identity, emulator), "--", "sleep", "30"],
                               env=environment(), stdin=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 20
        while pathlib.Path(f"/proc/{process.pid}/cmdline").read_bytes() != b"sleep\x0030\x00":
            assert time.monotonic() < deadline
            time.sleep(0.02)
        assert os.readlink(f"/proc/{process.pid}/exe").endswith("sleep")
    finally:
        process.kill()
        process.wait()
