"""A terminal, on which a test reads and types for a person."""

import fcntl
import os
import pty
import select
import termios

from support.serve import eventually


class Terminal:
    """That of the process which it starts."""

    def __init__(self):
        self.ours, self.theirs = pty.openpty()
        self.options = {"start_new_session": True, "preexec_fn": self.take,
                        "pass_fds": [self.theirs]}
        self.screen = b""

    def take(self):
        fcntl.ioctl(self.theirs, termios.TIOCSCTTY, 0)

    def read(self):
        while select.select([self.ours], [], [], 0)[0]:
            self.screen += os.read(self.ours, 4096)
        return self.screen

    def answer(self, prompt, text):
        """Once this is the `prompt` on the screen, and echo is off."""
        seen = len(self.screen)
        eventually(lambda: prompt in self.read()[seen:])
        eventually(lambda: not self.echoes())
        os.write(self.ours, text)

    def echoes(self):
        return bool(termios.tcgetattr(self.ours)[3] & termios.ECHO)

    def close(self):
        os.close(self.ours)
        os.close(self.theirs)
