"""`update`: several at once, killed at any moment, and what must be on disk by then."""

import fcntl
import os
import random
import re
import signal
import threading
import time

import pytest
from support.process import BINARY, assert_fails
from support.updates import KEYS, assert_updated, leftovers, parse, start, update_once
from support.updates import keys_in as read

# Under a sanitizer all takes longer.
SLOW = 4 if "asan" in BINARY else 1


def update(server, identity, path, *more, **options):
    return update_once(server, identity.flags, path, *more, **options)


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
        process = start(emulator, identity.flags, path, "--once")
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
