//! Text encodings of digests and salts: hex, base64 and its relatives, each strict: one text for one value, no
//! white space, no bits or characters left over.

use base64::Engine as _;
use base64::alphabet::{Alphabet, BCRYPT, CRYPT as CRYPT_ALPHABET, STANDARD, URL_SAFE};
use base64::engine::general_purpose::{GeneralPurpose, NO_PAD, PAD};

const PADDED: GeneralPurpose = GeneralPurpose::new(&STANDARD, PAD);
const UNPADDED: GeneralPurpose = GeneralPurpose::new(&STANDARD, NO_PAD);
const URL_PADDED: GeneralPurpose = GeneralPurpose::new(&URL_SAFE, PAD);
const URL_UNPADDED: GeneralPurpose = GeneralPurpose::new(&URL_SAFE, NO_PAD);
const RADIX64: GeneralPurpose = GeneralPurpose::new(&BCRYPT, NO_PAD);
const RADIX64_LAX: GeneralPurpose =
    GeneralPurpose::new(&BCRYPT, NO_PAD.with_decode_allow_trailing_bits(true));
/// Standard base64 with `.` for `+`, as passlib's authors thought fit.
const ADAPTED: GeneralPurpose = GeneralPurpose::new(
    match &Alphabet::new("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789./") {
        Ok(alphabet) => alphabet,
        Err(_) => &STANDARD,
    },
    NO_PAD,
);
/// crypt(3)'s alphabet with the highest six bits first, as DES-crypt and Cisco write it.
const CRYPT_HIGH_FIRST: GeneralPurpose = GeneralPurpose::new(&CRYPT_ALPHABET, NO_PAD);
/// crypt(3)'s alphabet, whose groups are written lowest six bits first.
const CRYPT: &[u8; 64] = b"./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Of each byte the value in [`CRYPT`]; 64 and more where it has none.
const CRYPT_VALUES: [u8; 256] = values(CRYPT);
/// Likewise in bcrypt's alphabet.
const RADIX64_VALUES: [u8; 256] = values(b"./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789");

#[expect(
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "within 256 and 64, when compiling"
)]
const fn values(alphabet: &[u8; 64]) -> [u8; 256] {
    let mut values = [u8::MAX; 256];
    let mut at = 0;
    while at < 64 {
        values[alphabet[at] as usize] = at as u8;
        at += 1;
    }
    values
}

/// Hexadecimal digits, upper or lower case.
pub fn from_hex(text: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = vec![0; text.len() / 2];
    // Which allocates once, where `hex::decode` lets its result grow.
    hex::decode_to_slice(text, &mut bytes).ok()?;
    Some(bytes)
}

/// Base64 of RFC 4648, with its padding.
pub fn from_base64(text: &[u8]) -> Option<Vec<u8>> {
    PADDED.decode(text).ok()
}

/// Base64 of RFC 4648, with its padding, into memory that is there; gives how much was written, unless it is too short.
pub fn from_base64_slice(text: &[u8], into: &mut [u8]) -> Option<usize> {
    PADDED.decode_slice(text, into).ok()
}

/// Base64 of RFC 4648, with or without its padding.
pub fn from_base64_any(text: &[u8]) -> Option<Vec<u8>> {
    from_base64(text).or_else(|| from_base64_unpadded(text))
}

/// Base64 without padding: the "B64" of PHC strings.
pub fn from_base64_unpadded(text: &[u8]) -> Option<Vec<u8>> {
    UNPADDED.decode(text).ok()
}

/// Base64 with the alphabet for URLs, with its padding.
pub fn from_base64url(text: &[u8]) -> Option<Vec<u8>> {
    URL_PADDED.decode(text).ok()
}

/// Base64 with the alphabet for URLs, without padding.
pub fn from_base64url_unpadded(text: &[u8]) -> Option<Vec<u8>> {
    URL_UNPADDED.decode(text).ok()
}

/// passlib's adapted base64: `.` for `+`, no padding.
pub fn from_adapted_base64(text: &[u8]) -> Option<Vec<u8>> {
    ADAPTED.decode(text).ok()
}

/// bcrypt's radix-64.
pub fn from_radix64(text: &[u8]) -> Option<Vec<u8>> {
    RADIX64.decode(text).ok()
}

/// bcrypt's radix-64, whatever the spare bits of the last character are: some software filled them at random,
/// and none reads them.
pub fn from_radix64_lax(text: &[u8]) -> Option<Vec<u8>> {
    RADIX64_LAX.decode(text).ok()
}

/// Likewise, of the 16 bytes of a salt.
pub fn from_radix64_lax_salt(text: &[u8]) -> Option<[u8; 16]> {
    let mut bytes = [0; 18]; // whole groups of three
    let len = RADIX64_LAX.decode_slice(text, &mut bytes).ok()?;
    bytes.first_chunk().copied().filter(|salt: &[u8; 16]| salt.len() == len)
}

/// bcrypt's radix-64, the spare bits of the last character being zero.
pub fn to_radix64(bytes: &[u8]) -> String {
    RADIX64.encode(bytes)
}

