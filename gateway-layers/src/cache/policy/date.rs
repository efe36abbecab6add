use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Reads an HTTP date in any of its three forms (RFC 9110 §5.6.7).
///
/// Names are compared without regard to case, as RFC 9111 §4.2 asks of caches; everything else is
/// strict, since a date that cannot be read must mean "expired" and not "some time". Whether the
/// weekday is that of the date is not checked.
pub(super) fn parse(text: &[u8], now: SystemTime) -> Option<SystemTime> {
    let text = std::str::from_utf8(text).ok()?;
    let mut parts = text.split(' ');
    let weekday = parts.next()?;
    let rest: Vec<&str> = parts.collect();
    let (year, month, day, time) = match (weekday.strip_suffix(','), rest.as_slice()) {
        // Sun, 06 Nov 1994 08:49:37 GMT
        (Some(name), [day, month, year, time, zone]) if is_zone(zone) && is_short(name) => {
            (number(year, 4)?, month_of(month)?, number(day, 2)?, *time)
        }
        // Sunday, 06-Nov-94 08:49:37 GMT
        (Some(name), [date, time, zone]) if is_zone(zone) && is_long(name) => {
            let mut date = date.split('-');
            let day = number(date.next()?, 2)?;
            let month = month_of(date.next()?)?;
            let year = number(date.next()?, 2)?;
            let whole = date.next().is_none();
            (whole.then(|| century(year, now))?, month, day, *time)
        }
        // Sun Nov  6 08:49:37 1994
        (None, [month, "", day, time, year]) if is_short(weekday) => {
            (number(year, 4)?, month_of(month)?, number(day, 1)?, *time)
        }
        (None, [month, day, time, year]) if is_short(weekday) => {
            (number(year, 4)?, month_of(month)?, number(day, 2)?, *time)
        }
        _ => return None,
    };
    let seconds = days_since_epoch(year, month, day)? * 86_400 + time_of_day(time)?;
    UNIX_EPOCH.checked_add(Duration::from_secs(seconds))
}

fn number(text: &str, digits: usize) -> Option<u64> {
    let plain = text.len() == digits && text.bytes().all(|b| b.is_ascii_digit());
    if plain { text.parse().ok() } else { None }
}

fn month_of(name: &str) -> Option<u64> {
    let at = MONTHS
        .iter()
        .position(|month| month.eq_ignore_ascii_case(name))?;
    u64::try_from(at + 1).ok()
}

fn is_zone(text: &str) -> bool {
    text.eq_ignore_ascii_case("GMT")
}

fn is_short(name: &str) -> bool {
    DAYS.iter().any(|day| day[..3].eq_ignore_ascii_case(name))
}

fn is_long(name: &str) -> bool {
    DAYS.iter().any(|day| day.eq_ignore_ascii_case(name))
}

fn time_of_day(text: &str) -> Option<u64> {
    let mut parts = text.split(':');
    let hour = number(parts.next()?, 2).filter(|hour| *hour < 24)?;
    let minute = number(parts.next()?, 2).filter(|minute| *minute < 60)?;
    // A leap second is 60.
    let second = number(parts.next()?, 2).filter(|second| *second < 61)?;
    parts
        .next()
        .is_none()
        .then_some(hour * 3600 + minute * 60 + second)
}

/// Two digits are the year nearest to now that is not more than 50 years ahead.
fn century(year: u64, now: SystemTime) -> u64 {
    let since = now.duration_since(UNIX_EPOCH).unwrap_or_default();
    let this_year = 1970 + since.as_secs() / YEAR;
    let candidate = this_year - this_year % 100 + year;
    if candidate > this_year + 50 {
        candidate - 100
    } else {
        candidate
    }
}

/// Days from 1970-01-01 in the Gregorian calendar, counting years from March so that the leap day
/// is the last of its year.
fn days_since_epoch(year: u64, month: u64, day: u64) -> Option<u64> {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let longest = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    if !(1..=longest).contains(&day) || year < 1970 {
        return None;
    }
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let days = 365 * year + year / 4 - year / 100 + year / 400;
    (days + (153 * month + 2) / 5 + day - 1).checked_sub(EPOCH)
}

const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

const DAYS: [&str; 7] = [
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
    "Sunday",
];

/// Days from 0000-03-01 to 1970-01-01.
const EPOCH: u64 = 719_468;

/// Seconds in the mean Gregorian year.
const YEAR: u64 = 31_556_952;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn seconds(text: &str) -> Option<u64> {
        let now = UNIX_EPOCH + Duration::from_secs(1_800_000_000); // 2027
        let time = parse(text.as_bytes(), now)?;
        Some(time.duration_since(UNIX_EPOCH).unwrap().as_secs())
    }

    #[test]
    fn the_three_forms_are_one_time() {
        for text in [
            "Sun, 06 Nov 1994 08:49:37 GMT",
            "SUN, 06 nOV 1994 08:49:37 gmt",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun Nov  6 08:49:37 1994",
            "Mon, 06 Nov 1994 08:49:37 GMT",
        ] {
            assert_eq!(seconds(text), Some(784_111_777), "{text}");
        }
        assert_eq!(seconds("Tue Nov 16 08:49:37 1999"), Some(942_742_177));
        assert_eq!(
            seconds("Sun, 21 Nov 2286 04:46:39 GMT"),
            Some(10_000_039_599)
        );
    }

    #[test]
    fn two_digits_reach_fifty_years_ahead() {
        let far = seconds("Thursday, 18-Aug-50 02:01:18 GMT");
        assert_eq!(far, seconds("Thu, 18 Aug 2050 02:01:18 GMT"));
        let past = seconds("Thursday, 18-Aug-78 02:01:18 GMT");
        assert_eq!(past, seconds("Fri, 18 Aug 1978 02:01:18 GMT"));
    }

    #[test]
    fn nothing_else_is_a_date() {
        for text in [
            "",
            "0",
            "Thu, 18 Aug 2050 02:01:18 UTC",
            "Thu, 18 Aug 2050 02:01:18 AEST",
            "Thu, 18 Aug 50 02:01:18 GMT",
            "Thu 18 Aug 2050 02:01:18 GMT",
            "Thu, 18  Aug  2050 02:01:18 GMT",
            "Thu, 18-Aug-2050 02:01:18 GMT",
            "Thu, 18 Aug 2050 02.01.18 GMT",
            "Thu, 18 Aug 2050 2:01:18 GMT",
            "Thu, 30 Feb 2050 02:01:18 GMT",
            "Thu, 00 Aug 2050 02:01:18 GMT",
            "Thu, 18 Aug 2050 24:01:18 GMT",
            "Thu, 18 Aug 1969 02:01:18 GMT",
            "Thu, 18 Aug 2050 02:01:18 GMT ",
            "Xyz, 18 Aug 2050 02:01:18 GMT",
        ] {
            assert_eq!(seconds(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(at in 0_u64..253_402_300_799) {
            let text = httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(at));
            prop_assert_eq!(seconds(&text), Some(at));
        }
    }
}
