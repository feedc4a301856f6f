"""botocore on a clock that is moved by hand: sessions of days in seconds.

    python3 botocore_clock.py < TASK
TASK is JSON: {"lifetime": seconds, "renewals": [when the server has new credentials, …],
         "sessions": how many the client uses, "seed": n}.
Prints, as JSON, how many sessions a client used that asks for credentials all the time, and in how
many of them the service would have answered ExpiredToken. The rules of renewal are botocore's own.
"""

import datetime
import http.server
import json
import os
import random
import sys
import threading
import types

import botocore.compat
import botocore.credentials
import botocore.utils
from botocore.session import Session

START = datetime.datetime(2031, 5, 6, 7, 8, 9, tzinfo=datetime.timezone.utc)
ROLE_PATH = "/latest/meta-data/iam/security-credentials/"
TTL = "x-aws-ec2-metadata-token-ttl-seconds"


class Clock:
    """Takes the place of the wall clock in botocore."""

    seconds = 0.0

    @classmethod
    def now(cls):
        return START + datetime.timedelta(seconds=cls.seconds)

    @classmethod
    def install(cls):
        class Moved(datetime.datetime):
            @classmethod
            def now(cls, tz=None):
                return Clock.now().astimezone(tz) if tz else Clock.now().replace(tzinfo=None)

            @classmethod
            def utcnow(cls):
                return Clock.now().replace(tzinfo=None)

        names = {name: getattr(datetime, name) for name in datetime.__all__}
        module = types.SimpleNamespace(**{**names, "datetime": Moved})
        for user in (botocore.compat, botocore.credentials, botocore.utils):
            if getattr(user, "datetime", None) is datetime:
                user.datetime = module


class Server:
    """Instance metadata: the newest credentials that are there at this time of the clock."""

    def __init__(self, lifetime, renewals):
        self.lifetime, self.renewals = lifetime, renewals
        self.current, self.asked, self.least_left = 0, 0, float("inf")

        server = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1  # header and body in one packet, so that no delayed ACK is waited for

            def do_PUT(self):
                self.send(b"token", {TTL: "21600"})

            def do_GET(self):
                rest = self.path[len(ROLE_PATH):]
                self.send(server.credentials() if rest else b"Example", {})

            def send(self, body, headers):
                self.send_response(200)
                for name, value in {"Content-Length": str(len(body)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        threading.Thread(target=self.http.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.http.server_port}/"

    def expires(self, number):
        return self.renewals[number] + self.lifetime

    def credentials(self):
        while self.current + 1 < len(self.renewals) \
                and self.renewals[self.current + 1] <= Clock.seconds:
            self.current += 1
        self.asked += 1
        self.least_left = min(self.least_left, self.expires(self.current) - Clock.seconds)
        end = START + datetime.timedelta(seconds=int(self.expires(self.current)))
        return json.dumps({
            "Code": "Success", "Type": "AWS-HMAC", "AccessKeyId": str(self.current),
            "SecretAccessKey": "secret", "Token": "token", "Expiration":
            end.strftime("%Y-%m-%dT%H:%M:%SZ")}).encode()


def simulate(task):
    random.seed(task["seed"])
    Clock.install()
    server = Server(task["lifetime"], task["renewals"])
    os.environ["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = server.url
    used, expired = set(), set()
    # As every client of boto3 has them: from a Session, whose resolver sets the refresh window.
    credentials = Session().get_credentials()
    assert credentials.method == "iam-role", credentials.method
    while len(used) < task["sessions"]:
        assert Clock.seconds < task["renewals"][-1], "there are too few renewals"
        number = int(credentials.get_frozen_credentials().access_key)
        used.add(number)
        if server.expires(number) <= Clock.seconds:
            expired.add(number)
        Clock.seconds += random.uniform(5, 60)
    return {"used": len(used), "expired": len(expired), "asked": server.asked,
            "least_left": server.least_left, "botocore": botocore.__version__}


if __name__ == "__main__":
    print(json.dumps(simulate(json.load(sys.stdin))))
