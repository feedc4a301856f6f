"""SPIFFE agents that are absent, refuse, are silent, or send what is wrong: each has one error."""

import os
import pathlib
import re
import socket
import subprocess

import pytest
from support import pki
from support.process import (ARNS, PATIENCE, assert_credentials, assert_fails, free_port,
                             needs_libraries_of_the_system, run, session)
from support.spiffe import (GRPC_HEADERS, TRUST_DOMAIN, Agent, RawAgent, field, frame, leaf, message, svid,
                            varint)
from support.users import NOBODY, as_root

DAY = pki.DAY
UNAVAILABLE, PERMISSION_DENIED, UNIMPLEMENTED = 14, 7, 12


def fails(emulator, flags, code, pattern, hint=None, *more):
    done = assert_fails(session(emulator, flags, *more), code, pattern, hint)
    assert done.seconds < PATIENCE, done
    return done


# The agent is not there.

def test_no_socket(emulator, tmp_path):
    fails(emulator, ["--certificate", f"spiffe:unix://{tmp_path}/none"], 3,
          f"SPIFFE agent unix://{tmp_path}/none cannot be found", "is the agent running")


def test_a_socket_that_no_program_listens_on(identity, emulator, tmp_path):
    with Agent(tmp_path, svid(leaf(identity))) as agent:
        agent.stop()
        fails(emulator, agent.flags, 3, "no program listens on this socket", "left from one that has ended")


def test_a_port_that_no_program_listens_on(emulator):
    fails(emulator, ["--certificate", f"spiffe:tcp://127.0.0.1:{free_port()}"], 3,
          "cannot connect to SPIFFE agent tcp://127.0.0.1:[0-9]+: Connection refused")


def test_a_file_instead_of_a_socket(identity, emulator):
    fails(emulator, ["--certificate", f"spiffe:{identity.certificate}"], 2, "is not a socket")


@as_root
def test_a_socket_of_others(identity, emulator, tmp_path):
    with Agent(tmp_path, svid(leaf(identity))) as agent:
        os.chmod(agent.socket, 0o600)
        for directory in list(tmp_path.parents)[:-1]:
            directory.chmod(directory.stat().st_mode | 0o11)
        tmp_path.chmod(0o755)
        done = run("credential-process", *agent.flags, *ARNS, "--endpoint", emulator.url, prefix=NOBODY,
                   cwd="/")
    assert_fails(done, 2, "this user may not connect to", "read and write .*agent.sock")


# The agent refuses.

def test_no_identity_yet(emulator, tmp_path):
    with Agent(tmp_path, state={"status": PERMISSION_DENIED, "details": "no identity issued"}) as agent:
        fails(emulator, agent.flags, 3,
              r"has no identity for this process \(it says: no identity issued\)",
              "no identity is registered for this process yet")


def test_no_svid(emulator, tmp_path):
    with Agent(tmp_path) as agent:
        fails(emulator, agent.flags, 3, "has no identity for this process",
              "no identity is registered for this process yet")


def test_no_workload_api(emulator, tmp_path):
    with Agent(tmp_path, state={"status": UNIMPLEMENTED}) as agent:
        fails(emulator, agent.flags, 1, "does not give X.509-SVIDs", "socket of the Workload API")


def test_an_agent_that_is_not_available(emulator, tmp_path):
    with Agent(tmp_path, state={"status": UNAVAILABLE}) as agent:
        done = fails(emulator, agent.flags, 3, "is not available at the moment", None)
        assert done.seconds > 0.9, "it is asked again after a wait"
        assert sum(1 for _ in range(3) if "call" in agent.read_event(5)) == 3


@pytest.mark.parametrize("status, code, name", [(2, 3, "UNKNOWN"), (13, 3, "INTERNAL"),
                                                (16, 1, "UNAUTHENTICATED")])
def test_another_status(emulator, tmp_path, status, code, name):
    with Agent(tmp_path, state={"status": status, "details": "x\x1b[31m% ä"}) as agent:
        done = fails(emulator, agent.flags, code, f"failed with the gRPC status {name}")
        assert "\x1b" not in done.err


def test_a_status_that_does_not_exist(emulator, tmp_path):
    with RawAgent(tmp_path, headers=GRPC_HEADERS, trailers=[["grpc-status", "99"]]) as agent:
        fails(emulator, agent.flags, 1, "unknown gRPC status 99")


# The agent does not answer.

