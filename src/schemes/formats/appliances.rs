//! Local users of network appliances and of macOS. All but `NetScreen`'s and macOS's PBKDF2 are a salted digest in a
//! layout of their own; a beginning that other text may have by chance is no reason for `auto` to read them.

use zeroize::Zeroizing;

use super::pbkdf2::Pbkdf2;
use crate::schemes::construction::{Construction, Cost, Reading, Refusal, Scratch, Verdict};
use crate::schemes::digest::Digest;
use crate::schemes::registry::{Entry, Example, Reader};
use crate::schemes::{Credential, Limits, NotImportable, OktaHash, encoding};
use crate::secret::Secret;

pub(super) const ENTRIES: &[Entry] = &[
    Entry {
        name: "netscreen",
        hashcat: &[22],
        software: "Juniper NetScreen and SSG (ScreenOS); the user's name is $user",
        layout: "{digest:30} or {digest:30}:{user}",
        example: Example::of("nKjiFErqK7TPcZdFZsZMNWPtw4Pv8n:26506173", "hashcat"),
        okta: "MD5, PREFIX",
        reader: Reader::Format(netscreen),
        ..Entry::BLANK
    },
    Entry {
        name: "arubaos",
        hashcat: &[125],
        software: "ArubaOS",
        layout: "hex({salt:5}{digest:20})",
        example: Example::of("83377286015bcebb857b23b94331e2b316b6ecbe9fbf26c4fc", "hashcat"),
        okta: "SHA-1, PREFIX",
        reader: Reader::Expression("sha1($salt.$pass)"),
        ..Entry::BLANK
    },
    Entry {
        name: "fortigate",
        aliases: &["fortios"],
        hashcat: &[7000],
        software: "FortiGate (FortiOS)",
        layout: "AK1base64({salt:12}{digest:20})",
        example: Example::of("AK1FCIhM0IUIQVFJgcDFwLCMi7GppdwtRzMyDpFOFxdpH8=", "hashcat"),
        okta: "hook: the password stands between two salts",
        prefixes: &["AK1"],
        claims: |rest| encoding::from_base64(rest).is_some_and(|bytes| bytes.len() == 32),
        reader: Reader::Expression(
            "sha1($salt.$pass.unhex('a388ba2e424cb04a537930c13107cc3fa1329029a9815b70'))",
        ),
        ..Entry::BLANK
    },
    Entry {
        name: "fortigate256",
        aliases: &["fortios256"],
        hashcat: &[26300],
        software: "FortiGate (FortiOS)",
        layout: "SH2base64({salt:12}{digest:32})",
        example: Example::of("SH2lpcpFXM5QRlWYwY5vL9+5svfYyb+c79qENpxEoB3NtZpVxKwHjuq/9TH88U=", "hashcat"),
        okta: "hook: the password stands between two salts",
        prefixes: &["SH2"],
        claims: |rest| encoding::from_base64(rest).is_some_and(|bytes| bytes.len() == 44),
        reader: Reader::Expression(
            "sha256($salt.$pass.unhex('a388ba2e424cb04a537930c13107cc3fa1329029a9815b70'))",
        ),
        ..Entry::BLANK
    },
    Entry {
        name: "netscaler-sha1",
        hashcat: &[8100],
        software: "Citrix NetScaler",
        layout: "1{salt:8}hex({digest:20})",
        example: Example::of("1130725275da09ca13254957f2314a639818d44c37ef6d558", "hashcat"),
        okta: "hook: the password stands between two salts",
        reader: Reader::Expression("sha1($salt.$pass.unhex('00'))"),
        ..Entry::BLANK
    },
    Entry {
        name: "netscaler-sha512",
        hashcat: &[22200],
        software: "Citrix NetScaler",
        layout: "2{salt:8}hex({digest:64})",
        example: Example::of(
            "2f9282ade42ce148175dc3b4d8b5916dae5211eee49886c3f7cc768f6b9f2eb982a5ac2f2672a0223999bfd15349093278adf12f6276e8b61dacf5572b3f93d0b4fa886ce",
            "hashcat",
        ),
        okta: "hook: the password stands between two salts",
        reader: Reader::Expression("sha512($salt.$pass.unhex('00'))"),
        ..Entry::BLANK
    },
    Entry {
        name: "macos-sha1",
        hashcat: &[122],
        software: "macOS 10.4 to 10.6",
        layout: "hex({salt:4}{digest:20})",
        example: Example::of("86586886b8bd3c379d2e176243a7225e6aae969d293fe9a9", "hashcat"),
        okta: "SHA-1, PREFIX",
        reader: Reader::Expression("sha1($salt.$pass)"),
        ..Entry::BLANK
    },
    Entry {
        name: "macos-sha512",
        hashcat: &[1722],
        software: "macOS 10.7",
        layout: "hex({salt:4}{digest:64})",
        example: Example::of(
            "07543781b07e905f6f947db8ae305c248b9e12f509b41097e852e2f450e824790e677ea7397b8a9a552b1c19ecf6a6e1dd3844fa5ee5db23976962859676f7d2fb85ca94",
            "hashcat",
        ),
        okta: "SHA-512, PREFIX",
        reader: Reader::Expression("sha512($salt.$pass)"),
        ..Entry::BLANK
    },
    Entry {
        name: "macos-pbkdf2",
        hashcat: &[7100],
        software: "macOS 10.8 and later, as John the Ripper and hashcat write it",
        layout: "$ml$<rounds>$hex({salt})$hex({digest})",
        example: Example::of(
            "$ml$1024$2484380731132131624506271467162123576077004878124365203837706482$89a3a979ee186c0c837ca4551f32e951e6564c7ac6798aa35baf4427fbf6bd1d630642c12cfd5c236c7b0104782237db95e895f7c0e372cd81d58f0448daf958",
            "hashcat",
        ),
        okta: "PBKDF2 with SHA-512 from 4096 rounds; hook: fewer",
        prefixes: &["$ml$"],
        reader: Reader::Format(macos_pbkdf2),
        ..Entry::BLANK
    },
];

