"""`update`: the credentials file of AWS, edited in place, kept fresh, and never lost."""

import configparser
import contextlib
import fcntl
import json
import os
import struct
import pathlib
import random
import re
import resource
import signal
import stat
import subprocess
import sys
import threading
import time

import pytest
from support import pki
from support.process import ARNS, BINARY, PATIENCE, Emulator, assert_fails, environment, run
from support.serve import eventually
from support.updates import KEYS
from support.updates import keys_in as read
from support.updates import mode_of as mode
from support.users import NOBODY, as_root, identity_of, reachable_directory
from support.verifier import Verifier, stall

AWS = pathlib.Path("/usr/bin/aws")
# Under a sanitizer all takes longer.
SLOW = 4 if "asan" in BINARY else 1


@pytest.fixture(scope="module")
def emulator(identity):
    with Emulator(identity.root_file) as server:
        yield server


def arguments(server, identity, *more):
    return ["update", *identity.flags, *ARNS, "--endpoint", getattr(server, "url", server), *more]


def update(server, identity, path, *more, env=None, **options):
    """`update --once`; `path`: of the credentials file, None for the one under HOME."""
    env = dict(env or {})
    if path is not None:
        env["AWS_SHARED_CREDENTIALS_FILE"] = str(path)
    return run(*arguments(server, identity, "--once", *more), env=env, **options)


def assert_updated(result):
    assert result.code == 0 and result.out == "" and not result.errors, result
    return result


def parse(content):
    parser = configparser.RawConfigParser()
    parser.read_string(content)
    return {name: dict(parser.items(name)) for name in parser.sections()}


def leftovers(path):
    return [entry for entry in os.listdir(path.parent) if "rolecall-new" in entry]


# --- the file

def test_first_use_makes_directory_and_file(identity, emulator, tmp_path):
    assert_updated(update(emulator, identity, None, env={"HOME": str(tmp_path)}))
    path = tmp_path / ".aws" / "credentials"
    read(path)
    assert mode(path) == 0o600 and mode(path.parent) == 0o700


@as_root
def test_first_use_as_another_user(identity, emulator, tmp_path):
    with reachable_directory(0o777) as home:
        flags = identity_of(65534, identity, home)
        assert_updated(run("update", "--once", *flags, *ARNS, "--endpoint", emulator.url,
                           prefix=NOBODY, env={"HOME": str(home)}))
        path = home / ".aws" / "credentials"
        before = read(path)
        assert mode(path) == 0o600 and mode(path.parent) == 0o700
        assert path.stat().st_uid == 65534
        # A run as root in between takes nothing away from its owner.
        assert_updated(update(emulator, identity, path))
        assert path.stat().st_uid == 65534 and read(path) != before
        assert_updated(run("update", "--once", *flags, *ARNS, "--endpoint", emulator.url,
                           prefix=NOBODY, env={"HOME": str(home)}))


def test_all_other_bytes_stay(identity, emulator, tmp_path):
    path = tmp_path / "credentials"
    before = ("\ufeff# caf\u00e9\r\n[a]\r\n  s3 =\r\n    x = 1\r\n\r\n[default] # mine\r\n"
              "region=eu-west-1 \r\naws_access_key_id_old = K\r\naws_secret_access_key:old\t\r\n"
              "aws_session_token   =   old\r\n; " + "z" * 100_000 + "\r\nAws_Access_Key_Id = old\r\n"
              "[b]\r\nlast = line without an end")
    path.write_bytes(before.encode())
    path.chmod(0o640)
    result = assert_updated(update(emulator, identity, path))
    assert len(result.warnings) == 1 and "byte order mark" in result.err, result
    after = path.read_bytes().decode()
    section = parse(after.lstrip("\ufeff"))["default"]
    expected = (before.replace("_access_key:old", "_access_key:" + section[KEYS[1]])
                .replace("=   old", "=   " + section[KEYS[2]])
                .replace("_Id = old", "_Id = " + section[KEYS[0]]))
    assert after == expected
    assert mode(path) == 0o640 and not leftovers(path)


