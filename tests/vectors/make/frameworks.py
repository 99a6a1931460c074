"""Writes ../frameworks.toml: what web frameworks store, each made by the original software where it runs here.

Needs Python 3.11 with passlib, Werkzeug 3, Flask-Security and pydal; another one with Django 4.2, Werkzeug 2.2 and
Flask-Bcrypt (its interpreter in OLD_PYTHON); node in a folder with the packages that frameworks.mjs names
(NODE_FOLDER); Java with frameworks.java's classes (JAVA_CLASSES, a class path); php and ruby with Debian's
php-symfony-password-hasher and ruby-devise unpacked in UNPACKED.
"""

import base64
import hashlib
import hmac
import os
import subprocess
import sys

from passwords import PASSWORDS, near_miss, table

HASHLIB = "Python 3.11's hashlib and hmac"
HERE = os.path.dirname(os.path.abspath(__file__))
NOT_AUTO = {
    "django-sha1", "django-md5", "werkzeug-md5", "werkzeug-sha1", "werkzeug-sha256", "werkzeug-sha512",
    "web2py-sha512", "web2py-hmac-sha512", "flask-security", "meteor", "passport-local-mongoose",
    "passport-local-mongoose-sha1", "jasypt-basic", "jasypt-strong", "acegi-md5", "acegi-sha1", "acegi-sha256",
    "acegi-sha512", "grails-sha256", "grails-sha256-salt", "play-md5", "symfony-sha512", "symfony-pbkdf2",
    "symfony-bcrypt", "cakephp", "cakephp-md5", "cakephp-sha256", "ion-auth-sha1", "ion-auth-sha1-salt", "devise",
    "devise-sha1", "devise-sha512", "authlogic-sha1", "authlogic-sha512", "clearance-sha1", "ruby-scrypt",
    "aspnet-membership-sha1", "aspnet-membership-sha256", "aspnet-membership-sha512", "aspnet-membership-hmac-sha1",
    "aspnet-membership-hmac-sha256", "aspnet-membership-hmac-sha512", "umbraco-hmac-sha1", "spring-pbkdf2",
    "spring-sha256",
}
LATER = set(os.environ.get("WITHOUT", "").split())
tables = []


def b64(raw):
    return base64.b64encode(raw).decode()


def add(source, how, scheme, stored, password, okta=None, auto=None, wrong=None, **columns):
    if scheme in LATER:
        return
    if auto is None and scheme in NOT_AUTO:
        auto = False
    columns = {key: value for key, value in columns.items() if value}
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
    if name not in ("sha256", "sha512") or rounds < 4096:
        return None
    return {"algorithm": "PBKDF2", "digestAlgorithm": f"{name.upper()}_HMAC", "iterationCount": rounds,
            "keySize": len(key), "salt": b64(salt), "value": b64(key)}


def bcrypt(stored):
    _, _, cost, rest = stored.split("$")
    return {"algorithm": "BCRYPT", "workFactor": int(cost), "salt": rest[:22], "value": rest[22:]}


RADIX = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
BASE = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"


def okta(scheme, stored, salt, pepper):
    """Okta's object from the parts of a value, or None where Okta has none."""
    if scheme == "adonis-bcrypt":
        _, _, _, cost, salt, value = stored.split("$")
        radix = str.maketrans(BASE, RADIX)
        return {"algorithm": "BCRYPT", "workFactor": int(cost[2:]), "salt": salt.translate(radix),
                "value": value.translate(radix)}
    if scheme == "passport-local-mongoose":
        return pbkdf2("sha256", 25000, salt.encode(), bytes.fromhex(stored))
    if scheme == "devise" and not pepper:
        return bcrypt(stored)
    if scheme.startswith("acegi-"):
        name = {"md5": "MD5", "sha1": "SHA-1", "sha256": "SHA-256", "sha512": "SHA-512"}[scheme[6:]]
        return digest(name, bytes.fromhex(stored), b"{" + salt.encode() + b"}", "POSTFIX")
    if scheme == "ion-auth-sha1-salt":
        return digest("SHA-1", bytes.fromhex(stored), salt.encode(), "POSTFIX")
    return None


