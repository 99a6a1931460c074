//! Windows: the NT and LM hashes of SAM and Active Directory (and Samba), what a workstation caches of a domain's
//! users, and what Azure AD Connect sends.
//!
//! The LM hash folds case and cuts the password in two halves of seven; where a store has both, the NT hash decides.

use zeroize::Zeroizing;

use crate::schemes::construction::{Reading, Refusal};
use crate::schemes::digest::Digest;
use crate::schemes::registry::{self, Entry, Example, Reader};
use crate::schemes::{Credential, Limits, encoding};

use super::charset;
use super::computed::computed;
use super::named::{digest_and_user, is_name, row_user};
use super::single_des::{BLOCK_NANOS, KEY_NANOS, encrypt};

pub(super) const ENTRIES: &[Entry] = &[
    Entry {
        name: "nthash",
        aliases: &["ntlm", "nt", "nt-hash"],
        hashcat: &[1000],
        software: "Windows (SAM, Active Directory), Samba, FreeRADIUS",
        layout: "{digest}",
        okta: "hook: Okta has no MD4",
        example: Example::of("b4b9b02e6f09a9bd760f388b67351e2b", "hashcat"),
        reader: Reader::Expression("md4(utf16le($pass))"),
        ..Entry::BLANK
    },
    Entry {
        name: "lmhash",
        aliases: &["lm", "lm-hash"],
        hashcat: &[3000],
        software: "Windows before Vista, Samba; of at most 14 characters of code page 850",
        layout: "hex({digest:16}), or hex({digest:8}) as hashcat writes one half",
        okta: "hook: DES",
        example: Example::of("299bd128c1101fd6", "HASHCAT"),
        reader: Reader::Format(lm),
        ..Entry::BLANK
    },
    Entry {
        name: "pwdump",
        aliases: &["smbpasswd", "lm-nt"],
        software: "pwdump, secretsdump, Samba's smbpasswd; the NT hash is verified",
        layout: "[<name>:<number>:]<LM hash:32>:<NT hash:32>, then ::: or Samba's [flags]:LCT-<8 hex digits>:",
        okta: "hook: Okta has no MD4",
        example: Example::of(
            "admin:500:aad3b435b51404eeaad3b435b51404ee:b4b9b02e6f09a9bd760f388b67351e2b:::",
            "hashcat",
        ),
        reader: Reader::Format(pwdump),
        ..Entry::BLANK
    },
    Entry {
        name: "dcc",
        aliases: &["msdcc", "mscash", "mscache"],
        hashcat: &[1100],
        software: "Windows 2000 to Server 2003 (domain cached credentials); needs the user",
        layout: "hex({digest:16}), hex({digest:16}):{user}",
        okta: "hook: Okta has no MD4",
        example: Example::of("c896b3c6963e03c86ade3a38370bbb09:54161084332", "hashcat"),
        reader: Reader::Format(dcc),
        ..Entry::BLANK
    },
    Entry {
        name: "dcc2",
        aliases: &["msdcc2", "mscash2", "mscache2"],
        hashcat: &[2100],
        software: "Windows Vista and later (domain cached credentials)",
        layout: "$DCC2$<rounds>#{user}#hex({digest:16}), or hex({digest:16}) with 10240 rounds",
        okta: "hook: PBKDF2 of an MD4",
        example: Example::of("$DCC2$10240#6848#e2829c8af2232fa53797e2f0e35e4626", "hashcat"),
        prefixes: &["$DCC2$"],
        bare: true,
        reader: Reader::Format(dcc2),
        ..Entry::BLANK
    },
    Entry {
        name: "azure-ad-connect",
        aliases: &["pph1-md4"],
        hashcat: &[12800],
        software: "Azure AD Connect (password hash synchronisation)",
        layout: "v1;PPH1_MD4,hex({salt}),{rounds},{digest};",
        hashcat_layout: "v1;PPH1_MD4,hex({salt}),{rounds},{digest}",
        okta: "hook: PBKDF2 of an MD4",
        example: Example::of(
            "v1;PPH1_MD4,54188415275183448824,100,55b530f052a9af79a7ba9c466dddcb8b116f8babf6c3873a51a3898fb008e123;",
            "hashcat",
        ),
        prefixes: &["v1;PPH1_MD4,"],
        reader: Reader::Expression("pbkdf2_sha256(utf16le(upper(md4(utf16le($pass)))),$salt,$rounds,32)"),
        ..Entry::BLANK
    },
];

