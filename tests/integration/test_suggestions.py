"""What was most likely meant, where a command line or a value is wrong; always in our words."""

import os
import pty
import re
import shlex

import pytest
from support import pki
from support.process import (ANCHOR_ARN, ARNS, PROFILE_ARN, ROLE_ARN, assert_fails, run)

# How the parser, the TOML reader and OpenSSL would say it.
RAW = re.compile(r"could not convert|not in range|required .* missing|not an allowed|Should be|"
                 r"error while parsing|INT |expected '", re.I)


@pytest.mark.parametrize("command,arguments,pattern,hint", [
    ("exec", "--no-cache -- true", "unknown option --no-cache", "--cache=false turns it off"),
    ("update", "--no-with-proxy", "unknown option --no-with-proxy", "--with-proxy=false"),
    ("credential-process", "--no-certificate", "unknown option", "--certificate"),
    ("credential-process", "--cert x", "unknown option --cert", "--certificate"),
    ("serve", "--cert x", "unknown option --cert", "--certificate"),
    ("sign-string", "--key=x", "unknown option --key", "--private-key"),
    ("update", "--duration 900", "unknown option --duration", "--session-duration"),
    ("emulate", "--trust x", "unknown option --trust", "--trust-anchor"),
    ("credential-process", "--system x", "unknown option --system", "--help lists"),
    ("serve", "--session-duration 1h",
     '--session-duration takes seconds from 900 to 43200, not "1h"', "an hour is 3600"),
    ("export", "--session-duration 899", "seconds from 900 to 43200", "^an hour is 3600$"),
    ("export", "--session-duration 3600.5", "seconds from 900 to 43200", None),
    ("export", "--session-duration=", '--session-duration takes seconds .*, not ""', None),
    ("serve", "--port http", '--port takes a number from 0 to 65535, not "http"', "digits"),
    ("serve", "--port 99999", '--port takes a number from 0 to 65535, not "99999"',
     "^0 means any free port$"),
    ("serve", "--hop-limit 0", '--hop-limit takes a number from 1 to 255, not "0"',
     "^rolecall serve --help explains --hop-limit$"),
    ("emulate", "--port 65536", "--port takes a number from 0 to 65535", None),
    ("emulate", "--session-duration-max x", "takes seconds from 1 to 43200", None),
    ("update", "--refresh-before 5m", '--refresh-before takes seconds from .*"5m"', None),
    ("exec", "--cache-margin -5 -- true", '--cache-margin takes seconds .*"-5"', None),
    ("exec", "--cache=ture -- true", '--cache takes true or false, not "ture"', "--cache=false"),
    ("update", "--once=perhaps", "--once takes true or false", None),
    ("bindings", "--names=perhaps", "--names takes true or false", None),
    ("credential-process", "--certificate", "--certificate needs a value", "--certificate FILE"),
    ("credential-process", "--certificate --private-key x",
     "--certificate needs a value, but --private-key follows it", None),
    ("update", "--role-arn --debug", "--role-arn needs a value, but --debug follows it", None),
    ("emulate", "--fault", "--fault needs a value", None),
    ("credential-process", "--with-proxy=", '--with-proxy takes true or false, not ""',
     "--with-proxy=false turns it off"),
    ("credential-process", "--timeout 1m", '--timeout takes seconds from 0.001 to 86400, not "1m"',
     "without a unit"),
    ("export", "--format foo", '--format takes .* not "foo"',
     "^rolecall export --help explains --format$"),
    ("export", "--format JSON", '--format takes .* not "JSON"', "did you mean json"),
    ("export", "--format powershel", "--format takes", "did you mean powershell"),
    ("serve", "--log-format jsn", "--log-format takes text or json", "did you mean json"),
    ("env", "--wait 1m", '--wait takes seconds from 0 to 86400, not "1m"', "without a unit"),
])
def test_flags(command, arguments, pattern, hint):
    code = 125 if command == "exec" else 2
    result = assert_fails(run(command, *arguments.split()), code, pattern, hint)
    assert not RAW.search(result.err), result


