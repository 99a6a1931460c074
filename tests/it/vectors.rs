//! Stored values made by the original software: every scheme must verify them, reject what is near them, refuse what
//! is damaged, and give Okta the object that was computed from the same parts elsewhere.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on shall fail"
)]

use std::collections::{BTreeMap, HashMap, HashSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use keyferry::schemes::{
    Credential, Entry, Hash, Kind, LEFT_OUT, Limits, ReadError, Scratch, Selection, Simd, Verdict, entries,
    find,
};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    vector: Vec<Vector>,
}

/// One stored value. `source` is the software that made it, `how` the command.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Vector {
    source: String,
    how: String,
    pub(crate) scheme: String,
    /// Whether `auto` is to recognise it.
    #[serde(default = "yes")]
    auto: bool,
    pub(crate) stored: String,
    pub(crate) salt: Option<String>,
    pub(crate) salt2: Option<String>,
    pub(crate) user: Option<String>,
    pub(crate) email: Option<String>,
    pub(crate) pepper: Option<String>,
    #[serde(default)]
    pub(crate) password: String,
    /// A password that is one character off.
    pub(crate) wrong: Option<String>,
    #[serde(default)]
    pub(crate) expect: Expect,
    /// Part of the reason, where it is refused.
    reason: Option<String>,
    /// Okta's object; where there is none, Okta cannot import the value.
    okta: Option<serde_json::Value>,
}

#[derive(Clone, Copy, Default, Deserialize, PartialEq, Eq, Debug)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Expect {
    #[default]
    Verified,
    Unreadable,
    TooCostly,
}

fn yes() -> bool {
    true
}

/// Schemes whose digests may have any length, or whose values end with a number.
pub(crate) const ANY_LENGTH: [&str; 14] = [
    "argon2",
    "spring-argon2",
    "django-argon2",
    "dovecot-argon2",
    "scrypt",
    "phc-pbkdf2",
    "hashcat-pbkdf2",
    "adonis-scrypt",
    "shiro2",
    "firebase-scrypt",
    "magento2",
    "mediawiki-argon2",
    "nextcloud",
    "woltlab",
];

impl Vector {
    fn credential<'a>(&'a self, stored: &'a [u8]) -> Credential<'a> {
        Credential {
            stored,
            salt: self.salt.as_deref().map(str::as_bytes),
            salt2: self.salt2.as_deref().map(str::as_bytes),
            user: self.user.as_deref(),
            email: self.email.as_deref(),
            pepper: self.pepper.as_deref().map(str::as_bytes),
            rounds: None,
        }
    }

    /// `OpenLDAP` writes no padding, 389 Directory Server does, and an expression takes either: both are whole.
    fn padding_is_optional(&self) -> bool {
        let either =
            self.scheme == "ldap-pbkdf2" || self.entry().is_some_and(|entry| entry.expression().is_some());
        either && self.stored.ends_with('=')
    }

