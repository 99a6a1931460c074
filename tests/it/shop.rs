//! A SQLite store with profile columns, and the binary run over it, for `export` and `survey`.

#![expect(clippy::expect_used, reason = "a fixture that does not stand fails the test")]

use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

use crate::service::Store;

/// Spring Security's documentation of `DelegatingPasswordEncoder` gives this for `password`.
pub(crate) const SPRING_BCRYPT: &str = "{bcrypt}$2a$10$dXJ3SW6G7P50lGmMkkmwe.20cQQubK3.HZWzG3YB1tlRy.fqvM/BG";
/// Likewise; Okta imports no scrypt.
pub(crate) const SPRING_SCRYPT: &str = "{scrypt}$e0801$8bWJaSu2IKSn9Z9kM+TPXfOc/9bdYSrN1oD9qfVThWEwdRTnO7re7Ei+fUZRJ68k9lTyuTeUp4of4g24hHnazw==$OAOec05+bXxvuu/1qZ6NUR+xQYvYv7BeL1QxwRpY5Pc=";
/// phpass 0.3, `test.php`: `test12345`.
pub(crate) const PHPASS: &str = "$P$9IQRaTwmfeRo7ud9Fh4E2PdI0S3r.L0";

/// A store and its configuration in a folder of its own.
pub(crate) struct Shop {
    store: Store,
}

impl Shop {
    /// With these users: login, stored value (SQL: quoted, or NULL). Their ids count from 1.
    pub(crate) async fn new(users: &[(&str, &str)]) -> Self {
        let store = Store { folder: TempDir::new().expect("a temporary folder") };
        let mut sql = "CREATE TABLE users (id INTEGER PRIMARY KEY, login TEXT, stored TEXT, enabled INTEGER \
                       DEFAULT 1, first_name TEXT DEFAULT 'Amy', last_name TEXT DEFAULT 'Wong', phone TEXT, \
                       last_login TEXT DEFAULT '2026-05-01');"
            .to_owned();
        for (login, stored) in users {
            write!(sql, "INSERT INTO users (login, stored) VALUES ('{login}', {stored});").expect("written");
        }
        store.execute(&sql).await;
        let shop = Self { store };
        shop.configure(
            "",
            "[source.profile]\nlogin = \"login\"\nemail = \"login\"\nfirstName = \"first_name\"\n\
             lastName = \"last_name\"\nmobilePhone = \"phone\"\n",
        );
        shop
    }

    /// Writes the configuration; `source` goes into `[[source]]`, `rest` after it.
    pub(crate) fn configure(&self, source: &str, rest: &str) {
        let text = format!(
            "[[source]]\nname = \"shop\"\nurl = \"sqlite:{}\"\npage_size = 100\n\
             lookup = \"SELECT id, login, stored FROM users WHERE login = :username\"\n\
             users = \"SELECT id, login, stored, enabled AS active, first_name, last_name, phone, last_login \
             FROM users WHERE id > :after ORDER BY id LIMIT :limit\"\n{source}\n{rest}",
            self.store.database().display()
        );
        std::fs::write(self.path().join("keyferry.toml"), text).expect("the configuration is written");
    }

    pub(crate) async fn execute(&self, sql: &str) {
        self.store.execute(sql).await;
    }

    pub(crate) fn path(&self) -> &Path {
        self.store.path()
    }

    /// The binary with these arguments, in the folder of the store.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_keyferry"));
        command.args(arguments).current_dir(self.path()).stdin(Stdio::null());
        command
    }

    /// Runs it to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("keyferry runs")
    }

    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path().join(name)).expect("the file is there")
    }

    /// What lies in the folder besides the store and its configuration.
    pub(crate) fn files(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.path()).expect("the folder");
        let mut names: Vec<String> = entries
            .map(|entry| entry.expect("an entry").file_name().into_string().expect("text"))
            .filter(|name| !name.starts_with("shop.db") && name != "keyferry.toml")
            .collect();
        names.sort();
        names
    }
}

/// Exit code, standard output, standard error.
pub(crate) fn told(output: &Output) -> (i32, String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("text");
    (output.status.code().expect("an exit code"), text(&output.stdout), text(&output.stderr))
}
