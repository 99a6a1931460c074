//! One digest of the password and a salt, which is a column of its own or follows the digest after a colon.
//!
//! Their names, and those of the families beside this one, are read off the expression from left to right, brackets
//! left out: `sha1-salt-utf16le-pass` is `sha1($salt.utf16le($pass))`. The first digest takes all that follows; one
//! inside takes the next word alone, and all the rest where `of` stands between them: `sha1-md5-pass-salt` is
//! `sha1(md5($pass).$salt)`, `sha1-md5-of-pass-salt` is `sha1(md5($pass.$salt))`.

use super::raw::salted;
use crate::schemes::registry::Entry;

pub(super) const ENTRIES: &[Entry] = &[
    salted(
        "md5-pass-salt",
        &[],
        &[10],
        "md5($pass.$salt)",
        "3d83c8e717ff0e7ecfe187f088d69954:343141",
        "MD5, POSTFIX",
    ),
    salted(
        "md5-salt-pass",
        &[],
        &[20],
        "md5($salt.$pass)",
        "57ab8499d08c59a7211c77f557bf9425:4247",
        "MD5, PREFIX",
    ),
    salted(
        "md5-utf16le-pass-salt",
        &[],
        &[30],
        "md5(utf16le($pass).$salt)",
        "1169500a7dfece72e1f7fc9c9410867a:687430237020",
        "hook: the password is in UTF-16",
    ),
    salted(
        "md5-salt-utf16le-pass",
        &[],
        &[40],
        "md5($salt.utf16le($pass))",
        "23a8a90599fc5d0d15265d4d3b565f6e:58802707",
        "hook: the password is in UTF-16",
    ),
    salted(
        "md5-salt-pass-salt",
        &[],
        &[3800],
        "md5($salt.$pass.$salt)",
        "78274b1105fb8a7c415b43ffe35ec4a9:6",
        "hook: the password stands between two salts",
    ),
    salted(
        "sha1-pass-salt",
        &[],
        &[110],
        "sha1($pass.$salt)",
        "848952984db93bdd2d0151d4ecca6ea44fcf49e3:30007548152",
        "SHA-1, POSTFIX",
    ),
    salted(
        "sha1-salt-pass",
        &[],
        &[120],
        "sha1($salt.$pass)",
        "a428863972744b16afef28e0087fc094b44bb7b1:465727565",
        "SHA-1, PREFIX",
    ),
    salted(
        "sha1-utf16le-pass-salt",
        &[],
        &[130],
        "sha1(utf16le($pass).$salt)",
        "0a9e4591f539a77cd3af67bae207d250bc86bac6:23240710432",
        "hook: the password is in UTF-16",
    ),
    salted(
        "sha1-salt-utf16le-pass",
        &[],
        &[140],
        "sha1($salt.utf16le($pass))",
        "03b83421e2aa6d872d1f8dee001dc226ef01722b:818436",
        "hook: the password is in UTF-16",
    ),
    salted(
        "sha1-salt-pass-salt",
        &[],
        &[4900],
        "sha1($salt.$pass.$salt)",
        "75d280ca9a0c2ee18729603104ead576d9ca6285:347070",
        "hook: the password stands between two salts",
    ),
    salted(
        "sha256-pass-salt",
        &[],
        &[1410],
        "sha256($pass.$salt)",
        "5bb7456f43e3610363f68ad6de82b8b96f3fc9ad24e9d1f1f8d8bd89638db7c0:12480864321",
        "SHA-256, POSTFIX",
    ),
    salted(
        "sha256-salt-pass",
        &[],
        &[1420],
        "sha256($salt.$pass)",
        "816d1ded1d621873595048912ea3405d9d42afd3b57665d9f5a2db4d89720854:36176620",
        "SHA-256, PREFIX",
    ),
    salted(
        "sha256-utf16le-pass-salt",
        &[],
        &[1430],
        "sha256(utf16le($pass).$salt)",
        "b2d0db162e30dfef1bfd606689a3acbc213c47ef3fd11968394191886075249d:32002",
        "hook: the password is in UTF-16",
    ),
    salted(
        "sha256-salt-utf16le-pass",
        &[],
        &[1440],
        "sha256($salt.utf16le($pass))",
        "84ebe1bc3d59919a8c4f9337d66bd163661586c828b24b8067a27a6dc4228c64:05662",
        "hook: the password is in UTF-16",
    ),
    salted(
        "sha256-salt-pass-salt",
        &[],
        &[22300],
        "sha256($salt.$pass.$salt)",
        "755a8ce4e0cf0baee41d714aa35c9fca803106608f718f973eab006578285007:11265",
        "hook: the password stands between two salts",
    ),
    salted(
        "sha384-pass-salt",
        &[],
        &[10810],
        "sha384($pass.$salt)",
        "ca1c843a7a336234baf9db2e10bc38824ce523402fbd7741286b1602bdf6cb869a45289bb9fb706bd404b9f3842ff729:2746460797049820734631508",
        "hook: Okta has no SHA-384",
    ),
    salted(
        "sha384-salt-pass",
        &[],
        &[10820],
        "sha384($salt.$pass)",
        "63f63d7f82d4a4cb6b9ff37a6bc7c5ec39faaf9c9078551f5cbf7960e76ded87b643d37ac53c45bc544325e7ff83a1f2:93362",
        "hook: Okta has no SHA-384",
    ),
    salted(
        "sha384-utf16le-pass-salt",
        &[],
        &[10830],
        "sha384(utf16le($pass).$salt)",
        "3516a589d2ed4071bf5e36f22e11212b3ad9050b9094b23067103d51e99dcb25c4dc397dba8034fed11a8184acfbb699:577730514588712",
        "hook: the password is in UTF-16",
    ),
    salted(
        "sha384-salt-utf16le-pass",
        &[],
        &[10840],
        "sha384($salt.utf16le($pass))",
        "316e93ea8e04de3e5a909c53d36923a31a16c1b9e89b44201d6082f87ca49c5bca53cad65f685207db3ea2ccc7ca40f8:700067651",
        "hook: the password is in UTF-16",
    ),
    salted(
        "sha512-pass-salt",
        &[],
        &[1710],
        "sha512($pass.$salt)",
        "3f749c84d00c6f94a6651b5c195c71dacae08f3cea6fed760232856cef701f7bf60d7f38a587f69f159d4e4cbe00435aeb9c8c0a4927b252d76a744e16e87e91:388026522082",
        "SHA-512, POSTFIX",
    ),
    salted(
        "sha512-salt-pass",
        &[],
        &[1720],
        "sha512($salt.$pass)",
        "efc5dd0e4145970917abdc311e1d4e23ba0afa9426d960cb28569f4d585cb031af5c936f57fbcb0a08368a1b302573cf582100d40bd7c632f3d8aecd1a1a8eb1:812",
        "SHA-512, PREFIX",
    ),
    salted(
        "sha512-utf16le-pass-salt",
        &[],
        &[1730],
        "sha512(utf16le($pass).$salt)",
        "eefb67342d62a5d8ac84e8ae89d0f157f03749bd0427c80637003a4760feefdb36cbe11ba35ab2015b3691e2e83803178c986aa85f29e6f56938b469a31ccd7a:6576666",
        "hook: the password is in UTF-16",
    ),
    salted(
        "sha512-salt-utf16le-pass",
        &[],
        &[1740],
        "sha512($salt.utf16le($pass))",
        "ce77bf8a8ca9b9cf0ed67edde58ed7fafd4542ce1378fc8bd87b05656ebf92e5711517d5930c18de93a71990e77e1037423e5b64c2f293be7d859d7b6921622e:1512373",
        "hook: the password is in UTF-16",
    ),
    Entry {
        layout: "{digest}:{salt}:{salt2}",
        ..salted(
            "sha1-salt-pass-salt2",
            &[],
            &[19300],
            "sha1($salt.$pass.$salt2)",
            "630d2e918ab98e5fad9c61c0e4697654c4c16d73:18463812876898603420835420139870031762867:4449516425193605979760642927684590668549584534278112685644182848763890902699756869283142014018311837025441092624864168514500447147373198033271040848851687108629922695275682773136540885737874252666804716579965812709728589952868736177317883550827482248620334",
            "hook: the password stands between two salts",
        )
    },
    Entry {
        hashcat_layout: "$BLAKE2${digest}:{salt}",
        ..salted(
            "blake2b-512-pass-salt",
            &[],
            &[610],
            "blake2b_512($pass.$salt)",
            "41fcd44c789c735c08b43a871b81c8f617ca43918d38aee6cf8291c58a0b00a03115857425e5ff6f044be7a5bec8536b52d6c9992e21cd43cdca8a55bbf1f5c1:1033",
            "hook: Okta has no BLAKE2b-512",
        )
    },
    Entry {
        hashcat_layout: "$BLAKE2${digest}:{salt}",
        ..salted(
            "blake2b-512-salt-pass",
            &[],
            &[620],
            "blake2b_512($salt.$pass)",
            "f0325fdfc3f82a014935442f7adbc069d4636d67276a85b09f8de368f122cf5195a0b780d7fee709fbf1dcd02ddcb581df84508cf1fb0f3393af1be0565491c6:3301",
            "hook: Okta has no BLAKE2b-512",
        )
    },
];

