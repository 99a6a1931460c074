"""Writes ../apps.toml: content management, forums, shops, and identity products.

    apps.py FOLDER

FOLDER holds what cannot be installed beside Python: `wordpress` and `mediawiki` (Debian's packages, unpacked),
`java` (the jars that Apps.java names, and Apps.class), `node_modules` with firebase-scrypt. Needs php with argon2 and sodium,
java, node, and argon2-cffi, bcrypt and passlib.
"""

import base64
import hashlib
import hmac
import importlib.metadata
import json
import os
import secrets
import subprocess
import sys

import argon2.low_level
import bcrypt
import passlib
import passlib.hash

from passwords import PASSWORDS, near_miss, table

HERE = os.path.dirname(os.path.abspath(__file__))
FOLDER = os.path.abspath(sys.argv[1])
ARGON2 = importlib.metadata.version("argon2-cffi")
HASHLIB = "Python 3.11's hashlib, hmac and base64"
TEXTS = [password for _, password in PASSWORDS]
# Values that auto must not read are those of schemes without a beginning of their own.
BY_NAME = {"wordpress", "phpbb", "magento2", "woltlab-double-bcrypt", "gitea", "firebase-scrypt"}

out = []


def b64(raw):
    return base64.b64encode(raw).decode()


def bare(raw):
    return b64(raw).rstrip("=")


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


def add(scheme, source, how, stored, password, okta=None, auto=None, **columns):
    if auto is None and scheme in BY_NAME:
        auto = False
    out.append(table("vector", {
        "source": source, "how": how, "scheme": scheme, "auto": auto, "stored": stored, **columns,
        "password": password, "wrong": near_miss(password), "okta": okta,
    }))


def run(*command, stdin, **options):
    return subprocess.run(command, input=stdin, capture_output=True, text=True, check=True, **options).stdout


def php():
    for value in json.loads(run("php", f"{HERE}/apps.php", FOLDER, stdin=json.dumps(TEXTS))):
        stored, okta = value["stored"], None
        if "okta_md5" in value:
            okta = salted("MD5", bytes.fromhex(value["okta_md5"]))
        elif "bcrypt" in value:
            okta = okta_bcrypt(value["bcrypt"])
        elif "digest" in value:
            digest = bytes.fromhex(stored.split(":")[0])
            okta = salted(value["digest"], digest, value["salt_text"].encode(), "PREFIX")
        elif "mw" in value:
            fields = stored.split(":")
            if fields[1] == "bcrypt":
                cost, salt, digest = fields[2].split("$")
                okta = {"algorithm": "BCRYPT", "workFactor": int(cost), "salt": salt[:21] + salt[21], "value": digest}
                # Okta gets a salt without the spare bits that MediaWiki leaves in.
                okta["salt"] = bcrypt_salt(salt)
            else:
                salt, key = (base64.b64decode(field) for field in fields[5:7])
                okta = okta_pbkdf2(fields[2].upper(), int(fields[3]), salt, key)
        add(value["scheme"], value["source"], value["how"], stored, value["password"], okta)


RADIX64 = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


def bcrypt_salt(salt):
    return salt[:21] + RADIX64[RADIX64.index(salt[21]) & 0b110000]