    fn entry(&self) -> Option<&'static Entry> {
        entries().iter().find(|entry| entry.name == self.scheme)
    }

    /// Whether its end may be longer or shorter and still be whole.
    pub(crate) fn may_have_any_length(&self) -> bool {
        // A salt, a name or a number at the end; a digest has its length.
        let open = |entry: &Entry| {
            let last = entry.layout.rsplit_once('{').map_or("", |(_, last)| last);
            entry.expression().is_some() && !last.starts_with("digest")
        };
        ANY_LENGTH.contains(&self.scheme.as_str()) || self.entry().is_some_and(open)
    }

    fn read(&self, scheme: &str, stored: &[u8]) -> Result<Hash, ReadError> {
        let selection = Selection::parse(scheme).unwrap_or_else(|error| panic!("{scheme}: {error}"));
        selection.read(&self.credential(stored), &Limits::default())
    }

    fn check(&self, scratch: &mut Scratch) {
        let at = format!("{} ({}: {})", self.scheme, self.source, self.how);
        match (self.expect, self.read(&self.scheme, self.stored.as_bytes())) {
            (Expect::Verified, Ok(hash)) => self.check_verified(&at, &hash, scratch),
            (Expect::Unreadable, Err(error @ ReadError::Unreadable(_)))
            | (Expect::TooCostly, Err(error @ ReadError::TooCostly(_))) => {
                let part = self.reason.as_deref().unwrap_or("");
                assert!(error.to_string().contains(part), "{at}: {error}");
            }
            (expected, Ok(_)) => panic!("{at}: expected {expected:?}, was read"),
            (expected, Err(error)) => panic!("{at}: expected {expected:?}, found {error:?}"),
        }
    }

    fn check_verified(&self, at: &str, hash: &Hash, scratch: &mut Scratch) {
        assert_eq!(
            hash.verify(self.password.as_bytes(), scratch),
            Verdict::Match,
            "{at}: {:?}",
            self.password
        );
        let wrong = self.wrong.as_deref().unwrap_or_else(|| panic!("{at}: no wrong password"));
        assert_eq!(hash.verify(wrong.as_bytes(), scratch), Verdict::Mismatch, "{at}: {wrong:?}");
        match (&self.okta, hash.okta()) {
            (Some(expected), Ok(object)) => {
                assert_eq!(&serde_json::to_value(object).unwrap(), expected, "{at}");
            }
            (None, Err(reason)) => assert!(!reason.to_string().is_empty(), "{at}"),
            (Some(_), Err(reason)) => panic!("{at}: not importable: {reason}"),
            (None, Ok(object)) => panic!("{at}: importable as {object:?}, but Okta cannot"),
        }
        let auto = self.read("auto", self.stored.as_bytes());
        if self.auto {
            let auto = auto.unwrap_or_else(|error| panic!("{at}: auto: {error}"));
            assert_eq!(&*auto.scheme(), self.scheme, "{at}: auto");
            assert_eq!(auto.parameters(), hash.parameters(), "{at}: auto");
        } else {
            // What is bcrypt, argon2, phpass or PBKDF2 to the eye may have been made of a changed password. No other value
            // is read as another software's, unless both mean the same.
            let elsewhere = |hash: &Hash| *hash.scheme() != *self.scheme;
            let alike =
                |hash: &Hash| ["bcrypt", "argon2", "phpass", "passlib-pbkdf2"].contains(&&*hash.scheme());
            if let Ok(auto) = auto {
                let same = alike(&auto) || auto.verify(self.password.as_bytes(), scratch) == Verdict::Match;
                assert!(elsewhere(&auto) && same, "{at}: auto reads it as {}", auto.scheme());
            }
        }
        self.check_damaged(at, scratch);
    }

    /// Whether its scheme can tell by the value alone that it is damaged.
    pub(crate) fn describes_itself(&self) -> bool {
        let own = |entry: &Entry| entry.expression().is_none() || !entry.prefixes.is_empty();
        self.entry().is_some_and(|entry| entry.name != "plaintext" && own(entry))
    }

    /// What describes itself is read whole or not at all. A digest of any length may be another one when a
    /// character is added or lost, and then it must not match.
    fn check_damaged(&self, at: &str, scratch: &mut Scratch) {
        if !self.describes_itself() {
            return;
        }
        let stored = self.stored.as_bytes();
        for (what, damaged) in [
            ("truncated", stored[..stored.len() - 1].to_vec()),
            ("a letter behind it", [stored, b"a"].concat()),
            ("a digit behind it", [stored, b"0"].concat()),
            ("a dollar behind it", [stored, b"$"].concat()),
            ("a space behind it", [stored, b" "].concat()),
            ("a line break behind it", [stored, b"\n"].concat()),
            ("a NUL behind it", [stored, b"\0"].concat()),
            ("a space before it", [b" ", stored].concat()),
            ("a byte that is not UTF-8 in the middle", {
                let mut damaged = stored.to_vec();
                let end = damaged.len() - 4;
                damaged[end] = 0xff;
                damaged
            }),
        ] {
            if what == "truncated" && self.padding_is_optional() {
                continue;
            }
            for scheme in [self.scheme.as_str(), "auto"] {
                let read = self.read(scheme, &damaged);
                match read {
                    Err(ReadError::Unreadable(_)) => {}
                    Err(ReadError::TooCostly(_)) if self.may_have_any_length() => {}
                    Ok(hash) if self.may_have_any_length() => {
                        let verdict = hash.verify(self.password.as_bytes(), scratch);
                        assert_eq!(verdict, Verdict::Mismatch, "{at}: {what}");
                    }
                    other => panic!("{at}: {what}: {other:?} by {scheme}"),
                }
            }
        }
    }
}

