"""Writes ../hashcat.toml: hashcat's own example of every mode that is a password store.

Needs hashcat 6.2.6 and passlib. Okta's object is computed here from the parts of a value, of which the digest is first
made again from the password, so that no part can be mistaken for another.
"""

import base64
import binascii
import hashlib
import json
import os
import re
import subprocess

import passlib.utils.binary

from passwords import near_miss, table

HERE = os.path.dirname(os.path.abspath(__file__))
CATEGORIES = [
    "Raw Hash", "Raw Hash authenticated", "Raw Hash salted and/or iterated", "Generic KDF", "Forums, CMS, E-Commerce",
    "FTP, HTTP, SMTP, LDAP Server", "Operating System", "Database Server", "Enterprise Application Software (EAS)",
    "Framework",
]
TITLES = {"md5": "MD5", "sha1": "SHA-1", "sha256": "SHA-256", "sha512": "SHA-512"}


def b64(raw):
    return base64.b64encode(raw).decode()


def digest(name, password, value, before=b"", after=b""):
    """One digest, with what stands before or behind the password."""
    assert hashlib.new(name, before + password + after).digest() == value and not (before and after)
    made = {"algorithm": TITLES[name], "value": b64(value)}
    if before or after:
        made |= {"salt": b64(before or after), "saltOrder": "PREFIX" if before else "POSTFIX"}
    return made


def pbkdf2(name, password, rounds, salt, key):
    assert hashlib.pbkdf2_hmac(name, password, salt, rounds, len(key)) == key
    if rounds < 4096 or name not in ("sha256", "sha512"):
        return None
    return {"algorithm": "PBKDF2", "digestAlgorithm": f"{name.upper()}_HMAC", "iterationCount": rounds,
            "keySize": len(key), "salt": b64(salt), "value": b64(key)}


def behind_colon(name, order):
    def make(password, stored):
        value, salt = stored.split(":", 1)
        salt = {"before": salt.encode()} if order == "PREFIX" else {"after": salt.encode()}
        return digest(name, password, bytes.fromhex(value), **salt)
    return make


def plain(name):
    return lambda password, stored: digest(name, password, bytes.fromhex(stored))


def ldap(name):
    def make(password, stored):
        raw = base64.b64decode(stored.split("}")[1])
        size = hashlib.new(name).digest_size
        return digest(name, password, raw[:size], after=raw[size:])
    return make


def hex_before(name, width):
    """The salt's hex digits before the digest's."""
    def make(password, stored):
        raw = bytes.fromhex(stored)
        return digest(name, password, raw[width:], before=raw[:width])
    return make


def bcrypt(password, stored):
    _, _, cost, rest = stored.split("$")
    return {"algorithm": "BCRYPT", "workFactor": int(cost), "salt": rest[:22], "value": rest[22:]}


def translated(text, alphabet):
    """Base64 with another alphabet."""
    usual = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    text = text.translate(str.maketrans(alphabet, usual))
    return base64.b64decode(text + "=" * (-len(text) % 4))


def passlib_pbkdf2(name):
    def make(password, stored):
        _, _, rounds, salt, key = stored.split("$")
        ab64 = passlib.utils.binary.ab64_decode
        return pbkdf2(name, password, int(rounds), ab64(salt), ab64(key))
    return make


def django(password, stored):
    _, rounds, salt, key = stored.split("$")
    return pbkdf2("sha256", password, int(rounds), salt.encode(), base64.b64decode(key))


def django_sha1(password, stored):
    _, salt, value = stored.split("$")
    return digest("sha1", password, bytes.fromhex(value), before=salt.encode())


def directory_server(password, stored):
    raw = base64.b64decode(stored.split("}")[1])
    return pbkdf2("sha256", password, int.from_bytes(raw[:4], "big"), raw[4:68], raw[68:])


def cisco_8(password, stored):
    _, _, salt, key = stored.split("$")
    return pbkdf2("sha256", password, 20000, salt.encode(),
                  translated(key, "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"))


