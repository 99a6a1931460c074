//! The static table of schemes, from which identification, help and `docs/SCHEMES.md` are made.
//!
//! A value is identified by how it begins: by its first bytes one after another, as far as any prefix goes. Where two schemes share a
//! prefix (`{MD5}` is LDAP's and Spring's), each says by the shape of the rest what it claims. No scheme is ever
//! tried to see whether it fits.

use std::sync::{Arc, LazyLock, OnceLock};

use super::construction::{Reading, Refusal};
use super::expression::Expression;
use super::{Cost, Credential, Limits, SelectionError, formats};

/// A public value with its password, to show and to test.
#[derive(Clone, Copy, Debug)]
pub struct Example {
    /// The stored value.
    pub stored: &'static str,
    /// Its salt, where it has a column of its own.
    pub salt: Option<&'static str>,
    /// The user it belongs to, where that goes into the computation and does not stand in the value.
    pub user: Option<&'static str>,
    /// The secret kept outside the table, where there is one.
    pub pepper: Option<&'static str>,
    /// The password it was made from.
    pub password: &'static str,
}

impl Example {
    pub(in crate::schemes) const fn of(stored: &'static str, password: &'static str) -> Self {
        Self { stored, salt: None, user: None, pepper: None, password }
    }
}

/// One scheme of the registry.
#[derive(Clone, Copy)]
pub struct Entry {
    /// Lower case with hyphens, after the software: `phpass`, `django-pbkdf2-sha256`.
    pub name: &'static str,
    /// Other names it answers to (passlib's, Dovecot's).
    pub aliases: &'static [&'static str],
    /// hashcat's modes, where it has any.
    pub hashcat: &'static [u32],
    /// Who writes such values.
    pub software: &'static str,
    /// What a value looks like. Of an expression, a layout as expressions take it: `{digest}:{salt}`; of others
    /// in words much like it: `$2b$<cost>$<salt:22><digest:31>`.
    pub layout: &'static str,
    /// Of an expression, the layout in which hashcat writes such values, where the software writes them otherwise.
    pub hashcat_layout: &'static str,
    /// One worked example.
    pub example: Example,
    /// What Okta does with it, in a few words: `BCRYPT`, `hook: argon2 is not among Okta's algorithms`.
    pub okta: &'static str,
    /// How its values begin. Empty for those that no prefix gives away.
    pub prefixes: &'static [&'static str],
    /// Who else begins values so and means something different; `auto` then reads neither.
    pub(in crate::schemes) also_written_by: Option<&'static str>,
    /// Among schemes with the same prefix: whether what follows the prefix has this scheme's shape.
    pub(in crate::schemes) claims: fn(&[u8]) -> bool,
    /// Whether a value without any of the prefixes is read where the scheme is named outright.
    pub(in crate::schemes) bare: bool,
    /// Whether it is one of crypt(3)'s and may stand inside `{CRYPT}`: recognised there by its prefix or, having none,
    /// by what it claims of the whole value.
    pub(in crate::schemes) crypt3: bool,
    /// How a value is read.
    pub(in crate::schemes) reader: Reader,
    /// Its place in the table, which sets it; none before.
    pub(in crate::schemes) place: Option<usize>,
}

