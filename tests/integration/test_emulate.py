"""`rolecall emulate` as a service: what it grants and what it refuses, asked by a signer of the
tests' own."""

import json
import shutil
import subprocess
import xml.etree.ElementTree as ET
from urllib.parse import urlencode

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID

from support import pki, signing
from support.process import Emulator, environment
from support.signing import (IdentityRequest, assert_granted, assert_refused, length_of, request)

INSUFFICIENT = "Untrusted certificate. Insufficient certificate: "
UNTRUSTED = "Untrusted signing certificate: "


@pytest.fixture(scope="module")
def server(identity):
    with Emulator(identity.root_file) as emulator:
        yield emulator


# --- what is granted


@pytest.mark.parametrize("kind", ["rsa2048", "rsa3072", "rsa4096", "p256", "p384", "p521"])
def test_every_kind_of_key(server, identity, kind):
    leaf = identity.intermediate.issue("leaf " + kind, key_kind=kind, serial=0xabc)
    session = assert_granted(request(leaf).send(server.url))
    assert session["assumedRoleUser"]["arn"] == (
        f"arn:aws:sts::{signing.ACCOUNT}:assumed-role/demo/0abc")
    assert session["roleArn"] == signing.ROLE_ARN
    assert session["sourceIdentity"] == "CN=leaf " + kind
    assert 3590 < length_of(session) <= 3600


def test_the_largest_request_that_is_sensible(tmp_path):
    """As large as five issuers with RSA-8192 keys, which take too long to make: by their names."""
    above = root = pki.root("Big Root")
    for level in range(4):
        above = above.issue(f"Big {level}", ca=True, subject=x509.Name(
            [x509.NameAttribute(NameOID.COMMON_NAME, f"Big {level}")]
            + [x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, "x" * 64)] * 36))
    # Not of the leaf itself: they would be a session tag that is too long.
    leaf = above.issue("Small", ca=True).issue("leaf")
    asked = request(leaf)
    assert len(asked.chain_header) > 20000 and len(asked.chain) == 5
    with Emulator(pki.write(tmp_path, "root.pem", pki.pem(root))) as emulator:
        assert_granted(asked.send(emulator.url))


def test_arns_in_the_query_as_the_official_helper_sends_them(server, identity):
    role = f"arn:aws:iam::{signing.ACCOUNT}:role/teams/build+deploy/app=1,b@c_d-e"
    arns = signing.ARNS | {"roleArn": role}
    for twice in (False, True):
        asked = request(identity.leaf, query=urlencode(arns), body={"durationSeconds": 900})
        asked.double_equals = twice
        session = assert_granted(asked.send(server.url))
        assert session["roleArn"] == role
        assert "/app=1,b@c_d-e/" in session["assumedRoleUser"]["arn"]
        assert 890 < length_of(session) <= 900
    # Another order, not encoded where it need not be, and one that is not canonical.
    order = "&".join(f"{k}={v}" for k, v in reversed(list(signing.ARNS.items())))
    assert_granted(request(identity.leaf, query=order, body={}).send(server.url))
    changed = request(identity.leaf, query=order, body={}).sign(server.url.split("/")[2])
    changed.query += "&x=1"
    assert_refused(changed.send(server.url), "AccessDeniedException", "Invalid signature: ")


def test_options_of_the_profile(identity):
    allowed = f"arn:aws:iam::{signing.ACCOUNT}:role/Allowed"
    flags = ["--session-duration-max", "1800", "--accept-role-session-name",
             "--role-arn", signing.ROLE_ARN, "--role-arn", allowed]
    with Emulator(identity.root_file, *flags) as emulator:
        session = assert_granted(request(identity.leaf, durationSeconds=43200,
                                         roleSessionName="ci=1").send(emulator.url))
        assert session["assumedRoleUser"]["arn"].endswith("assumed-role/demo/ci=1")
        assert 1790 < length_of(session) <= 1800
        assert_granted(request(identity.leaf, roleArn=allowed).send(emulator.url))
        other = allowed + "2"
        assert_refused(request(identity.leaf, roleArn=other).send(emulator.url),
                       "AccessDeniedException", "Unable to assume role for " + other)


