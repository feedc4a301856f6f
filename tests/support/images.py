"""OCI images of packaging/container/build, and commands that run in them as a container runtime runs them.

Containers run by unshare and chroot, without a container runtime."""

import json
import pathlib
import shlex
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
CONTAINER = ROOT / "packaging" / "container"
USER = 65532


def build(target, program, archive, **options):
    subprocess.run([CONTAINER / "build", target, program, archive], check=True,
                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, **options)
    return archive


class Image:
    """An archive, unpacked in `directory`."""

    def __init__(self, archive, directory):
        self.layout, self.rootfs = directory / "layout", directory / "rootfs"
        self.layout.mkdir()
        subprocess.run(["tar", "-xf", archive, "-C", self.layout], check=True)
        (entry,) = json.loads((self.layout / "index.json").read_text())["manifests"]
        self.tag = entry["annotations"]["org.opencontainers.image.ref.name"]
        self.config = self.blob(self.blob(entry)["config"])

    def blob(self, descriptor):
        return json.loads((self.layout / "blobs" / descriptor["digest"].replace(":", "/")).read_text())

    def unpack(self):
        subprocess.run(["umoci", "raw", "unpack", "--image", f"{self.layout}:{self.tag}", self.rootfs],
                       check=True)
        return self

    def command(self, words, mounts=(), variables=(), groups=USER):
        """Runs words; mounts are (outside, inside, read only)."""
        root = shlex.quote(str(self.rootfs))
        lines = ["set -e", f"mount --bind {root} {root}"]
        for outside, inside, read_only in mounts:
            where = shlex.quote(f"{self.rootfs}/{inside}")
            lines += [f"mkdir -p {where}"]  # as runtimes do
            lines += [f"mount --bind {shlex.quote(str(outside))} {where}"]
            if read_only:
                lines += [f"mount -o remount,bind,ro {where}"]
        lines += [f"mount -o remount,bind,ro {root}"]
        lines += [shlex.join([
            "exec", "env", "-i", *self.config["config"]["Env"], *variables,
            "/usr/bin/setpriv", "--no-new-privs", "/usr/sbin/chroot",
            f"--userspec={self.config['config']['User']}", f"--groups={groups}", str(self.rootfs), *words])]
        return ["unshare", "--mount", "--propagation", "private", "sh", "-c", "\n".join(lines)]
