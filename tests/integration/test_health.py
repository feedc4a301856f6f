"""rolecall health: what a probe sees of a serve that runs, fails, says nothing or is another program."""

import contextlib
import os
import signal
import socket

import pytest
from support import pki
from support.answering import answering, response
from support.config import ARN_LINES, identity_lines, write_config
from support.process import Emulator, assert_fails, free_port, paused, run
from support.serve import Serve, eventually


def health(port, *more, **options):
    return run("health", "--port", port, *more, **options)


def test_healthy(serve):
    done = health(serve.port)
    assert (done.code, done.err) == (0, ""), done
    assert done.out == f"healthy: rolecall serve at http://127.0.0.1:{serve.port} has credentials\n"


def test_the_port_of_serve_is_the_default(tmp_path):
    for command in ("serve", "health"):
        assert "Default: 9911" in run(command, "--help").out
    with contextlib.suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", 9911)):
        pytest.skip("something listens on port 9911")
    assert_fails(run("health"), 3, r"cannot connect to http://127\.0\.0\.1:9911: Connection refused; "
                 "is rolecall serve running")


def test_no_key_and_no_token_are_needed(serve, tmp_path):
    """An image has neither a home directory nor a shell, and a probe may be another user."""
    prefix = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] if os.geteuid() == 0 else []
    done = health(serve.port, prefix=["env", "-i", *prefix], cwd="/")
    assert done.code == 0, done


def test_a_proxy_is_not_used(serve):
    proxy = f"http://127.0.0.1:{free_port()}"
    done = health(serve.port, env={name: proxy for name in (
        "http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY")})
    assert done.code == 0, done


def test_where_serve_is_comes_from_its_settings(serve, tmp_path):
    assert run("health", env={"ROLECALL_PORT": str(serve.port)}).code == 0
    assert run("health", env={"ROLECALL_PORT": "1", "ROLECALL_HEALTH_PORT": str(serve.port)}).code == 0
    top, table, own = (tmp_path / name for name in ("top", "table", "own"))
    for directory, text in ((top, f"port = {serve.port}\n"),
                            (table, f"port = 1\n[serve]\nport = {serve.port}\nimds = false\n"),
                            (own, f"[serve]\nport = 1\n[health]\nport = {serve.port}\n")):
        directory.mkdir()
        assert run("health", "--config", write_config(directory, text)).code == 0, text
    free = write_config(tmp_path, "[serve]\nport = 0\n")
    assert_fails(run("health", "--config", free), 2, "any free port", "log of rolecall serve")


def test_not_running(tmp_path, identity, emulator):
    with Serve(tmp_path, server=emulator, flags=identity.flags) as running:
        assert health(running.port).code == 0
    done = assert_fails(health(running.port), 3, "Connection refused; is rolecall serve running")
    assert len(done.err.splitlines()) == 1 and done.seconds < 2, done


def test_killed(tmp_path, identity, emulator):
    """Its files are left behind."""
    with Serve(tmp_path, server=emulator, flags=identity.flags) as running:
        running.process.send_signal(signal.SIGKILL)
        running.process.wait()
        assert (tmp_path / "rolecall" / "default.uri").exists()
        assert_fails(health(running.port), 3, "Connection refused")
        running.code = -signal.SIGKILL


def test_without_credentials(tmp_path, identity):
    port = free_port()
    with Serve(tmp_path, "--lazy", server=f"http://127.0.0.1:{port}", flags=identity.flags) as running:
        done = assert_fails(health(running.port), 1,
                            "has no valid credentials for default; its log says why")
        assert len(done.err.splitlines()) == 1, done
        with Emulator(identity.root_file, "--port", port):
            eventually(lambda: health(running.port).code == 0, 90)