/// All vectors.
pub(crate) fn vectors() -> Vec<Vector> {
    files().into_iter().flat_map(|(_, vectors)| vectors).collect()
}

fn files() -> Vec<(PathBuf, Vec<Vector>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
        .collect();
    files.sort();
    let read = |path: PathBuf| {
        let text = std::fs::read_to_string(&path).unwrap();
        let file: File = toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        (path, file.vector)
    };
    files.into_iter().map(read).collect()
}

#[test]
fn every_vector_comes_out_as_the_original_software_would_have_it() {
    let vectors = Mutex::new(vectors());
    let failures = Mutex::new(Vec::new());
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let mut scratch = Scratch::default();
                loop {
                    let next = vectors.lock().unwrap().pop();
                    let Some(vector) = next else { break };
                    let check = AssertUnwindSafe(|| vector.check(&mut scratch));
                    if catch_unwind(check).is_err() {
                        failures.lock().unwrap().push((vector.scheme, vector.how, vector.password));
                    }
                }
            });
        }
    });
    let failures = failures.into_inner().unwrap();
    assert!(failures.is_empty(), "{} vectors fail: {failures:#?}", failures.len());
}

/// Among others of its kind, in every number up to what the kernel takes together and more, with every set of vector
/// instructions that this machine has and with none: each verdict is what the value alone says.
#[test]
fn no_vector_comes_out_differently_in_company() {
    let vectors: Vec<_> = vectors().into_iter().filter(|vector| vector.expect == Expect::Verified).collect();
    let mut companies: HashMap<Kind, Vec<(Hash, &Vector)>> = HashMap::new();
    for vector in &vectors {
        let hash = vector.read(&vector.scheme, vector.stored.as_bytes()).unwrap();
        if let Some(kind) = hash.kind() {
            companies.entry(kind).or_default().push((hash, vector));
        }
    }
    let kernels: HashSet<_> = companies.keys().map(|kind| kind.kernel()).collect();
    assert!(kernels.len() > 6, "{kernels:?}");
    for simd in Simd::available() {
        let mut scratch = Scratch::with_simd(simd);
        for (kind, company) in &companies {
            let wrong = |vector: &Vector| vector.wrong.clone().unwrap();
            let mut attempts = company.iter().flat_map(|(hash, vector)| {
                [(hash, vector.password.clone(), Verdict::Match), (hash, wrong(vector), Verdict::Mismatch)]
            });
            for number in (1..=kind.width(simd) + 1).cycle() {
                let together: Vec<_> = attempts.by_ref().take(number).collect();
                if together.is_empty() {
                    break;
                }
                let passwords: Vec<_> =
                    together.iter().map(|(hash, password, _)| (*hash, password.as_bytes())).collect();
                let verdicts = Hash::verify_together(*kind, &passwords, &mut scratch);
                let expected: Vec<_> = together.iter().map(|(_, _, expected)| *expected).collect();
                let schemes: Vec<_> = together.iter().map(|(hash, ..)| hash.scheme()).collect();
                assert_eq!(verdicts, expected, "{kind:?} with {}: {schemes:?}", simd.name());
            }
        }
    }
}

