"""Each error's exit code, form and text: what the service says, and what is refused before."""

import json
import time

import pytest
from support import pki
from support import verifier as v
from support.process import (ACCOUNT, ANCHOR_ARN, ARNS, PROFILE_ARN, ROLE_ARN, Emulator,
                             assert_credentials, assert_fails, credential_process, session)
from support.verifier import REQUEST_ID, SECRET_KEY, SESSION_TOKEN, Verifier, service_error

def fails_once(identity, answer, code, pattern, hint=None):
    """One request, not retried, and an error."""
    with Verifier(answer) as verifier:
        result = assert_fails(session(verifier, identity.flags), code, pattern, hint)
    assert len(verifier.requests) == 1, result
    assert SECRET_KEY not in result.err and SESSION_TOKEN not in result.err, result
    return result

@pytest.mark.parametrize("status,name,text", [
    (403, "AccessDeniedException", "Invalid signature"),
    (403, "AccessDeniedException", "Untrusted signing certificate"),
    (403, "AccessDeniedException", "Untrusted certificate. Insufficient certificate"),
    (403, "AccessDeniedException", "Not authorized to set roleSessionName."),
    (403, "AccessDeniedException", f"Unable to assume role for {ROLE_ARN}"),
    (404, "ResourceNotFoundException", "Profile not found"),
    (400, "ValidationException", "Value at 'durationSeconds' failed to satisfy constraint"),
    (400, "SomethingNewException", "never heard of"),
])
@pytest.mark.parametrize("where", ["header", "__type", "code"])
def test_service_errors(identity, status, name, text, where):
    result = fails_once(identity, service_error(status, name, text, where), 1, name)
    assert text.rstrip(".") in result.err and REQUEST_ID in result.err, result

@pytest.mark.parametrize("text", [
    "Untrusted signing certificate", "Untrusted certificate. Insufficient certificate",
    "Not authorized to set roleSessionName.", f"Unable to assume role for {ROLE_ARN}"])
def test_errors_that_a_user_can_act_on_have_a_hint(identity, text):
    result = fails_once(identity, service_error(403, "AccessDeniedException", text), 1, "denied")
    assert result.hint, result

@pytest.mark.parametrize("name", [
    "AccessDeniedException:http://internal.amazon.com/coral/com.amazon.x/",
    "com.amazon.rolesanywhere#AccessDeniedException",
    "com.amazon.x#AccessDeniedException:http://internal.amazon.com/"])
@pytest.mark.parametrize("where", ["header", "__type", "code"])
def test_error_name_is_cut_out(identity, name, where):
    result = fails_once(identity, service_error(403, name, "no", where), 1,
                        "AccessDeniedException")
    assert "amazon" not in result.err, result

@pytest.mark.parametrize("body,pattern", [
    (b'{"Message":"upper case"}', "upper case"),
    (b'{"message":"a","Message":"b"}', r"\ba\b"),
    (b"<html><body><h1>403 Forbidden</h1></body></html>", "403"),
    (b"", "403"),
    (b"[]", "403"),
    (b'"text"', "403"),
    (b'{"message":null}', "403"),
    (b'{"message":{"a":1},"__type":7,"code":[]}', "403"),
    (b'{"message":"' + b"\xff\xfe" + b'"}', "403"),
    (b'{"message":"cut', "403"),
    (b"\x00\x01\x02", "403"),
    (b"[" * 100000, "403"),
    (b'{"message":"two\\nlines \\u001b[31mred"}', "two.*lines"),
])
def test_odd_error_bodies(identity, body, pattern):
    result = fails_once(identity, v.respond(403, body), 1, pattern)
    assert "\x1b" not in result.err, result
    assert len(result.err) < 4000, result
    assert len(result.err.splitlines()) <= 3, result

@pytest.mark.parametrize("status", [201, 200, 202])
def test_each_2xx_is_success(identity, status):
    with Verifier(v.respond(status, v.credential_set())) as verifier:
        assert_credentials(session(verifier, identity.flags))

def changed(path, value):
    """The documented body with one member replaced; a value of ... removes it."""
    body = v.credential_set()
    at = body
    for step in path[:-1]:
        at = at[step]
    if value is ...:
        del at[path[-1]]
    else:
        at[path[-1]] = value
    return json.dumps(body).encode()

