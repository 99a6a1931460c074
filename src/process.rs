//! What the operating system may do with this process's memory: no core dumps, no debugger of the same user, no
//! swapping where that is allowed. Passwords pass through it.

use rustix::mm::{MlockAllFlags, mlockall};
use rustix::process::{DumpableBehavior, Resource, Rlimit, getrlimit, set_dumpable_behavior, setrlimit};
use rustix::thread::{CapabilitySet, capabilities};

/// Whether memory stays out of the swap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Swap {
    /// All of it does, now and later.
    Locked,
    /// The system does not let this process lock all that it may come to use. Locking a part would let it run into the
    /// limit later, where asking for memory fails.
    NotAllowed,
    /// Locking failed although it was allowed.
    Failed,
}

impl Swap {
    /// For a log line.
    pub fn words(self) -> &'static str {
        match self {
            Self::Locked => "memory is locked",
            Self::NotAllowed => {
                "memory may be swapped: allow locking (LimitMEMLOCK=infinity, CAP_IPC_LOCK) or have no swap"
            }
            Self::Failed => "memory may be swapped: locking it failed",
        }
    }
}

/// Forbids core dumps, and with them reading of the memory by other processes of the same user. What the system does
/// not allow is left as it is.
pub fn forbid_dumps() {
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
    let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
}

/// Keeps all memory out of the swap where the process may lock without a limit. Pages count when they are first used,
/// so that threads' stacks cost no more than they need.
pub fn lock_memory() -> Swap {
    let unlimited = getrlimit(Resource::Memlock).current.is_none();
    let may = || capabilities(None).is_ok_and(|sets| sets.effective.contains(CapabilitySet::IPC_LOCK));
    if !unlimited && !may() {
        return Swap::NotAllowed;
    }
    let flags = MlockAllFlags::CURRENT | MlockAllFlags::FUTURE | MlockAllFlags::ONFAULT;
    if mlockall(flags).is_ok() { Swap::Locked } else { Swap::Failed }
}
