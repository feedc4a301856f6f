"""A server that checks each CreateSession request byte by byte, then answers what it is told to.

It is a second opinion: written from the AWS guide ("Signing process" of IAM Roles Anywhere) with
python3-cryptography, it shares nothing with the program. `sigv4_x509` checks how a request is
signed, `create_session` also what it asks for, `Verifier` is the server, and the functions below it
make answers.
"""

import base64
import calendar
import email.utils
import hashlib
import json
import re
import socket
import struct
import threading
import time

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

SECRET_KEY = "wJalrXUtnFEMIK7MDENGbPxRfiCYverifierSECR"
SESSION_TOKEN = "IQoJb3JpZ2luX2VjVerifierTOKEN" * 8
ACCESS_KEY_ID = "ASIAVERIFIER00000001"
REQUEST_ID = "0f1e2d3c-4b5a-4978-8695-a4b3c2d1e0f1"


class Invalid(Exception):
    """What is wrong with a request."""


class Request:
    """One request as it came off the wire."""

    def __init__(self, head, body):
        lines = head.decode("latin-1").split("\r\n")
        self.head, self.body = head, body
        self.at = time.monotonic()
        self.method, self.target, self.version = (lines[0].split(" ") + ["", ""])[:3]
        self.headers = []
        for line in lines[1:]:
            name, _, value = line.partition(":")
            self.headers.append((name.lower(), value))

    def all(self, name):
        return [value.strip(" \t") for key, value in self.headers if key == name]

    def one(self, name):
        values = self.all(name)
        if len(values) != 1:
            raise Invalid(f"header {name} is there {len(values)} times")
        return values[0]

    @property
    def json(self):
        return json.loads(self.body)


class Signed:
    """What a valid request says."""

    def __init__(self, **fields):
        self.__dict__.update(fields)


AUTHORIZATION = re.compile(
    r"(AWS4-X509-(?:RSA|ECDSA)-SHA256) "
    r"Credential=([0-9]+)/([0-9]{8})/([a-z0-9-]+)/rolesanywhere/aws4_request, "
    r"SignedHeaders=([a-z0-9;-]+), Signature=((?:[0-9a-f]{2})+)")


def _certificate(text):
    try:
        return x509.load_der_x509_certificate(base64.b64decode(text, validate=True))
    except ValueError as error:
        raise Invalid(f"not the base64 of a certificate: {error}: {text[:40]}") from error


def _verify(public_key, signature, data, hash_algorithm):
    if isinstance(public_key, rsa.RSAPublicKey):
        public_key.verify(signature, data, padding.PKCS1v15(), hash_algorithm)
    else:
        public_key.verify(signature, data, ec.ECDSA(hash_algorithm))


def _check_chain(leaf, chain):
    below = leaf
    for position, certificate in enumerate(chain):
        if certificate.subject != below.issuer:
            raise Invalid(f"certificate {position} of the chain did not issue the one before")
        try:
            _verify(certificate.public_key(), below.signature, below.tbs_certificate_bytes,
                    below.signature_hash_algorithm)
        except InvalidSignature as error:
            raise Invalid(f"certificate {position} of the chain did not sign the one before") \
                from error
        below = certificate


