//! Everything that is tested from outside: one binary, so that it links once.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that finds things otherwise than it must fails by panicking"
)]

// For the promises that the fuzzers share.
use keyferry::http::jwt;
use keyferry::schemes;

mod bench;
mod canary;
mod check_warnings;
mod cleanup;
mod configuration;
mod contract;
mod dashboard;
mod demo;
mod deploy;
mod documents;
mod door_fuzz;
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
mod issuer;
mod layers;
mod ledger;
mod listener;
mod mapping;
mod memory;
mod merge;
mod mock_okta;
mod node;
mod oauth;
mod okta_client;
mod operations;
mod outage;
mod raw;
mod reconcile;
mod reference_sample;
mod relay;
mod replay;
mod rollback;
mod rotation;
mod scheme_texts;
mod seeded;
mod servers;
mod service;
mod shop;
mod sources;
mod stragglers;
mod survey;
mod throttle;
mod tls;
mod traces;
mod vectors;
mod verify_cli;
