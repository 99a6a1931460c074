//! What the configuration's `scheme` says, and what comes of it for one stored value.
//!
//! `auto` recognises self-describing values by their shape; a name, `hashcat:N` or an expression says how a value
//! was made; a list is tried in order.

use std::sync::Arc;

use thiserror::Error;

use super::construction::{Construction, Reading, Refusal};
use super::expression::Expression;
use super::kernels::{self, Kind};
use super::registry::{self, Entry, Reader};
use super::{Cost, Credential, Limits, NotImportable, OktaHash, Scratch, Verdict, left_out, shape};

/// A value that could not be read as what it should be. The message never holds any of the value.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{why}")]
pub struct Unreadable {
    /// The scheme that it was read as, where one was recognised.
    pub scheme: Option<Arc<str>>,
    /// What is wrong, and how to mend it where that can be said.
    pub why: String,
}

/// A value that asks for more than [`Limits`] allow.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{why}")]
pub struct TooCostly {
    /// Its scheme.
    pub scheme: Option<Arc<str>>,
    /// Which bound, its value, and what was asked.
    pub why: String,
}

/// Why there is no [`Hash`](struct@Hash) for a stored value.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ReadError {
    /// Not a value of this scheme, damaged, or of no known scheme.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    /// Readable, and beyond a limit.
    #[error(transparent)]
    TooCostly(#[from] TooCostly),
}

impl ReadError {
    fn new(refusal: Refusal, scheme: Option<Arc<str>>) -> Self {
        match refusal {
            Refusal::Unreadable(why) => Unreadable { scheme, why }.into(),
            Refusal::TooCostly(why) => TooCostly { scheme, why }.into(),
        }
    }

    /// The scheme that the value was read as, where one was recognised.
    pub fn scheme(&self) -> Option<&Arc<str>> {
        match self {
            Self::Unreadable(Unreadable { scheme, .. }) | Self::TooCostly(TooCostly { scheme, .. }) => {
                scheme.as_ref()
            }
        }
    }
}

/// A `scheme` text that means nothing.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{message}")]
pub struct SelectionError {
    /// Column of the mistake in the text, counted in characters from 1.
    pub column: usize,
    /// What was expected there.
    pub message: String,
}

/// A checked choice of schemes; cheap to clone.
#[derive(Clone, Debug)]
pub struct Selection {
    choices: Arc<[Choice]>,
}

