"""tinyproxy, a real proxy, until the end of a with statement."""

import contextlib
import pathlib
import socket
import subprocess
import time

import pytest
from support.process import free_port

tinyproxy = pytest.mark.skipif(not pathlib.Path("/usr/bin/tinyproxy").exists(),
                               reason="tinyproxy is not installed")


class Tinyproxy:
    def __init__(self, directory, *connect_ports, auth=None):
        self.log = directory / "tinyproxy.log"
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.config = directory / "tinyproxy.conf"
        lines = [f"Port {self.port}", "Listen 127.0.0.1", "Timeout 30", f'LogFile "{self.log}"',
                 "LogLevel Connect", "MaxClients 10", "Allow 127.0.0.1"]
        lines += [f"ConnectPort {port}" for port in connect_ports]
        lines += [f"BasicAuth {auth}"] if auth else []
        self.config.write_text("\n".join(lines) + "\n")

    def __enter__(self):
        self.process = subprocess.Popen(["/usr/bin/tinyproxy", "-d", "-c", self.config],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(200):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port)):
                return self
            time.sleep(0.05)
        raise AssertionError("tinyproxy does not start")

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(10)

    def connects(self):
        return self.log.read_text().count(": CONNECT ")
