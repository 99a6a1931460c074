//! Keycloak's password credentials: the columns `secret_data` and `credential_data`, in one value however they got
//! there: one after the other, as members of one object, as strings inside a realm's export, or in the flat form that
//! Keycloak exported before version 8.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::argon2::{self, Argon2Value};
use super::pbkdf2::Pbkdf2;
use super::{bcrypt, json};
use crate::schemes::construction::{Reading, Refusal};
use crate::schemes::digest::Digest;
use crate::schemes::kernels::argon2::{Algorithm, Version};
use crate::schemes::registry::{Entry, Example, Reader};
use crate::schemes::{Credential, Limits, encoding};

pub(super) const ENTRIES: &[Entry] = &[Entry {
    name: "keycloak",
    aliases: &["rh-sso", "red-hat-sso"],
    software: "Keycloak: select secret_data || credential_data, or give an element of an export's `credentials`",
    layout: r#"{"value":…,"salt":…}{"hashIterations":…,"algorithm":…}, also {"secretData":…,"credentialData":…}"#,
    example: Example::of(
        r#"{"value":"gYW3K2hDotixLdnZnDA7ggXjDdS/WGoafjk4eoTrPXg=","salt":"AAECAwQFBgcICQoLDA0ODw==","additionalParameters":{}}{"hashIterations":27500,"algorithm":"pbkdf2-sha256","additionalParameters":{}}"#,
        "password",
    ),
    okta: "PBKDF2 with SHA-256 or SHA-512 from 4096 rounds; hook: SHA-1 and argon2",
    prefixes: &["{\""],
    claims: |rest| {
        ["secretData\"", "secret_data\"", "\"hashIterations\"", "hashedSaltedValue\""]
            .iter()
            .any(|member| json::mentions(rest, member))
    },
    bare: true,
    reader: Reader::Format(read),
    ..Entry::BLANK
}];

const WHAT: &str = "Keycloak's secret_data and credential_data as JSON, each once, with nothing that Keycloak does not write";

/// Any of the objects: each part may be in any of them, but only once.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Object {
    #[serde(alias = "hashedSaltedValue")]
    value: Option<String>,
    salt: Option<String>,
    hash_iterations: Option<u32>,
    algorithm: Option<String>,
    additional_parameters: Option<BTreeMap<String, Vec<String>>>,
    #[serde(alias = "secret_data")]
    secret_data: Option<Nested>,
    #[serde(alias = "credential_data")]
    credential_data: Option<Nested>,
    #[serde(rename = "type")]
    kind: Option<String>,
    // What an export says besides.
    #[serde(rename = "id")]
    _id: Option<IgnoredAny>,
    #[serde(rename = "userLabel")]
    _user_label: Option<IgnoredAny>,
    #[serde(rename = "createdDate")]
    _created_date: Option<IgnoredAny>,
    #[serde(rename = "priority")]
    _priority: Option<IgnoredAny>,
    #[serde(rename = "temporary")]
    _temporary: Option<IgnoredAny>,
    #[serde(rename = "device")]
    _device: Option<IgnoredAny>,
    #[serde(rename = "counter")]
    _counter: Option<IgnoredAny>,
    #[serde(rename = "digits")]
    _digits: Option<IgnoredAny>,
    #[serde(rename = "period")]
    _period: Option<IgnoredAny>,
    #[serde(rename = "config")]
    _config: Option<IgnoredAny>,
}

/// An object, or a text that holds one.
#[derive(Deserialize)]
#[serde(untagged)]
enum Nested {
    Text(String),
    Object(Box<Object>),
}

#[derive(Default)]
struct Parts {
    value: Option<String>,
    salt: Option<String>,
    rounds: Option<u32>,
    algorithm: Option<String>,
    parameters: BTreeMap<String, Vec<String>>,
}

fn wrong() -> Refusal {
    Refusal::unreadable(format!("expected {WHAT}"))
}

