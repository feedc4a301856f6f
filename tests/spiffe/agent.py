"""A SPIFFE agent for tests, on a gRPC server that is not ours. support/spiffe.py starts it.

  agent.py ADDRESS    unix:PATH or HOST:PORT; port 0 is any free port

Writes a line of JSON for each event: {"port": N} when it listens, {"call": true} for each call. Reads
a line of JSON from standard input for each change:
  {"svids": [{"spiffe_id", "x509_svid", "x509_svid_key", "bundle", "hint"}, …]}   bytes are in base64
  {"status": N, "details": TEXT}   ends all calls with this status, also the next ones
  {"silent": true}                 the next calls get no message
"""

import base64
import json
import pathlib
import sys
import threading
from concurrent import futures

import grpc

sys.path.insert(0, str(pathlib.Path(__file__).parent))
MESSAGES, SERVICES = grpc.protos_and_services("workload.proto")
BYTES = ("x509_svid", "x509_svid_key", "bundle")


def say(**event):
    print(json.dumps(event), flush=True)


def response(state):
    message = MESSAGES.X509SVIDResponse(crl=[b"not used"], federated_bundles={"other.org": b"not used"})
    for svid in state["svids"]:
        message.svids.add(**{name: base64.b64decode(value) if name in BYTES else value
                             for name, value in svid.items()})
    return message


class Agent(SERVICES.SpiffeWorkloadAPIServicer):
    def __init__(self):
        self.changed = threading.Condition()
        self.state, self.version = {"svids": []}, 0

    def set(self, state):
        with self.changed:
            self.state, self.version = state, self.version + 1
            self.changed.notify_all()

    def FetchX509SVID(self, request, context):
        say(call=True)
        if ("workload.spiffe.io", "true") not in context.invocation_metadata():
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "security header missing from request")
        sent = -1
        while context.is_active():
            with self.changed:
                if not self.changed.wait_for(lambda: self.version != sent, 0.05):
                    continue
                state, sent = self.state, self.version
            if "status" in state:
                code = next(c for c in grpc.StatusCode if c.value[0] == state["status"])
                context.abort(code, state.get("details", ""))
            if "svids" in state:
                yield response(state)


def main():
    agent = Agent()
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=32))
    SERVICES.add_SpiffeWorkloadAPIServicer_to_server(agent, server)
    port = server.add_insecure_port(sys.argv[1])
    first = sys.stdin.readline()
    agent.set(json.loads(first))
    server.start()
    say(port=port)
    for line in sys.stdin:
        agent.set(json.loads(line))
    server.stop(None)


main()
