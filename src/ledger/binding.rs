//! A ledger belongs to one org and to certain databases. Whoever comes with others is refused, before an import
//! creates everybody a second time elsewhere, or takes one store's users for another's.

use super::key::hex;
use super::pass::PUT;
use super::store::in_transaction;
use super::write::clean;
use super::{Ledger, LedgerError, PATIENCE, in_time};

/// Where the org is noted.
const ORG: &str = "bound.org";

impl Ledger {
    /// The first use notes the org and each source's identity (kind, host, database); later ones must match. The org's
    /// URL is kept in plain and the identities as keyed hashes. `rebind` notes what is given, whatever was there.
    /// Sources that are not given stay as they are.
    ///
    /// [`LedgerError::OtherOrg`], [`LedgerError::OtherSource`]; nothing is noted then.
    pub async fn bind(
        &self,
        org_url: &str,
        sources: &[(&str, &str)],
        rebind: bool,
    ) -> Result<(), LedgerError> {
        self.bound(Some(org_url), sources, rebind).await
    }

    /// The same for sources alone, where no org takes part.
    pub async fn bind_sources(&self, sources: &[(&str, &str)]) -> Result<(), LedgerError> {
        self.bound(None, sources, false).await
    }

    async fn bound(
        &self,
        org_url: Option<&str>,
        sources: &[(&str, &str)],
        rebind: bool,
    ) -> Result<(), LedgerError> {
        const FIND: &str = "SELECT value FROM meta WHERE key = $1";
        self.store.still_there()?;
        let org = org_url.map(plain_org);
        let sources: Vec<(&str, String, String)> = sources
            .iter()
            .map(|(name, identity)| {
                let identity = self.key.subkey(&format!("source {name}\0{identity}"));
                (*name, format!("bound.source:{}", clean(name)), hex(&identity, 16))
            })
            .collect();
        in_time(PATIENCE, async {
            in_transaction!(&self.store, tx => {
                if let Some(org) = &org {
                    let bound: Option<String> =
                        sqlx::query_scalar(FIND).bind(ORG).fetch_optional(&mut *tx).await?;
                    if let Some(bound) = bound.as_ref().filter(|bound| !rebind && *bound != org) {
                        return Err(LedgerError::OtherOrg(bound.clone()));
                    }
                    if bound.as_ref() != Some(org) {
                        sqlx::query(PUT).bind(ORG).bind(org).execute(&mut *tx).await?;
                    }
                }
                for (name, key, identity) in &sources {
                    let bound: Option<String> =
                        sqlx::query_scalar(FIND).bind(key).fetch_optional(&mut *tx).await?;
                    if !rebind && bound.as_ref().is_some_and(|bound| bound != identity) {
                        return Err(LedgerError::OtherSource((*name).to_owned()));
                    }
                    if bound.as_ref() != Some(identity) {
                        sqlx::query(PUT).bind(key).bind(identity).execute(&mut *tx).await?;
                    }
                }
            });
            Ok(())
        })
        .await
    }
}

/// The same org, however its URL is written.
fn plain_org(url: &str) -> String {
    clean(url.trim().trim_end_matches('/')).to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn another_org_or_database_is_refused_and_notes_nothing() {
        let ledger = Ledger::open("sqlite::memory:", None).await.unwrap();
        let org = "https://example.okta.com";
        ledger.bind(org, &[("shop", "postgres db.example.com shop")], false).await.unwrap();
        ledger
            .bind("HTTPS://Example.okta.com/", &[("shop", "postgres db.example.com shop")], false)
            .await
            .unwrap();
        let other = ledger.bind("https://other.okta.com", &[("blog", "sqlite blog.db")], false).await;
        assert_eq!(other, Err(LedgerError::OtherOrg(org.to_owned())));
        let moved = ledger.bind(org, &[("blog", "sqlite b.db"), ("shop", "mysql db shop")], false).await;
        assert_eq!(moved, Err(LedgerError::OtherSource("shop".to_owned())));
        // Neither refusal has noted the other source.
        ledger.bind(org, &[("blog", "sqlite c.db")], false).await.unwrap();
        ledger.bind("https://other.okta.com", &[("shop", "mysql db shop")], true).await.unwrap();
        assert_eq!(
            ledger.bind(org, &[], false).await,
            Err(LedgerError::OtherOrg("https://other.okta.com".into()))
        );
        ledger.bind("https://other.okta.com", &[("blog", "sqlite c.db")], false).await.unwrap();
    }
}
