"""The sandbox of serve, update and exec --refresh: what is given up, and that the rest still works."""

import errno
import json
import os
import pathlib
import platform
import re
import signal
import subprocess

import pytest
from support import pki, updates
from support.process import ARNS, BINARY, Emulator, environment, run
from support.serve import Serve, eventually
from support.tokens import PIN, SoftHsm

PYTHON = "/usr/bin/python3"
# The sanitizers read the memory of a process through another process.
FILTERED = "0" if re.search("/(asan|tsan)/", BINARY) else "2"


def rights_of(pid):
    """{name: value} of what the kernel says about each thread; all have the same."""
    threads = [dict(re.findall(r"^(NoNewPrivs|Seccomp|CapEff):\s*(\S+)$",
                               (task / "status").read_text(), re.MULTILINE))
               for task in pathlib.Path(f"/proc/{pid}/task").iterdir()]
    assert all(thread["Seccomp"] == threads[0]["Seccomp"] for thread in threads), threads
    return threads[0]


def said(text):
    return re.search(r"sandbox: (.*)", text).group(1)


def test_serve(identity, emulator, tmp_path):
    with Serve(tmp_path, "--debug", server=emulator, flags=identity.flags) as serve:
        rights = rights_of(serve.process.pid)
        assert (rights["NoNewPrivs"], rights["Seccomp"]) == ("1", FILTERED), rights
        # Those for files, users and locked memory: capabilities(7).
        assert int(rights["CapEff"], 16) & ~0x40cf == 0, rights
        status = pathlib.Path(f"/proc/{serve.process.pid}/status").read_text()
        locked = int(re.search(r"VmLck:\s*(\d+) kB", status).group(1))
        # A sanitizer locks nothing, and says that it did.
        assert FILTERED == "0" or (locked > 0) == ("memory lock" in said(serve.err).split("; off: ")[0]), serve.err
        assert "no new privileges" in said(serve.err).split("; off: ")[0], serve.err
        assert serve.credentials()["AccessKeyId"].startswith("ASIA")


def copy_of(identity, directory):
    """The same identity in files of this directory."""
    directory.mkdir()
    flags = []
    for flag, path in zip(identity.flags[::2], identity.flags[1::2]):
        copy = directory / pathlib.Path(path).name
        copy.write_bytes(pathlib.Path(path).read_bytes())
        copy.chmod(0o600)
        flags += [flag, str(copy)]
    return flags


def test_files_may_be_replaced_in_their_directory(identity, emulator, tmp_path):
    flags = copy_of(identity, tmp_path / "own")
    with Serve(tmp_path, server=emulator, flags=flags) as serve:
        for path in (tmp_path / "own").iterdir():
            new = path.with_suffix(".new")
            new.write_bytes(path.read_bytes() + b"\n")
            new.chmod(0o600)
            new.rename(path)
        serve.process.send_signal(signal.SIGHUP)
        eventually(lambda: len(serve.events("renewed")) >= 2)
        assert not [e for e in serve.events() if "cannot be used" in e["event"]], serve.err


def link_elsewhere(flags, tmp_path):
    certificate = pathlib.Path(flags[flags.index("--certificate") + 1])
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "leaf.pem").write_bytes(certificate.read_bytes() + b"\n")
    certificate.unlink()
    certificate.symlink_to(elsewhere / "leaf.pem")


@pytest.mark.parametrize("more", [[], ["--no-sandbox"]])
def test_a_file_of_another_directory_cannot_be_read(identity, emulator, tmp_path, more):
    flags = copy_of(identity, tmp_path / "own")
    with Serve(tmp_path, "--debug", *more, server=emulator, flags=flags) as serve:
        if not more and "files" not in said(serve.err).split("; off: ")[0]:
            pytest.skip(f"this kernel cannot limit files: {said(serve.err)}")
        link_elsewhere(flags, tmp_path)
        serve.process.send_signal(signal.SIGHUP)
        if more:
            eventually(lambda: len(serve.events("renewed")) >= 2)
            assert rights_of(serve.process.pid)["NoNewPrivs"] == "0"
            return
        refused = eventually(lambda: [e for e in serve.events() if "Permission denied" in str(e)])[0]
        assert "--no-sandbox" in str(refused), refused
        # It goes on with the certificate that it has.
        eventually(lambda: len(serve.events("renewed")) >= 2)


