"""`rolecall policy`: what the policies let in, asked of `emulate --trust-policy`, and whether other
programs read the four formats, also with values that are meant to break them."""

import json
import os
import pathlib
import re
import shutil
import subprocess

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID
from support import pki
from support.pkcs11 import by_itself
from support.process import (ANCHOR_ARN, PROFILE_ARN, ROLE_ARN, Emulator, assert_fails, environment,
                             needs_dynamic_build, run, session)

CFN_LINT = shutil.which("cfn-lint")
TERRAFORM = shutil.which("terraform") or shutil.which("tofu")
# Where the provider for AWS may have been put; it cannot be downloaded without a network.
PLUGINS = pathlib.Path("/opt/tf-plugins")
needs_cfn_lint = pytest.mark.skipif(CFN_LINT is None, reason="cfn-lint (PyPI) is not installed")
needs_terraform = pytest.mark.skipif(
    TERRAFORM is None, reason="there is neither terraform nor tofu in PATH (nor in Debian)")

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


@pytest.fixture(scope="module", name="lab")
def two_cas(tmp_path_factory):
    return Lab(tmp_path_factory.mktemp("policy"))


# kind: its own certificate, certificates that are let in too, and others that are refused
def kinds(lab):
    uri = "spiffe://example.org/ns/prod/sa/"
    return {
        "rsa": (lab.leaf("app", key_kind="rsa2048"), [lab.leaf("app", key_kind="p256", serial=77)],
                [lab.leaf("app2"), lab.leaf("App"), lab.leaf("app", issuer=lab.other_ca)], []),
        "spiffe": (lab.leaf("x", hosts=[uri + "web"]), [lab.leaf("y", hosts=[uri + "web"])],
                   [lab.leaf("x"), lab.leaf("x", hosts=[uri + "web2"]),
                    lab.leaf("x", hosts=[uri + "db", uri + "web"]),
                    lab.leaf("x", hosts=[uri + "web"], issuer=lab.other_ca)], []),
        "directory": (lab.leaf("d", subject=computer("web01", "Computers", "Web"), hosts=["web01.example.com"]),
                      [lab.leaf("d", subject=computer("web01", "Computers", "Web"))],
                      [lab.leaf("d", subject=computer("web02", "Computers", "Web")),
                       lab.leaf("d", subject=computer("web01", "Computers"))], ["--by", "subject"]),
        "path": (lab.leaf("x", hosts=[uri + "web"]), [lab.leaf("y", hosts=[uri + "db"])],
                 [lab.leaf("x", hosts=["spiffe://example.org/ns/test/sa/web"]),
                  lab.leaf("x", hosts=["spiffe://example.org/ns/prod/sa2/web"]),
                  lab.leaf("x", hosts=[uri + "db"], issuer=lab.other_ca)], ["--like"]),
        "unit": (lab.leaf("d", subject=computer("web01", "Computers", "Web")),
                 [lab.leaf("d", subject=computer("web02", "Computers", "Web")),
                  lab.leaf("d", subject=computer("web03", "Computers", "Web", "Inner"))],
                 [lab.leaf("d", subject=computer("web01", "Computers")),
                  lab.leaf("d", subject=computer("web01", "Computers", "Website"))], ["--like"]),
        "source identity": (lab.leaf("app"), [], [lab.leaf("app2")], ["--by", "source-identity"]),
    }


def refused(result):
    assert_fails(result, 1, f"AccessDeniedException.*Unable to assume role for {ROLE_ARN}")
    assert "in the trust policy" in result.err, result


def test_what_a_policy_lets_in(lab):
    for kind, (own, others, strangers, flags) in kinds(lab).items():
        policy = lab.policy_file(own, *flags)
        with Emulator(lab.root_file, "--trust-policy", policy) as emulator:
            for leaf in (own, *others):
                assert session(emulator, leaf).code == 0, (kind, leaf, session(emulator, leaf))
            for leaf in strangers:
                refused(session(emulator, leaf))
            anchor = ANCHOR_ARN.replace("11111111-1111", "33333333-3333")
            arns = ["--profile-arn", PROFILE_ARN, "--role-arn", ROLE_ARN, "--endpoint", emulator.url]
            refused(run("credential-process", *own, "--trust-anchor-arn", anchor, *arns))
            alias = re.sub("trust-anchor/.*", "alias/trust-anchor/main", ANCHOR_ARN)
            refused(run("credential-process", *own, "--trust-anchor-arn", alias, *arns))


