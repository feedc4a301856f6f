"""Runs a program in a chroot as Linux 3.10 (RHEL 7) would: what that lacks fails with ENOSYS.

  old_kernel.py ROOT PROGRAM ARGUMENT…    PROGRAM: as it is called in ROOT

A chroot has this machine's kernel, so a seccomp filter refuses newer system calls. Newer flags of old
system calls are refused as that kernel does, where the program or a C library might use them. uname(2)
says 3.10, since OpenSSL relies on /dev/urandom only where the kernel is too old for getrandom.
"""

import ctypes
import errno
import fcntl
import os
import platform
import select
import socket
import struct
import sys

import seccomp  # Debian's python3-seccomp, which only Debian's Python finds

# The last system call of Linux 3.10, which has no gaps before it. All numbers after it are newer:
# renameat2 came with 3.15, getrandom, seccomp and memfd_create with 3.17, execveat with 3.19, membarrier
# with 4.3, mlock2 with 4.4, copy_file_range with 4.5, preadv2 with 4.6, pkey_* with 4.9, statx with 4.11,
# io_pgetevents and rseq with 4.18, io_uring_* and pidfd_send_signal with 5.1, open_tree and its kin with
# 5.2, clone3 and pidfd_open with 5.3, openat2 with 5.6, faccessat2 with 5.8, close_range with 5.9,
# epoll_pwait2 with 5.11, landlock_* with 5.13, futex_waitv with 5.16, cachestat with 6.5.
LAST = {"x86_64": 313, "aarch64": 273}[platform.machine()]  # finit_module, which came with 3.8
HIGHEST = 600
# system call, argument, bits, value, error: flags that are newer.
FLAGS = [
    ("fcntl", 1, 0xFFFFFFFF, 36, errno.EINVAL),    # F_OFD_GETLK 3.15
    ("fcntl", 1, 0xFFFFFFFF, 37, errno.EINVAL),    # F_OFD_SETLK
    ("fcntl", 1, 0xFFFFFFFF, 38, errno.EINVAL),    # F_OFD_SETLKW
    ("fcntl", 1, 0xFFFFFFFF, 1033, errno.EINVAL),  # F_ADD_SEALS 3.17
    ("madvise", 2, 0xFFFFFFFF, 18, errno.EINVAL),  # MADV_WIPEONFORK 4.14
    ("prctl", 0, 0xFFFFFFFF, 47, errno.EINVAL),    # PR_CAP_AMBIENT 4.3
    ("prctl", 0, 0xFFFFFFFF, 0x53564d41, errno.EINVAL),  # PR_SET_VMA 5.17
]
O_TMPFILE = 0o20000000  # 3.11; before, the kernel saw a directory that is opened to be written
for name, argument in (("open", 1), ("openat", 2)):
    FLAGS.append((name, argument, O_TMPFILE, O_TMPFILE, errno.EISDIR))

RELEASE = "3.10.0-1160.el7"  # RHEL 7's
CLONE_NEWIPC = 0x08000000
# <linux/seccomp.h>: the ioctls of a filter's listener, what it receives and what it sends.
RECEIVE, SEND = 0xC0502100, 0xC0182101
NOTIFICATION, ANSWER = "=QIIiIQ6Q", "=QqiI"


def make_filter():
    made = seccomp.SyscallFilter(seccomp.ALLOW)
    for number in range(LAST + 1, HIGHEST):
        made.add_rule(seccomp.ERRNO(errno.ENOSYS), number)
    for call, argument, bits, value, error in FLAGS:
        made.add_rule(seccomp.ERRNO(error), call,
                      seccomp.Arg(argument, seccomp.MASKED_EQ, bits, value))
    made.add_rule(seccomp.NOTIFY, "uname")
    return made


def answer_uname(listener):
    """Until the last process with the filter has ended."""
    uname = list(os.uname())
    uname[2] = RELEASE
    system = b"".join(name.encode().ljust(65, b"\0") for name in (*uname, "(none)"))
    poll = select.poll()
    poll.register(listener, select.POLLIN)
    while not poll.poll()[0][1] & (select.POLLHUP | select.POLLERR):
        received = bytearray(struct.calcsize(NOTIFICATION))
        try:
            fcntl.ioctl(listener, RECEIVE, received)
            number, pid, *_, address = struct.unpack(NOTIFICATION, received)[:7]
            with open(f"/proc/{pid}/mem", "r+b", buffering=0) as memory:
                memory.seek(address)
                memory.write(system)
            fcntl.ioctl(listener, SEND, struct.pack(ANSWER, number, 0, 0, 0))
        except OSError as error:
            if error.errno != errno.ENOENT:  # the process has ended while it waited
                return


def start_answering():
    """In a process that is no child of the program, without the filter; where to send the listener."""
    ours, other = socket.socketpair()
    if child := os.fork():
        os.waitpid(child, 0)
        return ours
    if os.fork():
        os._exit(0)
    os.setsid()
    nothing = os.open("/dev/null", os.O_RDWR)
    for standard in range(3):
        os.dup2(nothing, standard)  # who reads our output need not wait for this process
    ours.close()
    _, (listener,), _, _ = socket.recv_fds(other, 1, 1)
    answer_uname(listener)
    os._exit(0)


def main():
    root, program = sys.argv[1:3]
    made = make_filter()
    # OpenSSL notes in shared memory that it has waited for /dev/random: not in this machine's.
    assert ctypes.CDLL(None).unshare(CLONE_NEWIPC) == 0
    with start_answering() as answering:
        os.chroot(root)
        os.chdir("/")
        made.load()
        socket.send_fds(answering, [b"x"], [made.get_notify_fd()])
    os.close(made.get_notify_fd())
    os.execve(program, sys.argv[2:], os.environ)


if __name__ == "__main__":
    main()
