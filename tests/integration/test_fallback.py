"""`fallback` in a binding: another binding is asked if the endpoint of the first cannot be reached."""

import signal
import time

import pytest
from support import pki
from support.config import identity_lines, write_config
from support.process import ACCOUNT, Emulator, assert_credentials, assert_fails, free_port, paused, run
from support.serve import Serve, eventually
from support.verifier import Verifier, respond, service_error, stall

OTHER_ACCOUNT = "444455556666"


def arns(region, account):
    prefix = f"arn:aws:rolesanywhere:{region}:{account}:"
    return (f'trust-anchor-arn = "{prefix}trust-anchor/11111111-1111-4111-8111-111111111111"\n'
            f'profile-arn = "{prefix}profile/22222222-2222-4222-8222-222222222222"\n'
            f'role-arn = "arn:aws:iam::{account}:role/Example"\n')


class TwoRegions:
    """A binding "one" with the fallback "two": two regions, accounts, certificates and endpoints."""

    def __init__(self, directory, identity, other_url):
        self.directory, self.identity = directory, identity
        self.port = free_port()
        self.other_url = other_url
        self.emulator = None
        (directory / "other").mkdir()
        flags = pki.write_identity(directory / "other", identity.intermediate.issue("other leaf"))
        self.other_lines = "".join(f'{name[2:]} = "{value}"\n'
                                   for name, value in zip(flags[::2], flags[1::2]))
        self.env = {"XDG_RUNTIME_DIR": str(directory)}
        self.write(f"http://127.0.0.1:{self.port}")

    def write(self, url, timeout=20, more=""):
        self.config = write_config(self.directory, (
            f'timeout = {timeout}\n{more}'
            f'[binding.one]\n{identity_lines(self.identity)}{arns("eu-west-1", ACCOUNT)}'
            f'endpoint = "{url}"\nfallback = "two"\n'
            f'[binding.two]\n{self.other_lines}{arns("us-east-1", OTHER_ACCOUNT)}'
            f'endpoint = "{self.other_url}"\n'))

    def start(self):
        self.emulator = Emulator(self.identity.root_file, "--port", self.port)
        return self.emulator.__enter__()

    def stop(self):
        self.emulator.__exit__()
        self.emulator = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.emulator:
            self.stop()

    @property
    def flags(self):
        return ["--config", self.config, "--binding", "one"]

    def run(self, *more, command="credential-process", env=None):
        return run(command, *self.flags, *more, env={**self.env, **(env or {})})

    def a_minute_later(self):
        """The cache forgets what it knows about outages."""
        for lock in (self.directory / "rolecall").glob("*.lock"):
            lock.write_text("")

    def account(self, *more):
        """Whose account the credentials are of, and the result."""
        result = self.run(*more)
        return assert_credentials(result)["AccountId"], result


@pytest.fixture(name="regions")
def two_regions(identity, emulator, tmp_path):
    with TwoRegions(tmp_path, identity, emulator.url) as regions:
        yield regions


def test_a_region_goes_away_and_comes_back(regions):
    regions.start()
    account, result = regions.account()
    assert account == ACCOUNT and result.err == ""
    regions.stop()
    account, result = regions.account()
    assert account == OTHER_ACCOUNT and len(result.warnings) == 1, result
    assert "Connection refused" in result.err and "binding two is asked instead of one" in result.err
    assert result.seconds < 15
    regions.start()
    account, result = regions.account()
    assert account == ACCOUNT and result.err == ""


def test_a_silent_region_takes_its_part_of_the_time(regions):
    with Verifier(stall()) as silent:
        regions.write(silent.url, timeout=4)
        account, result = regions.account()
    assert account == OTHER_ACCOUNT and "did not answer in time" in result.err, result
    assert 1.9 < result.seconds < 15
    assert len(silent.requests) == 1


@pytest.mark.parametrize("answer", [respond(500), service_error(503, "ServiceUnavailableException"),
                                    respond(502, b"<html>")])
