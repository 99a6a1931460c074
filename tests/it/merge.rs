//! Several stores, one person: `keyferry export` over SQLite, PostgreSQL and MariaDB at once.

use serde_json::{Value, json};

use crate::servers;
use crate::shop::{PHPASS, SPRING_BCRYPT, SPRING_SCRYPT, Shop, told};

const FILES: [&str; 8] =
    ["export", "--format", "okta", "--out", "users.jsonl", "--rejects", "rejects.csv", "--json"];

/// A store besides the shop, with the columns that all of them have.
fn statements(rows: &[[&str; 6]]) -> String {
    let rows: Vec<String> = rows
        .iter()
        .map(|row| {
            let values: Vec<String> = row
                .iter()
                .map(|value| if value.is_empty() { "NULL".to_owned() } else { format!("'{value}'") })
                .collect();
            format!("({})", values.join(", "))
        })
        .collect();
    format!(
        "CREATE TABLE people (id VARCHAR(20) PRIMARY KEY, login VARCHAR(50), stored VARCHAR(200), email VARCHAR(50), \
         phone VARCHAR(20), number VARCHAR(20)); INSERT INTO people VALUES {};",
        rows.join(", ")
    )
}

fn source(name: &str, url: &str) -> String {
    let columns = "id, login, stored, email, phone, number, 'F' AS first_name, 'L' AS last_name";
    format!(
        "[[source]]\nname = \"{name}\"\nurl = \"{url}\"\npage_size = 2\n\
         lookup = \"SELECT id, stored FROM people WHERE login = :username\"\n\
         users = \"SELECT {columns} FROM people WHERE id > :after ORDER BY id LIMIT :limit\"\n\
         [source.profile]\nlogin = \"login\"\nemail = \"email\"\nfirstName = \"first_name\"\n\
         lastName = \"last_name\"\nmobilePhone = \"phone\"\nemployeeNumber = \"number\"\n"
    )
}

