"""boto3 of the distribution."""

import importlib.util
import sys

from support.clients import DIRECTORY

TITLE = "boto3, Debian's"
CANNOT = {"container, token file": "its botocore is older than the variable"}
PYTHON = sys.executable


def missing():
    return None if importlib.util.find_spec("boto3") else "boto3 is not installed"


def command(lab, server):
    return [PYTHON, DIRECTORY / "python" / "caller.py", server]