def test_profile(identity, emulator, tmp_path):
    path = tmp_path / "credentials"
    path.write_text("[a]\naws_access_key_id = A\n")
    assert_updated(update(emulator, identity, path, "--profile", "b c"))
    read(path, "b c")
    assert path.read_text().startswith("[a]\naws_access_key_id = A\n\n[b c]\n")
    for name in ("DEFAULT", "", "a]", "a\nb"):
        assert_fails(update("http://127.0.0.1:9", identity, path, "--profile", name), 2, "profile")


def test_symbolic_links_stay(identity, emulator, tmp_path):
    (tmp_path / "real").mkdir()
    target, middle, path = (tmp_path / "real" / "file", tmp_path / "middle", tmp_path / "link")
    middle.symlink_to("real/file")
    path.symlink_to(middle)
    assert_updated(update(emulator, identity, path))  # to nothing yet
    first = read(target)
    assert_updated(update(emulator, identity, path))
    assert read(target) != first
    assert path.is_symlink() and middle.is_symlink() and not target.is_symlink()
    circle = tmp_path / "circle"
    circle.symlink_to("circle")
    assert_fails(update(emulator, identity, circle), 1, "links")


@pytest.mark.parametrize("kind", ["directory", "fifo", "device"])
def test_what_is_not_a_file_is_refused(identity, emulator, tmp_path, kind):
    path = tmp_path / "credentials"
    if kind == "directory":
        path.mkdir()
    elif kind == "fifo":
        os.mkfifo(path)
    else:
        if os.geteuid() != 0:
            pytest.skip("takes root, to make a device")
        os.mknod(path, 0o600 | stat.S_IFCHR, os.makedev(1, 3))
    before = path.lstat()
    assert_fails(update(emulator, identity, path), 2, "not a regular file")
    assert path.lstat().st_ino == before.st_ino and not leftovers(path)


@as_root
def test_read_only_directory(identity, emulator, tmp_path):
    with reachable_directory(0o777) as directory:
        flags = identity_of(65534, identity, directory)
        (directory / "aws").mkdir()
        path = directory / "aws" / "credentials"
        path.write_text("[default]\nx = 1\n")
        os.chown(path, 65534, 65534)
        result = run("update", "--once", *flags, *ARNS, "--endpoint", emulator.url, prefix=NOBODY,
                     env={"AWS_SHARED_CREDENTIALS_FILE": str(path)})
        assert_fails(result, 2, "Permission denied", hint="directory")
        assert path.read_text() == "[default]\nx = 1\n" and os.listdir(path.parent) == [path.name]


@as_root
def test_owner_that_cannot_be_kept(identity, emulator, tmp_path):
    with reachable_directory(0o777) as directory:
        flags = identity_of(65534, identity, directory)
        path = directory / "credentials"
        path.write_text("[default]\nx = 1\n")
        path.chmod(0o644)
        result = run("update", "--once", *flags, *ARNS, "--endpoint", emulator.url, prefix=NOBODY,
                     env={"AWS_SHARED_CREDENTIALS_FILE": str(path)})
        assert_fails(result, 2, "owner")
        assert path.read_text() == "[default]\nx = 1\n" and not leftovers(path)
        # Root may, and gives the new file to the old one's owner.
        os.chown(path, 65534, 12345)
        path.chmod(0o604)
        assert_updated(update(emulator, identity, path))
        info = path.stat()
        assert (info.st_uid, info.st_gid, mode(path)) == (65534, 12345, 0o604)


