"""The units of the deb, started by the systemd of each system."""

import pathlib
import re
import shutil
import subprocess

import pytest
from places import NOW
from support import pki
from support.process import ANCHOR_ARN, PROFILE_ARN, ROLE_ARN
from systems import ROOT
from test_debs import installed_deb  # noqa: F401  a fixture

BOOT = pathlib.Path(__file__).with_name("boot")
SERVICES = ("rolecall-serve.service", "rolecall-update.service")
PORT = 8080  # of a network of its own
WITH_CREDENTIALS = 247  # the first systemd that has LoadCredential=
CONFIG = f"""certificate = "/etc/rolecall/certificate.pem"
trust-anchor-arn = "{ANCHOR_ARN}"
profile-arn = "{PROFILE_ARN}"
role-arn = "{ROLE_ARN}"
endpoint = "http://127.0.0.1:{PORT}"
"""
UNITS = {
    "test.target": f"[Unit]\nWants=test.service emulator.service {' '.join(SERVICES)}\n",
    "emulator.service": "[Unit]\nDefaultDependencies=no\n[Service]\nExecStart=/opt/rolecall emulate "
                        f"--trust-anchor /pki/root.pem --port {PORT}\n",
    "test.service": "[Unit]\nDefaultDependencies=no\n[Service]\nType=oneshot\n"
                    "ExecStart=/bin/bash /test/run\n",
}
# Runs in the system: waits for both services, then writes what it sees to /test.
SCRIPT = f"""cd /test
credentials=/var/lib/rolecall-update/credentials
ask() {{
  exec 3<>/dev/tcp/127.0.0.1/9911
  printf 'GET /healthz HTTP/1.1\\r\\nHost: 127.0.0.1:9911\\r\\n\\r\\n' >&3
  head -n 1 <&3 >health
}}
export -f ask
for second in {{1..15}}; do
  timeout 1 bash -c ask && [[ -s health && -s $credentials ]] && break
  sleep 1
done
cp $credentials credentials
for unit in {' '.join(SERVICES)}; do
  systemctl show -p ActiveState -p ExecMainStatus -p Result $unit >$unit
  journalctl --no-pager -b -o cat -u $unit >>$unit
  systemd-analyze verify --man=no /usr/lib/systemd/system/$unit >$unit.verify 2>&1
done
touch done
systemctl exit
"""


def prepare_for_old_version(place):
    """What the section of rolecall-systemd(7) says: commands, then a drop-in."""
    text = (ROOT / "docs/man/rolecall-systemd.md").read_text()
    section = re.search(r"^## OLD VERSIONS OF SYSTEMD\n(.*?)^## ", text, re.M | re.S)[1]
    commands, drop_in = (re.sub(r"^    ", "", block, flags=re.M)
                         for block in re.findall(r"(?:^    .*\n)+", section, re.M))
    place.in_system("sh", "-ec", commands)
    for unit in SERVICES:
        folder = place.root / "etc/systemd/system" / f"{unit}.d"
        folder.mkdir(exist_ok=True)
        (folder / "user.conf").write_text(drop_in)


def booted(place):
    """The folder with what SCRIPT has written."""
    folder = place.root / "test"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    (folder / "run").write_text(SCRIPT)
    ours = place.root / "etc/rolecall"
    ours.mkdir(exist_ok=True)
    (ours / "config.toml").write_text(CONFIG)
    shutil.copy(place.root / "pki/p256.pem", ours / "certificate.pem")
    (ours / "certificate.pem").chmod(0o644)
    shutil.copy(place.root / "pki/p256.key", ours / "private-key.pem")
    if place.place.system.systemd < WITH_CREDENTIALS:
        prepare_for_old_version(place)
    for name, text in UNITS.items():
        (place.root / "etc/systemd/system" / name).write_text(text)
    version = ["v1"] * (place.place.system.systemd < 230)
    subprocess.run([BOOT, place.root, "test.target", *version], check=True, stdin=subprocess.DEVNULL,
                   timeout=120)
    assert (folder / "done").exists(), "systemd did not start the test"
    return folder


def ignored(verify):
    """What systemd-analyze says of a unit: each line's number with what is unknown there."""
    for line in verify.read_text().splitlines():
        if found := re.search(r"\.service:(\d+)\]?:? ([^\33]+)", line):
            what = re.search(r"(?:lvalue|key name|key) '(\w+)'|: (.+)$", found[2])
            yield f"{found[1]} {what[1] or what[2] if what else found[2]}"


@pytest.mark.parametrize("place", NOW, indirect=True, scope="session")
def test_units(place, installed, files, note):
    pki.write(place.root / "pki", "root.pem", pki.pem(files.root))
    folder = booted(place)
    failed = []
    for unit in SERVICES:
        said = (folder / unit).read_text()
        state = dict(line.split("=", 1) for line in said.splitlines()[:3])
        lines = ", ".join(ignored(folder / f"{unit}.verify"))
        note(f"systemd {place.place.system.systemd}: {unit}: {state['ActiveState']}"
             f"{', ignored: ' + lines if lines else ''}")
        if state["ActiveState"] != "active":
            failed += dict.fromkeys(said.splitlines())  # each line once
    assert not failed, "\n".join(failed)
    assert " 200 " in (folder / "health").read_text()
    assert "aws_session_token" in (folder / "credentials").read_text()
