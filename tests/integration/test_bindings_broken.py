"""bindings: what stands in the way of a binding is in its line."""

import pytest
from support import pki
from support.process import ARNS, run

OPEN = dict(zip(("trust-anchor-arn", "profile-arn", "role-arn"), ARNS[1::2]))


def table(name, values):
    return f"[binding.{name}]\n" + "".join(f'{key} = "{value}"\n' for key, value in values.items())


def rows(tmp_path, tables, **options):
    """The last column of each binding's line, by its name."""
    path = tmp_path / "config.toml"
    path.write_text("".join(table(name, values) for name, values in tables.items()))
    path.chmod(0o600)
    result = run("bindings", "--config", path, **options)
    assert result.code == 0 and result.err == "", result
    lines = result.out.splitlines()[1:]
    assert [line.split()[0] for line in lines] == list(tables), result
    return dict(zip(tables, lines))


@pytest.fixture(name="whole")
def whole_binding(identity):
    return {"certificate": identity.certificate, "private-key": identity.key, **OPEN}


def test_a_key_that_is_missing_or_another_ones(identity, whole, tmp_path):
    other = pki.write_identity(tmp_path, identity.intermediate.issue("other"))
    found = rows(tmp_path, {
        "whole": whole,
        "missing": {**whole, "private-key": str(tmp_path / "none.key")},
        "foreign": {**whole, "private-key": other[3]},
        "swapped": {**whole, "private-key": identity.certificate},
        "empty": {**whole, "private-key": "/dev/null"},
    })
    assert "error" not in found["whole"] and found["whole"].endswith("CN=test leaf"), found
    assert "error:" in found["missing"] and str(tmp_path / "none.key") in found["missing"], found
    assert "error:" in found["foreign"] and other[3] in found["foreign"], found
    assert "error:" in found["swapped"] and "error:" in found["empty"], found


@pytest.mark.parametrize("name", ["certificate", "role-arn", "profile-arn", "trust-anchor-arn"])
def test_a_value_that_is_missing(whole, tmp_path, name):
    values = {key: value for key, value in whole.items() if key != name}
    line = rows(tmp_path, {"b": values})["b"]
    assert line.endswith(f"error: missing: --{name}"), "the row has the binding's name already"


def test_no_key_at_all(whole, tmp_path):
    values = {key: value for key, value in whole.items() if key != "private-key"}
    assert "error: missing: --private-key" in rows(tmp_path, {"b": values})["b"]


@pytest.mark.parametrize("name", ["intermediates", "ca-bundle"])
def test_other_files(whole, tmp_path, name):
    line = rows(tmp_path, {"b": {**whole, name: str(tmp_path / "none.pem")}})["b"]
    assert "error:" in line and str(tmp_path / "none.pem") in line


def test_an_encrypted_key(identity, whole, tmp_path):
    """Nobody is asked; with a source for the password it is known whether it matches."""
    password = tmp_path / "password"
    password.write_text("secret")
    password.chmod(0o600)
    key = pki.write(tmp_path, "e.key", pki.key_pem(identity.leaf.key, password=b"secret"))
    other = pki.write(tmp_path, "o.key",
                      pki.key_pem(pki.key("p256", "stranger"), password=b"secret"))
    source = {"password-source": f"file:{password}"}
    found = rows(tmp_path, {
        "unknown": {**whole, "private-key": other},
        "right": {**whole, "private-key": key, **source},
        "foreign": {**whole, "private-key": other, **source},
    })
    assert found["unknown"].endswith("CN=test leaf") and found["right"].endswith("CN=test leaf")
    assert "error:" in found["foreign"], found


def test_expired_is_not_broken(identity, whole, tmp_path):
    """It has a column of its own; and of several certificates the key's is shown."""
    expired = identity.intermediate.issue("expired leaf", not_before=pki.NOW - 20 * pki.DAY,
                                          not_after=pki.NOW - 10 * pki.DAY - pki.DAY / 2)
    flags = pki.write_identity(tmp_path, expired)
    both = pki.write(tmp_path, "both.pem", pki.pem(identity.leaf) + pki.pem(expired))
    found = rows(tmp_path, {"b": {**whole, "certificate": both, "private-key": flags[3]}})["b"]
    assert found.endswith("CN=expired leaf") and "(expired 10 days ago)" in found
