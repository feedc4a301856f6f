"""Files that hold a certificate or key in another form than plain PEM: read, or named."""

import base64
import json
import os
import re
import shlex
import shutil
import stat
import subprocess

import pytest
from support import pki
from support.process import assert_credentials, assert_fails, environment, run, session
from support.verifier import Verifier


def openssl(*arguments, **options):
    return subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True,
                          env=environment(), **options).stdout


def split(text):
    return text.decode().splitlines()


# How editors, templates and Windows change a PEM file without harm.
HARMLESS = {
    "blank lines": lambda t: "\n\n".join(split(t)).encode() + b"\n\n",
    "blank lines with blanks": lambda t: " \n\t \r\n".join(split(t)).encode(),
    "indented": lambda t: "".join(f"    {line}\n" for line in split(t)).encode(),
    "indented below a name": lambda t: ("data: |\n" + "".join(
        f"\t{line}\n" for line in split(t))).encode(),
    "blanks at the ends": lambda t: "".join(f"{line} \t\n" for line in split(t)).encode(),
    "UTF-16": lambda t: t.decode().encode("utf-16"),
    "UTF-16, big end first": lambda t: t.decode().replace("\n", "\r\n").encode("utf-16-be"),
    "UTF-16, no mark": lambda t: t.decode().encode("utf-16-le"),
    "UTF-8 with a mark": lambda t: t.decode().encode("utf-8-sig"),
}


@pytest.mark.parametrize("form", HARMLESS)
def test_harmless_changes(identity, tmp_path, form):
    change = HARMLESS[form]
    flags = ["--certificate", pki.write(tmp_path, "c", change(pki.pem(identity.leaf))),
             "--private-key", pki.write(tmp_path, "k", change(pki.key_pem(identity.leaf.key))),
             "--intermediates", pki.write(tmp_path, "i", change(pki.pem(identity.intermediate)))]
    with Verifier() as verifier:
        result = session(verifier, flags)
    assert_credentials(result)
    assert result.err == "" and len(verifier.signed[0].chain) == 1, result


@pytest.mark.parametrize("how", [["pkcs8", "-topk8"], ["ec", "-aes256"]], ids=lambda h: h[0])
@pytest.mark.parametrize("form", HARMLESS)
def test_harmless_changes_of_encrypted_keys(identity, emulator, tmp_path, form, how):
    """The traditional form has headers, and an empty line behind them that is needed."""
    text = openssl(*how, "-passout", "pass:pw", "-in", identity.key)
    key = pki.write(tmp_path, "k", HARMLESS[form](text))
    assert_credentials(session(emulator, [*identity.flags[:3], key], "--password-source", "env:PW",
                               env={"PW": "pw"}))


@pytest.fixture(name="folder")
def folder_with_a_hard_name(tmp_path):
    """What a shell would act upon, if the path in a hint were not quoted."""
    path = tmp_path / "it's a $HOME; `x` \u00e9"
    path.mkdir()
    return path


def follow(result, folder):
    """Runs the command of a hint as it stands there."""
    command = result.hint.split("convert the file: ", 1)[1]
    command = command.split(", then", 1)[0].split(", if the JSON", 1)[0]
    subprocess.run(["sh", "-c", command], cwd="/", check=True, env=environment())
    return folder / ("FILE.p12" if ".p12" in command else "FILE.pem")


def pkcs7(directory, *entities, form="PEM"):
    path = directory / f"chain.{form}.p7b"
    openssl("crl2pkcs7", "-nocrl", "-certfile", pki.write(directory, "all", pki.pem(*entities)),
            "-outform", form, "-out", path)
    return path


@pytest.mark.parametrize("form", ["PEM", "DER"])
def test_intermediates_as_pkcs7(identity, tmp_path, folder, form):
    a = identity.root.issue("A", ca=True)
    leaf = a.issue("B", ca=True).issue("leaf")
    flags = pki.write_identity(tmp_path, leaf, chain=False)
    more = pkcs7(tmp_path, identity.root, a, leaf, *leaf.chain, form=form)
    with Verifier() as verifier:
        result = session(verifier, [*flags, "--intermediates", more])
    assert_credentials(result)
    assert result.err == "" and len(verifier.signed[0].chain) == 2, result
    flags[1] = shutil.copy(more, folder / "FILE")
    result = session(verifier, flags)
    assert_fails(result, 2, "PKCS#7", hint="openssl pkcs7 .*-print_certs")
    assert follow(result, folder).read_text().count("BEGIN CERTIFICATE") == 5