fn users(shop: &Shop) -> Vec<Value> {
    shop.read("users.jsonl").lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

/// What the three stores hold: the shop in the folder, the forum, the CRM.
const SHOP: [[&str; 6]; 4] = [
    ["1", "amy@example.com", SPRING_BCRYPT, "amy@example.com", "", ""],
    ["2", "bob@example.com", "", "bob@example.com", "", "2"],
    ["3", "carl@example.com", PHPASS, "", "", "3"],
    ["4", "eve@example.com", PHPASS, "eve@example.com", "", ""],
];
const FORUM: [[&str; 6]; 5] = [
    // Amy, by her address, with what the shop does not know.
    ["a", "amy.wong@example.com", PHPASS, "AMY@example.com", "+1 555 0100", "7"],
    // Bob: the shop knows him without a password, so nobody does.
    ["b", "bob@example.com", SPRING_BCRYPT, "bob@example.com", "", ""],
    // Both Eve and Carl.
    ["c", "x@example.com", PHPASS, "eve@example.com", "", "3"],
    ["d", "dora@example.com", SPRING_SCRYPT, "dora@example.com", "+1 555 0101", ""],
    ["e", "dora2@example.com", SPRING_SCRYPT, "Dora@example.com", "", ""],
];
const CRM: [[&str; 6]; 3] = [
    // Amy, through what the forum knows.
    ["p", "", "", "", "+1 555 0999", "7"],
    // Carl's address, which Okta requires.
    ["q", "", "", "carl@example.com", "", "3"],
    // Somebody else with Carl's login.
    ["r", "CARL@example.com", PHPASS, "other@example.com", "", ""],
];

#[tokio::test]
async fn people_of_three_stores_are_exported_once_with_the_first_store_s_credential() {
    let (Some(postgres), Some(mariadb)) = (servers::postgres(), servers::mariadb()) else { return };
    let shop = Shop::new(&[]).await;
    shop.execute(&statements(&SHOP)).await;
    let forum = postgres.database(&statements(&FORUM)).await;
    let crm = mariadb.database(&statements(&CRM)).await;
    let file = format!("sqlite:{}/shop.db", shop.path().display());
    let sources = [source("shop", &file), source("forum", &forum), source("crm", &crm)].concat();
    let configure = |import: &str| {
        std::fs::write(shop.path().join("keyferry.toml"), format!("{sources}{import}")).expect("written");
    };
    configure("[import]\nmatch_on = [\"email\", \"employeeNumber\"]\n");
    let (code, _, err) = told(&shop.run(&["check"]));
    assert_eq!(code, 1, "there is no service: {err}");
    let (code, out, err) = told(&shop.run(&FILES));
    assert_eq!(code, 3, "{err}");
    let hook = json!({"password": {"hook": {"type": "default"}}});
    let amy = json!({
        "login": "amy@example.com", "firstName": "F", "lastName": "L", "email": "amy@example.com",
        "mobilePhone": "+1 555 0100", "employeeNumber": "7",
    });
    let carl = json!({
        "login": "carl@example.com", "firstName": "F", "lastName": "L", "email": "carl@example.com",
        "employeeNumber": "3",
    });
    let dora = json!({
        "login": "dora@example.com", "firstName": "F", "lastName": "L", "email": "dora@example.com",
        "mobilePhone": "+1 555 0101",
    });
    let eve = json!({
        "login": "eve@example.com", "firstName": "F", "lastName": "L", "email": "eve@example.com",
    });
    let written = users(&shop);
    assert_eq!(written.iter().map(|user| &user["profile"]).collect::<Vec<_>>(), [&amy, &carl, &eve, &dora]);
    assert_eq!(written[0]["credentials"]["password"]["hash"]["algorithm"], "BCRYPT", "the shop's");
    assert_eq!((&written[1]["credentials"], &written[2]["credentials"]), (&hook, &hook));
    assert_eq!(
        shop.read("rejects.csv"),
        "source,id,login,reason\n\
         shop,2,bob@example.com,no stored password\n\
         forum,c,x@example.com,ambiguous match\n\
         forum,e,dora2@example.com,duplicate email\n\
         crm,r,CARL@example.com,duplicate login\n"
    );
    let report: Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!((&report["rows"], &report["users"], &report["rejected"]), (&json!(12), &json!(4), &json!(4)));
    assert_eq!(
        report["merged"],
        json!({
            "people": 3, "rows": 4, "filled": 3, "ambiguous": 1,
            "conflicts": [
                {"source": "crm", "attribute": "mobilePhone", "rows": 1},
                {"source": "forum", "attribute": "login", "rows": 1},
            ],
        })
    );
    let (_, _, err) = told(&shop.run(&FILES[..7]));
    assert!(err.contains("4 rows of later sources belong to 3 people whom an earlier one knows"), "{err}");
    assert!(err.contains("3  attributes filled from a later source"), "{err}");
    assert!(err.contains("1  forum says another login"), "{err}");

    configure("[import]\nmatch_on = [\"email\", \"employeeNumber\"]\nmerge = \"ignore\"\n");
    let (code, out, err) = told(&shop.run(&FILES));
    assert_eq!(code, 3, "{err}");
    assert!(shop.read("rejects.csv").contains("shop,3,carl@example.com,email is missing\n"));
    assert_eq!(users(&shop)[0]["profile"].get("mobilePhone"), None);
    let report: Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!(
        report["merged"],
        json!({"people": 3, "rows": 4, "filled": 0, "conflicts": [], "ambiguous": 1})
    );

    // One source by itself is merged with nobody, and says nothing of it.
    let (_, out, err) = told(&shop.run(&[&FILES[..], &["--source", "forum"]].concat()));
    let report: Value = serde_json::from_str(&out).expect(&err);
    assert_eq!((report.get("merged"), &report["users"]), (None, &json!(4)), "{report}");
}

#[tokio::test]
async fn what_people_are_told_by_must_be_mapped() {
    let shop = Shop::new(&[]).await;
    for (import, expected) in [
        ("match_on = [\"badge\"]", "import.match_on: names `badge`, which no source maps"),
        ("match_on = []", "import.match_on: must name 1 to 8 Okta attributes"),
        ("match_on = [\"login\", \"login\"]", "names `login` twice"),
        ("merge = \"overwrite\"", "import.merge: must be one of \"fill\", \"ignore\""),
        ("existing = \"adopt\"", "import.existing: must be one of \"skip\", \"attach_hook\", \"reject\""),
        (
            "macht_on = \"login\"",
            "import.macht_on: is not a key that keyferry knows; did you mean `match_on`?",
        ),
        ("[import.groups]\nunmapped = \"drop\"", "import.groups.unmapped: must be one of \"create\""),
        ("[import.groups.map]\nstaff = \" \"", "import.groups.map.staff: must be the name of an Okta group"),
        ("[import.groups.map]\nstaff = 7", "import.groups.map.staff: must be a text in quotes"),
    ] {
        shop.configure("", &format!("[import]\n{import}\n"));
        let (code, _, err) = told(&shop.run(&FILES));
        assert_eq!(code, 1, "{err}");
        assert!(err.contains(expected), "{expected} is not in {err}");
    }
    shop.configure("groups = \"SELECT 'x' WHERE 1 = :id\"\nmax_connections = 1", "");
    let (_, _, err) = told(&shop.run(&FILES));
    assert!(err.contains("source[0].max_connections: must be 2 or more"), "{err}");
}
