"""Writes ../crypt3.toml: crypt(3), passlib, Cisco, QNX and appliances, with original software where it runs here.

Needs Python 3.11 (its crypt module is libxcrypt) with passlib, pbkdf2 and bcrypt before 4.1; php, openssl, mkpasswd,
htpasswd, grub-mkpasswd-pbkdf2, ruby with the bcrypt gem, and node with bcryptjs (NODE_PATH names its folder).
"""

import base64
import binascii
import hashlib
import os
import subprocess
import warnings

warnings.simplefilter("ignore")
import crypt

import passlib
import passlib.hash as handlers
import pbkdf2

from passwords import PASSWORDS, near_miss, table

LIBXCRYPT = "libxcrypt 4.4.33, through Python 3.11's crypt module"
PASSLIB = f"passlib {passlib.__version__}"
HASHLIB = "Python 3.11's hashlib, hmac and base64, after the format's definition"
HASHCAT = "hashcat 6.2.6"
SHORT = [("ascii", "swordfish"), ("non-ascii", "Mül\u0301ler"), ("separators", "a$b:c{d}"), ("one character", "x"),
         ("16 bytes", "0123456789abcdef")]

tables = []


def b64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def add(source, how, scheme, stored, password, okta=None, auto=None, wrong=None, **columns):
    tables.append(table("vector", {
        "source": source, "how": how, "scheme": scheme, "auto": auto, "stored": stored, **columns,
        "password": password, "wrong": near_miss(password) if wrong is None else wrong, "okta": okta,
    }))


def salted(algorithm, digest, salt):
    return {"algorithm": algorithm, "value": b64(digest), "salt": b64(salt), "saltOrder": "PREFIX"}


def okta_bcrypt(stored):
    _, _, cost, rest = stored.split("$")
    return {"algorithm": "BCRYPT", "workFactor": int(cost), "salt": rest[:22], "value": rest[22:]}


def okta_pbkdf2(digest, rounds, salt, key):
    return {"algorithm": "PBKDF2", "digestAlgorithm": f"{digest}_HMAC", "iterationCount": rounds,
            "keySize": len(key), "salt": b64(salt), "value": b64(key)}


def run(*command, stdin=None):
    return subprocess.run(command, input=stdin, capture_output=True, text=True, check=True).stdout.rstrip("\n")


def php(code, password):
    return run("php", "-r", "$p = base64_decode($argv[1]); echo %s;" % code, b64(password.encode()))


def first_off(password: str) -> str:
    """The password with its first character changed: where only eight count."""
    return ("y" if password[0] != "y" else "z") + password[1:]


def of_libxcrypt(scheme, setting, password, **more):
    stored = crypt.crypt(password, setting)
    assert stored and not stored.startswith("*"), (scheme, setting)
    add(LIBXCRYPT, f'crypt(password, "{setting}")', scheme, stored, password, **more)
    return stored


def des_family():
    for _, p in PASSWORDS:
        off = first_off(p)
        of_libxcrypt("des-crypt", "ab", p, auto=False, wrong=off)
        of_libxcrypt("des-crypt", "zZ", p, auto=False, wrong=off)
        v = php('crypt($p, "./")', p)
        add("PHP 8.2", 'crypt($p, "./")', "des-crypt", v, p, auto=False, wrong=off)
        v = run("htpasswd", "-nbd", "user", p).split(":", 1)[1].strip()
        add("htpasswd (Apache 2.4)", "htpasswd -nbd user PASSWORD", "des-crypt", v, p, auto=False, wrong=off)
        v = run("mkpasswd", "-m", "descrypt", "-s", stdin=p)
        add("mkpasswd 5.5.17 (whois)", "mkpasswd -m descrypt -s", "des-crypt", v, p, auto=False, wrong=off)
        of_libxcrypt("bsdi-crypt", "_J9..abcd", p)
        of_libxcrypt("bsdi-crypt", "_/...zzzz", p)
        v = handlers.bsdi_crypt.using(rounds=1001).hash(p)
        add(PASSLIB, "bsdi_crypt.using(rounds=1001).hash(password)", "bsdi-crypt", v, p)
        if len(p.encode()) > 8:
            of_libxcrypt("bigcrypt", "ab............", p, auto=False)
        v = handlers.bigcrypt.hash(p)
        add(PASSLIB, "bigcrypt.hash(password)", "bigcrypt", v, p, auto=False)
        v = handlers.crypt16.hash(p)
        add(PASSLIB, "crypt16.hash(password)", "crypt16", v, p, auto=False, wrong=off)
    of_libxcrypt("des-crypt", "ab", "", auto=False, wrong="x")
    of_libxcrypt("des-crypt", "ab", "12345678", auto=False, wrong="12345679")
    of_libxcrypt("bsdi-crypt", "_J9..abcd", "", wrong="x")
    of_libxcrypt("bsdi-crypt", "_J9..abcd", "12345678", wrong="12345678\u0080")
    for password in ("", "12345678", "0123456789abcdef"):
        for handler, scheme in ((handlers.bigcrypt, "bigcrypt"), (handlers.crypt16, "crypt16")):
            add(PASSLIB, f"{scheme}.hash(password)", scheme, handler.hash(password), password, auto=False,
                wrong="x" + password)
    # More than sixteen blocks are not read.
    of_libxcrypt("bigcrypt", "ab............", "x" * 130, auto=False, wrong="x" * 127)


