"""Proxies: a real one (tinyproxy), and which hosts are asked for as a proxy sees them."""

import pytest
from support import pki
from support import verifier as v
from support.process import (ARNS, PATIENCE, Emulator, assert_credentials, assert_fails,
                             credential_process, free_port, session)
from support.tinyproxy import Tinyproxy, tinyproxy
from support.verifier import Verifier


@pytest.fixture(scope="module")
def tls_emulator(identity, tmp_path_factory):
    directory = tmp_path_factory.mktemp("tls")
    server = pki.tls_server(identity.root)
    certificate = pki.write(directory, "tls.pem", pki.pem(server))
    key = pki.write(directory, "tls.key", pki.key_pem(server.key))
    with Emulator(identity.root_file, "--tls-cert", certificate, "--tls-key", key) as emulator:
        yield emulator


def through_proxy(identity, emulator, proxy, *flags, **env):
    return session(emulator, identity.flags, "--ca-bundle", identity.root_file, *flags,
                   env={"HTTPS_PROXY": proxy, **env})


@tinyproxy
@pytest.mark.parametrize("flags,env,through", [
    (["--with-proxy"], {}, True),
    ([], {}, False),
    (["--with-proxy"], {"NO_PROXY": "127.0.0.1"}, False),
    (["--with-proxy"], {"NO_PROXY": "*"}, False),
    (["--with-proxy"], {"NO_PROXY": "example.com"}, True),
])
def test_proxy(identity, tls_emulator, tmp_path, flags, env, through):
    with Tinyproxy(tmp_path, tls_emulator.port) as proxy:
        result = through_proxy(identity, tls_emulator, proxy.url, *flags, **env)
        assert_credentials(result)
        assert proxy.connects() == (1 if through else 0), proxy.log.read_text()


@tinyproxy
def test_proxy_that_refuses(identity, tls_emulator, tmp_path):
    with Tinyproxy(tmp_path, 443) as proxy:
        result = through_proxy(identity, tls_emulator, proxy.url, "--with-proxy")
    assert_fails(result, 1, "proxy.*403", hint="proxy")


@tinyproxy
def test_proxy_with_password(identity, tls_emulator, tmp_path):
    with Tinyproxy(tmp_path, tls_emulator.port, auth="user hunter2hunter2") as proxy:
        result = through_proxy(identity, tls_emulator, proxy.url, "--with-proxy")
        assert_fails(result, 1, "proxy.*407", hint="password")
        good = proxy.url.replace("http://", "http://user:hunter2hunter2@")
        result = through_proxy(identity, tls_emulator, good, "--with-proxy", "--debug")
        assert_credentials(result)
        assert "hunter2" not in result.err, result
        bad = good.replace("hunter2h", "wrong2h")
        result = through_proxy(identity, tls_emulator, bad, "--with-proxy", "--debug")
        # tinyproxy answers 407 to no password and 401 to a wrong one.
        assert_fails(result, 1, "proxy.*40[17]", hint="does not accept the user and the password")
        assert "wrong2h" not in result.err, result


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"])
@pytest.mark.parametrize("user,hint", [("", "requires a user name and a password"),
                                       ("bob:hunter2@", "does not accept the user and the password"),
                                       ("bob@", "does not accept the user and the password")])
def test_a_proxy_that_says_407(identity, variable, user, hint):
    with Verifier(v.respond(407, headers={"Proxy-Authenticate": "Basic realm=x"}),
                  check=False) as proxy:
        result = session("https://127.0.0.1:9", identity.flags, "--with-proxy",
                         env={variable: proxy.url.replace("://", "://" + user)})
    assert_fails(result, 1, "proxy.*407", hint=hint)
    assert "hunter2" not in result.err and "https://127.0.0.1:9" in result.errors[0], result


@pytest.mark.parametrize("proxy", ["http://127.0.0.1:{port}", "http://nowhere.invalid:3128"])
def test_proxy_that_is_down(identity, tls_emulator, proxy):
    url = proxy.format(port=free_port())
    result = through_proxy(identity, tls_emulator, url, "--with-proxy", "--timeout", "5")
    assert_fails(result, 3, "proxy", hint="proxy")