@pytest.mark.parametrize("arguments,hint", [
    (["--debug", "credential-process"], "rolecall credential-process --debug"),
    (["--region=eu-west-1", "exec", "--", "aws"], "rolecall exec --region$"),
    (["--pkcs8-password=hunter2hunter2"], "rolecall COMMAND --pkcs8-password"),
    (["--pkcs8-password", "hunter2hunter2", "serve"], "rolecall serve --pkcs8-password"),
    (["-x"], "rolecall COMMAND -x"),
])
def test_options_before_the_command(arguments, hint):
    result = assert_fails(run(*arguments), 2, "comes before the command", hint)
    assert "hunter2" not in result.err, result


def test_commands():
    assert_fails(run("sevre"), 2, 'no command "sevre"', "did you mean serve")
    assert_fails(run("help", "exce"), 2, 'no command "exce"', "did you mean exec")
    assert_fails(run("read"), 2, None, "read-certificate-data")


@pytest.mark.parametrize("refresh", [[], ["--refresh"]])
def test_a_command_in_quotes(identity, emulator, refresh):
    flags = [*identity.flags, *ARNS, "--endpoint", emulator.url, *refresh]
    result = run("exec", *flags, "--", "aws s3 ls")
    assert_fails(result, 127, "cannot run aws s3 ls", "without the quotes.*sh -c 'aws s3 ls'")
    result = run("exec", *flags, "--", "nothing-of-this-name", "a b")
    assert_fails(result, 127, "cannot run nothing-of-this-name", "^no directory of PATH has it$")


@pytest.mark.parametrize("refresh", [[], ["--refresh"]])
def test_a_command_that_cannot_run(identity, emulator, tmp_path, refresh):
    flags = [*identity.flags, *ARNS, "--endpoint", emulator.url, *refresh]
    (tmp_path / "plain").write_text("echo")
    (tmp_path / "script").write_text("#!/no/such/interpreter\n")
    (tmp_path / "script").chmod(0o755)
    for name, code, hint in ((".", 126, "it is a directory"), ("plain", 126, r"chmod \+x"),
                             ("script", 127, "interpreter"), ("none", 127, "check the path"),
                             ("plain/x", 126, "check the path")):
        assert_fails(run("exec", *flags, "--", tmp_path / name), code, "cannot run", hint)


@pytest.mark.parametrize("env,pattern,hint", [
    ({}, "environment variable PW of --password-source is not set", "export PW"),
    ({"PW": ""}, "the password from env:PW is empty", "put the password there")])
def test_a_password_that_is_not_there(identity, tmp_path, env, pattern, hint):
    key = pki.write(tmp_path, "e.key", pki.key_pem(identity.leaf.key, password=b"secret"))
    result = run("sign-string", "--private-key", key, "--password-source", "env:PW", env=env)
    assert_fails(result, 2, pattern, hint)


def test_bindings_that_there_are(tmp_path):
    config = tmp_path / "config.toml"
    config.write_text("[binding.billing]\nregion = 'x'\n[binding.backup]\n")
    for command, missing in (("credential-process", "--certificate"), ("serve", "--certificate"),
                             ("sign-string", "--private-key"), ("update", "--certificate"),
                             ("read-certificate-data", "--certificate")):
        assert_fails(run(command, "--config", config), 2, f"missing: {missing}",
                     "--binding NAME .*bindings are billing, backup$")
        for flags, env in ((["--binding", "backup"], {}), ([], {"ROLECALL_BINDING": "backup"})):
            result = run(command, "--config", config, *flags, env=env)
            assert_fails(result, 2, f"missing: {missing}.*, which binding backup does not have "
                         rf"either \(configuration file {config}, line 3\)",
                         r"add what is missing to \[binding.backup\].*--help explains each flag")
    config.write_text("".join(f"[binding.b{i}]\n" for i in range(30)))
    assert "b9, …" in run("credential-process", "--config", config).hint


