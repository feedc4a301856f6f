"""Flags from the environment and the configuration file, and the bindings in it."""

import os
import re
import subprocess

import pytest
from support import pki
from support.process import (ANCHOR_ARN, ARNS, BINARY, PROFILE_ARN, ROLE_ARN, assert_credentials,
                             assert_fails, environment, needs_shared_build, run)

ARN_LINES = (f'trust-anchor-arn = "{ANCHOR_ARN}"\nprofile-arn = "{PROFILE_ARN}"\n'
             f'role-arn = "{ROLE_ARN}"\n')


def write_config(directory, text, mode=0o644, name="config.toml"):
    path = directory / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)
    return path


def identity_lines(identity):
    names = [flag.removeprefix("--") for flag in identity.flags[::2]]
    return "".join(f'{name} = "{value}"\n' for name, value in zip(names, identity.flags[1::2]))


def origins(result):
    """{flag: (value, place)} of --debug's first message."""
    found = re.findall(r"^  --([a-z0-9-]+)(?:=(.*?))? \(((?:command line|environment variable|"
                       r"configuration file).*)\)$", result.err, re.M)
    return {name: (value, place) for name, value, place in found}


@pytest.fixture(scope="module")
def complete(identity, emulator, tmp_path_factory):
    """A file with which credential-process needs no flag."""
    return write_config(tmp_path_factory.mktemp("config"), identity_lines(identity) + ARN_LINES +
                        f'endpoint = "{emulator.url}"\n')


def test_a_file_is_all_that_is_needed(complete):
    result = run("credential-process", "--config", complete)
    assert_credentials(result)
    assert result.err == "", result


def test_variables_are_all_that_is_needed(identity, emulator):
    flags = [*identity.flags, *ARNS, "--endpoint", emulator.url]
    variables = {"ROLECALL_" + name[2:].upper().replace("-", "_"): value
                 for name, value in zip(flags[::2], flags[1::2])}
    assert_credentials(run("credential-process", env=variables))


def listed_flags(command):
    text = run(command, "--help").out
    return re.findall(r"^  (?:-h, )?--([a-z0-9-]+)(?: ([A-Za-z0-9|]+))?", text, re.M)


VALUES = {"FILE": "/x", "SECONDS": "901", "URL": "http://127.0.0.1:1", "ARN": "arn:x", "NAME": "n",
          "REGION": "r", "SOURCE": "env:NONE", "PASSWORD": "hunter2hunter2", "": "true"}


@pytest.mark.parametrize("command", ["credential-process", "update", "sign-string",
                                     "read-certificate-data"])
def test_every_flag_can_be_a_variable_or_a_line(command, tmp_path):
    flags = listed_flags(command)
    assert len(flags) > 5
    for name, kind in flags:
        if name in ("help", "config", "binding", "debug"):
            continue
        value = VALUES.get(kind, kind.split("|")[0])
        variable = "ROLECALL_" + name.upper().replace("-", "_")
        shown = {"password-source": "env:…", "pkcs8-password": "",
                 "tpm-key-password": ""}.get(name, value)
        result = run(command, "--debug", env={variable: value})
        assert origins(result)[name] == (shown, "environment variable " + variable), result
        path = write_config(tmp_path, f'# comment\n{name} = "{value}"\n')
        result = run(command, "--debug", "--config", path)
        assert origins(result)[name] == (shown, f"configuration file {path}, line 2"), result
        assert "hunter2" not in result.err, result


def test_a_pin_in_a_uri_is_not_told(tmp_path):
    uri = "pkcs11:token=none?pin-value=hunter2"
    path = write_config(tmp_path, f'private-key = "{uri}"\n')
    path.chmod(0o644)
    result = run("credential-process", "--debug", "--config", path, env={"ROLECALL_CERTIFICATE": uri})
    assert origins(result)["certificate"][0] == "pkcs11:token=none?…"
    assert origins(result)["private-key"][0] == "pkcs11:token=none?…"
    assert "hunter2" not in result.err and "holds a password (private-key)" in result.err, result


