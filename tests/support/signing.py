"""Signs requests as SigV4-X509 and SigV4 want it, written from the guides alone.

It shares nothing with the C++ code nor with verifier.py, so that the three check each other. Each
piece of what is signed can be overridden, to make requests that must be refused.
"""

import base64
import datetime
import hashlib
import hmac
import http.client
import json
import re
import ssl
import urllib.parse

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

REGION = "us-east-1"
ACCOUNT = "123456789012"
ANCHOR_ARN = (f"arn:aws:rolesanywhere:{REGION}:{ACCOUNT}:"
              "trust-anchor/22222222-2222-2222-2222-222222222222")
PROFILE_ARN = (f"arn:aws:rolesanywhere:{REGION}:{ACCOUNT}:"
               "profile/11111111-1111-1111-1111-111111111111")
ROLE_ARN = f"arn:aws:iam::{ACCOUNT}:role/teams/demo"
ARNS = {"trustAnchorArn": ANCHOR_ARN, "profileArn": PROFILE_ARN, "roleArn": ROLE_ARN}


class Response:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def error(self):
        return self.headers.get("x-amzn-errortype")

    @property
    def message(self):
        return self.json["message"]

    @property
    def credentials(self):
        return self.json["credentialSet"][0]["credentials"]

    def __repr__(self):
        return f"HTTP {self.status} {dict(self.headers)} {self.body!r}"


def send(url, method, path, headers, body=b"", timeout=20, context=None):
    """`path` goes out as it is, with its query."""
    parts = urllib.parse.urlsplit(url)
    if parts.scheme == "https":
        connection = http.client.HTTPSConnection(
            parts.hostname, parts.port, timeout=timeout,
            context=context or ssl._create_unverified_context())
    else:
        connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=timeout)
    try:
        connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        for name, value in headers:
            connection.putheader(name, value)
        connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        answer = connection.getresponse()
        return Response(answer.status, answer.headers, answer.read())
    finally:
        connection.close()


def canonical_query(query):
    pairs = [part.partition("=")[::2] for part in query.split("&") if part]
    decoded = [(urllib.parse.unquote(n), urllib.parse.unquote(v)) for n, v in pairs]
    encoded = sorted((urllib.parse.quote(n, safe="-_.~"), urllib.parse.quote(v, safe="-_.~"))
                     for n, v in decoded)
    return "&".join(f"{n}={v}" for n, v in encoded)


def canonical_request(method, path, query, headers, signed, body):
    """`query` is canonical already."""
    lines = [method, path, query]
    for name in signed:
        values = [" ".join(v.split()) for n, v in headers if n.lower() == name]
        lines.append(f"{name}:{','.join(values)}")
    lines += ["", ";".join(signed), hashlib.sha256(body).hexdigest()]
    return "\n".join(lines)


def string_to_sign(algorithm, date, scope, canonical):
    return "\n".join([algorithm, date, scope, hashlib.sha256(canonical.encode()).hexdigest()])


def sign_with_key(private_key, text):
    if isinstance(private_key, ec.EllipticCurvePrivateKey):
        return private_key.sign(text.encode(), ec.ECDSA(hashes.SHA256()))
    if isinstance(private_key, rsa.RSAPrivateKey):
        return private_key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())
    return private_key.sign(text.encode())


def amz_date(offset=0):
    now = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=offset)
    return now.strftime("%Y%m%dT%H%M%SZ")


def _b64_der(certificate):
    return base64.b64encode(certificate.public_bytes(serialization.Encoding.DER)).decode()


