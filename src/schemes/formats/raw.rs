//! Bare digests, which only their owner can name: what hashcat lists as raw modes. Each stands for an expression. The
//! families beside this one (`salted`, `hmac`, `nested`) write their rows as this one does.

use crate::schemes::registry::{Entry, Example, Reader};

/// Name, hashcat's mode, its expression, an example (hashcat's own, of the password `hashcat`), Okta's answer.
pub(super) const fn raw(
    name: &'static str,
    aliases: &'static [&'static str],
    hashcat: &'static [u32],
    expression: &'static str,
    stored: &'static str,
    okta: &'static str,
) -> Entry {
    Entry {
        name,
        aliases,
        hashcat,
        software: "any",
        layout: "{digest}",
        example: Example::of(stored, "hashcat"),
        okta,
        reader: Reader::Expression(expression),
        ..Entry::BLANK
    }
}

/// The same with a salt, which hashcat writes behind the digest.
pub(super) const fn salted(
    name: &'static str,
    aliases: &'static [&'static str],
    hashcat: &'static [u32],
    expression: &'static str,
    stored: &'static str,
    okta: &'static str,
) -> Entry {
    Entry { layout: "{digest}:{salt}", ..raw(name, aliases, hashcat, expression, stored, okta) }
}

pub(super) const ENTRIES: &[Entry] = &[
    raw(
        "md4",
        &["hex-md4", "raw-md4"],
        &[900],
        "md4($pass)",
        "afe04867ec7a3845145579a95f72eca7",
        "hook: Okta has no MD4",
    ),
    raw("md5", &["hex-md5", "raw-md5"], &[0], "md5($pass)", "8743b52063cd84097a65d1633f5c74f5", "MD5"),
    raw(
        "sha1",
        &["hex-sha1", "raw-sha1"],
        &[100],
        "sha1($pass)",
        "b89eaac7e61417341b710b727768294d0e6a277b",
        "SHA-1",
    ),
    raw(
        "sha224",
        &["hex-sha224", "raw-sha224"],
        &[1300],
        "sha224($pass)",
        "e4fa1555ad877bf0ec455483371867200eee89550a93eff2f95a6198",
        "hook: Okta has no SHA-224",
    ),
    raw(
        "sha256",
        &["hex-sha256", "raw-sha256"],
        &[1400],
        "sha256($pass)",
        "127e6fbfe24a750e72930c220a8e138275656b8e5d8f48a98c3c92df2caba935",
        "SHA-256",
    ),
    raw(
        "sha384",
        &["hex-sha384", "raw-sha384"],
        &[10800],
        "sha384($pass)",
        "07371af1ca1fca7c6941d2399f3610f1e392c56c6d73fddffe38f18c430a2817028dae1ef09ac683b62148a2c8757f42",
        "hook: Okta has no SHA-384",
    ),
    raw(
        "sha512",
        &["hex-sha512", "raw-sha512"],
        &[1700],
        "sha512($pass)",
        "82a9dda829eb7f8ffe9fbe49e45d47d2dad9664fbb7adf72492e3c81ebd3e29134d9bc12212bf83c6840f10e8246b9db54a4859b7ccd0123d86e5872c1e5082f",
        "SHA-512",
    ),
    raw(
        "ripemd160",
        &[],
        &[6000],
        "ripemd160($pass)",
        "012cb9b334ec1aeb71a9c8ce85586082467f7eb6",
        "hook: Okta has no RIPEMD-160",
    ),
    raw(
        "whirlpool",
        &[],
        &[6100],
        "whirlpool($pass)",
        "7ca8eaaaa15eaa4c038b4c47b9313e92da827c06940e69947f85bc0fbef3eb8fd254da220ad9e208b6b28f6bb9be31dd760f1fdb26112d83f87d96b416a4d258",
        "hook: Okta has no Whirlpool",
    ),
    raw(
        "sha3-224",
        &[],
        &[17300],
        "sha3_224($pass)",
        "412ef78534ba6ab0e9b1607d3e9767a25c1ea9d5e83176b4c2817a6c",
        "hook: Okta has no SHA3-224",
    ),
    raw(
        "sha3-256",
        &[],
        &[17400],
        "sha3_256($pass)",
        "d60fcf6585da4e17224f58858970f0ed5ab042c3916b76b0b828e62eaf636cbd",
        "hook: Okta has no SHA3-256",
    ),
    raw(
        "sha3-384",
        &[],
        &[17500],
        "sha3_384($pass)",
        "983ba28532cc6320d04f20fa485bcedb38bddb666eca5f1e5aa279ff1c6244fe5f83cf4bbf05b95ff378dd2353617221",
        "hook: Okta has no SHA3-384",
    ),
    raw(
        "sha3-512",
        &[],
        &[17600],
        "sha3_512($pass)",
        "7c2dc1d743735d4e069f3bda85b1b7e9172033dfdd8cd599ca094ef8570f3930c3f2c0b7afc8d6152ce4eaad6057a2ff22e71934b3a3dd0fb55a7fc84a53144e",
        "hook: Okta has no SHA3-512",
    ),
    raw(
        "keccak-224",
        &[],
        &[17700],
        "keccak_224($pass)",
        "e1dfad9bafeae6ef15f5bbb16cf4c26f09f5f1e7870581962fc84636",
        "hook: Okta has no Keccak-224",
    ),
    raw(
        "keccak-256",
        &[],
        &[17800],
        "keccak_256($pass)",
        "203f88777f18bb4ee1226627b547808f38d90d3e106262b5de9ca943b57137b6",
        "hook: Okta has no Keccak-256",
    ),
    raw(
        "keccak-384",
        &[],
        &[17900],
        "keccak_384($pass)",
        "5804b7ada5806ba79540100e9a7ef493654ff2a21d94d4f2ce4bf69abda5d94bf03701fe9525a15dfdc625bfbd769701",
        "hook: Okta has no Keccak-384",
    ),
    raw(
        "keccak-512",
        &[],
        &[18000],
        "keccak_512($pass)",
        "2fbf5c9080f0a704de2e915ba8fdae6ab00bbc026b2c1c8fa07da1239381c6b7f4dfd399bf9652500da723694a4c719587dd0219cb30eabe61210a8ae4dc0b03",
        "hook: Okta has no Keccak-512",
    ),
    raw(
        "gost94",
        &["gost"],
        &[6900],
        "gost94($pass)",
        "df226c2c6dcb1d995c0299a33a084b201544293c31fc3d279530121d36bbcea9",
        "hook: Okta has no GOST R 34.11-94",
    ),
    Entry {
        hashcat_layout: "$BLAKE2${digest}",
        ..raw(
            "blake2b-512",
            &[],
            &[600],
            "blake2b_512($pass)",
            "296c269e70ac5f0095e6fb47693480f0f7b97ccd0307f5c3bfa4df8f5ca5c9308a0e7108e80a0a9c0ebb715e8b7109b072046c6cd5e155b4cfd2f27216283b1e",
            "hook: Okta has no BLAKE2b-512",
        )
    },
    raw(
        "md5-utf16le-pass",
        &[],
        &[70],
        "md5(utf16le($pass))",
        "2303b15bfa48c74a74758135a0df1201",
        "hook: the password is in UTF-16",
    ),
    raw(
        "sha1-utf16le-pass",
        &[],
        &[170],
        "sha1(utf16le($pass))",
        "b9798556b741befdbddcbf640d1dd59d19b1e193",
        "hook: the password is in UTF-16",
    ),
    raw(
        "sha256-utf16le-pass",
        &[],
        &[1470],
        "sha256(utf16le($pass))",
        "9e9283e633f4a7a42d3abc93701155be8afe5660da24c8758e7d3533e2f2dc82",
        "hook: the password is in UTF-16",
    ),
    raw(
        "sha384-utf16le-pass",
        &[],
        &[10870],
        "sha384(utf16le($pass))",
        "48e61d68e93027fae35d405ed16cd01b6f1ae66267833b4a7aa1759e45bab9bba652da2e4c07c155a3d8cf1d81f3a7e8",
        "hook: the password is in UTF-16",
    ),
    raw(
        "sha512-utf16le-pass",
        &[],
        &[1770],
        "sha512(utf16le($pass))",
        "79bba09eb9354412d0f2c037c22a777b8bf549ab12d49b77d5b25faa839e4378d8f6fa11aceb6d9413977ae5ad5d011568bad2de4f998d75fd4ce916eda83697",
        "hook: the password is in UTF-16",
    ),
];
