"""packaging/completions, in the real shells: all that --help names can be completed."""

import os
import pathlib
import pty
import re
import select
import shlex
import subprocess
import time

import pytest
from support.process import BINARY, environment, run

COMPLETIONS = pathlib.Path(__file__).resolve().parents[2] / "packaging" / "completions"
COMMANDS = re.findall(r"^  ([a-z-]+)  +\w", run("--help").out, re.MULTILINE)


def flags_of(command):
    return re.findall(r"^  (?:-h, )?(--[a-z0-9-]+)", run(command, "--help").out, re.MULTILINE)


def variables(home):
    return environment({"HOME": str(home), "PATH": f"{home}/bin:/usr/bin:/bin", "TERM": "dumb",
                        "LC_ALL": "C.UTF-8", "ROLECALL_CONFIG": str(home / "config.toml")})


def bash(home, lines):
    """Calls the function as readline does, whose own part (files, directories) it asks for by
    compopt; bash takes words apart at `=`."""
    script = f"""
        compopt() {{ printf '%s\\n' "$*"; }}
        . {COMPLETIONS}/rolecall.bash
        complete -p rolecall aws_signing_helper >/dev/null || exit
        while IFS= read -r line; do
            eval "COMP_WORDS=($line)"
            [[ $line != *' ' ]] || COMP_WORDS+=('')
            COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
            _rolecall
            printf '%s\\n' "${{COMPREPLY[@]}}" END
        done"""
    text = "".join(line.replace("=", " = ").removesuffix(" ") + "\n" if line.endswith("=")
                   else line + "\n" for line in lines)
    done = subprocess.run(["bash", "--noprofile", "--norc", "-c", script], input=text, text=True,
                          capture_output=True, cwd=home, env=variables(home), timeout=60,
                          check=True)
    assert done.stderr == "", done
    return done.stdout


def fish(home, lines):
    script = f"source {COMPLETIONS}/rolecall.fish; while read -l line; complete -C $line; echo END; end"
    done = subprocess.run(["fish", "--no-config", "-c", script], text=True, capture_output=True,
                          input="".join(line + "\n" for line in lines), cwd=home,
                          env=variables(home), timeout=60, check=True)
    assert done.stderr == "", done
    return re.sub(r"\t.*|^--[a-z-]+=(?=.)", "", done.stdout, flags=re.MULTILINE)


def zsh(home, lines):
    """On a terminal, since its completion works nowhere else. compadd, by which all that is offered
    passes, writes it to a file."""
    offered = home / "offered"
    offered.unlink(missing_ok=True)
    setup = f"""
        fpath=({COMPLETIONS} $fpath); autoload -Uz compinit; compinit -u -D
        compadd() {{
            local -a hits
            if (( ${{@[(I)-[OAD]]}} == 0 )); then
                builtin compadd -A hits "$@"
                print -rl -- $hits >>{offered}
            fi
            builtin compadd "$@"
        }}
        unsetopt zle_bracketed_paste beep
        zle-line-init() {{ print END >>{offered}; }}; zle -N zle-line-init
        """
    (home / "setup.zsh").write_text(setup, encoding="utf-8")
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(home)
        os.execvpe("zsh", ["zsh", "-f", "-i"], variables(home))
    try:
        type_and_wait(terminal, f". {home}/setup.zsh\n", offered, 1)
        for number, line in enumerate(lines):
            # ^U takes the line away, and an empty one is run.
            type_and_wait(terminal, f"{line}\t\x15\n", offered, number + 2)
    finally:
        os.close(terminal)
        os.kill(pid, 9)
        os.waitpid(pid, 0)
    return offered.read_text(encoding="utf-8").removeprefix("END\n")


def type_and_wait(terminal, keys, path, ends):
    """The editor of the line says END when it is ready: keys that come before go to the terminal's
    own editor, which knows ^U too."""
    os.write(terminal, keys.encode())
    shown, end = b"", time.monotonic() + 60
    while not path.exists() or path.read_text(encoding="utf-8").count("END\n") < ends:
        assert time.monotonic() < end, shown
        if select.select([terminal], [], [], 0.02)[0]:
            shown += os.read(terminal, 65536)


@pytest.fixture(name="home")
def home_with_bindings(tmp_path):
    (tmp_path / "bin").mkdir()
    for name in ("rolecall", "aws_signing_helper"):
        (tmp_path / "bin" / name).symlink_to(BINARY)
    config = tmp_path / "config.toml"
    # A command that may not be run by a press of Tab.
    config.write_text(f'password-source = "command:touch {tmp_path}/run"\n'
                      '[binding.billing]\n[binding."back.up"]\n', encoding="utf-8")
    config.chmod(0o600)
    other = tmp_path / "other.toml"
    other.write_text("[binding.third]\n", encoding="utf-8")
    other.chmod(0o600)
    (tmp_path / "app cert.pem").touch()
    (tmp_path / "tokens").mkdir()
    return tmp_path


def offers(shell, home, lines):
    blocks = shell(home, lines).split("END\n")
    assert len(blocks) == len(lines) + 1, blocks
    return [{word.strip() for word in block.splitlines() if word.strip()} for block in blocks[:-1]]


@pytest.mark.parametrize("shell", [bash, zsh, fish])
def test_every_command_and_flag(shell, home):
    lines = ["rolecall ", "rolecall help "] + [f"rolecall {name} --" for name in COMMANDS]
    commands, helped, *flags = offers(shell, home, lines)
    assert len(COMMANDS) > 10 and commands >= {*COMMANDS, "help"} and helped == set(COMMANDS)
    for name, offered in zip(COMMANDS, flags, strict=True):
        assert offered == set(flags_of(name)), name
    assert offers(shell, home, ["aws_signing_helper serve --"])[0] == set(flags_of("serve"))


@pytest.mark.parametrize("shell", [bash, zsh, fish])
def test_values(shell, home):
    """Formats, bindings, and nothing where nobody can know."""
    expected = {
        "rolecall export --format ": {"dotenv", "env", "fish", "ini", "json", "powershell"},
        "rolecall export --format=": {"dotenv", "env", "fish", "ini", "json", "powershell"},
        "rolecall serve --log-format ": {"json", "text"},
        "rolecall sign-string --digest ": {"SHA256", "SHA384", "SHA512"},
        "rolecall serve --lazy --binding ": {"billing", "back.up"},
        f"rolecall serve --config {shlex.quote(str(home))}/other.toml --binding ": {"third"},
        "rolecall serve --role-arn ": set(),
        "rolecall no-such-command --": set(),
    }
    for line, offered in zip(expected, offers(shell, home, list(expected)), strict=True):
        assert offered == expected[line], line
    assert offers(shell, home, ["rolecall cache "])[0] >= {"list", "clear"}
    assert not (home / "run").exists()


@pytest.mark.parametrize("shell", [bash, zsh, fish])
def test_files_and_commands(shell, home):
    file, directory, command, argument = offers(
        shell, home, ["rolecall serve --certificate app", "rolecall serve --token-dir to",
                      "rolecall exec --refresh -- basen", "rolecall exec -- basename tok"])
    if shell is bash:  # readline does the rest
        assert (file, directory, argument) == ({"-o default"}, {"-o dirnames"}, {"-o default"})
    else:
        assert {name.replace("\\", "") for name in file} == {"app cert.pem"}
        assert {name.rstrip("/") for name in directory} == {"tokens"}
        assert "tokens" in {name.rstrip("/") for name in argument}
    assert command >= {"basename", "basenc"}
