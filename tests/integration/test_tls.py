"""TLS: which server certificates are believed, and on whose word."""

import shutil
import socket
import ssl
import subprocess

import pytest
from support import pki
from support import verifier as v
from support.process import PATIENCE, Emulator, assert_credentials, assert_fails, session
from support.verifier import Verifier


class Tls:
    """A TLS server's files and Python context; `ca` is the file of the root that it needs."""

    def __init__(self, directory, name, chain, ca_root):
        self.certificate = pki.write(directory, name + ".pem", pki.pem(*chain))
        self.key = pki.write(directory, name + ".key", pki.key_pem(chain[0].key))
        self.ca = pki.write(directory, name + "-ca.pem", pki.pem(ca_root))
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(self.certificate, self.key)


@pytest.fixture(scope="module")
def tls(tmp_path_factory):
    directory = tmp_path_factory.mktemp("tls")
    root = pki.root("TLS Root")
    intermediate = root.issue("TLS Intermediate", ca=True)
    other = pki.root("Other TLS Root")
    old = {"not_before": pki.NOW - 30 * pki.DAY, "not_after": pki.NOW - pki.DAY}
    own = pki.make("self", hosts=["127.0.0.1"], key_kind="rsa2048")
    servers = {
        "good": ([pki.tls_server(root)], root),
        "rsa": ([pki.tls_server(root, private_key=pki.key("rsa2048"))], root),
        "intermediate": ([pki.tls_server(intermediate), intermediate], root),
        "intermediate missing": ([pki.tls_server(intermediate)], root),
        "expired": ([pki.tls_server(root, **old)], root),
        "not yet valid": ([pki.tls_server(root, not_before=pki.NOW + pki.DAY)], root),
        "other host": ([pki.tls_server(root, hosts=["example.com", "10.0.0.1"])], root),
        "no names": ([pki.tls_server(root, hosts=[])], root),
        "common name": ([root.issue("localhost", extended=(pki.ExtendedKeyUsageOID.SERVER_AUTH,))],
                        root),
        "self-signed": ([own], own),
        "other CA": ([pki.tls_server(other)], root),
        "for clients alone": ([root.issue("client", hosts=["127.0.0.1"])], root),
    }
    return {name: Tls(directory, name.replace(" ", "-"), *value)
            for name, value in servers.items()}


def to(server, identity, *flags, **env):
    return session(server, identity.flags, *flags, env=env)


@pytest.mark.parametrize("name", ["good", "rsa", "intermediate"])
def test_a_trusted_server(tls, identity, name):
    with Verifier(tls=tls[name].context) as verifier:
        result = to(verifier, identity, "--ca-bundle", tls[name].ca)
    assert_credentials(result)
    assert len(verifier.signed) == 1 and result.err == "", result


BAD = {"intermediate missing": "issuer|verif", "expired": "expired", "not yet valid": "not yet",
       "other host": "127.0.0.1|address|match", "no names": "127.0.0.1|address|match",
       "other CA": "issuer|verif|self", "for clients alone": "purpose"}


@pytest.mark.parametrize("name", BAD)
def test_a_server_that_is_not_believed(tls, identity, name):
    with Verifier(tls=tls[name].context) as verifier:
        result = to(verifier, identity, "--ca-bundle", tls[name].ca)
    # No trusted root cures a certificate for another host.
    hint = "^check the endpoint's name" if name in ("other host", "no names") else "--ca-bundle"
    assert_fails(result, 1, BAD[name], hint=hint)
    # Not retried, and nothing was sent.
    assert verifier.requests == [] and verifier.connections == 1, result


def test_the_name_that_is_asked_for_counts(tls, identity):
    with Verifier(tls=tls["good"].context, host="localhost") as verifier:
        assert_credentials(to(verifier, identity, "--ca-bundle", tls["good"].ca))


def test_against_emulate(tls, identity):
    for name in ("good", "rsa", "intermediate"):
        files = ["--tls-cert", tls[name].certificate, "--tls-key", tls[name].key]
        with Emulator(identity.root_file, *files) as emulator:
            assert emulator.url.startswith("https://")
            assert_credentials(to(emulator, identity, "--ca-bundle", tls[name].ca))
            assert_fails(to(emulator, identity), 1, "verif", hint="--ca-bundle")


def test_a_certificate_without_names_is_matched_by_its_common_name(tls, identity):
    """As libcurl does; one that has names is matched by these alone ("other host")."""
    server = tls["common name"]
    with Verifier(tls=server.context, host="localhost") as verifier:
        assert_credentials(to(verifier, identity, "--ca-bundle", server.ca))
    with Verifier(tls=server.context) as verifier:
        assert_fails(to(verifier, identity, "--ca-bundle", server.ca), 1, "another host")


def directory_of(tmp_path, ca):
    """A hashed directory, as c_rehash makes it."""
    directory = tmp_path / "certs"
    directory.mkdir()
    shutil.copy(ca, directory / "ca.pem")
    subprocess.run(["openssl", "rehash", directory], check=True, stderr=subprocess.DEVNULL)
    return directory