def md5_family():
    for _, p in PASSWORDS:
        for mode, scheme in (("1", "md5-crypt"), ("apr1", "apr1")):
            v = run("openssl", "passwd", f"-{mode}", "-stdin", stdin=p + "\n")
            add("OpenSSL 3.0", f"openssl passwd -{mode} -stdin", scheme, v, p)
        of_libxcrypt("md5-crypt", "$1$abcd", p)
        v = php('crypt($p, "$1$saltsalt")'.replace("$1$", "\\$1\\$"), p)
        add("PHP 8.2", 'crypt($p, "$1$saltsalt")', "md5-crypt", v, p)
        v = run("htpasswd", "-nbm", "user", p).split(":", 1)[1].strip()
        add("htpasswd (Apache 2.4)", "htpasswd -nbm user PASSWORD", "apr1", v, p)
        v = run("htpasswd", "-nbBC", "5", "user", p).split(":", 1)[1].strip()
        add("htpasswd (Apache 2.4)", "htpasswd -nbBC 5 user PASSWORD", "bcrypt", v, p, okta_bcrypt(v))
        v = run("ruby", "-e", 'require "bcrypt"; print BCrypt::Password.create(ARGV[0], cost: 5)', p)
        add("Ruby's bcrypt gem", "BCrypt::Password.create(password, cost: 5)", "bcrypt", v, p, okta_bcrypt(v))
        v = run("node", "-e", 'process.stdout.write(require("bcryptjs").hashSync(process.argv[1], 5))', p)
        add("bcryptjs 2.4.3", "hashSync(password, 5)", "bcrypt", v, p, okta_bcrypt(v))
        of_libxcrypt("sun-md5-crypt", "$md5$abcd1234", p)
        of_libxcrypt("sun-md5-crypt", "$md5$abcd1234$", p)
        of_libxcrypt("sun-md5-crypt", "$md5,rounds=904$abcd1234", p)
        of_libxcrypt("sun-md5-crypt", "$md5,rounds=904$abcd1234$", p)
        v = handlers.sun_md5_crypt.using(rounds=5000).hash(p)
        add(PASSLIB, "sun_md5_crypt.using(rounds=5000).hash(password)", "sun-md5-crypt", v, p)
        of_libxcrypt("sha1-crypt", "$sha1$1000$abcdefgh", p)
        v = handlers.sha1_crypt.using(rounds=999).hash(p)
        add(PASSLIB, "sha1_crypt.using(rounds=999).hash(password)", "sha1-crypt", v, p)
        of_libxcrypt("bsd-nthash", "$3$", p)
    of_libxcrypt("md5-crypt", "$1$$", "x")
    of_libxcrypt("md5-crypt", "$1$ab-c#d", "x")
    for setting, scheme in (("$1$abcd", "md5-crypt"), ("$md5$abcd$", "sun-md5-crypt"), ("$md5$$", "sun-md5-crypt"),
                            ("$md5$rounds=5$abcd$", "sun-md5-crypt"), ("$sha1$1$x", "sha1-crypt"),
                            ("$3$", "bsd-nthash")):
        of_libxcrypt(scheme, setting, "", wrong="x")
    v = handlers.sha1_crypt.using(rounds=2, salt_size=0).hash("x")
    add(PASSLIB, "sha1_crypt.using(rounds=2, salt_size=0).hash(password)", "sha1-crypt", v, "x")
    long = "é" * 200
    for setting, scheme in (("$1$abcd", "md5-crypt"), ("$md5$abcd$", "sun-md5-crypt"),
                            ("$sha1$10$abcdefgh", "sha1-crypt"), ("_J9..abcd", "bsdi-crypt")):
        of_libxcrypt(scheme, setting, long)
    add("hashcat's own example (7.0)", "mode 3300", "sun-md5-crypt",
        "$md5,rounds=904$4ol8A9yh$$DrANxVf9omze48HtDkwHQ0", "hashcat")
    add(f"{HASHCAT}, its own example", "mode 15100", "sha1-crypt",
        "$sha1$20000$75552156$HhYMDdaEHiK3eMIzTldOFPnw.s2Q", "hashcat")


