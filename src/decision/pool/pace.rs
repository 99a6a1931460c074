//! How long verifications take here: their estimates, corrected by what the last ones took, alone and together.
//!
//! An estimate is of one verification alone on a usual core. A pace is the measured time over that estimate, for each
//! kernel and for each number that ran together: several bcrypts at once take somewhat longer than one, sixteen vector
//! lanes as long as two.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

/// Work that is remembered: after as many seconds, what was before counts half.
const MEMORY: f64 = 1.0;
/// A measurement counts as no more than this times what was expected: a run that was held up once says little of the
/// next, and a machine that has become slower is believed at the second.
const MOST: f64 = 2.0;
/// More together must bring at least this: a run that is longer is a loss by itself.
const GAIN: f64 = 0.99;
/// Names that have a pace of their own. A `scheme` column could name any number of them.
const NAMES: usize = 128;

/// What has a pace of its own: a kernel, or the scheme where there is none.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Name {
    /// A kernel's name.
    Kernel(&'static str),
    /// A scheme's name.
    Scheme(Arc<str>),
}

/// Where a pace stands in [`Paces`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PaceId(usize);

/// The paces of all kernels and schemes that were met.
#[derive(Debug, Default)]
pub(super) struct Paces {
    all: Vec<Pace>,
    /// By name and by how many can run together: of one kernel, values that take several lanes each are fewer.
    by_name: HashMap<(Name, usize), PaceId>,
}

#[derive(Debug)]
struct Pace {
    name: Name,
    /// For one, for two together, and so on.
    ratios: Vec<Ratio>,
}

/// Estimated and measured seconds of the last runs. Summed, so that each counts by its size and a small one that was
/// held up does not make the large ones look slow.
#[derive(Clone, Copy, Debug, Default)]
struct Ratio {
    estimated: f64,
    measured: f64,
}

impl Ratio {
    fn known(self) -> Option<f64> {
        (self.estimated > 0.0).then(|| self.measured / self.estimated)
    }
}

impl Paces {
    /// The pace of this name, of which `width` can run together.
    pub(super) fn id(&mut self, name: &Name, width: usize) -> PaceId {
        let width = width.max(1);
        if let Some(id) = self.by_name.get(&(name.clone(), width)) {
            return *id;
        }
        let name = if self.all.len() < NAMES { name.clone() } else { Name::Kernel("other") };
        if let Some(id) = self.by_name.get(&(name.clone(), width)) {
            return *id;
        }
        let id = PaceId(self.all.len());
        let mut ratios = vec![Ratio::default(); width];
        // One alone is the same whatever the width.
        let same = self.by_name.iter().find(|((known, _), _)| *known == name);
        let alone = same.and_then(|(_, id)| self.all.get(id.0)?.ratios.first());
        if let (Some(first), Some(alone)) = (ratios.first_mut(), alone) {
            *first = *alone;
        }
        self.all.push(Pace { name: name.clone(), ratios });
        self.by_name.insert((name, width), id);
        id
    }

    /// Whose pace it is.
    pub(super) fn name(&self, id: PaceId) -> Name {
        self.all.get(id.0).map_or(Name::Kernel("other"), |pace| pace.name.clone())
    }

    /// Most of this pace that run together.
    pub(super) fn width(&self, id: PaceId) -> usize {
        self.all.get(id.0).map_or(1, |pace| pace.ratios.len())
    }

    /// How long so many together will take, each estimated at `alone`.
    pub(super) fn expect(&self, id: PaceId, together: usize, alone: Duration) -> Duration {
        seconds(self.ratio(id, together) * alone.as_secs_f64())
    }

