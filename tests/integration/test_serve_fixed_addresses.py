"""serve at the addresses at which SDKs look for credentials without any setting."""

import contextlib
import json
import os
import subprocess
import sys

import pytest
from support import clients, netns
from support.netns import ask
from support.process import ARNS, Emulator, assert_fails, environment, run
from support.serve import CREDENTIALS, Serve, eventually

pytestmark = netns.needed
IMDS = "169.254.169.254"
SOCKET = """
import os, socket, sys
server = socket.socket()
server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
if sys.argv[3]:
    server.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, sys.argv[3].encode())
server.bind((sys.argv[1], int(sys.argv[2])))
server.listen()
os.dup2(server.fileno(), 3)
os.set_inheritable(3, True)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1")
os.execvp(sys.argv[4], sys.argv[4:])
"""


@contextlib.contextmanager
def host(*addresses):
    """A machine that has the addresses on lo, and the offline endpoint on 127.0.0.1."""
    with netns.single() as namespace:
        for address in addresses:
            namespace.add_to_lo(address)
        yield namespace


@pytest.mark.parametrize("name", clients.NAMES)
def test_a_client_without_any_setting(identity, tmp_path, name):
    """Instance metadata at the address that each SDK knows."""
    client = clients.client(name)
    if reason := client.missing():
        pytest.skip(reason)
    if getattr(client, "SERVER", "sts") != "sts":
        pytest.skip("its server is in another network namespace")
    with host(IMDS) as machine, Emulator(identity.root_file, prefix=machine.prefix) as emulator, \
            Serve(tmp_path, "--address", IMDS, "--port", "80", server=emulator, flags=identity.flags,
                  prefix=machine.prefix) as running:
        assert running.url == f"http://{IMDS}"
        lab = clients.Lab(identity, emulator, None, running, tmp_path)
        env = environment({"HOME": str(tmp_path), "PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8",
                           "PYTHONDONTWRITEBYTECODE": "1"})
        done = subprocess.run([*machine.prefix, *map(str, client.command(lab, emulator.url))], env=env,
                              cwd=tmp_path, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=120, check=False)
        assert done.returncode == 0, done
        answer = json.loads(done.stdout)
        assert ":assumed-role/Example/" in answer.get("arn", answer.get("Arn")), done
        assert running.events("gave credentials")[0]["route"] == "imds/credentials"


@pytest.mark.parametrize("address", ["169.254.170.2", "169.254.170.23", "fd00:ec2::23", "fd00:ec2::254"])
def test_the_other_addresses(identity, tmp_path, address):
    with host(address) as machine, Emulator(identity.root_file, prefix=machine.prefix) as emulator, \
            Serve(tmp_path, "--address", address, "--port", "80", server=emulator,
                  flags=identity.flags, prefix=machine.prefix) as running:
        # Nothing that --allow-remote brings.
        assert not running.events("other machines can connect, and the credentials cross the network "
                                  "unencrypted")
        assert running.events("imds")
        token = (tmp_path / "rolecall" / "default.token").read_text()
        assert ask(machine, address, "/credentials/default",
                   headers=[f"Authorization: {token}"])[0] == 200
        gave = eventually(lambda: running.events("gave credentials"))[0]
        assert gave["uid"] == "0", gave
        assert ask(machine, address, "/healthz", headers=["Host: evil.example"])[0] == 403
        assert run("health", "--address", address, "--port", "80", prefix=machine.prefix).code == 0


def test_an_address_that_is_not_on_lo(identity):
    with netns.pair() as (machine, _):
        start = ["serve", *identity.flags, *ARNS, "--port", "80"]
        words = (2, "not on the loopback interface", f"ip address add {IMDS} dev lo")
        assert_fails(run(*start, "--address", IMDS, prefix=machine.prefix), *words)
        machine.ip("address", "add", IMDS + "/32", "dev", "veth0")
        assert_fails(run(*start, "--address", IMDS, prefix=machine.prefix), *words)
        # No other address, even if it is on lo.
        machine.add_to_lo("10.0.0.1")
        assert_fails(run(*start, "--address", "10.0.0.1", prefix=machine.prefix), 2,
                     "not a loopback address", "--allow-remote")


def routes_to(neighbour, machine, address):
    neighbour.ip("route", "add", address, "via", machine.address)


def test_a_neighbour_cannot_connect(identity, tmp_path):
    """Linux accepts connections to an address on lo that come through another interface."""
    with netns.pair() as (machine, neighbour):
        machine.add_to_lo(IMDS)
        routes_to(neighbour, machine, IMDS)
        with Emulator(identity.root_file, prefix=machine.prefix) as emulator, \
                Serve(tmp_path, "--address", IMDS, "--port", "80", server=emulator,
                      flags=identity.flags, prefix=machine.prefix) as running:
            assert ask(neighbour, IMDS, "/healthz") is None
            assert ask(machine, IMDS, "/healthz")[0] == 200
            # The same address and route, for a server that is not bound to lo.
            with subprocess.Popen([*machine.prefix, sys.executable, "-c", SOCKET, IMDS, "81", "",
                                   "sleep", "60"]) as other:
                try:
                    eventually(lambda: reaches(machine, IMDS, 81))
                    assert reaches(neighbour, IMDS, 81)
                finally:
                    other.kill()
            assert not running.events("refused a request")
        # With --allow-remote, the neighbour is meant.
        with Emulator(identity.root_file, prefix=machine.prefix) as emulator, \
                Serve(tmp_path, "--address", IMDS, "--port", "80", "--allow-remote", server=emulator,
                      flags=identity.flags, prefix=machine.prefix) as running:
            assert ask(neighbour, IMDS, "/healthz")[0] == 200


def reaches(namespace, address, port):
    script = "import socket, sys\nsocket.create_connection((sys.argv[1], int(sys.argv[2])), 5)"
    return subprocess.run([*namespace.prefix, sys.executable, "-c", script, address, str(port)],
                          capture_output=True, timeout=30, check=False).returncode == 0


def test_a_socket_of_the_service_manager(identity, tmp_path):
    """It must be bound to lo, because systemd opens it."""
    def activated(interface):
        return [*machine.prefix, sys.executable, "-c", SOCKET, IMDS, "80", interface]
    with host(IMDS) as machine, Emulator(identity.root_file, prefix=machine.prefix) as emulator:
        with Serve(tmp_path, server=emulator, flags=identity.flags, prefix=activated("lo")):
            assert ask(machine, IMDS, "/healthz")[0] == 200
        with Serve(tmp_path, server=emulator, flags=identity.flags, prefix=activated(""),
                   wait=False) as running:
            running.code = 2
            assert running.process.wait(timeout=20) == 2
            assert "BindToDevice=lo" in running.err


def test_only_some_users(identity, tmp_path):
    """The address has no secret, so --allow-uid decides."""
    with host(IMDS) as machine, Emulator(identity.root_file, prefix=machine.prefix) as emulator, \
            Serve(tmp_path, "--address", IMDS, "--port", "80", "--allow-uid", "20001", server=emulator,
                  flags=identity.flags, prefix=machine.prefix):
        token = "/latest/api/token"
        assert ask(machine, IMDS, token, method="PUT")[0] == 403
        as_user = machine.as_user(20001)
        assert ask(as_user, IMDS, token, method="PUT")[0] == 200
        assert ask(as_user, IMDS, CREDENTIALS)[0] == 401
