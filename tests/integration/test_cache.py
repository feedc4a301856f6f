"""--cache: when a run asks for a session, and when it does not."""

import os
import pathlib
import re
import shutil
import tempfile
import time

from support import pki
from support.cache import Cached, sessions
from support.process import ARNS, assert_credentials, assert_fails, run
from support.users import NOBODY


def test_one_session_for_many_runs(identity, tmp_path):
    with Cached(identity, tmp_path) as cached:
        ids = {cached.key_id() for _ in range(10)}
        result = cached.run()
        assert result.err == "", result
        assert cached.cache.stat().st_mode & 0o777 == 0o700
        assert [path.stat().st_mode & 0o777 for path in cached.entries()] == [0o600]
    assert len(ids) == 1 and sessions(cached.emulator) == 1


def test_no_cache_unless_asked_for(identity, tmp_path):
    with Cached(identity, tmp_path) as cached:
        flags = cached.flags[:-1]
        for more in ([], ["--cache=false"]):
            assert_credentials(run("credential-process", *flags, *more, env=cached.env))
        assert not cached.cache.exists()
        assert_credentials(run("credential-process", *flags,
                               env={**cached.env, "ROLECALL_CACHE": "true"}))
        assert len(cached.entries()) == 1
    assert sessions(cached.emulator) == 3


def test_a_changed_file_or_flag_gets_no_old_entry(identity, tmp_path):
    directory = tmp_path / "identity"
    directory.mkdir()
    leaf = identity.intermediate.issue("leaf one")
    flags = pki.write_identity(directory, leaf)
    with Cached(identity, tmp_path) as cached:
        def key_id(*more):
            result = run("credential-process", *flags, *ARNS, "--endpoint", cached.emulator.url,
                         "--cache", *more, env=cached.env)
            return assert_credentials(result)["AccessKeyId"]

        seen = [key_id(), key_id("--session-duration", "1800"),
                key_id("--role-arn", "arn:aws:iam::111122223333:role/Other")]
        pki.write_identity(directory, identity.intermediate.issue("leaf two"))
        seen.append(key_id())
        os.utime(flags[1], (1, 1))
        seen.append(key_id())
        assert len(set(seen)) == len(seen)
        assert key_id() == seen[-1]
        os.unlink(flags[3])
        result = run("credential-process", *flags, *ARNS, "--endpoint", cached.emulator.url,
                     "--cache", env=cached.env)
        assert_fails(result, 2, "No such file")


def test_margin_and_expiry(identity, tmp_path):
    """Sessions of four seconds: fresh for two, since half of their life is the margin."""
    with Cached(identity, tmp_path, "--session-duration-max", "4") as cached:
        first = cached.key_id()
        begin = time.monotonic()
        second = cached.key_id()
        if time.monotonic() - begin < 0.8:
            assert second == first
        time.sleep(2.5)
        third = cached.key_id()
        assert third != first
        assert cached.key_id("--cache-margin", "0") == third
        time.sleep(4.5)
        assert cached.key_id("--cache-margin", "0") != third


def test_nothing_is_cached_by_a_clock_that_is_off(identity, tmp_path):
    with Cached(identity, tmp_path, "--fault", "clock=+3000") as cached:
        result = cached.run()
        assert_credentials(result)
        assert "nothing is cached while this machine's clock is wrong" in result.err, result
        assert not cached.entries()


def test_streams_are_not_cached(identity, cached):
    flags = [*cached.flags]
    flags[flags.index(identity.key)] = "-"
    with open(identity.key, "rb") as key:
        result = run("credential-process", *flags, env=cached.env, stdin=key)
    assert_credentials(result)
    assert len(result.warnings) == 1 and "nothing is cached: key comes from a stream" in result.err
    assert not cached.cache.exists()


def test_a_directory_that_cannot_be_trusted_is_gone_without(cached):
    cached.cache.mkdir(mode=0o700)
    cached.cache.chmod(0o777)
    result = cached.run()
    assert_credentials(result)
    assert len(result.warnings) == 1 and "can be written by other users" in result.err, result
    assert not list(cached.cache.iterdir())
    if os.geteuid() == 0:
        cached.cache.chmod(0o700)
        os.chown(cached.cache, 65534, 65534)
        result = cached.run()
        assert_credentials(result)
        assert "belongs to another user" in result.err and not list(cached.cache.iterdir()), result


