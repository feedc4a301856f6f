"""Hardware for tests: SoftHSM tokens and a TPM that swtpm emulates, by the scripts beside this file."""

import pathlib
import shutil
import shlex
import subprocess
import tempfile

from cryptography.hazmat.primitives import serialization
from support import pki
from support.process import BINARY, BUILD, environment, needs_dynamic_build

HERE = pathlib.Path(__file__).resolve().parent
PIN = "1234"
MODULE = "/usr/lib/softhsm/libsofthsm2.so"


def sh(script, *words, env=None):
    """Calls a function of a script of ours."""
    line = f". {shlex.quote(str(HERE / script))}; {shlex.join(map(str, words))}"
    done = subprocess.run(["bash", "-c", line], env=environment(env), capture_output=True,
                          text=True, timeout=60, stdin=subprocess.DEVNULL, check=False)
    assert done.returncode == 0, (words, done.stdout, done.stderr)
    return done.stdout


class PublicKey:
    """What pki.make needs of a key that is in hardware."""

    def __init__(self, pem):
        self.key = serialization.load_pem_public_key(pem.encode())

    def public_key(self):
        return self.key


class SoftHsm:
    """Tokens in a directory of their own."""

    def __init__(self, directory):
        needs_dynamic_build("PKCS#11")
        self.directory = directory
        self.env = {"SOFTHSM2_CONF": str(directory / "softhsm2.conf")}
        sh("softhsm-tokens", "softhsm_start", directory)

    def copy(self, directory):
        """The same tokens in another directory."""
        other = SoftHsm(directory)
        shutil.copytree(self.directory / "tokens", directory / "tokens", dirs_exist_ok=True)
        return other

    def sh(self, *words, pin=PIN):
        return sh("softhsm-tokens", *words, env={**self.env, "PIN": pin})

    def token(self, label, pin=PIN):
        self.sh("token", label, pin)

    def make_key(self, token, kind, label, key_id="", *more, pin=PIN):
        """Made on the token; its public key."""
        kinds = {"rsa2048": "rsa:2048", "rsa3072": "rsa:3072", "p256": "EC:prime256v1",
                 "p384": "EC:secp384r1", "p521": "EC:secp521r1"}
        self.sh("key", token, kinds[kind], label, key_id, *more, pin=pin)
        return PublicKey(self.sh("public_key", token, label))

    def put(self, token, what, label, key_id="", *more, pin=PIN):
        """A certificate (an Entity) or a private key of pki."""
        path = pki.write(self.directory, "put.pem", pki.pem(what) if hasattr(what, "certificate")
                         else pki.key_pem(what))
        kind = "cert" if hasattr(what, "certificate") else "privkey"
        self.sh("put", token, kind, path, label, key_id, *more, pin=pin)


FAULTY_MODULE = str(BUILD / "faulty_module.so")


class Faults:
    """SoftHSM through faulty_module.cpp, which says what `lines` may be."""

    def __init__(self, directory, tokens):
        self.file = directory / "faults"
        self.number = 0
        self.env = {**tokens.env, "FAULTS": str(self.file)}
        self.flags = ["--pkcs11-lib", FAULTY_MODULE]
        self.set()

    def set(self, *lines):
        """From now on; with a log of its own, so that no call is noted in the wrong one."""
        self.number += 1
        new = self.file.with_suffix(".new")
        new.write_text("".join(f"{line}\n" for line in (*lines, f"LOG {self.number:x} -")))
        new.rename(self.file)

    def calls(self, start):
        log = pathlib.Path(f"{self.file}.log.{self.number}")
        lines = log.read_text().splitlines() if log.exists() else []
        return [line for line in lines if line.startswith(start)]


class Tpm:
    """A TPM of its own, until stop()."""

    def __init__(self, directory, parent=None):
        """`parent`: of the socket's directory."""
        needs_dynamic_build("TPM")
        self.directory = directory
        # A socket's path has at most 107 bytes, and pytest's directories have long names.
        self.place = tempfile.mkdtemp(prefix="rolecall-tpm.", dir=parent)
        self.env = {"TPM2OPENSSL_TCTI": f"swtpm:path={self.place}/socket",
                    "TPM2TOOLS_TCTI": f"swtpm:path={self.place}/socket", "TSS2_LOG": "all+none"}
        sh("swtpm", "tpm_start", self.place)

    def sh(self, *words):
        return sh("swtpm", *words, env=self.env)

    def make_key(self, name, kind, password="", parent="", parent_password=""):
        """A file; its path and the public key."""
        path = self.directory / name
        kinds = {"rsa2048": "RSA:2048", "p256": "EC:P-256", "p384": "EC:P-384"}
        options = [f"user-auth:{password}"] * bool(password) + [f"parent:{parent}"] * bool(parent)
        options += [f"parent-auth:{parent_password}"] * bool(parent_password)
        self.sh("tpm_key", path, kinds[kind], *options)
        if parent_password:
            self.env["TPM2OPENSSL_PARENT_AUTH"] = parent_password
        try:
            return str(path), self.public_key(path, password)
        finally:
            self.env.pop("TPM2OPENSSL_PARENT_AUTH", None)

    def keep_key(self, handle, parent, kind, password=""):
        kinds = {"rsa2048": "rsa2048", "p256": "ecc256", "p384": "ecc384"}
        self.sh("tpm_keep", handle, parent, kinds[kind], password)
        return self.public_key(f"handle:{handle}")

    def public_key(self, key, password=""):
        return PublicKey(self.sh("tpm_public", key, password))

    def wrong_passwords(self):
        """As it has counted them; hex."""
        return int(self.sh("tpm_wrong"), 16)

    def stop(self):
        self.sh("tpm_stop", self.place)
        shutil.rmtree(self.place)