    /// How many of `most` to run together to get through the most in the time, of those numbers whose time is allowed.
    /// 1 where none is.
    pub(super) fn best(
        &self,
        id: PaceId,
        most: usize,
        alone: Duration,
        allowed: impl Fn(Duration) -> bool,
    ) -> usize {
        let most = most.min(self.width(id));
        let (mut best, mut fastest) = (1, self.ratio(id, 1));
        for together in 2..=most {
            let each = self.ratio(id, together) / count(together);
            if each < fastest * GAIN && allowed(self.expect(id, together, alone)) {
                (best, fastest) = (together, each);
            }
        }
        best
    }

    /// How long one thread needs for so many that wait, when up to `full` run together.
    pub(super) fn work(&self, id: PaceId, waiting: usize, full: usize, alone: Duration) -> Duration {
        let full = full.max(1);
        let rest = waiting % full;
        let batches = count(waiting / full) * self.ratio(id, full);
        let rest = match rest {
            0 => 0.0,
            rest => self.ratio(id, rest).min(count(rest) * self.ratio(id, 1)),
        };
        seconds((batches + rest) * alone.as_secs_f64())
    }

    /// Learns from so many that ran together.
    pub(super) fn learn(&mut self, id: PaceId, together: usize, alone: Duration, took: Duration) {
        let (alone, mut took) = (alone.as_secs_f64(), took.as_secs_f64());
        let ratio = together.checked_sub(1).and_then(|at| self.all.get_mut(id.0)?.ratios.get_mut(at));
        let Some(ratio) = ratio.filter(|_| alone > 0.0) else { return };
        if let Some(known) = ratio.known() {
            took = took.min(known * alone * MOST);
        }
        ratio.estimated += alone;
        ratio.measured += took;
        if ratio.measured > MEMORY {
            ratio.measured /= 2.0;
            ratio.estimated /= 2.0;
        }
    }

    /// Takes a measurement in place of none.
    pub(super) fn begin(&mut self, id: PaceId, together: usize, alone: Duration, took: Duration) {
        let at = together.saturating_sub(1);
        if self
            .all
            .get(id.0)
            .and_then(|pace| pace.ratios.get(at))
            .is_some_and(|ratio| ratio.known().is_none())
        {
            self.learn(id, together, alone, took);
        }
    }

    /// Whether so many together were ever measured.
    #[cfg(test)]
    pub(super) fn is_measured(&self, id: PaceId, together: usize) -> bool {
        self.all[id.0].ratios[together - 1].known().is_some()
    }

    /// Time over estimate for so many together. What was never measured takes no longer than the next larger number
    /// that was; beyond those, two together are believed to be twice as fast until one run has told.
    fn ratio(&self, id: PaceId, together: usize) -> f64 {
        let Some(pace) = self.all.get(id.0) else { return count(together) };
        let at = together.clamp(1, pace.ratios.len()) - 1;
        let (below, from) = pace.ratios.split_at(at);
        if let Some(known) = from.iter().find_map(|ratio| ratio.known()) {
            return known;
        }
        let below = below.iter().enumerate().rev().find_map(|(at, ratio)| Some((at + 1, ratio.known()?)));
        match below {
            Some((fewer, known)) if fewer > 1 => known * count(together) / count(fewer),
            below => below.map_or(1.0, |(_, alone)| alone) * (count(together) / 2.0).max(1.0),
        }
    }
}

fn count(number: usize) -> f64 {
    f64::from(u32::try_from(number).unwrap_or(u32::MAX))
}