def others():
    """Values of the generators in other languages."""
    unpacked = os.environ["UNPACKED"]
    commands = [
        (["node", os.path.join(HERE, "frameworks.mjs")], os.environ["NODE_FOLDER"]),
        (["java", "-cp", os.environ["JAVA_CLASSES"], "Frameworks"], None),
        (["php", os.path.join(HERE, "frameworks.php"), unpacked], None),
        (["ruby", os.path.join(HERE, "frameworks.rb"), unpacked], None),
        ([os.environ["OLD_PYTHON"], os.path.join(HERE, "frameworks_old.py")], None),
    ]
    passwords = "".join(b64(p.encode()) + "\n" for _, p in PASSWORDS)
    for command, folder in commands:
        lines = subprocess.run(command, input=passwords, cwd=folder, capture_output=True, text=True)
        if lines.returncode:
            sys.exit(lines.stderr)
        for line in lines.stdout.splitlines():
            fields = [base64.b64decode(field).decode() for field in line.split("\t")] + ["", ""]
            scheme, source, how, stored, password, salt, pepper = fields[:7]
            if scheme in ("django-unsalted-md5", "django-unsalted-sha1"):
                name, raw = {"m": "MD5", "s": "SHA-1"}[stored[0]], bytes.fromhex(stored.split("$")[2])
                object = digest(name, raw)
            elif scheme == "django-sha1":
                _, inside, raw = stored.split("$")
                object = digest("SHA-1", bytes.fromhex(raw), inside.encode(), "PREFIX")
            elif scheme == "werkzeug-pbkdf2":
                method, inside, raw = stored.split("$")
                _, name, rounds = method.split(":")
                object = pbkdf2(name, int(rounds), inside.encode(), bytes.fromhex(raw))
            else:
                object = okta(scheme, stored, salt, pepper)
            cuts = scheme == "django-crypt"
            add(source, how, scheme, stored, password, object, salt=salt, pepper=pepper,
                wrong="y" + password[1:] if cuts else None)


def python(p):
    import werkzeug.security
    from importlib.metadata import version
    source = f"Werkzeug {version('werkzeug')}"
    v = werkzeug.security.generate_password_hash(p, "scrypt:1024:8:1")
    add(source, 'generate_password_hash(password, "scrypt:1024:8:1")', "werkzeug-scrypt", v, p)
    for method in ("pbkdf2:sha256:5000", "pbkdf2:sha512:4096", "pbkdf2:sha1:1000", "pbkdf2:md5:1"):
        v = werkzeug.security.generate_password_hash(p, method)
        _, name, rounds = method.split(":")
        _, salt, key = v.split("$")
        add(source, f'generate_password_hash(password, "{method}")', "werkzeug-pbkdf2", v, p,
            pbkdf2(name, int(rounds), salt.encode(), bytes.fromhex(key)))

    from pydal.validators import CRYPT
    source = f"pydal {version('pydal')}, of web2py and py4web"
    for method in ("pbkdf2(1000,20,sha512)", "pbkdf2(5000,40,sha256)", "pbkdf2(1000,20,sha1)"):
        v = str(CRYPT(digest_alg=method)(p)[0])
        rounds, _, name = method[7:-1].split(",")
        _, salt, key = v.split("$")
        add(source, f'CRYPT(digest_alg="{method}")(password)', "web2py-pbkdf2", v, p,
            pbkdf2(name, int(rounds), salt.encode(), bytes.fromhex(key)))
    v = str(CRYPT(digest_alg="sha512")(p)[0])
    _, salt, key = v.split("$")
    add(source, 'CRYPT(digest_alg="sha512")(password)', "web2py-sha512", v, p,
        digest("SHA-512", bytes.fromhex(key), salt.encode(), "POSTFIX"))
    key = "key of the site"
    v = str(CRYPT(key=f"sha512:{key}")(p)[0])
    add(source, f'CRYPT(key="sha512:{key}")(password)', "web2py-hmac-sha512", v, p, pepper=key)

    import passlib.hash
    import passlib
    v = passlib.hash.atlassian_pbkdf2_sha1.hash(p)
    add(f"passlib {passlib.__version__}", "atlassian_pbkdf2_sha1.hash(password)", "atlassian", v, p)
    v = passlib.hash.django_des_crypt.hash(p)
    add(f"passlib {passlib.__version__}", "django_des_crypt.hash(password)", "django-crypt", v, p, wrong="y" + p[1:])