def vault(identity):
    return json.dumps({"data": {"certificate": pki.pem(identity.leaf).decode(),
                                "private_key": pki.key_pem(identity.leaf.key).decode()}}).encode()


def kubernetes(identity):
    encode = lambda data: base64.b64encode(data).decode()  # noqa: E731
    return json.dumps({"kind": "Secret", "data": {
        "tls.crt": encode(pki.pem(identity.leaf)),
        "tls.key": encode(pki.key_pem(identity.leaf.key))}}, indent=2).encode()


def both(identity):
    return pki.key_pem(identity.leaf.key) + pki.pem(identity.leaf)


# What makes the form, and what the message calls it.
FORMS = {
    "escaped": (lambda i: both(i).replace(b"\n", b"\\n"), r"PEM with \\n"),
    "escaped and quoted": (lambda i: json.dumps(both(i).decode()).encode(), r"PEM with \\n"),
    "one line": (lambda i: both(i).replace(b"\n", b" "), "joined to one line"),
    "one line without blanks": (lambda i: both(i).replace(b"\n", b""), "joined to one line"),
    "base64": (lambda i: base64.encodebytes(both(i)), "base64 of a PEM file"),
    "base64 in one line": (lambda i: base64.b64encode(both(i)), "base64 of a PEM file"),
    "base64 of Windows": (lambda i: base64.encodebytes(both(i)).replace(b"\n", b"\r\n"),
                          "base64 of a PEM file"),
    "base64, indented": (lambda i: b"  " + base64.encodebytes(both(i)).replace(b"\n", b"\n \t"),
                         "base64 of a PEM file"),
    "Vault": (vault, "JSON"),
    "Kubernetes": (kubernetes, "JSON, of a Kubernetes Secret"),
}


@pytest.mark.parametrize("form", FORMS)
def test_form_is_named_and_its_command_works(identity, emulator, silent, folder, form):
    make, pattern = FORMS[form]
    path = pki.write(folder, "FILE", make(identity))
    result = session(silent, ["--certificate", path, "--private-key", path])
    assert_fails(result, 2, f"certificate file {re.escape(path)} is .*{pattern}", hint="convert the file")
    file = follow(result, folder)
    assert stat.S_IMODE(os.stat(file).st_mode) == 0o600
    flags = ["--certificate", file, "--intermediates",
             pki.write(folder, "i", pki.pem(identity.intermediate))]
    assert_credentials(session(emulator, flags))


def test_java_keystore(silent, folder):
    path = pki.write(folder, "FILE", b"\xfe\xed\xfe\xed\0\0\0\x02\0\0\0\0")
    result = session(silent, ["--certificate", path])
    assert_fails(result, 2, "is a Java keystore", hint="keytool -importkeystore")
    words = shlex.split(result.hint.translate(str.maketrans("()", "  ")))
    assert words[words.index("-srckeystore") + 1] == path, words
    assert words[words.index("-destkeystore") + 1] == words[-3] == f"{path}.p12", words


def test_a_name_that_cannot_be_pasted(identity, silent, tmp_path):
    """It stays FILE; so does standard input. A dash at the beginning would be an option."""
    path = pki.write(tmp_path, "a\nb", both(identity).replace(b"\n", b" "))
    assert session(silent, ["--certificate", path]).hint.endswith("FILE > FILE.pem)")
    with open(path, "rb") as file:
        assert " FILE > " in session(silent, ["--certificate", "-"], stdin=file).hint
    os.rename(path, tmp_path / "-x")
    result = session(silent, ["--certificate", "-x"], cwd=tmp_path)
    assert result.hint.endswith(" ./-x > ./-x.pem)"), result


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n"])
def test_base64_of_pkcs12(identity, emulator, silent, folder, line_end):
    both_file = pki.write(folder, "in", both(identity) + pki.pem(identity.intermediate))
    store = openssl("pkcs12", "-export", "-in", both_file, "-passout", "pass:")
    path = pki.write(folder, "FILE", base64.encodebytes(store).replace(b"\n", line_end))
    result = session(silent, ["--certificate", path])
    assert_fails(result, 2, "base64 of a PKCS#12 file", hint="base64 -d")
    assert_credentials(session(emulator, ["--certificate", follow(result, folder)]))