def test_values_that_cannot_be_session_tags(lab):
    """The service refuses the session, until the profile does not map them."""
    ca = lab.root.issue("R & D", ca=True, subject=name((NameOID.ORGANIZATION_NAME, "Example"), (CN, "R & D")))
    flags = lab.leaf("app", issuer=ca)
    result = lab.policy(flags)
    assert result.code == 0 and "Issuer/CN" not in result.out and "x509Issuer/O" in result.out, result
    assert "delete-attribute-mapping --profile-id ID --certificate-field x509Issuer --specifiers CN" in result.err
    assert "does not test the issuer's CN" in result.err, result
    with Emulator(lab.root_file, "--trust-policy", lab.policy_file(flags)) as emulator:
        assert "Some attributes failed to be mapped" in session(emulator, flags).err


def test_the_default_output(lab):
    result = lab.policy(lab.leaf("app"))
    issuer = {"DC": "com/example", "O": "Example", "CN": "Policy CA"}
    assert json.loads(result.out) == {"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": {"Service": "rolesanywhere.amazonaws.com"},
        "Action": ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"],
        "Condition": {"ArnEquals": {"aws:SourceArn": ANCHOR_ARN},
                      "StringEquals": {"aws:PrincipalTag/x509Subject/CN": "app"} | {
                          f"aws:PrincipalTag/x509Issuer/{k}": v for k, v in issuer.items()}}}]}
    assert len(result.warnings) == 1 and "the profile must map x509Subject/CN" in result.warnings[0]
    assert lab.policy(lab.leaf("app"), "--quiet").err == ""


def test_addresses_are_a_policy_of_their_own(lab):
    flags = lab.leaf("app")
    result = lab.policy(flags, "--source-ip", "192.0.2.0/24", "--source-ip", "2001:db8::/64")
    both = json.loads(result.out)
    assert list(both) == ["trustPolicy", "permissionsPolicy"]
    assert both["trustPolicy"] == json.loads(lab.policy(flags).out)
    assert both["permissionsPolicy"]["Statement"] == [{
        "Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {
            "NotIpAddress": {"aws:SourceIp": ["192.0.2.0/24", "2001:db8::/64"]},
            "Bool": {"aws:ViaAWSService": "false"}}}]
    assert any("VPC endpoint" in line for line in result.warnings), result


def test_warnings(lab):
    empty = lab.leaf("d", subject=name(), hosts=["spiffe://example.org/a/b"])
    assert "empty, which the service does not support yet" in lab.policy(empty).err
    serve = lab.leaf("d", subject=name((NameOID.ORGANIZATION_NAME, "Example")), hosts=["web.example.com"])
    assert "first DNS name is web.example.com" in lab.policy(serve).err
    expired = lab.leaf("app", not_before=pki.NOW - 9 * pki.DAY, not_after=pki.NOW - pki.DAY)
    assert "IAM Roles Anywhere will refuse the certificate" in lab.policy(expired).err
    foreign = lab.leaf("J\u00f6rg \u65e5\u672c")
    result = lab.policy(foreign)
    assert result.out.isascii() and "J\\u00f6rg \\u65e5" in result.out and len(result.warnings) == 1, result
    assert "is not ASCII" in lab.policy(foreign, "--format", "terraform").err
    stranger = pki.write(lab.directory, "stranger.pem", pki.pem(pki.root("Strange Root")))
    result = run("policy", *foreign[:2], "--setup", "--role-name", "r", "--trust-anchor", stranger, "--format", "cli")
    assert "does not lead to trust anchor file" in result.err, result


def test_a_certificate_on_a_token(hsm):
    needs_dynamic_build("PKCS#11")
    arn = ["--trust-anchor-arn", ANCHOR_ARN]
    result = by_itself(hsm, "policy", "--certificate", "pkcs11:token=app;object=p256", *arn)
    assert result.code == 0 and '"on token p256"' in result.out, result
    assert_fails(by_itself(hsm, "policy", "--certificate", "pkcs11:", *arn), 2, "certificates on tokens match",
                 "read-certificate-data --certificate pkcs11:")
    assert_fails(by_itself(hsm, "policy", "--certificate", "pkcs11:token=none", *arn), 2, "no certificate")


