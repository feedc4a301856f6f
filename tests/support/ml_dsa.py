"""ML-DSA keys and signatures, written from FIPS 204 alone: neither python3-cryptography nor OpenSSL
before 3.5 has them. For tests: slow, and not safe against side channels.

The names of variables and functions are those of the standard, whose algorithms are named below.
"""

import functools
import hashlib
import os
import re

from support.process import run

Q = 8380417
D = 13
N = 256


class Parameters:
    """FIPS 204, 4, table 1."""

    def __init__(self, number, k, l, eta, tau, strength, gamma1, gamma2, omega):
        self.oid = bytes.fromhex("6086480165030403") + bytes([number])
        self.k, self.l, self.eta, self.tau = k, l, eta, tau
        self.beta = tau * eta
        self.challenge_size = strength // 4  # of c~: lambda / 4
        self.gamma1, self.gamma2, self.omega = gamma1, gamma2, omega
        self.z_bits = (gamma1 - 1).bit_length() + 1
        self.m = (Q - 1) // (2 * gamma2)  # how many values high bits have


SETS = {"ML-DSA-44": Parameters(17, 4, 4, 2, 39, 128, 1 << 17, (Q - 1) // 88, 80),
        "ML-DSA-65": Parameters(18, 6, 5, 4, 49, 192, 1 << 19, (Q - 1) // 32, 55),
        "ML-DSA-87": Parameters(19, 8, 7, 2, 60, 256, 1 << 19, (Q - 1) // 32, 75)}


@functools.cache
def why_not():
    """Why the program under test cannot use ML-DSA keys; empty if it can."""
    said = run("version", "--verbose").out
    found = re.search(r"^OpenSSL: (.*?(\d+)\.(\d+)\.\d+.*)$", said, re.MULTILINE)
    version = tuple(map(int, found.group(2, 3)))
    return "" if version >= (3, 5) else f"OpenSSL 3.5 is needed; the program has {found.group(1)}"


def _reversed_bits(number):
    return int(f"{number:08b}"[::-1], 2)


ZETAS = [pow(1753, _reversed_bits(m), Q) for m in range(N)]


def ntt(w):
    """Algorithm 41."""
    w = list(w)
    m, length = 0, 128
    while length:
        for start in range(0, N, 2 * length):
            m += 1
            z = ZETAS[m]
            for j in range(start, start + length):
                t = z * w[j + length] % Q
                w[j + length] = (w[j] - t) % Q
                w[j] = (w[j] + t) % Q
        length //= 2
    return w


def inverse_ntt(w):
    """Algorithm 42."""
    w = list(w)
    m, length = N, 1
    while length < N:
        for start in range(0, N, 2 * length):
            m -= 1
            z = Q - ZETAS[m]
            for j in range(start, start + length):
                t = w[j]
                w[j] = (t + w[j + length]) % Q
                w[j + length] = z * (t - w[j + length]) % Q
        length *= 2
    return [x * 8347681 % Q for x in w]


def shake256(data, size):
    return hashlib.shake_256(data).digest(size)


def times(a, b):
    return [x * y % Q for x, y in zip(a, b)]


def plus(a, b):
    return [(x + y) % Q for x, y in zip(a, b)]


def minus(a, b):
    return [(x - y) % Q for x, y in zip(a, b)]


def centered(x, modulus=Q):
    x %= modulus
    return x - modulus if x > modulus // 2 else x


def norm(vector):
    return max(abs(centered(x)) for polynomial in vector for x in polynomial)


def packed(polynomial, bits):
    """Algorithm 16; 17 is the same of b - x."""
    return sum(x << i * bits for i, x in enumerate(polynomial)).to_bytes(32 * bits, "little")


def unpacked(data, bits):
    """Algorithm 18; 19 is the same of b - x."""
    number = int.from_bytes(data, "little")
    return [number >> i * bits & (1 << bits) - 1 for i in range(N)]


def rejection_ntt(seed):
    """Algorithm 30."""
    data = hashlib.shake_128(seed).digest(3 * 400)
    numbers = (data[i] | data[i + 1] << 8 | (data[i + 2] & 127) << 16
               for i in range(0, len(data), 3))
    return [x for x in numbers if x < Q][:N]


def rejection_bounded(seed, eta):
    """Algorithm 31."""
    halves = [half for byte in shake256(seed, 400) for half in (byte & 15, byte >> 4)]
    if eta == 2:
        return [2 - half % 5 for half in halves if half < 15][:N]
    return [4 - half for half in halves if half < 9][:N]


def sample_in_ball(seed, tau):
    """Algorithm 29."""
    data = shake256(seed, 1024)
    signs, at = int.from_bytes(data[:8], "little"), 8
    c = [0] * N
    for i in range(N - tau, N):
        while data[at] > i:
            at += 1
        j = data[at]
        at += 1
        c[i] = c[j]
        c[j] = 1 - 2 * (signs & 1)
        signs >>= 1
    return c


def decompose(r, gamma2):
    """Algorithm 36."""
    r %= Q
    r0 = centered(r, 2 * gamma2)
    return (0, r0 - 1) if r - r0 == Q - 1 else ((r - r0) // (2 * gamma2), r0)


class PrivateKey:
    """Algorithm 6, with the encodings of 7.2."""

    def __init__(self, name, seed=None):
        self.name, self.seed = name, seed or os.urandom(32)
        self.set = p = SETS[name]
        data = shake256(self.seed + bytes([p.k, p.l]), 128)
        rho, rho_prime, self.k_seed = data[:32], data[32:96], data[96:]
        self.a = [[rejection_ntt(rho + bytes([s, r])) for s in range(p.l)] for r in range(p.k)]
        secret = [rejection_bounded(rho_prime + r.to_bytes(2, "little"), p.eta)
                  for r in range(p.l + p.k)]
        self.s1, self.s2 = ([ntt(x) for x in part] for part in (secret[:p.l], secret[p.l:]))
        t = [plus(w, s) for w, s in zip(self._a_times(self.s1), secret[p.l:])]
        t1 = [[(x + (1 << D - 1) - 1) >> D for x in polynomial] for polynomial in t]
        t0 = [[x - (y << D) for x, y in zip(*pair)] for pair in zip(t, t1)]
        self.t0 = [ntt(x) for x in t0]
        self.t1 = [ntt([x << D for x in polynomial]) for polynomial in t1]
        self.public = rho + b"".join(packed(x, 10) for x in t1)
        self.tr = shake256(self.public, 64)
        self.expanded = rho + self.k_seed + self.tr + b"".join(
            [packed([p.eta - x for x in s], 3 if p.eta == 2 else 4) for s in secret]
            + [packed([(1 << D - 1) - x for x in t], 13) for t in t0])

    def _a_times(self, vector):
        return [inverse_ntt([sum(column) % Q for column in zip(*map(times, row, vector))])
                for row in self.a]

    def sign(self, message, context=b""):
        """Algorithms 2 and 7, hedged. The context is empty in all signatures that AWS verifies."""
        p = self.set
        mu = self._mu(message, context)
        seed = shake256(self.k_seed + os.urandom(32) + mu, 64)
        bits, kappa = p.z_bits, 0
        while True:
            y = []
            for r in range(p.l):
                mask = shake256(seed + (kappa + r).to_bytes(2, "little"), 32 * bits)
                y.append([p.gamma1 - x for x in unpacked(mask, bits)])
            kappa += p.l
            w = self._a_times([ntt(x) for x in y])
            w1 = [[decompose(x, p.gamma2)[0] for x in polynomial] for polynomial in w]
            challenge = self._challenge(mu, w1)
            c = ntt(sample_in_ball(challenge, p.tau))
            z = [plus(x, inverse_ntt(times(c, s))) for x, s in zip(y, self.s1)]
            if norm(z) >= p.gamma1 - p.beta:
                continue
            rest = [minus(x, inverse_ntt(times(c, s))) for x, s in zip(w, self.s2)]
            if max(abs(decompose(x, p.gamma2)[1]) for r in rest for x in r) >= p.gamma2 - p.beta:
                continue
            ct0 = [inverse_ntt(times(c, t)) for t in self.t0]
            hints = [[i for i, (x, t) in enumerate(zip(r, ct))
                      if decompose(x, p.gamma2)[0] != decompose(x + t, p.gamma2)[0]]
                     for r, ct in zip(rest, ct0)]
            if norm(ct0) >= p.gamma2 or sum(map(len, hints)) > p.omega:
                continue
            return (challenge + b"".join(packed([p.gamma1 - centered(x) for x in v], bits)
                                         for v in z) + self._packed_hints(hints))

    def verifies(self, message, signature):
        """Algorithms 3 and 8, for signatures with an empty context."""
        p = self.set
        if len(signature) != p.challenge_size + 32 * p.z_bits * p.l + p.omega + p.k:
            return False
        challenge, rest = signature[:p.challenge_size], signature[p.challenge_size:]
        size = 32 * p.z_bits
        z = [[p.gamma1 - x for x in unpacked(rest[r * size:(r + 1) * size], p.z_bits)]
             for r in range(p.l)]
        places, ends = rest[p.l * size:-p.k], rest[-p.k:]
        hints = [set(places[start:end]) for start, end in zip([0, *ends], ends)]
        c = ntt(sample_in_ball(challenge, p.tau))
        w = [minus(x, inverse_ntt(times(c, t)))
             for x, t in zip(self._a_times([ntt(x) for x in z]), self.t1)]
        w1 = [[self._with_hint(x, i in hint) for i, x in enumerate(polynomial)]
              for polynomial, hint in zip(w, hints)]
        return (norm(z) < p.gamma1 - p.beta
                and challenge == self._challenge(self._mu(message, b""), w1))

    def _mu(self, message, context):
        return shake256(self.tr + b"\0" + bytes([len(context)]) + context + message, 64)

    def _challenge(self, mu, w1):
        bits = (self.set.m - 1).bit_length()
        return shake256(mu + b"".join(packed(x, bits) for x in w1), self.set.challenge_size)

    def _with_hint(self, r, hint):
        """Algorithm 40."""
        r1, r0 = decompose(r, self.set.gamma2)
        return (r1 + (1 if r0 > 0 else -1)) % self.set.m if hint else r1

    def _packed_hints(self, hints):
        """Algorithm 20."""
        places = [i for hint in hints for i in hint]
        ends = [sum(map(len, hints[:i + 1])) for i in range(len(hints))]
        return bytes(places).ljust(self.set.omega, b"\0") + bytes(ends)
