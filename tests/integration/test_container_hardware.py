"""The OCI image of the portable program, with what it needs for keys on PKCS#11 tokens and in TPMs.

Only Debian's archive has its packages, and no test needs the network: so it is the image that is there, as
scripts/release-check makes it. Its containers have a read-only root, no privileges and nothing of this
machine but the volumes that a test names."""

import os
import pathlib
import re
import shutil
import subprocess
import tempfile

import pytest

from support import pki
from support.images import ROOT, USER, Image
from support.process import ARNS, Emulator, environment
from support.tokens import MODULE, PIN, SoftHsm, Tpm

TARGET = "x86_64-linux-gnu"
PROGRAM = ROOT / "dist" / TARGET / "rolecall"
ARCHIVE = PROGRAM.with_name("rolecall.oci.tar")
ARM64 = ROOT / "dist/aarch64-linux-gnu/rolecall.oci.tar"
QEMU = pathlib.Path("/usr/bin/qemu-aarch64-static")


def is_there():
    return ARCHIVE.exists() and PROGRAM.exists() and ARCHIVE.stat().st_mtime >= PROGRAM.stat().st_mtime


pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0,
                       reason="only root can unpack an image and be another user"),
    pytest.mark.skipif(not is_there(), reason=f"there is no {ARCHIVE} of this program: "
                       f"packaging/container/build {TARGET} makes it"),
]


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    return Image(ARCHIVE, tmp_path_factory.mktemp("image")).unpack()


@pytest.fixture(scope="module")
def root_ca():
    return pki.root()


@pytest.fixture(scope="module")
def server(root_ca, tmp_path_factory):
    with Emulator(pki.write(tmp_path_factory.mktemp("root"), "root.pem", pki.pem(root_ca))) as emulator:
        yield emulator


def give(folder):
    """The user of the container owns it, as the owner of a volume."""
    for path in [folder, *folder.rglob("*")]:
        os.chown(path, USER, USER)


def run(image, words, mounts=(), variables=()):
    done = subprocess.run(image.command(words, mounts, variables), env=environment(), text=True, timeout=120,
                          stdin=subprocess.DEVNULL, capture_output=True, check=False)
    done.code, done.out, done.err = done.returncode, done.stdout, done.stderr
    return done


def assert_gets_credentials(image, server, flags, mounts, variables=()):
    done = run(image, ["/rolecall", "credential-process", *flags, *ARNS, "--endpoint", server.url], mounts,
               variables)
    assert done.code == 0 and done.err == "", done
    assert '"SecretAccessKey"' in done.out, done


# What is in it

def test_program_and_user(image):
    assert (image.config["os"], image.config["architecture"]) == ("linux", "amd64")
    config = image.config["config"]
    assert (config["User"], config["Entrypoint"]) == (f"{USER}:{USER}", ["/rolecall"])
    assert (image.rootfs / "rolecall").read_bytes() == PROGRAM.read_bytes()
    done = run(image, ["/rolecall", "version", "--verbose"])
    assert done.code == 0 and "build: portable" in done.out, done
    tool = run(image, ["p11-kit", "list-modules"])
    assert tool.code == 0 and "p11-kit-trust" in tool.out, tool


def test_files(image):
    for path in image.rootfs.rglob("*"):
        info = path.lstat()
        assert (info.st_uid, info.st_gid, info.st_mode & 0o6000) == (0, 0, 0), path
        writable = info.st_mode & 0o022 and not path.is_symlink()
        assert not writable or info.st_mode & 0o1000, path
    trusted = list((image.rootfs / "etc/ssl/certs").glob("*.[0-9]"))
    public = list((image.rootfs / "usr/share/ca-certificates/mozilla").glob("*.crt"))
    assert len(trusted) == len(public) > 100
    # No shell, and nothing that needs one.
    assert not [name for name in ("sh", "bash", "dash") if (image.rootfs / "usr/bin" / name).exists()]


def test_scanners_see_the_packages_and_the_libraries_inside(image):
    listed = subprocess.run(["dpkg-query", f"--admindir={image.rootfs}/var/lib/dpkg", "--show", "--showformat",
                             "${Package} ${Version} ${db:Status-Status}\\n"], check=True, text=True,
                            capture_output=True).stdout
    found = re.findall(r"^(\S+) \d\S* installed$", listed, re.M)
    assert len(found) == listed.count("\n") and {"libc6", "libp11-kit0", "libssl3t64"} <= set(found), listed
    assert 'VERSION_ID="13"' in (image.rootfs / "etc/os-release").read_text()
    for name in found:
        assert (image.rootfs / "usr/share/doc" / name / "copyright").exists(), name
    for kind in ("spdx.json", "licences.txt"):
        assert (image.rootfs / f"usr/share/doc/rolecall/rolecall.{kind}").exists()


def assert_each_library_has_what_it_needs(image, loader, prefix=()):
    libraries = [path for path in (image.rootfs / "usr/lib").glob("*-linux-gnu/**/*.so*")
                 if path.is_file() and not path.is_symlink() and not path.name.startswith("ld-linux")]
    assert len(libraries) > 30
    for path in libraries:
        done = run(image, [*prefix, loader, "--list", f"/{path.relative_to(image.rootfs)}"])
        assert done.code == 0 and "not found" not in done.out + done.err, done


