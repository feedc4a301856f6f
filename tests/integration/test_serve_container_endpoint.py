"""serve's container endpoint: what it answers, its token's directory, and `rolecall env`."""

import pathlib
import re
import subprocess

from support.process import ACCOUNT, ARNS, ROLE_ARN, assert_fails, run
from support.serve import Serve


def container_environment(serve, *arguments):
    done = run("env", *arguments, env={"XDG_RUNTIME_DIR": str(serve.directory)})
    assert done.code == 0 and done.err == "", done
    return done


def test_container_endpoint(serve):
    done = container_environment(serve)
    unset, *exports = done.out.splitlines()
    assert unset == "unset AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"
    values = dict(line.removeprefix("export ").split("=", 1) for line in exports)
    uri = values.pop("AWS_CONTAINER_CREDENTIALS_FULL_URI")
    token = values.pop("AWS_CONTAINER_AUTHORIZATION_TOKEN")
    file = pathlib.Path(values.pop("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"))
    assert file.read_text() == token
    assert not values and uri == f"{serve.url}/credentials/default", done
    assert re.fullmatch("[0-9a-f]{64}", token)
    answer = serve.ask("GET", "/credentials/default", {"Authorization": token})
    assert answer.status == 200, answer
    assert set(answer.json) == {"AccessKeyId", "SecretAccessKey", "Token", "Expiration", "RoleArn",
                                "AccountId"}
    assert answer.json["AccountId"] == ACCOUNT
    assert answer.json["RoleArn"] == ROLE_ARN and len(answer.body) < 10000
    for wrong in ({}, {"Authorization": token[1:]}, {"Authorization": "Bearer " + token}):
        assert serve.ask("GET", "/credentials/default", wrong).status == 401, wrong
    assert serve.ask("GET", "/credentials/other", {"Authorization": token}).status == 401


def test_env_for_an_environment_file(serve):
    done = container_environment(serve, "--format", "systemd", "--token-file", "--binding",
                                 "default")
    file = serve.directory / "rolecall" / "default.token"
    assert done.out.splitlines() == [
        f"AWS_CONTAINER_CREDENTIALS_FULL_URI={serve.url}/credentials/default",
        f"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE={file}"]
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700


def test_env_quotes_a_directory_for_the_shell(identity, emulator, tmp_path):
    directory = tmp_path / "a $(touch bad) directory"
    with Serve(tmp_path, "--token-dir", directory, server=emulator, flags=identity.flags):
        done = run("env", "--token-dir", directory, "--token-file")
        said = subprocess.run(["/bin/sh", "-c", done.out + 'cat "$AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"'],
                              cwd=tmp_path, capture_output=True, text=True, check=True)
        assert re.fullmatch("[0-9a-f]{64}", said.stdout)
        assert not (tmp_path / "bad").exists()


def test_env_where_nothing_is(tmp_path):
    assert_fails(run("env"), 2, "XDG_RUNTIME_DIR", "--token-dir")
    assert_fails(run("env", "--token-dir", tmp_path), 2, "default.uri", "is rolecall serve running")
    (tmp_path / "default.uri").write_text("http://127.0.0.1:1/x'; rm -rf /")
    (tmp_path / "default.token").write_text("x")
    for name in ("default.uri", "default.token"):
        (tmp_path / name).chmod(0o600)
    assert_fails(run("env", "--token-dir", tmp_path), 2, "malformed")


def test_tokens_outlive_a_restart_but_not_a_leak(identity, emulator, tmp_path):
    file = tmp_path / "rolecall" / "default.token"
    tokens = []
    for mode in (0o600, 0o644, 0o600):
        with Serve(tmp_path, server=emulator, flags=identity.flags):
            tokens.append(file.read_text())
        file.chmod(mode)
    assert tokens[0] == tokens[1] != tokens[2]


def test_two_daemons_share_no_token(identity, emulator, tmp_path):
    common = {"server": emulator, "flags": identity.flags}
    (tmp_path / "second").mkdir()
    with Serve(tmp_path, **common) as first:
        uri = tmp_path / "rolecall" / "default.uri"
        said = uri.read_text()
        with Serve(tmp_path / "second", **common, env={"XDG_RUNTIME_DIR": str(tmp_path)}) as second:
            assert "another rolecall serve" in second.events("the container endpoint is off")[0]["reason"]
            assert second.credentials() and first.credentials()
        assert uri.read_text() == said
        assert_fails(run("serve", *identity.flags, *ARNS, "--endpoint", emulator.url, "--port", 0,
                         "--token-dir", uri.parent), 2, "another rolecall serve",
                     "--token-dir")
    assert_fails(run("env", "--token-dir", uri.parent), 2, "is rolecall serve running")


def test_token_directories_that_others_write_to_are_refused(identity, emulator, tmp_path):
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o777)
    assert_fails(run("serve", *identity.flags, *ARNS, "--endpoint", emulator.url, "--token-dir",
                     shared, "--port", 0), 2, "other users can write to it")
    assert_fails(run("serve", *identity.flags, *ARNS, "--endpoint", emulator.url, "--token-dir",
                     tmp_path / "no" / "where", "--port", 0), 2, "no/where")
    # A default directory that cannot be used turns the endpoint off, and no more.
    with Serve(tmp_path, server=emulator, flags=identity.flags,
               env={"XDG_RUNTIME_DIR": str(tmp_path / "no")}) as running:
        assert running.events("the container endpoint is off")
        assert running.credentials()
