"""Writes ../expressions.toml: values that only an expression names, made without any of keyferry's code.

Needs Python 3.11 with pycryptodome and gostcrypto, PHP 8 with iconv for the functions that are PHP's own,
and hashcat's published examples, which are written here.
"""

import base64
import hashlib
import hmac
import os
import subprocess
import unicodedata

from Crypto.Hash import keccak
import gostcrypto

from passwords import PASSWORDS, near_miss, table

PHP = subprocess.run(["php", "-r", "echo PHP_VERSION;"], capture_output=True, text=True, check=True).stdout
PHP = "PHP " + ".".join(PHP.split(".")[:2])
HASHLIB = "Python 3.11's hashlib"
SALT = "9f2:aé$"

vectors = []


def add(source, how, scheme, stored, password, okta=None, wrong=None, **columns):
    vectors.append(table("vector", {
        "source": source, "how": how, "scheme": scheme, "auto": False, "stored": stored, **columns,
        "password": password, "wrong": near_miss(password) if wrong is None else wrong, "okta": okta,
    }))


def b64(raw):
    return base64.b64encode(raw).decode()


def php(code, password, salt=SALT):
    out = subprocess.run(
        ["php", "-r", f"error_reporting(0); $p = base64_decode($argv[1]); $s = base64_decode($argv[2]); echo {code};",
         b64(password.encode()), b64(salt.encode())],
        capture_output=True, text=True, check=True)
    return out.stdout


# PHP's own digests, plain, as HMAC and as PBKDF2.
for name, algorithm in [
    ("sha512_256", "sha512/256"), ("sha512_224", "sha512/224"),
    ("sha3_224", "sha3-224"), ("sha3_256", "sha3-256"), ("sha3_384", "sha3-384"), ("sha3_512", "sha3-512"),
    ("ripemd128", "ripemd128"), ("ripemd160", "ripemd160"), ("ripemd256", "ripemd256"), ("ripemd320", "ripemd320"),
    ("whirlpool", "whirlpool"), ("gost94", "gost"), ("gost94_cryptopro", "gost-crypto"),
]:
    for (_, password), (scheme, code) in zip(PASSWORDS, [
        (f"{name}($salt.$pass)", f'hash("{algorithm}", $s.$p)'),
        (f"{name}({name}_bin($pass).$salt)", f'hash("{algorithm}", hash("{algorithm}", $p, true).$s)'),
        (f"hmac_{name}($pass,$salt)", f'hash_hmac("{algorithm}", $s, $p)'),
        (f"hmac_{name}($salt,$pass)", f'hash_hmac("{algorithm}", $p, $s)'),
        (f"pbkdf2_{name}($pass,$salt,7,40)", f'hash_pbkdf2("{algorithm}", $p, $s, 7, 80)'),
    ]):
        add(PHP, code, scheme, php(code, password), password, salt=SALT)

# PHP's functions of strings, and its string functions on digests.
for _, password in PASSWORDS:
    for scheme, code in [
        ("substr(md5($pass),8,16)", "substr(md5($p), 8, 16)"),
        ("substr(sha1($pass),0,15)", "substr(sha1($p), 0, 15)"),
        ("md5(substr(sha1($pass),3,100).$salt)", "md5(substr(sha1($p), 3, 100).$s)"),
        ("md5(substr($pass,1,3).$salt)", "md5(substr($p, 1, 3).$s)"),
        ("md5(reverse($pass).$salt)", "md5(strrev($p).$s)"),
        ("reverse(md5($pass))", "strrev(md5($p))"),
        ("sha1(trim(' \t'.$pass.' ').$salt)", 'sha1(trim(" \\t".$p." ").$s)'),
        ("md5(latin1($pass).$salt)", 'md5(utf8_decode($p).$s)'),
        ("sha1(utf16be($pass).$salt)", 'sha1(iconv("UTF-8", "UTF-16BE", $p).$s)'),
        ("sha1(utf16le($pass).$salt)", 'sha1(iconv("UTF-8", "UTF-16LE", $p).$s)'),
        ("'0x'.upper(md5($pass.$salt))", '"0x".strtoupper(md5($p.$s))'),
        ("md5($pass).md5($salt.$pass)", "md5($p).md5($s.$p)"),
    ]:
        if "substr($pass" in scheme and len(password) == 1:
            continue  # nothing is left, of any password of one character
        # substr() and trim() may cut off what the usual wrong password differs by.
        wrong = "y" + password[:1] + "#" + password[2:] if "substr($pass" in scheme else None
        add(PHP, code, scheme, php(code, password), password, wrong=wrong, salt=SALT)

