"""An identity whose key has a password, and what shows of a process that reads it."""

from support import pki

PASSWORD = "correct-horse-battery-staple"


class Locked:
    """An identity whose key is encrypted, in a directory that everyone may enter."""

    def __init__(self, identity, directory):
        self.directory = directory
        self.flags = pki.write_identity(directory, identity.leaf)
        self.key = pki.write(directory, "leaf.key",
                             pki.key_pem(identity.leaf.key, password=PASSWORD.encode()))
        self.password_file = pki.write(directory, "password", PASSWORD.encode() + b"\n")


def proc_file(pid, name):
    with open(f"/proc/{pid}/{name}", "rb") as file:
        return file.read()
