"""The systems in which scripts/release-check runs the program: what each is, and how it is made.

debootstrap makes each once; it is kept as a tar file in SYSTEMS_CACHE, whose name says what made it.
"""

import dataclasses
import fcntl
import hashlib
import inspect
import os
import pathlib
import shutil
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
CACHE = pathlib.Path(os.environ.get("SYSTEMS_CACHE")
                     or pathlib.Path.home() / ".cache" / "rolecall-systems")
ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C", "HOME": "/root",
               "DEBIAN_FRONTEND": "noninteractive"}
ENVIRONMENT |= {name: value for name, value in os.environ.items()
                if name.lower() in ("http_proxy", "https_proxy", "no_proxy")}
UBUNTU, DEBIAN = "http://archive.ubuntu.com/ubuntu", "http://deb.debian.org/debian"
PACKAGES = ("ca-certificates", "softhsm2", "p11-kit", "libp11-kit0", "opensc", "systemd")
TPM = ("tpm2-openssl",)


@dataclasses.dataclass(frozen=True)
class System:
    name: str
    suite: str
    libc: str
    systemd: int = 0
    packages: tuple = PACKAGES
    architecture: str = "amd64"

    @property
    def mirror(self):
        return UBUNTU if self.name.startswith("ubuntu") else DEBIAN

    @property
    def has_tpm2_openssl(self):
        return "tpm2-openssl" in self.packages


SYSTEMS = {system.name: system for system in (
    System("ubuntu-16.04", "xenial", "2.23", 229),
    System("ubuntu-18.04", "bionic", "2.27", 237),
    System("debian-11", "bullseye", "2.31", 247),
    System("ubuntu-22.04", "jammy", "2.35", 249, (*PACKAGES, *TPM)),
    System("debian-12", "bookworm", "2.36", 252, (*PACKAGES, *TPM)),
    System("debian-13", "trixie", "2.41", 257, (*PACKAGES, *TPM)),
    # Only unpacked: what its packages would do at their installation takes binfmt_misc.
    System("debian-12-arm64", "bookworm", "2.36", packages=(), architecture="arm64"),
)}


def command(*words, **options):
    done = subprocess.run([str(word) for word in words], text=True, timeout=1800, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                          env=ENVIRONMENT, **options)
    assert done.returncode == 0, (words, done.stdout[-4000:])
    return done.stdout


def ubuntu_keyring():
    """From a package of Debian 13, which apt verifies. Debian 12 has none."""
    keyring = CACHE / "ubuntu-archive-keyring.gpg"
    if not keyring.exists():
        with tempfile.TemporaryDirectory(dir=CACHE) as folder:
            command("bash", "-euc", '. "$1/packaging/portable/apt"; apt_folder "$2/apt" deb; cd "$2"; '
                    'apt-get "${apt_options[@]}" update; '
                    'apt-get "${apt_options[@]}" download ubuntu-keyring; '
                    'dpkg-deb --extract ubuntu-keyring_*.deb package', "bash", ROOT, folder)
            found = pathlib.Path(folder) / "package/usr/share/keyrings/ubuntu-archive-keyring.gpg"
            shutil.copy(found, CACHE / f"{keyring.name}.new")
        os.rename(CACHE / f"{keyring.name}.new", keyring)
    return keyring


def _make(system, root):
    ubuntu = system.mirror == UBUNTU
    options = ["--variant=minbase", f"--arch={system.architecture}", "--force-check-gpg",
               f"--cache-dir={CACHE / 'packages'}"]
    options += [f"--keyring={ubuntu_keyring()}", "--components=main,universe"] if ubuntu else []
    options += [] if system.packages else ["--foreign"]
    command("debootstrap", *options, system.suite, root, system.mirror)
    if system.packages:
        inside = ["chroot", root, "apt-get", "-q", "-y"]
        command(*inside, "update")
        command(*inside, "--no-install-recommends", "install", *system.packages)
        command(*inside, "clean")
    shutil.rmtree(root / "var/lib/apt/lists")


def archive(system):
    """The tar file of a system; it is made if it is not there."""
    made_by = hashlib.sha256((repr(system) + inspect.getsource(_make)).encode())
    tar = CACHE / f"{system.name}-{made_by.hexdigest()[:12]}.tar"
    (CACHE / "packages").mkdir(parents=True, exist_ok=True)
    with open(CACHE / f"{system.name}.lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not tar.exists():
            for older in CACHE.glob(f"{system.name}-{'[0-9a-f]' * 12}.tar"):
                older.unlink()
            root = pathlib.Path(tempfile.mkdtemp(dir=CACHE, prefix=f"{system.name}."))
            try:
                root.chmod(0o755)
                _make(system, root)
                command("tar", "-C", root, "--numeric-owner", "-cf", f"{tar}.new", ".")
                os.rename(f"{tar}.new", tar)
            finally:
                command("rm", "-rf", "--one-file-system", root)
    return tar


def unpack(system, root):
    command("tar", "-C", root, "--numeric-owner", "-xpf", archive(system))


if __name__ == "__main__":
    import sys
    for name in sys.argv[1:] or SYSTEMS:
        print(archive(SYSTEMS[name]), flush=True)
