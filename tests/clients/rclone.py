"""rclone of the distribution, at a bucket."""

from support.clients import not_in_path

TITLE = "rclone"
SERVER = "s3"
CANNOT = {"container, token file": "its AWS SDK is older than the variable"}


def missing():
    return not_in_path("rclone")


def command(lab, server):
    remote = f':s3,provider=Other,env_auth=true,region=eu-west-1,endpoint="{server}":state/copy'
    return ["rclone", "--config", "/dev/null", "--retries", "1", "--s3-no-check-bucket", "copyto",
            __file__, remote]
