"""Clients of AWS that are not ours, and the ways in which they get credentials from the program.

A client is a module of tests/clients with these names:
  TITLE       as docs/guide/clients.md has it
  missing()   why it cannot run here; None: it can
  command(lab, server)  what to start, so that it makes one request with the credentials that it finds
  CANNOT      {way: why not}: what the client itself does not do, as docs/guide/clients.md says
and, where they differ from these: SERVER ("sts" or "s3"), environment(lab).
"""

import dataclasses
import importlib
import json
import os
import pathlib
import shlex
import shutil
import subprocess

from support.process import ARNS, BINARY, ROLE_ARN, environment, run

DIRECTORY = pathlib.Path(__file__).resolve().parents[1] / "clients"
INSTALLED = DIRECTORY / "installed"  # by scripts/setup-clients
# The newest boto3 and AWS CLI of version 1; Debian's are older.
PYPI = INSTALLED / "python"
NAMES = sorted(path.stem for path in DIRECTORY.glob("[a-z]*.py"))


def client(name):
    return importlib.import_module(f"clients.{name}")


def not_installed(name):
    """A client's missing(), where scripts/setup-clients gets it by this name."""
    done = (INSTALLED / f"{name}.stamp").exists()
    return None if done else f"scripts/setup-clients has not been run or could not install {name}"


def not_in_path(name):
    return None if shutil.which(name) else f"{name} is not installed"


@dataclasses.dataclass
class Lab:
    """What the ways need: a server of ours of each kind, and a directory for one client."""

    identity: object
    emulator: object  # grants sessions, and is STS
    bucket: object  # is S3
    serve: object
    directory: pathlib.Path


def credential_process(lab):
    line = shlex.join([BINARY, "credential-process", *map(str, lab.identity.flags), *ARNS,
                       "--endpoint", lab.emulator.url])
    config = lab.directory / ".aws" / "config"
    config.write_text(f"[default]\nregion = eu-west-1\ncredential_process = {line}\n")
    return [], {"AWS_CONFIG_FILE": str(config), "AWS_SDK_LOAD_CONFIG": "1"}


def credentials_file(lab):
    path = lab.directory / ".aws" / "credentials"
    env = {"AWS_SHARED_CREDENTIALS_FILE": str(path)}
    done = run("update", "--once", *lab.identity.flags, *ARNS, "--endpoint", lab.emulator.url, env=env)
    assert done.code == 0, done
    return [], env


def exec_environment(lab, *more):
    return [BINARY, "exec", *more, *map(str, lab.identity.flags), *ARNS, "--endpoint",
            lab.emulator.url, "--"], {}


def exec_refresh(lab):
    return exec_environment(lab, "--refresh")


def imds(lab):
    return [], {"AWS_EC2_METADATA_SERVICE_ENDPOINT": lab.serve.url}


def imds_with_a_slash(lab):
    """As serve prints it."""
    return [], {"AWS_EC2_METADATA_SERVICE_ENDPOINT": lab.serve.url + "/"}


def variables_of_the_container(lab, *more):
    done = run("env", "--format", "systemd", *more, env={"XDG_RUNTIME_DIR": str(lab.serve.directory)})
    assert done.code == 0, done
    return dict(line.split("=", 1) for line in done.out.splitlines())


def container(lab):
    """As `env` prints it."""
    return [], variables_of_the_container(lab)


def container_token_file(lab):
    env = variables_of_the_container(lab, "--token-file")
    env.pop("AWS_CONTAINER_AUTHORIZATION_TOKEN", None)
    return [], env


# The name of each, its function, and serve's route that must have been asked.
WAYS = {
    "credential_process": (credential_process, None),
    "credentials file": (credentials_file, None),
    "exec": (exec_environment, None),
    "exec --refresh": (exec_refresh, None),
    "IMDS": (imds, "imds/credentials"),
    "IMDS/": (imds_with_a_slash, "imds/credentials"),
    "container": (container, "container"),
    "container, token file": (container_token_file, "container"),
}


def start(lab, module, way):
    """Runs the client to its end, with nothing but what this way tells it."""
    (lab.directory / ".aws").mkdir(exist_ok=True)
    prefix, env = WAYS[way][0](lab)
    env = environment({
        "HOME": str(lab.directory), "LC_ALL": "C.UTF-8", "PATH": os.environ["PATH"],
        "PYTHONDONTWRITEBYTECODE": "1",
        **({} if way.startswith("IMDS") else {"AWS_EC2_METADATA_DISABLED": "true"}),
        **getattr(module, "environment", lambda lab: {})(lab), **env})
    server = {"sts": lab.emulator, "s3": lab.bucket}[getattr(module, "SERVER", "sts")]
    command = [*prefix, *map(str, module.command(lab, server.url))]
    return subprocess.run(command, env=env, cwd=lab.directory, stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=120, check=False)


def check(lab, module, way, done):
    """It has used a session, and where it was given that by serve, serve's."""
    assert done.returncode == 0, (done.args, done.stdout, done.stderr)
    key = None
    if getattr(module, "SERVER", "sts") == "s3":
        assert not lab.bucket.problems and len(set(lab.bucket.keys)) == 1, lab.bucket.problems
        key = lab.bucket.keys[0]
    else:
        answer = json.loads(done.stdout)
        role = ROLE_ARN.rsplit("/", 1)[1]
        assert f":assumed-role/{role}/" in answer.get("arn", answer.get("Arn")), done
        key = answer.get("accessKeyId")
    if (WAYS[way][1]) and key:
        assert key == lab.serve.credentials()["AccessKeyId"]
