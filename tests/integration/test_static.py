"""The static program, alone in a directory that it takes for the whole system."""

import os
import pathlib
import re
import shutil
import subprocess
import sys

import pytest
from support import pki
from support.process import (ARNS, Emulator, assert_credentials, assert_fails, environment,
                             is_static, run)
from support.tinyproxy import Tinyproxy, tinyproxy

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = (os.environ["ROLECALL"] if "ROLECALL" in os.environ and is_static()
          else os.environ.get("ROLECALL_STATIC", str(ROOT / "dist/x86_64-linux-musl/rolecall")))
NAMES = ("one.test", "two.test", "localhost", "127.0.0.1")
IS_ROOT = os.geteuid() == 0
# Without root, a user namespace gives the rights that chroot and a network of one's own need.
ALONE = [] if IS_ROOT else ["unshare", "--map-root-user"]


def can_be_alone():
    return subprocess.run([*ALONE, "chroot", "/", "true"], check=False, capture_output=True,
                          env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}).returncode == 0


pytestmark = [
    pytest.mark.skipif(not os.path.exists(BINARY),
                       reason=f"there is no {BINARY}: packaging/bundle x86_64-linux-musl makes it"),
    pytest.mark.skipif(not can_be_alone(), reason="this user may not use chroot"),
]


class System:
    """A directory with the program and an identity in it, and nothing else."""

    def __init__(self, directory, identity):
        self.directory = directory
        self.identity = identity
        directory.mkdir()
        shutil.copy(BINARY, directory / "rolecall")
        for name in (identity.certificate, identity.key):
            shutil.copy(name, directory)
        self.flags = ["--certificate", "/leaf.pem", "--private-key", "/leaf.key"]

    def put(self, path, content):
        target = self.directory / path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content if isinstance(content, bytes) else content.encode())

    def trust(self, path="/etc/ssl/certs/ca-certificates.crt"):
        """The root that the emulator's certificate comes from, as a file or a hashed directory."""
        if path.endswith("/"):
            self.put(path + "root.pem", pki.pem(self.identity.root))
            subprocess.run(["openssl", "rehash", self.directory / path.strip("/")], check=True)
        else:
            self.put(path, pki.pem(self.identity.root))

    def run(self, *arguments, prefix=(), **options):
        return run(*arguments, prefix=[*(prefix or ALONE), "/usr/sbin/chroot", self.directory],
                   binary="/rolecall", **options)

    def ask(self, url, *more, **options):
        return self.run("credential-process", *self.flags, *ARNS, "--endpoint", url, *more,
                        **options)


@pytest.fixture(name="system")
def empty_system(tmp_path, identity):
    return System(tmp_path / "system", identity)


@pytest.fixture(scope="module")
def tls(identity, tmp_path_factory):
    directory = tmp_path_factory.mktemp("tls")
    server = pki.tls_server(identity.root, NAMES)
    return ["--tls-cert", pki.write(directory, "tls.pem", pki.pem(server)),
            "--tls-key", pki.write(directory, "tls.key", pki.key_pem(server.key))]


@pytest.fixture(scope="module", name="server")
def tls_emulator(identity, tls):
    with Emulator(identity.root_file, *tls) as running:
        yield running


# What it is

def test_it_needs_nothing_and_is_hardened():
    def readelf(what):
        return subprocess.run(["readelf", "--wide", what, BINARY], check=True, text=True,
                              capture_output=True).stdout
    segments, dynamic = readelf("--segments"), readelf("--dynamic")
    assert "INTERP" not in segments and "NEEDED" not in dynamic
    assert re.search(r"^Elf file type is DYN", segments, re.M), segments
    assert re.search(r"GNU_RELRO", segments), segments
    assert re.search(r"GNU_STACK .* RW ", segments), segments
    assert "BIND_NOW" in dynamic and "PIE" in dynamic, dynamic
    assert "RWE" not in segments, segments
    assert ".symtab" not in readelf("--sections")
    assert b"__stack_chk_fail" not in pathlib.Path(BINARY).read_bytes()  # stripped


def test_size():
    """What comes in by mistake shows here."""
    assert os.path.getsize(BINARY) <= 6_800_000


