"""What serve answers, whom it refuses, and how it starts and ends."""

import concurrent.futures
import http.client
import os
import pathlib
import re
import signal
import socket
import subprocess
import time

import pytest
from support import pki
from support.process import (ACCOUNT, ARNS, PATIENCE, REGION, ROLE_ARN, Emulator, assert_fails,
                             free_port, paused, run)
from support.serve import CREDENTIALS, ROLE, Serve, ask, eventually
from support.verifier import Verifier, stall

TTL = "x-aws-ec2-metadata-token-ttl-seconds"


@pytest.fixture(scope="module")
def serve(identity, emulator, tmp_path_factory):
    directory = tmp_path_factory.mktemp("serve")
    with Serve(directory, server=emulator, flags=identity.flags) as running:
        yield running


def serve_once(*arguments, **options):
    """A start that is to fail."""
    return run("serve", *arguments, **options)


# --- the instance metadata service


def test_imds_from_token_to_credentials(serve):
    given = serve.ask("PUT", "/latest/api/token", {TTL: "60"})
    assert given.status == 200 and given.headers[TTL] == "60", given
    token = {"X-aws-ec2-metadata-token": given.body}
    for end in ("", "/"):
        role = serve.ask("GET", "/latest/meta-data/iam/security-credentials" + end, token)
        assert (role.status, role.body) == (200, ROLE), role
    answer = serve.ask("GET", CREDENTIALS, token)
    assert answer.status == 200, answer
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["Date"].endswith(" GMT")
    assert set(answer.json) == {"Code", "LastUpdated", "Type", "AccessKeyId", "SecretAccessKey",
                                "Token", "Expiration", "AccountId"}, answer
    assert (answer.json["Code"], answer.json["Type"]) == ("Success", "AWS-HMAC")
    region = serve.ask("GET", "/latest/meta-data/placement/region", token)
    assert (region.status, region.body) == (200, REGION), region


def test_tokens(serve):
    assert serve.ask("PUT", "/latest/api/token").headers[TTL] == "21600"
    for ttl in ("0", "21601", "x"):
        assert serve.ask("PUT", "/latest/api/token", {TTL: ttl}).status == 400, ttl
    tokens = {serve.token() for _ in range(50)}
    assert len(tokens) == 50 and all(len(t) >= 64 for t in tokens)
    for wrong in ({}, {"x-aws-ec2-metadata-token": "x"},
                  {"x-aws-ec2-metadata-token": tokens.pop()[1:]}):
        assert serve.ask("GET", CREDENTIALS, wrong).status == 401, wrong
    short = serve.ask("PUT", "/latest/api/token", {TTL: "1"}).body
    time.sleep(1.1)
    assert serve.ask("GET", CREDENTIALS, {"x-aws-ec2-metadata-token": short}).status == 401


# --- the container endpoint


def container_environment(serve, *arguments):
    done = run("env", *arguments, env={"XDG_RUNTIME_DIR": str(serve.directory)})
    assert done.code == 0 and done.err == "", done
    return done


def test_container_endpoint(serve):
    done = container_environment(serve)
    unset, *exports = done.out.splitlines()
    assert unset == "unset AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"
    values = dict(line.removeprefix("export ").split("=", 1) for line in exports)
    uri = values.pop("AWS_CONTAINER_CREDENTIALS_FULL_URI")
    token = values.pop("AWS_CONTAINER_AUTHORIZATION_TOKEN")
    file = pathlib.Path(values.pop("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"))
    assert file.read_text() == token
    assert not values and uri == f"{serve.url}/credentials/default", done
    assert re.fullmatch("[0-9a-f]{64}", token)
    answer = serve.ask("GET", "/credentials/default", {"Authorization": token})
    assert answer.status == 200, answer
    assert set(answer.json) == {"AccessKeyId", "SecretAccessKey", "Token", "Expiration", "RoleArn",
                                "AccountId"}
    assert answer.json["AccountId"] == ACCOUNT
    assert answer.json["RoleArn"] == ROLE_ARN and len(answer.body) < 10000
    for wrong in ({}, {"Authorization": token[1:]}, {"Authorization": "Bearer " + token}):
        assert serve.ask("GET", "/credentials/default", wrong).status == 401, wrong
    assert serve.ask("GET", "/credentials/other", {"Authorization": token}).status == 401


