//! Imported hashes: right and wrong passwords by each algorithm, and objects that must be refused.

use serde_json::{Value, json};

use super::{Served, cause, create};

/// `credentials.password.hash` objects and their passwords, none of them made by keyferry.
fn imported() -> Vec<(&'static str, Value, &'static str)> {
    let salt = "TmFDbE5hQ2w="; // NaClNaCl
    let long_salt = "TmFDbE5hQ2xOYUNsTmFDbA=="; // NaClNaClNaClNaCl
    vec![
        (
            "Okta's support article on bcrypt import",
            json!({ "algorithm": "BCRYPT", "workFactor": 10, "salt": "qRRx8rli7Lvs2h2CNgCQ2O", "value": "mVA2NDdomRGoGFrAXDZcno0OZ6CoOU2" }),
            "P@ssword123456",
        ),
        (
            "Okta's support article on SHA-512 import",
            json!({ "algorithm": "SHA-512", "saltOrder": "POSTFIX", "salt": "JipHQUgqQU8qQUwpQUYjUChBSEcjQQ==", "value": "Zz6KwLGDm7ospSipwpDmxAjBWHKPLgGh1roGzI267h6txr/ihTI/R4K2eYrpyc0R24qCSF6DRqNl110vZZtj4A==" }),
            "s3cr3tp@ssw0rd",
        ),
        (
            "printf 'Tr0ub4dor&3' | openssl dgst -md5 -binary | base64",
            json!({ "algorithm": "MD5", "value": "Ts5XphMjtSzP/b7wIZVnVA==" }),
            "Tr0ub4dor&3",
        ),
        (
            "printf 'Tr0ub4dor&3NaClNaCl' | openssl dgst -md5 -binary | base64",
            json!({ "algorithm": "MD5", "saltOrder": "POSTFIX", "salt": salt, "value": "U2DqyW57tnpg01gTcvqudA==" }),
            "Tr0ub4dor&3",
        ),
        (
            "printf 'NaClNaClTr0ub4dor&3' | openssl dgst -sha1 -binary | base64",
            json!({ "algorithm": "SHA-1", "saltOrder": "PREFIX", "salt": salt, "value": "QomL48tNIHXkW3uRTXc7I9xfPVs=" }),
            "Tr0ub4dor&3",
        ),
        (
            "printf 'NaClNaClpässword' | openssl dgst -sha256 -binary | base64, in UTF-8",
            json!({ "algorithm": "SHA-256", "saltOrder": "PREFIX", "salt": salt, "value": "//1B5oNxkWsse1LQQOrXaH5tVa8YaUu/3JWVSqHfc2U=" }),
            "pässword",
        ),
        (
            "Python 3.11 hashlib.pbkdf2_hmac('sha256', password, salt, 4096, 32)",
            json!({ "algorithm": "PBKDF2", "digestAlgorithm": "SHA256_HMAC", "iterationCount": 4096, "keySize": 32, "salt": long_salt, "value": "PRltCmxlgNJvo1t4N2KqgDzWgABiEJE3lG1emHSv43g=" }),
            "Test123456!",
        ),
        (
            "Python 3.11 hashlib.pbkdf2_hmac('sha512', password, salt, 20000, 64)",
            json!({ "algorithm": "PBKDF2", "digestAlgorithm": "SHA512_HMAC", "iterationCount": 20000, "keySize": 64, "salt": long_salt, "value": "QQ+3UW1+UrA5iq4H0Z+0f+zl6zMyIPSUlLqMAbpgbIb4lEUwSOmCT+nCuWmK9Xyy4PiOZnmMwI2BoDJHl4qMJA==" }),
            "Test123456!",
        ),
        (
            "Python 3.11 hashlib.pbkdf2_hmac('sha512', password, salt, 4096, 24): a key shorter than the digest",
            json!({ "algorithm": "PBKDF2", "digestAlgorithm": "SHA512_HMAC", "iterationCount": 4096, "keySize": 24, "salt": long_salt, "value": "9f3Z9vOfRlOdwZHLd2zQFA3+jsCUDngn" }),
            "Test123456!",
        ),
    ]
}

