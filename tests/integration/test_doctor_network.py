"""`doctor`: what is wrong with the clock, the network, the session and its credentials."""

import re
import ssl

import pytest
from support import pki
from support import verifier as v
from support.doctor import assert_same_as_text, doctor
from support.process import ARNS, free_port
from support.tinyproxy import Tinyproxy, tinyproxy
from support.verifier import Verifier

IDENTITY = (b"<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>"
            b"arn:aws:sts::111122223333:assumed-role/%s/x</Arn><Account>111122223333</Account>"
            b"</GetCallerIdentityResult></GetCallerIdentityResponse>")
ERROR = b"<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>"


def served(identity, *answers, more=(), env=None, code=None, **options):
    """The report with a server that answers GET /, CreateSession and GetCallerIdentity."""
    usual = [v.respond(404), v.ok(), v.respond(200, IDENTITY % b"Example")]
    given = [*answers, *usual[len(answers):]]
    with Verifier(*given, check=False, **options) as server:
        result, report = doctor(*identity.flags, *ARNS, "--endpoint", server.url, "--warn-days",
                                "1", *more, env=env, code=code)
    report.paths = [(request.method, request.target) for request in server.requests]
    report.requests = server.requests
    return result, report


def test_sound(identity):
    result, report = served(identity, code=0)
    assert report.with_status("fail") == [] and report.with_status("skip") == [], result
    assert report.paths == [("GET", "/"), ("POST", "/sessions"), ("POST", "/")]
    assert not any("authorization" in name for name, _ in report.requests[0].headers)


@pytest.mark.parametrize("clock,status,pattern", [
    (30, "ok", "differs by"), (-90, "warn", "1 minute ahead of"), (100, "warn", "1 minute behind"),
    (3600, "fail", "hour behind|59 minutes behind"), (-400, "fail", "6 minutes ahead of")])
def test_clock(identity, clock, status, pattern):
    result, report = served(identity, v.respond(404, clock=clock))
    assert report["clock"]["status"] == status, result
    assert re.search(pattern, report["clock"]["detail"]), result
    # The service's own time is used for signatures, and so only one request is sent.
    assert [path for path in report.paths if path == ("POST", "/sessions")] == [("POST", "/sessions")]


def test_no_date(identity):
    _, report = served(identity, v.respond(404, date=False), code=0)
    assert report["clock"]["status"] == "skip"


# --- the network

def test_nothing_listens(identity):
    arguments = [*identity.flags, *ARNS, "--endpoint", f"http://127.0.0.1:{free_port()}"]
    result, report = doctor(*arguments, code=1)
    assert "cannot connect" in report["network"]["detail"], result
    assert report.with_status("fail") == ["network"]
    assert {"clock", "session", "identity"} <= set(report.with_status("skip"))
    assert "see network" in report["session"]["detail"]
    assert_same_as_text(report, *arguments)


def test_a_name_that_cannot_be_resolved(identity):
    result, report = doctor(*identity.flags, *ARNS, "--endpoint", "https://no.such.host.invalid",
                            code=1)
    assert "cannot resolve the name no.such.host.invalid" in report["network"]["detail"], result


@pytest.mark.parametrize("status,pattern", [(302, "redirect"), (503, "HTTP 503")])
def test_other_answers(identity, status, pattern):
    _, report = served(identity, v.respond(status, headers={"Location": "https://login.example"}))
    assert report["network"]["status"] == "warn"
    assert re.search(pattern, report["network"]["detail"])


