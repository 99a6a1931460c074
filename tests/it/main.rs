//! Everything that is tested from outside: one binary, so that it links once.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that finds things otherwise than it must fails by panicking"
)]

mod canary;
mod configuration;
mod demo;
mod deploy;
mod documents;
mod export;
mod hashcat_modes;
mod hook;
mod layers;
mod ledger;
mod mock_okta;
mod outage;
mod reference_sample;
mod scheme_texts;
mod servers;
mod service;
mod shop;
mod sources;
mod survey;
mod vectors;
mod verify_cli;
