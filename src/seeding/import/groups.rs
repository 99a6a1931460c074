//! Okta's groups by name: found once, created when missing, remembered.

use std::collections::HashMap;

use tokio::sync::Mutex;

use super::ImportError;
use crate::okta::client::{CallError, Client};

/// What a created group is described as, for whoever finds it in the Admin Console.
const DESCRIPTION: &str = "Created by keyferry";

/// The groups known so far.
pub(super) struct Groups {
    client: Client,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    ids: HashMap<String, String>,
    created: u64,
}

impl Groups {
    pub(super) fn new(client: Client) -> Self {
        Self { client, known: Mutex::default() }
    }

    /// Ids of groups that the whole import depends on.
    pub(super) async fn ensure_all(&self, names: &[String]) -> Result<(), ImportError> {
        for name in names {
            self.ensure(name).await.map_err(|source| ImportError::Group { name: name.clone(), source })?;
        }
        Ok(())
    }

    /// The id of the group with this name. Whoever asks for a new one meanwhile waits: it is created once.
    pub(super) async fn ensure(&self, name: &str) -> Result<String, CallError> {
        let mut known = self.known.lock().await;
        if let Some(id) = known.ids.get(name) {
            return Ok(id.clone());
        }
        let group = if let Some(group) = self.client.group_by_name(name).await? {
            group
        } else {
            known.created += 1;
            self.client.create_group(name, DESCRIPTION).await?
        };
        known.ids.insert(name.to_owned(), group.id.clone());
        Ok(group.id)
    }

    /// Groups that this run created.
    pub(super) async fn created(&self) -> u64 {
        self.known.lock().await.created
    }
}
