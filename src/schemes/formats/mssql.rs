//! Microsoft SQL Server, and Sybase ASE from which it came: `0x` and the hex of version, salt and digest.

use zeroize::Zeroizing;

use crate::schemes::construction::{Reading, Refusal};
use crate::schemes::digest::Digest;
use crate::schemes::registry::{Entry, Example, Reader};
use crate::schemes::{Credential, Limits, encoding};

use super::charset;
use super::computed::computed;
use super::named::is_hex;

pub(super) const ENTRIES: &[Entry] = &[
    Entry {
        name: "mssql-2000",
        aliases: &["mssql2000"],
        hashcat: &[131],
        software: "Microsoft SQL Server 2000; case does not matter, as by its default collation",
        layout: "0x0100hex({salt:4}<digest:20><digest of upper case:20>)",
        okta: "hook: the password is made upper case",
        example: Example::of(
            "0x0100778883860000000000000000000000000000000000000000eda3604e067a06f2732b05b9cb90b8a710996939",
            "HASHCAT",
        ),
        prefixes: &["0x0100"],
        claims: |rest| is_hex(rest, 88),
        reader: Reader::Format(mssql_2000),
        ..Entry::BLANK
    },
    Entry {
        name: "mssql-2005",
        aliases: &["mssql2005"],
        hashcat: &[132],
        software: "Microsoft SQL Server 2005 to 2008",
        layout: "0x0100hex({salt:4}{digest:20})",
        okta: "hook: the password is digested as UTF-16",
        example: Example::of("0x010045083578bf13a6e30ca29c40e540813772754d54a5ffd325", "hashcat"),
        prefixes: &["0x0100"],
        claims: |rest| is_hex(rest, 48),
        reader: Reader::Expression("sha1(utf16le($pass).$salt)"),
        ..Entry::BLANK
    },
    Entry {
        name: "mssql-2012",
        aliases: &["mssql2012"],
        hashcat: &[1731],
        software: "Microsoft SQL Server 2012 and later",
        layout: "0x0200hex({salt:4}{digest:64})",
        okta: "hook: the password is digested as UTF-16",
        example: Example::of(
            "0x02003788006711b2e74e7d8cb4be96b1d187c962c5591a02d5a6ae81b3a4a094b26b7877958b26733e45016d929a756ed30d0a5ee65d3ce1970f9b7bf946e705c595f07625b1",
            "hashcat",
        ),
        prefixes: &["0x0200"],
        claims: |rest| is_hex(rest, 136),
        reader: Reader::Expression("sha512(utf16le($pass).$salt)"),
        ..Entry::BLANK
    },
    Entry {
        name: "sybase-ase",
        hashcat: &[8000],
        software: "Sybase ASE, SAP ASE",
        layout: "0xc007hex({salt:8}{digest:32})",
        okta: "hook: the password is digested as padded UTF-16",
        example: Example::of(
            "0xc0071808773188715731b69bd4e310b4129913aaf657356c5bdf3c46f249ed42477b5c74af6eaac4d15a",
            "hashcat",
        ),
        prefixes: &["0xc007", "0xC007"],
        claims: |rest| is_hex(rest, 80),
        reader: Reader::Format(sybase),
        ..Entry::BLANK
    },
];

/// Two digests, the second of the password in upper case. Of the first, nothing is asked: a server of the default
/// collation compares without regard to case, and hashcat leaves it out.
fn mssql_2000(credential: &Credential<'_>, _: &Limits) -> Reading {
    let bytes = credential.stored.strip_prefix(b"0x0100").and_then(encoding::from_hex);
    let bytes = bytes.filter(|bytes| bytes.len() == 44);
    let parts = bytes.as_deref().and_then(|bytes| Some((bytes.get(..4)?, bytes.get(24..)?)));
    let (salt, expected) =
        parts.ok_or_else(|| Refusal::unreadable("expected 0x0100 and 88 hex digits behind it"))?;
    let salt = salt.to_vec();
    Ok(computed("MSSQL 2000", expected.to_vec(), 200, String::new(), move |password| {
        let upper = charset::upper_simple(std::str::from_utf8(password).ok()?);
        Some(Digest::Sha1.of(&[&charset::utf16le(upper.as_bytes())?, &salt]))
    }))
}

/// Where the salt begins, in what is digested.
const SYBASE_FIELD: usize = 510;

/// The password fills a field of 255 characters.
fn sybase(credential: &Credential<'_>, _: &Limits) -> Reading {
    let digits = credential.stored.get(6..).unwrap_or_default();
    let bytes = encoding::from_hex(digits).filter(|bytes| bytes.len() == 40);
    let parts = bytes.as_deref().and_then(|bytes| bytes.split_at_checked(8));
    let (salt, expected) =
        parts.ok_or_else(|| Refusal::unreadable("expected 0xc007 and 80 hex digits behind it"))?;
    let salt = salt.to_vec();
    Ok(computed("Sybase ASE", expected.to_vec(), 900, String::new(), move |password| {
        let text = charset::utf16be(password)?;
        let padding = Zeroizing::new(vec![0; SYBASE_FIELD.checked_sub(text.len())?]);
        Some(Digest::Sha256.of(&[&text, &padding, &salt]))
    }))
}
