"""serve with the bindings of a configuration file."""

import pytest
from support import pki
from support.process import ANCHOR_ARN, PROFILE_ARN, assert_fails, run
from support.serve import Serve

ACCOUNTS = {"one": "123456789012", "second.one": "210987654321"}


@pytest.fixture(name="config")
def config_file(identity, emulator, tmp_path):
    """Two bindings with a certificate and a role of their own."""
    text = (f'trust-anchor-arn = "{ANCHOR_ARN}"\nprofile-arn = "{PROFILE_ARN}"\n'
            f'endpoint = "{emulator.url}"\nport = 1\n')
    for nth, (name, account) in enumerate(ACCOUNTS.items()):
        directory = tmp_path / str(nth)
        directory.mkdir()
        flags = pki.write_identity(directory, identity.intermediate.issue(f"leaf {nth}"))
        text += f'[binding."{name}"]\n' + "".join(
            f'{flag[2:]} = "{value}"\n' for flag, value in zip(flags[::2], flags[1::2]))
        text += f'role-arn = "arn:aws:iam::{account}:role/{name}"\n'
    path = tmp_path / "config.toml"
    path.write_text(text)
    path.chmod(0o600)
    return path


def given(serve, directory, name):
    token = (directory / f"{name}.token").read_text().strip()
    return serve.ask("GET", f"/credentials/{name}", {"Authorization": token})


def test_each_binding_has_its_endpoint_and_its_token(config, tmp_path):
    flags = ["--config", config, "--binding", "one", "--binding", "second.one"]
    with Serve(tmp_path, flags=flags, arns=[]) as serve:
        tokens = tmp_path / "rolecall"
        for name, account in ACCOUNTS.items():
            answer = given(serve, tokens, name)
            assert answer.status == 200, answer
            assert answer.json["RoleArn"] == f"arn:aws:iam::{account}:role/{name}"
        other = (tokens / "one.token").read_text().strip()
        assert serve.ask("GET", "/credentials/second.one",
                         {"Authorization": other}).status in (401, 403, 404)
        # With several there is none that IMDS could mean.
        assert serve.ask("PUT", "/latest/api/token").status == 404
        listed = run("env", "--binding", "second.one", "--token-dir", tokens)
        assert "/credentials/second.one\n" in listed.out, listed


def test_one_binding_serves_imds_too(config, tmp_path):
    with Serve(tmp_path, flags=["--config", config, "--binding", "one"], arns=[]) as serve:
        assert serve.ask("PUT", "/latest/api/token").status == 200


def test_what_is_the_daemons_is_in_no_table_of_one_of_several(config):
    config.write_text(config.read_text() + "port = 1\n")  # in the last one
    done = run("serve", "--config", config, "--binding", "one", "--binding", "second.one")
    assert_fails(done, 2, "port is for the whole command", "[serve]")


def test_several_and_no_place_for_their_tokens(config):
    done = run("serve", "--config", config, "--binding", "one", "--binding", "second.one",
               "--port", "0")
    assert_fails(done, 2, "XDG_RUNTIME_DIR", "--token-dir")


def test_bindings_that_cannot_be(config):
    start = ["serve", "--config", config, "--port", "0"]
    assert_fails(run(*start, "--binding", "one", "--binding", "one"), 2, "one is given twice")
    assert_fails(run(*start, "--binding", "one", "--binding", "onne"), 2, "no binding \"onne\"",
                 "did you mean one")
    assert_fails(run(*start, "--binding", "one", "--binding", "second.one", "--role-arn", "x"), 2,
                 "--role-arn \"x\" is not an ARN")
