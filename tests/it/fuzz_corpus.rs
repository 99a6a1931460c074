//! The inputs that the fuzzers have found worth keeping, run by an ordinary test: whoever has no fuzzer sees every
//! promise hold for them.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on shall fail")]

#[path = "../../fuzz/src/promises.rs"]
#[expect(clippy::panic, reason = "a broken promise ends the run")]
mod promises;

use std::path::Path;

fn run(target: &str, promise: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let mut inputs = 0;
    for file in std::fs::read_dir(&folder).unwrap() {
        promise(&std::fs::read(file.unwrap().path()).unwrap());
        inputs += 1;
    }
    assert!(inputs >= 50, "{} has {inputs} inputs: is it all there?", folder.display());
}

#[test]
fn what_is_stored_is_read_or_refused() {
    run("identify", promises::identify);
}

#[test]
fn an_expression_is_used_or_refused_at_its_column() {
    run("expression", promises::expression);
}

#[test]
fn a_layout_takes_a_value_apart_or_refuses_it() {
    run("layout", promises::layout);
}

#[test]
fn a_token_is_read_or_refused() {
    run("token", promises::token);
}

/// The fuzzers compile the schemes by themselves, and so have their own list of crates.
#[test]
fn the_fuzzers_use_the_projects_own_crates() {
    let dependencies = |file: &str| {
        let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap();
        let manifest: toml::Table = toml::from_str(&text).unwrap();
        manifest.get("dependencies").unwrap().as_table().unwrap().clone()
    };
    let own = dependencies("Cargo.toml");
    for (name, version) in dependencies("fuzz/Cargo.toml") {
        assert!(name == "libfuzzer-sys" || own.get(&name) == Some(&version), "{name}: {version:?}");
    }
}
