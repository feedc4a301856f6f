"""What a server, a certificate or a file name says reaches no terminal as more than text."""

import json
import os
import pty
import re
import shutil
import subprocess

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID
from support import pki, signing
from support import verifier as v
from support.process import (ARNS, BINARY, Emulator, assert_credentials, environment, run, session)
from support.serve import Serve, eventually
from support.serve import ask as ask_serve
from support.verifier import Verifier

# A line of its own, colours, C1, a change of direction, a line separator, delete.
EVIL = "\nrolecall: error: forged\x1b[31m\x1b]0;title\x07\u009b2J\u202e\u2028\x7f"
ARN = "arn:aws:sts::111122223333:assumed-role/Example/x" + EVIL
CONTROL = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2066-\u2069]")
COMMANDS = ["credential-process", "export", "exec", "configure", "update"]


def assert_harmless(text):
    found = CONTROL.search(text)
    assert not found, (found, text)
    assert not any(line.startswith("rolecall: error: forged") for line in text.splitlines()), text


def ask(command, identity, url, home, *flags):
    more = {"exec": ["--", "/usr/bin/env"], "configure": ["--profile", "demo"],
            "update": ["--once"]}.get(command, [])
    return run(command, *identity.flags, *ARNS, "--endpoint", url, *flags, *more,
               env={"HOME": str(home), "LC_ALL": "C.UTF-8"})


def answer_with(**changes):
    body = v.credential_set()
    body["credentialSet"][0].update(changes)
    return v.respond(201, body)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_role_that_a_server_names(identity, tmp_path, command):
    answer = answer_with(assumedRoleUser={"arn": ARN, "assumedRoleId": EVIL},
                         sourceIdentity=EVIL, roleArn=EVIL)
    with Verifier(answer) as verifier:
        result = ask(command, identity, verifier.url, tmp_path)
    assert result.code == 0 and "forged" not in result.out + result.err, result
    assert_harmless(result.out + result.err)


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("answer", [
    v.respond(403, {"message": EVIL, "__type": "Denied" + EVIL}),
    v.respond(403, {"message": "x"}, {"x-amzn-errortype": "A\u009bB\x1b[31m",
                                      "x-amzn-requestid": "id\x1b]0;x\x07"}),
    v.respond(302, b"", {"Location": "https://x/\x1b[31m\u009b"}),
    answer_with(credentials={"accessKeyId": "A" + EVIL}),
    answer_with(credentials={"accessKeyId": "A", "secretAccessKey": "B", "sessionToken": "C",
                             "expiration": EVIL})])
def test_a_refusal(identity, tmp_path, command, answer):
    with Verifier(answer) as verifier:
        result = ask(command, identity, verifier.url, tmp_path, "--debug")
    assert result.code != 0, result
    assert_harmless(result.out + result.err)


