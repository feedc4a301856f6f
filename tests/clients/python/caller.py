"""Gets credentials as any program with boto3 does, asks who it is, and prints both.

    python3 caller.py STS-URL
"""

import json
import sys

import boto3

session = boto3.Session(region_name="eu-west-1")
answer = session.client("sts", endpoint_url=sys.argv[1]).get_caller_identity()
print(json.dumps({"arn": answer["Arn"], "accessKeyId": session.get_credentials().access_key}))