@pytest.fixture(name="tls", scope="module")
def tls_context(tmp_path_factory):
    directory = tmp_path_factory.mktemp("doctor-tls")
    server = pki.tls_server(pki.root("Corporate Inspection CA"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pki.write(directory, "tls.pem", pki.pem(server)),
                            pki.write(directory, "tls.key", pki.key_pem(server.key)))
    return context


def test_a_certificate_that_does_not_verify(identity, tls):
    result, report = served(identity, v.respond(404, clock=900), tls=tls,
                            more=["--ca-bundle", identity.root_file], code=1)
    assert report["network"]["status"] == "fail", result
    assert "its issuer is CN = Corporate Inspection CA" in report["network"]["detail"], result
    assert "--ca-bundle" in report["network"]["hint"]
    # The time is known all the same. Nothing else was sent.
    assert report["clock"]["status"] == "fail"
    assert report["session"]["status"] == "skip" and report.paths == [("GET", "/")], result


def test_no_verify_ssl(identity, tls):
    _, report = served(identity, tls=tls, more=["--no-verify-ssl"], code=0)
    assert report["network"]["status"] == "warn"
    assert "can read the credentials" in report["network"]["detail"]


def test_a_proxy_that_is_not_used(identity):
    _, report = served(identity, env={"HTTPS_PROXY": "http://127.0.0.1:1"}, code=0)
    assert "HTTPS_PROXY is set, but not used without --with-proxy" in report["network"]["detail"]


@tinyproxy
def test_a_proxy_that_refuses(identity, tmp_path):
    with Tinyproxy(tmp_path, 443) as proxy:
        result, report = doctor(*identity.flags, *ARNS, "--endpoint", "https://localhost:8443",
                                "--with-proxy", env={"HTTPS_PROXY": proxy.url}, code=1)
    assert "the proxy refused to connect" in report["network"]["detail"], result


def test_a_ca_bundle_that_is_missing(identity):
    result, report = doctor(*identity.flags, *ARNS, "--ca-bundle", "/none.pem", "--endpoint",
                            "https://localhost:1", code=1)
    assert report["network"]["status"] == "fail", result


# --- the session

@pytest.mark.parametrize("name,text,hint", [
    ("AccessDeniedException", "Invalid signature", "clock"),
    ("AccessDeniedException", "Untrusted signing certificate", "trust anchor"),
    ("AccessDeniedException", "Unable to assume role for arn:x", "trust policy"),
    ("AccessDeniedException", "Not authorized to set roleSessionName.", "role-session-name"),
    ("ResourceNotFoundException", "no such profile", "profile-arn"),
    ("ThrottlingException", "Rate exceeded", "serve"),
])
def test_refusals(identity, name, text, hint):
    result, report = served(identity, v.respond(404), v.service_error(403, name, text), code=1)
    assert report.with_status("fail") == ["session"], result
    assert text.rstrip(".") in report["session"]["detail"] and hint in report["session"]["hint"]
    assert "doctor" not in report["session"]["hint"]
    assert report["identity"]["status"] == "skip"
    assert len(report.paths) == 2  # no second attempt


def test_a_session_that_is_too_short(identity):
    soon = v.ok(expiration=v.time.strftime("%Y-%m-%dT%H:%M:%SZ",
                                           v.time.gmtime(v.time.time() + 900)))
    _, report = served(identity, v.respond(404), soon, code=0)
    assert report["session"]["status"] == "warn"
    assert "instead of 3600 s" in report["session"]["detail"]
    assert "--duration-seconds" in report["session"]["hint"]


def test_a_full_packed_policy(identity):
    body = v.credential_set()
    body["credentialSet"][0]["packedPolicySize"] = 93
    _, report = served(identity, v.respond(404), v.respond(201, body), code=0)
    assert report["session"]["status"] == "warn" and "93 %" in report["session"]["detail"]


def test_an_answer_that_is_no_session(identity):
    _, report = served(identity, v.respond(404), v.respond(200, b"<html>"), code=1)
    assert "is not a session" in report["session"]["detail"]


# --- AWS STS

def test_credentials_of_another_role(identity):
    _, report = served(identity, v.respond(404), v.ok(), v.respond(200, IDENTITY % b"Other"), code=1)
    assert report.with_status("fail") == ["identity"]
    assert "assumed-role/Other/x, not of" in report["identity"]["detail"]


def test_sts_refuses(identity):
    _, report = served(identity, v.respond(404), v.ok(), v.respond(403, ERROR), code=1)
    assert "AccessDenied: no" in report["identity"]["detail"]


def test_no_secret_of_the_session_is_shown(identity):
    result, _ = served(identity, code=0)
    for secret in (v.SECRET_KEY, v.SESSION_TOKEN, v.ACCESS_KEY_ID):
        assert secret not in result.out + result.err
