"""Writes ../modes.toml and ../refused-modes.toml: the constructions that hashcat lists by formula, and the forums and
shops that store them.

Needs Python 3.11 with bcrypt, pycryptodome and gostcrypto; and php. Digests of digests are computed here
from hashcat's name of the mode; what forums and shops do is run as PHP, in which they are written.
"""

import base64
import hashlib
import hmac
import importlib.metadata
import os
import subprocess

import Crypto
import bcrypt
import gostcrypto
from Crypto.Hash import keccak

from passwords import PASSWORDS, near_miss, table

HERE = os.path.dirname(os.path.abspath(__file__))
HASHLIB = "Python 3.11's hashlib and hmac, from hashcat's formula"
PHP = "PHP " + subprocess.run(["php", "-r", "echo PHP_VERSION;"], capture_output=True, text=True).stdout
OPENSSL = " ".join(subprocess.run(["openssl", "version"], capture_output=True, text=True).stdout.split()[:2])
PYCRYPTODOME = f"pycryptodome {Crypto.__version__}"
GOSTCRYPTO = f"gostcrypto {importlib.metadata.version('gostcrypto')}"
TITLES = {"md5": "MD5", "sha1": "SHA-1", "sha256": "SHA-256", "sha512": "SHA-512"}
SALT = "gr\u00e4in: $1"  # a colon, a blank, a dollar and more than ASCII
USER = "Ann.\u00c9"

vectors, refused = [], []


def b64(raw):
    return base64.b64encode(raw).decode()


def okta(algorithm, digest, salt=None, order=None):
    title = TITLES.get(algorithm)
    if not title:
        return None
    made = {"algorithm": title, "value": b64(digest)}
    return made | ({"salt": b64(salt), "saltOrder": order} if salt else {})


def add(source, how, scheme, stored, password, made=None, auto=False, **columns):
    vectors.append(table("vector", {
        "source": source, "how": how, "scheme": scheme, "auto": None if auto else False, "stored": stored, **columns,
        "password": password, "wrong": near_miss(password), "okta": made,
    }))


def refuse(how, scheme, stored, reason, expect="unreadable", **columns):
    refused.append(table("vector", {
        "source": "by hand, or derived from a good value", "how": how, "scheme": scheme, "stored": stored, **columns,
        "expect": expect, "reason": reason,
    }))


def h(name):
    """A digest in hex, as PHP's functions give it."""
    return lambda x: hashlib.new(name, x).hexdigest().encode()


md5, sha1, sha256, sha512 = h("md5"), h("sha1"), h("sha256"), h("sha512")
utf16 = lambda x: x.decode().encode("utf-16-le")
bin256 = lambda x: hashlib.sha256(x).digest()
bin512 = lambda x: hashlib.sha512(x).digest()


def restful(key, first):
    """restful-authentication's ten rounds; `first` is what stands where later rounds have the round before."""
    def run(p, s):
        digest = first
        for _ in range(10):
            digest = sha1(b"--".join([digest, s, p, key]))
        return digest
    return run


def php(code, p, s=b"", user=b""):
    """Runs `code` over $pass, $salt and $user."""
    program = ("[$pass, $salt, $user] = array_map('base64_decode', array_slice($argv, 1));"
               "function utf16le($x) { return iconv('UTF-8', 'UTF-16LE', $x); } echo " + code + ";")
    run = subprocess.run(["php", "-r", program, b64(p), b64(s), b64(user)], capture_output=True, check=True)
    return run.stdout


# Plain digests: name, what computes it, hashcat's beginning of the value.
def php_hash(name):
    return lambda p: php(f"hash('{name}', $pass)", p)


