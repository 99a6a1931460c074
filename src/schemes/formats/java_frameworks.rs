//! Frameworks of Java and the JVM beside Spring Security's `{id}` values: what Spring Security wrote before them,
//! Grails, jasypt, Atlassian, Play.

use crate::schemes::registry::{Entry, Example, Reader};

pub(super) const ENTRIES: &[Entry] = &[
    Entry {
        name: "atlassian",
        aliases: &["atlassian-pbkdf2-sha1"],
        hashcat: &[12001],
        software: "Atlassian Crowd, Jira, Confluence, Bamboo",
        layout: "{PKCS5S2}base64({salt:16}{digest:32})",
        okta: "hook: Okta's PBKDF2 has no SHA-1",
        example: Example::of(
            "{PKCS5S2}NTczNTY0NDY2NjQyNzU1Mx8gGiRGobaZYwumctGHbn2ZOHB8LkwzH+Z1gkWfy1zD",
            "hashcat",
        ),
        prefixes: &["{PKCS5S2}"],
        reader: Reader::Expression("pbkdf2_sha1($pass,$salt,10000,32)"),
        ..Entry::BLANK
    },
    Entry {
        name: "jasypt-basic",
        software: "jasypt's BasicPasswordEncryptor",
        layout: "base64({salt:8}{digest:16})",
        okta: "hook: more than one round",
        example: Example::of("F6c7Iiea9SvP+MO3HWehpdwtVUKfAMK+", "correct horse battery staple"),
        reader: Reader::Expression("iterate(1000,md5_bin($salt.nfc($pass)),md5_bin($_))"),
        ..Entry::BLANK
    },
    Entry {
        name: "jasypt-strong",
        software: "jasypt's StrongPasswordEncryptor",
        layout: "base64({salt:16}{digest:32})",
        okta: "hook: more than one round",
        example: Example::of(
            "abVTZPpr6jPBa2MSQl5hd7X1Q8/okHyizj6tYfJ6exnbR7lj0fD4uLesyPhjzUuE",
            "correct horse battery staple",
        ),
        reader: Reader::Expression("iterate(100000,sha256_bin($salt.nfc($pass)),sha256_bin($_))"),
        ..Entry::BLANK
    },
    braced(
        "acegi-md5",
        "MD5, POSTFIX",
        "md5($pass.'{'.$salt.'}')",
        "fc05fa7ce7105956324f0c533986e516:a1B2'c3",
    ),
    braced(
        "acegi-sha1",
        "SHA-1, POSTFIX",
        "sha1($pass.'{'.$salt.'}')",
        "98565ab0879529b90c8acd9585b2371a6821dc0e:a1B2'c3",
    ),
    braced(
        "acegi-sha256",
        "SHA-256, POSTFIX",
        "sha256($pass.'{'.$salt.'}')",
        "0be76976b66bdaa0c36af423defa9ac3c6e228d0bf7a7aecbcfda908c80884de:a1B2'c3",
    ),
    braced(
        "acegi-sha512",
        "SHA-512, POSTFIX",
        "sha512($pass.'{'.$salt.'}')",
        "1b97c57c03f2245cb548e43d2b5034d7844884528ac64a25d752be139785799ea69c9f13a416a48ba46885528fb475545c4b9aba8338d3be7eee776799bf0e02:a1B2'c3",
    ),
    Entry {
        software: "Grails' Spring Security plugin before 3, without a salt source",
        layout: "{digest}",
        ..braced(
            "grails-sha256",
            "hook: more than one round",
            "iterate(10000,sha256_bin($pass),sha256_bin($_))",
            "e327898df853cbc9dd7e4ac1612022056263d50d9672c845bcac0649afc022a2",
        )
    },
    Entry {
        software: "Grails' Spring Security plugin before 3, with a salt source",
        ..braced(
            "grails-sha256-salt",
            "hook: more than one round",
            "iterate(10000,sha256_bin($pass.'{'.$salt.'}'),sha256_bin($_))",
            "12a2c1c5709ed29629a3a22136aea9faa745ed9203f4f7ca391a46e5fea32ac1:a1B2'c3",
        )
    },
    Entry {
        software: "Play 1's Crypto.passwordHash",
        layout: "{digest}",
        ..braced("play-md5", "MD5", "base64(md5_bin($pass))", "nMKuihunqT2jm0b8EBnEgQ==")
    },
];

/// The salt in braces behind the password.
const fn braced(
    name: &'static str,
    okta: &'static str,
    expression: &'static str,
    stored: &'static str,
) -> Entry {
    Entry {
        name,
        software: "Acegi and Spring Security before 5, Symfony with one iteration",
        layout: "{digest}:{salt}",
        okta,
        example: Example::of(stored, "correct horse battery staple"),
        reader: Reader::Expression(expression),
        ..Entry::BLANK
    }
}
