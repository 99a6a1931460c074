//! Which rows a seeding takes, and how: the arguments that `export` and `import` share.

use std::sync::Arc;

use clap::{Args as ClapArgs, ValueEnum};

use super::stores::Store;
use super::{Exit, output};
use crate::okta::profile::LoginPattern;
use crate::seeding::people::Planned;
use crate::seeding::plan::Planner;
use crate::seeding::profile::ProfileMap;

#[derive(Debug, ClapArgs)]
pub(super) struct RowArgs {
    /// Only this source
    #[arg(long, value_name = "NAME")]
    pub(super) source: Option<String>,

    /// Only rows for which this holds, in the store's own SQL over the columns of the users query:
    /// `last_login < '2026-01-01'`
    #[arg(long = "where", value_name = "SQL")]
    pub(super) filter: Option<String>,

    /// Inactive users too; Okta would let them sign in
    #[arg(long)]
    pub(super) include_inactive: bool,

    /// What the org asks of logins: the shape of an address (Okta's default), or any text (login pattern ".+")
    #[arg(long, value_enum, default_value_t = LoginArg::Address)]
    pub(super) login: LoginArg,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum LoginArg {
    Address,
    Any,
}

/// The stores with the planners of their rows; the exit code after every mistake of a mapping was told.
pub(super) fn planned(stores: Vec<Store>, args: &RowArgs) -> Result<Vec<Planned>, Exit> {
    let pattern = match args.login {
        LoginArg::Address => LoginPattern::Address,
        LoginArg::Any => LoginPattern::Any,
    };
    let mut planned = Vec::new();
    let mut bad = false;
    for store in stores {
        match ProfileMap::new(&store.profile, pattern) {
            Ok(profile) => planned.push(Planned {
                planner: Arc::new(Planner::new(store.reader, profile, args.include_inactive)),
                source: store.source,
            }),
            Err(errors) => {
                bad = true;
                for error in errors {
                    output::note(&format!("source `{}`: {error}", store.source.name()));
                }
            }
        }
    }
    if bad { Err(Exit::Bad) } else { Ok(planned) }
}
