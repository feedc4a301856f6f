"""SPIFFE agents of serve, update and exec --refresh: each message of the agent is a rotation."""

import contextlib
import datetime
import subprocess
import time

import pytest
from support import faketime, pki, updates
from support.process import ARNS, BINARY, Emulator, environment
from support.serve import CREDENTIALS, RotatingHost, Serve, eventually
from support.spiffe import Agent, leaf, svid

LIFETIME = 8  # of a session, in seconds
PERMISSION_DENIED, UNAVAILABLE = 7, 14
TAKEN = "read a new certificate and its key"
CONTINUES = "the certificate and its key cannot be used; rolecall continues with the previous ones"
CANNOT_BE_USED = "the certificate and its key cannot be used"


class Host(RotatingHost):
    """An agent, an emulator and serve."""

    def __init__(self, identity, directory, *arguments, first=None, lifetime=LIFETIME, env=None):
        self.identity, self.directory, self.arguments = identity, directory, arguments
        self.agent = Agent(directory, first or self.svid("first"))
        self.lifetime, self.env = lifetime, env

    def svid(self, name, **options):
        return svid(leaf(self.identity, name, "spiffe://example.org/app", **options))

    def __enter__(self):
        self.stack = contextlib.ExitStack()
        self.stack.enter_context(self.agent)
        self.emulator = self.stack.enter_context(
            Emulator(self.identity.root_file, "--session-duration-max", self.lifetime, "--log",
                     env=self.env))
        self.serve = self.stack.enter_context(
            Serve(self.directory, *self.arguments, server=self.emulator, flags=self.agent.flags,
                  env=self.env))
        return self

    def __exit__(self, *error):
        self.stack.__exit__(*error)

    def renew_twice(self):
        before = self.renewals()
        self.always_valid(lambda: self.renewals() >= before + 2)


@pytest.fixture(name="host")
def host_with_serve(identity, tmp_path):
    with Host(identity, tmp_path) as running:
        yield running


def test_a_message_is_a_rotation(host):
    assert host.subject() == "CN=first"
    host.agent.send(host.svid("second"))
    host.always_valid(lambda: host.subject() == "CN=second")
    assert host.serve.events(TAKEN)[-1]["subject"] == "CN=second"
    assert host.serve.metric("rolecall_certificate_rejected") == 0


@pytest.fixture(name="clock")
def clock_that_jumps(tmp_path):
    """A file, and the variables by which programs read their wall clock there."""
    file = tmp_path / "clock"
    file.write_text("+0")
    return file, faketime.follow(file)


@faketime.needed
def test_a_new_svid_renews_a_session_of_an_hour(identity, tmp_path, clock):
    """But not in its first 225 seconds."""
    file, env = clock
    # The sandbox would forbid the file of the clock.
    with Host(identity, tmp_path, "--no-sandbox", lifetime=3600, env=env) as host:
        host.agent.send(host.svid("second"))
        eventually(lambda: host.serve.events(TAKEN))
        file.write_text("+220s")
        time.sleep(2)
        assert host.subject() == "CN=first"
        file.write_text("+226s")
        host.always_valid(lambda: host.subject() == "CN=second")
        assert host.renewals() == 2


@faketime.needed
def test_half_of_a_certificates_life_renews_the_session(identity, tmp_path, clock):
    file, env = clock
    now = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0, tzinfo=None)
    short = svid(leaf(identity, "short", "spiffe://example.org/app", not_before=now,
                      not_after=now + datetime.timedelta(minutes=30)))
    with Host(identity, tmp_path, "--no-sandbox", first=short, lifetime=3600, env=env) as host:
        file.write_text("+14m")
        time.sleep(2)
        assert host.renewals() == 1
        file.write_text("+15m")
        host.always_valid(lambda: host.renewals() == 2)
        file.write_text("+20m")  # from now on, only a new certificate counts
        time.sleep(2)
        assert host.renewals() == 2


def test_the_same_message_again_is_no_rotation(host):
    second = host.svid("second")
    host.agent.send(second)
    host.always_valid(lambda: host.subject() == "CN=second")
    host.agent.send(second)
    host.renew_twice()
    assert len(host.serve.events(TAKEN)) == 1


def test_an_svid_that_the_service_refuses(host):
    stranger = pki.root("Other Root")
    host.agent.send(svid(stranger.issue("stranger", hosts=["spiffe://example.org/app"])))
    eventually(lambda: host.serve.events("the service refused the new certificate; rolecall continues "
                                         "with the previous one"))
    host.renew_twice()
    assert host.subject() == "CN=first"
    host.agent.send(host.svid("second"))
    host.always_valid(lambda: host.subject() == "CN=second")


@pytest.mark.parametrize("withdraw", [lambda agent: agent.send(),
                                      lambda agent: agent.fail(PERMISSION_DENIED, "entry deleted")])