def yescrypt_family():
    # Flavour, log2 N, r; then what else there is, p and t.
    parameters = ["j9T", "j75", "j5kD", "j75..", "j75./", "j75/.", "j75//", "j75/0", "j750..", "/75", "/75..", "/75/.",
                  "/75//", ".75", ".75.."]
    for _, p in PASSWORDS:
        of_libxcrypt("yescrypt", "$y$j75$abcd1234", p)
        v = run("mkpasswd", "-m", "yescrypt", "-R", "1", "-s", stdin=p)
        add("mkpasswd 5.5.17 (whois)", "mkpasswd -m yescrypt -R 1 -s", "yescrypt", v, p)
        of_libxcrypt("gost-yescrypt", "$gy$j75$abcd1234", p)
        v = run("mkpasswd", "-m", "gost-yescrypt", "-R", "1", "-s", stdin=p)
        add("mkpasswd 5.5.17 (whois)", "mkpasswd -m gost-yescrypt -R 1 -s", "gost-yescrypt", v, p)
        of_libxcrypt("scrypt-crypt", "$7$66..../....abcd1234", p)
        v = handlers.scrypt.using(ident="$7$", rounds=8).hash(p)
        add(PASSLIB, 'scrypt.using(ident="$7$", rounds=8).hash(password)', "scrypt-crypt", v, p)
    for text in parameters:
        of_libxcrypt("yescrypt", f"$y${text}$abcd", "swordfish")
    for scheme, setting in (("yescrypt", "$y$j75$"), ("gost-yescrypt", "$gy$j75$"),
                            ("scrypt-crypt", "$7$66..../....")):
        of_libxcrypt(scheme, setting + "$", "x")
        of_libxcrypt(scheme, setting + "abcd", "", wrong="x")
    of_libxcrypt("yescrypt", "$y$j75$" + "abcd" * 21 + "z/", "x")
    of_libxcrypt("gost-yescrypt", "$gy$j75..$" + "z/", "x")
    of_libxcrypt("scrypt-crypt", "$7$66...../...abc$d$", "x")


def inside_crypt():
    """LDAP's {CRYPT}: what OpenLDAP compares is crypt(3)'s."""
    for setting, name in (("ab", "DES"), ("ab............", "bigcrypt"), ("_J9..abcd", "BSDi"), ("$1$abcd", "MD5"),
                          ("$md5$abcd$", "Sun"), ("$sha1$100$abcd", "SHA-1"), ("$3$", "NT"), ("$y$j75$abcd", "yescrypt"),
                          ("$gy$j75$abcd", "gost-yescrypt"), ("$7$66..../....abcd", "scrypt"),
                          ("$2b$04$abcdefghijklmnopqrstuu", "bcrypt"), ("$2x$04$abcdefghijklmnopqrstuu", "bcrypt")):
        for password in (PASSWORDS[0][1], PASSWORDS[1][1]):
            stored = crypt.crypt(password, setting)
            okta = okta_bcrypt(stored) if stored.startswith("$2b") else None
            add(LIBXCRYPT, f'"{{CRYPT}}" + crypt(password, "{setting}")', "ldap-crypt", "{CRYPT}" + stored, password, okta,
                wrong=near_miss(password) if setting.startswith("$2x") else first_off(password))
    stored = crypt.crypt("swordfish", "ab")
    add(LIBXCRYPT, 'crypt(password, "ab"), read as crypt', "ldap-crypt", stored, "swordfish", auto=False,
        wrong="Swordfish")
    v = handlers.ldap_des_crypt.hash("swordfish")
    add(PASSLIB, "ldap_des_crypt.hash(password)", "ldap-crypt", v, "swordfish", wrong="Swordfish")
    v = handlers.ldap_bsdi_crypt.using(rounds=501).hash("swordfish")
    add(PASSLIB, "ldap_bsdi_crypt.using(rounds=501).hash(password)", "ldap-crypt", v, "swordfish")


