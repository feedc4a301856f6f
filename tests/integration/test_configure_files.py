"""`configure`: what stays and what goes in AWS's files, and what would win over the profile."""

import os
import pathlib
import re
import shlex
import shutil
import subprocess

import botocore.configloader
import botocore.exceptions
import pytest
from support import pki
from support.home import (AWS, NOBODY, STATIC, as_root, assert_configured, mode,
                          needs_aws, works)
from support.process import BINARY, ROLE_ARN, assert_fails, environment, run

# --- --dry-run

def test_a_dry_run_changes_nothing_and_its_diff_applies(home):
    result = home.configure("--dry-run")
    assert result.code == 0 and not home.config.parent.exists(), result
    before = ("[default]\nregion = r\n\n[profile demo]\n# mine\nregion = x\n"
              + "".join(f"a{n} = 1\n" for n in range(9)))
    home.write(config=before + "credential_process = old\nlast = 1")
    old = home.config.read_bytes()
    result = home.configure("--dry-run")
    assert result.code == 0 and result.err == "" and home.config.read_bytes() == old, result
    assert os.listdir(home.config.parent) == ["config"]
    assert home.emulator.url in result.out and "@@" in result.out, result
    # git applies it to what was there, and gets what the real run writes.
    copy = home.path / "copy"
    copy.mkdir()
    (copy / "config").write_bytes(old)
    patch = result.out.replace(f"--- {home.config}", "--- a/config") \
                      .replace(f"+++ {home.config}", "+++ b/config")
    subprocess.run(["git", "apply", "-"], input=patch, text=True, cwd=copy, check=True, timeout=60,
                   env=environment({"HOME": str(home.path)}))
    assert_configured(home.configure())
    assert (copy / "config").read_bytes() == home.config.read_bytes() != old
    assert home.configure("--dry-run").out == "nothing would change\n"


def test_a_dry_run_shows_no_secret(home):
    text = "[demo]\n" + STATIC + "aws_session_token = STATICTOKEN\n[x]\nclient_secret = STATICX\n"
    home.write(config="[profile demo]\ncredential_process = x --pkcs8-password STATICP\n",
               credentials=text)
    result = home.configure("--dry-run", "--remove-static-keys")
    assert "-aws_access_key_id = AKIASTATIC" in result.out, result
    assert "-aws_secret_access_key = ***" in result.out, result
    for secret in ("STATICSECRET", "STATICTOKEN", "STATICX", "STATICP"):
        assert secret not in result.out + result.err, result
    assert home.credentials.read_text() == text


# --- the file

@pytest.mark.parametrize("before, after", [
    ("", "[profile demo]\nLINE\n"),
    ("# mine", "# mine\n\n[profile demo]\nLINE\n"),
    ("[profile demo]", "[profile demo]\nLINE\n"),
    ("[default]\r\nregion = x\r\n", "[default]\r\nregion = x\r\n\r\n[profile demo]\r\nLINE\r\n"),
    ("[profile demo] # c\n  region = x\n", "[profile demo] # c\n  LINE\n  region = x\n"),
    ("[profile 'demo']\ncredential_process=x\n  y\n  -z\n; end\n[profile demo2]\na=1",
     "[profile 'demo']\nLINE_\n; end\n[profile demo2]\na=1"),
    ("[profile  \"demo\"]\ns3 =\n  a = 1\nCredential_Process   =   \n",
     "[profile  \"demo\"]\ns3 =\n  a = 1\nCredential_Process   =   COMMAND\n"),
    ("\ufeff[profile demo]\nx=\u00e9\n", "\ufeff[profile demo]\nLINE\nx=\u00e9\n"),
    ("[sso-session demo]\nx = 1\n[demo]\ncredential_process = y\n",
     "[sso-session demo]\nx = 1\n[demo]\ncredential_process = y\n\n[profile demo]\nLINE\n"),
])
def test_every_other_byte_stays(home, before, after):
    home.write(config=before)
    home.config.chmod(0o644)
    assert_configured(home.configure())
    written = home.config.read_bytes().decode()
    command = re.search(re.escape(BINARY) + r" credential-process [^\r\n]*", written)[0]
    assert written == (after.replace("LINE_", "credential_process=" + command)
                       .replace("LINE", "credential_process = " + command)
                       .replace("COMMAND", command))
    assert mode(home.config) == 0o644


def test_a_file_that_is_as_it_should_be_is_not_written(home):
    assert_configured(home.configure())
    before = home.config.stat()
    result = assert_configured(home.configure())
    assert "as it was" in result.out, result
    after = home.config.stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


