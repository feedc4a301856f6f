"""exec --refresh: a command beside an endpoint that renews its credentials."""

import http.client
import json
import os
import pty
import signal
import subprocess
import sys
import time
import urllib.parse

import pytest
from support.process import ARNS, BINARY, Emulator, assert_fails, environment, free_port, run
from support.serve import eventually
from support.verifier import Verifier, stall

PYTHON = "/usr/bin/python3"
SHOW = [PYTHON, "-c", "import json, os; print(json.dumps(dict(os.environ)))"]
# Says that it is ready, then which signals it gets, until it gets SIGTERM.
LISTEN = """
import os, signal, sys
def told(number, frame):
    os.write(1, (signal.Signals(number).name + "\\n").encode())
    if number == signal.SIGTERM: sys.exit(5)
for number in map(signal.Signals.__getitem__, sys.argv[1].split()):
    signal.signal(number, told)
os.write(1, b"ready\\n")
while True: signal.pause()
"""

SIGNALS = ("SIGINT SIGHUP SIGUSR1 SIGUSR2 SIGQUIT SIGALRM SIGVTALRM SIGPROF SIGWINCH SIGCONT SIGABRT "
           "SIGURG SIGRTMIN SIGRTMAX SIGTERM")


def words(identity, emulator, *command, more=()):
    return ["exec", "--refresh", *identity.flags, *ARNS, "--endpoint", emulator.url, *more, "--",
            *map(str, command)]


def execute(identity, emulator, *command, more=(), **options):
    return run(*words(identity, emulator, *command, more=more), **options)


def start(identity, emulator, *command, **options):
    return subprocess.Popen([BINARY, *words(identity, emulator, *command)], env=environment(),
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            **{"stderr": subprocess.PIPE, **options}, text=True)


def ask(uri, token):
    url = urllib.parse.urlsplit(uri)
    connection = http.client.HTTPConnection(url.hostname, url.port, timeout=10)
    try:
        connection.request("GET", url.path, headers={"Authorization": token})
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


def test_the_environment_and_the_endpoint(identity, emulator):
    gone = {name: "old" for name in (
        "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE",
        "AWS_CREDENTIAL_EXPIRATION", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_ACCOUNT_ID",
        "AWS_BEARER_TOKEN_BEDROCK")}
    script = ("import json, os, sys; print(json.dumps(dict(os.environ)), flush=True);"
              "sys.stdin.read()")
    with subprocess.Popen([BINARY, *words(identity, emulator, PYTHON, "-c", script)],
                          env=environment(gone), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          text=True) as process:
        seen = json.loads(process.stdout.readline())
        uri = seen["AWS_CONTAINER_CREDENTIALS_FULL_URI"]
        token = seen["AWS_CONTAINER_AUTHORIZATION_TOKEN"]
        assert uri.startswith("http://127.0.0.1:") and len(token) == 64
        assert not set(gone) & set(seen) and seen["AWS_REGION"] == "eu-west-1"
        status, credentials = ask(uri, token)
        assert status == 200 and credentials["AccessKeyId"].startswith("ASIA")
        assert ask(uri, "0" * 64)[0] in (401, 403, 404)
        assert ask(uri, "")[0] in (401, 403, 404)
        process.stdin.close()
        assert process.wait(20) == 0
    with pytest.raises(ConnectionRefusedError):
        ask(uri, token)


def test_exit_codes(identity, emulator, silent, tmp_path):
    assert execute(identity, emulator, "sh", "-c", "exit 7").code == 7
    for number in (signal.SIGKILL, signal.SIGTERM, signal.SIGINT):
        done = execute(identity, emulator, "sh", "-c", f"kill -{number.value} $$")
        assert done.code == 128 + number and done.err == "", done
    missing = execute(identity, emulator, "no-such-command-here")
    assert missing.code == 127 and "cannot run no-such-command-here: No such file" in missing.err
    (tmp_path / "plain").write_text("x")
    assert execute(identity, emulator, tmp_path / "plain").code == 126
    refused = execute(identity, silent, "touch", tmp_path / "ran", more=["--role-arn", "x"])
    assert refused.code == 125 and refused.out == "" and len(refused.errors) == 1, refused
    url = f"http://127.0.0.1:{free_port()}"
    down = run("exec", "--refresh", *identity.flags, *ARNS, "--endpoint", url, "--timeout", "1",
               "--", "touch", tmp_path / "ran")
    assert down.code == 125 and len(down.errors) == 1 and not (tmp_path / "ran").exists(), down


