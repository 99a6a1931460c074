"""Writes ../crypt.toml, ../phc.toml, ../ldap.toml, ../django.toml and ../raw.toml with original software.

Needs Python 3.11 (its crypt module is libxcrypt) with passlib, argon2-cffi, bcrypt and Django; php, openssl, mkpasswd
and slappasswd with the modules pw-sha2 and argon2.
"""

import base64
import binascii
import crypt
import hashlib
import hmac
import os
import subprocess

os.environ["PASSLIB_BUILTIN_BCRYPT"] = "enabled"

import argon2
import argon2.low_level
import bcrypt
import django
import django.conf
import django.contrib.auth.hashers as hashers
import passlib
import passlib.hash

from passwords import PASSWORDS, near_miss, table

django.conf.settings.configure()
PASSLIB = f"passlib {passlib.__version__}"
LIBXCRYPT = "libxcrypt 4.4.33, through Python 3.11's crypt module"
OPENLDAP = "OpenLDAP 2.5.13, slappasswd"
DJANGO = f"Django {django.__version__}"
HASHLIB = "Python 3.11's hashlib, hmac and base64"

files = {}


def b64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def bare(raw: bytes) -> str:
    return b64(raw).rstrip("=")


def add(file, source, how, scheme, stored, password, okta=None, auto=None, wrong=None, **columns):
    files.setdefault(file, []).append(table("vector", {
        "source": source, "how": how, "scheme": scheme, "auto": auto, "stored": stored, **columns,
        "password": password, "wrong": near_miss(password) if wrong is None else wrong, "okta": okta,
    }))


def salted(algorithm, digest, salt=None, order=None):
    okta = {"algorithm": algorithm, "value": b64(digest)}
    if salt:
        okta |= {"salt": b64(salt), "saltOrder": order}
    return okta


def okta_bcrypt(stored):
    _, _, cost, rest = stored.split("$")
    return {"algorithm": "BCRYPT", "workFactor": int(cost), "salt": rest[:22], "value": rest[22:]}


def okta_pbkdf2(digest, rounds, salt, key):
    return {"algorithm": "PBKDF2", "digestAlgorithm": f"{digest}_HMAC", "iterationCount": rounds,
            "keySize": len(key), "salt": b64(salt), "value": b64(key)}


def run(*command, stdin=None):
    return subprocess.run(command, input=stdin, capture_output=True, text=True, check=True).stdout.rstrip("\n")


PHP = '$p = base64_decode($argv[1]); echo %s;'


def php(code, password):
    return run("php", "-r", PHP % code, b64(password.encode()))