def test_where_it_is(identity, tmp_path):
    with Cached(identity, tmp_path) as cached:
        flags = cached.flags
        for home in ("h", "i"):
            (tmp_path / home).mkdir()
        for env, place in (({"HOME": str(tmp_path / "h")}, "h/.cache/rolecall"),
                           ({"HOME": "/x", "XDG_CACHE_HOME": str(tmp_path / "c")}, "c/rolecall"),
                           ({"HOME": str(tmp_path / "i"), "XDG_RUNTIME_DIR": str(tmp_path / "no")},
                            "i/.cache/rolecall"),
                           ({"XDG_CACHE_HOME": "/x", "XDG_RUNTIME_DIR": str(tmp_path)},
                            "rolecall")):
            assert_credentials(run("credential-process", *flags, env=env))
            assert len(list((tmp_path / place).glob("*.json"))) == 1
        result = run("credential-process", *flags, env={"HOME": ""})
        assert_credentials(result)
        assert "nor HOME" in result.err
        if os.geteuid() == 0:  # as sudo leaves it
            os.chown(tmp_path / "h", 65534, 65534)
            result = run("credential-process", *flags, env={"HOME": str(tmp_path / "h")})
            assert_credentials(result)
            assert "nor HOME" in result.err


def test_what_cannot_be_written_costs_only_the_cache(cached):
    """As on a full disk."""
    result = cached.run(prefix=["prlimit", "--fsize=64"])
    assert_credentials(result)
    assert len(result.warnings) == 1 and "nothing is cached" in result.err, result
    assert not cached.entries() and not list(cached.cache.glob("*.new"))
    assert cached.run().err == "" and len(cached.entries()) == 1


def test_a_read_only_directory_costs_only_the_cache(identity, emulator):
    directory = pathlib.Path(tempfile.mkdtemp(prefix="rolecall-cache-"))
    try:
        flags = pki.write_identity(directory, identity.leaf)
        (directory / "rolecall").mkdir(mode=0o500)
        prefix = []
        if os.geteuid() == 0:  # root may write there
            prefix = NOBODY
            for path in (directory, directory / "rolecall", flags[1], flags[3]):
                os.chown(path, 65534, 65534)
        result = run("credential-process", *flags, *ARNS, "--endpoint", emulator.url, "--cache",
                     env={"XDG_RUNTIME_DIR": str(directory)}, prefix=prefix)
        assert_credentials(result)
        assert len(result.warnings) == 1 and "nothing is cached" in result.err, result
        assert not list((directory / "rolecall").iterdir())
    finally:
        shutil.rmtree(directory)


def test_list_and_clear(cached):
    def cache(*words):
        return run("cache", *words, env=cached.env)

    credentials = assert_credentials(cached.run())
    cached.run("--role-arn", "arn:aws:iam::111122223333:role/Other")
    listed = cache("list")
    assert listed.code == 0 and len(listed.out.splitlines()) == 3, listed
    assert listed.out.split()[:3] == ["EXPIRES", "ROLE", "CERTIFICATE"]
    head, *rows = listed.out.splitlines()
    for row in rows:
        assert re.match(r"\S+Z \(\d+ \w+\)  ", row), listed
        assert row[head.index("ROLE"):].startswith("arn:aws:iam::111122223333:role/"), listed
        assert re.match("/.*leaf.pem$", row[head.index("CERTIFICATE"):]), listed
    for secret in ("SecretAccessKey", "SessionToken"):
        assert credentials[secret] not in listed.out
    cleared = cache("clear")
    assert (cleared.code, cleared.out, cleared.err) == (0, "", "")
    assert cache("list").out == "" and not cached.entries()
    for name in ("0123456789abcde0.new", "0123456789abcde1.lock"):  # of a process that was killed
        (cached.cache / name).write_text("x")
    assert cache("clear").code == 0 and not list(cached.cache.iterdir())
    # What another environment has left.
    env = {"HOME": str(cached.directory)}
    assert_credentials(run("credential-process", *cached.flags, env=env))
    left = cached.directory / ".cache" / "rolecall"
    assert len(list(left.glob("*.json"))) == 1
    result = run("cache", "clear", env={**env, **cached.env})
    assert result.code == 0 and not list(left.iterdir()), result
    # An entry that cannot be removed.
    (cached.cache / "0123456789abcdef.json").mkdir()
    assert_fails(cache("clear"), 1, "cannot remove .*0123456789abcdef.json")
    for words in ([], ["lst"], ["list", "clear"]):
        assert_fails(cache(*words), 2)


def test_a_hit_opens_nothing_but_the_entry(identity, cached, tmp_path):
    cached.key_id()
    trace = tmp_path / "trace"
    result = cached.run(env={"ASAN_OPTIONS": "detect_leaks=0"}, prefix=[
        "strace", "-f", "-qq", "-o", trace, "-e", "trace=open,openat,openat2,socket,connect,clone,clone3"])
    assert_credentials(result)
    lines = trace.read_text().splitlines()
    opened = [match.group(1) for match in
              (re.search(r'open(?:at2?)?\(.*?"([^"]+)", .* = \d+', line) for line in lines) if match]
    ours = [path for path in opened if not re.search(r"\.so(\.|$)|^/etc/ld\.so|^/proc/", path)]
    assert ours == [str(cached.cache), cached.entries()[0].name], ours
    assert not [path for path in opened if re.search("libcurl|gnutls", path)], opened
    assert not [line for line in lines if "socket(" in line or "connect(" in line], lines
