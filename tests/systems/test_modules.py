"""Keys on tokens and in TPMs, where the system has the libraries for them."""

import pathlib
import shutil
import tempfile

import pytest
from places import GNU, NOW, PLACES
from support import pki
from support.process import assert_credentials, assert_fails
from support.tokens import HERE, PIN, Tpm

SCRIPT = HERE / "softhsm-tokens"
TOKENS = "softhsm"
# There, OpenSC stores certificates that can be seen only after a login.
PRIVATE_CERTIFICATES = ("ubuntu-16.04",)
WITH_TPM = [name for name in GNU if PLACES[name].system.has_tpm2_openssl]
WITHOUT_TPM = [name for name in NOW if name not in WITH_TPM]


def in_places(names):
    return pytest.mark.parametrize("place", names, indirect=True, scope="session")


def module_of(place):
    return next(place.root.glob("usr/lib/**/libsofthsm2.so")).relative_to(place.root)


def configure_softhsm(place):
    """Ubuntu 16.04's package does not tell p11-kit of its module."""
    modules = place.root / "usr/share/p11-kit/modules"
    if not (modules / "softhsm2.module").exists():
        (modules / "softhsm2.module").write_text(f"module: /{module_of(place)}\n")


@pytest.fixture(name="token")
def softhsm_token(place, files):
    """A token with a key of each kind and its certificate; the environment in which it is found.

    Made by the system's own tools: an old SoftHSM does not read what a newer one has written."""
    folder = place.root / TOKENS
    if not folder.exists():
        configure_softhsm(place)
        pki.write(place.root / "pki", "issuer.pem", pki.pem(files.intermediate))
        shutil.copy(SCRIPT, place.root / "pki")
        words = [f". /pki/{SCRIPT.name}", f"softhsm_start /{TOKENS}", f"token app {PIN}"]
        for number, kind in enumerate(files.leaves):
            words += [f"put app privkey /pki/{kind}.key {kind} 0{number}",
                      f"put app cert /pki/{kind}.pem {kind} 0{number}"]
        words.append("put app cert /pki/issuer.pem issuer")
        place.in_system("env", f"SOFTHSM2_MODULE=/{module_of(place)}", "bash", "-c", " && ".join(words))
        pki.write(folder, "pin", f"{PIN}\n".encode())
    return {"SOFTHSM2_CONF": f"/{TOKENS}/softhsm2.conf"}


@in_places(GNU)
@pytest.mark.parametrize("kind", ["p256", "rsa2048"])
def test_token(place, server, token, kind):
    """Through p11-kit and its configuration; all from the token, if it shows its certificates."""
    source = f"pkcs11:token=app;object={kind}"
    flags = ["--certificate", source]
    if place.place.system.name in PRIVATE_CERTIFICATES:
        flags = [*place.kinds[kind][:2], "--private-key", source]
    result = place.ask(server, flags=[*flags, "--password-source", f"file:/{TOKENS}/pin"], env=token)
    assert_credentials(result)
    assert result.err == "", result


@in_places(NOW)
def test_key_on_a_token_by_the_module(place, server, token):
    result = place.ask(server, flags=["--certificate", "/pki/p256.pem", "--private-key",
                                      "pkcs11:token=app;object=p256", "--pkcs11-lib", f"/{module_of(place)}",
                                      "--password-source", f"file:/{TOKENS}/pin"], env=token)
    assert_credentials(result)


class TpmOfPlace:
    """swtpm on this machine, with its socket in the place."""

    def __init__(self, place, files, directory):
        self.tpm = Tpm(directory, parent=place.root / "tmp")
        inside = pathlib.Path("/") / pathlib.Path(self.tpm.place).relative_to(place.root)
        self.env = {"TPM2OPENSSL_TCTI": f"swtpm:path={inside}/socket", "TSS2_LOG": "all+none"}
        self.flags = {}
        for kind in ("p256", "rsa2048"):
            path, key = self.tpm.make_key(f"{kind}.tss", kind)
            leaf = files.intermediate.issue(f"in the TPM {kind}", private_key=key)
            shutil.copy(path, place.root / "pki" / f"{kind}.tss")
            pki.write(place.root / "pki", f"{kind}.tss.pem", pki.pem(leaf, *leaf.chain))
            self.flags[kind] = ["--certificate", f"/pki/{kind}.tss.pem",
                                "--private-key", f"/pki/{kind}.tss"]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.tpm.stop()


@in_places(WITH_TPM)
def test_tpm(place, server, files, tmp_path, note):
    with TpmOfPlace(place, files, tmp_path) as tpm:
        for flags in tpm.flags.values():
            result = place.ask(server, flags=flags, env=tpm.env)
            assert_credentials(result)
            assert result.err == "", result
    version = place.in_system("dpkg-query", "-W", "-f", "${Version}", "tpm2-openssl").stdout
    note(f"{place.place.name}: a key in a TPM signs through tpm2-openssl {version}")


@in_places(WITHOUT_TPM)
def test_tpm_without_the_provider(place, server, files):
    with tempfile.TemporaryDirectory() as directory:
        tpm = Tpm(pathlib.Path(directory))
        try:
            path, key = tpm.make_key("key.tss", "p256")
        finally:
            tpm.stop()
        leaf = files.intermediate.issue("in the TPM", private_key=key)
        shutil.copy(path, place.root / "pki/key.tss")
        pki.write(place.root / "pki", "key.tss.pem", pki.pem(leaf, *leaf.chain))
    result = place.ask(server, flags=["--certificate", "/pki/key.tss.pem",
                                      "--private-key", "/pki/key.tss"])
    assert_fails(result, 2, "tpm2", "tpm2-openssl")
