"""Run as another user: exchanges two directory entries while somebody else works with one.

  exchange.py DIRECTORY   (whose events are watched; the working directory is the attacker's)

Reads "NUMBER A B" lines: at the NUMBERth event of the directory A and B are exchanged. Then "back"
puts both where they were; the answer is a line, "done" or "missed".
"""
import ctypes
import os
import select
import sys

AT_FDCWD, RENAME_EXCHANGE, IN_ALL_EVENTS, IN_NONBLOCK = -100, 2, 0xFFF, 0o4000
EVENT = 16  # bytes of an inotify_event without its name

libc = ctypes.CDLL(None, use_errno=True)
events = libc.inotify_init1(IN_NONBLOCK)
assert libc.inotify_add_watch(events, sys.argv[1].encode(), IN_ALL_EVENTS) > 0


def exchange(a, b):
    assert libc.renameat2(AT_FDCWD, a, AT_FDCWD, b, RENAME_EXCHANGE) == 0, os.strerror(
        ctypes.get_errno())


def read_events():
    """How many have come."""
    count = 0
    try:
        while data := os.read(events, 1 << 16):
            while data:
                count += 1
                data = data[EVENT + int.from_bytes(data[12:16], sys.byteorder):]
    except BlockingIOError:
        pass
    return count


print("ready", flush=True)
left, pair, done = 0, (), False
while True:
    ready, _, _ = select.select([0, events], [], [])
    if events in ready:
        left -= read_events()
        if pair and left <= 0 and not done:
            exchange(*pair)
            done = True
    if 0 in ready:
        words = os.read(0, 4096).split()
        if not words:
            break
        if words == [b"back"]:
            if done:
                exchange(*pair)
            print("done" if done else "missed", flush=True)
            pair = ()
        else:
            read_events()
            left, pair, done = int(words[0]), words[1:], False
            print("armed", flush=True)