def test_env_for_an_environment_file(serve):
    done = container_environment(serve, "--format", "systemd", "--token-file", "--binding",
                                 "default")
    file = serve.directory / "rolecall" / "default.token"
    assert done.out.splitlines() == [
        f"AWS_CONTAINER_CREDENTIALS_FULL_URI={serve.url}/credentials/default",
        f"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE={file}"]
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700


def test_env_quotes_a_directory_for_the_shell(identity, emulator, tmp_path):
    directory = tmp_path / "a $(touch bad) directory"
    with Serve(tmp_path, "--token-dir", directory, server=emulator, flags=identity.flags):
        done = run("env", "--token-dir", directory, "--token-file")
        said = subprocess.run(["/bin/sh", "-c", done.out + 'cat "$AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"'],
                              cwd=tmp_path, capture_output=True, text=True, check=True)
        assert re.fullmatch("[0-9a-f]{64}", said.stdout)
        assert not (tmp_path / "bad").exists()


def test_env_where_nothing_is(tmp_path):
    assert_fails(run("env"), 2, "XDG_RUNTIME_DIR", "--token-dir")
    assert_fails(run("env", "--token-dir", tmp_path), 2, "default.uri", "is rolecall serve running")
    (tmp_path / "default.uri").write_text("http://127.0.0.1:1/x'; rm -rf /")
    (tmp_path / "default.token").write_text("x")
    for name in ("default.uri", "default.token"):
        (tmp_path / name).chmod(0o600)
    assert_fails(run("env", "--token-dir", tmp_path), 2, "malformed")


def test_tokens_outlive_a_restart_but_not_a_leak(identity, emulator, tmp_path):
    file = tmp_path / "rolecall" / "default.token"
    tokens = []
    for mode in (0o600, 0o644, 0o600):
        with Serve(tmp_path, server=emulator, flags=identity.flags):
            tokens.append(file.read_text())
        file.chmod(mode)
    assert tokens[0] == tokens[1] != tokens[2]


def test_two_daemons_share_no_token(identity, emulator, tmp_path):
    common = {"server": emulator, "flags": identity.flags}
    (tmp_path / "second").mkdir()
    with Serve(tmp_path, **common) as first:
        uri = tmp_path / "rolecall" / "default.uri"
        said = uri.read_text()
        with Serve(tmp_path / "second", **common, env={"XDG_RUNTIME_DIR": str(tmp_path)}) as second:
            assert "another rolecall serve" in second.events("the container endpoint is off")[0]["reason"]
            assert second.credentials() and first.credentials()
        assert uri.read_text() == said
        assert_fails(serve_once(*identity.flags, *ARNS, "--endpoint", emulator.url, "--port", 0,
                                "--token-dir", uri.parent), 2, "another rolecall serve",
                     "--token-dir")
    assert_fails(run("env", "--token-dir", uri.parent), 2, "is rolecall serve running")


def test_token_directories_that_others_write_to_are_refused(identity, emulator, tmp_path):
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o777)
    assert_fails(serve_once(*identity.flags, *ARNS, "--endpoint", emulator.url, "--token-dir",
                            shared, "--port", 0), 2, "others may write to it")
    assert_fails(serve_once(*identity.flags, *ARNS, "--endpoint", emulator.url, "--token-dir",
                            tmp_path / "no" / "where", "--port", 0), 2, "no/where")
    # A default directory that cannot be used turns the endpoint off, and no more.
    with Serve(tmp_path, server=emulator, flags=identity.flags,
               env={"XDG_RUNTIME_DIR": str(tmp_path / "no")}) as running:
        assert running.events("the container endpoint is off")
        assert running.credentials()


# --- whom it refuses


