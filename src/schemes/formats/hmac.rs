//! HMAC, with the password as its key or as its message.

use super::raw::salted;
use crate::schemes::registry::Entry;

pub(super) const ENTRIES: &[Entry] = &[
    salted(
        "hmac-md5-key-pass",
        &[],
        &[50],
        "hmac_md5($pass,$salt)",
        "e28e4e37e972a945e464b5226053bac0:40",
        "hook: HMAC",
    ),
    salted(
        "hmac-md5-key-salt",
        &[],
        &[60],
        "hmac_md5($salt,$pass)",
        "7f51edecfa6fb401a0b5e63d33fc8c0e:84143",
        "hook: HMAC",
    ),
    salted(
        "hmac-sha1-key-pass",
        &[],
        &[150],
        "hmac_sha1($pass,$salt)",
        "02b256705348a28b1d6c0f063907979f7e0c82f8:10323",
        "hook: HMAC",
    ),
    salted(
        "hmac-sha1-key-salt",
        &[],
        &[160],
        "hmac_sha1($salt,$pass)",
        "8d7cb4d4a27a438059bb83a34d1e6cc439669168:2134817",
        "hook: HMAC",
    ),
    salted(
        "hmac-sha256-key-pass",
        &[],
        &[1450],
        "hmac_sha256($pass,$salt)",
        "b435ffbacea34d5eb0dbc4d69a92f0152f2cf4cd364d34c2ece322ca22d8b334:21217",
        "hook: HMAC",
    ),
    salted(
        "hmac-sha256-key-salt",
        &[],
        &[1460],
        "hmac_sha256($salt,$pass)",
        "8b9472281c36c3a693703de0e0f1ffab8fc0ecdd3bc5ead04c76dd74ef431e49:70108387805",
        "hook: HMAC",
    ),
    salted(
        "hmac-sha512-key-pass",
        &[],
        &[1750],
        "hmac_sha512($pass,$salt)",
        "138c00f17a1a0363f274817c91118f019aff09f937bfdaea844280a0c0e7811267cc4735d967d8640eed1218268c1c4a76fec8f7aa551491b353829f3a654270:885142",
        "hook: HMAC",
    ),
    salted(
        "hmac-sha512-key-salt",
        &[],
        &[1760],
        "hmac_sha512($salt,$pass)",
        "7d02921299935179d509e6dd4f3d0f2944e3451ea9de3af16baead6a7297e5653577d2473a0fff743d9fe78a89bd49296114319989dc7e7870fc7f62bc96accb:114",
        "hook: HMAC",
    ),
];
