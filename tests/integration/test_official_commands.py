"""Command lines of the official helper, as they stand in users' files: they run unchanged.

Those that need a PKCS#11 token or a TPM are elsewhere. As a program, prints what each printed:
    ROLECALL=build/rolecall python3 tests/integration/test_official_commands.py
"""

import os
import pathlib
import re
import shlex
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from cryptography.hazmat.primitives import serialization  # noqa: E402
from cryptography.hazmat.primitives.serialization import pkcs12  # noqa: E402
from support import pki  # noqa: E402
from support.process import (ACCOUNT, ANCHOR_ARN, BINARY, PROFILE_ARN, REGION,  # noqa: E402
                             ROLE_ARN, Emulator, environment)

ARNS = "--role-arn $ROLE --profile-arn $PROFILE --trust-anchor-arn $ANCHOR"
FILES = "--certificate rsa.pem --private-key rsa.key"
HERE = "--endpoint $ENDPOINT"  # the one change: no AWS here
CP = f"credential-process {FILES} {ARNS} {HERE}"
UPDATE = f"update {FILES} {ARNS} {HERE} --once"

JSON = r'\{"Version":1,"AccessKeyId":"ASIA[A-Z2-7]{16}","SecretAccessKey":"[^"]{40}",' \
       r'"SessionToken":"[^"]+","Expiration":"[-0-9T:]+Z","AccountId":"\d{12}"\}\n'
DATA = r'\{"keyType":"%s","certificateData":"[A-Za-z0-9+/=]+","serialNumber":"\d+",' \
       r'"supportedAlgorithms":\["%sSHA256","%sSHA384","%sSHA512"\]\}'
NOTHING = ""

# The command line, what it prints, and on stderr.
LINES = [
    (CP, JSON, NOTHING),
    (f"credential-process --certificate ec.pem --private-key ec.key {ARNS} {HERE}", JSON, NOTHING),
    (f"credential-process --certificate leaf-alone.pem --private-key rsa.key --intermediates "
     f"intermediate.pem {ARNS} {HERE}", JSON, NOTHING),
    (f"credential-process --certificate rsa.p12 {ARNS} {HERE}", JSON, NOTHING),
    (f"credential-process --certificate rsa.pem --private-key pkcs1.key {ARNS} {HERE}", JSON,
     NOTHING),
    (f"credential-process --certificate ec.pem --private-key sec1.key {ARNS} {HERE}", JSON,
     NOTHING),
    (f"credential-process --certificate rsa.pem --private-key encrypted.key --pkcs8-password "
     f"pass1 {ARNS} {HERE}", JSON, "every user"),
    (f"{CP} --session-duration 900", JSON, NOTHING),
    (f"{CP} --session-duration=43200", JSON, NOTHING),
    (f"{CP} --region {REGION}", JSON, NOTHING),
    (f"{CP} --debug", JSON, "debug: "),
    (f"{CP} --debug=false", JSON, NOTHING),
    (f"{CP} --with-proxy", JSON, NOTHING),
    (f"{CP} --with-proxy=false --no-verify-ssl=false", JSON, NOTHING),
    (f"{CP} --no-verify-ssl", JSON, NOTHING),  # it is http
    (f"{CP} --system-store-name MY --reuse-pin --pkcs11-lib /usr/lib/p11-kit-proxy.so", JSON,
     NOTHING),
    (f"{CP} --use-latest-expiring-certificate --no-tpm-key-password", JSON, NOTHING),
    (f"{CP} --role-session-name build-7", JSON, NOTHING),
    (f"credential-process --trust-anchor-arn $ANCHOR --private-key=rsa.key --certificate=rsa.pem "
     f"--role-arn=$ROLE --profile-arn=$PROFILE {HERE}", JSON, NOTHING),
    (f"{CP} --session-duration 900 --session-duration 1800", JSON, NOTHING),
    (f"{CP} --region ''", JSON, NOTHING),
    (f"{CP} --intermediates ''", JSON, NOTHING),
    (UPDATE, NOTHING, NOTHING),
    (f"{UPDATE} --profile default", NOTHING, NOTHING),
    (f"{UPDATE} --profile onprem", NOTHING, NOTHING),
    (f"update {FILES} {ARNS} {HERE} --profile=x --once=true", NOTHING, NOTHING),
    (f"{UPDATE} --session-duration 3600 --with-proxy", NOTHING, NOTHING),
    (f"update --certificate rsa.p12 {ARNS} {HERE} --once", NOTHING, NOTHING),
    ("read-certificate-data --certificate rsa.pem",
     DATA % ("RSA", "RSA", "RSA", "RSA"), NOTHING),
    ("read-certificate-data --certificate ec.pem", DATA % ("EC", "EC", "EC", "EC"), NOTHING),
    ("read-certificate-data --certificate=leaf-alone.pem --debug=false",
     DATA % ("RSA", "RSA", "RSA", "RSA"), NOTHING),
    ("sign-string --private-key rsa.key", r'"[0-9a-f]{512}"', NOTHING),
    ("sign-string --private-key ec.key", r'"30[0-9a-f]+"', NOTHING),
    ("sign-string --certificate rsa.pem --private-key rsa.key", r'"[0-9a-f]{512}"', NOTHING),
    ("sign-string --private-key rsa.key --digest SHA256", r'"[0-9a-f]{512}"', NOTHING),
    ("sign-string --private-key rsa.key --digest SHA384", r'"[0-9a-f]{512}"', NOTHING),
    ("sign-string --private-key rsa.key --digest=SHA512", r'"[0-9a-f]{512}"', NOTHING),
    ("sign-string --private-key rsa.key --format json", r'"[0-9a-f]{512}"', NOTHING),
    ("sign-string --private-key rsa.key --format text", r"[0-9a-f]{512}", NOTHING),
    ("sign-string --private-key rsa.key --format bin", r"(?s).+", NOTHING),
    ("sign-string --private-key pkcs1.key --digest SHA512 --format text", "[0-9a-f]{512}",
     NOTHING),
    ("sign-string --private-key encrypted.key --pkcs8-password pass1", r'"[0-9a-f]{512}"',
     "every user"),
    ("version", r"\d+\.\d+\.\d+\n", NOTHING),
    ("help", "(?s).*credential-process.*", NOTHING),
    ("--help", "(?s).*credential-process.*", NOTHING),
    ("credential-process --help", "(?s).*--trust-anchor-arn.*", NOTHING),
    ("help update", "(?s).*--profile.*", NOTHING),
    ("credential-process -h", "(?s).*--certificate.*", NOTHING),
]

