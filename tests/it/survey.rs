//! `keyferry survey`, from the command line to its report.

use serde_json::{Value, json};

use crate::shop::{PHPASS, SPRING_BCRYPT, SPRING_SCRYPT, Shop, told};

fn quoted(text: &str) -> String {
    format!("'{text}'")
}

#[tokio::test]
async fn users_are_grouped_measured_and_counted() {
    let shop = Shop::new(&[
        ("amy@example.com", &quoted(SPRING_BCRYPT)),
        ("bob@example.com", &quoted(SPRING_SCRYPT)),
        ("carl@example.com", &quoted(SPRING_BCRYPT)),
        ("dora@example.com", &quoted(PHPASS)),
    ])
    .await;
    shop.execute("UPDATE users SET enabled = 0 WHERE id = 3").await;
    let (code, out, err) = told(&shop.run(&["survey", "--json"]));
    assert_eq!(code, 0, "{err}");
    let report: Value = serde_json::from_str(&out).expect("the report is JSON");
    assert_eq!(report["rows"], 4);
    assert_eq!(report["routes"], json!({"hash": 2, "hook": 2, "unreadable": 0, "no_stored_value": 0}));
    let groups = report["groups"].as_array().expect("groups");
    assert_eq!(groups.len(), 3);
    let bcrypt = &groups[0];
    assert_eq!(bcrypt["okta"], json!({"credential": "hash", "algorithm": "BCRYPT"}));
    assert_eq!(
        (&bcrypt["users"], &bcrypt["inactive"], &bcrypt["share"]),
        (&json!(2), &json!(1), &json!(0.5))
    );
    for group in groups {
        assert_eq!(group["verify"]["measured"], true, "{group}");
        assert!(group["verify"]["micros"].as_u64().expect("a number") > 0, "{group}");
    }
    assert!(groups[1..].iter().all(|group| group["okta"]["credential"] == "hook"), "{out}");
}

#[tokio::test]
async fn unreadable_rows_are_named_and_end_it_with_3() {
    let shop = Shop::new(&[
        ("amy@example.com", &quoted(PHPASS)),
        ("bob@example.com", "'canary-4711'"),
        ("carl@example.com", "NULL"),
    ])
    .await;
    let (code, out, err) = told(&shop.run(&["survey", "--json", "--unreadable", "unreadable.csv"]));
    assert_eq!(code, 3, "{err}");
    let report: Value = serde_json::from_str(&out).expect("the report is JSON");
    assert_eq!(report["routes"], json!({"hash": 0, "hook": 1, "unreadable": 1, "no_stored_value": 1}));
    assert_eq!(report["unreadable"][0]["named"], json!([{"source": "shop", "id": "2"}]));
    let list = shop.read("unreadable.csv");
    assert!(list.starts_with("source,id,login,reason\nshop,2,bob@example.com,"), "{list}");
    let (code, plain, err) = told(&shop.run(&["survey"]));
    assert_eq!(code, 3, "{err}");
    assert!(plain.contains("rows 2"), "{plain}");
    assert!(!plain.contains('\u{1b}'), "colours without a terminal");
    assert!(![out, plain, list, err].concat().contains("4711"), "a stored value was told");
}

#[tokio::test]
async fn the_named_rows_of_a_reason_are_bounded_and_all_counted() {
    let shop = Shop::new(&[]).await;
    shop.execute(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1234)
         INSERT INTO users (id, login, stored) SELECT i, 'user' || i || '@example.com', 'what?' FROM n",
    )
    .await;
    let (code, out, _) = told(&shop.run(&["survey", "--json", "--unreadable", "unreadable.csv"]));
    assert_eq!(code, 3);
    let report: Value = serde_json::from_str(&out).expect("the report is JSON");
    assert_eq!(report["unreadable"][0]["rows"], 1234);
    assert_eq!(report["unreadable"][0]["named"].as_array().expect("a list").len(), 100);
    assert_eq!(shop.read("unreadable.csv").lines().count(), 1235);
}

#[tokio::test]
async fn a_store_that_is_down_is_told_with_exit_code_2() {
    let shop = Shop::new(&[]).await;
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = nobody.local_addr().expect("an address").port();
    drop(nobody);
    let text = shop.read("keyferry.toml");
    let url = text.lines().find(|line| line.starts_with("url")).expect("a URL").to_owned();
    let down = text.replace(&url, &format!("url = \"postgres://reader:canary4711@127.0.0.1:{port}/shop\""));
    std::fs::write(shop.path().join("keyferry.toml"), down).expect("written");
    let (code, out, err) = told(&shop.run(&["survey"]));
    assert_eq!((code, out.as_str()), (2, ""), "{err}");
    assert!(err.contains("source `shop` is not reachable"), "{err}");
    assert!(!err.contains("4711"), "{err}");
}

#[tokio::test]
async fn a_condition_in_sql_narrows_it() {
    let shop = Shop::new(&[("amy@example.com", &quoted(PHPASS)), ("bob@example.com", "'what?'")]).await;
    let (code, out, err) = told(&shop.run(&["survey", "--json", "--where", "login LIKE 'amy%'"]));
    assert_eq!(code, 0, "{err}");
    let report: Value = serde_json::from_str(&out).expect("the report is JSON");
    assert_eq!(report["rows"], 1);
}
