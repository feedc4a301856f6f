"""The AWS SDK for JavaScript, version 2."""

from support.clients import DIRECTORY, not_in_path, not_installed

TITLE = "AWS SDK for JavaScript 2"
CANNOT = {}
HERE = DIRECTORY / "javascript"


def missing():
    return not_in_path("node") or not_installed("javascript")


def command(lab, server):
    return ["node", HERE / "v2.js", server]
