//! Character sets in which older software digests a password: Okta sends UTF-8, and these are what it was before.
//!
//! A character that a set does not have gives nothing: the software could not have stored such a password.

use zeroize::Zeroizing;

/// UTF-16, little end first. What is not UTF-8 is in no set.
pub(super) fn utf16le(text: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let text = std::str::from_utf8(text).ok()?;
    Some(collected(text.len() * 2, text.encode_utf16().flat_map(u16::to_le_bytes)))
}

/// UTF-16, big end first.
pub(super) fn utf16be(text: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let text = std::str::from_utf8(text).ok()?;
    Some(collected(text.len() * 2, text.encode_utf16().flat_map(u16::to_be_bytes)))
}

/// Bytes in one piece of memory: what grows leaves copies behind.
fn collected(capacity: usize, bytes: impl Iterator<Item = u8>) -> Zeroizing<Vec<u8>> {
    let mut collected = Zeroizing::new(Vec::with_capacity(capacity));
    collected.extend(bytes);
    collected
}

/// Upper case as Windows has it: one character for one, and itself where Unicode would write two.
pub(super) fn upper_simple(text: &str) -> Zeroizing<String> {
    let mut capitals = Zeroizing::new(String::with_capacity(text.len() * 2));
    capitals.extend(text.chars().map(upper));
    capitals
}

/// Lower case, likewise.
pub(super) fn lower_simple(text: &str) -> String {
    let one = |character: char| {
        let mut lower = character.to_lowercase();
        lower.next().filter(|_| lower.next().is_none()).unwrap_or(character)
    };
    text.chars().map(one).collect()
}

fn upper(character: char) -> char {
    let mut upper = character.to_uppercase();
    upper.next().filter(|_| upper.next().is_none()).unwrap_or(character)
}

/// Upper case in code page 850, that of Western Europe under DOS and in Samba.
pub(super) fn upper_cp850(text: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let text = std::str::from_utf8(text).ok()?;
    // A letter whose capital the page lacks (ÿ) stays as it is.
    let byte = |character: char| cp850(upper(character)).or_else(|| cp850(character));
    let all = text.chars().all(|character| byte(character).is_some());
    all.then(|| collected(text.len().max(14), text.chars().filter_map(byte)))
}

fn cp850(character: char) -> Option<u8> {
    if character.is_ascii() {
        return u8::try_from(character).ok();
    }
    CP850.chars().zip(0x80..=0xff).find(|(known, _)| *known == character).map(|(_, byte)| byte)
}

/// EBCDIC, code page 37, which has all of Latin-1.
pub(super) fn ebcdic(text: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let text = std::str::from_utf8(text).ok()?;
    let byte = |character: char| EBCDIC.get(usize::from(u8::try_from(character).ok()?)).copied();
    let all = text.chars().all(|character| byte(character).is_some());
    all.then(|| collected(text.len(), text.chars().filter_map(byte)))
}

/// Code page 850 from 0x80.
const CP850: &str = "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜø£Ø×ƒáíóúñÑªº¿®¬½¼¡«»░▒▓│┤ÁÂÀ©╣║╗╝¢¥┐└┴┬├─┼ãÃ╚╔╩╦╠═╬¤ðÐÊËÈıÍÎÏ┘┌█▄¦Ì▀ÓßÔÒõÕµþÞÚÛÙýÝ¯´\u{ad}±‗¾¶§÷¸°¨·¹³²■\u{a0}";