def test_a_symbolic_link_stays_one(home, tmp_path):
    target = tmp_path / "dotfiles"
    target.write_text("[default]\nregion = x\n")
    home.config.parent.mkdir()
    home.config.symlink_to(target)
    assert_configured(home.configure())
    assert home.config.is_symlink() and "[profile demo]" in target.read_text()
    assert home.command()[0] == BINARY


@pytest.mark.parametrize("text, pattern", [
    ("[profile demo]\na=1\n[profile 'demo']\nb=1\n", "twice, in line 1 and in line 3"),
    ("[profile demo]\na=1\n[profile demo]\nb=1\n", "twice"),
    ("[profile demo]\ncredential_process = x\n  region = y\n", "looks like a setting"),
    ("[profile demo]\n\0", "NUL"),
])
def test_files_that_are_refused(home, text, pattern):
    home.write(config=text)
    assert_fails(home.configure(), 2, pattern)
    assert home.config.read_text() == text


REFUSED = ["junk\n", "[a]\nx = 1\nx = 2\n", "[a]\n[a]\n", "[a]\n= x\n", "[a]\ns3 =\n  max 3\n",
           "[a]\nno delimiter\n"]
TAKEN = ["", "# c\n[a]\n", "[a]\ns3 =\n  max = 3\n\n  # c\n", "[DEFAULT]\nx = 1\n[DEFAULT]\ny = 1\n",
         "[a]\nx =\n[b]\nx = 1\n", "[a]\nx = 1\n  and more\n"]


@pytest.mark.parametrize("text", REFUSED + TAKEN)
@pytest.mark.parametrize("file", ["config", "credentials"])
def test_files_that_the_aws_cli_refuses_are_told_of(home, file, text):
    home.write(**{file: text})
    path = getattr(home, file)
    try:
        botocore.configloader.raw_config_parse(str(path))
        refused = False
    except botocore.exceptions.ConfigParseError:
        refused = True
    assert refused == (text in REFUSED)
    result = home.configure("--dry-run")
    assert result.code == 0, result
    assert any(str(path) in line and "the AWS CLI refuses" in line
               for line in result.warnings) == refused, result


def test_default_by_both_names_is_refused(home):
    home.write(config="[default]\na=1\n[profile default]\nb=1\n")
    assert_fails(home.configure(profile="default"), 2, "twice")


def test_other_places(home, tmp_path):
    for named, path in (("~/x/config", home.path / "x" / "config"),
                        (str(tmp_path / "y"), tmp_path / "y")):
        assert_configured(home.configure(env={"AWS_CONFIG_FILE": named}))
        assert "[profile demo]" in path.read_text()
        assert not home.config.exists()
    result = assert_configured(home.configure(env={"AWS_CONFIG_FILE": "z"}, cwd=tmp_path))
    assert f" in {tmp_path}/z:\n" in result.out, result
    keys = home.path / "keys"
    keys.write_text("[demo]\n" + STATIC)
    result = home.configure(env={"AWS_SHARED_CREDENTIALS_FILE": "~/keys"})
    assert [w for w in result.warnings if f"credentials file {keys}, line 2" in w], result


def test_directories_and_odd_files(home, tmp_path):
    home.config.mkdir(parents=True)
    assert_fails(home.configure(), 2, "AWS config file .* is not a regular file")
    home.config.rmdir()
    os.mkfifo(home.config)
    assert_fails(home.configure(), 2, "is not a regular file")
    home.config.unlink()
    home.credentials.mkdir()
    result = assert_configured(home.configure())
    assert [w for w in result.warnings if "whether static keys take precedence is not known" in w], result
    assert_fails(home.configure("--remove-static-keys"), 2, "credentials file .* not a regular")


@as_root
def test_a_user_who_may_not_write(home):
    directory = pathlib.Path("/tmp") / f"rolecall-configure-{os.getpid()}"
    directory.mkdir()
    try:
        directory.chmod(0o755)
        flags = pki.write_identity(directory, home.identity.leaf)
        for path in (flags[1], flags[3]):
            os.chown(path, 65534, 65534)
        aws = directory / ".aws"
        aws.mkdir()
        aws.chmod(0o755)
        (aws / "config").write_text("[profile demo]\nregion = x\n")
        (aws / "config").chmod(0o644)
        arguments = ["configure", "--profile", "demo", *flags, *home.flags[4:]]
        env = {"HOME": str(directory)}
        assert_fails(run(*arguments, prefix=NOBODY, env=env), 2, "Permission denied", "owner")
        assert (aws / "config").read_text() == "[profile demo]\nregion = x\n"
        assert os.listdir(aws) == ["config"]
        # What is right already need not be writable.
        assert_configured(run(*arguments, env=env))
        assert_configured(run(*arguments, prefix=NOBODY, env=env))
        shutil.rmtree(aws)
        directory.chmod(0o777)
        assert_configured(run(*arguments, prefix=NOBODY, env=env))
        assert (aws / "config").stat().st_uid == 65534 and mode(aws / "config") == 0o600
    finally:
        shutil.rmtree(directory)