#[tokio::test]
async fn each_algorithm_verifies_and_then_serves_by_the_orgs_own_digest() {
    let org = Served::new().await;
    for (number, (how, hash, password)) in imported().into_iter().enumerate() {
        let login = format!("user{number}@example.com");
        org.user(&login, json!({ "hash": hash })).await;
        let one_off = format!("{}x", &password[..password.len() - 1]);
        assert_eq!(org.sign_in(&login, &one_off).await, 401, "{how}");
        assert_eq!(org.sign_in(&login, "").await, 401, "{how}");
        assert_eq!(org.sign_in(&login, password).await, 200, "{how}");
        assert_eq!(org.sign_in(&login, password).await, 200, "second time: {how}");
        assert_eq!(org.sign_in(&login, &one_off).await, 401, "second time: {how}");
        assert_eq!(org.org.hook_calls(&login), Some(0));
    }
}

/// Each change makes a good object into one that Okta could not use, by the field that is at fault.
#[tokio::test]
async fn malformed_objects_are_refused_and_the_field_named() {
    let org = Served::new().await;
    let [bcrypt, sha512, ..] = imported().try_into().map(|all: [_; 9]| all).unwrap();
    let (bcrypt, sha512) = (bcrypt.1, sha512.1);
    let pbkdf2 = imported().swap_remove(6).1;
    let cases = [
        (&bcrypt, "algorithm", json!("bcrypt"), "algorithm"),
        (&bcrypt, "workFactor", Value::Null, "workFactor"),
        (&bcrypt, "workFactor", json!(21), "workFactor"),
        (&bcrypt, "workFactor", json!("10"), "workFactor"),
        (&bcrypt, "salt", json!("$2a$10$qRRx8rli7Lvs2h2CNgCQ2O"), "salt"),
        (&bcrypt, "salt", json!("qRRx8rli7Lvs2h2CNgCQ2"), "salt"),
        (&bcrypt, "value", json!("mVA2NDdomRGoGFrAXDZcno0OZ6CoOU+"), "value"),
        (&bcrypt, "saltOrder", json!("PREFIX"), "hash: BCRYPT takes"),
        (
            &sha512,
            "value",
            json!("673e8ac0b1839bba2ca528a9c290e6c408c158728f2e01a1d6ba06cc8dbaee1e"),
            "value",
        ),
        (&sha512, "value", json!("Zz6KwLGDm7ospSipwpDmxA=="), "value"),
        (&sha512, "salt", json!("&*GAH*AO*AL)AF#P(AHG#A"), "salt"),
        (&sha512, "saltOrder", Value::Null, "saltOrder"),
        (&sha512, "saltOrder", json!("prefix"), "saltOrder"),
        (&sha512, "salt", Value::Null, "salt"),
        (&pbkdf2, "iterationCount", json!(4095), "iterationCount"),
        (&pbkdf2, "keySize", json!(64), "keySize"),
        (&pbkdf2, "digestAlgorithm", json!("SHA1_HMAC"), "digestAlgorithm"),
        (&pbkdf2, "salt", Value::Null, "salt"),
    ];
    for (good, field, value, named) in cases {
        let mut hash = good.clone();
        match value.clone() {
            Value::Null => drop(hash.as_object_mut().unwrap().remove(field)),
            value => hash[field] = value,
        }
        let (status, error) =
            org.post("/api/v1/users", create("x@example.com", &json!({ "hash": hash }))).await;
        let cause = cause(status, &error);
        assert!(
            cause.starts_with("credentials.password.hash") && cause.contains(named),
            "{field}={value}: {cause}"
        );
        assert!(!error.to_string().contains("GAH"), "the cause repeats the salt");
    }
    let both = json!({ "hash": bcrypt, "hook": { "type": "default" } });
    let (status, error) = org.post("/api/v1/users", create("x@example.com", &both)).await;
    assert!(cause(status, &error).contains("exactly one"));
    let (status, error) =
        org.post("/api/v1/users", create("x@example.com", &json!({ "hook": { "type": "other" } }))).await;
    assert!(cause(status, &error).contains("hook"));
    assert_eq!(org.get("/api/v1/users").await.1, json!([]), "nobody was created");
}
