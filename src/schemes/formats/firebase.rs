//! Firebase's variant of scrypt: the key that scrypt makes encrypts the project's signer key (AES-256 in counter mode
//! from zero), and the result is the password's hash.
//!
//! `firebase auth:export` gives hash and salt; the four parameters of the project are shown in its console. `GoTrue`
//! (Supabase) and Ory Kratos have dresses of their own for such values.

use aes::Aes256;
use ctr::Ctr128BE;
use ctr::cipher::{KeyIvInit, StreamCipher};
use zeroize::Zeroizing;

use super::pbkdf2::MIN_KEY;
use super::scrypt::Setting;
use crate::schemes::construction::{Construction, Cost, Reading, Refusal, Scratch, Verdict};
use crate::schemes::registry::{Entry, Example, Reader};
use crate::schemes::{Credential, Limits, NotImportable, OktaHash, encoding};
use crate::secret::Secret;

pub(super) const ENTRIES: &[Entry] = &[
    Entry {
        name: "firebase-scrypt",
        aliases: &["firebase", "scrypt-firebase"],
        software: "Firebase Authentication, Google Cloud Identity Platform; in one text, Clerk",
        layout: "passwordHash; salt; pepper <signer key>:<salt separator>:<rounds>:<memory cost>, \
                 or <hash>$<salt>$<signer key>$<salt separator>$<rounds>$<memory cost>",
        example: Example::of(
            "lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ==$42xEC+ixf3L2lw==$jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA==$Bw==$8$14",
            "user1password",
        ),
        reader: Reader::Format(firebase),
        ..FIREBASE
    },
    Entry {
        name: "gotrue-fbscrypt",
        aliases: &["supabase-fbscrypt", "fbscrypt"],
        software: "Supabase's GoTrue",
        layout: "$fbscrypt$v=1,n=<memory cost>,r=<rounds>,p=1,ss=<salt separator>,sk=<signer key>$<salt>$<hash>",
        example: Example::of(
            "$fbscrypt$v=1,n=14,r=8,p=1,ss=Bw==,sk=ou9tdYTGyYm8kuR6Dt0Bp0kDuAYoXrK16mbZO4yGwAn3oLspjnN0/c41v8xZnO1n14J3MjKj1b2g6AUCAlFwMw==$C0sHCg9ek77hsg==$zKVTMvnWVw5BBOZNUdnsalx4c4c7y/w7IS5p6Ut2+CfEFFlz37J9huyQfov4iizN8dbjvEJlM5tQaJP84+hfTw==",
            "mytestpassword",
        ),
        prefixes: &["$fbscrypt$"],
        reader: Reader::Format(gotrue),
        ..FIREBASE
    },
    Entry {
        name: "kratos-firescrypt",
        aliases: &["firescrypt"],
        software: "Ory Kratos",
        layout: "$firescrypt$ln=<memory cost>,r=<rounds>,p=1$<salt>$<hash>$<salt separator>$<signer key>",
        example: Example::of(
            "$firescrypt$ln=14,r=8,p=1$sPtDhWcd1MfdAw==$xbSou7FOl6mChCyzpCPIQ7tku7nsQMTFtyOZSXXd7tjBa4NtimOx7v42Gv2SfzPQu1oxM2/k4SsbOu73wlKe1A==$Bw==$YE0dO4bwD4JnJafh6lZZfkp1MtKzuKAXQcDCJNJNyeCHairWHKENOkbh3dzwaCdizzOspwr/FITUVlnOAwPKyw==",
            "8x4WjoDbSxJZdR",
        ),
        prefixes: &["$firescrypt$"],
        reader: Reader::Format(kratos),
        ..FIREBASE
    },
];

const FIREBASE: Entry = Entry { okta: "hook: Okta has no scrypt", ..Entry::BLANK };

/// Bytes of AES-256's key.
const KEY: usize = 32;

struct Firebase {
    setting: Setting,
    /// The salt and the separator behind it.
    salt: Vec<u8>,
    signer_key: Secret,
    digest: Secret,
}

/// What a value consists of, each part in base64.
struct Parts<'a> {
    digest: &'a [u8],
    salt: &'a [u8],
    signer_key: &'a [u8],
    separator: &'a [u8],
    /// Memory cost, rounds and parallelization: scrypt's log2 N, r and p.
    numbers: [u32; 3],
}

/// Hash and salt have columns, and the project's parameters are the pepper; or all are in one text.
fn firebase(credential: &Credential<'_>, limits: &Limits) -> Reading {
    let wrong = || {
        Refusal::unreadable(
            "expected hash and salt, and a pepper <signer key>:<salt separator>:<rounds>:<memory cost>; \
             or all six in one text, with $ between them",
        )
    };
    let fields: Vec<&[u8]> = credential.stored.split(|&byte| byte == b'$').collect();
    let parameters: Vec<&[u8]>;
    let (digest, salt, [signer_key, separator, rounds, memory]) = match *fields.as_slice() {
        [digest, salt, signer_key, separator, rounds, memory] => {
            (digest, salt, [signer_key, separator, rounds, memory])
        }
        [digest] => {
            let (salt, pepper) = credential.salt.zip(credential.pepper).ok_or_else(wrong)?;
            parameters = pepper.split(|&byte| byte == b':').collect();
            (digest, salt, parameters.try_into().map_err(|_| wrong())?)
        }
        _ => return Err(wrong()),
    };
    let numbers = encoding::decimal(memory).zip(encoding::decimal(rounds));
    let (memory, rounds) = numbers.ok_or_else(wrong)?;
    Parts { digest, salt, signer_key, separator, numbers: [memory, rounds, 1] }.read(limits)
}