def test_a_certificate_and_a_selector_are_ways_to_say_the_same(identity, emulator, tmp_path):
    needs_shared_build("PKCS#11")
    path = write_config(tmp_path, 'cert-selector = "Key=x509Subject,Value=CN=none"\n' + ARN_LINES)
    flags = ["--config", path, "--endpoint", emulator.url]
    assert_credentials(run("credential-process", *identity.flags, *flags))
    assert_fails(run("credential-process", *flags, env={"SOFTHSM2_CONF": "/nonexistent"}), 3,
                 "there is no PKCS#11 token")


def test_debug_can_be_a_variable():
    assert "rolecall: debug:" in run("credential-process", env={"ROLECALL_DEBUG": "true"}).err
    assert "rolecall: debug:" not in run("credential-process", env={"ROLECALL_DEBUG": "0"}).err


def test_flag_beats_variable_beats_binding_beats_command_beats_the_rest(tmp_path):
    path = write_config(tmp_path, 'region = "top"\n[credential-process]\nregion = "command"\n'
                        '[update]\nregion = "other"\n[binding.b]\nregion = "binding"\n')
    layers = [(["--region", "flag"], {}), ([], {"ROLECALL_REGION": "variable"}),
              (["--binding", "b"], {}), ([], {})]
    wanted = [("flag", "command line"), ("variable", "environment variable ROLECALL_REGION"),
              ("binding", f"configuration file {path}, line 7"),
              ("command", f"configuration file {path}, line 3")]
    for nth, expected in enumerate(wanted):
        flags = [flag for more, _ in layers[nth:] for flag in more]
        variables = {k: v for _, more in layers[nth:] for k, v in more.items()}
        result = run("credential-process", "--debug", "--config", path, *flags, env=variables)
        assert origins(result)["region"] == expected, result
    path.write_text('region = "top"\n')
    result = run("credential-process", "--debug", "--config", path)
    assert origins(result)["region"] == ("top", f"configuration file {path}, line 1"), result


def test_empty_variables_are_none_and_empty_flags_are_empty(complete):
    assert_credentials(run("credential-process", "--config", complete,
                           env={"ROLECALL_REGION": "", "ROLECALL_BINDING": ""}))
    assert_fails(run("credential-process", "--config", complete, "--role-arn", ""), 2,
                 "missing: --role-arn")


def test_awss_variables_have_their_place(identity, emulator, complete, tmp_path):
    path = write_config(tmp_path, 'ca-bundle = "/file"\nuse-fips = false\n')
    result = run("credential-process", "--debug", "--config", path,
                 env={"AWS_CA_BUNDLE": "/variable", "AWS_USE_FIPS_ENDPOINT": "TRUE"})
    assert origins(result)["ca-bundle"] == ("/variable", "environment variable AWS_CA_BUNDLE")
    assert origins(result)["use-fips"] == ("TRUE", "environment variable AWS_USE_FIPS_ENDPOINT")
    result = run("credential-process", "--debug", "--use-fips=false",
                 env={"AWS_USE_FIPS_ENDPOINT": "true", "ROLECALL_CA_BUNDLE": "/ours",
                      "AWS_CA_BUNDLE": "/theirs"})
    assert origins(result)["use-fips"] == ("false", "command line")
    assert origins(result)["ca-bundle"][0] == "/ours"


# --- which file

def test_where_the_file_is_looked_for(complete, tmp_path):
    home, xdg = tmp_path / "home", tmp_path / "xdg"
    text = complete.read_text()

    def origin(**env):
        result = run("credential-process", "--debug", env=env)
        return origins(result).get("region", (None,))[0]

    write_config(home, text + 'region = "home"\n', name=".config/rolecall/config.toml")
    write_config(xdg, text + 'region = "xdg"\n', name="rolecall/config.toml")
    named = write_config(tmp_path, text + 'region = "named"\n')
    assert origin(HOME=str(home)) == "home"
    assert origin(HOME=str(home), XDG_CONFIG_HOME=str(xdg)) == "xdg"
    assert origin(HOME=str(home), ROLECALL_CONFIG=str(named)) == "named"
    assert origin(HOME=str(home), ROLECALL_CONFIG="/dev/null") is None
    flag = run("credential-process", "--debug", "--config", named, env={"HOME": str(home)})
    assert origins(flag)["region"][0] == "named"


