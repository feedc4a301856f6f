"""A message about a value says where the value is from, and names that nothing uses are errors."""

import os
import pathlib
import re
import shutil
import socket
import subprocess
import tempfile

import pytest
from support import pki
from support.process import (ANCHOR_ARN, ARNS, BINARY, PROFILE_ARN, ROLE_ARN, assert_credentials,
                             assert_fails, environment, run)

SESSION = {"trust-anchor-arn": ANCHOR_ARN, "profile-arn": PROFILE_ARN, "role-arn": ROLE_ARN}
COMMANDS = ["credential-process", "exec", "exec --refresh", "export", "serve", "update",
            "update --once", "configure"]


def call(command, *flags, home="/nonexistent", **options):
    """The command with what each of them needs besides."""
    words = command.split()
    more = {"serve": ["--port", "0", "--token-dir", home], "configure": ["--profile", "p"],
            "exec": ["--", "true"]}.get(words[0], [])
    return run(*words, *flags, *more, **options)


def write(path, text):
    path.write_text(text)
    path.chmod(0o600)
    return path


def lines(values):
    return "".join(f'{name} = "{value}"\n' for name, value in values.items())


def flags(values):
    return [part for name, value in values.items() for part in (f"--{name}", str(value))]


def values_of(identity, **changed):
    given = {"certificate": identity.certificate, "private-key": identity.key, **SESSION,
             "endpoint": "http://127.0.0.1:1"}
    given.update({name.replace("_", "-"): value for name, value in changed.items()})
    return given


# Each is refused somewhere else: by the flag, as an ARN, with another value, as a file.
WRONG = {"session-duration": "-1", "role-arn": "oops", "profile-arn": ROLE_ARN, "region": "mars-1",
         "certificate": "/nonexistent/leaf.pem", "private-key": "/nonexistent/leaf.key",
         "endpoint": "ftp://x",
         "role-session-name": "a b", "timeout": "soon", "cert-selector": "Key=x"}


@pytest.mark.parametrize("name", WRONG)
@pytest.mark.parametrize("command", COMMANDS)
def test_a_wrong_value_is_told_with_its_place(identity, tmp_path, command, name):
    values = values_of(identity)
    values.pop(name, None)
    if name == "cert-selector":
        values.pop("certificate")
    config = write(tmp_path / "config.toml", f'# a comment\n{name} = "{WRONG[name]}"\n')
    home = str(tmp_path)
    result = call(command, *flags(values), "--config", config, home=home, env={"HOME": home})
    assert f"configuration file {config}, line 2" in result.err, result
    assert result.code in (2, 3, 125) and result.err.count(f"{config}, line 2") == 1, result
    variable = "ROLECALL_" + name.upper().replace("-", "_")
    result = call(command, *flags(values), home=home, env={"HOME": home, variable: WRONG[name]})
    assert result.err.count(f"environment variable {variable}") == 1, result


@pytest.mark.parametrize("name", WRONG)
def test_what_the_command_line_says_has_no_place(identity, tmp_path, name):
    values = values_of(identity, **{name.replace("-", "_"): WRONG[name]})
    if name == "cert-selector":
        values.pop("certificate")
    config = write(tmp_path / "config.toml", f'{name} = "{WRONG[name]}"\n')
    result = run("credential-process", *flags(values), "--config", config)
    assert result.code == 2 and "comes from" not in result.err, result
    assert "config.toml" not in result.err, result


def test_two_values_that_do_not_agree_have_both_places(identity, tmp_path):
    config = write(tmp_path / "config.toml", 'region = "us-east-1"\n')
    values = values_of(identity)
    anchor = values.pop("trust-anchor-arn")
    result = run("credential-process", *flags(values), "--config", config,
                 env={"ROLECALL_TRUST_ANCHOR_ARN": anchor})
    assert_fails(result, 2, "--region comes from configuration file .*, line 1")
    assert "--trust-anchor-arn comes from environment variable ROLECALL_TRUST" in result.err, result


def test_of_two_bindings_the_right_one_is_named(identity, tmp_path):
    values = values_of(identity)
    values.pop("certificate")
    config = write(tmp_path / "config.toml", lines(values) +
                   f'[binding.a]\ncertificate = "{identity.certificate}"\n'
                   '[binding.b]\ncertificate = "/nonexistent/b.pem"\n')
    result = run("serve", "--config", config, "--binding", "a", "--binding", "b", "--port", "0",
                 "--token-dir", tmp_path)
    assert_fails(result, 2, "/nonexistent/b.pem.*comes from configuration file .*, line 9")
    assert "line 7" not in result.err, result


