"""The Helm chart: rendered by helm, checked against Kubernetes' own schemas, and its pods run."""

import itertools
import json
import os
import pathlib
import re
import shutil
import subprocess

import pytest
import yaml
from support import netns, pki
from support.images import ROOT, Image, build
from support.pods import Container, Pod
from support.process import ANCHOR_ARN, PROFILE_ARN, ROLE_ARN, Emulator, run
from support.serve import Serve, ask, eventually

CHART = ROOT / "packaging" / "helm" / "rolecall"
INSTALLED = ROOT / "tests" / "clients" / "installed"
HELM = shutil.which("helm", path=f"{INSTALLED}:{os.environ['PATH']}")
VALIDATE = INSTALLED / "kubernetes" / "bin" / "kubernetes-validate"
TARGET = "x86_64-linux-musl"
STATIC = ROOT / "dist" / TARGET / "rolecall"
ARNS = {"roleArn": ROLE_ARN, "profileArn": PROFILE_ARN, "trustAnchorArn": ANCHOR_ARN}
SOUND = {**ARNS, "app": {"image": "registry.example/app:1"}}
KUBERNETES = ("1.27.0", "1.33.0")
# What the schemas do not know, as others define them.
OTHERS = {"cert-manager.io/v1", "monitoring.coreos.com/v1"}

pytestmark = pytest.mark.skipif(HELM is None, reason="there is no helm: scripts/setup-clients helm builds it")


def helm(*words):
    return subprocess.run([HELM, *map(str, words)], capture_output=True, text=True, check=False,
                          stdin=subprocess.DEVNULL, timeout=60)


def merged(first, second):
    return {**first, **{key: merged(first[key], value) if isinstance(value, dict) and key in first else value
                        for key, value in second.items()}}


@pytest.fixture(name="render")
def template(tmp_path):
    """The objects of the chart with these values, by their kind."""
    def rendered(values=None, kubernetes=KUBERNETES[1], code=0):
        file = tmp_path / "values.yaml"
        file.write_text(json.dumps(merged(SOUND, values or {})))
        done = helm("template", "app", CHART, "--values", file, "--kube-version", kubernetes)
        assert (done.returncode == 0) == (code == 0), done
        if code != 0:
            return done.stderr
        return {one["kind"]: one for one in yaml.safe_load_all(done.stdout) if one}
    return rendered


def containers_of(made):
    spec = next(made[kind] for kind in ("Deployment", "DaemonSet") if kind in made)["spec"]["template"]["spec"]
    return spec, {one["name"]: one for one in [*spec.get("initContainers", []), *spec["containers"]]}


def test_lint(tmp_path):
    file = tmp_path / "values.yaml"
    file.write_text(json.dumps(SOUND))
    done = helm("lint", "--strict", CHART, "--values", file)
    assert done.returncode == 0 and "0 chart(s) failed" in done.stdout, done


def test_the_version_is_that_of_rolecall():
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    assert chart["version"] == chart["appVersion"] == run("version").out.strip()


ALL = {"metrics": {"enabled": True, "podMonitor": {"enabled": True}}, "networkPolicy": {"enabled": True}}
SOURCES = {"certManager": {}, "csi": {}, "secret": {"secret": {"name": "own"}},
           "spiffe": {"spiffe": {"id": "spiffe://example.org/app"}}}


def assert_valid(file, kubernetes, code=0):
    done = subprocess.run([VALIDATE, "--strict", "-k", kubernetes.rsplit(".", 1)[0], file], capture_output=True,
                          text=True, check=False)
    assert (done.returncode == 0) == (code == 0), done


@pytest.mark.skipif(not VALIDATE.exists(), reason=f"there is no {VALIDATE}")
def test_the_schemas_refuse_what_is_wrong(render, tmp_path):
    made = render()["Deployment"]
    made["spec"]["template"]["spec"]["containers"][0]["comand"] = ["x"]
    (tmp_path / "made.yaml").write_text(yaml.dump(made))
    assert_valid(tmp_path / "made.yaml", KUBERNETES[1], code=1)


@pytest.mark.parametrize("mode,source,kubernetes", itertools.product(
    ("sidecar", "update", "node", "none"), SOURCES, KUBERNETES))
