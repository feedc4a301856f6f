"""Each client of tests/clients gets credentials in each way that it has, and uses them.

What a client is and which ways there are: support/clients.py. docs/guide/clients.md says the same.
"""

import pathlib

import pytest
from support import clients
from support.s3 import Bucket
from support.serve import Serve, eventually


GUIDE = pathlib.Path(__file__).resolve().parents[2] / "docs" / "guide" / "clients.md"


@pytest.fixture(scope="module")
def serve(identity, emulator, tmp_path_factory):
    with Serve(tmp_path_factory.mktemp("serve"), server=emulator, flags=identity.flags) as running:
        yield running


@pytest.fixture(name="lab")
def lab_of_one_client(identity, emulator, serve, tmp_path):
    with Bucket() as bucket:
        yield clients.Lab(identity, emulator, bucket, serve, tmp_path)


@pytest.mark.parametrize("way", clients.WAYS)
@pytest.mark.parametrize("name", clients.NAMES)
def test_a_client(lab, name, way):
    client = clients.client(name)
    if reason := client.missing():
        pytest.skip(reason)
    if reason := client.CANNOT.get(way):
        pytest.skip(f"{client.TITLE} cannot: {reason}")
    route = clients.WAYS[way][1]
    metric = f'rolecall_requests_total{{route="{route}",status="200"}}'
    before = lab.serve.metric(metric)
    done = clients.start(lab, client, way)
    clients.check(lab, client, way, done)
    if route:
        eventually(lambda: lab.serve.metric(metric) > before)


def test_the_guide_says_the_same():
    lines = [[cell.strip() for cell in line.strip("|").split("|")]
             for line in GUIDE.read_text().splitlines() if line.startswith("|")]
    head = next(line for line in lines if line[:2] == ["client", "version"])
    assert head[2:] == list(clients.WAYS)
    said = {line[0]: line[2:] for line in lines if len(line) == len(head)}
    for name in clients.NAMES:
        client = clients.client(name)
        assert said[client.TITLE] == ["no" if way in client.CANNOT else "yes"
                                      for way in clients.WAYS], client.TITLE
        assert set(client.CANNOT) <= set(clients.WAYS), name
