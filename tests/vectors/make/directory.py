"""Writes ../directory.toml: LDAP's less usual schemes, Dovecot's, and AIX's.

Needs doveadm, slappasswd with pw-pbkdf2 (in the folder SLAPD_CONTRIB, from Debian's slapd-contrib), and 389 Directory
Server's pwdhash with a configuration folder (PWDHASH and PWDHASH_CONFIG). AIX is computed from its definition and
checked against hashcat's examples first.
"""

import base64
import crypt
import hashlib
import hmac
import os
import subprocess

from passwords import PASSWORDS, near_miss, table

DOVECOT = "Dovecot 2.3.19.1, doveadm"
OPENLDAP = "OpenLDAP 2.5.13, slappasswd"
DS389 = "389 Directory Server 2.3.1, pwdhash"
HASHLIB = "Python 3.11's hashlib and hmac"

tables = []


def run(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.rstrip("\n")


def b64(raw):
    return base64.b64encode(raw).decode()


def add(source, how, scheme, stored, password, okta=None, auto=None, wrong=None, **columns):
    tables.append(table("vector", {
        "source": source, "how": how, "scheme": scheme, "auto": auto, "stored": stored, **columns,
        "password": password, "wrong": near_miss(password) if wrong is None else wrong, "okta": okta,
    }))


def digest(algorithm, value, salt=None, order=None):
    okta = {"algorithm": algorithm, "value": b64(value)}
    if salt:
        okta |= {"salt": b64(salt), "saltOrder": order}
    return okta


def pbkdf2(name, rounds, salt, key):
    return {"algorithm": "PBKDF2", "digestAlgorithm": f"{name}_HMAC", "iterationCount": rounds,
            "keySize": len(key), "salt": b64(salt), "value": b64(key)}


def from_ab64(text):
    text = text.replace(".", "+").rstrip("=")
    return base64.b64decode(text + "=" * (-len(text) % 4))


def ldap(p):
    for name in ("PBKDF2", "PBKDF2-SHA1", "PBKDF2-SHA256", "PBKDF2-SHA512"):
        by_openldap = run("slappasswd", "-o", f"module-path={os.environ['SLAPD_CONTRIB']}", "-o",
                          "module-load=pw-pbkdf2", "-h", f"{{{name}}}", "-s", p)
        values = [(OPENLDAP, f"slappasswd -o module-load=pw-pbkdf2 -h {{{name}}}", by_openldap)]
        if name != "PBKDF2":
            values.append((DS389, f"pwdhash -s {name}", ds389(name, p)))
        for source, how, v in values:
            rounds, salt, key = v.split("}")[1].split("$")
            parts = int(rounds), from_ab64(salt), from_ab64(key)
            okta = pbkdf2(name[7:], *parts) if name in ("PBKDF2-SHA256", "PBKDF2-SHA512") else None
            add(source, how, "ldap-pbkdf2", v, p, okta)
    v = ds389("PBKDF2_SHA256", p)
    raw = base64.b64decode(v.split("}")[1])
    okta = pbkdf2("SHA256", int.from_bytes(raw[:4], "big"), raw[4:68], raw[68:])
    add(DS389, "pwdhash -s PBKDF2_SHA256", "389ds-pbkdf2-sha256", v, p, okta)
    add(DS389, "pwdhash -s GOST_YESCRYPT", "389ds-gost-yescrypt", ds389("GOST_YESCRYPT", p), p)
    salt = os.urandom(16).hex().encode()
    value = hashlib.md5(salt + b"Y" + p.encode() + b"\xf7" + salt).hexdigest()
    v = "{NS-MTA-MD5}" + value + salt.decode()
    assert "password ok" in ds389_check(v, p)
    add(f"{HASHLIB}; {DS389} says `password ok`", "md5(salt + 'Y' + password + '\\xf7' + salt)", "ns-mta-md5", v, p)


def ds389(name, p):
    lines = run(os.environ["PWDHASH"], "-D", os.environ["PWDHASH_CONFIG"], "-s", name, p)
    return lines.split("\n")[-1]


def ds389_check(value, p):
    return run(os.environ["PWDHASH"], "-D", os.environ["PWDHASH_CONFIG"], "-c", value, p)


def doveadm(name, p, *more):
    v = run("doveadm", "pw", "-s", name, "-p", p, *more)
    assert "(verified)" in run("doveadm", "pw", "-t", v, "-p", p, *more[-2:])
    return v


def dovecot(kind, p):
    user = "ann@example.com"

    def make(name, scheme, okta=None, more=(), **columns):
        v = doveadm(name, p, *more, "-u", user)
        raw = v.split("}", 1)[1]
        add(DOVECOT, " ".join(["doveadm pw -s", name, *more]), scheme, v, p, okta and okta(raw), **columns)

    def decoded(raw):
        try:
            return bytes.fromhex(raw)
        except ValueError:
            return base64.b64decode(raw)

    suffixes = ("", ".HEX", ".B64", ".BASE64") if kind in ("ascii", "non-ascii") else ("",)
    names = {"SHA": ("ldap-sha", "SHA-1", 20), "SHA1": ("ldap-sha", "SHA-1", 20),
             "SHA256": ("ldap-sha256", "SHA-256", 32), "SHA512": ("ldap-sha512", "SHA-512", 64)}
    for name, (scheme, algorithm, _) in names.items():
        for suffix in suffixes:
            make(name + suffix, scheme, lambda raw, a=algorithm: digest(a, decoded(raw)))
    v = doveadm("SHA256.HEX", p).replace(".HEX", "")
    assert "(verified)" in run("doveadm", "pw", "-t", v, "-p", p)
    add(f"{DOVECOT}, which says `verified`", "doveadm pw -s SHA256.HEX, without .HEX", "ldap-sha256", v, p,
        digest("SHA-256", decoded(v.split("}")[1])))
    salted = {"SMD5": ("ldap-smd5", "MD5", 16), "SSHA": ("ldap-ssha", "SHA-1", 20),
              "SSHA256": ("ldap-ssha256", "SHA-256", 32), "SSHA512": ("ldap-ssha512", "SHA-512", 64)}
    for name, (scheme, algorithm, n) in salted.items():
        for suffix in suffixes:
            make(name + suffix, scheme,
                 lambda raw, a=algorithm, n=n: digest(a, decoded(raw)[:n], decoded(raw)[n:], "POSTFIX"))
    def bcrypt(raw):
        raw = raw if raw.startswith("$") else decoded(raw).decode()
        _, _, cost, rest = raw.split("$")
        return {"algorithm": "BCRYPT", "workFactor": int(cost), "salt": rest[:22], "value": rest[22:]}
    make("BLF-CRYPT", "dovecot-crypt", bcrypt, ("-r", "4"))
    make("BLF-CRYPT.B64", "dovecot-crypt", bcrypt, ("-r", "4"))
    make("SHA256-CRYPT", "dovecot-crypt", more=("-r", "1000"))
    make("SHA512-CRYPT", "dovecot-crypt", more=("-r", "1000"))
    make("SHA512-CRYPT.HEX", "dovecot-crypt", more=("-r", "1000"))
    make("MD5-CRYPT", "dovecot-crypt")
    make("MD5", "dovecot-md5")
    make("DES-CRYPT", "dovecot-crypt", wrong="y" + p[1:])
    make("CRYPT", "ldap-crypt", bcrypt, ("-r", "4"))
    for suffix in suffixes:
        for name in ("PLAIN-MD5", "LDAP-MD5"):
            make(name + suffix, "dovecot-plain-md5", lambda raw: digest("MD5", decoded(raw)))
        make("PLAIN-MD4" + suffix, "dovecot-plain-md4")
        make("DIGEST-MD5" + suffix, "dovecot-digest-md5",
             lambda raw: digest("MD5", decoded(raw), b"ann:example.com:", "PREFIX"), user=user)
        make("CRAM-MD5" + suffix, "dovecot-cram-md5")
        make("HMAC-MD5" + suffix, "dovecot-cram-md5")
    make("SCRAM-SHA-1", "dovecot-scram")
    make("SCRAM-SHA-256", "dovecot-scram")
    make("PBKDF2", "dovecot-pbkdf2")
    make("PBKDF2", "dovecot-pbkdf2", more=("-r", "1234"))
    make("OTP", "dovecot-otp")
    for name in ("md4", "md5"):
        v = "{OTP}" + otp(name, 99, "ke1234", p)
        assert "(verified)" in run("doveadm", "pw", "-t", v, "-p", p)
        add(f"{HASHLIB}; {DOVECOT} says `verified`", f"RFC 2289 with {name}", "dovecot-otp", v, p)
    add(HASHLIB, "RFC 2289 with md4, as Dovecot before 2.3.13 did", "dovecot-otp",
        "{SKEY}" + otp("md4", 1024, "fedcba9876543210", p), p)
    # 80 bytes are more than the memory-hard ones need to be tried with.
    if kind in ("ascii", "non-ascii", "separators"):
        make("ARGON2I", "dovecot-argon2")
        make("ARGON2ID", "dovecot-argon2")
    add(DOVECOT, "doveadm pw -s CLEARTEXT", "plaintext", doveadm("CLEARTEXT", p), p, auto=False)
    wide = bytes(x for byte in p.encode() for x in (byte, 0))
    add(HASHLIB, "md4(each byte of the password, NUL), as Dovecot before 2.3.13 did", "dovecot-ntlm",
        "{NTLM}" + md4(wide).hex(), p)
    wide = bytes(x for byte in p.encode() for x in (0, byte))
    add(HASHLIB, "md5(NUL, each byte of the password), as Dovecot before 2.3.13 did", "dovecot-rpa",
        "{RPA}" + hashlib.md5(wide).hexdigest(), p)
    raw = p.encode()
    cut = raw[: len(raw) // 2].decode(errors="ignore") if len(raw) > 1 else p
    for v in (f"{len(cut.encode())}-{cut}", f"{len(raw) + 1}-{p}"):
        v = "{PLAIN-TRUNC}" + v
        assert "(verified)" in run("doveadm", "pw", "-t", v, "-p", p)
        wrong = "y" + p[1:]
        add(f"by hand; {DOVECOT} says `verified`", "{PLAIN-TRUNC}, the length, - and the beginning", "plaintext", v,
            p, auto=False, wrong=wrong)


def md4(data):
    """RFC 1320; OpenSSL 3 has hidden it."""
    def rol(x, n):
        x &= 0xffffffff
        return (x << n | x >> (32 - n)) & 0xffffffff
    data = data + b"\x80" + b"\0" * (-(len(data) + 9) % 64) + (8 * len(data)).to_bytes(8, "little")
    h = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476]
    for at in range(0, len(data), 64):
        x = [int.from_bytes(data[at + i:at + i + 4], "little") for i in range(0, 64, 4)]
        a, b, c, d = h
        rounds = [
            (lambda b, c, d: b & c | ~b & d, 0, range(16), (3, 7, 11, 19)),
            (lambda b, c, d: b & c | b & d | c & d, 0x5a827999, [i % 4 * 4 + i // 4 for i in range(16)], (3, 5, 9, 13)),
            (lambda b, c, d: b ^ c ^ d, 0x6ed9eba1, [0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15], (3, 9, 11, 15)),
        ]
        for mix, constant, order, turns in rounds:
            for step, k in enumerate(order):
                a, b, c, d = d, rol(a + mix(b, c, d) + x[k] + constant, turns[step % 4]), b, c
        h = [(old + new) & 0xffffffff for old, new in zip(h, (a, b, c, d))]
    return b"".join(word.to_bytes(4, "little") for word in h)


assert md4(b"abc").hex() == "a448017aaf21d8525fc10ae87aa6729d"


def otp(name, rounds, seed, p):
    value = seed.encode() + p.encode()
    for _ in range(rounds + 1):
        value = md4(value) if name == "md4" else hashlib.md5(value).digest()
        value = bytes(a ^ b for a, b in zip(value[:8], value[8:]))
    return f"{name} {rounds} {seed} {value.hex()}"


ALPHABET = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def crypt64(number, characters):
    return "".join(ALPHABET[number >> 6 * at & 63] for at in range(characters))


def aix_ssha(name, log_rounds, salt, p):
    key = hashlib.pbkdf2_hmac(name, p.encode(), salt.encode(), 1 << log_rounds)
    text = ""
    for at in range(0, len(key), 3):
        group = key[at:at + 3]
        text += crypt64(int.from_bytes(group.ljust(3, b"\0"), "big"), len(group) + 1)
    return f"{{s{name}}}{log_rounds:02}${salt}${text}"


def aix_smd5(salt, p):
    """md5-crypt with an empty name; with $1$ it must be what libxcrypt makes."""
    assert md5_crypt(b"$1$", salt, "x y") == crypt.crypt("x y", f"$1${salt}").split("$")[3]
    return f"{{smd5}}{salt}${md5_crypt(b'', salt, p)}"


def md5_crypt(magic, salt, p):
    def md5(data):
        return hashlib.md5(data).digest()
    p, salt = p.encode(), salt.encode()
    inner = md5(p + salt + p)
    data = p + magic + salt + (inner * (len(p) // 16 + 1))[:len(p)]
    bits = len(p)
    while bits:
        data += b"\0" if bits & 1 else p[:1]
        bits >>= 1
    value = md5(data)
    for i in range(1000):
        value = md5((p if i & 1 else value) + (salt if i % 3 else b"") + (p if i % 7 else b"")
                    + (value if i & 1 else p))
    order = [(0, 6, 12), (1, 7, 13), (2, 8, 14), (3, 9, 15), (4, 10, 5)]
    return "".join(crypt64(value[a] << 16 | value[b] << 8 | value[c], 4) for a, b, c in order) + crypt64(value[11], 2)


def aix(p):
    how = "computed from john's and hashcat's definition, which reproduces hashcat's examples"
    salt = base64.b64encode(os.urandom(12), b"./").decode()
    for name in ("sha1", "sha256", "sha512"):
        for log_rounds in (6, 10):
            add(HASHLIB, how, f"aix-s{name}", aix_ssha(name, log_rounds, salt, p), p)
    add(HASHLIB, how, "aix-smd5", aix_smd5(salt[:8], p), p)


EXAMPLES = [
    ("aix-smd5", 6300, "{smd5}17800721$WkGka7tXcrfpUQS6WOQyw/"),
    ("aix-ssha256", 6400, "{ssha256}06$2715084824104660$1s/s4RZWEcvZ5VuWPXWGUfwSoG07eVSVce8F6ANJ.g4"),
    ("aix-ssha512", 6500, "{ssha512}06$4653718755856803$O04nVHL7iU9Jguy/B3Yow.veBM52irn.038Y/Ln6AMy/BG8wbU6ozSP8/W9K"
                          "DZPUbhdsbl1lf8px.vKJS1S/.."),
    ("aix-ssha1", 6700, "{ssha1}06$5586485655847243$V5f1Ff1y4dr7AWeVSSdv6N52..Y"),
    ("dovecot-cram-md5", 16400, "{CRAM-MD5}5389b33b9725e5657cb631dc50017ff100000000000000000000000000000000"),
]
for scheme, mode, stored in EXAMPLES:
    if scheme == "aix-smd5":
        assert aix_smd5("17800721", "hashcat") == stored
    elif scheme.startswith("aix"):
        assert aix_ssha(scheme[5:], 6, stored.split("$")[1], "hashcat") == stored
    add("hashcat 6.2.6's example", f"hashcat --example-hashes -m {mode}", scheme, stored, "hashcat")
# Written by AIX itself, as its users have published them.
for scheme, stored, p in [
    ("aix-smd5", "{smd5}s8/xSJ/v$uGam4GB8hOjTLQqvBfxJ2/", "password"),
    ("aix-smd5", "{smd5}alRJaSLb$aKM3H1.h1ycXl5GEVDH1e1", "aixsucks?"),
    ("aix-ssha1", "{ssha1}06$6cZ2YrFYwVQPAVNb$1agAljwERjlin9RxFxzKl.E0.sJ", "gentoo=>meh"),
    ("aix-ssha512", "{ssha512}06$aXayEJGxA02Bl4d2$TWfWx34oD.UjrS/Qtco6Ij2XPY1CPYJfdk3CcxEjnMZvQw2p5obHYH7SI2wxcJgaS9.S"
                    "9Hz948R.GdGwsvR...", "test"),
]:
    add("AIX, from the tests of John the Ripper", "passwd", scheme, stored, p)
for kind, p in PASSWORDS:
    ldap(p)
    dovecot(kind, p)
    aix(p)
here = os.path.dirname(os.path.abspath(__file__))
with open(os.path.join(here, "..", "directory.toml"), "w") as out:
    out.write("# Made by make/directory.py; do not edit.\n\n" + "\n".join(tables))
print(len(tables))
