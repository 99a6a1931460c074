//! hashcat's modes that are no scheme here although hashcat lists them beside password stores: what they are, and why.
//!
//! Together with the registry this accounts for every mode of hashcat 6.2.6 in its categories of raw hashes, key
//! derivation, forums and shops, servers and directories, operating systems, databases, enterprise software and
//! frameworks. `tests/vectors/make/hashcat.py` reads the table from here.

/// Mode, and why it is left out.
pub const LEFT_OUT: &[(u32, &str)] = &[
    (5800, "Samsung's lock screen: the PIN of a device"),
    (8300, "DNSSEC's NSEC3: the names of a zone"),
    (11100, "PostgreSQL's challenge and response: a network capture"),
    (11200, "MySQL's challenge and response: a network capture"),
    (13500, "PeopleSoft's PS_TOKEN: a cookie signed with a server's password"),
    (13800, "Windows Phone: the PIN of a device"),
    (15300, "DPAPI: the master key of a Windows profile"),
    (15310, "DPAPI: the master key of a Windows profile"),
    (15900, "DPAPI: the master key of a Windows profile"),
    (15910, "DPAPI: the master key of a Windows profile"),
    (16000, "tripcodes: names on an image board, of which nobody signs in"),
    (17010, "GPG: the passphrase of a private key"),
    (24600, "SQLCipher: the key of a database file"),
    (25900, "KNX IP Secure: the authentication code of a device"),
    (26500, "iPhone: the passcode of a device"),
    (28100, "Windows Hello: the PIN of a device"),
    (28700, "AWS Signature Version 4: a signed request"),
];

/// Why there is no scheme for that mode, where that is on purpose.
pub(in crate::schemes) fn why(mode: u32) -> Option<&'static str> {
    LEFT_OUT.iter().find(|(known, _)| *known == mode).map(|(_, why)| *why)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schemes::registry;

    #[test]
    fn what_is_left_out_is_not_there() {
        assert!(LEFT_OUT.windows(2).all(|pair| pair[0].0 < pair[1].0), "in order, each once");
        for (mode, _) in LEFT_OUT {
            assert!(registry::by_hashcat(*mode).is_none(), "hashcat's mode {mode} is left out, and there");
        }
    }
}
