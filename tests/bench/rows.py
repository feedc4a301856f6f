"""The rows of the table: which commands, under which names, and how each is measured."""
import subprocess
from collections import namedtuple

from bench import callgrind
from bench.load import Server

# A command that runs to its end. `prepare` is called before each round of runs.
Program = namedtuple("Program", "name command env prepare at_once",
                     defaults=(lambda: None, 1))
# What a program of limits.c does again and again.
Part = namedtuple("Part", "name command")
# A server; its command ends with the flag for its port.
Serving = namedtuple("Serving", "name command")
ROUNDS = 5
REQUESTS = 1000


def subcommands(scene, helper, cached):
    """Of a helper (a list of words); `cached`: also the rows for which others have no flags."""
    def ask(kind, command="credential-process"):
        return [*helper, command, *scene.credential_flags(kind)]

    root, system = scene.environment("root"), scene.environment("system")
    rows = [Program("credential-process, RSA-2048", ask("rsa2048"), root),
            Program("credential-process, P-256", ask("p256"), root),
            Program("credential-process, RSA-2048, system trust", ask("rsa2048"), system),
            Program("update --once, P-256", [*ask("p256", "update"), "--once"], root,
                    scene.write_credentials_file)]
    if not cached:
        return rows
    hit = [*ask("p256"), "--cache"]

    def warm():
        subprocess.run(hit, env=root, check=True, stdin=subprocess.DEVNULL,
                       stdout=subprocess.DEVNULL)

    return [Program("version", [*helper, "version"], root),
            Program("cache hit", hit, root, warm), *rows,
            Program("50 at once, cold cache", hit, root, scene.forget_sessions, 50),
            Program("50 at once, warm cache", hit, root, warm, 50)]


def limits(scene):
    """What no program can do without."""
    tool, env = scene.tool("limits"), scene.environment()
    handshake = [tool, "handshake", scene.emulator.port, scene.root]
    return [Program("empty C program, static", [scene.nothing("-static")], env),
            Program("empty C program, dynamic", [scene.nothing()], env),
            Program("empty C program with libcrypto",
                    [scene.nothing("-Wl,--no-as-needed", "-lcrypto")], env),
            Program("a program that does one TLS 1.3 handshake",
                    [tool, "handshake", "0", *handshake[2:]], env),
            Part("  one more handshake in it", handshake),
            Part("  one RSA-2048 signature", [tool, "sign", scene.key_file("rsa2048")]),
            Part("  one P-256 signature", [tool, "sign", scene.key_file("p256")])]


def serving(scene, helper):
    return Serving("serve, one request",
                   [*helper, "serve", *scene.credential_flags("p256"), "--port"])


class Figures:
    """What was measured of a row. Milliseconds, MiB; of instructions (all, the program's own)."""

    def __init__(self):
        self.wall, self.cpu, self.peak, self.instructions = [], [], [], []

    def take(self, lines):
        for line in lines.splitlines():
            wall, cpu, *peak = map(int, line.split())
            self.wall.append(wall / 1e6)
            self.cpu.append(cpu / 1e3)
            self.peak += [kib / 1024 for kib in peak]


def measure(scene, rows, runs):
    """[Figures] of Programs and Parts. They take turns, so that noise hits all alike."""
    results = [Figures() for _ in rows]
    for _ in range(ROUNDS):
        for row, figures in zip(rows, results):
            a_round = max(runs // ROUNDS, 1)
            if isinstance(row, Part):
                figures.take(output([*row.command[:2], 10 * a_round, *row.command[2:]],
                                    scene.environment()))
                continue
            row.prepare()
            # What is cold is cold once.
            a_round = 1 if row.at_once > 1 else a_round
            figures.take(output([scene.tool("stopwatch"), a_round, row.at_once, *row.command],
                                row.env))
    return results


def output(command, env):
    return subprocess.run(list(map(str, command)), env=env, check=True, stdout=subprocess.PIPE,
                          text=True).stdout


def count(scene, row, out):
    """(all instructions, the program's own) of a run; of Part and Serving: of one time more."""
    env = scene.environment()
    if isinstance(row, Program):
        row.prepare()
        return callgrind.count(row.command, row.env, out)
    if isinstance(row, Part):
        few, many, times = 0, 10, 10
        totals = [callgrind.count([*row.command[:2], n, *row.command[2:]], env, out)
                  for n in (few, many)]
    else:
        few, many, times = 10, 10 + REQUESTS, REQUESTS
        totals = [count_requests(row, env, n, out) for n in (few, many)]
    return tuple((b - a) // times for a, b in zip(*totals))


def count_requests(row, env, requests, out):
    with Server(row.command, env, lambda words, _: callgrind.start(words, env, out)) as server:
        server.ask_often(server.token_with_credentials(), requests)
    return callgrind.read(out, row.command[0])