def test_an_intermediate_as_trust_anchor_and_several_anchors(tmp_path, identity):
    bundle = pki.write(tmp_path, "two.pem", pki.pem(pki.root("Other"), identity.intermediate))
    with Emulator(bundle) as emulator:
        assert_granted(request(identity.leaf, chain=[]).send(emulator.url))
        assert_granted(request(identity.leaf).send(emulator.url))


# --- what is refused


@pytest.mark.parametrize("change, text", [
    (dict(serial="1"), "the certificate has"),
    (dict(service="sts"), "must be rolesanywhere"),
    (dict(terminator="aws4"), "aws4_request"),
    (dict(region="eu-west-1"), "the region eu-west-1"),
    (dict(scope_date="20200101"), "scope has the date 20200101"),
    (dict(algorithm="AWS4-X509-RSA-SHA256"), "needs AWS4-X509-ECDSA-SHA256"),
    (dict(date=signing.amz_date(-3600)), "Signature expired"),
    (dict(date=signing.amz_date(3600)), "Signature not yet current"),
    (dict(unsigned={"host"}), "\"host\" is not signed"),
    (dict(unsigned={"content-type"}), "\"content-type\" is not signed"),
    (dict(unsigned={"x-amz-x509"}), "\"x-amz-x509\" is not signed"),
    (dict(unsigned={"x-amz-x509-chain"}), "\"x-amz-x509-chain\" is not signed"),
    (dict(sort=lambda names: sorted(names, reverse=True)), "sorted"),
    (dict(key=pki.key("p256", "not the leaf's")), "SHA-256"),
], ids=str)
def test_refused_signatures(server, identity, change, text):
    asked = request(identity.leaf)
    for name, value in change.items():
        setattr(asked, name, value)
    assert_refused(asked.send(server.url), "AccessDeniedException", text)


def test_a_refused_signature_names_the_canonical_request(server, identity):
    asked = request(identity.leaf).sign(server.url.split("/")[2])
    asked.headers[-1] = ("Authorization", asked.authorization[:-1]
                         + ("0" if asked.authorization[-1] != "0" else "1"))
    assert_refused(asked.send(server.url), "AccessDeniedException", asked.canonical_sha256)
    asked.headers.pop()
    assert_refused(asked.send(server.url), "AccessDeniedException", "no Authorization header")


@pytest.mark.parametrize("more, text", [
    (dict(trustAnchorArn=None), "trustAnchorArn is missing"),
    (dict(profileArn="x"), "profileArn \"x\" is neither arn:"),
    (dict(roleArn="arn:aws:iam::1:role/x"), "roleArn"),
    (dict(roleArn=signing.ROLE_ARN.replace("aws", "aws-cn", 1)), "partitions"),
    (dict(profileArn=signing.PROFILE_ARN.replace("us-east-1", "us-west-2")), "regions"),
    (dict(durationSeconds=899), "durationSeconds is 899"),
    (dict(durationSeconds=43201), "durationSeconds is 43201"),
    (dict(durationSeconds="900"), "not an integer"),
    (dict(roleSessionName="a b"), "roleSessionName"),
])
def test_refused_input(server, identity, more, text):
    assert_refused(request(identity.leaf, **more).send(server.url), "ValidationException", text,
                   status=400)


def test_refused_body_that_is_not_json(server, identity):
    asked = request(identity.leaf)
    asked.body = b"{"
    assert_refused(asked.send(server.url), "ValidationException", "not a JSON object", status=400)


def test_session_name_needs_leave(server, identity):
    assert_refused(request(identity.leaf, roleSessionName="me").send(server.url),
                   "AccessDeniedException", "Not authorized to set roleSessionName.")


