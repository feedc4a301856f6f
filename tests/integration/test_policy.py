"""`rolecall policy`: what the policies let in, asked of `emulate --trust-policy`, warnings and errors."""

import json
import re

import pytest
from cryptography.x509.oid import NameOID
from support import pki
from support.pkcs11 import by_itself
from support.policies import CN, Lab, computer, name
from support.process import (ANCHOR_ARN, PROFILE_ARN, ROLE_ARN, Emulator, assert_fails,
                             needs_dynamic_build, run, session)


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