def test_refuses_other_hosts_and_proxies(serve):
    token = {"x-aws-ec2-metadata-token": serve.token()}
    for host in ("evil.example", "evil.example:9911", "169.254.169.254", ""):
        for path in (CREDENTIALS, "/healthz", "/metrics", "/credentials/default"):
            assert serve.ask("GET", path, {**token, "Host": host}).status == 403, (host, path)
        assert serve.ask("PUT", "/latest/api/token", {"Host": host}).status == 403, host
    for host in ("localhost", "LOCALHOST:1", "127.0.0.1", "[::1]"):
        assert serve.ask("GET", CREDENTIALS, {**token, "Host": host}).status == 200, host
    for path in (CREDENTIALS, "/healthz"):
        forwarded = {**token, "X-Forwarded-For": "10.0.0.1"}
        assert serve.ask("GET", path, forwarded).status == 403, path
    assert serve.ask("PUT", "/latest/api/token", {"X-Forwarded-For": "::1"}).status == 403
    assert serve.ask("PUT", "/latest/api/token", {"X-Forwarded-For ": "::1"}).status == 400


def test_refuses_other_methods_paths_and_bodies(serve):
    token = {"x-aws-ec2-metadata-token": serve.token()}
    for method in ("POST", "HEAD", "DELETE", "OPTIONS", "PUT", "BREW"):
        for path in (CREDENTIALS, "/healthz", "/metrics", "/credentials/default"):
            assert serve.ask(method, path, token).status == 405, (method, path)
    for path in ("/", "/latest/", "/latest/meta-data", "/credentials", "/healthz//",
                 "/latest/meta-data/iam/security-credentials/Other", "/latest/user-data"):
        assert serve.ask("GET", path, token).status == 404, path
    for body in (b"x", b"x" * 100000):
        assert serve.ask("PUT", "/latest/api/token", body=body).status == 413
    assert serve.ask("PUT", "/latest/api/token", body=b"1\r\nx\r\n0\r\n\r\n",
                     headers={"Transfer-Encoding": "chunked"}).status == 400


def test_refuses_long_headers(serve):
    assert serve.ask("GET", "/healthz", {"A": "a" * 8000}).status == 200
    for name, value in (("A", "a" * 8200), ("A", "a" * 60000)):
        assert serve.ask("GET", "/healthz", {name: value}).status == 431
    many = {f"H{i}": "a" for i in range(1000)}
    assert serve.ask("GET", "/healthz", many).status == 431
    assert serve.ask("GET", "/healthz?" + "a" * 9000).status == 431
    assert serve.ask("GET", "/healthz").status == 200


