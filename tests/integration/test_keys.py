"""Every kind and form of key, and every shape in which people keep certificates and chains.

Each run goes against `emulate` and against the independent verifier.
"""

import itertools
import os
import re
import threading

import pytest
from support import pki
from support.process import (ANCHOR_ARN, ARNS, PROFILE_ARN, Emulator, assert_credentials,
                             credential_process, session)
from support.verifier import Verifier

RSA = ["rsa2048", "rsa3072", "rsa4096", "rsa8192"]
EC = ["p256", "p384", "p521"]


@pytest.fixture(scope="module")
def emulator(identity):
    with Emulator(identity.root_file) as running:
        yield running


def both(emulator, flags, *more):
    """Runs against both servers; returns what the verifier saw and the run's result."""
    assert_credentials(session(emulator, flags, *more))
    with Verifier() as verifier:
        result = session(verifier, flags, *more)
        assert_credentials(result)
    assert len(verifier.signed) == 1, verifier.problems
    return verifier.signed[0], result


def serials(entities):
    return [getattr(e, "certificate", e).serial_number for e in entities]


@pytest.mark.parametrize("form", ["pkcs8", "traditional"])
@pytest.mark.parametrize("kind", RSA + EC)
def test_kind_and_form(identity, emulator, tmp_path, kind, form):
    leaf = identity.intermediate.issue("leaf", private_key=pki.key(kind))
    signed, result = both(emulator, pki.write_identity(tmp_path, leaf, form))
    assert signed.algorithm == f"AWS4-X509-{'RSA' if kind in RSA else 'ECDSA'}-SHA256"
    assert serials(signed.chain) == serials([identity.intermediate])
    assert result.err == "", result


@pytest.mark.parametrize("kind", ["rsa2048", "rsa8192", "p521"])
def test_issuers_of_another_kind(tmp_path, kind):
    root = pki.root("Root", private_key=pki.key("rsa4096"))
    intermediate = root.issue("Intermediate", ca=True, key_kind="p384")
    leaf = intermediate.issue("leaf", private_key=pki.key(kind), hash_name="SHA512")
    with Emulator(pki.write(tmp_path, "root.pem", pki.pem(root))) as emulator:
        both(emulator, pki.write_identity(tmp_path, leaf))


@pytest.mark.parametrize("serial", [1, 127, 128, 255, 2**63, 2**64 - 1, 2**127 + 5, 2**159 - 1])
def test_serial_numbers(identity, emulator, tmp_path, serial):
    leaf = identity.intermediate.issue("leaf", serial=serial)
    signed, _ = both(emulator, pki.write_identity(tmp_path, leaf))
    assert signed.serial == str(serial)


class Deep:
    """root → a → b → leaf, with certificates that do not belong in the chain."""

    def __init__(self, root):
        self.root = root
        self.a = root.issue("A", ca=True)
        self.b = self.a.issue("B", ca=True)
        self.leaf = self.b.issue("leaf")
        self.other_root = pki.root("Other Root")
        self.other = self.other_root.issue("Other Intermediate", ca=True)
        self.other_leaf = self.b.issue("another leaf")
        # The name of B, but another key: what an issuer leaves behind that was made anew.
        self.old_b = self.a.issue("B", ca=True, private_key=pki.key("p256", "old b"))
        # B's key and name in a certificate that has ended.
        ended = {"not_before": pki.NOW - 40 * pki.DAY, "not_after": pki.NOW - 10 * pki.DAY}
        self.ended_b = self.a.issue("B", ca=True, private_key=self.b.key, **ended)
        self.ended_leaf = self.b.issue("leaf", private_key=self.leaf.key, **ended)


@pytest.fixture(scope="module")
def deep(identity):
    return Deep(identity.root)


@pytest.mark.parametrize("order", list(itertools.permutations(["leaf", "b", "a", "root"])),
                         ids="-".join)
def test_whole_chain_in_any_order(deep, emulator, tmp_path, order):
    certificates = [getattr(deep, name) for name in order]
    flags = ["--certificate", pki.write(tmp_path, "all.pem", pki.pem(*certificates)),
             "--private-key", pki.write(tmp_path, "key", pki.key_pem(deep.leaf.key))]
    signed, result = both(emulator, flags)
    assert serials([signed.leaf, *signed.chain]) == serials([deep.leaf, deep.b, deep.a])
    assert result.err == "", result


