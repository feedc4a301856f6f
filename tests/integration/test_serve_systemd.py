"""serve as a service of systemd: readiness, the watchdog, and socket activation."""

import os
import signal
import socket
import time

from support.process import ARNS, Emulator, assert_fails, run
from support.serve import Serve


def test_notifies_its_supervisor(identity, emulator, tmp_path):
    address = tmp_path / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as supervisor:
        supervisor.bind(str(address))
        supervisor.settimeout(20)
        begin = time.monotonic()
        with Serve(tmp_path, server=emulator, flags=identity.flags,
                   env={"NOTIFY_SOCKET": str(address), "WATCHDOG_USEC": "400000"}) as running:
            assert supervisor.recv(100) == b"READY=1"
            assert running.ask("GET", "/healthz").status == 200
            for _ in range(6):
                assert supervisor.recv(100) == b"WATCHDOG=1"
            # Each half of the supervisor's time. How soon they are read here says nothing.
            assert time.monotonic() - begin > 0.9
            running.process.send_signal(signal.SIGTERM)
            while (said := supervisor.recv(100)) == b"WATCHDOG=1":
                pass
            assert said == b"STOPPING=1"


def test_hangups_do_not_keep_it_from_its_watchdog(identity, emulator, tmp_path):
    address = tmp_path / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as supervisor:
        supervisor.bind(str(address))
        supervisor.settimeout(20)
        with Serve(tmp_path, server=emulator, flags=identity.flags,
                   env={"NOTIFY_SOCKET": str(address), "WATCHDOG_USEC": "1000000"}) as running:
            assert supervisor.recv(100) == b"READY=1"
            supervisor.setblocking(False)
            said = b""
            begin = time.monotonic()
            while not said and time.monotonic() - begin < 20:
                running.process.send_signal(signal.SIGHUP)
                time.sleep(0.1)
                try:
                    said = supervisor.recv(100)
                except BlockingIOError:
                    pass
            assert said == b"WATCHDOG=1"


def test_says_nothing_before_it_is_ready(identity, tmp_path):
    name = f"\0rolecall-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as supervisor, \
            Emulator(identity.root_file, "--fault", "delay=1:1") as slow:
        supervisor.bind(name)
        supervisor.settimeout(20)
        begin = time.monotonic()
        with Serve(tmp_path, server=slow, flags=identity.flags,
                   env={"NOTIFY_SOCKET": "@" + name[1:]}):
            assert supervisor.recv(100) == b"READY=1"
            assert time.monotonic() - begin > 1


def activated(listener):
    """What systemd does for a socket unit: the descriptor is 3, and LISTEN_PID names the process."""
    script = f'exec 3<&{listener.fileno()}; LISTEN_PID=$$ LISTEN_FDS=1 exec "$@"'
    return {"prefix": ["/bin/bash", "-c", script, "activate"], "pass_fds": [listener.fileno()]}


def test_socket_activation(identity, emulator, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        # Whoever connects before it runs is answered when it does.
        with socket.create_connection(("127.0.0.1", port), timeout=20) as early:
            early.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            for _ in range(2):  # the socket outlives the service
                with Serve(tmp_path, server=emulator, flags=identity.flags,
                           **activated(listener)) as running:
                    assert running.port == port
                    assert running.credentials()
                    if early:
                        assert early.recv(12) == b"HTTP/1.1 200"
                        early.close()
                        early = None


def test_socket_activation_has_its_limits(identity, emulator, tmp_path):
    arguments = [*identity.flags, *ARNS, "--endpoint", emulator.url]
    with socket.create_server(("0.0.0.0", 0)) as listener:
        with Serve(tmp_path, server=emulator, flags=identity.flags, wait=False,
                   **activated(listener)) as running:
            running.code = 2
            assert running.process.wait(timeout=20) == 2
            assert "--allow-remote" in running.err
    # Meant for another process.
    done = run("serve", *arguments, "--port", "0", "--role-arn", "x",
               env={"LISTEN_PID": "1", "LISTEN_FDS": "7"})
    assert_fails(done, 2, "role-arn")
