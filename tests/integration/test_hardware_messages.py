"""Each failure of a token or TPM has a message of its own. As a program, prints them:
    ROLECALL=build/rolecall python3 tests/integration/test_hardware_messages.py
"""

import os
import pathlib
import sys
import tempfile

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from support import pki  # noqa: E402
from support.process import assert_fails, build_kind, paused, session  # noqa: E402
from support.tokens import PIN, Faults, SoftHsm, Tpm  # noqa: E402

NOWHERE = "http://127.0.0.1:9"  # nothing is ever sent


class Hardware:
    """Tokens "card" and "twin" (two certificates, two keys), a TPM and another one."""

    def __init__(self, directory):
        issuer = pki.root().issue("Issuer", ca=True)
        self.hsm = SoftHsm(directory / "hsm")
        for label in ("card", "twin"):
            self.hsm.token(label)
        key = self.hsm.make_key("card", "p256", "web", "01")
        self.hsm.put("card", issuer.issue("web", private_key=key), "web", "01")
        for number in (1, 2):
            leaf = issuer.issue(f"twin {number}", private_key=pki.key("p256", f"twin {number}"))
            self.hsm.put("twin", leaf, f"twin {number}")
            self.hsm.put("twin", leaf.key, "twin")
        self.faults = Faults(directory, self.hsm)
        self.tpm, self.other_tpm = Tpm(directory), Tpm(directory)
        self.file = pki.write(directory, "twin.pem", pki.pem(leaf))
        tss, key = self.tpm.make_key("app.tss", "p256", "geheim")
        leaf = pki.write(directory, "tpm.pem", pki.pem(issuer.issue("tpm", private_key=key)))
        self.tpm_flags = ["--certificate", leaf, "--private-key", tss]
        self.handle_flags = [*self.tpm_flags[:3], "handle:0x81000001"]
        self.no_file = f"{directory}/no-such-file"

    def stop(self):
        self.tpm.stop()
        self.other_tpm.stop()

    def token(self, *faults, uri="pkcs11:token=card;object=web", pin=PIN, more=()):
        """credential-process with what the token does wrong."""
        self.faults.set(*faults)
        env = {**self.faults.env, **({"ROLECALL_PIN": pin} if pin else {})}
        module = [] if "--pkcs11-lib" in more else self.faults.flags
        flags = ["--certificate", uri] if uri else []
        try:
            return session(NOWHERE, [*flags, *module, *more], env=env, start_new_session=True)
        finally:
            self.faults.set()

    def in_tpm(self, flags, *more, tpm=None, **env):
        return session(NOWHERE, flags, *more, env={**(tpm or self.tpm).env, **env},
                       start_new_session=True)

    def silent_tpm(self):
        with open(f"{self.tpm.place}/pid", encoding="ascii") as file:
            pid = int(file.read())
        with paused(pid):
            return self.in_tpm(self.tpm_flags, "--timeout", "1")

    def locked_tpm(self):
        """The last case, as it takes no right password either for a while."""
        for _ in range(40):
            result = self.in_tpm(self.tpm_flags, "--password-source", "env:X", X="falsch")
            if result.code != 2:
                break
        return result


