//! What the fuzz targets and `tests/it/fuzz_corpus.rs` do with an input. Each panics where a promise is broken.

#![allow(dead_code, missing_docs, reason = "the rooms are compiled here by themselves")]

#[path = "../../src/http/jwt/mod.rs"]
pub mod jwt;
#[path = "../../src/schemes/mod.rs"]
pub mod schemes;
#[path = "../../src/secret.rs"]
pub mod secret;

mod promises;

/// See [`promises::identify`].
pub fn identify(data: &[u8]) {
    promises::identify(data);
}

/// See [`promises::expression`].
pub fn expression(data: &[u8]) {
    promises::expression(data);
}

/// See [`promises::layout`].
pub fn layout(data: &[u8]) {
    promises::layout(data);
}

/// See [`promises::token`].
pub fn token(data: &[u8]) {
    promises::token(data);
}