def test_a_silent_agent(emulator, tmp_path):
    with Agent(tmp_path, state={"silent": True}) as agent:
        done = fails(emulator, agent.flags, 3, "did not answer within 1 s", None, "--timeout", 1)
        assert 0.9 < done.seconds


def test_a_socket_that_accepts_nothing(emulator, tmp_path):
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "silent.sock"))
        listener.listen()
        fails(emulator, ["--certificate", f"spiffe:{tmp_path}/silent.sock"], 3,
              "did not answer within 1 s", None, "--timeout", 1)


def test_half_a_message(identity, emulator, tmp_path):
    body = frame(message(svid(leaf(identity))))[:-1]
    with RawAgent(tmp_path, body) as agent:
        fails(emulator, agent.flags, 3, "did not answer within 1 s", None, "--timeout", 1)


@pytest.mark.parametrize("then", ["close", "reset"])
def test_a_connection_that_ends(identity, emulator, tmp_path, then):
    body = frame(message(svid(leaf(identity))))[:-1]
    with RawAgent(tmp_path, body, then=then) as agent:
        fails(emulator, agent.flags, 3, "closed the connection|gave no complete answer in HTTP/2")


# Other servers.

@pytest.mark.parametrize("raw", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"SSH-2.0-x\r\n", b"\0" * 100],
                         ids=["HTTP/1.1", "SSH", "zeros"])
def test_not_http2(emulator, tmp_path, raw):
    with RawAgent(tmp_path, raw=raw) as agent:
        fails(emulator, agent.flags, 3, "gave no complete answer in HTTP/2", "socket of the Workload API")


def test_a_program_that_only_closes(emulator, tmp_path):
    with RawAgent(tmp_path, raw=b"") as agent:
        fails(emulator, agent.flags, 3, "gave no complete answer in HTTP/2")


@pytest.mark.parametrize("headers", [[[":status", "404"]], [[":status", "200"], ["content-type", "text/html"]],
                                     [[":status", "415"], ["content-type", "application/grpc"]]])
def test_not_grpc(emulator, tmp_path, headers):
    with RawAgent(tmp_path, b"<html>", headers=headers, trailers=[["x", "y"]]) as agent:
        fails(emulator, agent.flags, 1, "does not speak gRPC: HTTP status [0-9]+")


def test_too_many_headers(emulator, tmp_path):
    headers = GRPC_HEADERS + [[f"x-{i}", "y" * 1000] for i in range(100)]
    with RawAgent(tmp_path, headers=headers, trailers=[["grpc-status", "0"]]) as agent:
        fails(emulator, agent.flags, 1, "it has more than 65536 bytes of headers")


def test_no_message(emulator, tmp_path):
    with RawAgent(tmp_path, headers=GRPC_HEADERS, trailers=[["grpc-status", "0"]]) as agent:
        fails(emulator, agent.flags, 3, "ended the call without an identity")


# Messages that are wrong.

@pytest.mark.parametrize("body, what", [
    (frame(b"x", flag=1), "the message is compressed"),
    (frame(b"x", flag=7), "it is not a message of gRPC"),
    (frame(b"", length=(4 << 20) + 1), "the message has 4194305 bytes"),
    (frame(b"", length=0xffffffff), "the message has 4294967295 bytes"),
    (frame(b"\xff" * 12), "a number has more than 64 bits"),
    (frame(b"\x0a\x7f"), "a field is longer than its message"),
    (frame(b"\x0b"), "field 1 has the unknown type 3"),
    (frame(field(1, b"")), "SVID 1 has no SPIFFE ID"),
    (frame(field(1, field(1, "no id") + field(2, "x") + field(3, "x") + field(4, "x"))),
     "the SPIFFE ID of SVID 1 is malformed"),
    (frame(varint(8) + varint(1)), "field 1 has the wrong type")])
def test_malformed_messages(emulator, tmp_path, body, what):
    with RawAgent(tmp_path, body) as agent:
        fails(emulator, agent.flags, 1, f"the answer of SPIFFE agent .* cannot be used: {what}")


@pytest.mark.parametrize("name", ["spiffe_id", "x509_svid", "x509_svid_key", "bundle"])
def test_an_svid_that_is_not_complete(identity, emulator, tmp_path, name):
    with Agent(tmp_path, {**svid(leaf(identity)), name: "" if name == "spiffe_id" else b""}) as agent:
        fails(emulator, agent.flags, 1, "SVID 1 has no ")


