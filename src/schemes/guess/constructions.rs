//! The constructions that people have built of one digest: salted, nested, keyed, iterated.

use unicode_normalization::UnicodeNormalization as _;

use super::Credential;
use super::views::View;
use crate::schemes::digest::Digest;
use crate::schemes::encoding;

/// What could have gone into a digest beside the password.
#[derive(Clone, Default)]
pub(super) struct Clues {
    /// Expressions for the salts and names, the plain ones first.
    salts: Vec<String>,
    rounds: bool,
    /// What the password may have become before it was hashed with anything else, itself first.
    passwords: Vec<String>,
}

/// Rounds that software has been seen to use.
const ROUNDS: [u32; 13] = [2, 3, 10, 20, 50, 64, 100, 500, 512, 1000, 1024, 5000, 10_000];
/// The same for PBKDF2.
const PBKDF2_ROUNDS: [u32; 26] = [
    1, 100, 1000, 1024, 2000, 2048, 4096, 5000, 8192, 10_000, 12_000, 15_000, 16_384, 20_000, 24_000, 25_000,
    27_500, 30_000, 32_768, 36_000, 50_000, 64_000, 65_536, 100_000, 120_000, 128_000,
];
/// And what has become usual since.
const PBKDF2_SLOW: [u32; 14] = [
    150_000, 180_000, 185_000, 200_000, 210_000, 216_000, 250_000, 260_000, 310_000, 320_000, 390_000,
    480_000, 600_000, 1_000_000,
];
/// What stands between a salt and a password, where anything does.
const SEPARATORS: [&str; 5] = [":", "-", "$", "_", "|"];

impl Clues {
    /// From the columns that are known.
    pub(super) fn of(credential: &Credential<'_>, password: &[u8]) -> Self {
        let passwords = changed(password);
        let mut clues = Self { rounds: credential.rounds.is_some(), passwords, ..Self::default() };
        for (name, column) in [("$salt", credential.salt), ("$salt2", credential.salt2)] {
            if let Some(column) = column.filter(|column| !column.is_empty()) {
                clues.add_salt(name, Some(column));
            }
        }
        for (name, column) in [("$user", credential.user), ("$email", credential.email)] {
            let Some(column) = column.filter(|column| !column.is_empty()) else { continue };
            clues.salts.push(name.into());
            if column.to_ascii_lowercase() != column {
                clues.salts.push(format!("lower({name})"));
            }
            clues.salts.extend([format!("upper({name})"), format!("md5({name})")]);
        }
        if credential.pepper.is_some_and(|pepper| !pepper.is_empty()) {
            clues.salts.push("$pepper".into());
        }
        clues
    }

    /// With what a layout holds; `unhex` and `unbase64` then only where an encoding was not taken off already.
    pub(super) fn with(&self, view: &View) -> Self {
        let mut clues = self.clone();
        for (name, there) in [("$salt", view.salt), ("$salt2", view.salt2)] {
            if there && !clues.salts.iter().any(|known| known == name) {
                clues.add_salt(name, None);
            }
        }
        clues.rounds |= view.rounds;
        clues
    }

    fn add_salt(&mut self, name: &str, value: Option<&[u8]>) {
        let could =
            |decodes: fn(&[u8]) -> Option<Vec<u8>>| value.is_none_or(|value| decodes(value).is_some());
        self.salts.push(name.into());
        if could(encoding::from_hex) {
            self.salts.push(format!("unhex({name})"));
        }
        if could(encoding::from_base64_any) {
            self.salts.push(format!("unbase64({name})"));
        }
        for digest in ["md5", "sha1"] {
            self.salts.push(format!("{digest}({name})"));
        }
    }
}

/// How many stages there are.
pub(super) const STAGES: usize = 5;

/// When it is tried: names, constructions of digests, then rounds, the slow ones last.
pub(super) fn stage(text: &str) -> usize {
    let slow = |rounds: &u32| text.contains(&format!(",{rounds},"));
    match text {
        text if text.starts_with("pbkdf2_") || text.starts_with("scrypt(") => {
            3 + usize::from(PBKDF2_SLOW.iter().any(slow))
        }
        text if text.starts_with("iterate(") => 2,
        text if text.contains('(') => 1,
        _ => 0,
    }
}

