"""packaging/systemd: that systemd takes the units, how far it thinks they are shut in, and that their
commands work with what they are given: a user of their own without any right, the copy of the key
that LoadCredential= makes, the socket. (systemd itself is not what runs here.)"""

import os
import pathlib
import re
import shutil
import subprocess
import tempfile

import pytest
from support.process import ACCOUNT, ANCHOR_ARN, BINARY, PROFILE_ARN, ROLE_ARN, environment, free_port
from support.serve import ask, eventually

UNITS = pathlib.Path(__file__).resolve().parents[2] / "packaging" / "systemd"
SERVICES = ["rolecall-serve.service", "rolecall-update.service"]


@pytest.fixture(name="units")
def installed_units(tmp_path):
    for source in UNITS.iterdir():
        text = source.read_text(encoding="utf-8")
        text = text.replace("@CMAKE_INSTALL_FULL_BINDIR@/rolecall", BINARY)
        assert "@CMAKE" not in text
        (tmp_path / source.name.removesuffix(".in")).write_text(text, encoding="utf-8")
    return tmp_path


def analyze(*arguments):
    return subprocess.run(["systemd-analyze", *map(str, arguments)], capture_output=True, text=True,
                          env=environment(), timeout=60, check=False)


def test_systemd_understands_them(units):
    done = analyze("verify", "--man=no", *sorted(units.iterdir()))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("service", SERVICES)
def test_exposure(units, service):
    done = analyze("security", "--offline=true", "--no-pager", units / service)
    level = re.search(r"Overall exposure level for \S+: (\d+\.\d)", done.stdout)
    assert level and float(level[1]) < 2.5, done.stdout


def calls_of(name):
    """The system calls of a set of systemd's, or the call itself."""
    if not name.startswith("@"):
        return {name}
    lines = analyze("syscall-filter", name).stdout.splitlines()[1:]
    return set().union(*(calls_of(line.strip()) for line in lines
                         if line.strip() and not line.strip().startswith("#")))


def allowed_calls(unit):
    allowed = calls_of("@known")  # the first list says what is not allowed
    for line in re.findall(r"^SystemCallFilter=(.*)", unit.read_text(encoding="utf-8"), re.MULTILINE):
        calls = set().union(*(calls_of(name) for name in line.removeprefix("~").split()))
        allowed = allowed - calls if line.startswith("~") else allowed | calls
    return allowed


def assert_allowed(unit, trace):
    """Every system call that the program made is one that the unit's filter lets pass."""
    text = trace.read_text(encoding="utf-8", errors="replace")
    text = text[text.rindex(f'execve("{BINARY}"'):]
    used = set(re.findall(r"^\d+ +([a-z_0-9]+)\(", text, re.MULTILINE))
    assert len(used) > 20 and used - allowed_calls(unit) == set()


class Service:
    """What systemd makes of a unit's [Service], for a command."""

    def __init__(self, unit, config, key):
        text = unit.read_text(encoding="utf-8")
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="rolecall-unit-"))
        credentials, state, runtime = (self.directory / name for name in ("creds", "state", "run"))
        for directory in (credentials, state, runtime, state / "rolecall-update"):
            directory.mkdir(mode=0o700)
        name, source = re.search(r"^LoadCredential=(.*):(.*)", text, re.MULTILINE).groups()
        assert source == "/etc/rolecall/private-key.pem"
        shutil.copy(key, credentials / name)
        (credentials / name).chmod(0o400)
        # A sanitizer's search for leaks is a tracer, as strace is, and a process has one at a time.
        self.environment = {"CREDENTIALS_DIRECTORY": str(credentials),
                            "ASAN_OPTIONS": "detect_leaks=0"}
        if "\nRuntimeDirectory=" in text:
            self.environment["RUNTIME_DIRECTORY"] = str(runtime)
        for variable, value in re.findall(r"^Environment=(\w+)=(.*)", text, re.MULTILINE):
            self.environment[variable] = (value.replace("/run/credentials/%n", str(credentials))
                                          .replace("%S", str(state)))
        (self.directory / "config.toml").write_text(config, encoding="utf-8")
        command = re.search(r"^ExecStart=(.*)", text, re.MULTILINE)[1]
        assert "/etc/rolecall/config.toml" in command
        self.command = command.replace("/etc/rolecall", str(self.directory)).split()
        self.state, self.unit, self.trace = state, unit, self.directory / "trace"
        if os.geteuid() == 0:
            self.directory.chmod(0o755)
            for path in (credentials, credentials / name, state, state / "rolecall-update", runtime):
                os.chown(path, 65534, 65534)
            self.command[:0] = ["setpriv", "--reuid=65534", "--regid=65534", "--groups=65533",
                                "--no-new-privs", "--bounding-set=-all", "--inh-caps=-all"]

    def start(self, *prefix):
        # -D: the process is the service, and strace its child.
        tracer = ["strace", "-D", "-f", "-o", self.trace]
        return subprocess.Popen([*tracer, *prefix, *self.command], env=environment(self.environment),
                                stderr=subprocess.PIPE, text=True)