PLAIN = [
    *((f"{d}-utf16le-pass", HASHLIB, f"{d}(utf16le(password))", lambda p, d=d: h(d)(utf16(p)))
      for d in ("md5", "sha1", "sha256", "sha384", "sha512")),
    ("half-md5", HASHLIB, "md5(password), its first 16 digits", lambda p: md5(p)[:16]),
    *((name, PHP, f"php: hash('{algorithm}', $pass)", php_hash(algorithm))
      for name, algorithm in (("ripemd160", "ripemd160"), ("whirlpool", "whirlpool"), ("gost94", "gost"))),
    *((f"sha3-{bits}", HASHLIB, f"sha3_{bits}(password)", h(f"sha3_{bits}")) for bits in (224, 256, 384, 512)),
    *((f"keccak-{bits}", PYCRYPTODOME, f"keccak.new(digest_bits={bits})",
       lambda p, bits=bits: keccak.new(digest_bits=bits, data=p).hexdigest().encode()) for bits in (224, 256, 384, 512)),
    ("blake2b-512", HASHLIB, "blake2b(password)", h("blake2b")),
    *((f"streebog-{bits}", GOSTCRYPTO, f'gosthash.new("streebog{bits}")',
       lambda p, bits=bits: streebog(bits)(p).hex().encode()) for bits in (256, 512)),
    *((f"streebog-{bits}-big-endian", GOSTCRYPTO, f'gosthash.new("streebog{bits}"), the last byte first',
       lambda p, bits=bits: streebog(bits)(p)[::-1].hex().encode()) for bits in (256, 512)),
]


def streebog(bits):
    return lambda p: bytes(gostcrypto.gosthash.new(f"streebog{bits}", data=bytearray(p)).digest())


def streebog_hmac(bits):
    """HMAC by hand: a block has 64 bytes."""
    def run(key, message):
        key = (streebog(bits)(key) if len(key) > 64 else key).ljust(64, b"\0")
        inner = streebog(bits)(bytes(b ^ 0x36 for b in key) + message)
        return streebog(bits)(bytes(b ^ 0x5c for b in key) + inner)
    return run



def cx(p, s):
    begin, end = b"--" + s + b"--", b"--" + p + b"----"
    digest = sha1(begin + end)
    for _ in range(9):
        digest = sha1(begin + digest + end)
    return digest


# Digests of digests, and HMAC: name, the formula as Python.
NESTED = [
    ("md5-md5-pass", lambda p, s: md5(md5(p))),
    ("md5-md5-md5-pass", lambda p, s: md5(md5(md5(p)))),
    ("md5-upper-md5-pass", lambda p, s: md5(md5(p).upper())),
    ("md5-sha1-pass", lambda p, s: md5(sha1(p))),
    ("md5-sha1-pass-md5-pass-sha1-pass", lambda p, s: md5(sha1(p) + md5(p) + sha1(p))),
    ("md5-salt-md5-pass", lambda p, s: md5(s + md5(p))),
    ("md5-sha1-pass-salt", lambda p, s: md5(sha1(p) + s)),
    ("md5-md5-pass-md5-salt", lambda p, s: md5(md5(p) + md5(s))),
    ("md5-sha1-salt-md5-pass", lambda p, s: md5(sha1(s) + md5(p))),
    ("md5-salt-md5-of-salt-pass", lambda p, s: md5(s + md5(s + p))),
    ("md5-salt-md5-of-pass-salt", lambda p, s: md5(s + md5(p + s))),
    ("md5-salt-sha1-of-salt-pass", lambda p, s: md5(s + sha1(s + p))),
    ("sha1-sha1-pass", lambda p, s: sha1(sha1(p))),
    ("sha1-md5-pass", lambda p, s: sha1(md5(p))),
    ("sha1-md5-md5-pass", lambda p, s: sha1(md5(md5(p)))),
    ("sha1-sha1-pass-salt", lambda p, s: sha1(sha1(p) + s)),
    ("sha1-salt-sha1-pass", lambda p, s: sha1(s + sha1(p))),
    ("sha1-md5-pass-salt", lambda p, s: sha1(md5(p) + s)),
    ("sha1-md5-of-pass-salt", lambda p, s: sha1(md5(p + s))),
    ("sha1-salt-sha1-of-pass-salt", lambda p, s: sha1(s + sha1(p + s))),
    ("sha1-sha1-of-salt-pass-salt", lambda p, s: sha1(sha1(s + p + s))),
    ("sha256-md5-pass", lambda p, s: sha256(md5(p))),
    ("sha256-sha256-bin-pass", lambda p, s: sha256(bin256(p))),
    ("sha256-sha256-pass-salt", lambda p, s: sha256(sha256(p) + s)),
    ("sha256-salt-sha256-pass", lambda p, s: sha256(s + sha256(p))),
    ("sha256-salt-sha256-bin-pass", lambda p, s: sha256(s + bin256(p))),
    ("sha512-sha512-bin-pass", lambda p, s: sha512(bin512(p))),
    ("sha1-cx", cx),
    *((f"hmac-{d}-key-pass", lambda p, s, d=d: hmac.digest(p, s, d).hex().encode()) for d in TITLES),
    *((f"hmac-{d}-key-salt", lambda p, s, d=d: hmac.digest(s, p, d).hex().encode()) for d in TITLES),
    *((f"hmac-streebog-{bits}-big-endian-key-pass",
       lambda p, s, bits=bits: streebog_hmac(bits)(p, s)[::-1].hex().encode()) for bits in (256, 512)),
    *((f"hmac-streebog-{bits}-big-endian-key-salt",
       lambda p, s, bits=bits: streebog_hmac(bits)(s, p)[::-1].hex().encode()) for bits in (256, 512)),
]


