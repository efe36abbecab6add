//! UTC dates from the system clock.

use std::time::{SystemTime, UNIX_EPOCH};

use super::number::padded;

struct Civil {
    year: u64,
    month: u64,
    day: u64,
    second: u64,
    millis: u64,
}

/// Days to a date, after Howard Hinnant's `civil_from_days`; years since 1970.
fn civil(time: SystemTime) -> Civil {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    let days = since.as_secs() / 86_400 + 719_468;
    let era = days / 146_097;
    let day_of_era = days % 146_097;
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let month = if shifted < 10 {
        shifted + 3
    } else {
        shifted - 9
    };
    Civil {
        year: year_of_era + era * 400 + u64::from(month <= 2),
        month,
        day: day_of_year - (153 * shifted + 2) / 5 + 1,
        second: since.as_secs() % 86_400,
        millis: u64::from(since.subsec_millis()),
    }
}

fn clock(out: &mut Vec<u8>, second: u64) {
    padded(out, second / 3600, 2);
    out.push(b':');
    padded(out, second / 60 % 60, 2);
    out.push(b':');
    padded(out, second % 60, 2);
}

/// `2026-11-22T12:03:11.042Z` (RFC 3339).
pub(super) fn rfc3339(out: &mut Vec<u8>, time: SystemTime) {
    let civil = civil(time);
    padded(out, civil.year, 4);
    out.push(b'-');
    padded(out, civil.month, 2);
    out.push(b'-');
    padded(out, civil.day, 2);
    out.push(b'T');
    clock(out, civil.second);
    out.push(b'.');
    padded(out, civil.millis, 3);
    out.push(b'Z');
}

/// `[22/Nov/2026:12:03:11 +0000]`.
pub(super) fn common(out: &mut Vec<u8>, time: SystemTime) {
    const MONTHS: &[u8; 36] = b"JanFebMarAprMayJunJulAugSepOctNovDec";
    let civil = civil(time);
    out.push(b'[');
    padded(out, civil.day, 2);
    out.push(b'/');
    let at = usize::try_from(civil.month - 1).unwrap_or(0) * 3;
    out.extend_from_slice(&MONTHS[at..at + 3]);
    out.push(b'/');
    padded(out, civil.year, 4);
    out.push(b':');
    clock(out, civil.second);
    out.extend_from_slice(b" +0000]");
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn dates() {
        for (seconds, expected) in [
            (0, "1970-01-01T00:00:00.042Z"),
            (951_782_400, "2000-02-29T00:00:00.042Z"),
            (1_735_689_599, "2024-12-31T23:59:59.042Z"),
            (1_795_348_991, "2026-11-22T12:03:11.042Z"),
        ] {
            let mut out = Vec::new();
            rfc3339(
                &mut out,
                UNIX_EPOCH + Duration::from_millis(seconds * 1000 + 42),
            );
            assert_eq!(String::from_utf8(out).unwrap(), expected);
        }
        let mut out = Vec::new();
        common(&mut out, UNIX_EPOCH + Duration::from_secs(1_795_348_991));
        assert_eq!(out, b"[22/Nov/2026:12:03:11 +0000]");
    }
}
