"""A DNS server on port 53 of the loopback, for a network namespace of its own.

  dns.py NAME=ADDRESS...    prints "ready", then a line for each question: its name and type

It answers over UDP: A for the names that it has, nothing of other types, NXDOMAIN for other names.
"""

import socket
import struct
import sys

A, NXDOMAIN = 1, 3


def question_of(query):
    labels, at = [], 12
    while query[at]:
        labels.append(query[at + 1:at + 1 + query[at]].decode())
        at += 1 + query[at]
    return ".".join(labels).lower(), struct.unpack_from(">H", query, at + 1)[0], query[12:at + 5]


def answer(query, names):
    name, kind, question = question_of(query)
    print(name, kind, flush=True)
    address = names.get(name)
    records = b""
    if address and kind == A:
        # The name is a pointer to the question's.
        records = struct.pack(">HHHIH", 0xc00c, A, 1, 60, 4) + socket.inet_aton(address)
    flags = 0x8180 | (0 if address else NXDOMAIN)
    return query[:2] + struct.pack(">HHHHH", flags, 1, bool(records), 0, 0) + question + records


def main():
    names = dict(argument.split("=") for argument in sys.argv[1:])
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 53))
        print("ready", flush=True)
        while True:
            query, client = server.recvfrom(4096)
            server.sendto(answer(query, names), client)


if __name__ == "__main__":
    main()
