"""What version, read-certificate-data and sign-string have in common, and --cert-selector."""

import re

import pytest
from support.diagnostics import output, read
from support.process import ARNS, assert_fails, needs_dynamic_build, run


def test_version(tmp_path):
    assert re.fullmatch(rb"\d+\.\d+\.\d+\n", output("version"))
    assert output("--version") == output("version")
    assert_fails(run("version", "x"), 2, "unexpected argument")


@pytest.mark.parametrize("command", [["version"], ["read-certificate-data"], ["sign-string"]])
def test_a_full_disk(identity, command):
    flags = {"read-certificate-data": ["--certificate", identity.certificate],
             "sign-string": ["--private-key", identity.key]}.get(command[0], [])
    with open("/dev/full", "w", encoding="utf-8") as full:
        result = run(*command, *flags, stdout=full)
    assert result.code == 1 and "No space left" in result.err, result


def test_debug_changes_nothing_on_stdout(identity):
    for command in (["read-certificate-data", "--certificate", identity.certificate],
                    ["sign-string", "--private-key", identity.key, "--digest", "SHA384"]):
        result = run(*command, "--debug")
        assert result.code == 0 and "rolecall: debug: " in result.err
        assert "PRIVATE" not in result.err
    assert run("read-certificate-data", "--certificate", identity.certificate,
               "--debug").out.encode() == read(identity.certificate)


def test_uris_that_name_nothing():
    needs_dynamic_build("PKCS#11")

    def fails(*flags, **expected):
        assert_fails(run(*flags), 2, **expected)

    fails("read-certificate-data", "--certificate", "pkcs11:nonsense", pattern="not a PKCS#11 URI",
          hint="pkcs11:token=")
    fails("read-certificate-data", "--certificate", "pkcs11:", "--pkcs11-lib", "/x.so",
          pattern="/x.so cannot be loaded")
    fails("sign-string", "--private-key", "pkcs11:nonsense", pattern="not a PKCS#11 URI")


SELECTOR_COMMANDS = [["read-certificate-data"], ["sign-string"], ["credential-process", *ARNS]]


@pytest.mark.parametrize("command", SELECTOR_COMMANDS, ids=lambda c: c[0])
def test_selectors(tmp_path, command):
    def fails(selector, pattern):
        return assert_fails(run(*command, "--cert-selector", selector), 2, pattern)

    bad = tmp_path / "bad.json"
    bad.write_text('{"Key": "x509Subject"}')
    for selector, pattern in [
            ("", "is empty"), ("CN=a", "does not start with Key="),
            ("Key=x509Subject,Value=CN=a Key=x509Subject,Value=CN=b", "x509Subject is given twice"),
            ("Key=x509Name,Value=CN=a", "no key \"x509Name\""),
            ("rest Key=x509Subject,Value=CN=a", "does not start"),
            ("Key=x509Serial,Value=xyz", "not hex"), ("Key=x509Issuer,Value=/CN=a", "RFC 2253"),
            (f"file://{bad}", "not a JSON list"), ("file:///none.json", "No such file")]:
        fails(selector, pattern)


def test_a_selector_without_quotes_around_it():
    result = run("read-certificate-data", "--cert-selector", "Key=x509Subject,Value=CN=a",
                 "Key=x509Issuer,Value=CN=b")
    assert_fails(result, 2, "unexpected argument", hint="quotes")
