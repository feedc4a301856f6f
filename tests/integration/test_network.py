"""Retries, time limits, clock skew, and servers and outputs that misbehave."""

import calendar
import concurrent.futures
import contextlib
import os
import re
import socket
import subprocess
import time

import pytest
from support import verifier as v
from support.process import (ARNS, BINARY, PATIENCE, Emulator, assert_credentials, assert_fails,
                             environment, free_port, session)
from support.verifier import Verifier, service_error

AT_ONCE = {"Retry-After": "0"}
DENIED = service_error(403, "AccessDeniedException", "no")


# Retries

RETRIED = [(429, ""), (500, ""), (502, ""), (503, ""), (504, ""), (500, "InternalServerException"),
           (400, "ThrottlingException"), (400, "Throttling"), (400, "TooManyRequestsException"),
           (403, "RequestLimitExceeded"), (400, "ThrottlingException:http://x/")]


@pytest.mark.parametrize("status,name", RETRIED)
def test_three_attempts(identity, status, name):
    with Verifier(service_error(status, name, "later", headers=AT_ONCE)) as verifier:
        result = assert_fails(session(verifier, identity.flags), 3, "later.*attempt 3", hint=".")
    assert len(verifier.signed) == 3, result


@pytest.mark.parametrize("status,code", [
    *((status, 1) for status in (400, 401, 403, 404, 405, 408, 409, 413)),
    *((status, 3) for status in (501, 505, 507, 511, 520, 599))])
def test_one_attempt(identity, status, code):
    with Verifier(v.respond(status, b"{}", AT_ONCE)) as verifier:
        result = assert_fails(session(verifier, identity.flags), code, str(status), hint=".")
    assert len(verifier.signed) == 1, result


@pytest.mark.parametrize("failures", [1, 2])
def test_success_after_failures(identity, failures):
    busy = service_error(503, "", "busy", headers=AT_ONCE)
    with Verifier(*[busy] * failures, v.ok()) as verifier:
        result = session(verifier, identity.flags)
    assert_credentials(result)
    assert len(verifier.signed) == failures + 1 and result.err == "", result


def test_the_last_error_counts(identity):
    busy = service_error(503, "", "busy", headers=AT_ONCE)
    with Verifier(busy, DENIED) as verifier:
        assert_fails(session(verifier, identity.flags), 1, "AccessDenied")
    assert len(verifier.signed) == 2


def test_each_attempt_is_signed_anew(identity):
    # A second between the attempts, so that x-amz-date must change.
    answer = service_error(503, "", "busy", headers={"Retry-After": "1"})
    with Verifier(answer) as verifier:
        assert_fails(session(verifier, identity.flags), 3)
    assert len({s.date for s in verifier.signed}) == 3, verifier.problems
    assert len({s.signature for s in verifier.signed}) == 3


def waits(result):
    """Milliseconds, as --debug tells of them."""
    told = [int(text) for text in re.findall(r"next attempt in ([0-9]+) ms", result.err)]
    assert result.seconds >= sum(told) / 1000, result
    return told


def assert_random(told):
    assert all(wait < bound for wait, bound in zip(told, (1000, 2000), strict=True)), told


def test_waits_grow_and_stay_below_their_bounds(identity):
    with Verifier(service_error(503, "", "busy")) as verifier:
        assert_random(waits(assert_fails(session(verifier, identity.flags, "--debug"), 3)))


def test_retry_after_in_seconds(identity):
    busy = service_error(503, "", "busy", headers={"Retry-After": "1"})
    with Verifier(busy, busy, v.ok()) as verifier:
        result = session(verifier, identity.flags, "--debug")
    assert_credentials(result)
    assert waits(result) == [1000, 1000]


def test_retry_after_as_a_date(identity):
    """By the clock of who names it, which is not ours."""
    dates = {name: f"Sun, 31 Dec 2028 23:59:{second} GMT"
             for name, second in (("Date", 57), ("Retry-After", 59))}
    with Verifier(v.raw(v.message(503, headers=dates, date=False), stay_open=True),
                  v.ok()) as verifier:
        result = session(verifier, identity.flags, "--debug")
    assert_credentials(result)
    assert waits(result) == [2000]


@pytest.mark.parametrize("value", ["junk", "-5", "1.5", "99999999999999"])
def test_retry_after_that_says_nothing(identity, value):
    busy = service_error(503, "", "busy", headers={"Retry-After": value})
    with Verifier(busy, busy, v.ok()) as verifier:
        result = session(verifier, identity.flags, "--debug")
    assert_credentials(result)
    assert_random(waits(result))


def test_retry_after_beyond_the_deadline_does_not_wait(identity):
    with Verifier(service_error(503, "", "busy", headers={"Retry-After": "3600"})) as verifier:
        result = assert_fails(session(verifier, identity.flags, "--debug"), 3, "busy",
                              hint="1 hour|3600")
    assert len(verifier.signed) == 1 and waits(result) == [] and result.seconds < PATIENCE, result


