//! Okta's user profile: its base attributes in the order of Okta's CSV template, and what each may hold.
//!
//! Lengths are those of `UserProfile` in Okta's API description (release 2026.06.3), counted in characters. A value
//! is checked before it leaves; it is never changed or cut.

use thiserror::Error;

/// A base attribute of Okta's user profile.
#[derive(Debug, PartialEq, Eq)]
pub struct Attribute {
    /// Okta's name of it.
    pub name: &'static str,
    /// The fewest characters.
    pub min: usize,
    /// The most characters; none where Okta's description has no limit.
    pub max: Option<usize>,
    /// What it must look like.
    pub shape: Shape,
}

/// What a value must look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Any text without control characters.
    Text,
    /// Any text, in which line breaks and tabs may stand: postal addresses.
    Lines,
    /// An address by RFC 5322, section 3.2.3: ASCII, and a domain of at least two labels.
    Email,
    /// An address by RFC 6531, section 3.3, as Okta asks of a login by default: letters beyond ASCII may stand.
    Login,
}

/// What an org's login must look like. Okta's default is an address; an org can lift that with a login pattern.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LoginPattern {
    /// Okta's default: 5 to 100 characters in the shape of an email address.
    #[default]
    Address,
    /// The pattern `.+`: any text of 1 to 100 characters.
    Any,
}

/// Why Okta would refuse a value. Names the attribute and the rule, never the value.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ProfileError {
    /// A required attribute that has no value.
    #[error("{0} is missing")]
    Missing(String),
    /// Fewer characters than Okta takes.
    #[error("{attribute} is shorter than {min} characters")]
    TooShort {
        /// The attribute.
        attribute: String,
        /// The fewest characters.
        min: usize,
    },
    /// More characters than Okta takes.
    #[error("{attribute} is longer than {max} characters")]
    TooLong {
        /// The attribute.
        attribute: String,
        /// The most characters.
        max: usize,
    },
    /// A control character: a line break, a NUL byte, an escape.
    #[error("{0} holds a control character")]
    ControlCharacter(String),
    /// Not in the shape of an email address.
    #[error("{0} is not in the shape of an email address")]
    NotAnAddress(String),
}

/// Attributes without which Okta creates no user.
pub const REQUIRED: [&str; 4] = ["login", "firstName", "lastName", "email"];

/// A custom attribute, of which only the org knows the limits.
const CUSTOM: Attribute = text("", None);

/// The base attributes, in the order of Okta's CSV import template.
pub const BASE: [Attribute; 31] = [
    Attribute { name: "login", min: 5, max: Some(100), shape: Shape::Login },
    Attribute { name: "firstName", min: 1, max: Some(50), shape: Shape::Text },
    Attribute { name: "lastName", min: 1, max: Some(50), shape: Shape::Text },
    text("middleName", None),
    text("honorificPrefix", None),
    text("honorificSuffix", None),
    Attribute { name: "email", min: 5, max: Some(100), shape: Shape::Email },
    text("title", None),
    text("displayName", None),
    text("nickName", None),
    text("profileUrl", None),
    Attribute { name: "secondEmail", min: 0, max: Some(100), shape: Shape::Email },
    text("mobilePhone", Some(100)),
    text("primaryPhone", Some(100)),
    Attribute { name: "streetAddress", min: 0, max: Some(1024), shape: Shape::Lines },
    text("city", Some(128)),
    text("state", Some(128)),
    text("zipCode", Some(50)),
    text("countryCode", Some(2)),
    Attribute { name: "postalAddress", min: 0, max: Some(4096), shape: Shape::Lines },
    text("preferredLanguage", None),
    text("locale", None),
    text("timezone", None),
    text("userType", None),
    text("employeeNumber", None),
    text("costCenter", None),
    text("organization", None),
    text("division", None),
    text("department", None),
    text("managerId", None),
    text("manager", None),
];

const fn text(name: &'static str, max: Option<usize>) -> Attribute {
    Attribute { name, min: 0, max, shape: Shape::Text }
}

impl Attribute {
    /// The base attribute of this name, or the rule for a custom one.
    pub fn of(name: &str) -> &'static Self {
        BASE.iter().find(|attribute| attribute.name == name).unwrap_or(&CUSTOM)
    }

    /// Checks a value that is not empty. `name` is the attribute's, for the message.
    pub fn check(&self, name: &str, value: &str, pattern: LoginPattern) -> Result<(), ProfileError> {
        let any_login = self.shape == Shape::Login && pattern == LoginPattern::Any;
        let min = if any_login { 1 } else { self.min };
        // A text has at most as many characters as bytes, and at least a quarter: most need no counting.
        if min > 0 && value.len() < min * 4 && value.chars().count() < min {
            return Err(ProfileError::TooShort { attribute: name.to_owned(), min });
        }
        if let Some(max) = self.max.filter(|max| value.len() > *max && value.chars().count() > *max) {
            return Err(ProfileError::TooLong { attribute: name.to_owned(), max });
        }
        if has_control(value, self.shape == Shape::Lines) {
            return Err(ProfileError::ControlCharacter(name.to_owned()));
        }
        let well_formed = match self.shape {
            Shape::Text | Shape::Lines => true,
            Shape::Email => is_address(value, false),
            Shape::Login => any_login || is_address(value, true),
        };
        if well_formed { Ok(()) } else { Err(ProfileError::NotAnAddress(name.to_owned())) }
    }
}

/// Whether Okta takes this as an attribute's name: a letter, then letters, digits and underscores.
pub fn is_attribute_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn has_control(value: &str, lines: bool) -> bool {
    let allowed = |character: char| lines && matches!(character, '\n' | '\r' | '\t');
    if value.is_ascii() {
        // Without branches, so that most values are seen through in a few steps.
        let any = value.bytes().fold(0, |any, byte| any | u8::from(byte.is_ascii_control()));
        return any != 0 && value.bytes().any(|byte| byte.is_ascii_control() && !allowed(char::from(byte)));
    }
    value.chars().any(|character| character.is_control() && !allowed(character))
}

