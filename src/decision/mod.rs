//! From a typed name and password to a decision: look up, verify, record; within the deadline.
//!
//! A decision is a type, never a `bool`: "the stored hash could not be read" must not look like "the password was
//! wrong" to an operator, though Okta hears UNVERIFIED for both.

mod decider;
mod decoy;
mod metrics;
mod outcome;
mod pool;
mod recent;
mod throttle;

pub use decider::{Attempt, Decided, Decider, SourceHealth, SourceUse, Stages, Store};
pub use metrics::{LabelReference, MetricReference, Metrics};
pub use outcome::{Cause, Decision, Reason};
pub use pool::{PoolSettings, PoolUse, VerifyPool};
pub use recent::{Episode, Latencies, Problem, Recent, Tally};
pub use throttle::ThrottleSettings;