@pytest.fixture(name="odd")
def odd_identity(identity, tmp_path):
    """A leaf with such a subject, in files with such names."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "x\x1b[31m\u202e\nrolecall: error: "
                                         "forged")])
    leaf = identity.intermediate.issue("odd", subject=name)
    directory = tmp_path / "a\x1b[31m\u009b\u202e"
    directory.mkdir()
    return pki.write_identity(directory, leaf)


@pytest.fixture(name="anybody")
def server_that_grants_all():
    """emulate refuses such a subject, as the service does."""
    with Verifier(check=False) as verifier:
        yield verifier


def test_names_of_certificates_and_files(odd, tmp_path, anybody):
    result = session(anybody, odd, "--debug", "--cache", env={"HOME": str(tmp_path)})
    assert_credentials(result)
    assert_harmless(result.err)
    listed = run("cache", "list", env={"HOME": str(tmp_path)})
    assert "role/Example" in listed.out, listed
    assert_harmless(listed.out)
    shown = run("read-certificate-data", odd[0], odd[1], "--format", "text")
    assert shown.code == 0, shown
    assert_harmless(shown.out)
    missing = session(anybody, [odd[0], odd[1], odd[2], odd[3] + "\nrolecall: error: forged"], "--debug")
    assert missing.code == 2, missing
    assert_harmless(missing.err)
    diff = run("configure", "--profile", "demo", *odd, *ARNS, "--endpoint", anybody.url,
               "--dry-run", env={"HOME": str(tmp_path), "AWS_CONFIG_FILE": odd[1] + ".config"})
    assert_harmless(diff.out + diff.err)


def test_the_diff_of_configure_keeps_its_tabs(identity, emulator, tmp_path):
    config = tmp_path / ".aws" / "config"
    config.parent.mkdir()
    config.write_text("[profile demo]\nregion\t=\teu-west-1\noutput = \x1b[31mred\n")
    result = run("configure", "--profile", "demo", "--dry-run", *identity.flags, *ARNS,
                 "--endpoint", emulator.url, env={"HOME": str(tmp_path)})
    assert result.code == 0 and "\x1b" not in result.out, result
    assert "region\t=\teu-west-1" in result.out or "region" not in result.out, result


@pytest.mark.parametrize("form", ["text", "json"])
def test_the_log_of_serve(identity, odd, tmp_path, form):
    denied = v.respond(403, {"message": "no" + EVIL, "__type": "Denied"})
    with Verifier(v.ok(), denied, check=False) as verifier:
        with Serve(tmp_path, *odd, "--log-format", form, server=verifier, wait=False) as serve:
            eventually(lambda: "listening" in serve.err)
            port = int(re.search(r"127\.0\.0\.1:([0-9]+)", serve.err).group(1))
            assert ask_serve(port, "GET", "/%1b%9b%0a", {"User-Agent": "x\x9b"}).status != 200
    assert_harmless(serve.err)


@pytest.mark.parametrize("form", ["text", "json"])
def test_the_log_of_a_serve_that_is_refused(identity, odd, tmp_path, form):
    text = "no" + EVIL
    with Verifier(v.respond(503, {"message": text, "__type": "Busy"}), check=False) as verifier:
        with Serve(tmp_path, *odd, "--log-format", form, "--timeout", "5", server=verifier,
                   wait=False) as serve:
            eventually(lambda: "Busy" in serve.err)
            serve.code = serve.process.wait(20)
    assert serve.code == 3
    assert_harmless(serve.err)


def test_the_log_of_emulate(identity):
    leaf = identity.intermediate.issue("odd\u009b\u202e\x7f")
    with Emulator(identity.root_file, "--log") as emulator:
        signing.request(leaf).send(emulator.url)
        signing.request(leaf, roleArn="arn\u009b\u202e").send(emulator.url)
    assert_harmless(emulator.err)
    assert all(json.loads(line)["status"] in (201, 400, 403) for line in emulator.err.splitlines())


@pytest.mark.skipif(not shutil.which("openssl"), reason="there is no openssl")
def test_the_prompt_for_a_password(odd, anybody):
    """On a terminal: the file's name is part of the question."""
    key = odd[3]
    subprocess.run(["openssl", "pkcs8", "-topk8", "-in", key, "-out", key + ".enc",
                    "-passout", "pass:x"], check=True, stderr=subprocess.DEVNULL)
    leader, follower = pty.openpty()
    process = subprocess.Popen(
        [BINARY, "credential-process", odd[0], odd[1], odd[2], key + ".enc", *ARNS,
         "--endpoint", anybody.url], stdin=follower, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, env=environment({"LC_ALL": "C.UTF-8"}), start_new_session=True,
        preexec_fn=lambda: __import__("fcntl").ioctl(0, __import__("termios").TIOCSCTTY, 0))
    os.close(follower)
    shown = b""
    while b"password" not in shown.lower() or not shown.rstrip().endswith(b":"):
        shown += os.read(leader, 4096)
    os.write(leader, b"x\n")
    out, err = process.communicate(timeout=30)
    os.close(leader)
    assert process.returncode == 0 and out, (shown, err)
    assert_harmless(shown.decode().replace("\r\n", "\n"))
