//! Applications whose stored values are an expression in a layout: one row each.

use crate::schemes::registry::{Entry, Example, Reader};

/// A value that is one text.
const fn row(
    name: &'static str,
    software: &'static str,
    expression: &'static str,
    layout: &'static str,
    example: Example,
    okta: &'static str,
) -> Entry {
    Entry { name, software, layout, example, okta, reader: Reader::Expression(expression), ..Entry::BLANK }
}

const CHANGED: &str = "hook: the password is changed before it is hashed";

pub(super) const ENTRIES: &[Entry] = &[
    row(
        "joomla-sha256",
        "Joomla 2.5 and 3, where set to SHA-256",
        "sha256($pass.$salt)",
        "{SHA256}{digest}:{salt}",
        Example::of(
            "{SHA256}7a37b85c8918eac19a9089c0fa5a2ab4dce3f90528dcdeec108b23ddf3607b99:salt",
            "password",
        ),
        "SHA-256, POSTFIX",
    ),
    Entry {
        aliases: &["vb5"],
        ..row(
            "vbulletin5",
            "vBulletin 5 and 6: the token, of schemes blowfish and argon2id",
            "auto(md5($pass))",
            "{digest}",
            Example::of("$2a$05$/VT2Xs2dMd8GJKfrXhjYP.DkTjOVrY12yDN7/6I8ZV0q/1lEohLru", "hashcat"),
            CHANGED,
        )
    },
    Entry {
        aliases: &["xenforo1"],
        prefixes: &["a:3:{s:4:\"hash\";s:64:"],
        ..row(
            "xenforo-sha256",
            "XenForo 1.0 and 1.1",
            "sha256(sha256($pass).$salt)",
            r#"a:3:{s:4:"hash";s:64:"{digest:64}";s:4:"salt";s:64:"{salt:64}";s:8:"hashFunc";s:6:"sha256";}"#,
            Example::of(
                r#"a:3:{s:4:"hash";s:64:"2fb55deae76099996dcf6ef259b83591e4f0591affc33e342e3c530f52299ac2";s:4:"salt";s:64:"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";s:8:"hashFunc";s:6:"sha256";}"#,
                "password",
            ),
            "hook: more than one digest",
        )
    },
    Entry {
        prefixes: &["a:3:{s:4:\"hash\";s:40:"],
        ..row(
            "xenforo-sha1",
            "XenForo 1.0 and 1.1, where PHP had no SHA-256",
            "sha1(sha1($pass).$salt)",
            r#"a:3:{s:4:"hash";s:40:"{digest:40}";s:4:"salt";s:40:"{salt:40}";s:8:"hashFunc";s:4:"sha1";}"#,
            Example::of(
                r#"a:3:{s:4:"hash";s:40:"905ff39022d8dcd1147859b254de4575b59e4d26";s:4:"salt";s:40:"0123456789abcdef0123456789abcdef01234567";s:8:"hashFunc";s:4:"sha1";}"#,
                "password",
            ),
            "hook: more than one digest",
        )
    },
    Entry {
        aliases: &["xenforo", "xenforo2"],
        prefixes: &["a:1:{s:4:\"hash\";s:60:"],
        ..row(
            "xenforo-bcrypt",
            "XenForo from 1.2, XenForo 2",
            "bcrypt($pass)",
            r#"a:1:{s:4:"hash";s:60:"{digest:60}";}"#,
            Example::of(
                r#"a:1:{s:4:"hash";s:60:"$2y$05$abcdefghijklmnopqrstuuWG29KuyeAicPCJODk1zjyGvyQUU2awu";}"#,
                "password",
            ),
            "BCRYPT",
        )
    },
    Entry {
        aliases: &["smf2-1"],
        ..row(
            "smf-bcrypt",
            "Simple Machines Forum from 2.1",
            "bcrypt(lower($user).$pass)",
            "{digest}:{user}",
            Example::of("$2y$05$abcdefghijklmnopqrstuufUC6bF3iJuM.tNskw8aTNprll.JE6pC:Ann", "password"),
            CHANGED,
        )
    },
    row(
        "nodebb",
        "NodeBB from 1.9; earlier `bcrypt`",
        "bcrypt(sha512($pass))",
        "{digest}",
        Example::of("$2a$12$KhivLhCuLhSyMBOxLxCyLu78x4z2X/EJdZNfS3Gy36fvRt56P2jbS", "hashcat"),
        CHANGED,
    ),
    Entry {
        aliases: &["suitecrm"],
        ..row(
            "sugarcrm",
            "SugarCRM from 6.5, SuiteCRM: user_hash",
            "auto(md5($pass))",
            "{digest}",
            Example::of("$2a$05$/VT2Xs2dMd8GJKfrXhjYP.DkTjOVrY12yDN7/6I8ZV0q/1lEohLru", "hashcat"),
            CHANGED,
        )
    },
    Entry {
        prefixes: &["M$"],
        claims: |rest| rest.contains(&b'$'),
        ..row(
            "typo3-md5",
            "TYPO3, for MD5s that its scheduler hashed once more; others are `phpass`, `bcrypt`, `argon2` or `passlib-pbkdf2`",
            "auto(md5($pass))",
            "M{digest}",
            Example::of("M$P$9abcdefghCDAset9g8aORt8owRUx7v1", "password"),
            CHANGED,
        )
    },
    Entry {
        prefixes: &["C$"],
        claims: |rest| rest.contains(&b'$'),
        ..row(
            "typo3-plain",
            "TYPO3, for plain texts that its scheduler hashed",
            "auto($pass)",
            "C{digest}",
            Example::of("C$P$9abcdefghreUCnbbQX76dJT2aHvsT6.", "password"),
            "BCRYPT, PBKDF2; hook: phpass and argon2",
        )
    },
    Entry {
        prefixes: &["$E$"],
        ..row(
            "e107",
            "e107 2, where set to its salted form",
            "md5(md5($pass).$user)",
            "$E${digest}:{user}",
            Example::of("$E$1a8c044273cf1d2bf3b851ce42334c3c:chapuser", "correct horse battery staple"),
            "hook: more than one digest",
        )
    },
    Entry {
        aliases: &["concretecms"],
        ..row(
            "concrete5",
            "concrete5 before 5.6; the salt is PASSWORD_SALT of its configuration",
            "md5($pass.':'.$salt)",
            "{digest}:{salt}",
            Example::of("799b011d1fc69cfe034b9d4417933509:salt", "password"),
            "MD5, POSTFIX",
        )
    },
    row(
        "php-fusion",
        "PHP-Fusion from 7.02: user_password and user_salt, user_algo sha256",
        "hmac_sha256($salt,$pass)",
        "{digest}:{salt}",
        Example::of("84ec44c7d6fc41917953a1dafca3c7d7856f7a9d0328b991b76f0d36be1224b9:salt", "password"),
        "hook: Okta has no HMAC of a password",
    ),
    Entry {
        aliases: &["symfony-sha1"],
        ..row(
            "chamilo",
            "Chamilo 1.10 and 1.11, where set to SHA-1",
            "sha1($pass.'{'.$salt.'}')",
            "{digest}:{salt}",
            Example::of("e50f4a7bf9f07a153589dc0e0034eba2b870e2d6:salt", "password"),
            "SHA-1, POSTFIX",
        )
    },
    row(
        "grafana",
        "Grafana: password and salt",
        "pbkdf2_sha256($pass,$salt,10000,50)",
        "{digest}:{salt}",
        Example::of(
            "5ec02b91a4b59c6f59dd5fbe4ca649ece4fa8568cdb8ba36cf41426e8805522ba4e2aeac19a4821501cf609126ab01df2566:salt",
            "password",
        ),
        "PBKDF2",
    ),
    Entry {
        prefixes: &["#jbcrypt:"],
        ..row(
            "jenkins",
            "Jenkins' own user database from 1.609",
            "bcrypt($pass)",
            "#jbcrypt:{digest}",
            Example::of("#jbcrypt:$2a$05$abcdefghijklmnopqrstuuWG29KuyeAicPCJODk1zjyGvyQUU2awu", "password"),
            "BCRYPT",
        )
    },
    row(
        "jenkins-sha256",
        "Jenkins and Hudson before bcrypt",
        "sha256($pass.'{'.$salt.'}')",
        "{salt}:{digest}",
        Example::of("salt:ced22f25384e53c51e100acead5cfafd761f18150ef141be6896700d5a0c8ae3", "password"),
        "SHA-256, POSTFIX",
    ),
    Entry {
        aliases: &["wso2-sha256"],
        ..row(
            "wso2",
            "WSO2 Identity Server: UM_USER_PASSWORD and UM_SALT_VALUE",
            "sha256($pass.$salt)",
            "{digest}:{salt}",
            Example::of("SmMX/bykPsyQCzMcfiqgXMHNJfSGzMVUJi3HGF4eh6Y=:c2FsdA==", "password"),
            "SHA-256, POSTFIX",
        )
    },
    Entry {
        aliases: &["episerver-sha1"],
        hashcat: &[141],
        prefixes: &["$episerver$*0*"],
        ..row(
            "episerver",
            "Episerver 6 before .NET 4",
            "sha1($salt.utf16le($pass))",
            "$episerver$*0*base64({salt})*b64({digest})",
            Example::of("$episerver$*0*MjEwNA==*ZUgAmuaYTqAvisD0A427FA3oaWU", "hashcat"),
            CHANGED,
        )
    },
    Entry {
        hashcat: &[1441],
        prefixes: &["$episerver$*1*"],
        ..row(
            "episerver-sha256",
            "Episerver 6 from .NET 4 on",
            "sha256($salt.utf16le($pass))",
            "$episerver$*1*base64({salt})*b64({digest})",
            Example::of("$episerver$*1*NDg1NTIz*8BFCg/YJBAuZs/wjbH3OWKe69BLr5Lao26ybpnD48Zk", "hashcat"),
            CHANGED,
        )
    },
    Entry {
        prefixes: &["$shiro2$"],
        ..row(
            "shiro2",
            "Apache Shiro 2, Sonatype Nexus: argon2 and bcrypt",
            "auto($pass)",
            "$shiro2{digest}",
            Example::of(
                "$shiro2$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
                "password",
            ),
            "BCRYPT; hook: argon2",
        )
    },
    Entry {
        aliases: &["discourse-64000"],
        ..row(
            "discourse-old",
            "Discourse before 2023: password_hash and salt",
            "pbkdf2_sha256($pass,$salt,64000,32)",
            "{digest}:{salt}",
            Example::of(
                "7068c952d5e872bc394fc233fd04294e554e5e05110ed9a9cbe34dc2590c30cc:0123456789abcdef0123456789abcdef",
                "password",
            ),
            "PBKDF2",
        )
    },
];

