"""Certificates and keys of a SPIFFE agent, in each command. The agent is a gRPC server that is not
ours; it refuses calls without the header of the Workload API."""

import base64
import json
import subprocess

import pytest
from support import pki
from support.config import ARN_LINES, write_config
from support.process import (ANCHOR_ARN, ARNS, BINARY, PATIENCE, assert_credentials, assert_fails, environment, run,
                             session)
from support.serve import eventually
from support.spiffe import TRUST_DOMAIN, Agent, leaf, svid
from support.users import as_root

APP, OTHER = f"{TRUST_DOMAIN}/app", f"{TRUST_DOMAIN}/other"


@pytest.fixture(name="agent", scope="module")
def agent_with_two(identity, tmp_path_factory):
    directory = tmp_path_factory.mktemp("agent")
    with Agent(directory, svid(leaf(identity)), svid(leaf(identity, "other"), hint="internal use"),
               svid(leaf(identity, "third"), hint="internal use")) as running:
        yield running


def subject_of(*flags, **options):
    done = run("read-certificate-data", *flags, "--format", "text", **options)
    assert done.code == 0, done
    return done.out.splitlines()[0].split()[1]


def test_the_agent_gives_everything(agent, emulator):
    assert_credentials(session(emulator, agent.flags))


def test_a_port(identity, emulator, tmp_path):
    with Agent(tmp_path, svid(leaf(identity)), tcp=True) as agent:
        assert_credentials(session(emulator, agent.flags))


@pytest.mark.parametrize("form", ["spiffe:unix:{}", "spiffe:unix://{}", "spiffe:{}", "spiffe://{}"])
def test_forms_of_a_socket(agent, form):
    assert subject_of("--certificate", form.format(agent.socket)) == "CN=app"


def test_the_agent_of_the_environment(agent, emulator):
    env = {"SPIFFE_ENDPOINT_SOCKET": agent.endpoint}
    assert_credentials(session(emulator, ["--certificate", "spiffe:"], env=env))
    assert subject_of("--certificate", "spiffe:", env=env) == "CN=app"
    assert subject_of("--certificate", OTHER, env=env) == "CN=other"
    assert subject_of("--certificate", "spiffe:?hint=internal%20use", env=env) == "CN=other"


def test_no_agent_in_the_environment(emulator):
    assert_fails(session(emulator, ["--certificate", "spiffe:"]), 2,
                 "--certificate spiffe: names no SPIFFE agent, and SPIFFE_ENDPOINT_SOCKET is not set",
                 "spiffe:unix:///run/spire/agent.sock")


@pytest.mark.parametrize("value", ["/run/agent.sock", "http://127.0.0.1:1", "tcp://192.0.2.1:8081"])
def test_a_wrong_agent_in_the_environment(emulator, value):
    assert_fails(session(emulator, ["--certificate", "spiffe:"],
                         env={"SPIFFE_ENDPOINT_SOCKET": value}), 2,
                 f"SPIFFE_ENDPOINT_SOCKET: .*{value}")


def test_chosen_by_id_and_hint(agent):
    for choice, subject in (("", "app"), (f"?id={OTHER}", "other"), ("?hint=internal%20use", "other")):
        assert subject_of("--certificate", f"spiffe:{agent.endpoint}{choice}") == f"CN={subject}"


@pytest.mark.parametrize("choice, what", [
    (f"?id={TRUST_DOMAIN}/none", f"no identity with the SPIFFE ID {TRUST_DOMAIN}/none"),
    ("?hint=none", "no identity with the hint none")])
def test_a_choice_that_does_not_exist(agent, emulator, choice, what):
    failed = assert_fails(session(emulator, ["--certificate", f"spiffe:{agent.endpoint}{choice}"]), 3,
                          what)
    assert f"the agent offers {APP}, {OTHER} (hint internal use), " in failed.hint


