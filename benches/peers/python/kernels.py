"""Verifies passwords as Python applications do, and says what CPU time it took; kernels.c describes the lines it speaks."""

import hashlib
import hmac
import sys
import time
from importlib.metadata import version


def pbkdf2(digest):
    def verify(stored, password):
        rounds, salt, key = stored.split(":")
        made = hashlib.pbkdf2_hmac(digest, password.encode(), salt.encode(), int(rounds), len(key) // 2)
        return hmac.compare_digest(bytes.fromhex(key), made)

    return verify


def scrypt(stored, password):
    log_n, r, p, salt, key = stored.split(":")
    made = hashlib.scrypt(
        password.encode(), salt=salt.encode(), n=1 << int(log_n), r=int(r), p=int(p), maxmem=256 << 20, dklen=len(key) // 2
    )
    return hmac.compare_digest(bytes.fromhex(key), made)


python = ".".join(map(str, sys.version_info[:3]))
offers = {
    ("Python", "pbkdf2-sha256"): (pbkdf2("sha256"), python),
    ("Python", "pbkdf2-sha512"): (pbkdf2("sha512"), python),
    ("Python", "pbkdf2-sha1"): (pbkdf2("sha1"), python),
    ("Python", "scrypt"): (scrypt, python),
}
try:
    import bcrypt

    offers["Python-bcrypt", "bcrypt"] = (lambda stored, password: bcrypt.checkpw(password.encode(), stored.encode())), version("bcrypt")
except ImportError:
    pass
try:
    import argon2

    hasher = argon2.PasswordHasher()
    offers["argon2-cffi", "argon2"] = hasher.verify, version("argon2-cffi")
except ImportError:
    pass
try:
    from passlib.hash import phpass

    offers["passlib", "phpass"] = (lambda stored, password: phpass.verify(password, stored)), version("passlib")
except ImportError:
    pass

for (peer, kind), (_, of) in offers.items():
    print("offers", peer, kind, of)
print("ready", flush=True)
for line in sys.stdin:
    peer, kind, count, stored, password = line.split()
    verify, _ = offers[peer, kind]
    before = time.process_time()
    verified = all(verify(stored, password) for _ in range(int(count)))
    took = (time.process_time() - before) / int(count)
    print(f"ok {took * 1e6:.3f}" if verified else "error not verified", flush=True)
