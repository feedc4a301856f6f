"""The AWS SDK for JavaScript, version 3."""

from support.clients import DIRECTORY, not_in_path, not_installed

TITLE = "AWS SDK for JavaScript 3"
CANNOT = {}
HERE = DIRECTORY / "javascript"


def missing():
    return not_in_path("node") or not_installed("javascript")


def command(lab, server):
    return ["node", HERE / "v3.mjs", server]
