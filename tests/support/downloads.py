"""A release as people download it, with its signed checksums (packaging/checksums)."""

import pathlib
import re
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
DEB = "rolecall_0.2.0-1_amd64.deb"
FILES = {DEB: b"deb", f"{DEB}.spdx.json": b"{}", "x86_64-linux-gnu/rolecall": b"program",
         "x86_64-linux-musl/rolecall": b"static", "x86_64-linux-musl/rolecall.oci.tar": b""}


def checksums(*words, **options):
    return subprocess.run([ROOT / "packaging/checksums", *words], check=False, text=True,
                          capture_output=True, stdin=subprocess.DEVNULL, timeout=60, **options)


def make_key(folder, name):
    """The key and its public key, as packaging/checksums says, but without a password."""
    key, public = folder / name, folder / f"{name}.pub"
    subprocess.run(["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256",
                    "-out", key], check=True, capture_output=True)
    subprocess.run(["openssl", "pkey", "-in", key, "-pubout", "-out", public], check=True)
    return key, public


def release(folder, names=tuple(FILES)):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(FILES[name])
    return folder


def lines_of_the_readme():
    """They check DEB."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    return re.search(r"(?:^    .*\n)*^    openssl dgst .*\n(?:^    .*\n)+", text, re.M)[0]