def crypt_family():
    f = "crypt"
    for _, p in PASSWORDS:
        raw = p.encode()
        for prefix in (b"2a", b"2b"):
            # Version 5 refuses what older ones cut: 72 bytes are all that count.
            v = bcrypt.hashpw(raw[:72], bcrypt.gensalt(4, prefix)).decode()
            add(f, f"Python bcrypt {bcrypt.__version__}", f"hashpw(password[:72], gensalt(4, {prefix!r}))",
                "bcrypt", v, p, okta_bcrypt(v))
        v = php('password_hash($p, PASSWORD_BCRYPT, ["cost" => 5])', p)
        add(f, "PHP 8.2", 'password_hash($p, PASSWORD_BCRYPT, ["cost" => 5])', "bcrypt", v, p, okta_bcrypt(v))
        v = crypt.crypt(p, "$2x$05$abcdefghijklmnopqrstuu")
        add(f, LIBXCRYPT, 'crypt(password, "$2x$05$abcdefghijklmnopqrstuu")', "bcrypt", v, p)
        h = passlib.hash.bcrypt
        h.set_backend("builtin")
        v = h.using(ident="2", rounds=4).hash(p)
        add(f, f"{PASSLIB}, its own bcrypt", 'bcrypt.using(ident="2", rounds=4).hash(password)', "bcrypt", v, p)
        for mode, scheme in (("5", "sha256-crypt"), ("6", "sha512-crypt")):
            v = run("openssl", "passwd", f"-{mode}", "-stdin", stdin=p + "\n")
            add(f, "OpenSSL 3.0", f"openssl passwd -{mode} -stdin", scheme, v, p)
            setting = f"${mode}$rounds=1234$0123456789abcdef"
            add(f, LIBXCRYPT, f'crypt(password, "{setting}")', scheme, crypt.crypt(p, setting), p)
        v = run("mkpasswd", "-m", "sha512crypt", "-R", "1000", "-s", stdin=p)
        add(f, "mkpasswd 5.5.17 (whois)", "mkpasswd -m sha512crypt -R 1000 -s", "sha512-crypt", v, p)
        for ident in ("P", "H"):
            v = passlib.hash.phpass.using(ident=f"${ident}$", rounds=9).hash(p)
            add(f, PASSLIB, f'phpass.using(ident="${ident}$", rounds=9).hash(password)', "phpass", v, p)
    for mode, scheme in (("5", "sha256-crypt"), ("6", "sha512-crypt")):
        add(f, LIBXCRYPT, f'crypt(password, "${mode}$$")', scheme, crypt.crypt("x", f"${mode}$$"), "x")
        add(f, LIBXCRYPT, f'crypt("", "${mode}$a")', scheme, crypt.crypt("", f"${mode}$a"), "", wrong="x")
        long = "é" * 200
        add(f, LIBXCRYPT, f'crypt(password, "${mode}$a")', scheme, crypt.crypt(long, f"${mode}$a"), long)
    for prefix in ("2a", "2b", "2y"):
        v = crypt.crypt("", f"${prefix}$05$abcdefghijklmnopqrstuu")
        add(f, LIBXCRYPT, f'crypt("", "${prefix}$05$abcdefghijklmnopqrstuu")', "bcrypt", v, "", okta_bcrypt(v),
            wrong="x")


def argon2_with_data(password, salt, data):
    """argon2id with associated data, m=64, t=2, p=1, through libargon2's own context."""
    ffi, lib = argon2.low_level.ffi, argon2.low_level.lib
    out = ffi.new("uint8_t[32]")
    kept = [ffi.new("uint8_t[]", part) for part in (password, salt, data)]
    context = ffi.new("argon2_context *", dict(
        version=19, out=out, outlen=32, pwd=kept[0], pwdlen=len(password), salt=kept[1], saltlen=len(salt),
        secret=ffi.NULL, secretlen=0, ad=kept[2], adlen=len(data), t_cost=2, m_cost=64, lanes=1, threads=1,
        allocate_cbk=ffi.NULL, free_cbk=ffi.NULL, flags=lib.ARGON2_DEFAULT_FLAGS))
    assert argon2.low_level.core(context, argon2.low_level.Type.ID.value) == lib.ARGON2_OK
    return bytes(ffi.buffer(out))


