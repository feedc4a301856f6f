"""Credentials never count for longer than was asked for, whatever the service says."""

import calendar
import configparser
import json
import re
import time

import pytest
from support import verifier as v
from support.process import ARNS, assert_credentials, run, session
from support.serve import Serve
from support.verifier import Verifier

TOLERANCE = 300
FAR = ["7584-02-01T00:00:00Z", "2300-01-01T00:00:00Z", "2262-04-12T00:00:00Z",
       "9999-12-31T23:59:59Z", "9999-12-31T00:00:00+23:59", "2106-02-07T06:28:16Z"]


def at(text):
    return calendar.timegm(time.strptime(text, "%Y-%m-%dT%H:%M:%SZ"))


def assert_bounded(text, asked=3600):
    left = at(text) - time.time()
    assert 0 < left <= asked + TOLERANCE, text


@pytest.mark.parametrize("expiration", FAR)
@pytest.mark.parametrize("asked", [900, 43200])
def test_credential_process(identity, expiration, asked):
    with Verifier(v.ok(expiration=expiration)) as verifier:
        result = session(verifier, identity.flags, "--session-duration", asked)
    assert_bounded(assert_credentials(result)["Expiration"], asked)


def test_what_clocks_may_differ_by_is_kept(identity):
    text = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3600 + TOLERANCE - 30))
    with Verifier(v.ok(expiration=text)) as verifier:
        assert assert_credentials(session(verifier, identity.flags))["Expiration"] == text


@pytest.mark.parametrize("clock", [0, 86400 * 365 * 200])
def test_a_date_that_goes_with_it_helps_nothing(identity, clock):
    """Nor does a server whose clock is as far off: this machine's counts."""
    text = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + clock + 86400 * 9999))
    answer = v.respond(201, v.credential_set(expiration=text), clock=clock)
    with Verifier(answer) as verifier:
        assert_bounded(assert_credentials(session(verifier, identity.flags))["Expiration"])


def entries(home):
    return list((home / ".cache" / "rolecall").glob("*.json"))


@pytest.mark.parametrize("expiration", FAR[:2] + FAR[3:4])
def test_the_cache(identity, tmp_path, expiration):
    home = {"HOME": str(tmp_path)}
    with Verifier(v.ok(expiration=expiration)) as verifier:
        for _ in range(2):
            result = session(verifier, identity.flags, "--cache", env=home)
            assert_bounded(assert_credentials(result)["Expiration"])
        assert len(verifier.requests) == 1
        entry = json.loads(entries(tmp_path)[0].read_text())
        assert_bounded(entry["Expiration"])
        listed = run("cache", "list", env=home)
        assert "day" not in listed.out and re.search("hour|minutes", listed.out), listed


@pytest.mark.parametrize("expiration", FAR)
def test_an_entry_of_another_version_that_never_ends(identity, tmp_path, expiration):
    home = {"HOME": str(tmp_path)}
    with Verifier() as verifier:
        session(verifier, identity.flags, "--cache", env=home)
        path = entries(tmp_path)[0]
        entry = json.loads(path.read_text())
        path.write_text(json.dumps({**entry, "Expiration": expiration}))
        assert run("cache", "list", env=home).out == ""
        result = session(verifier, identity.flags, "--cache", env=home)
        assert_bounded(assert_credentials(result)["Expiration"])
        assert len(verifier.requests) == 2


@pytest.mark.parametrize("expiration", FAR[:1] + FAR[3:4])
def test_export_exec_and_configure(identity, tmp_path, expiration):
    with Verifier(v.ok(expiration=expiration)) as verifier:
        flags = [*identity.flags, *ARNS, "--endpoint", verifier.url]
        done = run("export", *flags, "--format", "json")
        assert_bounded(json.loads(done.out)["Expiration"])
        done = run("exec", *flags, "--", "/usr/bin/env")
        variables = dict(line.split("=", 1) for line in done.out.splitlines() if "=" in line)
        assert_bounded(variables["AWS_CREDENTIAL_EXPIRATION"])
        done = run("configure", "--profile", "demo", *flags, env={"HOME": str(tmp_path)})
        assert done.code == 0 and "day" not in done.out, done


@pytest.mark.parametrize("expiration", FAR[:1] + FAR[3:4])
def test_serve(identity, tmp_path, expiration):
    with Verifier(v.ok(expiration=expiration)) as verifier:
        with Serve(tmp_path, *identity.flags, "--session-duration", "900",
                   server=verifier) as serve:
            assert_bounded(serve.credentials()["Expiration"], 900)
            assert 0 < serve.metric("rolecall_credentials_expiry_seconds") <= 900 + TOLERANCE
            assert_bounded(serve.events("renewed")[0]["expires"], 900)


def test_update_writes_what_it_got(identity, tmp_path):
    with Verifier(v.ok(expiration=FAR[0])) as verifier:
        done = run("update", "--once", *identity.flags, *ARNS, "--endpoint", verifier.url,
                   env={"HOME": str(tmp_path)})
    assert done.code == 0, done
    parser = configparser.RawConfigParser()
    parser.read(tmp_path / ".aws" / "credentials")
    assert parser["default"]["aws_session_token"] == v.SESSION_TOKEN
