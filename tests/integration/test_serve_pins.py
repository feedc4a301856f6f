"""serve and PINs: those that are wrong, and those that a person types."""

import signal

import pytest
from support import pki
from support.serve import CREDENTIALS, eventually
from support.terminal import Terminal
from support.tokens import PIN
# Fixtures too.
from test_serve_hardware import (emulator_of_short_sessions, failures,  # noqa: F401
                                 renewals, renews, serve, token, token_as_it_was_made)


# PINs that are wrong

def test_a_wrong_pin_at_the_start(card, silent):
    pki.write(card.directory.parent, "pin", b"99999")
    running = serve(card, silent, "ec", wait=False)
    running.code = 2
    with running:
        eventually(lambda: running.process.poll() is not None)
        assert "wrong PIN for token card" in running.err
    assert card.faults.calls("user login") == ["user login with 5"]


def test_a_wrong_pin_is_not_sent_with_each_renewal(card, emulator):
    pki.write(card.directory.parent, "pin", b"99999")
    with serve(card, emulator, "ec", "--lazy") as running:
        eventually(lambda: len(failures(running)) >= 4)
        assert card.faults.calls("user login") == ["user login with 5"]
        assert "wrong PIN for token card" in failures(running)[-1]["reason"]
        assert running.get(CREDENTIALS).status == 503
        pki.write(card.directory.parent, "pin", PIN.encode())
        eventually(lambda: renewals(running) == 1)
        assert card.faults.calls("user login")[1:] == ["user login with 4"]


@pytest.mark.parametrize("code", [0x6, 0x30, 0xa3])
def test_a_pin_is_spent_whatever_the_token_says(card, emulator, code):
    """It may have counted it. Another one is sent."""
    card.faults.set(f"C_Login {code:x} 1")
    with serve(card, emulator, "ec", "--lazy") as running:
        eventually(lambda: len(failures(running)) >= 4)
        assert card.faults.calls("user login") == ["user login with 4"]
        pki.write(card.directory.parent, "pin", b"99999")
        eventually(lambda: card.faults.calls("user login")[1:] == ["user login with 5"])


def test_a_pin_that_is_changed_while_it_runs(card, emulator):
    with serve(card, emulator, "ec") as running:
        card.sh("softhsm_tool", "--token-label", "card", "--login", "--pin", PIN, "--change-pin",
                "--new-pin", "567890")
        card.faults.set("ABSENT - -")
        running.process.send_signal(signal.SIGHUP)
        eventually(lambda: failures(running))
        card.faults.set()
        seen = len(failures(running))
        eventually(lambda: len(failures(running)) >= seen + 4)
        assert card.faults.calls("user login") == ["user login with 4"]
        assert running.get(CREDENTIALS).status == 200
        pki.write(card.directory.parent, "pin", b"567890")
        renews(running)
        assert card.faults.calls("user login")[1:] == ["user login with 6"]


def test_the_last_try_is_left_to_a_person(card, emulator):
    with serve(card, emulator, "ec", "--lazy") as running:
        card.faults.set("ABSENT - -")
        running.process.send_signal(signal.SIGHUP)
        eventually(lambda: failures(running))
        card.faults.set("FLAGS 20000 -")
        eventually(lambda: "ONE try left" in failures(running)[-1]["reason"])
        assert card.faults.calls("user login") == []
        card.faults.set()
        renews(running)


# What a person types

@pytest.fixture(name="terminal")
def terminal_of_one_test():
    made = Terminal()
    yield made
    made.close()


@pytest.mark.parametrize("reuse", [True, False])
def test_a_pin_is_typed_once(card, short, terminal, reuse):
    """At the start; for the token, and without --reuse-pin for the key that wants one too."""
    running = serve(card, short, "careful", *["--reuse-pin"] * reuse, pin=False, wait=False,
                    **terminal.options)
    with running:
        terminal.answer(b"PIN for token card: ", b"1111\n")
        terminal.answer(b"PIN for token card (after a few more wrong PINs, the token locks): ", b"1234\n")
        if not reuse:
            terminal.answer(b"PIN for key careful of token card: ", b"1234\n")
        running.wait_until_it_listens()
        renews(running, 2)
        card.faults.set("C_Sign 32 1")
        renews(running, 2)
        card.faults.set("ABSENT - -")
        eventually(lambda: failures(running))
        card.faults.set()
        renews(running, 2)
        assert len(card.faults.calls("user login")) == 1
        assert terminal.read().count(b"PIN for") == (2 if reuse else 3), terminal.screen
        # Not even the one that was right once is spent on the last try.
        card.faults.set("ABSENT - -")
        seen = len(failures(running))
        eventually(lambda: len(failures(running)) > seen)
        card.faults.set("FLAGS 20000 -")
        eventually(lambda: "given at the start" in failures(running)[-1]["reason"])
        assert card.faults.calls("user login") == []
        assert terminal.read().count(b"PIN for") == (2 if reuse else 3), terminal.screen


@pytest.mark.parametrize("prompts", [0, 1])
def test_interrupted_at_a_prompt(card, silent, terminal, prompts):
    """Echo is on again."""
    running = serve(card, silent, "careful", pin=False, wait=False, **terminal.options)
    with running:
        for _ in range(prompts):
            terminal.answer(b"PIN for token card: ", b"1234\n")
        terminal.answer(b"PIN for key" if prompts else b"PIN for token", b"\x03")
        eventually(lambda: running.process.poll() is not None)
        assert terminal.echoes()
        running.code = running.process.returncode
    assert running.code in (1, -signal.SIGINT)