# Digests that PHP has not.
for (_, password), bits in zip(PASSWORDS, [224, 256, 384, 512, 256]):
    def kec(data, bits=bits):
        return keccak.new(digest_bits=bits, data=data).digest()
    add("pycryptodome", f"Keccak-{bits} of Keccak-{bits}", f"keccak_{bits}(keccak_{bits}_bin($pass).$salt)",
        kec(kec(password.encode()) + SALT.encode()).hex(), password, salt=SALT)
for _, password in PASSWORDS:
    raw = password.encode()
    add(HASHLIB, "blake2b", "blake2b_512($pass.$salt)", hashlib.blake2b(raw + SALT.encode()).hexdigest(), password,
        salt=SALT)
    add(HASHLIB, "blake2b(digest_size=32)", "blake2b_256($salt.$pass)",
        hashlib.blake2b(SALT.encode() + raw, digest_size=32).hexdigest(), password, salt=SALT)
    add(HASHLIB, "blake2s", "blake2s_256($pass)", hashlib.blake2s(raw).hexdigest(), password)
    add(HASHLIB, "hmac, blake2b", "hmac_blake2b_512($pass,$salt)",
        hmac.new(raw, SALT.encode(), "blake2b").hexdigest(), password, salt=SALT)
    add(HASHLIB, "pbkdf2_hmac, blake2s", "pbkdf2_blake2s_256($pass,$salt,9,24)",
        hashlib.pbkdf2_hmac("blake2s", raw, SALT.encode(), 9, 24).hex(), password, salt=SALT)
    for bits in (256, 512):
        digest = bytes(gostcrypto.gosthash.new(f"streebog{bits}", data=bytearray(raw)).digest())
        add("gostcrypto", f"streebog{bits}", f"streebog_{bits}($pass)", digest.hex(), password)
        add("gostcrypto", f"streebog{bits}, last byte first", f"reverse(streebog_{bits}_bin($pass))",
            digest[::-1].hex(), password)
    for form in ("NFC", "NFD", "NFKC", "NFKD"):
        add("Python 3.11's unicodedata and hashlib", f"sha256 of {form}", f"sha256({form.lower()}($pass).$salt)",
            hashlib.sha256(unicodedata.normalize(form, password).encode() + SALT.encode()).hexdigest(),
            password, salt=SALT)

# scrypt and rounds from the stored value, with Okta's object where it has one.
for _, password in PASSWORDS:
    raw, salt = password.encode(), SALT.encode()
    key = hashlib.scrypt(raw, salt=salt, n=64, r=4, p=2, dklen=40)
    add(HASHLIB, "scrypt(n=64, r=4, p=2)", "scrypt($pass,$salt,64,4,2,40)", b64(key), password, salt=SALT)
    add(HASHLIB, "scrypt(n=64, r=4, p=2)", "scrypt($pass,$salt,$rounds,4,2,40) in '{rounds}|hex({salt})|{digest}'",
        f"64|{salt.hex()}|{key.hex()}", password)
    for digest, name, size in (("SHA256", "sha256", 32), ("SHA512", "sha512", 64)):
        key = hashlib.pbkdf2_hmac(name, raw, salt, 4096)
        add(HASHLIB, f"pbkdf2_hmac({name})",
            f"pbkdf2_{name}($pass,$salt,$rounds,{size}) in '{{rounds}}$base64({{salt}})$base64({{digest}})'",
            f"4096${b64(salt)}${b64(key)}", password,
            okta={"algorithm": "PBKDF2", "digestAlgorithm": f"{digest}_HMAC", "iterationCount": 4096,
                  "keySize": size, "salt": b64(salt), "value": b64(key)})
    once = hashlib.sha1(salt + raw).digest()
    again = once
    for _ in range(4):
        again = hashlib.sha1(again).digest()
    add(HASHLIB, "sha1, five times", "iterate($rounds,sha1_bin($salt.$pass),sha1_bin($_)) in '{x, {rounds}}hex({salt}{digest:20})'",
        "{x, 5}" + (salt + again).hex(), password)
    okta = {"algorithm": "SHA-1", "value": b64(once), "salt": b64(salt), "saltOrder": "PREFIX"}
    add(HASHLIB, "sha1", "sha1(unhex($salt).$pass)", once.hex(), password, okta=okta, salt=salt.hex())
    add(HASHLIB, "sha1", "base64(sha1_bin($salt.$pass))", b64(once), password, okta=okta, salt=SALT)

