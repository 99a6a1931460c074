//! `keyferry bench`, from a survey's report to its answer.

use serde_json::Value;

use crate::shop::{PHPASS, SPRING_BCRYPT, SPRING_SCRYPT, Shop, told};

#[tokio::test]
async fn a_survey_becomes_sign_ins_a_minute_and_cores() {
    let stored = [SPRING_BCRYPT, SPRING_SCRYPT, PHPASS].map(|stored| format!("'{stored}'"));
    let shop = Shop::new(&[
        ("amy@example.com", stored[0].as_str()),
        ("bob@example.com", stored[1].as_str()),
        ("carl@example.com", stored[2].as_str()),
        ("dora@example.com", stored[2].as_str()),
    ])
    .await;
    let (code, survey, err) = told(&shop.run(&["survey", "--json"]));
    assert_eq!(code, 0, "{err}");
    std::fs::write(shop.path().join("survey.json"), survey).expect("a file");
    let (code, out, err) = told(&shop.run(&[
        "bench",
        "--quick",
        "--config",
        "keyferry.toml",
        "--survey",
        "survey.json",
        "--storm",
        "60000",
        "--json",
    ]));
    assert_eq!(code, 0, "{err}");
    let report: Value = serde_json::from_str(&out).expect("the report is JSON");
    let kernels = report["kernels"].as_array().expect("kernels");
    let alone = |timing: &&Value| timing["lanes"] == 1;
    for scheme in ["bcrypt", "passlib-pbkdf2", "sha512-crypt", "md5-crypt", "phpass", "argon2", "scrypt"] {
        let of = |timing: &&Value| timing["scheme"] == scheme;
        let timing = kernels.iter().filter(alone).find(of).unwrap_or_else(|| panic!("{scheme} in {out}"));
        assert!(timing["micros_each"].as_f64().expect("a number") > 0.0, "{timing}");
    }
    // Who comes with a hash never comes to the hook.
    let load = &report["load"];
    assert_eq!((&load["users"], &load["storm"]), (&3.into(), &60_000.into()), "{load}");
    let schemes: Vec<_> =
        load["formats"].as_array().expect("formats").iter().map(|format| &format["scheme"]).collect();
    assert_eq!(schemes, ["phpass", "spring-scrypt"]);
    assert!(
        load["sign_ins_a_minute"].as_u64() > Some(0) && load["cores_for_storm"].as_u64() > Some(0),
        "{load}"
    );
}

#[tokio::test]
async fn what_is_no_survey_ends_it_with_1() {
    let shop = Shop::new(&[]).await;
    std::fs::write(shop.path().join("survey.json"), "{\"rows\": 3}").expect("a file");
    let (code, out, err) = told(&shop.run(&["bench", "--quick", "--survey", "survey.json"]));
    assert_eq!((code, out.as_str()), (1, ""), "{err}");
    assert!(err.contains("survey.json is not what `keyferry survey --json` prints"), "{err}");
}
