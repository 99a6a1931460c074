//! FreeBSD's `$3$`, the NT hash as crypt(3) makes it: MD4 of the password with a zero byte after each byte. Beyond
//! ASCII that is not UTF-16, so that the same password has another hash on Windows.

use zeroize::Zeroizing;

use crate::schemes::construction::{Construction, Cost, Reading, Refusal, Scratch, Verdict};
use crate::schemes::digest::Digest;
use crate::schemes::registry::{Entry, Example, Reader};
use crate::schemes::{Credential, Limits, NotImportable, OktaHash, encoding};
use crate::secret::Secret;

pub(super) const ENTRIES: &[Entry] = &[Entry {
    name: "bsd-nthash",
    software: "FreeBSD, libxcrypt",
    layout: "$3$$hex({digest:16})",
    example: Example::of("$3$$8846f7eaee8fb117ad06bdd830b7586c", "password"),
    okta: "hook: Okta has no MD4",
    prefixes: &["$3$"],
    crypt3: true,
    reader: Reader::Format(read),
    ..Entry::BLANK
}];

struct NtHash(Secret);

fn read(credential: &Credential<'_>, _: &Limits) -> Reading {
    let digits = credential.stored.strip_prefix(b"$3$$").filter(|digits| digits.len() == 32);
    let digest = digits
        .and_then(encoding::from_hex)
        .ok_or_else(|| Refusal::unreadable("the NT hash of crypt(3) must be $3$$ and 32 hex digits"))?;
    Ok(Box::new(NtHash(Secret::new(digest))))
}

impl Construction for NtHash {
    fn verify(&self, password: &[u8], _: &mut Scratch) -> Verdict {
        let wide = super::c_string(password).iter().flat_map(|&byte| [byte, 0]);
        let wide: Zeroizing<Vec<u8>> = Zeroizing::new(wide.collect());
        Verdict::of(self.0.matches(&Digest::Md4.of(&[&wide])))
    }

    fn cost(&self) -> Cost {
        Cost::nanos(Digest::Md4.nanos(32))
    }

    fn okta(&self) -> Result<OktaHash, NotImportable> {
        Err(NotImportable("MD4 is not among Okta's algorithms".into()))
    }

    fn parameters(&self) -> String {
        String::new()
    }
}
