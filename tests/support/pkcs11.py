"""Runs with keys and certificates on PKCS#11 tokens."""

from support import pki
from support.process import run, session
from support.tokens import PIN, SoftHsm

KINDS = ["rsa2048", "rsa3072", "p256", "p384", "p521"]


def every_kind(identity, directory):
    """Token "app" holds a pair of key and certificate for each kind, and their issuer."""
    tokens = SoftHsm(directory)
    tokens.token("app")
    tokens.leaves = {}
    for number, kind in enumerate(KINDS):
        key = tokens.make_key("app", kind, kind, f"0{number}")
        tokens.leaves[kind] = identity.intermediate.issue(f"on token {kind}", private_key=key)
        tokens.put("app", tokens.leaves[kind], kind, f"0{number}")
    tokens.put("app", identity.intermediate, "issuer")
    tokens.pin_file = pki.write(tokens.directory, "pin", f"{PIN}\n".encode())
    tokens.password = ["--password-source", f"file:{tokens.pin_file}"]
    return tokens


def by_itself(tokens, *arguments, **options):
    """Without a terminal to ask."""
    return run(*arguments, env=tokens.env, start_new_session=True, **options)


def asked(tokens, server, flags, *more, env=None, **options):
    return session(server, flags, *more, env={**tokens.env, **(env or {})}, start_new_session=True,
                   **options)


def leaf_file(leaf, directory):
    """The certificate of a key on a token, in a file with its chain."""
    return pki.write(directory, "leaf.pem", pki.pem(leaf, *leaf.chain))