def test_other_options_are_not_used(agent, emulator, identity):
    done = session(emulator, [*agent.flags, "--private-key", identity.key, "--intermediates",
                              identity.certificate])
    assert_credentials(done)
    assert [line.rsplit(": ", 1)[1] for line in done.warnings] == [
        "--private-key is not used", "--intermediates is not used"]


def test_the_key_alone_cannot_come_from_an_agent(agent, emulator, identity):
    assert_fails(session(emulator, ["--certificate", identity.certificate, "--private-key",
                                    agent.flags[1]]), 2, "--private-key cannot be a SPIFFE agent")
    assert_fails(session(emulator, [*identity.flags, "--intermediates", agent.flags[1]]), 2,
                 "--intermediates cannot be a SPIFFE agent")


def test_proxies_are_not_used(identity, emulator, silent, tmp_path):
    proxy = f"http://127.0.0.1:{silent.port}"
    env = {name: proxy for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy",
                                    "ALL_PROXY")}
    for tcp in (False, True):
        with Agent(tmp_path, svid(leaf(identity)), tcp=tcp) as agent:
            for more in ([], ["--with-proxy"]):
                assert_credentials(session(emulator, agent.flags, *more, env=env))


def test_an_empty_subject(identity, emulator, tmp_path):
    empty = leaf(identity, "empty", subject=pki.x509.Name([]))
    with Agent(tmp_path, svid(empty)) as agent:
        done = session(emulator, agent.flags)
    assert any("subject" in line for line in done.warnings), done


def test_a_key_of_another_kind(identity, emulator, tmp_path):
    with Agent(tmp_path, svid(leaf(identity, "rsa", key_kind="rsa2048"))) as agent:
        assert_credentials(session(emulator, agent.flags))


def test_exec_and_export(agent, emulator):
    flags = [*agent.flags, *ARNS, "--endpoint", emulator.url]
    env = {"SPIFFE_ENDPOINT_SOCKET": agent.endpoint}
    done = run("exec", *flags, "--", "sh", "-c", "echo $AWS_ACCESS_KEY_ID $SPIFFE_ENDPOINT_SOCKET; "
               "ls -l /proc/self/fd", env=env)
    assert done.code == 0, done
    assert done.out.startswith("ASIA") and agent.endpoint in done.out.splitlines()[0], done
    assert "socket:" not in done.out, "the connection to the agent is not passed on"
    assert run("export", *flags).out.startswith("export AWS_ACCESS_KEY_ID"), done


def test_exec_refresh_does_not_pass_the_connection_on(agent, emulator):
    done = run("exec", "--refresh", *agent.flags, *ARNS, "--endpoint", emulator.url, "--", "sh", "-c",
               "ls -l /proc/self/fd")
    assert done.code == 0, done
    assert "socket:" not in done.out, done


def test_update(agent, emulator, tmp_path):
    file = tmp_path / "credentials"
    done = run("update", "--once", *agent.flags, *ARNS, "--endpoint", emulator.url,
               env={"AWS_SHARED_CREDENTIALS_FILE": str(file)})
    assert done.code == 0, done
    assert "aws_session_token" in file.read_text()


def test_sign_string(agent):
    done = run("sign-string", *agent.flags)
    assert done.code == 0 and len(done.out) > 100, done


def test_read_certificate_data(agent):
    done = run("read-certificate-data", *agent.flags)
    assert json.loads(done.out)["keyType"] == "EC"
    text = run("read-certificate-data", *agent.flags, "--format", "text").out
    assert f"URI:{APP}" in text
    assert "Test Intermediate" in text.split("Chain:")[1]


def test_policy(agent):
    done = run("policy", *agent.flags, "--trust-anchor-arn", ANCHOR_ARN)
    assert APP in done.out, done


def test_doctor(agent, emulator, identity):
    done = run("doctor", *agent.flags, *ARNS, "--endpoint", emulator.url, "--trust-anchor",
               identity.root_file, "--format", "json")
    checks = {check["id"]: check for check in json.loads(done.out)["checks"]}
    for name in ("key", "certificate", "chain", "session"):
        assert checks[name]["status"] == "ok", checks[name]
    assert "the SPIFFE agent renews it" in json.dumps(checks["certificate"])
    assert agent.endpoint in json.dumps(checks["key"])


