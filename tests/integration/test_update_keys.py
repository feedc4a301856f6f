"""`update` on keys that nobody could get again, on names of profiles, and what it says as a service."""

import re
import signal
import subprocess
import time

import pytest
from support.process import BINARY, Emulator, assert_fails, environment
from support.updates import arguments, assert_written, keys_in, mode_of, update_once

LONG_TERM = "aws_access_key_id = AKIAOLD\naws_secret_access_key = OLDSECRET\n"


def backups(path):
    return sorted(path.parent.glob(path.name + ".rolecall-backup-*"))


def write(path, text):
    path.write_text(text)
    path.chmod(0o600)


def test_a_long_term_key_is_kept_the_first_time(identity, emulator, tmp_path):
    path = tmp_path / "credentials"
    before = "[default]\n" + LONG_TERM + "[x]\na = 1\n"
    write(path, before)
    path.chmod(0o640)
    result = assert_written(update_once(emulator, identity.flags, path), "contained a long-term key")
    (copy,) = backups(path)
    assert copy.read_text() == before and mode_of(copy) == 0o600 and mode_of(path) == 0o640
    assert re.fullmatch(r"credentials\.rolecall-backup-\d{8}T\d{6}Z", copy.name)
    assert str(copy) in result.err and "OLDSECRET" not in result.err, result
    keys_in(path)
    assert_written(update_once(emulator, identity.flags, path))
    assert backups(path) == [copy]


@pytest.mark.parametrize("section, is_kept", [
    (LONG_TERM, True),
    ("AWS_Access_Key_Id: A\n# c\naws_secret_access_key=S\n", True),
    (LONG_TERM + "aws_session_token = T\n", False),
    (LONG_TERM + "aws_security_token = T\n", False),
    ("aws_access_key_id = A\n", False),
    ("aws_secret_access_key = S\n", False),
    ("aws_access_key_id =\naws_secret_access_key =  \n", False),
    ("", False)])
def test_what_is_a_long_term_key(identity, emulator, tmp_path, section, is_kept):
    path = tmp_path / "credentials"
    write(path, "[other]\n" + LONG_TERM + "[default]\n" + section)
    result = update_once(emulator, identity.flags, path)
    assert result.code in (0, 2), result
    assert len(backups(path)) == is_kept and ("long-term key" in result.err) == is_kept, result


def test_a_key_stays_if_no_copy_of_it_can_be_made(identity, emulator, tmp_path):
    """The name of the copy would be too long; the one of the new file is not."""
    path = tmp_path / ("c" * 233)
    before = "[default]\n" + LONG_TERM
    write(path, before)
    assert_fails(update_once(emulator, identity.flags, path), 2, "cannot make a copy of")
    assert path.read_text() == before and not backups(path)


@pytest.mark.parametrize("name, hint", [
    ("profile x", "--profile x"), ("profile  a b", "--profile a b"), ("profile\tx", "character"),
    ("profile ", "--profile NAME|")])
def test_a_name_as_in_the_config_file(identity, silent, tmp_path, name, hint):
    result = update_once(silent, identity.flags, tmp_path / "credentials", "--profile", name)
    assert_fails(result, 2, "profile name")
    assert re.search(hint, result.err), result
    assert not list(tmp_path.iterdir())


def test_names_that_only_begin_so(identity, emulator, tmp_path):
    path = tmp_path / "credentials"
    for name in ("profile", "profiles", "profile-x"):
        assert_written(update_once(emulator, identity.flags, path, "--profile", name))
        keys_in(path, name)


def test_a_service_says_what_it_wrote_and_when_it_renews(identity, tmp_path):
    path = tmp_path / "credentials"
    with Emulator(identity.root_file) as server:
        process = subprocess.Popen([BINARY, *arguments(server, identity.flags)],
                                   env=environment({"AWS_SHARED_CREDENTIALS_FILE": str(path)}),
                                   stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        try:
            pattern = (r"rolecall: wrote the credentials of \[default\] to " + re.escape(str(path)) +
                       r"; they expire at (\S+Z), and are renewed at (\S+Z)\n")
            for _ in range(2):
                line = process.stderr.readline()
                found = re.fullmatch(pattern, line)
                assert found, line
                now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
                assert now < found[2] < found[1], line
                process.send_signal(signal.SIGHUP)
        finally:
            process.terminate()
            assert process.wait(timeout=30) == 0
            process.stderr.close()
        # For one run there is nothing to say.
        assert update_once(server, identity.flags, path).err == ""