/// What LM makes of no characters at all.
const EMPTY_HALF: [u8; 8] = [0xaa, 0xd3, 0xb4, 0x35, 0xb5, 0x14, 0x04, 0xee];

/// Both halves, or the first alone. Fourteen characters in upper case, each half of which is a key.
fn lm(credential: &Credential<'_>, _: &Limits) -> Reading {
    let expected = encoding::from_hex(credential.stored).filter(|bytes| matches!(bytes.len(), 8 | 16));
    let expected =
        expected.ok_or_else(|| Refusal::unreadable("expected 32 hex digits, or 16 of one half"))?;
    if expected.starts_with(&EMPTY_HALF) {
        return Err(Refusal::unreadable(
            "this is the LM hash of no password, which Windows writes where it keeps no LM hash",
        ));
    }
    let halves = expected.len() / 8;
    let nanos = halves as u64 * (KEY_NANOS + BLOCK_NANOS);
    Ok(computed("LM", expected, nanos, String::new(), move |password| {
        let mut text = charset::upper_cp850(password)?;
        // Of a longer one Windows keeps no LM hash, and of a half alone nobody knows what came behind it.
        if text.len() > halves * 7 {
            return None;
        }
        text.resize(14, 0);
        let keys = text.chunks(7).take(halves).map(lm_key);
        Some(Zeroizing::new(keys.flat_map(|key| encrypt(*key, *b"KGS!@#$%")).collect()))
    }))
}

/// Seven bytes spread over eight, with the parity bit of each left free.
fn lm_key(half: &[u8]) -> Zeroizing<[u8; 8]> {
    let bits = half.iter().fold(0_u64, |bits, &byte| (bits << 8) | u64::from(byte));
    let mut key = Zeroizing::new([0; 8]);
    for (byte, at) in key.iter_mut().zip((0..8).rev()) {
        let [.., low] = (bits >> (at * 7)).to_be_bytes();
        *byte = low << 1;
    }
    key
}

/// A line of pwdump or smbpasswd, or `lm:nt`.
fn pwdump(credential: &Credential<'_>, limits: &Limits) -> Reading {
    let wrong = || {
        Refusal::unreadable(
            "expected <LM hash>:<NT hash>, or <name>:<number>:<LM hash>:<NT hash>::: or as in smbpasswd",
        )
    };
    let seven = super::fields::<7>(credential.stored, b':');
    let (lm, nt) = match seven.unwrap_or_default() {
        _ if seven.is_none() => {
            let [lm, nt] = super::fields(credential.stored, b':').ok_or_else(wrong)?;
            (lm, nt)
        }
        [name, number, lm, nt, b"", b"", b""] if is_name(name) && encoding::decimal(number).is_some() => {
            (lm, nt)
        }
        [name, number, lm, nt, [b'[', flags @ .., b']'], changed, b""]
            if is_name(name)
                && encoding::decimal(number).is_some()
                && flags.len() == 11
                && changed.len() == 12
                && changed.strip_prefix(b"LCT-").is_some_and(|time| encoding::from_hex(time).is_some()) =>
        {
            (lm, nt)
        }
        _ => return Err(wrong()),
    };
    let placeholder = |hash: &[u8]| {
        hash.len() == 32
            && (hash.iter().all(|&byte| matches!(byte, b'X' | b'*')) || hash.starts_with(b"NO PASSWORD"))
    };
    let hash = |text: &[u8]| encoding::from_hex(text).is_some_and(|bytes| bytes.len() == 16);
    if placeholder(nt) {
        return Err(Refusal::unreadable("the account has no NT hash"));
    }
    if !hash(nt) || !(hash(lm) || placeholder(lm)) {
        return Err(wrong());
    }
    registry::named("nthash").ok_or_else(wrong)?.read(&Credential { stored: nt, ..*credential }, limits)
}