def phc_family():
    f = "phc"
    kinds = {"argon2d": argon2.low_level.Type.D, "argon2i": argon2.low_level.Type.I,
             "argon2id": argon2.low_level.Type.ID}
    source = f"argon2-cffi {argon2.__version__}"
    for _, p in PASSWORDS:
        raw, salt = p.encode(), os.urandom(16)
        for name, kind in kinds.items():
            for version in (16, 19):
                v = argon2.low_level.hash_secret(raw, salt, 3, 64, 2, 32, kind, version).decode()
                add(f, source, f"hash_secret(password, salt, 3, 64, 2, 32, {kind}, {version})", "argon2", v, p)
                if version == 16 and kind == argon2.low_level.Type.I:
                    add(f, source, "the same without v=16, as argon2 1.0 wrote it", "argon2",
                        v.replace("$v=16", ""), p)
        digest = argon2_with_data(raw, salt, b"data of the site")
        add(f, source, 'core(context with ad = b"data of the site"), as libargon2 1.0 wrote data', "argon2",
            f"$argon2id$v=19$m=64,t=2,p=1,keyid=a2V5,data={bare(b'data of the site')}${bare(salt)}${bare(digest)}", p)
        v = php('password_hash($p, PASSWORD_ARGON2ID, ["memory_cost" => 1024, "time_cost" => 2, "threads" => 1])', p)
        add(f, "PHP 8.2", 'password_hash($p, PASSWORD_ARGON2ID, ["memory_cost" => 1024, …])', "argon2", v, p)
        for name, digest, handler in (("SHA1", "sha1", passlib.hash.pbkdf2_sha1),
                                      ("SHA256", "sha256", passlib.hash.pbkdf2_sha256),
                                      ("SHA512", "sha512", passlib.hash.pbkdf2_sha512)):
            v = handler.using(rounds=4096).hash(p)
            parts = handler.from_string(v)
            okta = None if name == "SHA1" else okta_pbkdf2(name, 4096, parts.salt, parts.checksum)
            add(f, PASSLIB, f"pbkdf2_{digest}.using(rounds=4096).hash(password)", "passlib-pbkdf2", v, p, okta)
            for length in (16, 64):
                salt = os.urandom(18)
                key = hashlib.pbkdf2_hmac(digest, raw, salt, 5000, length)
                okta = None if name == "SHA1" else okta_pbkdf2(name, 5000, salt, key)
                add(f, HASHLIB, f"pbkdf2_hmac({digest!r}, password, salt, 5000, {length}) as a PHC string",
                    "phc-pbkdf2", f"$pbkdf2-{digest}$i=5000,l={length}${bare(salt)}${bare(key)}", p, okta)
                add(f, HASHLIB, f"pbkdf2_hmac({digest!r}, password, salt, 5000, {length}) as hashcat writes it",
                    "hashcat-pbkdf2", f"{digest}:5000:{b64(salt)}:{b64(key)}", p, okta, auto=False)
        v = passlib.hash.scrypt.using(rounds=10, block_size=8, parallelism=2).hash(p)
        add(f, PASSLIB, "scrypt.using(rounds=10, block_size=8, parallelism=2).hash(password)", "scrypt", v, p)
    for digest in ("sha256", "sha512"):
        key = hashlib.pbkdf2_hmac(digest, b"x", b"salt", 4095)
        add(f, HASHLIB, f"pbkdf2_hmac({digest!r}, password, salt, 4095): one round too few for Okta", "phc-pbkdf2",
            f"$pbkdf2-{digest}$i=4095${bare(b'salt')}${bare(key)}", "x")


def ldap_family():
    f = "ldap"
    def module(name):
        return ["-o", "module-path=/usr/lib/ldap", "-o", f"module-load={name}"]
    names = {"MD5": ("MD5", 16), "SHA": ("SHA-1", 20), "SHA256": ("SHA-256", 32), "SHA384": (None, 48),
             "SHA512": ("SHA-512", 64)}
    for _, p in PASSWORDS:
        for name, (algorithm, length) in names.items():
            for prefix in ("", "S"):
                scheme = f"{prefix}{name}"
                v = run("slappasswd", *module("pw-sha2"), "-h", f"{{{scheme}}}", "-s", p)
                raw = base64.b64decode(v.split("}")[1])
                okta = algorithm and salted(algorithm, raw[:length], raw[length:], "POSTFIX")
                add(f, OPENLDAP, f"slappasswd -h {{{scheme}}}", f"ldap-{scheme.lower()}", v, p, okta)
        v = run("slappasswd", *module("argon2"), "-h", "{ARGON2}", "-s", p)
        add(f, OPENLDAP, "slappasswd -o module-load=argon2 -h {ARGON2}", "spring-argon2", v, p)
        v = run("slappasswd", "-h", "{CRYPT}", "-c", "$6$rounds=1000$%.16s", "-s", p)
        add(f, OPENLDAP, "slappasswd -h {CRYPT} -c '$6$rounds=1000$%.16s'", "ldap-crypt", v, p)
        v = run("slappasswd", "-h", "{CRYPT}", "-c", "$5$%.8s", "-s", p)
        add(f, OPENLDAP, "slappasswd -h {CRYPT} -c '$5$%.8s'", "ldap-crypt", v, p)
        v = "{CRYPT}" + crypt.crypt(p, "$2b$05$abcdefghijklmnopqrstuu")
        add(f, LIBXCRYPT, '"{CRYPT}" + crypt(password, "$2b$05$abcdefghijklmnopqrstuu")', "ldap-crypt", v, p,
            okta_bcrypt(v[7:]))
        v = passlib.hash.ldap_salted_sha512.hash(p)
        raw = base64.b64decode(v.split("}")[1])
        add(f, PASSLIB, "ldap_salted_sha512.hash(password)", "ldap-ssha512", v, p,
            salted("SHA-512", raw[:64], raw[64:], "POSTFIX"))


