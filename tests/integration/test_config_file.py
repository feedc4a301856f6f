"""The configuration file: where it is looked for, who may write it, and what can be in it."""

import os
import subprocess

import pytest
from support import pki
from support.config import ARN_LINES, origins, write_config
from support.process import BINARY, assert_credentials, assert_fails, environment, run


def test_where_the_file_is_looked_for(complete, tmp_path):
    home, xdg = tmp_path / "home", tmp_path / "xdg"
    text = complete.read_text()

    def origin(**env):
        result = run("credential-process", "--debug", env=env)
        return origins(result).get("region", (None,))[0]

    write_config(home, text + 'region = "home"\n', name=".config/rolecall/config.toml")
    write_config(xdg, text + 'region = "xdg"\n', name="rolecall/config.toml")
    named = write_config(tmp_path, text + 'region = "named"\n')
    assert origin(HOME=str(home)) == "home"
    assert origin(HOME=str(home), XDG_CONFIG_HOME=str(xdg)) == "xdg"
    assert origin(HOME=str(home), ROLECALL_CONFIG=str(named)) == "named"
    assert origin(HOME=str(home), ROLECALL_CONFIG="/dev/null") is None
    flag = run("credential-process", "--debug", "--config", named, env={"HOME": str(home)})
    assert origins(flag)["region"][0] == "named"


def test_the_file_of_the_system(complete, tmp_path):
    """In a mount namespace, where /etc is ours."""
    script = ('mount -t tmpfs none /etc || exit 77\nmkdir /etc/rolecall\n'
              'cp "$0" /etc/rolecall/config.toml || exit 78\nexec "$@"\n')
    namespace = ["unshare", "-m"] if os.geteuid() == 0 else ["unshare", "-rm"]
    done = subprocess.run([*namespace, "sh", "-c", script, complete, BINARY, "credential-process",
                           "--debug"], env=environment(), capture_output=True, text=True,
                          timeout=60, check=False)
    if done.returncode == 77 or "unshare" in done.stderr:
        pytest.skip("cannot mount over /etc here: " + done.stderr.strip())
    assert done.returncode == 0 and "configuration file /etc/rolecall/config.toml, line" in \
        done.stderr, done


def test_a_file_that_is_not_there(tmp_path):
    assert_fails(run("credential-process", "--config", tmp_path / "none"), 2, "No such file")
    assert_fails(run("credential-process", env={"ROLECALL_CONFIG": str(tmp_path / "none")}), 2,
                 "cannot open configuration file.*none: No such file")
    assert_fails(run("credential-process", "--config", tmp_path), 2, "is a directory")


def test_an_empty_file(tmp_path):
    for text in ("", "\n", "# nothing\n"):
        assert_fails(run("credential-process", "--config", write_config(tmp_path, text)), 2,
                     "missing: --certificate")


@pytest.mark.parametrize("mode", [0o664, 0o646, 0o666, 0o602, 0o620])
def test_a_file_that_others_can_write(complete, tmp_path, mode):
    path = write_config(tmp_path, complete.read_text(), mode)
    assert_fails(run("credential-process", "--config", path), 2,
                 f"has mode {mode:04o}: users other than its owner can write it", "chmod go-w")


def test_a_file_of_another_user(complete, tmp_path):
    if os.geteuid() != 0:
        pytest.skip("only root can give a file to another user")
    path = write_config(tmp_path, complete.read_text())
    os.chown(path, 65534, 0)
    assert_fails(run("credential-process", "--config", path), 2,
                 "belongs to user 65534", "--config")


def test_no_file_is_read_for_help_or_version(tmp_path):
    path = write_config(tmp_path, "not toml")
    env = {"ROLECALL_CONFIG": str(path)}
    assert run("version", env=env).code == 0
    assert run("credential-process", "--help", env=env).code == 0
    assert_fails(run("credential-process", env=env), 2, "line 1")


