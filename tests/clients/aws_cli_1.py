"""The AWS CLI of version 1, the newest."""

from support.clients import PYPI, not_installed

TITLE = "AWS CLI 1"
CANNOT = {}


def missing():
    return not_installed("python")


def command(lab, server):
    return [PYPI / "bin" / "aws", "--region", "eu-west-1", "--endpoint-url", server,
            "--output", "json", "sts", "get-caller-identity"]
