//! How many connections there may be, in all and from one address, and who makes room. Pure but for its lock.
//!
//! Where there is no room, the oldest connection of a stranger is closed for the new one: half-sent heads, however
//! many, push out nobody who is being answered.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::line::Line;

/// Who is in.
#[derive(Debug)]
pub(super) struct Gate {
    most: usize,
    most_of_one: usize,
    members: Mutex<Members>,
}

#[derive(Debug, Default)]
struct Members {
    next: u64,
    /// In the order in which they came.
    open: BTreeMap<u64, Member>,
    by_address: BTreeMap<IpAddr, usize>,
}

#[derive(Debug)]
struct Member {
    address: IpAddr,
    line: Arc<Line>,
}

/// A place among the connections, given back when dropped.
#[derive(Debug)]
pub(super) struct Place {
    gate: Arc<Gate>,
    number: u64,
}

/// What came of asking for a place.
#[derive(Debug)]
pub(super) enum Admission {
    /// There was room.
    Admitted(Place),
    /// A stranger's connection was closed for it; why it had to be.
    InPlaceOfAnother(Place, &'static str),
    /// There is none; why.
    Refused(&'static str),
}

/// Why there is no room.
const IN_ALL: &str = "in all";
const OF_ONE: &str = "of one address";

impl Gate {
    pub(super) fn new(most: usize, most_of_one: usize) -> Self {
        Self { most, most_of_one, members: Mutex::default() }
    }

    /// A place for a new connection of this address.
    pub(super) fn admit(self: &Arc<Self>, address: IpAddr, line: &Arc<Line>) -> Admission {
        let address = network(address);
        let mut members = self.members();
        let of_one = members.by_address.get(&address).copied().unwrap_or_default();
        let full = if of_one >= self.most_of_one {
            Some((OF_ONE, Some(address)))
        } else if members.open.len() >= self.most {
            Some((IN_ALL, None))
        } else {
            None
        };
        if let Some((_, among)) = full
            && !members.close_a_strangers(among)
        {
            return Admission::Refused(full.map_or(IN_ALL, |(why, _)| why));
        }
        let number = members.next;
        members.next += 1;
        members.open.insert(number, Member { address, line: Arc::clone(line) });
        *members.by_address.entry(address).or_default() += 1;
        let place = Place { gate: Arc::clone(self), number };
        match full {
            None => Admission::Admitted(place),
            Some((why, _)) => Admission::InPlaceOfAnother(place, why),
        }
    }

    /// Connections that have a place.
    pub(super) fn open(&self) -> usize {
        self.members().open.len()
    }

    fn members(&self) -> MutexGuard<'_, Members> {
        self.members.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Members {
    /// Closes the oldest connection of a stranger, of one address if only there is no room; false where there is none.
    fn close_a_strangers(&mut self, among: Option<IpAddr>) -> bool {
        let mut candidates = self.open.iter();
        let oldest = candidates.find(|(_, member)| {
            among.is_none_or(|address| address == member.address) && member.line.is_a_strangers()
        });
        let Some((&number, _)) = oldest else { return false };
        if let Some(member) = self.remove(number) {
            member.line.make_room();
        }
        true
    }

    fn remove(&mut self, number: u64) -> Option<Member> {
        let member = self.open.remove(&number)?;
        if let Some(count) = self.by_address.get_mut(&member.address) {
            *count -= 1;
            if *count == 0 {
                self.by_address.remove(&member.address);
            }
        }
        Some(member)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // One that had to make room has lost its place already.
        self.gate.members().remove(self.number);
    }
}

/// What counts as one address: of IPv6 the network, for every customer of a provider has that many.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => IpAddr::V6((u128::from(address) & !u128::from(u64::MAX)).into()),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::Instant;

    use super::super::line::Patience;
    use super::*;

    fn line() -> Arc<Line> {
        let patience = Patience { head: Duration::from_secs(5), idle: Duration::from_secs(75) };
        Arc::new(Line::new(patience, Instant::now()))
    }

    fn busy() -> Arc<Line> {
        let line = line();
        line.call_began(false);
        line
    }

    fn place(admission: Admission) -> Place {
        match admission {
            Admission::Admitted(place) => place,
            other => panic!("not simply admitted: {other:?}"),
        }
    }

    fn address(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn a_place_comes_back_when_its_connection_ends() {
        let gate = Arc::new(Gate::new(1, 1));
        let first = place(gate.admit(address("10.0.0.1"), &busy()));
        assert!(matches!(gate.admit(address("10.0.0.2"), &line()), Admission::Refused("in all")));
        drop(first);
        assert_eq!(gate.open(), 0);
        let _second = place(gate.admit(address("10.0.0.1"), &line()));
        assert_eq!(gate.open(), 1);
    }

    #[test]
    fn the_oldest_stranger_makes_room_and_nobody_else() {
        let gate = Arc::new(Gate::new(3, 3));
        let known = busy();
        let (old, young) = (line(), line());
        let _known = place(gate.admit(address("10.0.0.1"), &known));
        let old_place = place(gate.admit(address("10.0.0.2"), &old));
        let _young = place(gate.admit(address("10.0.0.3"), &young));
        let newcomer = busy();
        let admission = gate.admit(address("10.0.0.4"), &newcomer);
        assert!(matches!(admission, Admission::InPlaceOfAnother(_, "in all")), "{admission:?}");
        assert!(futures_util::FutureExt::now_or_never(old.must_make_room()).is_some());
        assert!(futures_util::FutureExt::now_or_never(young.must_make_room()).is_none());
        drop(old_place);
        assert_eq!(gate.open(), 3, "its place was given away already");
    }

    #[test]
    fn one_address_cannot_take_all_places() {
        let gate = Arc::new(Gate::new(10, 2));
        let _one = place(gate.admit(address("10.0.0.1"), &busy()));
        let _two = place(gate.admit(address("::ffff:10.0.0.1"), &busy()));
        assert!(matches!(gate.admit(address("10.0.0.1"), &line()), Admission::Refused("of one address")));
        let _other = place(gate.admit(address("10.0.0.2"), &line()));
        let _three = place(gate.admit(address("2001:db8::1"), &busy()));
        let _four = place(gate.admit(address("2001:db8::2"), &busy()));
        assert!(matches!(gate.admit(address("2001:db8::3"), &line()), Admission::Refused("of one address")));
        let _elsewhere = place(gate.admit(address("2001:db8:0:1::1"), &line()));
    }
}
