"""The list of bindings in the table [serve] of the configuration file."""

import pytest
from support.config import ARN_LINES, identity_lines, write_config
from support.process import assert_fails, run
from support.serve import Serve

ROLE = "arn:aws:iam::123456789012:role/"


@pytest.fixture(name="write")
def write_file(identity, emulator, tmp_path):
    def write(serve_table):
        return write_config(tmp_path, identity_lines(identity) + ARN_LINES + (
            f'endpoint = "{emulator.url}"\n{serve_table}'
            f'[binding.one]\nrole-arn = "{ROLE}one"\n[binding.two]\nrole-arn = "{ROLE}two"\n'
            f'[binding.three]\nrole-arn = "{ROLE}three"\n'))
    return write


def names_of(serve, tmp_path):
    """The bindings that it hands out, and that each has a role of its own."""
    tokens = tmp_path / "rolecall"
    names = sorted(path.stem for path in tokens.glob("*.uri"))
    for name in names:
        answer = serve.ask("GET", f"/credentials/{name}",
                           {"Authorization": (tokens / f"{name}.token").read_text()})
        assert answer.status == 200 and answer.json["RoleArn"].endswith("/" + name), answer
    return names


def test_the_list_is_served(write, tmp_path):
    config = write('[serve]\nbindings = ["two", "one"]\n')
    with Serve(tmp_path, flags=["--config", config], arns=[]) as serve:
        assert names_of(serve, tmp_path) == ["one", "two"]


def test_a_single_name_needs_no_brackets(write, tmp_path):
    config = write('[serve]\nbindings = "two"\n')
    with Serve(tmp_path, flags=["--config", config], arns=[]) as serve:
        assert names_of(serve, tmp_path) == ["two"]
        assert serve.get("/latest/meta-data/iam/security-credentials/").body == "two"
        listed = run("env", "--config", config, "--token-dir", tmp_path / "rolecall")
        assert "/credentials/two\n" in listed.out, listed


@pytest.mark.parametrize("flags,env", [(["--binding", "three"], {}),
                                       ([], {"ROLECALL_BINDING": "three"})])
def test_the_command_line_and_the_variable_replace_the_list(write, tmp_path, flags, env):
    config = write('[serve]\nbindings = ["two", "one"]\n')
    with Serve(tmp_path, flags=["--config", config, *flags], arns=[], env=env) as serve:
        assert names_of(serve, tmp_path) == ["three"]


def test_an_empty_list_is_as_none(write, tmp_path):
    config = write('[serve]\nbindings = []\n')
    with Serve(tmp_path, flags=["--config", config], arns=[]) as serve:
        answer = serve.get("/latest/meta-data/iam/security-credentials/")
        assert answer.body == "Example"


def test_env_asks_which_of_several(write, tmp_path):
    config = write('[serve]\nbindings = ["two", "one"]\n')
    assert_fails(run("env", "--config", config, "--token-dir", tmp_path), 2,
                 "serve has several bindings .*config.toml, line", "--binding: two, one")


def test_debug_says_where_they_come_from(write):
    config = write('[serve]\nbindings = ["two", "one"]\n')
    done = run("serve", "--config", config, "--debug", "--address", "192.0.2.1", "--port", "0")
    assert f"  bindings=two, one (configuration file {config}, line " in done.err, done


@pytest.mark.parametrize("table,problem,hint", [
    ('[serve]\nbindings = ["one", "twoo"]\n', 'line 8: there is no binding "twoo"', "did you mean two"),
    ('[serve]\nbindings = ["one", "two", "one"]\n', 'line 8: bindings has "one" twice', "remove"),
    ('[serve]\nbindings = ["binding.one"]\n', 'line 8: there is no binding', "follows \"binding.\""),
    ('[serve]\nbindings = ["a/b"]\n', 'line 8: there is no binding', "starts with a line"),
    ('[serve]\nbindings = 5\n', 'line 8: bindings takes names', r'\["NAME", "NAME"\]'),
    ('[serve]\nbindings = ["one", true]\n', 'line 8: bindings takes names', r'\["NAME", "NAME"\]'),
    ('bindings = ["one"]\n', 'line 7: there is no setting "bindings"', r"\[serve\]"),
    ('[update]\nbindings = ["one"]\n', 'line 8: there is no setting "bindings"', r"\[serve\]"),
    ('[binding.four]\nbindings = ["one"]\n', 'line 8: there is no setting "bindings"', r"\[serve\]"),
])
def test_mistakes_are_errors_of_every_command(write, table, problem, hint):
    config = write(table)
    for command in ("serve", "credential-process"):
        assert_fails(run(command, "--config", config, timeout=20), 2, problem, hint)
