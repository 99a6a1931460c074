"""Writes first inputs for the fuzzers from the vectors: python3 fuzz/seeds.py, then cargo fuzz run, then cargo fuzz cmin."""

import base64
import hashlib
import json
import pathlib
import subprocess
import tomllib

here = pathlib.Path(__file__).parent
corpus = here / "corpus"


def write(target: str, data: bytes) -> None:
    folder = corpus / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / hashlib.sha1(data).hexdigest()).write_bytes(data)


seen = set()
for path in sorted((here.parent / "tests" / "vectors").glob("*.toml")):
    for vector in tomllib.loads(path.read_text())["vector"]:
        scheme, kind = vector["scheme"], vector.get("expect", "verified")
        if (scheme, kind) in seen:
            continue
        seen.add((scheme, kind))
        if "(" in scheme:
            write("expression", scheme.encode())
        elif kind == "verified" and not scheme.startswith("hashcat:"):
            write("identify", f"{scheme}\n{vector['stored']}".encode())

for text in (
    "md5($pass)", "sha1($salt.sha1($salt.sha1($pass)))", "iterate(1000,md5($pass.$salt),md5($_.$pass))",
    "pbkdf2_sha256($pass,unhex($salt),$rounds,32)", "hmac_sha512_bin($pepper,$pass)", "bcrypt(md5($pass))",
    "auto($pass.$pepper)", "sha512_bin(utf16le($pass).'{'.$salt.'}')", "md5($pass", "md5($pass))", "md5($_)",
    "substr(md5($pass),0,16)", "scrypt($pass,$salt,1024,8,1,32)", "lower(upper(trim($pass)))", "md5('it''s'.$pass)",
    "md5($pass.$salt) in '{digest}:{salt}'", "md5($pass) in '{rounds}${digest}'", "hashcat:2611", "bcrpt", "",
):
    write("expression", text.encode())

for layout, stored in (
    ("{digest}:{salt}", "28f9975808ae2bdc5847b1cda26033ea:308"), ("{salt}:{digest}", "a:b:28f9975808ae2bdc5847b1cda26033ea"),
    ("$X${salt}${digest}", "$X$salt$28f9975808ae2bdc5847b1cda26033ea"), ("{digest:32}{salt}", "28f9975808ae2bdc5847b1cda26033ea308"),
    ("hex({salt:2}{digest:16})", "616228f9975808ae2bdc5847b1cda26033ea"), ("base64({digest:16}{salt})", "KPmXWAiuK9xYR7HNomAz6jMwOA=="),
    ("{x-issha, {rounds}}b64url({digest}{salt:3})", "{x-issha, 1024}KPmXWAiuK9xYR7HNomAz6jMwOA"), ("({digest};{user}", "("),
    ("{digest}{salt}", ""), ("{digest:0}", ""), ("{digest}:{digest}", ""), ("b64({email}", ""), ("{rounds}:{digest}", "01:x"),
):
    write("layout", f"{layout}\n{stored}".encode())


def part(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def signed(head: dict, claims: dict) -> bytes:
    text = f"{part(json.dumps(head).encode())}.{part(json.dumps(claims).encode())}".encode()
    key = here.parent / "tests" / "keys" / "rfc7515-a2.pkcs8.pem"
    made = subprocess.run(["openssl", "dgst", "-sha256", "-sign", key], input=text, capture_output=True, check=True)
    return text + b"." + part(made.stdout).encode()


HEAD = {"alg": "RS256", "kid": "a2"}
CLAIMS = {
    "iss": "https://example.okta.com/oauth2/default", "aud": "api://default", "exp": 1800000300, "iat": 1799999990,
    "nbf": 1799999990, "cid": "0oa1", "scp": ["other", "keyferry"],
}
for change in (
    {}, {"aud": ["x", "api://default"]}, {"aud": []}, {"exp": 1}, {"exp": -1.5}, {"exp": 1e300}, {"exp": "1"}, {"nbf": 1e300},
    {"scp": []}, {"scp": "keyferry"}, {"scp": None, "scope": "a keyferry b"}, {"cid": None}, {"iss": None}, {"iat": 2**64},
    {"extra": {"a": [1, {"b": None}]}}, {"cid": "\U0001f600"}, {"iss": "\u0000"}, {"scp": ["keyferry"] * 50},
):
    claims = {name: value for name, value in (CLAIMS | change).items() if value is not None}
    write("token", signed(HEAD, claims))
    write("token", json.dumps(claims).encode())
for head in (
    {"alg": "none", "kid": "a2"}, {"alg": "HS256", "kid": "a2"}, {"alg": "RS256"}, {"alg": "RS256", "kid": "a2", "crit": []},
    {"alg": "RS256", "kid": "a2", "typ": "at+jwt"}, {"alg": "RS256", "kid": "b"}, {"alg": "RS256", "kid": "a" * 300}, {"alg": 7}, {},
):
    write("token", signed(head, CLAIMS))
for text in (
    "", ".", "..", "...", "a.b.c", "e30.e30.", "{}", "[]", "null", '{"keys":[]}', '{"keys":[{}]}', '{"exp":1,"exp":2}', '{"aud":7}',
    '{"keys":[{"kty":"RSA","kid":"a","n":"' + "w" * 342 + '","e":"AQAB"}]}', '{"keys":[{"kty":"EC","kid":"a","crv":"P-256"}]}',
    '{"keys":[{"kty":"RSA","kid":"a","use":"enc","n":"w","e":"A"}]}', '{"keys":' + "[" * 130, '{"keys":[' + "{}," * 33 + "{}]}",
):
    write("token", text.encode())
