//! `keyferry serve --record`: what may be kept of the calls, and where. Passwords only where nobody but this machine can
//! call.

use std::path::PathBuf;

use clap::Args as ClapArgs;

use crate::cli::{Exit, output};
use crate::config::Server;
use crate::http::{Record, RecordSettings};

#[derive(Debug, ClapArgs)]
pub(super) struct RecordArgs {
    /// Keep the payload of each authenticated call in this folder, its password taken out, for `keyferry replay`
    #[arg(long, value_name = "DIR")]
    record: Option<PathBuf>,
    /// The most calls that the folder may hold
    #[arg(long, value_name = "CALLS", default_value_t = 10_000, requires = "record",
          value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    record_limit: u64,
    /// For development only: keep the passwords, too, in the clear. Refused unless both listeners are on the loopback
    #[arg(long, requires = "record")]
    record_passwords: bool,
}

impl RecordArgs {
    /// The recorder, where one is asked for; or the exit code after it was told why not.
    pub(super) fn open(&self, server: &Server) -> Result<Option<Record>, Exit> {
        let Some(folder) = self.record.clone() else { return Ok(None) };
        if self.record_passwords {
            let listeners =
                [("server.listen", server.listen), ("server.private_listen", server.private_listen)];
            if let Some((key, address)) = listeners.iter().find(|(_, address)| !address.ip().is_loopback()) {
                output::note(&format!(
                    "--record-passwords: {key} is {address}, where others can call: passwords of people would be \
                     written down. It is for a developer's machine: listen on 127.0.0.1, or leave it out"
                ));
                return Err(Exit::Bad);
            }
            output::note(&format!(
                "WARNING: --record-passwords writes every password that arrives IN THE CLEAR into {}.\n\
                 WARNING: for made-up users on this machine only. If a tunnel or a proxy leads here from outside, stop now.",
                folder.display()
            ));
        }
        let settings = RecordSettings {
            folder: folder.clone(),
            limit: self.record_limit,
            passwords: self.record_passwords,
        };
        Record::start(settings).map(Some).map_err(|error| {
            output::note(&format!("--record {}: {error}", folder.display()));
            Exit::Bad
        })
    }
}
