"""`update` and `configure` where somebody else made the directory: no other file changes."""

import os
import time

import pytest

from support.process import ARNS, assert_fails, run
from support.updates import assert_written, keys_in, update_once
from support.users import (ATTACKER, VICTIM, as_root, become, directory_of, file_of, identity_of,
                           link_of, reachable_directory)

pytestmark = as_root
PRECIOUS = "[default]\nprecious = yes\n[profile demo]\nprecious = yes\n"
USERS = pytest.mark.parametrize("user", [0, VICTIM], ids=["root", "user"])


class Scene:
    """`victim`: a directory of the user's with a file; `evil`: one of the attacker's."""

    def __init__(self, base, user, identity, server):
        self.base, self.user, self.server = base, user, server
        self.flags = identity_of(user, identity, base)
        self.victim = directory_of(user, base / "victim")
        self.precious = file_of(user, self.victim / "credentials", PRECIOUS)
        self.evil = directory_of(ATTACKER, base / "evil", 0o777)

    @property
    def prefix(self):
        return become(self.user) if self.user else ()

    def update(self, path, *more, **options):
        return update_once(self.server, self.flags, path, *more, prefix=self.prefix, **options)

    def configure(self, *more, **env):
        return run("configure", "--profile", "demo", *self.flags, *ARNS, "--endpoint",
                   self.server.url, *more, prefix=self.prefix,
                   env={"HOME": str(self.base), **{k: str(v) for k, v in env.items()}})

    def check(self, names=("credentials",)):
        assert self.precious.read_text() == PRECIOUS
        assert self.precious.stat().st_uid == self.user and self.precious.stat().st_mode & 0o77 == 0
        assert sorted(os.listdir(self.victim)) == sorted(names)


@pytest.fixture(name="scene")
def scene_of_user(user, identity, emulator):
    with reachable_directory() as base:
        yield Scene(base, user, identity, emulator)


@USERS
@pytest.mark.parametrize("where", ["link to the file", "link to nothing", "link to the directory",
                                   "link in the middle", "relative link"])
def test_links_of_somebody_else(scene, where):
    path = scene.evil / "credentials"
    if where == "link to the file":
        link_of(ATTACKER, path, scene.precious)
    elif where == "link to nothing":
        link_of(ATTACKER, path, scene.victim / "new")
    elif where == "link to the directory":
        path = link_of(ATTACKER, scene.evil / "aws", scene.victim) / "credentials"
    elif where == "relative link":
        link_of(ATTACKER, path, "../victim/credentials")
    else:
        directory_of(ATTACKER, scene.evil / "a")
        path = link_of(ATTACKER, scene.evil / "a" / "b", "../../victim/..") / "victim/credentials"
    assert_fails(scene.update(path), 2, "is not followed|Permission denied|leads out of")
    scene.check()


@USERS
def test_links_of_the_user_in_a_directory_that_others_can_write(scene):
    """Who can write the directory could exchange them."""
    if scene.user == 0:
        scene.evil.chmod(0o777)
        os.chown(scene.evil, 0, 0)
    path = link_of(scene.user, scene.evil / "credentials", scene.precious)
    assert_fails(scene.update(path), 2, "is not followed: other users can change this link", "right of other users")
    path.unlink()
    link_of(scene.user, path, "../victim/credentials")
    assert_fails(scene.update(path), 2, "leads out of", "without links")
    scene.check()


@USERS
@pytest.mark.parametrize("linked", ["symbolic", "hard"])
def test_a_link_as_lock_file(scene, linked):
    path = file_of(scene.user or ATTACKER, scene.evil / "credentials", "[default]\nx = 1\n")
    lock = scene.evil / ".credentials.rolecall-lock"
    if linked == "symbolic":
        link_of(ATTACKER, lock, scene.precious)
    else:
        os.link(scene.precious, lock)
    assert scene.update(path).code == 0
    keys_in(path)
    scene.check()
    assert os.path.samefile(lock, scene.precious)


@USERS
def test_a_hard_link_becomes_a_file_of_its_own(scene):
    """Where the system lets users make hard links to others' files."""
    path = scene.evil / "credentials"
    os.link(scene.precious, path)
    result = scene.update(path)
    if scene.user == 0:  # with the rights of the directory's owner, who may not read it
        assert_fails(result, 2, "Permission denied")
    else:
        assert_written(result)
        assert "precious" in path.read_text() and not os.path.samefile(path, scene.precious)
    scene.check()


