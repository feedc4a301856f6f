"""What the manual pages say of flags and variables, held against the program."""

import pathlib
import re

import pytest
from support.process import ARNS, needs_dynamic_build, run
from support.serve import Serve

MANUALS = pathlib.Path(__file__).resolve().parents[2] / "docs/man"


def manual(page):
    return (MANUALS / f"{page}.md").read_text(encoding="utf-8")


PAGE = manual("rolecall-credential-process")


@pytest.mark.parametrize("flags", [
    ["--cert-selector", "Key=x509Subject,Value=CN=rolecall-none"],
    ["--certificate", "pkcs11:token=rolecall-none"],
    ["--certificate", "LEAF", "--private-key", "pkcs11:token=rolecall-none"],
    ["--certificate", "LEAF", "--private-key", "handle:0x81ffffff"]], ids=range(4))
def test_hardware_is_not_refused(identity, flags):
    """It is looked for, and is not there."""
    needs_dynamic_build("PKCS#11")
    flags = [identity.certificate if flag == "LEAF" else flag for flag in flags]
    result = run("credential-process", *flags, *ARNS, env={"SOFTHSM2_CONF": "/nonexistent"})
    assert result.code != 0 and not re.search("exclude|missing|unknown|unexpected", result.err)
    assert re.search("token|TPM|matches|PKCS#11", result.err), result
    assert not re.search(r"cert-selector\*\* is refused|`pkcs11:` and `handle:` in place of", PAGE)


def described(flag):
    """The text of a flag's item."""
    found = re.search(rf"^(?:\*\*.*)?\*\*{flag}\*\*.*\n((?:[: ] .*\n)+)", PAGE, re.M)
    assert found, flag
    return " ".join(found.group(1).split())


def test_what_has_no_effect_has_none(identity, emulator):
    assert "no effect" in PAGE
    result = run("credential-process", *identity.flags, *ARNS, "--endpoint", emulator.url,
                 "--system-store-name", "MY")
    assert result.code == 0 and result.err == "", result


@pytest.mark.parametrize("flag,default", [("--session-duration", "3600"),
                                          ("--cache-margin", "900")])
def test_defaults(flag, default):
    shown = " ".join(run("credential-process", "--help").out.split())
    assert re.search(rf"{flag} SECONDS .*?Default: {default}\b", shown), shown
    assert default in described(flag)


def test_limits():
    for flag, low, high in (("--session-duration", 900, 43200),):
        assert f"{low} to {high}" in described(flag)
        for value in (low - 1, high + 1):
            assert f"from {low} to {high}" in run("credential-process", flag, value).err


def test_variables_of_the_page_are_known():
    section = PAGE[PAGE.index("## ENVIRONMENT"):PAGE.index("## FILES")]
    names = re.findall(r"\*\*(ROLECALL_[A-Z0-9_]+)\*\*", section)
    assert {"ROLECALL_CONFIG", "ROLECALL_PIN"} <= set(names)
    result = run("credential-process", env={name: "/dev/null" for name in names})
    assert "not known" not in result.err, result


def test_format_before_the_first_table(identity, emulator, tmp_path):
    assert "A `format` before the first table" in " ".join(manual("rolecall-config").split())
    config = tmp_path / "config.toml"
    config.write_text('format = "fish"\n')
    config.chmod(0o600)
    flags = [*identity.flags, "--config", config]
    exported = run("export", *flags, *ARNS, "--endpoint", emulator.url)
    assert exported.code == 0 and "set -gx AWS_ACCESS_KEY_ID" in exported.out, exported
    # Has other values, and does not know this one.
    assert run("sign-string", *flags).code == 2
    # Has no such option.
    printed = run("credential-process", *flags, *ARNS, "--endpoint", emulator.url)
    assert printed.code == 0, printed


def test_a_switch_can_be_turned_off_again(tmp_path):
    config = tmp_path / "config.toml"
    config.write_text("cache = true\n")
    config.chmod(0o600)
    result = run("credential-process", "--config", config, "--cache=false", "--debug")
    assert "--cache=false (command line)" in result.err, result


# --- what takes precedence over what