def test_a_warning_has_the_place_too(identity, emulator, tmp_path):
    key = shutil.copy(identity.key, tmp_path / "open.key")
    os.chmod(key, 0o644)
    values = values_of(identity, endpoint=emulator.url)
    values.pop("private-key")
    config = write(tmp_path / "config.toml", 'private-key = "open.key"\n')
    result = run("credential-process", *flags(values), "--config", config)
    assert_credentials(result)
    assert re.search(r"open\.key has mode 0644.*--private-key comes from configuration file "
                     r".*config\.toml, line 1", result.err), result


def test_relative_paths_start_at_the_files_folder(identity, tmp_path):
    values = values_of(identity)
    values.pop("certificate")
    config = write(tmp_path / "config.toml", 'certificate = "leaf.pem"\n')
    for path, cwd in ((config, "/"), ("config.toml", tmp_path)):
        result = run("credential-process", *flags(values), "--config", path, cwd=cwd)
        assert_fails(result, 2, "relative paths in the file start at its directory", "^check the path$")
    result = run("credential-process", *flags(values), "--config", config)
    assert f"{tmp_path}/leaf.pem" in result.err and "working directory" not in result.err, result


@pytest.mark.parametrize("name,value,pattern", [
    ("cert-selector", "file://none.json", "{}/none.json"), ("intermediates", "none.pem", "{}/none.pem"),
    ("password-source", "file:none", "{}/none: No such file"),
    ("certificate", "~/none.pem", "/nonexistent/none.pem")])
def test_every_kind_of_path_starts_there(identity, tmp_path, name, value, pattern):
    key = pki.write(tmp_path, "e.key", pki.key_pem(identity.leaf.key, password=b"secret"))
    values = values_of(identity, endpoint="http://127.0.0.1:1")
    if name == "password-source":
        values["private-key"] = key
    values.pop("certificate" if name == "cert-selector" else name, None)
    config = write(tmp_path / "config.toml", f'{name} = "{value}"\n')
    result = run("credential-process", *flags(values), "--config", config.name, cwd=tmp_path)
    assert_fails(result, 2, pattern.format(tmp_path))
    assert "working directory" not in result.err, result
    if "~" in value:
        assert "file's folder" not in result.err, result


def test_the_token_directory_starts_there(tmp_path):
    (tmp_path / "tokens").mkdir(0o700)
    config = write(tmp_path / "config.toml", "[env]\ntoken-dir = 'tokens'\n")
    result = run("env", "--config", config.name, cwd=tmp_path)
    assert_fails(result, 2, f"there is no {tmp_path}/tokens/default.uri")


def test_a_variable_that_names_no_file(tmp_path):
    result = run("bindings", env={"ROLECALL_CONFIG": str(tmp_path / "none")})
    assert_fails(result, 2, "environment variable ROLECALL_CONFIG: cannot open .*/none")


def test_a_port_in_a_binding_is_used_by_serve(identity, emulator, tmp_path):
    """So it is no name that nothing uses; of several bindings it could not be."""
    values = values_of(identity, endpoint=emulator.url)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        config = write(tmp_path / "config.toml", lines(values) +
                       f"[binding.x]\nport = {port}\n[binding.y]\n")
        serve = ["serve", "--config", config, "--token-dir", tmp_path]
        assert_fails(run(*serve, "--binding", "x"), 2, f"cannot listen on .*, port {port}")
    assert_fails(run(*serve, "--binding", "x", "--binding", "y"), 2, "line 8: port is for the whole",
                 r"\[serve\]")


def test_no_secret_is_told_as_a_value(tmp_path):
    for line in ("pkcs8-password = 12345678", "password-source = 12345678"):
        config = write(tmp_path / "config.toml", line + "\n")
        result = assert_fails(run("sign-string", "--config", config), 2, "line 1: .* in quotes")
        assert "1234" not in result.err, result


# --- names and types, in tables that the command does not read as well