# What fails there fails here, with nothing on stdout and a word on why.
FAILING = [
    ("", "no command given"),
    ("credential-proces", "did you mean credential-process"),
    ("credential-process", "missing: --certificate"),
    (f"credential-process --certificate rsa.pem {ARNS} {HERE}", "missing: --private-key"),
    (f"credential-process {FILES} --role-arn $ROLE {HERE}",
     "missing: --profile-arn, --trust-anchor-arn"),
    (f"credential-process --certificate none.pem --private-key rsa.key {ARNS} {HERE}",
     "cannot open certificate file none.pem: No such file"),
    (f"credential-process --certificate rsa.pem --private-key ec.key {ARNS} {HERE}",
     "does not match the certificate|does not match any"),
    (f"{CP} --certficate x", "unknown option --certficate"),
    (f"{CP} stray", 'unexpected argument "stray"'),
    (f"{CP} --cert-selector Key=x509Subject,Value=CN=app", "cannot be used together"),
    (f"{CP} --cert-selector Key=x509Subjekt,Value=CN=app", "x509Subjekt"),
    (f"{CP} --cert-selector file://none.json", "none.json: No such file"),
    (f"credential-process --certificate pkcs11:nonsense {ARNS} {HERE}",
     "PKCS#11 URI|PKCS#11 tokens need p11-kit"),
    ("read-certificate-data --certificate none.pem", "none.pem: No such file"),
    ("sign-string --private-key rsa.key --digest MD5", "SHA256, SHA384 or SHA512"),
    ("sign-string --private-key rsa.key --format xml", "json, text or bin"),
]