def rows(page, heading):
    """The cells of the table that follows a heading, without mark-up."""
    text = manual(page)
    lines = text[text.index(heading):].split("| --- | --- |\n", 1)[1].split("\n\n", 1)[0]
    for line in lines.splitlines():
        names, where = line.strip("| ").replace("*SERVICE*", "BEDROCK").split(" | ")
        yield re.findall(r"\b[A-Z0-9]+_[A-Z0-9_]+", names.replace("`", "")), where.replace("*", "")


def test_variables_that_env_warns_about(identity, emulator, tmp_path):
    with Serve(tmp_path, server=emulator, flags=identity.flags) as serve:
        seen = set()
        for names, where in rows("rolecall-env", "## PRECEDENCE"):
            for name in names:
                result = run("env", env={"XDG_RUNTIME_DIR": str(serve.directory), name: "SET"})
                assert (f"{name} in the environment takes precedence over the endpoint of serve "
                        f"{where}; unset it") in result.err, (name, result)
                seen.add(name)
        everything = {name: "SET" for name in variables_that_exec_removes()}
        result = run("env", env={"XDG_RUNTIME_DIR": str(serve.directory), **everything})
        assert set(re.findall(r"warning: (\w+) in the env", result.err)) == seen, result


def test_variables_that_configure_warns_about(home):
    seen = set()
    container = re.findall(r"`(AWS_CONTAINER_\w+_URI)`", manual("rolecall-configure"))
    for names, where in [*rows("rolecall-configure", "## PRECEDENCE"),
                         (container, "in the AWS SDK for JavaScript 2")]:
        for name in names:
            if name == "DEFAULT":
                continue
            seen.add(name)
            result = home.configure("--dry-run", env={name: "SET"})
            if name in ("AWS_PROFILE", "AWS_DEFAULT_PROFILE"):
                assert f"{name} in the environment is SET" in result.err, result
            else:
                assert (f"{name} in the environment takes precedence over the profile {where}; "
                        "unset it") in result.err, (name, result)
    everything = {name: "SET" for name in variables_that_exec_removes()}
    result = home.configure("--dry-run", env=everything)
    assert set(re.findall(r"warning: (\w+) in the env", result.err)) == seen, result


def variables_that_exec_removes():
    text = manual("rolecall-exec")
    text = text[text.index("rolecall removes every variable"):text.index("All other variables stay")]
    names = re.findall(r"`([A-Z0-9_*]+)`", text)
    assert len(names) > 15
    return [*(name.replace("TOKEN_*", "TOKEN_BEDROCK").replace("CONTAINER_*",
                                                              "CONTAINER_CREDENTIALS_FULL_URI")
              for name in names), "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_ACCESS_KEY_ID"]


def test_variables_that_exec_and_export_remove(identity, emulator):
    flags = [*identity.flags, *ARNS, "--endpoint", emulator.url]
    env = {name: "SET" for name in variables_that_exec_removes()}
    seen = run("exec", *flags, "--", "/usr/bin/env", env=env)
    assert seen.code == 0 and "SET" not in seen.out, seen
    exported = run("export", *flags, env=env).out
    unset = set(re.findall(r"^unset (\w+)$", exported, re.M))
    assert unset == set(env) - {"AWS_ACCESS_KEY_ID"}, exported


# --- flags and files

COMMANDS = re.findall(r"^  ([a-z-]+)  +\w", run("--help").out, re.MULTILINE)
OTHERS = "those of rolecall-credential-process(1)"
OTHER_PAGE = "rolecall-credential-process"
HARDWARE = set(re.findall(r"\*\*(--[a-z0-9-]+)\*\*", manual("rolecall-hardware")))


def flags_of(command):
    return set(re.findall(r"^  (?:-\w, )?(--[a-z0-9-]+)", run(command, "--help").out, re.M))


def entries(page):
    """The flags that have an item of their own (several may share one that begins with them)."""
    lines = re.findall(r"^(\*\*--?[a-z].*)\n: ", manual(page), re.M)
    return {flag for line in lines for flag in re.findall(r"--[a-z0-9-]+", line)}


