//! What lets callers in: the certificate and the issuer's keys. Whether a file changes while the service runs is the
//! service's business; here is told what it would begin with.

use std::time::SystemTime;

use time::OffsetDateTime;

use super::Finding;
use crate::cli::serve::door::issuer;
use crate::config::{Auth, Server, Tls};
use crate::http::listener::{Certificate, Validity};

/// A certificate that ends sooner is told, in days.
const SOON: i64 = 14;
const CERTIFICATE: &str = "server.tls.certificate";

pub(super) async fn of_server(server: &Server) -> Vec<Finding> {
    let mut findings = Vec::new();
    if let Some(tls) = &server.tls {
        findings.push(of_certificate(tls, SystemTime::now()));
    }
    findings.extend(of_issuer("server.auth", Some(&server.auth)).await);
    findings.extend(of_issuer("server.events_auth", server.events_auth.as_ref()).await);
    findings
}

fn of_certificate(tls: &Tls, now: SystemTime) -> Finding {
    let certificate = match Certificate::open(&tls.certificate, &tls.key) {
        Ok((certificate, _)) => certificate,
        Err(error) => return Finding::bad("server.tls", error.to_string()),
    };
    match certificate.validity() {
        Some(validity) => of_validity(&validity, now.into()),
        None => {
            Finding::bad(CERTIFICATE, "does not tell until when it is good; is it a server's certificate?")
        }
    }
}

fn of_validity(validity: &Validity, now: OffsetDateTime) -> Finding {
    let (from, until) = (validity.from.date(), validity.until.date());
    if now < validity.from {
        return Finding::bad(
            CERTIFICATE,
            format!("is not good before {from}; is this machine's clock right?"),
        );
    }
    let mend = "the running service takes a new one from the same files by itself";
    if now > validity.until {
        return Finding::bad(CERTIFICATE, format!("has ended on {until}: Okta does not call; {mend}"));
    }
    let days = (validity.until - now).whole_days();
    if days < SOON {
        return Finding::warning(CERTIFICATE, format!("ends on {until}, in {days} days; {mend}"));
    }
    Finding::good(CERTIFICATE, format!("fits its key, and is good until {until}"))
}

async fn of_issuer(section: &str, auth: Option<&Auth>) -> Option<Finding> {
    let oauth2 = auth?.oauth2.as_ref()?;
    let subject = format!("{section}.oauth2");
    Some(match issuer(section, oauth2) {
        Err(problem) => Finding::bad(subject, problem),
        Ok(issuer) => match issuer.count_keys().await {
            Ok(1) => Finding::good(subject, "the issuer gives one key that verifies tokens"),
            Ok(keys) => Finding::good(subject, format!("the issuer gives {keys} keys that verify tokens")),
            Err(why) => Finding::bad(subject, why),
        },
    })
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn a_certificate_is_told_before_it_ends() {
        let validity =
            Validity { from: datetime!(2026-01-01 0:00 UTC), until: datetime!(2026-04-01 12:00 UTC) };
        let found = |now| {
            let finding = of_validity(&validity, now);
            (finding.ok, finding.warning, finding.message)
        };
        assert!(
            matches!(found(datetime!(2025-12-31 23:59 UTC)), (false, _, message) if message.contains("2026-01-01"))
        );
        assert!(matches!(found(datetime!(2026-03-18 11:00 UTC)), (true, false, _)));
        let (ok, warning, message) = found(datetime!(2026-03-19 12:00 UTC));
        assert!(ok && warning && message.contains("in 13 days"), "{message}");
        assert!(!found(datetime!(2026-04-01 12:01 UTC)).0);
    }
}