def django_family():
    f = "django"
    for _, p in PASSWORDS:
        def make(name, scheme, okta=None, **more):
            hasher = next(h for h in ALL if h.algorithm == name)
            for key, value in more.items():
                setattr(hasher, key, value)
            salt = hasher.salt()
            v = hasher.encode(p if name != "bcrypt" else p[:72], salt)
            settings = ", ".join(f"{k} = {v}" for k, v in more.items())
            how = f"{type(hasher).__name__}().encode(password, salt)" + (f", {settings}" if settings else "")
            auto = False if scheme in ("django-sha1", "django-md5") else None
            add(f, DJANGO, how, scheme, v, p, okta and okta(v), auto=auto)

        def pbkdf2(v):
            _, rounds, salt, key = v.split("$")
            return okta_pbkdf2("SHA256", int(rounds), salt.encode(), base64.b64decode(key))

        def prefix(algorithm):
            return lambda v: salted(algorithm, bytes.fromhex(v.split("$")[2]), v.split("$")[1].encode(), "PREFIX")

        make("pbkdf2_sha256", "django-pbkdf2-sha256", pbkdf2, iterations=10000)
        make("pbkdf2_sha1", "django-pbkdf2-sha1", iterations=10000)
        make("argon2", "django-argon2", time_cost=2, memory_cost=512, parallelism=8)
        make("bcrypt", "django-bcrypt", lambda v: okta_bcrypt(v[len("bcrypt$"):]), rounds=4)
        make("bcrypt_sha256", "django-bcrypt-sha256", rounds=4)
        make("scrypt", "django-scrypt", work_factor=2**10)
        make("md5", "django-md5", prefix("MD5"))
        salt, v = "fe76b", hashlib.sha1(("fe76b" + p).encode()).hexdigest()
        add(f, HASHLIB, "sha1(salt + password), as Django's SHA1PasswordHasher did before 5.1", "django-sha1",
            f"sha1${salt}${v}", p, salted("SHA-1", bytes.fromhex(v), salt.encode(), "PREFIX"), auto=False)


ALL = [hashers.PBKDF2PasswordHasher(), hashers.PBKDF2SHA1PasswordHasher(), hashers.Argon2PasswordHasher(),
       hashers.BCryptPasswordHasher(), hashers.BCryptSHA256PasswordHasher(), hashers.ScryptPasswordHasher(),
       hashers.MD5PasswordHasher()]

