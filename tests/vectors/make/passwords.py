"""The passwords that every generator uses: what has broken password code before."""

PASSWORDS = [
    ("ascii", "correct horse battery staple"),
    ("non-ascii", "e\u0301te\u0301 Müller пароль 密码 \U0001f511"),
    ("separators", "a$b:c{d}e\\f;g\"h'i,j%k"),
    ("80 bytes", "0123456789" * 8),
    ("one character", "x"),
]


def near_miss(password: str) -> str:
    """The password with its last character changed; within bcrypt's 72 bytes where it is longer."""
    at = min(len(password), 40) - 1
    return password[:at] + ("y" if password[at] != "y" else "z") + password[at + 1:]


def quote(text: str) -> str:
    out = ['"']
    for character in text:
        code = ord(character)
        if character in '"\\':
            out.append("\\" + character)
        elif code < 32 or code == 127 or 0x300 <= code < 0x370:
            out.append(f"\\u{code:04x}")
        else:
            out.append(character)
    return "".join(out) + '"'


def table(name: str, entries: dict) -> str:
    lines = [f"[[{name}]]"]
    for key, value in entries.items():
        if value is None:
            continue
        if isinstance(value, dict):
            inner = ", ".join(
                f"{k} = {v if isinstance(v, int) else quote(v)}" for k, v in value.items()
            )
            lines.append(f"{key} = {{ {inner} }}")
        elif isinstance(value, bool):
            lines.append(f"{key} = {str(value).lower()}")
        else:
            lines.append(f"{key} = {quote(value)}")
    return "\n".join(lines) + "\n"