def flask_security(p):
    import flask
    import flask_security
    from importlib.metadata import version
    source = f"Flask-Security {version('flask-security-too')}"
    pepper = "146585145368132386173505678016728509634"
    for method in ("bcrypt", "argon2", "pbkdf2_sha512"):
        app = flask.Flask("x")
        app.config.update(SECRET_KEY="x", SECURITY_PASSWORD_SALT=pepper, SECURITY_PASSWORD_HASH=method,
                          SECURITY_PASSWORD_SINGLE_HASH=False,
                          SECURITY_PASSWORD_HASH_PASSLIB_OPTIONS={
                              "bcrypt__rounds": 4, "argon2__memory_cost": 1024, "pbkdf2_sha512__rounds": 1000})
        users = type("User", (flask_security.UserMixin,), {"fs_uniquifier": "x", "fs_token_uniquifier": "x"})
        roles = type("Role", (flask_security.RoleMixin,), {})
        flask_security.Security(app, flask_security.UserDatastore(users, roles))
        with app.app_context():
            v = flask_security.hash_password(p)
        if isinstance(v, bytes):
            v = v.decode()
        add(source, f'hash_password(password), SECURITY_PASSWORD_HASH="{method}", double hash', "flask-security", v, p,
            pepper=pepper)


def aspnet(p):
    def identity(prf, rounds, salt, length):
        key = hashlib.pbkdf2_hmac(prf, p.encode(), salt, rounds, length)
        number = {"sha1": 0, "sha256": 1, "sha512": 2}[prf]
        head = b"\x01" + b"".join(n.to_bytes(4, "big") for n in (number, rounds, len(salt)))
        return b64(head + salt + key), pbkdf2(prf, rounds, salt, key)
    how = "as PasswordHasher's version {} is defined"
    for prf, rounds, salt_len, length in (("sha256", 10000, 16, 32), ("sha512", 5000, 16, 32), ("sha1", 5000, 16, 32),
                                          ("sha512", 250, 32, 64)):
        v, object = identity(prf, rounds, os.urandom(salt_len), length)
        add(HASHLIB, how.format(3), "aspnet-identity", v, p, object)
    salt = os.urandom(16)
    v = b64(b"\0" + salt + hashlib.pbkdf2_hmac("sha1", p.encode(), salt, 1000, 32))
    add(HASHLIB, how.format(2), "aspnet-identity", v, p, auto=False)
    wide, salt = p.encode("utf-16-le"), os.urandom(16)
    for name, key_len in (("sha1", 64), ("sha256", 64), ("sha512", 128)):
        v = b64(hashlib.new(name, salt + wide).digest())
        add(HASHLIB, f"{name}(salt + UTF-16), as SqlMembershipProvider does", f"aspnet-membership-{name}", v, p,
            salt=b64(salt))
        v = b64(hmac.digest((salt * 8)[:key_len], wide, name))
        add(HASHLIB, f"HMAC-{name} of UTF-16, the salt repeated to {key_len} bytes, as SqlMembershipProvider does",
            f"aspnet-membership-hmac-{name}", v, p, salt=b64(salt))
    add(HASHLIB, "hmac_sha1(UTF-16, UTF-16)", "umbraco-hmac-sha1", b64(hmac.digest(wide, wide, "sha1")), p)


def formulas(p):
    raw = p.encode()
    v = b64(hashlib.md5(raw).digest())
    add(HASHLIB, "base64 of md5, as Play 1's Crypto.passwordHash does", "play-md5", v, p, digest("MD5", hashlib.md5(raw).digest()))
    for n, r, scale in ((1024, 8, 2), (16, 1, 54)):
        salt = b"\x7f" + os.urandom(7)
        key = hashlib.scrypt(raw, salt=salt, n=n, r=r, p=scale, dklen=32)
        add(HASHLIB, "scrypt with N, r and p in hex, as Ruby's scrypt gem does", "ruby-scrypt",
            f"{n:x}${r:x}${scale:x}${salt.hex()}${key.hex()}", p)


