//! Data stores, brokers and servers whose users stand in a table, a document or a file of their own, in formats that
//! are an expression and a layout.

use crate::schemes::construction::{Reading, Refusal};
use crate::schemes::digest::Digest;
use crate::schemes::expression::salted_digest;
use crate::schemes::registry::{Entry, Example, Reader};
use crate::schemes::{Credential, Limits, encoding};

use super::named::is_hex;

pub(super) const ENTRIES: &[Entry] = &[
    Entry {
        name: "postgresql-md5",
        aliases: &["postgres-md5"],
        hashcat: &[12],
        software: "PostgreSQL before 14 (password_encryption = md5); needs the user",
        layout: "md5{digest}",
        hashcat_layout: "{digest}:{user}",
        okta: "MD5, POSTFIX",
        example: Example {
            user: Some("27032153220030464358344758762807"),
            ..Example::of("md593a8cf6a7d43e3b5bcd2dc6abb3e02c6", "hashcat")
        },
        prefixes: &["md5"],
        claims: |rest| is_hex(rest, 32),
        reader: Reader::Expression("md5($pass.$user)"),
        ..Entry::BLANK
    },
    Entry {
        name: "redis-acl",
        software: "Redis and Valkey (ACL)",
        layout: "#{digest}",
        okta: "SHA-256",
        example: Example::of("#5e884898da28047151d0e56f8dc6292773603d0d6aabbdd62a11ef721d1542d8", "password"),
        prefixes: &["#"],
        claims: |rest| is_hex(rest, 64),
        reader: Reader::Expression("sha256($pass)"),
        ..Entry::BLANK
    },
    Entry {
        name: "clickhouse-double-sha1",
        software: "ClickHouse (double_sha1_hash)",
        layout: "{digest}",
        okta: "hook: SHA-1 of SHA-1",
        example: Example::of("2470c0c06dee42fd1618bb99005adca2ec9d1e19", "password"),
        reader: Reader::Expression("sha1(sha1_bin($pass))"),
        ..Entry::BLANK
    },
    Entry {
        name: "rabbitmq-md5",
        software: "RabbitMQ (rabbit_password_hashing_md5)",
        layout: "base64({salt:4}{digest:16})",
        okta: "MD5, PREFIX",
        example: Example::of("kI3GCrCyvRWN2uWzzfR8mDsZyeU=", "password"),
        reader: Reader::Expression("md5($salt.$pass)"),
        ..Entry::BLANK
    },
    Entry {
        name: "rabbitmq-sha256",
        aliases: &["rabbitmq"],
        software: "RabbitMQ (rabbit_password_hashing_sha256)",
        layout: "base64({salt:4}{digest:32})",
        okta: "SHA-256, PREFIX",
        example: Example::of("kI3GCk2jWYt9PJNrrrUnULGsAO8hg5LrmRJdgHSRtwxCQxgc", "password"),
        reader: Reader::Expression("sha256($salt.$pass)"),
        ..Entry::BLANK
    },
    Entry {
        name: "rabbitmq-sha512",
        software: "RabbitMQ (rabbit_password_hashing_sha512)",
        layout: "base64({salt:4}{digest:64})",
        okta: "SHA-512, PREFIX",
        example: Example::of(
            "kI3GCgT86UxLww+mge19sR2y7EpUaT/sfyDtuBM2H8qzgVgD6jW5ey4qi+UgRwF8MgijriAahQI0D+URX14wJAVYX4c=",
            "password",
        ),
        reader: Reader::Expression("sha512($salt.$pass)"),
        ..Entry::BLANK
    },
    Entry {
        name: "artemis",
        aliases: &["activemq-artemis"],
        software: "Apache ActiveMQ Artemis (artemis mask --hash)",
        layout: "ENC({rounds}:hex({salt}):{digest})",
        okta: "hook: Okta's PBKDF2 has no SHA-1",
        example: Example::of(
            "ENC(1024:000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F:35381A9F456EA8C6A81F241BB21B0D2CD1BA176597F313E7728E3BB2CD4E1858DC0CF4387A4A035E5393D752668E013B3704A2B25E32B72223F240047EA3F1DD)",
            "password",
        ),
        prefixes: &["ENC("],
        claims: |rest| rest.contains(&b':') && rest.ends_with(b")"),
        reader: Reader::Expression("pbkdf2_sha1($pass,$salt,$rounds,64)"),
        ..Entry::BLANK
    },
    Entry {
        name: "kafka-scram-sha-256",
        software: "Apache Kafka (SCRAM-SHA-256)",
        layout: "salt=base64({salt}),stored_key=base64({digest:32}),server_key=base64({salt2:32}),iterations={rounds}",
        okta: "hook: Okta has no SCRAM",
        example: Example::of(
            "salt=MWsybDNqNGg1ZzZmN2Q4czlh,stored_key=Mf3nL0hEQyZOJ0RueY7wTPpLBoVJKfl16Ar7AoHSixw=,server_key=3HelxWQnej211TNBwCLHHSeqyUbHDxJrslyGkIHV+Jc=,iterations=4096",
            "password",
        ),
        prefixes: &["salt="],
        claims: |rest| holds(rest, b"=,iterations=") && !holds(rest, b"==,iterations="),
        reader: Reader::Expression(
            "sha256(hmac_sha256_bin(pbkdf2_sha256_bin($pass,$salt,$rounds,32),'Client Key'))",
        ),
        ..Entry::BLANK
    },
    Entry {
        name: "kafka-scram-sha-512",
        software: "Apache Kafka (SCRAM-SHA-512)",
        layout: "salt=base64({salt}),stored_key=base64({digest:64}),server_key=base64({salt2:64}),iterations={rounds}",
        okta: "hook: Okta has no SCRAM",
        example: Example::of(
            "salt=MWsybDNqNGg1ZzZmN2Q4czlh,stored_key=iVpXbPGt7bdjJU4eBg0/cmn14utblxrEBBdV0Fvwg0SXSRTwWI9vI5GFS3w9gQOOa6gG9/ChCaXeWhoCv9Y3kg==,server_key=t2AnanubZW9O42s2YGMNE6K/S3nrFak4AZfM0/1SY14JxAccgnHbXtHOmq4YAZ5mTrWDSs7akYwRO8GvjacRyg==,iterations=4096",
            "password",
        ),
        prefixes: &["salt="],
        claims: |rest| holds(rest, b"==,iterations="),
        reader: Reader::Expression(
            "sha512(hmac_sha512_bin(pbkdf2_sha512_bin($pass,$salt,$rounds,64),'Client Key'))",
        ),
        ..Entry::BLANK
    },
    Entry {
        name: "prosody-scram-sha-1",
        aliases: &["prosody"],
        software: "Prosody (internal_hashed): its keys, put together by the query",
        layout: "{rounds}:{salt}:{digest}",
        okta: "hook: Okta has no SCRAM",
        example: Example::of(
            "10000:0e7a3a7c-6b1d-4a55-9c55-6f2d4b0f5a11:4a5caaee83839129553fcc042f20b1f57d820946",
            "password",
        ),
        reader: Reader::Expression(
            "sha1(hmac_sha1_bin(pbkdf2_sha1_bin($pass,$salt,$rounds,20),'Client Key'))",
        ),
        ..Entry::BLANK
    },
    Entry {
        name: "couchdb-hashed",
        software: "Apache CouchDB before 1.3 (local.ini)",
        layout: "-hashed-{digest},{salt}",
        okta: "SHA-1, POSTFIX",
        example: Example::of(
            "-hashed-d11a51fa4248b057cf3ac5588b904cea7341bf17,1f0d7c1a52e1a7e2b7c1f3a1b2c3d4e5",
            "password",
        ),
        prefixes: &["-hashed-"],
        reader: Reader::Expression("sha1($pass.$salt)"),
        ..Entry::BLANK
    },
    Entry {
        name: "couchdb",
        aliases: &["couchdb-pbkdf2"],
        software: "Apache CouchDB 1.3 and later (local.ini; a user's derived_key, salt and iterations put together so)",
        layout: "-pbkdf2-{digest},{salt},{rounds}",
        okta: "hook: Okta's PBKDF2 has no SHA-1",
        example: Example::of(
            "-pbkdf2-c082766763b9df2d0d42f8f96bfa80005f55c2e0,1f0d7c1a52e1a7e2b7c1f3a1b2c3d4e5,10",
            "password",
        ),
        prefixes: &["-pbkdf2-"],
        reader: Reader::Expression("pbkdf2_sha1($pass,$salt,$rounds,20)"),
        ..Entry::BLANK
    },
    Entry {
        name: "couchdb-sha256",
        software: "Apache CouchDB 3.4 and later (pbkdf2_prf = sha256)",
        layout: "-pbkdf2:sha256-{digest},{salt},{rounds}",
        okta: "PBKDF2 from 4096 rounds",
        example: Example::of(
            "-pbkdf2:sha256-169fc1541adf0e5f28d03f2ce6ac028f5e5187981a78156e2b32c896d03a5691,1f0d7c1a52e1a7e2b7c1f3a1b2c3d4e5,600000",
            "password",
        ),
        prefixes: &["-pbkdf2:sha256-"],
        reader: Reader::Expression("pbkdf2_sha256($pass,$salt,$rounds,32)"),
        ..Entry::BLANK
    },
    Entry {
        name: "neo4j",
        software: "Neo4j 4 and later, and 3.5 with native users",
        layout: "SHA-256,{digest},hex({salt}),{rounds}",
        okta: "with one round SHA-256, PREFIX; hook: iterated",
        example: Example::of(
            "SHA-256,afca12a220241a79d48a99a613b5221a1a96e7b2a3ce957df121ea15f7be1551,000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f,1024",
            "password",
        ),
        prefixes: &["SHA-256,"],
        claims: |rest| rest.split(|&byte| byte == b',').count() == 3,
        reader: Reader::Expression("iterate($rounds,sha256_bin($salt.$pass),sha256_bin($_))"),
        ..Entry::BLANK
    },
    Entry {
        name: "neo4j-3",
        software: "Neo4j before 4",
        layout: "SHA-256,{digest},hex({salt})",
        okta: "SHA-256, PREFIX",
        example: Example::of(
            "SHA-256,FEF09F3B890D7594F60D4E2044E3EB1339DFD4ABEB628A9B21C167423C4E1229,000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F",
            "password",
        ),
        prefixes: &["SHA-256,"],
        claims: |rest| rest.split(|&byte| byte == b',').count() == 2,
        reader: Reader::Expression("sha256($salt.$pass)"),
        ..Entry::BLANK
    },
    Entry {
        name: "h2",
        software: "H2 (SCRIPT: CREATE USER … SALT '…' HASH '…'); needs the user",
        layout: "SALT 'hex({salt:8})' HASH '{digest}'",
        okta: "hook: SHA-256 of SHA-256",
        example: Example {
            user: Some("SA"),
            ..Example::of(
                "SALT '0001020304050607' HASH '1748c66061a63c2dd8549de55f13404e2f7332a754506c86b8fe87a8c8729ed7'",
                "password",
            )
        },
        reader: Reader::Expression("sha256(sha256_bin(utf16be(upper($user).'@'.$pass)).$salt)"),
        ..Entry::BLANK
    },
    Entry {
        name: "elasticsearch-pbkdf2",
        software: "Elasticsearch and OpenSearch (native and file realms)",
        layout: "{PBKDF2}{rounds}$base64({salt})$base64({digest:32})",
        okta: "PBKDF2 from 4096 rounds",
        example: Example::of(
            "{PBKDF2}10000$AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=$ah+4dbTj+NTzpbSnFMQfiE0NBvWef1suziyR2EqKybw=",
            "password",
        ),
        prefixes: &["{PBKDF2}"],
        claims: is_elasticsearch,
        reader: Reader::Expression("pbkdf2_sha512($pass,$salt,$rounds,32)"),
        ..Entry::BLANK
    },
    Entry {
        name: "elasticsearch-pbkdf2-stretch",
        software: "Elasticsearch (native and file realms, FIPS)",
        layout: "{PBKDF2_STRETCH}{rounds}$base64({salt})$base64({digest:32})",
        okta: "hook: PBKDF2 of SHA-512",
        example: Example::of(
            "{PBKDF2_STRETCH}10000$AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=$cFOW4Oe9pX1il/CSYkAOEX+4sFED7lWxa2+ljACm+BU=",
            "password",
        ),
        prefixes: &["{PBKDF2_STRETCH}"],
        reader: Reader::Expression("pbkdf2_sha512(sha512($pass),$salt,$rounds,32)"),
        ..Entry::BLANK
    },
    Entry {
        name: "elasticsearch-ssha256",
        software: "Elasticsearch (salt and digest each in base64, unlike LDAP's)",
        layout: "{SSHA256}base64({salt:8})base64({digest:32})",
        okta: "SHA-256, POSTFIX",
        example: Example::of("{SSHA256}AAECAwQFBgc=q0elUchHiEgZAZww57UMs6Jt+L45+785Q8YcVUf8Vfc=", "password"),
        prefixes: &["{SSHA256}"],
        claims: |rest| rest.len() == 56 && rest.get(11) == Some(&b'='),
        reader: Reader::Format(elasticsearch_ssha256),
        ..Entry::BLANK
    },
    Entry {
        name: "htdigest",
        software: "Apache httpd (htdigest), Asterisk and other users of digest authentication",
        layout: "{user}:{salt}:{digest}",
        okta: "MD5, PREFIX",
        example: Example::of("admin:private area:c939c5652c1580e4a28743dd9fdac339", "password"),
        reader: Reader::Expression("md5($user.':'.$salt.':'.$pass)"),
        ..Entry::BLANK
    },
    Entry {
        name: "asterisk-md5secret",
        aliases: &["asterisk"],
        software: "Asterisk (md5secret, realm asterisk); needs the user",
        layout: "{digest}",
        hashcat_layout: "",
        okta: "MD5, PREFIX",
        example: Example {
            user: Some("admin"),
            ..Example::of("fe6fbcc0a438c1c79254cfc374fbdf6e", "password")
        },
        reader: Reader::Expression("md5($user.':asterisk:'.$pass)"),
        ..Entry::BLANK
    },
];