# Forums and shops: name, the software's formula in PHP, what stands around the digest, Okta's digest and order.
AFTER = "{digest}:{salt}"
FORUMS = [
    ("vbulletin", "md5(md5($pass) . $salt)", AFTER, None),
    ("phps", "md5(md5($pass) . $salt)", "$PHPS${hex}${digest}", None),
    ("mybb", "md5(md5($salt) . md5($pass))", AFTER, None),
    ("punbb", "sha1($salt . sha1($pass))", AFTER, None),
    ("redmine", "sha1($salt . sha1($pass))", AFTER, None),
    ("smf", "sha1(strtolower($user) . $pass)", "{digest}:{user}", ("sha1", "PREFIX")),
    ("wbb3", "sha1($salt . sha1($salt . sha1($pass)))", AFTER, None),
    ("mediawiki-b", "md5($salt . '-' . md5($pass))", ":B:{salt}:{digest}", None),
    ("joomla", "md5($pass . $salt)", AFTER, ("md5", "POSTFIX")),
    ("oscommerce", "md5($salt . $pass)", AFTER, ("md5", "PREFIX")),
    ("opencart", "sha1($salt . sha1($salt . sha1($pass)))", AFTER, None),
    ("prestashop", "md5($salt . $pass)", AFTER, ("md5", "PREFIX")),
    ("authme-sha256", "hash('sha256', hash('sha256', $pass) . $salt)", "$SHA${salt}${digest}", None),
    ("coldfusion", "strtoupper(hash('sha256', $salt . strtoupper(sha1($pass))))", AFTER, None),
    ("peoplesoft", "base64_encode(sha1(utf16le($pass), true))", "{digest}", None),
    ("hmailserver", "hash('sha256', $salt . $pass)", "{salt}{digest}", ("sha256", "PREFIX")),
    ("filezilla-server", "hash('sha512', $pass . $salt)", AFTER, ("sha512", "POSTFIX")),
    ("serv-u", "strtoupper(md5($salt . $pass))", "{salt}{digest}", ("md5", "PREFIX")),
    ("rails-restful-authentication-plain", "sha1('--' . $salt . '--' . $pass . '--')", AFTER, None),
]
FORUM_SALTS = {"hmailserver": "a1:$b2", "serv-u": "x:", "mediawiki-b": "8c3af091", "authme-sha256": "7218$532"}
AUTO = ("phps", "mediawiki-b", "authme-sha256")