@pytest.mark.parametrize("options, text", [
    (dict(usage=("key_encipherment",)), INSUFFICIENT + "keyUsage of the leaf (CN=bad) has no dig"),
    (dict(usage=()), INSUFFICIENT + "keyUsage of the leaf (CN=bad) has no digitalSignature"),
    (dict(ca=True, usage=("digital_signature", "key_cert_sign")),
     INSUFFICIENT + "basicConstraints of the leaf (CN=bad) has CA:TRUE"),
    (dict(hash_name="SHA1"), INSUFFICIENT + "the leaf (CN=bad) is signed with ecdsa-with-SHA1"),
    (dict(key_kind="rsa1024"), INSUFFICIENT + "the RSA key of the leaf (CN=bad) has 1024 bits"),
    (dict(key_kind="secp256k1"), "Invalid signature: "),
    (dict(not_after=pki.NOW - pki.DAY / 2), INSUFFICIENT + "the leaf (CN=bad) expired on"),
    (dict(not_before=pki.NOW + pki.DAY), INSUFFICIENT + "the leaf (CN=bad) is not valid before"),
])
def test_refused_leaves(server, identity, options, text):
    assert_refused(request(identity.intermediate.issue("bad", **options)).send(server.url),
                   "AccessDeniedException", text)


@pytest.mark.parametrize("options", [
    dict(ca=False, usage=("key_cert_sign",)), dict(ca=True, usage=("crl_sign",)),
    dict(ca=True, hash_name="SHA1"), dict(ca=True, not_after=pki.NOW - pki.DAY / 2)], ids=str)
def test_refused_issuers(server, identity, options):
    issuer = identity.root.issue("bad issuer", **options)
    assert_refused(request(issuer.issue("leaf")).send(server.url), "AccessDeniedException",
                   INSUFFICIENT + "the issuer (CN=bad issuer)")


def test_refused_chains(server, identity):
    leaf, middle, root = identity.leaf, identity.intermediate, identity.root
    lower = middle.issue("Lower", ca=True)
    low_leaf = lower.issue("low leaf")
    impostor = pki.root("Test Root", private_key=pki.key("p256", "impostor"))
    assert_granted(request(low_leaf).send(server.url))
    for entity, chain, text in [
            (leaf, [], "neither the trust anchor nor in x-amz-x509-chain"),
            (low_leaf, [middle, lower], "out of order"),
            (leaf, [leaf, middle], "contains the leaf"),
            (leaf, [middle] * 6, "more than 5"),
            (leaf, [lower], "does not issue"),
            (pki.make("self-signed"), [], "no chain to the trust anchor"),
            (impostor.issue("x"), [], "another key signed this certificate")]:
        assert_refused(request(entity, chain).send(server.url), "AccessDeniedException",
                       text)
    for header, text in [("", "is empty"), ("!", "is not base64"), ("AAAA", "not one X.509")]:
        asked = request(leaf)
        asked.chain_header = header
        assert_refused(asked.send(server.url), "AccessDeniedException", text)
    deep = root
    for level in range(5):
        deep = deep.issue(f"Level {level}", ca=True)
    assert_granted(request(deep.issue("deep leaf")).send(server.url))
    assert_refused(request(deep.issue("Level 5", ca=True).issue("too deep")).send(server.url),
                   "AccessDeniedException", "more than 5")


def test_revoked(tmp_path, identity):
    revoked = identity.intermediate.issue("revoked")
    lists = [pki.write(tmp_path, "root.crl", pki.crl(identity.root)),
             pki.write(tmp_path, "middle.crl", pki.crl(identity.intermediate, [revoked]))]
    with Emulator(identity.root_file, "--crl", lists[0], "--crl", lists[1]) as emulator:
        assert_refused(request(revoked).send(emulator.url), "AccessDeniedException",
                       UNTRUSTED + "the certificate (CN=revoked), serial number ")
        assert_granted(request(identity.leaf).send(emulator.url))


# --- the credentials in use


def xml_of(answer):
    return {e.tag.split("}")[1]: (e.text or "").strip() for e in ET.fromstring(answer.body).iter()}