# hashcat's own examples of its mode's password.
for mode, scheme, stored, salt in [
    (6900, "gost94($pass)", "df226c2c6dcb1d995c0299a33a084b201544293c31fc3d279530121d36bbcea9", None),
    (11700, "reverse(streebog_256_bin($pass))",
     "57e9e50caec93d72e9498c211d6dc4f4d328248b48ecf46ba7abfa874f666e36", None),
    (11750, "reverse(hmac_streebog_256_bin($pass,$salt))",
     "0f71c7c82700c9094ca95eee3d804cc283b538bec49428a9ef8da7b34effb3ba", "08151337"),
    (11760, "reverse(hmac_streebog_256_bin($salt,$pass))",
     "d5c6b874338a492ac57ddc6871afc3c70dcfd264185a69d84cf839a07ef92b2c", "08151337"),
    (11800, "reverse(streebog_512_bin($pass))",
     "5d5bdba48c8f89ee6c0a0e11023540424283e84902de08013aeeb626e819950bb32842903593a1d2e8f71897ff7fe72e17ac9ba8ce1d1d2f7e9c4359ea63bdc3",
     None),
    (11850, "reverse(hmac_streebog_512_bin($pass,$salt))",
     "be4555415af4a05078dcf260bb3c0a35948135df3dbf93f7c8b80574ceb0d71ea4312127f839b7707bf39ccc932d9e7cb799671183455889e8dde3738dfab5b6",
     "08151337"),
    (11860, "reverse(hmac_streebog_512_bin($salt,$pass))",
     "bebf6831b3f9f958acb345a88cb98f30cb0374cff13e6012818487c8dc8d5857f23bca2caed280195ad558b8ce393503e632e901e8d1eb2ccb349a544ac195fd",
     "08151337"),
    (17300, "sha3_224($pass)", "412ef78534ba6ab0e9b1607d3e9767a25c1ea9d5e83176b4c2817a6c", None),
    (17600, "sha3_512($pass)",
     "7c2dc1d743735d4e069f3bda85b1b7e9172033dfdd8cd599ca094ef8570f3930c3f2c0b7afc8d6152ce4eaad6057a2ff22e71934b3a3dd0fb55a7fc84a53144e",
     None),
    (17700, "keccak_224($pass)", "e1dfad9bafeae6ef15f5bbb16cf4c26f09f5f1e7870581962fc84636", None),
    (17800, "keccak_256($pass)", "203f88777f18bb4ee1226627b547808f38d90d3e106262b5de9ca943b57137b6", None),
    (17900, "keccak_384($pass)",
     "5804b7ada5806ba79540100e9a7ef493654ff2a21d94d4f2ce4bf69abda5d94bf03701fe9525a15dfdc625bfbd769701", None),
    (6000, "ripemd160($pass)", "012cb9b334ec1aeb71a9c8ce85586082467f7eb6", None),
    (6100, "whirlpool($pass)",
     "7ca8eaaaa15eaa4c038b4c47b9313e92da827c06940e69947f85bc0fbef3eb8fd254da220ad9e208b6b28f6bb9be31dd760f1fdb26112d83f87d96b416a4d258",
     None),
    (600, "blake2b_512($pass) in '$BLAKE2${digest}'",
     "$BLAKE2$296c269e70ac5f0095e6fb47693480f0f7b97ccd0307f5c3bfa4df8f5ca5c9308a0e7108e80a0a9c0ebb715e8b7109b072046c6cd5e155b4cfd2f27216283b1e",
     None),
]:
    add("hashcat's published example hashes", f"mode {mode}", scheme, stored, "hashcat", salt=salt)

path = os.path.join(os.path.dirname(__file__), "..", "expressions.toml")
with open(path, "w", encoding="utf-8") as out:
    out.write("# Made by make/expressions.py; do not edit.\n\n" + "\n".join(vectors))
print(len(vectors), "vectors")
