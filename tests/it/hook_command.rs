//! `keyferry hook`: the real binary against the imitation org, which calls a real `keyferry serve`. No secret is in any
//! output of any of these runs.

mod events;
mod register;
mod rotate;
mod show;
mod stage;
