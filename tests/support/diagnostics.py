"""Runs of read-certificate-data and sign-string, and what they must print."""

import base64
import hashlib
import re
import subprocess

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from support import pki
from support.process import BINARY, environment

RSA = ["rsa2048", "rsa3072"]
EC = ["p256", "p384", "p521"]


def output(*arguments, **options):
    """Standard output as bytes, of a run that ends well and says nothing else."""
    done = subprocess.run([BINARY, *map(str, arguments)], env=environment(), capture_output=True,
                          stdin=subprocess.DEVNULL, timeout=60, check=False, **options)
    assert (done.returncode, done.stderr) == (0, b""), done
    return done.stdout


def read(path, *more):
    return output("read-certificate-data", "--certificate", path, *more)


def facts(path):
    """The view as {name: [values]}, after a look at its shape."""
    text = read(path, "--format", "text").decode()
    assert text.endswith("\n")
    result = {}
    for line in text[:-1].split("\n"):
        assert line.isprintable(), repr(line)
        name, value = re.fullmatch(r"([A-Z][A-Za-z0-9 -]*):( +)(.+)", line).group(1, 3)
        assert line.index(value, len(name) + 1) == 15, line
        result.setdefault(name, []).append(value)
    return result


def expected_data(certificate, kind):
    """Written out, so that no JSON library decides on spaces or order."""
    return (f'{{"keyType":"{kind}","certificateData":"'
            f'{base64.b64encode(pki.der(certificate)).decode()}","serialNumber":"'
            f'{certificate.certificate.serial_number}","supportedAlgorithms":'
            f'["{kind}SHA256","{kind}SHA384","{kind}SHA512"]}}').encode()


def as_pem(der):
    return (b"-----BEGIN CERTIFICATE-----\n" + base64.encodebytes(der)
            + b"-----END CERTIFICATE-----\n")


def fixed_text(public_key):
    if isinstance(public_key, ec.EllipticCurvePublicKey):
        data = public_key.public_bytes(serialization.Encoding.X962,
                                       serialization.PublicFormat.UncompressedPoint)
    else:
        data = public_key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.PKCS1)
    return (b"AWS Roles Anywhere Credential Helper Signing Test1"
            + hashlib.sha256(b"IAM RA" + data).digest())


def openssl_verifies(tmp_path, public_key, digest, signature):
    for file, content in (("sig", signature), ("text", fixed_text(public_key)),
                          ("pub", public_key.public_bytes(
                              serialization.Encoding.PEM,
                              serialization.PublicFormat.SubjectPublicKeyInfo))):
        (tmp_path / file).write_bytes(content)
    done = subprocess.run(["openssl", "dgst", f"-{digest.lower()}", "-verify", "pub", "-signature",
                           "sig", "text"], cwd=tmp_path, env=environment(), capture_output=True,
                          check=False)
    return done.returncode == 0
