//! Everything that is tested from outside: one binary, so that it links once.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that finds things otherwise than it must fails by panicking"
)]

// For the promises that the fuzzers share.
use keyferry::schemes;

mod bench;
mod canary;
mod cleanup;
mod configuration;
mod contract;
mod demo;
mod deploy;
mod documents;
mod emulate;
mod events;
mod export;
mod fuzz_corpus;
mod guess;
mod hashcat_modes;
mod hook;
mod hook_command;
mod import;
mod init;
mod layers;
mod ledger;
mod mapping;
mod merge;
mod mock_okta;
mod node;
mod okta_client;
mod operations;
mod outage;
mod reconcile;
mod reference_sample;
mod relay;
mod rollback;
mod scheme_texts;
mod seeded;
mod servers;
mod service;
mod shop;
mod sources;
mod stragglers;
mod survey;
mod vectors;
mod verify_cli;
