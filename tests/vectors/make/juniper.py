"""Writes ../juniper.toml: Juniper IVE's values, computed from their definition with OpenSSL's command alone.

The definition is checked against hashcat's example first. Needs openssl 1.1 or later.
"""

import base64
import hashlib
import subprocess

from passwords import PASSWORDS, near_miss, table

KEY = "a6707a7e8df91059dea70ae52f9c2442"
EXAMPLE = ("3u+UR6n8AgABAAAAHxxdXKmiOmUoqKnZlf8lTOhlPYy93EAkbPfs5+49YLFd/B1+omSKbW7DoqNM40/EeVnwJ8kYoXv9zy9D5C5m5A==",
           "hashcat")


def openssl(*arguments, given=b""):
    return subprocess.run(["openssl", *arguments], input=given, capture_output=True, check=True).stdout


def aes(direction, iv, text):
    return openssl("enc", direction, "-aes-128-cbc", "-K", KEY, "-iv", iv.hex() + "00000000", "-nopad", given=text)


def md5_crypt(password):
    return openssl("passwd", "-1", "-salt", "danastre", "-stdin", given=password.encode() + b"\n").strip()


def main():
    raw = base64.b64decode(EXAMPLE[0])
    assert aes("-d", raw[:12], raw[12:]).startswith(md5_crypt(EXAMPLE[1]) + b"\0")
    tables = []
    for what, password in PASSWORDS:
        iv = hashlib.sha256(what.encode()).digest()[:12]
        text = md5_crypt(password).ljust(64, b"\0")
        tables.append(table("vector", {
            "source": "computed from the definition, OpenSSL 3.0",
            "how": f"openssl passwd -1 -salt danastre, then openssl enc -aes-128-cbc: {what}",
            "scheme": "juniper-ive", "auto": False,
            "stored": base64.b64encode(iv + aes("-e", iv, text)).decode(),
            "password": password, "wrong": near_miss(password),
        }))
    with open("../juniper.toml", "w", encoding="utf-8") as file:
        file.write("# Written by make/juniper.py.\n\n" + "\n".join(tables))


main()