@pytest.mark.parametrize("text,pattern,hint", [
    ("region = us-east-1", "line 1: .*value", "quotes"),
    ("region", "line 1: ", "quotes"),
    ('a = "x"\n\nregion = "x" # ok\nb = "unended\n', "line 4: ", "quotes"),
    ('region = "a"\nregion = "b"', 'line 2: "region" is defined twice', None),
    ("\xff\xfe".encode("latin-1"), "line 1: a character that is not ASCII", "quotes"),
    ('regon = "x"', 'line 1: there is no setting "regon"', "did you mean region"),
    ('config = "x"', 'no setting "config"', None),
    ('binding = "x"', 'no setting "binding"', None),
    ('help = true', 'no setting "help"', None),
    ("[updat]", r"table \[updat\] is neither", "did you mean update"),
    ('[binding.x.y]\nregion = "x"', r"\[binding.x.y\] has no meaning", "quotes"),
    ("[binding]\nx = 1", r"\[binding\], which has no name", r"\[binding.NAME\]"),
    ('[binding."a b"]', "is not a valid name of a binding", "letters"),
    ('[binding.".a"]', "is not a valid name of a binding", "the first must not be"),
    ("[[binding]]", "binding is a list of tables", None),
    ('region = ["a", "b"]', "line 1: region takes one value, not a list", None),
    ("region = 1979-05-27", "region has a value of a type that no option accepts", None),
    ('debug = "perhaps"', 'debug takes true or false, not "perhaps"', None),
    ("session-duration = 'x'", "line 1: session-duration takes seconds", "an hour is 3600"),
    ("timeout = 0", "line 1: timeout takes seconds from 0.001", "such as 5"),
    ('region = "a\\u0000b"', "line 1: region contains a NUL", None),
    ("a." * 100_000 + "b = 1", "larger than 128 KiB", None),
    ("a." * 60_000 + "b = 1", "line 1: the line has more than 1000 dots", None),
    ("x = 1\na." * 1 + "a." * 990 + "b = 1", "", None),
    ("a = " + "[" * 60_000, "line 1: ", None),
], ids=lambda value: str(value)[:30])
def test_what_has_no_place_in_a_file(tmp_path, text, pattern, hint):
    path = tmp_path / "config.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    path.chmod(0o600)
    result = run("credential-process", "--config", path)
    assert_fails(result, 2, pattern, hint)
    assert f"configuration file {path}" in result.err


def test_what_other_commands_take_is_no_mistake(complete, tmp_path):
    path = write_config(tmp_path, complete.read_text() + 'profile = "p"\nrefresh-before = 60\n'
                        '[update]\nonce = true\n[emulate]\nport = 1\n[binding.unused]\n')
    assert_credentials(run("credential-process", "--config", path))


def test_values_of_toml(complete, tmp_path):
    path = write_config(tmp_path, complete.read_text() + """
session-duration = 1_000     # a number
timeout = 2.5
use-fips = false
region = '''us-east-1'''
role-session-name = "caf\\u0065#=\\"x\\""  # escapes, and a "#" within quotes
""")
    result = run("credential-process", "--debug", "--config", path)
    shown = {name: value for name, (value, _) in origins(result).items()}
    assert shown["session-duration"] == "1000" and shown["timeout"] == "2.5", result
    assert shown["use-fips"] == "false" and shown["role-session-name"] == 'cafe#="x"', result


def test_a_colon_in_a_path_is_no_scheme(tmp_path):
    path = write_config(tmp_path, 'certificate = "a:b.pem"\n')
    shown = origins(run("credential-process", "--config", path, "--debug"))
    assert shown["certificate"][0] == f"{tmp_path}/a:b.pem"


def test_paths_start_at_the_file(identity, emulator, tmp_path):
    home = tmp_path / "home"
    (home / "pki").mkdir(parents=True)
    flags = pki.write_identity(home / "pki", identity.leaf)
    names = [os.path.basename(value) for value in flags[1::2]]
    pki.write(home / "pki", "password", b"unused")
    pki.write(home, "ca.pem", pki.pem(identity.root))
    text = (f'certificate = "pki/{names[0]}"\nprivate-key = "~/pki/{names[1]}"\n'
            f'ca-bundle = "./ca.pem"\npassword-source = "file:pki/password"\n')
    write_config(home, text + ARN_LINES)
    result = run("credential-process", "--config", "home/config.toml", "--debug", "--endpoint",
                 emulator.url, env={"HOME": str(home)}, cwd=tmp_path)
    assert_credentials(result)
    assert origins(result)["certificate"][0] == f"{home}/pki/{names[0]}"
    assert origins(result)["private-key"][0] == f"{home}/pki/{names[1]}"
    assert origins(result)["ca-bundle"][0] == f"{home}/./ca.pem"
    encrypted = pki.key_pem(identity.leaf.key, password=b"from a file")
    pki.write(home / "pki", names[1], encrypted)
    pki.write(home / "pki", "password", b"from a file\n")
    assert_credentials(run("credential-process", "--config", "home/config.toml", "--endpoint",
                           emulator.url, env={"HOME": str(home)}, cwd=tmp_path))
    for other in ("-", "fd:7", "pkcs11:object=x", "/abs.pem"):
        path = write_config(tmp_path, f'certificate = "{other}"\n')
        shown = origins(run("credential-process", "--config", path, "--debug"))
        assert shown["certificate"][0] == other
