"""Whether serve speaks IMDS, what it answers, and its tokens."""

import signal
import stat
import time

import pytest
from support.process import REGION, assert_fails, run
from support.serve import CREDENTIALS, ROLE, Serve, eventually

TTL = "x-aws-ec2-metadata-token-ttl-seconds"


def token_status(running):
    return running.ask("PUT", "/latest/api/token", {TTL: "60"}).status


def in_file(tmp_path, text):
    path = tmp_path / "config.toml"
    path.write_text(text)
    path.chmod(0o600)
    return ["--config", path]


@pytest.mark.parametrize("way", ["flag", "variable", "file"])
def test_it_can_be_turned_off(identity, emulator, tmp_path, way):
    flags = {"flag": ["--imds=false"], "variable": [],
             "file": in_file(tmp_path, "[serve]\nimds = false\n")}[way]
    env = {"ROLECALL_IMDS": "false"} if way == "variable" else {}
    with Serve(tmp_path, *flags, server=emulator, flags=identity.flags, env=env) as running:
        answer = running.ask("PUT", "/latest/api/token", {TTL: "60"})
        assert answer.status == 404 and "--imds is false" in answer.json["message"], answer
        assert running.ask("GET", CREDENTIALS).status == 404
        assert running.events("instance metadata is off")[0]["reason"] == "--imds is false"
        assert not running.events("imds")
        token = (tmp_path / "rolecall" / "default.token").read_text()
        assert running.ask("GET", "/credentials/default", {"Authorization": token}).status == 200


@pytest.mark.parametrize("flags, status", [
    (["--imds"], 200), (["--imds=true"], 200), ([], 200),
    (["--allow-remote", "--address", "0.0.0.0"], 404),
    (["--allow-remote", "--address", "0.0.0.0", "--imds=false"], 404),
    (["--allow-remote", "--address", "0.0.0.0", "--imds"], 200)])
def test_where_it_is_on(identity, emulator, tmp_path, flags, status):
    with Serve(tmp_path, *flags, server=emulator, flags=identity.flags) as running:
        assert token_status(running) == status
        off = running.events("instance metadata is off")
        assert bool(off) == (status == 404), off


def test_the_command_line_comes_before_the_variable(identity, emulator, tmp_path):
    """As a drop-in of the unit may need it."""
    with Serve(tmp_path, "--imds", server=emulator, flags=identity.flags,
               env={"ROLECALL_IMDS": "false"}) as running:
        assert token_status(running) == 200


def test_without_either_endpoint_it_does_not_start(identity, silent):
    done = run("serve", *identity.flags, "--imds=false", "--endpoint", silent.url, "--port", 0,
               "--role-arn", "arn:aws:iam::111122223333:role/Example",
               "--profile-arn", "arn:aws:rolesanywhere:eu-west-1:111122223333:profile/1",
               "--trust-anchor-arn", "arn:aws:rolesanywhere:eu-west-1:111122223333:trust-anchor/1")
    assert_fails(done, 2, "RUNTIME_DIRECTORY", "--token-dir")


# --- tokens


def status_with(running, token):
    return running.ask("GET", CREDENTIALS, {"x-aws-ec2-metadata-token": token}).status


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGKILL])
def test_tokens_outlive_a_restart(identity, emulator, tmp_path, end):
    common = {"server": emulator, "flags": identity.flags}
    with Serve(tmp_path, **common) as running:
        token = running.token()
        running.process.send_signal(end)
        running.process.wait(timeout=20)
        running.code = running.process.returncode
    with Serve(tmp_path, **common) as running:
        assert status_with(running, token) == 200
        assert not running.events("IMDS tokens are lost at a restart")


def test_tokens_outlive_those_of_others(identity, emulator, tmp_path):
    with Serve(tmp_path, server=emulator, flags=identity.flags) as running:
        first = running.token()
        for _ in range(5000):
            running.token()
        assert status_with(running, first) == 200


def key_file(tmp_path):
    return tmp_path / "rolecall" / "default.imds-key"


def test_the_key_is_for_its_owner_alone(identity, emulator, tmp_path):
    with Serve(tmp_path, server=emulator, flags=identity.flags):
        info = key_file(tmp_path).stat()
        assert stat.S_ISREG(info.st_mode) and info.st_mode & 0o777 == 0o600
        assert key_file(tmp_path).read_text() not in (tmp_path / "serve.err").read_text()