EXAMPLES = [
    (30000, "werkzeug-md5", "md5$84143$7f51edecfa6fb401a0b5e63d33fc8c0e"),
    (30120, "werkzeug-sha256", "sha256$70108387805$8b9472281c36c3a693703de0e0f1ffab8fc0ecdd3bc5ead04c76dd74ef431e49"),
    (21600, "web2py-pbkdf2", "pbkdf2(1000,20,sha512)$744943$c5f8cdef76e3327c908d8d96d4abdb3d8caba14c"),
    (12001, "atlassian", "{PKCS5S2}NTczNTY0NDY2NjQyNzU1Mx8gGiRGobaZYwumctGHbn2ZOHB8LkwzH+Z1gkWfy1zD"),
    (24800, "umbraco-hmac-sha1", "8uigXlGMNI7BzwLCJlDbcKR2FP4="),
]
for mode, scheme, stored in EXAMPLES:
    add("hashcat 6.2.6's example", f"hashcat --example-hashes -m {mode}", scheme, stored, "hashcat")
for name, prf, rounds, salt_len, stored in [
    ("V2_SHA1_1000iter_128salt_256subkey", None, 0, 0,
     "AAABAgMEBQYHCAkKCwwNDg+ukCEMDf0yyQ29NYubggHIVY0sdEUfdyeM+E1LtH1uJg=="),
    ("V3_SHA1_250iter_128salt_128subkey", "sha1", 250, 16,
     "AQAAAAAAAAD6AAAAEAhftMyfTJylOlZT+eEotFXd1elee8ih5WsjXaR3PA9M"),
    ("V3_SHA256_250000iter_256salt_256subkey", "sha256", 250000, 32,
     "AQAAAAEAA9CQAAAAIESkQuj2Du8Y+kbc5lcN/W/3NiAZFEm11P27nrSN5/tId+bR1SwV8CO1Jd72r4C08OLvplNlCDc3oQZ8efcW+jQ="),
    ("V3_SHA512_50iter_128salt_128subkey", "sha512", 50, 16,
     "AQAAAAIAAAAyAAAAEOMwvh3+FZxqkdMBz2ekgGhwQ4B6pZWND6zgESBuWiHw"),
    ("V3_SHA512_250iter_256salt_512subkey", "sha512", 250, 32,
     "AQAAAAIAAAD6AAAAIJbVi5wbMR+htSfFp8fTw8N8GOS/Sje+S/4YZcgBfU7EQuqv4OkVYmc4VJl9AGZzmRTxSkP7LtVi9IWyUxX8IAAfZ8v+Zfhj"
     "CcudtC1YERSqE1OEdXLW9VukPuJWBBjLuw=="),
    ("V3_SHA512_10000iter_128salt_256subkey", "sha512", 10000, 16,
     "AQAAAAIAACcQAAAAEAABAgMEBQYHCAkKCwwNDg9B0Oxwty+PGIDSp95gcCfzeDvA4sGapUIUov8usXfD6A=="),
]:
    raw = base64.b64decode(stored)[13:]
    object = pbkdf2(prf, rounds, raw[:salt_len], raw[salt_len:])
    add("ASP.NET Core's own PasswordHasherTest", name, "aspnet-identity", stored, "my password", object,
        auto=None if prf else False)
add("the documentation of Ruby's scrypt gem", 'SCrypt::Password.create("my grand secret")', "ruby-scrypt",
    "400$8$36$78f4ae6983f76119$37ec6ce55a2b928dc56ff9a7d0cdafbd7dbde49d9282c38a40b1434e88f24cf5", "my grand secret")
for _, p in PASSWORDS:
    python(p)
    flask_security(p)
    aspnet(p)
    formulas(p)
others()
with open(os.path.join(HERE, "..", "frameworks.toml"), "w") as out:
    out.write("# Made by make/frameworks.py; do not edit.\n\n" + "\n".join(tables))
print(len(tables))
