"""`doctor --offline`: set-ups that are broken, each with the check that says so, as text and JSON."""

import re

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID
from support import pki
from support.config import write_config
from support.doctor import assert_same_as_text, doctor
from support.process import ACCOUNT, ANCHOR_ARN, ARNS, PROFILE_ARN, REGION, ROLE_ARN

KEY_ID = "AKIAQNZGKIQY56JQ7WML"  # account 029608264753


class Setup:
    """A sound set-up; a test then breaks it."""

    def __init__(self, directory, identity):
        self.directory, self.identity = directory, identity
        self.leaf = identity.intermediate.issue("app", not_after=pki.NOW + 100.5 * pki.DAY)
        self.env = {"HOME": str(directory)}
        self.more, self.arns = [], list(ARNS)
        self.certificates, self.key = [self.leaf, *self.leaf.chain], self.leaf.key
        self.certificate_file, self.key_file = directory / "leaf.pem", directory / "leaf.key"
        self.flags = ["--certificate", str(self.certificate_file), "--private-key",
                      str(self.key_file)]
        self.write()

    def write(self):
        pki.write(self.directory, "leaf.pem", pki.pem(*self.certificates))
        pki.write(self.directory, "leaf.key", pki.key_pem(self.key))

    def issue(self, name="app", issuer=None, **options):
        issuer = issuer or self.identity.intermediate
        options.setdefault("not_after", pki.NOW + 100.5 * pki.DAY)
        self.leaf = issuer.issue(name, **options)
        self.certificates, self.key = [self.leaf, *self.leaf.chain], self.leaf.key
        self.write()

    def aws(self, name, text):
        (self.directory / ".aws").mkdir(exist_ok=True)
        (self.directory / ".aws" / name).write_text(text)

    @property
    def arguments(self):
        return ["--offline", *self.flags, *self.arns, *self.more]


@pytest.fixture(name="setup")
def sound_setup(tmp_path, identity):
    return Setup(tmp_path, identity)


def test_sound(setup):
    result, report = doctor(*setup.arguments, env=setup.env, code=0)
    assert report.with_status("fail") == [] and report.with_status("warn") == [], result


def no_key_file(setup):
    setup.key_file.unlink()


def key_for_everybody(setup):
    setup.key_file.chmod(0o644)


def another_key(setup):
    pki.write(setup.directory, "leaf.key", pki.key_pem(pki.key("p256", "another")))


def encrypted_key(setup):
    pki.write(setup.directory, "leaf.key", pki.key_pem(setup.key, password=b"right"))
    setup.more = ["--password-source", "env:WRONG"]
    setup.env["WRONG"] = "wrong"


def damaged_key(setup):
    text = setup.key_file.read_bytes()
    setup.key_file.write_bytes(text.replace(text.splitlines()[1], b"A" * 64))


def small_key(setup):
    setup.issue(private_key=pki.key("rsa1024"))


def token_that_is_not_there(setup):
    setup.flags = ["--certificate", str(setup.certificate_file), "--private-key",
                   "pkcs11:token=nowhere?pin-value=hunter2hunter2"]


def no_certificate_file(setup):
    setup.certificate_file.unlink()


def swapped(setup):
    setup.flags[1], setup.flags[3] = setup.flags[3], setup.flags[1]


def expired(setup):
    setup.issue(not_before=pki.NOW - 9 * pki.DAY, not_after=pki.NOW - pki.DAY)


def not_valid_yet(setup):
    setup.issue(not_before=pki.NOW + pki.DAY)


def expires_soon(setup):
    setup.issue(not_after=pki.NOW + 44.5 * pki.DAY)


def expires_before_the_session(setup):
    setup.issue(not_after=pki.NOW + 0.02 * pki.DAY)


def ca_as_leaf(setup):
    setup.issue(ca=True)


def no_digital_signature(setup):
    setup.issue(usage=("key_encipherment",))


def for_servers(setup):
    setup.issue(extended=(pki.ExtendedKeyUsageOID.SERVER_AUTH,))


def weak_signature(setup):
    setup.issue(hash_name="SHA1")


def empty_subject(setup):
    setup.issue(subject=x509.Name([]), hosts=["app.example"])


def tag_with_ampersand(setup):
    setup.issue("a&b")


def long_joined_tag(setup):
    setup.issue(subject=x509.Name([
        x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, letter * 60) for letter in "abcdef"]))


def wildcard(setup):
    setup.issue(hosts=["*.example.com"])


def chain_of_others(setup):
    setup.certificates = [setup.leaf, pki.root("Other").issue("Other Intermediate", ca=True)]
    setup.write()


def no_intermediate(setup):
    setup.certificates = [setup.leaf]
    setup.write()
    setup.more = ["--trust-anchor", setup.identity.root_file]


def another_anchor(setup):
    setup.more = ["--trust-anchor", pki.write(setup.directory, "anchor.pem",
                                              pki.pem(pki.root("Another")))]


def anchor_that_is_missing(setup):
    setup.more = ["--trust-anchor", "/none/anchor.pem"]