def test_doctor_without_agent(tmp_path):
    done = run("doctor", "--certificate", f"spiffe:{tmp_path}/none", *ARNS, "--offline")
    assert done.code == 1, done
    assert "cannot be found" in done.out and done.out.count("is the agent running?") == 1, done


def test_bindings(agent, tmp_path):
    config = write_config(tmp_path, ARN_LINES + (
        f'[binding.a]\ncertificate = "spiffe:{agent.endpoint}"\n'
        '[binding.b]\ncertificate = "spiffe:"\n'
        f'[binding.c]\ncertificate = "spiffe:{tmp_path}/none"\n'))
    done = run("bindings", "--config", config)
    rows = {line.split()[0]: line for line in done.out.splitlines()[1:]}
    assert "CN=app" in rows["a"]
    assert "SPIFFE_ENDPOINT_SOCKET is not set" in rows["b"]
    assert "cannot be found" in rows["c"]
    done = run("bindings", "--config", config, env={"SPIFFE_ENDPOINT_SOCKET": agent.endpoint})
    assert "CN=app" in done.out.splitlines()[2], done


def test_the_configuration_file(agent, emulator, tmp_path):
    config = write_config(tmp_path, f'certificate = "spiffe:{agent.endpoint}?id={OTHER}"\n')
    assert_credentials(session(emulator, ["--config", config]))


def test_configure_writes_the_agent_of_the_environment(agent, emulator, home):
    done = home.configure(flags=["--certificate", "spiffe:", *ARNS, "--endpoint", emulator.url],
                          env={"SPIFFE_ENDPOINT_SOCKET": agent.endpoint})
    assert done.code == 0, done
    assert f"spiffe:{agent.endpoint}" in home.command()


def test_nothing_is_cached(agent, emulator, tmp_path):
    done = session(emulator, agent.flags, "--cache", env={"XDG_RUNTIME_DIR": str(tmp_path)})
    assert_credentials(done)
    assert "a SPIFFE agent decides for each process which identity it gets" in done.err
    assert not (tmp_path / "rolecall").exists()


def test_debug_names_the_identities_but_no_key(agent, emulator):
    done = session(emulator, agent.flags, "--debug")
    assert f"offers {APP}, {OTHER} (hint internal use)" in done.err, done
    assert f"in use: {APP}" in done.err


@as_root
@pytest.mark.skipif("asan" in BINARY, reason="a sanitizer keeps freed memory, and has terabytes of its own")
def test_no_key_is_left_in_memory(identity, emulator, tmp_path):
    """libcurl keeps what it has received as long as the call is open, and then overwrites it. The key
    that is in use is in another form."""
    with Agent(tmp_path, svid(leaf(identity))) as agent:
        command = [BINARY, "exec", "--refresh", *agent.flags, *ARNS, "--endpoint", emulator.url, "--", "sh",
                   "-c", "echo ready; read line"]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              env=environment()) as process:
            try:
                assert process.stdout.readline() == b"ready\n"
                key = base64.b64decode(agent.state["svids"][0]["x509_svid_key"])
                agent.stop()
                eventually(lambda: not _memory_contains(process.pid, key), step=0.5)
            finally:
                process.communicate(b"\n", timeout=PATIENCE)


def _memory_contains(pid, key):
    with open(f"/proc/{pid}/maps", encoding="ascii") as maps, open(f"/proc/{pid}/mem", "rb") as memory:
        for line in maps:
            places, rights = line.split()[:2]
            if not rights.startswith("rw"):
                continue
            begin, end = (int(part, 16) for part in places.split("-"))
            memory.seek(begin)
            try:
                if key in memory.read(end - begin):
                    return True
            except OSError:
                continue
    return False