# --- --remove-static-keys

def test_static_keys_are_taken_out_with_a_backup(home):
    rest = "# top\r\n[other]\r\n" + STATIC.replace("\n", "\r\n") + "[demo]\r\nregion = x\r\n"
    home.write(config="[profile demo]\n" + STATIC + "output = json\n",
               credentials=rest + "Aws_Access_Key_Id=K\r\naws_secret_access_key : S\r\n"
                                  "aws_session_token = T\r\n  T2\r\naws_security_token=U\r\n; end")
    before = {p: p.read_bytes() for p in (home.config, home.credentials)}
    for path in before:
        path.chmod(0o644)
    result = assert_configured(home.configure("--remove-static-keys"))
    assert home.credentials.read_bytes().decode() == rest + "; end"
    lines = home.config.read_text().splitlines()
    assert lines[0] == "[profile demo]" and lines[2:] == ["output = json"], lines
    backups = sorted(home.path.glob(".aws/*.rolecall-backup-*"))
    assert [b.name.split(".")[0] for b in backups] == ["config", "credentials"]
    assert all(re.fullmatch(r"\w+\.rolecall-backup-\d{8}T\d{6}Z", b.name) for b in backups)
    assert all(mode(b) == 0o600 for b in backups) and mode(home.credentials) == 0o644
    assert backups[1].read_bytes() == before[home.credentials]
    assert len(result.warnings) == 2 and all(str(b) in result.err for b in backups), result
    # Nothing is left to take out.
    result = assert_configured(home.configure("--remove-static-keys"))
    assert result.warnings == [] and len(list(home.path.glob(".aws/*backup*"))) == 2, result


def test_static_keys_of_a_profile_that_uses_rolecall(home):
    """The profile's own options are used, and its line stays."""
    assert_configured(home.configure("--cache"))
    config = home.config.read_bytes()
    home.write(credentials="[demo]\n" + STATIC)
    result = home.configure("--remove-static-keys", "--dry-run", flags=[])
    assert result.code == 0 and "-aws_access_key_id" in result.out, result
    assert "credential_process" not in result.out, result
    result = assert_configured(home.configure("--remove-static-keys", flags=[]))
    assert "as it was" in result.out and home.config.read_bytes() == config, result
    assert home.credentials.read_text() == "[demo]\n"
    assert len(list(home.path.glob(".aws/credentials.rolecall-backup-*"))) == 1


def test_each_backup_has_a_name_of_its_own(home):
    """Also where several are made in one second."""
    texts = [f"# {i}\n[demo]\n" + STATIC for i in range(4)]
    for text in texts:
        home.write(credentials=text)
        assert_configured(home.configure("--remove-static-keys"))
    backups = list(home.path.glob(".aws/*.rolecall-backup-*"))
    assert sorted(backup.read_text() for backup in backups) == texts


def test_a_profile_name_is_no_flag(home):
    result = run("configure", "--profile=-x", *home.flags, env={"HOME": str(home.path)})
    assert_fails(result, 2, "begins like a flag")
    assert not home.config.exists()


def test_without_keys_nothing_is_made(home):
    assert_configured(home.configure("--remove-static-keys"))
    assert not home.credentials.exists()
    assert sorted(os.listdir(home.config.parent)) == [".config.rolecall-lock", "config"]


# --- what would win: each claim is put to the real AWS CLI

def warned(result, pattern):
    assert_configured(result)
    found = [w for w in result.warnings if re.search(pattern, w)]
    assert len(found) == 1 and len(result.warnings) == 1, (pattern, result)


@needs_aws
@pytest.mark.parametrize("config, credentials, pattern, what_the_cli_says", [
    ("", "[demo]\n" + STATIC, r"aws_access_key_id of \[demo\] in credentials file .*, line 2, takes",
     "InvalidClientTokenId"),
    ("", "[demo]\ncredential_process = /bin/false\n", "credential_process of .demo. in credentials",
     "custom-process"),
    ("role_arn = arn:aws:iam::111122223333:role/x\nsource_profile = none\n", "",
     r"role_arn of \[profile demo\] in AWS config file .*, line 3, takes", "none"),
    ("", "[demo]\nrole_arn = arn:aws:iam::111122223333:role/x\n", "role_arn of .demo. in cred",
     "role_arn|source_profile|credential_source"),
    ("sso_account_id = 1\nsso_role_name = x\n", "", "sso_account_id of .profile demo.", "sso"),
    ("role_session_name = x\nweb_identity_token_file = /nonexistent\n", "",
     "web_identity_token_file of .profile demo.", "role_arn|web.identity"),
])
def test_settings_that_precede(home, config, credentials, pattern, what_the_cli_says):
    home.write(config="[profile demo]\n" + config, credentials=credentials)
    warned(home.configure(), pattern)
    answer = home.aws("--profile", "demo")
    assert not works(answer) and re.search(what_the_cli_says, answer, re.I), answer


