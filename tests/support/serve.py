"""`rolecall serve` as a process, and what a client of it does."""

import http.client
import json
import pathlib
import signal
import subprocess
import time
import urllib.parse

from support.process import ARNS, BINARY, environment

ROLE = "Example"
CREDENTIALS = f"/latest/meta-data/iam/security-credentials/{ROLE}"


def eventually(condition, patience=30, step=0.02):
    """Waits until condition() is true and returns its value."""
    end = time.monotonic() + patience
    while not (value := condition()):
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(step)
    return value


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"<{self.status} {self.body[:300]!r}>"


def ask(port, method, path, headers=None, body=None, timeout=10, host="127.0.0.1", connection=None):
    """One request; over `connection`, an HTTPConnection, where one is given."""
    used = connection or http.client.HTTPConnection(host, port, timeout=timeout)
    try:
        used.request(method, path, body=body, headers=headers or {})
        answer = used.getresponse()
        return Answer(answer.status, answer.headers, answer.read().decode())
    finally:
        if connection is None:
            used.close()


class Serve:
    """`rolecall serve` until the end of the with statement, which checks that it ends well."""

    def __init__(self, directory, *arguments, server=None, flags=(), env=None, prefix=(),
                 wait=True, arns=ARNS, binary=BINARY, **options):
        self.directory = pathlib.Path(directory)
        self.command = [*map(str, prefix), binary, "serve", "--log-format", "json", *map(str, flags),
                        *arns, *(["--endpoint", getattr(server, "url", server)] if server else []),
                        *([] if "--port" in arguments else ["--port", "0"]), *map(str, arguments)]
        self.env, self.wait, self.options = env, wait, options
        self.code = 0

    def __enter__(self):
        self.error_file = self.directory / "serve.err"
        with open(self.error_file, "wb") as err:
            self.process = subprocess.Popen(
                self.command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=err,
                env=environment({"XDG_RUNTIME_DIR": str(self.directory), **(self.env or {})}),
                **self.options)
        if self.wait:
            try:
                self.wait_until_it_listens()
            except BaseException:
                self.process.kill()
                self.process.wait()
                raise
        return self

    def wait_until_it_listens(self, patience=30):
        def url():
            assert self.process.poll() is None, (self.process.returncode, self.err)
            # It logs what it serves after that, and tests look at both.
            started = self.events("imds") or self.events("instance metadata is off")
            return [e["url"] for e in self.events("listening")] if started else []
        self.url = eventually(url, patience)[0]
        url = urllib.parse.urlsplit(self.url)
        self.port = url.port or {"http": 80, "https": 443}[url.scheme]

    def __exit__(self, kind, *_):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        if kind is None:
            assert self.process.returncode == self.code, (self.process.returncode, self.err)
            assert self.process.stdout.read() == b""

    @property
    def err(self):
        return self.error_file.read_text(errors="backslashreplace")

    def events(self, name=None):
        """The log's lines, of one event or of all."""
        lines = [json.loads(line) for line in self.err.splitlines() if line.startswith("{")
                 and line.endswith("}")]
        return [line for line in lines if name in (None, line["event"])]

    def ask(self, method, path, headers=None, **options):
        return ask(self.port, method, path, headers, **options)

    def token(self, **options):
        answer = self.ask("PUT", "/latest/api/token",
                          {"x-aws-ec2-metadata-token-ttl-seconds": "21600"}, **options)
        assert answer.status == 200, answer
        return answer.body

    def get(self, path, **options):
        """With a token of its own."""
        return self.ask("GET", path, {"x-aws-ec2-metadata-token": self.token()}, **options)

    def credentials(self):
        answer = self.get(CREDENTIALS)
        assert answer.status == 200, answer
        return answer.json

    def metric(self, name):
        """The sum of a metric's samples whose line starts with `name`."""
        text = self.ask("GET", "/metrics").body
        return sum(float(line.rsplit(" ", 1)[1]) for line in text.splitlines()
                   if line.startswith(name))

    def memory(self, field="VmRSS"):
        """In KiB."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int([line for line in status.splitlines() if line.startswith(field)][0].split()[1])


class RotatingHost:
    """A host whose certificate is replaced while its `serve` runs."""

    def subject(self):
        """Of the certificate that got the last credentials."""
        for line in self.serve.ask("GET", "/metrics").body.splitlines():
            if line.startswith("rolecall_certificate") and 'certificate="leaf"' in line:
                return line.split('subject="')[1].split('"')[0]
        return None

    def renewals(self):
        return self.serve.metric("rolecall_renewals_total")

    def always_valid(self, until):
        """Waits for until() while each answer is checked."""
        def check():
            answer = self.serve.get(CREDENTIALS)
            assert answer.status == 200, answer
            return until()
        eventually(check)
