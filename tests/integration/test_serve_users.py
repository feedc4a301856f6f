"""serve --allow-uid: only some users of the machine get credentials."""

import contextlib
import json
import os
import pwd
import re
import select
import socket
import subprocess
import sys

import pytest
from support import netns
from support.config import ARN_LINES, identity_lines, write_config
from support.process import ARNS, assert_fails, environment, paused, run
from support.serve import CREDENTIALS, Serve, eventually
from support.users import ATTACKER, VICTIM, as_root, become

# Asks over one new connection, and prints status and body. What follows the port are the method,
# the path, and headers as NAME=VALUE.
CLIENT = """
import http.client, sys
host, port, method, path, *headers = sys.argv[1:]
connection = http.client.HTTPConnection(host, int(port), timeout=10)
connection.request(method, path, headers=dict(h.split("=", 1) for h in headers))
answer = connection.getresponse()
print(answer.status, answer.read().decode())
"""


def ask_as(user, port, method, path, *headers, host="127.0.0.1", prefix=()):
    """(status, body) of a request by another user."""
    command = [*prefix, *become(user), "/usr/bin/python3", "-c", CLIENT, host, str(port), method, path,
               *headers]
    done = subprocess.run(command, env=environment(), capture_output=True, text=True, timeout=30,
                          check=False)
    assert done.returncode == 0, done
    status, body = done.stdout.split(" ", 1)
    return int(status), body


def serve_for(users, identity, emulator, directory, *arguments, **options):
    flags = [*identity.flags, *(word for user in users for word in ("--allow-uid", user))]
    return Serve(directory, *arguments, server=emulator, flags=flags, **options)


def test_a_user_that_is_not_listed(identity, emulator, tmp_path):
    """The user of the tests is refused for a token, for credentials, and for a wrong token alike."""
    with serve_for([VICTIM], identity, emulator, tmp_path) as running:
        token = (tmp_path / "rolecall" / "default.token").read_text()
        for method, path, headers in (
                ("PUT", "/latest/api/token", {}),
                ("GET", CREDENTIALS, {"x-aws-ec2-metadata-token": "x"}),
                ("GET", "/latest/meta-data/placement/region", {}),
                ("GET", "/credentials/default", {"Authorization": token}),
                ("GET", "/credentials/default", {"Authorization": "wrong"}),
                ("GET", "//credentials/default/", {}),
                ("POST", "/credentials/default", {})):
            answer = running.ask(method, path, headers)
            assert answer.status == 403, (path, answer)
            assert f"does not give these credentials to user {os.getuid()};" in answer.json["message"]
            assert answer.headers["Connection"] == "close"
        refused = running.events("refused a request")
        assert len(refused) == 7
        assert {(event["uid"], event["route"]) for event in refused} == {(str(os.getuid()), "user")}
        assert not running.events("gave credentials")
        # Supervisors are often other users.
        assert running.ask("GET", "/healthz").status == 200
        assert running.metric('rolecall_requests_total{route="user",status="403"}') == 7


def test_a_user_that_is_listed(identity, emulator, tmp_path):
    """By name and by number, one of several; also in the file and in a variable."""
    me = pwd.getpwuid(os.getuid()).pw_name
    for number, users in enumerate(([me], [str(os.getuid())], [VICTIM, me])):
        directory = tmp_path / str(number)
        directory.mkdir()
        with serve_for(users, identity, emulator, directory) as running:
            assert running.credentials()
    with serve_for([], identity, emulator, directory, env={"ROLECALL_ALLOW_UID": str(VICTIM)}) as running:
        assert running.ask("PUT", "/latest/api/token").status == 403
    config = write_config(tmp_path, f'allow-uid = ["{me}", "{VICTIM}"]\n')
    with serve_for([], identity, emulator, directory, "--config", config) as running:
        assert running.credentials()


def test_users_that_do_not_exist(identity, tmp_path):
    start = ["serve", *identity.flags, *ARNS, "--port", "0"]
    for text in ("no-such-user", "-1", "4294967295", "99999999999", "0x0", "1 2", ""):
        assert_fails(run(*start, f"--allow-uid={text}"), 2, "allow-uid")
    config = write_config(tmp_path, "allow-uid = []\n")
    assert_fails(run(*start, "--config", config), 2, "`?(--)?allow-uid`? contains no user")


