"""exec --refresh: the command has our credentials and no others, and finds the token in both ways."""

import json
import os
import pathlib
import re
import signal
import stat
import subprocess

import pytest
from support import clients
from support.home import AWS, needs_aws
from support.process import ARNS, BINARY, assert_fails, environment, run
from support.serve import eventually
from support.users import (NOBODY, NOBODY_ID, VICTIM, as_root, become, directory_of, file_of,
                           identity_of, reachable_directory)

STATIC = "aws_access_key_id = AKIASTATIC\naws_secret_access_key = STATICSECRET\n"
SHOW = ["/usr/bin/python3", "-c",
        "import json, os\n"
        "path = os.environ.get('AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE')\n"
        "print(json.dumps([dict(os.environ), path and open(path).read(),"
        " path and [os.stat(path).st_mode, os.stat(os.path.dirname(path)).st_mode]]))"]


def words(identity, server, *command, more=()):
    return ["exec", "--refresh", *identity.flags, *ARNS, "--endpoint", server.url, *more, "--",
            *map(str, command)]


def execute(identity, server, *command, more=(), **options):
    return run(*words(identity, server, *command, more=more), **options)


def write(home, name, text):
    path = home / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def caller(emulator):
    return [AWS, "--endpoint-url", emulator.url, "--region", "eu-west-1", "--output", "text",
            "--query", "Arn", "sts", "get-caller-identity"]


@pytest.mark.parametrize("file, text, place", [
    (".aws/credentials", "[other]\n" + STATIC + "[default]\n" + STATIC,
     r"aws_access_key_id of \[default\] in credentials file .*, line 5, takes"),
    (".aws/config", "[default]\ncredential_process = x\n", r"credential_process of \[default\]"),
    (".aws/config", "[default]\nrole_arn = x\n", r"role_arn of \[default\]"),
    (".aws/config", "[profile default]\nsso_session = x\n", r"sso_session of \[profile default\]"),
    (".aws/credentials", "[DEFAULT]\n" + STATIC + "[default]\nregion = x\n",
     r"aws_access_key_id of \[DEFAULT\]"),
    (".boto", "[Credentials]\n" + STATIC,
     r"aws_access_key_id of \[Credentials\] in boto file .*/\.boto, line 2"),
    (".boto", "[DEFAULT]\n" + STATIC + "[Credentials]\n",
     r"aws_access_key_id of \[DEFAULT\] in boto file .*/\.boto, line 2"),
])
def test_other_credentials_are_refused_before_anything_is_asked(identity, silent, tmp_path, file,
                                                                text, place):
    write(tmp_path, file, text)
    result = execute(identity, silent, "touch", tmp_path / "ran", env={"HOME": str(tmp_path)})
    assert_fails(result, 125, place, "--allow-default-profile")
    assert not (tmp_path / "ran").exists() and "STATIC" not in result.err


@pytest.mark.parametrize("file, kind, why", [
    (".aws/credentials", "pipe", "not a regular file"),
    (".aws/credentials", "directory", "not a regular file"),
    (".aws/credentials", "device", "not a regular file"),
    (".aws/credentials", "large", "larger than 16 MiB"),
    (".aws/credentials", "loop", "Too many levels"),
    (".aws/config", "pipe", "not a regular file"),
    (".aws/config", "large", "larger than 16 MiB"),
    (".boto", "pipe", "not a regular file"),
    (".boto", "directory", "not a regular file"),
])
def test_what_cannot_be_read_is_refused(identity, silent, tmp_path, file, kind, why):
    """Programs may read it all the same, and find other credentials."""
    path = tmp_path / file
    path.parent.mkdir(exist_ok=True)
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "directory":
        path.mkdir()
    elif kind == "device":
        path.symlink_to("/dev/zero")
    elif kind == "loop":
        path.symlink_to(path)
    else:
        with open(path, "wb") as sparse:
            sparse.truncate((16 << 20) + 1)
    result = execute(identity, silent, "touch", tmp_path / "ran", env={"HOME": str(tmp_path)})
    assert_fails(result, 125, f"{re.escape(str(path))} .* is not known: .*{why}", "to /dev/null")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("name", ["AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE", "BOTO_CONFIG"])
@pytest.mark.parametrize("path", ["$HOME/other", "~root/other", "${HOME}/other"])
def test_paths_that_programs_expand_are_refused(identity, silent, tmp_path, name, path):
    """The AWS CLI does, and other SDKs do not."""
    env = {"HOME": str(tmp_path), name: path}
    assert_fails(execute(identity, silent, "true", env=env), 125, "in different ways", name)