/// What Okta computes with its object, by the crates alone and nothing of the program.
fn okta_computes(object: &serde_json::Value, password: &[u8]) -> bool {
    use base64::Engine as _;
    use sha2::Digest as _;
    let text = |key: &str| object[key].as_str().unwrap_or_default();
    let bytes = |key: &str| base64::engine::general_purpose::STANDARD.decode(text(key)).unwrap();
    let rounds = || u32::try_from(object["iterationCount"].as_u64().unwrap()).unwrap();
    let message = || match text("saltOrder") {
        "PREFIX" => [bytes("salt").as_slice(), password].concat(),
        _ => [password, bytes("salt").as_slice()].concat(),
    };
    let computed = match text("algorithm") {
        "BCRYPT" => {
            let stored = format!(
                "$2b${:02}${}{}",
                object["workFactor"].as_u64().unwrap(),
                text("salt"),
                text("value")
            );
            return bcrypt::verify(password, &stored).unwrap();
        }
        "PBKDF2" => {
            let mut key = vec![0; usize::try_from(object["keySize"].as_u64().unwrap()).unwrap()];
            match text("digestAlgorithm") {
                "SHA256_HMAC" => {
                    pbkdf2::pbkdf2_hmac::<sha2::Sha256>(password, &bytes("salt"), rounds(), &mut key);
                }
                "SHA512_HMAC" => {
                    pbkdf2::pbkdf2_hmac::<sha2::Sha512>(password, &bytes("salt"), rounds(), &mut key);
                }
                other => panic!("Okta has no {other}"),
            }
            key
        }
        "MD5" => md5::Md5::digest(message()).to_vec(),
        "SHA-1" => sha1::Sha1::digest(message()).to_vec(),
        "SHA-256" => sha2::Sha256::digest(message()).to_vec(),
        "SHA-512" => sha2::Sha512::digest(message()).to_vec(),
        other => panic!("Okta has no {other}"),
    };
    computed == bytes("value")
}

/// An object that Okta would accept and that no password fits locks a user out in silence.
#[test]
fn every_expected_object_is_one_that_okta_verifies() {
    let vectors = vectors();
    let importable = || vectors.iter().filter_map(|vector| Some((vector, vector.okta.as_ref()?)));
    assert!(importable().count() > 1000);
    for (vector, object) in importable() {
        assert!(okta_computes(object, vector.password.as_bytes()), "{}: {}", vector.scheme, vector.how);
    }
}

/// Schemes whose software takes passwords of up to 8, 14 or 16 characters: too short for every separator.
const SHORT: [&str; 6] =
    ["cisco-pix", "cisco-asa", "lmhash", "sap-codvn-b", "sap-codvn-b-rfc-read-table", "racf"];

/// A scheme without proof is no scheme.
#[test]
fn every_scheme_has_vectors() {
    let mut verified: BTreeMap<&str, Vec<&Vector>> = BTreeMap::new();
    let mut refused: HashSet<&str> = HashSet::new();
    let files = files();
    for vector in files.iter().flat_map(|(_, vectors)| vectors) {
        if vector.expect == Expect::Verified {
            verified.entry(&vector.scheme).or_default().push(vector);
        } else {
            refused.insert(&vector.scheme);
        }
    }
    let mut missing = Vec::new();
    for entry in entries() {
        let vectors = verified.get(entry.name).map_or(&[][..], Vec::as_slice);
        let has = |test: &dyn Fn(&Vector) -> bool| vectors.iter().any(|vector| test(vector));
        let separators =
            |text: &str| ["$", ":", "{", "}", ";", "'", "\""].iter().all(|one| text.contains(one));
        for (what, there) in [
            ("a plain password", has(&|v| v.password.is_ascii())),
            ("separators in a password", SHORT.contains(&entry.name) || has(&|v| separators(&v.password))),
            ("a password beyond ASCII", has(&|v| !v.password.is_ascii())),
            ("a vector that auto recognises, or that it does not", has(&|v| v.auto) == entry.auto()),
            ("a refused value", refused.contains(entry.name)),
            ("an origin", vectors.iter().all(|v| !v.source.is_empty() && !v.how.is_empty())),
        ] {
            if !there {
                missing.push(format!("{} lacks {what}", entry.name));
            }
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
}

/// hashcat 6.2.6 has 226 modes in the categories of what people sign in with.
#[test]
fn every_mode_of_hashcat_is_there_or_left_out_on_purpose() {
    let number = |vector: &Vector| vector.scheme.strip_prefix("hashcat:")?.parse().ok();
    let files = files();
    let hashcat = files.iter().find(|(path, _)| path.ends_with("hashcat.toml")).unwrap();
    let modes: HashSet<u32> = hashcat.1.iter().filter_map(number).collect();
    assert!(LEFT_OUT.iter().all(|(mode, _)| !modes.contains(mode)));
    assert_eq!(modes.len() + LEFT_OUT.len(), 226);
    for mode in &modes {
        assert!(find(&format!("hashcat:{mode}")).is_some(), "hashcat's mode {mode} is not there");
    }
}
