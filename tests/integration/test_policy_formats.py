"""The four formats of `rolecall policy`, as the programs that they are for read them, also with values that
are meant to break them."""

import http.server
import json
import os
import pathlib
import shutil
import subprocess
import threading
import urllib.parse

import pytest
from cryptography.x509.oid import NameOID
from support import pki
from support.clients import PYPI
from support.policies import CN, HOSTILE, Lab, computer, name
from support.process import ANCHOR_ARN, PROFILE_ARN, ROLE_ARN, assert_fails, environment, run

CFN_LINT = PYPI / "bin" / "cfn-lint"
TERRAFORM = shutil.which("terraform") or shutil.which("tofu")
# Where the provider for AWS may have been put; it cannot be downloaded without a network.
PLUGINS = pathlib.Path("/opt/tf-plugins")
AWS_CLI = PYPI / "bin" / "aws"
NOT_INSTALLED = "scripts/setup-clients has not been run or could not install it"
needs_cfn_lint = pytest.mark.skipif(not CFN_LINT.exists(), reason=NOT_INSTALLED)
needs_aws_cli = pytest.mark.skipif(not AWS_CLI.exists(), reason=NOT_INSTALLED)
needs_terraform = pytest.mark.skipif(
    TERRAFORM is None, reason="there is neither terraform nor tofu in PATH (nor in Debian)")


@pytest.fixture(scope="module", name="lab")
def two_cas(tmp_path_factory):
    return Lab(tmp_path_factory.mktemp("policy"))


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
                          env=environment({"PATH": os.environ["PATH"], "HOME": str(tmp_path)}), timeout=300, check=False)
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


# With the real AWS CLI

class FakeAws(http.server.BaseHTTPRequestHandler):
    """IAM and IAM Roles Anywhere, as far as the commands need them. Notes what it was asked."""

    asked = []

    def answer(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0))).decode()
        text = json.dumps({
            "trustAnchor": {"trustAnchorArn": NEW_ANCHOR, "trustAnchorId": "new"},
            "profile": {"profileId": PROFILE_ID, "profileArn": PROFILE_ARN}})
        if self.path == "/":
            form = dict(urllib.parse.parse_qsl(body, strict_parsing=True))
            self.asked.append((form["Action"], form))
            text = (f"<{form['Action']}Response><{form['Action']}Result><Role><Arn>{ROLE_ARN}</Arn></Role>"
                    f"</{form['Action']}Result></{form['Action']}Response>")
        else:
            self.asked.append((f"{self.command} {self.path}", json.loads(body or "{}")))
        self.send_response(200)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    do_POST = do_PUT = do_DELETE = answer

    def log_message(self, *_):
        """Nothing."""


NEW_ANCHOR = ANCHOR_ARN.replace("11111111", "44444444")
PROFILE_ID = PROFILE_ARN.rsplit("/", 1)[1]


def calls_of_aws_cli(text, directory):
    """The requests that the AWS CLI makes of the commands, and what these print."""
    FakeAws.asked = []
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), FakeAws) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        done = subprocess.run(["sh"], input=text, cwd=directory, capture_output=True, text=True, timeout=300,
                              check=False, env=environment({
                                  "PATH": f"{PYPI}/bin:/usr/bin:/bin", "HOME": str(directory), "LC_ALL": "C.UTF-8",
                                  "AWS_DEFAULT_REGION": "eu-west-1",
                                  "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "y",
                                  "AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.server_port}"}))
        server.shutdown()
    assert (done.returncode, done.stderr) == (0, ""), done
    return FakeAws.asked, done.stdout


@needs_aws_cli
def test_the_aws_cli_reads_the_commands_of_a_setup(lab, tmp_path):
    ca = lab.root.issue("R & D", ca=True, subject=name((NameOID.ORGANIZATION_NAME, "Example"), (CN, "R & D")))
    result = run("policy", *lab.leaf("app", issuer=ca)[:2], "--setup", "--role-name", "app+1", "--trust-anchor",
                 lab.root_file, "--format", "cli", "--source-ip", "192.0.2.0/24")
    asked, printed = calls_of_aws_cli(result.out, tmp_path)
    assert [what for what, _ in asked] == [
        "POST /trustanchors", "CreateRole", "PutRolePolicy", "POST /profiles",
        f"DELETE /profiles/{PROFILE_ID}/mappings?certificateField=x509Issuer&specifiers=CN"]
    anchor, role, addresses, profile, _ = [body for _, body in asked]
    assert anchor == {"name": "app-1", "enabled": True, "source": {
        "sourceType": "CERTIFICATE_BUNDLE", "sourceData": {"x509CertificateData": pki.pem(lab.root).decode()}}}
    condition = json.loads(role["AssumeRolePolicyDocument"])["Statement"][0]["Condition"]
    assert role["RoleName"] == "app+1" and condition["ArnEquals"] == {"aws:SourceArn": NEW_ANCHOR}
    assert json.loads(addresses["PolicyDocument"])["Statement"][0]["Effect"] == "Deny"
    assert profile == {"name": "app-1", "enabled": True, "roleArns": [ROLE_ARN]}
    assert f'trust-anchor-arn = "{NEW_ANCHOR}"' in printed and f'role-arn = "{ROLE_ARN}"' in printed


@needs_aws_cli
@pytest.mark.parametrize("flags", [[], ["--source-ip", "2001:db8::/64"]])
def test_the_aws_cli_reads_hostile_values(lab, hostile, tmp_path, flags):
    result = lab.policy(hostile, "--by", "source-identity", "--format", "cli", "--role-name", "app", *flags)
    asked, _ = calls_of_aws_cli(result.out, tmp_path)
    assert [what for what, _ in asked] == ["UpdateAssumeRolePolicy", *["PutRolePolicy"] * bool(flags)]
    policy = json.loads(asked[0][1]["PolicyDocument"])
    assert source_identity_of(policy) == escaped_hostile()
