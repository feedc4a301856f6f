"""The OCI image and the examples of packaging/container.

The image is made by packaging/container/build, unpacked by umoci, and its containers are run as the
examples say: user, arguments, variables and volumes are read from the YAML, a private mount namespace
and chroot stand for the runtime. Neither a container engine nor Kubernetes can be had here, so what
they read of the examples besides is not tested, but for being YAML.
"""
import json
import os
import pathlib
import re
import shlex
import subprocess

import pytest
import yaml

from support import pki
from support.process import (ACCOUNT, ANCHOR_ARN, PROFILE_ARN, REGION, ROLE_ARN, Emulator, environment,
                             free_port)
from support.serve import ask, eventually

ROOT = pathlib.Path(__file__).resolve().parents[2]
CONTAINER = ROOT / "packaging" / "container"
STATIC = ROOT / "dist" / "x86_64-linux-musl" / "rolecall"
USER = 65532

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0,
                       reason="only root can unpack an image and be another user"),
    pytest.mark.skipif(not STATIC.exists(), reason=f"there is no {STATIC}: "
                       "packaging/bundle x86_64-linux-musl makes it"),
]


@pytest.fixture(scope="module")
def layout(tmp_path_factory):
    """The image as an OCI layout."""
    target = tmp_path_factory.mktemp("image") / "rolecall"
    subprocess.run([CONTAINER / "build", STATIC, target], check=True, stdin=subprocess.DEVNULL,
                   stdout=subprocess.DEVNULL)
    return target


def blob(layout, descriptor):
    return json.loads((layout / "blobs" / descriptor["digest"].replace(":", "/")).read_text())


def config_of(layout):
    manifest = blob(layout, json.loads((layout / "index.json").read_text())["manifests"][0])
    return blob(layout, manifest["config"])


@pytest.fixture(scope="module")
def rootfs(layout, tmp_path_factory):
    target = tmp_path_factory.mktemp("bundle") / "rootfs"
    tag = json.loads((layout / "index.json").read_text())["manifests"][0]["annotations"][
        "org.opencontainers.image.ref.name"]
    subprocess.run(["umoci", "raw", "unpack", "--image", f"{layout}:{tag}", target], check=True)
    return target


