"""--timeout covers reading the files of an identity and decrypting them."""

import base64
import contextlib
import os
import subprocess
import threading
import time

import pytest
from support import pki
from support.process import (ARNS, PATIENCE, assert_credentials, assert_fails, environment, run,
                             session)

PASSWORD = "correct horse battery"


def openssl(*arguments):
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True,
                   env=environment(), stdin=subprocess.DEVNULL)


def pem_of(label, content):
    return (f"-----BEGIN {label}-----\n".encode() + base64.encodebytes(content)
            + f"-----END {label}-----\n".encode())


@contextlib.contextmanager
def dribble(write, content, pause):
    """Writes byte after byte until the reader is gone or the with statement ends."""
    ended = threading.Event()

    def run():
        with contextlib.suppress(OSError):
            for byte in content:
                write(bytes([byte]))
                if ended.wait(pause):
                    break
    writer = threading.Thread(target=run)
    writer.start()
    yield
    ended.set()
    writer.join(10)
    assert not writer.is_alive()


@pytest.fixture(name="fifo")
def named_pipe(tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path, 0o600)
    # Open for both, so that neither side waits for the other.
    descriptor = os.open(path, os.O_RDWR)
    yield path, descriptor
    os.close(descriptor)


@pytest.mark.parametrize("flag", ["--certificate", "--private-key", "--intermediates"])
def test_slow_named_pipe(identity, silent, fifo, flag):
    path, descriptor = fifo
    flags = [*identity.flags, "--intermediates", identity.certificate]
    flags[flags.index(flag) + 1] = path
    with dribble(lambda byte: os.write(descriptor, byte), pki.pem(identity.leaf), 0.1):
        result = session(silent, flags, "--timeout", "2")
    assert_fails(result, 3, f"{path} did not end within 2 s", hint="--timeout")
    assert 1.9 < result.seconds < PATIENCE, result


def test_silent_named_pipe(identity, silent, fifo):
    result = session(silent, [*identity.flags[:3], fifo[0]], "--timeout", "1")
    assert_fails(result, 3, "in 1 s")
    assert result.seconds < PATIENCE, result


@pytest.mark.parametrize("source", ["-", "fd"])
def test_slow_stream(identity, silent, source):
    reading, writing = os.pipe()
    try:
        options = {"stdin": reading} if source == "-" else {"pass_fds": [reading]}
        with dribble(lambda byte: os.write(writing, byte), pki.key_pem(identity.leaf.key), 0.1):
            result = session(silent, [*identity.flags[:3], "-" if source == "-" else
                                      f"fd:{reading}"], "--timeout", "2", **options)
    finally:
        os.close(reading)
        os.close(writing)
    assert_fails(result, 3, "did not end within 2 s")
    assert result.seconds < PATIENCE, result


def test_stream_that_begins_late(identity, emulator):
    """Its writer may have to ask a person first."""
    reading, writing = os.pipe()

    def write():
        time.sleep(6)  # longer than --timeout, which is long enough for the rest of a run
        os.write(writing, pki.key_pem(identity.leaf.key))
        os.close(writing)
    writer = threading.Thread(target=write)
    writer.start()
    result = session(emulator, [*identity.flags[:3], "-"], "--timeout", "5", stdin=reading)
    writer.join()
    os.close(reading)
    assert_credentials(result)


# What openssl encrypts with more iterations takes it as long, so the count of a file with few is
# changed: from one number of three bytes to the largest.
COUNT = 0x010203
LARGEST = 0x7fffff


def count_more(path):
    data = path.read_bytes()
    old = b"\x02\x03" + COUNT.to_bytes(3, "big")
    assert old in data, data.hex()
    path.write_bytes(data.replace(old, b"\x02\x03" + LARGEST.to_bytes(3, "big")))


KEYS = {
    "PBKDF2": ["pkcs8", "-topk8", "-iter", COUNT],
    "PBKDF2, SHA-512": ["pkcs8", "-topk8", "-iter", COUNT, "-v2prf", "hmacWithSHA512"],
    "PBES1": ["pkcs8", "-topk8", "-iter", COUNT, "-v1", "PBE-SHA1-3DES"],
}


