"""Writes ../databases.toml, ../windows.toml and ../enterprise.toml.

Starts MariaDB and PostgreSQL in a temporary folder, and stops them. Needs passlib 1.7, PyMySQL and cryptography; initdb,
postgres and psql, mariadbd, and for ed25519 its plug-in; htdigest; and Stores.java's output:

python3 spring.py passwords | java -cp CLASSES Stores > stores.tsv
python3 databases.py stores.tsv [pdbedit]

With pdbedit of Samba, real lines of smbpasswd.
"""

import base64
import hashlib
import hmac
import json
import os
import pty
import shutil
import subprocess
import sys
import tempfile
import time

import passlib
import passlib.hash
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

import legacy
from passwords import PASSWORDS, near_miss, table

PASSLIB = f"passlib {passlib.__version__}"
HASHLIB = "Python 3.11's hashlib, from the format's definition"
INDEPENDENT = "an independent implementation, make/legacy.py"
HASHCAT = "hashcat's published example hashes"
files = {}


def b64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def add(file, source, how, scheme, stored, password, okta=None, auto=None, wrong=None, **columns):
    files.setdefault(file, []).append(table("vector", {
        "source": source, "how": how, "scheme": scheme, "auto": auto, "stored": stored, **columns,
        "password": password, "wrong": near_miss(password) if wrong is None else wrong, "okta": okta,
    }))


def digest(algorithm, value, salt=b"", order=None):
    okta = {"algorithm": algorithm, "value": b64(value)}
    return okta | ({"salt": b64(salt), "saltOrder": order} if salt else {})


def okta_pbkdf2(name, rounds, salt, key):
    return {"algorithm": "PBKDF2", "digestAlgorithm": f"{name}_HMAC", "iterationCount": rounds, "keySize": len(key),
            "salt": b64(salt), "value": b64(key)}


def scram(algorithm, password, salt, rounds):
    salted = hashlib.pbkdf2_hmac(algorithm, password, salt, rounds)
    client = hmac.digest(salted, b"Client Key", algorithm)
    return hashlib.new(algorithm, client).digest(), hmac.digest(salted, b"Server Key", algorithm)


