"""Digests of software that cannot be run here, written from their published definitions for these vectors alone."""

import base64
import hashlib

ITOA64 = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def sha256_crypt(password: bytes, salt: bytes, rounds: int) -> str:
    """Drepper's sha256-crypt, with a salt of any length (MySQL's has twenty bytes)."""
    def sha(*parts):
        return hashlib.sha256(b"".join(parts)).digest()

    def stretch(block, length):
        return (block * (length // 32 + 1))[:length]

    b = sha(password, salt, password)
    a, bits = password + salt + stretch(b, len(password)), len(password)
    while bits:
        a += b if bits & 1 else password
        bits >>= 1
    c = sha(a)
    p = stretch(sha(password * len(password)), len(password))
    s = stretch(sha(salt * (16 + c[0])), len(salt))
    for i in range(rounds):
        c = sha(p if i & 1 else c, s if i % 3 else b"", p if i % 7 else b"", c if i & 1 else p)
    order = [(0, 10, 20), (21, 1, 11), (12, 22, 2), (3, 13, 23), (24, 4, 14), (15, 25, 5), (6, 16, 26), (27, 7, 17),
             (18, 28, 8), (9, 19, 29)]
    out = []
    for x, y, z in order:
        number = c[x] << 16 | c[y] << 8 | c[z]
        out += [ITOA64[number >> 6 * i & 63] for i in range(4)]
    number = c[31] << 8 | c[30]
    return "".join(out + [ITOA64[number >> 6 * i & 63] for i in range(3)])


# SAP: the table of BCODE, as positions of printable characters from the space on; what is not in it is 255.
SAP_CODES = bytes.fromhex(
    "3f4041504344454b47484d4e5451534635363738393a3b3c3d3e56555c495d4a42") + bytes(range(1, 27)) + bytes.fromhex("585b59ff524c") + bytes(range(1, 27)) + bytes.fromhex("575e5a4f")
SAP_FILL = bytes.fromhex(
    "1477f3d4bb7123d003ff479355aa6691f2886b99bfcb321a19d9a7822249a251e2b733718b9f5d014470ae11ef28f00d")
SAP_PEPPER = bytes.fromhex(
    "91ac51149f67544324e73be028747bc2863313eb5a4fcb5c080a73370e5d1c2f338fe6e5f89baedd16f24b8d2ce1d4dc"
    "b0cbdf9dd4706d17f94d423f9b1b11949f5bc19b06059d039d5e138a1e9a6ae8d97c141758c72af6a199630ad7fd70c3"
    "f65e741303c90b042698f7268a929325b0a20d23ed63796d1332fa3c35029aa3b3dd8e0a24bf51c37ccd559f37af944c"
    "29085282b23b4e379f170791113bfdcd")


def sap_codes(text: str, limit: int) -> bytes:
    units = text.encode("utf-16-le")[:limit * 2]
    codes = []
    for low, high in zip(units[::2], units[1::2]):
        printable = high == 0 and 32 <= low < 127
        codes.append(SAP_CODES[low - 32] if printable else 255)
    while codes and codes[-1] == SAP_CODES[0]:
        codes.pop()
    return bytes(codes)


def sap_b(user: str, password: str) -> str:
    p, s = sap_codes(password, 8), sap_codes(user, 12)
    first = hashlib.md5(p + s).digest()
    length = 32 + sum(first[i] & 3 for i in (0, 1, 2, 3, 5))
    data, i, j = [], 0, 0
    while len(data) < length:
        if i < len(p):
            data += [SAP_FILL[47 - i]] if first[15 - i] & 1 else []
            data.append(p[i])
            i += 1
        if j < len(s):
            data.append(s[j])
            j += 1
        data += [SAP_FILL[len(data) - i - j], 0]
    second = hashlib.md5(bytes(data[:length])).digest()
    return bytes(x ^ y for x, y in zip(second, second[8:])).hex().upper()


def sap_f(user: str, password: str) -> str:
    p, s = password.encode(), user.upper().encode()
    first = hashlib.sha1(p + s).digest()
    start = sum(x % 8 for x in first[10:])
    end = start + 32 + sum(x % 6 for x in first[:10])
    return hashlib.sha1(p + SAP_PEPPER[start:end] + s).hexdigest().upper()


def sap_h(name: str, digest: str, rounds: int, salt: bytes, password: str) -> str:
    value = salt
    for _ in range(rounds):
        value = hashlib.new(digest, password.encode() + value).digest()
    return f"{{{name}, {rounds}}}" + base64.b64encode(value + salt).decode()


DOMINO_TABLE = bytes.fromhex(
    "bd56eaf2a2f1ac2ab093d19c1b33fdd03004b6dc7ddf324bf7cb459b31bb215a419fe1d94a4d9edaa0682cc3275f8036"
    "3eeefb951afecea834a913f0a63fd80c7824af2352c16717f56690e7e807b86048e61e53f392a4728c08156e860084fa"
    "f47f8a4219f6dbcd148d5012ba3c064eecb33511a1888e2b9499b77174d3e4bf3ade960ebc0aed77fc376b03798962c6"
    "d7c0d27c6a8b22a35b055d0275d561e3188f5551ad1f0b5e85e5c25763ca3d6cb4c5cc70b291590d4720c84f58e001e2"
    "1638c46f3b0f6546be7e2d7b82f940b51d73f8eb26c787972554b128aa989da5646d7ad4108144ef49d6ae2edd765c2f"
    "a71cc909699a83cf2939b9e94cff43ab"
)
DOMINO_64 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz+/"


def domino_md(message: bytes) -> bytes:
    """MD2 with another table, and without padding for whole blocks."""
    if len(message) % 16 or not message:
        rest = 16 - len(message) % 16
        message += bytes([rest]) * rest
    state, checksum, last = [0] * 16, [0] * 16, 0
    blocks = [list(message[at:at + 16]) for at in range(0, len(message), 16)]
    for block in blocks:
        for i in range(16):
            checksum[i] ^= DOMINO_TABLE[block[i] ^ last]
            last = checksum[i]
    for block in blocks + [checksum]:
        x = state + block + [a ^ b for a, b in zip(state, block)]
        t = 0
        for _ in range(18):
            for k in range(48):
                x[k] ^= DOMINO_TABLE[(t + 48 - k) % 256]
                t = x[k]
        state = x[:16]
    return bytes(state)


def domino_base64(raw: bytes) -> str:
    raw = bytearray(raw)
    raw[3] = (raw[3] + 4) % 256
    bits = "".join(f"{byte:08b}" for byte in raw)
    return "".join(DOMINO_64[int(bits[at:at + 6].ljust(6, "0"), 2)] for at in range(0, len(bits), 6))


def domino5(password: str) -> str:
    return f"({domino_md(password.encode()).hex().upper()})"


def domino6(password: str, salt: bytes) -> str:
    digest = domino_md(salt + domino5(password)[:29].encode())
    return f"(G{domino_base64(salt + digest[:10])[:19]})"


def domino8(password: str, salt: bytes, rounds: int) -> str:
    key = hashlib.pbkdf2_hmac("sha1", domino6(password, salt[:5]).encode(), salt, rounds, 8)
    return f"(H{domino_base64(salt + b'%010d' % rounds + b'02' + key)})"


def crc16(data: bytes, value: int = 0) -> int:
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (0xA001 if value & 1 else 0)
    return value


def openedge(password: str) -> str:
    scratch, value = [0] * 16, 17
    for _ in range(5):
        for at, byte in enumerate(password.encode()):
            scratch[15 - at % 16] ^= byte
        for at in range(0, 16, 2):
            value = crc16(bytes(scratch[::-1]), value)
            scratch[at], scratch[at + 1] = value % 256, value // 256
    low = [byte & 0x7F for byte in scratch]
    return "".join(chr(x) if chr(x).isalpha() else chr(97 + y // 16) for x, y in zip(low, scratch))


def dahua(password: str) -> str:
    digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    digest = hashlib.md5(password.encode()).digest()
    return "".join(digits[(x + y) % 62] for x, y in zip(digest[::2], digest[1::2]))
