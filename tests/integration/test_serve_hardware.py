"""serve with keys in hardware: tokens and TPMs that go away and come back."""

import signal
import time

import pytest
from support import pki
from support.process import Emulator, assert_credentials, assert_fails, session
from support.serve import CREDENTIALS, Serve, eventually
from support.tokens import PIN, Faults, PublicKey, SoftHsm, Tpm, sh

LIFETIME = 2  # so that it renews each second by itself
REMOVED, SESSION = 0x32, 0xb3


@pytest.fixture(scope="module", name="short")
def emulator_of_short_sessions(identity):
    with Emulator(identity.root_file, "--session-duration-max", LIFETIME) as running:
        yield running


@pytest.fixture(scope="module", name="new_card")
def token_as_it_was_made(identity, tmp_path_factory):
    made = SoftHsm(tmp_path_factory.mktemp("card"))
    made.token("card")
    for kind, label, more in (("rsa2048", "rsa", ()), ("p256", "ec", ()),
                              ("p256", "careful", ("--always-auth",))):
        key = made.make_key("card", kind, label, "", *more)
        made.put("card", identity.intermediate.issue(label, private_key=key), label)
    made.put("card", identity.intermediate, "issuer")
    return made


@pytest.fixture(name="card")
def token(new_card, identity, tmp_path):
    """One for each test, as some change it."""
    made = new_card.copy(tmp_path / "hsm")
    made.identity = identity
    made.faults = Faults(tmp_path, made)
    made.pin_file = pki.write(tmp_path, "pin", PIN.encode())
    return made


def serve(card, server, label, *more, pin=True, **options):
    flags = ["--certificate", f"pkcs11:token=card;object={label}", *card.faults.flags]
    if pin:
        flags += ["--password-source", f"file:{card.pin_file}"]
    return Serve(card.directory, *more, server=server, flags=flags, env=card.faults.env, **options)


def renewals(running):
    return running.metric("rolecall_renewals_total")


def renews(running, times=1):
    """Waits until it has renewed by itself."""
    before = renewals(running)
    eventually(lambda: renewals(running) >= before + times)


def failures(running):
    return running.events("renewal failed")


def two_bindings(card, servers, *more):
    """One daemon, a binding each for the keys rsa and ec, with an endpoint of its own."""
    config = card.directory / "config.toml"
    config.write_text(f'pkcs11-lib = "{card.faults.flags[1]}"\n'
                      f'password-source = "file:{card.pin_file}"\n' + "".join(
                          f'[binding.{label}]\ncertificate = "pkcs11:token=card;object={label}"\n'
                          f'endpoint = "{server.url}"\n'
                          for label, server in zip(("rsa", "ec"), servers)))
    config.chmod(0o600)
    return Serve(card.directory, "--config", config, "--binding", "rsa", "--binding", "ec", *more,
                 env=card.faults.env)


def test_a_module_that_must_be_started_anew_while_another_binding_rests(card, emulator, short):
    with two_bindings(card, (short, emulator)) as running:
        eventually(lambda: renewals(running) >= 3)
        assert len(running.events("renewed")) >= 3
        # Until it is started a second time in this process.
        card.faults.set("LOST 1 -")
        seen = len(running.events("renewed"))
        eventually(lambda: len(running.events("renewed")) >= seen + 2)
        assert card.faults.calls("start"), "it was not lost"


def test_each_binding_has_its_own_time_at_a_slow_token(card, emulator):
    card.faults.set("SLOW 20 -")
    begin = time.monotonic()
    with serve(card, emulator, "rsa"):
        alone = time.monotonic() - begin
    with two_bindings(card, (emulator, emulator), "--timeout", f"{1.6 * alone:.1f}"):
        pass


@pytest.mark.parametrize("label", ["rsa", "ec", "careful"])
def test_a_token_that_is_pulled_out_and_put_back(card, emulator, label):
    """Credentials that are valid are given out meanwhile."""
    with serve(card, emulator, label, "--reuse-pin") as running:
        issued = running.credentials()
        assert len(card.faults.calls("user login")) == 1
        for _ in range(2):
            card.faults.set("ABSENT - -")
            seen = len(failures(running))
            running.process.send_signal(signal.SIGHUP)
            eventually(lambda: len(failures(running)) >= seen + 2)
            assert running.get(CREDENTIALS).status == 200
            assert "insert the token again" in failures(running)[-1]["reason"]
            assert card.faults.calls("user login") == []
            card.faults.set()
            renews(running)
            assert running.credentials()["AccessKeyId"] != issued["AccessKeyId"]
            assert len(card.faults.calls("user login")) == 1


@pytest.mark.parametrize("call", ["C_OpenSession", "C_FindObjectsInit", "C_SignInit", "C_Sign"])
@pytest.mark.parametrize("code", [REMOVED, SESSION])
def test_a_session_that_is_lost(card, short, code, call):
    """Opened anew within the same renewal. What only opening calls needs the signature to fail."""
    with serve(card, short, "ec") as running:
        renews(running)
        needed = [] if call.startswith("C_Sign") else [f"C_Sign {code:x} 1"]
        card.faults.set(f"{call} {code:x} 1", *needed)
        renews(running, 2)
        assert len(card.faults.calls("start")) >= 1
        assert len(failures(running)) == len(needed), failures(running)