/// What may have been made of the password first. Of the changes that most passwords survive, those that change this
/// one.
fn changed(password: &[u8]) -> Vec<String> {
    let beyond_ascii = !password.is_ascii();
    let text = std::str::from_utf8(password).ok();
    let mut texts = vec!["$pass"];
    texts.extend([
        "md5($pass)",
        "sha1($pass)",
        "sha256($pass)",
        "sha512($pass)",
        "utf16le($pass)",
        "utf16be($pass)",
        "base64($pass)",
        "md5_bin($pass)",
        "sha1_bin($pass)",
        "sha256_bin($pass)",
        "sha512_bin($pass)",
        "base64(md5_bin($pass))",
        "base64(sha1_bin($pass))",
        "base64(sha256_bin($pass))",
        "base64(sha384_bin($pass))",
        "base64(sha512_bin($pass))",
        "upper(md5($pass))",
        "upper(sha1($pass))",
        "upper(sha256($pass))",
        "md5(md5($pass))",
        "sha1(sha1($pass))",
        "sha1(md5($pass))",
        "md5(sha1($pass))",
        "sha256(md5($pass))",
        "sha256(sha256($pass))",
        "md5(utf16le($pass))",
        "sha1(utf16le($pass))",
    ]);
    for (text, changes) in [
        ("lower($pass)", password.to_ascii_lowercase() != password),
        ("upper($pass)", password.to_ascii_uppercase() != password),
        ("trim($pass)", password.trim_ascii() != password),
        ("latin1($pass)", beyond_ascii),
        ("nfc($pass)", text.is_some_and(|text| !text.nfc().eq(text.chars()))),
        ("nfkc($pass)", text.is_some_and(|text| !text.nfkc().eq(text.nfc()))),
    ] {
        if changes {
            texts.push(text);
        }
    }
    texts.into_iter().map(str::to_owned).collect()
}

/// One text out of a password and perhaps a salt.
fn joined(password: &str, clues: &Clues) -> Vec<String> {
    let mut texts = vec![password.to_owned()];
    for salt in &clues.salts {
        texts.push(format!("{password}.{salt}"));
        texts.push(format!("{salt}.{password}"));
        texts.push(format!("{salt}.{password}.{salt}"));
        texts.push(format!("{password}.{salt}.{password}"));
        texts.push(format!("{password}.'{{'.{salt}.'}}'"));
        for separator in SEPARATORS {
            texts.push(format!("{salt}.'{separator}'.{password}"));
            texts.push(format!("{password}.'{separator}'.{salt}"));
        }
    }
    for (first, second) in pairs(&clues.salts) {
        texts.push(format!("{first}.{second}.{password}"));
        texts.push(format!("{first}.{password}.{second}"));
        texts.push(format!("{password}.{first}.{second}"));
        texts.push(format!("{first}.':'.{second}.':'.{password}"));
    }
    texts
}

/// Two different salts in either order, of the plain ones.
fn pairs(salts: &[String]) -> Vec<(&String, &String)> {
    let plain = || salts.iter().filter(|salt| salt.starts_with('$') || salt.starts_with("lower"));
    let both = plain().flat_map(|first| plain().map(move |second| (first, second)));
    both.filter(|(first, second)| first != second).collect()
}

/// What may have been given to a scheme that describes itself, as its password.
pub(super) fn passwords(clues: &Clues) -> Vec<String> {
    let peppers = || clues.salts.iter().filter(|salt| salt.starts_with('$'));
    let mut texts: Vec<String> = clues.passwords.iter().skip(1).cloned().collect();
    for password in ["$pass", "md5($pass)", "sha1($pass)", "sha256($pass)"] {
        for salt in peppers() {
            texts.extend([format!("{password}.{salt}"), format!("{salt}.{password}")]);
        }
    }
    for salt in peppers() {
        for digest in ["md5", "sha1", "sha256", "sha512"] {
            texts.extend([format!("{digest}($pass.{salt})"), format!("{digest}({salt}.$pass)")]);
            for form in [format!("hmac_{digest}({salt},$pass)"), format!("hmac_{digest}($pass,{salt})")] {
                texts.push(form.clone());
                let raw = form.replacen('(', "_bin(", 1);
                texts.extend([format!("base64({raw})"), raw]);
            }
        }
        texts.push(format!("base64(hmac_sha384_bin({salt},$pass))"));
    }
    texts
}

/// Every construction whose outermost digest is this one.
pub(super) fn of(digest: Digest, clues: &Clues) -> Vec<String> {
    let outer = digest.name();
    let mut texts = Vec::new();
    let inner: Vec<String> = clues.passwords.iter().flat_map(|password| joined(password, clues)).collect();
    texts.extend(inner.iter().map(|inner| format!("{outer}({inner})")));
    texts.extend(keyed(outer, clues));
    if is_usual(digest) {
        texts.extend(nested(outer, clues));
        texts.extend(iterated(outer, clues));
    }
    texts
}