# What is in --certificate, and what in --intermediates.
HEAPS = {
    "intermediates in order": ("leaf", "b a"),
    "intermediates reversed": ("leaf", "a b"),
    "root among them": ("leaf", "b a root"),
    "root first": ("leaf", "root a b"),
    "duplicates": ("leaf", "b b a b a"),
    "duplicates over both files": ("leaf b a", "a b"),
    "the leaf again": ("leaf", "leaf b a"),
    "one in each file": ("b leaf", "a"),
    "unrelated ones": ("leaf", "other b a"),
    "an unrelated root": ("leaf", "other_root b a"),
    "another leaf first": ("other_leaf leaf b a", ""),
    "an issuer's old key": ("leaf", "old_b b a"),
    "an issuer's ended certificate": ("leaf", "ended_b b a"),
    "an issuer's ended certificate last": ("leaf b a ended_b", ""),
    "the leaf before its renewal": ("ended_leaf leaf b a", ""),
    "the leaf before its renewal last": ("b a leaf ended_leaf", ""),
}


def heap(deep, directory, certificates, intermediates):
    def content(names):
        return pki.pem(*(getattr(deep, name) for name in names.split()))
    flags = ["--certificate", pki.write(directory, "leaf.pem", content(certificates)),
             "--private-key", pki.write(directory, "key", pki.key_pem(deep.leaf.key))]
    if intermediates:
        flags += ["--intermediates", pki.write(directory, "more.pem", content(intermediates))]
    return flags


@pytest.mark.parametrize("name", HEAPS)
def test_heaps_of_certificates(deep, emulator, tmp_path, name):
    signed, result = both(emulator, heap(deep, tmp_path, *HEAPS[name]))
    assert serials([signed.leaf, *signed.chain]) == serials([deep.leaf, deep.b, deep.a])
    assert result.err == "", result


@pytest.mark.parametrize("certificates,intermediates,chain,warning", [
    ("leaf", "other", "", "Other Intermediate|CN=B"),
    ("leaf", "a", "", "CN=B"),
    ("leaf", "ended_b a", "ended_b a", "validity of CN=B ended"),
])
def test_chains_that_a_person_should_look_at(deep, tmp_path, certificates, intermediates, chain,
                                             warning):
    with Verifier() as verifier:
        result = session(verifier, heap(deep, tmp_path, certificates, intermediates))
    assert_credentials(result)
    assert serials(verifier.signed[0].chain) == serials(getattr(deep, n) for n in chain.split())
    assert len(result.warnings) == 1 and re.search(warning, result.warnings[0]), result


def test_issuers_that_certify_each_other(identity, tmp_path):
    """A circle: x certifies y, y certifies x."""
    x = identity.root.issue("X", ca=True)
    y = x.issue("Y", ca=True)
    x_by_y = y.issue("X", ca=True, private_key=x.key)
    leaf = y.issue("leaf")
    flags = ["--certificate", pki.write(tmp_path, "leaf.pem", pki.pem(leaf, x_by_y, y, x)),
             "--private-key", pki.write(tmp_path, "key", pki.key_pem(leaf.key))]
    with Verifier() as verifier:
        assert_credentials(session(verifier, flags, timeout=10))
    assert serials(verifier.signed[0].chain)[0] == y.certificate.serial_number


def test_no_intermediate_sends_no_chain_header(identity, emulator, tmp_path):
    leaf = identity.root.issue("leaf of the root")
    signed, _ = both(emulator, pki.write_identity(tmp_path, leaf))
    assert signed.chain == [] and "x-amz-x509-chain" not in signed.signed_headers


@pytest.mark.parametrize("depth", [1, 5, 6])
def test_depth(identity, emulator, tmp_path, depth):
    issuers = [identity.root]
    for level in range(depth):
        issuers.append(issuers[-1].issue(f"level {level}", ca=True))
    leaf = issuers[-1].issue("leaf")
    flags = pki.write_identity(tmp_path, leaf)
    if depth <= 5:
        signed, result = both(emulator, flags)
        assert result.err == "", result
    else:
        # Enough where the trust anchor is the sixth, not where it is the root above.
        sixth = pki.write(tmp_path, "sixth.pem", pki.pem(issuers[1]))
        with Emulator(sixth) as trusting:
            signed, result = both(trusting, flags)
        assert any("5" in line for line in result.warnings), result
        assert session(emulator, flags).code == 1
    assert serials(signed.chain) == serials(reversed(issuers[1:][-5:]))



