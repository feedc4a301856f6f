"""The AWS SDK for Go, version 2."""

from support.clients import INSTALLED, not_installed

TITLE = "AWS SDK for Go 2"
CANNOT = {}
CALLER = INSTALLED / "go_2"


def missing():
    return not_installed("go_2")


def command(lab, server):
    return [CALLER, server]
