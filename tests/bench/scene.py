"""What is measured: an identity, the offline endpoint behind TLS, and the commands that ask it.

Both kinds of trust are given by OpenSSL's own variables, which every helper reads: one root alone,
or a copy of the system's hashed directory with the test's root in it. The machine's own trust is
not touched.
"""
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

from support import pki
from support.process import ARNS, Emulator, environment

SYSTEM_CERTIFICATES = pathlib.Path("/etc/ssl/certs")
TOOLS = {"stopwatch": ["-static"], "burst": ["-D_GNU_SOURCE"], "limits": ["-lssl", "-lcrypto"],
         "bare_server": ["-lmicrohttpd"]}
CREDENTIALS_FILE = "".join(
    f"[{profile}]\naws_access_key_id = AKIAEXAMPLE\naws_secret_access_key = {'x' * 40}\n"
    f"aws_session_token = {'x' * 400}\n\n" for profile in ("other", "default"))
NOTHING = "int main(void) { return 0; }\n"


class Scene:
    """All of it in a directory of its own, until the end of the with statement."""

    def __init__(self):
        self.temporary = tempfile.TemporaryDirectory(prefix="rolecall-bench-")
        self.directory = pathlib.Path(self.temporary.name)
        self.empty = self.directory / "empty"
        self.empty.mkdir()
        self.emulator = None

    def __enter__(self):
        root = pki.root()
        intermediate = root.issue("intermediate", ca=True)
        self.root = pki.write(self.directory, "root.pem", pki.pem(root))
        self.flags = {}
        for kind in ("rsa2048", "p256"):
            (self.directory / kind).mkdir()
            # The chain in a file of its own: the official helper reads only the first certificate of
            # --certificate.
            leaf = intermediate.issue("leaf", key_kind=kind)
            self.flags[kind] = [
                *pki.write_identity(self.directory / kind, leaf, chain=False), "--intermediates",
                pki.write(self.directory / kind, "intermediates.pem", pki.pem(intermediate))]
        server = pki.tls_server(intermediate)
        self.emulator = Emulator(
            self.root, "--tls-cert", pki.write(self.directory, "tls.pem",
                                               pki.pem(server, intermediate)),
            "--tls-key", pki.write(self.directory, "tls.key", pki.key_pem(server.key)))
        self.emulator.__enter__()
        self.endpoint = f"https://localhost:{self.emulator.port}"
        return self

    def __exit__(self, *_):
        self.emulator.__exit__()
        self.temporary.cleanup()

    def credential_flags(self, kind):
        return [*self.flags[kind], *ARNS, "--endpoint", self.endpoint]

    def key_file(self, kind):
        return self.flags[kind][self.flags[kind].index("--private-key") + 1]

    def environment(self, trust="root"):
        """`trust`: root or system."""
        runtime = self.directory / "runtime"
        runtime.mkdir(mode=0o700, exist_ok=True)
        named = {"SSL_CERT_FILE": self.root, "SSL_CERT_DIR": str(self.empty)} if trust == "root" \
            else {"SSL_CERT_DIR": str(self.system_directory())}
        return environment({"XDG_RUNTIME_DIR": str(runtime),
                            "AWS_SHARED_CREDENTIALS_FILE": str(self.directory / "credentials"),
                            **named})

    def forget_sessions(self):
        shutil.rmtree(self.directory / "runtime", ignore_errors=True)
        self.environment()

    def profile_of(self, row):
        """Where callgrind writes what it saw of it."""
        return self.directory / (re.sub(r"\W+", "-", row.name).strip("-") + ".callgrind")

    def write_credentials_file(self):
        """As `update` finds it: with a profile of somebody else, and what it wrote before."""
        (self.directory / "credentials").write_text(CREDENTIALS_FILE)
        (self.directory / "credentials").chmod(0o600)  # else update warns in each run

    def system_directory(self):
        directory = self.directory / "certs"
        if directory.exists():
            return directory
        # Links stay links: OpenSSL opens no more files in the copy than in the original.
        if SYSTEM_CERTIFICATES.is_dir():
            shutil.copytree(SYSTEM_CERTIFICATES, directory, symlinks=True)
        else:
            directory.mkdir()
        shutil.copy(self.root, directory / "rolecall-bench.pem")
        name = subprocess.run(["openssl", "x509", "-noout", "-subject_hash", "-in", self.root],
                              check=True, capture_output=True, text=True).stdout.strip()
        number = next(n for n in range(100) if not (directory / f"{name}.{n}").is_symlink())
        (directory / f"{name}.{number}").symlink_to("rolecall-bench.pem")
        return directory

    def tool(self, name):
        """The path of one of the C programs beside this file, compiled when it is first wanted."""
        source = pathlib.Path(__file__).with_name(name + ".c")
        return self.compile(source, name, TOOLS[name])

    def nothing(self, *how):
        """A program that does nothing."""
        source = self.directory / "nothing.c"
        source.write_text(NOTHING)
        return self.compile(source, "nothing" + "".join(how), how)

    def compile(self, source, name, how):
        program = self.directory / name
        if not program.exists():
            subprocess.run([os.environ.get("CC", "cc"), "-O2", source, *how, "-o", program],
                           check=True)
        return str(program)