def test_get_caller_identity(server, identity):
    session = assert_granted(request(identity.leaf).send(server.url))
    answer = IdentityRequest(session["credentials"]).send(server.url)
    assert answer.status == 200, answer
    said = xml_of(answer)
    assert said["Arn"] == session["assumedRoleUser"]["arn"]
    assert said["UserId"] == session["assumedRoleUser"]["assumedRoleId"]
    assert said["Account"] == signing.ACCOUNT
    assert said["RequestId"] == answer.headers["x-amzn-requestid"]


@pytest.mark.parametrize("change, status, code", [
    (dict(authorization=""), 403, "MissingAuthenticationToken"),
    (dict(authorization="Basic x"), 400, "IncompleteSignature"),
    (dict(algorithm="AWS4-X509-RSA-SHA256"), 400, "IncompleteSignature"),
    (dict(access_key="ASIAAAAAAAAAAAAAAAAA"), 403, "InvalidClientTokenId"),
    (dict(token=None), 403, "InvalidClientTokenId"),
    (dict(token="x"), 403, "InvalidClientTokenId"),
    (dict(secret_key="x"), 403, "SignatureDoesNotMatch"),
    (dict(service="s3"), 403, "SignatureDoesNotMatch"),
    (dict(date=signing.amz_date(-3600)), 403, "SignatureDoesNotMatch"),
    (dict(date=signing.amz_date(3600)), 403, "SignatureDoesNotMatch"),
    (dict(body=b"Action=AssumeRole&Version=2011-06-15"), 400, "InvalidAction"),
    (dict(body=b""), 400, "InvalidAction"),
    (dict(content_type="text/plain"), 400, "InvalidAction"),
], ids=str)
def test_sts_errors(server, identity, change, status, code):
    credentials = assert_granted(request(identity.leaf).send(server.url))["credentials"]
    asked = IdentityRequest(credentials)
    for name, value in change.items():
        setattr(asked, name, value)
    answer = asked.send(server.url)
    assert (answer.status, xml_of(answer)["Code"]) == (status, code), answer
    assert xml_of(answer)["Message"]


def test_expired_credentials(identity):
    # The clock is two hours behind for one answer, so that what it grants has expired since.
    with Emulator(identity.root_file, "--fault", "clock=-7200:1") as emulator:
        asked = request(identity.leaf)
        asked.date = signing.amz_date(-7200)
        credentials = assert_granted(asked.send(emulator.url))["credentials"]
        answer = IdentityRequest(credentials).send(emulator.url)
        assert (answer.status, xml_of(answer)["Code"]) == (403, "ExpiredToken")


@pytest.mark.skipif(not shutil.which("/usr/bin/aws"), reason="awscli is not installed")
def test_the_real_aws_cli(server, identity):
    session = assert_granted(request(identity.leaf).send(server.url))
    credentials = session["credentials"]
    env = environment({"AWS_ACCESS_KEY_ID": credentials["accessKeyId"],
                       "AWS_SECRET_ACCESS_KEY": credentials["secretAccessKey"],
                       "AWS_SESSION_TOKEN": credentials["sessionToken"],
                       "AWS_EC2_METADATA_DISABLED": "true", "AWS_MAX_ATTEMPTS": "1"})
    command = ["/usr/bin/aws", "sts", "get-caller-identity", "--endpoint-url", server.url,
               "--region", signing.REGION, "--output", "json"]
    done = subprocess.run(command, env=env, capture_output=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["Arn"] == session["assumedRoleUser"]["arn"]
    env["AWS_SECRET_ACCESS_KEY"] = "x" * 40
    done = subprocess.run(command, env=env, capture_output=True, timeout=60, check=False)
    assert b"(SignatureDoesNotMatch)" in done.stderr


def test_unknown_routes(server):
    for method, path in [("GET", "/"), ("GET", "/sessions"), ("POST", "/sessions/"), ("PUT", "/x")]:
        answer = signing.send(server.url, method, path, [("Host", "h")])
        assert answer.status == 404 and "POST /sessions" in answer.message, answer