def test_one_of_two_bindings_is_refused(tmp_path, identity, emulator):
    """By the service, which does not know the other CA."""
    other = tmp_path / "other"
    other.mkdir()
    flags = pki.write_identity(other, pki.root("Other CA").issue("app"))
    config = write_config(tmp_path, ARN_LINES + f'endpoint = "{emulator.url}"\n[binding.good]\n'
                          + identity_lines(identity) +
                          f'[binding.bad]\ncertificate = "{flags[1]}"\nprivate-key = "{flags[3]}"\n')
    with Serve(tmp_path, "--lazy", "--config", config, "--binding", "good", "--binding", "bad",
               arns=()) as running:
        eventually(lambda: "credentials for bad;" in health(running.port).err)
        assert_fails(health(running.port), 1, "no valid credentials for bad; its log says why")


def test_expired_credentials(tmp_path, identity):
    with Emulator(identity.root_file, "--session-duration-max", 3) as endpoint:
        serve = Serve(tmp_path, server=endpoint, flags=identity.flags)
        serve.__enter__()
        code = health(serve.port).code
    with contextlib.ExitStack() as stack:
        stack.push(serve)
        assert code == 0
        eventually(lambda: health(serve.port).code == 1)
        assert_fails(health(serve.port), 1, "no valid credentials for default")


def test_a_stopped_serve_does_not_hang_it(tmp_path, identity, emulator):
    with Serve(tmp_path, server=emulator, flags=identity.flags) as running:
        with paused(running.process.pid):
            done = assert_fails(health(running.port), 3, "did not answer in time")
            assert 2.5 < done.seconds < 10, done


def test_a_server_that_accepts_and_says_nothing(tmp_path):
    with answering() as port:
        done = assert_fails(health(port), 3, f"127.0.0.1:{port} did not answer in time")
        assert 2.5 < done.seconds < 10 and len(done.err.splitlines()) == 1, done


@pytest.mark.parametrize("answer,message", [
    (response("it works"), r"is not that of rolecall serve \(HTTP 200\)"),
    (response('{"status": "UP"}'), "is not that of rolecall serve"),
    (response('{"status": ["ok"]}'), "is not that of rolecall serve"),
    (response("[" * 100000), "is not that of rolecall serve"),
    (response('{"status": "x"}', "503 Service Unavailable"), r"rolecall serve \(HTTP 503\)"),
    (response("", "404 Not Found"), r"rolecall serve \(HTTP 404\)"),
    (b"HTTP/1.1 302 Found\r\nLocation: http://192.0.2.1/\r\nContent-Length: 0\r\n\r\n", r"HTTP 302"),
    (response("x" * (2 << 20)), "is too large"),
    (b"SSH-2.0-OpenSSH_9.2\r\n", "does not speak HTTP"),
    (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{", "incomplete"),
], ids=range(10))
def test_another_program_on_the_port(answer, message):
    with answering(answer) as port:
        done = assert_fails(health(port), 3, message)
        assert len(done.err.splitlines()) == 1 and "is rolecall serve running" in done.err, done


def test_a_hostile_server_writes_nothing_to_the_terminal():
    body = r'{"status":"\u001b[2J","bindings":["a\u001b]0;x\u0007", 7, {"b": "\u001b[1m"}],"waits":{"\n":"\r"}}'
    with answering(response(body, "503 Service Unavailable")) as port:
        done = assert_fails(health(port), 1, "no valid credentials for")
        assert not any(ord(c) < 32 for c in done.err.rstrip("\n")), done


def test_addresses(tmp_path, identity, emulator):
    with Serve(tmp_path, "--address", "::1", server=emulator, flags=identity.flags) as running:
        assert health(running.port, "--address", "::1").code == 0
        assert health(running.port, "--address", "::").code == 0
        assert health(running.port).code == 3
    with Serve(tmp_path, "--address", "0.0.0.0", "--allow-remote", server=emulator,
               flags=identity.flags) as running:
        assert health(running.port, "--address", "0.0.0.0").code == 0
        assert health(running.port).code == 0
    for wrong in ("localhost", "127.0.0.1:9911", ""):
        assert_fails(health(1, "--address", wrong), 2, "is not an IP address")


@pytest.mark.parametrize("wrong", ["0", "65536", "x", "-1"])
def test_wrong_ports(wrong):
    assert_fails(run("health", f"--port={wrong}"), 2, "--port takes")
