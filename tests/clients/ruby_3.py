"""The AWS SDK for Ruby, version 3, of the distribution."""

import subprocess

from support.clients import DIRECTORY, not_in_path

TITLE = "AWS SDK for Ruby 3"
NO_PORT = "it takes only the host of the variable, and asks port 80"
OLD = "that of Debian 12 knows only AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"
CANNOT = {"IMDS": NO_PORT, "IMDS/": NO_PORT, "exec --refresh": OLD, "container": OLD,
          "container, token file": OLD}


def missing():
    if reason := not_in_path("ruby"):
        return reason
    found = subprocess.run(["ruby", "-e", "require 'aws-sdk-core'"], capture_output=True, check=False)
    return None if found.returncode == 0 else "ruby-aws-sdk-core is not installed"


def command(lab, server):
    return ["ruby", DIRECTORY / "ruby" / "caller.rb", server]