def test_full_disk(identity, emulator, tmp_path):
    """A tmpfs of a few pages: the old file fits, and no second one."""
    disk = tmp_path / "disk"
    disk.mkdir()
    script = ('mount -t tmpfs -o size=32k none "$1" || exit 77\nshift\n'
              'printf "[default]\\nx = 1\\n#%20000s\\n" end >"$AWS_SHARED_CREDENTIALS_FILE"\n'
              'cp "$AWS_SHARED_CREDENTIALS_FILE" "$COPY"\n"$@"\ncode=$?\n'
              'cmp "$AWS_SHARED_CREDENTIALS_FILE" "$COPY" || exit 90\n'
              'ls -A "${AWS_SHARED_CREDENTIALS_FILE%/*}"\nexit $code\n')
    namespace = ["unshare", "-m"] if os.geteuid() == 0 else ["unshare", "-rm"]
    done = subprocess.run(
        [*namespace, "sh", "-c", script, "sh", disk, BINARY,
         *arguments(emulator, identity, "--once")],
        env=environment({"AWS_SHARED_CREDENTIALS_FILE": str(disk / "credentials"),
                         "COPY": str(tmp_path / "copy")}),
        capture_output=True, text=True, timeout=60, check=False)
    if done.returncode == 77 or "unshare failed" in done.stderr:
        pytest.skip("cannot mount a tmpfs here: " + done.stderr.strip())
    assert done.returncode == 3 and "No space left" in done.stderr, done
    assert sorted(done.stdout.split()) == [".credentials.rolecall-lock", "credentials"], done


def test_a_line_that_would_be_lost(identity, emulator, tmp_path):
    path = tmp_path / "credentials"
    before = "[default]\naws_access_key_id = A\n  [other]\n  aws_access_key_id = B\n"
    path.write_text(before)
    assert_fails(update(emulator, identity, path), 2, "line 3.*looks like a setting", "blanks")
    assert path.read_text() == before and not leftovers(path)


def test_duplicate_sections(identity, emulator, tmp_path):
    path = tmp_path / "credentials"
    path.write_text("[default]\nx = 1\n[default]\naws_access_key_id = A\n")
    result = assert_updated(update(emulator, identity, path))
    assert [w for w in result.warnings if "again in line 3" in w], result
    assert path.read_text().endswith("[default]\naws_access_key_id = A\n")


# --- any file in: what Python and botocore read before and after

def botocore_parse():
    try:
        import botocore.configloader as loader
    except ImportError:
        sys.path.insert(0, "/usr/lib/python3/dist-packages/awscli")
        try:
            import botocore.configloader as loader
        except ImportError:
            return None
        finally:
            sys.path.pop(0)
    return lambda path: loader.raw_config_parse(str(path))


def random_file(dice):
    names = ["a", "t", "profile t", "b", "T"]
    dice.shuffle(names)
    options = [*KEYS, "region", "aws_access_key_id_old", "s3", "AWS_Session_Token", "x"]
    indent = dice.choice(["", "", "", "  ", "\t", "\u00a0", " \u3000"])
    lines = []

    def noise():
        while dice.random() < 0.3:
            lines.append(dice.choice(["", "  ", "# [t]", "   ; x = 1", "\t#", "#" + "y" * 300,
                                      "\u00a0", "\u2028 # x"]))

    noise()
    for name in names[:dice.randrange(6)]:
        lines.append(dice.choice(["", indent]) + f"[{name}]" + dice.choice(["", "", " # c", " x"]))
        noise()
        seen = set()
        for option in dice.sample(options, dice.randrange(7)):
            if option.lower() in seen:
                continue
            seen.add(option.lower())
            lines.append(indent + option + dice.choice(["=", " = ", ":", "\t:  ", "\u00a0= "])
                         + dice.choice(["", "v", "a=b ", "# c", "x" * 2000, "[t]", "caf\u00e9"]))
            while dice.random() < 0.15:
                ours = name == "t" and option.lower() in KEYS
                lines.append(indent + dice.choice(["   more/", " 1+2=="] if ours else
                                                  ["   more/", "  [t]", "  k = v", " aws = = "]))
            noise()
    end = dice.choice(["\n", "\n", "\r\n", "\r"])
    return end.join(lines) + dice.choice([end, ""])


