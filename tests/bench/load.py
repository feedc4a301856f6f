"""A server under load: requests a second and the 99th percentile with wrk, CPU and memory."""
import http.client
import os
import pathlib
import re
import signal
import socket
import subprocess
from collections import namedtuple

from support.process import environment, free_port
from support.serve import CREDENTIALS, ask, eventually

TOKEN = "x-aws-ec2-metadata-token"
CONNECTIONS = 64
UNITS = {"us": 0.001, "ms": 1, "s": 1000, "m": 60000}

# A second; milliseconds; microseconds of CPU a request; MiB; how many; answers that were not 200.
Load = namedtuple("Load", "rate p99 cpu peak requests bad")


def launch(command, env):
    return subprocess.Popen(command, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                            stderr=subprocess.DEVNULL)


class Server:
    """A command to which a free port is added, until the with statement ends."""

    def __init__(self, command, env, start=launch):
        self.port = free_port()
        self.command = [*map(str, command), str(self.port)]
        self.env, self.start = env, start

    def __enter__(self):
        self.process = self.start(self.command, self.env)
        eventually(self.listens, patience=60)
        return self

    def listens(self):
        assert self.process.poll() is None, f"{self.command} ended"
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.communicate(timeout=30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.communicate()

    def token(self, connection=None):
        return ask(self.port, "PUT", "/latest/api/token", {TOKEN + "-ttl-seconds": "21600"},
                   connection=connection, timeout=60).body

    def token_with_credentials(self):
        """A token, once there are credentials to be had with it."""
        token = self.token()
        eventually(lambda: ask(self.port, "GET", CREDENTIALS, {TOKEN: token},
                               timeout=60).status == 200, patience=60)
        return token

    def connection(self):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)

    def ask_often(self, token, count):
        """One after the other, over one connection."""
        connection = self.connection()
        for _ in range(count):
            answer = ask(self.port, "GET", CREDENTIALS, {TOKEN: token}, connection=connection)
            assert answer.status == 200, answer
        connection.close()

    def cpu_seconds(self):
        stat = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(stat[11]) + int(stat[12])) / os.sysconf("SC_CLK_TCK")

    def peak_memory(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmHWM:\s+(\d+)", status)[1]) / 1024

    def load(self, token, seconds):
        before = self.cpu_seconds()
        out = subprocess.run(
            ["wrk", "-t2", f"-c{CONNECTIONS}", f"-d{seconds}s", "--latency", "-H",
             f"{TOKEN}: {token}", f"http://127.0.0.1:{self.port}{CREDENTIALS}"],
            capture_output=True, text=True, check=True, env=environment()).stdout
        requests = int(re.search(r"(\d+) requests in", out)[1])
        p99, unit = re.search(r"99%\s+([\d.]+)([a-z]+)", out).groups()
        bad = re.search(r"Non-2xx or 3xx responses: (\d+)", out)
        return Load(rate=float(re.search(r"Requests/sec:\s+([\d.]+)", out)[1]),
                    p99=float(p99) * UNITS[unit],
                    cpu=(self.cpu_seconds() - before) / requests * 1e6, peak=self.peak_memory(),
                    requests=requests,
                    bad=(int(bad[1]) if bad else 0) + ("Socket errors" in out))