def test_a_variable_with_a_missing_directory_allows_nothing_more(identity, emulator, tmp_path):
    """The nearest directory above would be the root of the system."""
    flags = copy_of(identity, tmp_path / "own")
    with Serve(tmp_path, "--debug", server=emulator, flags=flags,
               env={"SSL_CERT_DIR": "/etc/ssl/certs:/missing/certs"}) as serve:
        if "files" not in said(serve.err).split("; off: ")[0]:
            pytest.skip(f"this kernel cannot limit files: {said(serve.err)}")
        link_elsewhere(flags, tmp_path)
        serve.process.send_signal(signal.SIGHUP)
        eventually(lambda: [e for e in serve.events() if "Permission denied" in str(e)])


def test_a_directory_may_become_a_link_to_a_new_version(identity, emulator, tmp_path):
    made = copy_of(identity, tmp_path / "1")
    copy_of(identity, tmp_path / "2")
    current = tmp_path / "current"
    current.symlink_to("1")
    flags = [word.replace(f"{tmp_path}/1/", f"{current}/") for word in made]
    with Serve(tmp_path, server=emulator, flags=flags) as serve:
        (tmp_path / "new").symlink_to("2")
        (tmp_path / "new").rename(current)
        serve.process.send_signal(signal.SIGHUP)
        eventually(lambda: len(serve.events("renewed")) >= 2)
        assert not [e for e in serve.events() if "cannot be used" in e["event"]], serve.err


def test_update(identity, emulator, tmp_path):
    credentials = tmp_path / "aws" / "credentials"
    child = updates.start(emulator, identity.flags, credentials, "--debug")
    try:
        eventually(credentials.exists)
        rights = rights_of(child.pid)
        assert (rights["NoNewPrivs"], rights["Seccomp"]) == ("1", FILTERED), rights
        first = updates.keys_in(credentials)
        child.send_signal(signal.SIGHUP)
        eventually(lambda: updates.keys_in(credentials) != first)
    finally:
        child.terminate()
        err = child.communicate(timeout=20)[1]
    assert "no new privileges" in said(err).split("; off: ")[0], err


def test_update_says_what_to_do_if_its_directory_was_replaced(identity, emulator, tmp_path):
    credentials = tmp_path / "aws" / "credentials"
    credentials.parent.mkdir()
    with open(tmp_path / "err", "w", encoding="utf-8") as err, subprocess.Popen(
            [BINARY, *updates.arguments(emulator, identity.flags, "--debug")],
            env=environment({"AWS_SHARED_CREDENTIALS_FILE": str(credentials), "HOME": str(tmp_path)}),
            stdin=subprocess.DEVNULL, stderr=err) as child:
        try:
            eventually(credentials.exists)
            written = (tmp_path / "err").read_text
            if "files" not in said(written()).split("; off: ")[0]:
                pytest.skip(f"this kernel cannot limit files: {said(written())}")
            credentials.parent.rename(tmp_path / "old")
            credentials.parent.mkdir()
            child.send_signal(signal.SIGHUP)
            eventually(lambda: "start it again, or use --no-sandbox" in written())
        finally:
            child.terminate()


SHOW = """
import json, os, pathlib, re
def rights(pid):
    return dict(re.findall(r"^(NoNewPrivs|Seccomp):\\s*(\\S+)$",
                           pathlib.Path(f"/proc/{pid}/status").read_text(), re.MULTILINE))
import time
end = time.monotonic() + 20
while rights(os.getppid())["NoNewPrivs"] == "0" and time.monotonic() < end: time.sleep(0.01)
print(json.dumps([rights(os.getpid()), rights(os.getppid())]))
"""


def test_the_command_of_exec_keeps_its_rights(identity, emulator):
    before = {name: value for name, value in rights_of(os.getpid()).items() if name != "CapEff"}
    result = run("exec", "--refresh", *identity.flags, *ARNS, "--endpoint", emulator.url, "--", PYTHON, "-c", SHOW)
    own, parent = json.loads(result.out)
    assert own == before and parent == {"NoNewPrivs": "1", "Seccomp": FILTERED}, result


