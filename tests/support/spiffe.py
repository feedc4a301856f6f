"""SPIFFE agents: a real gRPC server (spiffe/agent.py), and one that answers anything
(spiffe/raw_agent.py). Both run in a Python of their own, which scripts/setup-clients makes."""

import base64
import contextlib
import json
import os
import pathlib
import select
import subprocess

import pytest
from support import pki
from support.clients import INSTALLED, not_installed
from support.process import environment

PROGRAMS = pathlib.Path(__file__).resolve().parents[1] / "spiffe"
PYTHON = INSTALLED / "spiffe" / "bin" / "python"
TRUST_DOMAIN = "spiffe://example.org"


def require_agent():
    if reason := not_installed("spiffe"):
        pytest.skip(reason)


def leaf(identity, name="app", spiffe_id=None, **options):
    """An SVID's certificate, below the intermediate."""
    return identity.intermediate.issue(name, hosts=[spiffe_id or f"{TRUST_DOMAIN}/{name}"], **options)


def svid(entity, spiffe_id=None, hint="", **replaced):
    """What the agent says about a leaf, with some members replaced."""
    uris = [name.value for extension in entity.certificate.extensions
            if extension.oid.dotted_string == "2.5.29.17" for name in extension.value]
    fields = {"spiffe_id": spiffe_id or uris[0],
              "x509_svid": b"".join(pki.der(one) for one in [entity, *entity.chain]),
              "x509_svid_key": pki.key_der(entity.key),
              "bundle": pki.der(entity.issuer), "hint": hint}
    fields.update(replaced)
    return fields


def _as_json(fields):
    return {name: base64.b64encode(value).decode() if isinstance(value, bytes) else value
            for name, value in fields.items()}


class _Program:
    """A program in the Python of the agents, until the end of the with statement."""

    def start(self, program, address, first):
        self.process = subprocess.Popen([PYTHON, "-B", PROGRAMS / program, address],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0,
                                        env=environment({"GRPC_VERBOSITY": "NONE"}))
        self.write(first)
        return self.read_event(30)

    def write(self, state):
        self.process.stdin.write(json.dumps(state).encode() + b"\n")
        self.process.stdin.flush()

    def read_event(self, patience):
        ready, _, _ = select.select([self.process.stdout], [], [], patience)
        line = self.process.stdout.readline() if ready else b""
        assert line, "the agent wrote nothing"
        return json.loads(line)

    def stop(self):
        """As a crash: the socket stays."""
        self.process.kill()
        self.process.communicate()

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.stop()


class Agent(_Program):
    """At a Unix socket, or with tcp=True at a port of the loopback."""

    def __init__(self, directory, *svids, tcp=False, state=None):
        require_agent()
        self.socket = None if tcp else str(directory / "agent.sock")
        self.state = state or self._state(svids)

    @staticmethod
    def _state(svids):
        return {"svids": [_as_json(one) for one in svids]}

    def __enter__(self):
        address = f"unix:{self.socket}" if self.socket else "127.0.0.1:0"
        self.port = self.start("agent.py", address, self.state)["port"]
        return self

    @property
    def endpoint(self):
        return f"unix://{self.socket}" if self.socket else f"tcp://127.0.0.1:{self.port}"

    @property
    def flags(self):
        return ["--certificate", f"spiffe:{self.endpoint}"]

    def send(self, *svids):
        self.write(self._state(svids))

    def fail(self, status, details=""):
        self.write({"status": status, "details": details})

    def remove_socket(self):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.socket)


def frame(message, flag=0, length=None):
    size = len(message) if length is None else length
    return bytes([flag]) + size.to_bytes(4, "big") + message


def field(number, content):
    """A field of a message: bytes, text or a number."""
    if isinstance(content, int):
        return varint(number << 3) + varint(content)
    content = content.encode() if isinstance(content, str) else content
    return varint(number << 3 | 2) + varint(len(content)) + content


def varint(number):
    octets = b""
    while number > 127:
        octets += bytes([number & 127 | 128])
        number >>= 7
    return octets + bytes([number])


def message(*svids):
    """X509SVIDResponse, written by hand."""
    names = ("spiffe_id", "x509_svid", "x509_svid_key", "bundle", "hint")
    return b"".join(field(1, b"".join(field(names.index(name) + 1, value)
                                      for name, value in one.items())) for one in svids)


GRPC_HEADERS = [[":status", "200"], ["content-type", "application/grpc"]]


class RawAgent(_Program):
    """Answers each call as raw_agent.py says."""

    def __init__(self, directory, body=None, **script):
        require_agent()
        self.socket = str(directory / "raw.sock")
        self.script = script
        if body is not None:
            self.script.setdefault("headers", GRPC_HEADERS)
            self.script["body"] = [base64.b64encode(body).decode()]
        if "raw" in script:
            self.script["raw"] = base64.b64encode(script["raw"]).decode()

    def __enter__(self):
        self.start("raw_agent.py", self.socket, self.script)
        return self

    @property
    def flags(self):
        return ["--certificate", f"spiffe:unix://{self.socket}"]