def test_each_form_is_valid(render, tmp_path, mode, source, kubernetes):
    more = ALL if mode in ("sidecar", "node") else {"networkPolicy": {"enabled": True}}
    made = render({"mode": mode, "identity": {"source": source, **SOURCES[source]}, **more}, kubernetes)
    assert ("Certificate" in made) == (source == "certManager")
    if VALIDATE.exists():
        file = tmp_path / "made.yaml"
        file.write_text(yaml.dump_all(one for one in made.values() if one["apiVersion"] not in OTHERS))
        assert_valid(file, kubernetes)
    text = made["ConfigMap"]["data"]["config.toml"]
    assert all(arn in text for arn in ARNS.values()), text


@pytest.mark.parametrize("mode", ["sidecar", "update"])
@pytest.mark.parametrize("kubernetes", KUBERNETES)
def test_pods_satisfy_the_restricted_profile(render, mode, kubernetes):
    """Pod Security Standards, "Restricted"."""
    spec, containers = containers_of(render({"mode": mode, **(ALL if mode == "sidecar" else {})}, kubernetes))
    assert not {"hostNetwork", "hostPID", "hostIPC"} & set(spec)
    assert spec["securityContext"]["runAsNonRoot"] and spec["securityContext"]["runAsUser"] != 0
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert {kind for volume in spec["volumes"] for kind in volume} <= {
        "name", "configMap", "csi", "emptyDir", "secret", "projected"}
    for container in containers.values():
        context = container["securityContext"]
        assert context["allowPrivilegeEscalation"] is False and context["capabilities"] == {"drop": ["ALL"]}
        assert all("hostPort" not in port for port in container.get("ports", []))


def test_a_native_sidecar_only_where_there_is_one(render):
    for kubernetes, values, is_native in ((KUBERNETES[0], {}, False), (KUBERNETES[1], {}, True),
                                          (KUBERNETES[1], {"nativeSidecar": False}, False)):
        spec, containers = containers_of(render(values, kubernetes))
        assert (containers["rolecall"].get("restartPolicy") == "Always") == is_native
        assert ("rolecall" in [one["name"] for one in spec["containers"]]) != is_native


def test_a_new_configuration_starts_new_pods(render):
    sums = {render(values)["Deployment"]["spec"]["template"]["metadata"]["annotations"]["checksum/config"]
            for values in ({}, {"sessionDuration": 900})}
    assert len(sums) == 2


@pytest.mark.parametrize("values,said", [
    ({"roleArn": ""}, "roleArn"), ({"roleArn": "arn:aws:iam::1:role/x"}, "roleArn"),
    ({"trustAnchorArn": PROFILE_ARN}, "trustAnchorArn"), ({"mode": "other"}, "mode"),
    ({"sessionDuration": 60}, "sessionDuration"), ({"app": {"image": ""}}, "app.image is required"),
    ({"identity": {"source": "secret"}}, "identity.secret.name is required"),
    ({"identity": {"spiffe": {"id": "none"}}}, "id"), ({"unknown": 1}, "unknown"),
    ({"metrics": {"podMonitor": {"enabled": True}}}, "metrics.enabled"),
    ({"mode": "update", **ALL}, "update has no metrics"),
])
def test_wrong_values(render, values, said):
    assert said in render(values, code=1)


def test_what_clusters_need_of_pods(render):
    values = {"env": [{"name": "HTTPS_PROXY", "value": "http://proxy:3128"}], "serviceAccountName": "payments",
              "automountServiceAccountToken": True, "priorityClassName": "high",
              "topologySpreadConstraints": [
                  {"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule"}],
              "app": {"pullPolicy": "Always", "envFrom": [{"secretRef": {"name": "more"}}],
                      "env": [{"name": "AWS_REGION", "value": "us-east-1"}],
                      "livenessProbe": {"httpGet": {"path": "/", "port": 80}}}}
    for mode in ("sidecar", "update", "node"):
        spec, containers = containers_of(render({"mode": mode, **values}))
        assert spec["serviceAccountName"] == "payments" and spec["automountServiceAccountToken"] is True
        assert spec["priorityClassName"] == "high"
        for name in {"rolecall", "first-credentials"} & set(containers):
            assert values["env"][0] in containers[name]["env"], containers[name]
        # A namespace with a quota refuses containers without a limit.
        assert all("limits" in containers[name]["resources"] for name in set(containers) - {"app"})
        if mode != "node":
            app = containers["app"]
            assert spec["topologySpreadConstraints"] == values["topologySpreadConstraints"]
            assert app["imagePullPolicy"] == "Always" and app["envFrom"] and app["livenessProbe"]
            assert [v["value"] for v in app["env"] if v["name"] == "AWS_REGION"] == ["us-east-1"]