@pytest.mark.parametrize("flags,message,hint", [
    ([], "missing: --trust-anchor-arn", None),
    (["--trust-anchor-arn", re.sub("trust-anchor/.*", "alias/trust-anchor/main", ANCHOR_ARN)],
     "is an alias ARN, and policies compare only the canonical ARN", "list-trust-anchors --region eu-west-1"),
    (["--trust-anchor-arn", ROLE_ARN], "is an ARN for", "swap"),
    (["--trust-anchor-arn", ANCHOR_ARN.replace("arn:aws:", "arn:aws-cn:")], "aws-cn", None),
    (["--trust-anchor-arn", ANCHOR_ARN, "--trust-anchor", "ROOT"], "--trust-anchor can be used only with --setup", None),
    (["--trust-anchor-arn", ANCHOR_ARN, "--format", "cli"], "missing: --role-name", None),
    (["--trust-anchor-arn", ANCHOR_ARN, "--source-ip", "192.0.2.1/24"], "not a network", r"192\.0\.2\.0/24"),
    (["--trust-anchor-arn", ANCHOR_ARN, "--by", "uri"], "has no URI", "--by"),
    (["--trust-anchor-arn", ANCHOR_ARN, "--like"], "no group", "OU"),
    (["--trust-anchor-arn", ANCHOR_ARN, "--by", "name"], "--by", None),
    (["--setup"], "--setup cannot be used with --format json", None),
    (["--setup", "--format", "cli", "--trust-anchor", "ROOT"], "missing: --role-name", None),
    (["--setup", "--format", "cli", "--role-name", "a b", "--trust-anchor", "ROOT"], "not valid|space", None),
    (["--setup", "--format", "cli", "--role-name", "x" * 65, "--trust-anchor", "ROOT"], "not valid", None),
    (["--setup", "--format", "cli", "--role-name", "a"], "missing: --trust-anchor or --trust-anchor-arn", None),
    (["--setup", "--format", "cli", "--role-name", "a", "--trust-anchor", "ROOT", "--trust-anchor-arn", ANCHOR_ARN],
     "cannot be used together", None),
    (["--setup", "--format", "cli", "--role-name", "a", "--trust-anchor", "LEAF"], "not one of a CA", None),
    (["--setup", "--format", "cli", "--role-name", "a", "--trust-anchor", "/nonexistent"], "/nonexistent", None)])
def test_errors(lab, flags, message, hint):
    leaf = lab.leaf("app")
    flags = [{"ROOT": lab.root_file, "LEAF": leaf[1]}.get(flag, flag) for flag in flags]
    assert_fails(run("policy", *leaf[:2], *flags), 2, message, hint)


def test_a_trust_anchor_to_create_comes_before_that_of_the_configuration(lab, tmp_path):
    config = tmp_path / "config.toml"
    config.write_text(f'trust-anchor-arn = "{ANCHOR_ARN}"\n')
    config.chmod(0o600)
    result = run("policy", *lab.leaf("app")[:2], "--config", config, "--setup", "--role-name", "app",
                 "--format", "cli", "--trust-anchor", lab.root_file)
    assert result.code == 0 and "create-trust-anchor" in result.out and ANCHOR_ARN not in result.out, result


@pytest.mark.parametrize("policy", [
    "", "{", '{"Version": "2012-10-17", "Statement": []}',
    '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "sts:*"}]}',
    '{"trustPolicy": {}, "permissionsPolicy": {}}'])
def test_emulate_refuses_what_it_does_not_know(lab, tmp_path, policy):
    path = pki.write(tmp_path, "policy.json", policy.encode())
    assert_fails(run("emulate", "--trust-anchor", lab.root_file, "--trust-policy", path), 2,
                 f"trust policy file {path}")


# --- the four formats, as the programs that they are for read them

def setups(lab, form):
    """The output with and without a trust anchor that exists, also for a mapping that must go."""
    ca = lab.root.issue("R & D", ca=True, subject=name((NameOID.ORGANIZATION_NAME, "Example"), (CN, "R & D")))
    more = ["--role-name", "app+1", "--format", form]
    addresses = ["--source-ip", "192.0.2.0/24", "--source-ip", "2001:db8::/64"]
    for leaf in (lab.leaf("app"), lab.leaf("app", issuer=ca),
                 lab.leaf("d", subject=computer("web01", "Computers", "Web"), hosts=["spiffe://example.org/a/b"])):
        for flags in (["--trust-anchor-arn", ANCHOR_ARN], ["--trust-anchor-arn", ANCHOR_ARN, *addresses, "--like"],
                      ["--setup", "--trust-anchor-arn", ANCHOR_ARN],
                      ["--setup", "--trust-anchor", lab.root_file, *addresses]):
            if "--like" in flags and "spiffe" not in run("read-certificate-data", *leaf[:2], "--format", "text").out:
                continue
            result = run("policy", *leaf[:2], *more, *flags)
            assert result.code == 0, result
            yield "--setup" in flags, result.out


