//! Applications whose tables are known: recognised by their columns, whatever prefix the tables have, and asked as the
//! application itself would. Layouts after each application's own schema.

use super::draft::{Draft, Maker, same_name};
use super::names::Part;
use super::{draft, names};
use crate::sources::{Engine, Table};

/// An application whose layout is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Application {
    WordPress,
    Drupal7,
    Drupal8,
    Django,
    AspNetIdentity,
    Devise,
    Keycloak,
    MediaWiki,
    PhpBb,
    Redmine,
    Joomla,
}

/// Table ending, columns.
type Layout = (Application, &'static str, &'static [&'static str]);

/// The first that fits counts.
const LAYOUTS: [Layout; 11] = [
    (
        Application::WordPress,
        "users",
        &["ID", "user_login", "user_pass", "user_nicename", "user_email", "display_name"],
    ),
    (
        Application::Drupal8,
        "users_field_data",
        &["uid", "langcode", "name", "pass", "mail", "status", "default_langcode"],
    ),
    (Application::Drupal7, "users", &["uid", "name", "pass", "mail", "status", "access", "init"]),
    (
        Application::Django,
        "auth_user",
        &[
            "id",
            "password",
            "last_login",
            "is_superuser",
            "username",
            "email",
            "is_staff",
            "is_active",
            "date_joined",
        ],
    ),
    (
        Application::AspNetIdentity,
        "users",
        &[
            "Id",
            "UserName",
            "NormalizedUserName",
            "Email",
            "NormalizedEmail",
            "PasswordHash",
            "SecurityStamp",
        ],
    ),
    (Application::Devise, "", &["email", "encrypted_password", "reset_password_token"]),
    (Application::Keycloak, "credential", &["id", "user_id", "type", "secret_data", "credential_data"]),
    (
        Application::MediaWiki,
        "user",
        &["user_id", "user_name", "user_real_name", "user_password", "user_email"],
    ),
    (
        Application::PhpBb,
        "users",
        &["user_id", "user_type", "username", "username_clean", "user_password", "user_email"],
    ),
    (
        Application::Redmine,
        "users",
        &["id", "login", "hashed_password", "salt", "firstname", "lastname", "status"],
    ),
    (Application::Joomla, "users", &["id", "name", "username", "email", "password", "block", "registerDate"]),
];

/// Which application's a table is. Where it takes further tables, they must be among `tables`, unless that is empty.
pub(super) fn of(table: &Table, tables: &[Table]) -> Option<Application> {
    let name = table.name.to_ascii_lowercase();
    let fits = |(_, ending, columns): &&Layout| {
        name.ends_with(ending) && columns.iter().all(|column| table.column(column).is_some())
    };
    let found = LAYOUTS.iter().find(fits).map(|(application, ..)| *application)?;
    let complete = match found {
        Application::Keycloak => tables.is_empty() || sibling(table, tables, "user_entity").is_some(),
        _ => true,
    };
    complete.then_some(found)
}

impl Application {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::WordPress => "WordPress",
            Self::Drupal7 => "Drupal 7",
            Self::Drupal8 => "Drupal 8 and later",
            Self::Django => "Django",
            Self::AspNetIdentity => "ASP.NET Core Identity",
            Self::Devise => "Devise (Rails)",
            Self::Keycloak => "Keycloak",
            Self::MediaWiki => "MediaWiki",
            Self::PhpBb => "phpBB 3",
            Self::Redmine => "Redmine",
            Self::Joomla => "Joomla",
        }
    }

    /// Puts what is known of the application in the place of what was inferred.
    pub(super) fn adapt(self, maker: &Maker<'_>, draft: &mut Draft) {
        match self {
            Self::WordPress => wordpress(maker, draft),
            Self::Drupal7 => drupal(maker, draft, false),
            Self::Drupal8 => drupal(maker, draft, true),
            Self::Django => {}
            Self::AspNetIdentity => aspnet(maker, draft),
            Self::Devise => devise(draft),
            Self::Keycloak => keycloak(maker, draft),
            Self::MediaWiki => mediawiki(draft),
            Self::PhpBb => phpbb(maker, draft),
            Self::Redmine => redmine(maker, draft),
            Self::Joomla => set_active(maker, draft, &format!("{} = 0", maker.at("block"))),
        }
    }
}

/// The table beside this one whose name is this one's with another ending: the prefix stays.
fn sibling<'t>(table: &Table, tables: &'t [Table], name: &str) -> Option<&'t Table> {
    tables.iter().find(|other| other.schema == table.schema && other.name.eq_ignore_ascii_case(name))
}