class Pod:
    """Volumes, and containers that share them, of one example."""

    def __init__(self, directory, example, rootfs, layout, endpoint):
        self.directory, self.rootfs, self.endpoint = directory, rootfs, endpoint
        self.port = free_port()  # the probe does not know the one that serve takes
        self.image = config_of(layout)["config"]
        self.spec = yaml.safe_load((CONTAINER / "kubernetes" / example).read_text())["spec"]
        self.volumes = {}
        for volume in self.spec["volumes"]:
            path = self.volumes[volume["name"]] = directory / volume["name"]
            path.mkdir()
            if "emptyDir" in volume:  # as Kubernetes makes it where there is an fsGroup
                os.chown(path, 0, self.spec["securityContext"]["fsGroup"])
                path.chmod(0o2777)
        certificate, config = yaml.safe_load_all(
            (CONTAINER / "kubernetes" / "certificate.yaml").read_text())
        assert config["metadata"]["name"] == self.volume("config")["configMap"]["name"]
        assert certificate["spec"]["secretName"] == self.volume("identity")["secret"]["secretName"]
        for name, text in config["data"].items():
            (self.volumes["config"] / name).write_text(self.with_our_arns(text))

    def volume(self, name):
        return next(volume for volume in self.spec["volumes"] if volume["name"] == name)

    @staticmethod
    def with_our_arns(text):
        for kind, arn in (("role", ROLE_ARN), ("profile", PROFILE_ARN),
                          ("trust-anchor", ANCHOR_ARN)):
            text, found = re.subn(rf'^({kind}-arn = )".*"$', rf'\1"{arn}"', text, flags=re.M)
            assert found == 1, text
        return text

    def give(self, identity):
        """The secret that cert-manager would keep."""
        path = self.volumes["identity"]
        (path / "tls.crt").write_bytes(pki.pem(identity, *identity.chain))
        (path / "tls.key").write_bytes(pki.key_pem(identity.key))
        (path / "tls.key").chmod(self.volume("identity")["secret"]["defaultMode"])
        os.chown(path / "tls.key", 0, self.spec["securityContext"]["fsGroup"])

    def container(self, name):
        every = [*self.spec["initContainers"], *self.spec["containers"]]
        return next(container for container in every if container["name"] == name)

    def command(self, name, words=None):
        """The command that runs this container, or `words` in it."""
        container = self.container(name)
        context = self.spec["securityContext"]
        assert f"{context['runAsUser']}:{context['runAsGroup']}" == self.image["User"]
        root = shlex.quote(str(self.rootfs))
        lines = ["set -e", f"mount --bind {root} {root}"]
        for mount in container["volumeMounts"]:
            where = shlex.quote(str(self.rootfs) + mount["mountPath"])
            lines += [f"mkdir -p {where}"]  # as runtimes do
            lines += [f"mount --bind {shlex.quote(str(self.volumes[mount['name']]))} {where}"]
            if mount.get("readOnly"):
                lines += [f"mount -o remount,bind,ro {where}"]
        assert container["securityContext"]["readOnlyRootFilesystem"]
        assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
        lines += [f"mount -o remount,bind,ro {root}"]
        variables = [*self.image["Env"],
                     *(f"{v['name']}={v['value']}" for v in container.get("env", [])),
                     f"ROLECALL_ENDPOINT={self.endpoint}", f"ROLECALL_PORT={self.port}"]
        words = words or [*self.image["Entrypoint"], *container["args"]]
        lines += [shlex.join([
            "exec", "env", "-i", *variables, "/usr/bin/setpriv", "--no-new-privs", "/usr/sbin/chroot",
            f"--userspec={self.image['User']}", f"--groups={context['fsGroup']}", str(self.rootfs),
            *words])]
        return ["unshare", "--mount", "--propagation", "private", "sh", "-c", "\n".join(lines)]


    def run(self, name, words=None):
        return subprocess.run(self.command(name, words), env=environment(), text=True, timeout=60,
                              stdin=subprocess.DEVNULL, capture_output=True, check=False)