DER = {
    "SEC1": ("--private-key", ["ec", "-in", "KEY"], "a private key", "openssl pkey"),
    "PKCS#8": ("--private-key", ["pkcs8", "-topk8", "-nocrypt", "-in", "KEY"], "a private key",
               "openssl pkey"),
    "encrypted": ("--private-key", ["pkcs8", "-topk8", "-passout", "pass:x", "-in", "KEY"],
                  "an encrypted private key", "openssl pkey .*-aes256"),
    "certificate": ("--certificate", ["x509", "-in", "CERTIFICATE"], "a certificate",
                    "openssl x509"),
    "request": ("--certificate", ["req", "-new", "-subj", "/CN=x", "-key", "KEY"],
                "a certificate request", "the CA"),
    "public key": ("--private-key", ["pkey", "-pubout", "-in", "KEY"], "a public key", "private"),
}


@pytest.mark.parametrize("encoded", [False, True], ids=["DER", "base64"])
@pytest.mark.parametrize("name", DER)
def test_der(identity, silent, folder, name, encoded):
    flag, arguments, what, hint = DER[name]
    names = {"KEY": identity.key, "CERTIFICATE": identity.certificate}
    content = openssl(*[names.get(a, a) for a in arguments], "-outform", "DER")
    path = pki.write(folder, "FILE", base64.encodebytes(content) if encoded else content)
    flags = list(identity.flags)
    flags[flags.index(flag) + 1] = path
    result = session(silent, flags)
    assert_fails(result, 2, f"{'base64' if encoded else 'DER'}.*it contains {what}\n", hint=hint)
    if what in ("a certificate request", "a public key"):
        return
    if "encrypted" in what:  # it asks for both passwords
        result.err = result.err.replace("-aes256", "-aes256 -passin pass:x -passout pass:y")
    label = "CERTIFICATE" if what == "a certificate" else "PRIVATE KEY"
    assert f"{label}-----" in follow(result, folder).read_text()


def test_other_blocks_are_named(identity, silent, tmp_path):
    request = pki.write(tmp_path, "csr", openssl("req", "-new", "-subj", "/CN=x", "-key",
                                                 identity.key))
    public = pki.write(tmp_path, "pub", openssl("pkey", "-pubout", "-in", identity.key))
    bare = pki.write(tmp_path, "bare", pki.pem(identity.leaf))
    swapped = session(silent, ["--certificate", identity.key, "--private-key", bare])
    assert_fails(swapped, 2, "no certificate, only a private key", hint="swapped")
    for flag, path, pattern, hint in [
            ("--private-key", bare, "no private key, only a certificate", "--private-key names"),
            ("--certificate", request, "no certificate, only a certificate request", "the CA"),
            ("--private-key", request, "no private key, only a certificate request", "signed with"),
            ("--certificate", public, "no certificate, only a public key", "the CA"),
            ("--private-key", public, "no private key, only a public key", "cannot sign"),
            ("--intermediates", public, "no certificate, only a public key", "the CA")]:
        flags = [*identity.flags, "--intermediates", bare]
        flags[flags.index(flag) + 1] = path
        assert_fails(session(silent, flags), 2, pattern, hint=hint)
    result = run("read-certificate-data", "--certificate", request)
    assert_fails(result, 2, "only a certificate request")


def test_openssh_keys(identity, silent, folder):
    """Of a key that can be used, a copy is converted; the user's own file stays."""
    for kind, hint in [("ecdsa", "convert a copy"), ("ed25519", "P-256")]:
        path = folder / kind
        subprocess.run(["ssh-keygen", "-q", "-t", kind, "-N", "", "-f", path], check=True,
                       env=environment())
        result = session(silent, [*identity.flags[:3], path])
        assert_fails(result, 2, "OpenSSH", hint=hint)
        assert_fails(session(silent, [*identity.flags[:3], f"{path}.pub"]), 2,
                     "is a public key of OpenSSH")
        if kind == "ed25519":
            assert "ssh-ed25519" in result.errors[0] and "ssh-keygen" not in result.hint, result
            continue
        before = path.read_bytes()
        command = result.hint.split(": ", 1)[1]
        subprocess.run(["sh", "-c", f"{command} -N '' -q"], check=True, env=environment())
        assert path.read_bytes() == before
        converted = session(silent, [*identity.flags[:3], f"{path}.pem"])
        assert_fails(converted, 2, "does not match")
