"""The verifier that judges the program is itself judged: by golden vectors, whole and spoilt."""

import calendar
import json
import pathlib
import time

import pytest
from support import pki
from support.verifier import Invalid, Request, sigv4_x509

VECTORS = json.loads((pathlib.Path(__file__).resolve().parents[1] / "vectors" /
                      "sigv4-x509.json").read_text())["vectors"]


def base64_der(pem):
    return "".join(pem.strip().splitlines()[1:-1])


def parts_of(vector):
    """Headers and body as the vector has them, to be spoilt before they become a request."""
    given, expected = vector["input"], vector["expected"]
    headers = {"host": given["host"], "content-type": "application/json",
               "x-amz-date": expected["string_to_sign"].split("\n")[1],
               "x-amz-x509": base64_der(given["certificate_pem"]),
               "authorization": expected["authorization"]}
    if given["chain_pem"]:
        headers["x-amz-x509-chain"] = ",".join(base64_der(c) for c in given["chain_pem"])
    return headers, given["body"].encode()


def check(vector, headers, body, line="POST /sessions HTTP/1.1", host=None, late=0):
    lines = [line, f"content-length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    at = calendar.timegm(time.strptime(vector["input"]["time"], "%Y-%m-%dT%H:%M:%SZ"))
    return sigv4_x509(Request("\r\n".join(lines).encode(), body), host or vector["input"]["host"],
                      clock=at - time.time() + late)


@pytest.mark.parametrize("vector", VECTORS, ids=lambda v: v["name"])
def test_golden_vectors(vector):
    signed = check(vector, *parts_of(vector))
    assert signed.canonical_request == vector["expected"]["canonical_request"]
    assert signed.string_to_sign == vector["expected"]["string_to_sign"]


def flip_signature(headers):
    last = headers["authorization"][-1]
    headers["authorization"] = headers["authorization"][:-1] + ("0" if last != "0" else "1")


def in_authorization(old, new):
    def change(headers):
        assert old in headers["authorization"]
        headers["authorization"] = headers["authorization"].replace(old, new, 1)
    return change


def reverse_chain(headers):
    headers["x-amz-x509-chain"] = ",".join(reversed(headers["x-amz-x509-chain"].split(",")))


def other_leaf(headers):
    headers["x-amz-x509"] = base64_der(pki.pem(pki.make("somebody else")).decode())


SPOILT = {
    "signature": flip_signature,
    "serial": in_authorization("Credential=", "Credential=1"),
    "hex serial": in_authorization("Credential=", "Credential=0x"),
    "region": in_authorization("/cn-north-1/", "/cn-north-2/"),
    "algorithm": in_authorization("ECDSA", "RSA"),
    "a header unsigned": in_authorization("content-type;", ""),
    "the chain unsigned": in_authorization(";x-amz-x509-chain", ""),
    "no space after a comma": in_authorization(", ", ","),
    "date": lambda headers: headers.update({"x-amz-date": "20260609T040507Z"}),
    "content type": lambda headers: headers.update({"content-type": "application/json; x"}),
    "no content type": lambda headers: headers.pop("content-type"),
    "chain reversed": reverse_chain,
    "chain missing": lambda headers: headers.pop("x-amz-x509-chain"),
    "chain empty": lambda headers: headers.update({"x-amz-x509-chain": ""}),
    "leaf in the chain": lambda headers: headers.update(
        {"x-amz-x509-chain": headers["x-amz-x509"] + "," + headers["x-amz-x509-chain"]}),
    "another leaf": other_leaf,
    "no authorization": lambda headers: headers.pop("authorization"),
}


@pytest.fixture(name="chained")
def vector_with_a_chain():
    return next(v for v in VECTORS if len(v["input"]["chain_pem"]) == 2)


@pytest.mark.parametrize("name", SPOILT)
def test_spoilt_headers(chained, name):
    headers, body = parts_of(chained)
    SPOILT[name](headers)
    with pytest.raises(Invalid):
        check(chained, headers, body)


@pytest.mark.parametrize("options", [
    {"line": "POST /sessions?x=y HTTP/1.1"}, {"line": "PUT /sessions HTTP/1.1"},
    {"line": "POST /sessions/ HTTP/1.1"}, {"host": "elsewhere"}, {"late": 301}, {"late": -301}])
def test_spoilt_otherwise(chained, options):
    with pytest.raises(Invalid):
        check(chained, *parts_of(chained), **options)


def test_spoilt_body(chained):
    headers, body = parts_of(chained)
    with pytest.raises(Invalid):
        check(chained, headers, body.replace(b"3600", b"3601"))