CREDENTIALS = ("credentialSet", 0, "credentials")
BAD_ANSWERS = [
    b"", b"{}", b"null", b"[]", b"not json", b"<html></html>", b"[" * 100000, b"\xff\xfe",
    b'{"credentialSet":', json.dumps(v.credential_set()).encode()[:-9],
    changed(("credentialSet",), []), changed(("credentialSet",), None),
    changed(("credentialSet",), {}), changed(("credentialSet",), ...),
    changed(("credentialSet", 0), None), changed(CREDENTIALS, ...), changed(CREDENTIALS, []),
    *(changed((*CREDENTIALS, name), value)
      for name in ("accessKeyId", "secretAccessKey", "sessionToken", "expiration")
      for value in (..., None, "", 5, [])),
    *(changed((*CREDENTIALS, "expiration"), value)
      for value in ("tomorrow", "2026-13-40T99:99:99Z", "1764000000", "2026-11-23")),
]

@pytest.mark.parametrize("body", BAD_ANSWERS, ids=lambda b: b[:10].decode("latin-1"))
def test_success_that_is_none(identity, body):
    with Verifier(v.respond(201, body)) as verifier:
        result = assert_fails(session(verifier, identity.flags), 1)
    assert SECRET_KEY not in result.err and SESSION_TOKEN not in result.err, result
    assert len(result.err) < 2000, result

@pytest.mark.parametrize("form", ["fractions", "offset"])
def test_expiration_forms(identity, form):
    at = int(time.time()) + 1800
    zulu = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at))
    text = {"fractions": zulu.replace("Z", ".123Z"),
            "offset": time.strftime("%Y-%m-%dT%H:%M:%S+02:00", time.gmtime(at + 7200))}[form]
    with Verifier(v.ok(expiration=text)) as verifier:
        result = session(verifier, identity.flags)
    assert assert_credentials(result)["Expiration"] == zulu


# Refused before anything is sent: flags instead of the good ones, exit code 2, a part of the error.

def arns(**changes):
    named = {"trust_anchor": ANCHOR_ARN, "profile": PROFILE_ARN, "role": ROLE_ARN, **changes}
    return [part for name, value in named.items()
            for part in (f"--{name.replace('_', '-')}-arn", value)]

LOCAL = {
    "trust anchor of another region": (
        arns(trust_anchor=ANCHOR_ARN.replace("eu-west-1", "us-east-1")), "region|us-east-1"),
    "trust anchor of another partition": (
        arns(trust_anchor=ANCHOR_ARN.replace("arn:aws:", "arn:aws-cn:")), "partition|aws-cn"),
    "role of another partition": (
        arns(role=ROLE_ARN.replace("arn:aws:", "arn:aws-us-gov:")), "partition|aws-us-gov"),
    "--region that is another": ([*arns(), "--region", "us-east-1"], "region"),
    "duration too short": ([*arns(), "--session-duration", "899"], "900"),
    "duration too long": ([*arns(), "--session-duration", "43201"], "43200"),
    "fips and endpoint": ([*arns(), "--use-fips"], "endpoint"),
    "dual-stack and endpoint": ([*arns(), "--use-dualstack"], "endpoint"),
}

@pytest.mark.parametrize("name", LOCAL)
def test_refused_before_sending(identity, name):
    flags, pattern = LOCAL[name]
    with Verifier() as verifier:
        result = credential_process(*identity.flags, *flags, "--endpoint", verifier.url)
    assert_fails(result, 2, pattern)
    assert verifier.connections == 0

@pytest.mark.parametrize("missing", ["--certificate", "--private-key", "--role-arn",
                                     "--profile-arn", "--trust-anchor-arn"])
def test_missing_flags(identity, missing):
    flags = [*identity.flags, *ARNS]
    at = flags.index(missing)
    result = credential_process(*flags[:at], *flags[at + 2:], "--endpoint", "http://127.0.0.1:1")
    assert_fails(result, 2, missing)

@pytest.mark.parametrize("options,code,pattern", [
    ({"not_before": pki.NOW - 20 * pki.DAY, "not_after": pki.NOW - 5 * pki.DAY}, 1,
     r"(ended|expired).*5 days|5 days.*(ago|since)|(ended|expired).*(19|20)\d\d-"),
    ({"not_before": pki.NOW + 5 * pki.DAY, "not_after": pki.NOW + 9 * pki.DAY}, 1,
     r"not (yet )?valid|start|begin"),
])
def test_validity(identity, tmp_path, options, code, pattern):
    leaf = identity.intermediate.issue("leaf", **options)
    with Verifier() as verifier:
        result = session(verifier, pki.write_identity(tmp_path, leaf))
    assert_fails(result, code, pattern)
    assert verifier.connections == 0

