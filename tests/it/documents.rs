//! Documents that speak of the code are held to it.

use std::fs;
use std::path::Path;
use std::process::Command;

fn read(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).expect("readable")
}

#[test]
fn every_dependency_has_its_line_and_no_line_is_without_one() {
    let manifest: toml::Table = toml::from_str(&read("Cargo.toml")).expect("a manifest");
    let names = |table: &str| -> Vec<String> {
        manifest[table].as_table().expect("a table").keys().cloned().collect()
    };
    let mut crates = [names("dependencies"), names("dev-dependencies")].concat();
    crates.sort();
    crates.dedup();
    let document = read("docs/DEPENDENCIES.md");
    let first_cells = document.lines().filter_map(|line| line.strip_prefix("| `")?.split(" |").next());
    let mut listed: Vec<String> =
        first_cells.flat_map(|cell| cell.split(['`', ',', ' '])).map(str::to_owned).collect();
    listed.retain(|name| !name.is_empty());
    listed.sort();
    assert_eq!(listed, crates);
}

/// What `keyferry reference` says is what stands in the repository; it is written anew by the command in the message.
#[test]
fn the_references_are_those_of_this_code() {
    for (what, document) in [("configuration", "docs/CONFIGURATION.md"), ("metrics", "docs/METRICS.md")] {
        let output = Command::new(env!("CARGO_BIN_EXE_keyferry")).args(["reference", what]).output();
        let output = output.expect("it runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let fresh = String::from_utf8(output.stdout).expect("text");
        assert!(fresh == read(document), "stale: keyferry reference {what} > {document}");
    }
}

#[test]
fn links_between_documents_lead_somewhere() {
    let top = Path::new(env!("CARGO_MANIFEST_DIR"));
    for document in [
        "README.md",
        "SECURITY.md",
        "docs/ARCHITECTURE.md",
        "docs/CONFIGURATION.md",
        "docs/DASHBOARD.md",
        "docs/HOOK_AUTH.md",
        "docs/METRICS.md",
        "docs/PERFORMANCE.md",
        "docs/REPLAY.md",
        "docs/RUNBOOK.md",
        "docs/SECURITY.md",
        "docs/SOURCES.md",
        "CHANGELOG.md",
        "deploy/kubernetes/README.md",
    ] {
        let folder = top.join(document).parent().expect("a folder").to_owned();
        let text = read(document);
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            if target.starts_with("http") {
                continue;
            }
            let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
            let there = if file.is_empty() { top.join(document) } else { folder.join(file) };
            assert!(there.exists(), "{document}: {target}");
            let is_document = there.extension().is_some_and(|extension| extension == "md");
            if is_document && !anchor.is_empty() {
                let headings = fs::read_to_string(&there).expect("readable");
                let mut headings = headings.lines().filter(|line| line.starts_with('#'));
                assert!(headings.any(|heading| slug(heading) == anchor), "{document}: {target}");
            }
        }
    }
}

/// What a forge makes of a heading to link to.
fn slug(heading: &str) -> String {
    let text = heading.trim_start_matches('#').trim().to_lowercase();
    let kept = text.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}
