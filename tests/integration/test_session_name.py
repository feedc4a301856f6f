"""%h and %u in --role-session-name."""

import os
import platform
import pwd

import pytest
from support.config import ARN_LINES, identity_lines, write_config
from support.process import assert_credentials, assert_fails, run, session
from support.serve import Serve
from support.verifier import Verifier

HOST = platform.node()
USER = pwd.getpwuid(os.geteuid()).pw_name


@pytest.mark.parametrize("written,sent", [("%h", HOST), ("%u", USER), ("ci-%u@%h", f"ci-{USER}@{HOST}")])
def test_names_of_host_and_user(identity, written, sent):
    with Verifier() as verifier:
        assert_credentials(session(verifier, identity.flags, "--role-session-name", written))
    assert verifier.signed[0].body["roleSessionName"] == sent


@pytest.mark.parametrize("written", ["%", "web-%", "%H", "%i", "%n", "100%x"])
def test_what_has_no_meaning(identity, silent, written):
    assert_fails(session(silent, identity.flags, "--role-session-name", written), 2,
                 "--role-session-name has \"%", "%h is the name of this host")


@pytest.mark.parametrize("written,name", [("a%%b", "a%b"), ("%h" + "x" * 64, HOST + "x" * 64)])
def test_the_result_must_be_a_name_of_the_service(identity, silent, written, name):
    assert_fails(session(silent, identity.flags, "--role-session-name", written), 2,
                 f'--role-session-name "{name}" is not a name that the service accepts', "64 letters")


def test_in_the_configuration_file(identity, tmp_path):
    with Verifier() as verifier:
        config = write_config(tmp_path, identity_lines(identity) + ARN_LINES + f'endpoint = "{verifier.url}"\n'
                              '[binding.app]\nrole-session-name = "app-%h"\n'
                              '[binding.wrong]\nrole-session-name = "app-%x"\n')
        chosen = ["--config", config, "--binding"]
        assert_credentials(run("credential-process", *chosen, "app"))
        assert run("export", *chosen, "app").code == 0
        with Serve(tmp_path, flags=[*chosen, "app"], arns=[]):
            pass
        wrong = run("credential-process", *chosen, "wrong")
        assert_fails(wrong, 2, "%x")
        assert f"{config}, line" in wrong.err
    assert [one.body["roleSessionName"] for one in verifier.signed] == [f"app-{HOST}"] * 3


def test_configure_writes_the_placeholder(home):
    done = home.configure("--role-session-name", "app-%h", "--dry-run")
    assert done.code == 0 and "--role-session-name app-%h" in done.out, done