@needs_cfn_lint
def test_cloudformation(lab, tmp_path):
    names = []
    for is_setup, text in setups(lab, "cloudformation"):
        names.append(pki.write(tmp_path, f"{len(names)}.json", text.encode()))
        resources = json.loads(text)["Resources"]
        assert ("Profile" in resources) == is_setup
    hostile = lab.policy(lab.leaf("h", subject=name((CN, HOSTILE))), "--by", "source-identity",
                         "--format", "cloudformation")
    names.append(pki.write(tmp_path, "hostile.json", hostile.out.encode()))
    done = subprocess.run([CFN_LINT, "--regions", "eu-west-1", "--", *names], capture_output=True, text=True,
                          env=environment({"PATH": os.environ["PATH"], "HOME": os.environ["HOME"]}), timeout=300, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def terraform(directory, *words, **more):
    env = environment({"PATH": os.environ["PATH"], "CHECKPOINT_DISABLE": "1", "HOME": str(directory)})
    return subprocess.run([TERRAFORM, *words], cwd=directory, env=env, stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, timeout=300, check=False, **more)


@needs_terraform
def test_terraform_fmt(lab, tmp_path):
    for count, (_, text) in enumerate(setups(lab, "terraform")):
        (tmp_path / f"{count}.tf").write_text(text)
    done = terraform(tmp_path, "fmt", "-check", "-diff")
    assert done.returncode == 0, done.stdout + done.stderr


@needs_terraform
@pytest.mark.skipif(not PLUGINS.is_dir(), reason=f"the provider for AWS is not in {PLUGINS}")
def test_terraform_validate(lab, tmp_path):
    checked = 0
    for is_setup, text in setups(lab, "terraform"):
        if not is_setup:
            continue
        (tmp_path / "main.tf").write_text(text)
        if checked == 0:
            done = terraform(tmp_path, "init", "-input=false", "-no-color", f"-plugin-dir={PLUGINS}")
            assert done.returncode == 0, done.stdout + done.stderr
        done = terraform(tmp_path, "validate", "-no-color")
        assert done.returncode == 0 and "Warning" not in done.stdout, done.stdout + done.stderr
        checked += 1
    assert checked == 6


def escaped_hostile():
    return "CN=" + HOSTILE.replace("$", "${$}")


def source_identity_of(policy):
    return policy["Statement"][0]["Condition"]["StringEquals"]["sts:SourceIdentity"]


@pytest.fixture(scope="module", name="hostile")
def hostile_certificate(lab):
    return lab.leaf("h", subject=name((CN, HOSTILE)))


@needs_terraform
def test_hostile_values_in_terraform(lab, hostile, tmp_path):
    result = lab.policy(hostile, "--by", "source-identity", "--format", "terraform")
    (tmp_path / "main.tf").write_text(result.out + 'output "policy" {\n  value = local.trust_policy\n}\n')
    for words in (("init", "-input=false"), ("apply", "-input=false", "-auto-approve")):
        done = terraform(tmp_path, *words)
        assert done.returncode == 0, done.stdout + done.stderr
    done = terraform(tmp_path, "output", "-raw", "policy")
    assert source_identity_of(json.loads(done.stdout)) == escaped_hostile()


def test_hostile_values_in_json(lab, hostile):
    result = lab.policy(hostile, "--by", "source-identity")
    assert source_identity_of(json.loads(result.out)) == escaped_hostile()
    assert "\n" not in "".join(result.warnings) and "STS may refuse it" in result.err
    result = lab.policy(hostile, "--by", "source-identity", "--format", "cloudformation")
    role = json.loads(result.out)["Resources"]["Role"]["Properties"]
    assert source_identity_of(role["AssumeRolePolicyDocument"]) == escaped_hostile()


def test_a_dynamic_reference_of_cloudformation(lab):
    leaf = lab.leaf("h", subject=name((CN, "{{resolve:secretsmanager:key}}")))
    assert_fails(lab.policy(leaf, "--by", "source-identity", "--format", "cloudformation"), 2,
                 "which CloudFormation would replace")


# Instead of the AWS CLI: writes its arguments down, and prints what the CLI would.
FAKE_AWS = """#!/bin/sh
for word; do printf '%s\\0' "$word"; done >>calls
printf '\\0' >>calls
case $2 in
create-trust-anchor) echo arn:aws:rolesanywhere:eu-west-1:111122223333:trust-anchor/new;;
create-role) echo arn:aws:iam::111122223333:role/app;;
create-profile) echo arn:aws:rolesanywhere:eu-west-1:111122223333:profile/p-1;;
$FAIL) exit 1;;
esac
"""


def calls(text, directory, shell="sh", fail="none"):
    """What the commands call the AWS CLI with, as lists of words; and what they print."""
    fake = directory / "aws"
    fake.write_text(FAKE_AWS)
    fake.chmod(0o755)
    (directory / "calls").write_text("")
    done = subprocess.run([shell], input=text, cwd=directory, capture_output=True, text=True, timeout=60, check=False,
                          env=environment({"PATH": f"{directory}:/usr/bin:/bin", "FAIL": fail}))
    assert done.stderr == "", done.stderr
    made = (directory / "calls").read_text().split("\0\0")[:-1]
    assert sorted(path.name for path in directory.iterdir()) == ["aws", "calls"]
    return [call.split("\0") for call in made], done.stdout


def after(words, flag):
    return words[words.index(flag) + 1]


SHELLS = [shell for shell in ("sh", "bash", "zsh", "ksh", "mksh") if shutil.which(shell)]


@pytest.mark.parametrize("shell", SHELLS)
def test_hostile_values_in_commands(lab, hostile, tmp_path, shell):
    result = lab.policy(hostile, "--by", "source-identity", "--format", "cli", "--role-name", "app")
    [words], _ = calls(result.out, tmp_path, shell)
    assert words[:6] == ["iam", "update-assume-role-policy", "--region", "eu-west-1", "--role-name", "app"]
    policy = json.loads(after(words, "--policy-document"))
    assert source_identity_of(policy) == escaped_hostile()
    assert policy["Statement"][0]["Condition"]["ArnEquals"] == {"aws:SourceArn": ANCHOR_ARN}


def test_commands_of_a_setup(lab, tmp_path):
    ca = lab.root.issue("R & D", ca=True, subject=name((NameOID.ORGANIZATION_NAME, "Example"), (CN, "R & D")))
    result = run("policy", *lab.leaf("app", issuer=ca)[:2], "--setup", "--role-name", "app+1", "--trust-anchor",
                 lab.root_file, "--format", "cli", "--source-ip", "192.0.2.0/24")
    made, printed = calls(result.out, tmp_path)
    assert [words[:2] for words in made] == [
        ["rolesanywhere", "create-trust-anchor"], ["iam", "create-role"], ["iam", "put-role-policy"],
        ["rolesanywhere", "create-profile"], ["rolesanywhere", "delete-attribute-mapping"]]
    anchor, role, addresses, profile, mapping = made
    assert after(anchor, "--name") == "app-1"
    source = json.loads(after(anchor, "--source"))
    assert source["sourceData"]["x509CertificateData"].encode() == pki.pem(lab.root)
    condition = json.loads(after(role, "--assume-role-policy-document"))["Statement"][0]["Condition"]
    assert condition["ArnEquals"]["aws:SourceArn"].endswith("trust-anchor/new")
    assert json.loads(after(addresses, "--policy-document"))["Statement"][0]["Effect"] == "Deny"
    assert after(profile, "--role-arns") == "arn:aws:iam::111122223333:role/app"
    assert mapping[2:] == ["--profile-id", "p-1", "--certificate-field", "x509Issuer", "--specifiers", "CN"]
    assert 'trust-anchor-arn = "arn:' in printed and 'profile-arn = "arn:' in printed and 'role-arn = "' in printed
    # The first failure is the end.
    (tmp_path / "calls").unlink()
    assert calls(result.out, tmp_path, fail="put-role-policy")[0][-1][1] == "put-role-policy"


def test_no_private_key_is_printed(lab, tmp_path):
    both = pki.write(tmp_path, "both.pem", pki.key_pem(lab.root.key) + pki.pem(lab.root))
    for form in ("terraform", "cloudformation", "cli"):
        result = run("policy", *lab.leaf("app")[:2], "--setup", "--role-name", "a", "--trust-anchor", both,
                     "--format", form)
        assert result.code == 0 and "PRIVATE" not in result.out + result.err, result