def intermediates_that_are_missing(setup):
    setup.more = ["--intermediates", "/none/chain.pem"]


def intermediate_that_is_no_ca(setup):
    setup.issue(issuer=setup.identity.root.issue("No CA"))


def chain_that_is_too_long(setup):
    above = setup.identity.root
    for number in range(6):
        above = above.issue(f"CA {number}", ca=True)
    setup.issue(issuer=above)


def self_signed(setup):
    setup.issue()
    setup.leaf = pki.make("app", not_after=pki.NOW + 100.5 * pki.DAY)
    setup.certificates, setup.key = [setup.leaf], setup.leaf.key
    setup.write()


def arns_of_two_regions(setup):
    setup.arns[3] = PROFILE_ARN.replace(REGION, "us-east-1")


def role_of_another_account(setup):
    setup.arns[5] = ROLE_ARN.replace(ACCOUNT, "444455556666")


def swapped_arns(setup):
    setup.arns[1], setup.arns[3] = PROFILE_ARN, ANCHOR_ARN


def no_fips_host(setup):
    setup.more = ["--use-fips"]


def missing_role(setup):
    setup.arns = setup.arns[:4]


def unknown_variable(setup):
    setup.env["ROLECALL_ROLE_ARM"] = ROLE_ARN


def variable_over_the_file(setup):
    config = write_config(setup.directory, 'region = "eu-west-1"\n')
    setup.env |= {"ROLECALL_CONFIG": str(config), "ROLECALL_REGION": "eu-west-1"}


def config_that_others_can_write(setup):
    setup.env["ROLECALL_CONFIG"] = str(write_config(setup.directory, "", 0o666))


def config_with_a_wrong_name(setup):
    setup.env["ROLECALL_CONFIG"] = str(write_config(setup.directory, 'role-arm = "x"\n'))


def demo_profile(setup, line):
    setup.aws("config", f"[profile demo]\ncredential_process = {line}\n")
    setup.more = ["--profile", "demo"]


def profile_of_another_program(setup):
    demo_profile(setup, "/usr/bin/other get")


def profile_with_a_tilde(setup):
    demo_profile(setup, "~/bin/rolecall credential-process")


def profile_without_its_program(setup):
    demo_profile(setup, "/none/rolecall credential-process")


def profile_with_static_keys(setup):
    demo_profile(setup, "rolecall credential-process")
    setup.aws("credentials", "[demo]\naws_access_key_id = x\naws_secret_access_key = y\n")


def keys_in_the_environment(setup):
    setup.env |= {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "y"}


def static_key_in_the_environment(setup):
    setup.env |= {"AWS_ACCESS_KEY_ID": KEY_ID, "AWS_SECRET_ACCESS_KEY": "y"}


def static_key_in_the_file(setup):
    setup.aws("credentials", f"[old]\n# x\naws_access_key_id = {KEY_ID}\n"
                             "aws_secret_access_key = SECRETSECRET\n")


def static_key_of_a_profile_with_a_line(setup):
    """Only then can configure take over its options."""
    static_key_in_the_file(setup)
    setup.aws("config", "[profile old]\ncredential_process = rolecall credential-process\n")


