"""Certificates, key files and PKCS#12 files with ML-DSA keys, in chains with keys of other kinds.

What pki.py does by python3-cryptography, which does not have ML-DSA.
"""

import base64
import hashlib
import hmac
import os

from cryptography import x509
from cryptography.hazmat.primitives import hashes, padding, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric import padding as rsa_padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from support import ml_dsa, pki

# The forms of a private key that OpenSSL 3.5 reads (its ML_DSA(7), "ml-dsa.output_formats").
FORMS = ("seed-priv", "priv-only", "seed-only", "oqskeypair", "bare-priv", "bare-seed")
ITERATIONS = 2048


def tlv(tag, *parts):
    content = b"".join(parts)
    size = len(content)
    if size < 128:
        return bytes([tag, size]) + content
    octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(octets)]) + octets + content


def sequence(*parts):
    return tlv(0x30, *parts)


def octets(content):
    return tlv(4, content)


def bits(content):
    return tlv(3, b"\0", content)


def integer(number):
    return tlv(2, number.to_bytes(number.bit_length() // 8 + 1, "big"))


def oid(text):
    first, second, *rest = map(int, text.split("."))
    content = b""
    for number in [first * 40 + second, *rest]:
        part = bytes([number & 127])
        while number := number >> 7:
            part = bytes([number & 127 | 128]) + part
        content += part
    return tlv(6, content)


def elements(der):
    """The elements inside a SEQUENCE, with their heads."""
    def end_of(at):
        size, start = der[at + 1], at + 2
        if size & 0x80:
            start += size & 0x7f
            size = int.from_bytes(der[at + 2:start], "big")
        return start + size, start

    end, at = end_of(0)
    found = []
    while at < end:
        after, _ = end_of(at)
        found.append(der[at:after])
        at = after
    return found


NULL = bytes([5, 0])
DATA = "1.2.840.113549.1.7.1"


def algorithm(name):
    return sequence(tlv(6, ml_dsa.SETS[name].oid))


def block(label, content):
    return (f"-----BEGIN {label}-----\n".encode() + base64.encodebytes(content)
            + f"-----END {label}-----\n".encode())


# --- certificates


def _public_key_info(key):
    if isinstance(key, ml_dsa.PrivateKey):
        return sequence(algorithm(key.name), bits(key.public))
    return key.public_key().public_bytes(serialization.Encoding.DER,
                                         serialization.PublicFormat.SubjectPublicKeyInfo)


def _signature_algorithm(key):
    if isinstance(key, ml_dsa.PrivateKey):
        return algorithm(key.name)
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return sequence(oid("1.2.840.10045.4.3.2"))  # ecdsa-with-SHA256
    return sequence(oid("1.2.840.113549.1.1.11"), NULL)  # sha256WithRSAEncryption


def _signature(key, data):
    if isinstance(key, ml_dsa.PrivateKey):
        return key.sign(data)
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return key.sign(data, ec.ECDSA(hashes.SHA256()))
    return key.sign(data, rsa_padding.PKCS1v15(), hashes.SHA256())


def key_of(kind):
    return ml_dsa.PrivateKey(kind) if kind in ml_dsa.SETS else pki.key(kind, "of a mixed chain")


def make(name, kind, issuer=None, key=None, signer=None, **options):
    """A certificate as pki.make() makes it, with a key of `kind`: a name of ml_dsa.SETS, or what
    pki.key() takes. `signer`: the key that signs, if it is not that of the issuer."""
    key = key or key_of(kind)
    signer = signer or (issuer.key if issuer else key)
    if issuer:
        options["issuer_name"] = issuer.certificate.subject
    # The same certificate with another key, of which the key and the signature are replaced.
    body = elements(elements(pki.der(pki.make(name, **options)))[0])
    body[2] = _signature_algorithm(signer)
    body[6] = _public_key_info(key)
    content = sequence(*body)
    der = sequence(content, _signature_algorithm(signer), bits(_signature(signer, content)))
    return pki.Entity(x509.load_der_x509_certificate(der), key, issuer)


# --- key files


def private_key_info(key, form="seed-priv"):
    """PKCS#8 in DER, not encrypted."""
    content = {"seed-priv": lambda: sequence(octets(key.seed), octets(key.expanded)),
               "priv-only": lambda: octets(key.expanded),
               "seed-only": lambda: tlv(0x80, key.seed),
               "oqskeypair": lambda: octets(key.expanded + key.public),
               "bare-priv": lambda: key.expanded,
               "bare-seed": lambda: key.seed}[form]()
    return sequence(integer(0), algorithm(key.name), octets(content))


def encrypted_key_info(info, password):
    """EncryptedPrivateKeyInfo: PBES2 with PBKDF2 and AES-256 (RFC 8018)."""
    salt, vector = os.urandom(16), os.urandom(16)
    secret = hashlib.pbkdf2_hmac("sha256", password, salt, ITERATIONS, 32)
    padder = padding.PKCS7(128).padder()
    encryptor = Cipher(algorithms.AES(secret), modes.CBC(vector)).encryptor()
    derivation = sequence(oid("1.2.840.113549.1.5.12"),
                          sequence(octets(salt), integer(ITERATIONS),
                                   sequence(oid("1.2.840.113549.2.9"), NULL)))
    cipher = sequence(oid("2.16.840.1.101.3.4.1.42"), octets(vector))
    encrypted = encryptor.update(padder.update(info) + padder.finalize()) + encryptor.finalize()
    return sequence(sequence(oid("1.2.840.113549.1.5.13"), sequence(derivation, cipher)),
                    octets(encrypted))


def key_pem(key, form="seed-priv", password=None):
    if not isinstance(key, ml_dsa.PrivateKey):
        return pki.key_pem(key, password=password)
    info = private_key_info(key, form)
    if password is None:
        return block("PRIVATE KEY", info)
    return block("ENCRYPTED PRIVATE KEY", encrypted_key_info(info, password))


def _mac_key(password, salt):
    """RFC 7292, B.2, for one block of SHA-256."""
    def filled(text):
        return (text * 64)[:-(-len(text) // 64) * 64]

    digest = b"\3" * 64 + filled(salt) + filled(password.decode().encode("utf-16-be") + b"\0\0")
    for _ in range(ITERATIONS):
        digest = hashlib.sha256(digest).digest()
    return digest


def pkcs12(entity, password=None):
    """The key, its certificate and its issuers. Without a password, nothing is protected."""
    info = private_key_info(entity.key)
    bags = [sequence(oid("1.2.840.113549.1.12.10.1.1"), tlv(0xa0, info)) if password is None else
            sequence(oid("1.2.840.113549.1.12.10.1.2"),
                     tlv(0xa0, encrypted_key_info(info, password)))]
    for one in [entity, *entity.chain]:
        value = sequence(oid("1.2.840.113549.1.9.22.1"), tlv(0xa0, octets(pki.der(one))))
        bags.append(sequence(oid("1.2.840.113549.1.12.10.1.3"), tlv(0xa0, value)))
    safe = sequence(sequence(oid(DATA), tlv(0xa0, octets(sequence(*bags)))))
    parts = [integer(3), sequence(oid(DATA), tlv(0xa0, octets(safe)))]
    if password is not None:
        salt = os.urandom(16)
        mac = hmac.new(_mac_key(password, salt), safe, "sha256").digest()
        sha256 = sequence(oid("2.16.840.1.101.3.4.2.1"), NULL)
        parts.append(sequence(sequence(sha256, octets(mac)), octets(salt), integer(ITERATIONS)))
    return sequence(*parts)


def write_identity(directory, entity):
    """As pki.write_identity()."""
    return ["--certificate", pki.write(directory, "leaf.pem", pki.pem(entity, *entity.chain)),
            "--private-key", pki.write(directory, "leaf.key", key_pem(entity.key))]