def java():
    lines = run("java", "-Dfile.encoding=UTF-8", "-cp", f"{FOLDER}/java/*:{FOLDER}/java", "Apps",
                stdin="".join(b64(text.encode()) + "\n" for text in TEXTS))
    for line in lines.splitlines():
        scheme, *fields = line.split("\t")
        source, how, password, stored = (base64.b64decode(field).decode() for field in fields)
        scheme, _, salt = scheme.partition(" ")
        columns, okta = {}, None
        if salt:
            columns["salt"] = salt
        if scheme == "keycloak" and '"algorithm' in stored.replace("\\", "") and "pbkdf2-sha" in stored:
            flat = {}
            decoder, rest = json.JSONDecoder(), stored
            while rest:
                value, end = decoder.raw_decode(rest)
                rest = rest[end:]
                for name in ("secretData", "credentialData", "secret_data", "credential_data"):
                    inner = value.get(name, {})
                    flat |= json.loads(inner) if isinstance(inner, str) else inner
                flat |= value
            key = base64.b64decode(flat.get("value") or flat["hashedSaltedValue"])
            digest = flat["algorithm"].removeprefix("pbkdf2-").upper()
            okta = okta_pbkdf2(digest, flat["hashIterations"], base64.b64decode(flat["salt"]), key)
        elif scheme == "liferay-pbkdf2" and "SHA256" in stored:
            raw = base64.b64decode(stored.split("}")[1])
            okta = okta_pbkdf2("SHA256", int.from_bytes(raw[4:8], "big"), raw[8:16], raw[16:])
        elif scheme == "sonarqube":
            rounds, key = stored.split("$")
            okta = okta_pbkdf2("SHA512", int(rounds), base64.b64decode(salt), base64.b64decode(key))
        elif scheme.startswith(("tomcat-md5", "tomcat-sha", "shiro1-")) and "$1$" in stored:
            # One round is a digest of salt and password.
            algorithm = {"md5": "MD5", "sha1": "SHA-1", "sha256": "SHA-256", "sha512": "SHA-512"}[scheme.split("-")[1]]
            before, key = stored.removeprefix("$shiro1$").split("$1$")
            if scheme.startswith("shiro1-"):
                before, key = (base64.b64decode(part) for part in key.split("$"))
            else:
                before, key = bytes.fromhex(before), bytes.fromhex(key)
            okta = salted(algorithm, key, before, "PREFIX")
        auto = False if scheme.startswith("tomcat") or scheme == "sonarqube" else None
        add(scheme, source, how, stored, password, okta, auto, **columns)


def firebase():
    project = {"signerKey": b64(secrets.token_bytes(64)), "saltSeparator": "Bw==", "rounds": 8, "memCost": 14}
    small = project | {"rounds": 4, "memCost": 10}
    requests = [{"password": text, "salt": b64(secrets.token_bytes(10)), **options}
                for text in TEXTS for options in (project, small)]
    with open(f"{FOLDER}/node_modules/firebase-scrypt/package.json") as package:
        source = f"npm's firebase-scrypt {json.load(package)['version']}"
    hashes = json.loads(run("node", f"{HERE}/firebase.mjs", FOLDER, stdin=json.dumps(requests)))
    for request, stored in zip(requests, hashes):
        password, salt, key, separator, rounds, memory = request.values()
        how = f"FirebaseScrypt.hash, {rounds} rounds, memory cost {memory}"
        pepper = f"{key}:{separator}:{rounds}:{memory}"
        add("firebase-scrypt", source, how, stored, password, salt=salt, pepper=pepper)
        urls = str.maketrans("+/", "-_")
        add("firebase-scrypt", source, f"{how}, in base64 for URLs", stored.translate(urls), password,
            salt=salt.translate(urls), pepper=pepper)
        add("firebase-scrypt", source, f"{how}, in one text", f"{stored}${salt}${key}${separator}${rounds}${memory}", password)
        add("gotrue-fbscrypt", source, f"{how}, laid out as GoTrue does",
            f"$fbscrypt$v=1,n={memory},r={rounds},p=1,ss={separator},sk={key}${salt}${stored}", password)
        add("kratos-firescrypt", source, f"{how}, laid out as Kratos does",
            f"$firescrypt$ln={memory},r={rounds},p=1${salt}${stored}${separator}${key}", password)


def argon(raw, salt, passes, memory, lanes, length):
    return argon2.low_level.hash_secret_raw(raw, salt, passes, memory, lanes, length, argon2.low_level.Type.ID)


