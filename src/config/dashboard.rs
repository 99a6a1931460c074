//! `[server.dashboard]`: whether there is one, and who may look.

use super::section::Section;
use crate::secret::Secret;

/// A shorter token could be guessed.
const MIN_TOKEN: usize = 16;

/// `[server.dashboard]`
#[derive(Debug)]
pub struct Dashboard {
    /// Lets in whoever knows it; without one everybody who reaches the private listener.
    pub token: Option<Secret>,
}

/// None where it is switched off.
pub(super) fn read(mut section: Section<'_>) -> Option<Dashboard> {
    let enabled = section.flag_or("enabled", true);
    let token = section.secret("token");
    if token.as_ref().is_some_and(|token| token.len() < MIN_TOKEN) {
        let mend = "make a random one: openssl rand -hex 24";
        section.problem("token", format!("is shorter than {MIN_TOKEN} bytes, and could be guessed; {mend}"));
    }
    section.finish();
    enabled.then_some(Dashboard { token })
}
