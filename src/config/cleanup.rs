//! `[[cleanup]]`: the admin's own statement for users whose passwords have arrived, and the account that may run it.

use std::sync::Arc;

use super::Source;
use super::section::Section;
use crate::sources::CleanupSettings;

/// `[[cleanup]]`
#[derive(Debug)]
pub struct Cleanup {
    /// The `name` of a `[[source]]`.
    pub source: Arc<str>,
    /// How to write to it, and what.
    pub settings: CleanupSettings,
}

pub(super) fn read(mut section: Section<'_>, sources: &[Source]) -> Option<Cleanup> {
    let name = section.required_text("source", "write the name of the [[source]] that it cleans");
    let url = section.required_secret(
        "url",
        "write the same address as the source's, with an account that may write there",
    );
    let sql = section.required_text(
        "sql",
        "write one statement with :id, such as UPDATE users SET password = NULL WHERE id = :id",
    );
    let source = name.as_ref().and_then(|name| sources.iter().find(|source| *source.settings.name == **name));
    // Where no source could be read, its own problems are told.
    if let (Some(_), None, false) = (&name, source, sources.is_empty()) {
        let names: Vec<&str> = sources.iter().map(|source| &*source.settings.name).collect();
        section.problem("source", format!("is the name of no [[source]]; there are: {}", names.join(", ")));
    }
    if let (Some(url), Some(source)) = (&url, source)
        && kind(url.expose_str()) != kind(source.settings.url.expose_str())
    {
        section.problem("url", "must lead to the same kind of database as the source's url");
    }
    section.finish();
    Some(Cleanup { source: Arc::from(name?), settings: CleanupSettings { url: url?, sql: sql? } })
}

/// Which database a URL leads to, by its beginning.
fn kind(url: Option<&str>) -> Option<&'static str> {
    match url?.split_once(':')?.0 {
        "sqlite" => Some("sqlite"),
        "postgres" | "postgresql" => Some("postgres"),
        "mysql" | "mariadb" => Some("mysql"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::config::{Config, Needs};

    fn problems(cleanup: &str, needs: Needs) -> Vec<(String, String)> {
        let text = format!(
            "[[source]]\nname = \"shop\"\nurl = \"postgres://reader@db/shop\"\nlookup = \"SELECT :username\"\n{cleanup}"
        );
        match Config::parse(&text, Vec::new(), needs) {
            Ok(_) => Vec::new(),
            Err(problems) => problems.0.into_iter().map(|problem| (problem.key, problem.message)).collect(),
        }
    }

    #[test]
    fn a_cleanup_names_its_source_and_the_same_kind_of_database() {
        let good =
            "[[cleanup]]\nsource = \"shop\"\nurl = \"postgresql://writer@db/shop\"\nsql = \"UPDATE :id\"\n";
        assert!(problems(good, Needs::CLEANUP).is_empty());
        let keys = |text: &str| -> Vec<String> {
            problems(text, Needs::CLEANUP).into_iter().map(|(key, _)| key).collect()
        };
        assert_eq!(keys(&good.replace("shop\"\nurl", "forum\"\nurl")), ["cleanup[0].source"]);
        assert_eq!(keys(&good.replace("postgresql:", "mysql:")), ["cleanup[0].url"]);
        assert_eq!(keys(&good.replace("sql = ", "slq = ")), ["cleanup[0].sql", "cleanup[0].slq"]);
        assert_eq!(keys(&format!("{good}{good}")), ["cleanup[1].source"]);
    }

    /// The service has no need of the writer's password.
    #[test]
    fn a_secret_of_the_writer_may_be_absent_elsewhere() {
        let text = "[[cleanup]]\nsource = \"shop\"\nurl = \"env:SHOP_WRITER_URL\"\nsql = \"UPDATE :id\"\n";
        assert!(problems(text, Needs::SOURCES).is_empty());
        let found = problems(text, Needs::CLEANUP);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].0 == "cleanup[0].url" && found[0].1.contains("SHOP_WRITER_URL"), "{found:?}");
    }
}