@pytest.mark.parametrize("replaced, what", [
    ({"x509_svid": b"\x30\x03abc"}, "contains a damaged certificate"),
    ({"x509_svid_key": b"\x30\x03abc"}, "damaged"),
    ({"spiffe_id": f"{TRUST_DOMAIN}/x"}, "has a certificate for another SPIFFE ID")])
def test_an_svid_that_is_damaged(identity, emulator, tmp_path, replaced, what):
    with Agent(tmp_path, svid(leaf(identity), **replaced)) as agent:
        done = fails(emulator, agent.flags, 1, f"cannot be used: .*{what}")
        assert "FILE" not in done.hint


def test_a_certificate_that_is_cut_short(identity, emulator, tmp_path):
    whole = svid(leaf(identity))
    with Agent(tmp_path, {**whole, "x509_svid": whole["x509_svid"][:-1]}) as agent:
        fails(emulator, agent.flags, 1, "contains a damaged certificate")


def test_a_key_that_does_not_match(identity, emulator, tmp_path):
    other = pki.key_der(pki.key("p256", "other"))
    with Agent(tmp_path, svid(leaf(identity), x509_svid_key=other)) as agent:
        fails(emulator, agent.flags, 1, "has a private key that does not match its certificate")


def test_a_key_of_a_kind_that_the_service_refuses(identity, emulator, tmp_path):
    with Agent(tmp_path, svid(leaf(identity, "ed", key_kind="ed25519"))) as agent:
        fails(emulator, agent.flags, 1, "cannot be used: .*Ed25519")


def test_an_expired_certificate(identity, emulator, tmp_path):
    old = leaf(identity, not_before=pki.NOW - 2 * DAY, not_after=pki.NOW - DAY)
    with Agent(tmp_path, svid(old)) as agent:
        fails(emulator, agent.flags, 3, "certificate CN=app expired 1 day ago",
              "the SPIFFE agent has not renewed it")


def test_too_many_certificates(identity, emulator, tmp_path):
    whole = svid(leaf(identity))
    with Agent(tmp_path, {**whole, "x509_svid": whole["x509_svid"] * 11}) as agent:
        fails(emulator, agent.flags, 1, "more than 20 certificates")


def test_a_large_message(identity, emulator, tmp_path):
    """It comes in many parts."""
    body = frame(message(svid(leaf(identity))) + field(2, b"c" * 4000000))
    with RawAgent(tmp_path, body) as agent:
        assert_credentials(session(emulator, agent.flags))


def test_a_call_that_ends_after_its_message(identity, emulator, tmp_path):
    body = frame(message(svid(leaf(identity))))
    with RawAgent(tmp_path, body, trailers=[["grpc-status", "0"]]) as agent:
        assert_credentials(session(emulator, agent.flags))


def test_unknown_fields(identity, emulator, tmp_path):
    new = field(77, b"new") + field(78, 5)
    body = frame(new + message({**svid(leaf(identity))}) + new)
    with RawAgent(tmp_path, body) as agent:
        assert_credentials(session(emulator, agent.flags))


def test_libcurl_without_http2(tmp_path):
    """Our library has every function of libcurl that is looked up, and none of its features."""
    needs_libraries_of_the_system("libcurl of its own")
    header = (pathlib.Path(__file__).resolve().parents[2] / "src" / "http" / "curl.h").read_text("utf-8")
    names = {f"curl_{name}" for name in re.findall(r"USE\(curl_, (\w+)\)", header)} - {"curl_version_info"}
    source = tmp_path / "curl.c"
    source.write_text("".join(f"int {name}(void) {{ return 0; }}\n" for name in sorted(names)) +
                      "struct { int age; const char *version; unsigned number; const char *host; int features; }\n"
                      'none = {0, "7.1", 0, "", 0};\n'
                      "void *curl_version_info(int age) { (void)age; return &none; }\n")
    subprocess.run(["gcc", "-shared", "-fPIC", "-w", "-fno-builtin", "-Wl,-soname,libcurl.so.4", "-o",
                    tmp_path / "libcurl.so.4", source], check=True, timeout=60)
    done = run("read-certificate-data", "--certificate", "spiffe:unix:///run/agent.sock",
               env={"LD_LIBRARY_PATH": str(tmp_path)})
    assert_fails(done, 1, "this libcurl, version 7.1, was built without HTTP/2", "portable program")