def test_garbage_does_no_harm(serve):
    for garbage in (b"\x00" * 100, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc", b"GET\r\n\r\n",
                    b"GET /healthz HTTP/9.9\r\n\r\n", b"GET /healthz HTTP/1.1\r\n\r\n",
                    b"\xff" * 5000, b"GET /%zz%00 HTTP/1.1\r\nHost: localhost\r\n\r\n",
                    b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
                    b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n"):
        with socket.create_connection(("127.0.0.1", serve.port), timeout=10) as client:
            client.sendall(garbage)
            client.settimeout(0.3)  # some of it may be the begin of a request
            try:
                assert b"200 OK" not in client.recv(4096), garbage
            except (ConnectionResetError, TimeoutError):
                pass
    assert serve.ask("GET", "/healthz").status == 200


# --- what it tells


def test_health_and_metrics(serve):
    assert serve.ask("GET", "/healthz").json == {"status": "ok"}
    before = serve.metric('rolecall_requests_total{route="imds/credentials",status="200"}')
    secrets = serve.credentials()
    page = serve.ask("GET", "/metrics")
    assert page.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    assert serve.metric('rolecall_requests_total{route="imds/credentials"') >= before + 1
    assert 3000 < serve.metric("rolecall_credentials_expiry_seconds") <= 3600
    assert serve.metric('rolecall_certificate_expiry_seconds{binding="default",place="leaf"') > 0
    assert serve.metric("rolecall_renewals_total") == 1
    assert abs(serve.metric("rolecall_last_success_timestamp_seconds") - time.time()) < 600
    for line in page.body.splitlines():
        assert re.fullmatch(r'# (HELP|TYPE) rolecall_\w+ .+|rolecall_\w+(\{(\w+="[^"]*",?)*\})? -?\d+',
                            line), line
    for name in ("AccessKeyId", "SecretAccessKey", "Token"):
        assert secrets[name] not in page.body


def test_no_secret_is_logged(serve):
    secrets = [serve.credentials()[name] for name in ("SecretAccessKey", "Token")]
    secrets += [serve.token(), (serve.directory / "rolecall" / "default.token").read_text()]
    for secret in secrets:
        assert secret not in serve.err


def test_who_asked_is_logged(serve):
    time.sleep(1.1)  # for the log's budget of this second
    serve.credentials()
    gave = eventually(lambda: serve.events("gave credentials"))[-1]
    assert re.fullmatch(r"127\.0\.0\.1:\d+", gave["peer"]), gave
    assert gave["uid"] == str(os.getuid()), gave
    assert (gave["binding"], gave["route"]) == ("default", "imds/credentials")


def test_a_client_who_is_gone_has_no_user(serve):
    """The kernel would say that its socket is root's."""
    token = serve.token()
    with paused(serve.process.pid), socket.create_connection(("127.0.0.1", serve.port)) as client:
        client.sendall(f"GET {CREDENTIALS} HTTP/1.1\r\nHost: localhost\r\n"
                       f"x-aws-ec2-metadata-token: {token}\r\n\r\n".encode())
        peer = "127.0.0.1:" + str(client.getsockname()[1])
    gave = eventually(lambda: [e for e in serve.events("gave credentials") if e["peer"] == peer])
    assert "uid" not in gave[0], gave


def test_text_log_has_the_official_line(identity, emulator, tmp_path):
    port = free_port()
    with Serve(tmp_path, "--log-format", "text", "--port", port, server=emulator,
               flags=identity.flags, wait=False) as running:
        line = f"export AWS_EC2_METADATA_SERVICE_ENDPOINT=http://127.0.0.1:{port}/"
        eventually(lambda: line in running.err.splitlines())


# --- how it starts and ends


def test_a_first_failure_ends_it(identity, tmp_path):
    with Emulator(identity.root_file, "--fault", "403") as refusing:
        assert_fails(serve_once(*identity.flags, *ARNS, "--endpoint", refusing.url, "--port", 0), 1,
                     "AccessDenied")
    gone = f"http://127.0.0.1:{free_port()}"
    assert_fails(serve_once(*identity.flags, *ARNS, "--endpoint", gone, "--port", 0), 3,
                 "cannot connect")
    missing = ["--certificate", tmp_path / "none.pem", "--private-key", identity.key]
    assert_fails(serve_once(*missing, *ARNS, "--endpoint", gone, "--port", 0), 2, "none.pem")


def test_bad_flags(identity, silent):
    good = [*identity.flags, *ARNS, "--endpoint", silent.url, "--port", "0"]
    for more, pattern in ((["--port", "65536"], "port"), (["--hop-limit", "0"], "hop-limit"),
                          (["--hop-limit", "256"], "hop-limit"), (["--address", "0.0.0.0"], "loopback"),
                          (["--address", "localhost"], "127.0.0.1"),
                          (["--log-format", "xml"], "log-format"), (["stray"], "stray"),
                          (["--session-duration", "1"], "session-duration")):
        assert_fails(serve_once(*good, *more), 2, pattern)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        assert_fails(serve_once(*good, "--port", taken.getsockname()[1]), 2, "cannot listen on")


def test_lazy_starts_without(identity, tmp_path):
    port = free_port()
    with Serve(tmp_path, "--lazy", server=f"http://127.0.0.1:{port}",
               flags=identity.flags) as running:
        answer = running.get(CREDENTIALS)
        assert answer.status == 503, answer
        health = running.ask("GET", "/healthz")
        assert health.status == 503 and health.json["bindings"] == ["default"], health
        eventually(lambda: "try again later" in running.get(CREDENTIALS).json["message"])
        with Emulator(identity.root_file, "--port", port):
            eventually(lambda: running.ask("GET", "/healthz").status == 200, 90)
            assert running.credentials()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signals_end_it(identity, emulator, tmp_path, number):
    with Serve(tmp_path, server=emulator, flags=identity.flags) as running:
        idle = socket.create_connection(("127.0.0.1", running.port))
        running.process.send_signal(number)
        # It would close the connection after ten seconds.
        assert running.process.wait(timeout=8) == 0
        idle.close()


def test_a_stalled_start_can_be_ended(identity, tmp_path):
    with Verifier(stall()) as slow:
        with Serve(tmp_path, server=slow, flags=identity.flags, wait=False) as running:
            eventually(lambda: slow.requests)
            running.process.send_signal(signal.SIGTERM)
            assert running.process.wait(timeout=PATIENCE) == 0


def test_ending_under_load_cuts_nobody_short(identity, emulator, tmp_path):
    """Every answer that begins is whole; whoever comes later is refused a connection."""
    with Serve(tmp_path, server=emulator, flags=identity.flags) as running:
        token = {"x-aws-ec2-metadata-token": running.token()}
        whole = running.credentials()

        counts = [0] * 8

        def client(number):
            connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=30)
            try:
                while True:
                    answer = running.ask("GET", CREDENTIALS, token, connection=connection)
                    assert (answer.status, answer.json) == (200, whole), answer
                    counts[number] += 1
            except (ConnectionError, http.client.RemoteDisconnected):
                pass
            finally:
                connection.close()
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            clients = [pool.submit(client, i) for i in range(8)]
            eventually(lambda: min(counts) > 20 or any(c.done() for c in clients))
            running.process.send_signal(signal.SIGTERM)
            assert running.process.wait(timeout=PATIENCE) == 0
            for each in clients:
                each.result(timeout=30)
            assert min(counts) > 20


