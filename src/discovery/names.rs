//! What the names of tables and columns say. Names only suggest; values decide where there are any.

use crate::sources::{Column, Kind, Table};

/// What a column could be for. Of each, the names that it goes by, best first, without separators and case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Email,
    Login,
    First,
    Last,
    Display,
    Middle,
    Mobile,
    Department,
    Title,
    Organization,
    EmployeeNumber,
    City,
    Salt,
    LastLogin,
}

impl Part {
    fn names(self) -> &'static [&'static str] {
        match self {
            Self::Email => {
                &["email", "emailaddress", "mail", "mailaddress", "emailaddr", "primaryemail", "courriel"]
            }
            Self::Login => &[
                "username",
                "login",
                "loginname",
                "uname",
                "loginid",
                "samaccountname",
                "accountname",
                "account",
                "userid",
                "uid",
                "nickname",
                "nick",
                "screenname",
                "handle",
            ],
            Self::First => &["firstname", "givenname", "fname", "forename", "first", "vorname", "prenom"],
            Self::Last => &["lastname", "surname", "familyname", "lname", "sn", "last", "nachname", "nom"],
            Self::Display => &["displayname", "fullname", "realname", "name", "cn", "nicename"],
            Self::Middle => &["middlename", "mname"],
            Self::Mobile => &[
                "mobilephone",
                "mobile",
                "cellphone",
                "cell",
                "phone",
                "phonenumber",
                "telephone",
                "tel",
                "mobilenumber",
            ],
            Self::Department => &["department", "dept"],
            Self::Title => &["jobtitle"],
            Self::Organization => &["company", "organization", "organisation", "companyname"],
            Self::EmployeeNumber => &["employeenumber", "employeeid", "staffnumber"],
            Self::City => &["city"],
            Self::Salt => &[
                "salt",
                "passwordsalt",
                "passsalt",
                "pwdsalt",
                "hashsalt",
                "saltvalue",
                "passwdsalt",
                "pwsalt",
            ],
            Self::LastLogin => &[
                "currentsigninat",
                "lastlogin",
                "lastloginat",
                "lastlogindate",
                "lastlogintime",
                "lastsignin",
                "lastsigninat",
                "lastlogon",
                "lastvisit",
                "lastvisitdate",
                "lastaccess",
                "lastseen",
                "lastseenat",
                "lastactive",
                "lastactiveat",
                "lastactivity",
                "lastactivitydate",
            ],
        }
    }

    fn fits(self, kind: Kind) -> bool {
        match self {
            Self::LastLogin => matches!(kind, Kind::Time | Kind::Integer | Kind::Text),
            _ => matches!(kind, Kind::Text | Kind::Bytes),
        }
    }
}

/// Words before a name that say no more than that it is the user's.
const OWNERS: [&str; 18] = [
    "user", "users", "usr", "u", "member", "members", "account", "acct", "customer", "cust", "client",
    "contact", "person", "employee", "admin", "auth", "tbl", "my",
];

/// Words that make something else of a column: `password_reset_token` is no password, `email_verified` no address.
const OTHERWISE: [&str; 54] = [
    "new",
    "old",
    "reset",
    "temp",
    "tmp",
    "previous",
    "prev",
    "expires",
    "expiry",
    "expired",
    "expiration",
    "changed",
    "change",
    "updated",
    "date",
    "at",
    "question",
    "answer",
    "hint",
    "salt",
    "token",
    "must",
    "force",
    "confirm",
    "confirmed",
    "confirmation",
    "attempts",
    "tries",
    "count",
    "format",
    "algorithm",
    "algo",
    "policy",
    "required",
    "enabled",
    "verified",
    "verification",
    "normalized",
    "canonical",
    "notification",
    "notifications",
    "secondary",
    "alternate",
    "backup",
    "unconfirmed",
    "constraint",
    "sent",
    "authenticated",
    "key",
    "code",
    "newpassword",
    "newpass",
    "newpasswd",
    "convert",
];

/// The best column of a table for a part, of those not taken already.
pub(super) fn column<'t>(table: &'t Table, part: Part, taken: &[&str]) -> Option<&'t Column> {
    let free = |column: &&Column| !taken.contains(&column.name.as_str()) && part.fits(column.kind);
    part.names().iter().find_map(|wanted| {
        table.columns.iter().filter(free).find(|column| {
            let words = words(&column.name);
            let exact = words.concat() == *wanted;
            exact || own(&words).concat() == *wanted
        })
    })
}

/// Whether a name says that the column is about something else than itself: about a token, a date, an old value.
pub(super) fn is_otherwise(name: &str) -> bool {
    words(name).iter().any(|word| OTHERWISE.contains(&word.as_str()))
}

/// How much a name sounds like that of a column of hashes: 0 not at all, 50 most; below 0 like something else.
pub(super) fn hash_score(column: &Column) -> i32 {
    if !matches!(column.kind, Kind::Text | Kind::Bytes) {
        return 0;
    }
    if is_otherwise(&column.name) {
        return -100;
    }
    let words = words(&column.name);
    let score = |name: &str| match name {
        "passwordhash" | "passwdhash" | "passhash" | "hashedpassword" | "hashpassword"
        | "encryptedpassword" | "cryptedpassword" | "passworddigest" | "pwhash" | "pwdhash"
        | "secretdata" => 50,
        "password" | "passwd" | "pass" | "pwd" | "passwrd" | "pw" => 45,
        "kennwort" | "passwort" | "motdepasse" | "contrasena" | "contrasenia" | "senha" | "wachtwoord"
        | "parola" | "haslo" => 42,
        "hash" | "credential" => 25,
        "secret" | "digest" => 15,
        _ => 0,
    };
    let best = score(&words.concat()).max(score(&own(&words).concat()));
    let mentions = ["password", "passwd", "pass", "pwd"].iter().any(|word| words.iter().any(|it| it == word));
    if best == 0 && mentions { 28 } else { best }
}