# The example hashes that hashcat publishes; each is checked here before it is written.
HASHCAT = [
    ("md5", 0, "8743b52063cd84097a65d1633f5c74f5"),
    ("md5-pass-salt", 10, "01dfae6e5d4d90d9892622325959afbe:7050461"),
    ("md5-salt-pass", 20, "f0fda58630310a6dd91a7d8f0a4ceda2:4225637426"),
    ("sha1", 100, "b89eaac7e61417341b710b727768294d0e6a277b"),
    ("sha1-pass-salt", 110, "2fc5a684737ce1bf7b3b239df432416e0dd07357:2014"),
    ("sha1-salt-pass", 120, "cac35ec206d868b7d7cb0b55f31d9425b075082b:5363620024"),
    ("sha256", 1400, "127e6fbfe24a750e72930c220a8e138275656b8e5d8f48a98c3c92df2caba935"),
    ("sha256-pass-salt", 1410, "c73d08de890479518ed60cf670d17faa26a4a71f995c1dcc978165399401a6c4:53743528"),
    ("sha256-salt-pass", 1420, "eb368a2dfd38b405f014118c7d9747fcc97f4f0ee75c05963cd9da6ee65ef498:560407001617"),
    ("sha512", 1700, "82a9dda829eb7f8ffe9fbe49e45d47d2dad9664fbb7adf72492e3c81ebd3e29134d9bc12212bf83c6840f10e8246"
                     "b9db54a4859b7ccd0123d86e5872c1e5082f"),
    ("sha512-pass-salt", 1710, "e5c3ede3e49fb86592fb03f471c35ba13e8d89b8ab65142c9a8fdafb635fa2223c24e5558fd9313e89950"
                               "19dcbec1fb584146b7bb12685c7765fc8c0d51379fd:6352283260"),
    ("sha512-salt-pass", 1720, "976b451818634a1e2acba682da3fd6efa72adf8a7a08d7939550c244b237c72c7d42367544e826c0c83fe"
                               "5c02f97c0373b6b1386cc794bf0d21d2df01bb9c08a:2613516180127"),
]
TITLES = {"md5": "MD5", "sha1": "SHA-1", "sha256": "SHA-256", "sha512": "SHA-512"}


def parts(name, password, salt):
    kind = name.split("-", 1)
    message = {"pass-salt": password + salt, "salt-pass": salt + password}.get(kind[-1], password)
    order = {"pass-salt": "POSTFIX", "salt-pass": "PREFIX"}.get(kind[-1])
    digest = hashlib.new(kind[0], message).digest()
    return digest, salted(TITLES[kind[0]], digest, salt if order else None, order) if kind[0] in TITLES else None


def raw_family():
    f = "raw"
    for name, mode, value in HASHCAT:
        stored, _, salt = value.partition(":")
        digest, okta = parts(name, b"hashcat", salt.encode())
        assert digest.hex() == stored, name
        for scheme in (name, f"hashcat:{mode}"):
            add(f, "hashcat's published example hashes", f"mode {mode}", scheme, value, "hashcat", okta, auto=False)
    for _, p in PASSWORDS:
        for name in ("md4", "md5", "sha1", "sha224", "sha256", "sha384", "sha512"):
            if name != "md4":
                out = run("openssl", "dgst", f"-{name}", "-r", stdin=p).split()[0]
            else:
                out = run("openssl", "dgst", "-provider", "legacy", "-md4", "-r", stdin=p).split()[0]
            okta = salted(TITLES[name], bytes.fromhex(out)) if name in TITLES else None
            add(f, "OpenSSL 3.0", f"openssl dgst -{name}", name, out, p, okta, auto=False)
        for name in ("md5", "sha1", "sha256", "sha512"):
            for order in ("pass-salt", "salt-pass"):
                salt = "gr\u00e4in: $1"
                digest, okta = parts(f"{name}-{order}", p.encode(), salt.encode())
                add(f, HASHLIB, f"{name}({order.replace('-', ' + ')})", f"{name}-{order}", digest.hex(), p, okta,
                    auto=False, salt=salt)
    expressions(f)


