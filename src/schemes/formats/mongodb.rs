//! `MongoDB`'s SCRAM credentials: the document in `system.users`, and hashcat's text of it.
//!
//! SCRAM-SHA-1 has the user's name in what is digested; SCRAM-SHA-256 has not.

use std::borrow::Cow;

use serde::Deserialize;

use crate::schemes::construction::{Reading, Refusal};
use crate::schemes::digest::Digest;
use crate::schemes::registry::{Entry, Example, Reader};
use crate::schemes::{Credential, Limits, encoding};
use crate::secret::Secret;

use super::scram::{Prepared, SCRAM, Scram};

pub(super) const ENTRIES: &[Entry] = &[
    Entry {
        name: "mongodb",
        aliases: &["mongodb-credentials"],
        software: "MongoDB (credentials in system.users, as JSON)",
        layout: "{\"SCRAM-SHA-256\":{\"iterationCount\":<rounds>,\"salt\":…,\"storedKey\":…,\"serverKey\":…}}; \
                 SCRAM-SHA-1 needs the user",
        example: Example::of(
            "{\"SCRAM-SHA-256\":{\"iterationCount\":15000,\"salt\":\"qYaA1K1ZZSSpWfY+yqShlcTn0XVcrNipxiYCLQ==\",\"storedKey\":\"XujIunD1Rty2bl5nslT30/VFBptp204fyqHUFEEIgII=\",\"serverKey\":\"QWVry9aTS/JW+y5CWCBr8lcEH9Kr/D4je60ncooPer8=\"}}",
            "hashcat",
        ),
        prefixes: &["{\"SCRAM-SHA-"],
        bare: true,
        reader: Reader::Format(document),
        ..SCRAM
    },
    Entry {
        name: "mongodb-scram-sha-1",
        hashcat: &[24100],
        software: "MongoDB, in hashcat's notation",
        layout: "$mongodb-scram$*0*base64({user})*<rounds>*base64({salt})*base64(<ServerKey:20>)",
        example: Example::of(
            "$mongodb-scram$*0*dXNlcg==*10000*4p+f1tKpK18hQqrVr0UGOw==*Jv9lrpUQ2bVg2ZkXvRm2rppsqNw=",
            "hashcat",
        ),
        prefixes: &["$mongodb-scram$*0*"],
        reader: Reader::Format(|credential, limits| hashcat(credential, limits, Digest::Sha1)),
        ..SCRAM
    },
    Entry {
        name: "mongodb-scram-sha-256",
        hashcat: &[24200],
        software: "MongoDB, in hashcat's notation",
        layout: "$mongodb-scram$*1*base64({user})*<rounds>*base64({salt})*base64(<ServerKey:32>)",
        example: Example::of(
            "$mongodb-scram$*1*dXNlcg==*15000*qYaA1K1ZZSSpWfY+yqShlcTn0XVcrNipxiYCLQ==*QWVry9aTS/JW+y5CWCBr8lcEH9Kr/D4je60ncooPer8=",
            "hashcat",
        ),
        prefixes: &["$mongodb-scram$*1*"],
        reader: Reader::Format(|credential, limits| hashcat(credential, limits, Digest::Sha256)),
        ..SCRAM
    },
];

/// `credentials` of a user.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document<'a> {
    #[serde(rename = "SCRAM-SHA-1", borrow)]
    sha1: Option<Keys<'a>>,
    #[serde(rename = "SCRAM-SHA-256", borrow)]
    sha256: Option<Keys<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Keys<'a> {
    iteration_count: u32,
    #[serde(borrow)]
    salt: Cow<'a, str>,
    #[serde(borrow)]
    stored_key: Cow<'a, str>,
    #[serde(borrow)]
    server_key: Cow<'a, str>,
}

/// The stronger of what the document holds; both are of one password.
fn document(credential: &Credential<'_>, limits: &Limits) -> Reading {
    let wrong = || {
        Refusal::unreadable(
            "expected {\"SCRAM-SHA-256\": {\"iterationCount\": …, \"salt\": …, \"storedKey\": …, \"serverKey\": …}}",
        )
    };
    let whole = credential.stored.starts_with(b"{") && credential.stored.ends_with(b"}");
    let document: Option<Document<'_>> = serde_json::from_slice(credential.stored).ok().filter(|_| whole);
    let (keys, digest) = match document.ok_or_else(wrong)? {
        Document { sha256: Some(keys), .. } => (keys, Digest::Sha256),
        Document { sha1: Some(keys), .. } => (keys, Digest::Sha1),
        Document { .. } => return Err(wrong()),
    };
    let user = || {
        credential.user.ok_or_else(|| {
            Refusal::unreadable("MongoDB's SCRAM-SHA-1 needs the user's name, and this row has none")
        })
    };
    let base64 = |text: &str| encoding::from_base64(text.as_bytes()).ok_or_else(wrong);
    Scram {
        digest,
        rounds: keys.iteration_count,
        salt: base64(&keys.salt)?,
        stored_key: Some(Secret::new(base64(&keys.stored_key)?)),
        server_key: Some(Secret::new(base64(&keys.server_key)?)),
        password: match digest {
            Digest::Sha1 => Prepared::Mongo { user: user()?.to_owned() },
            _ => Prepared::Sasl,
        },
    }
    .checked(limits)
}

/// `$mongodb-scram$*0*user*rounds*salt*ServerKey`
fn hashcat(credential: &Credential<'_>, limits: &Limits, digest: Digest) -> Reading {
    let wrong = || {
        Refusal::unreadable(
            "expected $mongodb-scram$*<0 or 1>*<user>*<rounds>*<salt>*<ServerKey>, all but rounds in base64",
        )
    };
    let mut fields = credential.stored.split(|&byte| byte == b'*').skip(2);
    let mut field = || fields.next().ok_or_else(wrong);
    let (user, rounds, salt, server_key) = (field()?, field()?, field()?, field()?);
    if field().is_ok() {
        return Err(wrong());
    }
    let base64 = |text| encoding::from_base64(text).ok_or_else(wrong);
    let user = String::from_utf8(base64(user)?).map_err(|_| wrong())?;
    Scram {
        digest,
        rounds: encoding::decimal(rounds).ok_or_else(wrong)?,
        salt: base64(salt)?,
        stored_key: None,
        server_key: Some(Secret::new(base64(server_key)?)),
        password: match digest {
            Digest::Sha1 => Prepared::Mongo { user },
            _ => Prepared::Sasl,
        },
    }
    .checked(limits)
}