/// How an entry's values are read.
#[derive(Clone, Copy)]
pub(in crate::schemes) enum Reader {
    /// By its own code, from the stored value alone.
    Format(fn(&Credential<'_>, &Limits) -> Reading),
    /// As the result of this expression, by the entry's layout.
    Expression(&'static str),
    /// As the password itself.
    Plaintext,
}

impl Entry {
    /// What most entries have in common.
    pub(in crate::schemes) const BLANK: Self = Self {
        name: "",
        aliases: &[],
        hashcat: &[],
        software: "",
        layout: "",
        hashcat_layout: "",
        example: Example::of("", ""),
        okta: "",
        prefixes: &[],
        also_written_by: None,
        claims: |_| true,
        bare: false,
        crypt3: false,
        reader: Reader::Format(|_, _| Err(Refusal::Unreadable(String::new()))),
        place: None,
    };

    /// Whether `auto` recognises and reads its values.
    pub fn auto(&self) -> bool {
        !self.prefixes.is_empty()
            && self.also_written_by.is_none()
            && !matches!(self.reader, Reader::Plaintext)
    }

    /// The expression that a construction stands for; `None` for self-describing formats.
    pub fn expression(&self) -> Option<&'static str> {
        match self.reader {
            Reader::Expression(text) => Some(text),
            Reader::Format(_) | Reader::Plaintext => None,
        }
    }
}

impl Entry {
    /// What verifying its example takes; nothing where that cannot be read.
    pub fn example_cost(&self) -> Cost {
        let Example { stored, salt, .. } = self.example;
        let credential =
            Credential { stored: stored.as_bytes(), salt: salt.map(str::as_bytes), ..Credential::default() };
        self.read(&credential, &Limits::default()).map_or_else(|_| Cost::default(), |hash| hash.cost())
    }

    pub(in crate::schemes) fn shared_name(&self) -> Arc<str> {
        self.shared().map_or_else(|| Arc::from(self.name), |shared| Arc::clone(&shared.name))
    }

    fn shared(&self) -> Option<&'static Shared> {
        SHARED.get(self.place?)
    }

    /// Reads a value of this scheme.
    pub(in crate::schemes) fn read(&self, credential: &Credential<'_>, limits: &Limits) -> Reading {
        let begins = self.prefixes.iter().any(|prefix| begins(credential.stored, prefix));
        if !begins && !self.bare && !self.prefixes.is_empty() && !matches!(self.reader, Reader::Plaintext) {
            return Err(Refusal::unreadable(format!(
                "expected {} at the beginning",
                self.prefixes.join(" or ")
            )));
        }
        match self.reader {
            Reader::Format(read) => read(credential, limits),
            Reader::Plaintext => formats::plaintext(credential),
            Reader::Expression(_) => self.compiled()?.software.read(credential, limits),
        }
    }

    /// Reads a value of this scheme as hashcat writes it.
    pub(in crate::schemes) fn read_hashcat(&self, credential: &Credential<'_>, limits: &Limits) -> Reading {
        match self.reader {
            Reader::Expression(_) => {
                let compiled = self.compiled()?;
                compiled.hashcat.as_ref().unwrap_or(&compiled.software).read_hashcat(credential, limits)
            }
            Reader::Format(_) | Reader::Plaintext => self.read(credential, limits),
        }
    }

    /// Whether no text at all is too strange for it.
    pub(in crate::schemes) fn reads_any_text(&self) -> bool {
        match self.reader {
            Reader::Plaintext => true,
            Reader::Format(_) => false,
            Reader::Expression(_) => self.compiled().is_ok_and(|compiled| compiled.software.reads_any_text()),
        }
    }

    fn compiled(&self) -> Result<&'static Compiled, Refusal> {
        let broken = |()| Refusal::unreadable(format!("the scheme {} is written wrongly", self.name));
        let shared = self.shared().ok_or(()).map_err(broken)?;
        shared.compiled.get_or_init(|| self.compile().map_err(|_| ())).as_ref().map_err(|()| broken(()))
    }

    fn compile(&self) -> Result<Compiled, SelectionError> {
        let text = self.expression().unwrap_or_default();
        let hashcat = match self.hashcat_layout {
            "" => None,
            layout => Some(Expression::with_layout(text, layout)?),
        };
        Ok(Compiled { software: Expression::with_layout(text, self.layout)?, hashcat })
    }
}

/// An entry's expression, with each of its layouts.
struct Compiled {
    software: Expression,
    hashcat: Option<Expression>,
}

/// What all values of an entry have in common.
struct Shared {
    name: Arc<str>,
    /// Compiled when first used: most runs need few of them.
    compiled: OnceLock<Result<Compiled, ()>>,
}

/// In the table's order.
static SHARED: LazyLock<Vec<Shared>> = LazyLock::new(|| {
    let shared = |entry: &Entry| Shared { name: Arc::from(entry.name), compiled: OnceLock::new() };
    entries().iter().map(shared).collect()
});

impl std::fmt::Debug for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Entry({})", self.name)
    }
}