@pytest.mark.parametrize("command", ["credential-process", "serve", "bindings", "emulate", "env"])
@pytest.mark.parametrize("text,pattern,hint", [
    ("[serve]\nprot = 1", r'line 3: there is no setting "prot" in \[serve\]', "did you mean port"),
    ("[credential-process]\nport = 1", r'line 3: .*"port" in \[credential-process\]', r"\[serve\]"),
    ("[serv]", r"line 2: the table \[serv\] is neither", "did you mean serve"),
    ("[bindng]", r"line 2: the table \[bindng\] is neither", r"did you mean \[binding.NAME\]"),
    ("[good]", r"line 2: the table \[good\] is neither", r"is a table \[binding.good\]"),
    ("['profile x']", r"line 2: the table \[profile x\] is neither", r"\[binding.NAME\]"),
    ("[bindings.good]", r"line 2: \[bindings.good\] has", r"^did you mean \[binding.good\]\?$"),
    ("[bindng.x]", r"line 2: \[bindng.x\] has no meaning", r"^did you mean \[binding.x\]\?$"),
    ("[bind.'a.b']", r"line 2: \[bind.a.b\] has no", r'^did you mean \[binding."a.b"\]\?$'),
    ("[binding.a.b]", r"line 2: \[binding.a.b\] has no meaning", r'quotes: \[binding."a.b"\]$'),
    ("[serve.x]", r"line 2: \[serve.x\] has no meaning", r"\[binding.NAME\]"),
    ("[bindings]\nrole-arn = 'x'", 'line 3: .*"role-arn" in', r"did you mean .*\[binding.NAME\]"),
    ("[binding]\nrole-arn = 'x'", r"line 3: .*\[binding\], which has no name", "binding.NAME"),
    ("[[binding]]", "line 2: binding is a list of tables", r"mean \[binding.NAME\]"),
    ("[[binding.x]]", "line 2: binding.x is a list of tables", r"mean \[binding.x\]"),
    ("[[serve]]", "line 2: serve is a list of tables", r"mean \[serve\]"),
    ("[serve]\nregion = {a = 1}", "line 3: region has a value of a type", "text in quotes"),
    ("[emulate]\nfalt = ['503']", 'line 3: .*"falt"', "fault"),
    ("[update]\nrefresh-before = 'soon'",
     'line 3: refresh-before takes seconds from 1 to 43199, not "soon"', "an hour is 3600"),
    ("[update]\nrefresh-before = 0", "line 3: refresh-before takes seconds from 1 to 43199", None),
    ("session-duration = 1.5", 'line 2: session-duration takes seconds from 900 to 43200, not "1.5"',
     "whole number"),
    ("[exec]\ntimeout = 0", "line 3: timeout takes seconds from 0.001 to 86400", "such as 5"),
    ("[serve]\nport = 65536", "line 3: port takes a number from 0 to 65535", "0 means any"),
    ("[serve]\nlog-format = 'JSON'", "line 3: log-format takes text or json", "did you mean json"),
    ("[export]\nformat = 'jsn'", "line 3: format takes env, fish, .*, not \"jsn\"", "mean json"),
    ("format = 'foo'", 'line 2: no command takes "foo" as format', "table of the command"),
    ("[exec]\ncache = 'ture'", 'line 3: cache takes true or false, not "ture"',
     "write cache = true or cache = false"),
    ("[update]\nonce = 1", "line 3: once takes true or false, not 1", None),
    ("[exec]\nrole-arn = 5", "line 3: role-arn takes a text in quotes, not 5", None),
    ("[exec]\nrole-arn = ['a']", "line 3: role-arn takes one value, not a list", None),
    ("[emulate]\ncrl = ['a', 3]", "line 3: crl takes a text in quotes, not 3", None),
    ("[serve]\nport = true", "line 3: port takes a number from 0 to 65535, not \"true\"", None),
])
def test_names_and_types_anywhere(tmp_path, command, text, pattern, hint):
    config = write(tmp_path / "config.toml", "# a comment\n" + text + "\n")
    more = ["--trust-anchor", "/nonexistent"] if command == "emulate" else []
    assert_fails(run(command, "--config", config, *more), 2, pattern, hint)


@pytest.mark.parametrize("text,pattern,hint", [
    ("[binding.x]\nprot = 1", 'line 2: there is no setting "prot"', "port"),
    ("[binding.x]\ntrust-anchor = 'x'", 'line 2: there is no setting "trust-anchor"',
     r"\[emulate\]"),
    ("[binding.x]\nregion = 5", "line 2: region takes a text", "quotes"),
    ("[binding.x]\nsession-duration = true", "line 2: session-duration takes seconds from 900", None),
    ("binding = 'x'\n[binding.x]\n", r"line 2: the table \[binding.x\]", "--binding NAME"),
    ("binding = 'x'", "line 1: ", "--binding NAME"),
    ("use-fips = 'perhaps'", "line 1: use-fips takes true or false", None),
])
def test_names_and_types_in_bindings(tmp_path, text, pattern, hint):
    config = write(tmp_path / "config.toml", text + "\n")
    assert_fails(run("credential-process", "--config", config), 2, pattern, hint)
    assert_fails(run("serve", "--config", config, "--binding", "x"), 2, pattern, hint)


