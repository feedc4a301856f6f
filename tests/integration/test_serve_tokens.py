"""The tokens that serve keeps for its next start: by which clock they count, and what if they cannot be kept."""

import os
import pathlib
import signal
import subprocess

import pytest
from support.process import ARNS, assert_fails, run
from support.serve import CREDENTIALS, Serve

LOST = "IMDS tokens are lost at a restart"
OFF = "the container endpoint is off"


@pytest.fixture(name="no_key")
def no_room_for_a_key(tmp_path):
    """As on a disk that is full: there is a token from before, and the key cannot be written."""
    directory = tmp_path / "rolecall"
    directory.mkdir(mode=0o700)
    (directory / "default.token").write_text("a" * 64)
    (directory / "default.token").chmod(0o600)
    (directory / "default.imds-key.new").mkdir()
    return directory


def test_a_key_that_cannot_be_kept_costs_no_container_endpoint(no_key, identity, emulator, tmp_path):
    with Serve(tmp_path, server=emulator, flags=identity.flags) as running:
        assert running.ask("GET", "/credentials/default", {"Authorization": "a" * 64}).status == 200
        assert running.credentials()
        assert not running.events(OFF)
        assert f"cannot write {no_key}/default.imds-key: " in running.events(LOST)[0]["reason"]
    done = run("serve", *identity.flags, *ARNS, "--endpoint", emulator.url, "--port", 0,
               "--token-dir", no_key)
    assert_fails(done, 2, "cannot write .*default.imds-key", "--token-dir")
    with Serve(tmp_path, "--token-dir", no_key, "--imds=false", server=emulator,
               flags=identity.flags) as running:  # which needs no key
        assert not running.events(LOST)


def test_the_warning_says_why(identity, emulator, tmp_path):
    def reasons(**options):
        with Serve(other, server=emulator, flags=identity.flags, **options) as running:
            assert running.credentials()
            return [running.events(event)[0]["reason"] for event in (OFF, LOST)]
    other = tmp_path / "other"
    other.mkdir()
    with Serve(tmp_path, server=emulator, flags=identity.flags):
        for reason in reasons(env={"XDG_RUNTIME_DIR": str(tmp_path)}):
            assert "another rolecall serve uses" in reason, reason
    for reason in reasons(env={"XDG_RUNTIME_DIR": ""}):
        assert "nor XDG_RUNTIME_DIR" in reason, reason
    (tmp_path / "rolecall").chmod(0o777)
    for reason in reasons(env={"XDG_RUNTIME_DIR": str(tmp_path)}):
        assert "other users can write to it" in reason, reason


def clock_moved(clock, seconds):
    """A command that runs its arguments where this clock is ahead; skips if the kernel cannot."""
    prefix = ["unshare", "--time", "--fork", f"--{clock}", str(seconds)]
    if os.geteuid() != 0 or subprocess.run([*prefix, "true"], check=False,
                                           capture_output=True).returncode != 0:
        pytest.skip("only root can make a namespace of time, on a kernel that has it")
    return prefix


def end_children(pid):
    for child in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        os.kill(int(child), signal.SIGTERM)


def test_a_suspend_counts_for_tokens(identity, emulator, tmp_path):
    """A suspend moves the clock since the boot, and not the monotonic one. The wall clock is the
    same in all."""
    suspended = clock_moved("boottime", 3600)
    awake = clock_moved("monotonic", 3600)

    def serve(prefix=()):
        return Serve(tmp_path, server=emulator, flags=identity.flags, prefix=prefix)
    with serve() as running:
        token = running.ask("PUT", "/latest/api/token",
                            {"x-aws-ec2-metadata-token-ttl-seconds": "3000"}).body
    for prefix, status in ((awake, 200), (suspended, 401), ((), 200)):
        with serve(prefix) as running:
            answer = running.ask("GET", CREDENTIALS, {"x-aws-ec2-metadata-token": token})
            if prefix:  # unshare itself waits for it, and takes no SIGTERM
                end_children(running.process.pid)
            assert answer.status == status, (prefix, answer)
