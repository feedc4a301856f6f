"""Runs with --cache, and an emulator that counts the sessions they ask for."""

import json

from support.process import ARNS, Emulator, assert_credentials, run

PAST_MARGIN = ["--cache-margin", "43199"]


class Cached:
    """An emulator with a log, and runs with a cache directory of their own."""

    def __init__(self, identity, directory, *more):
        self.identity, self.directory = identity, directory
        self.emulator = Emulator(identity.root_file, "--log", *more)
        self.env = {"XDG_RUNTIME_DIR": str(directory)}
        self.cache = directory / "rolecall"

    def __enter__(self):
        self.emulator.__enter__()
        return self

    def __exit__(self, *arguments):
        self.emulator.__exit__(*arguments)

    @property
    def flags(self):
        return [*self.identity.flags, *ARNS, "--endpoint", self.emulator.url, "--cache"]

    def run(self, *more, env=None, **options):
        return run("credential-process", *self.flags, *more, env={**self.env, **(env or {})},
                   **options)

    def key_id(self, *more, **options):
        return assert_credentials(self.run(*more, **options))["AccessKeyId"]

    def age(self):
        """Makes an entry past the half of its life, and so past the longest margin."""
        for path in self.entries():
            entry = json.loads(path.read_text())
            assert entry["Issued"] > "2020"
            path.write_text(json.dumps({**entry, "Issued": "2020-01-01T00:00:00Z"}))

    def forget_failures(self):
        """As some seconds later."""
        for path in self.cache.glob("*.lock"):
            path.write_text("")

    def entries(self):
        return sorted(self.cache.glob("*.json"))


def sessions(emulator):
    """Of an emulator that has ended: how many it was asked for."""
    return len([line for line in emulator.err.splitlines() if json.loads(line)["path"]
                == "/sessions"])