fn read(credential: &Credential<'_>, limits: &Limits) -> Reading {
    let mut parts = Parts::default();
    for object in json::objects::<Object>(credential.stored, WHAT)? {
        parts.take(object, true)?;
    }
    let (Some(value), Some(algorithm)) = (&parts.value, &parts.algorithm) else {
        return Err(wrong());
    };
    let inner = Credential { stored: value.as_bytes(), ..*credential };
    match algorithm.as_str() {
        "pbkdf2" => parts.pbkdf2(Digest::Sha1, limits),
        "pbkdf2-sha256" => parts.pbkdf2(Digest::Sha256, limits),
        "pbkdf2-sha512" => parts.pbkdf2(Digest::Sha512, limits),
        // Providers from before Keycloak had its own keep the whole of a value of theirs.
        "argon2" | "argon2id" | "argon2i" | "argon2d" if value.starts_with('$') => {
            argon2::read(&inner, limits)
        }
        "bcrypt" => Ok(Box::new(bcrypt::read(&inner, limits)?)),
        "argon2" => parts.argon2(limits),
        _ => Err(Refusal::unreadable(
            "an algorithm other than pbkdf2, pbkdf2-sha256, pbkdf2-sha512, argon2 and bcrypt",
        )),
    }
}

impl Parts {
    fn take(&mut self, object: Object, outermost: bool) -> Result<(), Refusal> {
        if object.kind.is_some_and(|kind| kind != "password") {
            return Err(Refusal::unreadable("a credential of another type than password"));
        }
        once(&mut self.value, object.value)?;
        once(&mut self.salt, object.salt)?;
        once(&mut self.rounds, object.hash_iterations)?;
        once(&mut self.algorithm, object.algorithm)?;
        for (name, values) in object.additional_parameters.unwrap_or_default() {
            if self.parameters.insert(name, values).is_some() {
                return Err(wrong());
            }
        }
        for nested in [object.secret_data, object.credential_data].into_iter().flatten() {
            if !outermost {
                return Err(wrong());
            }
            let inner = match nested {
                Nested::Object(inner) => *inner,
                Nested::Text(text) => json::object(text.as_bytes(), WHAT)?,
            };
            self.take(inner, false)?;
        }
        Ok(())
    }

    /// Digest and salt.
    fn bytes(&self) -> Result<(Vec<u8>, Vec<u8>), Refusal> {
        let decoded =
            |text: &Option<String>| text.as_deref().and_then(|text| encoding::from_base64(text.as_bytes()));
        let bytes = decoded(&self.value).zip(decoded(&self.salt));
        bytes.ok_or_else(|| Refusal::unreadable("value and salt must be base64 with padding"))
    }

    fn rounds(&self) -> Result<u32, Refusal> {
        self.rounds.ok_or_else(|| Refusal::unreadable("hashIterations is missing"))
    }

    fn pbkdf2(&self, digest: Digest, limits: &Limits) -> Reading {
        let (value, salt) = self.bytes()?;
        Pbkdf2::checked(digest, self.rounds()?, salt, value, limits)
    }

    fn argon2(&self, limits: &Limits) -> Reading {
        let (value, salt) = self.bytes()?;
        let parameter = |name: &str| match self.parameters.get(name).map(Vec::as_slice) {
            Some([only]) => Ok(only.as_str()),
            _ => Err(Refusal::unreadable(format!("argon2's {name} is missing"))),
        };
        let number = |name: &str| {
            let number = encoding::decimal(parameter(name)?.as_bytes());
            number.ok_or_else(|| Refusal::unreadable(format!("argon2's {name} is no number")))
        };
        let algorithm = match parameter("type")? {
            "id" => Algorithm::Id,
            "i" => Algorithm::I,
            "d" => Algorithm::D,
            _ => return Err(Refusal::unreadable("argon2's type must be id, i or d")),
        };
        let version = match parameter("version")? {
            "1.3" => Version::V0x13,
            "1.0" => Version::V0x10,
            _ => return Err(Refusal::unreadable("argon2's version must be 1.3 or 1.0")),
        };
        if number("hashLength")? as usize != value.len() {
            return Err(Refusal::unreadable("the digest is not as long as hashLength says"));
        }
        let numbers = [number("memory")?, self.rounds()?, number("parallelism")?];
        Ok(Box::new(Argon2Value::checked(algorithm, version, numbers, salt, value, limits)?))
    }
}

fn once<T>(slot: &mut Option<T>, value: Option<T>) -> Result<(), Refusal> {
    match (slot.is_some(), value) {
        (_, None) => Ok(()),
        (true, Some(_)) => Err(wrong()),
        (false, value) => {
            *slot = value;
            Ok(())
        }
    }
}
