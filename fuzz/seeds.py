"""Writes first inputs for the fuzzers from the vectors: python3 fuzz/seeds.py, then cargo fuzz run, then cargo fuzz cmin."""

import hashlib
import pathlib
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