const FUSIONAUTH: &str =
    "FusionAuth: select encryption_scheme || '$' || factor || '$' || salt || '$' || password";

/// Those whose rounds are in the value.
pub(super) const ITERATED: &[Entry] = &[
    Entry {
        aliases: &["nexus", "shiro"],

        prefixes: &["$shiro1$SHA-512$"],
        ..row(
            "shiro1-sha512",
            "Apache Shiro 1, Sonatype Nexus 3",
            "iterate($rounds,sha512_bin($salt.$pass),sha512_bin($_))",
            "$shiro1$SHA-512${rounds}$base64({salt})$base64({digest})",
            Example::of(
                "$shiro1$SHA-512$1024$AAECAwQFBgcICQoLDA0ODw==$N9npxAYGWGDi8NsMh22dMVo9M/pFCE3TCNdPDlWA38881aF8G71Otg+ptNWwzl/v1Dj7Qsn91RIcVb/HhWBBVg==",
                "password",
            ),
            "hook: many rounds of a digest",
        )
    },
    Entry {
        prefixes: &["$shiro1$SHA-256$"],
        ..row(
            "shiro1-sha256",
            "Apache Shiro 1, Sonatype Nexus 3",
            "iterate($rounds,sha256_bin($salt.$pass),sha256_bin($_))",
            "$shiro1$SHA-256${rounds}$base64({salt})$base64({digest})",
            Example::of(
                "$shiro1$SHA-256$1024$AAECAwQFBgcICQoLDA0ODw==$3ZFA5YAiDQP45Dc7ZTG2DpkxQhMF1qnBxReIC7pK9aA=",
                "password",
            ),
            "hook: many rounds of a digest",
        )
    },
    row(
        "tomcat-md5",
        "Apache Tomcat's MessageDigestCredentialHandler",
        "iterate($rounds,md5_bin($salt.$pass),md5_bin($_))",
        "hex({salt})${rounds}${digest}",
        Example::of("000102030405060708090a0b0c0d0e0f$1000$dbcdd7446c60f2776d578ae1ecbeb713", "password"),
        "hook: many rounds of a digest",
    ),
    row(
        "tomcat-sha1",
        "Apache Tomcat's MessageDigestCredentialHandler",
        "iterate($rounds,sha1_bin($salt.$pass),sha1_bin($_))",
        "hex({salt})${rounds}${digest}",
        Example::of(
            "000102030405060708090a0b0c0d0e0f$1000$3b552fa888825dd843342be2f7ff6dbf92206ddc",
            "password",
        ),
        "hook: many rounds of a digest",
    ),
    row(
        "tomcat-sha256",
        "Apache Tomcat's MessageDigestCredentialHandler",
        "iterate($rounds,sha256_bin($salt.$pass),sha256_bin($_))",
        "hex({salt})${rounds}${digest}",
        Example::of(
            "000102030405060708090a0b0c0d0e0f$1000$0fb91549289b42698e326b0e85f648fb04a503ad05ea318b26c833d880e09167",
            "password",
        ),
        "hook: many rounds of a digest",
    ),
    row(
        "tomcat-sha512",
        "Apache Tomcat's MessageDigestCredentialHandler",
        "iterate($rounds,sha512_bin($salt.$pass),sha512_bin($_))",
        "hex({salt})${rounds}${digest}",
        Example::of(
            "000102030405060708090a0b0c0d0e0f$1000$d5e188c237fcb26e8b55ecccf3f08ae340eedd8e9fdb2a5b7cb10dd823e4367a06926518f6e68457d3c4f7d2c2de3ef083fbd5d9513e772b4b083c6159d4bd87",
            "password",
        ),
        "hook: many rounds of a digest",
    ),
    row(
        "tomcat-pbkdf2",
        "Apache Tomcat's SecretKeyCredentialHandler with PBKDF2WithHmacSHA1",
        "pbkdf2_sha1($pass,$salt,$rounds,20)",
        "hex({salt})${rounds}${digest}",
        Example::of(
            "000102030405060708090a0b0c0d0e0f$20000$2a7d4526e0101bf478e0586e51fd16a59f5b8c78",
            "password",
        ),
        "hook: Okta has no PBKDF2 with SHA-1",
    ),
    row(
        "tomcat-pbkdf2-sha256",
        "Apache Tomcat's SecretKeyCredentialHandler with PBKDF2WithHmacSHA256",
        "pbkdf2_sha256($pass,$salt,$rounds,32)",
        "hex({salt})${rounds}${digest}",
        Example::of(
            "000102030405060708090a0b0c0d0e0f$20000$8aa525562c683884f95cf311087c693c03164191c5e7e482cc004297bf813e10",
            "password",
        ),
        "PBKDF2",
    ),
    row(
        "tomcat-pbkdf2-sha512",
        "Apache Tomcat's SecretKeyCredentialHandler with PBKDF2WithHmacSHA512",
        "pbkdf2_sha512($pass,$salt,$rounds,64)",
        "hex({salt})${rounds}${digest}",
        Example::of(
            "000102030405060708090a0b0c0d0e0f$20000$7bcc9bbeec32eadf269f096c3a88e7dd377564d8b993beec78121b3661e78485d4df52bce080b5bfa07b3d88be17d32182fe6bee6052b484723899323ab38af5",
            "password",
        ),
        "PBKDF2",
    ),
    Entry {
        example: Example {
            user: None,
            pepper: None,
            stored: "100000$+94U0zjMb4IQV/P0p4rCC8cBsR43qTs3kMNRDgGUc/OPTg3urMJHGdNE02yaxk3bvpl6gNWHX6nMkWFQcgrWzg==",
            salt: Some("AAECAwQFBgcICQoLDA0ODw=="),
            password: "password",
        },
        ..row(
            "sonarqube",
            "SonarQube from 8.8: crypted_password and salt; earlier `bcrypt`",
            "pbkdf2_sha512($pass,unbase64($salt),$rounds,64)",
            "{rounds}$base64({digest})",
            Example::of("", ""),
            "PBKDF2",
        )
    },
    row(
        "discourse",
        "Discourse: select password_algorithm || salt || '$' || password_hash",
        "pbkdf2_sha256($pass,$salt,$rounds,32)",
        "$pbkdf2-sha256$i={rounds},l=32${salt}${digest}",
        Example::of(
            "$pbkdf2-sha256$i=64000,l=32$0123456789abcdef0123456789abcdef$7068c952d5e872bc394fc233fd04294e554e5e05110ed9a9cbe34dc2590c30cc",
            "password",
        ),
        "PBKDF2",
    ),
    Entry {
        prefixes: &["salted-md5$"],
        ..row(
            "fusionauth-salted-md5",
            FUSIONAUTH,
            "iterate($rounds,md5_bin($pass.$salt),md5_bin($_))",
            "salted-md5${rounds}$base64({salt})$base64({digest})",
            Example::of("salted-md5$20000$AAECAwQFBgcICQoLDA0ODw==$q7/iroqOFATGajDgnaKORQ==", "password"),
            "hook: many rounds of a digest",
        )
    },
    Entry {
        prefixes: &["salted-sha256$"],
        ..row(
            "fusionauth-salted-sha256",
            FUSIONAUTH,
            "iterate($rounds,sha256_bin($pass.$salt),sha256_bin($_))",
            "salted-sha256${rounds}$base64({salt})$base64({digest})",
            Example::of(
                "salted-sha256$20000$AAECAwQFBgcICQoLDA0ODw==$84dqcqVIpZVgY9MRyCjKRRmsWB4eZ5Vn1svlUe0QyOo=",
                "password",
            ),
            "hook: many rounds of a digest",
        )
    },
    Entry {
        prefixes: &["salted-pbkdf2-hmac-sha256$"],
        ..row(
            "fusionauth-salted-pbkdf2-hmac-sha256",
            FUSIONAUTH,
            "pbkdf2_sha256($pass,$salt,$rounds,32)",
            "salted-pbkdf2-hmac-sha256${rounds}$base64({salt})$base64({digest})",
            Example::of(
                "salted-pbkdf2-hmac-sha256$24000$AAECAwQFBgcICQoLDA0ODw==$SEoqJlgjF+pOpeVlB7XXZtGyehgOsTQacQaoWtF28y8=",
                "password",
            ),
            "PBKDF2",
        )
    },
    Entry {
        prefixes: &["salted-pbkdf2-hmac-sha256-512$"],
        ..row(
            "fusionauth-salted-pbkdf2-hmac-sha256-512",
            FUSIONAUTH,
            "pbkdf2_sha256($pass,$salt,$rounds,64)",
            "salted-pbkdf2-hmac-sha256-512${rounds}$base64({salt})$base64({digest})",
            Example::of(
                "salted-pbkdf2-hmac-sha256-512$24000$AAECAwQFBgcICQoLDA0ODw==$SEoqJlgjF+pOpeVlB7XXZtGyehgOsTQacQaoWtF28y9ZxYkgBBmVTeXvW4+9SzDFDUr8Oea5yGuQhpA2rM4blA==",
                "password",
            ),
            "PBKDF2",
        )
    },
    Entry {
        prefixes: &["salted-pbkdf2-hmac-sha512-512$"],
        ..row(
            "fusionauth-salted-pbkdf2-hmac-sha512-512",
            FUSIONAUTH,
            "pbkdf2_sha512($pass,$salt,$rounds,64)",
            "salted-pbkdf2-hmac-sha512-512${rounds}$base64({salt})$base64({digest})",
            Example::of(
                "salted-pbkdf2-hmac-sha512-512$24000$AAECAwQFBgcICQoLDA0ODw==$vhSw+Hs+y9k8VFHcbqV9y8sVHCTIq/Ef6qpjCv9Wm8Iw85wKQ5Ih4DvnnOMwZcAkKDjbeUPHKWCNEs/BVvuX+w==",
                "password",
            ),
            "PBKDF2",
        )
    },
    Entry {
        aliases: &["fusionauth-hmac"],
        prefixes: &["salted-hmac-sha256$"],
        ..row(
            "fusionauth-salted-hmac-sha256",
            FUSIONAUTH,
            "hmac_sha256($salt,$pass)",
            "salted-hmac-sha256${rounds}$base64({salt})$base64({digest})",
            Example::of(
                "salted-hmac-sha256$1$c2FsdA==$hOxEx9b8QZF5U6Ha/KPH14Vvep0DKLmRt28NNr4SJLk=",
                "password",
            ),
            "hook: Okta has no HMAC of a password",
        )
    },
];
