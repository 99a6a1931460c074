//! The Okta client against the imitation org, and against servers that answer as no org should.

mod hooks;
mod oauth;
mod odd;
mod org;
mod scripted;

use std::time::Duration;

use keyferry::okta::client::{Client, Credentials, Settings};
use keyferry::secret::Secret;

const TOKEN: &str = "00-test-token";

/// A client with a token, for an org whose limits do not matter.
fn client(url: &str) -> Client {
    client_with(url, |_| {})
}

fn client_with(url: &str, change: impl FnOnce(&mut Settings)) -> Client {
    let mut settings = Settings::new(url.to_owned(), Credentials::Token(Secret::from(TOKEN)));
    settings.patience = Some(Duration::from_secs(20));
    change(&mut settings);
    Client::new(settings).expect("a client")
}