fn seconds(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HUNDRED: Duration = Duration::from_millis(100);

    fn paces(width: usize) -> (Paces, PaceId) {
        let mut paces = Paces::default();
        let id = paces.id(&Name::Kernel("test"), width);
        (paces, id)
    }

    /// Whether so many together, of 100 ms each alone, are expected to take about so many milliseconds.
    fn expects(paces: &Paces, id: PaceId, together: usize, millis: f64) -> bool {
        let expected = paces.expect(id, together, HUNDRED).as_secs_f64() * 1000.0;
        (expected / millis - 1.0).abs() < 0.1
    }

    #[test]
    fn estimates_are_believed_until_something_was_measured() {
        let (mut paces, id) = paces(1);
        assert!(expects(&paces, id, 1, 100.0));
        paces.learn(id, 1, HUNDRED, 3 * HUNDRED);
        assert!(expects(&paces, id, 1, 300.0));
    }

    #[test]
    fn a_machine_that_becomes_slower_or_faster_is_noticed() {
        let (mut paces, id) = paces(1);
        for times in [4, 1] {
            (0..100).for_each(|_| paces.learn(id, 1, HUNDRED, times * HUNDRED));
            assert!(expects(&paces, id, 1, 100.0 * f64::from(times)), "{paces:?}");
        }
    }

    #[test]
    fn one_run_that_was_held_up_changes_little() {
        let (mut paces, id) = paces(1);
        (0..10).for_each(|_| paces.learn(id, 1, HUNDRED, HUNDRED));
        // A small one among large ones, then a large one.
        paces.learn(id, 1, Duration::from_micros(60), Duration::from_millis(10));
        assert!(expects(&paces, id, 1, 100.0), "{paces:?}");
        paces.learn(id, 1, HUNDRED, 50 * HUNDRED);
        assert!(paces.expect(id, 1, HUNDRED) < 2 * HUNDRED, "{paces:?}");
    }

    /// A kernel of sixteen lanes that takes six times as long for any number of them.
    #[test]
    fn lanes_are_used_where_enough_wait_to_gain_by_them() {
        let (mut paces, id) = paces(16);
        paces.begin(id, 1, HUNDRED, HUNDRED);
        paces.begin(id, 16, HUNDRED, 6 * HUNDRED);
        let any = |_| true;
        assert_eq!(
            [1, 2, 5, 6, 8, 16, 40].map(|most| paces.best(id, most, HUNDRED, any)),
            [1, 1, 1, 1, 8, 16, 16]
        );
        let soon = |time| time <= 5 * HUNDRED;
        assert_eq!(paces.best(id, 16, HUNDRED, soon), 1, "what takes too long is not begun");
        // Two full runs and three alone; two full ones and one of ten.
        assert_eq!(paces.work(id, 35, 16, HUNDRED), 15 * HUNDRED);
        assert_eq!(paces.work(id, 42, 16, HUNDRED), 18 * HUNDRED);
    }

    /// bcrypt's, as measured: two take 1.08 times as long as one, three 1.19, four 1.47, five 1.76.
    #[test]
    fn interleaved_ones_are_taken_as_many_as_wait() {
        let (mut paces, id) = paces(5);
        for (together, percent) in [(1, 100), (2, 108), (3, 119), (4, 147), (5, 176)] {
            paces.begin(id, together, HUNDRED, HUNDRED * percent / 100);
        }
        assert_eq!(
            [1, 2, 3, 4, 5, 6].map(|most| paces.best(id, most, HUNDRED, |_| true)),
            [1, 2, 3, 4, 5, 5]
        );
        assert_eq!(paces.best(id, 5, HUNDRED, |time| time < HUNDRED * 120 / 100), 3);
    }

    #[test]
    fn what_was_never_measured_together_is_tried_once() {
        let (mut paces, id) = paces(4);
        paces.learn(id, 1, HUNDRED, HUNDRED);
        let tried = paces.best(id, 4, HUNDRED, |_| true);
        assert!(tried > 1);
        // It turns out to be no gain, whatever the number.
        for together in 2..=4 {
            paces.learn(id, together, HUNDRED, HUNDRED * u32::try_from(together).unwrap());
        }
        assert_eq!(paces.best(id, 4, HUNDRED, |_| true), 1);
    }

    #[test]
    fn names_do_not_fill_the_memory() {
        let mut paces = Paces::default();
        for number in 0..10 * NAMES {
            paces.id(&Name::Scheme(format!("md5($pass.'{number}')").into()), 1);
        }
        assert!(paces.all.len() <= NAMES + 1);
    }
}
