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


@pytest.mark.parametrize("name, where", [
    ("AWS_ACCESS_KEY_ID", "in AWS SDKs"), ("AWS_PROFILE", "in AWS SDKs"),
    ("AWS_DEFAULT_PROFILE", "in AWS SDKs"), ("AWS_WEB_IDENTITY_TOKEN_FILE", "in AWS SDKs"),
    ("AWS_ACCESS_KEY", "Java 1, Go and Ruby"), ("AMAZON_ACCESS_KEY_ID", "JavaScript 2"),
    ("EC2_ACCESS_KEY", "Ansible"), ("AWS_CREDENTIAL_FILE", "AWS CLI"),
    ("AWS_CREDENTIAL_PROFILES_FILE", "Java 1"), ("AWS_BEARER_TOKEN_BEDROCK", "for the AWS service"),
])
def test_variables(serve, tmp_path, name, where):
    result = environment_of(serve, tmp_path, **{name: "SET"})
    assert len(result.warnings) == 1 and result.err.endswith("; unset it\n"), result
    assert f"{name} in the environment takes precedence" in result.err and where in result.err
    assert "SET" not in result.err


def test_variables_that_change_nothing_for_an_endpoint(serve, tmp_path):
    """They count only beside a key, or `env` replaces them."""
    quiet = {name: "SET" for name in (
        "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN", "AWS_ACCOUNT_ID",
        "AWS_ROLE_ARN", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_AUTHORIZATION_TOKEN",
        "AWS_REGION")}
    assert environment_of(serve, tmp_path, **quiet, AWS_ACCESS_KEY_ID="").err == ""


def test_an_empty_profile(serve, tmp_path):
    """The AWS CLI fails with it: "The config profile () could not be found"."""
    assert "AWS_PROFILE in the env" in environment_of(serve, tmp_path, AWS_PROFILE="").err


def test_a_file_that_cannot_be_read(serve, tmp_path):
    """It is no reason not to print the lines."""
    (tmp_path / ".aws" / "credentials").mkdir(parents=True)
    result = environment_of(serve, tmp_path)
    assert len(result.warnings) == 1 and "is not a regular file" in result.err, result