def salted_family():
    """One digest of password and salt, in every order that has a name."""
    for d in ("md5", "sha1", "sha256", "sha384", "sha512"):
        for _, text in PASSWORDS:
            p, s = text.encode(), SALT.encode()
            rows = [("pass-salt", p + s, ("POSTFIX",)), ("salt-pass", s + p, ("PREFIX",)),
                    ("utf16le-pass-salt", utf16(p) + s, None), ("salt-utf16le-pass", s + utf16(p), None)]
            if d in ("md5", "sha1", "sha256"):
                rows.append(("salt-pass-salt", s + p + s, None))
            for name, message, order in rows:
                digest = hashlib.new(d, message).digest()
                made = okta(d, digest, s, *order) if order else None
                add(HASHLIB, f"{d}({name})", f"{d}-{name}", f"{digest.hex()}:{SALT}", text, made)
                if name == "utf16le-pass-salt":
                    add(HASHLIB, f"{d}({name})", f"{d}-{name}", digest.hex().upper(), text, made, salt=SALT)
    for _, text in PASSWORDS:
        for name, message in (("pass-salt", text + SALT), ("salt-pass", SALT + text)):
            digest = h("blake2b")(message.encode()).decode()
            add(HASHLIB, f"blake2b({name})", f"blake2b-512-{name}", f"{digest}:{SALT}", text)
        digest = sha1(b"a-b" + text.encode() + SALT.encode()).decode()
        add(HASHLIB, "sha1(salt1 + password + salt2)", "sha1-salt-pass-salt2", f"{digest}:a-b:{SALT}", text)
        add(HASHLIB, "sha1(salt1 + password + salt2)", "sha1-salt-pass-salt2", digest, text, salt="a-b", salt2=SALT)


def nested_family():
    for name, formula in NESTED:
        salted = "salt" in name or name in ("sha1-cx",) or name.startswith("hmac")
        for index, (_, text) in enumerate(PASSWORDS):
            digest = formula(text.encode(), SALT.encode()).decode()
            if not salted:
                add(HASHLIB, "as its name says", name, digest, text)
            elif index % 2:
                add(HASHLIB, "as its name says", name, digest, text, salt=SALT)
            else:
                add(HASHLIB, "as its name says", name, f"{digest}:{SALT}", text)
    for name, source, how, formula in PLAIN:
        for _, text in PASSWORDS:
            add(source, how, name, formula(text.encode()).decode(), text)
    name = "sha1-salt-sha1-bin-of-utf16le-user-colon-utf16le-pass"
    for _, text in PASSWORDS:
        inner = hashlib.sha1(utf16(USER.encode()) + b":" + utf16(text.encode())).digest()
        digest = sha1(b"\xff\x00" + inner).decode()
        add(HASHLIB, "as its name says", name, f"{digest}:ff00:{USER.encode().hex()}", text)
        digest = sha1(b"gr" + inner).decode()
        add(HASHLIB, "as its name says", name, digest, text, salt="gr", user=USER)
    for d, digest in (("md5", md5), ("sha1", sha1), ("sha512", sha512)):
        for _, text in PASSWORDS:
            stored = bcrypt.hashpw(digest(text.encode())[:72], bcrypt.gensalt(4)).decode()
            add(f"{HASHLIB}, bcrypt {bcrypt.__version__}", f"bcrypt({d}(password))", f"bcrypt-{d}-pass", stored, text)


def forum_family():
    for name, formula, layout, made in FORUMS:
        for _, text in PASSWORDS:
            salt = FORUM_SALTS.get(name, SALT)
            p, s, user = text.encode(), salt.encode(), b"ann.\xc3\x89" if "user" in layout else b""
            digest = php(formula, p, s, USER.encode()).decode()
            parts = {"{digest}": digest, "{salt}": salt, "{hex}": s.hex(), "{user}": USER}
            stored = layout
            for part, value in parts.items():
                stored = stored.replace(part, value)
            importable = made and okta(made[0], bytes.fromhex(digest), user or s, made[1])
            add(PHP, f"php: {formula}", name, stored, text, importable, auto=name in AUTO)
            if layout in (AFTER, "{salt}{digest}"):
                add(PHP, f"php: {formula}", name, digest, text, importable, salt=salt)
            elif "user" in layout:
                add(PHP, f"php: {formula}", name, digest, text, importable, user=USER)
    for _, text in PASSWORDS:
        name, key = "rails-restful-authentication", "site key"
        digest = restful(key.encode(), key.encode())(text.encode(), SALT.encode()).decode()
        how = "sha1 of the round before, salt, password and site key with -- between them, ten times"
        add(HASHLIB, how, name, digest, text, salt=SALT, pepper=key)
        digest = restful(key.encode(), key.encode())(text.encode(), b"5aa5").decode()
        add(HASHLIB, how, name, f"{digest}:5aa5:{key}", text)