@as_root
def test_other_users(identity, emulator, tmp_path):
    """IMDS, for which no secret is needed, is only for one of two users."""
    with serve_for([VICTIM], identity, emulator, tmp_path) as running:
        status, token = ask_as(VICTIM, running.port, "PUT", "/latest/api/token")
        assert status == 200
        header = f"x-aws-ec2-metadata-token={token.strip()}"
        status, body = ask_as(VICTIM, running.port, "GET", CREDENTIALS, header)
        assert status == 200 and json.loads(body)["SecretAccessKey"]
        # With the token of the other user, too.
        for asked in (("PUT", "/latest/api/token"), ("GET", CREDENTIALS, header)):
            status, body = ask_as(ATTACKER, running.port, *asked)
            assert status == 403 and f"to user {ATTACKER};" in body
        assert {e["uid"] for e in running.events("gave credentials")} == {str(VICTIM)}
        assert {e["uid"] for e in running.events("refused a request")} == {str(ATTACKER)}


@as_root
@pytest.mark.parametrize("address", ["::1", "::", "0.0.0.0"])
def test_addresses(identity, emulator, tmp_path, address):
    hosts = {"::1": ["::1"], "::": ["127.0.0.1", "::1", "127.0.0.2"],
             "0.0.0.0": ["127.0.0.1", "127.3.2.1"]}[address]
    try:
        socket.create_server((address, 0), family=socket.AF_INET6 if ":" in address else socket.AF_INET
                             ).close()
    except OSError as error:
        pytest.skip(f"no IPv6 here: {error}")
    with serve_for([VICTIM], identity, emulator, tmp_path, "--address", address, "--allow-remote",
                   "--imds") as running:
        for host in hosts:
            assert ask_as(VICTIM, running.port, "PUT", "/latest/api/token", host=host)[0] == 200, host
            assert ask_as(ATTACKER, running.port, "PUT", "/latest/api/token", host=host)[0] == 403
        # The two ends of a connection may have different addresses.
        if address == "0.0.0.0":
            with socket.socket() as client:
                client.bind(("127.0.0.9", 0))
                client.connect(("127.0.0.1", running.port))
                client.sendall(b"PUT /latest/api/token HTTP/1.1\r\nHost: localhost\r\n\r\n")
                assert client.recv(4096).startswith(b"HTTP/1.1 403")
            refused = eventually(lambda: [e for e in running.events("refused a request")
                                          if e["peer"].startswith("127.0.0.9:")])
            assert refused[0]["uid"] == str(os.getuid())