#[derive(Debug)]
enum Choice {
    Auto,
    Named(&'static Entry),
    /// An entry by hashcat's number, its values written as hashcat writes them.
    Hashcat(&'static Entry),
    Expression(Expression),
}

/// How many schemes a list may hold.
const MAX_CHOICES: usize = 16;

impl Selection {
    /// `auto`.
    pub fn auto() -> Self {
        Self { choices: Arc::new([Choice::Auto]) }
    }

    /// One of `auto`, a registry name or alias, `hashcat:N`, an expression.
    pub fn parse(text: &str) -> Result<Self, SelectionError> {
        Ok(Self { choices: Arc::new([Choice::parse(text)?]) })
    }

    /// Several, tried in order: from one up to sixteen. The column of an error is within its own text.
    pub fn parse_list<'a>(texts: impl IntoIterator<Item = &'a str>) -> Result<Self, SelectionError> {
        let mut choices = Vec::new();
        for text in texts {
            if choices.len() == MAX_CHOICES {
                let message = format!("a list has at most {MAX_CHOICES} schemes");
                return Err(SelectionError { column: 1, message });
            }
            choices.push(Choice::parse(text)?);
        }
        if choices.is_empty() {
            return Err(SelectionError { column: 1, message: "a list has at least one scheme".into() });
        }
        Ok(Self { choices: choices.into() })
    }

    /// Reads one stored value by this choice.
    ///
    /// Of a list, every scheme that can read the value is a candidate; `plaintext` only where no other can. A
    /// value that is too costly for one of them is too costly.
    pub fn read(&self, credential: &Credential<'_>, limits: &Limits) -> Result<Hash, ReadError> {
        limits.credential(credential).map_err(|refusal| ReadError::new(refusal, None))?;
        let mut read: Option<Hash> = None;
        let mut unreadable = Vec::new();
        for choice in self.choices.iter() {
            if read.is_some() && choice.reads_anything() {
                continue;
            }
            match choice.read(credential, limits) {
                Ok(candidate) => match &mut read {
                    None => read = Some(Hash { first: candidate, more: Vec::new() }),
                    Some(hash) if hash.candidates().any(|(known, _)| *known == candidate.0) => {}
                    Some(hash) => hash.more.push(candidate),
                },
                Err(ReadError::Unreadable(error)) => unreadable.push(error),
                Err(error @ ReadError::TooCostly(_)) => return Err(error),
            }
        }
        read.ok_or_else(|| worst(unreadable).into())
    }
}

/// One reason out of those of a list: that of a scheme which recognised the value, else all of them.
fn worst(mut reasons: Vec<Unreadable>) -> Unreadable {
    if reasons.len() > 1 {
        let why: Vec<_> = reasons
            .iter()
            .map(|reason| format!("{}: {}", reason.scheme.as_deref().unwrap_or("auto"), reason.why))
            .collect();
        return Unreadable { scheme: None, why: why.join("; ") };
    }
    reasons.pop().unwrap_or(Unreadable { scheme: None, why: "no scheme is chosen".into() })
}

impl Choice {
    fn parse(text: &str) -> Result<Self, SelectionError> {
        let text = text.trim();
        if text.eq_ignore_ascii_case("auto") {
            return Ok(Self::Auto);
        }
        let error = |column, message: String| Err(SelectionError { column, message });
        if let Some(mode) = text.strip_prefix("hashcat:") {
            let Ok(mode) = mode.parse::<u32>() else {
                return error(9, "expected hashcat's number of the mode, such as hashcat:3200".into());
            };
            return match registry::by_hashcat(mode) {
                Some(entry) => Ok(Self::Hashcat(entry)),
                None => error(
                    9,
                    match left_out::why(mode) {
                        Some(why) => format!("hashcat's mode {mode} is not for signing in: {why}"),
                        None => {
                            format!("no scheme here has hashcat's mode {mode}; write it as an expression")
                        }
                    },
                ),
            };
        }
        if let Some(entry) = registry::named(text) {
            return Ok(Self::Named(entry));
        }
        if text.contains(['(', '$', '\'', '.']) {
            return Expression::parse(text).map(Self::Expression);
        }
        if text.is_empty() {
            return error(1, "expected `auto`, a scheme's name, hashcat:N or an expression".into());
        }
        let near = registry::nearest(text);
        let near = near.map_or_else(String::new, |name| format!("; did you mean `{name}`?"));
        error(1, format!("there is no such scheme{near} `keyferry schemes` lists all"))
    }

    /// Whether no value is too strange for it: it then has no say where another scheme reads the value.
    fn reads_anything(&self) -> bool {
        match self {
            Self::Named(entry) | Self::Hashcat(entry) => entry.reads_any_text(),
            Self::Expression(expression) => expression.reads_any_text(),
            Self::Auto => false,
        }
    }

    fn read(&self, credential: &Credential<'_>, limits: &Limits) -> Result<Candidate, ReadError> {
        let named = |reading: Reading, name: &Arc<str>| match reading.and_then(|construction| {
            limits.time(construction.cost())?;
            Ok(construction)
        }) {
            Ok(construction) => Ok((Arc::clone(name), construction)),
            Err(refusal) => Err(ReadError::new(refusal, Some(Arc::clone(name)))),
        };
        match self {
            Self::Auto => match registry::identify(credential.stored) {
                Some(entry) if matches!(entry.reader, Reader::Plaintext) => {
                    let why = format!("plain text is read only where `{}` is chosen by name", entry.name);
                    Err(Unreadable { scheme: Some(entry.shared_name()), why }.into())
                }
                Some(entry) => match entry.also_written_by {
                    None => named(entry.read(credential, limits), &entry.shared_name()),
                    Some(other) => {
                        let why = format!("{other}: name `{}` where it is meant", entry.name);
                        Err(Unreadable { scheme: None, why }.into())
                    }
                },
                None => Err(Unreadable { scheme: None, why: shape::unknown(credential.stored) }.into()),
            },
            Self::Named(entry) => named(entry.read(credential, limits), &entry.shared_name()),
            Self::Hashcat(entry) => named(entry.read_hashcat(credential, limits), &entry.shared_name()),
            Self::Expression(expression) => named(expression.read(credential, limits), expression.text()),
        }
    }
}

/// A stored value that was read: one construction, or several where a list of schemes leaves more than one open.
pub struct Hash {
    first: Candidate,
    more: Vec<Candidate>,
}

/// A scheme's name, and what it makes of a stored value.
type Candidate = (Arc<str>, Box<dyn Construction>);

impl Hash {
    fn candidates(&self) -> impl Iterator<Item = &Candidate> {
        std::iter::once(&self.first).chain(&self.more)
    }