@pytest.fixture(name="service")
def make_service(units, identity, emulator):
    services = []

    def make(name):
        # Readable by all, as the man page wants it.
        certificate = pathlib.Path(identity.certificate).read_text(encoding="utf-8")
        config = (f'certificate = "certificate.pem"\nrole-arn = "{ROLE_ARN}"\n'
                  f'profile-arn = "{PROFILE_ARN}"\ntrust-anchor-arn = "{ANCHOR_ARN}"\n'
                  f'endpoint = "{emulator.url}"\n')
        service = Service(units / name, config, identity.key)
        (service.directory / "certificate.pem").write_text(certificate, encoding="utf-8")
        services.append(service)
        return service

    yield make
    for service in services:
        shutil.rmtree(service.directory)


def stop(service, process):
    process.terminate()
    errors = process.communicate(timeout=20)[1]
    warnings = [line for line in errors.splitlines() if "warning: " in line]
    assert process.returncode == 0, errors
    assert all("warning: refused a request" in line for line in warnings), warnings
    eventually(lambda: "+++ exited with 0 +++" in service.trace.read_text(encoding="utf-8").splitlines()[-1])
    # A sanitizer makes calls of its own.
    if "libasan" not in subprocess.run(["ldd", BINARY], capture_output=True, text=True, check=True).stdout:
        assert_allowed(service.unit, service.trace)


@pytest.mark.parametrize("drop_in", [False, True])
def test_serve(service, drop_in):
    port = free_port()
    one = service("rolecall-serve.service")
    if drop_in:  # as the unit says it
        said = re.search(r"^#   Environment=(ROLECALL_IMDS)=(\w+)$", one.unit.read_text(encoding="utf-8"),
                         re.MULTILINE)
        one.environment[said[1]] = said[2]
    options = [f"--setenv={name}={value}" for name, value in one.environment.items()]
    process = one.start("systemd-socket-activate", f"--listen=127.0.0.1:{port}", *options)
    try:
        def token():
            try:
                return ask(port, "PUT", "/latest/api/token", timeout=30)
            except ConnectionRefusedError:
                return None
        answer = eventually(token)
        headers = {"x-aws-ec2-metadata-token": answer.body}
        path = "/latest/meta-data/iam/security-credentials/Example"
        if drop_in:
            assert ask(port, "GET", path, headers).json["AccessKeyId"]
        else:
            assert answer.status == 404 and ask(port, "GET", path).status == 404
        own = (one.directory / "run" / "default.token").read_text(encoding="utf-8").strip()
        assert ask(port, "GET", "/credentials/default",
                   {"Authorization": own}).json["RoleArn"].startswith(f"arn:aws:iam::{ACCOUNT}:")
    finally:
        stop(one, process)


def test_update(service):
    one = service("rolecall-update.service")
    file = one.state / "rolecall-update" / "credentials"
    file.write_text("[default]\n", encoding="utf-8")
    file.chmod(0o600)
    if os.geteuid() == 0:
        os.chown(file, 65534, 65533)  # one of the user's groups, which the new file keeps
    group = file.stat().st_gid
    process = one.start()
    try:
        eventually(lambda: "\naws_access_key_id" in file.read_text(encoding="utf-8"))
    finally:
        stop(one, process)
    assert file.stat().st_gid == group


@pytest.mark.parametrize("name", SERVICES)
def test_without_a_configuration(service, name):
    """The reason, in the journal, and the exit code that systemd does not restart."""
    one = service(name)
    (one.directory / "config.toml").unlink()
    process = one.start()
    errors = process.communicate(timeout=20)[1]
    assert process.returncode == 2 and "config.toml" in errors, errors
    assert "RestartPreventExitStatus=2\n" in (UNITS / f"{name}.in").read_text(encoding="utf-8")
