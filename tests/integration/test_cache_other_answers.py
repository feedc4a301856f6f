"""--cache: what answers in the service's place is not kept as the service's refusal."""

import pytest
from support import verifier as v
from support.cache import PAST_MARGIN, Cached
from support.process import assert_credentials, run
from support.verifier import Verifier

PORTALS = {
    "redirect": v.respond(302, b"<html>", {"Location": "https://portal.example/login"}),
    "page": v.respond(403, b"<html>blocked</html>"),
    "not found": v.respond(404),
}


def requests_of_two_runs(identity, directory, answer):
    """How many of two runs ask, one behind the other, with credentials that are still valid."""
    with Cached(identity, directory) as cached:
        first = cached.key_id()
        cached.age()
        flags, port = [*cached.flags, *PAST_MARGIN], int(cached.emulator.url.rsplit(":", 1)[1])
    with Verifier(answer, answer, port=port) as verifier:
        for _ in range(2):
            result = run("credential-process", *flags, env=cached.env)
            assert assert_credentials(result)["AccessKeyId"] == first
            assert len(result.warnings) == 1 and "from the cache" in result.err, result
    return len(verifier.requests)


@pytest.mark.parametrize("portal", PORTALS)
def test_the_next_run_asks_again(identity, tmp_path, portal):
    assert requests_of_two_runs(identity, tmp_path, PORTALS[portal]) == 2


def test_a_refusal_of_the_service_counts_for_the_next_run(identity, tmp_path):
    answer = v.service_error(403, "AccessDeniedException")
    assert requests_of_two_runs(identity, tmp_path, answer) == 1
