"""What the manual page of credential-process says of flags, held against the program."""

import pathlib
import re

import pytest
from support.process import ARNS, needs_shared_build, run

PAGE = (pathlib.Path(__file__).resolve().parents[2] / "docs/man/rolecall-credential-process.md"
        ).read_text(encoding="utf-8")


@pytest.mark.parametrize("flags", [
    ["--cert-selector", "Key=x509Subject,Value=CN=rolecall-none"],
    ["--certificate", "pkcs11:token=rolecall-none"],
    ["--certificate", "LEAF", "--private-key", "pkcs11:token=rolecall-none"],
    ["--certificate", "LEAF", "--private-key", "handle:0x81ffffff"]], ids=range(4))
def test_hardware_is_not_refused(identity, flags):
    """It is looked for, and is not there."""
    needs_shared_build("PKCS#11")
    flags = [identity.certificate if flag == "LEAF" else flag for flag in flags]
    result = run("credential-process", *flags, *ARNS, env={"SOFTHSM2_CONF": "/nonexistent"})
    assert result.code != 0 and not re.search("exclude|missing|unknown|unexpected", result.err)
    assert re.search("token|TPM|matches|PKCS#11", result.err), result
    assert not re.search(r"cert-selector\*\* is refused|`pkcs11:` and `handle:` in place of", PAGE)


def described(flag):
    """The text of a flag's item."""
    found = re.search(rf"^(?:\*\*.*)?\*\*{flag}\*\*.*\n((?:[: ] .*\n)+)", PAGE, re.M)
    assert found, flag
    return " ".join(found.group(1).split())


def test_what_has_no_effect_has_none(identity, emulator):
    assert "no effect" in PAGE
    result = run("credential-process", *identity.flags, *ARNS, "--endpoint", emulator.url,
                 "--system-store-name", "MY")
    assert result.code == 0 and result.err == "", result


@pytest.mark.parametrize("flag,default", [("--session-duration", "3600"),
                                          ("--cache-margin", "900")])
def test_defaults(flag, default):
    shown = " ".join(run("credential-process", "--help").out.split())
    assert re.search(rf"{flag} SECONDS .*?Default: {default}\b", shown), shown
    assert default in described(flag)


def test_limits():
    for flag, low, high in (("--session-duration", 900, 43200),):
        assert f"{low} to {high}" in described(flag)
        for value in (low - 1, high + 1):
            assert f"from {low} to {high}" in run("credential-process", flag, value).err


def test_variables_of_the_page_are_known():
    section = PAGE[PAGE.index("## ENVIRONMENT"):PAGE.index("## FILES")]
    names = re.findall(r"\*\*(ROLECALL_[A-Z0-9_]+)\*\*", section)
    assert {"ROLECALL_CONFIG", "ROLECALL_PIN"} <= set(names)
    result = run("credential-process", env={name: "/dev/null" for name in names})
    assert "not known" not in result.err, result


def test_a_switch_can_be_turned_off_again(tmp_path):
    config = tmp_path / "config.toml"
    config.write_text("cache = true\n")
    config.chmod(0o600)
    result = run("credential-process", "--config", config, "--cache=false", "--debug")
    assert "--cache=false (command line)" in result.err, result
