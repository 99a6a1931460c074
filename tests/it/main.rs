//! Everything that is tested from outside: one binary, so that it links once.

mod configuration;
mod demo;
mod deploy;
mod documents;
mod export;
mod hook;
mod layers;
mod ledger;
mod mock_okta;
mod outage;
mod reference_sample;
mod servers;
mod service;
mod shop;
mod sources;
mod survey;
mod vectors;