def gitea(text):
    raw = text.encode()
    salt, old = secrets.token_bytes(16), secrets.token_hex(5)
    source = f"{HASHLIB}, argon2-cffi {ARGON2} and bcrypt {bcrypt.__version__}, after Gitea's documented defaults"
    for name, rounds in (("pbkdf2$50000$50", 50000), ("pbkdf2_v2", 50000), ("pbkdf2$5000$50", 5000)):
        key = hashlib.pbkdf2_hmac("sha256", raw, salt, rounds, 50)
        add("gitea", source, f"PBKDF2, {rounds} rounds", f"{name}${key.hex()}", text, okta_pbkdf2("SHA256", rounds, salt, key), salt=salt.hex())
    key = hashlib.pbkdf2_hmac("sha256", raw, old.encode(), 10000, 50)
    for stored in (key.hex(), f"pbkdf2${key.hex()}"):
        add("gitea", source, "PBKDF2, 10000 rounds, a salt of 10 characters, as Gogs", stored, text,
            okta_pbkdf2("SHA256", 10000, old.encode(), key), salt=old)
    add("gitea", source, "argon2id", "argon2$2$65536$8$50$" + argon(raw, salt, 2, 65536, 8, 50).hex(), text, salt=salt.hex())
    add("gitea", source, "scrypt", "scrypt$1024$16$2$50$" + hashlib.scrypt(raw, salt=salt, n=1024, r=16, p=2, dklen=50, maxmem=1 << 28).hex(),
        text, salt=salt.hex())
    value = bcrypt.hashpw(raw[:72], bcrypt.gensalt(4, b"2a")).decode()
    add("gitea", source, "bcrypt", "bcrypt$10$" + value, text, okta_bcrypt(value), salt=salt.hex())


def kratos(text):
    raw, salt = text.encode(), secrets.token_bytes(12)
    source = f"{HASHLIB}, after Ory Kratos' documented formats"
    titles = {"md5": "MD5", "sha1": "SHA-1", "sha256": "SHA-256", "sha512": "SHA-512"}
    for name, title in titles.items():
        for template in (b"{SALT}{PASSWORD}", b"{PASSWORD}%%{SALT}", b"'{SALT}$${PASSWORD}$"):
            message = template.replace(b"{SALT}", b"\0S").replace(b"{PASSWORD}", b"\0P").replace(b"\0S", salt).replace(b"\0P", raw)
            digest = hashlib.new(name, message).digest()
            okta = None
            if template.startswith(b"{S"):
                okta = salted(title, digest, salt, "PREFIX")
            elif template.startswith(b"{P"):
                okta = salted(title, digest, b"%%" + salt, "POSTFIX")
            add("kratos-digest", source, f"{name} of {template.decode()}",
                f"${name}$pf={b64(template)}${b64(salt)}${b64(digest)}", text, okta)
    digest = hashlib.md5(raw).digest()
    add("kratos-digest", source, "md5", f"$md5${b64(digest)}", text, salted("MD5", digest))
    for name in ("md5", "sha1", "sha224", "sha256", "sha384", "sha512"):
        mac = hmac.new(salt, raw, name).hexdigest().encode()
        add("kratos-hmac", source, f"HMAC with {name}", f"$hmac-{name}${b64(mac)}${b64(salt)}", text)
    key = hashlib.scrypt(raw, salt=salt, n=1024, r=8, p=1, dklen=32)
    add("kratos-scrypt", source, "scrypt", f"$scrypt$ln=1024,r=8,p=1${b64(salt)}${b64(key)}", text)
    for number, name in (("5", "sha256"), ("6", "sha512")):
        hasher = getattr(passlib.hash, f"{name}_crypt").using(rounds=1234)
        value = hasher.hash(text).removeprefix(f"${number}$")
        add("kratos-sha-crypt", f"passlib {passlib.__version__}", f"{name}_crypt.hash, with Kratos' beginning", f"${name}-crypt${value}", text)


