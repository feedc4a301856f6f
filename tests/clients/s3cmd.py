"""s3cmd of the distribution, at a bucket."""

from support.clients import not_in_path

TITLE = "s3cmd"
SERVER = "s3"
NO_SDK = "it knows the environment, the credentials file and 169.254.169.254"
CANNOT = dict.fromkeys(("credential_process", "exec --refresh", "IMDS", "IMDS/", "container",
                        "container, token file"), NO_SDK)


def missing():
    return not_in_path("s3cmd")


def environment(lab):
    return {"AWS_PROFILE": "default"}  # without it the credentials file is not read


def command(lab, server):
    host = server.removeprefix("http://")
    return ["s3cmd", "--no-ssl", "--region", "eu-west-1", "--host", host, "--host-bucket", host, "ls",
            "s3://state"]
