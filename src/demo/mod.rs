//! What the demo needs and nobody has at hand: a sample legacy store, and an imitation Okta org.
//!
//! Nothing here takes part in a real migration. The org shares no code with the rooms that it puts to the test:
//! it reads Okta's objects and verifies passwords by its own means, so that a mistake of ours shows.

pub mod org;
mod people;
pub mod store;

pub use people::PEOPLE;