#[cfg(test)]
mod tests {
    use crate::schemes::registry::Entry;

    /// The name that the head of this file makes of an expression.
    fn systematic(expression: &str, inside: bool) -> String {
        let mut depth = 0;
        let parts: Vec<&str> = expression
            .split(|character| {
                depth += i32::from(character == '(') - i32::from(character == ')');
                character == '.' && depth == 0
            })
            .collect();
        if let [part] = parts.as_slice() {
            return match part.split_once('(') {
                Some((name, rest)) => {
                    let inner = systematic(rest.strip_suffix(')').unwrap(), true);
                    format!("{}-{inner}", name.replace('_', "-"))
                }
                None => part.replace("':'", "colon").replace('$', ""),
            };
        }
        let words: Vec<String> = parts.iter().map(|part| systematic(part, true)).collect();
        format!("{}{}", if inside { "of-" } else { "" }, words.join("-"))
    }

    #[test]
    fn names_say_what_is_computed() {
        let systematically = |entry: &&Entry| {
            let expression = entry.expression().unwrap_or_default();
            !["iterate", "reverse", "substr", "hmac", "bcrypt"].iter().any(|one| expression.starts_with(one))
        };
        for entry in super::ENTRIES.iter().chain(super::super::nested::ENTRIES).filter(systematically) {
            let (outer, rest) = entry.expression().unwrap().split_once('(').unwrap();
            let inner = systematic(rest.strip_suffix(')').unwrap(), false);
            assert_eq!(format!("{}-{inner}", outer.replace('_', "-")), entry.name);
        }
    }
}