def test_5xx(regions, answer):
    with Verifier(answer) as failing:
        regions.write(failing.url)
        assert regions.account()[0] == OTHER_ACCOUNT


@pytest.mark.parametrize("answer,code,problem", [
    (service_error(403, "AccessDeniedException"), 1, "AccessDenied"),
    (service_error(429, "ThrottlingException"), 3, "Throttling"),
    (respond(404, b"<html>"), 1, "404"),
    (respond(200, b"<html>"), 1, "not a session")])
def test_a_refusal_is_final(regions, silent, answer, code, problem):
    regions.other_url = silent.url
    with Verifier(answer) as refusing:
        regions.write(refusing.url)
        assert_fails(regions.run(), code, problem)


def test_a_fault_of_the_identity_is_final(regions, silent, tmp_path):
    regions.other_url = silent.url
    regions.write(silent.url)
    assert_fails(regions.run("--private-key", tmp_path / "none.pem"), 2, "No such file")


def test_if_both_are_away(regions):
    regions.other_url = f"http://127.0.0.1:{free_port()}"
    regions.write(f"http://127.0.0.1:{regions.port}")
    done = assert_fails(regions.run(), 3, "Connection refused.*; binding two: .*Connection refused")
    assert len(done.warnings) == 1


def test_debug_says_which_answered(regions):
    done = regions.run("--debug")
    assert_credentials(done)
    assert "binding two answered" in done.err and "\n  fallback=two\n" in done.err, done
    assert "flags of fallback two that do not have their default values:" in done.err


def test_the_cache_asks_a_region_that_was_away_again_soon(regions):
    with Verifier(stall()) as silent:
        regions.write(silent.url, timeout=4)
        first = regions.run("--cache")
        assert first.credentials["AccountId"] == OTHER_ACCOUNT and first.seconds > 1.9
        quick = regions.run("--cache")
        assert quick.credentials == first.credentials and quick.seconds < 1.5
        assert "s ago); binding two is asked instead" in quick.err, quick
        assert silent.connections == 1
        # A minute later.
        regions.a_minute_later()
        assert regions.run("--cache").seconds > 1.9
        assert silent.connections == 2


def test_the_cache_after_the_return(regions):
    assert regions.account("--cache")[0] == OTHER_ACCOUNT
    regions.start()
    assert regions.account("--cache")[0] == OTHER_ACCOUNT  # for less than a minute
    regions.a_minute_later()
    account, result = regions.account("--cache")
    assert account == ACCOUNT and result.err == "", result
    regions.stop()
    assert regions.account("--cache")[0] == ACCOUNT  # its session is still valid


def test_other_commands(regions, tmp_path):
    for command in (["export", "--format", "json"], ["exec"]):
        done = regions.run(*command[1:], *(["--", "env"] if command == ["exec"] else []), command=command[0])
        assert done.code == 0 and OTHER_ACCOUNT in done.out and len(done.warnings) == 1, done
    path = tmp_path / "credentials"
    done = regions.run("--once", command="update", env={"AWS_SHARED_CREDENTIALS_FILE": str(path)})
    assert done.code == 0 and len(done.warnings) == 1 and "[default]" in path.read_text(), done
    done = regions.run("--refresh", "--", "sh", "-c", "curl -s -H \"Authorization: "
                       "$AWS_CONTAINER_AUTHORIZATION_TOKEN\" $AWS_CONTAINER_CREDENTIALS_FULL_URI",
                       command="exec")
    assert done.code == 0 and OTHER_ACCOUNT in done.out, done


def container(serve, directory):
    token = (directory / "rolecall" / "one.token").read_text()
    answer = serve.ask("GET", "/credentials/one", {"Authorization": token})
    assert answer.status == 200, answer
    return answer.json["RoleArn"].split(":")[4]