# A container or a kernel without these calls: landlock_create_ruleset, seccomp.
WITHOUT = """
import ctypes, os, struct, sys
def line(code, yes, no, value): return struct.pack("HBBI", code, yes, no, value)
program = b"".join([line(0x20, 0, 0, 0), line(0x15, 0, 1, int(sys.argv[1])),
                    line(0x06, 0, 0, 0x50000 | int(sys.argv[2])), line(0x06, 0, 0, 0x7fff0000)])
lines = ctypes.create_string_buffer(program)
filter = ctypes.create_string_buffer(struct.pack("HxxxxxxP", 4, ctypes.addressof(lines)))
prctl = ctypes.CDLL(None, use_errno=True).prctl
assert prctl(38, 1, 0, 0, 0) == 0 and prctl(22, 2, filter, 0, 0) == 0
os.execv(sys.argv[3], sys.argv[3:])
"""


@pytest.mark.skipif(platform.machine() != "x86_64", reason="the numbers are those of x86_64")
@pytest.mark.parametrize("number,error,missing", [
    (444, errno.ENOSYS, "landlock"), (444, errno.EPERM, "landlock"),
    (317, errno.ENOSYS, "seccomp filters"), (317, errno.EPERM, "seccomp filters")])
def test_without_a_call(identity, emulator, tmp_path, number, error, missing):
    """ENOSYS of an old kernel, EPERM of a container. Everything else works, and doctor says so."""
    if missing == "seccomp filters" and FILTERED == "0":
        pytest.skip("this build has no filters")
    prefix = [PYTHON, "-c", WITHOUT, str(number), str(error)]
    with Serve(tmp_path, "--debug", server=emulator, flags=identity.flags, prefix=prefix) as serve:
        on, off = said(serve.err).split("; off: ")
        assert "no new privileges" in on and f"no {missing} in this kernel" in off, said(serve.err)
        assert serve.credentials()["AccessKeyId"].startswith("ASIA")
    done = subprocess.run([*prefix, BINARY, "doctor", *identity.flags, *ARNS, "--endpoint", emulator.url],
                          env=environment({"HOME": str(tmp_path)}), capture_output=True, text=True, check=False)
    assert f"no {missing} in this kernel" in done.stdout, done
    assert f"no {missing} in this kernel" not in run("doctor", *identity.flags, *ARNS, "--endpoint", emulator.url,
                                                     env={"HOME": str(tmp_path)}).out


def test_a_command_for_the_password_keeps_all_rights(identity, emulator, tmp_path):
    key = tmp_path / "key.pem"
    subprocess.run(["openssl", "pkcs8", "-topk8", "-in", identity.key, "-out", key, "-passout", "pass:word"],
                   check=True)
    with Serve(tmp_path, "--debug", "--password-source", "command:echo word", server=emulator,
               flags=["--certificate", identity.certificate, "--private-key", key]) as serve:
        assert rights_of(serve.process.pid)["NoNewPrivs"] == "0"
        assert "would have the same limits" in said(serve.err)


def test_a_token_keeps_files_and_calls(identity, emulator, tmp_path):
    card = SoftHsm(tmp_path)
    card.token("card")
    key = card.make_key("card", "p256", "leaf", "")
    card.put("card", identity.intermediate.issue("leaf", private_key=key), "leaf")
    card.put("card", identity.intermediate, "issuer")
    with Serve(tmp_path, "--debug", server=emulator, flags=["--certificate", "pkcs11:token=card;object=leaf"],
               env={**card.env, "ROLECALL_PIN": PIN}) as serve:
        rights = rights_of(serve.process.pid)
        assert (rights["NoNewPrivs"], rights["Seccomp"]) == ("1", "0"), rights
        assert said(serve.err).count("modules of PKCS#11") == 2, serve.err
        serve.process.send_signal(signal.SIGHUP)
        eventually(lambda: len(serve.events("renewed")) >= 2)


def test_tls_and_names_work(identity, tmp_path):
    """The endpoint is found by its name, and its certificate is verified."""
    server = pki.tls_server(identity.root)
    with Emulator(identity.root_file, "--tls-cert", pki.write(tmp_path, "tls.pem", pki.pem(server)),
                  "--tls-key", pki.write(tmp_path, "tls.key", pki.key_pem(server.key))) as running:
        named = running.url.replace("127.0.0.1", "localhost")
        with Serve(tmp_path, server=named, flags=[*identity.flags, "--ca-bundle", identity.root_file]) as serve:
            serve.process.send_signal(signal.SIGHUP)
            eventually(lambda: len(serve.events("renewed")) >= 2)
