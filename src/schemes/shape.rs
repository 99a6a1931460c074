//! What can be said of a value that no prefix gives away, without showing any of it.

use super::encoding;

/// Why `auto` does not read it, and what to do.
pub(in crate::schemes) fn unknown(stored: &[u8]) -> String {
    if stored.is_empty() {
        return "nothing is stored".into();
    }
    let name_it = "name the scheme, since the value does not say";
    if stored.iter().all(u8::is_ascii_hexdigit) {
        let candidates = match stored.len() {
            32 => "MD5, NTLM, MD4, LM",
            40 => "SHA-1, MySQL 4.1 without its star, RIPEMD-160",
            56 => "SHA-224, SHA3-224",
            64 => "SHA-256, SHA3-256, BLAKE2s",
            96 => "SHA-384, SHA3-384",
            128 => "SHA-512, SHA3-512, BLAKE2b, Whirlpool",
            other => return format!("{other} hex digits, of no usual digest; {name_it}"),
        };
        return format!(
            "{} hex digits: perhaps {candidates}, plain, salted or iterated; {name_it}: \
             `{}` or an expression such as `{}`",
            stored.len(),
            example(stored.len()),
            "md5($salt.$pass)"
        );
    }
    if stored.len() == 13 && stored.iter().all(|&c| encoding::crypt64_value(c).is_some()) {
        return format!(
            "13 letters and digits: perhaps traditional DES crypt(3), perhaps not; {name_it}: `des-crypt`"
        );
    }
    let kind = if stored.is_ascii() { "characters" } else { "bytes" };
    format!("{} {kind} with no known beginning; {name_it}", stored.len())
}

fn example(digits: usize) -> &'static str {
    match digits {
        40 => "sha1",
        56 => "sha224",
        64 => "sha256",
        96 => "sha384",
        128 => "sha512",
        _ => "md5",
    }
}