@pytest.mark.parametrize("kind", ["nothing", "closed directory", "closed file", "below a file"])
@as_root
def test_what_is_not_there_or_closed_is_none(identity, emulator, kind):
    """To the command too, which is the same user."""
    with reachable_directory() as home:
        flags = identity_of(NOBODY_ID, identity, directory_of(NOBODY_ID, home / "keys"))
        if kind == "below a file":
            (home / ".aws").write_text("")
        elif kind != "nothing":
            write(home, ".aws/credentials", "[default]\n" + STATIC)
            closed = home / ".aws" / "credentials" if kind == "closed file" else home / ".aws"
            closed.chmod(0)
        done = run("exec", "--refresh", *flags, *ARNS, "--endpoint", emulator.url, "--", "true",
                   env={"HOME": str(home), "TMPDIR": str(home / "keys")}, prefix=NOBODY)
        assert done.code == 0 and done.err == "", done


@as_root
def test_each_file_counts_without_a_home(identity, silent):
    """A user whom no database knows has no ~/.aws, but may have a file elsewhere."""
    with reachable_directory() as directory:
        flags = identity_of(VICTIM, identity, directory_of(VICTIM, directory / "keys"))
        file_of(VICTIM, directory / "credentials", "[default]\n" + STATIC)
        env = {"HOME": "", "AWS_SHARED_CREDENTIALS_FILE": str(directory / "credentials")}
        result = run("exec", "--refresh", *flags, *ARNS, "--endpoint", silent.url, "--", "true",
                     env=env, prefix=become(VICTIM))
        assert_fails(result, 125, "aws_access_key_id of .default. in credentials file")


def test_all_of_them_are_named(identity, silent, tmp_path):
    write(tmp_path, ".aws/credentials", "[default]\n" + STATIC)
    write(tmp_path, ".aws/config", "[default]\ncredential_process = x\n")
    assert_fails(execute(identity, silent, "true", env={"HOME": str(tmp_path)}), 125,
                 r"aws_access_key_id of .*, and credential_process of .*, take precedence")


@needs_aws
@pytest.mark.parametrize("file, text", [
    (".aws/credentials", "[default]\n" + STATIC),
    (".aws/credentials", "[DEFAULT]\n" + STATIC + "[default]\nregion = x\n"),
    (".boto", "[Credentials]\n" + STATIC),
    (".boto", "[DEFAULT]\n" + STATIC + "[Credentials]\n"),
])
def test_what_is_refused_would_take_precedence(identity, emulator, tmp_path, file, text):
    """In the AWS CLI; with the flag the command runs all the same."""
    write(tmp_path, file, text)
    done = execute(identity, emulator, *caller(emulator), more=["--allow-default-profile"],
                   env={"HOME": str(tmp_path)})
    assert done.code not in (0, 125) and "assumed-role" not in done.out, done


@needs_aws
def test_other_profiles_go_on_working(identity, emulator, tmp_path):
    """Nothing is in the way, and a profile that the command names is still there."""
    write(tmp_path, ".aws/credentials", "[other]\n" + STATIC)
    write(tmp_path, ".aws/config", "[default]\nregion = eu-west-1\nsource_profile = other\n")
    env = {"HOME": str(tmp_path)}
    ours = execute(identity, emulator, *caller(emulator), env=env)
    assert ours.out.startswith("arn:aws:sts::111122223333:assumed-role/Example/"), ours
    key = execute(identity, emulator, AWS, "configure", "get", "aws_access_key_id", "--profile",
                  "other", env=env)
    assert key.out == "AKIASTATIC\n", key


def test_the_hint_helps(identity, emulator, tmp_path):
    write(tmp_path, ".aws/credentials", "[default]\n" + STATIC)
    write(tmp_path, ".boto", "[Credentials]\n" + STATIC)
    env = {"HOME": str(tmp_path), "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
           "AWS_CONFIG_FILE": "/dev/null", "BOTO_CONFIG": "/dev/null"}
    assert execute(identity, emulator, "true", env=env).code == 0


