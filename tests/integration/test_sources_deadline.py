"""No file, pipe or command that a flag or a variable names makes a run last for ever."""

import os
import subprocess
import sys

import pytest
from support import pki
from support.process import ARNS, PATIENCE, assert_credentials, assert_fails, run, session

PASSWORD = "correct horse battery"


@pytest.fixture(name="fifo")
def dribbling_pipe(tmp_path):
    """A named pipe through which a blank comes ten times a second, for two minutes."""
    path = tmp_path / "pipe"
    os.mkfifo(path, 0o600)
    program = ("import os, sys, time\n"
               "pipe = os.open(sys.argv[1], os.O_RDWR)\n"  # so that neither side waits
               "for i in range(1200):\n"
               "    os.write(pipe, b' ')\n"
               "    time.sleep(0.1)\n")
    with subprocess.Popen([sys.executable, "-c", program, path]) as writer:
        yield path
        writer.kill()


@pytest.fixture(name="encrypted")
def encrypted_flags(identity, tmp_path):
    subprocess.run(["openssl", "pkcs8", "-topk8", "-in", identity.key, "-out", tmp_path / "key",
                    "-passout", f"pass:{PASSWORD}"], check=True, capture_output=True)
    return [*identity.flags[:3], tmp_path / "key"]


@pytest.fixture(name="trust", params=["--ca-bundle", "AWS_CA_BUNDLE", "SSL_CERT_FILE",
                                      "SSL_CERT_DIR"])
def trust_in_a_pipe(request, fifo):
    """Flags and variables with which CA certificates are looked for in the pipe."""
    if request.param == "SSL_CERT_DIR":
        directory = fifo.parent / "certificates"
        directory.mkdir()
        (directory / "00112233.0").symlink_to(fifo)
        return [], {request.param: f"/nonexistent:{directory}"}, directory / "00112233.0"
    if request.param.startswith("--"):
        return [request.param, fifo], {}, fifo
    return [], {request.param: str(fifo)}, fifo


@pytest.mark.parametrize("command", ["credential-process", "update", "exec"])
def test_certificates_of_a_server_in_a_pipe(identity, tmp_path, trust, command):
    flags, variables, path = trust
    more = {"update": ["--once"], "exec": ["--", "/bin/true"]}.get(command, [])
    result = run(command, *identity.flags, *ARNS, "--endpoint", "https://127.0.0.1:9", *flags,
                 "--timeout", "120", *more, env={"HOME": str(tmp_path), **variables})
    assert_fails(result, 125 if command == "exec" else 2, f"{path} is not a regular file",
                 hint="to a file")
    assert result.seconds < PATIENCE, result


@pytest.mark.parametrize("device", ["/dev/null", "/dev/zero"])
def test_certificates_of_a_server_in_a_device(identity, device):
    result = session("https://127.0.0.1:9", identity.flags, "--ca-bundle", device)
    assert_fails(result, 2, f"{device} is not a regular file")


@pytest.mark.parametrize("source", ["file", "credential", "fd"])
def test_password_that_dribbles(encrypted, silent, fifo, source):
    descriptor = os.open(fifo, os.O_RDONLY)
    value = {"file": f"file:{fifo}", "credential": f"credential:{fifo.name}",
             "fd": f"fd:{descriptor}"}[source]
    try:
        result = session(silent, encrypted, "--timeout", "2", "--password-source", value,
                         env={"CREDENTIALS_DIRECTORY": str(fifo.parent)}, pass_fds=[descriptor])
    finally:
        os.close(descriptor)
    assert_fails(result, 3, "did not end within 2 s", hint="--timeout")
    assert result.seconds < PATIENCE, result


def test_selector_in_a_pipe(silent, fifo):
    result = session(silent, ["--cert-selector", f"file://{fifo}"], "--timeout", "2")
    assert_fails(result, 2, f"selector file {fifo} is not a regular file")
    assert result.seconds < PATIENCE, result


@pytest.mark.parametrize("flag", [True, False])
def test_configuration_that_dribbles(identity, silent, fifo, flag):
    """Its own limit, as --timeout may stand in it."""
    result = session(silent, identity.flags, *(["--config", fifo] if flag else []),
                     env={} if flag else {"ROLECALL_CONFIG": str(fifo)})
    assert_fails(result, 3, f"configuration file {fifo} did not end within 5 s")
    assert "--timeout" not in result.hint and result.seconds < PATIENCE, result


@pytest.mark.parametrize("behind", ["sleep 100 2>&- &", "(while sleep 0.1; do echo; done) 2>&- &"])
def test_command_that_leaves_another_behind(encrypted, emulator, tmp_path, behind):
    """The password is what was printed when the command ends, whoever still holds its output."""
    script = tmp_path / "password"
    script.write_text(f"#!/bin/sh\n{behind}\necho $! >{tmp_path}/pid\necho '{PASSWORD}'\n")
    script.chmod(0o700)
    try:
        result = session(emulator, encrypted, "--password-source", f"command:{script}")
    finally:
        os.kill(int((tmp_path / "pid").read_text()), 9)
    assert_credentials(result)
    assert result.seconds < PATIENCE, result


def test_pipes_that_end_are_taken(identity, emulator, encrypted, tmp_path):
    """As a shell's <(…): none of the limits is for them."""
    config, password, key = (tmp_path / name for name in ("config", "password", "private"))
    for path in (config, password, key):
        os.mkfifo(path, 0o600)
    pki.write(tmp_path, "values", b'session-duration = 1800\n')
    pki.write(tmp_path, "word", PASSWORD.encode() + b"\n")
    feed = [subprocess.Popen(["/bin/sh", "-c", 'exec cat "$0" >"$1"', source, path])
            for source, path in ((tmp_path / "values", config), (tmp_path / "word", password),
                                 (encrypted[3], key))]
    try:
        result = session(emulator, [*identity.flags[:3], key], "--config", config,
                         "--password-source", f"file:{password}")
    finally:
        for process in feed:
            process.kill()
            process.wait()
    assert_credentials(result)