def objects(text):
    """Okta's and Auth0's objects."""
    raw, salt = text.encode(), secrets.token_bytes(12)
    source = f"{HASHLIB}, bcrypt {bcrypt.__version__}, as Okta documents its objects"
    value = bcrypt.hashpw(raw[:72], bcrypt.gensalt(4, b"2a")).decode()
    objects = [okta_bcrypt(value)]
    for name, title in (("md5", "MD5"), ("sha1", "SHA-1"), ("sha256", "SHA-256"), ("sha512", "SHA-512")):
        objects.append(salted(title, hashlib.new(name, raw).digest()))
        objects.append(salted(title, hashlib.new(name, salt + raw).digest(), salt, "PREFIX"))
        objects.append(salted(title, hashlib.new(name, raw + salt).digest(), salt, "POSTFIX"))
    for name in ("sha256", "sha512"):
        objects.append(okta_pbkdf2(name.upper(), 4096, salt, hashlib.pbkdf2_hmac(name, raw, salt, 4096, 32)))
    for okta in objects:
        add("okta-hash", source, okta["algorithm"], json.dumps(okta), text, okta)

    source = f"{HASHLIB}, bcrypt {bcrypt.__version__}, argon2-cffi {ARGON2}, as Auth0 documents its objects"
    scheme = "auth0-custom-password-hash"

    def auth0(how, value, okta=None):
        add(scheme, source, how, json.dumps(value, ensure_ascii=False), text, okta)

    auth0("bcrypt", {"algorithm": "bcrypt", "hash": {"value": value, "encoding": "utf8"}}, okta_bcrypt(value))
    digest = hashlib.md5(raw).digest()
    auth0("MD5", {"algorithm": "md5", "hash": {"value": digest.hex(), "encoding": "hex"}}, salted("MD5", digest))
    digest = hashlib.sha1(salt + raw).digest()
    auth0("SHA-1, prefix", {"algorithm": "sha1", "hash": {"value": b64(digest), "encoding": "base64"},
                            "salt": {"value": salt.hex(), "encoding": "hex", "position": "prefix"}}, salted("SHA-1", digest, salt, "PREFIX"))
    digest = hashlib.sha512(raw + "sält".encode()).digest()
    auth0("SHA-512, suffix", {"algorithm": "sha512", "hash": {"value": digest.hex(), "encoding": "hex"},
                              "salt": {"value": "sält", "position": "suffix"}}, salted("SHA-512", digest, "sält".encode(), "POSTFIX"))
    digest = hashlib.sha256(salt + text.encode("utf-16-le")).digest()
    auth0("SHA-256 of UTF-16", {"algorithm": "sha256", "hash": {"value": b64(digest), "encoding": "base64"},
                                "salt": {"value": b64(salt), "encoding": "base64", "position": "prefix"}, "password": {"encoding": "utf16le"}})
    for name in ("sha1", "sha256", "sha512", "md5"):
        mac = hmac.new(b"secret", raw, name).digest()
        auth0(f"HMAC with {name}", {"algorithm": "hmac", "hash": {"value": mac.hex(), "encoding": "hex", "digest": name,
                                                                  "key": {"value": b64(b"secret"), "encoding": "base64"}}})
    key = hashlib.pbkdf2_hmac("sha512", raw, salt, 5000, 64)
    auth0("PBKDF2", {"algorithm": "pbkdf2", "hash": {"value": f"$pbkdf2-sha512$i=5000,l=64${bare(salt)}${bare(key)}", "encoding": "utf8"}},
          okta_pbkdf2("SHA512", 5000, salt, key))
    value = argon2.low_level.hash_secret(raw, salt, 2, 512, 1, 32, argon2.low_level.Type.ID).decode()
    auth0("argon2", {"algorithm": "argon2", "hash": {"value": value, "encoding": "utf8"}})
    key = hashlib.scrypt(raw, salt=salt, n=1024, r=8, p=1, dklen=64)
    auth0("scrypt", {"algorithm": "scrypt", "hash": {"value": b64(key), "encoding": "base64"},
                     "salt": {"value": b64(salt), "encoding": "base64"}, "keylen": 64, "cost": 1024, "blockSize": 8, "parallelization": 1})
    digest = hashlib.sha1(raw + salt).digest()
    auth0("LDAP", {"algorithm": "ldap", "hash": {"value": "{SSHA}" + b64(digest + salt), "encoding": "utf8"}}, salted("SHA-1", digest, salt, "POSTFIX"))


