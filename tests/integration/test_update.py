"""`update --once`: the credentials file of AWS, edited in place and never lost."""

import json
import os
import struct
import pathlib
import random
import re
import resource
import stat
import subprocess
import sys

import pytest
from support.process import ARNS, BINARY, Emulator, assert_fails, environment, run
from support.updates import KEYS, arguments, assert_updated, leftovers, parse, update_once
from support.updates import keys_in as read
from support.updates import mode_of as mode
from support.users import NOBODY, as_root, identity_of, reachable_directory

AWS = pathlib.Path("/usr/bin/aws")
# Under a sanitizer all takes longer.
SLOW = 4 if "asan" in BINARY else 1


def update(server, identity, path, *more, **options):
    return update_once(server, identity.flags, path, *more, **options)


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
         *arguments(emulator, identity.flags, "--once")],
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
    assert_fails(update(emulator, identity, path), 2, "line 3.*looks like a setting", "spaces")
    assert path.read_text() == before and not leftovers(path)


def test_duplicate_sections(identity, emulator, tmp_path):
    path = tmp_path / "credentials"
    path.write_text("[default]\nx = 1\n[default]\naws_access_key_id = A\n")
    result = assert_updated(update(emulator, identity, path))
    assert [w for w in result.warnings if "occurs a second time in line 3" in w], result
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
