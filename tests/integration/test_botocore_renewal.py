"""botocore never signs with expired credentials of serve's instance metadata, in hundreds of sessions.

When serve renews is RenewalSchedule's own answer (tests/support/renewal_times.cpp); when botocore asks
is botocore's own, on a clock that is moved (tests/support/botocore_clock.py).
"""

import json
import pathlib
import random
import subprocess
import time

import pytest
from support import clients, faketime
from support.process import ARNS, BINARY, BUILD, Emulator, environment
from support.serve import Serve, eventually

RENEWAL_TIMES = path if (path := BUILD / "renewal_times").exists() else None
CLOCK = pathlib.Path(__file__).resolve().parents[1] / "support" / "botocore_clock.py"
SESSIONS = 200  # that the client uses; of short ones it does not see every one
RENEWALS = 4 * SESSIONS
OLD_MARGIN = 300
simulation = pytest.mark.skipif(RENEWAL_TIMES is None, reason="the build has no renewal_times")


@pytest.fixture(params=["boto3_debian", "boto3_pypi"])
def python(request):
    """An interpreter that has a botocore."""
    client = clients.client(request.param)
    if reason := client.missing():
        pytest.skip(reason)
    return client.PYTHON


def simulate(python, lifetime, *refresh_before, seed):
    done = subprocess.run([str(RENEWAL_TIMES), str(lifetime), str(RENEWALS), str(seed),
                           *map(str, refresh_before)], capture_output=True, text=True, check=True)
    dice = random.Random(seed)
    # CreateSession takes a moment, from when it is due until the answer is there.
    renewals = [float(line) + dice.uniform(0.1, 4) for line in done.stdout.split()]
    task = {"lifetime": lifetime, "renewals": renewals, "sessions": SESSIONS, "seed": seed}
    done = subprocess.run([str(python), str(CLOCK)], input=json.dumps(task), capture_output=True,
                          text=True, timeout=120, check=False, env=environment({
                              "AWS_CONFIG_FILE": "/nonexistent", "AWS_REGION": "eu-west-1",
                              "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent"}))
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    print(f"sessions of {lifetime} s, margin {refresh_before or 'as serve has it'}: {result}")
    return result


@simulation
@pytest.mark.parametrize("lifetime", [900, 3600])
def test_no_expired_token(python, lifetime):
    result = simulate(python, lifetime, seed=1)
    assert result["expired"] == 0, result
    assert result["least_left"] >= 660, result
    assert result["used"] == SESSIONS, result


@simulation
@pytest.mark.parametrize("lifetime", [900, 3600])
def test_five_minutes_are_too_few(python, lifetime):
    """What the simulation is for: with this margin it finds sessions that fail."""
    result = simulate(python, lifetime, OLD_MARGIN, seed=1)
    assert result["expired"] > SESSIONS / 20, result


class Clock:
    """Stands still unless it is set, so that it does not matter how long a busy machine takes."""

    def __init__(self, path):
        self.path, self.start = path, int(time.time())
        self.set(0)

    def set(self, seconds):
        new = self.path.with_suffix(".new")
        new.write_text(time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(self.start + seconds)))
        new.replace(self.path)


@pytest.fixture(name="clock")
def moved_clock(tmp_path):
    """The file that moves the clock of programs, and the variables with which they follow it."""
    clock = Clock(tmp_path / "clock")
    return clock, {"TZ": "UTC", **faketime.follow(clock.path)}


def naps(pid):
    """By thread, how often it has gone to sleep of its own accord."""
    return {task.name: int((task / "status").read_text().rsplit("\nvoluntary_ctxt_switches:", 1)[1]
                           .split()[0]) for task in pathlib.Path(f"/proc/{pid}/task").iterdir()}


def renewed_between(clock, held, renewed, what, pid, threads):
    """That what() is after `held` seconds what it was, and is not after `renewed`.

    Of the process, so many threads look at the clock now and then."""
    first = what()
    clock.set(held)
    before = naps(pid)
    eventually(lambda: sum(now >= before[thread] + 2 for thread, now in naps(pid).items()
                           if thread in before) >= threads)
    assert what() == first
    clock.set(renewed)
    eventually(lambda: what() != first)


margins = pytest.mark.parametrize("lifetime, held, renewed", [(900, 190, 226), (3600, 2560, 2641)])


@faketime.needed
@margins
def test_serve_keeps_this_margin(identity, tmp_path, clock, lifetime, held, renewed):
    with Emulator(identity.root_file, env=clock[1]) as emulator, \
            Serve(tmp_path, "--no-sandbox", "--session-duration", lifetime, server=emulator, flags=identity.flags,
                  env=clock[1]) as serve:
        # Its main thread, and the one that renews.
        renewed_between(clock[0], held, renewed, serve.credentials, serve.process.pid, 2)


@faketime.needed
@margins
def test_update_keeps_this_margin(identity, tmp_path, clock, lifetime, held, renewed):
    path, said = tmp_path / "credentials", tmp_path / "said"
    with Emulator(identity.root_file, env=clock[1]) as emulator, said.open("w") as err:
        command = [BINARY, "update", "--no-sandbox", *map(str, identity.flags), *ARNS, "--endpoint", emulator.url,
                   "--session-duration", str(lifetime)]
        with subprocess.Popen(command, stderr=err, env=environment({
                "AWS_SHARED_CREDENTIALS_FILE": str(path), **clock[1]})) as process:
            try:
                eventually(lambda: "renewed at" in said.read_text())
                renewed_between(clock[0], held, renewed, path.read_bytes, process.pid, 1)
            finally:
                process.terminate()
        assert process.returncode == 0