    /// The scheme's name; of several candidates, the first. For an expression, its own text.
    pub fn scheme(&self) -> Arc<str> {
        Arc::clone(&self.first.0)
    }

    /// The parameters that tell values of one scheme apart in reports: `cost 12`, `600000 rounds`. Empty where there are
    /// none. Never a salt or a digest.
    pub fn parameters(&self) -> String {
        self.first.1.parameters()
    }

    /// Whether the password makes the stored value, by any candidate. All candidates are tried whatever the
    /// first says, so that time does not tell which one matched.
    pub fn verify(&self, password: &[u8], scratch: &mut Scratch) -> Verdict {
        let mut verdict = Verdict::Mismatch;
        for (_, construction) in self.candidates() {
            if construction.verify(password, scratch) == Verdict::Match {
                verdict = Verdict::Match;
            }
        }
        verdict
    }

    /// What its verifications can run together with, in [`Hash::verify_together`]; `None` where they run alone.
    pub fn kind(&self) -> Option<Kind> {
        self.only()?.kind()
    }

    /// What it is, where nothing else is possible.
    fn only(&self) -> Option<&dyn Construction> {
        self.more.is_empty().then_some(&*self.first.1)
    }

    /// Verifies several passwords, each against its own value, side by side on one core. The verdicts are in the order of
    /// the attempts, each what [`Hash::verify`] says of that one. What is not of this kind runs alone.
    pub fn verify_together(kind: Kind, attempts: &[(&Self, &[u8])], scratch: &mut Scratch) -> Vec<Verdict> {
        let mut verdicts = vec![Verdict::Mismatch; attempts.len()];
        let mut tasks = Vec::with_capacity(attempts.len());
        let mut judges = Vec::with_capacity(attempts.len());
        for ((hash, password), verdict) in attempts.iter().zip(&mut verdicts) {
            let joins = hash.kind() == Some(kind);
            match hash.only().filter(|_| joins).and_then(|only| Some((only, only.task(password, scratch)?))) {
                Some((only, task)) => {
                    judges.push((only, verdict));
                    tasks.push(task);
                }
                None => *verdict = hash.verify(password, scratch),
            }
        }
        for ((only, verdict), result) in judges.into_iter().zip(kernels::run(kind, scratch.simd(), tasks)) {
            *verdict = only.judge(&result);
        }
        verdicts
    }

    /// What [`Hash::verify`] takes: the times added, the largest memory.
    pub fn cost(&self) -> Cost {
        self.candidates().fold(Cost::default(), |sum, (_, construction)| {
            let one = construction.cost();
            Cost { micros: sum.micros.saturating_add(one.micros), memory: sum.memory.max(one.memory) }
        })
    }