static ENTRIES: LazyLock<Vec<Entry>> = LazyLock::new(|| {
    let entries = formats::FAMILIES.concat().into_iter().enumerate();
    entries.map(|(place, entry)| Entry { place: Some(place), ..entry }).collect()
});

/// All prefixes, byte by byte. Those in braces are the same in any case.
static PREFIXES: LazyLock<Prefixes> = LazyLock::new(|| {
    let mut prefixes = Prefixes { first: [None; 256], nodes: Vec::new() };
    for entry in entries() {
        for prefix in entry.prefixes {
            prefixes.insert(prefix, entry);
        }
    }
    prefixes.link();
    prefixes
});

/// A tree of the beginnings of values.
struct Prefixes {
    /// By the first byte.
    first: [Option<usize>; 256],
    nodes: Vec<Node>,
}

/// What is known of values that begin as the way to here says.
#[derive(Default)]
struct Node {
    /// By the next byte.
    next: Vec<(u8, usize)>,
    /// The same as a table, where there are many.
    wide: Option<Box<[Option<usize>; 256]>>,
    /// The prefixes that end here, in the table's order.
    ends: Vec<(&'static str, &'static Entry)>,
    before: Option<usize>,
    /// Where the next shorter prefix ends.
    shorter: Option<usize>,
}

/// Next bytes that are rather tried one by one.
const FEW: usize = 4;

impl Prefixes {
    fn insert(&mut self, prefix: &'static str, entry: &'static Entry) {
        let mut at = None;
        for byte in folded(prefix.as_bytes()) {
            at = Some(self.next(at, byte).unwrap_or_else(|| self.grow(at, byte)));
        }
        if let Some(node) = at.and_then(|at| self.nodes.get_mut(at)) {
            node.ends.push((prefix, entry));
        }
    }

    fn grow(&mut self, at: Option<usize>, byte: u8) -> usize {
        let new = self.nodes.len();
        self.nodes.push(Node { before: at, ..Node::default() });
        match at.and_then(|at| self.nodes.get_mut(at)) {
            Some(node) => node.next.push((byte, new)),
            None => {
                if let Some(first) = self.first.get_mut(usize::from(byte)) {
                    *first = Some(new);
                }
            }
        }
        new
    }

    /// Nodes come behind those before them, whose links are known by then.
    fn link(&mut self) {
        for at in 0..self.nodes.len() {
            let before = self.nodes.get(at).and_then(|node| node.before);
            let shorter = before.and_then(|before| {
                let node = self.nodes.get(before)?;
                if node.ends.is_empty() { node.shorter } else { Some(before) }
            });
            if let Some(node) = self.nodes.get_mut(at) {
                node.shorter = shorter;
                node.wide = (node.next.len() > FEW).then(|| {
                    let mut wide = Box::new([None; 256]);
                    for (byte, next) in &node.next {
                        if let Some(place) = wide.get_mut(usize::from(*byte)) {
                            *place = Some(*next);
                        }
                    }
                    wide
                });
            }
        }
    }

    fn next(&self, at: Option<usize>, byte: u8) -> Option<usize> {
        let Some(at) = at else { return *self.first.get(usize::from(byte))? };
        let node = self.nodes.get(at)?;
        match &node.wide {
            Some(wide) => *wide.get(usize::from(byte))?,
            None => node.next.iter().find(|(next, _)| *next == byte).map(|(_, node)| *node),
        }
    }

    /// The prefixes of a value, the longest first.
    fn of(&self, stored: &[u8]) -> impl Iterator<Item = &(&'static str, &'static Entry)> + Clone {
        let (mut at, mut longest) = (None, None);
        for byte in folded(stored) {
            at = self.next(at, byte);
            match at.and_then(|at| self.nodes.get(at)) {
                Some(node) if !node.ends.is_empty() => longest = at,
                Some(_) => {}
                None => break,
            }
        }
        let shorter = |at: &usize| self.nodes.get(*at).and_then(|node| node.shorter);
        let ending = std::iter::successors(longest, shorter);
        ending.filter_map(|at| self.nodes.get(at)).flat_map(|node| &node.ends)
    }
}

/// The bytes of a value or prefix as they are told apart.
fn folded(bytes: &[u8]) -> impl Iterator<Item = u8> {
    let braced = bytes.first() == Some(&b'{');
    bytes.iter().map(move |byte| if braced { byte.to_ascii_lowercase() } else { *byte })
}