@needs_aws
def test_static_keys_of_the_config_file_win_elsewhere(home):
    home.write(config="[profile demo]\n" + STATIC)
    result = home.configure()
    warned(result, r"aws_access_key_id of \[profile demo\] .*, line 3, takes .* Go")
    assert works(home.aws("--profile", "demo"))


@needs_aws
@pytest.mark.parametrize("env, warning, named, profile, unnamed", [
    ({"AWS_ACCESS_KEY_ID": "AKIASTATIC", "AWS_SECRET_ACCESS_KEY": "s"},
     "AWS_ACCESS_KEY_ID in the environment takes precedence", True, False, False),
    ({"AWS_WEB_IDENTITY_TOKEN_FILE": "/nonexistent", "AWS_ROLE_ARN": ROLE_ARN},
     "AWS_WEB_IDENTITY_TOKEN_FILE in the environment takes precedence", True, False, False),
    ({"AWS_PROFILE": "other"}, "AWS_PROFILE in the environment is other", True, None, False),
    ({"AWS_DEFAULT_PROFILE": "other"}, "AWS_DEFAULT_PROFILE in the environment is other", True,
     None, False),
    ({"AWS_PROFILE": ""}, "AWS_PROFILE in the environment is empty", True, None, False),
    ({"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1:1/"},
     "AWS_CONTAINER_CREDENTIALS_FULL_URI in .* in the AWS SDK for JavaScript 2", True, True, True),
    ({"AWS_BEARER_TOKEN_BEDROCK": "SET"},
     "AWS_BEARER_TOKEN_BEDROCK in .* for the AWS service that it names", True, True, True),
    ({"AMAZON_ACCESS_KEY_ID": "SET", "AMAZON_SECRET_ACCESS_KEY": "SET"},
     "AMAZON_ACCESS_KEY_ID in .* JavaScript 2 and Ruby; unset it", True, True, True),
    ({"AWS_ACCESS_KEY": "SET", "AWS_SECRET_KEY": "SET"},
     "AWS_ACCESS_KEY in .* Java 1, Go and Ruby", True, True, True),
    # botocore looks into it after all profiles.
    ({"AWS_CREDENTIAL_FILE": "/nonexistent", "AWS_SESSION_TOKEN": "SET"}, None, True, True, True),
    ({}, None, True, True, True),
])
def test_environment_that_precedes(home, env, warning, named, profile, unnamed):
    """Is the profile used: `named` with --profile, `profile` with AWS_PROFILE, `unnamed`?"""
    result = home.configure(profile="default", env=env)
    if warning:
        warned(result, warning)
    else:
        assert assert_configured(result).warnings == [], result
    assert works(home.aws("--profile", "default", env=env)) == named
    if profile is not None:
        assert works(home.aws(env={**env, "AWS_PROFILE": "default"})) == profile
    assert works(home.aws(env=env)) == unnamed


@needs_aws
def test_after_removal_the_aws_cli_uses_the_profile(home):
    home.write(credentials="[demo]\n" + STATIC)
    assert "InvalidClientTokenId" in home.aws("--profile", "demo")
    assert_configured(home.configure("--remove-static-keys"))
    assert works(home.aws("--profile", "demo"))


@needs_aws
def test_the_hint_for_a_region_works(home):
    result = assert_configured(home.configure())
    line = re.search(r"it has no region yet: (aws .*)", result.out)[1]
    subprocess.run(shlex.split(line.replace("aws", str(AWS), 1)), check=True, timeout=60,
                   env=environment({"HOME": str(home.path)}))
    assert "region = eu-west-1" in home.config.read_text()
    assert "region" not in assert_configured(home.configure()).out.splitlines()[-1]


def test_ten_at_once_lose_nothing(home):
    names = [f"p{i}" for i in range(10)]
    env = environment({"HOME": str(home.path)})
    running = [subprocess.Popen([BINARY, "configure", "--profile", n, *home.flags], env=env,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE) for n in names]
    for process in running:
        _, err = process.communicate(timeout=120)
        assert process.returncode == 0, err
    for name in names:
        assert home.command(name)[0] == BINARY