@pytest.mark.parametrize("code", [REMOVED, SESSION])
def test_a_token_that_fails_for_a_while(card, short, code):
    with serve(card, short, "rsa") as running:
        renews(running)
        card.faults.set(f"C_Sign {code:x} 4")
        eventually(lambda: len(failures(running)) >= 2)
        renews(running, 2)
        assert len(failures(running)) <= 3 and f"(0x{code:x})" in failures(running)[0]["reason"]


def test_keys_that_nothing_tells_apart(card, short):
    """When the token is opened anew, too, a signature shows which of them fits."""
    leaves = [card.identity.intermediate.issue("twin", private_key=pki.key("p256", f"twin {n}"))
              for n in range(2)]
    for leaf in leaves:
        card.put("card", leaf.key, "twin")
    for number, leaf in enumerate(leaves):
        file = pki.write(card.directory, f"twin{number}.pem", pki.pem(leaf, *leaf.chain))
        card.faults.set()
        with Serve(card.directory, server=short, flags=[
                "--certificate", file, "--private-key", "pkcs11:token=card;object=twin",
                *card.faults.flags, "--password-source", f"file:{card.pin_file}"],
                   env=card.faults.env) as running:
            renews(running)
            card.faults.set(f"C_Sign {SESSION:x} 1")
            renews(running, 2)
            assert len(card.faults.calls("start")) == 1 and not failures(running), running.err


def test_a_new_certificate_on_the_token(card, emulator):
    """Of the same key. It is looked for with a SIGHUP."""
    with serve(card, emulator, "ec") as running:
        same = PublicKey(card.sh("public_key", "card", "ec"))
        card.put("card", card.identity.intermediate.issue(
            "renewed", private_key=same, not_after=pki.NOW + 300 * pki.DAY), "ec")
        running.process.send_signal(signal.SIGHUP)
        eventually(lambda: running.events("read a new certificate and its key"))
        eventually(lambda: 'subject="CN=renewed"' in running.ask("GET", "/metrics").body)


# TPMs

@pytest.fixture(scope="module", name="tpm")
def tpm_with_keys(identity, tmp_path_factory):
    made = Tpm(tmp_path_factory.mktemp("tpm"))
    try:
        made.sh("tpm_parent", "0x81000000")
        keys = {"file": made.make_key("app.tss", "p256", "geheim")}
        keys["handle"] = ("handle:0x81000001",
                          made.keep_key("0x81000001", "0x81000000", "rsa2048", "geheim"))
        made.sh("tpm_parent", "0x81000010", "elter")
        keys["under a parent"] = made.make_key("child.tss", "p256", "", "0x81000010", "elter")
        made.flags = {}
        for name, (source, public) in keys.items():
            leaf = identity.intermediate.issue(name, private_key=public)
            file = pki.write(made.directory, f"{name}.pem", pki.pem(leaf, *leaf.chain))
            made.flags[name] = ["--certificate", file, "--private-key", source]
        yield made
    finally:
        made.stop()


@pytest.mark.parametrize("name,more,env,reason", [
    ("handle", ["--no-tpm-key-password"], {}, "wrong password for key handle"),
    ("file", ["--no-tpm-key-password"], {}, "wrong password for private key file"),
    ("file", ["--password-source", "env:X"], {"X": "falsch"}, "wrong password for private key file"),
    ("under a parent", [], {}, "password of the parent key of"),
    ("under a parent", [], {"TPM2OPENSSL_PARENT_AUTH": "falsch"}, "password of the parent key of"),
])
def test_a_wrong_authorisation_is_sent_once(tpm, silent, tmp_path, name, more, env, reason):
    """Else the TPM locks itself."""
    tpm.sh("tpm_unlock")
    with Serve(tmp_path, "--lazy", *more, server=silent, flags=tpm.flags[name],
               env={**tpm.env, **env}) as running:
        for count in range(1, 5):
            running.process.send_signal(signal.SIGHUP)
            eventually(lambda: len(failures(running)) >= count)
        assert all(reason in event["reason"] for event in failures(running)), failures(running)
    assert tpm.wrong_passwords() == 1
    tpm.sh("tpm_unlock")


def test_a_parents_password(tpm, emulator):
    result = session(emulator, tpm.flags["under a parent"],
                     env={**tpm.env, "TPM2OPENSSL_PARENT_AUTH": "elter"})
    assert_credentials(result)
    result = session(emulator, tpm.flags["under a parent"], env=tpm.env)
    assert_fails(result, 2, "the password of the parent key of private key file", "TPM2OPENSSL_PARENT_AUTH")
    tpm.sh("tpm_unlock")


@pytest.mark.parametrize("name", ["file", "handle"])
def test_a_tpm_that_goes_away_and_comes_back(tpm, short, tmp_path, name):
    password = pki.write(tmp_path, "password", b"geheim")
    with Serve(tmp_path, server=short, flags=[*tpm.flags[name], "--password-source",
                                              f"file:{password}"], env=tpm.env) as running:
        renews(running, 2)
        assert not failures(running)
        sh("swtpm", "tpm_stop", tpm.place)
        try:
            eventually(lambda: len(failures(running)) >= 2)
            reasons = [event["reason"] for event in failures(running)[:2]]
            assert "cannot be reached" in reasons[0] and "was lost" in reasons[1], reasons
        finally:
            sh("swtpm", "tpm_start", tpm.place)
        renews(running, 2)