def sigv4_x509(request, host, clock=0, tolerance=300):
    """Checks head and signature; `clock`: seconds that the server is ahead. Raises Invalid."""
    if (request.method, request.target, request.version) != ("POST", "/sessions", "HTTP/1.1"):
        raise Invalid(f"request line: {request.method} {request.target} {request.version}")
    if request.one("host") != host:
        raise Invalid(f"host is {request.one('host')}, not {host}")
    if request.one("content-type") != "application/json":
        raise Invalid(f"content-type {request.one('content-type')}")
    if request.one("content-length") != str(len(request.body)):
        raise Invalid("content-length")

    match = AUTHORIZATION.fullmatch(request.one("authorization"))
    if not match:
        raise Invalid("authorization: " + request.one("authorization"))
    algorithm, serial, day, region, signed_text, signature = match.groups()
    date = request.one("x-amz-date")
    if not re.fullmatch(r"[0-9]{8}T[0-9]{6}Z", date) or date[:8] != day:
        raise Invalid(f"x-amz-date {date} and credential scope {day}")
    age = time.time() + clock - calendar.timegm(time.strptime(date, "%Y%m%dT%H%M%SZ"))
    if abs(age) > tolerance:
        raise Invalid(f"x-amz-date is {age:.0f} s from the server's clock")

    leaf = _certificate(request.one("x-amz-x509"))
    chain = []
    if request.all("x-amz-x509-chain"):
        chain = [_certificate(c) for c in request.one("x-amz-x509-chain").split(",")]
    if len(chain) > 5:
        raise Invalid(f"{len(chain)} certificates in the chain")
    _check_chain(leaf, chain)
    if serial != str(leaf.serial_number):
        raise Invalid(f"serial number {serial} is not {leaf.serial_number}")

    signed = signed_text.split(";")
    needed = {"content-type", "host", "x-amz-date", "x-amz-x509"}
    if chain:
        needed.add("x-amz-x509-chain")
    if signed != sorted(set(signed)) or needed - set(signed):
        raise Invalid(f"signed headers: {signed_text}")
    if set(signed) & {"authorization", "user-agent", "x-amzn-trace-id"}:
        raise Invalid(f"signed headers that must not be: {signed_text}")

    canonical = "POST\n/sessions\n\n"
    for name in signed:
        canonical += name + ":" + re.sub(" +", " ", request.one(name)) + "\n"
    canonical += "\n" + signed_text + "\n" + hashlib.sha256(request.body).hexdigest()
    to_sign = "\n".join([algorithm, date, f"{day}/{region}/rolesanywhere/aws4_request",
                         hashlib.sha256(canonical.encode("latin-1")).hexdigest()])
    public_key = leaf.public_key()
    kind = "RSA" if isinstance(public_key, rsa.RSAPublicKey) else "ECDSA"
    if algorithm != f"AWS4-X509-{kind}-SHA256":
        raise Invalid(f"{algorithm} for a key of {kind}")
    try:
        _verify(public_key, bytes.fromhex(signature), to_sign.encode(), hashes.SHA256())
    except InvalidSignature as error:
        raise Invalid("signature; canonical request:\n" + canonical) from error
    return Signed(algorithm=algorithm, serial=serial, date=date, region=region, leaf=leaf,
                  chain=chain, signed_headers=signed, signature=signature,
                  canonical_request=canonical, string_to_sign=to_sign)


def create_session(request, host, clock=0):
    """All of sigv4_x509, the body, and that no root was sent."""
    signed = sigv4_x509(request, host, clock)
    if any(certificate.subject == certificate.issuer for certificate in signed.chain):
        raise Invalid("a root in the chain")
    body = signed.body = request.json
    known = {"profileArn", "roleArn", "trustAnchorArn", "durationSeconds", "roleSessionName"}
    if not isinstance(body, dict) or set(body) - known:
        raise Invalid(f"body: {body}")
    for field in ("profileArn", "roleArn", "trustAnchorArn"):
        if not str(body.get(field, "")).startswith("arn:"):
            raise Invalid(f"body without {field}: {body}")
    for field in ("profileArn", "trustAnchorArn"):
        if body[field].split(":")[3] != signed.region:
            raise Invalid(f"scope region {signed.region}, {body[field]}")
    if type(body.get("durationSeconds", 900)) is not int:
        raise Invalid(f"durationSeconds is no integer: {body}")
    return signed


class Verifier:
    """Answers connections on loopback, a thread each, until the end of the with statement.

    `answers`: functions as made below, used one a request in turn; the last stays. At the end of
    the with statement each request must have been valid, unless `check` is False.
    """

    def __init__(self, *answers, tls=None, clock=0, check=True, address="127.0.0.1", host=None,
                 port=0):
        self.answers = list(answers) or [ok()]
        self.tls, self.clock, self.check = tls, clock, check
        self.requests, self.signed, self.problems, self.tls_errors = [], [], [], []
        self.connections = 0
        self.stopping = threading.Event()
        self.lock = threading.Lock()
        self.listener = socket.create_server(
            (address, port), family=socket.AF_INET6 if ":" in address else socket.AF_INET)
        self.port = self.listener.getsockname()[1]
        self.host = f"{host or ('[%s]' % address if ':' in address else address)}:{self.port}"
        self.url = ("https://" if tls else "http://") + self.host

    def __enter__(self):
        self.thread = threading.Thread(target=self._accept, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, kind, *_):
        self.stopping.set()
        # Closing alone does not wake up a thread in accept().
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join(10)
        if kind is None and self.check:
            assert not self.problems, self.problems

    def _accept(self):
        while not self.stopping.is_set():
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._connection, args=(connection,), daemon=True).start()

    def _connection(self, connection):
        with connection:
            connection.settimeout(60)
            try:
                if self.tls:
                    if getattr(self._peek(), "before_reading", False):
                        self._next()(connection, self.stopping)
                        return
                    connection = self.tls.wrap_socket(connection, server_side=True)
                while self._exchange(connection):
                    pass
            except OSError as error:  # includes ssl.SSLError
                self.tls_errors.append(repr(error))

    def _peek(self):
        with self.lock:
            return self.answers[0]

    def _next(self):
        with self.lock:
            return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    def _exchange(self, connection):
        data = b""
        while b"\r\n\r\n" not in data:
            more = connection.recv(65536)
            if not more:
                return False
            data += more
        head, _, body = data.partition(b"\r\n\r\n")
        length = re.search(rb"(?i)\r\ncontent-length: *([0-9]+)", head)
        while length and len(body) < int(length[1]):
            more = connection.recv(65536)
            if not more:
                return False
            body += more
        request = Request(head, body)
        with self.lock:
            self.requests.append(request)
            try:
                self.signed.append(create_session(request, self.host, self.clock))
            except Exception as error:  # also what a malformed request makes the checks raise
                self.problems.append(f"{type(error).__name__}: {error}")
        return self._next()(connection, self.stopping)


