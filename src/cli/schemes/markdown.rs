//! `docs/SCHEMES.md`, written from the registry.

use std::fmt::Write;

use crate::schemes::{Entry, LEFT_OUT, digests, entries, functions};

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
    table(&mut text, Entry::auto);
    text.push_str(
        "\n## Named outright\n\nThese do not say of themselves what they are, or others begin alike and mean \
         something different.\n\n",
    );
    table(&mut text, |entry| !entry.auto() && !is_digest(entry));
    text.push_str(
        "\n## Bare digests\n\nThe stored value is the digest, in hex of either case, in base64, or as raw bytes (but never \
         printable\ncharacters: those are something else). A salt is a column of its own, or follows the digest as \
         the layout says.\n\n",
    );
    table(&mut text, is_digest);
    expressions(&mut text);
    hashcat(&mut text);
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

/// Whether it is known by its construction alone.
fn is_digest(entry: &Entry) -> bool {
    !entry.auto() && entry.expression().is_some()
}

fn table(text: &mut String, shown: impl Fn(&Entry) -> bool) {
    text.push_str(
        "| scheme | also | hashcat | layout | Okta | takes | made by |\n|---|---|---|---|---|---|---|\n",
    );
    for entry in entries().iter().filter(|entry| shown(entry)) {
        let also: Vec<_> = entry.aliases.iter().map(|alias| format!("`{alias}`")).collect();
        let layout = match entry.expression() {
            Some(expression) => format!("`{}` of `{}`", cell(entry.layout), cell(expression)),
            None => format!("`{}`", cell(entry.layout)),
        };
        let _ = writeln!(
            text,
            "| `{}` | {} | {} | {layout} | {} | {} | {} |",
            entry.name,
            also.join(" "),
            super::modes(entry),
            cell(entry.okta),
            super::time(entry),
            cell(entry.software)
        );
    }
}

fn expressions(text: &mut String) {
    text.push_str(
        "\n## Expressions\n\nA construction of one's own is written in hashcat's notation: `md5(md5($pass).$salt)`. \
         Parts are put one after another\nwith `.`; a text stands in single quotes, a quote inside it is doubled. \
         Variables: `$pass $salt $salt2 $user $email $pepper`.\n\
         Digests give lower-case hex; with `_bin` behind the name, raw bytes. A digest outermost, or a part of one, is \
         read as hex of\neither case, as base64 or as it is. Outermost, any scheme that `auto` recognises may take \
         what is computed as its password:\n`bcrypt(md5($pass))`, `auto($pass.$pepper)`, and \
         `sha512_crypt(md5($pass))`, with `_` for `-`. `keyferry schemes explain EXPR`\nshows what an expression \
         means, and `keyferry guess` finds one from a known password.\n\nWhere salt, rounds or digest share a column, \
         a layout says where they sit: `sha1($salt.$pass) in '{salt}${digest}'`,\n`md5($pass.$salt) in \
         'base64({digest:16}{salt})'`. In braces stand the parts `digest salt salt2 user email rounds`, each\nperhaps \
         with its width: in bytes inside `hex() base64() b64() b64url()` (the last two without padding), in \
         characters\nelsewhere. All else stands there as it is. Where rounds are taken, `$rounds` may stand for those \
         of the layout:\n`pbkdf2_sha256($pass,$salt,$rounds,32) in '{rounds}:{salt}:{digest}'`.\n\nFunctions:\n\n",
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

/// hashcat's modes by number, and those that are left out.
fn hashcat(text: &mut String) {
    text.push_str(
        "\n## hashcat's modes\n\n`hashcat:N` reads a value as hashcat 6.2.6 writes it, which is not always as the software \
         does. hashcat takes `$HEX[…]` in\npasswords only; here it is read in salts and names too.\n\n\
         | mode | scheme | made as | Okta |\n|---|---|---|---|\n",
    );
    let mut modes: Vec<_> =
        entries().iter().flat_map(|entry| entry.hashcat.iter().map(move |mode| (mode, entry))).collect();
    modes.sort_by_key(|(mode, _)| **mode);
    for (mode, entry) in modes {
        let layout = if entry.hashcat_layout.is_empty() { entry.layout } else { entry.hashcat_layout };
        let made = match entry.expression() {
            Some(expression) => format!("`{}` in `{}`", cell(expression), cell(layout)),
            None => format!("`{}`", cell(layout)),
        };
        let _ = writeln!(text, "| {mode} | `{}` | {made} | {} |", entry.name, cell(entry.okta));
    }
    text.push_str(
        "\nOf hashcat's raw hashes, key derivations, and hashes of forums, servers, operating systems, databases and \
         other software\nthese are left out, since nobody signs in with them:\n\n| mode | what it is |\n|---|---|\n",
    );
    for (mode, why) in LEFT_OUT {
        let _ = writeln!(text, "| {mode} | {} |", cell(why));
    }
}

/// A bar would end the cell.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}