@pytest.mark.parametrize("command", COMMANDS)
def test_every_flag_has_an_entry(command):
    """Of its own, or in the page that its page names for this flag or for all others."""
    page = f"rolecall-{command}"
    text = manual(page)
    known = entries(page) | {"--help"}
    named = re.search(r"^((?:\*\*--[a-z0-9-]+\*\*|, | and |\n)+) are " + re.escape(OTHERS), text, re.M)
    if named:
        known |= set(re.findall(r"--[a-z0-9-]+", named[1])) & entries(OTHER_PAGE)
    if "All other options are " + OTHERS in text:
        known |= entries(OTHER_PAGE)
    if "are in rolecall-hardware(7)" in text:
        known |= {"--cert-selector", *entries(OTHER_PAGE)} & HARDWARE
    assert not flags_of(command) - known
    assert entries(page) - {"--help"} <= flags_of(command) | {"--system-store-name"}


@pytest.mark.parametrize("command", COMMANDS)
def test_a_page_has_the_words_of_the_help(command):
    """Its name, and the headings of its options."""
    text = manual(f"rolecall-{command}")
    summary = re.search(rf"^  {command}  +(.*)", run("--help").out, re.M)[1]
    said = re.search(rf"^rolecall-{command} - (.*)", text, re.M)[1].replace("`", "")
    assert said == summary[0].lower() + summary[1:]
    options = text.partition("\n## OPTIONS\n")[2].partition("\n## ")[0]
    groups = re.findall(r"^(\w.*):$", run(command, "--help").out, re.M)
    assert set(re.findall(r"^### (.*)", options, re.M)) <= set(groups)


@pytest.mark.parametrize("command", COMMANDS)
def test_ranges_are_those_of_the_help(command):
    text = manual(f"rolecall-{command}")
    shown = run(command, "--help").out
    help_items = dict(re.findall(r"^  (--[a-z0-9-]+).*\n((?:      .*\n)+)", shown, re.M))
    page_items = re.findall(r"^\*\*(--[a-z0-9-]+)\*\*.*\n: ((?:.+\n)+)", text, re.M)
    ranges = re.compile(r"Allowed: ([\d.]+ to \d+)")
    for flag, said in page_items:
        expected = ranges.findall(" ".join(help_items.get(flag, "").split()))
        assert ranges.findall(" ".join(said.split())) == expected, flag


def examples(page):
    """(command, flags) of each rolecall that an example runs."""
    lines = "\n".join(re.findall(r"^    (.*)", manual(page), re.M)).replace("\\\n", " ")
    for command, words in re.findall(r"\brolecall ([a-z-]+)\b((?: [^\n|&)]*)?)", lines):
        yield command, re.findall(r"--[a-z0-9-]+", words.partition(" -- ")[0])


@pytest.mark.parametrize("page", sorted(path.stem for path in MANUALS.glob("*.md")))
def test_examples_use_flags_that_exist(page):
    for command, flags in examples(page):
        assert command in COMMANDS, command
        assert set(flags) <= flags_of(command), (command, flags)


@pytest.mark.parametrize("command", [name for name in COMMANDS if "--binding" in flags_of(name)])
def test_a_synopsis_shows_the_binding(command):
    text = manual(f"rolecall-{command}")
    synopsis = text[text.index("## SYNOPSIS"):text.index("## DESCRIPTION")]
    enough = "--certificate" not in synopsis and "*OPTIONS*" in synopsis
    assert "**--binding**" in synopsis or enough, synopsis


@pytest.mark.parametrize("page", ["rolecall", "rolecall-credential-process", "rolecall-config"])
def test_where_the_configuration_file_is(page, tmp_path):
    text = " ".join(manual(page).split())
    assert "`$XDG_CONFIG_HOME/rolecall/config.toml`" in text
    assert re.search(r"[Ii]f `\$XDG_CONFIG_HOME` is not set, (the first one is )?"
                     r"`~/\.config/rolecall/config\.toml`", text)
    for directory, name in ((".config", "home"), ("xdg", "named")):
        file = tmp_path / directory / "rolecall" / "config.toml"
        file.parent.mkdir(parents=True)
        file.write_text(f"[binding.{name}]\n")
        file.chmod(0o600)
    env = {"HOME": str(tmp_path)}
    assert run("bindings", "--names", env=env).out == "home\n"
    env["XDG_CONFIG_HOME"] = str(tmp_path / "xdg")
    assert run("bindings", "--names", env=env).out == "named\n"