/// How much a name sounds like that of a table of users.
pub(super) fn table_score(name: &str) -> i32 {
    let words = words(name);
    let word_score = |word: &String| {
        let singular = word.strip_suffix('s').unwrap_or(word);
        match singular {
            "user" | "usr" => 30,
            "account" | "member" | "customer" | "login" => 25,
            "people" | "person" | "employee" | "client" | "subscriber" | "student" | "player" | "patient" => {
                18
            }
            "identity" | "identitie" | "credential" | "principal" => 15,
            "contact" | "profile" | "staff" => 8,
            "admin" | "administrator" | "operator" => 6,
            _ => 0,
        }
    };
    let against = |word: &String| {
        let singular = word.strip_suffix('s').unwrap_or(word);
        match singular {
            "history" | "histories" | "old" | "archive" | "archived" | "log" | "session" | "token"
            | "reset" | "role" | "group" | "permission" | "backup" | "bak" | "temp" | "tmp" | "audit"
            | "request" | "invitation" | "invite" | "pending" | "deleted" | "setting" | "preference"
            | "meta" | "oauth" | "api" | "key" | "test" | "copy" | "import" | "legacy" | "bot" => 25,
            _ => 0,
        }
    };
    words.iter().map(word_score).max().unwrap_or(0) - words.iter().map(against).max().unwrap_or(0)
}

/// The words of a name, in lower case: `user_pass`, `UserPass` and `user pass` are two.
pub(super) fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut before_lower = false;
    for character in name.chars() {
        let starts = character.is_uppercase() && before_lower;
        if (starts || !character.is_alphanumeric()) && words.last().is_some_and(|word| !word.is_empty()) {
            words.push(String::new());
        }
        if character.is_alphanumeric()
            && let Some(word) = words.last_mut()
        {
            word.extend(character.to_lowercase());
        }
        before_lower = character.is_lowercase() || character.is_ascii_digit();
    }
    words.retain(|word| !word.is_empty());
    words
}

/// The words without those before them that say whose it is.
fn own(words: &[String]) -> &[String] {
    let owners = words.iter().take_while(|word| OWNERS.contains(&word.as_str())).count();
    words.get(owners.min(words.len().saturating_sub(1))..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(name: &str) -> Column {
        Column {
            name: name.into(),
            sql_type: "text".into(),
            kind: Kind::Text,
            folds_case: false,
            nullable: true,
        }
    }

    fn table(columns: &[&str]) -> Table {
        Table { columns: columns.iter().map(|name| text(name)).collect(), ..Table::default() }
    }

    #[test]
    fn columns_of_hashes_are_told_from_what_only_sounds_so() {
        for name in [
            "password",
            "user_pass",
            "PasswordHash",
            "encrypted_password",
            "pass word",
            "USER_PASSWD",
            "usrPwd",
        ] {
            assert!(hash_score(&text(name)) >= 42, "{name}");
        }
        for name in [
            "reset_password_token",
            "user_newpassword",
            "PasswordExpires",
            "password_hint",
            "password_salt",
            "user_newpasswd",
            "passwordChangedAt",
        ] {
            assert!(hash_score(&text(name)) < 0, "{name}");
        }
        for name in ["email", "compass_point", "passenger"] {
            assert_eq!(hash_score(&text(name)), 0, "{name}");
        }
    }

    #[test]
    fn tables_of_users_are_told_from_their_surroundings() {
        for (better, worse) in [
            ("users", "user_sessions"),
            ("wp_users", "wp_usermeta"),
            ("AspNetUsers", "AspNetUserTokens"),
            ("customers", "orders"),
            ("users", "users_old"),
            ("members", "admin_users_log"),
        ] {
            assert!(table_score(better) > table_score(worse), "{better} {worse}");
        }
    }

    #[test]
    fn parts_are_found_by_the_names_they_go_by() {
        let wordpress =
            table(&["ID", "user_login", "user_pass", "user_nicename", "user_email", "display_name"]);
        let find = |table: &Table, part| column(table, part, &[]).map(|column| column.name.clone());
        assert_eq!(find(&wordpress, Part::Email).as_deref(), Some("user_email"));
        assert_eq!(find(&wordpress, Part::Login).as_deref(), Some("user_login"));
        assert_eq!(find(&wordpress, Part::Display).as_deref(), Some("display_name"));
        assert_eq!(find(&wordpress, Part::First), None);
        let other = table(&["Email", "NormalizedEmail", "E-Mail verified", "user_name", "sur name"]);
        assert_eq!(find(&other, Part::Email).as_deref(), Some("Email"));
        assert_eq!(find(&other, Part::Login).as_deref(), Some("user_name"));
        assert_eq!(find(&other, Part::Last).as_deref(), Some("sur name"));
    }
}