@USERS
def test_links_where_the_backup_is_to_be(scene):
    """The names of the next minute are taken, by links that lead to the user's file."""
    key = "[default]\naws_access_key_id = AKIA1\naws_secret_access_key = S\n"
    path = file_of(scene.user or ATTACKER, scene.evil / "credentials", key)
    now = time.time()
    for second in range(-1, 60):
        stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now + second))
        link_of(ATTACKER, scene.evil / f"credentials.rolecall-backup-{stamp}", scene.precious)
    assert "is a copy of the old file" in scene.update(path).err
    keys_in(path)
    scene.check()
    copies = [p for p in scene.evil.glob("*backup*") if not p.is_symlink()]
    assert [p.read_text() for p in copies] == [key] and copies[0].name.endswith(".2")


@USERS
@pytest.mark.parametrize("variable", ["AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"])
def test_configure(scene, variable):
    """Both of its files; --remove-static-keys writes the credentials file."""
    link_of(ATTACKER, scene.evil / "file", scene.precious)
    link_of(ATTACKER, scene.evil / "directory", scene.victim)
    keys = PRECIOUS + "[demo]\naws_access_key_id = A\naws_secret_access_key = S\n"
    for path in (scene.evil / "file", scene.evil / "directory" / "credentials"):
        file_of(scene.user, scene.precious, keys)
        other = {"AWS_CONFIG_FILE": scene.base / ("config%d" % len(str(path)))}
        if scene.user:
            scene.base.chmod(0o777)
        result = scene.configure("--remove-static-keys", **{**other, variable: path})
        assert result.code == 2 and ("is not followed" in result.err
                                     or "Permission denied" in result.err), result
        assert scene.precious.read_text() == keys
        assert os.listdir(scene.victim) == ["credentials"]


# --- what goes on working

@USERS
def test_links_of_root_and_of_the_user_are_followed(scene):
    """Also in a sticky directory: others can make entries there, but not replace these."""
    sticky = directory_of(0, scene.base / "sticky", 0o1777)
    paths = [link_of(0, scene.base / "by-root", scene.precious),
             link_of(scene.user, sticky / "by-user", scene.precious),
             link_of(scene.user, sticky / "directory", scene.victim) / "credentials",
             link_of(scene.user, scene.victim / "relative", "credentials")]
    seen = {keys_in(scene.precious) for path in paths if assert_written(scene.update(path))}
    assert len(seen) == len(paths) and paths[0].is_symlink() and paths[3].is_symlink()
    stranger = link_of(ATTACKER, sticky / "by-another", scene.precious)
    assert_fails(scene.update(stranger), 2, f"belongs to user {ATTACKER}")


@USERS
def test_a_volume_of_kubernetes(scene):
    """An emptyDir: root's, and everybody in the pod can write to it; with fsGroup it has a group."""
    for mode in (0o777, 0o2777):
        volume = directory_of(0, scene.base / f"volume{mode:o}", mode)
        os.chown(volume, 0, 4711)
        volume.chmod(mode)
        path = volume / "credentials"
        assert_written(scene.update(path))
        first = keys_in(path)
        assert_written(scene.update(path))
        assert keys_in(path) != first and path.stat().st_uid == scene.user
        # A home directory on it.
        assert_written(scene.update(None, env={"HOME": str(volume)}))
        keys_in(volume / ".aws" / "credentials")
        # Links that stay in it, as Kubernetes makes them for a set of files.
        link_of(0, volume / "..data", "..2026")
        file_of(scene.user, directory_of(scene.user, volume / "..2026") / "keys", "[default]\n")
        link_of(0, volume / "keys", "..data/keys")
        assert_written(scene.update(volume / "keys"))
        keys_in(volume / "..2026" / "keys")


@USERS
def test_another_users_lock_file_in_a_sticky_directory(scene):
    sticky = directory_of(0, scene.base / "sticky", 0o1777)
    for lock_mode in (0o600, 0o666):
        path = sticky / f"keys{lock_mode:o}"
        lock = file_of(ATTACKER, sticky / f".{path.name}.rolecall-lock", mode=lock_mode)
        for _ in range(2):
            result = assert_written(scene.update(path), f"lock file {lock} ")
            assert result.seconds < 9  # not the ten of a lock that is held
        keys_in(path)
        assert lock.stat().st_uid == ATTACKER and path.stat().st_uid == scene.user
