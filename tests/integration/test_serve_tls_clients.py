"""The container endpoint by https at an address that is no loopback address: which clients take it.

docs/guide/clients.md says the same. Each client is told of the CA in the way that the guide says."""

import json
import os
import pathlib
import shutil
import subprocess

import pytest
from support import clients, netns, pki
from support.process import Emulator, environment
from support.serve import Serve

pytestmark = netns.needed
GUIDE = pathlib.Path(__file__).resolve().parents[2] / "docs" / "guide" / "clients.md"
# Of each client, what it needs to trust the CA; None if it takes no https there.
TRUST = {
    "boto3_pypi": "certifi", "boto3_debian": None, "aws_cli_1": "certifi",
    "aws_cli_debian": None, "javascript_3": "NODE_EXTRA_CA_CERTS",
    "javascript_2": "NODE_EXTRA_CA_CERTS", "java_1": "trust store", "java_2": "trust store",
    "go_2": "SSL_CERT_FILE",
}


@pytest.fixture(scope="module", name="host")
def a_host_with_an_address():
    with netns.pair() as (host, _):
        yield host


@pytest.fixture(name="ca")
def a_ca(host, tmp_path):
    root = pki.root("TLS Root")
    server = pki.tls_server(root, hosts=(host.address,))
    pki.write(tmp_path, "tls.pem", pki.pem(server))
    pki.write(tmp_path, "tls.key", pki.key_pem(server.key))
    return pki.write(tmp_path, "ca.pem", pki.pem(root))


def trust(how, ca, directory):
    """The variables by which a client trusts the CA."""
    if how == "certifi":  # botocore reads no variable here, but the bundle of this package
        package = directory / "python" / "certifi"
        package.mkdir(parents=True)
        (package / "__init__.py").write_text(f"def where():\n    return {ca!r}\n")
        return {"PYTHONPATH": str(package.parent)}
    if how == "trust store":
        store = directory / "ca.p12"
        subprocess.run(["keytool", "-importcert", "-noprompt", "-alias", "ca", "-file", ca, "-keystore",
                        store, "-storetype", "PKCS12", "-storepass", "changeit"], check=True,
                       capture_output=True)
        return {"JAVA_TOOL_OPTIONS": f"-Djavax.net.ssl.trustStore={store} "
                                     "-Djavax.net.ssl.trustStorePassword=changeit"}
    return {how: ca}


@pytest.mark.parametrize("name", TRUST)
def test_a_client(identity, host, ca, tmp_path, name):
    client = clients.client(name)
    if reason := client.missing():
        pytest.skip(reason)
    if name.startswith("java_") and shutil.which("keytool") is None:
        pytest.skip("keytool is not installed")
    with Emulator(identity.root_file, prefix=host.prefix) as emulator, \
            Serve(tmp_path, "--address", host.address, "--allow-remote", "--tls-cert",
                  tmp_path / "tls.pem", "--tls-key", tmp_path / "tls.key", server=emulator,
                  flags=identity.flags, prefix=host.prefix) as running:
        assert running.url == f"https://{host.address}:{running.port}"
        lab = clients.Lab(identity, emulator, None, running, tmp_path)
        variables = {"HOME": str(tmp_path), "PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8",
                     "AWS_EC2_METADATA_DISABLED": "true", "PYTHONDONTWRITEBYTECODE": "1",
                     **clients.variables_of_the_container(lab)}

        def ask(**more):
            return subprocess.run(
                [*host.prefix, *map(str, client.command(lab, emulator.url))],
                env=environment({**variables, **more}), cwd=tmp_path, stdin=subprocess.DEVNULL,
                capture_output=True, text=True, timeout=120, check=False)
        if TRUST[name] is None:
            assert "Unsupported host" in ask().stderr
            return
        done = ask(**trust(TRUST[name], ca, tmp_path))
        assert done.returncode == 0, done
        answer = json.loads(done.stdout)
        assert ":assumed-role/Example/" in answer.get("arn", answer.get("Arn")), done
        # No client goes on without a CA.
        assert ask().returncode != 0


def test_the_guide_says_the_same():
    lines = [[cell.strip() for cell in line.strip("|").split("|")]
             for line in GUIDE.read_text().splitlines() if line.startswith("|")]
    start = next(i for i, line in enumerate(lines) if line[:2] == ["client", "https at other hosts"])
    said = {line[0]: line[1] for line in lines[start + 2:] if len(line) == len(lines[start])}
    for name in TRUST:
        assert said[clients.client(name).TITLE] == ("yes" if TRUST[name] else "no"), name
