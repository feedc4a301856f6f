"""Who was given credentials is in serve's log, and what else a reader of it needs."""

import fcntl
import json
import os
import re
import socket
import subprocess
import time

import pytest
from support.process import (ANCHOR_ARN, ARNS, BINARY, PROFILE_ARN, ROLE_ARN, assert_fails,
                             environment, free_port, paused, run)
from support.serve import CREDENTIALS, Serve, ask, eventually


def grants(running, **fields):
    return sum(int(event.get("count", 1)) for event in running.events("gave credentials")
               if all(event.get(name) == value for name, value in fields.items()))


def flood(port, requests):
    """Over one connection."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as client:
        file = client.makefile("rb")
        for request in requests:
            client.sendall(request)
            length = 0
            while (line := file.readline()) not in (b"\r\n", b""):
                name, _, value = line.partition(b":")
                if name.lower() == b"content-length":
                    length = int(value)
            file.read(length)


def request(path, token=None):
    header = f"x-aws-ec2-metadata-token: {token}\r\n" if token else ""
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\n{header}\r\n".encode()


def test_a_flood_hides_nobody(identity, emulator, tmp_path):
    with Serve(tmp_path, server=emulator, flags=identity.flags) as running:
        token = running.token()
        flood(running.port, [request("/nowhere")] * 2000)
        running.credentials()
        flood(running.port, [request(CREDENTIALS, token), request("/nowhere")] * 1000)
        mine = {"uid": str(os.getuid()), "binding": "default"}
        eventually(lambda: grants(running, **mine) == 1001)  # without another request
        assert len(running.events("gave credentials")) < 300
        assert len(running.events("refused a request")) < 1000
        assert running.events("refused more requests")


def test_grants_are_said_when_the_log_is_read_again(identity, emulator, tmp_path):
    """A log that nobody reads for a while loses lines, but not who was given credentials."""
    port = free_port()
    reading, writing = os.pipe()
    fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 4096)  # one line fills it
    command = [BINARY, "serve", "--log-format", "json", *identity.flags, *ARNS, "--endpoint",
               emulator.url, "--port", str(port)]
    with subprocess.Popen(command, stderr=writing, env=environment(
            {"XDG_RUNTIME_DIR": str(tmp_path)})) as process, open(reading, "rb") as log:
        os.close(writing)
        try:
            assert run("env", "--wait", "30", env={"XDG_RUNTIME_DIR": str(tmp_path)}).code == 0
            token = ask(port, "PUT", "/latest/api/token").body
            flood(port, [request("/nowhere"), request(CREDENTIALS, token)] * 50)
            given = 0
            while given < 50:
                event = json.loads(log.readline())
                if event["event"] == "gave credentials":
                    given += int(event.get("count", 1))
            assert given == 50
        finally:
            process.terminate()
            log.read()
    assert process.returncode == 0


def test_a_line_of_text_has_its_time(identity, emulator, tmp_path):
    def lines(**options):
        with Serve(tmp_path, "--log-format", "text", server=emulator, flags=identity.flags,
                   wait=False, **options) as running:
            eventually(lambda: "export AWS_EC2" in running.err)
        return running.err.splitlines()
    time = r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ "
    for line in lines():
        assert re.match(time + "rolecall: |export AWS_EC2_METADATA_SERVICE_ENDPOINT=", line), line
    # In the journal each line has one already.
    script = 'JOURNAL_STREAM=$(stat -L -c %d:%i /dev/stderr) exec "$@"'
    for line in lines(prefix=["/bin/sh", "-c", script, "sh"]):
        assert line.startswith(("rolecall: ", "export AWS_EC2_")), line
    # The variable of a service whose stderr went elsewhere is not ours.
    for line in lines(env={"JOURNAL_STREAM": "1:2"}):
        assert re.match(time + "rolecall: |export ", line), line


@pytest.fixture(name="config")
def two_bindings(identity, emulator, tmp_path):
    def make(**certificates):
        text = (f'trust-anchor-arn = "{ANCHOR_ARN}"\nprofile-arn = "{PROFILE_ARN}"\n'
                f'role-arn = "{ROLE_ARN}"\nendpoint = "{emulator.url}"\n'
                f'private-key = "{identity.key}"\n')
        for name, certificate in certificates.items():
            text += f'[binding.{name}]\ncertificate = "{certificate}"\n'
        path = tmp_path / "config.toml"
        path.write_text(text)
        path.chmod(0o600)
        return ["--config", path, *(word for name in certificates for word in ("--binding", name))]
    return make


def test_a_start_error_names_the_binding(config, identity, emulator, tmp_path):
    gone = tmp_path / "gone.pem"
    for certificates in ({"one": identity.certificate, "two": gone}, {"two": gone}):
        done = run("serve", *config(**certificates), "--port", 0)
        assert_fails(done, 2, "binding two: .*gone.pem")
    flags = config(one=identity.certificate, two=identity.certificate)
    flags[1].write_text(flags[1].read_text() + 'endpoint = "http://127.0.0.1:1"\n')
    done = run("serve", *flags, "--port", 0, env={"XDG_RUNTIME_DIR": str(tmp_path)})
    assert_fails(done, 3, "binding two: cannot connect")
    # Nobody has named the one of flags alone.
    done = run("serve", "--certificate", gone, "--private-key", identity.key, *ARNS, "--port", 0,
               "--endpoint", emulator.url)
    assert_fails(done, 2)
    assert "binding" not in done.err, done


def test_several_bindings_turn_imds_off_and_say_so(config, identity, tmp_path):
    flags = config(one=identity.certificate, two=identity.certificate)
    for more, level in (([], "info"), (["--imds"], "warning")):
        with Serve(tmp_path, *more, flags=flags, arns=[]) as running:
            said = running.events("instance metadata is off")[0]
            assert "several bindings" in said["reason"] and said["level"] == level, said
            answer = running.ask("PUT", "/latest/api/token")
            assert answer.status == 404 and "several bindings" in answer.json["message"], answer


def test_a_refusal_shows_its_path(identity, emulator, tmp_path):
    with Serve(tmp_path, server=emulator, flags=identity.flags) as running:
        running.ask("GET", "/latest/meta-data/instance-id?secret=1",
                    {"x-aws-ec2-metadata-token": running.token()})
        refused = eventually(lambda: running.events("refused a request"))[-1]
        assert (refused["path"], refused["method"]) == ("/latest/meta-data/instance-id", "GET")
        assert "secret" not in running.err


def test_no_secret_is_logged(serve):
    secrets = [serve.credentials()[name] for name in ("SecretAccessKey", "Token")]
    secrets += [serve.token(), (serve.directory / "rolecall" / "default.token").read_text()]
    for secret in secrets:
        assert secret not in serve.err


def test_who_asked_is_logged(serve):
    time.sleep(1.1)  # for the log's budget of this second
    serve.credentials()
    gave = eventually(lambda: serve.events("gave credentials"))[-1]
    assert re.fullmatch(r"127\.0\.0\.1:\d+", gave["peer"]), gave
    assert gave["uid"] == str(os.getuid()), gave
    assert (gave["binding"], gave["route"]) == ("default", "imds/credentials")


def test_a_client_who_is_gone_has_no_user(serve):
    """The kernel would say that its socket is root's."""
    token = serve.token()
    with paused(serve.process.pid), socket.create_connection(("127.0.0.1", serve.port)) as client:
        client.sendall(f"GET {CREDENTIALS} HTTP/1.1\r\nHost: localhost\r\n"
                       f"x-aws-ec2-metadata-token: {token}\r\n\r\n".encode())
        peer = "127.0.0.1:" + str(client.getsockname()[1])
    gave = eventually(lambda: [e for e in serve.events("gave credentials") if e["peer"] == peer])
    assert "uid" not in gave[0], gave


def test_text_log_has_the_official_line(identity, emulator, tmp_path):
    port = free_port()
    with Serve(tmp_path, "--log-format", "text", "--port", port, server=emulator,
               flags=identity.flags, wait=False) as running:
        line = f"export AWS_EC2_METADATA_SERVICE_ENDPOINT=http://127.0.0.1:{port}/"
        eventually(lambda: line in running.err.splitlines())
