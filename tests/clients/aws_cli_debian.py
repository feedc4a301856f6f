"""The AWS CLI of the distribution: version 2 in Debian 12."""

from support.clients import not_in_path

TITLE = "AWS CLI 2, Debian's"
CANNOT = {"IMDS": "it needs the slash at the end",
          "container, token file": "its botocore is older than the variable"}


def missing():
    return not_in_path("/usr/bin/aws")


def command(lab, server):
    return ["/usr/bin/aws", "--region", "eu-west-1", "--endpoint-url", server, "--no-cli-pager",
            "--output", "json", "sts", "get-caller-identity"]