def test_what_is_right_stays_right(identity, emulator, tmp_path):
    config = write(tmp_path / "config.toml", lines(values_of(identity, endpoint=emulator.url)) +
                   "session-duration = 900\ntimeout = 2.5\ndebug = 'false'\nprofile = 'p'\n"
                   "[serve]\nport = '9911'\nimds = true\nhop-limit = 3\n[emulate]\nport = 1\n"
                   "fault = ['503:1', 'broken']\n[update]\nonce = true\n"
                   "[binding.x]\nport = 3\nrefresh-before = 60\n[env]\ntoken-dir = '/x'\n"
                   "[cache]\n[version]\n[export]\nformat = 'json'\n")
    result = run("credential-process", "--config", config)
    assert_credentials(result)
    assert result.err == "", result


@pytest.mark.parametrize("text,line", [
    ("a=1\n[binding\u048f]\nrole-arn=\"x\"\n", 2), ("\u048f = 1\n", 1), ("a.\u00e9 = 1\n", 1),
    ("region = \u201cx\u201d\n", 1), ("x = '''\n\u00e9\n'''\n\n[\u4e2d]\n", 5),
    ("x = \"\"\"\n\u00e9 \\\"\"\" \"\"\"\"\"\n\u00e9 = 1\n", 3), ("# \u00e9\n\u00e9\n", 2),
    ("role-arn = \"\u00e9\" \u00e9\n", 1),
])
def test_bare_names_that_are_not_ascii(tmp_path, text, line):
    config = write(tmp_path / "config.toml", text)
    assert_fails(run("credential-process", "--config", config), 2,
                 f"line {line}: a character that is not ASCII", "quotes")


def test_names_and_values_in_quotes_may_be_anything(tmp_path):
    config = write(tmp_path / "config.toml", "# caf\u00e9 \"\n'\u00e9' = 'x'\n")
    assert_fails(run("credential-process", "--config", config), 2, 'line 2: .*setting "\u00e9"'
                 .encode().decode())


# --- a file that cannot be read

as_root = pytest.mark.skipif(os.getuid() != 0, reason="only root can become somebody else")
NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]


@as_root
@pytest.mark.parametrize("command", ["credential-process --binding b", "credential-process",
                                     "bindings", "sign-string", "serve"])
def test_a_file_that_this_user_may_not_read(command):
    with tempfile.TemporaryDirectory(prefix="rolecall-test.") as directory:
        os.chmod(directory, 0o755)
        binary = shutil.copy(BINARY, directory)
        os.makedirs(f"{directory}/.config/rolecall")
        config = f"{directory}/.config/rolecall/config.toml"
        with open(config, "w", encoding="utf-8") as file:
            file.write("[binding.b]\n")
        os.chmod(config, 0o600)
        result = run(*command.split(), prefix=NOBODY, binary=binary, cwd="/",
                     env={"HOME": directory})
        assert_fails(result, 2, f"configuration file {config} cannot be read: Permission denied")
        assert "as there is no configuration file" not in result.err, result


@as_root
@pytest.mark.parametrize("spoil,why", [
    (lambda path: path.parent.chmod(0o700), "Permission denied"),
    (lambda path: (path.unlink(), path.symlink_to("/nonexistent")), "link to a file that does not"),
    (lambda path: (path.unlink(), path.symlink_to(path.name)), "Too many levels"),
], ids=["directory", "link", "loop"])
@pytest.mark.parametrize("command", ["bindings", "bindings --names", "credential-process"])
def test_a_file_that_is_in_the_way(command, spoil, why):
    with tempfile.TemporaryDirectory(prefix="rolecall-test.") as directory:
        os.chmod(directory, 0o755)
        binary = shutil.copy(BINARY, directory)
        config = pathlib.Path(directory, ".config/rolecall/config.toml")
        config.parent.mkdir(parents=True)
        config.write_text("[binding.b]\n")
        spoil(config)
        result = run(*command.split(), prefix=NOBODY, binary=binary, cwd="/",
                     env={"HOME": directory})
    assert_fails(result, 2, f"configuration file {config} cannot be read: .*{why}")
    assert "hint: make " + str(config) not in result.err, result
    if command.startswith("bindings"):
        assert "make it readable for this user" in result.hint, result