def test_the_file_of_the_system(complete, tmp_path):
    """In a mount namespace, where /etc is ours."""
    script = ('mount -t tmpfs none /etc || exit 77\nmkdir /etc/rolecall\n'
              'cp "$0" /etc/rolecall/config.toml || exit 78\nexec "$@"\n')
    namespace = ["unshare", "-m"] if os.geteuid() == 0 else ["unshare", "-rm"]
    done = subprocess.run([*namespace, "sh", "-c", script, complete, BINARY, "credential-process",
                           "--debug"], env=environment(), capture_output=True, text=True,
                          timeout=60, check=False)
    if done.returncode == 77 or "unshare" in done.stderr:
        pytest.skip("cannot mount over /etc here: " + done.stderr.strip())
    assert done.returncode == 0 and "configuration file /etc/rolecall/config.toml, line" in \
        done.stderr, done


def test_a_file_that_is_not_there(tmp_path):
    assert_fails(run("credential-process", "--config", tmp_path / "none"), 2, "No such file")
    assert_fails(run("credential-process", env={"ROLECALL_CONFIG": str(tmp_path / "none")}), 2,
                 "cannot open configuration file.*none: No such file")
    assert_fails(run("credential-process", "--config", tmp_path), 2, "is a directory")


def test_an_empty_file(tmp_path):
    for text in ("", "\n", "# nothing\n"):
        assert_fails(run("credential-process", "--config", write_config(tmp_path, text)), 2,
                     "missing: --certificate")


@pytest.mark.parametrize("mode", [0o664, 0o646, 0o666, 0o602, 0o620])
def test_a_file_that_others_can_write(complete, tmp_path, mode):
    path = write_config(tmp_path, complete.read_text(), mode)
    assert_fails(run("credential-process", "--config", path), 2,
                 f"has mode {mode:04o}: others than its owner can write it", "chmod go-w")


def test_a_file_of_another_user(complete, tmp_path):
    if os.geteuid() != 0:
        pytest.skip("only root can give a file to another user")
    path = write_config(tmp_path, complete.read_text())
    os.chown(path, 65534, 0)
    assert_fails(run("credential-process", "--config", path), 2,
                 "belongs to user 65534", "--config")


def test_no_file_is_read_for_help_or_version(tmp_path):
    path = write_config(tmp_path, "not toml")
    env = {"ROLECALL_CONFIG": str(path)}
    assert run("version", env=env).code == 0
    assert run("credential-process", "--help", env=env).code == 0
    assert_fails(run("credential-process", env=env), 2, "line 1")


# --- what stands in it

@pytest.mark.parametrize("text,pattern,hint", [
    ("region = us-east-1", "line 1: .*value", "quotes"),
    ("region", "line 1: ", "quotes"),
    ('a = "x"\n\nregion = "x" # ok\nb = "unended\n', "line 4: ", "quotes"),
    ('region = "a"\nregion = "b"', 'line 2: "region" is defined twice', None),
    ("\xff\xfe".encode("latin-1"), "line 1: a character that is not ASCII", "quotes"),
    ('regon = "x"', 'line 1: there is no setting "regon"', "did you mean region"),
    ('config = "x"', 'no setting "config"', None),
    ('binding = "x"', 'no setting "binding"', None),
    ('help = true', 'no setting "help"', None),
    ("[updat]", r"table \[updat\] is neither", "did you mean update"),
    ('[binding.x.y]\nregion = "x"', r"\[binding.x.y\] has no meaning", "quotes"),
    ("[binding]\nx = 1", r"\[binding\], which has no name", r"\[binding.NAME\]"),
    ('[binding."a b"]', "cannot be a binding's name", "letters"),
    ("[[binding]]", "binding is a list of tables", None),
    ('region = ["a", "b"]', "line 1: region takes one value, not a list", None),
    ("region = 1979-05-27", "region has a value of a kind that no flag takes", None),
    ('debug = "perhaps"', 'debug takes true or false, not "perhaps"', None),
    ("session-duration = 'x'", "line 1: session-duration takes seconds", "an hour is 3600"),
    ("timeout = 0", "line 1: timeout takes seconds from 0.001", "such as 5"),
    ('region = "a\\u0000b"', "line 1: region holds a NUL", None),
    ("a." * 100_000 + "b = 1", "larger than 128 KiB", None),
    ("a." * 60_000 + "b = 1", "line 1: it has over 1000 dots", None),
    ("x = 1\na." * 1 + "a." * 990 + "b = 1", "", None),
    ("a = " + "[" * 60_000, "line 1: ", None),
], ids=lambda value: str(value)[:30])
def test_what_has_no_place_in_a_file(tmp_path, text, pattern, hint):
    path = tmp_path / "config.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    path.chmod(0o600)
    result = run("credential-process", "--config", path)
    assert_fails(result, 2, pattern, hint)
    assert f"configuration file {path}" in result.err


