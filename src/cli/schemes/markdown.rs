//! `docs/SCHEMES.md`, written from the registry.

use std::fmt::Write;

use crate::schemes::{Entry, digests, entries, functions};

const HEAD: &str = "\
<!-- Made by `keyferry schemes --markdown`; do not edit. -->
# Password schemes

`scheme` in `keyferry.toml`, `--scheme` on the command line: `auto`, a name from these tables, one of its other names,
`hashcat:N`, or an expression; a list is tried in order.

Okta: *hook* means that Okta cannot import such values, so that their users sign in through keyferry once. Whatever is
imported is checked against Okta's limits first (bcrypt up to cost 20, PBKDF2 from 4096 rounds).
";

/// The whole document.
pub(super) fn document() -> String {
    let mut text = HEAD.to_owned();
    text.push_str("\n## Recognised by `auto`\n\n");
    table(&mut text, "layout", |entry| entry.auto().then_some(entry.layout));
    text.push_str("\n## Named outright\n\nThese do not say of themselves what they are, or others begin alike and mean something different.\n\n");
    table(&mut text, "layout", |entry| {
        (!entry.auto() && entry.expression().is_none()).then_some(entry.layout)
    });
    text.push_str(
        "\n## Bare digests\n\nThe stored value is the digest, in hex of either case, in base64, or as raw bytes (but never \
         printable\ncharacters: those are something else); the salt is a column of its own, or follows the digest \
         after a colon.\n\n",
    );
    table(&mut text, "expression", Entry::expression);
    expressions(&mut text);
    text.push_str("\n## Worked examples\n\n| scheme | stored value | password |\n|---|---|---|\n");
    for entry in entries() {
        let _ = writeln!(
            text,
            "| `{}` | `{}` | `{}` |",
            entry.name,
            cell(entry.example.stored),
            cell(entry.example.password)
        );
    }
    text
}

fn table(text: &mut String, column: &str, shown: impl Fn(&Entry) -> Option<&'static str>) {
    let _ =
        writeln!(text, "| scheme | also | hashcat | {column} | Okta | made by |\n|---|---|---|---|---|---|");
    for entry in entries() {
        let Some(shown) = shown(entry) else { continue };
        let also: Vec<_> = entry.aliases.iter().map(|alias| format!("`{alias}`")).collect();
        let _ = writeln!(
            text,
            "| `{}` | {} | {} | `{}` | {} | {} |",
            entry.name,
            also.join(" "),
            super::modes(entry),
            cell(shown),
            cell(entry.okta),
            cell(entry.software)
        );
    }
}

fn expressions(text: &mut String) {
    text.push_str(
        "\n## Expressions\n\nA construction of one's own is written in hashcat's notation: `md5(md5($pass).$salt)`. \
         Parts are put one after another\nwith `.`; a text stands in single quotes, a quote inside it is doubled. \
         Variables: `$pass $salt $salt2 $user $email $pepper`.\nWhere rounds are taken, `$rounds` may stand for those \
         of the stored value, if its layout has them:\n\
         `pbkdf2_sha256($pass,$salt,$rounds,32) in '{rounds}:{salt}:{digest}'`.\n\n\
         Digests give lower-case hex; with `_bin` behind the name, raw bytes. A digest outermost, or a part of one, is \
         read as hex of\neither case, as base64 or as it is. Outermost, any scheme that `auto` recognises may take \
         what is computed as its password:\n`bcrypt(md5($pass))`, `auto($pass.$pepper)`, and \
         `sha512_crypt(md5($pass))`, with `_` for `-`. `keyferry schemes explain EXPR`\nshows what an expression \
         means.\n\n",
    );
    for function in functions() {
        let _ = writeln!(text, "- `{function}`");
    }
    let _ = writeln!(text, "\nDigests: `{}`.", digests().join("` `"));
    text.push_str(
        "`gost94` has the standard's test parameters, as hashcat's mode 6900 and PHP's `gost`; `gost94_cryptopro` is \
         PHP's `gost-crypto`.\nhashcat writes Streebog last byte first: `reverse(streebog_256_bin($pass))`.\n\n\
         `lower` and `upper` change ASCII letters only. `substr` counts bytes from 0, as PHP's does. `trim` takes off \
         what PHP's does:\nspace, tab, line feed, carriage return, NUL and vertical tab. `latin1` writes `?` for what \
         ISO 8859-1 has not, as PHP, Java and\n.NET do. What is not UTF-8 counts as U+FFFD where characters are \
         meant. `unhex` and `unbase64` work on what the store holds.\n`iterate` gives `first`, then `next` again and \
         again, in which `$_` is the round before: so many results in all.\n",
    );
}

/// A bar would end the cell.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}