# What is wrong, the exit code, and how it comes about.
CASES = [
    ("wrong PIN", 2, lambda h: h.token(pin="99999")),
    ("wrong PIN in the URI", 2, lambda h: h.token(uri="pkcs11:token=card?pin-value=99999", pin="")),
    ("no PIN", 2, lambda h: h.token(pin="")),
    ("PIN file missing", 2, lambda h: h.token(uri=f"pkcs11:token=card?pin-source={h.no_file}")),
    ("PIN command in a URI", 2, lambda h: h.token(uri="pkcs11:token=card?pin-source=%7Ccat")),
    ("PIN locked", 1, lambda h: h.token("FLAGS 40000 -")),
    ("one try left", 1, lambda h: h.token("FLAGS 20000 -")),
    ("PIN expired", 1, lambda h: h.token("C_Login a3 9")),
    ("no PIN set", 1, lambda h: h.token("C_Login 102 9")),
    ("login with an odd code", 1, lambda h: h.token("C_Login 5 9")),
    ("token absent", 3, lambda h: h.token("ABSENT - -")),
    ("token pulled out", 3, lambda h: h.token("C_Sign 32 9")),
    ("token of another name", 3, lambda h: h.token(uri="pkcs11:token=cord")),
    ("token silent", 3, lambda h: h.token("HANG_C_Sign - -", more=["--timeout", "1"])),
    ("token says nonsense", 1, lambda h: h.token("ODD_C_Sign 0 -")),
    ("token cannot sign", 2, lambda h: h.token("MECHANISM 1041 -")),
    ("no such certificate", 2, lambda h: h.token(uri="pkcs11:object=none")),
    ("several certificates", 2, lambda h: h.token(uri="pkcs11:token=twin")),
    ("no certificate is selected", 2, lambda h: h.token(
        uri="", more=["--cert-selector", "Key=x509Subject,Value=CN=none"])),
    ("no such key", 2, lambda h: h.token(more=["--private-key", "pkcs11:token=card;object=none"])),
    ("key does not match", 2, lambda h: h.token(more=["--private-key", "pkcs11:token=twin"])),
    ("several tokens", 2, lambda h: h.token(
        uri="", more=["--certificate", h.file, "--private-key", "pkcs11:"])),
    ("PIN for a second token", 2, lambda h: h.token(
        more=["--private-key", "pkcs11:object=twin"])),
    ("no URI", 2, lambda h: h.token(uri="pkcs11:token")),
    ("unknown attribute", 2, lambda h: h.token(uri="pkcs11:colour=red")),
    ("module missing", 2, lambda h: h.token(more=["--pkcs11-lib", "/none.so"])),
    ("module is none", 2, lambda h: h.token(more=["--pkcs11-lib", "libz.so.1"])),
    ("module does not start", 2, lambda h: h.token("C_Initialize 5 9")),
    # The portable program would find the provider of this machine's distribution.
    *([("TPM provider missing", 2,
        lambda h: h.in_tpm(h.tpm_flags, OPENSSL_MODULES="/nonexistent"))]
      if build_kind() == "shared" else []),
    ("TPM absent", 3, lambda h: h.in_tpm(h.tpm_flags, TPM2OPENSSL_TCTI="device:/nonexistent")),
    ("TPM silent", 3, lambda h: h.silent_tpm()),
    ("no password", 2, lambda h: h.in_tpm(h.tpm_flags)),
    ("wrong password", 2, lambda h: h.in_tpm(h.tpm_flags, "--password-source", "env:X", X="no")),
    ("key of another TPM", 2, lambda h: h.in_tpm(h.tpm_flags, tpm=h.other_tpm)),
    ("handle without a key", 2, lambda h: h.in_tpm(h.handle_flags, "--no-tpm-key-password")),
    ("no handle", 2, lambda h: h.in_tpm([*h.tpm_flags[:3], "handle:x"])),
    ("dictionary lockout", 3, lambda h: h.locked_tpm()),
]


@pytest.fixture(scope="module", name="results")
def results_of_all_cases(tmp_path_factory):
    hardware = Hardware(tmp_path_factory.mktemp("messages"))
    try:
        yield {name: run(hardware) for name, _, run in CASES}
    finally:
        hardware.stop()


@pytest.mark.parametrize("name,code", [case[:2] for case in CASES])
def test_a_message_and_a_hint(results, name, code):
    result = assert_fails(results[name], code)
    assert result.hint, result
    for secret in ("99999", "geheim", "falsch"):
        assert secret not in result.err, result


def test_each_message_is_its_own(results):
    texts = [(result.errors[0], result.hint) for result in results.values()]
    assert len(set(texts)) == len(CASES)


def main():
    with tempfile.TemporaryDirectory() as directory:
        hardware = Hardware(pathlib.Path(directory))
        try:
            for name, _, run in CASES:
                result = run(hardware)
                print(f"{name}: exit {result.code}\n  "
                      + result.err.replace(directory, "…").strip().replace("\n", "\n  "))
        finally:
            hardware.stop()


if __name__ == "__main__":
    main()
