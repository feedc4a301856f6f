"""SSLKEYLOGFILE: keys of our own TLS are never written down; exec's command has the variable."""

import shutil
import ssl
import subprocess

import pytest
from support import pki
from support.process import ARNS, Emulator, environment, run
from support.verifier import Verifier


@pytest.fixture(scope="module", name="server")
def tls_server(tmp_path_factory):
    """A server's files, and its Python context."""
    directory = tmp_path_factory.mktemp("tls")
    root = pki.root("TLS Root")
    server = pki.tls_server(root)
    files = {"certificate": pki.write(directory, "server.pem", pki.pem(server)),
             "key": pki.write(directory, "server.key", pki.key_pem(server.key)),
             "ca": pki.write(directory, "ca.pem", pki.pem(root))}
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files["certificate"], files["key"])
    return {**files, "context": context}


@pytest.mark.parametrize("command", ["credential-process", "export", "exec", "configure", "update"])
def test_our_own_tls_leaves_no_keys(identity, server, tmp_path, command):
    log = tmp_path / "keys.log"
    more = {"exec": ["--", "/usr/bin/env"], "configure": ["--profile", "demo"],
            "update": ["--once"]}.get(command, [])
    with Verifier(tls=server["context"]) as verifier:
        result = run(command, *identity.flags, *ARNS, "--endpoint", verifier.url,
                     "--ca-bundle", server["ca"], *more,
                     env={"HOME": str(tmp_path), "SSLKEYLOGFILE": str(log)})
    assert result.code == 0 and len(verifier.signed) == 1, result
    assert not log.exists(), log.read_text()
    if command == "exec":
        assert f"SSLKEYLOGFILE={log}" in result.out.splitlines(), result


def test_emulate_leaves_no_keys(identity, server, tmp_path):
    log = tmp_path / "keys.log"
    with Emulator(identity.root_file, "--tls-cert", server["certificate"],
                  "--tls-key", server["key"], env={"SSLKEYLOGFILE": str(log)}) as emulator:
        result = run("credential-process", *identity.flags, *ARNS, "--endpoint", emulator.url,
                     "--ca-bundle", server["ca"])
    assert result.code == 0 and not log.exists(), result


@pytest.mark.skipif(not shutil.which("curl"), reason="there is no curl to show what libcurl does")
def test_libcurl_would_write_them(server, tmp_path):
    """So that the tests above mean something: the curl of this machine does."""
    log = tmp_path / "keys.log"
    with Verifier(tls=server["context"], check=False) as verifier:
        subprocess.run(["curl", "-s", "--cacert", server["ca"], verifier.url + "/x"], timeout=30,
                       env=environment({"SSLKEYLOGFILE": str(log)}), check=False,
                       stdout=subprocess.DEVNULL)
    if not log.exists():
        pytest.skip("the curl of this machine does not know SSLKEYLOGFILE")


def test_the_command_gets_it_once(identity, emulator, tmp_path):
    variable = {"SSLKEYLOGFILE": "/nowhere/keys.log", "HOME": str(tmp_path)}
    for more in ([], ["--refresh"]):
        result = run("exec", *identity.flags, *ARNS, "--endpoint", emulator.url, *more, "--",
                     "/usr/bin/env", env=variable)
        assert result.out.splitlines().count("SSLKEYLOGFILE=/nowhere/keys.log") == 1, result
    result = run("exec", *identity.flags, *ARNS, "--endpoint", emulator.url, "--", "/usr/bin/env",
                 env={"SSLKEYLOGFILE": "", "HOME": str(tmp_path)})
    assert "SSLKEYLOGFILE" not in result.out, result