/// Those that software has been built on; of the others, deep constructions have not been seen.
fn is_usual(digest: Digest) -> bool {
    matches!(digest.name(), "md4" | "md5" | "sha1" | "sha256" | "sha384" | "sha512")
}

/// A digest of a salted digest.
fn nested(outer: &str, clues: &Clues) -> Vec<String> {
    let mut texts = Vec::new();
    for inner in ["md5", "md5_bin", "sha1", "sha1_bin", "sha256", "sha256_bin", "sha512", "sha512_bin"] {
        for salt in &clues.salts {
            for message in [format!("{salt}.$pass"), format!("$pass.{salt}"), format!("{salt}.$pass.{salt}")]
            {
                let once = format!("{inner}({message})");
                texts.push(format!("{outer}({once})"));
                texts.push(format!("{outer}({once}.{salt})"));
                texts.push(format!("{outer}({salt}.{once})"));
                texts.push(format!("{outer}({once}.$pass)"));
                texts.push(format!("{outer}({inner}({once}))"));
            }
            texts.push(format!("{outer}({salt}.{inner}({salt}.{inner}($pass)))"));
            texts.push(format!("{outer}({inner}({salt}).{inner}($pass))"));
            texts.push(format!("{outer}({inner}($pass).{inner}({salt}))"));
            texts.push(format!("{outer}({inner}({salt}).$pass)"));
        }
        texts.push(format!("{outer}({inner}({inner}({inner}($pass))))"));
    }
    texts.push(format!("{outer}(upper({outer}($pass)))"));
    texts.push(format!("{outer}($pass.{outer}($pass))"));
    texts
}

/// HMAC, with either as the key.
fn keyed(outer: &str, clues: &Clues) -> Vec<String> {
    let mut texts = Vec::new();
    for salt in &clues.salts {
        for password in ["$pass", "utf16le($pass)", "md5($pass)", "sha1($pass)", "sha256($pass)"] {
            texts.push(format!("hmac_{outer}({salt},{password})"));
            texts.push(format!("hmac_{outer}({password},{salt})"));
        }
    }
    texts
}

/// The digest of the digest, many times.
fn iterated(outer: &str, clues: &Clues) -> Vec<String> {
    let mut texts = Vec::new();
    let counts = counts(clues, &ROUNDS);
    let mut firsts = vec!["$pass".to_owned()];
    let plain = || clues.salts.iter().filter(|salt| !salt.starts_with("md5") && !salt.starts_with("sha1"));
    for salt in plain() {
        firsts.extend([format!("$pass.{salt}"), format!("{salt}.$pass")]);
        firsts.push(format!("$pass.'{{'.{salt}.'}}'"));
    }
    for count in &counts {
        for form in ["", "_bin"] {
            for first in &firsts {
                let mut nexts =
                    vec!["$_".to_owned(), "$_.$pass".into(), format!("$_.{first}"), "$pass.$_".into()];
                for salt in plain().filter(|salt| first.contains(salt.as_str())) {
                    nexts.extend([format!("$_.{salt}"), format!("{salt}.$_"), format!("$_.$pass.{salt}")]);
                }
                nexts.dedup();
                texts.extend(
                    nexts
                        .iter()
                        .map(|next| format!("iterate({count},{outer}{form}({first}),{outer}{form}({next}))")),
                );
            }
        }
    }
    texts
}

/// The rounds that the value itself tells, or else the usual ones.
fn counts(clues: &Clues, usual: &[u32]) -> Vec<String> {
    if clues.rounds { vec!["$rounds".into()] } else { usual.iter().map(u32::to_string).collect() }
}

/// Lengths of keys that software derives, in bytes.
pub(super) const KEYS: [usize; 13] = [16, 18, 20, 24, 25, 30, 32, 40, 48, 50, 64, 128, 512];

/// PBKDF2 by any HMAC, and scrypt, with a key of `len` bytes.
pub(super) fn derived(len: usize, clues: &Clues) -> Vec<String> {
    let mut texts = Vec::new();
    let counts = counts(clues, &[PBKDF2_ROUNDS.as_slice(), &PBKDF2_SLOW].concat());
    for salt in clues.salts.iter().filter(|salt| !salt.starts_with("md5") && !salt.starts_with("sha1")) {
        for hmac in ["sha1", "sha256", "sha512", "md5"] {
            texts.extend(counts.iter().map(|count| format!("pbkdf2_{hmac}($pass,{salt},{count},{len})")));
        }
        for n in [1024, 2048, 4096, 8192, 16_384, 32_768, 65_536] {
            texts.push(format!("scrypt($pass,{salt},{n},8,1,{len})"));
        }
    }
    texts
}