@pytest.mark.parametrize("value", ["Fri, 31 Dec 9999 23:59:59 GMT", "2147483647"])
def test_retry_after_at_the_end_of_time(identity, value):
    """Too far for a clock that counts nanoseconds."""
    with Verifier(service_error(503, "", "busy", headers={"Retry-After": value})) as verifier:
        result = assert_fails(session(verifier, identity.flags, "--debug"), 3, "busy")
    assert len(verifier.signed) == 1 and waits(result) == [] and result.seconds < PATIENCE, result


@pytest.mark.parametrize("answer", [
    v.close(), v.reset(), v.raw(b"\0\1\2garbage\r\n\r\n"), v.raw(b"HTTP/1.1 201 Cre"),
    v.raw(b"SSH-2.0-OpenSSH_9.2\r\n"),
    v.raw(v.message(201, v.credential_set())[:-50])],
    ids=["close", "reset", "garbage", "cut status", "ssh", "cut body"])
def test_broken_connections_are_retried(identity, answer):
    with Verifier(answer, v.ok()) as verifier:
        assert_credentials(session(verifier, identity.flags))
    assert len(verifier.signed) == 2


@pytest.mark.parametrize("fault,code,works", [
    ("503:2", 0, True), ("503", 3, False), ("throttle:1", 0, True), ("throttle", 3, False),
    ("truncated:1", 0, True), ("429:1", 0, True), ("403:1", 1, False), ("broken:1", 1, False)])
def test_faults_of_emulate(identity, fault, code, works):
    with Emulator(identity.root_file, "--fault", fault) as emulator:
        result = session(emulator, identity.flags)
    if works:
        assert_credentials(result)
    else:
        assert_fails(result, code)


# Time limits

OK = v.message(201, v.credential_set())
STALLS = {
    "nothing": v.stall(),
    "half the status line": v.stall(OK[:6]),
    "half the headers": v.stall(OK[:40]),
    "half the body": v.stall(OK[:-40]),
    "drip": v.drip(OK, 0.2),
    "100 Continue alone": v.stall(b"HTTP/1.1 100 Continue\r\n\r\n"),
}


@pytest.fixture(scope="module", name="stalled")
def runs_that_stall(identity):
    """By name of the stall: the result and how many requests came. Side by side, as each only waits."""
    def ask(answer):
        with Verifier(answer) as verifier:
            result = session(verifier, identity.flags, "--timeout", "3")
            return result, len(verifier.requests)
    with concurrent.futures.ThreadPoolExecutor(len(STALLS)) as pool:
        return dict(zip(STALLS, pool.map(ask, STALLS.values())))


@pytest.mark.parametrize("name", STALLS)
def test_deadline(stalled, name):
    result, requests = stalled[name]
    assert_fails(result, 3, "time|answer", hint="timeout|again")
    assert 2.9 < result.seconds < PATIENCE, result
    assert requests == 1


def test_deadline_holds_over_all_attempts(identity):
    """The second attempt has only what the first has left; else there would be time for a third."""
    late = v.late(1, service_error(503, "", "busy", headers=AT_ONCE))
    with Verifier(late, v.stall()) as verifier:
        result = session(verifier, identity.flags, "--timeout", "4")
    assert_fails(result, 3)
    assert len(verifier.requests) == 2 and result.seconds < PATIENCE, result


def test_delay_within_the_deadline(identity):
    with Emulator(identity.root_file, "--fault", "delay=1") as emulator:
        assert_credentials(session(emulator, identity.flags, "--timeout", "10"))
        assert_fails(session(emulator, identity.flags, "--timeout", "0.5"), 3)


