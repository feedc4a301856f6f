"""`update` on a file that can be written, but not replaced."""

import fcntl
import os
import subprocess

import pytest
from support.process import BINARY, assert_fails, environment
from support.updates import arguments, assert_written, keys_in, update_once
from support.users import (ATTACKER, NOBODY, NOBODY_ID, as_root, directory_of, file_of, identity_of,
                           reachable_directory)

LONG = "[default]\nx = 1\n[other]\n" + "".join(f"key{n} = value\n" for n in range(3000))
IN_PLACE = "it is written in place: a crash during the write can leave the file incomplete"


def mounted(script, *arguments_of_script, **variables):
    """Runs a script in a mount namespace of its own; 77: it could mount nothing."""
    namespace = ["unshare", "-m"] if os.geteuid() == 0 else ["unshare", "-rm"]
    done = subprocess.run(
        [*namespace, "sh", "-ec", script, "sh", *map(str, arguments_of_script)],
        env=environment({k: str(v) for k, v in variables.items()}), capture_output=True, text=True,
        timeout=60, check=False)
    if done.returncode == 77 or "unshare failed" in done.stderr:
        pytest.skip("cannot mount anything here: " + done.stderr.strip())
    return done


@pytest.mark.parametrize("before", ["[default]\nx = 1\n", LONG], ids=["short", "long"])
def test_a_bind_mount(identity, emulator, tmp_path, before):
    """As of a container that has one file of its host; from two such containers at once."""
    real = tmp_path / "real"
    real.write_text(before)
    real.chmod(0o600)
    inode = real.stat().st_ino
    (tmp_path / "home" / ".aws").mkdir(parents=True)
    path = tmp_path / "home" / ".aws" / "credentials"
    path.touch()
    done = mounted('mount --bind "$REAL" "$FILE" || exit 77\n"$@"\n"$@" --profile second\n',
                   BINARY, *arguments(emulator, identity.flags, "--once"), REAL=real, FILE=path,
                   HOME=tmp_path / "home")
    assert done.returncode == 0 and done.stdout == "", done
    assert done.stderr.count(f"{path} cannot be replaced (it is a mount point), so {IN_PLACE}") == 2
    assert real.stat().st_ino == inode and path.read_text() == ""
    assert keys_in(real) != keys_in(real, "second")
    assert real.read_text().startswith("[default]\n") and before[10:] in real.read_text()
    assert sorted(os.listdir(path.parent)) == [".credentials.rolecall-lock", "credentials"]


def test_a_service_says_it_once(identity, emulator, tmp_path):
    real, path = tmp_path / "real", tmp_path / "credentials"
    real.write_text("[default]\n")
    real.chmod(0o600)
    path.touch()
    script = ('mount --bind "$REAL" "$AWS_SHARED_CREDENTIALS_FILE" || exit 77\n"$@" 2>"$ERR" &\n'
              'for n in 1 2 3; do\n'
              '  until [ "$(grep -c "wrote the credentials" "$ERR")" -ge $n ]; do sleep 0.05; done\n'
              '  kill -HUP $!\ndone\nkill $!\nwait $!\n')
    err = tmp_path / "err"
    err.touch()
    done = mounted(script, BINARY, *arguments(emulator, identity.flags), REAL=real, ERR=err,
                   AWS_SHARED_CREDENTIALS_FILE=path)
    assert done.returncode == 0, (done, err.read_text())
    assert err.read_text().count(IN_PLACE) == 1, err.read_text()