def test_what_other_commands_take_is_no_mistake(complete, tmp_path):
    path = write_config(tmp_path, complete.read_text() + 'profile = "p"\nrefresh-before = 60\n'
                        '[update]\nonce = true\n[emulate]\nport = 1\n[binding.unused]\n')
    assert_credentials(run("credential-process", "--config", path))


def test_values_of_toml(complete, tmp_path):
    path = write_config(tmp_path, complete.read_text() + """
session-duration = 1_000     # a number
timeout = 2.5
use-fips = false
region = '''us-east-1'''
role-session-name = "caf\\u0065#=\\"x\\""  # escapes, and a "#" within quotes
""")
    result = run("credential-process", "--debug", "--config", path)
    shown = {name: value for name, (value, _) in origins(result).items()}
    assert shown["session-duration"] == "1000" and shown["timeout"] == "2.5", result
    assert shown["use-fips"] == "false" and shown["role-session-name"] == 'cafe#="x"', result


def test_wrong_variables():
    for name, value, pattern in [("ROLECALL_DEBUG", "maybe", "--debug takes true or false"),
                                 ("ROLECALL_TIMEOUT", "soon", "--timeout takes seconds"),
                                 ("ROLECALL_SESSION_DURATION", "1h", "session-duration"),
                                 ("AWS_USE_FIPS_ENDPOINT", "yep", "--use-fips takes true or false")]:
        assert_fails(run("credential-process", env={name: value}), 2,
                     f"environment variable {name}: .*{pattern}")


def test_a_colon_in_a_path_is_no_scheme(tmp_path):
    path = write_config(tmp_path, 'certificate = "a:b.pem"\n')
    shown = origins(run("credential-process", "--config", path, "--debug"))
    assert shown["certificate"][0] == f"{tmp_path}/a:b.pem"


def test_a_pin_in_a_uri_is_not_shown(tmp_path):
    uri = "pkcs11:object=x?pin-value=hunter2hunter2"
    for flags, env in ((["--private-key", uri], {}), ([], {"ROLECALL_PRIVATE_KEY": uri})):
        result = run("sign-string", *flags, "--debug", env=env)
        assert origins(result)["private-key"][0] == "pkcs11:object=x?…", result
        assert "hunter2" not in result.err, result


def test_flags_with_an_empty_value(complete):
    """As templates make them, and as the official helper reads them."""
    assert_credentials(run("credential-process", "--config", complete, "--region=",
                           "--role-session-name=", "--debug=false", "--intermediates="))
    assert_fails(run("credential-process", "--config", complete, "--role-arn=", ROLE_ARN), 2,
                 "unexpected argument")
    result = run("credential-process", "--config", complete, "--pkcs8-password=", "hunter2")
    assert_fails(result, 2, "unexpected argument, not shown")
    assert "hunter2" not in result.err


def test_debug_tells_of_variables_that_are_for_no_flag(complete, emulator):
    result = run("credential-process", "--config", complete, "--debug", "--with-proxy",
                 env={"SSL_CERT_DIR": "/x", "https_proxy": "http://127.0.0.1:9"})
    assert "SSL_CERT_DIR" in result.err and "named by https_proxy" in result.err, result


