"""Flags from the environment and the configuration file, and which of several values counts."""

import re

import pytest
from support import pki
from support.config import ARN_LINES, origins, write_config
from support.process import (ARNS, ROLE_ARN, assert_credentials, assert_fails, needs_dynamic_build,
                             run)


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
          "REGION": "r", "SOURCE": "env:NONE", "PASSWORD": "hunter2hunter2", "": "true",
          "COMMAND": "command:true hunter2"}


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
                 "tpm-key-password": "", "on-renew": "command:…"}.get(name, value)
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
    assert "hunter2" not in result.err and "contains a password (private-key)" in result.err, result


def test_a_pin_in_a_uri_is_not_shown(tmp_path):
    uri = "pkcs11:object=x?pin-value=hunter2hunter2"
    for flags, env in ((["--private-key", uri], {}), ([], {"ROLECALL_PRIVATE_KEY": uri})):
        result = run("sign-string", *flags, "--debug", env=env)
        assert origins(result)["private-key"][0] == "pkcs11:object=x?…", result
        assert "hunter2" not in result.err, result


def test_a_certificate_and_a_selector_are_ways_to_say_the_same(identity, emulator, tmp_path):
    needs_dynamic_build("PKCS#11")
    path = write_config(tmp_path, 'cert-selector = "Key=x509Subject,Value=CN=none"\n' + ARN_LINES)
    flags = ["--config", path, "--endpoint", emulator.url]
    assert_credentials(run("credential-process", *identity.flags, *flags))
    assert_fails(run("credential-process", *flags, env={"SOFTHSM2_CONF": "/nonexistent"}), 3,
                 "no PKCS#11 token was found")


def test_debug_can_be_a_variable():
    assert "rolecall: debug:" in run("credential-process", env={"ROLECALL_DEBUG": "true"}).err
    assert "rolecall: debug:" not in run("credential-process", env={"ROLECALL_DEBUG": "0"}).err


def test_wrong_variables():
    for name, value, pattern in [("ROLECALL_DEBUG", "maybe", "--debug takes true or false"),
                                 ("ROLECALL_TIMEOUT", "soon", "--timeout takes seconds"),
                                 ("ROLECALL_SESSION_DURATION", "1h", "session-duration"),
                                 ("AWS_USE_FIPS_ENDPOINT", "yep", "--use-fips takes true or false")]:
        assert_fails(run("credential-process", env={name: value}), 2,
                     f"environment variable {name}: .*{pattern}")


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


def test_flags_with_an_empty_value(complete):
    """As templates make them, and as the official helper reads them."""
    assert_credentials(run("credential-process", "--config", complete, "--region=",
                           "--role-session-name=", "--debug=false", "--intermediates="))
    assert_fails(run("credential-process", "--config", complete, "--role-arn=", ROLE_ARN), 2,
                 "unexpected argument")
    result = run("credential-process", "--config", complete, "--pkcs8-password=", "hunter2")
    assert_fails(result, 2, "unexpected argument .not shown")
    assert "hunter2" not in result.err


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


def test_debug_tells_of_variables_that_are_for_no_flag(complete, emulator):
    result = run("credential-process", "--config", complete, "--debug", "--with-proxy",
                 env={"SSL_CERT_DIR": "/x", "https_proxy": "http://127.0.0.1:9"})
    assert "SSL_CERT_DIR" in result.err and "proxy comes from variable https_proxy" in result.err, result


def test_emulate_takes_its_own_names(identity, complete, tmp_path):
    assert_fails(run("emulate", env={"ROLECALL_EMULATE_TRUST_ANCHOR": "/nonexistent.pem"}), 2,
                 "cannot open trust anchor file /nonexistent.pem")
    path = write_config(tmp_path, complete.read_text() +
                        f'[emulate]\ntrust-anchor = "{identity.root_file}"\nport = 70000\n')
    assert_fails(run("emulate", "--config", path), 2, "line .*port.*70000")
    assert_fails(run("emulate", env={"ROLECALL_TRUST_ANCHOR": "/x", "ROLECALL_PORT": "1"}), 2,
                 "missing: --trust-anchor")


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
    """They cannot be used together on one level alone."""
    path = write_config(tmp_path, "pkcs8-password = 'wrong'\n", 0o600)
    right = ["--password-source", "env:PW"]
    env = {"PW": "pa55word", "ROLECALL_PKCS8_PASSWORD": "wrong"}
    flags = [*encrypted, "--endpoint", emulator.url, "--config", path]
    assert_credentials(run("credential-process", *flags, *right, env=env))
    env = {"PW": "pa55word", "ROLECALL_PASSWORD_SOURCE": "env:PW"}
    assert_credentials(run("credential-process", *flags, env=env))
    path.write_text("pkcs8-password = 'wrong'\npassword-source = 'env:PW'\n")
    assert_fails(run("credential-process", *flags), 2, "cannot be used together")


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
    assert len(result.warnings) == 1 and "contains a password" in result.err, result
    assert "pa55word" not in result.err