# What tools leave around a value, and how it is told.
AROUND = {"space": ("", " ", "a space at its end"), "space before": (" ", "", "space at its beg"),
          "tab": ("", "\t", "a tab at its end"), "CR": ("", "\r", "a carriage return at its end"),
          "LF": ("", "\n", "a line feed at its end"), "CR LF": ("", "\r\n", "a line feed|carriage"),
          "quotes": ('"', '"', "a quotation mark .* at its beginning"), "single": ("'", "'", "a quotation mark"),
          "open quote": ("", '"', "a quotation mark .* at its end"),
          "curly": ("\u201c", "\u201d", "a curly quotation mark at its beg"),
          "curly end": ("", "\u2019", "a curly quotation mark at its end"),
          "no-break": ("", "\u00a0", "a no-break space"),
          "invisible": ("\ufeff", "", "an invisible character")}


@pytest.mark.parametrize("name", AROUND)
@pytest.mark.parametrize("flag,value", [("role-arn", ROLE_ARN), ("profile-arn", PROFILE_ARN),
                                        ("trust-anchor-arn", ANCHOR_ARN), ("region", "eu-west-1"),
                                        ("endpoint", "https://u:hunter2@127.0.0.1"),
                                        ("certificate", "/nonexistent/leaf.pem")])
def test_what_stands_around_a_value(identity, tmp_path, name, flag, value):
    before, behind, pattern = AROUND[name]
    value = before + value + behind
    given = dict(zip(identity.flags[::2] + ARNS[::2], identity.flags[1::2] + ARNS[1::2]))
    given.pop("--" + flag, None)
    flags = [part for pair in given.items() for part in pair]
    variable = "ROLECALL_" + flag.upper().replace("-", "_")
    result = run("credential-process", *flags, env={variable: value})
    assert_fails(result, 2, f"--{flag} .*{pattern}")
    assert f"comes from environment variable {variable}" in result.err, result
    assert "hunter2" not in result.err, result
    assert_fails(run("export", *flags, f"--{flag}={value}"), 2, pattern)
    if flag == "certificate" and before:
        return  # there the folder of the file comes before it
    config = tmp_path / "config.toml"
    escaped = value.encode("unicode_escape").decode().replace("\\x", "\\u00").replace('"', '\\"')
    config.write_text(f'{flag} = "{escaped}"\n')
    config.chmod(0o600)
    result = run("update", *flags, "--config", config)
    assert_fails(result, 2, f"--{flag} .*{pattern}.*config.toml, line 1")


def test_a_file_may_have_such_a_name(identity, tmp_path):
    path = tmp_path / "leaf.pem "
    path.write_bytes(open(identity.certificate, "rb").read())
    result = run("read-certificate-data", "--certificate", path)
    assert result.code == 0, result


# A line that is continued by a backslash, as ~/.aws/config has it: what the AWS CLI makes of it
# (configparser, then shlex), and what others do that split at blanks only.
LINES = ("credential-process \\\n--certificate /etc/pki/app.pem \\\n--private-key /etc/pki/app.key")


@pytest.mark.parametrize("words", [
    shlex.split(LINES), LINES.split(), [*LINES.replace("\n", " ").split(), "\\"],
    ["credential-process", "--certificate", "\\", "/etc/pki/app.pem"],
    ["credential-process", "--certificate", "x", "\\"]], ids=range(5))
def test_a_line_that_is_continued(words):
    assert_fails(run(*words), 2, None, "one line, without a backslash")


def read_of(master):
    try:
        return os.read(master, 65536)
    except OSError:  # the other end is closed
        return b""


def test_json_on_a_terminal_ends_its_line(identity):
    """And only there: what the official commands print byte for byte stays so in a pipe."""
    for command in (["read-certificate-data", "--certificate", identity.certificate],
                    ["sign-string", "--private-key", identity.key],
                    ["sign-string", "--private-key", identity.key, "--format", "text"]):
        piped = run(*command)
        assert piped.code == 0 and not piped.out.endswith("\n"), piped
        master, terminal = pty.openpty()
        assert run(*command, stdout=terminal).code == 0
        os.close(terminal)
        seen = b""
        while piece := read_of(master):
            seen += piece
        os.close(master)
        # A signature is another one each time, of nearly one length.
        text = seen.decode().replace("\r\n", "\n")
        assert text.count("\n") == 1 and text.endswith("\n"), text
        assert abs(len(text) - len(piped.out) - 1) < 9, (text, piped.out)