def test_a_withdrawn_identity_gets_no_session(host, withdraw):
    withdraw(host.agent)
    eventually(lambda: host.serve.events(CANNOT_BE_USED))
    renewals = host.renewals()
    # The session that is still valid is handed out until it expires.
    eventually(lambda: host.serve.get(CREDENTIALS).status != 200)
    assert host.renewals() == renewals
    failed = host.serve.events("renewal failed")[-1]
    assert "has no identity for this process" in failed["reason"]
    host.agent.send(host.svid("second"))
    eventually(lambda: host.serve.get(CREDENTIALS).status == 200)
    assert host.subject() == "CN=second"


def test_a_message_that_is_malformed_changes_nothing(host):
    host.agent.send({**host.svid("second"), "x509_svid_key": b""})
    eventually(lambda: host.serve.events(CONTINUES))
    assert "SVID 1 has no private key" in host.serve.events(CONTINUES)[-1]["reason"]
    host.renew_twice()
    assert host.subject() == "CN=first"
    host.agent.send(host.svid("second"))
    host.always_valid(lambda: host.subject() == "CN=second")


def test_an_agent_that_goes_away_and_comes_back(host, tmp_path):
    host.agent.stop()
    eventually(lambda: host.serve.events(CONTINUES))
    assert "no program listens on this socket" in host.serve.events(CONTINUES)[-1]["reason"]
    host.renew_twice()
    assert host.subject() == "CN=first"
    host.agent.remove_socket()
    with Agent(tmp_path, host.svid("second")):
        host.always_valid(lambda: host.subject() == "CN=second")
        assert host.serve.metric("rolecall_certificate_rejected") == 0


def test_an_agent_that_is_restarted_at_once(host, tmp_path):
    """Nobody needs to hear of it."""
    host.agent.fail(UNAVAILABLE, "shutting down")
    host.agent.stop()
    host.agent.remove_socket()
    with Agent(tmp_path, host.svid("second")):
        host.always_valid(lambda: host.subject() == "CN=second")


def test_serve_waits_for_nothing_by_default(tmp_path):
    serve = Serve(tmp_path, server="http://127.0.0.1:1", flags=["--certificate", f"spiffe:{tmp_path}/none"],
                  wait=False)
    serve.code = 3
    with serve:
        assert serve.process.wait(timeout=20) == 3
        assert "cannot be found" in serve.err


def test_lazy_serve_takes_an_agent_that_comes_later(identity, emulator, tmp_path):
    with Serve(tmp_path, "--lazy", server=emulator,
               flags=["--certificate", f"spiffe:unix://{tmp_path}/agent.sock"]) as serve:
        eventually(lambda: serve.events("renewal failed"))
        assert serve.get(CREDENTIALS).status != 200
        with Agent(tmp_path, svid(leaf(identity))):
            eventually(lambda: serve.get(CREDENTIALS).status == 200)


@contextlib.contextmanager
def updating(flags, emulator, file):
    with updates.start(emulator, flags, file) as process:
        try:
            yield
        finally:
            process.terminate()
            process.communicate(timeout=20)


def test_update_waits_for_an_agent_and_rotates(identity, tmp_path):
    file = tmp_path / "credentials"

    with Emulator(identity.root_file, "--session-duration-max", LIFETIME, "--log") as emulator:
        with updating(["--certificate", f"spiffe:unix://{tmp_path}/agent.sock"], emulator, file):
            time.sleep(0.5)
            assert not file.exists()
            first = leaf(identity, "first", serial=7001)
            second = leaf(identity, "second", serial=7002)
            with Agent(tmp_path, svid(first)) as agent:
                eventually(file.exists)
                before = file.read_text()
                agent.send(svid(second))
                eventually(lambda: file.read_text() != before)
                after = file.read_text()
                eventually(lambda: file.read_text() != after)
    assert "7001" in emulator.err and "7002" in emulator.err, emulator.err


def test_exec_refresh_rotates(identity, tmp_path):
    with Emulator(identity.root_file, "--session-duration-max", LIFETIME, "--log") as emulator, \
            Agent(tmp_path, svid(leaf(identity, "first", serial=7001))) as agent:
        command = [BINARY, "exec", "--refresh", *agent.flags, *ARNS, "--endpoint", emulator.url, "--", "sleep",
                   "12"]
        with subprocess.Popen(command, env=environment()) as process:
            time.sleep(1)
            agent.send(svid(leaf(identity, "second", serial=7002)))
            assert process.wait(timeout=40) == 0
    assert "7001" in emulator.err and "7002" in emulator.err, emulator.err


def test_one_call_stays_open(host):
    """Not one for each renewal."""
    host.renew_twice()
    assert host.agent.read_event(5) == {"call": True}
    with pytest.raises(AssertionError, match="the agent wrote nothing"):
        host.agent.read_event(1)
