"""Certificates for the tests of `rolecall policy`."""

from cryptography import x509
from cryptography.x509.oid import NameOID
from support import pki
from support.process import ANCHOR_ARN, run

HOSTILE = 'a"$(id)\'${aws:username}*?%{if}\n<<EOT\n#`x`\\'


def name(*attributes):
    return x509.Name([x509.NameAttribute(oid, value) for oid, value in attributes])


DC, OU, CN = (NameOID.DOMAIN_COMPONENT, NameOID.ORGANIZATIONAL_UNIT_NAME, NameOID.COMMON_NAME)


def computer(cn, *units):
    """A subject as Active Directory makes them."""
    return name((DC, "com"), (DC, "example"), *((OU, unit) for unit in units), (CN, cn))


class Lab:
    """Two CAs under one root, and certificates of them."""

    def __init__(self, directory):
        self.directory = directory
        self.root = pki.root("Policy Root")
        self.root_file = pki.write(directory, "root.pem", pki.pem(self.root))
        self.ca = self.root.issue("Policy CA", ca=True, subject=name(
            (DC, "com"), (DC, "example"), (NameOID.ORGANIZATION_NAME, "Example"), (CN, "Policy CA")))
        self.other_ca = self.root.issue("Other CA", ca=True)
        self.count = 0

    def leaf(self, label, issuer=None, **options):
        """The flags of a new certificate."""
        self.count += 1
        directory = self.directory / str(self.count)
        directory.mkdir()
        return pki.write_identity(directory, (issuer or self.ca).issue(label, **options))

    def policy(self, flags, *more):
        return run("policy", *flags[:2], "--trust-anchor-arn", ANCHOR_ARN, *more)

    def policy_file(self, flags, *more):
        result = self.policy(flags, *more)
        assert result.code == 0, result
        return pki.write(self.directory, "policy.json", result.out.encode())