def passlib_family():
    for _, p in PASSWORDS:
        for how, handler in (("rounds=4", handlers.bcrypt_sha256.using(rounds=4)),
                             ("rounds=4, version=1", handlers.bcrypt_sha256.using(rounds=4, version=1)),
                             ('rounds=4, version=1, ident="2a"',
                              handlers.bcrypt_sha256.using(rounds=4, version=1, ident="2a"))):
            add(PASSLIB, f"bcrypt_sha256.using({how}).hash(password)", "bcrypt-sha256", handler.hash(p), p)
        v = handlers.cta_pbkdf2_sha1.using(rounds=1000).hash(p)
        add(PASSLIB, "cta_pbkdf2_sha1.using(rounds=1000).hash(password)", "cta-pbkdf2-sha1", v, p)
        v = handlers.dlitz_pbkdf2_sha1.using(rounds=1000).hash(p)
        add(PASSLIB, "dlitz_pbkdf2_sha1.using(rounds=1000).hash(password)", "dlitz-pbkdf2-sha1", v, p)
        add("pbkdf2.py 1.3", "pbkdf2.crypt(password)", "dlitz-pbkdf2-sha1", pbkdf2.crypt(p), p)
        v = pbkdf2.crypt(p, iterations=1)
        add("pbkdf2.py 1.3", "pbkdf2.crypt(password, iterations=1)", "dlitz-pbkdf2-sha1", v, p)
        for variant in range(4):
            v = handlers.fshp.using(variant=variant, rounds=500).hash(p)
            add(PASSLIB, f"fshp.using(variant={variant}, rounds=500).hash(password)", "fshp", v, p)
            v = handlers.fshp.using(variant=variant, rounds=1, salt_size=8).hash(p)
            raw = base64.b64decode(v.split("}")[1])
            name = {0: "SHA-1", 1: "SHA-256", 3: "SHA-512"}.get(variant)
            add(PASSLIB, f"fshp.using(variant={variant}, rounds=1, salt_size=8).hash(password)", "fshp", v, p,
                name and salted(name, raw[8:], raw[:8]))
        v = handlers.grub_pbkdf2_sha512.using(rounds=1000, salt_size=8).hash(p)
        add(PASSLIB, "grub_pbkdf2_sha512.using(rounds=1000, salt_size=8).hash(password)", "grub-pbkdf2-sha512", v, p)
        v = run("grub-mkpasswd-pbkdf2", "-c", "5000", stdin=p + "\n" + p + "\n").split()[-1]
        salt, key = (binascii.unhexlify(part) for part in v.split(".")[4:])
        add("GRUB 2.06", "grub-mkpasswd-pbkdf2 -c 5000", "grub-pbkdf2-sha512", v, p,
            okta_pbkdf2("SHA512", 5000, salt, key))
        raw = hashlib.sha1(p.encode()).digest()
        add(PASSLIB, "ldap_hex_sha1.hash(password)", "ldap-hex-sha1", handlers.ldap_hex_sha1.hash(p), p,
            {"algorithm": "SHA-1", "value": b64(raw)})
    for name, p in PASSWORDS + [("mapped", "e\u0301 \u00a0\u00adIX \u2168"), ("right to left", "\u05d0\u05d1 1 \u05d2")]:
        if name == "non-ascii":
            p = p[:-2]  # SASLprep knows no emoji
        v = handlers.scram.using(rounds=500).hash(p)
        add(PASSLIB, "scram.using(rounds=500).hash(password)", "scram", v, p)
        v = handlers.scram.using(rounds=500, algs="sha-1,md5").hash(p)
        add(PASSLIB, 'scram.using(rounds=500, algs="sha-1,md5").hash(password)', "scram", v, p,
            wrong=p + "\U0001f511")