def make_files(directory):
    root = pki.root()
    intermediate = root.issue("Intermediate", ca=True)
    rsa = intermediate.issue("rsa", private_key=pki.key("rsa2048"))
    ec = intermediate.issue("ec", private_key=pki.key("p256"))
    files = {
        "root.pem": pki.pem(root), "intermediate.pem": pki.pem(intermediate),
        "rsa.pem": pki.pem(rsa, intermediate), "leaf-alone.pem": pki.pem(rsa),
        "rsa.key": pki.key_pem(rsa.key), "pkcs1.key": pki.key_pem(rsa.key, "traditional"),
        "encrypted.key": pki.key_pem(rsa.key, password=b"pass1"),
        "ec.pem": pki.pem(ec, intermediate), "ec.key": pki.key_pem(ec.key),
        "sec1.key": pki.key_pem(ec.key, "traditional"),
        "rsa.p12": pkcs12.serialize_key_and_certificates(
            b"x", rsa.key, rsa.certificate, [intermediate.certificate],
            serialization.NoEncryption()),
    }
    for name, content in files.items():
        pki.write(directory, name, content)
    return directory


class Shell:
    """Runs the lines in a directory of files against an emulator, by the official name."""

    def __init__(self, directory, emulator):
        self.directory = directory
        self.program = directory / "aws_signing_helper"
        if not self.program.exists():
            self.program.symlink_to(os.path.abspath(BINARY))
        self.variables = {"ROLE": ROLE_ARN, "PROFILE": PROFILE_ARN, "ANCHOR": ANCHOR_ARN,
                          "ENDPOINT": emulator.url}

    def run(self, line):
        for name, value in self.variables.items():
            line = line.replace("$" + name, value)
        return subprocess.run(
            [self.program, *shlex.split(line)], cwd=self.directory, stdin=subprocess.DEVNULL,
            env=environment({"AWS_SHARED_CREDENTIALS_FILE": str(self.directory / "credentials")}),
            capture_output=True, timeout=60, check=False)


@pytest.fixture(scope="module")
def shell(tmp_path_factory):
    directory = make_files(tmp_path_factory.mktemp("official"))
    with Emulator(directory / "root.pem", "--session-duration-max", "43200",
                  "--accept-role-session-name") as emulator:
        yield Shell(directory, emulator)


@pytest.mark.parametrize("line,out,err", LINES, ids=[line[0][:60] for line in LINES])
def test_runs_unchanged(shell, line, out, err):
    done = shell.run(line)
    assert done.returncode == 0, done
    assert re.fullmatch(out, done.stdout.decode("latin-1")), done
    text = done.stderr.decode()
    assert re.search(err, text) if err else text == "", done
    if line.startswith("update"):
        profile = re.search(r"--profile[ =](\w+)", line)
        name = profile.group(1) if profile else "default"
        assert f"[{name}]\n" in (shell.directory / "credentials").read_text()


@pytest.mark.parametrize("line,err", FAILING, ids=[line[0][:60] for line in FAILING])
def test_fails_with_a_word(shell, line, err):
    done = shell.run(line)
    assert done.returncode == 2 and done.stdout == b"", done
    assert re.search(err, done.stderr.decode()), done


def show(text):
    """Secrets are long; what was printed is clear without their middle."""
    return re.sub(r"[A-Za-z0-9+/=]{60,}", lambda match: match.group()[:16] + "…", text)


def main(directory):
    make_files(directory)
    with Emulator(directory / "root.pem", "--session-duration-max", "43200",
                  "--accept-role-session-name") as emulator:
        shell = Shell(directory, emulator)
        for line, *_ in [*LINES, *FAILING]:
            done = shell.run(line)
            out = done.stdout.decode("utf-8", "backslashreplace")
            if len(out.splitlines()) > 3:
                out = out.splitlines()[0] + f"\n… ({len(out.splitlines())} lines)\n"
            print(f"$ aws_signing_helper {line}\n{show(out)}{'' if out[-1:] in ('', chr(10)) else chr(10)}"
                  f"{show(done.stderr.decode())}exit {done.returncode}\n")


if __name__ == "__main__":
    import tempfile
    with tempfile.TemporaryDirectory() as name:
        main(pathlib.Path(name))
