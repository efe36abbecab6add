use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Reads `2027-01-31` (its first moment, UTC) or `2027-01-31T12:00:00Z`.
pub(super) fn parse(text: &str) -> Option<SystemTime> {
    let (date, time) = match text.split_once('T') {
        Some((date, time)) => (date, time.strip_suffix('Z')?),
        None => (text, "00:00:00"),
    };
    let [year, month, day] = numbers(date, '-', [4, 2, 2])?;
    let [hour, minute, second] = numbers(time, ':', [2, 2, 2])?;
    let in_range = (1970..=9999).contains(&year)
        && (1..=12).contains(&month)
        && (1..=days_in(year, month)).contains(&day)
        && hour < 24
        && minute < 60
        && second < 60;
    if !in_range {
        return None;
    }
    let days = days_before(year, month) + day - 1;
    let seconds = ((days * 24 + hour) * 60 + minute) * 60 + second;
    Some(UNIX_EPOCH + Duration::from_secs(seconds))
}

fn numbers(text: &str, separator: char, widths: [usize; 3]) -> Option<[u64; 3]> {
    let mut parts = text.split(separator);
    let mut numbers = [0; 3];
    for (number, width) in numbers.iter_mut().zip(widths) {
        let part = parts.next()?;
        if part.len() != width || !part.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        *number = part.parse().ok()?;
    }
    parts.next().is_none().then_some(numbers)
}

/// Days from 1970 to the first of this month.
fn days_before(year: u64, month: u64) -> u64 {
    let past = year - 1;
    let leaps = past / 4 - past / 100 + past / 400 - 477;
    (year - 1970) * 365 + leaps + (1..month).map(|month| days_in(year, month)).sum::<u64>()
}

const fn days_in(year: u64, month: u64) -> u64 {
    match month {
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => {
            29
        }
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_what_they_say() {
        for (text, secs) in [
            ("1970-01-01", 0),
            ("2000-03-01", 951_868_800),
            ("2027-01-31", 1_801_353_600),
            ("2024-02-29T23:59:59Z", 1_709_251_199),
        ] {
            assert_eq!(
                parse(text),
                Some(UNIX_EPOCH + Duration::from_secs(secs)),
                "{text}"
            );
        }
        for text in [
            "",
            "2027-1-31",
            "2027-02-29",
            "2027-13-01",
            "2027-01-00",
            "2027-01-01T24:00:00Z",
            "2027-01-01T00:00:00",
            "1969-12-31",
            "2027-01-01-01",
            "+027-01-01",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
