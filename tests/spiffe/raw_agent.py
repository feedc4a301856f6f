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


def answer(client, connection, stream, script):
    if "headers" in script:
        connection.send_headers(stream, script["headers"])
    for part in script.get("body", []):
        data = base64.b64decode(part)
        while data:
            size = min(connection.local_flow_control_window(stream), 16384)
            if size == 0:  # until the client takes more
                client.sendall(connection.data_to_send())
                connection.receive_data(client.recv(65536))
                continue
            connection.send_data(stream, data[:size])
            data = data[size:]
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
                answer(client, connection, event.stream_id, script)
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