def test_serve_uses_the_fallback_and_returns(regions, tmp_path):
    regions.start()
    with Serve(tmp_path, flags=regions.flags, arns=[]) as serve:
        assert container(serve, tmp_path) == ACCOUNT
        assert serve.metric('rolecall_fallback_in_use{binding="one",fallback="two"}') == 0
        regions.stop()
        serve.process.send_signal(signal.SIGHUP)
        eventually(lambda: container(serve, tmp_path) == OTHER_ACCOUNT)
        asked = serve.events("a fallback is asked")[0]
        assert (asked["binding"], asked["fallback"]) == ("one", "two") and "refused" in asked["reason"]
        assert eventually(lambda: [e for e in serve.events("renewed") if e.get("answered_by") == "two"])
        assert serve.metric('rolecall_fallback_in_use{binding="one",fallback="two"}') == 1
        assert serve.metric("rolecall_renewal_failures_total") == 0
        assert serve.ask("GET", "/healthz").status == 200
        regions.start()
        serve.process.send_signal(signal.SIGHUP)
        eventually(lambda: container(serve, tmp_path) == ACCOUNT)
        assert serve.metric('rolecall_fallback_in_use{binding="one",fallback="two"}') == 0


def test_serve_starts_while_the_region_is_silent(regions, tmp_path):
    emulator = regions.start()
    regions.write(emulator.url, timeout=4)
    with paused(emulator.process.pid):
        begin = time.monotonic()
        with Serve(tmp_path, flags=regions.flags, arns=[]) as serve:
            assert container(serve, tmp_path) == OTHER_ACCOUNT
            assert 1.9 < time.monotonic() - begin < 20


def test_doctor(regions):
    regions.start()
    done = regions.run(command="doctor")
    assert "ok    fallbacks    binding two grants a session\n" in done.out, done
    regions.stop()
    done = regions.run(command="doctor")
    assert ("fallbacks    binding two grants a session, and is used while the endpoint of this binding cannot be"
            " reached\n") in done.out, done
    assert "skip  fallbacks    --offline" in regions.run("--offline", command="doctor").out
    alone = run("doctor", "--config", regions.config, "--binding", "two", env=regions.env)
    assert "fallbacks" not in alone.out, alone


@pytest.mark.parametrize("text,problem,hint", [
    ('[binding.a]\nfallback = "other"\n', 'line 2: there is no binding "other" for fallback', "starts with a line"),
    ('[binding.a]\nfallback = "a"\n', 'line 2: fallback leads back to the binding "a": a → a', "remove"),
    ('[binding.a]\nfallback = ["b"]\n[binding.b]\nfallback = "a"\n',
     'line 4: fallback leads back to the binding "a": a → b → a', "remove \"a\""),
    ('fallback = "a"\n[binding.a]\n', 'line 1: there is no setting "fallback"', r"\[binding.NAME\]"),
    ('[serve]\nfallback = "a"\n[binding.a]\n', 'line 2: there is no setting "fallback"', r"\[binding.NAME\]"),
    ('[binding.a]\nfalback = "b"\n', 'line 2: there is no setting "falback"', "fallback"),
])
def test_mistakes_are_found_when_the_file_is_read(tmp_path, text, problem, hint):
    config = write_config(tmp_path, text)
    for command in ("serve", "credential-process"):
        assert_fails(run(command, "--config", config), 2, problem, hint)


def test_a_fallback_that_could_never_be_asked_is_an_error_at_once(regions):
    regions.start()
    regions.config.write_text(regions.config.read_text().replace("us-east-1", "us-east-2", 1))
    assert_fails(regions.run(), 2, "binding two: the region of --profile-arn is us-east-1")


def test_bindings_shows_a_wrong_fallback_in_its_row(regions):
    regions.config.write_text(regions.config.read_text() + 'fallback = "one"\n')
    done = run("bindings", "--config", regions.config)
    assert done.code == 0 and done.out.count("leads back to") == 2, done