@pytest.mark.parametrize("broken,check,status,detail,hint", [
    (no_key_file, "key", "fail", "cannot open private key file .*: No such file", "path"),
    (key_for_everybody, "key", "warn", "mode 0644: every user of this machine can read it",
     "chmod o-rwx /.*/leaf.key$"),
    (another_key, "key", "fail", "does not match any of the 2 certificates", "certificate request"),
    (encrypted_key, "key", "fail", "wrong password", ""),
    (damaged_key, "key", "fail", "damaged|base64|malformed", ""),
    (small_key, "key", "fail", "RSA 1024", "2048"),
    (token_that_is_not_there, "key", "fail", "no PKCS#11 token", ""),
    (no_certificate_file, "certificate", "fail", "cannot open certificate file", "path"),
    (swapped, "certificate", "fail", "certificate", "swapped|other"),
    (expired, "certificate", "fail", "validity of CN=app ended", "issuer"),
    (not_valid_yet, "certificate", "fail", "validity of CN=app starts", "issuer"),
    (expires_soon, "certificate", "warn", "expires in 44 days", "issuer"),
    (expires_before_the_session, "certificate", "warn", "before the end of a session", "issuer"),
    (ca_as_leaf, "certificate", "fail", "CA:TRUE", "issuer"),
    (no_digital_signature, "certificate", "fail", "lacks digitalSignature", "issuer"),
    (for_servers, "certificate", "warn", "lacks clientAuth", "issuer"),
    (weak_signature, "certificate", "fail", "weaker than SHA-256", "issuer"),
    (empty_subject, "certificate", "fail", "subject .* is empty", "issuer"),
    (tag_with_ampersand, "tags", "warn", 'x509Subject/CN "a&b" has "&"',
     "delete-attribute-mapping .* x509Subject --specifiers CN"),
    (long_joined_tag, "tags", "warn", "x509Subject/OU .* characters instead of at most 256",
     "specifiers OU"),
    (wildcard, "tags", "warn", 'x509SAN/DNS', "specifiers DNS"),
    (chain_of_others, "chain", "warn", "none of the other certificates given issued CN=app", ""),
    (no_intermediate, "chain", "fail", "does not reach the trust anchor .*: it ends at CN=app",
     "--intermediates"),
    (another_anchor, "chain", "fail", "does not reach the trust anchor", "trust anchor that has"),
    (anchor_that_is_missing, "chain", "fail", "/none/anchor.pem", ""),
    (intermediates_that_are_missing, "chain", "fail", "/none/chain.pem", ""),
    (intermediate_that_is_no_ca, "chain", "fail", "CN=No CA", "new intermediate"),
    (chain_that_is_too_long, "chain", "warn", "longer than the 5 intermediates", ""),
    (self_signed, "chain", "warn", "self-signed", "CA has issued"),
    (arns_of_two_regions, "arns", "fail", "region of --profile-arn is us-east-1", "same region"),
    (role_of_another_account, "arns", "warn", "444455556666", "account ids"),
    (swapped_arns, "arns", "fail", "is an ARN for --profile-arn", "swap"),
    (no_fips_host, "arns", "fail", "no FIPS endpoint in region eu-west-1", "--use-fips"),
    (missing_role, "inputs", "fail", "missing: --role-arn", "credential-process --help"),
    (unknown_variable, "inputs", "warn", "ROLECALL_ROLE_ARM is not known",
     "did you mean ROLECALL_ROLE_ARN"),
    (variable_over_the_file, "inputs", "warn",
     "variable ROLECALL_REGION takes precedence over configuration file .*, line 1",
     "unset ROLECALL_REGION"),
    (config_that_others_can_write, "inputs", "fail", "config.toml", "chmod go-w /.*/config.toml$"),
    (config_with_a_wrong_name, "inputs", "fail", "line 1: there is no setting \"role-arm\"",
     "role-arn"),
    (profile_of_another_program, "inputs", "fail", "runs /usr/bin/other", "configure"),
    (profile_with_a_tilde, "inputs", "fail", "~", ""),
    (profile_without_its_program, "inputs", "fail", "/none/rolecall, cannot be run", "path"),
    (profile_with_static_keys, "precedence", "warn", "aws_access_key_id of .demo. in credentials file "
     ".*, line 2, takes precedence", "--remove-static-keys"),
    (keys_in_the_environment, "precedence", "warn", "AWS_ACCESS_KEY_ID .* takes precedence", "unset"),
    (static_key_in_the_environment, "static-keys", "warn",
     "AKIA…7WML of account 029608264753 in variable AWS_ACCESS_KEY_ID", "IAM"),
    (static_key_in_the_file, "static-keys", "warn",
     "AKIA…7WML of account 029608264753 in .*/.aws/credentials, line 3",
     "configure --profile old --binding BINDING --remove-static-keys"),
    (static_key_of_a_profile_with_a_line, "static-keys", "warn", ".*/.aws/credentials, line 3",
     "configure --profile old --remove-static-keys"),
], ids=lambda value: getattr(value, "__name__", ""))
def test_broken(setup, broken, check, status, detail, hint):
    broken(setup)
    result, report = doctor(*setup.arguments, env=setup.env, code=1 if status == "fail" else 0)
    assert report[check]["status"] == status, result
    for text, pattern in ((report[check]["detail"], detail), (report[check]["hint"], hint)):
        assert re.search(pattern, text), (pattern, text, result)
    if status == "fail":
        assert check in report.with_status("fail")
    for secret in ("hunter2", "SECRETSECRET", KEY_ID):
        assert secret not in result.out + result.err, result
    text = assert_same_as_text(report, *setup.arguments, env=setup.env)
    assert f"hint: {report[check]['hint']}" in text.out, text


def test_what_does_not_stop_other_checks(setup):
    """A wrong key says nothing about the certificate, the chain and the ARNs, and so on."""
    another_key(setup)
    _, report = doctor(*setup.arguments, env=setup.env, code=1)
    assert report.with_status("fail") == ["key"]
    setup.write()
    no_certificate_file(setup)
    _, report = doctor(*setup.arguments, env=setup.env, code=1)
    assert report.with_status("fail") == ["certificate"]
    assert report["key"]["status"] == "ok" and report["tags"]["status"] == "skip"


def test_a_wrong_key_and_intermediates_in_a_file_of_their_own(setup):
    """They count although key and certificate are not loaded together."""
    another_key(setup)
    pki.write(setup.directory, "leaf.pem", pki.pem(setup.leaf))
    intermediates = pki.write(setup.directory, "ca.pem", pki.pem(*setup.leaf.chain))
    setup.more = ["--intermediates", intermediates]
    _, report = doctor(*setup.arguments, env=setup.env, code=1)
    assert report.with_status("fail") == ["key"]
    assert "1 intermediate is sent" in report["chain"]["detail"]