def test_any_file_in_and_only_three_values_differ(identity, emulator, tmp_path):
    path = tmp_path / "credentials"
    botocore = botocore_parse()
    assert botocore, "the package python3-botocore, or awscli, is missing"
    readers = [lambda p: parse(p.read_text())] + [botocore]
    read_before = 0
    for seed in range(300 // SLOW):
        dice = random.Random(seed)
        content = random_file(dice)
        path.write_bytes(content.encode())
        try:
            before = [reader(path) for reader in readers]
        except Exception:  # what they refuse before, they may refuse after
            before = None
        result = update(emulator, identity, path, "--profile", "t", "--timeout", "5")
        assert_updated(result)
        if before is None:
            continue
        read_before += 1
        for reader, old in zip(readers, before):
            new = reader(path)
            context = (seed, content, path.read_bytes())
            values = {key: new["t"].pop(key) for key in KEYS}
            assert all(re.fullmatch(r"[!-~]+", value) for value in values.values()), context
            assert values[KEYS[0]].startswith("ASIA"), context
            old.setdefault("t", {})
            old["t"] = {k: v for k, v in old["t"].items() if k not in KEYS}
            assert new == old, context
    print(f"{read_before} files read before and after, with {len(readers)} readers")
    assert read_before > 200 // SLOW


@pytest.mark.skipif(not AWS.exists(), reason="the AWS CLI is not installed")
def test_the_aws_cli_reads_the_result(identity, emulator, tmp_path):
    path = tmp_path / "credentials"
    path.write_text("[other]\nregion = x\n[demo] # ours\naws_session_token = old")
    assert_updated(update(emulator, identity, path, "--profile", "demo"))
    done = subprocess.run(
        [AWS, "--profile", "demo", "--region", "eu-west-1", "--endpoint-url", emulator.url,
         "--no-cli-pager", "sts", "get-caller-identity"],
        env=environment({"AWS_SHARED_CREDENTIALS_FILE": str(path), "HOME": str(tmp_path),
                         "AWS_CONFIG_FILE": str(tmp_path / "none"), "LC_ALL": "C.UTF-8",
                         "AWS_EC2_METADATA_DISABLED": "true"}),
        capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done
    assert "assumed-role/Example/" in json.loads(done.stdout)["Arn"], done


# --- several at once, and killed at any moment

@pytest.mark.parametrize("count", [2, 10])
def test_writers_at_once_lose_nothing(identity, emulator, tmp_path, count):
    path = tmp_path / "credentials"
    path.write_text("[keep]\nx = 1\n")
    failed = []

    def writer(name):
        for _ in range(6):
            result = update(emulator, identity, path, "--profile", name)
            if result.code != 0:
                failed.append(result)

    threads = [threading.Thread(target=writer, args=(f"p{i}",)) for i in range(count)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        parse(path.read_text())  # never a half file
        time.sleep(0.002)
    for thread in threads:
        thread.join()
    assert not failed, failed
    assert set(parse(path.read_text())) == {"keep", *(f"p{i}" for i in range(count))}
    assert len({read(path, f"p{i}") for i in range(count)}) == count
    assert not leftovers(path)


def start(server, identity, path, *more):
    return subprocess.Popen([BINARY, *arguments(server, identity, *more)],
                            env=environment({"AWS_SHARED_CREDENTIALS_FILE": str(path)}),
                            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                            stderr=subprocess.PIPE, text=True)


def test_kill_at_any_moment_leaves_the_old_or_the_new_file(identity, emulator, tmp_path):
    path = tmp_path / "credentials"
    # Large enough that writing it takes a while.
    tail = "".join(f"[p{i}]\naws_access_key_id = {'k' * 100}\n" for i in range(8000))
    path.write_text("[default]\nregion = x\n" + tail)
    begin = time.monotonic()
    assert_updated(update(emulator, identity, path))
    window = time.monotonic() - begin
    dice = random.Random(1)
    killed = changed = stale = 0
    before = read_head(path, tail)
    for _ in range(120 // SLOW):
        process = start(emulator, identity, path, "--once")
        time.sleep(window * dice.uniform(0.5, 1))
        process.kill()
        process.communicate(timeout=10)
        # The session takes most of the time; this keeps the kills around the writing behind it.
        window *= 1.05 if process.returncode == -signal.SIGKILL else 0.92
        killed += process.returncode == -signal.SIGKILL
        now = read_head(path, tail)
        changed += now != before
        before = now
        stale += bool(leftovers(path))
    print(f"{killed} killed, {changed} times the new file, {stale} times a temporary file was left")
    assert killed > 20 // SLOW and changed > 20 // SLOW
    # The dead block nobody, and the next run removes what they left.
    assert_updated(update(emulator, identity, path))
    assert not leftovers(path)


def read_head(path, tail):
    """The three values; all behind them must be there, byte for byte."""
    content = path.read_text()
    assert content.endswith(tail), content[-200:]
    values = dict(line.split(" = ") for line in content[:-len(tail)].splitlines()[1:])
    assert set(values) == {*KEYS, "region"}, values
    return values


def test_kill_between_writing_and_renaming(identity, emulator, tmp_path):
    """What the next run finds after such a kill, made by hand."""
    path = tmp_path / "credentials"
    stale = tmp_path / ".credentials.rolecall-new-aB3xYz"
    others = [tmp_path / name for name in ("credentials.rolecall-new-aB3xYz", "x",
                                           ".other.rolecall-new-aB3xYz",
                                           ".credentials.rolecall-new-longer-name")]
    for each in [stale, *others]:
        each.write_text("half a fi")
    assert_updated(update(emulator, identity, path))
    assert not stale.exists() and all(each.exists() for each in others)


def test_a_lock_that_stays_taken(identity, emulator, tmp_path):
    path = tmp_path / "credentials"
    assert_updated(update(emulator, identity, path))
    before = path.read_bytes()
    with open(tmp_path / ".credentials.rolecall-lock", "r+b") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        result = assert_fails(update(emulator, identity, path), 3, "another rolecall")
        assert result.seconds > 9 and path.read_bytes() == before
    assert_updated(update(emulator, identity, path))


# --- without --once

class Daemon:
    """`update` without --once until the end of the with statement."""

    def __init__(self, server, identity, path, *more, end=signal.SIGTERM):
        self.command = (server, identity, path, *more)
        self.path, self.end = path, end

    def __enter__(self):
        self.process = start(*self.command)
        self.lines = []
        self.reader = threading.Thread(target=self.read_lines)
        self.reader.start()
        return self

    def read_lines(self):
        for line in self.process.stderr:
            self.lines.append(line)

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.send_signal(self.end)
        try:
            self.process.wait(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        finally:
            self.reader.join()
            self.err = "".join(self.lines)
            self.warnings = [line for line in self.lines if ": warning: " in line]
        assert self.process.returncode == 0, (self.process.returncode, self.err)

    def wait_for_change(self, before=None):
        """Until the values are others than `before`; returns them."""
        def changed():
            assert self.process.poll() is None, self.lines
            now = self.path.exists() and read(self.path)
            return now if now != before else None
        return eventually(changed)

    def wait_for_line(self, text, count=1):
        eventually(lambda: len([line for line in self.lines if text in line]) >= count)


def test_renews_ahead_of_expiry(identity, tmp_path):
    path = tmp_path / "credentials"
    with Emulator(identity.root_file, "--session-duration-max", "6") as server:
        with Daemon(server, identity, path, "--refresh-before", "3") as daemon:
            values, written = daemon.wait_for_change(), [path.stat().st_mtime]
            for _ in range(3):
                values = daemon.wait_for_change(values)
                written.append(path.stat().st_mtime)
    # 3 s, less a tenth of jitter, less the part of a second that expiry is cut off.
    between = [after - before for before, after in zip(written, written[1:])]
    assert all(1 < seconds < 6 for seconds in between), between
    assert not daemon.warnings


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGINT])
def test_signals_that_end_it(identity, tmp_path, end):
    path = tmp_path / "credentials"
    with Emulator(identity.root_file) as server:
        with Daemon(server, identity, path, end=end) as daemon:
            values = daemon.wait_for_change()
            time.sleep(0.2)
        assert not daemon.warnings
    with Verifier(stall()) as server:
        # Also in the middle of a request.
        with Daemon(server, identity, path, end=end):
            eventually(lambda: server.requests)
    assert read(path) == values and not leftovers(path)


def test_sighup_renews_now(identity, emulator, tmp_path):
    path = tmp_path / "credentials"
    with Daemon(emulator, identity, path) as daemon:
        values = daemon.wait_for_change()
        for _ in range(3):
            time.sleep(0.3)
            assert read(path) == values
            daemon.process.send_signal(signal.SIGHUP)
            values = daemon.wait_for_change(values)
    assert not daemon.warnings


def test_the_endpoint_goes_and_comes_back(identity, tmp_path):
    path = tmp_path / "credentials"
    with contextlib.ExitStack() as stack:
        with Emulator(identity.root_file, "--session-duration-max", "6") as server:
            daemon = stack.enter_context(
                Daemon(server, identity, path, "--refresh-before", "3", "--timeout", "2"))
            daemon.wait_for_change()
        daemon.process.send_signal(signal.SIGHUP)
        # While the old credentials live, and after.
        daemon.wait_for_line(" end in ")
        daemon.wait_for_line(" expired at ")
        values = read(path)
        with Emulator(identity.root_file, "--port", str(server.port)):
            daemon.process.send_signal(signal.SIGHUP)
            daemon.wait_for_change(values)
            daemon.wait_for_line("that failed")
    assert "renewal failed: cannot connect" in daemon.err and "hint: " in daemon.err, daemon.err
    assert "next try within" in daemon.err, daemon.err
    assert re.search(r"renewed \[default\].* after \d+ tr(y|ies) that failed", daemon.err), daemon.err


def test_failed_renewals_are_tried_again_while_the_old_ones_live(identity, tmp_path):
    path = tmp_path / "credentials"
    with contextlib.ExitStack() as stack:
        with Emulator(identity.root_file) as server:
            daemon = stack.enter_context(Daemon(server, identity, path))
            values = daemon.wait_for_change()
        with Emulator(identity.root_file, "--port", str(server.port), "--fault", "403:2"):
            daemon.process.send_signal(signal.SIGHUP)
            daemon.wait_for_change(values)
            daemon.wait_for_line("after 2 tries that failed")
    assert daemon.err.count("renewal failed: ") == 2, daemon.err
    assert " end in 59 minutes" in daemon.err or " end in 1 hour" in daemon.err, daemon.err


def test_a_first_try_that_may_pass_is_tried_again(identity, tmp_path):
    path = tmp_path / "credentials"
    with Emulator(identity.root_file, "--fault", "503:3") as server:
        with Daemon(server, identity, path) as daemon:
            daemon.wait_for_change()
    assert daemon.err.count("renewal failed: ") == 1, daemon.err


def test_a_refused_first_try_ends_it(identity, tmp_path):
    with Emulator(identity.root_file, "--fault", "403") as server:
        result = run(*arguments(server, identity),
                     env={"AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials")})
    assert_fails(result, 1, "AccessDenied")


def test_a_usage_error_at_the_first_try_ends_it(identity, emulator, tmp_path):
    for more in (["--certificate", "/nonexistent"], ["--refresh-before", "0"],
                 ["--session-duration", "1"]):
        result = run(*arguments(emulator, identity, *more),
                     env={"AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials")})
        assert_fails(result, 2)
    assert not os.listdir(tmp_path)


def test_certificate_and_key_are_read_anew(identity, tmp_path):
    path, directory = tmp_path / "credentials", tmp_path / "identity"
    directory.mkdir()
    leaves = [identity.intermediate.issue(f"leaf {i}", serial=0xAB0 + i) for i in range(2)]

    class Rotating:
        flags = pki.write_identity(directory, leaves[0])

    with Emulator(identity.root_file, "--log") as server:
        with Daemon(server, Rotating, path) as daemon:
            values = daemon.wait_for_change()
            # Half of the set: refused, tried again, and the old credentials stay.
            pki.write(directory, "leaf.key", pki.key_pem(leaves[1].key))
            daemon.process.send_signal(signal.SIGHUP)
            daemon.wait_for_line("renewal failed: ")
            assert read(path) == values
            pki.write_identity(directory, leaves[1])
            daemon.process.send_signal(signal.SIGHUP)
            daemon.wait_for_change(values)
            daemon.wait_for_line("after ")
    log = [json.loads(line) for line in server.err.splitlines()]
    text = json.dumps(log).lower()
    assert "ab0" in text and "ab1" in text, log


def test_it_ends_though_its_parent_blocked_and_ignored_signals(identity, emulator, tmp_path):
    script = ("import os, signal, sys\n"
              "signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())\n"
              "signal.signal(signal.SIGCHLD, signal.SIG_IGN)\n"
              "os.execv(sys.argv[1], sys.argv[1:])\n")
    process = subprocess.Popen(
        ["/usr/bin/python3", "-c", script, BINARY, *arguments(emulator, identity)],
        env=environment({"AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials")}),
        stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
    eventually((tmp_path / "credentials").exists)
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=10) == 0
    process.stderr.close()


