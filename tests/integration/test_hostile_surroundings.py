"""What others prepare for a run: a file that names a command, a link, a directory that is gone; and what
a log may not show."""

import os

import pytest
from support.process import ARNS, assert_fails, run
from support.users import ATTACKER, as_root, directory_of, link_of, reachable_directory


@pytest.mark.parametrize("program,more", [("aws_signing_helper", []),
                                          ("rolecall", ["--remove-static-keys"])])
def test_configure_runs_no_command_of_a_file_that_others_can_write(tmp_path, identity, program, more):
    """configure tries the flags of a line that the profile has; one of them names a command."""
    ran = tmp_path / "ran"
    (tmp_path / ".aws").mkdir()
    config = tmp_path / ".aws/config"
    config.write_text(f"[profile x]\ncredential_process = {program} credential-process --certificate "
                      f'{identity.certificate} --private-key {identity.key} {" ".join(ARNS)} '
                      f'--password-source "command:touch {ran}"\n')
    config.chmod(0o666)
    result = run("configure", "--profile", "x", *more, env={"HOME": str(tmp_path)})
    assert_fails(result, 2, "has mode 0?666: users other than its owner can write", "chmod go-w")
    assert not ran.exists()


@as_root
def test_configure_runs_no_command_of_a_file_of_another_user(tmp_path):
    with reachable_directory() as home:
        aws = directory_of(ATTACKER, home / ".aws")
        config = aws / "config"
        config.write_text("[profile x]\ncredential_process = aws_signing_helper credential-process "
                          f'--password-source "command:touch {tmp_path}/ran"\n')
        os.chown(config, ATTACKER, ATTACKER)
        result = run("configure", "--profile", "x", env={"HOME": str(home)})
    assert_fails(result, 2, f"belongs to user {ATTACKER}", "as the owner")
    assert not (tmp_path / "ran").exists()


@as_root
def test_a_configuration_file_behind_a_link_of_another_user(tmp_path):
    file = tmp_path / "config.toml"
    file.write_text("debug = true\n")
    with reachable_directory() as home:
        folder = directory_of(ATTACKER, directory_of(ATTACKER, home / ".config") / "rolecall")
        link_of(ATTACKER, folder / "config.toml", file)
        result = run("credential-process", *ARNS, env={"HOME": str(home)})
    assert_fails(result, 2, f"is a link that belongs to user {ATTACKER}", "--config")


@pytest.mark.parametrize("url", ["https://me:SECRET@127.0.0.1:1", "me:SECRET@127.0.0.1",
                                 "https://SECRET@x/@y"])
def test_debug_shows_no_password_of_a_url(identity, tmp_path, url):
    for flags, env in ((["--endpoint", url], {}), ([], {"ROLECALL_ENDPOINT": url})):
        result = run("credential-process", "--debug", *identity.flags, *ARNS, *flags, env=env)
        assert result.code != 0 and "SECRET" not in result.err, result


def test_a_working_directory_that_is_gone(tmp_path, identity):
    script = f'mkdir "{tmp_path}/d"; cd "{tmp_path}/d"; rmdir "{tmp_path}/d"; exec "$@"'
    result = run("credential-process", "--certificate", identity.certificate, "--private-key",
                 "pkcs11:token=x", "--pkcs11-lib", "./x.so", *ARNS, prefix=["sh", "-c", script, "-"])
    assert_fails(result, 2, "working directory", ".")