def notation_family():
    """What hashcat alone writes."""
    for _, text in PASSWORDS:
        key = hashlib.scrypt(text.encode(), salt=SALT.encode(), n=1024, r=8, p=2, dklen=64)
        stored = f"SCRYPT:1024:8:2:{b64(SALT.encode())}:{b64(key)}"
        add(HASHLIB, "scrypt(password, salt=salt, n=1024, r=8, p=2, dklen=64)", "hashcat-scrypt", stored, text, auto=True)
        key = "000102030405060708090a0b0c0d0eff"
        code = subprocess.run(["openssl", "mac", "-macopt", f"hexkey:{key}", "-macopt", "size:8", "SIPHASH"],
                              input=text.encode(), capture_output=True, check=True).stdout.decode().strip().lower()
        add(OPENSSL, f"openssl mac -macopt hexkey:{key} -macopt size:8 SIPHASH", "siphash", f"{code}:2:4:{key}", text)
    for how, stored, reason in (
        ("N is no power of two", "SCRYPT:1000:8:1:OTE=:AAAA", "power of two"), ("N is 1", "SCRYPT:1:8:1:OTE=:AAAA", "N of 2"),
        ("a leading zero", "SCRYPT:01024:8:1:OTE=:AAAA", "numbers"), ("no p", "SCRYPT:1024:8:OTE=:AAAA", "five colons"),
        ("p is 0", "SCRYPT:1024:8:0:OTE=:AAAA", "p from 1"), ("no padding", "SCRYPT:1024:8:1:OTE:AAAA", "base64"),
        ("no digest", "SCRYPT:1024:8:1:OTE=:", "empty"),
    ):
        refuse(how, "hashcat-scrypt", stored, reason)
    refuse("2 GiB", "hashcat-scrypt", "SCRYPT:1048576:16:1:OTE=:AAAA", "scrypt_memory_kib", expect="too_costly")
    digest, key = "583e6f51e52ba296", "47356410265714355482333327356688"
    for how, stored in (("other rounds", f"{digest}:1:3:{key}"), ("a short key", f"{digest}:2:4:{key[2:]}"),
                        ("no key", digest), ("a digest of 4 bytes", f"{digest[8:]}:2:4:{key}"),
                        ("a letter in the key", f"{digest}:2:4:g{key[1:]}")):
        refuse(how, "siphash", stored, "expected 16 hex digits")


def damaged_family():
    """Of each scheme: a digest that lost a character, and a value of another layout."""
    seen = {}
    for vector in vectors:
        fields = dict(line.split(" = ", 1) for line in vector.splitlines()[1:])
        scheme, stored = fields["scheme"].strip('"'), fields["stored"]
        if scheme not in seen and "\\" not in stored:
            seen[scheme] = stored[1:-1]
    for scheme, stored in seen.items():
        first = stored.split(":")[0]
        columns = {"user": "ann"} if scheme == "smf" else {}
        if not scheme.startswith("bcrypt") and len(first) >= 32 and "=" not in first and scheme not in ("hmailserver", "serv-u"):
            refuse("the digest lost a character", scheme, stored[1:], None, **columns)
        else:
            refuse("the digest lost a character", scheme, stored.rstrip("=")[:-1], None, **columns)
        refuse("the digest has a letter too much", scheme, f"a{stored}", None, **columns)


salted_family()
nested_family()
forum_family()
notation_family()
damaged_family()
for name, tables in (("modes", vectors), ("refused-modes", refused)):
    with open(os.path.join(HERE, "..", f"{name}.toml"), "w") as out:
        out.write("# Made by make/modes.py; do not edit.\n\n" + "\n".join(tables))
    print(name, len(tables))
