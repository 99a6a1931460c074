//! Everything that is tested from outside: one binary, so that it links once.

mod demo;
mod export;
mod hook;
mod layers;
mod ledger;
mod mock_okta;
mod servers;
mod service;
mod sources;
mod survey;
