"""rolecall env: whom it believes, and how it waits for serve."""

import os
import pathlib
import subprocess
import tempfile
import threading

import pytest
from support.process import ARNS, BINARY, Emulator, assert_fails, environment, free_port, run
from support.serve import Serve, eventually

README = pathlib.Path(__file__).resolve().parents[2] / "README.md"
URI = "http://127.0.0.1:1/credentials/default"
TOKEN = "a" * 64


@pytest.fixture(name="tokens")
def token_directory(tmp_path):
    """As serve leaves it."""
    directory = tmp_path / "tokens"
    directory.mkdir(mode=0o700)
    for name, text in (("default.uri", URI), ("default.token", TOKEN)):
        (directory / name).write_text(text)
        (directory / name).chmod(0o600)
    return directory


def env(directory, *more, **options):
    return run("env", "--token-dir", directory, *more, **options)


def test_prints_what_serve_has_left(tokens):
    done = env(tokens)
    assert done.code == 0 and URI in done.out and TOKEN in done.out, done


@pytest.mark.parametrize("name", ["default.uri", "default.token"])
@pytest.mark.parametrize("mode", [0o644, 0o640, 0o660, 0o602])
def test_files_with_rights_for_others_are_not_believed(tokens, name, mode):
    (tokens / name).chmod(mode)
    assert_fails(env(tokens), 2, f"{name} has mode {mode:04o}", "restart rolecall serve")
    assert_fails(env(tokens, "--wait", "9"), 2, f"{name} has mode")


@pytest.mark.parametrize("name", ["default.uri", "default.token"])
def test_links_and_fifos_are_not_believed(tokens, name):
    file = tokens / name
    file.rename(tokens / "other")
    file.symlink_to(tokens / "other")
    assert_fails(env(tokens), 2, name)
    file.unlink()
    os.mkfifo(file, 0o600)
    assert_fails(env(tokens), 2, f"{name} is not a regular file")


def test_a_directory_that_others_write_to_is_not_believed(tokens):
    tokens.chmod(0o770)
    assert_fails(env(tokens), 2, "other users can write to it")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make files of another user")
@pytest.mark.parametrize("name", ["default.uri", "default.token", "."])
def test_files_of_another_user_are_not_believed(tokens, name):
    os.chown(tokens / name, 65534, 65534)
    assert_fails(env(tokens), 2, "belongs to user 65534", "as the user")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be another user")
def test_a_user_does_not_believe_another(tokens):
    for path in (tokens, *tokens.iterdir()):
        os.chown(path, 65534, 65534)
    tokens.chmod(0o755)
    for parent in tokens.parents:
        if parent.stat().st_uid == 0 and pathlib.Path(tempfile.gettempdir()) in parent.parents:
            parent.chmod(0o755)
    as_user = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    done = env(tokens, prefix=as_user)
    assert done.code == 0, done
    as_user[1] = "--reuid=65533"
    assert_fails(env(tokens, prefix=as_user), 2, "belongs to user 65534")


# --- --wait


def readme_lines():
    text = README.read_text(encoding="utf-8").split("\n## Serve a whole machine\n")[1]
    return "".join(line[4:] + "\n" for line in text.split("\n\n")[0].splitlines())


def test_the_lines_of_the_readme_can_be_pasted(identity, tmp_path):
    """Also if the first credentials take longer than SDKs wait for an answer."""
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "rolecall").symlink_to(BINARY)
    (programs / "aws").write_text(
        '#!/bin/sh\nexec curl -s -m 1 -H "Authorization: $AWS_CONTAINER_AUTHORIZATION_TOKEN" '
        '"$AWS_CONTAINER_CREDENTIALS_FULL_URI"\n')
    (programs / "aws").chmod(0o755)
    config = tmp_path / "rolecall" / "config.toml"
    config.parent.mkdir(mode=0o700)
    with Emulator(identity.root_file, "--fault", "delay=1.5:1") as slow:
        flags = [*identity.flags, *ARNS, "--endpoint", slow.url]
        config.write_text("[binding.billing]\n" + "".join(
            f'{flag[2:]} = "{value}"\n' for flag, value in zip(flags[::2], flags[1::2])))
        config.chmod(0o600)
        lines = readme_lines()
        assert "rolecall serve" in lines and "rolecall env" in lines, lines
        done = subprocess.run(
            ["/bin/bash", "-c", lines + "kill $!; wait $!"], cwd=tmp_path, timeout=60, check=False,
            capture_output=True, text=True, env=environment({
                "XDG_RUNTIME_DIR": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path),
                "ROLECALL_PORT": "0", "PATH": f"{programs}:/usr/bin:/bin"}))
    assert done.returncode == 0 and '"AccessKeyId"' in done.stdout, done


def test_waits_for_a_lazy_serve(identity, tmp_path):
    port = free_port()
    with Serve(tmp_path, "--lazy", server=f"http://127.0.0.1:{port}",
               flags=identity.flags):
        directory = tmp_path / "rolecall"
        assert env(directory).code == 0  # it answers, be it with 503
        assert_fails(env(directory, "--wait", "0.3"), 3, "did not get credentials in time",
                     "the log of rolecall serve")
        result = []
        waiting = threading.Thread(target=lambda: result.append(env(directory, "--wait", "60")))
        waiting.start()
        with Emulator(identity.root_file, "--port", port):
            waiting.join(timeout=60)
        assert result[0].code == 0, result


def test_waits_no_longer_than_told(tokens):
    done = env(tokens, "--wait", "0.5")  # its files are those of a serve that was killed
    assert_fails(done, 3, "did not get credentials in time")
    assert 0.5 <= done.seconds < 10
    (tokens / "default.uri").unlink()
    assert_fails(env(tokens, "--wait", ".2"), 3, "did not write .*default.uri")
    assert_fails(env(tokens / "none", "--wait", ".2"), 3, "did not write")
    for wrong in ("x", "-1", "1h", "99999999"):
        assert_fails(env(tokens, "--wait", wrong), 2, "--wait takes seconds")


def test_there_is_no_uri_before_serve_answers(identity, tmp_path):
    """A probe that asks for it lets nobody start who would give up."""
    directory = tmp_path / "rolecall"
    directory.mkdir(mode=0o700)
    (directory / "default.uri").write_text(URI)  # of one that was killed
    (directory / "default.uri").chmod(0o600)
    port = free_port()
    with Emulator(identity.root_file, "--fault", "delay=600:1") as stalled:
        with Serve(tmp_path, "--port", port, server=stalled, flags=identity.flags, wait=False):
            eventually(lambda: (directory / "default.token").exists()
                       and not (directory / "default.uri").exists())
            assert_fails(env(directory), 2, "there is no .*default.uri", "--wait")


# --- a full disk


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small file system")
def test_a_full_disk_is_worth_another_try(identity, silent, tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    script = ('mount -t tmpfs -o size=4k,mode=700 none "$1" && head -c 4096 /dev/zero >"$1/full" && '
              'mkdir "$1/own"; shift; exec "$@"')
    done = run("serve", *identity.flags, *ARNS, "--endpoint", silent.url, "--port", 0,
               "--token-dir", disk, prefix=["unshare", "--mount", "--propagation", "private",
                                            "/bin/sh", "-c", script, "sh", disk])
    assert_fails(done, 3, "default.token: No space left on device", "free space")