def test_key_of_another_certificate(identity, tmp_path):
    other = pki.write(tmp_path, "other.key", pki.key_pem(pki.key("p256", "somebody else")))
    with Verifier() as verifier:
        result = session(verifier, ["--certificate", identity.certificate, "--private-key", other])
    assert_fails(result, 2, "key")
    assert verifier.connections == 0

# What the service requires of a leaf: sent all the same, since the service is who decides, and
# explained when it refuses.
REQUIREMENTS = {
    "no digitalSignature": ({"usage": ("key_encipherment",)}, "digitalSignature"),
    "no keyUsage": ({"usage": ()}, "keyUsage|digitalSignature"),
    "CA": ({"ca": True, "usage": ("digital_signature", "key_cert_sign")}, "CA"),
    "SHA-1": ({"hash_name": "SHA1"}, "SHA-?1"),
}

@pytest.mark.filterwarnings("ignore:SHA1 signatures")
@pytest.mark.parametrize("name", REQUIREMENTS)
def test_the_requirement_that_a_leaf_fails_is_named(identity, tmp_path, name):
    options, pattern = REQUIREMENTS[name]
    flags = pki.write_identity(tmp_path, identity.intermediate.issue("leaf", **options))
    text = "Untrusted certificate. Insufficient certificate"
    with Verifier(service_error(403, "AccessDeniedException", text)) as verifier:
        assert_fails(session(verifier, flags), 1, "AccessDenied", hint=pattern)
    assert len(verifier.requests) == 1
    with Emulator(identity.root_file) as emulator:
        assert_fails(session(emulator, flags), 1, "Untrusted certificate", hint=pattern)

@pytest.mark.parametrize("extra,flags,code,pattern", [
    ([], ["--role-session-name", "web"], 1, "roleSessionName"),
    (["--role-arn", f"arn:aws:iam::{ACCOUNT}:role/Other"], [], 1, "Unable to assume role"),
    (["--fault", "empty"], [], 1, ""),
    (["--fault", "broken"], [], 1, ""),
    (["--fault", "404"], [], 1, "404"),
])
def test_against_emulate(identity, extra, flags, code, pattern):
    with Emulator(identity.root_file, *extra) as emulator:
        assert_fails(session(emulator, identity.flags, *flags), code, pattern)

def test_untrusted_at_emulate(identity, tmp_path):
    leaf = pki.root("Other Root").issue("leaf")
    with Emulator(identity.root_file) as emulator:
        assert_fails(session(emulator, pki.write_identity(tmp_path, leaf)), 1, "Untrusted",
                     hint=".")

def test_revoked_at_emulate(identity, tmp_path):
    crl = pki.write(tmp_path, "crl.pem", pki.crl(identity.intermediate, [identity.leaf]))
    with Emulator(identity.root_file, "--crl", crl) as emulator:
        assert_fails(session(emulator, identity.flags), 1, "revoked|CRL")


@pytest.mark.parametrize("status", [201, 403])
@pytest.mark.parametrize("levels", [65, 400000])
def test_an_answer_that_is_nested_too_deep(identity, status, levels):
    """The JSON library would end its stack."""
    body = '{"x":' + "[" * levels + "]" * levels + ',"message":"m","credentialSet":[]}'
    with Verifier(v.respond(status, body.encode())) as verifier:
        result = session(verifier, identity.flags)
    assert_fails(result, 1, "not JSON" if status == 201 else "refused")


def test_what_is_said_is_utf8_whatever_comes(identity):
    """The aws CLI hides the reason where it is not."""
    text = "x" * 599 + "\u00e9t\u00e9\u009b\u202e"
    answer = v.service_error(403, "Denied", text, headers={"x-amzn-requestid": "caf\xe9"})
    with Verifier(answer) as verifier:
        result = session(verifier, identity.flags)
    assert_fails(result, 1, "Denied")
    assert "\\x" not in result.err and "\u009b" not in result.err and "\u202e" not in result.err