/// All entries, in the order in which they are listed.
pub fn entries() -> &'static [Entry] {
    &ENTRIES
}

/// The entry of that name or alias, whatever its case, with `_` for `-` if one likes; or of `hashcat:N`.
pub fn find(name: &str) -> Option<&'static Entry> {
    match name.strip_prefix("hashcat:") {
        Some(mode) => mode.parse().ok().and_then(by_hashcat),
        None => named(name),
    }
}

/// The entry of that name or alias.
pub(in crate::schemes) fn named(name: &str) -> Option<&'static Entry> {
    let known = |other: &str| same_name(other, name);
    entries().iter().find(|entry| known(entry.name) || entry.aliases.iter().any(|alias| known(alias)))
}

fn same_name(a: &str, b: &str) -> bool {
    let folded = |byte: u8| if byte == b'_' { b'-' } else { byte.to_ascii_lowercase() };
    a.len() == b.len() && a.bytes().map(folded).eq(b.bytes().map(folded))
}

/// The entry of hashcat's mode.
pub(in crate::schemes) fn by_hashcat(mode: u32) -> Option<&'static Entry> {
    entries().iter().find(|entry| entry.hashcat.contains(&mode))
}

/// Whether a value begins so. LDAP's names in braces are the same in any case.
pub(in crate::schemes) fn begins(stored: &[u8], prefix: &str) -> bool {
    let start = stored.get(..prefix.len());
    start.is_some_and(|start| {
        start == prefix.as_bytes()
            || (prefix.starts_with('{') && start.eq_ignore_ascii_case(prefix.as_bytes()))
    })
}

/// The scheme that a stored value belongs to by its beginning.
pub(in crate::schemes) fn identify(stored: &[u8]) -> Option<&'static Entry> {
    let mut known = PREFIXES.of(stored);
    let claims =
        |(prefix, entry): &&(&str, &Entry)| (entry.claims)(stored.get(prefix.len()..).unwrap_or_default());
    // Where nobody claims it, the first says what is wrong with it; unless any text may begin so, such as a password.
    let claimed = known.clone().find(claims).or_else(|| known.find(|(prefix, _)| tells(prefix)));
    claimed.map(|(_, entry)| *entry)
}

/// Whether hardly any text begins so but values of that scheme: `$2b$` and `{SSHA}` do; `_`, `AK1`, `M$` and `@s@` do
/// not, with which passwords begin too.
fn tells(prefix: &str) -> bool {
    prefix.starts_with(['$', '{', ':']) || (prefix.len() > 3 && prefix.contains(['$', ':', '.']))
}

