"""Configuration files, and what --debug says of the values in them."""

import re

from support.process import ANCHOR_ARN, PROFILE_ARN, ROLE_ARN

ARN_LINES = (f'trust-anchor-arn = "{ANCHOR_ARN}"\nprofile-arn = "{PROFILE_ARN}"\n'
             f'role-arn = "{ROLE_ARN}"\n')


def write_config(directory, text, mode=0o644, name="config.toml"):
    path = directory / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)
    return path


def identity_lines(identity):
    names = [flag.removeprefix("--") for flag in identity.flags[::2]]
    return "".join(f'{name} = "{value}"\n' for name, value in zip(names, identity.flags[1::2]))


def origins(result):
    """{flag: (value, place)} of --debug's first message."""
    found = re.findall(r"^  --([a-z0-9-]+)(?:=(.*?))? \(((?:command line|environment variable|"
                       r"configuration file).*)\)$", result.err, re.M)
    return {name: (value, place) for name, value, place in found}
