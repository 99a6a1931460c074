"""Writes ../spring.toml from the output of Spring.java.

python3 spring.py passwords | java -cp CLASSES Spring | python3 spring.py > ../spring.toml
"""

import base64
import binascii
import sys

from passwords import PASSWORDS, near_miss, table

SOURCE = "Spring Security 6.5.1 (spring-security-crypto from Maven Central), Java 17"
NAMES = {
    "ldap": "spring-ldap", "bcrypt": "spring-bcrypt", "MD4": "spring-md4", "MD5": "spring-md5",
    "SHA-1": "spring-sha-1", "SHA-256": "spring-sha-256", "sha256": "spring-sha256", "noop": "plaintext",
    "pbkdf2": "spring-pbkdf2", "scrypt": "spring-scrypt", "argon2": "spring-argon2",
}


def b64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def okta(id: str, value: str):
    """Okta's object from the same parts, or None where Okta has none."""
    if id == "bcrypt":
        _, _, cost, rest = value.split("$")
        return {"algorithm": "BCRYPT", "workFactor": int(cost), "salt": rest[:22], "value": rest[22:]}
    if id == "pbkdf2@SpringSecurity_v5_8":
        raw = binascii.unhexlify(value)
        return {"algorithm": "PBKDF2", "digestAlgorithm": "SHA256_HMAC", "iterationCount": 310000,
                "keySize": 32, "salt": b64(raw[:16]), "value": b64(raw[16:])}
    if id in ("MD5", "SHA-1", "SHA-256"):
        end = value.index("}") + 1
        return {"algorithm": id, "salt": b64(value[:end].encode()), "saltOrder": "POSTFIX",
                "value": b64(binascii.unhexlify(value[end:]))}
    if id == "ldap":
        raw = base64.b64decode(value[len("{SSHA}"):])
        return {"algorithm": "SHA-1", "salt": b64(raw[20:]), "saltOrder": "POSTFIX", "value": b64(raw[:20])}
    return None


def main():
    if sys.argv[1:] == ["passwords"]:
        for _, password in PASSWORDS:
            print(b64(password.encode()))
        return
    print("# Made by make/spring.py from the output of make/Spring.java; do not edit.\n")
    for line in sys.stdin:
        id, password, stored = line.rstrip("\n").split("\t")
        password, stored = base64.b64decode(password).decode(), base64.b64decode(stored).decode()
        print(table("vector", {
            "source": SOURCE,
            "how": f'DelegatingPasswordEncoder("{id}").encode(password)',
            "scheme": NAMES[id.split("@")[0]],
            "auto": False if id == "noop" else None,
            "stored": stored,
            "password": password,
            "wrong": near_miss(password),
            "okta": okta(id, stored.split("}", 1)[1]),
        }))


main()