@as_root
def test_without_home_the_users_own_is_looked_up(tmp_path):
    """As update finds ~/.aws; in a mount namespace, where /root is ours."""
    script = ("mount -t tmpfs none /root || exit 77\nmkdir -p /root/.config/rolecall\n"
              "echo '[binding.of-root]' >/root/.config/rolecall/config.toml\n"
              "unset HOME\nexec \"$0\" bindings --names\n")
    with tempfile.TemporaryDirectory(prefix="rolecall-test.", dir="/tmp") as directory:
        binary = shutil.copy(BINARY, directory)
        done = subprocess.run(["unshare", "-m", "sh", "-c", script, binary], env=environment(),
                              capture_output=True, text=True, check=False, timeout=60)
    if done.returncode == 77 or "unshare" in done.stderr:
        pytest.skip("cannot mount here: " + done.stderr.strip())
    assert done.stdout == "of-root\n", done


# --- variables

@pytest.mark.parametrize("variable,value,pattern,hint", [
    ("ROLECALL_CACHE", "ture", '--cache takes true or false, not "ture"', "true or false"),
    ("ROLECALL_WITH_PROXY", "yes", "--with-proxy takes true or false", "true or false"),
    ("AWS_USE_FIPS_ENDPOINT", "yes", "--use-fips takes true or false", "true or false"),
    ("ROLECALL_SESSION_DURATION", "1h", "takes seconds from 900 to 43200", "an hour is 3600"),
    ("ROLECALL_TIMEOUT", "1m", "takes seconds from 0.001 to 86400", "without a unit"),
    ("ROLECALL_CACHE_MARGIN", "43200", "takes seconds from 0 to 43199", "an hour is 3600"),
    ("ROLECALL_FORMAT", "JSON", "takes env, .* dotenv, not", "did you mean json"),
])
def test_a_variable_with_no_such_value(variable, value, pattern, hint):
    result = run("export", env={variable: value})
    assert_fails(result, 2, f"environment variable {variable}: .*{pattern}", hint)


@pytest.mark.parametrize("command", ["credential-process", "update", "bindings", "emulate"])
def test_a_variable_that_nothing_knows(command):
    result = run(command, env={"ROLECALL_ROLE_ARM": "hunter2hunter2", "ROLECALL_ROLE_ARN": ROLE_ARN,
                               "ROLECALL_PORT": "1", "ROLECALL_EMULATE_PORT": "1",
                               "ROLECALL_PIN": "1", "ROLECALL_CONFIG": "/dev/null"})
    warnings = [line for line in result.warnings if "environment variable" in line]
    assert len(warnings) == 1 and "ROLECALL_ROLE_ARM is not known" in warnings[0], result
    assert "did you mean ROLECALL_ROLE_ARN?" in warnings[0] and "hunter2" not in result.err, result


def test_no_variable_of_ours_is_unknown(identity, emulator):
    result = run("credential-process", *identity.flags, *ARNS, "--endpoint", emulator.url,
                 env={"ROLECALL_NO_TPM_KEY_PASSWORD": "false", "ROLECALL_HOP_LIMIT": "1",
                      "ROLECALL_SYSTEM_STORE_NAME": "MY", "ROLECALL_BINDING": ""})
    assert_credentials(result)
    assert result.err == "", result


@pytest.mark.parametrize("variables", [
    {"ROLECALL_CERTIFICATE": "x.pem", "ROLECALL_CERT_SELECTOR": "Key=x509Subject,Value=CN=x"},
    {"ROLECALL_PASSWORD_SOURCE": "env:X", "ROLECALL_PKCS8_PASSWORD": "x"},
    {"ROLECALL_PASSWORD_SOURCE": "env:X", "ROLECALL_TPM_KEY_PASSWORD": "x"}], ids=range(3))
def test_two_variables_that_exclude_each_other(variables):
    """Neither is passed over: it may be the one that counts."""
    assert_fails(run("credential-process", *ARNS, env=variables), 2, "cannot be used together")


def test_the_emptiness_of_a_variable_of_a_script(identity, tmp_path):
    (tmp_path / "config.toml").write_text(
        f"[binding.x]\ncertificate = '{identity.certificate}'\n"
        "pkcs8-password = ''\nprivate-key = 'encrypted.key'\n"
        + "".join(f"{flag[2:]} = '{arn}'\n" for flag, arn in zip(ARNS[::2], ARNS[1::2])))
    key = tmp_path / "encrypted.key"
    key.write_bytes(pki.key_pem(identity.leaf.key, password=b"secret"))
    key.chmod(0o600)
    listed = run("bindings", "--config", tmp_path / "config.toml")
    assert listed.code == 0 and "error" not in listed.out, listed
    assert_fails(run("emulate", "--tls-cert=", "--tls-key="), 2, "missing: --trust-anchor")


def test_the_variable_of_an_option_without_effect_is_known():
    result = run("bindings", env={"ROLECALL_SYSTEM_STORE_NAME": "MY"})
    assert "ROLECALL_SYSTEM_STORE_NAME" not in result.err, result
