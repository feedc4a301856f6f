"""`doctor`: serve, update, the files of both, and the cache."""

import json
import os

import pytest
from support import updates
from support.answering import answering, response
from support.config import write_config
from support.doctor import doctor
from support.process import ARNS, free_port, paused, run
from support.serve import Serve, eventually
from support.users import NOBODY_ID, as_root


@pytest.fixture(name="check")
def check_of_services(identity, emulator, tmp_path):
    """Runs it in a home directory of its own."""
    def check(*more, config="", env=None, **options):
        arguments = ["--config", write_config(tmp_path, config), *identity.flags, *ARNS, "--endpoint",
                     emulator.url, *more]
        env = {"HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path), **(env or {})}
        return doctor(*arguments, env=env, code=0, **options)[1]["services"]
    return check


@pytest.fixture(name="serve")
def running_serve(identity, emulator, tmp_path):
    with Serve(tmp_path, server=emulator, flags=identity.flags) as running:
        yield running


def assert_warns(found, detail, hint):
    assert found["status"] == "warn" and detail in found["detail"] and hint in found["hint"], found


# --- serve

def test_serve_is_found(check, serve):
    lines = f"[serve]\nport = {serve.port}\n"
    found = check(config=lines)
    assert found["status"] == "ok", found
    assert f"serve at 127.0.0.1 port {serve.port} has valid credentials" in found["detail"], found
    assert f"tokens in {serve.directory}/rolecall" in found["detail"], found
    # With the other processes of the machine.
    assert f"serve (process {serve.process.pid})" in check(config=lines, prefix=())["detail"]


def test_a_process_says_where_it_listens(check, identity, emulator, tmp_path):
    port = free_port()
    with Serve(tmp_path, "--port", port, server=emulator, flags=identity.flags):
        found = check(prefix=())
    assert f"serve at 127.0.0.1 port {port} has valid credentials" in found["detail"], found


def test_serve_without_credentials(check, identity, tmp_path):
    with Serve(tmp_path, "--lazy", server=f"http://127.0.0.1:{free_port()}",
               flags=identity.flags) as serve:
        found = check(config=f"[serve]\nport = {serve.port}\n")
    assert_warns(found, f"serve at 127.0.0.1 port {serve.port} has no valid credentials for default",
                 "the log of serve says why")


def test_serve_that_hangs(check, serve):
    with paused(serve.process.pid):
        found = check(config=f"[serve]\nport = {serve.port}\n")
    assert_warns(found, f"the server at 127.0.0.1 port {serve.port} does not answer",
                 "systemctl restart rolecall-serve")


def test_a_silent_server(check):
    with answering() as port:
        found = check(config=f"[serve]\nport = {port}\n")
    assert_warns(found, f"the server at 127.0.0.1 port {port} does not answer", "if it is serve")


@pytest.mark.parametrize("answer", [response("hello"), response("{}"), response("[]", "404 Not Found"),
                                    b"SSH-2.0-OpenSSH_9.2\r\n"])
def test_another_program(check, answer):
    with answering(answer) as port:
        found = check(config=f"[serve]\nport = {port}\n")
    assert found["status"] == "warn" and f"127.0.0.1 port {port}" in found["detail"], found
    if answer.startswith(b"HTTP/"):
        assert_warns(found, f"a program other than serve answers at 127.0.0.1 port {port}",
                     f"ss -ltnp 'sport = :{port}'")
        assert "use another --port for serve" in found["hint"]


def test_nothing_listens(check):
    port = free_port()
    found = check(config=f"[serve]\nport = {port}\n")
    assert found["status"] == "ok" and f"nothing listens at 127.0.0.1 port {port}" in found["detail"]


# --- the tokens of serve

def test_tokens_that_others_can_read(check, serve):
    token = serve.directory / "rolecall" / "default.token"
    token.chmod(0o644)
    assert_warns(check(), f"token file {token} has mode 0644: other users can get the credentials of "
                 "serve", f"run rm {token}, and restart serve")


def test_a_token_directory_that_others_can_write(check, serve):
    directory = serve.directory / "rolecall"
    directory.chmod(0o777)
    found = check()
    assert_warns(found, f"token directory {directory} has mode 0777: other users can replace the tokens",
                 f"run chmod 700 {directory}")


def test_token_directories_that_options_name(check, identity, emulator, tmp_path):
    directory = tmp_path / "own tokens"
    with Serve(tmp_path, "--token-dir", directory, server=emulator, flags=identity.flags):
        (directory / "default.imds-key").chmod(0o640)
        assert "default.imds-key has mode 0640" in check(prefix=())["detail"]
        assert_warns(check(config=f'[serve]\ntoken-dir = "{directory}"\n'),
                     "default.imds-key has mode 0640", f"run rm '{directory}/default.imds-key'")


@as_root
def test_tokens_of_another_user(check, serve):
    token = serve.directory / "rolecall" / "default.token"
    os.chown(token, NOBODY_ID, 0)
    assert_warns(check(), f"token file {token} belongs to user {NOBODY_ID}, and is used by user 0",
                 f"run chown 0 {token}")


# --- update

def test_update_is_found(check, identity, emulator, tmp_path):
    path = tmp_path / "credentials"
    process = updates.start(emulator, identity.flags, path)
    try:
        eventually(path.exists)
        env = {"AWS_SHARED_CREDENTIALS_FILE": str(path)}
        assert f"update (process {process.pid})" in check(prefix=())["detail"]
        assert check(env=env)["status"] == "ok"
        path.chmod(0o644)
        warning = f"credentials file {path} has mode 0644: every user can read the file"
        assert_warns(check(env=env), warning, f"run chmod 600 {path}")
        if os.geteuid() == 0:  # root can read where the process writes
            assert warning in check(prefix=())["detail"]
    finally:
        process.terminate()
        process.communicate(timeout=20)


# --- the cache

def test_the_cache(check, cached):
    cached.key_id()
    env = {"XDG_RUNTIME_DIR": str(cached.directory)}
    found = check(env=env)
    assert found["status"] == "ok" and f"cache {cached.cache}: 1 valid entry" in found["detail"], found
    [entry] = cached.entries()
    entry.write_text(json.dumps({**json.loads(entry.read_text()), "Expiration": "2020-01-01T00:00:00Z"}))
    found = check(env=env)
    assert found["status"] == "ok" and ": 0 valid entries, 1 expired entry" in found["detail"], found


def damaged(entry):
    entry.write_text('{"Key":')


def far_future(entry):
    entry.write_text(json.dumps({**json.loads(entry.read_text()), "Expiration": "2099-01-01T00:00:00Z"}))


def open_to_others(entry):
    entry.chmod(0o604)


def link(entry):
    entry.rename(entry.with_suffix(".old"))
    entry.symlink_to(entry.with_suffix(".old"))


@pytest.mark.parametrize("spoil,why", [
    (damaged, "is damaged"), (far_future, "was written while the clock was wrong"),
    (open_to_others, "has mode 0604: other users may have read it"), (link, "is not a regular file")])
def test_entries_that_cannot_be_used(check, cached, spoil, why):
    cached.key_id()
    [entry] = cached.entries()
    spoil(entry)
    env = {"XDG_RUNTIME_DIR": str(cached.directory)}
    assert_warns(check(env=env), f"cache file {entry} {why}", "run rolecall cache clear")
    assert cached.entries() == [entry], "doctor changes nothing"
    cleared = run("cache", "clear", env=env)
    assert cleared.code == 0 and check(env=env)["status"] == "ok", cleared


def test_several_entries_that_cannot_be_used(check, cached):
    cached.key_id()
    cached.key_id("--session-duration", "901")
    for entry in cached.entries():
        damaged(entry)
    found = check(env={"XDG_RUNTIME_DIR": str(cached.directory)})
    assert "is damaged (and 1 more cannot be used)" in found["detail"], found


def test_a_cache_that_others_can_write(check, cached):
    cached.key_id()
    cached.cache.chmod(0o777)
    assert_warns(check(env={"XDG_RUNTIME_DIR": str(cached.directory)}),
                 f"cache directory {cached.cache} can be written by other users (mode 0777)",
                 f"run chmod 700 {cached.cache}")
