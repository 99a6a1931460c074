//! The rejects: which row of which source, and why. Never the stored value, never its salt.

use super::csv::record;

/// The column names.
pub const HEADER: &str = "source,id,login,reason\n";

/// Appends one reject.
pub fn append(buffer: &mut Vec<u8>, source: &str, id: Option<&str>, login: Option<&str>, reason: &str) {
    record(buffer, [source, id.unwrap_or_default(), login.unwrap_or_default(), reason]);
}
