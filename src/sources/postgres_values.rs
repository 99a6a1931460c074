//! PostgreSQL's binary formats, read as text. Each function gives `None` for bytes that are not such a value. Times are
//! put at the end of a text, since a walk reads millions of them.
//! The formats are those that the server's own `*send` functions write (`src/backend/utils/adt`).

use std::fmt::Write as _;
use std::net::{Ipv4Addr, Ipv6Addr};

/// Days from 0000-03-01 to 2000-01-01, from which PostgreSQL counts. With years that begin in March, the leap day is
/// a year's last.
const EPOCH: i64 = 730_425;

/// Days of 400 years, after which the calendar repeats.
const DAYS_OF_ERA: i64 = 146_097;

const MICROS_OF_DAY: i64 = 86_400_000_000;

/// Takes the next two bytes as a number.
fn take_i16(bytes: &mut &[u8]) -> Option<i16> {
    let (number, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(i16::from_be_bytes(*number))
}

/// Takes the next four bytes as a number.
fn take_i32(bytes: &mut &[u8]) -> Option<i32> {
    let (number, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(i32::from_be_bytes(*number))
}

/// `numeric`: base-10000 digits, of which the first has the weight 10000^weight.
pub(super) fn numeric(mut bytes: &[u8]) -> Option<String> {
    let count = take_i16(&mut bytes)?;
    let weight = i32::from(take_i16(&mut bytes)?);
    let sign = take_i16(&mut bytes)?.cast_unsigned();
    let scale = usize::try_from(take_i16(&mut bytes)?).ok()?;
    let mut digits = Vec::new();
    for _ in 0..count {
        digits.push(take_i16(&mut bytes)?);
    }
    let digit =
        |position: i32| usize::try_from(position).ok().and_then(|at| digits.get(at)).copied().unwrap_or(0);
    let mut text = match sign {
        0x0000 => String::new(),
        0x4000 => "-".to_owned(),
        0xC000 => return Some("NaN".to_owned()),
        0xD000 => return Some("Infinity".to_owned()),
        0xF000 => return Some("-Infinity".to_owned()),
        _ => return None,
    };
    if weight < 0 {
        text.push('0');
    }
    for position in 0..=weight {
        // Writing to a String cannot fail.
        let _ = if position == 0 {
            write!(text, "{}", digit(position))
        } else {
            write!(text, "{:04}", digit(position))
        };
    }
    if scale > 0 {
        let mut fraction = String::new();
        let mut position = weight + 1;
        while fraction.len() < scale {
            let _ = write!(fraction, "{:04}", digit(position));
            position += 1;
        }
        fraction.truncate(scale);
        text.push('.');
        text.push_str(&fraction);
    }
    Some(text)
}

/// `date`: days since 2000-01-01.
pub(super) fn date(text: &mut String, bytes: &[u8]) -> Option<()> {
    match i32::from_be_bytes(bytes.try_into().ok()?) {
        i32::MAX => text.push_str("infinity"),
        i32::MIN => text.push_str("-infinity"),
        days => push_day(text, days.into())?,
    }
    Some(())
}

/// Every day that PostgreSQL knows, from 4714 BC to the year 5874897. Years as ISO 8601 counts them: 1 BC is 0000.
fn push_day(text: &mut String, days: i64) -> Option<()> {
    let days = days.checked_add(EPOCH)?;
    let (era, day) = (days.div_euclid(DAYS_OF_ERA), days.rem_euclid(DAYS_OF_ERA));
    // Without the leap days before: each 4 years have one, but for each 100, but for each 400.
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    // From March on, five months have 153 days, over and over.
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (year, month) = if month < 10 { (year, month + 3) } else { (year + 1, month - 9) };
    let year = era * 400 + year;
    if year < 0 {
        text.push('-');
    }
    if year.abs() >= 10_000 {
        text.push_str(&(year.abs() / 10_000).to_string());
    }
    push_two(text, year.abs() / 100 % 100);
    push_two(text, year.abs() % 100);
    text.push('-');
    push_two(text, month);
    text.push('-');
    push_two(text, day);
    Some(())
}

/// Two digits, without the machinery of formatting: a walk writes millions of dates.
fn push_two(text: &mut String, number: i64) {
    for digit in [number / 10, number % 10] {
        text.push(char::from(b'0' + u8::try_from(digit % 10).unwrap_or(0)));
    }
}

/// `timestamp`, `timestamptz`: microseconds since 2000-01-01, as RFC 3339 writes them; `zone` is put at the end.
pub(super) fn timestamp(text: &mut String, bytes: &[u8], zone: &str) -> Option<()> {
    match i64::from_be_bytes(bytes.try_into().ok()?) {
        i64::MAX => text.push_str("infinity"),
        i64::MIN => text.push_str("-infinity"),
        micros => {
            push_day(text, micros.div_euclid(MICROS_OF_DAY))?;
            text.push('T');
            push_time(text, micros.rem_euclid(MICROS_OF_DAY));
            text.push_str(zone);
        }
    }
    Some(())
}

/// `time`: microseconds since midnight; the fraction is written only where there is one.
pub(super) fn time_of_day(text: &mut String, micros: i64) -> Option<()> {
    if !(0..=MICROS_OF_DAY).contains(&micros) {
        return None;
    }
    push_time(text, micros);
    Some(())
}

fn push_time(text: &mut String, micros: i64) {
    let (seconds, fraction) = (micros / 1_000_000, micros % 1_000_000);
    push_two(text, seconds / 3600);
    text.push(':');
    push_two(text, seconds / 60 % 60);
    text.push(':');
    push_two(text, seconds % 60);
    if fraction != 0 {
        text.push('.');
        push_two(text, fraction / 10_000);
        push_two(text, fraction / 100 % 100);
        push_two(text, fraction % 100);
    }
}

/// An array of texts in one dimension; NULLs in it are left out.
pub(super) fn text_list(mut bytes: &[u8]) -> Option<Vec<String>> {
    let dimensions = take_i32(&mut bytes)?;
    let _has_nulls = take_i32(&mut bytes)?;
    let _type_of_items = take_i32(&mut bytes)?;
    if dimensions == 0 {
        return Some(Vec::new());
    }
    if dimensions != 1 {
        return None;
    }
    let count = take_i32(&mut bytes)?;
    let _lower_bound = take_i32(&mut bytes)?;
    let mut items = Vec::new();
    for _ in 0..count {
        let Ok(length) = usize::try_from(take_i32(&mut bytes)?) else { continue };
        let (item, rest) = bytes.split_at_checked(length)?;
        bytes = rest;
        items.push(std::str::from_utf8(item).ok()?.trim_end().to_owned());
    }
    Some(items)
}

/// `bit(n)` up to 63 bits, as a number.
pub(super) fn bits(mut bytes: &[u8]) -> Option<i64> {
    let length = usize::try_from(take_i32(&mut bytes)?).ok().filter(|length| *length < 64)?;
    let mut number = 0_i64;
    for place in 0..length {
        let bit = bytes.get(place / 8)? >> (7 - place % 8) & 1;
        number = number << 1 | i64::from(bit);
    }
    Some(number)
}

/// `inet`, `cidr`: family, bits, whether it is a `cidr`, length, address. Bits are told unless all are set.
pub(super) fn address(bytes: &[u8]) -> Option<String> {
    let ([_family, bits, is_cidr, _length], rest) = bytes.split_first_chunk()?;
    let (address, all) = if let Ok(four) = <[u8; 4]>::try_from(rest) {
        (Ipv4Addr::from(four).to_string(), 32)
    } else {
        (Ipv6Addr::from(<[u8; 16]>::try_from(rest).ok()?).to_string(), 128)
    };
    Some(if *bits == all && *is_cidr == 0 { address } else { format!("{address}/{bits}") })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The calendar as a library counts it.
    #[test]
    fn days_are_those_of_the_calendar() {
        let epoch = time::macros::date!(2000 - 01 - 01);
        for days in (-1_000_000..1_000_000).step_by(13).chain(-800..800) {
            let Some(date) = epoch.checked_add(time::Duration::days(days)) else { continue };
            let sign = if date.year() < 0 { "-" } else { "" };
            let (year, month) = (date.year().abs(), u8::from(date.month()));
            let mut text = String::new();
            assert_eq!(push_day(&mut text, days), Some(()));
            assert_eq!(text, format!("{sign}{year:04}-{month:02}-{:02}", date.day()));
        }
    }
}