def test_paths_start_at_the_file(identity, emulator, tmp_path):
    home = tmp_path / "home"
    (home / "pki").mkdir(parents=True)
    flags = pki.write_identity(home / "pki", identity.leaf)
    names = [os.path.basename(value) for value in flags[1::2]]
    pki.write(home / "pki", "password", b"unused")
    pki.write(home, "ca.pem", pki.pem(identity.root))
    text = (f'certificate = "pki/{names[0]}"\nprivate-key = "~/pki/{names[1]}"\n'
            f'ca-bundle = "./ca.pem"\npassword-source = "file:pki/password"\n')
    write_config(home, text + ARN_LINES)
    result = run("credential-process", "--config", "home/config.toml", "--debug", "--endpoint",
                 emulator.url, env={"HOME": str(home)}, cwd=tmp_path)
    assert_credentials(result)
    assert origins(result)["certificate"][0] == f"{home}/pki/{names[0]}"
    assert origins(result)["private-key"][0] == f"{home}/pki/{names[1]}"
    assert origins(result)["ca-bundle"][0] == f"{home}/./ca.pem"
    encrypted = pki.key_pem(identity.leaf.key, password=b"from a file")
    pki.write(home / "pki", names[1], encrypted)
    pki.write(home / "pki", "password", b"from a file\n")
    assert_credentials(run("credential-process", "--config", "home/config.toml", "--endpoint",
                           emulator.url, env={"HOME": str(home)}, cwd=tmp_path))
    for other in ("-", "fd:7", "pkcs11:object=x", "/abs.pem"):
        path = write_config(tmp_path, f'certificate = "{other}"\n')
        shown = origins(run("credential-process", "--config", path, "--debug"))
        assert shown["certificate"][0] == other


# --- passwords

@pytest.fixture(name="encrypted")
def encrypted_key(identity, tmp_path):
    path = pki.write(tmp_path, "encrypted.key", pki.key_pem(identity.leaf.key, password=b"pa55word"))
    return [*identity.flags[:2], "--private-key", path, *identity.flags[4:], *ARNS]


def test_password_from_a_variable(encrypted, emulator):
    result = run("credential-process", *encrypted, "--endpoint", emulator.url, "--debug",
                 env={"ROLECALL_PKCS8_PASSWORD": "pa55word"})
    assert_credentials(result)
    assert "pa55word" not in result.err and not result.warnings, result
    source = run("credential-process", *encrypted, "--endpoint", emulator.url,
                 env={"ROLECALL_PASSWORD_SOURCE": "env:PW", "PW": "pa55word"})
    assert_credentials(source)


def test_a_password_given_in_one_way_ends_the_search_for_others(encrypted, emulator, tmp_path):
    """They exclude each other on one level alone."""
    path = write_config(tmp_path, "pkcs8-password = 'wrong'\n", 0o600)
    right = ["--password-source", "env:PW"]
    env = {"PW": "pa55word", "ROLECALL_PKCS8_PASSWORD": "wrong"}
    flags = [*encrypted, "--endpoint", emulator.url, "--config", path]
    assert_credentials(run("credential-process", *flags, *right, env=env))
    env = {"PW": "pa55word", "ROLECALL_PASSWORD_SOURCE": "env:PW"}
    assert_credentials(run("credential-process", *flags, env=env))
    path.write_text("pkcs8-password = 'wrong'\npassword-source = 'env:PW'\n")
    assert_fails(run("credential-process", *flags), 2, "exclude each other")


def test_a_password_variable_is_taken_away_though_nobody_asks_for_it(encrypted, emulator):
    script = "sh -c 'env | grep -c PASSWORD >&2; echo pa55word'"
    result = run("credential-process", *encrypted, "--endpoint", emulator.url,
                 "--password-source", f"command:{script}",
                 env={"ROLECALL_PKCS8_PASSWORD": "hunter2"})
    assert_credentials(result)
    assert result.err == "0\n", result


def test_a_password_in_a_file_that_others_can_read(encrypted, emulator, tmp_path):
    path = write_config(tmp_path, "pkcs8-password = 'pa55word'\n", 0o644)
    result = run("credential-process", *encrypted, "--endpoint", emulator.url, "--config", path)
    assert_credentials(result)
    assert len(result.warnings) == 1 and "holds a password" in result.err, result
    assert "pa55word" not in result.err


# --- bindings

@pytest.fixture(name="two")
def two_bindings(identity, emulator, tmp_path):
    other = identity.intermediate.issue("other leaf", private_key=pki.key("rsa2048"))
    (tmp_path / "other").mkdir()
    flags = pki.write_identity(tmp_path / "other", other)
    lines = "".join(f'{name[2:]} = "{value}"\n' for name, value in zip(flags[::2], flags[1::2]))
    arns = ARN_LINES.rsplit("\n", 2)[0] + "\n"
    return write_config(tmp_path, arns + f'endpoint = "{emulator.url}"\n'
                        "[binding.one]\n" + identity_lines(identity) +
                        'role-arn = "arn:aws:iam::123456789012:role/One"\n'
                        '[binding."second.one"]\n' + lines +
                        'role-arn = "arn:aws:iam::210987654321:role/Two"\n')