def test_a_password_command_ends_with_it(identity, emulator, tmp_path):
    key = pki.write(tmp_path, "key", pki.key_pem(identity.leaf.key, password=b"pw"))
    pid_file = tmp_path / "pid"
    process = subprocess.Popen(
        [BINARY, *arguments(emulator, identity), "--private-key", key, "--password-source",
         f"command:sh -c 'echo $$ >{pid_file}; exec sleep 60'"],
        env=environment(), stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    eventually(lambda: pid_file.exists() and pid_file.read_text())
    process.terminate()
    assert process.wait(timeout=10) == 0
    child = pathlib.Path("/proc", pid_file.read_text().strip(), "status")
    eventually(lambda: not child.exists() or "\nState:\tZ" in child.read_text())


@pytest.mark.skipif(os.geteuid() != 0, reason="takes root, to trace what lets nobody read its memory")
def test_what_must_be_on_disk_is_synced(identity, emulator, tmp_path):
    """The new file before it takes the old one's place, and the directory after that."""
    trace, path = tmp_path / "trace", tmp_path / "credentials"
    assert_updated(update(emulator, identity, path, env={"ASAN_OPTIONS": "detect_leaks=0"},
                          prefix=["strace", "-f", "-qq", "-y", "-o", trace, "-e",
                                  "trace=fsync,fdatasync,rename,renameat,renameat2"]))
    calls = re.findall(r"(fsync|rename\w*)\(.*?([^/<>\"]*)(?:>|\"|>, |\"[^\"]*\"[^)]*)\) += 0",
                       trace.read_text())
    assert [name[:6] for name, _ in calls] == ["fsync", "rename", "fsync"], trace.read_text()
    assert "rolecall-new" in calls[0][1] and calls[2][1] == tmp_path.name, trace.read_text()


def test_sigterm_waits_for_the_file_to_be_written(identity, emulator, tmp_path):
    """strace holds the program in its first fsync while the signal comes."""
    path = tmp_path / "credentials"
    path.write_text("[other]\nx = 1\n")
    process = subprocess.Popen(
        ["strace", "-f", "-qq", "-o", tmp_path / "trace", "-e", "trace=fsync", "-e",
         "inject=fsync:delay_enter=1000000:when=1", BINARY, *arguments(emulator, identity)],
        env=environment({"AWS_SHARED_CREDENTIALS_FILE": str(path),
                         "ASAN_OPTIONS": "detect_leaks=0"}),
        stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
    eventually(lambda: leftovers(path))
    children = pathlib.Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    os.kill(int(children[0]), signal.SIGTERM)
    process.communicate(timeout=20)
    assert process.returncode == 0
    assert "[default]" in path.read_text() and not leftovers(path)


def test_an_access_control_list_stays(identity, emulator, tmp_path):
    """Its mask stands in the mode's bits of the group, who may not gain what they say."""
    path = tmp_path / "credentials"
    path.write_text("[default]\n")
    path.chmod(0o600)
    # user::rw-, user:65534:r--, group::---, mask::r--, other::--- (linux/posix_acl_xattr.h)
    entries = [(1, 6, 0xFFFFFFFF), (2, 4, 65534), (4, 0, 0xFFFFFFFF), (16, 4, 0xFFFFFFFF),
               (32, 0, 0xFFFFFFFF)]
    acl = struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in entries)
    try:
        os.setxattr(path, "system.posix_acl_access", acl)
    except OSError as error:
        pytest.skip(f"no access control lists here: {error}")
    assert_updated(update(emulator, identity, path))
    assert os.getxattr(path, "system.posix_acl_access") == acl and mode(path) == 0o640


def test_a_file_that_is_no_text_is_left_alone(identity, emulator, tmp_path):
    path = tmp_path / "credentials"
    before = "[default]\naws_access_key_id = A\n".encode("utf-16")
    path.write_bytes(before)
    assert_fails(update(emulator, identity, path), 2, "NUL", "UTF-16")
    assert path.read_bytes() == before


def test_a_huge_file_is_not_read(identity, emulator, tmp_path):
    path = tmp_path / "credentials"
    path.touch()
    os.truncate(path, 3 << 30)
    result = update(emulator, identity, path)
    assert_fails(result, 2, "larger than 16 MiB")
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss < 1 << 20  # KiB, of any child


def test_what_could_not_be_written_is_not_asked_for_again(identity, tmp_path):
    """A directory stands in the place of the file for a while."""
    path = tmp_path / "credentials"
    with Emulator(identity.root_file, "--log") as server:
        with Daemon(server, identity, path) as daemon:
            values = daemon.wait_for_change()
            path.rename(tmp_path / "aside")
            path.mkdir()
            for nth in range(1, 4):
                daemon.process.send_signal(signal.SIGHUP)
                daemon.wait_for_line("renewal failed: ", nth)
            path.rmdir()
            (tmp_path / "aside").rename(path)
            daemon.process.send_signal(signal.SIGHUP)
            daemon.wait_for_change(values)
    assert len(server.err.splitlines()) == 2, server.err


def test_streams_are_for_once(identity, silent):
    for source in ("-", "fd:0"):
        flags = [*identity.flags[:2], "--private-key", source]
        assert_fails(run("update", *flags, *ARNS, "--endpoint", silent.url), 2,
                     f"update cannot read {source}.* again", "--once")


def test_no_secret_is_said(identity, emulator, tmp_path):
    path = tmp_path / "credentials"
    result = assert_updated(update(emulator, identity, path, "--debug"))
    _, secret, token = read(path)
    assert "wrote the credentials of [default]" in result.err
    assert secret not in result.err and token not in result.err


@pytest.mark.parametrize("fault, code", [("403", 1), ("503", 3)])
def test_exit_codes_of_once(identity, tmp_path, fault, code):
    path = tmp_path / "credentials"
    path.write_text("[default]\nx = 1\n")
    with Emulator(identity.root_file, "--fault", fault) as server:
        assert_fails(update(server, identity, path, "--timeout", "1"), code)
    assert path.read_text() == "[default]\nx = 1\n" and os.listdir(tmp_path) == ["credentials"]