/// crypt(3)'s base64 of bytes, three to four characters with the lowest six bits first; the spare bits of the last
/// character must be zero.
pub fn from_crypt64(text: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    for group in text.chunks(4) {
        let mut bits = 0;
        for (&character, at) in group.iter().zip(0u32..) {
            bits |= crypt64_value(character)? << (6 * at);
        }
        let whole = group.len() * 6 / 8;
        let spare = bits.checked_shr(u32::try_from(whole * 8).ok()?).unwrap_or(0);
        if whole == 0 || spare != 0 {
            return None;
        }
        bytes.extend(bits.to_le_bytes().get(..whole)?);
    }
    Some(bytes)
}

/// Base64 in crypt(3)'s alphabet with the highest six bits first, the spare bits of the last character being zero.
pub fn from_crypt64_high_first(text: &[u8]) -> Option<Vec<u8>> {
    CRYPT_HIGH_FIRST.decode(text).ok()
}

/// Base64 of RFC 4648, with padding.
pub fn to_base64(bytes: &[u8]) -> String {
    PADDED.encode(bytes)
}

/// Likewise, into memory that is there; gives how much was written, which is nothing where it is too short.
pub fn to_base64_slice(bytes: &[u8], into: &mut [u8]) -> usize {
    PADDED.encode_slice(bytes, into).unwrap_or(0)
}

/// Lower-case hexadecimal digits.
pub fn to_hex(bytes: &[u8]) -> String {
    hex::encode(bytes)
}

/// Appends the lowest `characters` groups of six bits of `bits`, lowest first, as crypt(3) writes them.
pub fn push_crypt64(text: &mut Vec<u8>, mut bits: u32, characters: usize) {
    for _ in 0..characters {
        text.extend(CRYPT.get((bits & 63) as usize));
        bits >>= 6;
    }
}

/// Value of one character of crypt(3)'s alphabet.
pub fn crypt64_value(character: u8) -> Option<u32> {
    CRYPT_VALUES.get(usize::from(character)).filter(|value| **value < 64).map(|value| u32::from(*value))
}

/// Value of one character of bcrypt's radix-64.
pub fn radix64_value(character: u8) -> Option<u8> {
    RADIX64_VALUES.get(usize::from(character)).copied().filter(|value| *value < 64)
}

/// A decimal number without sign, leading zeros or white space.
pub fn decimal(text: &[u8]) -> Option<u32> {
    match text {
        [b'0'] => Some(0),
        [b'1'..=b'9', ..] if text.iter().all(u8::is_ascii_digit) => {
            std::str::from_utf8(text).ok()?.parse().ok()
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_leaves_nothing_over() {
        assert_eq!(from_base64(b"YWI=").as_deref(), Some(&b"ab"[..]));
        assert_eq!(from_base64(b"YWI"), None, "padding missing");
        assert_eq!(from_base64(b"YWJ="), None, "a spare bit is set");
        assert_eq!(from_base64(b"YWI=\n"), None, "white space");
        assert_eq!(from_base64_unpadded(b"YWI=").as_deref(), None, "padding");
        assert_eq!(from_base64_any(b"YWI").as_deref(), Some(&b"ab"[..]));
    }

    #[test]
    fn relatives_of_base64_have_their_own_alphabets() {
        assert_eq!(from_adapted_base64(b"./..").as_deref(), Some(&[0xfb, 0xff, 0xbe][..]));
        assert_eq!(from_adapted_base64(b"+/.."), None);
        assert_eq!(from_radix64(b"..").as_deref(), Some(&[0][..]));
        assert_eq!(from_radix64(b"./"), None, "a spare bit is set");
        assert_eq!(from_radix64_lax(b"./").as_deref(), Some(&[0][..]));
    }

    #[test]
    fn crypt_writes_the_lowest_bits_first() {
        let mut text = Vec::new();
        push_crypt64(&mut text, 0b000_010_000_001, 2);
        assert_eq!(text, b"/0");
        assert_eq!(crypt64_value(b'z'), Some(63));
        assert_eq!(crypt64_value(b'$'), None);
        assert_eq!(from_crypt64(b"/2"), None, "a spare bit is set");
        assert_eq!(from_crypt64(b"/.").as_deref(), Some(&[1][..]));
        assert_eq!(from_crypt64(b"/0..1..").as_deref(), Some(&[0x81, 0, 0, 3, 0][..]));
        assert_eq!(from_crypt64(b"/"), None, "less than a byte");
        assert_eq!(from_crypt64(b"/...0"), None, "less than a byte at the end");
        assert_eq!(from_crypt64_high_first(b"/.").as_deref(), Some(&[4][..]));
    }

    #[test]
    fn numbers_have_one_form() {
        assert_eq!(decimal(b"4294967295"), Some(u32::MAX));
        for bad in [&b""[..], b"4294967296", b"+1", b"01", b" 1", b"1 ", b"-1", b"1_0"] {
            assert_eq!(decimal(bad), None);
        }
    }
}