def test_bindings_choose_identity_and_role(two, tmp_path):
    """AccountId tells whose role it is."""
    for name, account in (("one", "123456789012"), ("second.one", "210987654321")):
        result = run("credential-process", "--config", two, "--binding", name)
        assert assert_credentials(result)["AccountId"] == account
        result = run("credential-process", env={"ROLECALL_BINDING": name,
                                                "ROLECALL_CONFIG": str(two)})
        assert assert_credentials(result)["AccountId"] == account
    flag = run("credential-process", "--config", two, "--binding", "one", "--role-arn",
               "arn:aws:iam::333333333333:role/Three")
    assert assert_credentials(flag)["AccountId"] == "333333333333"
    update = run("update", "--once", "--config", two, "--binding", "one",
                 env={"AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials")})
    assert update.code == 0 and "[default]" in (tmp_path / "credentials").read_text(), update
    data = run("read-certificate-data", "--format", "text", "--config", two, "--binding",
               "second.one")
    assert "CN=other leaf" in data.out, data
    assert run("sign-string", "--config", two, "--binding", "second.one").code == 0


def test_a_binding_that_is_not_there(two):
    assert_fails(run("credential-process", "--config", two, "--binding", "onne"), 2,
                 'no binding "onne" in configuration file', "did you mean one")
    assert_fails(run("credential-process", "--binding", "one"), 2,
                 "no configuration file", "/etc/rolecall/config.toml")
    assert_fails(run("credential-process", "--config", two), 2, "missing: --certificate")


def test_the_list(two):
    result = run("bindings", "--config", two)
    assert result.code == 0 and result.err == "", result
    head, one, second = result.out.splitlines()
    assert head.split() == ["NAME", "EXPIRES", "ROLE", "CERTIFICATE"]
    assert re.fullmatch(r"one +\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ \(\d+ days\) +"
                        r"arn:aws:iam::123456789012:role/One +CN=test leaf", one), result
    assert second.startswith("second.one ") and second.endswith("CN=other leaf"), result
    assert head.index("ROLE") == one.index("arn:") == second.index("arn:")


def test_names_alone(two):
    """What completions ask for: it opens nothing but the configuration file."""
    with open(two, "a", encoding="utf-8") as file:
        file.write('[binding.gone]\ncertificate = "/nonexistent.pem"\n')
    result = run("bindings", "--names", "--config", two)
    assert (result.code, result.out, result.err) == (0, "one\nsecond.one\ngone\n", "")


def test_the_list_shows_what_is_wrong_with_one(identity, two, tmp_path):
    expired = identity.intermediate.issue("old", not_before=pki.NOW - 9 * pki.DAY,
                                          not_after=pki.NOW - 2 * pki.DAY)
    old = pki.write(tmp_path, "old.pem", pki.pem(expired))
    key = pki.write(tmp_path, "old.key", pki.key_pem(expired.key))
    with open(two, "a", encoding="utf-8") as file:
        file.write('[binding.gone]\ncertificate = "/nonexistent.pem"\nprivate-key = "x"\n'
                   f'role-arn = "{ROLE_ARN}"\n[binding.old]\ncertificate = "{old}"\n'
                   f'private-key = "{key}"\n'
                   f'role-arn = "{ROLE_ARN}"\n[binding.typo]\nrolearn = "r"\n[binding.empty]\n')
    result = run("bindings", env={"ROLECALL_CONFIG": str(two)})
    assert result.code == 0, result
    rows = {line.split()[0]: line for line in result.out.splitlines()}
    assert list(rows) == ["NAME", "one", "second.one", "gone", "old", "typo", "empty"]
    assert "error: cannot open certificate file /nonexistent.pem" in rows["gone"]
    assert "(expired 2 days ago)" in rows["old"] and rows["old"].endswith("CN=old")
    assert 'there is no setting "rolearn"' in rows["typo"]
    assert "error: missing: --certificate" in rows["empty"]


