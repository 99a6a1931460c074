//! Frameworks of Node.js: Meteor, passport-local-mongoose, `AdonisJS` with its PHC strings, npm's password-hash.

use crate::schemes::construction::{Reading, Refusal};
use crate::schemes::digest::Digest;
use crate::schemes::registry::{Entry, Example, Reader};
use crate::schemes::{Credential, Limits, encoding};

use super::bcrypt;
use super::by_digest::ByDigest;
use super::scrypt::Scrypt;

pub(super) const ENTRIES: &[Entry] = &[
    Entry {
        name: "meteor",
        aliases: &["laminas-bcrypt-sha", "flask-bcrypt-long"],
        software: "Meteor; Laminas' BcryptSha; Flask-Bcrypt with BCRYPT_HANDLE_LONG_PASSWORDS",
        layout: "{digest}",
        okta: "hook: bcrypt of the SHA-256 in hex, which Okta cannot do",
        example: Example::of(
            "$2b$04$64unH8LtTg4wYvT1FVede.9PtlMfdtDm3tzAxtH4aMM/8tOzNEQ.G",
            "correct horse battery staple",
        ),
        reader: Reader::Expression("bcrypt(sha256($pass))"),
        ..Entry::BLANK
    },
    Entry {
        name: "passport-local-mongoose",
        software: "passport-local-mongoose from 4.0",
        layout: "{digest}:{salt}",
        okta: "PBKDF2",
        example: Example::of(
            "121a76b52e8a26c7a9b38c30044d6e0b0c6678419a1cbc3c33f94d80a286439712d3b0923a5e5ac8f0d2ff00f11ba0fc10b0366c9b9d3429f8069da0f14823fbe247d398ccc7c3b5257f4df6148c2afdd5d37f90256df401c17a6b0012bf16c11956d0298d20abb2d405b7c6f260eaf7ebba7c6d8477227801db4cec4a3fc8c44e7b089f8cec8d2479543de8c6d8e2c344cf336ab2102e2e495f3d4e6b9d2a5ae8f9de707d0354968c48de5c58348175ecd7c856e930bd727242ac60b723d59cf558ec338b8337661d0b2eec0daaaf49cdbf0374ecb153f5a63ad4c700d9218acbd51818e140d4006f6ddaa859b22b1ca8549d1013d69928aa542020c362a3f12cc0038d4d50856e303b530e75d15cb5004bdbd8c482759b6370bec15e3ebd8ff43a04e407fd7dae2cc757f2864606a5d67d20375dc96603dd24c57df6c5ab30876fde924228048133ef484d64702e4db6d4c2bafe016903729d4de7a94695e1c7ac31ada5b31de8dbff1a08a630af10a5f8f50a95015aa40cba46a818f46b9a78c9013ad19c841e113b036bf28128bfb7708041c1297ca81a447a05c9dba45877c4ef020c6dd84582abb2d05213fe785032fa050747e99a2c25fabc139ef22c8ff8cd2988e89c5ebd80c033bc32c0922b179eed7c77a4802d71d9601e008b965d6232eb250d1484fd4eae26fb0f543fd6cce27f52fd267516dbf4cc6220b43b:cd117b3534de5b259d1a7a3c442065a676c7930b6bb71e08d1283628a2110d88",
            "correct horse battery staple",
        ),
        reader: Reader::Expression("pbkdf2_sha256($pass,$salt,25000,512)"),
        ..Entry::BLANK
    },
    Entry {
        name: "passport-local-mongoose-sha1",
        software: "passport-local-mongoose before 4.0",
        layout: "{digest}:{salt}",
        okta: "hook: Okta's PBKDF2 has no SHA-1",
        example: Example::of(
            "1e19d6205dbf8eef5fc73fba1c009623811f0b445e0143ace7280b8f94b0369f02db5f397f12fa0875ad79400c5acbdb13857042367cbf84358e0e6b47c21002194c9d845ddaf8bf4023d72421e8fb1c92a859abf914cfbe2a07cd2146f35b63c3a3b6a96d9fc0517b4455c38c22bdd4341bcf9c526cb082c4830967605e90dfdbc47d83b48657c64b4ad001f5e72649511950e3753ae86e889fe7925603955dc4c9c572fa35edec9a36116092d6f05f92348c98fde1640bd534d4a92e01710eb140c7bf87adb0423c69cd03b131b24933b38c35e7c205575fb77c314b8a965e81f1e25ecf6719952483b68342385cd4a863dfa729f1c52d7ac0b946b500ffdea0cd0cddbd813933eaa501ac37b6573487e5f57b1e45e35212abd007676d745dfdc3c84165d4bf5acba5224a584039ec94c721a8bf591cb2ba0c90d1baae3cd4c220e6ee278dc702233b338db3726ed6f2f4a645eaaab4ae1fa7d9ae52560ab38cbc35c4517a17c9ceaf135b09bbd22bea77fb864a116528e5473057e171f32c1245389a90ab027e5a333449b2c2dc60c9cb3b5138e999764e1e17de6cd6c9b7eb21e340d32da9990bac685dea40f57dda5b8cc657760d04fa9003393d07e3b090fbccc60728e5e711384f5d09f69feb3b49cdeba2187621ea0804a9a6dcb330d46aa03989239e7d6928652ef97d4c9a1b5fbb40f614c2a8825aaec8f685dda0:0df926e9dd58d1f6359b9f336528894e34d13a675d09905aee648d08e0304d8e",
            "correct horse battery staple",
        ),
        reader: Reader::Expression("pbkdf2_sha1($pass,$salt,25000,512)"),
        ..Entry::BLANK
    },
    Entry {
        name: "adonis-scrypt",
        software: "AdonisJS, @phc/scrypt of old",
        layout: "$scrypt$n=<N>,r=<r>,p=<p>$<salt>$<digest>",
        okta: "hook: Okta has no scrypt",
        example: Example::of(
            "$scrypt$n=1024,r=8,p=1$WiW2ujfDMAJZ+7XkHm0Ylg$2S0+6j0v6CzSQrZ3sL5HkSXtfm+WM5XxgcMoDmAb9Rir/kDumRE50URlcD2y626pk0UDpqGCllsfFozWUWYCaQ",
            "correct horse battery staple",
        ),
        prefixes: &["$scrypt$n="],
        reader: Reader::Format(adonis_scrypt),
        ..Entry::BLANK
    },
    Entry {
        name: "adonis-bcrypt",
        software: "AdonisJS from 5, @phc/bcrypt",
        layout: "$bcrypt$v=98$r=<cost>$b64({salt:16})$b64({digest:23})",
        okta: "BCRYPT",
        example: Example::of(
            "$bcrypt$v=98$r=4$1prKEdNwZ2G2had7//h4xw$aFiW2EJTaHoNiQi2/G8xohXlOzJP914",
            "correct horse battery staple",
        ),
        prefixes: &["$bcrypt$v="],
        reader: Reader::Format(adonis_bcrypt),
        ..Entry::BLANK
    },
    Entry {
        name: "npm-password-hash",
        software: "npm's password-hash",
        layout: "sha1$<salt>$<rounds>$hex({digest}), also md5, sha256 and sha512",
        okta: "hook: HMAC",
        example: Example::of(
            "sha1$a293144d$1$1677061708a20359e47c6ac7546c6b96b8e43a3e",
            "correct horse battery staple",
        ),
        prefixes: &["sha1$", "md5$", "sha256$", "sha512$"],
        claims: |rest| rest.split(|&byte| byte == b'$').count() == 3,
        reader: Reader::Format(password_hash),
        ..Entry::BLANK
    },
];

