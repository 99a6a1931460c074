//! Everything that is tested from outside: one binary, so that it links once.

mod export;
mod ledger;
mod sources;
mod survey;