@pytest.mark.parametrize("form", KEYS)
def test_iterations_of_a_key(identity, silent, emulator, tmp_path, form):
    path = tmp_path / "key"
    openssl(*KEYS[form], "-in", identity.key, "-passout", f"pass:{PASSWORD}", "-outform", "DER",
            "-out", path)
    flags = [*identity.flags[:3], tmp_path / "key.pem", "--password-source", "env:PW"]
    for change in (False, True):
        if change:
            count_more(path)
        pki.write(tmp_path, "key.pem", pem_of("ENCRYPTED PRIVATE KEY", path.read_bytes()))
        # PBES1's are cheap, so it takes a shorter limit to be refused.
        result = session(silent if change else emulator, flags, "--timeout",
                         "1" if change else "20", env={"PW": PASSWORD})
        if not change:
            assert_credentials(result)
    assert_fails(result, 2, f"key.pem needs {LARGEST} iterations", hint="encrypt the file again")
    assert result.seconds < PATIENCE, result


@pytest.mark.parametrize("command", [["update"], ["update", "--once"], ["serve", "--port", "0"],
                                     ["exec", "--refresh", "--", "true"]])
def test_iterations_of_a_key_for_a_program_that_stays(identity, silent, tmp_path, command):
    path = tmp_path / "key"
    openssl(*KEYS["PBKDF2"], "-in", identity.key, "-passout", f"pass:{PASSWORD}", "-outform", "DER",
            "-out", path)
    count_more(path)
    pki.write(tmp_path, "key.pem", pem_of("ENCRYPTED PRIVATE KEY", path.read_bytes()))
    flags = [*identity.flags[:3], tmp_path / "key.pem", "--password-source", "env:PW", *ARNS,
             "--endpoint", silent.url, "--timeout", "1"]
    result = run(command[0], *flags, *command[1:],
                 env={"PW": PASSWORD, "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials")})
    assert_fails(result, 125 if command[0] == "exec" else 2,
                 f"key.pem needs {LARGEST} iterations", hint="--timeout")
    assert result.seconds < PATIENCE, result


@pytest.mark.parametrize("part", ["MAC", "key", "certificates"])
def test_iterations_of_pkcs12(identity, silent, tmp_path, part):
    both = pki.write(tmp_path, "both", pki.key_pem(identity.leaf.key) + pki.pem(identity.leaf))
    path = tmp_path / "store.p12"
    arguments = {"MAC": ["-keypbe", "NONE", "-certpbe", "NONE", "-macalg", "sha512"],
                 "key": ["-certpbe", "NONE", "-nomac"],
                 # In this order: -nomac sets -certpbe too.
                 "certificates": ["-nokeys", "-nomac", "-certpbe", "AES-256-CBC"]}[part]
    openssl("pkcs12", "-export", "-in", both, "-passout", f"pass:{PASSWORD}", "-iter", COUNT,
            *arguments, "-out", path)
    count_more(path)
    result = session(silent, ["--certificate", path, "--timeout", "1"], "--password-source",
                     "env:PW", env={"PW": PASSWORD})
    assert_fails(result, 2, f"store.p12 needs {LARGEST} iterations", hint="--timeout")
    assert result.seconds < PATIENCE, result


def test_many_iterations_that_there_is_time_for(identity, emulator, tmp_path):
    openssl("pkcs8", "-topk8", "-iter", "1000000", "-in", identity.key, "-passout",
            f"pass:{PASSWORD}", "-out", tmp_path / "key")
    assert_credentials(session(emulator, [*identity.flags[:3], tmp_path / "key"],
                               "--password-source", "env:PW", env={"PW": PASSWORD}))


def test_cost_of_scrypt(identity, silent, emulator, tmp_path):
    path = tmp_path / "key"
    openssl("pkcs8", "-topk8", "-scrypt", "-scrypt_N", 1024, "-scrypt_r", 8, "-scrypt_p", 0x0102,
            "-in", identity.key, "-passout", f"pass:{PASSWORD}", "-outform", "DER", "-out", path)
    flags = [*identity.flags[:3], tmp_path / "key.pem", "--password-source", "env:PW"]
    pki.write(tmp_path, "key.pem", pem_of("ENCRYPTED PRIVATE KEY", path.read_bytes()))
    assert_credentials(session(emulator, flags, env={"PW": PASSWORD}))
    data = path.read_bytes()
    assert b"\x02\x02\x01\x02" in data
    path.write_bytes(data.replace(b"\x02\x02\x01\x02", b"\x02\x02\x7f\xff"))
    pki.write(tmp_path, "key.pem", pem_of("ENCRYPTED PRIVATE KEY", path.read_bytes()))
    result = session(silent, flags, "--timeout", "4", env={"PW": PASSWORD})
    assert_fails(result, 2, "scrypt with N=1024, r=8, p=32767")
    assert result.seconds < PATIENCE, result
