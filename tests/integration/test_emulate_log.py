"""The log of `rolecall emulate`: what is in it, and that nothing stops when nobody reads it."""

import json
import os
import re
import subprocess

import pytest
from support import signing
from support.process import BINARY, Emulator, environment
from support.signing import IdentityRequest, ask, assert_granted, request


def test_log(identity):
    with Emulator(identity.root_file, "--log", "--fault", "503:1") as emulator:
        ask(emulator, identity)
        granted = request(identity.leaf)
        session = assert_granted(granted.send(emulator.url))
        IdentityRequest(session["credentials"]).send(emulator.url)
        signing.send(emulator.url, "GET", "/x%22?secret=1", [("Host", "h")])
    lines = [json.loads(line) for line in emulator.err.splitlines()]
    assert [(e["method"], e["path"], e["status"]) for e in lines] == [
        ("POST", "/sessions", 503), ("POST", "/sessions", 201), ("POST", "/", 200),
        ("GET", "/x%22", 404)]
    fault, good, sts, _ = lines
    assert fault["fault"] == "503" and fault["error"] == "ServiceUnavailableException"
    assert good["subject"] == "CN=test leaf"
    assert good["serial"] == str(identity.leaf.certificate.serial_number)
    assert good["role"] == signing.ROLE_ARN and good["durationSeconds"] == 3600
    assert good["accessKeyId"] == sts["accessKeyId"] == session["credentials"]["accessKeyId"]
    assert good["peer"].startswith("127.0.0.1:") and good["milliseconds"] >= 0
    for secret in (session["credentials"]["secretAccessKey"],
                   session["credentials"]["sessionToken"][:40], granted.signature[:40],
                   granted.x509[:60]):
        assert secret not in emulator.err
    with Emulator(identity.root_file) as silent:
        ask(silent, identity)
    assert silent.err == ""


@pytest.mark.parametrize("authorization", [
    "Bearer hunter2.SECRETJWT.sig", "Basic aHVudGVyMjpodW50ZXIy", "hunter2hunter2",
    "AWS4-X509-RSA-SHA256 hunter2=1, hunter2", "AWS4-HMAC-SHA256 password=hunter2"])
def test_a_foreign_authorization_is_neither_logged_nor_repeated(identity, authorization):
    with Emulator(identity.root_file, "--log") as emulator:
        for path in ("/sessions", "/"):
            headers = [("Host", "h"), ("Authorization", authorization),
                       ("Content-Type", "application/x-www-form-urlencoded")]
            answer = signing.send(emulator.url, "POST", path, headers,
                                  b"Action=GetCallerIdentity&Version=2011-06-15")
            assert answer.status in (400, 403)
            assert not re.search(rb"hunter2|aHVudGVy", answer.body)
    assert not re.search("hunter2|aHVudGVy", emulator.err), emulator.err


def test_a_log_that_nobody_reads_holds_nobody_up(identity):
    """Its pipe is full after some lines; then lines are dropped, requests answered, signals taken."""
    process = subprocess.Popen([BINARY, "emulate", "--trust-anchor", identity.root_file, "--log"],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    url = process.stdout.readline().decode().split()[-1]
    for _ in range(300):
        assert signing.send(url, "GET", "/" + "x" * 900, [("Host", "h")]).status == 404
    process.terminate()
    assert process.wait(10) == 0
    lines = process.stderr.read().splitlines()
    assert 50 < len(lines) < 300 and all(json.loads(line)["status"] == 404 for line in lines)


def test_a_log_that_nobody_reads_stops_nothing(identity):
    reading, writing = os.pipe()
    process = subprocess.Popen([BINARY, "emulate", "--trust-anchor", identity.root_file, "--log"],
                               stdout=subprocess.PIPE, stderr=writing, env=environment())
    try:
        url = process.stdout.readline().decode().split()[-1]
        os.close(reading)
        os.close(writing)
        for _ in range(2):
            assert_granted(request(identity.leaf).send(url))
    finally:
        process.terminate()
        assert process.wait(timeout=30) == 0
        process.stdout.close()
