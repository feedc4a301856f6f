"""A release is checked with what each system has: OpenSSL from 1.0.2 on."""

import shutil

import pytest
from places import NOW
from support.downloads import DEB, checksums, lines_of_the_readme, make_key, release


@pytest.fixture(name="download")
def downloaded_release(place, tmp_path):
    key, public = make_key(tmp_path, "release.key")
    folder = place.root / "tmp/download"
    assert checksums("--sign", key, release(folder)).returncode == 0
    shutil.copy(public, folder / "rolecall-release.pem")
    yield folder
    shutil.rmtree(folder)


@pytest.mark.parametrize("place", NOW, indirect=True, scope="session")
def test_the_lines_of_the_readme(place, download):
    words = ["sh", "-c", f"cd /tmp/download\n{lines_of_the_readme()}"]
    done = place.in_system(*words, user=1000)
    assert done.stdout == f"Verified OK\n{DEB}: OK\n", done
    (download / DEB).write_text("another")
    assert place.in_system(*words, user=1000, check=False).returncode != 0
    (download / "SHA256SUMS").write_text("")
    assert place.in_system(*words, user=1000, check=False).returncode != 0