/// HMAC with the salt as key, of the password and then of the hex digits before.
fn password_hash(credential: &Credential<'_>, limits: &Limits) -> Reading {
    let wrong = || Refusal::unreadable("expected <digest>$<salt>$<rounds>$<digest in hex>");
    let mut fields = credential.stored.split(|&byte| byte == b'$');
    let (Some(name), Some(salt), Some(rounds), Some(stored), None) =
        (fields.next(), fields.next(), fields.next(), fields.next(), fields.next())
    else {
        return Err(wrong());
    };
    let digest = std::str::from_utf8(name).ok().and_then(Digest::named).ok_or_else(wrong)?;
    let rounds = encoding::decimal(rounds).filter(|&rounds| rounds > 0).ok_or_else(wrong)?;
    let expected = encoding::from_hex(stored).filter(|bytes| bytes.len() == digest.len());
    let expected = expected
        .ok_or_else(|| Refusal::unreadable(format!("the digest is not {} hex digits", 2 * digest.len())))?;
    let credential = Credential { salt: Some(salt), rounds: Some(rounds), ..*credential };
    ROUNDS_OF_HMAC.read(digest, expected, &credential, limits)
}

static ROUNDS_OF_HMAC: ByDigest = ByDigest::new("iterate($rounds,hmac_{}($salt,$pass),hmac_{}($salt,$_))");

