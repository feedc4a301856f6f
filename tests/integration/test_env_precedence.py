"""env: what takes precedence over the endpoint that it names is said."""

import pytest
from support.process import run
from support.serve import Serve

STATIC = "aws_access_key_id = AKIASTATIC\naws_secret_access_key = STATICSECRET\n"


@pytest.fixture(scope="module", name="serve")
def serve_running(identity, emulator, tmp_path_factory):
    with Serve(tmp_path_factory.mktemp("serve"), server=emulator, flags=identity.flags) as running:
        yield running


def environment_of(serve, home, *arguments, **env):
    result = run("env", *arguments,
                 env={"XDG_RUNTIME_DIR": str(serve.directory), "HOME": str(home), **env})
    assert result.code == 0 and "AWS_CONTAINER_CREDENTIALS_FULL_URI=" in result.out, result
    return result


def test_files(serve, tmp_path):
    assert environment_of(serve, tmp_path).err == ""
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws" / "credentials").write_text("[default]\n" + STATIC)
    (tmp_path / ".boto").write_text("[Credentials]\n" + STATIC)
    result = environment_of(serve, tmp_path)
    assert len(result.warnings) == 2 and "STATIC" not in result.err, result
    assert "aws_access_key_id of [default] in credentials file" in result.err
    assert f"in boto file {tmp_path}/.boto, line 2, takes precedence" in result.err
    # A unit has another environment.
    assert environment_of(serve, tmp_path, "--format", "systemd").err == ""


@pytest.mark.parametrize("name", ["AWS_ACCESS_KEY_ID", "AWS_PROFILE",
                                  "AWS_WEB_IDENTITY_TOKEN_FILE"])
def test_variables(serve, tmp_path, name):
    result = environment_of(serve, tmp_path, **{name: "SET"})
    assert len(result.warnings) == 1 and f"{name} in the environment" in result.err, result
    assert "SET" not in result.err
