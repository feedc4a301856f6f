"""What a run opens: no file twice, and none that it has no use for."""

import re
import subprocess

from support import pki
from support.process import Emulator, assert_credentials, session

OPENED = re.compile(r'open(?:at2?)?\(.*?"([^"]+)", .* = \d+$')
# OpenSSL's configuration holds the system's policy and providers; the time zone is read by the C
# library when OpenSSL compares dates.
LIBRARIES_OWN = re.compile(r"/openssl\.cnf$|^/etc/localtime$|^/(proc|sys|dev)/|\.so(\.|$)"
                           r"|^/etc/ld\.so\.cache$")


def opened_files(identity, server, tmp_path, **env):
    """The files that a run opened, in order, without the dynamic linker's."""
    trace = tmp_path / "trace"
    # LeakSanitizer cannot work under a tracer.
    result = session(server, identity.flags, env={"ASAN_OPTIONS": "detect_leaks=0", **env},
                     prefix=["strace", "-f", "-qq", "-e", "trace=open,openat,openat2", "-o", trace])
    assert_credentials(result)
    opened = [match.group(1) for match in map(OPENED.search, trace.read_text().splitlines()) if match]
    assert opened
    return opened


def test_a_plain_run_opens_what_the_flags_name_and_once(identity, tmp_path):
    with Emulator(identity.root_file) as emulator:
        opened = opened_files(identity, emulator, tmp_path)
    ours = [path for path in opened if not LIBRARIES_OWN.search(path)]
    assert sorted(ours) == sorted(value for value in identity.flags if value[0] != "-"), opened


def test_tls_opens_one_root_of_a_hashed_directory_and_no_bundle(identity, tmp_path):
    server = pki.tls_server(identity.root)
    certificate = pki.write(tmp_path, "tls.pem", pki.pem(server))
    key = pki.write(tmp_path, "tls.key", pki.key_pem(server.key))
    trust = tmp_path / "trust"
    trust.mkdir()
    pki.write(trust, "root.pem", pki.pem(identity.root))
    for number in range(30):
        pki.write(trust, f"{number}.pem", pki.pem(pki.root(f"Other Root {number}")))
    subprocess.run(["openssl", "rehash", trust], check=True)
    with Emulator(identity.root_file, "--tls-cert", certificate, "--tls-key", key) as emulator:
        opened = opened_files(identity, emulator, tmp_path, SSL_CERT_DIR=str(trust))
    assert len([path for path in opened if path.startswith(f"{trust}/")]) == 1, opened
    assert not [path for path in opened if path.endswith(".crt")], opened