def rows(text):
    """Applications that are an expression."""
    raw, salt, hexes = text.encode(), secrets.token_bytes(12), secrets.token_hex(16)
    digest = lambda name, data: hashlib.new(name, data).hexdigest()

    def row(scheme, how, stored, okta=None, auto=None, **columns):
        add(scheme, f"{HASHLIB}, bcrypt {bcrypt.__version__}, as the software documents it", how, stored, text, okta, auto, **columns)

    def blowfish(data):
        return bcrypt.hashpw(data[:72], bcrypt.gensalt(4, b"2a")).decode()

    sha = hashlib.sha256(raw + hexes.encode()).digest()
    row("joomla-sha256", "sha256(password + salt)", "{SHA256}" + f"{sha.hex()}:{hexes}", salted("SHA-256", sha, hexes.encode(), "POSTFIX"), False)
    md5 = digest("md5", raw).encode()
    argon = argon2.low_level.hash_secret(md5, salt, 2, 512, 1, 32, argon2.low_level.Type.ID).decode()
    for scheme in ("vbulletin5", "sugarcrm"):
        row(scheme, "bcrypt(md5(password))", blowfish(md5), auto=False)
        row(scheme, "argon2id(md5(password))", argon, auto=False)
    for name, width in (("sha256", 64), ("sha1", 40)):
        text_salt = secrets.token_hex(width // 2)
        inner = digest(name, (digest(name, raw) + text_salt).encode())
        row(f"xenforo-{name}", f"{name}({name}(password) + salt), serialized by PHP",
            f'a:3:{{s:4:"hash";s:{width}:"{inner}";s:4:"salt";s:{width}:"{text_salt}";s:8:"hashFunc";s:{len(name)}:"{name}";}}')
    value = blowfish(raw)
    row("xenforo-bcrypt", "bcrypt(password), serialized by PHP", f'a:1:{{s:4:"hash";s:60:"{value}";}}', okta_bcrypt(value))
    row("jenkins", "bcrypt(password)", f"#jbcrypt:{value}", okta_bcrypt(value))
    row("shiro2", "bcrypt(password)", f"$shiro2{value}", okta_bcrypt(value))
    row("shiro2", "argon2id(password)", "$shiro2" + argon2.low_level.hash_secret(raw, salt, 1, 512, 4, 32, argon2.low_level.Type.ID).decode())
    row("typo3-plain", "C and bcrypt(password)", f"C{value}", okta_bcrypt(value))
    row("typo3-md5", "M and bcrypt(md5(password))", f"M{blowfish(md5)}")
    row("typo3-md5", "M and phpass(md5(password))", "M" + passlib.hash.phpass.using(rounds=8).hash(md5.decode()))
    smf = blowfish(b"ann.o'hara" + raw)
    row("smf-bcrypt", "bcrypt(lower(name) + password)", smf, auto=False, user="Ann.O'Hara")
    row("smf-bcrypt", "bcrypt(lower(name) + password)", f"{smf}:Ann.O'Hara", auto=False)
    row("nodebb", "bcrypt(sha512(password))", blowfish(digest("sha512", raw).encode()), auto=False)
    e107 = digest("md5", md5 + b"Ann")
    row("e107", "md5(md5(password) + name)", f"$E${e107}:Ann")
    short = secrets.token_hex(4)
    for scheme, name, title, before, after in (("concrete5", "md5", "MD5", b"", f":{short}".encode()),
                                               ("chamilo", "sha1", "SHA-1", b"", b"{%s}" % short.encode()),
                                               ("wso2", "sha256", "SHA-256", b"", short.encode())):
        made = hashlib.new(name, before + raw + after).digest()
        stored = b64(made) if scheme == "wso2" else made.hex()
        row(scheme, f"{name}(password + {after.decode().replace(short, 'salt')})", f"{stored}:{short}", salted(title, made, after, "POSTFIX"), False)
        row(scheme, "likewise, the salt in a column", stored, salted(title, made, after, "POSTFIX"), False, salt=short)
    made = hashlib.sha256(raw + b"{%s}" % short.encode()).digest()
    row("jenkins-sha256", "sha256(password + {salt})", f"{short}:{made.hex()}", salted("SHA-256", made, b"{%s}" % short.encode(), "POSTFIX"), False)
    row("php-fusion", "HMAC-SHA-256 with the salt as key", hmac.new(hexes.encode(), raw, "sha256").hexdigest(), auto=False, salt=hexes)
    for scheme, rounds, length in (("grafana", 10000, 50), ("discourse-old", 64000, 32)):
        key = hashlib.pbkdf2_hmac("sha256", raw, hexes.encode(), rounds, length)
        row(scheme, f"PBKDF2, {rounds} rounds", key.hex(), okta_pbkdf2("SHA256", rounds, hexes.encode(), key), False, salt=hexes)
    for scheme, number, name in (("episerver", 0, "sha1"), ("episerver-sha256", 1, "sha256")):
        made = hashlib.new(name, salt + text.encode("utf-16-le")).digest()
        row(scheme, f"{name}(salt + password in UTF-16)", f"$episerver$*{number}*{b64(salt)}*{bare(made)}")
    key = hashlib.pbkdf2_hmac("sha256", raw, hexes.encode(), 5000, 32)
    row("discourse", "PBKDF2", f"$pbkdf2-sha256$i=5000,l=32${hexes}${key.hex()}", okta_pbkdf2("SHA256", 5000, hexes.encode(), key), False)
    for name, length in (("sha256", 32), ("sha512", 64)):
        key = hashlib.pbkdf2_hmac(name, raw, salt, 5000, length)
        row(f"tomcat-pbkdf2-{name}", "PBKDF2", f"{salt.hex()}$5000${key.hex()}", okta_pbkdf2(name.upper(), 5000, salt, key), False)
    fusionauth(raw, salt, row)


def fusionauth(raw, salt, row):
    for name in ("md5", "sha256"):
        made = raw + salt
        for _ in range(1000):
            made = hashlib.new(name, made).digest()
        scheme = f"salted-{name}"
        row(f"fusionauth-{scheme}", "1000 rounds", f"{scheme}$1000${b64(salt)}${b64(made)}")
    scheme = "salted-hmac-sha256"
    row(f"fusionauth-{scheme}", "HMAC with the salt as key", f"{scheme}$1${b64(salt)}${b64(hmac.digest(salt, raw, 'sha256'))}")
    for scheme, name, length in (("salted-pbkdf2-hmac-sha256", "sha256", 32), ("salted-pbkdf2-hmac-sha256-512", "sha256", 64),
                                 ("salted-pbkdf2-hmac-sha512-512", "sha512", 64)):
        key = hashlib.pbkdf2_hmac(name, raw, salt, 5000, length)
        row(f"fusionauth-{scheme}", "PBKDF2, 5000 rounds", f"{scheme}$5000${b64(salt)}${b64(key)}", okta_pbkdf2(name.upper(), 5000, salt, key))


def examples():
    """hashcat's published example hashes."""
    for mode, scheme, stored in ((7900, "drupal7", "$S$C20340258nzjDWpoQthrdNTR02f0pmev0K/5/Nx80WSkOQcPEQRh"),
                                 (141, "episerver", "$episerver$*0*MjEwNA==*ZUgAmuaYTqAvisD0A427FA3oaWU"),
                                 (1441, "episerver-sha256", "$episerver$*1*NDg1NTIz*8BFCg/YJBAuZs/wjbH3OWKe69BLr5Lao26ybpnD48Zk")):
        for name in (scheme, f"hashcat:{mode}"):
            add(name, "hashcat's published example hashes", f"mode {mode}", stored, "hashcat", auto=None if name == scheme else False)


php()
java()
firebase()
for text in TEXTS:
    gitea(text)
    kratos(text)
    objects(text)
    rows(text)
examples()
with open(f"{HERE}/../apps.toml", "w") as file:
    file.write("# Made by make/apps.py; do not edit.\n\n" + "\n".join(out))
print(len(out))