@pytest.mark.parametrize("name", ["java_1", "javascript_2"])
def test_old_sdks_read_the_file_that_was_looked_into(identity, emulator, tmp_path, name):
    """They do not know AWS_SHARED_CREDENTIALS_FILE, or only beside AWS_SDK_LOAD_CONFIG."""
    client = clients.client(name)
    if reason := client.missing():
        pytest.skip(reason)
    write(tmp_path, ".aws/credentials", "[default]\n" + STATIC)
    write(tmp_path, "more", "[default]\n" + STATIC)
    lab = clients.Lab(identity, emulator, None, None, tmp_path)
    done = execute(identity, emulator, *client.command(lab, emulator.url), env={
        "HOME": str(tmp_path), "PATH": os.environ["PATH"],
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        "AWS_CREDENTIAL_PROFILES_FILE": str(tmp_path / "more")})
    assert done.code == 0 and ":assumed-role/Example/" in done.out, done


def test_the_file_that_was_looked_into_is_named(identity, emulator, tmp_path):
    env = {"HOME": str(tmp_path), "TMPDIR": str(tmp_path)}
    alone = json.loads(execute(identity, emulator, *SHOW, env=env).out)[0]
    assert alone["AWS_CREDENTIAL_PROFILES_FILE"] == str(tmp_path / ".aws" / "credentials")
    assert "AWS_SDK_LOAD_CONFIG" not in alone and "AWS_SHARED_CREDENTIALS_FILE" not in alone
    env["AWS_SHARED_CREDENTIALS_FILE"] = "~/mine"
    named = json.loads(execute(identity, emulator, *SHOW, env=env).out)[0]
    assert named["AWS_CREDENTIAL_PROFILES_FILE"] == str(tmp_path / "mine")
    assert named["AWS_SDK_LOAD_CONFIG"] == "1"


def test_both_ways_to_the_token(identity, emulator, tmp_path):
    for name, env in (("run", {"XDG_RUNTIME_DIR": str(tmp_path / "run")}),
                      ("tmp", {"TMPDIR": str(tmp_path / "tmp")})):
        (tmp_path / name).mkdir(mode=0o700)
        done = execute(identity, emulator, *SHOW, env=env)
        assert done.code == 0 and done.err == "", done
        variables, token, modes = json.loads(done.out)
        assert token == variables["AWS_CONTAINER_AUTHORIZATION_TOKEN"] and len(token) == 64
        assert variables["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"].startswith(
            str(tmp_path / name) + "/rolecall-exec-")
        assert [stat.S_IMODE(mode) for mode in modes] == [0o600, 0o700]
        assert list((tmp_path / name).iterdir()) == []  # it is gone with the command


def test_the_token_file_of_a_caller_is_not_the_commands(identity, emulator, tmp_path):
    done = execute(identity, emulator, *SHOW, env={
        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": "/etc/passwd", "TMPDIR": str(tmp_path)})
    assert json.loads(done.out)[0]["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"].startswith(
        str(tmp_path))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_token_file_goes_with_a_signal(identity, emulator, tmp_path, number):
    process = subprocess.Popen([BINARY, *words(identity, emulator, "sleep", "60")],
                               env=environment({"TMPDIR": str(tmp_path)}))
    try:
        eventually(lambda: list(tmp_path.glob("rolecall-exec-*/token")))
        process.send_signal(number)
        assert process.wait(20) == 128 + number
    finally:
        process.kill()
    assert list(tmp_path.iterdir()) == []


def test_a_signal_before_the_command_leaves_no_token_file(identity, emulator, tmp_path):
    """It goes to the command, which begins just then: later, the more variables it has."""
    many = {f"V{i}": "" for i in range(50000)}
    for _ in range(3):
        process = subprocess.Popen([BINARY, *words(identity, emulator, "sleep", "60")],
                                   env=environment({"TMPDIR": str(tmp_path), **many}))
        try:
            while not os.listdir(tmp_path):
                assert process.poll() is None
            process.terminate()
            assert process.wait(20) == 128 + signal.SIGTERM
        finally:
            process.kill()
        assert os.listdir(tmp_path) == []


def test_without_a_place_the_token_is_in_the_environment_only(identity, emulator):
    done = execute(identity, emulator, *SHOW, env={"TMPDIR": "/proc"})
    assert done.code == 0 and len(done.warnings) == 1 and "TMPDIR" in done.err, done
    variables = json.loads(done.out)[0]
    assert "AWS_CONTAINER_AUTHORIZATION_TOKEN" in variables
    assert "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE" not in variables


def test_nothing_is_written_to_the_home(identity, emulator, tmp_path):
    assert execute(identity, emulator, "true", env={"HOME": str(tmp_path)}).code == 0
    assert list(pathlib.Path(tmp_path).iterdir()) == []