@pytest.mark.parametrize("how", ["env", "fd", "variable", "file"])
def test_the_list_with_encrypted_stores(identity, tmp_path, how):
    """One password serves all rows, and nobody is asked for one."""
    store = tmp_path / "store.p12"
    subprocess.run(["openssl", "pkcs12", "-export", "-in", identity.certificate, "-inkey",
                    identity.key, "-passout", "pass:pa55word", "-out", store], check=True,
                   env=environment())
    store.chmod(0o600)
    source, env, fds = "", {}, ()
    if how == "env":
        source, env = 'password-source = "env:PW"\n', {"PW": "pa55word"}
    elif how == "variable":
        env = {"ROLECALL_PKCS8_PASSWORD": "pa55word"}
    elif how == "file":
        source = 'pkcs8-password = "pa55word"\n'
    else:
        read_end, write_end = os.pipe()
        os.write(write_end, b"pa55word")
        os.close(write_end)
        source, fds = f'password-source = "fd:{read_end}"\n', (read_end,)
    rows = "".join(f'[binding.b{i}]\ncertificate = "{store}"\n' for i in range(3))
    path = write_config(tmp_path, ARN_LINES + source + rows, 0o600)
    result = run("bindings", "--config", path, env=env, pass_fds=fds)
    for fd in fds:
        os.close(fd)
    assert [line.rsplit("  ", 1)[1] for line in result.out.splitlines()[1:]] == \
        ["CN=test leaf"] * 3, result
    silent = run("bindings", "--config", write_config(tmp_path, ARN_LINES + rows, 0o600),
                 start_new_session=True)
    assert silent.out.count("is encrypted, and no password was given") == 3, silent


def test_the_list_reads_no_stream_and_its_file_once(identity, two):
    with open(two, "a", encoding="utf-8") as file:
        file.write('[binding.stream]\ncertificate = "-"\nprivate-key = "x"\n'
                   f'role-arn = "{ROLE_ARN}"\n'
                   f'[binding.role]\ncertificate = "{identity.certificate}"\n'
                   'private-key = "x"\nrole-arn = "r"\n')
    with open(two, "rb") as file:
        result = run("bindings", "--config", "/dev/stdin", stdin=file)
    rows = {line.split()[0]: line for line in result.out.splitlines()}
    assert rows["stream"].endswith("(a stream)"), result
    assert 'error: --role-arn "r" is not an ARN' in rows["role"], result


def test_no_list(tmp_path):
    assert_fails(run("bindings"), 2, "there is no configuration file", r"\[binding.NAME\]")
    path = write_config(tmp_path, 'region = "x"\n')
    assert_fails(run("bindings", "--config", path), 2, "has no binding", r"\[binding.NAME\]")


def test_the_aws_cli_with_a_binding(two, emulator, tmp_path):
    config = tmp_path / "aws-config"
    config.write_text(f"[profile one]\nregion = us-east-1\ncredential_process = {BINARY} "
                      f"credential-process --config {two} --binding one\n"
                      f"sts_regional_endpoints = regional\n")
    done = subprocess.run(
        ["/usr/bin/aws", "sts", "get-caller-identity", "--profile", "one", "--endpoint-url",
         emulator.url, "--output", "text", "--query", "Arn"],
        env=environment({"AWS_CONFIG_FILE": str(config), "HOME": str(tmp_path)}),
        capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout.startswith("arn:aws:sts::123456789012:assumed-role/One/"), done


# --- emulate has names of its own

def test_emulate_takes_its_own_names(identity, complete, tmp_path):
    assert_fails(run("emulate", env={"ROLECALL_EMULATE_TRUST_ANCHOR": "/nonexistent.pem"}), 2,
                 "cannot open trust anchor file /nonexistent.pem")
    path = write_config(tmp_path, complete.read_text() +
                        f'[emulate]\ntrust-anchor = "{identity.root_file}"\nport = 70000\n')
    assert_fails(run("emulate", "--config", path), 2, "line .*port.*70000")
    assert_fails(run("emulate", env={"ROLECALL_TRUST_ANCHOR": "/x", "ROLECALL_PORT": "1"}), 2,
                 "missing: --trust-anchor")
