//! What stays in the service's memory of the passwords that came through it: nothing, once their calls have ended.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;

use crate::service::{SECRET, Store, payload};

/// By Python's bcrypt 5.0.0, of the canary.
const CANARY: &str = "$2a$10$e1PFBoVZMzT/.cCxY5tUguAT5vtRapnCHMGuF2gytNUjrAhAqAZMm";
const CANARY_PASSWORD: &str = "canary-Pa55word-9f3c";
/// Not what is searched for as a whole: this program's own texts must not be found in the other's memory.
const WRONG: &str = "canary-Wr0ng-";

#[tokio::test]
async fn no_password_stays_in_memory_and_no_other_process_of_the_user_may_look() {
    let store = Store::with_users(&[(1, "alice@example.com", CANARY, true)]).await;
    let service = store.start("", "");
    assert_eq!(service.verdict("alice@example.com", CANARY_PASSWORD).await, "VERIFIED");
    for (name, guess) in [("alice@example.com", "1"), ("nobody@example.com", "2")] {
        assert_eq!(service.verdict(name, &format!("{WRONG}{guess}")).await, "UNVERIFIED");
    }
    // Refused before it is read, and broken off half-way.
    let (status, _) = service.call_with("Basic wrong", &payload("alice@example.com", CANARY_PASSWORD)).await;
    assert_eq!(status, 401);
    let status_of = fs::read_to_string(format!("/proc/{}/status", service.id())).expect("its status");
    assert!(status_of.contains("CoreDumping:\t0"), "{status_of}");
    let limits = fs::read_to_string(format!("/proc/{}/limits", service.id())).expect("its limits");
    let cores = limits.lines().find(|line| line.starts_with("Max core file size")).expect("a line");
    assert_eq!(cores.split_whitespace().nth(4), Some("0"), "{cores}");
    // The connection's own buffer goes with the connection.
    let (id, service) = service.without_connections().await;
    let Some(regions) = writable_regions(id) else { return };
    let mut found = Vec::new();
    for (region, bytes) in regions {
        for canary in [CANARY_PASSWORD.as_bytes(), WRONG.as_bytes()] {
            if bytes.windows(canary.len()).any(|window| window == canary) {
                found.push(format!("{region}: {}", String::from_utf8_lossy(canary)));
            }
        }
    }
    assert!(found.is_empty(), "{found:#?}");
    assert!(!service.log().contains(SECRET));
}

/// The memory that the process may write to. None where this user may not read it: only the superuser may, since the
/// service forbids its own user.
fn writable_regions(id: u32) -> Option<Vec<(String, Vec<u8>)>> {
    let readable = fs::read_to_string(format!("/proc/{id}/maps"));
    let memory = File::open(format!("/proc/{id}/mem"));
    let superuser =
        fs::metadata("/proc/self").is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0);
    let (Ok(maps), Ok(memory)) = (readable, memory) else {
        assert!(!superuser, "the superuser may read any process's memory");
        // Nobody else may look, which is what is to be shown.
        return None;
    };
    assert!(superuser, "a process of the same user could read the service's memory");
    let mut regions = Vec::new();
    for line in maps.lines() {
        let mut words = line.split_whitespace();
        let (Some(range), Some(rights)) = (words.next(), words.next()) else { continue };
        let Some((from, to)) = range.split_once('-').filter(|_| rights.starts_with("rw")) else { continue };
        let from = u64::from_str_radix(from, 16).expect("an address");
        let to = u64::from_str_radix(to, 16).expect("an address");
        let mut bytes = vec![0; usize::try_from(to - from).expect("it fits")];
        // A region may have gone since, or be one that cannot be read.
        if memory.read_exact_at(&mut bytes, from).is_ok() {
            regions.push((line.to_owned(), bytes));
        }
    }
    Some(regions)
}