/// N itself, not its logarithm.
fn adonis_scrypt(credential: &Credential<'_>, limits: &Limits) -> Reading {
    let wrong = || {
        Refusal::unreadable(
            "expected $scrypt$n=<N>,r=<r>,p=<p>$<salt>$<digest>, base64 without padding, N a power of two",
        )
    };
    let mut fields = credential.stored.split(|&byte| byte == b'$').skip(2);
    let (Some(parameters), Some(salt), Some(key), None) =
        (fields.next(), fields.next(), fields.next(), fields.next())
    else {
        return Err(wrong());
    };
    let mut parameters = parameters.split(|&byte| byte == b',');
    let mut number = |name: &[u8]| {
        let field = parameters.next().and_then(|field| field.strip_prefix(name));
        field.and_then(encoding::decimal).ok_or_else(wrong)
    };
    let (n, r, p) = (number(b"n=")?, number(b"r=")?, number(b"p=")?);
    if parameters.next().is_some() || !n.is_power_of_two() {
        return Err(wrong());
    }
    let salt = encoding::from_base64_unpadded(salt).ok_or_else(wrong)?;
    let key = encoding::from_base64_unpadded(key).filter(|key| key.len() >= 16).ok_or_else(wrong)?;
    Scrypt::checked(n.ilog2(), r, p, salt, key, limits)
}

/// The parts of a bcrypt value, each in RFC 4648's base64: put together again as bcrypt writes them.
fn adonis_bcrypt(credential: &Credential<'_>, limits: &Limits) -> Reading {
    let wrong = || {
        Refusal::unreadable(
            "expected $bcrypt$v=98$r=<cost>$<salt of 16 bytes>$<digest of 23>, base64 without padding",
        )
    };
    let mut fields = credential.stored.split(|&byte| byte == b'$').skip(2);
    let (Some(version), Some(cost), Some(salt), Some(digest), None) =
        (fields.next(), fields.next(), fields.next(), fields.next(), fields.next())
    else {
        return Err(wrong());
    };
    let version = match version {
        b"v=97" => 'a',
        b"v=98" => 'b',
        _ => return Err(Refusal::unreadable("bcrypt's version must be 97 or 98, for $2a$ and $2b$")),
    };
    let cost = cost.strip_prefix(b"r=").and_then(encoding::decimal).ok_or_else(wrong)?;
    let part =
        |text, len| encoding::from_base64_unpadded(text).filter(|part| part.len() == len).ok_or_else(wrong);
    let (salt, digest) = (part(salt, 16)?, part(digest, 23)?);
    let (salt, digest) = (encoding::to_radix64(&salt), encoding::to_radix64(&digest));
    let stored = format!("$2{version}${cost:02}${salt}{digest}");
    Ok(Box::new(bcrypt::read(&Credential { stored: stored.as_bytes(), ..*credential }, limits)?))
}
