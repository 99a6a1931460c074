//! Classes of cost, and their shares: a flood of expensive verifications must leave the cheap ones their part.
//!
//! A class is a power of two of the estimated time alone. Those that had calls within a deadline's length are active,
//! and share what can wait equally, whatever each of them asks for.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// Work that waits, by class.
#[derive(Debug, Default)]
pub(super) struct Classes {
    known: BTreeMap<u32, Class>,
    /// The longest time that a call had until its deadline: what "lately" means.
    patience: Duration,
}

#[derive(Debug)]
struct Class {
    seen: Instant,
    work: Duration,
    /// When one of it was last refused because of others, and how long it would have run.
    refused: Option<(Instant, Duration)>,
    /// Seconds that workers spent on it lately.
    served: f64,
}

/// The class of this time alone.
pub(super) fn class_of(alone: Duration) -> u32 {
    u64::try_from(alone.as_micros()).unwrap_or(u64::MAX).max(1).ilog2()
}

impl Classes {
    /// Notes that a call of this class came, whatever becomes of it.
    pub(super) fn note(&mut self, class: u32, patience: Duration, now: Instant) {
        self.patience = self.patience.max(patience);
        let class = self.known.entry(class).or_insert(Class {
            seen: now,
            work: Duration::ZERO,
            refused: None,
            served: 0.0,
        });
        class.seen = class.seen.max(now);
    }

    /// How many had calls lately.
    pub(super) fn active(&self, now: Instant) -> u32 {
        let active = self.known.values().filter(|class| self.lately(class, now)).count();
        u32::try_from(active).unwrap_or(u32::MAX).max(1)
    }

    /// Whether there were calls of a cheaper class lately.
    pub(super) fn cheaper_active(&self, than: u32, now: Instant) -> bool {
        self.known.range(..than).any(|(_, class)| self.lately(class, now))
    }

    /// The longest time that a call had until its deadline.
    pub(super) fn patience(&self) -> Duration {
        self.patience
    }

    /// Notes that one of a class, which would have run for so long, was refused because others go before it.
    pub(super) fn note_refused(&mut self, class: u32, run: Duration, now: Instant) {
        if let Some(class) = self.known.get_mut(&class) {
            class.refused = Some((now, run));
        }
    }

    /// The longest run of another class that was lately refused because of others, and had less than its share of the
    /// workers' time: what waits should leave it room.
    pub(super) fn room_for_others(&self, than: u32, now: Instant) -> Duration {
        let share = self.known.values().map(|class| class.served).sum::<f64>() / f64::from(self.active(now));
        let others = self.known.iter().filter(|(class, _)| **class != than).map(|(_, class)| class);
        let refused = others.filter(|class| class.served < share).filter_map(|class| class.refused);
        let lately = refused.filter(|(at, _)| now.saturating_duration_since(*at) < self.patience);
        lately.map(|(_, run)| run).max().unwrap_or_default()
    }

    /// Notes that one of so many workers spent this time on a class.
    pub(super) fn serve(&mut self, class: u32, took: Duration, workers: usize) {
        if let Some(class) = self.known.get_mut(&class) {
            class.served += took.as_secs_f64();
        }
        let workers = f64::from(u32::try_from(workers).unwrap_or(u32::MAX));
        let remembered = 2.0 * self.patience.as_secs_f64() * workers;
        if self.known.values().map(|class| class.served).sum::<f64>() > remembered {
            self.known.values_mut().for_each(|class| class.served /= 2.0);
        }
    }

    /// What waits of this class.
    pub(super) fn work(&self, class: u32) -> Duration {
        self.known.get(&class).map_or(Duration::ZERO, |class| class.work)
    }

    /// Puts one queue's work in place of what it was.
    pub(super) fn change(&mut self, class: u32, before: Duration, after: Duration) {
        if let Some(class) = self.known.get_mut(&class) {
            class.work = class.work.saturating_sub(before).saturating_add(after);
        }
    }

    fn lately(&self, class: &Class, now: Instant) -> bool {
        now.saturating_duration_since(class.seen) < self.patience
    }
}