class Server:
    """A server in a folder of its own, stopped by its process id."""

    def __init__(self, account, prepare, start):
        self.folder = tempfile.mkdtemp()
        shutil.chown(self.folder, account)
        self.account = account
        self.run(prepare)
        self.process = subprocess.Popen(self.command(start), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def command(self, text):
        words = [word.replace("@", self.folder) for word in text.split()]
        return ["setpriv", f"--reuid={self.account}", "--clear-groups", *words] if os.getuid() == 0 else words

    def run(self, text):
        subprocess.run(self.command(text), check=True, capture_output=True, cwd=self.folder)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        shutil.rmtree(self.folder)


def again(attempt):
    for _ in range(100):
        try:
            return attempt()
        except Exception:
            time.sleep(0.2)
    return attempt()


def mariadb():
    import pymysql
    f = "databases"
    install = "mariadb-install-db --no-defaults --datadir=@/data --auth-root-authentication-method=normal"
    start = ("mariadbd --no-defaults --datadir=@/data --socket=@/socket --skip-networking --pid-file=@/pid "
             "--plugin-load-add=auth_ed25519")
    with Server("mysql", install, start) as server:
        connection = again(lambda: pymysql.connect(
            unix_socket=f"{server.folder}/socket", user="root", charset="utf8mb4"))
        with connection.cursor() as cursor:
            def one(query, *arguments):
                cursor.execute(query, arguments)
                return cursor.fetchone()[0]

            source = "MariaDB " + one("SELECT VERSION()").split("-")[0]
            for _, p in PASSWORDS:
                v = one("SELECT OLD_PASSWORD(%s)", p)
                add(f, source, "SELECT OLD_PASSWORD(password)", "mysql-old", v, p, auto=False)
                v = one("SELECT PASSWORD(%s)", p)
                add(f, source, "SELECT PASSWORD(password)", "mysql41", v, p)
                add(f, source, "SELECT SUBSTR(PASSWORD(password), 2)", "hashcat:300", v[1:].lower(), p, auto=False)
                cursor.execute("CREATE OR REPLACE USER u IDENTIFIED VIA ed25519 USING PASSWORD(%s)", (p,))
                v = one("SELECT authentication_string FROM mysql.user WHERE user = 'u'")
                how = "CREATE USER u IDENTIFIED VIA ed25519 USING PASSWORD(password)"
                add(f, source, how, "mariadb-ed25519", v, p, auto=False)
            spaced = " a b\tc "
            add(f, source, "SELECT OLD_PASSWORD(password)", "mysql-old", one("SELECT OLD_PASSWORD(%s)", spaced), "abc",
                auto=False, wrong="abd")
        connection.close()
    for _, p in PASSWORDS:
        salt = bytes(range(1, 19)) + b"\x7f'"
        crypt = legacy.sha256_crypt(p.encode(), salt, 5000)
        v = "$A$005$" + salt.decode() + crypt
        how = "sha256-crypt with MySQL's salt of twenty bytes"
        add(f, INDEPENDENT, how, "mysql-caching-sha2", v, p)
        add(f, INDEPENDENT, f"{how}; HEX(authentication_string)", "mysql-caching-sha2", v.encode().hex().upper(), p)
    add(f, INDEPENDENT, f"{how}; SHOW CREATE USER in hex, 10 thousand rounds", "mysql-caching-sha2",
        "0x" + ("$A$00A$" + salt.decode() + legacy.sha256_crypt(b"x", salt, 10000)).encode().hex().upper(), "x")
    for _, p in PASSWORDS:
        salt, rounds = bytes(range(18)), "0" if len(p) > 1 else "3"
        seed = hashlib.pbkdf2_hmac("sha512", p.encode(), salt, 1024 << int(rounds), 32)
        key = Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes(
            serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        add(f, "Python's hashlib and cryptography, from MariaDB 11.6's definition", "PBKDF2, then Ed25519's public key",
            "mariadb-parsec", f"P{rounds}:{b64(salt)}:{b64(key).rstrip('=')}", p)


def postgresql():
    f = "databases"
    start = "postgres -D @/data -k @ -c listen_addresses="
    with Server("postgres", "initdb -D @/data -U postgres -E UTF8 --locale=C.UTF-8", start) as server:
        def query(text):
            return subprocess.run(["psql", "-X", "-A", "-t", "-q", "-h", server.folder, "-U", "postgres", "-c", text],
                                  check=True, capture_output=True, text=True).stdout.strip()

        source = "PostgreSQL " + again(lambda: query("SHOW server_version")).split(" ")[0]
        # Beside the usual ones: what SASLprep changes, and what it refuses and PostgreSQL then takes as it is.
        more = ["I\u00adX \u2168 a\u00a0b", "\u0627\u0031", "\u00ad", "tab\there", "ﬁne ª"]
        for p in [p for _, p in PASSWORDS] + more:
            literal = p.replace("'", "''")
            for method, scheme in (("md5", "postgresql-md5"), ("scram-sha-256", "postgresql-scram")):
                if method == "md5" and p in more:
                    continue
                query(f"SET password_encryption = '{method}'; DROP ROLE IF EXISTS legacy; "
                      f"CREATE ROLE legacy LOGIN PASSWORD '{literal}'")
                v = query("SELECT rolpassword FROM pg_authid WHERE rolname = 'legacy'")
                md5 = method == "md5"
                okta = digest("MD5", bytes.fromhex(v[3:]), b"legacy", "POSTFIX") if md5 else None
                add(f, source, f"CREATE ROLE legacy PASSWORD …, password_encryption = {method}", scheme, v, p, okta,
                    user="legacy" if md5 else None, wrong="wrong" if p in more else None)
                if md5:
                    add(f, source, "the same, as hashcat writes it", "hashcat:12", f"{v[3:]}:legacy", p, okta, auto=False)


def microsoft_and_oracle():
    f = "databases"
    for _, p in PASSWORDS:
        add(f, PASSLIB, "mssql2000.hash(password)", "mssql-2000", passlib.hash.mssql2000.hash(p), p)
        add(f, PASSLIB, "mssql2005.hash(password)", "mssql-2005", passlib.hash.mssql2005.hash(p), p)
        salt = b"\x37\x88\x00\x67"
        v = hashlib.sha512(p.encode("utf-16-le") + salt).hexdigest().upper()
        add(f, HASHLIB, "SHA-512 of UTF-16 and salt", "mssql-2012", "0x0200" + salt.hex().upper() + v, p)
        salt = bytes.fromhex("1808773188715731")
        v = hashlib.sha256(p.encode("utf-16-be").ljust(510, b"\0") + salt).hexdigest()
        add(f, HASHLIB, "SHA-256 of UTF-16 of 510 bytes and salt", "sybase-ase", "0xc007" + salt.hex() + v, p)
        v = passlib.hash.oracle10.hash(p, user="Scott")
        add(f, PASSLIB, 'oracle10.hash(password, user="Scott")', "oracle-7", v, p, auto=False, user="scott")
        add(f, PASSLIB, "the same, as hashcat writes it", "hashcat:3100", f"{v}:SCOTT", p, auto=False)
        s = passlib.hash.oracle11.hash(p)
        raw = bytes.fromhex(s[2:])
        okta = digest("SHA-1", raw[:20], raw[20:], "POSTFIX")
        add(f, PASSLIB, "oracle11.hash(password)", "oracle-11", s, p, okta)
        add(f, PASSLIB, "the same, as hashcat writes it", "hashcat:112", f"{raw[:20].hex()}:{raw[20:].hex()}", p, okta,
            auto=False)
        salt = b"a0Ct8ApCt8AGER%U"
        key = hashlib.pbkdf2_hmac("sha512", p.encode(), salt + b"AUTH_PBKDF2_SPEEDY_KEY", 4096)
        t = "T:" + (hashlib.sha512(key + salt).digest() + salt).hex().upper()
        add(f, HASHLIB, "SHA-512 of PBKDF2's result and salt", "oracle-12", t, p)
        h = "H:" + hashlib.md5(f"SCOTT:XDB:{p}".encode()).hexdigest().upper()
        add(f, f"{PASSLIB} and {HASHLIB}", "spare4 with three verifiers", "oracle-spare4", f"{s};{h};{t}", p)
        add(f, PASSLIB, "spare4 with two verifiers", "oracle-spare4", f"{s};{h}", p, okta)
    p = "Correct Horse"
    add(f, PASSLIB, "oracle10.hash: case does not matter", "oracle-7", passlib.hash.oracle10.hash("CORRECT horse", user="x"),
        p, auto=False, user="X")
    add(f, PASSLIB, "mssql2000.hash: case does not matter", "mssql-2000", passlib.hash.mssql2000.hash("CORRECT horse"), p)


def mongodb():
    f = "databases"
    for _, p in PASSWORDS:  # the emoji is unknown to SASLprep, which leaves that password as it is
        parts = {}
        for algorithm, rounds, salt in (("sha1", 10000, bytes(range(16))), ("sha256", 15000, bytes(range(28)))):
            secret = hashlib.md5(b"legacy:mongo:" + p.encode()).hexdigest().encode() if algorithm == "sha1" else p.encode()
            stored, server = scram(algorithm, secret, salt, rounds)
            title = "SCRAM-SHA-1" if algorithm == "sha1" else "SCRAM-SHA-256"
            parts[title] = {"iterationCount": rounds, "salt": b64(salt), "storedKey": b64(stored), "serverKey": b64(server)}
            number = 0 if algorithm == "sha1" else 1
            text = f"$mongodb-scram$*{number}*{b64(b'legacy')}*{rounds}*{b64(salt)}*{b64(server)}"
            add(f, HASHLIB, "RFC 5802, as hashcat writes it", title.lower().replace("scram", "mongodb-scram"), text, p)
        compact = json.dumps(parts, separators=(",", ":"))
        first = json.dumps({"SCRAM-SHA-1": parts["SCRAM-SHA-1"]}, separators=(",", ":"))
        add(f, HASHLIB, "RFC 5802, both in one document", "mongodb", compact, p)
        add(f, HASHLIB, "RFC 5802, SCRAM-SHA-1 alone", "mongodb", first, p, user="legacy")
        spaced = json.dumps({"SCRAM-SHA-256": parts["SCRAM-SHA-256"]}, indent=1)
        add(f, HASHLIB, "RFC 5802, with white space", "mongodb", spaced.replace("{\n", "{ "), p, auto=False)
        for algorithm, title in (("sha1", "scram-sha-1"), ("sha512", "scram-sha-512")):
            salt = b"0e7a3a7c6b1d"
            stored, server = scram(algorithm, p.encode(), salt, 4096)
            add(f, HASHLIB, "RFC 5803", title, f"{title.upper()}$4096:{b64(salt)}${b64(stored)}:{b64(server)}", p)


def stores(lines):
    f = "databases"
    sources = {"kafka": "Apache Kafka 3.9.1 (kafka-clients), ScramFormatter", "artemis": "Apache ActiveMQ Artemis 2.41.0",
               "neo4j": "Apache Shiro 1.13.0's SimpleHash, with which Neo4j hashes", "h2": "H2 2.3.232, SCRIPT NODATA"}
    for line in lines:
        name, p, v = line.rstrip("\n").split("\t")
        p, v = base64.b64decode(p).decode(), base64.b64decode(v).decode()
        okta = None
        if name == "neo4j-3":
            _, value, salt = v.split(",")
            okta = digest("SHA-256", bytes.fromhex(value), bytes.fromhex(salt), "PREFIX")
        add(f, sources[name.split("-")[0]], "make/Stores.java", name, v, p, okta, auto=False if name == "h2" else None,
            user="legacy" if name == "h2" else None)
    for _, p in PASSWORDS:
        raw = p.encode()
        v = hashlib.sha256(raw).digest()
        add(f, HASHLIB, "SHA-256, as ACL LIST shows it", "redis-acl", "#" + v.hex(), p, digest("SHA-256", v))
        v = hashlib.sha1(hashlib.sha1(raw).digest()).hexdigest()
        add(f, HASHLIB, "SHA-1 of SHA-1", "clickhouse-double-sha1", v, p, auto=False)
        for algorithm, title in (("md5", "MD5"), ("sha256", "SHA-256"), ("sha512", "SHA-512")):
            salt = b"\x90\x8d\xc6\x0a"
            v = hashlib.new(algorithm, salt + raw).digest()
            add(f, HASHLIB, "base64(salt . digest(salt . password))", f"rabbitmq-{algorithm}", b64(salt + v), p,
                digest(title, v, salt, "PREFIX"), auto=False)
        salt = "1f0d7c1a52e1a7e2b7c1f3a1b2c3d4e5"
        v = hashlib.sha1(raw + salt.encode()).digest()
        add(f, HASHLIB, "CouchDB's -hashed-", "couchdb-hashed", f"-hashed-{v.hex()},{salt}", p,
            digest("SHA-1", v, salt.encode(), "POSTFIX"))
        v = hashlib.pbkdf2_hmac("sha1", raw, salt.encode(), 10).hex()
        add(f, HASHLIB, "CouchDB's -pbkdf2-", "couchdb", f"-pbkdf2-{v},{salt},10", p)
        v = hashlib.pbkdf2_hmac("sha256", raw, salt.encode(), 5000)
        add(f, HASHLIB, "CouchDB's -pbkdf2:sha256-", "couchdb-sha256", f"-pbkdf2:sha256-{v.hex()},{salt},5000", p,
            okta_pbkdf2("SHA256", 5000, salt.encode(), v))
        salt = bytes(range(32))
        v = hashlib.pbkdf2_hmac("sha512", raw, salt, 10000, 32)
        add(f, HASHLIB, "Elasticsearch's PBKDF2_10000", "elasticsearch-pbkdf2", f"{{PBKDF2}}10000${b64(salt)}${b64(v)}", p,
            okta_pbkdf2("SHA512", 10000, salt, v))
        v = hashlib.pbkdf2_hmac("sha512", hashlib.sha512(raw).hexdigest().encode(), salt, 1000, 32)
        add(f, HASHLIB, "Elasticsearch's PBKDF2_STRETCH_1000", "elasticsearch-pbkdf2-stretch",
            f"{{PBKDF2_STRETCH}}1000${b64(salt)}${b64(v)}", p)
        v = hashlib.sha256(raw + salt[:8]).digest()
        add(f, HASHLIB, "Elasticsearch's SSHA256", "elasticsearch-ssha256", f"{{SSHA256}}{b64(salt[:8])}{b64(v)}", p,
            digest("SHA-256", v, salt[:8], "POSTFIX"))
        salt = b"0e7a3a7c-6b1d-4a55-9c55-6f2d4b0f5a11"
        v, _ = scram("sha1", raw, salt, 10000)
        add(f, HASHLIB, "RFC 5802", "prosody-scram-sha-1", f"10000:{salt.decode()}:{v.hex()}", p, auto=False)
        v = hashlib.md5(b"admin:asterisk:" + raw).digest()
        add(f, HASHLIB, "MD5 of name, realm and password", "asterisk-md5secret", v.hex(), p,
            digest("MD5", v, b"admin:asterisk:", "PREFIX"), auto=False, user="admin")
        with tempfile.TemporaryDirectory() as folder:
            answer_twice(["htdigest", "-c", f"{folder}/file", "private area", "admin"], p)
            line = open(f"{folder}/file").read().strip()
        value = bytes.fromhex(line.rsplit(":", 1)[1])
        add(f, "Apache httpd 2.4, htdigest", "htdigest -c file 'private area' admin", "htdigest", line, p,
            digest("MD5", value, b"admin:private area:", "PREFIX"), auto=False)


def answer_twice(command, answer):
    """Runs a command that reads a new password from its terminal, after asking for it and asking again."""
    child, terminal = pty.fork()
    if child == 0:
        os.execvp(command[0], command)
    for _ in range(2):
        shown = b""
        while b"password:" not in shown:
            shown += os.read(terminal, 1024)
        time.sleep(0.05)
        os.write(terminal, answer.encode() + b"\n")
    _, status = os.waitpid(child, 0)
    os.close(terminal)
    assert status == 0, command


def windows(pdbedit):
    f = "windows"
    for _, p in PASSWORDS:
        nt = passlib.hash.nthash.hash(p)
        add(f, PASSLIB, "nthash.hash(password)", "nthash", nt, p, auto=False)
        add(f, PASSLIB, "nthash.hash(password).upper()", "nthash", nt.upper(), p, auto=False)
        empty = "aad3b435b51404eeaad3b435b51404ee"
        add(f, PASSLIB, "nthash.hash(password), as pwdump writes it", "pwdump", f"X\\u:1001:{empty}:{nt}:::", p, auto=False)
        add(f, PASSLIB, "nthash.hash(password), behind an LM hash", "pwdump", f"{empty}:{nt}", p, auto=False)
        for user in ("Administrator", "ZOË"):
            v = passlib.hash.msdcc.hash(p, user=user)
            add(f, PASSLIB, f'msdcc.hash(password, user="{user}")', "dcc", v, p, auto=False, user=user)
            v = passlib.hash.msdcc2.hash(p, user=user)
            add(f, PASSLIB, f'msdcc2.hash(password, user="{user}")', "dcc2", v, p, auto=False, user=user.lower())
            add(f, PASSLIB, "the same, as hashcat writes it", "dcc2", f"$DCC2$10240#{user}#{v}", p)
        salt = bytes.fromhex("54188415275183448824")
        v = hashlib.pbkdf2_hmac("sha256", nt.upper().encode("utf-16-le"), salt, 1000).hex()
        stored = f"v1;PPH1_MD4,{salt.hex()},1000,{v}"
        add(f, HASHLIB, "PBKDF2 of the NT hash in UTF-16", "azure-ad-connect", stored + ";", p)
        add(f, HASHLIB, "the same, as hashcat writes it", "hashcat:12800", stored, p, auto=False)
        if pdbedit:
            add(f, "Samba 4.17.12, pdbedit", "pdbedit -a -u root -t", "pwdump", samba(pdbedit, p), p, auto=False)
    # passlib cuts a longer password; Windows and Samba keep no LM hash of one.
    for p, wrong in (("correct horse ", "correct horse battery staple"), ("x", "y"), ("Zoë Müller ñçå", "Zoë Müller ñçåø"),
                     ("a$b:c{d}e\\f;g", "a$b:c{d}e\\f;h")):
        v = passlib.hash.lmhash.hash(p, encoding="cp850")
        add(f, PASSLIB, 'lmhash.hash(password, encoding="cp850")', "lmhash", v, p, auto=False, wrong=wrong)
        add(f, PASSLIB, "the same in capitals", "lmhash", v.upper(), p.upper(), auto=False, wrong=wrong)
        half = p[:7]
        add(f, PASSLIB, "the first half", "lmhash", v[:16], half, auto=False, wrong="q" + half[1:])


def samba(pdbedit, password):
    with tempfile.TemporaryDirectory() as folder:
        folders = ["private dir", "lock directory", "state directory", "cache directory", "pid directory"]
        with open(f"{folder}/smb.conf", "w") as config:
            config.write(f"[global]\npassdb backend = smbpasswd:{folder}/smbpasswd\nunix charset = UTF-8\n")
            config.writelines(f"{name} = {folder}\n" for name in folders)
        subprocess.run([pdbedit, "-s", f"{folder}/smb.conf", "-a", "-u", "root", "-t"], check=True, capture_output=True,
                       input=f"{password}\n{password}\n".encode(), env=os.environ | {"LC_ALL": "C.UTF-8"})
        return open(f"{folder}/smbpasswd").read().strip()


def enterprise():
    f = "enterprise"
    sap_passwords = [("correct horse battery staple", "corrext z"), ("Zoë Müller", "Zoë Müxx"), ("a$b:c{d}e", "a$b:c{x}"),
                     ("0123456789" * 8, "1123"), ("x", "y"), ("密码🔑pass", "密码🔑past")]
    for p, wrong in sap_passwords:
        v = legacy.sap_b("SAP*", p)
        add(f, INDEPENDENT, "sap_b", "sap-codvn-b", f"SAP*${v}", p, auto=False, wrong=wrong)
        add(f, INDEPENDENT, "sap_b", "sap-codvn-b", v, p, auto=False, wrong=wrong, user="sap*")
        half = v[:8] + "0" * 8
        add(f, INDEPENDENT, "sap_b, half", "sap-codvn-b-rfc-read-table", f"SAP*${half}", p, auto=False, wrong=wrong)
    for _, p in PASSWORDS:
        v = legacy.sap_f("DDIC", p)
        add(f, INDEPENDENT, "sap_f", "sap-codvn-f", f"DDIC${v}", p, auto=False)
        add(f, INDEPENDENT, "sap_f", "sap-codvn-f", v, p, auto=False, user="ddic")
        half = v[:20] + "0" * 20
        add(f, INDEPENDENT, "sap_f, half", "sap-codvn-f-rfc-read-table", f"DDIC${half}", p, auto=False)
        for scheme, name, algorithm in (("sap-codvn-h", "x-issha", "sha1"), ("sap-issha256", "x-isSHA256", "sha256"),
                                        ("sap-issha384", "x-isSHA384", "sha384"), ("sap-issha512", "x-isSHA512", "sha512")):
            add(f, INDEPENDENT, "sap_h", scheme, legacy.sap_h(name, algorithm, 1024, b"0123456789abcdef", p), p)
        add(f, INDEPENDENT, "domino5", "domino-5", legacy.domino5(p), p)
        add(f, INDEPENDENT, "domino5", "domino-5", legacy.domino5(p)[1:-1].lower(), p, auto=False)
        salt = bytes.fromhex("0d3c8dff2a0102030405060708090a0b")
        add(f, INDEPENDENT, "domino6", "domino-6", legacy.domino6(p, salt[:5]), p)
        add(f, INDEPENDENT, "domino8", "domino-8", legacy.domino8(p, salt, 5000), p)
        add(f, INDEPENDENT, "openedge", "openedge", legacy.openedge(p), p, auto=False)
        add(f, INDEPENDENT, "dahua", "dahua", legacy.dahua(p), p, auto=False)
        v = hashlib.md5(p.encode().ljust(100, b"\0")).hexdigest()
        add(f, HASHLIB, "MD5 of the password, padded to 100 bytes", "radmin2", v, p, auto=False)
        key = hashlib.sha512(hashlib.pbkdf2_hmac("sha1", p.encode(), b"admin124", 1000, 1024)).digest()
        how = "SHA-512 of PBKDF2's result"
        add(f, HASHLIB, how, "solarwinds-orion", f"$solarwinds$0$Admin${b64(key)}", p)
        key = hashlib.sha512(hashlib.pbkdf2_hmac("sha1", p.encode(), b"administrator", 1000, 1024)).digest()
        add(f, HASHLIB, how, "solarwinds-orion", b64(key), p, auto=False, user="Administrator")
        salt = bytes(range(16))
        key = hashlib.sha512(hashlib.pbkdf2_hmac("sha1", p.encode(), salt, 1000, 1024)).digest()
        add(f, HASHLIB, how, "solarwinds-orion-2", f"$solarwinds$1${b64(salt)}${b64(key)}", p)
        value = b"1234567890" + p.encode()
        for _ in range(1000):
            value = hashlib.sha256(value).digest()
        add(f, HASHLIB, "SHA-256, 1000 times", "oracle-otm", f"otm_sha256:1000:1234567890:{b64(value)}", p)
        value = hashlib.sha1(p.encode()).digest()
        add(f, HASHLIB, "SHA-1 in base64", "siebel", b64(value), p, digest("SHA-1", value), auto=False)
        websphere(f, p)
    des = {"HASHCAT": "hashcau", "Zoë": "Zoé", "x": "y"}
    for p, wrong in des.items():
        for typed in {p, p.upper()}:
            add(f, "Python's pycryptodome and cp037 codec, from the format's definition", "DES of the name", "racf",
                f"$racf$*SYS1*{racf('SYS1', typed)}", p, wrong=wrong)
        add(f, "Python's pycryptodome and cp037 codec, from the format's definition", "DES of the name", "racf",
            racf("SYS1", p.upper()), p, auto=False, wrong=wrong, user="sys1")


def racf(user, password):
    from Crypto.Cipher import DES
    key = bytes((byte ^ 0x55) << 1 & 0xFF for byte in password.ljust(8).encode("cp037"))
    return DES.new(key, DES.MODE_ECB).encrypt(user.ljust(8).encode("cp037")).hex().upper()


def websphere(file, p):
    salt = bytes(range(128))
    for algorithm, rounds in (("SHA1", 6384), ("SHA512", 5000)):
        key = hashlib.pbkdf2_hmac(algorithm.lower(), p.encode(), salt, rounds, 32)
        name = f"PBKDF2WithHmac{algorithm}".encode()
        tag = lambda number, value: bytes([number]) + len(value).to_bytes(4, "big") + value
        said = tag(0x10, name) + b"\x20" + rounds.to_bytes(4, "big") if algorithm == "SHA512" else b""
        okta = okta_pbkdf2("SHA512", rounds, salt, key) if algorithm == "SHA512" else None
        value = b"\x01" + said + tag(0x30, salt) + tag(0x40, key)
        add(file, HASHLIB, "Open Liberty's HashedData", "websphere", "{hash}" + b64(value), p, okta)


def hashcat():
    """hashcat's own examples, of modes whose scheme has code of its own or another layout."""
    names = {200: "mysql-old", 7401: "mysql-caching-sha2", 28600: "postgresql-scram", 131: "mssql-2000", 132: "mssql-2005",
             1731: "mssql-2012", 8000: "sybase-ase", 24100: "mongodb-scram-sha-1", 24200: "mongodb-scram-sha-256",
             1000: "nthash", 3000: "lmhash", 2100: "dcc2", 7700: "sap-codvn-b", 7701: "sap-codvn-b-rfc-read-table",
             7800: "sap-codvn-f", 7801: "sap-codvn-f-rfc-read-table", 10300: "sap-codvn-h", 8600: "domino-5",
             8700: "domino-6", 9100: "domino-8", 8500: "racf", 26200: "openedge", 9900: "radmin2", 24900: "dahua",
             21500: "solarwinds-orion", 21501: "solarwinds-orion-2", 20600: "oracle-otm"}
    for mode in sorted([*names, 12, 112, 300, 3100, 12300, 1100, 12800]):
        shown = subprocess.run(["hashcat", "--example-hashes", "--machine-readable", "-m", str(mode)],
                               capture_output=True, text=True).stdout
        example = json.loads(shown[shown.index("{"):])[str(mode)]
        v, p = example["example_hash"], example["example_pass"]
        okta = None
        if mode in (12, 112):
            value, salt = v.split(":")
            raw = salt.encode() if mode == 12 else bytes.fromhex(salt)
            okta = digest("MD5" if mode == 12 else "SHA-1", bytes.fromhex(value), raw, "POSTFIX")
        wrong = "X" + p[1:]
        add("hashcat-databases", HASHCAT, f"mode {mode}", f"hashcat:{mode}", v, p, okta, auto=False, wrong=wrong)


mariadb()
postgresql()
microsoft_and_oracle()
mongodb()
stores(open(sys.argv[1]))
windows(sys.argv[2] if len(sys.argv) > 2 else None)
enterprise()
hashcat()
for name, tables in files.items():
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", f"{name}.toml"), "w") as out:
        out.write("# Made by make/databases.py; do not edit.\n\n" + "\n".join(tables))
    print(name, len(tables))
