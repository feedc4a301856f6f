"""Terraform, its state in a bucket, with credentials from a profile and under exec --refresh."""

import os
import shutil
import subprocess

import pytest
from support.process import ARNS, BINARY, Emulator, environment
from support.s3 import Bucket

TERRAFORM = shutil.which("terraform") or shutil.which("tofu")
pytestmark = pytest.mark.skipif(
    TERRAFORM is None, reason="there is neither terraform nor tofu in PATH (nor in Debian)")

# Its own provider alone: no other could be had offline.
MAIN = """
terraform {
  backend "s3" {
    bucket                      = "state"
    key                         = "a/terraform.tfstate"
    region                      = "eu-west-1"
    endpoints                   = { s3 = "%(s3)s", sts = "%(sts)s" }
    use_path_style              = true
    skip_metadata_api_check     = true
    skip_requesting_account_id  = true
    skip_s3_checksum            = true
  }
}

resource "terraform_data" "waited" {
  input = "done"
  provisioner "local-exec" {
    command = "sleep %(seconds)s"
  }
}

output "result" {
  value = terraform_data.waited.output
}
"""


class Terraform:
    def __init__(self, directory, emulator, bucket, env, prefix=(), seconds=0):
        self.directory, self.prefix = directory / "work", prefix
        self.directory.mkdir()
        (self.directory / "main.tf").write_text(
            MAIN % {"s3": bucket.url, "sts": emulator.url, "seconds": seconds})
        self.env = environment({"HOME": str(directory), "CHECKPOINT_DISABLE": "1",
                                "TF_IN_AUTOMATION": "1", "AWS_EC2_METADATA_DISABLED": "true",
                                "PATH": os.environ["PATH"], **env})

    def run(self, *words):
        done = subprocess.run([*self.prefix, TERRAFORM, *words, "-no-color"], cwd=self.directory,
                              env=self.env, stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, timeout=120, check=False)
        assert done.returncode == 0, (words, done.stdout, done.stderr)
        return done.stdout

    def init_plan_apply(self):
        self.run("init", "-input=false")
        assert "1 to add" in self.run("plan", "-input=false", "-out=plan")
        assert "1 added" in self.run("apply", "-input=false", "plan")
        assert self.run("output", "-raw", "result").startswith("done")


def test_a_profile_with_credential_process(identity, tmp_path):
    with Emulator(identity.root_file) as emulator, Bucket() as bucket:
        command = " ".join(map(str, [BINARY, "credential-process", *identity.flags, *ARNS,
                                     "--endpoint", emulator.url, "--cache"]))
        config = tmp_path / "config"
        config.write_text(f"[profile p]\ncredential_process = {command}\n")
        terraform = Terraform(tmp_path, emulator, bucket, {
            "AWS_CONFIG_FILE": str(config), "AWS_PROFILE": "p", "XDG_RUNTIME_DIR": str(tmp_path)})
        terraform.init_plan_apply()
    assert b'"terraform_data"' in bucket.objects["/state/a/terraform.tfstate"]
    assert not bucket.problems
    assert len(set(bucket.keys)) == 1, "one session for all four runs"


def test_under_exec_refresh_across_an_expiry(identity, tmp_path):
    """apply waits for longer than a session lasts, and writes its state then."""
    with Emulator(identity.root_file, "--session-duration-max", "4") as emulator, \
            Bucket() as bucket:
        prefix = [BINARY, "exec", "--refresh", *map(str, identity.flags), *ARNS,
                  "--endpoint", emulator.url, "--"]
        terraform = Terraform(tmp_path, emulator, bucket, {}, prefix=prefix, seconds=6)
        terraform.init_plan_apply()
    assert b'"terraform_data"' in bucket.objects["/state/a/terraform.tfstate"]
    assert not bucket.problems
    assert len(set(bucket.keys)) > 4, "a session for each run, and more than one for apply"
