"""restic of the distribution, with its repository in a bucket."""

from support.clients import not_in_path

TITLE = "restic"
SERVER = "s3"
ONLY_EC2 = "it asks only 169.254.169.254"
CANNOT = {"credential_process": "it does not know credential_process", "IMDS": ONLY_EC2,
          "IMDS/": ONLY_EC2, "container, token file": "it does not know the variable"}


def missing():
    return not_in_path("restic")


def command(lab, server):
    return ["env", "RESTIC_PASSWORD=x", "restic", "--no-cache", "-r", f"s3:{server}/state", "init"]