@pytest.mark.parametrize("spoil", ["read by others", "link", "removed", "cut"])
def test_a_key_that_others_could_know_is_replaced(identity, emulator, tmp_path, spoil):
    common = {"server": emulator, "flags": identity.flags}
    with Serve(tmp_path, **common) as running:
        token = running.token()
    file = key_file(tmp_path)
    if spoil == "read by others":
        file.chmod(0o640)
    elif spoil == "link":
        file.rename(tmp_path / "elsewhere")
        file.symlink_to(tmp_path / "elsewhere")
    elif spoil == "cut":
        file.write_text(file.read_text()[:32])
    else:
        file.unlink()
    with Serve(tmp_path, **common) as again:
        assert status_with(again, token) == 401
        assert status_with(again, again.token()) == 200
        assert key_file(tmp_path).stat().st_mode & 0o777 == 0o600


def test_says_once_that_there_is_no_place_for_the_key(identity, emulator, tmp_path):
    with Serve(tmp_path, server=emulator, flags=identity.flags,
               env={"XDG_RUNTIME_DIR": "/nonexistent"}) as running:
        for _ in range(3):
            assert status_with(running, running.token()) == 200
        assert len(running.events("IMDS tokens are lost at a restart")) == 1


def test_a_token_of_another_server_is_none(identity, emulator, tmp_path):
    common = {"server": emulator, "flags": identity.flags}
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    with Serve(tmp_path / "one", **common) as one, Serve(tmp_path / "two", **common) as two:
        assert status_with(two, one.token()) == 401


# --- by which names it is reached


def test_allowed_hosts(identity, emulator, tmp_path):
    with Serve(tmp_path, "--allow-host", "Rolecall", "--allow-host", "app.prod.svc",
               server=emulator, flags=identity.flags) as running:
        for host in ("rolecall", "ROLECALL:9911", "app.prod.svc", "localhost"):
            assert running.ask("GET", "/healthz", {"Host": host}).status == 200, host
        for host in ("evil.example", "rolecall.evil.example", "prod.svc"):
            answer = running.ask("GET", "/healthz", {"Host": host})
            assert answer.status == 403 and f"--allow-host {host}" in answer.json["message"], answer
            refused = eventually(lambda: running.events("refused a request"))[-1]
            assert f"--allow-host {host}" in refused["reason"] and refused["path"] == "/healthz"


def test_allowed_hosts_of_the_file(identity, emulator, tmp_path):
    config = in_file(tmp_path, '[serve]\nallow-host = ["rolecall", "host.docker.internal"]\n')
    with Serve(tmp_path, *config, server=emulator, flags=identity.flags) as running:
        assert running.ask("GET", "/healthz", {"Host": "host.docker.internal:1"}).status == 200
    assert_fails(run("serve", *in_file(tmp_path, '[serve]\nallow-host = "http://a:80"\n')), 2,
                 "line 2.*http://a:80", "without scheme and port")
    assert_fails(run("serve", "--allow-host", "a b"), 2, "a b")


def test_imds_from_token_to_credentials(serve):
    given = serve.ask("PUT", "/latest/api/token", {TTL: "60"})
    assert given.status == 200 and given.headers[TTL] == "60", given
    token = {"X-aws-ec2-metadata-token": given.body}
    for end in ("", "/"):
        role = serve.ask("GET", "/latest/meta-data/iam/security-credentials" + end, token)
        assert (role.status, role.body) == (200, ROLE), role
    answer = serve.ask("GET", CREDENTIALS, token)
    assert answer.status == 200, answer
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["Date"].endswith(" GMT")
    assert set(answer.json) == {"Code", "LastUpdated", "Type", "AccessKeyId", "SecretAccessKey",
                                "Token", "Expiration", "AccountId"}, answer
    assert (answer.json["Code"], answer.json["Type"]) == ("Success", "AWS-HMAC")
    region = serve.ask("GET", "/latest/meta-data/placement/region", token)
    assert (region.status, region.body) == (200, REGION), region


def test_tokens(serve):
    assert serve.ask("PUT", "/latest/api/token").headers[TTL] == "21600"
    for ttl in ("0", "21601", "x"):
        assert serve.ask("PUT", "/latest/api/token", {TTL: ttl}).status == 400, ttl
    tokens = {serve.token() for _ in range(50)}
    assert len(tokens) == 50 and all(len(t) >= 64 for t in tokens)
    for wrong in ({}, {"x-aws-ec2-metadata-token": "x"},
                  {"x-aws-ec2-metadata-token": tokens.pop()[1:]}):
        assert serve.ask("GET", CREDENTIALS, wrong).status == 401, wrong
    short = serve.ask("PUT", "/latest/api/token", {TTL: "1"}).body
    time.sleep(1.1)
    assert serve.ask("GET", CREDENTIALS, {"x-aws-ec2-metadata-token": short}).status == 401
