"""Where the tests run the program: each system with this machine's kernel or an old one, and empty
directories; for arm64 under qemu."""

import dataclasses
import os
import pathlib
import shutil
import stat
import subprocess
import tempfile

from support.process import ARNS, run
from support.serve import Serve
from systems import ROOT, SYSTEMS, command, unpack

PYTHON = "/usr/bin/python3"  # Debian's, for python3-seccomp
QEMU = "/usr/bin/qemu-aarch64-static"
BUSYBOX = "/bin/busybox"
DIST = ROOT / "dist"
PROGRAM, HOME = "/opt/rolecall", "/home/me"


@dataclasses.dataclass(frozen=True)
class Place:
    name: str
    target: str
    system: object = None  # None: an empty directory
    old_kernel: bool = False

    @property
    def program(self):
        return DIST / self.target / "rolecall"

    @property
    def arm64(self):
        return self.target.startswith("aarch64")

    def missing(self):
        """What has to be there before this place can be, or None."""
        if not self.program.exists():
            return f"there is no dist/{self.target}/rolecall: packaging/bundle {self.target} makes it"
        needed = [BUSYBOX, *([QEMU] if self.arm64 else []), *(["/usr/sbin/debootstrap"] * bool(self.system))]
        absent = [name for name in needed if not pathlib.Path(name).exists()]
        if self.old_kernel and subprocess.run([PYTHON, "-c", "import seccomp"], check=False,
                                              capture_output=True).returncode != 0:
            absent.append("python3-seccomp")
        return f"not installed: {', '.join(absent)}" if absent else None


def _places():
    for system in SYSTEMS.values():
        target = "aarch64-linux-gnu" if system.architecture == "arm64" else "x86_64-linux-gnu"
        yield Place(system.name, target, system)
        if target.startswith("x86_64"):
            yield Place(f"{system.name}-linux-3.10", target, system, old_kernel=True)
    yield Place("empty", "x86_64-linux-musl")
    yield Place("empty-linux-3.10", "x86_64-linux-musl", old_kernel=True)
    yield Place("empty-arm64", "aarch64-linux-musl")


PLACES = {place.name: place for place in _places()}
# Where modules can be loaded.
GNU = [name for name, place in PLACES.items() if place.system and place.system.packages]
NOW = [name for name in GNU if not PLACES[name].old_kernel]
EMPTY = [name for name, place in PLACES.items() if not place.system]


def make_devices(folder):
    """What each container has. Before Linux 3.17, only these have random numbers."""
    for name, minor in (("null", 3), ("random", 8), ("urandom", 9)):
        if not (folder / name).exists():
            os.mknod(folder / name, stat.S_IFCHR | 0o666, os.makedev(1, minor))
            (folder / name).chmod(0o666)


class Roots:
    """The directories of systems, until the end of the with statement. Each is unpacked once."""

    def __init__(self):
        self.roots = {}

    def of(self, place):
        key = place.system.name if place.system else place.target
        if key not in self.roots:
            # Short, as the paths of sockets in it have a limit.
            root = pathlib.Path(tempfile.mkdtemp(prefix="rolecall-system."))
            root.chmod(0o755)
            self.roots[key] = root
            if place.system:
                unpack(place.system, root)
                command("mount", "-t", "proc", "proc", root / "proc")
            for folder in ("home/me", "etc", "tmp", "opt", "dev"):
                (root / folder).mkdir(parents=True, exist_ok=True)
            make_devices(root / "dev")
            shutil.copy(place.program, root / PROGRAM.lstrip("/"))
            shutil.copy(BUSYBOX, root / "busybox")
            if place.arm64:
                shutil.copy(QEMU, root / "qemu")
        return self.roots[key]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for root in self.roots.values():
            subprocess.run(["umount", root / "proc"], check=False, capture_output=True)
            command("rm", "-rf", "--one-file-system", root)


class Runner:
    """Runs the program in a place, with an identity and the roots of the TLS server in it."""

    def __init__(self, place, root, pki_files):
        self.place, self.root = place, root
        enter = (PYTHON, pathlib.Path(__file__).with_name("old_kernel.py")) if place.old_kernel \
            else ("/usr/sbin/chroot",)
        self.prefix = [*enter, root, *(["/qemu"] if place.arm64 else [])]
        pki_files.put_into(root)
        self.kinds = {kind: ["--certificate", f"/pki/{kind}.pem", "--private-key", f"/pki/{kind}.key"]
                      for kind in pki_files.leaves}
        self.flags = self.kinds["p256"]

    def home(self):
        """HOME, which is empty again."""
        folder = self.root / HOME.lstrip("/")
        shutil.rmtree(folder)
        folder.mkdir()
        return folder

    def run(self, *arguments, env=None, prefix=(), **options):
        return run(*arguments, env={"HOME": HOME, **(env or {})}, prefix=[*prefix, *self.prefix],
                   binary=PROGRAM, **options)

    def ask(self, server, *more, flags=None, **options):
        return self.run("credential-process", *(self.flags if flags is None else flags), *ARNS,
                        "--endpoint", server.named_url, *more, **options)

    def serve(self, directory, server, *more):
        return Serve(directory, *more, server=server.named_url, flags=self.flags, prefix=self.prefix,
                     binary=PROGRAM, env={"HOME": HOME, "XDG_RUNTIME_DIR": "/tmp"})

    def in_system(self, *words, user=0, check=True):
        """A command of the system itself."""
        done = subprocess.run(["chroot", f"--userspec={user}:{user}", self.root, *words], text=True,
                              capture_output=True, timeout=900, check=False, stdin=subprocess.DEVNULL,
                              env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C", "HOME": "/",
                                   "DEBIAN_FRONTEND": "noninteractive"})
        if check:
            assert done.returncode == 0, (words, done.stdout, done.stderr)
        return done
