//! `keyferry verify` and `keyferry schemes`, from the outside.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on shall fail")]

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

/// Exit code, standard output, standard error.
pub(crate) fn keyferry(arguments: &[&str], input: &str) -> (i32, String, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_keyferry"))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that refuses its arguments never reads, and closes the pipe.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

/// `{SSHA}` of "password", from passlib's documentation.
const SSHA: &str = "{SSHA}pKqkNr1tq3wtQqk+UcPyA3HnA2NsU5NJ";

#[test]
fn exit_codes_tell_the_outcomes_apart() {
    let verify = |stored: &str, password: &str| {
        keyferry(&["verify", "--stored", stored, "--password-stdin"], password)
    };
    let (code, out, _) = verify(SSHA, "password");
    assert_eq!(code, 0, "{out}");
    assert!(
        out.starts_with("verified\n") && out.contains("ldap-ssha") && out.contains("SHA-1, POSTFIX"),
        "{out}"
    );
    let (code, out, _) = verify(SSHA, "Password");
    assert_eq!(code, 1, "{out}");
    assert!(out.starts_with("rejected: wrong password\n"), "{out}");
    let (code, out, _) = verify("{SSHA}pKqk", "password");
    assert_eq!(code, 2, "{out}");
    assert!(out.starts_with("unreadable: "), "{out}");
    let (code, out, _) = verify("$2b$31$DCq7YPn5Rq63x1Lad4cll.TV4S6ytwfsfvkgY8jIucDrjc8deX1s.", "");
    assert_eq!(code, 2, "{out}");
    assert!(out.starts_with("too costly: over the limit `bcrypt_cost`: 31 asked, 15 allowed"), "{out}");
    let (code, out, _) = verify(SSHA, &"x".repeat(1025));
    assert_eq!(code, 2, "{out}");
    assert!(out.starts_with("too costly: the password is over the limit `password_bytes`"), "{out}");
}

#[test]
fn one_line_break_at_the_end_of_a_password_is_dropped() {
    for (password, code) in
        [("password\n", 0), ("password\r\n", 0), ("password\n\n", 1), ("password ", 1), ("\npassword", 1)]
    {
        let (found, out, _) = keyferry(&["verify", "--stored", SSHA, "--password-stdin"], password);
        assert_eq!(found, code, "{password:?}: {out}");
    }
}

#[test]
fn misuse_of_the_other_verbs_ends_with_1_and_help_with_0() {
    for (arguments, part) in [
        (&[][..], "Usage: keyferry"),
        (&["nonsense"], "unrecognized subcommand"),
        (&["export", "--format", "okta", "--out", "f"], "--rejects"),
        (&["survey", "--nonsense"], "unexpected argument"),
    ] {
        let (code, out, err) = keyferry(arguments, "");
        assert_eq!(code, 1, "{arguments:?}: {err}");
        assert!(err.contains(part) && out.is_empty(), "{arguments:?}: {err}");
    }
    for arguments in [&["--help"][..], &["verify", "--help"], &["--version"]] {
        assert_eq!(keyferry(arguments, "").0, 0, "{arguments:?}");
    }
}

#[test]
fn columns_fill_the_variables() {
    // hashcat's own example of mode 2611, password "hashcat".
    let (code, out, _) = keyferry(
        &[
            "verify",
            "--scheme",
            "md5(md5($pass).$salt)",
            "--stored",
            "28f9975808ae2bdc5847b1cda26033ea",
            "--salt",
            "308",
            "--password-stdin",
            "--json",
        ],
        "hashcat",
    );
    assert_eq!(code, 0, "{out}");
    let answer: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(answer["outcome"], "verified");
    assert_eq!(answer["scheme"], "md5(md5($pass).$salt)");
    assert_eq!(answer["okta"]["credential"], "hook");
    assert!(answer["micros"].is_u64() && answer.get("reason").is_none(), "{out}");
}

#[test]
fn misuse_says_what_to_do_and_ends_with_2() {
    for (arguments, part) in [
        (&["verify", "--stored", "x"][..], "--password-stdin"),
        (&["verify"], "--password-stdin"),
        (&["verify", "--password-stdin"], "--stored"),
        (&["verify", "--stored", "x", "--batch", "f"], "cannot be used with"),
        (&["verify", "--batch", "/nowhere/at/all"], "cannot be read"),
        (
            &["verify", "--scheme", "md5($pas)", "--stored", "x", "--password-stdin"],
            "    md5($pas)\n        ^",
        ),
        (&["verify", "--stored", "x", "--pepper", "env:KEYFERRY_NOT_SET", "--password-stdin"], "is not set"),
        (&["verify", "--stored", "x", "--password", "y"], "unexpected argument"),
        (&["verify", "--stored", "x", "--password-stdin", "--config", "/nowhere/at/all"], "cannot be read"),
    ] {
        let (code, out, err) = keyferry(arguments, "secret-4711");
        assert_eq!(code, 2, "{arguments:?}: {err}");
        assert!(err.contains(part) && out.is_empty(), "{arguments:?}: {err}");
        assert!(!err.contains("4711"), "{err}");
    }
}

#[test]
fn a_batch_answers_line_by_line_in_order() {
    let line = |value: Value| format!("{value}\n");
    let input = [
        // Slow before quick: order is that of the lines.
        line(
            json!({"stored": "$2b$06$DCq7YPn5Rq63x1Lad4cll.TV4S6ytwfsfvkgY8jIucDrjc8deX1s.", "password": ""}),
        ),
        line(json!({"stored": SSHA, "password": "wrong"})),
        "{\"stored\": \"secret-4711\"\n".to_owned(),
        line(json!({"stored": "secret-4711", "password": 5})),
        "\n".to_owned(),
        line(json!({"scheme": "md5($pass.$salt)", "stored": "01dfae6e5d4d90d9892622325959afbe",
                    "salt": "7050461", "password": "hashcat", "id": 17})),
        line(json!({"scheme": ["auto", "sha1"], "stored": "b89eaac7e61417341b710b727768294d0e6a277b",
                    "password": "hashcat", "salt": null})),
        line(json!({"scheme": "nonsense", "stored": "x", "password": "y"})),
        line(json!({"stored": "x".repeat(70_000), "password": "y"})),
        line(
            json!({"stored": "$2b$20$DCq7YPn5Rq63x1Lad4cll.TV4S6ytwfsfvkgY8jIucDrjc8deX1s.", "password": ""}),
        ),
        json!({"stored": SSHA, "password": "password"}).to_string(),
    ]
    .concat();
    let (code, out, err) = keyferry(&["verify", "--batch", "-"], &input);
    assert_eq!(code, 2, "{err}");
    assert!(!out.contains("4711"), "{out}");
    let answers: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let outcomes: Vec<&str> = answers.iter().map(|answer| answer["outcome"].as_str().unwrap()).collect();
    assert_eq!(
        outcomes,
        [
            "verified",
            "rejected",
            "unreadable",
            "unreadable",
            "verified",
            "verified",
            "unreadable",
            "unreadable",
            "too_costly",
            "verified"
        ]
    );
    assert!(answers[2]["reason"].as_str().unwrap().starts_with("line 3: "), "{out}");
    assert!(answers[3]["reason"].as_str().unwrap().starts_with("line 4: "), "{out}");
    assert_eq!(
        answers[4]["okta"],
        json!({"credential": "hash", "hash": {"algorithm": "MD5", "salt": "NzA1MDQ2MQ==", "saltOrder": "POSTFIX",
               "value": "Ad+ubl1NkNmJJiIyWVmvvg=="}})
    );
    assert!(answers[6]["reason"].as_str().unwrap().contains("no such scheme"), "{out}");
    assert!(answers[7]["reason"].as_str().unwrap().contains("longer than"), "{out}");
    assert_eq!((&answers[8]["scheme"], answers[8].get("okta")), (&json!("bcrypt"), None));
}

#[test]
fn a_batch_ends_with_the_worst_of_its_lines() {
    let good = json!({"stored": SSHA, "password": "password"}).to_string() + "\n";
    let wrong = json!({"stored": SSHA, "password": "x"}).to_string() + "\n";
    for (input, code) in
        [(good.clone(), 0), (good.clone() + &wrong, 1), (wrong + &good + "{", 2), (String::new(), 0)]
    {
        assert_eq!(keyferry(&["verify", "--batch", "-"], &input).0, code, "{input}");
    }
}

/// A program may write one line and wait for its answer before the next.
#[test]
fn a_batch_answers_before_the_next_line_comes() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_keyferry"))
        .args(["verify", "--batch", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap()).lines();
    for _ in 0..3 {
        writeln!(input, "{}", json!({"stored": SSHA, "password": "password"})).unwrap();
        let answer = output.next().unwrap().unwrap();
        assert!(answer.contains("\"verified\""), "{answer}");
    }
    drop(input);
    assert!(child.wait().unwrap().success());
}

#[test]
fn the_document_of_the_schemes_is_fresh() {
    let (code, generated, _) = keyferry(&["schemes", "--markdown"], "");
    assert_eq!(code, 0);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/SCHEMES.md");
    let committed = std::fs::read_to_string(path).unwrap();
    assert!(committed == generated, "run: cargo run -- schemes --markdown > docs/SCHEMES.md");
}

#[test]
fn schemes_are_listed_shown_and_explained() {
    let (code, out, _) = keyferry(&["schemes"], "");
    assert_eq!(code, 0);
    assert!(out.lines().any(|line| line.contains("bcrypt") && line.contains("3200")), "{out}");
    let (code, out, _) = keyferry(&["schemes", "--json"], "");
    assert_eq!(code, 0);
    let list: Value = serde_json::from_str(&out).unwrap();
    assert!(list.as_array().unwrap().iter().any(|entry| entry["name"] == "phpass"), "{out}");
    for name in ["ldap-ssha", "SSHA", "hashcat:111"] {
        let (code, out, _) = keyferry(&["schemes", "show", name], "");
        assert_eq!(code, 0);
        assert!(out.starts_with("ldap-ssha\n"), "{out}");
    }
    assert_eq!(keyferry(&["schemes", "show", "nothing"], "").0, 1);
    let (code, out, _) = keyferry(&["schemes", "explain", "sha256($salt.$pass)"], "");
    assert_eq!(code, 0);
    assert!(out.contains("imports it as SHA-256, PREFIX") && out.contains("needs      $salt"), "{out}");
    let layout = "pbkdf2_sha256($pass,$salt,$rounds,32) in '{rounds}:{salt}:base64({digest})'";
    let (code, out, _) = keyferry(&["schemes", "explain", layout], "");
    assert_eq!(code, 0);
    for part in [
        "PBKDF2 with SHA-256, $rounds rounds, 32 bytes",
        "layout     {rounds}:{salt}:base64({digest})",
        "stored as  32 bytes, where the layout has {digest}",
        "$rounds from the stored value",
        "at 4096 rounds",
        "imports it as PBKDF2, from 4096 rounds on",
    ] {
        assert!(out.contains(part), "{part}: {out}");
    }
    let (code, out, _) = keyferry(&["schemes", "explain", "scrypt($pass,$salt,16384,8,1,32)", "--json"], "");
    assert_eq!(code, 0);
    let explanation: Value = serde_json::from_str(&out).unwrap();
    // And two blocks to work with.
    assert_eq!(explanation["memory"], 16 * 1024 * 1024 + 2 * 1024);
    assert_eq!(explanation["needs"][0]["from"], "a column");
    let (code, _, err) = keyferry(&["schemes", "explain", "sha256($salt,$pass)"], "");
    assert_eq!(code, 1);
    assert!(err.contains("column 13") && err.ends_with("            ^\n"), "{err}");
}

#[test]
fn a_batch_ends_with_what_it_proved_on_standard_error() {
    let input = format!(
        "{}\n{}\n{}\n",
        json!({"stored": SSHA, "password": "password"}),
        json!({"scheme": "sha1($pass)", "stored": "5baa61e4c9b93f3f0682250b6cf8331b7ee68fd8", "password": "no"}),
        json!({"stored": "what is this", "password": "canary-password"}),
    );
    let (code, out, err) = keyferry(&["verify", "--batch", "-"], &input);
    assert_eq!((code, out.lines().count()), (2, 3), "one line for each line, and no more: {out}");
    assert!(err.contains("Proved (verified, and nothing rejected or unreadable): `ldap-ssha`\n"), "{err}");
    assert!(err.contains("Not proved: `sha1($pass)`\n"), "{err}");
    assert!(!err.contains("canary") && !err.contains("5baa"), "{err}");
    assert_eq!(keyferry(&["verify", "--batch", "-"], ""), (0, String::new(), String::new()));
}
