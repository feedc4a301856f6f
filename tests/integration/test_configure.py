"""`configure`: what it writes into a profile, which real clients then use, and what it refuses."""

import json
import os
import re
import shutil
import subprocess

import pytest
from support import pki
from support.home import AWS, STATIC, assert_configured, mode, needs_aws, works
from support.process import ARNS, BINARY, ROLE_ARN, assert_fails, environment, run

# --- what is written, and who uses it

@needs_aws
@pytest.mark.parametrize("profile", ["demo", "default", "a-B_1.x/y@z:w+v%"])
def test_the_aws_cli_uses_it(home, profile):
    result = assert_configured(home.configure(profile=profile))
    assert result.err == "", result
    assert mode(home.config) == 0o600 and mode(home.config.parent) == 0o700
    assert works(home.aws("--profile", profile))
    if profile == "default":
        assert works(home.aws())
    # The role and the expiry are shown, and how to go on.
    tried = r"tried it: arn:\S+ until \d{4}-\d\d-\d\dT\S+Z \((1 hour|59 minutes)\)"
    assert re.search(tried, result.out), result
    assert f"aws --profile {profile} sts get-caller-identity" in result.out, result


def test_boto3_uses_it(home):
    home.configure("--cache")
    script = ("import boto3, sys; "
              "s = boto3.Session(profile_name='demo', region_name='eu-west-1'); "
              "print(s.get_credentials().method, "
              "s.client('sts', endpoint_url=sys.argv[1]).get_caller_identity()['Arn'])")
    done = subprocess.run(["/usr/bin/python3", "-c", script, home.emulator.url],
                          env=environment({"HOME": str(home.path)}),
                          capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout.startswith("custom-process ") and works(done.stdout), done


def test_only_the_command_line_is_written(home, tmp_path):
    config = tmp_path / "rolecall.toml"
    config.write_text(f'[binding.b]\nrole-arn = "{ROLE_ARN}"\ntimeout = 20\n')
    flags = [f for f in home.flags if f not in ("--role-arn", ROLE_ARN)]
    result = assert_configured(home.configure("--binding", "b", "--config", "rolecall.toml",
                                              "--debug", "--no-verify-ssl", "--with-proxy=false",
                                              flags=flags, cwd=tmp_path,
                                              env={"ROLECALL_CONNECT_TIMEOUT": "4"}))
    words = home.command()
    assert words[:2] == [BINARY, "credential-process"], words
    assert sorted(words[2:]) == sorted([*flags, "--binding", "b", "--config", str(config),
                                        "--no-verify-ssl", "--with-proxy=false"]), words
    assert [w for w in result.warnings if "ROLECALL_CONNECT_TIMEOUT" in w], result
    assert not [w for w in result.warnings if "TIMEOUT of" not in w and "verify" not in w], result


def test_a_binding_alone(home):
    config = home.path / ".config" / "rolecall" / "config.toml"
    config.parent.mkdir(parents=True)
    pairs = zip(home.flags[::2], home.flags[1::2])
    config.write_text("[binding.billing]\n" + "".join(f'{k[2:]} = "{v}"\n' for k, v in pairs))
    assert_configured(home.configure("--binding", "billing", flags=[]))
    assert home.command() == [BINARY, "credential-process", "--binding", "billing"]
    if AWS.exists():
        assert works(home.aws("--profile", "demo"))


def test_a_relative_selector_file_becomes_absolute(home, tmp_path):
    (tmp_path / "selector.json").write_text('[{"Key": "x509Subject", "Value": "CN=x"}]')
    result = home.configure("--cert-selector", "file://selector.json", "--dry-run",
                            flags=home.flags[4:], cwd=tmp_path)
    assert result.code == 0 and f"--cert-selector file://{tmp_path}/selector.json" in result.out


def test_relative_paths_become_absolute(home, tmp_path):
    shutil.copy(home.identity.certificate, tmp_path / "leaf.pem")
    key = tmp_path / "leaf.key"
    key.write_bytes(pki.key_pem(home.identity.leaf.key, password=b"secret"))
    (tmp_path / "password").write_text("secret")
    for path in (key, tmp_path / "password"):
        path.chmod(0o600)
    flags = ["--certificate", "leaf.pem", "--private-key", "./leaf.key",
             "--password-source", "file:password", *home.flags[4:]]
    assert_configured(home.configure(flags=flags, cwd=tmp_path))
    words = home.command()
    assert f"{tmp_path}/leaf.pem" in words and f"file:{tmp_path}/password" in words, words
    done = subprocess.run(words, env=environment({"HOME": "/nonexistent"}), cwd="/",
                          capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0 and json.loads(done.stdout)["Version"] == 1, done


# --- the program's path

def test_the_link_that_it_was_called_by_is_preferred(home, tmp_path):
    link = tmp_path / "bin" / "roles"
    link.parent.mkdir()
    link.symlink_to(BINARY)
    for binary, env, cwd in ((link, {}, "/"), ("./roles", {}, link.parent),
                             ("roles", {"PATH": f"{link.parent}:/usr/bin:/bin"}, "/")):
        home.config.unlink(missing_ok=True)
        assert_configured(home.configure(binary=str(binary), env=env, cwd=cwd))
        assert home.command()[0] == str(link)


def test_a_false_name_falls_back_to_the_program_itself(home, tmp_path):
    for name in ("/usr/bin/true", "nonsense", str(tmp_path / "none"), ""):
        command = ["bash", "-c", 'exec -a "$0" "$@"', name]
        home.config.unlink(missing_ok=True)
        assert_configured(home.configure(prefix=command))
        assert home.command()[0] == os.path.realpath(BINARY)


# --- quoting

ODD_NAMES = ["a b", "it's", "a&b|c;d<e>(f)", "*?[x]~!{y}", "caf\u00e9 \u2603", "-v", "~", "a=b c",
             "%HOME%", "a\u00a0b", "= : [profile x]"]


@pytest.mark.parametrize("name", ODD_NAMES)
def test_shells_and_shlex_get_the_same_words(home, tmp_path, name):
    directory = tmp_path / name
    directory.mkdir()
    shutil.copy(home.identity.certificate, directory / "i.pem")
    assert_configured(home.configure(f"--intermediates={name}/i.pem", cwd=tmp_path))
    words = home.command()
    assert words[words.index("--intermediates") + 1] == str(directory / "i.pem"), words
    text = home.config.read_text().split("credential_process = ")[1].rstrip("\n")
    shell = subprocess.run(["sh", "-c", f"printf '%s\\0' {text}"], capture_output=True,
                           text=True, check=True, timeout=60, cwd="/")
    assert shell.stdout.split("\0")[:-1] == words
    assert not (text.startswith('"') and text.endswith('"')), text
    assert re.search(r"\s[#;]", text) is None, text


@pytest.mark.parametrize("name", ["a$b", "a`b", 'a"b', "a\\b", "a#b", "a ;b", "a\tb", "a\nb",
                                  "a\x1bb"])
def test_what_cannot_be_quoted_for_all_is_refused(home, tmp_path, name):
    result = home.configure("--intermediates", str(tmp_path / name))
    assert_fails(result, 2, "--intermediates contains", "binding")
    assert not home.config.exists()


def test_a_value_that_looks_like_a_flag(home):
    assert home.configure("--role-session-name=-x", "--dry-run").out.count(
        " --role-session-name=-x ") == 1


def test_a_program_with_a_space_in_its_path(home, tmp_path):
    link = tmp_path / "my tools" / "rolecall"
    link.parent.mkdir()
    link.symlink_to(BINARY)
    assert_configured(home.configure(binary=str(link)))
    assert home.command()[0] == str(link)
    if AWS.exists():
        assert works(home.aws("--profile", "demo"))


# --- what must not be written

@pytest.mark.parametrize("flags, pattern", [
    (["--pkcs8-password", "hunter2hunter2"], "--pkcs8-password"),
    (["--private-key", "pkcs11:object=x?pin-value=hunter2hunter2"], "--private-key contains a PIN"),
    (["--pkcs8-password=hunter2hunter2"], "--pkcs8-password"),
    (["--tpm-key-password", "hunter2hunter2"], "--tpm-key-password"),
])
def test_no_password_lands_in_the_file(home, flags, pattern):
    result = assert_fails(home.configure(*flags), 2, pattern, "--password-source")
    assert "hunter2" not in result.err and not home.config.exists(), result


def test_a_password_of_the_environment_is_told_of_and_not_written(home, tmp_path):
    key = tmp_path / "leaf.key"
    key.write_bytes(pki.key_pem(home.identity.leaf.key, password=b"hunter2hunter2"))
    key.chmod(0o600)
    flags = ["--certificate", home.identity.certificate, "--private-key", str(key),
             *home.flags[4:]]
    result = assert_configured(home.configure(flags=flags,
                                              env={"ROLECALL_PKCS8_PASSWORD": "hunter2hunter2"}))
    assert [w for w in result.warnings if "ROLECALL_PKCS8_PASSWORD" in w], result
    assert "hunter2" not in result.out + result.err + home.config.read_text(), result


@pytest.mark.parametrize("flags, pattern", [
    (["--certificate", "-"], "--certificate"),
    (["--private-key", "fd:0"], "--private-key"),
    (["--password-source", "fd:3"], "fd:3"),
    (["--password-source", "command:./getpw x"], "./getpw"),
])
def test_streams_and_the_like_are_refused(home, flags, pattern):
    assert_fails(home.configure(*flags), 2, pattern)
    assert not home.config.parent.exists()


@pytest.mark.parametrize("profile, pattern", [
    ("", "missing: --profile"), ("a b", "character"), ("a]b", "bracket"), ("DEFAULT", "default"),
    ("a#b", "character"), ("caf\u00e9", "character"), ("a\nb", "control character"),
])
def test_profile_names_that_not_every_sdk_finds(home, profile, pattern):
    assert_fails(home.configure(profile=profile), 2, pattern)
    assert not home.config.parent.exists()


def test_what_can_never_work_is_not_written(home):
    assert_fails(home.configure(flags=home.flags[:-2] + ["--region", "eu-north-1"]), 2, "region")
    assert_fails(home.configure(flags=home.flags[:4]), 2, "missing: --role-arn")
    assert_fails(run("configure", *home.flags, env={"HOME": str(home.path)}), 2,
                 "missing: --profile")
    assert not home.config.parent.exists()


# --- the trial

def test_a_trial_that_fails_says_what_stays(home, tmp_path):
    other = pki.root("Other").issue("leaf")
    flags = [*pki.write_identity(tmp_path, other), *home.flags[4:]]
    result = home.configure("--remove-static-keys", flags=flags)
    assert_fails(result, 1, r"\[profile demo\] in \S+ is written and stays, but trying it failed")
    assert home.command()[3] == flags[1]
    result = home.configure(flags=[*home.identity.flags, *ARNS, "--endpoint", "http://127.0.0.1:1"])
    assert_fails(result, 3, "stays as it was")
    assert_fails(home.configure(flags=flags), 1, "was there already, but trying it failed")
    flags = ["--certificate", str(tmp_path / "none.pem"), *home.flags[2:]]
    assert_fails(home.configure(flags=flags), 2, "stays as it was.*none.pem")


def test_a_line_that_works_stays_until_the_new_one_has(home, tmp_path):
    assert home.configure().code == 0
    before = home.config.read_bytes()
    other = pki.root("Other").issue("leaf")
    flags = [*pki.write_identity(tmp_path, other), *home.flags[4:]]
    assert_fails(home.configure(flags=flags), 1, "stays as it was, since trying the new")
    assert home.config.read_bytes() == before
    assert home.configure("--session-duration", "900").code == 0
    assert home.config.read_bytes() != before


def test_keys_stay_where_the_trial_fails(home):
    home.write(credentials="[demo]\n" + STATIC)
    flags = [*home.identity.flags, *ARNS, "--endpoint", "http://127.0.0.1:1"]
    assert_fails(home.configure("--remove-static-keys", flags=flags), 3, "static keys are left")
    assert home.credentials.read_text() == "[demo]\n" + STATIC
    assert not list(home.path.glob(".aws/*backup*"))