def test_hangup_reloads_and_renews(identity, emulator, tmp_path):
    with Serve(tmp_path, server=emulator, flags=identity.flags) as running:
        before = running.credentials()["AccessKeyId"]
        running.process.send_signal(signal.SIGHUP)
        eventually(lambda: running.credentials()["AccessKeyId"] != before)


def test_ipv6(identity, emulator, tmp_path):
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError as error:
        pytest.skip(f"no IPv6 here: {error}")
    with Serve(tmp_path, "--address", "::1", server=emulator, flags=identity.flags) as running:
        assert running.url.startswith("http://[::1]:")
        answer = ask(running.port, "GET", "/healthz", host="::1")
        assert answer.status == 200, answer
        assert ask(running.port, "GET", "/healthz", {"Host": "evil.example"}, host="::1").status == 403
        token = ask(running.port, "PUT", "/latest/api/token", host="::1").body
        ask(running.port, "GET", CREDENTIALS, {"x-aws-ec2-metadata-token": token}, host="::1")
        gave = eventually(lambda: running.events("gave credentials"))[-1]
        assert gave["peer"].startswith("[::1]:") and gave["uid"] == str(os.getuid()), gave


def connects(port, least_ttl, host="127.0.0.1"):
    """A client that drops what comes with a lower TTL."""
    with socket.socket() as client:
        client.setsockopt(socket.IPPROTO_IP, getattr(socket, "IP_MINTTL", 21), least_ttl)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_SYNCNT, 1)
        client.settimeout(2)
        try:
            client.connect((host, port))
            client.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
            return client.recv(12) == b"HTTP/1.1 200"
        except OSError:
            return False


def test_hop_limit(serve, identity, emulator, tmp_path):
    assert connects(serve.port, 64) and not connects(serve.port, 65)
    with Serve(tmp_path, "--hop-limit", "3", server=emulator, flags=identity.flags) as running:
        assert connects(running.port, 3) and not connects(running.port, 4)


def test_remote(identity, emulator, tmp_path):
    """Every address stands for one that others reach."""
    common = {"server": emulator, "flags": identity.flags}
    with Serve(tmp_path, "--address", "0.0.0.0", "--allow-remote", **common) as running:
        assert running.ask("PUT", "/latest/api/token").status == 404
        token = (tmp_path / "rolecall" / "default.token").read_text()
        given = running.ask("GET", "/credentials/default", {"Authorization": token})
        assert given.status == 200, given
        assert running.ask("GET", "/healthz", {"Host": "evil.example"}).status == 403
        assert connects(running.port, 1) and not connects(running.port, 2)
        assert running.events("other machines can connect; what they get passes unencrypted")
    with Serve(tmp_path, "--address", "0.0.0.0", "--allow-remote", "--imds", "--hop-limit", "2",
               **common) as running:
        assert running.credentials()
        assert connects(running.port, 2) and not connects(running.port, 3)


