"""The portable program that packaging/bundle has made: what it needs, and what it says is inside."""

import hashlib
import json
import pathlib
import platform
import re
import subprocess

import pytest
from support.process import run

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = ROOT / "dist" / f"{platform.machine()}-linux-gnu" / "rolecall"

pytestmark = pytest.mark.skipif(not PROGRAM.exists(),
                                reason=f"there is no {PROGRAM}: packaging/bundle makes it")


def output(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def versions(name):
    """The versions of glibc whose symbols the program needs."""
    return {tuple(map(int, version.split(".")))
            for version in re.findall(r"GLIBC_([0-9.]+)", output("objdump", "-T", name))}


def test_it_needs_only_a_glibc_of_2012():
    needed = set(re.findall(r"NEEDED.*\[(.+)\]", output("readelf", "--wide", "--dynamic", PROGRAM)))
    loader = {name for name in needed if name.startswith("ld-linux")}
    assert needed - loader == {"libc.so.6", "libdl.so.2", "libpthread.so.0"}
    assert (2, 17) >= max(versions(PROGRAM))


def test_it_exports_nothing():
    """A provider of OpenSSL or a PKCS#11 module brings its own libcrypto, and must not use this one."""
    defined = [line for line in output("objdump", "-T", PROGRAM).splitlines()
               if re.search(r" g +D?[FO] ", line) and "*UND*" not in line]
    assert defined == []


def test_it_is_hardened():
    segments = output("readelf", "--wide", "--segments", PROGRAM)
    dynamic = output("readelf", "--wide", "--dynamic", PROGRAM)
    assert re.search(r"^Elf file type is DYN", segments, re.M), segments
    assert "GNU_RELRO" in segments and re.search(r"GNU_STACK .* RW ", segments), segments
    assert "BIND_NOW" in dynamic and "PIE" in dynamic, dynamic
    assert "RWE" not in segments, segments
    assert ".symtab" not in output("readelf", "--wide", "--sections", PROGRAM)


def test_size():
    """What comes in by mistake shows here."""
    assert PROGRAM.stat().st_size <= 6_900_000


def test_it_says_what_is_inside():
    lines = run("version", "--verbose", binary=PROGRAM).out.splitlines()
    said = dict(line.split(": ", 1) for line in lines if not line.startswith("source: "))
    assert said["build"] == "portable" and said["OpenSSL"].startswith("OpenSSL 3.5."), lines
    parts = {word.split("/")[0] for word in said["libcurl"].split()}
    assert parts == {"libcurl", "OpenSSL", "nghttp2"}, lines
    sources = [line.split(" ")[1:3] for line in lines if line.startswith("source: ")]
    assert {name for name, _ in sources} >= {"curl", "libmicrohttpd", "nghttp2", "openssl", "zig",
                                             "nlohmann-json3", "tomlplusplus"}, lines
    document = json.loads(PROGRAM.with_name("rolecall.spdx.json").read_text())
    assert document["spdxVersion"] == "SPDX-2.3"
    whole, *listed = document["packages"]
    assert whole["checksums"][0]["checksumValue"] == hashlib.sha256(PROGRAM.read_bytes()).hexdigest()
    assert [[part["name"], part["versionInfo"]] for part in listed] == sources


def test_the_licences_are_beside_it():
    text = PROGRAM.with_name("rolecall.licences.txt").read_text()
    parts = re.findall(r"^=== ([a-z0-9+-]+)", text, re.MULTILINE)
    assert {"rolecall", "openssl", "curl", "nghttp2", "libmicrohttpd", "libc++", "musl", "nlohmann-json3",
            "libtomlplusplus"} == set(parts), parts
    assert text.startswith("=== rolecall\n") and text.count("Apache License") >= 2


def test_no_place_of_the_build_is_inside():
    assert str(ROOT).encode() not in PROGRAM.read_bytes()
