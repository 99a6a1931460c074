//! Addresses within the org: what may be an org's address, paths and queries with everything encoded, and the next
//! page of a list, which must be the same org's.

use hyper::header::LINK;
use hyper::{HeaderMap, Uri};

use super::error::{CallError, SetupError};

/// An org's address, `https://host[:port]`, or `http://` to this machine.
pub(super) fn org(url: &str) -> Result<Uri, SetupError> {
    let url = url.trim_end_matches('/');
    let uri: Uri = url.parse().map_err(|_| SetupError::OrgUrl)?;
    let host = uri.host().unwrap_or_default();
    let local = ["localhost", "127.0.0.1", "[::1]"].contains(&host);
    let spoken = match uri.scheme_str() {
        Some("https") => true,
        Some("http") => local,
        _ => false,
    };
    let bare = uri.path() == "/" && uri.query().is_none() && !url.contains(['@', '#', '?', ' ']);
    if spoken && bare && !host.is_empty() { Ok(uri) } else { Err(SetupError::OrgUrl) }
}

/// One segment of a path, with everything encoded that is no unreserved character of RFC 3986.
pub(in crate::okta) fn segment(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push('%');
            for half in [byte >> 4, byte & 15] {
                out.push(char::from_digit(u32::from(half), 16).unwrap_or('0').to_ascii_uppercase());
            }
        }
    }
    out
}

/// A path with a query; all values encoded.
pub(in crate::okta) fn with_query(path: &str, pairs: &[(&str, &str)]) -> String {
    let mut query = String::new();
    for (name, value) in pairs {
        query.push(if query.is_empty() { '?' } else { '&' });
        query.push_str(name);
        query.push('=');
        query.push_str(&segment(value));
    }
    format!("{path}{query}")
}

/// A text within quotes of Okta's filter and search language.
pub(in crate::okta) fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// The path and query of the `rel="next"` link, where there is one.
pub(in crate::okta) fn next(org: &Uri, headers: &HeaderMap, path: &str) -> Result<Option<String>, CallError> {
    for value in headers.get_all(LINK) {
        let Ok(value) = value.to_str() else {
            return Err(CallError::Unreadable("a Link header that is not text"));
        };
        for link in value.split(", <") {
            let Some((target, parameters)) = link.split_once('>') else { continue };
            let next = parameters.split(';').any(|part| {
                let part = part.trim().trim_end_matches(',');
                part.eq_ignore_ascii_case("rel=\"next\"") || part.eq_ignore_ascii_case("rel=next")
            });
            if next {
                return inside(org, target.trim().trim_start_matches('<'), path).map(Some);
            }
        }
    }
    Ok(None)
}

/// Path and query of a link that leads to this path of this org, and nowhere else.
pub(in crate::okta) fn inside(org: &Uri, link: &str, path: &str) -> Result<String, CallError> {
    const ELSEWHERE: CallError =
        CallError::Unreadable("its link to the next page leads elsewhere; is org_url the org's own address?");
    if link.len() > 4096 {
        return Err(CallError::Unreadable("its link to the next page is too long"));
    }
    let uri: Uri = link.parse().map_err(|_| ELSEWHERE)?;
    let same = |a: Option<&str>, b: Option<&str>| a.zip(b).is_some_and(|(a, b)| a.eq_ignore_ascii_case(b));
    let there = same(uri.scheme_str(), org.scheme_str())
        && same(uri.host(), org.host())
        && port(&uri) == port(org)
        && !link.contains('@')
        && uri.path() == path;
    match uri.path_and_query() {
        Some(place) if there => Ok(place.as_str().to_owned()),
        _ => Err(ELSEWHERE),
    }
}

fn port(uri: &Uri) -> Option<u16> {
    uri.port_u16().or(match uri.scheme_str() {
        Some("https") => Some(443),
        Some("http") => Some(80),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_goes_to_this_machine_only() {
        for good in [
            "https://example.okta.com",
            "https://example.okta.com/",
            "http://localhost:8030",
            "http://127.0.0.1:1",
            "http://[::1]:1",
        ] {
            assert!(org(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "example.okta.com",
            "http://example.okta.com",
            "http://127.0.0.1.example.com",
            "http://localhost.example.com",
            "http://localhost@example.com",
            "https://u:p@example.okta.com",
            "https://example.okta.com/api",
            "https://example.okta.com?x",
            "https://example.okta.com#x",
            "ftp://localhost",
            "https://",
        ] {
            assert!(org(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn everything_in_a_path_is_encoded() {
        assert_eq!(segment("o'brien+tag@example.com"), "o%27brien%2Btag%40example.com");
        assert_eq!(segment("ana müller/?#%"), "ana%20m%C3%BCller%2F%3F%23%25");
        assert_eq!(segment("a\r\n\0b"), "a%0D%0A%00b");
        assert_eq!(
            with_query("/api/v1/users", &[("limit", "1"), ("filter", "a eq \"b\"")]),
            "/api/v1/users?limit=1&filter=a%20eq%20%22b%22"
        );
        assert_eq!(quoted(r#"a"b\c"#), r#""a\"b\\c""#);
    }

    #[test]
    fn next_links_lead_to_the_same_list_of_the_same_org() {
        let org: Uri = "https://example.okta.com".parse().unwrap();
        let next = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.append(
                LINK,
                "<https://example.okta.com/api/v1/users?limit=2>; rel=\"self\"".parse().unwrap(),
            );
            headers.append(LINK, value.parse().unwrap());
            next(&org, &headers, "/api/v1/users")
        };
        let good = next("<https://EXAMPLE.okta.com:443/api/v1/users?after=00u1&limit=2>; rel=\"next\"");
        assert_eq!(good.unwrap().as_deref(), Some("/api/v1/users?after=00u1&limit=2"));
        let both = "<https://example.okta.com/api/v1/users>; rel=\"self\", <https://example.okta.com/api/v1/users?after=1,2>; rel=\"next\"";
        assert_eq!(next(both).unwrap().as_deref(), Some("/api/v1/users?after=1,2"));
        assert_eq!(next("<https://example.okta.com/x>; rel=\"prev\"").unwrap(), None);
        for bad in [
            "<https://example.com/api/v1/users?after=1>; rel=\"next\"",
            "<http://example.okta.com/api/v1/users?after=1>; rel=\"next\"",
            "<https://example.okta.com:8443/api/v1/users?after=1>; rel=\"next\"",
            "<https://example.okta.com/api/v1/groups?after=1>; rel=\"next\"",
            "<https://example.okta.com@evil.example/api/v1/users?after=1>; rel=\"next\"",
            "</api/v1/users?after=1>; rel=\"next\"",
        ] {
            assert!(next(bad).is_err(), "{bad}");
        }
    }
}
