"""Bindings of a configuration file: choosing one, and the list that `rolecall bindings` prints."""

import os
import re
import subprocess

import pytest
from support import pki
from support.config import ARN_LINES, identity_lines, write_config
from support.process import BINARY, ROLE_ARN, assert_credentials, assert_fails, environment, run


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