fn macos_pbkdf2(credential: &Credential<'_>, limits: &Limits) -> Reading {
    let wrong = || Refusal::unreadable("expected $ml$<rounds>$<salt>$<digest>, the last two in hex");
    let mut fields = credential.stored.split(|&byte| byte == b'$').skip(2);
    let mut field = || fields.next().ok_or_else(wrong);
    let (rounds, salt, key) = (field()?, field()?, field()?);
    if field().is_ok() {
        return Err(wrong());
    }
    let rounds = encoding::decimal(rounds).ok_or_else(wrong)?;
    let salt = encoding::from_hex(salt).ok_or_else(wrong)?;
    // macOS keeps 128 bytes, of which hashcat needs the first 64.
    let key = encoding::from_hex(key).filter(|key| matches!(key.len(), 64 | 128)).ok_or_else(wrong)?;
    Pbkdf2::checked(Digest::Sha512, rounds, salt, key, limits)
}

/// MD5 of name, a fixed text and password, in three characters for each two bytes, with six letters strewn in.
struct Netscreen {
    before: Vec<u8>,
    digest: Secret,
}

/// The letters and where they stand.
const STREWN: [(usize, u8); 6] = [(0, b'n'), (6, b'r'), (12, b'c'), (17, b's'), (23, b't'), (29, b'n')];
const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

fn netscreen(credential: &Credential<'_>, limits: &Limits) -> Reading {
    let wrong =
        || Refusal::unreadable("expected 30 characters with n, r, c, s, t and n in their places, and a user");
    let (text, rest) = credential.stored.split_at_checked(30).ok_or_else(wrong)?;
    let user = match rest {
        [] => credential.user.map(str::as_bytes).ok_or_else(wrong)?,
        [b':', user @ ..]
            if !user.is_empty() && user.is_ascii() && !user.iter().any(u8::is_ascii_control) =>
        {
            user
        }
        _ => return Err(wrong()),
    };
    limits.salt(user.len())?;
    if STREWN.iter().any(|&(at, letter)| text.get(at) != Some(&letter)) {
        return Err(wrong());
    }
    let places = text.iter().enumerate().filter(|(at, _)| STREWN.iter().all(|(strewn, _)| strewn != at));
    let values: Option<Vec<u32>> = places.map(|(_, character)| value(*character)).collect();
    let mut digest = Vec::with_capacity(16);
    for group in values.ok_or_else(wrong)?.chunks(3) {
        let bits = group.iter().fold(0, |bits, value| (bits << 6) | value);
        digest.extend(u16::try_from(bits).map_err(|_| wrong())?.to_be_bytes());
    }
    let before = [user, b":Administration Tools:"].concat();
    Ok(Box::new(Netscreen { before, digest: Secret::new(digest) }))
}

fn value(character: u8) -> Option<u32> {
    BASE64.iter().position(|&known| known == character).and_then(|at| u32::try_from(at).ok())
}

impl Construction for Netscreen {
    fn verify(&self, password: &[u8], _: &mut Scratch) -> Verdict {
        let digest: Zeroizing<Vec<u8>> = Digest::Md5.of(&[&self.before, password]);
        Verdict::of(self.digest.matches(&digest))
    }

    fn cost(&self) -> Cost {
        Cost::nanos(Digest::Md5.nanos(self.before.len() as u64 + 16))
    }

    fn okta(&self) -> Result<OktaHash, NotImportable> {
        OktaHash::digest(
            Digest::Md5,
            self.digest.expose(),
            Some((crate::schemes::SaltOrder::Prefix, &self.before)),
        )
    }

    fn parameters(&self) -> String {
        String::new()
    }
}
