"""A PKCS#11 module is code: one that another user could replace is not loaded."""

import os
import shutil

import pytest
from support.process import assert_fails, run
from support.tokens import MODULE, SoftHsm

NOBODY = 65534


@pytest.fixture(scope="module")
def tokens(tmp_path_factory):
    hsm = SoftHsm(tmp_path_factory.mktemp("hsm"))
    hsm.token("app")
    return hsm


@pytest.fixture(name="module")
def copied_module(tmp_path):
    """In a folder of its own in a folder of its own."""
    (tmp_path / "upper" / "lib").mkdir(parents=True)
    return shutil.copy(MODULE, tmp_path / "upper" / "lib" / "module.so")


def listing(tokens, *flags, **options):
    return run("read-certificate-data", *flags, env=tokens.env, **options)


def by_flag(tokens, path, **options):
    return listing(tokens, "--certificate", "pkcs11:", "--pkcs11-lib", path, **options)


def is_loaded(result):
    return (result.code, result.out) == (0, "No matching identities\n")


def assert_refused(result, why, hint="chmod go-w /"):
    assert_fails(result, 2, f"is not loaded, because another user could change it: {why}", hint)


def test_one_that_only_this_user_can_change(tokens, module, tmp_path):
    module_path = str(module)
    os.chmod(module, 0o775)
    os.chmod(os.path.dirname(module), 0o2775)  # as /usr/local/lib on Debian
    assert is_loaded(by_flag(tokens, module_path))
    assert is_loaded(by_flag(tokens, "./module.so", cwd=os.path.dirname(module)))
    assert is_loaded(by_flag(tokens, "../lib/module.so", cwd=os.path.dirname(module)))
    assert is_loaded(by_flag(tokens, "libsofthsm2.so",
                             prefix=["env", f"LD_LIBRARY_PATH={os.path.dirname(MODULE)}"]))
    (tmp_path / "link.so").symlink_to("upper/lib/module.so")
    (tmp_path / "folder").symlink_to("upper")
    assert is_loaded(by_flag(tokens, tmp_path / "link.so"))
    assert is_loaded(by_flag(tokens, tmp_path / "folder" / "lib" / "module.so"))


@pytest.mark.parametrize("what, mode", [
    (".", 0o777), ("..", 0o777), ("../..", 0o777), (".", 0o1777), ("module.so", 0o666)])
@pytest.mark.parametrize("named", ["by flag", "in the URI", "by a variable", "by a link", "relative"])
def test_one_that_everybody_can_change(tokens, module, tmp_path_factory, what, mode, named):
    folder = os.path.dirname(module)
    os.chmod(os.path.join(folder, what), mode)
    why = f"every user can write to {os.path.normpath(os.path.join(folder, what))}"
    if named == "by flag":
        result = by_flag(tokens, module)
    elif named == "in the URI":
        result = listing(tokens, "--certificate", f"pkcs11:?module-path={module}")
    elif named == "by a variable":
        result = listing(tokens, "--certificate", "pkcs11:",
                         prefix=["env", f"ROLECALL_PKCS11_LIB={module}"])
    elif named == "by a link":
        link = tmp_path_factory.mktemp("link") / "module.so"
        link.symlink_to(module)
        result = by_flag(tokens, link)
    else:
        result = by_flag(tokens, "./module.so", cwd=folder)
    assert_refused(result, why)


def test_the_folder_of_a_link_counts_too(tokens, module, tmp_path):
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o777)
    (tmp_path / "open" / "link.so").symlink_to(module)
    assert_refused(by_flag(tokens, tmp_path / "open" / "link.so"), "every user can write to .*/open")
    (tmp_path / "open").chmod(0o1777)  # others cannot replace the link then
    assert is_loaded(by_flag(tokens, tmp_path / "open" / "link.so"))
    (tmp_path / "round.so").symlink_to("round.so")
    assert_refused(by_flag(tokens, tmp_path / "round.so"), ".*round.so is a link to itself",
                   "in a directory of the system$")


def test_one_that_is_not_there(tokens, tmp_path):
    result = by_flag(tokens, tmp_path / "none.so")
    assert_fails(result, 2, "none.so cannot be loaded: No such file", "list-modules")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files to another user")
@pytest.mark.parametrize("what", ["module.so", ".", "..", "link"])
def test_one_of_another_user(tokens, module, tmp_path, what):
    path = module
    if what == "link":
        path = tmp_path / "link.so"
        path.symlink_to(module)
        os.lchown(path, NOBODY, NOBODY)
    else:
        os.chown(os.path.join(os.path.dirname(module), what), NOBODY, NOBODY)
    assert_refused(by_flag(tokens, path), f".* belongs to user {NOBODY}")