# Answers: functions of the connection and the event that ends the server. They return whether the
# connection stays open.

def credential_set(**changes):
    """The documented body. `changes` replace members of credentials; None removes one."""
    expiration = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3600))
    credentials = {"accessKeyId": ACCESS_KEY_ID, "secretAccessKey": SECRET_KEY,
                   "sessionToken": SESSION_TOKEN, "expiration": expiration}
    credentials.update(changes)
    credentials = {k: v for k, v in credentials.items() if v is not None}
    arn = "arn:aws:sts::111122223333:assumed-role/Example/0a1b2c"
    return {"credentialSet": [{"assumedRoleUser": {"arn": arn, "assumedRoleId": "AROAX:0a1b2c"},
                               "credentials": credentials, "packedPolicySize": 10,
                               "roleArn": "arn:aws:iam::111122223333:role/Example",
                               "sourceIdentity": "test"}],
            "subjectArn": "arn:aws:rolesanywhere:eu-west-1:111122223333:subject/x"}


def message(status, body=b"", headers=(), clock=0, content_length=True, date=True):
    """The bytes of a response."""
    if isinstance(body, (dict, list)):
        body = json.dumps(body).encode()
    lines = [f"HTTP/1.1 {status} Text"]
    if date:
        lines.append("Date: " + email.utils.formatdate(time.time() + clock, usegmt=True))
    if content_length:
        lines.append(f"Content-Length: {len(body)}")
    lines += [f"{name}: {value}" for name, value in dict(headers).items()]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def respond(status, body=b"", headers=(), **options):
    def answer(connection, _stopping):
        connection.sendall(message(status, body, headers, **options))
        return True
    return answer


def ok(headers=(), **changes):
    return respond(201, credential_set(**changes),
                   {"Content-Type": "application/json", "x-amzn-RequestId": REQUEST_ID,
                    **dict(headers)})


def service_error(status, name, text="the text", where="header", headers=(), clock=0):
    """`where` the name stands: header, __type or code."""
    fields = {"x-amzn-RequestId": REQUEST_ID, **dict(headers)}
    body = {"message": text}
    if where == "header":
        fields["x-amzn-ErrorType"] = name
    else:
        body[where] = name
    return respond(status, body, fields, clock=clock)


def raw(data, stay_open=False):
    def answer(connection, _stopping):
        connection.sendall(data)
        return stay_open
    return answer


def close():
    return raw(b"")


def reset():
    def answer(connection, _stopping):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return False
    return answer


def stall(data=b"", before_reading=False):
    """Sends `data`, then nothing, and keeps the connection. `before_reading`: also no TLS."""
    def answer(connection, stopping):
        connection.sendall(data)
        stopping.wait(60)
        return False
    answer.before_reading = before_reading
    return answer


def late(seconds, answer):
    """`answer`, after so many seconds."""
    def wait(connection, stopping):
        stopping.wait(seconds)
        return answer(connection, stopping)
    return wait


def drip(data, interval):
    """A byte each `interval` seconds."""
    def answer(connection, stopping):
        for byte in data:
            connection.sendall(bytes([byte]))
            if stopping.wait(interval):
                break
        return False
    return answer


def endless(start, chunk):
    """`start`, then `chunk` again and again, at most 200 MB; counts what it could send in `sent`."""
    def answer(connection, stopping):
        connection.sendall(start)
        many = chunk * (65536 // len(chunk) + 1)
        for _ in range(200_000_000 // len(many)):
            if stopping.is_set():
                break
            connection.sendall(many)
            answer.sent += len(many)
        return False
    answer.sent = 0
    return answer