def test_the_volume_of_the_csi_driver_is_like_the_certificate(render):
    issuer = {"kind": "AWSPCAIssuer", "name": "own", "group": "awspca.cert-manager.io"}
    manager = {"issuerRef": issuer, "renewBefore": "2h"}
    spec, _ = containers_of(render({"identity": {"source": "csi", "certManager": manager,
                                                 "csi": {"keyFile": "key.pem"}}}))
    (volume,) = [volume["csi"] for volume in spec["volumes"] if volume["name"] == "identity"]
    assert volume["readOnly"]
    for name, value in {"issuer-group": issuer["group"], "renew-before": "2h", "privatekey-file": "key.pem",
                        "certificate-file": "tls.crt", "fs-group": "65532"}.items():
        assert volume["volumeAttributes"][f"csi.cert-manager.io/{name}"] == value, volume


@netns.needed
def test_a_pod_reaches_the_serve_of_its_node(identity, render, tmp_path):
    """It comes through another interface than lo, and its packets have an address of the pod."""
    text = Pod.with_our_arns(render({"mode": "node"})["ConfigMap"]["data"]["config.toml"])
    for path, own in (("/identity/tls.crt", identity.certificate), ("/identity/tls.key", identity.key),
                      ("/run/rolecall/own", tmp_path / "tokens")):
        text = text.replace(f'"{path}"', f'"{own}"')
    config = tmp_path / "config.toml"
    config.write_text(text)
    with netns.pair() as (node, pod):
        node.add_to_lo("169.254.170.23")
        pod.ip("route", "add", "default", "via", node.address)
        with Emulator(identity.root_file, prefix=node.prefix) as emulator, \
                Serve(tmp_path, "--config", config, "--port", "9911", server=emulator, prefix=node.prefix, arns=()):
            status, token = netns.ask(pod, "169.254.170.23", "/latest/api/token", 9911, "PUT",
                                      ["x-aws-ec2-metadata-token-ttl-seconds: 60"])
            assert status == 200 and len(token) > 20, token


def test_the_readme_is_right(tmp_path):
    values = re.search(r"^```yaml\n(.*?)^```", (CHART / "README.md").read_text(), re.M | re.S)[1]
    file = tmp_path / "values.yaml"
    file.write_text(values.replace("/ID", "/11111111-2222-3333-4444-555555555555"))
    done = helm("template", "app", CHART, "--values", file, "--kube-version", KUBERNETES[1])
    assert done.returncode == 0, done


# --- pods that run

@pytest.fixture(scope="module", name="image")
def unpacked_image(tmp_path_factory):
    if os.geteuid() != 0:
        pytest.skip("only root can unpack an image and be another user")
    if not STATIC.exists():
        pytest.skip(f"there is no {STATIC}: packaging/bundle {TARGET} makes it")
    folder = tmp_path_factory.mktemp("image")
    return Image(build(TARGET, STATIC, folder / "rolecall.oci.tar"), folder).unpack()


@pytest.fixture(name="start")
def pod_of_chart(tmp_path, render, image):
    root = pki.root()
    with Emulator(pki.write(tmp_path, "root.pem", pki.pem(root))) as emulator:
        def pod(values):
            made = render(values)
            spec, _ = containers_of(made)
            started = Pod(tmp_path, spec, [made["ConfigMap"]], image, emulator.url)
            started.give(root.issue("app"))
            return started
        yield pod


def test_a_sidecar_runs(start):
    pod = start({"mode": "sidecar"})
    probe = pod.container("rolecall")["startupProbe"]["exec"]["command"]
    variables = {v["name"]: v["value"] for v in pod.container("app")["env"]}
    with Container(pod, "rolecall"):
        eventually(lambda: pod.run("rolecall", probe).returncode == 0, step=0.2)
        token = pod.volumes["token"] / pathlib.PurePath(
            variables["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"]).relative_to("/run/rolecall")
        path = re.fullmatch(r"http://127\.0\.0\.1:9911(/.*)", variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"])[1]
        answer = ask(pod.port, "GET", path, {"Authorization": token.read_text()})
        assert answer.status == 200 and answer.json["AccessKeyId"], answer


def test_update_runs(start):
    pod = start({"mode": "update"})
    assert pod.run("first-credentials").returncode == 0
    file = pod.volumes["aws"] / "credentials"
    first = file.read_text()
    with Container(pod, "rolecall"):
        eventually(lambda: file.read_text() != first)
