"""The key and its certificate in one PEM file, which --certificate alone names."""

import os
import subprocess

import pytest
from support import pki
from support.process import (ARNS, Emulator, assert_credentials, assert_fails, environment, run,
                             session)
from support.serve import Serve, eventually


def both(identity, leaf=None):
    leaf = leaf or identity.leaf
    return pki.key_pem(leaf.key) + pki.pem(leaf, identity.intermediate)


ORDERS = {"key first": both,
          "key last": lambda i: pki.pem(i.intermediate, i.leaf) + pki.key_pem(i.leaf.key),
          "key between": lambda i: (pki.pem(i.leaf) + pki.key_pem(i.leaf.key, "traditional")
                                    + pki.pem(i.intermediate))}


@pytest.mark.parametrize("order", ORDERS)
def test_any_order(identity, emulator, tmp_path, order):
    path = pki.write(tmp_path, "both.pem", ORDERS[order](identity))
    result = session(emulator, ["--certificate", path])
    assert_credentials(result)
    assert result.err == "", result
    signature = run("sign-string", "--certificate", path)
    assert signature.code == 0 and signature.out.startswith('"'), signature


def test_through_a_stream(identity, emulator, tmp_path):
    with open(pki.write(tmp_path, "both.pem", both(identity)), "rb") as file:
        assert_credentials(session(emulator, ["--certificate", "-"], stdin=file))


def test_without_its_key(identity, silent):
    assert_fails(session(silent, identity.flags[:2]), 2,
                 f"missing: --private-key, because certificate file {identity.certificate} contains no",
                 hint="a PEM file with both")
    assert_fails(run("sign-string", *identity.flags[:2]), 2, "missing: --private-key")


def test_two_keys(identity, silent, tmp_path):
    path = pki.write(tmp_path, "both.pem", both(identity) + pki.key_pem(pki.key("p384")))
    assert_fails(session(silent, ["--certificate", path]), 2, "more than one private key")


def test_mode_is_warned_of(identity, emulator, tmp_path):
    path = pki.write(tmp_path, "both.pem", both(identity))
    os.chmod(path, 0o644)
    result = session(emulator, ["--certificate", path])
    assert_credentials(result)
    assert len(result.warnings) == 1 and "both.pem has mode 0644" in result.err, result


def test_encrypted(identity, emulator, tmp_path):
    key = subprocess.run(["openssl", "pkcs8", "-topk8", "-passout", "pass:pw", "-in", identity.key],
                         check=True, capture_output=True, env=environment()).stdout
    path = pki.write(tmp_path, "both.pem", key + pki.pem(identity.leaf, identity.intermediate))
    assert_credentials(session(emulator, ["--certificate", path], "--password-source", "env:PW",
                               env={"PW": "pw"}))


def test_cached(identity, emulator, tmp_path):
    path = pki.write(tmp_path, "both.pem", both(identity))
    results = [session(emulator, ["--certificate", path], "--cache", env={"HOME": str(tmp_path)})
               for _ in range(2)]
    assert results[0].out == results[1].out and results[0].code == 0, results


def test_every_command_with_a_binding(home, identity, tmp_path):
    pki.write(tmp_path, "both.pem", both(identity))
    lines = ['certificate = "both.pem"', f'endpoint = "{home.emulator.url}"']
    lines += [f'{flag[2:]} = "{value}"' for flag, value in zip(ARNS[::2], ARNS[1::2])]
    config = pki.write(tmp_path, "config.toml", "\n".join(["[binding.one]", *lines]).encode())
    flags = ["--config", config, "--binding", "one"]
    env = {"HOME": str(home.path)}
    for command in ("credential-process", "export", "update --once --profile two", "sign-string",
                    "configure --profile one", "exec", "exec --refresh"):
        more = ["--", "/usr/bin/true"] if command.startswith("exec") else []
        result = run(*command.split(), *flags, *more, env=env)
        assert result.code == 0 and not result.errors, result
    row = run("bindings", "--config", config, env=env).out.splitlines()[1]
    assert "test leaf" in row and "error" not in row, row


def test_configured_by_flags(home, identity, tmp_path):
    path = pki.write(tmp_path, "both.pem", both(identity))
    flags = ["--certificate", path, *ARNS, "--endpoint", home.emulator.url]
    result = home.configure(flags=flags)
    assert result.code == 0, result
    assert home.command()[2:4] == ["--certificate", path]


def test_serve_takes_a_new_file_as_one(identity, tmp_path):
    """There is no moment at which the key and the certificate do not match."""
    path = tmp_path / "both.pem"
    path.write_bytes(both(identity))
    path.chmod(0o600)
    second = identity.intermediate.issue("second", private_key=pki.key("p256", "second"))
    with Emulator(identity.root_file, "--session-duration-max", 6) as emulator, \
            Serve(tmp_path, server=emulator, flags=["--certificate", path]) as serve:
        assert serve.credentials()
        new = pki.write(tmp_path, "new", both(identity, second))
        os.rename(new, path)
        eventually(lambda: serve.events("read a new certificate and its key"))
        assert serve.events("read a new certificate and its key")[0]["subject"] == "CN=second"
        assert serve.credentials()
    assert not [e for e in serve.events() if "cannot be used" in e["event"]], serve.err