def test_each_library_has_what_it_needs(image):
    assert_each_library_has_what_it_needs(image, "/lib64/ld-linux-x86-64.so.2")


@pytest.mark.skipif(not ARM64.exists() or not QEMU.exists(), reason=f"there is no {ARM64} or no {QEMU}")
def test_arm64(tmp_path):
    """The program itself is run by tests/systems."""
    other = Image(ARM64, tmp_path).unpack()
    assert (other.config["os"], other.config["architecture"]) == ("linux", "arm64")
    shutil.copy(QEMU, other.rootfs / "qemu")
    assert_each_library_has_what_it_needs(other, "/lib/ld-linux-aarch64.so.1", ["/qemu"])
    done = run(other, ["/qemu", "/usr/bin/p11-kit", "list-modules"])
    assert done.code == 0 and "aarch64-linux-gnu/pkcs11" in done.out, done


# PKCS#11 tokens

@pytest.fixture(scope="module")
def hsm(root_ca, tmp_path_factory):
    """A token; its module and the module's file for p11-kit, as a vendor delivers them."""
    tokens = SoftHsm(tmp_path_factory.mktemp("hsm"))
    tokens.token("app")
    leaf = root_ca.issue("app")
    tokens.put("app", leaf.key, "app", "01")
    tokens.put("app", leaf, "app", "01")
    pki.write(tokens.directory, "pin", f"{PIN}\n".encode())
    give(tokens.directory)
    tokens.module = tmp_path_factory.mktemp("module")
    shutil.copy(os.path.realpath(MODULE), tokens.module / "libvendor.so")
    tokens.module.chmod(0o755)
    tokens.registered = tmp_path_factory.mktemp("registered")
    (tokens.registered / "vendor.module").write_text("module: /module/libvendor.so\n")
    tokens.registered.chmod(0o755)
    tokens.flags = ["--certificate", "pkcs11:token=app;object=app", "--password-source",
                    f"file:{tokens.directory}/pin"]
    return tokens


@pytest.mark.parametrize("registered", [True, False])
def test_a_module_of_a_volume(image, server, hsm, registered):
    mounts = [(hsm.directory, hsm.directory, False), (hsm.module, "/module", True)]
    flags = hsm.flags
    if registered:
        mounts.append((hsm.registered, "/etc/pkcs11/modules", True))
    else:
        flags = [*flags, "--pkcs11-lib", "/module/libvendor.so"]
    assert_gets_credentials(image, server, flags, mounts, [f"SOFTHSM2_CONF={hsm.env['SOFTHSM2_CONF']}"])


def test_modules_of_the_machine(image, server, hsm):
    """p11-kit's own server on this machine has the module; the container has its socket."""
    with tempfile.TemporaryDirectory(prefix="rolecall-p11.") as name:
        folder = pathlib.Path(name)
        copy = hsm.copy(folder / "hsm")  # below no folder of root alone
        shutil.copy(hsm.directory / "pin", folder)
        give(folder)
        process = subprocess.Popen(
            ["/usr/sbin/chroot", f"--userspec={USER}:{USER}", "/", "p11-kit", "server", "--foreground",
             "--sh", "--provider", MODULE, "--name", str(folder / "socket"), "pkcs11:token=app"],
            env=environment(copy.env), stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True)
        try:
            assert "P11_KIT_SERVER_ADDRESS" in process.stdout.readline()
            assert_gets_credentials(
                image, server, [*hsm.flags[:3], "file:/run/p11-kit/pin"], [(folder, "/run/p11-kit", False)],
                ["P11_KIT_SERVER_ADDRESS=unix:path=/run/p11-kit/socket"])
        finally:
            process.terminate()
            process.communicate(timeout=20)


def test_without_a_token(image, server):
    done = run(image, ["/rolecall", "credential-process", "--certificate", "pkcs11:token=app", *ARNS,
                       "--endpoint", server.url])
    assert done.code == 3 and done.out == "", done
    assert "no PKCS#11 token was found" in done.err and len(done.err.splitlines()) == 2, done


# TPMs

def test_a_key_in_a_tpm(image, server, root_ca, tmp_path):
    """The TPM is swtpm, at its socket instead of /dev/tpmrm0."""
    tpm = Tpm(tmp_path)
    try:
        path, key = tpm.make_key("app.tss", "p256")
        place = pathlib.Path(tpm.place)
        leaf = root_ca.issue("in the TPM", private_key=key)
        shutil.copy(path, place)
        pki.write(place, "app.pem", pki.pem(leaf))
        give(place)
        assert_gets_credentials(
            image, server, ["--certificate", "/tpm/app.pem", "--private-key", "/tpm/app.tss"],
            [(place, "/tpm", False)], ["TPM2OPENSSL_TCTI=swtpm:path=/tpm/socket"])
    finally:
        tpm.stop()
