//! Documents that speak of the code are held to it.

use std::fs;
use std::path::Path;

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

#[test]
fn links_between_documents_lead_somewhere() {
    for document in [
        "README.md",
        "docs/ARCHITECTURE.md",
        "docs/DASHBOARD.md",
        "docs/PERFORMANCE.md",
        "docs/SOURCES.md",
        "CHANGELOG.md",
    ] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(document);
        let folder = folder.parent().expect("a folder").to_owned();
        for target in read(document).split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let local = !target.starts_with("http") && !target.starts_with('#');
            let target = target.split('#').next().unwrap_or_default();
            assert!(!local || folder.join(target).exists(), "{document}: {target}");
        }
    }
}
