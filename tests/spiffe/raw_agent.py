"""A program at an agent's socket that answers calls with what a test says, right or wrong.

  raw_agent.py SOCKET    writes a line when it listens, and one for each connection

Standard input has one line of JSON:
  {"raw": BASE64}   these bytes instead of HTTP/2; without any, the connection closes
  {"headers": [[NAME, VALUE], …], "body": [BASE64, …], "trailers": [[NAME, VALUE], …], "then": …}
                    an answer in HTTP/2. All members may be missing. "then" is what follows: "close",
                    "reset" (of the stream) or "wait" (the default)
"""

import base64
import json
import socket
import sys
import threading

import h2.config
import h2.connection
import h2.events


def answer(connection, stream, script):
    if "headers" in script:
        connection.send_headers(stream, script["headers"])
    for part in script.get("body", []):
        data = base64.b64decode(part)
        for at in range(0, len(data), 16384):
            connection.send_data(stream, data[at:at + 16384])
    if "trailers" in script:
        connection.send_headers(stream, script["trailers"], end_stream=True)
    if script.get("then") == "reset":
        connection.reset_stream(stream)


def serve(client, script):
    if "raw" in script:
        client.recv(65536)
        client.sendall(base64.b64decode(script["raw"]))
        while script["raw"] and client.recv(65536):
            pass
        client.close()
        return
    connection = h2.connection.H2Connection(h2.config.H2Configuration(
        client_side=False, validate_outbound_headers=False, normalize_outbound_headers=False))
    connection.initiate_connection()
    client.sendall(connection.data_to_send())
    while data := client.recv(65536):
        for event in connection.receive_data(data):
            if isinstance(event, h2.events.StreamEnded):
                answer(connection, event.stream_id, script)
        client.sendall(connection.data_to_send())
        if script.get("then") == "close":
            client.close()
            return


def main():
    script = json.loads(sys.stdin.readline())
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(sys.argv[1])
        listener.listen()
        print("{}", flush=True)
        while True:
            client, _ = listener.accept()
            print("{}", flush=True)
            threading.Thread(target=serve, args=(client, script), daemon=True).start()


main()
