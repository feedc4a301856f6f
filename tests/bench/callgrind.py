"""Instructions that a command executes, counted by valgrind's callgrind.

Counts do not depend on what else the machine does. What would make them depend on the machine is
pinned: the C library uses SSE2 alone, and OpenSSL what every x86-64 of the last fifteen years has
(SSSE3, AES-NI, PCLMULQDQ); valgrind lays out the address space by itself, always alike. What is
left are random numbers: keys, nonces, blinding, lengths of DER.
"""
import os
import pathlib
import platform
import re
import shutil
import subprocess

# Bits of CPUID: EDX and ECX of leaf 1 (no AVX, no RDRAND), and none of leaf 7.
OPENSSL = "0x02182203078bfbff:0"
C_LIBRARY = "glibc.cpu.hwcaps=" + ",".join(
    "-" + name for name in ("AVX", "AVX2", "AVX512F", "AVX512VL", "AVX_Fast_Unaligned_Load", "BMI1",
                            "BMI2", "ERMS", "FSRM", "LZCNT", "MOVBE", "RTM", "SSE4_1", "SSE4_2",
                            "SSSE3", "XSAVE", "XSAVEC"))
PINNED = {"OPENSSL_ia32cap": OPENSSL, "GLIBC_TUNABLES": C_LIBRARY}


def missing():
    """Why nothing can be counted here; empty where it can."""
    if platform.machine() != "x86_64":
        return f"the counts are of x86-64, and this is {platform.machine()}"
    if shutil.which("valgrind") is None:
        return "there is no valgrind (scripts/setup bench)"
    done = subprocess.run(["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null",
                           "/bin/true"], capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else f"valgrind does not run here: {done.stderr.strip()}"


def start(command, env, out, **options):
    """Popen of the command under callgrind, which writes its counts to `out` when it ends."""
    return subprocess.Popen(
        ["valgrind", "--quiet", "--vgdb=no", "--tool=callgrind",
         f"--callgrind-out-file={out}", *map(str, command)],
        env={**env, **PINNED}, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE, **options)


def count(command, env, out):
    """(all instructions, those of the program itself without its libraries) of one run."""
    process = start(command, env, out)
    _, err = process.communicate()
    if process.returncode != 0:
        raise RuntimeError(f"{command} under valgrind ended with {process.returncode}:\n"
                           + err.decode(errors="backslashreplace"))
    return read(out, command[0])


def read(out, program):
    """The same of a file that callgrind has written."""
    names, costs = {}, {}
    current, is_call = "", False
    program = os.path.realpath(program)
    for line in pathlib.Path(out).read_text(errors="backslashreplace").splitlines():
        if found := re.match(r"(c?)ob=\((\d+)\)(?: (.*))?$", line):
            if found[3]:
                names[found[2]] = found[3]
            if not found[1]:
                current = found[2]
        elif line.startswith("calls="):
            is_call = True  # the next line is the cost of what is called, which is counted there
        elif line[:1] in "+-*0123456789" and line:
            if not is_call:
                costs[current] = costs.get(current, 0) + int(line.split()[-1])
            is_call = False
    own = sum(cost for key, cost in costs.items() if names.get(key) == program)
    return sum(costs.values()), own
