"""packaging/checksums: what is in a release, signed, and checked by the lines of README.md."""
import os
import re
import shutil
import subprocess

import pytest

from support.downloads import DEB, FILES, checksums, lines_of_the_readme, make_key, release


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    folder = tmp_path_factory.mktemp("keys")
    return {name: make_key(folder, name) for name in ("ours", "other")}


@pytest.fixture
def signed(tmp_path, keys):
    folder = release(tmp_path / "dist")
    done = checksums("--sign", keys["ours"][0], folder)
    assert done.returncode == 0, done
    return folder


def check(folder, keys, name="ours"):
    return checksums("--check", keys[name][1], folder)


def assert_refused(done, *patterns):
    assert (done.returncode, done.stdout) == (1, ""), done
    for pattern in ("^checksums: error: ", *patterns):
        assert re.search(pattern, done.stderr, re.M), (pattern, done)


def test_a_release(signed, keys):
    done = check(signed, keys)
    assert (done.returncode, done.stderr) == (0, "") and "5 files" in done.stdout, done
    names = [line[66:] for line in (signed / "SHA256SUMS").read_text().splitlines()]
    assert names == sorted(FILES)


def test_the_same_bytes_twice(tmp_path):
    sums = []
    for number, (umask, language) in enumerate(((0o022, "C"), (0o077, "C.UTF-8"))):
        folder = release(tmp_path / str(number), sorted(FILES, reverse=bool(number)))
        for _ in range(2):  # the second time, its own file is there
            done = checksums(folder, umask=umask, env={**os.environ, "LC_ALL": language})
            assert done.returncode == 0, done
        sums.append((folder / "SHA256SUMS").read_bytes())
        assert (folder / "SHA256SUMS").stat().st_mode & 0o777 == 0o644
    assert sums[0] == sums[1]


@pytest.mark.parametrize("name", FILES)
def test_a_changed_file(signed, keys, name):
    content = bytearray(FILES[name] or b"x")
    content[-1] ^= 1
    (signed / name).write_bytes(content)
    assert_refused(check(signed, keys), f"^{name}: FAILED", "missing or changed")


def test_a_missing_file(signed, keys):
    (signed / DEB).unlink()
    assert_refused(check(signed, keys), f"{DEB}: .*No such file", "missing or changed")


@pytest.mark.parametrize("name", ["evil", "x86_64-linux-gnu/rolecall.old", ".hidden", "x/SHA256SUMS"])
def test_an_extra_file(signed, keys, name):
    (signed / name).parent.mkdir(exist_ok=True)
    (signed / name).write_text("x")
    assert_refused(check(signed, keys), f"not in SHA256SUMS: {name}$")


def test_changed_checksums(signed, keys):
    sums = signed / "SHA256SUMS"
    text = sums.read_text()
    sums.write_text(text.replace(text[0], "0" if text[0] != "0" else "1", 1))
    assert_refused(check(signed, keys), "is not the signature of")


def test_a_changed_signature(signed, keys):
    signature = signed / "SHA256SUMS.sig"
    content = bytearray(signature.read_bytes())
    content[-1] ^= 1
    signature.write_bytes(content)
    assert_refused(check(signed, keys), "is not the signature of")
    signature.unlink()
    assert_refused(check(signed, keys), "no SHA256SUMS with a SHA256SUMS.sig")


def test_another_key(signed, keys):
    assert_refused(check(signed, keys, "other"), "is not the signature of .* by .*other.pub")


def test_checksums_of_other_files_lose_their_signature(signed):
    assert checksums(signed).returncode == 0
    assert (signed / "SHA256SUMS.sig").exists()
    (signed / DEB).write_text("another")
    assert checksums(signed).returncode == 0
    assert not (signed / "SHA256SUMS.sig").exists()


@pytest.mark.parametrize("name", ["a b", "new\nline", "back\\slash", "ä", "folder\n/x"])
def test_names_that_tools_write_in_other_ways(tmp_path, name):
    folder = release(tmp_path)
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_text("x")
    assert_refused(checksums(folder), "the name of")
    assert not (folder / "SHA256SUMS").exists()


def test_links_are_no_files(tmp_path):
    folder = release(tmp_path)
    (folder / "link").symlink_to("/etc/hostname")
    assert_refused(checksums(folder), "link .*no file")


def test_what_cannot_be(tmp_path, keys):
    assert_refused(checksums(tmp_path / "none"), "there is no folder")
    (tmp_path / "empty").mkdir()
    assert_refused(checksums(tmp_path / "empty"), "no files")
    release(tmp_path / "dist")
    assert_refused(checksums("--sign", tmp_path / "no.key", tmp_path / "dist"), "there is no key")
    assert_refused(checksums("--sign", keys["ours"][1], tmp_path / "dist"), "cannot sign")
    for words in (["--sign"], ["--what"], ["a", "b"]):
        assert checksums(*words).returncode == 2


@pytest.mark.parametrize("what,passes", [(None, True), ("file", False), ("sums", False), ("name", False)])
def test_the_lines_of_the_readme(signed, keys, what, passes):
    """They check one file, also if the others have not been downloaded."""
    shutil.copy(keys["ours"][1], signed / "rolecall-release.pem")
    for name in FILES:
        if name != DEB:
            (signed / name).unlink()
    if what == "file":
        (signed / DEB).write_text("another")
    if what == "sums":
        (signed / "SHA256SUMS").write_text((signed / "SHA256SUMS").read_text() + "\n")
    if what == "name":
        (signed / "SHA256SUMS").write_text("")
    done = subprocess.run(["sh", "-c", lines_of_the_readme()], cwd=signed, check=False, text=True,
                          capture_output=True, stdin=subprocess.DEVNULL)
    assert (done.returncode == 0) == passes, done
    if passes:
        assert done.stdout == f"Verified OK\n{DEB}: OK\n", done
