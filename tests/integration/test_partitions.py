"""Aliases, partitions and accounts of ARNs: by flag, variable and file, and at emulate."""

from urllib.parse import urlencode

import pytest
from support import signing
from support.process import (ANCHOR_ARN, ARNS, PROFILE_ARN, ROLE_ARN, Emulator, assert_credentials,
                             assert_fails, credential_process, run)
from support.signing import assert_granted, assert_refused, request
from support.verifier import Verifier

ANCHOR_ALIAS = ANCHOR_ARN.split("trust-anchor/")[0] + "alias/trust-anchor/teams/My-CA_1"
PROFILE_ALIAS = PROFILE_ARN.split("profile/")[0] + "alias/profile/build"
ALIASES = ["--trust-anchor-arn", ANCHOR_ALIAS, "--profile-arn", PROFILE_ALIAS,
           "--role-arn", ROLE_ARN]


def arns(partition, region):
    return [arn.replace("arn:aws:", f"arn:{partition}:").replace("eu-west-1", region)
            for arn in ARNS]


def test_aliases_are_sent_as_they_are(identity):
    with Verifier() as verifier:
        result = credential_process(*identity.flags, *ALIASES, "--endpoint", verifier.url)
    assert_credentials(result)
    body = verifier.signed[0].body
    assert (body["trustAnchorArn"], body["profileArn"]) == (ANCHOR_ALIAS, PROFILE_ALIAS)
    assert verifier.signed[0].region == "eu-west-1" and result.err == ""


@pytest.mark.parametrize("command", ["credential-process", "export", "exec", "configure", "update"])
def test_aliases_in_each_command(identity, emulator, tmp_path, command):
    more = {"exec": ["--", "/usr/bin/env"], "configure": ["--profile", "demo"],
            "update": ["--once"]}.get(command, [])
    result = run(command, *identity.flags, *ALIASES, "--endpoint", emulator.url, *more,
                 env={"HOME": str(tmp_path)})
    assert result.code == 0 and not result.errors and not result.warnings, result
    if command == "exec":
        assert "AWS_REGION=eu-west-1" in result.out.splitlines(), result


def test_aliases_from_file_and_variable(identity, emulator, tmp_path):
    config = tmp_path / "config.toml"
    config.write_text(f'[binding.a]\ntrust-anchor-arn = "{ANCHOR_ALIAS}"\nrole-arn = "{ROLE_ARN}"\n')
    config.chmod(0o600)
    result = credential_process(*identity.flags, "--binding", "a", "--config", config,
                                "--endpoint", emulator.url, env={"ROLECALL_PROFILE_ARN": PROFILE_ALIAS})
    assert_credentials(result)


@pytest.mark.parametrize("name", ["", "1a", "-a", "a/", "a//b", "aws/x", "AWS/x", "a b", "a.b",
                                  "\u00e4", "x" * 257])
@pytest.mark.parametrize("kind", ["trust-anchor", "profile"])
def test_aliases_that_the_service_does_not_allow(identity, silent, kind, name):
    arn = {"trust-anchor": ANCHOR_ALIAS, "profile": PROFILE_ALIAS}[kind].split("alias/")[0]
    result = credential_process(*identity.flags, *ALIASES, f"--{kind}-arn",
                                f"{arn}alias/{kind}/{name}", "--endpoint", silent.url)
    assert_fails(result, 2, f"--{kind}-arn", hint=".")


def test_emulate_takes_aliases_in_body_and_query(identity, emulator):
    names = {"trustAnchorArn": signing.ARNS["trustAnchorArn"].split("trust-anchor/")[0]
             + "alias/trust-anchor/x/y", "profileArn":
             signing.ARNS["profileArn"].split("profile/")[0] + "alias/profile/aws"}
    assert_granted(request(identity.leaf, **names).send(emulator.url))
    query = urlencode(signing.ARNS | names)
    assert_granted(request(identity.leaf, query=query, body={}).send(emulator.url))
    for bad in ("AWS/x", "a/", "a//b", "1", "a.b", "x" * 257):
        names["profileArn"] = names["profileArn"].split("alias/")[0] + "alias/profile/" + bad
        assert_refused(request(identity.leaf, **names).send(emulator.url), "ValidationException",
                       "profileArn", status=400)


@pytest.mark.parametrize("partition,region", [
    ("aws-eusc", "eusc-de-east-1"), ("aws-iso-f", "us-isof-south-1"), ("aws-moon", "moon-far-1"),
    ("moon", "eu-west-1")])
def test_partitions_with_an_endpoint(identity, emulator, partition, region):
    """Those that nobody knows, too; the account is known from any of them."""
    result = credential_process(*identity.flags, *arns(partition, region),
                                "--endpoint", emulator.url)
    assert assert_credentials(result)["AccountId"] == "111122223333"
    assert result.err == "", result


@pytest.mark.parametrize("partition,region", [
    ("aws", "eusc-de-east-1"), ("aws", "cn-north-1"), ("aws-eusc", "eu-west-1"),
    ("aws-cn", "us-gov-west-1")])
def test_a_region_of_another_partition(identity, silent, partition, region):
    result = credential_process(*identity.flags, *arns(partition, region),
                                "--endpoint", silent.url)
    assert_fails(result, 2, f"{region} belongs to the partition", hint=".")


@pytest.mark.parametrize("flag", ["--role-arn", "--trust-anchor-arn"])
def test_another_account_is_warned_of(identity, flag):
    other = {"--role-arn": ROLE_ARN, "--trust-anchor-arn": ANCHOR_ARN}[flag].replace(
        "111122223333", "444455556666")
    with Verifier() as verifier:
        result = credential_process(*identity.flags, *ARNS, flag, other,
                                    "--endpoint", verifier.url)
    assert_credentials(result)
    assert len(result.warnings) == 1, result
    for part in (flag, "444455556666", "--profile-arn", "111122223333"):
        assert part in result.warnings[0], result


def test_a_hit_in_the_cache_does_not_repeat_the_warning(identity, tmp_path):
    flags = [*identity.flags, *ARNS, "--role-arn", ROLE_ARN.replace("1111", "4444"), "--cache"]
    home = {"HOME": str(tmp_path)}
    with Emulator(identity.root_file) as emulator:
        first = credential_process(*flags, "--endpoint", emulator.url, env=home)
        second = credential_process(*flags, "--endpoint", emulator.url, env=home)
    assert len(first.warnings) == 1 and second.err == "", (first, second)
    assert first.out == second.out