fn holds(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

/// Rounds, and twice 32 bytes in base64 with its padding: others who write `{PBKDF2}` leave that out.
fn is_elasticsearch(rest: &[u8]) -> bool {
    let mut fields = rest.split(|&byte| byte == b'$');
    let rounds = fields.next().is_some_and(|rounds| rounds.iter().all(u8::is_ascii_digit));
    rounds && fields.by_ref().all(|field| field.ends_with(b"=")) && holds(rest, b"=$")
}

/// A salt of eight bytes, then the digest, each in base64 of its own.
fn elasticsearch_ssha256(credential: &Credential<'_>, _: &Limits) -> Reading {
    let wrong =
        || Refusal::unreadable("expected {SSHA256}, 8 bytes of salt and 32 of digest, each in base64");
    let rest = credential.stored.get(9..).ok_or_else(wrong)?;
    let (salt, digest) = rest.split_at_checked(12).ok_or_else(wrong)?;
    let bytes = |text, len| encoding::from_base64(text).filter(|bytes| bytes.len() == len).ok_or_else(wrong);
    Ok(salted_digest(Digest::Sha256, b"", bytes(salt, 8)?, bytes(digest, 32)?))
}

#[cfg(test)]
mod tests {
    use crate::schemes::{Credential, Limits, Scratch, Selection, Verdict};

    /// Signs as short as `*`, `#` and `(G` begin passwords too, and a store of plain text must stay readable.
    #[test]
    fn a_password_that_begins_like_a_hash_is_still_plain_text() {
        for password in [
            "*secret*",
            "#1fan",
            "S:ecret",
            "(Great)",
            "(Hmm)",
            "(x)",
            "md5",
            "P0:",
            "0x0100",
            "244124",
            "@m@zing",
            "@s@",
            "M$crosoft",
            "C$sh",
            "_foo",
            "ENC(x)",
            "SHA-256,",
            "salt=",
            "AQAAAA",
        ] {
            let credential = Credential { stored: password.as_bytes(), ..Credential::default() };
            let hash = Selection::parse("plaintext").unwrap().read(&credential, &Limits::default()).unwrap();
            assert_eq!(
                hash.verify(password.as_bytes(), &mut Scratch::default()),
                Verdict::Match,
                "{password}"
            );
            assert!(Selection::auto().read(&credential, &Limits::default()).is_err(), "{password}");
        }
    }
}
