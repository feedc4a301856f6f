"""A server that is not ours: it answers the same to everybody, or nothing."""

import contextlib
import socket
import threading


@contextlib.contextmanager
def answering(*pieces, address="127.0.0.1"):
    """A server that sends these bytes to each client; without any, it accepts and says nothing."""
    with socket.create_server((address, 0), family=socket.AF_INET6 if ":" in address
                              else socket.AF_INET) as listener:
        clients = []

        def accept():
            with contextlib.suppress(OSError):
                while True:
                    client, _ = listener.accept()
                    clients.append(client)
                    if pieces:
                        client.recv(4096)
                        for piece in pieces:
                            client.sendall(piece)
                        client.close()

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(timeout=10)
            for client in clients:
                client.close()


def response(body, status="200 OK"):
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()