def expressions(f):
    md5 = lambda x: hashlib.md5(x).hexdigest().encode()
    sha1 = lambda x: hashlib.sha1(x).hexdigest().encode()
    for _, text in PASSWORDS:
        p, salt, user, pepper = text.encode(), b"308", "Ann.É", b"pep"
        rows = [
            ("md5(md5($pass).$salt)", md5(md5(p) + salt), None),
            ("md5($salt.md5($pass))", md5(salt + md5(p)), None),
            ("sha1($salt.sha1($salt.sha1($pass)))", sha1(salt + sha1(salt + sha1(p))), None),
            ("sha256($salt.'-'.$pass)", hashlib.sha256(salt + b"-" + p).hexdigest().encode(),
             salted("SHA-256", hashlib.sha256(salt + b"-" + p).digest(), salt + b"-", "PREFIX")),
            ("md5($pass.lower($user))", md5(p + b"ann.\xc3\x89"),
             salted("MD5", hashlib.md5(p + b"ann.\xc3\x89").digest(), b"ann.\xc3\x89", "POSTFIX")),
            ("md5($salt.$pass.$salt)", md5(salt + p + salt), None),
            ("sha1($pass.$pepper)", sha1(p + pepper), None),
            ("md5(upper(md5($pass)))", md5(md5(p).upper()), None),
            ("md4(utf16le($pass))", hashlib.new("md4", text.encode("utf-16-le")).hexdigest().encode()
             if "md4" in hashlib.algorithms_available else None, None),
            ("sha1(md5_bin($pass))", sha1(hashlib.md5(p).digest()), None),
            ("base64(sha1_bin($pass.$salt))", base64.b64encode(hashlib.sha1(p + salt).digest()),
             salted("SHA-1", hashlib.sha1(p + salt).digest(), salt, "POSTFIX")),
            ("base64(sha1($pass))", base64.b64encode(sha1(p)), None),
            ("'0x'.upper(md5($pass))", b"0x" + md5(p).upper(), None),
            ("hmac_sha256($salt,$pass)", hmac.digest(salt, p, "sha256").hex().encode(), None),
            ("hmac_md5($pass,$salt)", hmac.digest(p, salt, "md5").hex().encode(), None),
            ("pbkdf2_sha256($pass,$salt,4096,32)",
             hashlib.pbkdf2_hmac("sha256", p, salt, 4096, 32).hex().encode(),
             okta_pbkdf2("SHA256", 4096, salt, hashlib.pbkdf2_hmac("sha256", p, salt, 4096, 32))),
            ("pbkdf2_sha512($pass,unhex($salt2),4096,20)",
             hashlib.pbkdf2_hmac("sha512", p, b"\xff\x00", 4096, 20).hex().encode(),
             okta_pbkdf2("SHA512", 4096, b"\xff\x00", hashlib.pbkdf2_hmac("sha512", p, b"\xff\x00", 4096, 20))),
            ("pbkdf2_sha1($pass,$salt,1000,20)", hashlib.pbkdf2_hmac("sha1", p, salt, 1000).hex().encode(), None),
            ("sha512($pass.unbase64('/w=='))", hashlib.sha512(p + b"\xff").hexdigest().encode(),
             salted("SHA-512", hashlib.sha512(p + b"\xff").digest(), b"\xff", "POSTFIX")),
        ]
        digest = p
        for _ in range(1000):
            digest = hashlib.sha1(digest + salt).digest()
        rows.append(("iterate(1000,sha1_bin($pass.$salt),sha1_bin($_.$salt))", digest.hex().encode(), None))
        for expression, stored, okta in rows:
            if stored is not None:
                add(f, HASHLIB, "as the expression says", expression, stored.decode(), text, okta, auto=False,
                    salt="308", salt2="FF00", user=user, pepper="pep")
        for expression, inner in (("bcrypt(md5($pass))", md5(p)), ("bcrypt($salt.$pass)", (salt + p)[:72])):
            v = bcrypt.hashpw(inner, bcrypt.gensalt(4)).decode()
            add(f, f"{HASHLIB}, bcrypt {bcrypt.__version__}", "as the expression says", expression, v, text,
                auto=False, salt="308")
        v = bcrypt.hashpw(p[:72], bcrypt.gensalt(4)).decode()
        add(f, f"Python bcrypt {bcrypt.__version__}", "hashpw(password[:72], gensalt(4))", "auto($pass)", v, text,
            okta_bcrypt(v), auto=False)


crypt_family()
phc_family()
ldap_family()
django_family()
raw_family()
for name, tables in files.items():
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", f"{name}.toml"), "w") as out:
        out.write("# Made by make/general.py; do not edit.\n\n" + "\n".join(tables))
    print(name, len(tables))
