"""What the program prints: the line of JSON, --debug, warnings, help, version."""

import base64
import json
import os
import re
import subprocess
import time

import pytest
from cryptography.hazmat.primitives import serialization
from support import pki
from support import verifier as v
from support.process import (ARNS, BINARY, Emulator, assert_credentials, assert_fails, environment,
                             run, session)
from support.verifier import ACCESS_KEY_ID, SECRET_KEY, SESSION_TOKEN, Verifier


def test_the_one_line(identity):
    expiration = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3000))
    with Verifier(v.ok(expiration=expiration)) as verifier:
        result = session(verifier, identity.flags)
    expected = {"Version": 1, "AccessKeyId": ACCESS_KEY_ID, "SecretAccessKey": SECRET_KEY,
                "SessionToken": SESSION_TOKEN, "Expiration": expiration,
                "AccountId": "111122223333"}
    assert result.code == 0 and result.err == "", result
    assert result.out == json.dumps(expected, separators=(",", ":")) + "\n", result


def test_version_is_a_number(identity):
    with Verifier() as verifier:
        assert '"Version":1,' in session(verifier, identity.flags).out


@pytest.mark.parametrize("kind", ["rsa2048", "p256"])
def test_debug_shows_what_is_signed_and_no_secret(identity, tmp_path, kind):
    leaf = identity.intermediate.issue("leaf", private_key=pki.key(kind))
    flags = pki.write_identity(tmp_path, leaf)
    with Verifier(v.service_error(503, "", "busy", headers={"Retry-After": "0"}),
                  v.ok()) as verifier:
        result = session(verifier, flags, "--debug")
    assert_credentials(result)
    assert len(verifier.signed) == 2
    for signed in verifier.signed:
        assert signed.canonical_request in result.err, result
        assert signed.string_to_sign in result.err, result
    assert len(re.findall(r"[0-9.]+ ms", result.err)) >= 4, result
    assert verifier.host in result.err and "503" in result.err, result
    secrets = [SECRET_KEY, SESSION_TOKEN, SECRET_KEY[:20], SESSION_TOKEN[:30]]
    # A key file holds the public key too, which the certificate shows.
    public = leaf.key.public_key().public_bytes(serialization.Encoding.DER,
                                                serialization.PublicFormat.SubjectPublicKeyInfo)
    lines = [line for line in pki.key_pem(leaf.key).decode().splitlines() if line[0] != "-"]
    secret_lines = [line for line in lines if base64.b64decode(line) not in public]
    assert len(secret_lines) >= 2
    secrets += secret_lines
    for secret in secrets:
        assert secret not in result.err, result


def test_debug_of_a_failure_has_no_secret(identity):
    broken = json.dumps(v.credential_set()).encode()[:-9]
    with Verifier(v.respond(201, broken)) as verifier:
        result = assert_fails(session(verifier, identity.flags, "--debug"), 1)
    assert SECRET_KEY not in result.err and SESSION_TOKEN[:30] not in result.err, result


@pytest.mark.parametrize("flag,shown", [
    ("--debug=true", True), ("--debug=false", False), ("--with-proxy=false", False)])
def test_flags_with_a_value(identity, flag, shown):
    """As the official helper takes them."""
    with Verifier() as verifier:
        result = session(verifier, identity.flags, flag)
    assert_credentials(result)
    assert ("canonical request" in result.err) == shown, result


def test_debug_does_not_change_stdout(identity):
    with Verifier() as verifier:
        assert session(verifier, identity.flags, "--debug").out == \
            session(verifier, identity.flags).out


@pytest.mark.parametrize("mode,warned", [
    (0o600, False), (0o400, False), (0o700, False), (0o640, False), (0o604, True), (0o644, True),
    (0o660, False), (0o610, False)])
def test_key_file_that_others_can_read(identity, tmp_path, mode, warned):
    flags = pki.write_identity(tmp_path, identity.leaf)
    os.chmod(flags[3], mode)
    with Verifier() as verifier:
        result = session(verifier, flags)
    assert_credentials(result)
    if warned:
        assert len(result.warnings) == 1, result
        assert flags[3] in result.warnings[0] and f"{mode:o}" in result.warnings[0], result
    else:
        assert result.err == "", result


def test_certificate_file_may_be_readable(identity, tmp_path):
    flags = pki.write_identity(tmp_path, identity.leaf)
    os.chmod(flags[1], 0o644)
    with Verifier() as verifier:
        assert session(verifier, flags).err == ""