@as_root
def test_a_file_in_a_directory_that_cannot_be_written_to(identity, emulator):
    with reachable_directory() as base:
        flags = identity_of(NOBODY_ID, identity, base)
        path = file_of(NOBODY_ID, base / "credentials", "[default]\nx = 1\n")
        os.link(path, base / "other-name")
        for _ in range(2):
            assert_written(update_once(emulator, flags, path, prefix=NOBODY),
                           "(its directory cannot be written to), so " + IN_PLACE)
        keys_in(path)
        assert path.samefile(base / "other-name") and not (base / ".credentials.rolecall-lock").exists()
        # One at a time: the file itself is the lock.
        before = path.read_text()
        with open(path, "rb") as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            result = update_once(emulator, flags, path, prefix=NOBODY)
            assert_fails(result, 3, "another rolecall process has held")
        assert path.read_text() == before
        # Neither the one nor the other.
        os.chown(path, 0, 0)
        path.chmod(0o644)
        assert_fails(update_once(emulator, flags, path, prefix=NOBODY), 2,
                     "cannot be opened for writing: Permission denied", "directory")


@as_root
def test_a_key_stays_if_its_directory_takes_no_copy(identity, emulator):
    with reachable_directory() as base:
        flags = identity_of(NOBODY_ID, identity, base)
        text = "[default]\naws_access_key_id = A\naws_secret_access_key = S\n"
        path = file_of(NOBODY_ID, base / "credentials", text)
        assert_fails(update_once(emulator, flags, path, prefix=NOBODY), 2, "cannot make a copy of")
        assert path.read_text() == text


@as_root
def test_not_where_others_can_exchange_the_file(identity, emulator):
    """What it is exchanged for would be overwritten."""
    with reachable_directory() as base:
        flags = identity_of(NOBODY_ID, identity, base)
        foreign = directory_of(ATTACKER, base / "foreign")
        path = file_of(NOBODY_ID, foreign / "credentials", "[default]\nx = 1\n")
        assert_fails(update_once(emulator, flags, path, prefix=NOBODY), 2,
                     "cannot make a file in .*: Permission denied", "directory")
        assert path.read_text() == "[default]\nx = 1\n"


@pytest.mark.parametrize("room", [False, True], ids=["full", "enough"])
def test_a_full_disk(identity, emulator, tmp_path, room):
    """The old bytes are there until it is known that the new ones find room."""
    disk, path, copy = tmp_path / "disk", tmp_path / "credentials", tmp_path / "copy"
    disk.mkdir()
    path.touch()
    script = ('mount -t tmpfs -o size=32k none "$DISK" || exit 77\n'
              'printf "[default]\\n#%4000s\\n" end >"$DISK/real"\nchmod 600 "$DISK/real"\n'
              'cp "$DISK/real" "$COPY"\nmount --bind "$DISK/real" "$AWS_SHARED_CREDENTIALS_FILE"\n'
              '[ "$ROOM" ] || dd if=/dev/zero of="$DISK/rest" 2>/dev/null || true\n'
              'code=0; "$@" || code=$?\ncmp "$DISK/real" "$COPY" && exit 9$code\nexit $code\n')
    done = mounted(script, BINARY, *arguments(emulator, identity.flags, "--once"), DISK=disk,
                   COPY=copy, AWS_SHARED_CREDENTIALS_FILE=path, ROOM="yes" if room else "")
    if room:
        assert done.returncode == 0, done
    else:
        assert done.returncode == 93 and "No space left" in done.stderr, done
        assert "hint: free some space" in done.stderr, done


def test_a_write_that_fails_in_the_middle_is_undone(identity, emulator, tmp_path):
    """strace makes the second of two writes fail, or the first fsync."""
    real, path = tmp_path / "real", tmp_path / "credentials"
    path.touch()
    for call in ("pwrite64", "fsync", "ftruncate"):
        real.write_text(LONG)
        real.chmod(0o600)
        script = ('mount --bind "$REAL" "$AWS_SHARED_CREDENTIALS_FILE" || exit 77\n'
                  f'strace -f -qq -o /dev/null -e trace={call} '
                  f'-e inject={call}:error=EIO:when=1 "$@"\n')
        done = mounted(script, BINARY, *arguments(emulator, identity.flags, "--once"), REAL=real,
                       AWS_SHARED_CREDENTIALS_FILE=path, ASAN_OPTIONS="detect_leaks=0")
        assert done.returncode == 1 and "cannot write credentials file" in done.stderr, done
        assert real.read_text() == LONG, call