def test_the_hop_limit_holds_for_ipv4_clients_of_an_ipv6_socket(identity, emulator, tmp_path):
    try:
        socket.create_server(("::", 0), family=socket.AF_INET6).close()
    except OSError as error:
        pytest.skip(f"no IPv6 here: {error}")
    with Serve(tmp_path, "--address", "::", "--allow-remote", server=emulator,
               flags=identity.flags) as running:
        assert connects(running.port, 1) and not connects(running.port, 2)


# --- as a service of systemd


def test_notifies_its_supervisor(identity, emulator, tmp_path):
    address = tmp_path / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as supervisor:
        supervisor.bind(str(address))
        supervisor.settimeout(20)
        begin = time.monotonic()
        with Serve(tmp_path, server=emulator, flags=identity.flags,
                   env={"NOTIFY_SOCKET": str(address), "WATCHDOG_USEC": "400000"}) as running:
            assert supervisor.recv(100) == b"READY=1"
            assert running.ask("GET", "/healthz").status == 200
            for _ in range(6):
                assert supervisor.recv(100) == b"WATCHDOG=1"
            # Each half of the supervisor's time. How soon they are read here says nothing.
            assert time.monotonic() - begin > 0.9
            running.process.send_signal(signal.SIGTERM)
            while (said := supervisor.recv(100)) == b"WATCHDOG=1":
                pass
            assert said == b"STOPPING=1"


def test_hangups_do_not_keep_it_from_its_watchdog(identity, emulator, tmp_path):
    address = tmp_path / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as supervisor:
        supervisor.bind(str(address))
        supervisor.settimeout(20)
        with Serve(tmp_path, server=emulator, flags=identity.flags,
                   env={"NOTIFY_SOCKET": str(address), "WATCHDOG_USEC": "1000000"}) as running:
            assert supervisor.recv(100) == b"READY=1"
            supervisor.setblocking(False)
            said = b""
            begin = time.monotonic()
            while not said and time.monotonic() - begin < 20:
                running.process.send_signal(signal.SIGHUP)
                time.sleep(0.1)
                try:
                    said = supervisor.recv(100)
                except BlockingIOError:
                    pass
            assert said == b"WATCHDOG=1"


def test_says_nothing_before_it_is_ready(identity, tmp_path):
    name = f"\0rolecall-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as supervisor, \
            Emulator(identity.root_file, "--fault", "delay=1:1") as slow:
        supervisor.bind(name)
        supervisor.settimeout(20)
        begin = time.monotonic()
        with Serve(tmp_path, server=slow, flags=identity.flags,
                   env={"NOTIFY_SOCKET": "@" + name[1:]}):
            assert supervisor.recv(100) == b"READY=1"
            assert time.monotonic() - begin > 1


def activated(listener):
    """What systemd does for a socket unit: the descriptor is 3, and LISTEN_PID names the process."""
    script = f'exec 3<&{listener.fileno()}; LISTEN_PID=$$ LISTEN_FDS=1 exec "$@"'
    return {"prefix": ["/bin/bash", "-c", script, "activate"], "pass_fds": [listener.fileno()]}


def test_socket_activation(identity, emulator, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        # Whoever connects before it runs is answered when it does.
        with socket.create_connection(("127.0.0.1", port), timeout=20) as early:
            early.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            for _ in range(2):  # the socket outlives the service
                with Serve(tmp_path, server=emulator, flags=identity.flags,
                           **activated(listener)) as running:
                    assert running.port == port
                    assert running.credentials()
                    if early:
                        assert early.recv(12) == b"HTTP/1.1 200"
                        early.close()
                        early = None


def test_socket_activation_has_its_limits(identity, emulator, tmp_path):
    arguments = [*identity.flags, *ARNS, "--endpoint", emulator.url]
    with socket.create_server(("0.0.0.0", 0)) as listener:
        with Serve(tmp_path, server=emulator, flags=identity.flags, wait=False,
                   **activated(listener)) as running:
            running.code = 2
            assert running.process.wait(timeout=20) == 2
            assert "--allow-remote" in running.err
    # Meant for another process.
    done = run("serve", *arguments, "--port", "0", "--role-arn", "x",
               env={"LISTEN_PID": "1", "LISTEN_FDS": "7"})
    assert_fails(done, 2, "role-arn")