FLAGS = ["--certificate", "--private-key", "--intermediates", "--role-arn", "--profile-arn",
         "--trust-anchor-arn", "--role-session-name", "--session-duration", "--region",
         "--endpoint", "--no-verify-ssl", "--with-proxy", "--debug", "--ca-bundle", "--use-fips",
         "--use-dualstack", "--connect-timeout", "--timeout",
         "--password-source", "--pkcs8-password"]


def test_help_of_credential_process():
    result = run("credential-process", "--help")
    assert result.code == 0 and result.err == "", result
    for flag in FLAGS:
        assert re.search(rf"^\s+{flag}\b", result.out, re.M), flag
    # Defaults and units, the variables that are read, and an example.
    for text in ("3600", "900", "43200", "30", "AWS_CA_BUNDLE", "HTTPS_PROXY",
                 "credential_process =", "Exit code"):
        assert text in result.out, text
    assert "--system-store-name" not in result.out


@pytest.mark.parametrize("arguments", [["--help"], ["-h"], ["help"]])
def test_overview(arguments):
    result = run(*arguments)
    assert result.code == 0 and result.err == "", result
    for command in ("credential-process", "emulate", "version"):
        assert command in result.out


@pytest.mark.parametrize("command", ["emulate", "version"])
def test_help_of_each_command(command):
    result = run(command, "--help")
    assert result.code == 0 and "Usage: rolecall " + command in result.out, result
    assert result.err == "", result


@pytest.mark.parametrize("arguments", [["version"], ["--version"]])
def test_version(arguments):
    result = run(*arguments)
    assert result.code == 0 and re.fullmatch(r"\d+\.\d+\.\d+\n", result.out), result


def test_nothing_at_all():
    assert_fails(run(), 2, "command", hint="--help")


@pytest.mark.parametrize("word,suggestion", [
    ("credential-proces", "credential-process"), ("credentials-process", "credential-process"),
    ("credential_process", "credential-process"), ("emulat", "emulate"), ("versoin", "version"),
    ("xyzzy", "--help"), ("", "--help"), ("--debug", "--help"), ("-v", "--help")])
def test_unknown_command(word, suggestion):
    assert_fails(run(word), 2, hint=suggestion)


@pytest.mark.parametrize("flag,suggestion", [
    ("--certificat", "--certificate"), ("--rolearn", "--role-arn"),
    ("--privat-key", "--private-key"), ("--xyzzy", "--help")])
def test_unknown_flag(flag, suggestion):
    result = run("credential-process", flag, "value")
    assert_fails(result, 2, flag, hint=suggestion)


def test_the_locale_and_home_do_not_matter(identity):
    with Verifier() as verifier:
        outputs = {session(verifier, identity.flags, env=env).out
                   for env in ({}, {"LC_ALL": "de_DE.UTF-8", "LANG": "de_DE.UTF-8"},
                               {"LC_ALL": "tr_TR.UTF-8"}, {"HOME": ""}, {"TZ": "Asia/Kolkata"})}
    assert len(outputs) == 1 and json.loads(outputs.pop())


def test_an_empty_environment(identity):
    with Verifier() as verifier:
        done = subprocess.run(
            [BINARY, "credential-process", *identity.flags, *ARNS, "--endpoint", verifier.url],
            env={k: x for k, x in environment().items() if k.endswith("SAN_OPTIONS")},
            capture_output=True, timeout=30, check=False)
    assert done.returncode == 0 and done.stderr == b"", done


def test_nothing_is_written_to_disk(identity, tmp_path):
    """Neither into the working directory nor into the home directory."""
    with Verifier() as verifier:
        assert_credentials(session(verifier, identity.flags, "--debug", cwd=tmp_path,
                                   env={"HOME": str(tmp_path)}))
    assert list(tmp_path.iterdir()) == []


def test_the_log_of_emulate_has_no_secret(identity):
    with Emulator(identity.root_file, "--log") as emulator:
        credentials = assert_credentials(session(emulator, identity.flags))
    (line,) = emulator.err.splitlines()
    entry = json.loads(line)
    assert credentials["AccessKeyId"] in entry.values(), entry
    assert credentials["SecretAccessKey"] not in line
    assert credentials["SessionToken"] not in line and "Signature" not in line