def h64_big(raw: bytes) -> str:
    """Base64 in crypt(3)'s alphabet, the highest bits first."""
    to = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    usual = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    return b64(raw).rstrip("=").translate(str.maketrans(usual, to))


def cisco():
    for _, text in PASSWORDS:
        p = text.encode()
        raw = hashlib.sha256(p).digest()
        add(HASHLIB, "SHA-256", "cisco-type4", h64_big(raw), text, {"algorithm": "SHA-256", "value": b64(raw)},
            auto=False)
        salt = b"nM8/Qz0.xYaB12"
        key = hashlib.pbkdf2_hmac("sha256", p, salt, 20000)
        add(HASHLIB, "PBKDF2 with SHA-256, 20000 rounds", "cisco-type8", f"$8${salt.decode()}${h64_big(key)}", text,
            okta_pbkdf2("SHA256", 20000, salt, key))
        key = hashlib.scrypt(p, salt=salt, n=16384, r=1, p=1, dklen=32)
        add(HASHLIB, "scrypt, N=16384, r=1, p=1", "cisco-type9", f"$9${salt.decode()}${h64_big(key)}", text)
    for _, text in SHORT + [("13 bytes", "0123456789abc"), ("12 bytes", "0123456789ab")]:
        for user in (None, "alice", "bob", "x"):
            how = f'hash(password, user="{user}")' if user else "hash(password)"
            add(PASSLIB, f"cisco_pix.{how}", "cisco-pix", handlers.cisco_pix.hash(text, user=user or ""), text,
                auto=False, user=user)
            add(PASSLIB, f"cisco_asa.{how}", "cisco-asa", handlers.cisco_asa.hash(text, user=user or ""), text,
                auto=False, user=user)
    for length in (27, 28, 32):
        text = "p" * length
        add(PASSLIB, 'cisco_asa.hash(password, user="alice")', "cisco-asa",
            handlers.cisco_asa.hash(text, user="alice"), text, auto=False, user="alice", wrong=text + "p")


def netscreen(user: bytes, password: bytes) -> str:
    raw, out = hashlib.md5(user + b":Administration Tools:" + password).digest(), ""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    for at in range(0, 16, 2):
        number = raw[at] << 8 | raw[at + 1]
        out += alphabet[number >> 12] + alphabet[number >> 6 & 63] + alphabet[number & 63]
    for at, letter in zip((0, 6, 12, 17, 23, 29), "nrcstn"):
        out = out[:at] + letter + out[at:]
    return out


FORTINET = bytes.fromhex("a388ba2e424cb04a537930c13107cc3fa1329029a9815b70")


def appliances():
    for _, text in PASSWORDS:
        p = text.encode()
        before = b"admin:Administration Tools:"
        add(HASHLIB, "as hashcat's mode 22", "netscreen", netscreen(b"admin", p), text,
            salted("MD5", hashlib.md5(before + p).digest(), before), auto=False, user="admin")
        salt = bytes.fromhex("83a7728f01")
        raw = hashlib.sha1(salt + p).digest()
        add(HASHLIB, "as hashcat's mode 125", "arubaos", (salt + raw).hex(), text, salted("SHA-1", raw, salt), auto=False)
        salt = bytes.fromhex("86a86886")
        raw = hashlib.sha1(salt + p).digest()
        add(HASHLIB, "as hashcat's mode 122", "macos-sha1", (salt + raw).hex().upper(), text,
            salted("SHA-1", raw, salt), auto=False)
        raw = hashlib.sha512(salt + p).digest()
        add(HASHLIB, "as hashcat's mode 1722", "macos-sha512", (salt + raw).hex(), text,
            salted("SHA-512", raw, salt), auto=False)
        salt = bytes(range(12))
        add(HASHLIB, "as hashcat's mode 7000", "fortigate",
            "AK1" + b64(salt + hashlib.sha1(salt + p + FORTINET).digest()), text)
        add(HASHLIB, "as hashcat's mode 26300", "fortigate256",
            "SH2" + b64(salt + hashlib.sha256(salt + p + FORTINET).digest()), text)
        salt = b"1f2e3d4c"
        add(HASHLIB, "as hashcat's mode 8100", "netscaler-sha1",
            "1" + salt.decode() + hashlib.sha1(salt + p + b"\0").hexdigest(), text, auto=False)
        add(HASHLIB, "as hashcat's mode 22200", "netscaler-sha512",
            "2" + salt.decode() + hashlib.sha512(salt + p + b"\0").hexdigest(), text, auto=False)
        salt = bytes(range(32))
        for rounds, length in ((1024, 64), (5000, 128)):
            key = hashlib.pbkdf2_hmac("sha512", p, salt, rounds, length)
            add(HASHLIB, "as hashcat's mode 7100; macOS itself keeps 128 bytes", "macos-pbkdf2",
                f"$ml${rounds}${salt.hex()}${key.hex()}", text,
                okta_pbkdf2("SHA512", rounds, salt, key) if rounds > 4096 else None)
        salt = b"36bdb8080d25f44f"
        for letter, name, digest in (("m", "qnx-md5", "md5"), ("s", "qnx-sha256", "sha256"), ("S", "qnx-sha512", "sha512")):
            for named, rounds in (("", 1000), (",7", 7)):
                value = hashlib.new(digest, salt + p * (rounds + 1)).hexdigest()
                add(HASHLIB, "as hashcat's modes 19000, 19100 and 19200", name,
                    f"@{letter}{named}@{value}@{salt.decode()}", text)