@pytest.mark.parametrize("proxy", ["ftp://bob:hunter2@127.0.0.1:1", "bob://hunter2@x"])
def test_proxy_of_a_kind_that_is_none(identity, tls_emulator, proxy):
    result = through_proxy(identity, tls_emulator, proxy, "--with-proxy", "--debug")
    assert "hunter2" not in assert_fails(result, 2, "HTTPS_PROXY", hint="socks5h").err


@pytest.mark.parametrize("proxy", ["http://bob:hunter2@127.0.0.1:{port}",
                                   "socks5h://bob:hunter2@127.0.0.1:{port}",
                                   "http://bob:hunter2@[bad:{port}", "http://bob:hunter2@:0:{port}"])
def test_the_password_of_a_proxy_that_fails_is_not_shown(identity, tls_emulator, proxy):
    result = through_proxy(identity, tls_emulator, proxy.format(port=free_port()), "--with-proxy",
                           "--debug", "--timeout", "2")
    assert result.code in (1, 2, 3) and "hunter2" not in result.err, result


def test_hint_names_the_proxy_that_is_not_used(identity):
    result = session(f"https://127.0.0.1:{free_port()}", identity.flags, "--timeout", "5",
                     env={"HTTPS_PROXY": "http://127.0.0.1:9"})
    assert_fails(result, 3, hint="--with-proxy")


def test_proxy_that_stalls(identity):
    with Verifier(v.stall(), check=False) as proxy:
        result = session("https://127.0.0.1:9", identity.flags, "--with-proxy", "--timeout", "2",
                         env={"HTTPS_PROXY": proxy.url})
    assert_fails(result, 3)
    assert proxy.connections == 1 and result.seconds < PATIENCE, result


@pytest.mark.parametrize("variable", ["http_proxy", "HTTP_PROXY", "ALL_PROXY", "all_proxy"])
def test_plain_http_goes_through_no_proxy(identity, variable):
    """It is for this machine alone; a proxy would see the credentials."""
    with Verifier(check=False) as proxy, Verifier() as verifier:
        result = session(verifier, identity.flags, "--with-proxy", env={variable: proxy.url})
    assert_credentials(result)
    assert proxy.connections == 0 and len(verifier.signed) == 1


# Partition, region, flags, environment, and the host that is asked for.
HOSTS = [
    ("aws", "eu-west-1", "", {}, "rolesanywhere.eu-west-1.amazonaws.com"),
    ("aws", "xx-new-1", "", {}, "rolesanywhere.xx-new-1.amazonaws.com"),
    ("aws", "us-east-1", "--use-fips", {}, "rolesanywhere-fips.us-east-1.amazonaws.com"),
    ("aws", "us-east-1", "--use-dualstack", {}, "rolesanywhere.us-east-1.api.aws"),
    ("aws", "us-east-1", "--use-fips --use-dualstack", {}, "rolesanywhere-fips.us-east-1.api.aws"),
    ("aws", "us-east-1", "", {"AWS_USE_FIPS_ENDPOINT": "true"},
     "rolesanywhere-fips.us-east-1.amazonaws.com"),
    ("aws", "us-east-1", "", {"AWS_USE_DUALSTACK_ENDPOINT": "true"},
     "rolesanywhere.us-east-1.api.aws"),
    ("aws", "us-east-1", "", {"AWS_USE_FIPS_ENDPOINT": "false"},
     "rolesanywhere.us-east-1.amazonaws.com"),
    ("aws-us-gov", "us-gov-west-1", "", {}, "rolesanywhere.us-gov-west-1.amazonaws.com"),
    ("aws-us-gov", "us-gov-east-1", "--use-fips", {},
     "rolesanywhere-fips.us-gov-east-1.amazonaws.com"),
    ("aws-cn", "cn-north-1", "", {}, "rolesanywhere.cn-north-1.amazonaws.com.cn"),
    ("aws-cn", "cn-north-1", "--use-dualstack", {},
     "rolesanywhere.cn-north-1.api.amazonwebservices.com.cn"),
    ("aws-iso", "us-iso-east-1", "", {}, "rolesanywhere.us-iso-east-1.c2s.ic.gov"),
    ("aws-iso-b", "us-isob-east-1", "", {}, "rolesanywhere.us-isob-east-1.sc2s.sgov.gov"),
    ("aws-iso-e", "eu-isoe-west-1", "", {}, "rolesanywhere.eu-isoe-west-1.cloud.adc-e.uk"),
    ("aws-iso-f", "us-isof-east-1", "", {}, "rolesanywhere.us-isof-east-1.csp.hci.ic.gov"),
    ("aws-iso-f", "us-isof-south-1", "--use-dualstack", {},
     "rolesanywhere.us-isof-south-1.api.aws.hci.ic.gov"),
    ("aws-iso", "us-iso-east-1", "--use-dualstack", {}, "rolesanywhere.us-iso-east-1.api.aws.ic.gov"),
    ("aws-eusc", "eusc-de-east-1", "", {}, "rolesanywhere.eusc-de-east-1.amazonaws.eu"),
    ("aws-eusc", "eusc-de-east-1", "--use-dualstack", {},
     "rolesanywhere.eusc-de-east-1.api.amazonwebservices.eu"),
    ("aws", "us-west-2", "--use-fips-endpoint", {}, "rolesanywhere-fips.us-west-2.amazonaws.com"),
    ("aws", "us-west-2", "--use-fips-endpoint=true --use-dualstack-endpoint", {},
     "rolesanywhere-fips.us-west-2.api.aws"),
    ("aws", "us-west-2", "--use-fips-endpoint=false", {}, "rolesanywhere.us-west-2.amazonaws.com"),
]