def test_it_says_what_is_inside(system):
    lines = system.run("version", "--verbose").out.splitlines()
    said = dict(line.split(": ", 1) for line in lines if not line.startswith("source: "))
    assert said["build"] == "static", lines
    assert said["libcurl"].split()[0].startswith("libcurl/"), lines
    parts = {word.split("/")[0] for word in said["libcurl"].split()[1:]}
    assert parts == {"OpenSSL", "nghttp2"}, lines
    for name in ("OpenSSL", "libmicrohttpd", "nlohmann_json", "toml++", "compiler"):
        assert re.search(r"\d+\.\d+", said[name]), lines
    assert said["C library"] == "musl", lines
    sources = {line.split()[1] for line in lines if line.startswith("source: ")}
    assert sources >= {"curl", "libmicrohttpd", "nghttp2", "openssl", "zig"}, lines


# TLS: roots of trust

PLACES = ["/etc/ssl/certs/", "/etc/ssl/certs/ca-certificates.crt",        # Debian, Alpine
          "/etc/ssl/cert.pem",                                            # Alpine
          "/etc/pki/tls/certs/ca-bundle.crt",                             # Fedora, RHEL
          "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
          "/etc/pki/ca-trust/extracted/pem/directory-hash/",
          "/etc/ssl/ca-bundle.pem"]                                       # SUSE


@pytest.mark.parametrize("place", PLACES)
def test_it_finds_the_roots_of_each_distribution(system, server, place):
    system.trust(place)
    assert_credentials(system.ask(server.url))


@pytest.mark.parametrize("variable,place", [
    ("SSL_CERT_FILE", "/my/roots.pem"), ("SSL_CERT_DIR", "/my/"), ("AWS_CA_BUNDLE", "/my/roots.pem")])
def test_it_takes_roots_by_variables(system, server, variable, place):
    system.trust(place)
    assert_credentials(system.ask(server.url, env={variable: place}))


def test_roots_that_are_not_there(system, server):
    assert_fails(system.ask(server.url), 2, "no CA certificates", "ca-certificates.*--ca-bundle")
    assert_fails(system.ask(server.url, env={"SSL_CERT_FILE": "/my/roots.pem"}), 2, "/my/roots.pem")


def test_a_server_whose_key_is_too_short(system, identity, tmp_path):
    """Debian's security level is compiled into its libssl, and so into this one."""
    system.trust()
    server = pki.tls_server(identity.root, NAMES, key_kind="rsa1024")
    with Emulator(identity.root_file, "--tls-cert",
                  pki.write(tmp_path, "tls.pem", pki.pem(server)), "--tls-key",
                  pki.write(tmp_path, "tls.key", pki.key_pem(server.key))) as emulator:
        assert_fails(system.ask(emulator.url), 1, "too weak")


def test_a_root_that_is_another(system, server):
    system.put("/etc/ssl/cert.pem", pki.pem(pki.root("Other Root")))
    assert_fails(system.ask(server.url), 1, "cannot be verified", "--ca-bundle")


# Names

@pytest.mark.parametrize("lines", ["127.0.0.1 one.test\n", "# mine\n192.0.2.1 x\n127.0.0.1\ta one.test\n"])
def test_names_of_etc_hosts(system, server, lines):
    system.trust()
    system.put("/etc/hosts", lines)
    assert_credentials(system.ask(f"https://one.test:{server.port}"))


def test_localhost_needs_no_file(system, server):
    system.trust()
    assert_credentials(system.ask(f"https://localhost:{server.port}"))


@pytest.mark.parametrize("resolv", [None, "", "nameserver 127.0.0.1\n", "nonsense\n"])
def test_a_name_that_cannot_be_resolved(system, server, resolv):
    system.trust()
    if resolv is not None:
        system.put("/etc/resolv.conf", resolv)
    result = system.ask(f"https://nowhere.invalid:{server.port}", "--timeout", "20")
    # Without a name server in resolv.conf, musl asks one on this machine until its time is over.
    assert_fails(result, 3, "nowhere.invalid|no connection", "network")
    assert result.seconds < 21, result


