//! What the tests of the import's side of the ledger share: a ledger of one source, and users by their ids.

use super::*;

/// A ledger with a pass under way.
pub(super) struct Import {
    pub(super) ledger: Ledger,
    pub(super) pass: Pass,
    pub(super) journal: Journal,
    pub(super) marker: Marker,
    source: Arc<str>,
}

/// Okta's clock at the first call.
pub(super) const FIRST: SystemTime = SystemTime::UNIX_EPOCH;

impl Import {
    pub(super) async fn begin(url: &str) -> Self {
        Self::begin_with(url, "all").await
    }

    pub(super) async fn begin_with(url: &str, arguments: &str) -> Self {
        let ledger = Ledger::open(url, Some(KEY)).await.unwrap();
        let pass = ledger.begin_pass(Shard::WHOLE, arguments).await.unwrap();
        let marker = ledger.marker("shop", b"postgres://reader:secret@db/shop").await.unwrap();
        Self { journal: ledger.journal(), ledger, pass, marker, source: "shop".into() }
    }

    pub(super) fn user(&self, id: &str) -> UserRef {
        self.ledger.user_ref(&self.source, id)
    }

    /// A row as most are: the login follows from the id, profile and credential from nothing else.
    pub(super) fn row(&self, id: &str) -> Row {
        Row {
            user: self.user(id),
            login: format!("{id}@example.com"),
            route: Route::Hash,
            scheme: "bcrypt".to_owned(),
            profile: self.marker.profile([("login", id)].into_iter()),
            credential: self.marker.credential(&[id.as_bytes()]),
        }
    }

    pub(super) async fn plan(&self, rows: &[Row]) -> Vec<Standing> {
        let candidates: Vec<Candidate<'_>> = rows.iter().map(Row::candidate).collect();
        self.ledger.plan_pass(&self.pass, &candidates).await.unwrap()
    }

    pub(super) async fn standing(&self, row: &Row) -> Standing {
        self.plan(std::slice::from_ref(row)).await.pop().unwrap()
    }

    /// Plans, claims and settles as seeded; gives Okta's id.
    pub(super) async fn seed(&self, id: &str) -> String {
        let row = self.row(id);
        assert_eq!(self.standing(&row).await, Standing::New);
        self.journal.claim(&row.user, FIRST).await.unwrap();
        self.journal.settle(&row.user, row.seeded()).await.unwrap();
        row.okta_id()
    }

    pub(super) async fn state(&self, id: &str) -> Option<UserState> {
        self.ledger.states(&[self.user(id)]).await.unwrap().pop().unwrap()
    }

    /// What the hook writes of a user.
    pub(super) async fn verified(&self, id: &str) {
        self.ledger.record(&[decision(id, "verified", None)]).await.unwrap();
    }
}

/// A row of the store, as an import sees it.
#[derive(Clone)]
pub(super) struct Row {
    pub(super) user: UserRef,
    pub(super) login: String,
    pub(super) route: Route,
    pub(super) scheme: String,
    pub(super) profile: i64,
    pub(super) credential: i64,
}

impl Row {
    pub(super) fn candidate(&self) -> Candidate<'_> {
        Candidate {
            user: &self.user,
            okta_login: &self.login,
            route: self.route,
            scheme: &self.scheme,
            profile_mark: self.profile,
            credential_mark: self.credential,
        }
    }

    pub(super) fn okta_id(&self) -> String {
        format!("00u{}", &self.user.key[..17])
    }

    pub(super) fn seeded(&self) -> Settled {
        Settled::Seeded {
            okta_id: self.okta_id(),
            status: "ACTIVE".to_owned(),
            route: self.route,
            profile_mark: self.profile,
            credential_mark: self.credential,
        }
    }
}

/// One line of the list of what happened.
pub(super) async fn events(url: &str, kind: &str) -> Vec<(String, Option<String>)> {
    const QUESTION: &str = "SELECT outcome, reason FROM events WHERE kind = $1 ORDER BY id";
    if let Some(file) = url.strip_prefix("sqlite:") {
        let mut connection = SqliteConnectOptions::new().filename(file).connect().await.unwrap();
        sqlx::query_as(QUESTION).bind(kind).fetch_all(&mut connection).await.unwrap()
    } else {
        let mut connection = PgConnection::connect(url).await.unwrap();
        sqlx::query_as(QUESTION).bind(kind).fetch_all(&mut connection).await.unwrap()
    }
}

/// Changes the ledger as no function does.
pub(super) async fn meddle(url: &str, statement: &'static str) {
    if let Some(file) = url.strip_prefix("sqlite:") {
        let mut connection = SqliteConnectOptions::new().filename(file).connect().await.unwrap();
        sqlx::raw_sql(statement).execute(&mut connection).await.unwrap();
    } else {
        sqlx::raw_sql(statement).execute(&mut PgConnection::connect(url).await.unwrap()).await.unwrap();
    }
}