def cisco_4(password, stored):
    alphabet = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    return digest("sha256", password, translated(stored, alphabet))


def netscreen(password, stored):
    """The digest's characters with six letters of `nrcstn` among them; the user's name goes before the password."""
    user = stored.split(":")[1]
    before = f"{user}:Administration Tools:".encode()
    return digest("md5", password, hashlib.md5(before + password).digest(), before=before)


def colon_pbkdf2(password, stored):
    name, rounds, salt, key = stored.split(":")
    return pbkdf2(name, password, int(rounds), base64.b64decode(salt), base64.b64decode(key))


# What Okta can import, by mode; of all others none.
OKTA = {
    0: plain("md5"), 100: plain("sha1"), 1400: plain("sha256"), 1700: plain("sha512"),
    10: behind_colon("md5", "POSTFIX"), 11: behind_colon("md5", "POSTFIX"), 12: behind_colon("md5", "POSTFIX"),
    20: behind_colon("md5", "PREFIX"), 21: behind_colon("md5", "PREFIX"), 24: behind_colon("md5", "PREFIX"),
    11000: behind_colon("md5", "PREFIX"),
    110: behind_colon("sha1", "POSTFIX"), 120: behind_colon("sha1", "PREFIX"), 121: behind_colon("sha1", "PREFIX"),
    1410: behind_colon("sha256", "POSTFIX"), 1420: behind_colon("sha256", "PREFIX"),
    1710: behind_colon("sha512", "POSTFIX"), 1720: behind_colon("sha512", "PREFIX"),
    15000: behind_colon("sha512", "POSTFIX"),
    101: ldap("sha1"), 111: ldap("sha1"), 1411: ldap("sha256"), 1711: ldap("sha512"),
    112: lambda p, s: digest("sha1", p, bytes.fromhex(s.split(":")[0]), after=bytes.fromhex(s.split(":")[1])),
    122: hex_before("sha1", 4), 125: hex_before("sha1", 5), 1722: hex_before("sha512", 4),
    124: django_sha1,
    1421: lambda p, s: digest("sha256", p, bytes.fromhex(s[6:]), before=s[:6].encode()),
    22: netscreen, 3200: bcrypt, 5700: cisco_4, 9200: cisco_8,
    10000: django, 10901: directory_server, 20200: passlib_pbkdf2("sha512"), 20300: passlib_pbkdf2("sha256"),
    10900: colon_pbkdf2, 12100: colon_pbkdf2,
}


def examples():
    run = subprocess.run(["hashcat", "--example-hashes", "--machine-readable"], capture_output=True, text=True)
    modes = json.loads(run.stdout[run.stdout.index("{"):])
    return {int(mode): about for mode, about in sorted(modes.items(), key=lambda item: int(item[0]))}


def plain_password(text):
    found = re.fullmatch(r"\$HEX\[([0-9a-f]*)\]", text)
    return binascii.unhexlify(found[1]).decode() if found else text


left_out = open(os.path.join(HERE, "../../../src/schemes/left_out.rs")).read()
left_out = {int(mode) for mode in re.findall(r"^    \((\d+),", left_out, re.M)}
tables = []
modes = {mode: about for mode, about in examples().items() if about["category"] in CATEGORIES}
for mode, about in modes.items():
    if mode in left_out:
        continue
    password, stored = plain_password(about["example_pass"]), about["example_hash"]
    tables.append(table("vector", {
        "source": f"hashcat 6.2.6, hashcat --example-hashes -m {mode}", "how": about["name"],
        "scheme": f"hashcat:{mode}", "auto": False, "stored": stored, "password": password,
        "wrong": near_miss(password), "okta": OKTA[mode](password.encode(), stored) if mode in OKTA else None,
    }))
assert left_out <= modes.keys()
with open(os.path.join(HERE, "..", "hashcat.toml"), "w") as out:
    out.write("# Made by make/hashcat.py; do not edit.\n\n" + "\n".join(tables))
print(f"{len(tables)} modes, {len(left_out)} left out, of {len(modes)}")