/// `dot-atom@domain`. With `international`, characters beyond ASCII may stand in both (RFC 6531).
fn is_address(value: &str, international: bool) -> bool {
    let Some(at) = value.bytes().rposition(|byte| byte == b'@') else { return false };
    let (local, domain) = value.as_bytes().split_at(at);
    let domain = domain.get(1..).unwrap_or_default();
    let may = |byte: u8, kinds: u8| {
        let kind = ADDRESS.get(usize::from(byte)).copied().unwrap_or(BEYOND);
        kind & kinds != 0 || (international && kind == BEYOND)
    };
    // A dot neither begins a part nor ends it, nor stands beside another.
    let mut before = b'.';
    for &byte in local {
        if byte == b'.' && before == b'.' || byte != b'.' && !may(byte, ATOM) {
            return false;
        }
        before = byte;
    }
    if before == b'.' {
        return false;
    }
    // A label neither begins with a hyphen nor ends with one.
    let (mut before, mut dots) = (b'.', 0);
    for &byte in domain {
        match byte {
            b'.' if matches!(before, b'.' | b'-') => return false,
            b'.' => dots += 1,
            b'-' if before == b'.' => return false,
            b'-' => {}
            _ if may(byte, LABEL) => {}
            _ => return false,
        }
        before = byte;
    }
    dots > 0
        && !matches!(before, b'.' | b'-')
        && (value.is_ascii() || !value.chars().any(char::is_whitespace))
}

/// May stand in the part before the `@`.
const ATOM: u8 = 1;
/// May stand in a label of a domain, as a hyphen may.
const LABEL: u8 = 2;
/// No ASCII at all.
const BEYOND: u8 = 4;

/// What each byte may be in an address.
#[expect(clippy::indexing_slicing, clippy::cast_possible_truncation, reason = "within 256, when compiling")]
const ADDRESS: [u8; 256] = {
    let mut kinds = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let ascii = byte as u8;
        if ascii.is_ascii_alphanumeric() {
            kinds[byte] = ATOM | LABEL;
        } else if !ascii.is_ascii() {
            kinds[byte] = BEYOND;
        }
        byte += 1;
    }
    let others = b"!#$%&'*+-/=?^_`{|}~";
    let mut at = 0;
    while at < others.len() {
        kinds[others[at] as usize] = ATOM;
        at += 1;
    }
    kinds
};

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, value: &str) -> Result<(), String> {
        Attribute::of(name).check(name, value, LoginPattern::Address).map_err(|error| error.to_string())
    }

    #[test]
    fn addresses_are_told_from_other_text() {
        for good in ["a@b.co", "o'brien+tag@mail.example.com", "x_y.z@a-b.example", "{a}|~@1.2"] {
            assert_eq!(check("email", good), Ok(()), "{good}");
        }
        for bad in [
            "alice",
            "@example.com",
            "alice@",
            "alice@localhost",
            "a..b@example.com",
            ".a@example.com",
            "a.@example.com",
            "a@b@example.com",
            "a b@example.com",
            "a@example..com",
            "a@-example.com",
            "a@example-.com",
            "a@exam_ple.com",
            "jürgen@example.com",
            "a@bücher.example",
            "Alice <alice@example.com>",
        ] {
            assert!(check("email", bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_login_may_hold_letters_beyond_ascii_and_no_space() {
        assert_eq!(check("login", "isáàc.bröck@example.com"), Ok(()));
        assert_eq!(check("login", "a@bücher.example"), Ok(()));
        assert!(check("login", "a\u{a0}b@example.com").is_err());
        assert!(check("login", "alice").is_err());
    }

    #[test]
    fn an_org_can_lift_the_shape_of_logins_but_not_their_length() {
        let login = Attribute::of("login");
        let any = |value: &str| login.check("login", value, LoginPattern::Any);
        assert_eq!(any("bob"), Ok(()));
        assert_eq!(any(&"x".repeat(100)), Ok(()));
        assert!(any(&"x".repeat(101)).is_err());
        assert!(any("a\u{0}b").is_err());
    }

    #[test]
    fn lengths_count_characters_not_bytes() {
        assert_eq!(check("firstName", &"ß".repeat(50)), Ok(()));
        assert_eq!(check("firstName", &"ß".repeat(51)), Err("firstName is longer than 50 characters".into()));
        assert_eq!(check("login", "é@b.c"), Ok(()));
        assert_eq!(check("email", "a@bc"), Err("email is shorter than 5 characters".into()));
        assert_eq!(check("countryCode", "DEU"), Err("countryCode is longer than 2 characters".into()));
        assert_eq!(check("favouriteColour", &"x".repeat(5000)), Ok(()));
    }

    #[test]
    fn control_characters_are_refused_except_line_breaks_in_addresses() {
        assert_eq!(check("lastName", "O\u{7}"), Err("lastName holds a control character".into()));
        assert_eq!(check("lastName", "É\u{85}x"), Err("lastName holds a control character".into()));
        assert!(check("displayName", "two\nlines").is_err());
        assert_eq!(check("postalAddress", "1 High Street\r\nAnytown"), Ok(()));
        assert!(check("postalAddress", "1 High Street\u{0}").is_err());
    }

    #[test]
    fn attribute_names_are_those_okta_takes() {
        assert!(is_attribute_name("loyalty_Tier2"));
        for bad in ["", "1st", "_x", "a-b", "a b", "größe"] {
            assert!(!is_attribute_name(bad), "{bad}");
        }
    }
}