fn prefixed<'t>(maker: &Maker<'t>, ending: &str, other: &str) -> Option<&'t Table> {
    let prefix = maker.table.name.get(..maker.table.name.len().checked_sub(ending.len())?)?;
    sibling(maker.table, maker.tables, &format!("{prefix}{other}"))
}

fn set_active(maker: &Maker<'_>, draft: &mut Draft, condition: &str) {
    draft.notes.retain(|note| !note.starts_with("No column was found that says who may sign in"));
    draft.set("active", maker.truth(condition));
}

fn wordpress(maker: &Maker<'_>, draft: &mut Draft) {
    draft.scheme = vec!["wordpress".to_owned()];
    draft.scheme_notes.push(
        "`wordpress` reads whatever WordPress has written, and knows that its form puts backslashes before quotes and \
         trims, which `auto` does not. Okta cannot do that: all passwords go through the hook."
            .to_owned(),
    );
    let id = maker.at("ID");
    if let Some(meta) = prefixed(maker, "users", "usermeta") {
        let meta = meta.sql(maker.engine);
        for (attribute, key) in [("firstName", "first_name"), ("lastName", "last_name")] {
            // Keys are unique by WordPress's own doing alone, so the one value is asked for as such.
            let value = format!(
                "(SELECT MAX(m.meta_value) FROM {meta} m WHERE m.user_id = {id} AND m.meta_key = '{key}')"
            );
            draft.attribute(attribute, key, value);
        }
        draft.notes.push(
            "First and last names are what people wrote into their WordPress profile; who left them empty is a reject \
             of `keyferry export`."
                .to_owned(),
        );
    }
    if maker.table.column("deleted").is_some() && maker.table.column("spam").is_some() {
        set_active(maker, draft, &format!("{} = 0 AND {} = 0", maker.at("deleted"), maker.at("spam")));
    }
}

fn drupal(maker: &Maker<'_>, draft: &mut Draft, translated: bool) {
    let uid = maker.at("uid");
    set_active(maker, draft, &format!("{} = 1", maker.at("status")));
    draft.set("id", uid.clone());
    draft.page_by = Some(uid.clone());
    draft.notes.retain(|note| !note.starts_with("No single column is unique"));
    // 0 is who is not signed in.
    draft.conditions.push(format!("{uid} > 0"));
    if translated {
        draft.conditions.push(format!("{} = 1", maker.at("default_langcode")));
    }
    if let Some(login) = maker.table.column("login") {
        draft.set("last_login", maker.moment(login));
    }
    if let Some(mail) = maker.table.column("mail") {
        draft.attribute("login", "login", maker.text(mail));
        draft.map("email", "login");
        draft.lookup = maker.is_name(mail);
    }
    draft.columns.retain(|column| column.alias != "email");
    if let Some(name) = maker.table.column("name") {
        draft.attribute("displayName", "display_name", maker.text(name));
    }
}

fn aspnet(maker: &Maker<'_>, draft: &mut Draft) {
    draft.scheme = vec!["aspnet-identity".to_owned()];
    draft.lookup = format!("{} = upper(:username)", maker.at("NormalizedEmail"));
    draft.notes.retain(|note| !note.starts_with("The look-up folds case"));
    if let Some(end) = maker.table.column("LockoutEnd") {
        let now = match maker.engine {
            Engine::Postgres => "now()",
            Engine::MySql => "UTC_TIMESTAMP()",
            Engine::Sqlite => "datetime('now')",
        };
        let end = maker.at(&end.name);
        set_active(maker, draft, &format!("({end} IS NULL OR {end} < {now})"));
    }
}

fn devise(draft: &mut Draft) {
    draft.scheme_notes.push(
        "Devise can put a pepper behind the password (`config.pepper` in config/initializers/devise.rb). Where it does, write \
         scheme = \"bcrypt($pass.$pepper)\" and pepper = \"env:…\"; bcrypt alone verifies nobody there."
            .to_owned(),
    );
}