class Network:
    """A network of its own, with a loopback and nothing else, where port 53 is free."""

    def __enter__(self):
        self.holder = subprocess.Popen(
            [*(ALONE or ["unshare"]), "--net", "sh", "-c", "ip link set lo up && echo up && exec cat"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"})
        assert self.holder.stdout.readline() == b"up\n"
        self.prefix = ["nsenter", f"--target={self.holder.pid}", "--net",
                       *([] if IS_ROOT else ["--user", "--preserve-credentials"])]
        return self

    def __exit__(self, *_):
        self.holder.communicate(timeout=10)


class Dns:
    """support/dns.py in a Network."""

    def __init__(self, network, *names):
        self.command = [*network.prefix, sys.executable, str(ROOT / "tests/support/dns.py"), *names]

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stdout=subprocess.PIPE, env=environment())
        assert self.process.stdout.readline() == b"ready\n"
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.questions = self.process.communicate(timeout=10)[0].decode().splitlines()


def test_names_of_a_dns_server(system, identity, tls):
    system.trust()
    system.put("/etc/resolv.conf", "# the server of this test\nsearch test\nnameserver 127.0.0.1\n")
    with Network() as network, Emulator(identity.root_file, *tls, prefix=network.prefix) as server, \
            Dns(network, "one.test=127.0.0.1") as dns:
        def ask(name):
            return system.ask(f"https://{name}:{server.port}", prefix=network.prefix)
        assert_credentials(ask("one.test"))
        assert_fails(ask("two.test"), 3, "cannot resolve the name two.test", "network")
        system.put("/etc/hosts", "127.0.0.1 two.test\n")
        assert_credentials(ask("two.test"))
    assert "one.test 1" in dns.questions and "two.test 1" in dns.questions, dns.questions


def test_a_dns_server_that_does_not_answer(system):
    system.trust()
    system.put("/etc/resolv.conf", "nameserver 127.0.0.2\n")
    with Network() as network:
        silent = subprocess.Popen([*network.prefix, sys.executable, "-c", "import socket, time\n"
                                   "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
                                   "s.bind(('127.0.0.2', 53)); print(flush=True); time.sleep(60)"],
                                  stdout=subprocess.PIPE)
        silent.stdout.readline()
        result = system.ask("https://one.test", "--timeout", "1.5", prefix=network.prefix)
        silent.kill()
        silent.communicate()
    assert_fails(result, 3, "no connection|resolve", "network")
    assert result.seconds < 15, result


# Proxies

@tinyproxy
@pytest.mark.parametrize("password", [None, "user hunter2hunter2"])
def test_through_a_proxy(system, server, tmp_path, password):
    system.trust()
    system.put("/etc/hosts", "127.0.0.1 proxy.test\n")
    with Tinyproxy(tmp_path, server.port, auth=password) as proxy:
        user = password.replace(" ", ":") + "@" if password else ""
        variables = {"HTTPS_PROXY": f"http://{user}proxy.test:{proxy.port}"}
        assert_credentials(system.ask(server.url, "--with-proxy", env=variables))
        assert proxy.connects() == 1
        assert_credentials(system.ask(server.url, env=variables))
        assert_credentials(system.ask(server.url, "--with-proxy",
                                      env={**variables, "NO_PROXY": "127.0.0.1"}))
        assert proxy.connects() == 1


@pytest.mark.parametrize("kind", ["socks5h", "socks4a", "https"])
def test_other_proxies_are_known(system, server, kind):
    """They are asked, though nobody listens."""
    system.trust()
    assert_fails(system.ask(server.url, "--with-proxy", env={"HTTPS_PROXY": f"{kind}://127.0.0.1:9"}),
                 3, "proxy")


# Without what a system has

def test_every_command_starts(system):
    commands = re.findall(r"^  ([a-z-]+)  +\S", system.run("--help").out, re.M)
    assert len(commands) > 10
    for command in commands:
        result = system.run(command, "--help")
        assert result.code == 0 and result.out and not result.err, result


def test_exec_cache_and_files(system, server):
    system.trust()
    flags = [*system.flags, *ARNS, "--endpoint", server.url]
    result = system.run("exec", *flags, "--", "/rolecall", "version")
    assert result.code == 0 and re.fullmatch(r"\d+\.\d+\.\d+\n", result.out), result
    home = {"HOME": "/home/me"}
    (system.directory / "home/me").mkdir(parents=True)
    first = system.run("credential-process", *flags, "--cache", env=home)
    again = system.run("credential-process", *flags, "--cache", env=home)
    assert assert_credentials(first) == assert_credentials(again)
    assert system.run("update", *flags, "--once", env=home).code == 0
    assert "aws_session_token" in (system.directory / "home/me/.aws/credentials").read_text()


def test_nothing_is_written_without_home(system, server):
    system.trust()
    system.put("/etc/passwd", "me:x:0:0::/home/of/me:/x\n")
    (system.directory / "home/of/me").mkdir(parents=True)
    result = system.run("update", *system.flags, *ARNS, "--endpoint", server.url, "--once",
                        env={"HOME": ""})
    assert_fails(result, 2, "HOME is not set")
    assert not (system.directory / "home/of/me/.aws").exists()


def test_root_takes_the_rights_of_the_owner_of_a_directory(system, server):
    system.trust()
    system.put("/etc/passwd", "me:x:4711:4712::/home/me:/x\n")
    home = system.directory / "home/me"
    home.mkdir(parents=True)
    if os.geteuid() != 0:
        pytest.skip("takes root, to make another user's directory")
    os.chown(home, 4711, 0)
    result = system.run("update", *system.flags, *ARNS, "--endpoint", server.url, "--once",
                        env={"HOME": "/home/me"})
    assert result.code == 0, result
    info = (home / ".aws/credentials").stat()
    assert (info.st_uid, info.st_gid) == (4711, 4712)


@pytest.mark.parametrize("section", ["legacy", "tpm2", "/module.so"])
def test_a_configuration_of_openssl_that_names_modules(system, server, section):
    """It is read, and no module is loaded: one of another libcrypto would not fit."""
    system.trust()
    system.put("/module.so", b"no module")
    system.put("/etc/rolecall/openssl/openssl.cnf",
               "openssl_conf = top\n[top]\nproviders = list\n[list]\ndefault = d\nother = o\n"
               f"[d]\nactivate = 1\n[o]\nactivate = 1\nmodule = {section}\n")
    assert_credentials(system.ask(server.url))


# What it lacks

@pytest.mark.parametrize("flags,pattern", [
    (["--certificate", "pkcs11:token=app"], "p11-kit"),
    (["--cert-selector", "Key=x509Subject,Value=CN=app"], "p11-kit"),
    (["--certificate", "/leaf.pem", "--private-key", "pkcs11:token=app"], "p11-kit"),
    (["--certificate", "/leaf.pem", "--private-key", "handle:0x81000001"], "TPM.*tpm2"),
    (["--certificate", "/leaf.pem", "--private-key", "/tpm.key"], "TPM.*tpm2"),
])
def test_it_says_what_it_cannot_load(system, flags, pattern):
    system.put("/tpm.key", "-----BEGIN TSS2 PRIVATE KEY-----\nMAA=\n-----END TSS2 PRIVATE KEY-----\n")
    result = system.run("credential-process", *flags, *ARNS, "--endpoint", "http://127.0.0.1:9")
    assert_fails(result, 2, pattern + ".*static", "deb or rpm package")


@pytest.mark.parametrize("cipher,pattern", [("bf-cbc", "PBES2 that is not built in"),
                                            ("rc2-cbc", None)])
def test_old_ciphers(system, identity, emulator, cipher, pattern):
    system.put("/leaf.key", subprocess.run(
        ["openssl", "pkcs8", "-topk8", "-provider", "legacy", "-provider", "default", "-v2", cipher,
         "-passout", "pass:geheim", "-in", identity.key], check=True, capture_output=True).stdout)
    result = system.ask(emulator.url, "--pkcs8-password", "geheim")
    if pattern:
        assert_fails(result, 2, pattern, "encrypt the file again")
    else:
        assert_credentials(result)
