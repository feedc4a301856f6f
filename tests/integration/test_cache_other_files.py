"""The cache's directory may hold files of others: rolecall removes only what it names itself."""

import pytest
from support.process import ARNS, Emulator, assert_credentials, run

KEPT = ("selector.json", "notes.new", "apt.lock", ".json", ".imds-key.new", "default.imds-key.new",
        "0123456789ABCDEF.json", "0123456789abcde.json", "0123456789abcdef0.lock")


@pytest.mark.parametrize("clear", [False, True])
def test_other_files_stay(identity, tmp_path, clear):
    config = tmp_path / "config"
    (config / "rolecall").mkdir(parents=True)
    (config / "rolecall").chmod(0o700)
    for name in KEPT:
        (config / "rolecall" / name).write_text("precious")
    left = config / "rolecall" / "0123456789abcdef.new"  # of a process that was killed
    left.write_text("secret")
    env = {"XDG_CACHE_HOME": str(config)}
    with Emulator(identity.root_file) as emulator:
        assert_credentials(run("credential-process", *identity.flags, *ARNS, "--endpoint",
                               emulator.url, "--cache", env=env))
    if clear:
        result = run("cache", "clear", env=env)
        assert (result.code, result.out, result.err) == (0, "", "")
    assert not left.exists()
    names = {path.name for path in (config / "rolecall").iterdir()}
    assert names >= set(KEPT), names
    assert len([name for name in names - set(KEPT) if name.endswith(".json")]) == (not clear), names
    assert all((config / "rolecall" / name).read_text() == "precious" for name in KEPT)
