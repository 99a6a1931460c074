//! Everything that is tested from outside: one binary, so that it links once.

mod hook;
mod layers;
mod ledger;
mod mock_okta;
mod service;
mod sources;