/// The name that is spelt most like this one, if any is near.
pub(in crate::schemes) fn nearest(name: &str) -> Option<&'static str> {
    let name = name.to_ascii_lowercase().replace('_', "-");
    if name.len() > 64 {
        return None;
    }
    let names = entries().iter().flat_map(|entry| std::iter::once(&entry.name).chain(entry.aliases));
    names
        .map(|known| (strsim::osa_distance(&name, known), *known))
        .filter(|(far, _)| *far <= 2)
        .min()
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::schemes::construction::Construction;
    use crate::schemes::{Scratch, Selection, Verdict};

    /// Those that allocate more than half as much again as they return, and how many tenths of it they may at most. The
    /// reasons stand in `docs/PERFORMANCE.md`.
    const WASTEFUL: [(&str, u64); 26] = [
        ("keycloak", 75),
        ("okta-hash", 60),
        ("auth0-custom-password-hash", 55),
        ("scram", 40),
        ("netscreen", 30),
        ("gotrue-fbscrypt", 30),
        ("bsdi-crypt", 25),
        ("des-crypt", 25),
        ("django-crypt", 25),
        ("bigcrypt", 25),
        ("crypt16", 25),
        ("adonis-bcrypt", 25),
        ("kratos-firescrypt", 25),
        ("mysql-caching-sha2", 25),
        ("bcrypt-sha256", 20),
        ("389ds-pbkdf2-sha256", 20),
        ("firebase-scrypt", 20),
        ("websphere", 20),
        ("kratos-digest", 20),
        ("qnx-md5", 20),
        ("domino-6", 20),
        ("scrypt", 20),
        ("sha1-salt-sha1-bin-of-utf16le-user-colon-utf16le-pass", 20),
        ("hashcat-pbkdf2", 20),
        ("mongodb-scram-sha-1", 20),
        ("mongodb-scram-sha-256", 20),
    ];

    /// All prefixes tried one after the other, the longest first.
    fn prefixes_one_by_one(stored: &[u8]) -> Vec<(&'static str, &'static str)> {
        let all =
            entries().iter().flat_map(|entry| entry.prefixes.iter().map(move |prefix| (*prefix, entry)));
        let mut known: Vec<_> = all.filter(|(prefix, _)| begins(stored, prefix)).collect();
        known.sort_by_key(|(prefix, _)| std::cmp::Reverse(prefix.len()));
        known.into_iter().map(|(prefix, entry)| (prefix, entry.name)).collect()
    }

    #[test]
    fn the_tree_of_prefixes_knows_them_all_in_their_order() {
        let examples = entries().iter().map(|entry| entry.example.stored.to_owned());
        let prefixes = entries().iter().flat_map(|entry| entry.prefixes).map(|prefix| (*prefix).to_owned());
        for value in examples.chain(prefixes) {
            let length = (0..=value.len()).filter(|length| value.is_char_boundary(*length));
            for value in length.map(|length| &value[..length]) {
                for value in
                    [value.to_owned(), value.to_uppercase(), value.to_lowercase(), format!("{value}\0")]
                {
                    let found = PREFIXES.of(value.as_bytes()).map(|(prefix, entry)| (*prefix, entry.name));
                    assert_eq!(found.collect::<Vec<_>>(), prefixes_one_by_one(value.as_bytes()), "{value}");
                }
            }
        }
    }

    #[test]
    fn no_name_means_two_schemes() {
        let mut seen = HashSet::new();
        for entry in entries() {
            for name in std::iter::once(&entry.name).chain(entry.aliases) {
                let plain = name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
                assert!(plain, "{name}: lower case with hyphens");
                assert!(seen.insert(*name), "{name} is there twice");
            }
        }
        // hashcat numbers passlib's PBKDF2 by its digest: SHA-512, SHA-256, SHA-1.
        assert!(
            [20200, 20300, 20400].iter().all(|&m| by_hashcat(m).is_some_and(|e| e.name == "passlib-pbkdf2"))
        );
        let modes: Vec<_> = entries().iter().flat_map(|entry| entry.hashcat).collect();
        assert_eq!(modes.len(), modes.iter().collect::<HashSet<_>>().len(), "a hashcat mode is there twice");
    }

    #[test]
    fn every_entry_is_whole_and_its_example_verifies() {
        for entry in entries() {
            for text in [entry.name, entry.software, entry.layout, entry.okta, entry.example.stored] {
                assert!(!text.is_empty(), "{}: something is missing", entry.name);
            }
            let Example { stored, salt, user, pepper, password } = entry.example;
            let credential = Credential {
                stored: stored.as_bytes(),
                salt: salt.map(str::as_bytes),
                user,
                pepper: pepper.map(str::as_bytes),
                ..Credential::default()
            };
            let hash = Selection::parse(entry.name).unwrap().read(&credential, &Limits::default());
            let hash = hash.unwrap_or_else(|error| panic!("{}: {error}", entry.name));
            let verdict = hash.verify(password.as_bytes(), &mut Scratch::default());
            assert_eq!(verdict, Verdict::Match, "{}", entry.name);
            let hook = entry.okta.starts_with("hook");
            assert!(!hook || hash.okta().is_err(), "{}: the table says hook", entry.name);
        }
    }

    /// Most of what reading allocates lives on in what it returns: of each entry's example, read by its name.
    #[test]
    fn reading_allocates_little_more_than_it_returns() {
        let mut wasteful = Vec::new();
        for entry in entries() {
            let Example { stored, salt, user, pepper, .. } = entry.example;
            let credential = Credential {
                stored: stored.as_bytes(),
                salt: salt.map(str::as_bytes),
                user,
                pepper: pepper.map(str::as_bytes),
                ..Credential::default()
            };
            let (selection, limits) = (Selection::parse(entry.name).unwrap(), Limits::default());
            drop(selection.read(&credential, &limits)); // compiles what is compiled once
            let mut kept = None;
            let info = allocation_counter::measure(|| kept = selection.read(&credential, &limits).ok());
            assert!(kept.is_some(), "{}", entry.name);
            let allowed =
                WASTEFUL.iter().find(|(name, _)| *name == entry.name).map_or(15, |(_, tenths)| *tenths);
            // Where the scheme's name and the construction are, which is returned too.
            let place = size_of::<Arc<str>>() + size_of::<Box<dyn Construction>>();
            let returned = info.bytes_current.cast_unsigned() + place as u64;
            let total = info.bytes_total + place as u64;
            if 10 * total > returned * allowed {
                wasteful.push(format!("{}: {total} B for {returned} B", entry.name));
            }
        }
        assert!(wasteful.is_empty(), "{} allocate too much:\n{}", wasteful.len(), wasteful.join("\n"));
    }

    #[test]
    fn the_longest_prefix_and_the_shape_decide() {
        for (stored, name) in [
            ("$pbkdf2-sha256$i=1$x", Some("phc-pbkdf2")),
            ("$pbkdf2-sha256$1$x", Some("passlib-pbkdf2")),
            ("{MD5}X03MO1qnZdYdgyfeuILPmQ==", Some("ldap-md5")),
            ("{MD5}5f4dcc3b5aa765d61d8327deb882cf99", Some("spring-md5")),
            ("{MD5}{salt}5f4dcc3b5aa765d61d8327deb882cf99", Some("spring-md5")),
            ("{md5}?", Some("ldap-md5")),
            ("{sha256}00", Some("spring-sha256")),
            ("{MD5}$1$x$y", Some("dovecot-md5")),
            ("{SMD5}jNoSMNY0cybfuBWiaGlFw3Mfi/U=", Some("ldap-smd5")),
            ("{SMD5}17800721$WkGka7tXcrfpUQS6WOQyw/", Some("aix-smd5")),
            ("{ssha256}06$x$y", Some("aix-ssha256")),
            ("{PBKDF2}10000$x$y", Some("ldap-pbkdf2")),
            ("{PBKDF2}$1$x$5000$y", Some("dovecot-pbkdf2")),
            ("{PBKDF2}00", Some("spring-pbkdf2")),
            ("sha1$x$1$y", Some("npm-password-hash")),
            ("sha1$$x", Some("django-unsalted-sha1")),
            ("sha256$x$y", Some("werkzeug-sha256")),
            ("$scrypt$n=1024,x", Some("adonis-scrypt")),
            ("AQAAAAIAACcQAAAAEAABAgME", Some("aspnet-identity")),
            ("sha1$x", Some("django-sha1")),
            ("{SHA}5baa61e4c9b93f3f0682250b6cf8331b7ee68fd8", Some("ldap-hex-sha1")),
            ("{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=", Some("ldap-sha")),
            ("$p5k2$3e8$a$b=", Some("cta-pbkdf2-sha1")),
            ("$p5k2$3e8$a$b", Some("dlitz-pbkdf2-sha1")),
            ("_GW..8841inaTltazRsQ", Some("bsdi-crypt")),
            ("_GW..8841inaTltazRsQQ", None),
            ("AK1", None),
            ("@m@75f6f129f9c9e77b6b", Some("qnx-md5")),
            ("@m,1000@75f6f129f9c9e77b6b", Some("qnx-md5")),
            ("@m@zing", None),
            ("@s@", None),
            ("M$P$9abcdefgh", Some("typo3-md5")),
            ("M$crosoft", None),
            ("U$S$", Some("drupal7")),
            ("sha1:x", Some("hashcat-pbkdf2")),
            ("{SSHA}", Some("ldap-ssha")),
            ("$2", None),
            ("$2B$", None),
            ("", None),
            ("\u{e9}", None),
        ] {
            assert_eq!(identify(stored.as_bytes()).map(|entry| entry.name), name, "{stored}");
        }
    }
}
