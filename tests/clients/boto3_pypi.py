"""The newest boto3."""

from support.clients import DIRECTORY, PYPI, not_installed

TITLE = "boto3"
CANNOT = {}
PYTHON = PYPI / "bin" / "python3"


def missing():
    return not_installed("python")


def command(lab, server):
    return [PYTHON, DIRECTORY / "python" / "caller.py", server]
