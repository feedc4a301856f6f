"""Pods of Kubernetes, run by unshare and chroot as their manifests say: user, arguments, variables and volumes.

Neither a container engine nor Kubernetes can be had here."""

import os
import re
import subprocess

from support import pki
from support.process import ANCHOR_ARN, PROFILE_ARN, ROLE_ARN, environment, free_port


class Pod:
    """Volumes, and containers that share them. `spec` is that of a pod, and `configs` are the config maps
    that it can mount."""

    def __init__(self, directory, spec, configs, image, endpoint):
        self.directory, self.image, self.endpoint, self.spec = directory, image, endpoint, spec
        self.port = free_port()  # the probe does not know the one that serve takes
        self.volumes = {}
        for volume in self.spec["volumes"]:
            path = self.volumes[volume["name"]] = directory / volume["name"]
            path.mkdir()
            if "emptyDir" in volume:  # as Kubernetes makes it where there is an fsGroup
                os.chown(path, 0, self.spec["securityContext"]["fsGroup"])
                path.chmod(0o2777)
        name = self.volume("config")["configMap"]["name"]
        (config,) = [config for config in configs if config["metadata"]["name"] == name]
        for name, text in config["data"].items():
            (self.volumes["config"] / name).write_text(self.with_our_arns(text))

    def volume(self, name):
        return next(volume for volume in self.spec["volumes"] if volume["name"] == name)

    @staticmethod
    def with_our_arns(text):
        for kind, arn in (("role", ROLE_ARN), ("profile", PROFILE_ARN),
                          ("trust-anchor", ANCHOR_ARN)):
            text, found = re.subn(rf'^({kind}-arn = )".*"$', rf'\1"{arn}"', text, flags=re.M)
            assert found == 1, text
        return text

    def give(self, identity):
        """The secret that cert-manager would keep."""
        path = self.volumes["identity"]
        (path / "tls.crt").write_bytes(pki.pem(identity, *identity.chain))
        (path / "tls.key").write_bytes(pki.key_pem(identity.key))
        (path / "tls.key").chmod(self.volume("identity")["secret"]["defaultMode"])
        os.chown(path / "tls.key", 0, self.spec["securityContext"]["fsGroup"])

    def container(self, name):
        every = [*self.spec["initContainers"], *self.spec["containers"]]
        return next(container for container in every if container["name"] == name)

    def command(self, name, words=None):
        """The command that runs this container, or `words` in it."""
        container = self.container(name)
        context = self.spec["securityContext"]
        config = self.image.config["config"]
        assert f"{context['runAsUser']}:{context['runAsGroup']}" == config["User"]
        assert container["securityContext"]["readOnlyRootFilesystem"]
        assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
        mounts = [(self.volumes[mount["name"]], mount["mountPath"], mount.get("readOnly"))
                  for mount in container["volumeMounts"]]
        variables = [*(f"{v['name']}={v['value']}" for v in container.get("env", [])),
                     f"ROLECALL_ENDPOINT={self.endpoint}", f"ROLECALL_PORT={self.port}"]
        return self.image.command(words or [*config["Entrypoint"], *container["args"]], mounts, variables,
                                  groups=context["fsGroup"])

    def run(self, name, words=None):
        return subprocess.run(self.command(name, words), env=environment(), text=True, timeout=60,
                              stdin=subprocess.DEVNULL, capture_output=True, check=False)


class Container:
    """A container that runs until the end of the with statement."""

    def __init__(self, pod, name):
        self.process = subprocess.Popen(pod.command(name), env=environment(), text=True,
                                        stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        _, self.err = self.process.communicate(timeout=10)
        assert self.process.returncode == 0, self.err
