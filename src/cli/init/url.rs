//! Where the URL comes from, and how it is written into the file: never with a password.

use crate::secret::Secret;

/// The variable that the file names where the URL holds a password.
pub(super) const VARIABLE: &str = "KEYFERRY_SOURCE_URL";

/// A URL as it is used, and as it is written.
pub(super) struct SourceUrl {
    pub(super) secret: Secret,
    /// `url` of the configuration.
    pub(super) written: String,
    /// What to do about it.
    pub(super) note: Option<String>,
}

impl SourceUrl {
    /// Written out, `env:NAME` or `file:PATH`, as in the configuration.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let as_given = |value: String| Self { secret: value.into(), written: text.to_owned(), note: None };
        if let Some(name) = text.strip_prefix("env:") {
            let value = super::variable(name);
            return value.map(as_given).ok_or_else(|| format!("the environment variable {name} is not set"));
        }
        if let Some(path) = text.strip_prefix("file:") {
            let value = std::fs::read_to_string(path)
                .map_err(|error| format!("the file {path} cannot be read: {error}"))?;
            return Ok(as_given(value.trim_end_matches(['\r', '\n']).to_owned()));
        }
        if holds_password(text) {
            let note = format!(
                "The URL holds a password, which is not written here: export {VARIABLE}='…', or write file:PATH with \
                 the URL in that file."
            );
            return Ok(Self { secret: text.into(), written: format!("env:{VARIABLE}"), note: Some(note) });
        }
        Ok(Self { secret: text.into(), written: text.to_owned(), note: None })
    }
}

/// Rather once too often: a URL that is not well-formed may hold one where none belongs.
fn holds_password(url: &str) -> bool {
    let Some((scheme, rest)) = url.split_once(':') else { return true };
    if scheme.eq_ignore_ascii_case("sqlite") {
        return false;
    }
    let user = rest.trim_start_matches('/').rsplit_once('@').map_or("", |(user, _)| user);
    user.contains(':') || rest.to_ascii_lowercase().contains("password") || rest.contains("sslkey")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_never_written() {
        for url in [
            "postgres://reader:canary@db/shop",
            "mysql://reader:can/ary@db/shop",
            "mysql://reader:can%40ary@db:3306/shop?ssl-mode=REQUIRED",
            "postgres://db/shop?user=reader&password=canary",
            "postgres://reader:canary@db@host/shop",
            "reader canary",
        ] {
            let read = SourceUrl::read(url).unwrap();
            assert_eq!(read.written, "env:KEYFERRY_SOURCE_URL", "{url}");
            assert!(read.note.is_some_and(|note| !note.contains("canary")));
        }
        for url in
            ["postgres://reader@db/shop", "postgres://db:5432/shop", "sqlite:a:b@c.db", "mysql://u@[::1]:1/x"]
        {
            assert_eq!(SourceUrl::read(url).unwrap().written, url);
        }
    }
}