/// MD4 of the NT hash and the name.
fn dcc(credential: &Credential<'_>, _: &Limits) -> Reading {
    let (expected, user) = digest_and_user(credential, b':', 16)?;
    let user = folded(user)?;
    Ok(computed("DCC", expected, 300, String::new(), move |password| cached(password, &user)))
}

/// PBKDF2 of the former.
fn dcc2(credential: &Credential<'_>, limits: &Limits) -> Reading {
    let wrong = || Refusal::unreadable("expected $DCC2$<rounds>#<user>#<32 hex digits>, or the digits alone");
    let text = std::str::from_utf8(credential.stored).map_err(|_| wrong())?;
    let (rounds, user, digest) = match text.strip_prefix("$DCC2$") {
        None => (10240, row_user(credential)?, text),
        Some(rest) => {
            let (rounds, rest) = rest.split_once('#').ok_or_else(wrong)?;
            let (user, digest) = rest.rsplit_once('#').ok_or_else(wrong)?;
            let rounds = encoding::decimal(rounds.as_bytes()).filter(|&rounds| rounds > 0);
            (rounds.ok_or_else(wrong)?, user, digest)
        }
    };
    let expected =
        encoding::from_hex(digest.as_bytes()).filter(|digest| digest.len() == 16).ok_or_else(wrong)?;
    limits.rounds(u64::from(rounds))?;
    let user = folded(user)?;
    let nanos = Digest::Sha1.pbkdf2_nanos(u64::from(rounds));
    Ok(computed("DCC2", expected, nanos, format!("{rounds} rounds"), move |password| {
        Some(Digest::Sha1.pbkdf2(&cached(password, &user)?, &user, rounds, 16))
    }))
}

fn cached(password: &[u8], user: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let nt = Digest::Md4.of(&[&charset::utf16le(password)?]);
    Some(Digest::Md4.of(&[&nt, user]))
}

/// The name in lower case and UTF-16.
fn folded(user: &str) -> Result<Zeroizing<Vec<u8>>, Refusal> {
    let name = charset::utf16le(charset::lower_simple(user).as_bytes());
    name.ok_or_else(|| Refusal::unreadable("the user's name is not UTF-8"))
}

#[cfg(test)]
mod tests {
    use crate::schemes::{Credential, Limits, Scratch, Selection, Verdict};

    /// LM of "HASHCAT" is hashcat's example; that of nothing stands behind it.
    #[test]
    fn lm_takes_no_more_characters_than_the_value_has_halves_for() {
        for (stored, password, verdict) in [
            ("299bd128c1101fd6", "hashcat", Verdict::Match),
            ("299bd128c1101fd6", "hashcats", Verdict::Mismatch),
            ("299bd128c1101fd6aad3b435b51404ee", "hashcat", Verdict::Match),
            ("299bd128c1101fd6299bd128c1101fd6", "hashcathashcat", Verdict::Match),
            ("299bd128c1101fd6299bd128c1101fd6", "hashcathashcat!", Verdict::Mismatch),
        ] {
            let credential = Credential { stored: stored.as_bytes(), ..Credential::default() };
            let hash = Selection::parse("lmhash").unwrap().read(&credential, &Limits::default()).unwrap();
            assert_eq!(hash.verify(password.as_bytes(), &mut Scratch::default()), verdict, "{password}");
        }
    }
}