fn gotrue(credential: &Credential<'_>, limits: &Limits) -> Reading {
    let wrong =
        || Refusal::unreadable("expected $fbscrypt$v=1,n=<n>,r=<r>,p=<p>,ss=<text>,sk=<text>$<salt>$<hash>");
    let fields: Vec<&[u8]> = credential.stored.split(|&byte| byte == b'$').collect();
    let &[b"", b"fbscrypt", parameters, salt, digest] = fields.as_slice() else {
        return Err(wrong());
    };
    let parameters: Vec<&[u8]> = parameters.split(|&byte| byte == b',').collect();
    let &[b"v=1", n, r, p, separator, signer_key] = parameters.as_slice() else {
        return Err(wrong());
    };
    let numbers = numbers([(n, b"n="), (r, b"r="), (p, b"p=")]).ok_or_else(wrong)?;
    let texts = separator.strip_prefix(b"ss=").zip(signer_key.strip_prefix(b"sk="));
    let (separator, signer_key) = texts.ok_or_else(wrong)?;
    Parts { digest, salt, signer_key, separator, numbers }.read(limits)
}

fn kratos(credential: &Credential<'_>, limits: &Limits) -> Reading {
    let wrong = || {
        Refusal::unreadable("expected $firescrypt$ln=<n>,r=<r>,p=<p>$<salt>$<hash>$<separator>$<signer key>")
    };
    let fields: Vec<&[u8]> = credential.stored.split(|&byte| byte == b'$').collect();
    let &[b"", b"firescrypt", parameters, salt, digest, separator, signer_key] = fields.as_slice() else {
        return Err(wrong());
    };
    let parameters: Vec<&[u8]> = parameters.split(|&byte| byte == b',').collect();
    let &[n, r, p] = parameters.as_slice() else {
        return Err(wrong());
    };
    let numbers = numbers([(n, b"ln="), (r, b"r="), (p, b"p=")]).ok_or_else(wrong)?;
    Parts { digest, salt, signer_key, separator, numbers }.read(limits)
}

fn numbers(fields: [(&[u8], &[u8]); 3]) -> Option<[u32; 3]> {
    let [n, r, p] = fields.map(|(field, name)| field.strip_prefix(name).and_then(encoding::decimal));
    Some([n?, r?, p?])
}

impl Parts<'_> {
    fn read(&self, limits: &Limits) -> Reading {
        let decoded = |what: &str, text: &[u8]| {
            base64(text).ok_or_else(|| Refusal::unreadable(format!("the {what} is not base64 with padding")))
        };
        let digest = decoded("hash", self.digest)?;
        let signer_key = decoded("signer key", self.signer_key)?;
        if digest.len() < MIN_KEY || digest.len() != signer_key.len() {
            return Err(Refusal::unreadable(format!(
                "hash and signer key must be equally long, of {MIN_KEY} bytes or more"
            )));
        }
        let salt = [decoded("salt", self.salt)?, decoded("salt separator", self.separator)?].concat();
        limits.salt(salt.len())?;
        let [log_n, r, p] = self.numbers;
        let setting = Setting::checked(log_n, r, p, limits)?;
        Ok(Box::new(Firebase {
            setting,
            salt,
            signer_key: Secret::new(signer_key),
            digest: Secret::new(digest),
        }))
    }
}

/// Base64 with padding, in either of RFC 4648's alphabets: Firebase's interfaces write the one for URLs, its command
/// line the usual one.
fn base64(text: &[u8]) -> Option<Vec<u8>> {
    if !text.iter().any(|byte| matches!(byte, b'-' | b'_')) {
        return encoding::from_base64(text);
    }
    let usual = text.iter().map(|byte| match byte {
        b'-' => Some(b'+'),
        b'_' => Some(b'/'),
        b'+' | b'/' => None, // both alphabets at once
        other => Some(*other),
    });
    encoding::from_base64(&usual.collect::<Option<Vec<u8>>>()?)
}

impl Construction for Firebase {
    fn verify(&self, password: &[u8], scratch: &mut Scratch) -> Verdict {
        let mut key = Zeroizing::new([0; KEY]);
        self.setting.derive(password, &self.salt, scratch, key.as_mut_slice());
        let mut digest = Zeroizing::new(self.signer_key.expose().to_vec());
        Ctr128BE::<Aes256>::new(&(*key).into(), &[0; 16].into()).apply_keystream(&mut digest);
        Verdict::of(self.digest.matches(&digest))
    }

    fn cost(&self) -> Cost {
        self.setting.cost()
    }

    fn okta(&self) -> Result<OktaHash, NotImportable> {
        Err(NotImportable("Firebase's scrypt is not among Okta's algorithms".into()))
    }

    fn parameters(&self) -> String {
        self.setting.parameters()
    }
}