class Container:
    """A container that runs until the end of the with statement."""

    def __init__(self, pod, name):
        self.process = subprocess.Popen(pod.command(name), env=environment(), text=True,
                                        stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        _, self.err = self.process.communicate(timeout=10)
        assert self.process.returncode == 0, self.err


@pytest.fixture
def start(tmp_path, rootfs, layout):
    """(an example's pod, a function that renews its certificate) against an endpoint."""
    root = pki.root()
    with Emulator(pki.write(tmp_path, "root.pem", pki.pem(root))) as emulator:
        def pod(example):
            made = Pod(tmp_path, example, rootfs, layout, emulator.url)
            made.give(root.issue("app"))
            return made
        yield pod


def test_image_holds_the_program_and_trusted_roots_alone(layout, rootfs):
    config = config_of(layout)
    assert (config["os"], config["architecture"]) == ("linux", "amd64")
    assert config["config"]["User"] == f"{USER}:{USER}"
    assert config["config"]["Entrypoint"] == ["/rolecall"]
    files = [path for path in rootfs.rglob("*") if path.is_file()]
    others = {str(path.relative_to(rootfs)) for path in files
              if path.parent != rootfs / "etc/ssl/certs"}
    assert others == {"rolecall", "etc/passwd", "etc/group"}
    # Of this machine's trust only the public roots.
    public = {path.read_bytes() for path in
              pathlib.Path("/usr/share/ca-certificates/mozilla").glob("*.crt")}
    trusted = [path.read_bytes() for path in (rootfs / "etc/ssl/certs").glob("*.[0-9]")]
    assert len(trusted) == len(public) > 100 and set(trusted) == public
    for path in rootfs.rglob("*"):
        info = path.lstat()
        assert (info.st_uid, info.st_mode & 0o022) == (0, 0), path


def test_image_is_reproducible(layout, tmp_path):
    again = tmp_path / "again"
    subprocess.run([CONTAINER / "build", STATIC, again], check=True, stdin=subprocess.DEVNULL,
                   stdout=subprocess.DEVNULL, umask=0o077, env={**os.environ, "TZ": "Asia/Tokyo"})
    names = [sorted(str(path.relative_to(top)) for path in top.rglob("*")) for top in (layout, again)]
    assert names[0] == names[1] and len(names[0]) > 5
    for name in names[0]:
        if (layout / name).is_file():
            assert (layout / name).read_bytes() == (again / name).read_bytes(), name


def test_serve_beside_an_application(start):
    pod = start("serve.yaml")
    container = pod.container("rolecall")
    probe = container["startupProbe"]["exec"]["command"]
    assert probe == container["readinessProbe"]["exec"]["command"]
    assert container["readinessProbe"]["periodSeconds"] >= 10  # a process each time
    assert pod.run("rolecall", probe).returncode != 0
    variables = {v["name"]: v["value"] for v in pod.container("app")["env"]}
    mount = pod.container("app")["volumeMounts"][0]
    with Container(pod, "rolecall"):
        eventually(lambda: pod.run("rolecall", probe).returncode == 0, step=0.2)
        token = pod.volumes[mount["name"]] / os.path.relpath(
            variables["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"], mount["mountPath"])
        assert (token.stat().st_mode & 0o777, token.stat().st_uid) == (0o600, USER)
        port = int(re.search(r":(\d+)/", token.with_name("default.uri").read_text())[1])
        path = re.fullmatch(r"http://127\.0\.0\.1:9911(/.*)",
                            variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"])[1]
        answer = ask(port, "GET", path, {"Authorization": token.read_text()})
        assert answer.status == 200 and answer.json["AccessKeyId"], answer
        assert ask(port, "GET", path).status in (401, 403)
        # Without the token there is no way to them.
        assert ask(port, "PUT", "/latest/api/token").status == 404


def test_update_before_and_beside_an_application(start):
    pod = start("update.yaml")
    variables = {v["name"]: v["value"] for v in pod.container("app")["env"]}
    mount = pod.container("app")["volumeMounts"][0]
    file = pod.volumes[mount["name"]] / os.path.relpath(variables["AWS_SHARED_CREDENTIALS_FILE"],
                                                        mount["mountPath"])
    done = pod.run("first-credentials")
    assert done.returncode == 0, done
    first = file.read_text()
    assert "aws_session_token = " in first
    assert (file.stat().st_mode & 0o777, file.stat().st_uid) == (0o600, USER)
    with Container(pod, "rolecall"):
        eventually(lambda: file.read_text() != first)


def test_examples_agree_with_each_other():
    names = set()
    for example in ("serve.yaml", "update.yaml"):
        spec = yaml.safe_load((CONTAINER / "kubernetes" / example).read_text())["spec"]
        names |= {container["image"] for container in spec["initContainers"]}
    compose = yaml.safe_load((CONTAINER / "compose.yaml").read_text())["services"]
    names.add(compose["rolecall"]["image"])
    assert len(names) == 1, names
    assert compose["app"]["network_mode"] == "service:rolecall"
    health = compose["rolecall"]["healthcheck"]
    assert (health["interval"], health["start_interval"]) == ("30s", "1s")  # not each second for ever
    assert health["test"] == ["CMD", "/rolecall", "health"]
    flags = compose["rolecall"]["command"]
    program = subprocess.run([STATIC, *flags, "--endpoint", "http://127.0.0.1:1"], check=False,
                             env=environment(), capture_output=True, text=True, timeout=60)
    # Each flag is known; what is missing is the mounted certificate.
    assert "cannot open certificate file /identity/tls.crt" in program.stderr, program
