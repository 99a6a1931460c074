//! The deployment files agree with the program and with each other.

#![expect(clippy::expect_used, reason = "a test that cannot go on shall fail")]

use std::fs;
use std::path::Path;

use keyferry::config::{Config, Needs};

fn file(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).expect("a file of the repository")
}

/// The configuration of docker-compose.yml, with the variables that compose sets.
fn compose_configuration() -> Config {
    let variables = [
        ("KEYFERRY_HOOK_SECRET", "Basic c2VjcmV0"),
        ("KEYFERRY_LEDGER_KEY", "0123456789abcdef0123456789abcdef"),
        ("LEGACY_URL", "postgres://reader:secret@legacy/legacy"),
        ("LEDGER_URL", "postgres://keyferry:secret@legacy/keyferry_ledger"),
    ];
    for (name, _) in variables {
        assert!(file("docker-compose.yml").contains(&format!("      {name}: ")), "compose sets {name}");
    }
    let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
    Config::parse(&file("deploy/compose/keyferry.toml"), variables, Needs::SERVICE).expect("it is valid")
}

#[test]
fn the_configuration_for_compose_is_valid_and_only_the_hook_is_published() {
    let config = compose_configuration();
    let (hook, private) = (config.server.listen, config.server.private_listen);
    assert!(hook.ip().is_unspecified(), "a published port does not reach the loopback of a container");
    let published = format!("ports: [\"127.0.0.1:{0}:{0}\"]", hook.port());
    assert!(file("docker-compose.yml").contains(&published));
    assert!(!file("docker-compose.yml").contains(&format!("{}:{}", private.port(), private.port())));
    assert!(file("Dockerfile").contains(&format!("EXPOSE {}\n", hook.port())));
}

#[test]
fn ngrok_lets_the_two_hooks_through_and_nothing_else() {
    let config = compose_configuration();
    let ngrok = file("ngrok.yml");
    assert!(ngrok.contains(&format!("      url: {}\n", config.server.listen.port())));
    assert!(ngrok.contains(&format!("- \"req.url.path != '{}'\"", config.server.path)));
    let events = config.server.events_path.expect("a path");
    assert!(ngrok.contains(&format!("- \"req.url.path != '{events}'\"")));
    assert!(ngrok.contains("- \"req.method != 'POST'\""));
    assert!(ngrok.contains(&format!("- \"req.method != 'GET' || req.url.path != '{events}'\"")));
    assert_eq!(ngrok.matches("type: deny").count(), 2);
    assert!(ngrok.contains("inspect_db_size: -1"), "the inspector would keep passwords");
}
