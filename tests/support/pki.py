"""Keys, certificates and chains for tests, of any kind and with any defect.

Keys are cached for the length of the session, since making RSA keys is what costs time.
"""

import base64
import datetime
import functools
import ipaddress

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

NOW = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0, tzinfo=None)
DAY = datetime.timedelta(days=1)
CURVES = {"p256": ec.SECP256R1, "p384": ec.SECP384R1, "p521": ec.SECP521R1,
          "secp256k1": ec.SECP256K1, "p224": ec.SECP224R1}


class KnownRsaKey:
    """An RSA key of given factors, written down without the check that takes seconds.

    It has the two methods that are used here of a private key.
    """

    def __init__(self, p, q, e=65537):
        self.p, self.q, self.e = p, q, e

    def public_key(self):
        return rsa.RSAPublicNumbers(self.e, self.p * self.q).public_key()

    def private_bytes(self, _encoding, form, _encryption):
        p, q, e = self.p, self.q, self.e
        d = pow(e, -1, (p - 1) * (q - 1))
        content = _tlv(0x30, b"".join(_integer(i) for i in (
            0, p * q, e, d, p, q, d % (p - 1), d % (q - 1), pow(q, -1, p))))
        label = b"RSA PRIVATE KEY"
        if form == serialization.PrivateFormat.PKCS8:
            rsa_encryption = bytes.fromhex("300d06092a864886f70d0101010500")
            content = _tlv(0x30, _integer(0) + rsa_encryption + _tlv(4, content))
            label = b"PRIVATE KEY"
        return (b"-----BEGIN " + label + b"-----\n" + base64.encodebytes(content)
                + b"-----END " + label + b"-----\n")


def _integer(number):
    return _tlv(2, number.to_bytes(number.bit_length() // 8 + 1, "big"))


def _tlv(tag, content):
    size = len(content)
    if size < 0x80:
        return bytes([tag, size]) + content
    octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(octets)]) + octets + content


@functools.lru_cache(maxsize=None)
def key(kind, nth=0):
    """`kind`: rsa<bits>, a name of CURVES, ed25519 or dsa; another `nth` is another key."""
    if kind == "rsa8192":
        # A search for two primes of 4096 bits takes up to a minute; these two are known.
        return KnownRsaKey((13 << 4092) + 3049, (15 << 4092) + 527)
    if kind == "rsa16384":
        # For programs that look at the size alone: the factors are no primes.
        return KnownRsaKey((13 << 8188) + 1, (15 << 8188) + 3, e=65539)
    if kind.startswith("rsa"):
        return rsa.generate_private_key(65537, int(kind[3:]))
    if kind == "ed25519":
        return ed25519.Ed25519PrivateKey.generate()
    if kind == "dsa":
        return dsa.generate_private_key(2048)
    return ec.generate_private_key(CURVES[kind]())


def key_pem(private_key, form="pkcs8", password=None):
    """`form`: pkcs8, or traditional (PKCS#1 for RSA, SEC1 for EC)."""
    formats = {"pkcs8": serialization.PrivateFormat.PKCS8,
               "traditional": serialization.PrivateFormat.TraditionalOpenSSL}
    encryption = (serialization.BestAvailableEncryption(password) if password
                  else serialization.NoEncryption())
    return private_key.private_bytes(serialization.Encoding.PEM, formats[form], encryption)


def key_der(private_key):
    return private_key.private_bytes(serialization.Encoding.DER,
                                     serialization.PrivateFormat.PKCS8,
                                     serialization.NoEncryption())


def pem(*certificates):
    return b"".join(getattr(c, "certificate", c).public_bytes(serialization.Encoding.PEM)
                    for c in certificates)


def der(certificate):
    return getattr(certificate, "certificate", certificate).public_bytes(
        serialization.Encoding.DER)


class Entity:
    """A certificate with its private key, and the entity that issued it (None: self-signed)."""

    def __init__(self, certificate, private_key, issuer):
        self.certificate = certificate
        self.key = private_key
        self.issuer = issuer

    @property
    def chain(self):
        """The intermediates above this certificate, its issuer first, without the root."""
        result, above = [], self.issuer
        while above is not None and above.issuer is not None:
            result.append(above)
            above = above.issuer
        return result

    def issue(self, name, **options):
        return make(name, issuer=self, **options)


USAGES = ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment",
          "key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only")


def make(name, issuer=None, ca=False, key_kind="p256", private_key=None, not_before=None,
         not_after=None, usage=None, extended=(ExtendedKeyUsageOID.CLIENT_AUTH,),
         hash_name="SHA256", serial=None, hosts=(), basic_constraints=True, subject=None, issuer_name=None):
    """Makes a certificate. `usage`: names of USAGES; None: what fits; () for no keyUsage at all.

    `extended`: OIDs of extendedKeyUsage, none for issuers. `hosts`: subjectAltName.
    """
    private_key = private_key or key(key_kind, name)
    if subject is None:
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    if usage is None:
        usage = ("key_cert_sign", "crl_sign") if ca else ("digital_signature",)
    builder = (x509.CertificateBuilder()
               .subject_name(subject)
               .issuer_name(issuer_name or (issuer.certificate.subject if issuer else subject))
               .public_key(private_key.public_key())
               .serial_number(serial or x509.random_serial_number())
               .not_valid_before(not_before or NOW - DAY)
               # Not whole days: 29 are left however long the tests take.
               .not_valid_after(not_after or NOW + 29.5 * DAY))
    if basic_constraints:
        builder = builder.add_extension(x509.BasicConstraints(ca, None), critical=True)
    if usage:
        builder = builder.add_extension(x509.KeyUsage(**{u: u in usage for u in USAGES}),
                                        critical=True)
    if extended and not ca:
        builder = builder.add_extension(x509.ExtendedKeyUsage(list(extended)), critical=False)
    if hosts:
        builder = builder.add_extension(x509.SubjectAlternativeName([_host(h) for h in hosts]),
                                        critical=False)
    signing_key = issuer.key if issuer else private_key
    certificate = builder.sign(signing_key, getattr(hashes, hash_name)())
    return Entity(certificate, private_key, issuer)


def _host(text):
    if "://" in text:
        return x509.UniformResourceIdentifier(text)
    try:
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError:
        return x509.DNSName(text)


def root(name="Test Root", **options):
    return make(name, ca=True, **options)


def tls_server(issuer, hosts=("localhost", "127.0.0.1", "::1"), **options):
    return issuer.issue("tls server", hosts=hosts, extended=(ExtendedKeyUsageOID.SERVER_AUTH,),
                        **options)


def crl(issuer, revoked=()):
    builder = (x509.CertificateRevocationListBuilder()
               .issuer_name(issuer.certificate.subject)
               .last_update(NOW - DAY).next_update(NOW + 30 * DAY))
    for entity in revoked:
        builder = builder.add_revoked_certificate(
            x509.RevokedCertificateBuilder().serial_number(entity.certificate.serial_number)
            .revocation_date(NOW - DAY).build())
    return builder.sign(issuer.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def write(directory, name, content):
    """Writes a file that its owner alone can read, and returns its path as text."""
    path = directory / name
    path.write_bytes(content)
    path.chmod(0o600)
    return str(path)


def write_identity(directory, entity, form="pkcs8", chain=True):
    """Writes leaf.pem (with its intermediates) and leaf.key; returns the two flags' arguments."""
    certificates = [entity] + (entity.chain if chain else [])
    return ["--certificate", write(directory, "leaf.pem", pem(*certificates)),
            "--private-key", write(directory, "leaf.key", key_pem(entity.key, form))]
