"""`doctor --scan`: what is found, and what a hostile tree cannot do."""

import os
import time

import pytest
from support.doctor import doctor
from support.process import ARNS, run

KEY_ID = "AKIAQNZGKIQY56JQ7WML"
SHOWN = "AKIA…7WML of account 029608264753"


@pytest.fixture(name="tree")
def tree_to_scan(tmp_path):
    tree = tmp_path / "tree"
    tree.mkdir()
    return tree


def scan(tree, identity, **options):
    result, report = doctor("--offline", *identity.flags, *ARNS, "--scan", tree, "--warn-days", "1",
                            env={"HOME": str(tree.parent)}, **options)
    assert KEY_ID not in result.out + result.err
    check = report["static-keys"]
    return [part for part in check["detail"].split("; ") if str(tree) in part], check


@pytest.mark.parametrize("text,line", [
    (f"key={KEY_ID}\n", 1), (f"a\nb\n export AWS_ACCESS_KEY_ID='{KEY_ID}'", 3),
    (f'{{"accessKey": "{KEY_ID}"}}', 1), (f"{KEY_ID}:secret", 1)])
def test_found(tree, identity, text, line):
    (tree / "deep" / "er").mkdir(parents=True)
    (tree / "deep" / "er" / ".env").write_text(text)
    found, check = scan(tree, identity, code=0)
    assert found == [f"static key {SHOWN} in {tree}/deep/er/.env, line {line}"], check
    assert check["status"] == "warn" and f"{tree}/deep/er/.env" in check["hint"]


@pytest.mark.parametrize("text", [
    "AKIAIOSFODNN7EXAMPLE", f"X{KEY_ID}", f"{KEY_ID}7", KEY_ID[:-1], KEY_ID.lower(),
    KEY_ID.replace("AKIA", "AIDA"), "\0" + KEY_ID, KEY_ID + "x" * (1 << 20)])
def test_what_is_no_key(tree, identity, text):
    (tree / "file").write_text(text)
    found, _ = scan(tree, identity)
    assert found == []


def test_temporary_keys_are_counted(tree, identity):
    (tree / "file").write_text(KEY_ID.replace("AKIA", "ASIA"))
    found, check = scan(tree, identity)
    assert found == [] and "1 temporary (ASIA…)" in check["detail"]


def test_an_old_key_has_no_account(tree, identity):
    (tree / "file").write_text("AKIAJ234567234567234")
    found, _ = scan(tree, identity)
    assert found == [f"static key AKIA…7234 in {tree}/file, line 1"] or found == [
        f"static key AKIA…7234 in {tree}/file, line 1"]


def test_links_are_not_followed(tree, identity):
    outside = tree.parent / "outside"
    outside.mkdir()
    (outside / "file").write_text(KEY_ID)
    (tree / "file").symlink_to(outside / "file")
    (tree / "directory").symlink_to(outside)
    (tree / "loop").symlink_to(tree)
    (tree / "up").symlink_to("..")
    found, _ = scan(tree, identity)
    assert found == []
    # The directory that was named may be a link itself.
    link = tree.parent / "link"
    link.symlink_to(outside)
    found, _ = scan(link, identity)
    assert len(found) == 1


def test_pipes_sockets_and_devices(tree, identity):
    os.mkfifo(tree / "fifo")
    (tree / "tty").symlink_to("/dev/tty")
    (tree / "file").write_text(KEY_ID)
    begin = time.monotonic()
    found, _ = scan(tree, identity)
    assert len(found) == 1 and time.monotonic() - begin < 20


def test_a_deep_tree(tree, identity):
    where = tree
    for _ in range(200):
        where = where / "d"
        os.mkdir(where)
    found, check = scan(tree, identity)
    assert found == [] and "1 directory too deep" in check["detail"]


def test_large_files_are_skipped(tree, identity):
    with open(tree / "large", "wb") as file:
        file.truncate(1 << 40)
        file.write(KEY_ID.encode())
    found, check = scan(tree, identity)
    assert found == [] and "1 file over 1 MiB skipped" in check["detail"]


def test_many_keys(tree, identity):
    (tree / "file").write_text("\n".join(
        f"AKIAQNZGKIQY{a}{b}{c}Q7WML" for a in "ABCDEFGHIJKLMNOP" for b in "ABCDEFGHIJKLMNOP"
        for c in "ABCDEFGHIJKLMNOP"))
    _, check = scan(tree, identity)
    assert "the scan stopped after 1000 keys" in check["detail"]


def test_names_with_control_characters(tree, identity):
    (tree / "a\x1b[31m\nb").write_text(KEY_ID)
    result = run("doctor", "--offline", *identity.flags, *ARNS, "--scan", tree,
                 env={"HOME": str(tree.parent)})
    assert "\x1b" not in result.out and SHOWN in result.out, result


def test_proc_ends(identity):
    begin = time.monotonic()
    result, _ = doctor("--offline", *identity.flags, *ARNS, "--scan", "/proc", "--warn-days", "1",
                       env={"HOME": "/nonexistent"})
    assert time.monotonic() - begin < 40, result