def hashcats_own():
    modes = {"netscreen": 22, "macos-sha1": 122, "arubaos": 125, "macos-sha512": 1722, "cisco-pix": 2400,
             "cisco-type4": 5700, "fortigate": 7000, "macos-pbkdf2": 7100, "grub-pbkdf2-sha512": 7200,
             "netscaler-sha1": 8100, "cisco-type8": 9200, "cisco-type9": 9300, "qnx-md5": 19000, "qnx-sha256": 19100,
             "qnx-sha512": 19200, "netscaler-sha512": 22200, "fortigate256": 26300, "md5-crypt": 500, "des-crypt": 1500,
             "apr1": 1600, "bsdi-crypt": 12400}
    unnamed = {"macos-sha1", "arubaos", "macos-sha512", "cisco-pix", "cisco-type4", "netscaler-sha1",
               "netscaler-sha512", "des-crypt", "netscreen"}
    for scheme, mode in modes.items():
        output = run("hashcat", "--example-hashes", "--mach", "-m", str(mode))
        stored = output.split('"example_hash": "')[1].split('"')[0]
        columns, okta = {}, None
        if scheme == "netscreen":
            stored, columns["user"] = stored.split(":")
            before = (columns["user"] + ":Administration Tools:").encode()
            okta = salted("MD5", hashlib.md5(before + b"hashcat").digest(), before)
        elif scheme in ("macos-sha1", "arubaos", "macos-sha512"):
            raw, at = bytes.fromhex(stored), 5 if scheme == "arubaos" else 4
            okta = salted("SHA-512" if "512" in scheme else "SHA-1", raw[at:], raw[:at])
        elif scheme == "cisco-type4":
            okta = {"algorithm": "SHA-256", "value": b64(hashlib.sha256(b"hashcat").digest())}
        elif scheme == "cisco-type8":
            salt = stored.split("$")[2].encode()
            okta = okta_pbkdf2("SHA256", 20000, salt, hashlib.pbkdf2_hmac("sha256", b"hashcat", salt, 20000))
        add(f"{HASHCAT}, its own example", f"hashcat --example-hashes -m {mode}", scheme, stored, "hashcat", okta,
            auto=False if scheme in unnamed else None, **columns)
    # QNX's own, with the bug of its SHA-512.
    add("QNX, from the tests of John the Ripper", "mode @S@", "qnx-sha512",
        "@S@60653c9f515eb8480486450c82eaad67f894e2f4828b6340fa28f47b7c84cc2b8bc451e37396150a1ab282179c6fe4ca777a7c1a17511b"
        "5d83f0ce23ca28da5d@caa3cc118d2deb23", "password")
    add("QNX, from the tests of John the Ripper", "mode @m@", "qnx-md5",
        "@m@7dc7c11f6d808f08fb5f5e8ac4fa7062@44ef56fc2901bf40", "happy123")


des_family()
md5_family()
yescrypt_family()
inside_crypt()
passlib_family()
cisco()
appliances()
hashcats_own()
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "crypt3.toml"), "w") as out:
    out.write("# Made by make/crypt3.py; do not edit.\n\n" + "\n".join(tables))
print(len(tables))