class SessionRequest:
    """A CreateSession request. Change an attribute before sign(), or a header after it."""

    def __init__(self, leaf, private_key, chain=(), body=None, query="", **more):
        self.leaf, self.key = leaf, private_key
        self.chain = [_b64_der(c) for c in chain]
        self.method, self.path, self.query = "POST", "/sessions", query
        self.body = json.dumps(ARNS | more if body is None else body).encode()
        self.date = amz_date()
        self.scope_date = None
        self.region, self.service, self.terminator = REGION, "rolesanywhere", "aws4_request"
        self.serial = str(leaf.serial_number)
        self.algorithm = ("AWS4-X509-ECDSA-SHA256" if isinstance(
            private_key, ec.EllipticCurvePrivateKey) else "AWS4-X509-RSA-SHA256")
        self.unsigned = set()
        self.sort = sorted
        self.x509 = _b64_der(leaf)
        self.headers = None
        self.chain_header = ",".join(self.chain) if self.chain else None
        self.double_equals = False

    def sign(self, host):
        headers = [("Host", host), ("Content-Type", "application/json"), ("X-Amz-Date", self.date),
                   ("X-Amz-X509", self.x509)]
        if self.chain_header is not None:
            headers.append(("X-Amz-X509-Chain", self.chain_header))
        signed = self.sort({n.lower() for n, _ in headers} - self.unsigned)
        scope = "/".join([self.scope_date or self.date[:8], self.region, self.service,
                          self.terminator])
        query = canonical_query(self.query)
        if self.double_equals:
            query = query.replace("%3D", "%253D")
        canonical = canonical_request(self.method, self.path, query, headers, signed, self.body)
        self.canonical_sha256 = hashlib.sha256(canonical.encode()).hexdigest()
        text = string_to_sign(self.algorithm, self.date, scope, canonical)
        self.signature = sign_with_key(self.key, text).hex()
        self.authorization = (f"{self.algorithm} Credential={self.serial}/{scope}, "
                              f"SignedHeaders={';'.join(signed)}, Signature={self.signature}")
        self.headers = headers + [("Authorization", self.authorization)]
        return self

    def send(self, url, **options):
        if self.headers is None:
            self.sign(urllib.parse.urlsplit(url).netloc)
        target = self.path + ("?" + self.query if self.query else "")
        return send(url, self.method, target, self.headers, self.body, **options)


def _hmac(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


class IdentityRequest:
    """sts:GetCallerIdentity with the credentials of a CreateSession answer."""

    def __init__(self, credentials, body="Action=GetCallerIdentity&Version=2011-06-15"):
        self.access_key = credentials["accessKeyId"]
        self.secret_key = credentials["secretAccessKey"]
        self.token = credentials["sessionToken"]
        self.body = body.encode()
        self.date = amz_date()
        self.region, self.service = REGION, "sts"
        self.algorithm = "AWS4-HMAC-SHA256"
        self.content_type = "application/x-www-form-urlencoded; charset=utf-8"
        self.authorization = None

    def send(self, url, **options):
        headers = [("Host", urllib.parse.urlsplit(url).netloc), ("Content-Type", self.content_type),
                   ("X-Amz-Date", self.date)]
        if self.token is not None:
            headers.append(("X-Amz-Security-Token", self.token))
        signed = sorted(n.lower() for n, _ in headers)
        scope = f"{self.date[:8]}/{self.region}/{self.service}/aws4_request"
        key = ("AWS4" + self.secret_key).encode()
        for step in scope.split("/"):
            key = _hmac(key, step)
        canonical = canonical_request("POST", "/", "", headers, signed, self.body)
        signature = _hmac(key, string_to_sign(self.algorithm, self.date, scope, canonical)).hex()
        authorization = self.authorization
        if authorization is None:
            authorization = (f"{self.algorithm} Credential={self.access_key}/{scope}, "
                             f"SignedHeaders={';'.join(signed)}, Signature={signature}")
        if authorization:
            headers.append(("Authorization", authorization))
        return send(url, "POST", "/", headers, self.body, **options)


def request(entity, chain=None, **more):
    """A request by this leaf; `chain`: its issuers, if other than what it has; `more`: JSON."""
    issuers = entity.chain if chain is None else chain
    return SessionRequest(entity.certificate, entity.key, [e.certificate for e in issuers], **more)


def assert_granted(answer):
    assert answer.status == 201, answer
    credentials = answer.credentials
    assert re.fullmatch("ASIA[A-Z0-9]{16}", credentials["accessKeyId"])
    assert len(credentials["secretAccessKey"]) == 40
    assert len(credentials["sessionToken"]) > 200
    return answer.json["credentialSet"][0]


def assert_refused(answer, name, text, status=403):
    assert answer.status == status, answer
    assert answer.error == name, answer
    assert text in answer.message, answer
    assert re.fullmatch("[0-9a-f-]{36}", answer.headers["x-amzn-requestid"])
    assert answer.headers["Date"]


def length_of(session):
    """The seconds that a session still has."""
    end = datetime.datetime.strptime(session["credentials"]["expiration"], "%Y-%m-%dT%H:%M:%SZ")
    return (end - datetime.datetime.utcnow()).total_seconds()


def ask(emulator, identity):
    """A request that is right in all."""
    return request(identity.leaf).send(emulator.url)
