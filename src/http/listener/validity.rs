//! From when until when a certificate is good: the one thing of X.509 (RFC 5280, section 4.1) that is read here, and
//! only to warn of it. Nothing is trusted for it.

use std::time::SystemTime;

use time::{Date, Month, OffsetDateTime, PrimitiveDateTime, Time};

const SEQUENCE: u8 = 0x30;
const VERSION: u8 = 0xa0;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;

/// From when until when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Validity {
    /// The first moment.
    pub from: OffsetDateTime,
    /// The last one.
    pub until: OffsetDateTime,
}

impl Validity {
    /// Whether it is good at this time.
    pub fn holds(&self, now: SystemTime) -> bool {
        let now = OffsetDateTime::from(now);
        self.from <= now && now <= self.until
    }
}

/// Of a certificate in DER; none where it is not one.
pub(super) fn validity(certificate: &[u8]) -> Option<Validity> {
    let (_, certificate, _) = element(certificate).filter(|(tag, ..)| *tag == SEQUENCE)?;
    let (_, mut fields, _) = element(certificate).filter(|(tag, ..)| *tag == SEQUENCE)?;
    let (tag, _, rest) = element(fields)?;
    if tag == VERSION {
        fields = rest;
    }
    // The serial number, the algorithm and the issuer stand before it.
    for _ in 0..3 {
        (_, _, fields) = element(fields)?;
    }
    let (_, validity, _) = element(fields).filter(|(tag, ..)| *tag == SEQUENCE)?;
    let (tag, from, rest) = element(validity)?;
    let from = moment(tag, from)?;
    let (tag, until, _) = element(rest)?;
    Some(Validity { from, until: moment(tag, until)? })
}

/// The first element: its tag, its content, and what follows.
fn element(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = der.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = if first < 0x80 {
        (usize::from(first), rest)
    } else {
        let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
        if digits.is_empty() || digits.len() > 3 {
            return None;
        }
        (digits.iter().fold(0, |length, digit| (length << 8) | usize::from(*digit)), rest)
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((tag, content, rest))
}

/// `YYMMDDHHMMSSZ` or `YYYYMMDDHHMMSSZ`.
fn moment(tag: u8, text: &[u8]) -> Option<OffsetDateTime> {
    let digits = text.strip_suffix(b"Z").filter(|digits| digits.iter().all(u8::is_ascii_digit))?;
    let (year, rest) = match tag {
        UTC_TIME => {
            let (year, rest) = digits.split_at_checked(2)?;
            let year = number(year);
            (if year < 50 { 2000 + year } else { 1900 + year }, rest)
        }
        GENERALIZED_TIME => {
            let (year, rest) = digits.split_at_checked(4)?;
            (number(year), rest)
        }
        _ => return None,
    };
    let pairs: Vec<u8> = rest.chunks(2).filter_map(|pair| u8::try_from(number(pair)).ok()).collect();
    let &[month, day, hour, minute, second] = pairs.as_slice() else { return None };
    let date = Date::from_calendar_date(i32::from(year), Month::try_from(month).ok()?, day).ok()?;
    Some(PrimitiveDateTime::new(date, Time::from_hms(hour, minute, second).ok()?).assume_utc())
}

fn number(digits: &[u8]) -> u16 {
    digits.iter().fold(0, |number, digit| number * 10 + u16::from(digit.wrapping_sub(b'0')))
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    fn made(from: OffsetDateTime, until: OffsetDateTime) -> Vec<u8> {
        let mut wanted = rcgen::CertificateParams::new(["a.example".to_owned()]).expect("a name");
        wanted.not_before = from;
        wanted.not_after = until;
        let key = rcgen::KeyPair::generate().expect("a key");
        wanted.self_signed(&key).expect("a certificate").der().to_vec()
    }

    #[test]
    fn both_forms_of_a_time_are_read() {
        let (from, until) = (datetime!(2024-02-29 23:59:58 UTC), datetime!(2051-01-02 03:04:05 UTC));
        assert_eq!(validity(&made(from, until)), Some(Validity { from, until }));
        let from = datetime!(1999-12-31 00:00:00 UTC);
        let read = validity(&made(from, until)).expect("read");
        assert_eq!(read.from, from);
        assert!(read.holds(datetime!(2050-12-31 0:00 UTC).into()));
        assert!(!read.holds(datetime!(2051-01-03 0:00 UTC).into()));
        assert!(!read.holds(datetime!(1999-12-30 0:00 UTC).into()));
    }

    #[test]
    fn what_is_cut_or_damaged_is_no_certificate() {
        let whole = made(datetime!(2024-01-01 0:00 UTC), datetime!(2025-01-01 0:00 UTC));
        for end in 0..whole.len() {
            assert_eq!(validity(&whole[..end]), None, "{end}");
        }
        for place in 0..whole.len().min(200) {
            for byte in [0x00, 0x7f, 0x80, 0x84, 0xff] {
                let mut damaged = whole.clone();
                damaged[place] = byte;
                let _ = validity(&damaged);
            }
        }
    }
}