# The content of one file that holds both certificate and key.
ONE_FILE = {
    "key first": lambda i: pki.key_pem(i.leaf.key) + pki.pem(i.leaf, i.intermediate),
    "key last": lambda i: pki.pem(i.leaf, i.intermediate) + pki.key_pem(i.leaf.key, "traditional"),
    "key between": lambda i: pki.pem(i.intermediate) + pki.key_pem(i.leaf.key) + pki.pem(i.leaf),
    "curve parameters": lambda i: (
        b"-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n"
        + pki.key_pem(i.leaf.key, "traditional") + pki.pem(i.leaf, i.intermediate)),
    "text around": lambda i: (
        b"Bag Attributes\n    friendlyName: x\n" + pki.pem(i.leaf) + b"subject=CN = x\n\n"
        + pki.key_pem(i.leaf.key) + b"# the end" + b"\n" + pki.pem(i.intermediate) + b"\n\n"),
    "lines end with CR LF": lambda i: (
        pki.key_pem(i.leaf.key) + pki.pem(i.leaf, i.intermediate)).replace(b"\n", b"\r\n"),
    "no last line feed": lambda i: (
        pki.key_pem(i.leaf.key) + pki.pem(i.intermediate, i.leaf)).rstrip(b"\n"),
}


@pytest.mark.parametrize("name", ONE_FILE)
def test_one_file_for_both(identity, emulator, tmp_path, name):
    path = pki.write(tmp_path, "both.pem", ONE_FILE[name](identity))
    signed, _ = both(emulator, ["--certificate", path, "--private-key", path])
    assert serials(signed.chain) == serials([identity.intermediate])


def test_key_through_a_pipe(identity, tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe, 0o600)
    writer = threading.Thread(
        target=lambda: pipe.write_bytes(pki.key_pem(identity.leaf.key)), daemon=True)
    writer.start()
    with Verifier() as verifier:
        assert_credentials(session(verifier, ["--certificate", identity.certificate,
                                              "--private-key", pipe]))
    writer.join(10)
    assert not writer.is_alive()


@pytest.mark.parametrize("flags,field,value", [
    (["--session-duration", "900"], "durationSeconds", 900),
    (["--session-duration", "43200"], "durationSeconds", 43200),
    (["--session-duration=1800"], "durationSeconds", 1800),
    ([], "durationSeconds", 3600),
    (["--role-session-name", "web-1@example.com"], "roleSessionName", "web-1@example.com"),
    ([], "roleSessionName", None),
    ([], "trustAnchorArn", ANCHOR_ARN),
    ([], "profileArn", PROFILE_ARN),
    (["--region", "eu-west-1"], "trustAnchorArn", ANCHOR_ARN),
])
def test_request_body(identity, flags, field, value):
    with Verifier() as verifier:
        assert_credentials(session(verifier, identity.flags, *flags))
    assert verifier.signed[0].body.get(field) == value


@pytest.mark.parametrize("role", ["a/b/c/Deep", "Name=with+signs,.@_-", "x" * 64])
def test_role_names(identity, emulator, role):
    arn = f"arn:aws:iam::111122223333:role/{role}"
    flags = [*identity.flags, *ARNS[:4], "--role-arn", arn]
    assert_credentials(credential_process(*flags, "--endpoint", emulator.url))
    with Verifier() as verifier:
        assert_credentials(credential_process(*flags, "--endpoint", verifier.url))
    assert verifier.signed[0].body["roleArn"] == arn


@pytest.mark.parametrize("partition,region", [
    ("aws", "us-east-1"), ("aws-us-gov", "us-gov-west-1"), ("aws-cn", "cn-north-1"),
    ("aws", "xx-future-9")])
def test_regions(identity, partition, region):
    arns = [a.replace("arn:aws:", f"arn:{partition}:").replace("eu-west-1", region) for a in ARNS]
    with Verifier() as verifier:
        assert_credentials(credential_process(*identity.flags, *arns, "--endpoint", verifier.url))
    assert verifier.signed[0].region == region


@pytest.mark.parametrize("address,host,url", [
    ("::1", None, "http://[::1]:{port}"), ("127.0.0.1", "localhost", "http://localhost:{port}"),
    ("127.0.0.1", "localhost", "HTTP://LocalHost:{port}/"),
    ("127.0.0.1", None, "http://127.0.0.1:{port}/"),
    ("127.0.0.2", None, "http://127.0.0.2:{port}")])
def test_host_header(identity, address, host, url):
    with Verifier(address=address, host=host) as verifier:
        assert_credentials(session(url.format(port=verifier.port), identity.flags))
    assert len(verifier.signed) == 1
