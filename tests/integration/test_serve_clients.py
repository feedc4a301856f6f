"""SDKs find serve by themselves and use what it hands out at `emulate`: by IMDS and as a container."""

import json
import pathlib
import subprocess
import sys

import pytest
from support.process import ROLE_ARN, environment, run
from support.serve import Serve, eventually

JS = pathlib.Path(__file__).resolve().parents[1] / "js"
BOTO3 = """
import boto3, json, sys
session = boto3.Session(region_name="eu-west-1")
answer = session.client("sts", endpoint_url=sys.argv[1]).get_caller_identity()
credentials = session.get_credentials()
print(json.dumps({"arn": answer["Arn"], "method": credentials.method,
                  "accessKeyId": credentials.access_key}))
"""


@pytest.fixture(scope="module")
def serve(identity, emulator, tmp_path_factory):
    with Serve(tmp_path_factory.mktemp("serve"), server=emulator, flags=identity.flags) as running:
        yield running


@pytest.fixture(name="finds", params=["imds", "container"])
def environment_of_a_client(request, serve, tmp_path):
    """Nothing but where serve is."""
    result = environment({"HOME": str(tmp_path), "AWS_CONFIG_FILE": "/nonexistent",
                          "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent", "LC_ALL": "C.UTF-8"})
    if request.param == "imds":
        result["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = serve.url + "/"
    else:
        done = run("env", "--format", "systemd", env={"XDG_RUNTIME_DIR": str(serve.directory)})
        result.update(line.split("=", 1) for line in done.out.splitlines())
    result["KIND"] = request.param
    return result


def check(serve, kind, done):
    assert done.returncode == 0, done
    role = ROLE_ARN.rsplit("/", 1)[1]
    answer = json.loads(done.stdout)
    assert f":assumed-role/{role}/" in answer.get("arn", answer.get("Arn")), done
    route = {"imds": "imds/credentials", "container": "container"}[kind]
    eventually(lambda: serve.metric(f'rolecall_requests_total{{route="{route}",status="200"}}'))
    return answer


def call(env, *command):
    return subprocess.run([*map(str, command)], env=env, capture_output=True, text=True,
                          timeout=60, check=False)


def test_boto3(serve, emulator, finds):
    pytest.importorskip("boto3", reason="boto3 is not installed")
    answer = check(serve, finds["KIND"], call(finds, sys.executable, "-c", BOTO3, emulator.url))
    assert answer["method"] == {"imds": "iam-role", "container": "container-role"}[finds["KIND"]]
    assert answer["accessKeyId"] == serve.credentials()["AccessKeyId"]


@pytest.mark.skipif(not pathlib.Path("/usr/bin/aws").exists(), reason="the AWS CLI is not installed")
def test_aws_cli(serve, emulator, finds):
    check(serve, finds["KIND"],
          call(finds, "/usr/bin/aws", "--region", "eu-west-1", "--endpoint-url", emulator.url,
               "--no-cli-pager", "--output", "json", "sts", "get-caller-identity"))


javascript = pytest.mark.skipif(
    not (JS / "node_modules/@aws-sdk/client-sts").exists(),
    reason="scripts/setup test could not install the AWS SDK for JavaScript: no node of version 18 "
           "or later, or the npm registry was not reached")


@javascript
def test_javascript(serve, emulator, finds):
    answer = check(serve, finds["KIND"], call(finds, "node", JS / "caller.mjs", emulator.url))
    assert answer["accessKeyId"] == serve.credentials()["AccessKeyId"]


@javascript
@pytest.mark.parametrize("finds", ["container"], indirect=True)
def test_javascript_with_a_token_file(serve, emulator, finds):
    """The newer way, which reads the file again each time."""
    del finds["AWS_CONTAINER_AUTHORIZATION_TOKEN"]
    done = run("env", "--format", "systemd", "--token-file",
               env={"XDG_RUNTIME_DIR": str(serve.directory)})
    finds.update(line.split("=", 1) for line in done.out.splitlines())
    check(serve, "container", call(finds, "node", JS / "caller.mjs", emulator.url))