# Flags and variables of the environment, and whether the good server is believed. {good} and {bad}
# are files of roots, {directory} a hashed directory with the good one, {empty} one with nothing.
TRUST = [
    (["--ca-bundle", "{good}"], {}, True),
    (["--ca-bundle", "{bad}"], {}, False),
    ([], {}, False),
    ([], {"AWS_CA_BUNDLE": "{good}"}, True),
    ([], {"AWS_CA_BUNDLE": "{bad}"}, False),
    ([], {"AWS_CA_BUNDLE": ""}, False),
    (["--ca-bundle", "{good}"], {"AWS_CA_BUNDLE": "{bad}"}, True),
    (["--ca-bundle", "{bad}"], {"AWS_CA_BUNDLE": "{good}"}, False),
    (["--ca-bundle", "{good}"], {"AWS_CA_BUNDLE": "/nonexistent"}, True),
    ([], {"SSL_CERT_FILE": "{good}"}, True),
    ([], {"SSL_CERT_FILE": "{bad}"}, False),
    ([], {"SSL_CERT_DIR": "{directory}"}, True),
    ([], {"SSL_CERT_DIR": "{empty}"}, False),
    ([], {"SSL_CERT_FILE": "{bad}", "SSL_CERT_DIR": "{directory}"}, True),
    ([], {"SSL_CERT_FILE": "{good}", "SSL_CERT_DIR": "{empty}"}, True),
    ([], {"AWS_CA_BUNDLE": "{bad}", "SSL_CERT_FILE": "{good}"}, False),
    ([], {"AWS_CA_BUNDLE": "{good}", "SSL_CERT_FILE": "{bad}"}, True),
    (["--ca-bundle", "{bad}"], {"SSL_CERT_DIR": "{directory}"}, False),
]


@pytest.mark.parametrize("flags,env,believed", TRUST)
def test_whose_word_counts(tls, identity, tmp_path, flags, env, believed):
    (tmp_path / "empty").mkdir()
    places = {"good": tls["good"].ca, "bad": identity.root_file, "empty": tmp_path / "empty",
              "directory": directory_of(tmp_path, tls["good"].ca)}
    flags = [flag.format(**places) for flag in flags]
    env = {name: value.format(**places) for name, value in env.items()}
    with Verifier(tls=tls["good"].context) as verifier:
        result = to(verifier, identity, *flags, **env)
    if believed:
        assert_credentials(result)
    else:
        assert_fails(result, 1, "verif", hint="--ca-bundle")


@pytest.mark.parametrize("content", [
    None, b"", b"no PEM", b"-----BEGIN CERTIFICATE-----\nx", "directory"])
@pytest.mark.parametrize("how", ["--ca-bundle", "AWS_CA_BUNDLE"])
def test_a_bundle_that_is_none(tls, identity, tmp_path, content, how):
    path = str(tmp_path / "ca.pem")
    if content == "directory":
        (tmp_path / "ca.pem").mkdir()
    elif content is not None:
        pki.write(tmp_path, "ca.pem", content)
    flags, env = (["--ca-bundle", path], {}) if how[0] == "-" else ([], {how: path})
    with Verifier(tls=tls["good"].context) as verifier:
        result = to(verifier, identity, *flags, **env)
    assert_fails(result, 2, "ca.pem")
    assert verifier.requests == []


@pytest.mark.parametrize("name", ["good", "expired", "other host", "self-signed", "other CA"])
def test_no_verify_ssl_works_and_warns(tls, identity, name):
    with Verifier(tls=tls[name].context) as verifier:
        result = to(verifier, identity, "--no-verify-ssl")
    assert_credentials(result)
    assert len(result.warnings) == 1 and "--no-verify-ssl" in result.warnings[0], result


@pytest.mark.parametrize("value,verified", [
    ("true", False), ("1", False), ("false", True), ("0", True)])
def test_no_verify_ssl_with_a_value(tls, identity, value, verified):
    """The official helper takes --flag=true and --flag=false."""
    with Verifier(tls=tls["good"].context) as verifier:
        result = to(verifier, identity, f"--no-verify-ssl={value}")
    if verified:
        assert_fails(result, 1, "verif")
    else:
        assert_credentials(result)


def test_plain_http_where_tls_is_spoken_and_the_other_way(tls, identity):
    with Verifier(tls=tls["good"].context) as verifier:
        assert_fails(session(verifier.url.replace("https", "http"), identity.flags), 3)
    with Verifier() as verifier:
        url = verifier.url.replace("http", "https")
        assert_fails(session(url, identity.flags, "--timeout", "1"), 3)


def test_handshake_that_stalls(tls, identity):
    with Verifier(v.stall(before_reading=True), tls=tls["good"].context) as verifier:
        result = to(verifier, identity, "--ca-bundle", tls["good"].ca, "--timeout", "2")
    assert_fails(result, 3)
    assert verifier.connections == 1 and result.seconds < PATIENCE, result


@pytest.mark.parametrize("version,served", [
    (ssl.TLSVersion.TLSv1, False), (ssl.TLSVersion.TLSv1_1, False),
    (ssl.TLSVersion.TLSv1_2, True), (ssl.TLSVersion.TLSv1_3, True)])
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_versions_of_tls(tls, identity, version, served):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = version
    context.load_cert_chain(tls["rsa"].certificate, tls["rsa"].key)
    with Verifier(tls=context) as verifier:
        if not served:
            # The server is a real one: a client that is told to, can talk to it.
            old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            old.set_ciphers("ALL:@SECLEVEL=0")
            old.minimum_version = version
            old.load_verify_locations(tls["rsa"].ca)
            with socket.create_connection(("127.0.0.1", verifier.port)) as plain:
                with old.wrap_socket(plain, server_hostname="127.0.0.1") as secured:
                    assert secured.version() == ("TLSv1" if version == 0x301 else "TLSv1.1")
        result = to(verifier, identity, "--ca-bundle", tls["rsa"].ca, "--timeout", "5")
        if served:
            assert_credentials(result)
        else:
            assert result.code in (1, 3) and len(result.errors) == 1, result
            assert verifier.requests == []