def ask_for(identity, proxy, partition, region, flags, env):
    arns = [a.replace("arn:aws:", f"arn:{partition}:").replace("eu-west-1", region) for a in ARNS]
    return credential_process(*identity.flags, *arns, "--with-proxy", *flags.split(),
                              env={"HTTPS_PROXY": proxy.url, **env})


@pytest.mark.parametrize("partition,region,flags,env,host", HOSTS)
def test_the_host_of_a_region(identity, partition, region, flags, env, host):
    """A proxy that refuses sees the name, so that nothing ever leaves this machine."""
    with Verifier(v.respond(403), check=False) as proxy:
        assert_fails(ask_for(identity, proxy, partition, region, flags, env), 1, "proxy.*403")
    assert [(r.method, r.target) for r in proxy.requests] == [("CONNECT", host + ":443")]


@pytest.mark.parametrize("partition,region,flags,env,pattern", [
    ("aws", "eu-west-1", "--use-fips", {}, "FIPS.*eu-west-1.*\n.*us-gov-east-1"),
    ("aws", "eu-west-1", "", {"AWS_USE_FIPS_ENDPOINT": "true"}, "FIPS.*eu-west-1"),
    ("aws-cn", "cn-north-1", "--use-fips --use-dualstack", {}, "FIPS.*cn-north-1"),
    ("aws", "eusc-de-east-1", "", {}, "aws-eusc"), ("aws-eusc", "eu-west-1", "", {}, "partition"),
    ("moon", "moon-far-1", "", {}, "partition of the ARNs, moon, is unknown.*\n.*--endpoint"),
    ("aws", "cn-north-1", "", {}, "partition"), ("aws-cn", "eu-west-1", "", {}, "partition"),
    ("aws-new", "eu-west-1", "", {}, "aws-new"),
    ("aws", "eu-west-1", "", {"AWS_USE_FIPS_ENDPOINT": "yes"}, "AWS_USE_FIPS_ENDPOINT"),
    ("aws", "eu-west-1", "", {"AWS_USE_DUALSTACK_ENDPOINT": "2"}, "AWS_USE_DUALSTACK_ENDPOINT"),
])
def test_hosts_that_do_not_exist(identity, partition, region, flags, env, pattern):
    with Verifier(v.respond(403), check=False) as proxy:
        assert_fails(ask_for(identity, proxy, partition, region, flags, env), 2, pattern)
    assert proxy.connections == 0
