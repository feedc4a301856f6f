"""Faults of `rolecall emulate`."""

import datetime
import time

import pytest
from support import signing
from support.process import Emulator
from support.signing import ask, assert_granted, assert_refused, length_of, request


def test_faults_one_after_another(identity):
    faults = ["500:2", "503:1", "throttle:1", "empty:1", "broken:1", "retry-after=7:4"]
    flags = [part for fault in faults for part in ("--fault", fault)]
    with Emulator(identity.root_file, *flags) as emulator:
        for status, name in [(500, "InternalServerException"), (500, "InternalServerException"),
                             (503, "ServiceUnavailableException"), (400, "ThrottlingException")]:
            answer = ask(emulator, identity)
            assert (answer.status, answer.error) == (status, name)
            assert answer.headers["Retry-After"] == "7"
            # Other requests are not counted.
            assert signing.send(emulator.url, "GET", "/", [("Host", "h")]).status == 404
        answer = ask(emulator, identity)
        assert (answer.status, answer.json) == (201, {"credentialSet": []})
        answer = ask(emulator, identity)
        assert answer.status == 201 and "Retry-After" not in answer.headers
        with pytest.raises(ValueError):
            answer.json
        assert_granted(ask(emulator, identity))


def test_a_fault_without_a_count_stays(identity):
    with Emulator(identity.root_file, "--fault", "429") as emulator:
        for _ in range(3):
            assert ask(emulator, identity).status == 429


def test_a_truncated_body(identity):
    with Emulator(identity.root_file, "--fault", "truncated:1") as emulator:
        with pytest.raises(Exception) as caught:
            ask(emulator, identity)
        assert caught.type.__name__ == "IncompleteRead"
        half = len(caught.value.partial)
        assert half > 300 and abs(half - caught.value.expected) <= 1
        assert_granted(ask(emulator, identity))


def test_delay(identity):
    with Emulator(identity.root_file, "--fault", "delay=0.7:1") as emulator:
        begin = time.monotonic()
        assert_granted(ask(emulator, identity))
        assert time.monotonic() - begin >= 0.7


@pytest.mark.parametrize("seconds", [600, -600])
def test_a_wrong_clock(identity, seconds):
    with Emulator(identity.root_file, "--fault", f"clock={seconds:+}") as emulator:
        answer = ask(emulator, identity)
        assert_refused(answer, "AccessDeniedException", "Invalid signature: Signature ")
        date = datetime.datetime.strptime(answer.headers["Date"], "%a, %d %b %Y %H:%M:%S GMT")
        off = (date - datetime.datetime.utcnow()).total_seconds()
        assert abs(off - seconds) < 5
        asked = request(identity.leaf)
        asked.date = signing.amz_date(seconds)
        session = assert_granted(asked.send(emulator.url))
        assert abs(length_of(session) - 3600 - seconds) < 5