def test_connect_timeout(identity):
    """A listener whose backlog is full: the kernel drops the next SYN."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(4):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        time.sleep(0.1)
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        result = session(url, identity.flags, "--connect-timeout", "0.3")
        assert_fails(result, 3, r"connect.*0\.3 s")
        assert 0.9 < result.seconds < PATIENCE, result
        result = session(url, identity.flags, "--timeout", "2")
        assert_fails(result, 3, r"no connection to .* within [0-2](\.[0-9]+)? s")
        assert "attempt" not in result.err and result.seconds < PATIENCE, result


def test_connection_refused(identity):
    assert_fails(session(f"http://127.0.0.1:{free_port()}", identity.flags), 3, "refused",
                 hint="check")


def test_name_that_does_not_resolve(identity):
    result = session("https://nowhere.invalid", identity.flags, "--timeout", "4")
    assert_fails(result, 3, r"nowhere\.invalid", hint=".")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_not_followed(identity, status):
    with Verifier() as elsewhere:
        answer = v.respond(status, b"", {"Location": elsewhere.url + "/sessions"})
        with Verifier(answer) as verifier:
            assert_fails(session(verifier, identity.flags), 1, str(status))
    assert elsewhere.connections == 0 and len(verifier.requests) == 1


HEADERS = b"HTTP/1.1 201 Created\r\n"
ENDLESS = {
    "body": v.endless(HEADERS + b"\r\n", b"x" * 1000),
    "promised body": v.endless(HEADERS + b"Content-Length: 100000000000\r\n\r\n", b" " * 1000),
    "chunks": v.endless(HEADERS + b"Transfer-Encoding: chunked\r\n\r\n", b"5\r\nhello\r\n"),
    "headers": v.endless(HEADERS, b"X-Header: " + b"x" * 1000 + b"\r\n"),
    "one header": v.endless(HEADERS + b"X: ", b"x" * 1000),
    "status line": v.endless(b"HTTP/1.1 201 ", b"x" * 1000),
    "100 Continue": v.endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
}


@pytest.mark.parametrize("name", ENDLESS)
def test_endless_answers(identity, name):
    with Verifier(ENDLESS[name]) as verifier:
        result = session(verifier, identity.flags)
    assert result.code in (1, 3) and result.out == "", result
    # Little more than what the buffers of a connection hold.
    assert ENDLESS[name].sent < 20_000_000 and result.seconds < PATIENCE, result
    assert len(result.errors) == 1, result


# Clock skew

def asked_at(signed):
    return calendar.timegm(time.strptime(signed.date, "%Y%m%dT%H%M%SZ"))


@pytest.mark.parametrize("clock,word", [(600, "behind"), (-600, "ahead"), (86400 * 400, "behind")])
def test_clock_skew_is_corrected_once(identity, clock, word):
    wrong = service_error(403, "AccessDeniedException", "Signature expired", clock=clock)
    with Verifier(wrong, v.ok(), clock=clock, check=False) as verifier:
        result = session(verifier, identity.flags)
    assert_credentials(result)
    assert len(verifier.problems) == 1 and "clock" in verifier.problems[0], verifier.problems
    assert len(verifier.signed) == 1
    assert len(result.warnings) == 1 and word in result.warnings[0], result


def test_clock_skew_is_tried_once_alone(identity):
    wrong = service_error(403, "AccessDeniedException", "Signature expired", clock=600)
    with Verifier(wrong, check=False) as verifier:
        assert_fails(session(verifier, identity.flags), 1, "AccessDenied")
    assert len(verifier.requests) == 2


@pytest.mark.parametrize("answer", [
    service_error(403, "AccessDeniedException", "no", clock=180),
    service_error(403, "AccessDeniedException", "no", clock=-180),
    v.respond(403, b"{}", date=False),
    v.respond(403, b"{}", {"Date": "yesterday"}, date=False)],
    ids=["3 minutes ahead", "3 minutes behind", "no Date", "bad Date"])
def test_no_clock_skew(identity, answer):
    with Verifier(answer) as verifier:
        result = assert_fails(session(verifier, identity.flags), 1)
    assert len(verifier.requests) == 1 and result.warnings == [], result


def test_clock_of_emulate(identity):
    for clock in ("+600", "-600"):
        with Emulator(identity.root_file, "--fault", f"clock={clock}") as emulator:
            result = session(emulator, identity.flags)
        assert_credentials(result)
        assert "clock" in result.err, result


# Where the output goes

def shell(identity, server, redirection):
    arguments = [BINARY, "credential-process", *identity.flags, *ARNS, "--endpoint", server.url]
    return subprocess.run(["/bin/sh", "-c", f'"$@" {redirection}', "sh", *arguments],
                          env=environment(), stdin=subprocess.DEVNULL, stderr=subprocess.PIPE,
                          stdout=subprocess.PIPE, text=True, timeout=30, check=False)


@pytest.mark.parametrize("redirection", [">/dev/full", ">&-"])
def test_stdout_that_takes_nothing(identity, redirection):
    with Verifier() as verifier:
        done = shell(identity, verifier, redirection)
    assert done.returncode == 1 and done.stdout == "", done
    assert "rolecall: error: " in done.stderr and "output" in done.stderr, done


def test_stdout_whose_reader_has_gone(identity):
    with Verifier() as verifier:
        reader, writer = os.pipe()
        os.close(reader)
        result = session(verifier, identity.flags, stdout=writer)
        os.close(writer)
    assert result.code == 1 and len(result.errors) == 1, result


@pytest.mark.parametrize("redirection", ["2>/dev/full", "2>&-", "<&-", "<&- 2>&-"])
def test_stderr_and_stdin_do_not_matter(identity, redirection):
    with Verifier() as verifier:
        done = shell(identity, verifier, redirection)
    assert done.returncode == 0 and '"SessionToken"' in done.stdout, done