fn keycloak(maker: &Maker<'_>, draft: &mut Draft) {
    let Some(users) = sibling(maker.table, maker.tables, "user_entity") else { return };
    let engine = maker.engine;
    let json = match engine {
        Engine::Postgres => {
            "json_build_object('secretData', c.secret_data, 'credentialData', c.credential_data)::text"
        }
        Engine::MySql => "JSON_OBJECT('secretData', c.secret_data, 'credentialData', c.credential_data)",
        Engine::Sqlite => "json_object('secretData', c.secret_data, 'credentialData', c.credential_data)",
    };
    *draft = Draft {
        application: draft.application,
        from: format!(
            "{} u\nJOIN {} c ON c.user_id = u.id AND c.type = 'password'",
            users.sql(engine),
            maker.table.sql(engine)
        ),
        page_by: Some("u.id".to_owned()),
        scheme: vec!["keycloak".to_owned()],
        lowercase: true,
        ..Draft::default()
    };
    draft.set("id", "u.id");
    draft.attribute("login", "login", "u.email");
    draft.map("email", "login");
    draft.set("stored", json);
    draft.set("active", "u.enabled");
    draft.attribute("firstName", "first_name", "u.first_name");
    draft.attribute("lastName", "last_name", "u.last_name");
    "u.email = :username".clone_into(&mut draft.lookup);
    draft.conditions.push("u.service_account_client_link IS NULL".to_owned());
    if let Some(realm) = sibling(maker.table, maker.tables, "realm") {
        let name = engine.quoted("name");
        draft.conditions.push(format!(
            "u.realm_id = (SELECT r.id FROM {} r ORDER BY CASE r.{name} WHEN 'master' THEN 1 ELSE 0 END, r.{name} LIMIT 1)",
            realm.sql(engine)
        ));
        draft.notes.push(
            "The realm is the first by name that is not `master`: write `(SELECT r.id FROM realm r WHERE r.name = '…')` \
             for the one that is meant."
                .to_owned(),
        );
    }
    draft.notes.push(
        "Keycloak keeps addresses and usernames in lower case. People get their e-mail address as login; for the \
         username put u.username in the place of u.email."
            .to_owned(),
    );
    draft.notes.push(
        "A user with two passwords at once, which Keycloak does not make, would be ambiguous.".to_owned(),
    );
}

fn mediawiki(draft: &mut Draft) {
    draft.notes.push(
        "MediaWiki lets people sign in by user_name, and an address may be empty or that of several: they are rejects \
         of `keyferry export`, and ambiguous at sign-in."
            .to_owned(),
    );
    if !draft.notes.iter().any(|note| note.starts_with("No column was found that says who may sign in")) {
        draft.columns.retain(|column| column.alias != "active");
    }
    draft.notes.push("Blocks are about editing (table ipblocks or block), not about signing in.".to_owned());
}

fn phpbb(maker: &Maker<'_>, draft: &mut Draft) {
    draft.scheme = vec!["phpbb".to_owned()];
    draft.scheme_notes.push(
        "`phpbb` reads whatever phpBB has written, and knows that its forms escape passwords for HTML, which `auto` does \
         not. Okta cannot do that: all passwords go through the hook."
            .to_owned(),
    );
    let kind = maker.at("user_type");
    // 0 is a user, 1 one who is inactive, 2 a bot or a guest, 3 a founder.
    set_active(maker, draft, &format!("{kind} IN (0, 3)"));
    draft.conditions.push(format!("{kind} <> 2"));
    if let Some(visit) = maker.table.column("user_lastvisit") {
        draft.set("last_login", maker.moment(visit));
    }
    if let Some(name) = names::column(maker.table, Part::Login, &[]) {
        draft.attribute("displayName", "display_name", maker.text(name));
    }
}

fn redmine(maker: &Maker<'_>, draft: &mut Draft) {
    draft.scheme = vec!["sha1($salt.sha1($pass))".to_owned()];
    draft.set("salt", maker.at("salt"));
    set_active(maker, draft, &format!("{} = 1", maker.at("status")));
    if maker.table.column("type").is_some() {
        draft.conditions.push(format!("{} = 'User'", maker.at("type")));
    }
    let addresses = sibling(maker.table, maker.tables, "email_addresses");
    if let Some((addresses, column)) = addresses.and_then(|it| Some((it, it.column("address")?))) {
        let is_default = match maker.engine {
            Engine::Postgres => "e.is_default",
            Engine::MySql | Engine::Sqlite => "e.is_default = 1",
        };
        let of_user =
            format!("FROM {} e WHERE e.user_id = u.id AND {is_default}", addresses.sql(maker.engine));
        let address = format!("(SELECT MIN(e.address) {of_user})");
        draft.attribute("login", "login", address);
        draft.map("email", "login");
        draft.columns.retain(|column| column.alias != "email");
        let same = same_name(maker.engine, column, &draft::as_text(maker.engine, column, "e.address"));
        draft.lookup = format!("EXISTS (SELECT 1 {of_user} AND {same})");
    }
}