def test_signals_go_on_to_the_command(identity, emulator):
    process = start(identity, emulator, PYTHON, "-c", LISTEN, SIGNALS)
    assert process.stdout.readline() == "ready\n"
    for name in SIGNALS.split():
        process.send_signal(signal.Signals[name])
        assert process.stdout.readline() == name + "\n"
    out, err = process.communicate(timeout=20)
    assert (out, err, process.returncode) == ("", "", 5)


def children_of(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
        return [int(child) for child in file.read().split()]


def is_stopped(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        return file.read().rsplit(")", 1)[1].split()[0] == "T"


def test_it_stops_and_goes_on_with_the_command(identity, emulator):
    # In a process group that has no parent in its session, nothing would stop.
    process = start(identity, emulator, PYTHON, "-c", LISTEN, "SIGCONT SIGTERM", process_group=0)
    assert process.stdout.readline() == "ready\n"
    command, = children_of(process.pid)
    process.send_signal(signal.SIGTSTP)
    eventually(lambda: is_stopped(command) and is_stopped(process.pid))
    process.send_signal(signal.SIGCONT)
    assert process.stdout.readline() == "SIGCONT\n"
    eventually(lambda: not is_stopped(process.pid))
    # Whoever stops the command alone lets it alone go on.
    os.kill(command, signal.SIGSTOP)
    eventually(lambda: is_stopped(command))
    time.sleep(0.2)
    assert not is_stopped(process.pid)
    os.kill(command, signal.SIGCONT)
    process.terminate()
    process.communicate(timeout=20)
    assert process.returncode == 5


def test_the_dead_of_others_do_not_pile_up(identity, emulator):
    """As PID 1, or a subreaper, it is the parent of what its command leaves behind."""
    begin = ("import ctypes, os, sys\n"
             "assert ctypes.CDLL(None).prctl(36, 1, 0, 0, 0) == 0\n"
             "os.execv(sys.argv[1], sys.argv[1:])\n")
    script = "(sleep 0.5 & echo $!); exec sleep 60"
    with subprocess.Popen([PYTHON, "-c", begin, BINARY,
                           *words(identity, emulator, "sh", "-c", script)], env=environment(),
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True) as process:
        orphan = int(process.stdout.readline())
        eventually(lambda: orphan in children_of(process.pid))
        eventually(lambda: len(children_of(process.pid)) == 1)
        process.terminate()
        assert process.wait(20) == 128 + signal.SIGTERM


def test_a_key_at_the_terminal_is_one_signal(identity, emulator):
    """The terminal sends it to both, so it is not sent on."""
    pid, terminal = pty.fork()
    if pid == 0:
        command = [BINARY, *words(identity, emulator, PYTHON, "-c", LISTEN, SIGNALS)]
        os.execve(BINARY, command, environment())
    seen = b""

    def until(text):
        nonlocal seen
        deadline = time.monotonic() + 20
        while text not in seen:
            assert time.monotonic() < deadline, seen
            seen += os.read(terminal, 1000)

    try:
        until(b"ready")
        os.write(terminal, b"\x03")
        until(b"SIGINT")
        os.kill(pid, signal.SIGUSR1)  # behind a second SIGINT, if there were one
        until(b"SIGUSR1")
        os.kill(pid, signal.SIGTERM)
        until(b"SIGTERM")
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 5
        assert seen.count(b"SIGINT") == 1, seen
    finally:
        os.close(terminal)


def test_the_end_of_its_terminal_reaches_the_command(identity, emulator):
    """The kernel tells it to the leader of the session alone, which we are here."""
    pid, terminal = pty.fork()
    if pid == 0:
        command = [BINARY, *words(identity, emulator, PYTHON, "-c",
                                  "import os, time; os.write(1, b'ready'); time.sleep(100)")]
        os.execve(BINARY, command, environment())
    seen = b""
    while b"ready" not in seen:
        seen += os.read(terminal, 1000)
    os.close(terminal)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 128 + signal.SIGHUP


def test_it_has_what_we_were_given(identity, emulator):
    """Signals, their mask, limits and descriptors."""
    script = ("import json, os, resource, signal\n"
              "print(json.dumps([sorted(map(int, os.listdir('/proc/self/fd')))[:-1],"
              "list(resource.getrlimit(resource.RLIMIT_CORE)),"
              "list(resource.getrlimit(resource.RLIMIT_NOFILE)),"
              "[line.split()[1] for line in open('/proc/self/status')"
              " if line.startswith(('SigBlk', 'SigIgn'))]]))")
    begin = ("import os, resource, signal, sys\n"
             "resource.setrlimit(resource.RLIMIT_CORE, (4096, resource.RLIM_INFINITY))\n"
             "resource.setrlimit(resource.RLIMIT_NOFILE, (90, 4096))\n"
             "signal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
             "signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR2])\n"
             "os.execv(sys.argv[1], sys.argv[1:])\n")

    def seen(*command):
        # AddressSanitizer would take core dumps away before we are there.
        env = environment({"ASAN_OPTIONS": "disable_coredump=0"})
        done = subprocess.run([PYTHON, "-c", begin, *command], env=env,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=60, check=True)
        return json.loads(done.stdout)

    alone = seen(PYTHON, "-c", script)
    assert alone[0] == [0, 1, 2] and alone[1][0] == 4096 and alone[2] == [90, 4096]
    assert seen(BINARY, *words(identity, emulator, PYTHON, "-c", script)) == alone


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_before_there_are_credentials_ends_it(identity, number, tmp_path):
    with Verifier(stall()) as verifier:
        process = start(identity, verifier, "touch", tmp_path / "ran")
        eventually(lambda: verifier.requests)
        process.send_signal(number)
        _, err = process.communicate(timeout=20)
    assert process.returncode == -number and err == "", err
    assert not (tmp_path / "ran").exists()


def test_the_aws_cli(identity, emulator, tmp_path):
    done = execute(identity, emulator, "/usr/bin/aws", "sts", "get-caller-identity",
                   "--endpoint-url", emulator.url, "--output", "text", "--query", "Arn",
                   env={"AWS_PROFILE": "none-such", "HOME": str(tmp_path)})
    assert done.out.startswith("arn:aws:sts::111122223333:assumed-role/Example/"), done


BOTO3 = """
import boto3, json, sys, time
sts = boto3.Session(region_name="eu-west-1").client("sts", endpoint_url=sys.argv[1])
keys, end = [], time.monotonic() + float(sys.argv[2])
while time.monotonic() < end:
    keys.append(sts._request_signer._credentials.get_frozen_credentials().access_key)
    assert ":assumed-role/Example/" in sts.get_caller_identity()["Arn"]
    time.sleep(0.5)
print(json.dumps(list(dict.fromkeys(keys))))
"""


def test_boto3_across_an_expiry(identity, tmp_path):
    """Sessions of four seconds, and a client that lives for ten."""
    pytest.importorskip("boto3", reason="boto3 is not installed")
    with Emulator(identity.root_file, "--session-duration-max", "4") as emulator:
        done = execute(identity, emulator, sys.executable, "-c", BOTO3, emulator.url, 10,
                       env={"HOME": str(tmp_path)})
    assert done.code == 0, done
    assert len(json.loads(done.out)) >= 3, done


def test_usage(identity, silent):
    assert_fails(run("exec", "--refresh", "--", "true"), 125, "missing: --certificate")
    assert_fails(run("exec", "--refresh", *identity.flags, *ARNS, "--endpoint", silent.url), 125,
                 "no command to run")