/// Code page 37: of each character of Latin-1 its byte.
const EBCDIC: [u8; 256] = [
    0x00, 0x01, 0x02, 0x03, 0x37, 0x2d, 0x2e, 0x2f, 0x16, 0x05, 0x25, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f, 0x10,
    0x11, 0x12, 0x13, 0x3c, 0x3d, 0x32, 0x26, 0x18, 0x19, 0x3f, 0x27, 0x1c, 0x1d, 0x1e, 0x1f, 0x40, 0x5a,
    0x7f, 0x7b, 0x5b, 0x6c, 0x50, 0x7d, 0x4d, 0x5d, 0x5c, 0x4e, 0x6b, 0x60, 0x4b, 0x61, 0xf0, 0xf1, 0xf2,
    0xf3, 0xf4, 0xf5, 0xf6, 0xf7, 0xf8, 0xf9, 0x7a, 0x5e, 0x4c, 0x7e, 0x6e, 0x6f, 0x7c, 0xc1, 0xc2, 0xc3,
    0xc4, 0xc5, 0xc6, 0xc7, 0xc8, 0xc9, 0xd1, 0xd2, 0xd3, 0xd4, 0xd5, 0xd6, 0xd7, 0xd8, 0xd9, 0xe2, 0xe3,
    0xe4, 0xe5, 0xe6, 0xe7, 0xe8, 0xe9, 0xba, 0xe0, 0xbb, 0xb0, 0x6d, 0x79, 0x81, 0x82, 0x83, 0x84, 0x85,
    0x86, 0x87, 0x88, 0x89, 0x91, 0x92, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99, 0xa2, 0xa3, 0xa4, 0xa5,
    0xa6, 0xa7, 0xa8, 0xa9, 0xc0, 0x4f, 0xd0, 0xa1, 0x07, 0x20, 0x21, 0x22, 0x23, 0x24, 0x15, 0x06, 0x17,
    0x28, 0x29, 0x2a, 0x2b, 0x2c, 0x09, 0x0a, 0x1b, 0x30, 0x31, 0x1a, 0x33, 0x34, 0x35, 0x36, 0x08, 0x38,
    0x39, 0x3a, 0x3b, 0x04, 0x14, 0x3e, 0xff, 0x41, 0xaa, 0x4a, 0xb1, 0x9f, 0xb2, 0x6a, 0xb5, 0xbd, 0xb4,
    0x9a, 0x8a, 0x5f, 0xca, 0xaf, 0xbc, 0x90, 0x8f, 0xea, 0xfa, 0xbe, 0xa0, 0xb6, 0xb3, 0x9d, 0xda, 0x9b,
    0x8b, 0xb7, 0xb8, 0xb9, 0xab, 0x64, 0x65, 0x62, 0x66, 0x63, 0x67, 0x9e, 0x68, 0x74, 0x71, 0x72, 0x73,
    0x78, 0x75, 0x76, 0x77, 0xac, 0x69, 0xed, 0xee, 0xeb, 0xef, 0xec, 0xbf, 0x80, 0xfd, 0xfe, 0xfb, 0xfc,
    0xad, 0xae, 0x59, 0x44, 0x45, 0x42, 0x46, 0x43, 0x47, 0x9c, 0x48, 0x54, 0x51, 0x52, 0x53, 0x58, 0x55,
    0x56, 0x57, 0x8c, 0x49, 0xcd, 0xce, 0xcb, 0xcf, 0xcc, 0xe1, 0x70, 0xdd, 0xde, 0xdb, 0xdc, 0x8d, 0x8e,
    0xdf,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_set_has_its_own_bytes() {
        assert_eq!(utf16le("é🔑".as_bytes()).unwrap().as_slice(), [0xe9, 0, 0x3d, 0xd8, 0x11, 0xdd]);
        assert_eq!(utf16be("é".as_bytes()).unwrap().as_slice(), [0, 0xe9]);
        assert_eq!(utf16le(b"\xff"), None);
        assert_eq!(upper_cp850("azéÿß".as_bytes()).unwrap().as_slice(), [0x41, 0x5a, 0x90, 0x98, 0xe1]);
        assert_eq!(upper_cp850("п".as_bytes()), None);
        assert_eq!(ebcdic("A1 é".as_bytes()).unwrap().as_slice(), [0xc1, 0xf1, 0x40, 0x51]);
        assert_eq!(ebcdic("п".as_bytes()), None);
    }

    #[test]
    fn case_is_one_for_one() {
        assert_eq!(upper_simple("straße é").as_str(), "STRAßE É");
        assert_eq!(lower_simple("ΟΔΟΣ İ"), "οδοσ İ");
    }
}