@contextlib.contextmanager
def connection_of(user, port):
    """A connection that another user has opened, and gives to us."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        with subprocess.Popen(
                [*become(user), sys.executable, "-c",
                 "import socket, sys\n"
                 "client = socket.create_connection(('127.0.0.1', int(sys.argv[1])))\n"
                 "socket.send_fds(socket.socket(fileno=int(sys.argv[2])), [b'x'], [client.fileno()])\n"
                 "sys.stdin.read()", str(port), str(theirs.fileno())],
                stdin=subprocess.PIPE, pass_fds=[theirs.fileno()]) as process:
            _, (descriptor,), _, _ = socket.recv_fds(ours, 1, 1)
            with socket.socket(fileno=descriptor) as client:
                client.settimeout(10)
                try:
                    yield client, process
                finally:
                    process.kill()


REQUEST = b"PUT /latest/api/token HTTP/1.1\r\nHost: localhost\r\n\r\n"


@as_root
def test_a_connection_that_is_handed_over(identity, emulator, tmp_path):
    """It is still the one of the user who opened it, also if this user has ended."""
    with serve_for([VICTIM], identity, emulator, tmp_path) as running:
        with connection_of(VICTIM, running.port) as (client, process):
            client.sendall(REQUEST)
            assert client.recv(4096).startswith(b"HTTP/1.1 200")
            process.kill()
            process.wait()
            client.sendall(REQUEST)
            assert client.recv(4096).startswith(b"HTTP/1.1 200")
        with connection_of(ATTACKER, running.port) as (client, process):
            process.kill()
            process.wait()
            client.sendall(REQUEST)
            assert client.recv(4096).startswith(b"HTTP/1.1 403")


def test_a_client_that_is_gone(identity, emulator, tmp_path):
    """Nobody knows whose socket it was, so the request is refused."""
    with serve_for([os.getuid()], identity, emulator, tmp_path) as running:
        with paused(running.process.pid):
            with socket.create_connection(("127.0.0.1", running.port)) as client:
                client.sendall(REQUEST)
        refused = eventually(lambda: running.events("refused a request"))[0]
        assert refused["status"] == "403" and "uid" not in refused
        assert "cannot find out which user the client is" in refused["reason"]
        # The next connection of the same user is served.
        assert running.ask("PUT", "/latest/api/token").status == 200
        # So is a client that has ended only its own side.
        with socket.create_connection(("127.0.0.1", running.port), timeout=10) as client:
            client.sendall(REQUEST)
            client.shutdown(socket.SHUT_WR)
            assert client.recv(4096).startswith(b"HTTP/1.1 200")


@as_root
def test_each_of_several_bindings_has_its_own_users(identity, emulator, tmp_path):
    config = write_config(tmp_path, ARN_LINES + identity_lines(identity) + (
        f'endpoint = "{emulator.url}"\n[serve]\nallow-uid = "{os.getuid()}"\n'
        f'[binding.one]\nallow-uid = ["{VICTIM}", "{ATTACKER}"]\n'
        f'[binding.two]\nallow-uid = ["{ATTACKER}"]\n[binding.three]\n'))
    names = ("one", "two", "three")
    flags = ["--config", config, *(word for name in names for word in ("--binding", name))]
    with Serve(tmp_path, flags=flags, arns=[]) as running:
        for name, allowed in zip(names, ({VICTIM, ATTACKER}, {ATTACKER}, {os.getuid()})):
            token = (tmp_path / "rolecall" / f"{name}.token").read_text()
            for user in (VICTIM, ATTACKER, os.getuid()):
                status, _ = ask_as(user, running.port, "GET", f"/credentials/{name}",
                                   f"Authorization={token}")
                assert status == (200 if user in allowed else 403), (name, user)
        # A binding that does not exist is no secret: its name would be in /healthz.
        assert ask_as(VICTIM, running.port, "GET", "/credentials/four")[0] == 401


@netns.needed
def test_another_network_namespace(identity, tmp_path):
    """Its clients have addresses of this machine's network, but their users are unknown."""
    with netns.pair() as (outer, inner):
        with serve_for([os.getuid()], identity, "http://127.0.0.1:1", tmp_path, "--address", outer.address,
                       "--allow-remote", "--imds", "--lazy", prefix=outer.prefix) as running:
            put = ("PUT", "/latest/api/token")
            # Whatever port the client has, and whoever listens on this port on the side of serve.
            status, body = ask_as(os.getuid(), running.port, *put, host=outer.address,
                                  prefix=inner.prefix)
            assert status == 403 and "cannot find out" in body
            status, _ = ask_as(os.getuid(), running.port, *put, host=outer.address,
                               prefix=outer.prefix)
            assert status == 200
            with listening_everywhere(outer) as port:
                assert first_line(inner, outer.address, running.port, port) == "HTTP/1.1 403 Forbidden"


@contextlib.contextmanager
def listening_everywhere(namespace):
    script = ("import socket, sys\nserver = socket.create_server(('0.0.0.0', 0))\n"
              "print(server.getsockname()[1], flush=True)\nsys.stdin.read()")
    with subprocess.Popen([*namespace.prefix, sys.executable, "-c", script], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, text=True) as process:
        assert select.select([process.stdout], [], [], 20)[0]
        try:
            yield int(process.stdout.readline())
        finally:
            process.stdin.close()
            process.wait(timeout=20)


def first_line(namespace, host, port, own_port):
    script = ("import socket, sys\nclient = socket.socket()\nclient.bind(('', int(sys.argv[3])))\n"
              "client.settimeout(10)\nclient.connect((sys.argv[1], int(sys.argv[2])))\n"
              "client.sendall(b'PUT /latest/api/token HTTP/1.1\\r\\nHost: 127.0.0.1\\r\\n\\r\\n')\n"
              "print(client.recv(4096).split(b'\\r\\n')[0].decode())")
    done = subprocess.run([*namespace.prefix, sys.executable, "-c", script, host, str(port),
                           str(own_port)], capture_output=True, text=True, timeout=30, check=True)
    return done.stdout.strip()


@as_root
def test_a_user_namespace_in_which_others_have_no_number(identity, emulator, tmp_path):
    """There, the kernel shows all of them as "nobody", which may be one of the listed users."""
    probe = subprocess.run(["unshare", "--user", "--map-root-user", "true"], check=False,
                           capture_output=True, text=True)
    if probe.returncode != 0:
        pytest.skip(f"no user namespaces here: {probe.stderr}")
    with serve_for([65534, 0], identity, emulator, tmp_path,
                   prefix=["unshare", "--user", "--map-root-user"]) as running:
        status, body = ask_as(ATTACKER, running.port, "PUT", "/latest/api/token")
        assert status == 403 and "cannot find out" in body
        assert ask_as(0, running.port, "PUT", "/latest/api/token")[0] == 200


def test_help_has_the_option():
    assert re.search(r"--allow-uid[ =]USER", run("serve", "--help").out)
