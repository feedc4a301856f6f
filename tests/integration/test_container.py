"""The OCI image and the examples of packaging/container.

The image is made by packaging/container/build, unpacked by umoci, and its containers are run as the
examples say: user, arguments, variables and volumes are read from the YAML. Neither a container engine nor Kubernetes can be had here, so what
they read of the examples besides is not tested, but for being YAML.
"""
import os
import pathlib
import re
import subprocess

import pytest
import yaml

from support import pki
from support.images import CONTAINER, ROOT, USER, Image, build
from support.pods import Container, Pod
from support.process import Emulator, environment
from support.serve import ask, eventually

TARGET = "x86_64-linux-musl"
STATIC = ROOT / "dist" / TARGET / "rolecall"

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0,
                       reason="only root can unpack an image and be another user"),
    pytest.mark.skipif(not STATIC.exists(), reason=f"there is no {STATIC}: "
                       "packaging/bundle x86_64-linux-musl makes it"),
]


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    return build(TARGET, STATIC, tmp_path_factory.mktemp("archive") / "rolecall.oci.tar")


@pytest.fixture(scope="module")
def image(archive, tmp_path_factory):
    return Image(archive, tmp_path_factory.mktemp("image")).unpack()


@pytest.fixture
def start(tmp_path, image):
    """(an example's pod, a function that renews its certificate) against an endpoint."""
    root = pki.root()
    with Emulator(pki.write(tmp_path, "root.pem", pki.pem(root))) as emulator:
        def pod(example):
            spec = yaml.safe_load((CONTAINER / "kubernetes" / example).read_text())["spec"]
            certificate, config = yaml.safe_load_all(
                (CONTAINER / "kubernetes" / "certificate.yaml").read_text())
            made = Pod(tmp_path, spec, [config], image, emulator.url)
            assert certificate["spec"]["secretName"] == made.volume("identity")["secret"]["secretName"]
            made.give(root.issue("app"))
            return made
        yield pod


def test_image_holds_the_program_and_trusted_roots_alone(image):
    config, rootfs = image.config, image.rootfs
    assert (config["os"], config["architecture"]) == ("linux", "amd64")
    assert config["config"]["User"] == f"{USER}:{USER}"
    assert config["config"]["Entrypoint"] == ["/rolecall"]
    version = subprocess.run([STATIC, "version"], check=True, text=True, capture_output=True).stdout
    assert config["config"]["Labels"]["org.opencontainers.image.version"] == image.tag == version.strip()
    files = [path for path in rootfs.rglob("*") if path.is_file()]
    others = {str(path.relative_to(rootfs)) for path in files
              if path.parent != rootfs / "etc/ssl/certs"}
    about = {f"usr/share/doc/rolecall/rolecall.{kind}" for kind in ("spdx.json", "licences.txt")}
    assert others - about == {"rolecall", "etc/passwd", "etc/group"}
    assert (rootfs / "rolecall").read_bytes() == STATIC.read_bytes()
    # Of this machine's trust only the public roots.
    public = {path.read_bytes() for path in
              pathlib.Path("/usr/share/ca-certificates/mozilla").glob("*.crt")}
    trusted = [path.read_bytes() for path in (rootfs / "etc/ssl/certs").glob("*.[0-9]")]
    assert len(trusted) == len(public) > 100 and set(trusted) == public
    for path in [rootfs, *rootfs.rglob("*")]:
        info = path.lstat()
        assert (info.st_uid, info.st_gid, info.st_mode & 0o022) == (0, 0, 0), path


def test_image_is_reproducible(archive, tmp_path):
    again = build(TARGET, STATIC, tmp_path / "rolecall.oci.tar", umask=0o077,
                  env={**os.environ, "TZ": "Asia/Tokyo"})
    assert again.read_bytes() == archive.read_bytes()


def for_arm64(folder):
    """A program that no machine can run: its header says another processor."""
    program = folder / "rolecall"
    content = bytearray(STATIC.read_bytes())
    content[18:20] = (183).to_bytes(2, "little")  # e_machine: EM_AARCH64
    program.write_bytes(content)
    program.chmod(0o755)
    return program


def test_image_for_another_processor(image, tmp_path):
    archive = build("aarch64-linux-musl", for_arm64(tmp_path), tmp_path / "rolecall.oci.tar")
    other = Image(archive, tmp_path)
    assert (other.config["os"], other.config["architecture"]) == ("linux", "arm64")
    assert other.config["config"] == image.config["config"]
    assert other.config["rootfs"]["diff_ids"][0] == image.config["rootfs"]["diff_ids"][0]
    assert other.config["rootfs"]["diff_ids"][1] != image.config["rootfs"]["diff_ids"][1]


def test_the_archive_is_no_folder(tmp_path):
    done = subprocess.run([CONTAINER / "build", TARGET, STATIC, tmp_path], check=False, text=True,
                          capture_output=True, stdin=subprocess.DEVNULL)
    assert done.returncode == 1 and f"{tmp_path} is a folder" in done.stderr, done
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("target,program,why", [
    ("aarch64-linux-musl", STATIC, "for another processor"),
    ("x86_64-linux-gnu", STATIC, "is a static program"),
    (TARGET, "/bin/ls", "is a dynamic program"),
    (TARGET, __file__, "is no program"),
    (TARGET, "/bin/busybox", "is no rolecall"),
    (TARGET, "/none", "there is no /none"),
])
def test_programs_that_are_others(tmp_path, target, program, why):
    if program == "/bin/busybox" and not os.path.exists(program):
        pytest.skip("the package busybox-static is not installed")
    done = subprocess.run([CONTAINER / "build", target, program, tmp_path / "x.tar"], check=False, text=True,
                          capture_output=True, stdin=subprocess.DEVNULL)
    assert done.returncode == 1 and why in done.stderr, done
    assert f"packaging/bundle {target}" in done.stderr and not (tmp_path / "x.tar").exists(), done


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