    /// The object with which Okta imports this value, or why not. With several candidates nobody knows which one
    /// it is, so the hook must find out.
    pub fn okta(&self) -> Result<OktaHash, NotImportable> {
        match self.more.as_slice() {
            [] => self.first.1.okta(),
            _ => Err(NotImportable("several schemes are possible for this value".into())),
        }
    }
}

impl std::fmt::Debug for Hash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Hash({})", self.scheme())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(scheme: &str, stored: &str) -> Result<Hash, ReadError> {
        let credential = Credential { stored: stored.as_bytes(), ..Credential::default() };
        Selection::parse(scheme).unwrap().read(&credential, &Limits::default())
    }

    fn verdict(hash: &Hash, password: &str) -> Verdict {
        hash.verify(password.as_bytes(), &mut Scratch::default())
    }

    const BCRYPT: &str = "$2b$06$DCq7YPn5Rq63x1Lad4cll.TV4S6ytwfsfvkgY8jIucDrjc8deX1s.";

    #[test]
    fn auto_recognises_what_describes_itself() {
        let hash = read("auto", BCRYPT).unwrap();
        assert_eq!((&*hash.scheme(), hash.parameters().as_str()), ("bcrypt", "cost 6"));
        assert_eq!(verdict(&hash, ""), Verdict::Match);
        assert_eq!(verdict(&hash, "x"), Verdict::Mismatch);
        let hash = read("auto", "{ssha}pKqkNr1tq3wtQqk+UcPyA3HnA2NsU5NJ").unwrap();
        assert_eq!((&*hash.scheme(), verdict(&hash, "password")), ("ldap-ssha", Verdict::Match));
    }

    #[test]
    fn auto_says_why_a_bare_digest_needs_a_name() {
        let error = read("auto", "28f9975808ae2bdc5847b1cda26033ea").unwrap_err();
        let why = error.to_string();
        assert!(
            why.contains("32 hex digits, perhaps ")
                && why.contains("`md5`")
                && why.contains("keyferry guess"),
            "{why}"
        );
        assert!(!why.contains("28f9"), "{why}");
        assert!(matches!(error, ReadError::Unreadable(Unreadable { scheme: None, .. })));
    }

    /// Made by PHP 8.2: the code that `CrackStation` published takes the salt's base64 for the salt.
    /// `$salt = base64_encode("0123456789abcdefghijklmn"); hash_pbkdf2("sha256", "swordfish", $salt, 10000, 24, true)`
    #[test]
    fn auto_never_chooses_between_two_meanings() {
        for (scheme, stored) in [
            (
                "hashcat-pbkdf2",
                "sha256:10000:MDEyMzQ1Njc4OWFiY2RlZmdoaWprbG1u:SgF4ySYkTWuZCr9X/MGNH75mhJtGcUFV",
            ),
            ("django-sha1", "sha1$fe76b$02d5916550edf7fc8c886f044887f4b1abf9b013"),
        ] {
            for auto in ["auto", "auto($pass)"] {
                assert!(matches!(read(auto, stored), Err(ReadError::Unreadable(_))), "{auto}: {stored}");
            }
            let why = read("auto", stored).unwrap_err().to_string();
            assert!(why.contains(&format!("name `{scheme}`")), "{why}");
            assert_eq!(&*read(scheme, stored).unwrap().scheme(), scheme);
            assert!(read("plaintext", stored).is_err(), "whoever saw the hash could sign in with it");
        }
    }

    #[test]
    fn plain_text_is_asked_for_by_name_and_never_a_hash() {
        let why = read("auto", "{noop}swordfish").unwrap_err().to_string();
        assert!(why.contains("`plaintext`") && !why.contains("swordfish"), "{why}");
        assert_eq!(verdict(&read("plaintext", "{noop}swordfish").unwrap(), "swordfish"), Verdict::Match);
        assert_eq!(verdict(&read("plaintext", "swordfish").unwrap(), "swordfish"), Verdict::Match);
        assert!(read("plaintext", BCRYPT).is_err());
        assert!(read("plaintext", "$2b$06$damaged").is_err());
    }

    #[test]
    fn a_list_keeps_every_candidate_and_plain_text_for_last() {
        let salted = Selection::parse_list(["md5($pass.$salt)", "md5($salt.$pass)"]).unwrap();
        let stored = b"01dfae6e5d4d90d9892622325959afbe";
        let credential = Credential { stored, salt: Some(b"7050461"), ..Credential::default() };
        let hash = salted.read(&credential, &Limits::default()).unwrap();
        assert_eq!(verdict(&hash, "hashcat"), Verdict::Match);
        assert!(hash.okta().unwrap_err().0.contains("several"));

        let mixed = Selection::parse_list(["plaintext", "auto"]).unwrap();
        let bcrypt = Credential { stored: BCRYPT.as_bytes(), ..Credential::default() };
        let hash = mixed.read(&bcrypt, &Limits::default()).unwrap();
        assert_eq!((&*hash.scheme(), verdict(&hash, BCRYPT)), ("bcrypt", Verdict::Mismatch));
    }

    #[test]
    fn a_scheme_that_means_nothing_says_what_would() {
        for (text, column, part) in [
            ("bcrpt", 1, "did you mean `bcrypt`"),
            ("hashcat:abc", 9, "hashcat:3200"),
            ("hashcat:4000000000", 9, "expression"),
            ("hashcat:8300", 9, "NSEC3"),
            ("", 1, "expected `auto`"),
            ("md5($pas)", 5, "$pass"),
        ] {
            let error = Selection::parse(text).unwrap_err();
            assert_eq!(error.column, column, "{text}");
            assert!(error.message.contains(part), "{text}: {error}");
        }
        assert!(Selection::parse_list([]).is_err());
        assert!(Selection::parse_list(vec!["auto"; 17]).is_err());
    }

    #[test]
    fn names_aliases_and_modes_mean_the_same() {
        for text in ["bcrypt", "BLF-CRYPT", "hashcat:3200", " bcrypt "] {
            assert_eq!(&*read(text, BCRYPT).unwrap().scheme(), "bcrypt");
        }
        let hash = read("hashcat:10", "01dfae6e5d4d90d9892622325959afbe:7050461").unwrap();
        assert_eq!((&*hash.scheme(), verdict(&hash, "hashcat")), ("md5-pass-salt", Verdict::Match));
        let hex = "01dfae6e5d4d90d9892622325959afbe:$HEX[37303530343631]";
        assert_eq!(verdict(&read("hashcat:10", hex).unwrap(), "hashcat"), Verdict::Match);
        assert_eq!(verdict(&read("md5-pass-salt", hex).unwrap(), "hashcat"), Verdict::Mismatch);
    }

    /// Of every digest: what is allowed takes no longer than bcrypt of cost 15, and a usual digest keeps all its rounds.
    #[test]
    fn a_slow_digest_has_fewer_rounds() {
        let most = u128::from(Limits::default().rounds);
        for digest in crate::schemes::digests() {
            let mut allowed = 0;
            for rounds in [100_000, 250_000, 500_000, 1_000_000, 2_500_000, 5_000_000] {
                let scheme = format!("pbkdf2_{digest}($pass,$salt,{rounds},16)");
                let credential =
                    Credential { stored: &[b'0'; 32], salt: Some(b"salt"), ..Credential::default() };
                match Selection::parse(&scheme).unwrap().read(&credential, &Limits::default()) {
                    Ok(hash) => {
                        assert!(hash.cost().micros <= 2_000_000, "{scheme}");
                        allowed = rounds;
                    }
                    Err(ReadError::TooCostly(error)) => assert!(error.why.contains("`rounds`"), "{scheme}"),
                    Err(error) => panic!("{scheme}: {error}"),
                }
            }
            assert!(allowed >= 250_000, "{digest}: {allowed}");
            let usual = digest.starts_with("sha") && !digest.starts_with("sha3") || digest == "md5";
            assert!(!usual || allowed == most, "{digest}: {allowed}");
        }
    }

    #[test]
    fn what_costs_too_much_is_told_apart() {
        let error = read("auto", "$2b$31$DCq7YPn5Rq63x1Lad4cll.TV4S6ytwfsfvkgY8jIucDrjc8deX1s.").unwrap_err();
        assert!(matches!(&error, ReadError::TooCostly(error)
            if error.why == "over the limit `bcrypt_cost`: 31 asked, 15 allowed"
            && error.scheme.as_deref() == Some("bcrypt")));
        let long = "x".repeat(4097);
        assert!(matches!(read("auto", &long), Err(ReadError::TooCostly(_))));
    }
}
