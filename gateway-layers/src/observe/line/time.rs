//! UTC dates from the system clock.

use std::{
    cell::Cell,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use super::number::fill;

struct Civil {
    year: u64,
    month: u64,
    day: u64,
    second: u64,
}

/// Days to a date, after Howard Hinnant's `civil_from_days`; years since 1970.
fn civil(since: Duration) -> Civil {
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
    }
}

thread_local! {
    /// What the last line of this thread said, and the second it said it of: a date is the longest
    /// part of a line that is computed, and a busy thread writes many lines within a second.
    static LAST: Cell<(u64, [u8; 24])> = const { Cell::new((0, *b"1970-01-01T00:00:00.000Z")) };
}

/// `2026-11-22T12:03:11.042Z` (RFC 3339).
pub(super) fn rfc3339(out: &mut Vec<u8>, time: SystemTime) {
    let since = since_epoch(time);
    let (second, mut text) = LAST.get();
    if second != since.as_secs() {
        let civil = civil(since);
        fill(&mut text[..4], civil.year);
        fill(&mut text[5..7], civil.month);
        fill(&mut text[8..10], civil.day);
        fill(&mut text[11..13], civil.second / 3600);
        fill(&mut text[14..16], civil.second / 60 % 60);
        fill(&mut text[17..19], civil.second % 60);
        LAST.set((since.as_secs(), text));
    }
    fill(&mut text[20..23], since.subsec_millis().into());
    out.extend_from_slice(&text);
}

fn since_epoch(time: SystemTime) -> Duration {
    time.duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// `[22/Nov/2026:12:03:11 +0000]`.
pub(super) fn common(out: &mut Vec<u8>, time: SystemTime) {
    const MONTHS: &[u8; 36] = b"JanFebMarAprMayJunJulAugSepOctNovDec";
    let civil = civil(since_epoch(time));
    let at = usize::try_from(civil.month - 1).unwrap_or(0) * 3;
    let mut text = *b"[00/Jan/0000:00:00:00 +0000]";
    fill(&mut text[1..3], civil.day);
    text[4..7].copy_from_slice(&MONTHS[at..at + 3]);
    fill(&mut text[8..12], civil.year);
    fill(&mut text[13..15], civil.second / 3600);
    fill(&mut text[16..18], civil.second / 60 % 60);
    fill(&mut text[19..21], civil.second % 60);
    out.extend_from_slice(&text);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates() {
        for (seconds, expected) in [
            (0, "1970-01-01T00:00:00.042Z"),
            (951_782_400, "2000-02-29T00:00:00.042Z"),
            (1_735_689_599, "2024-12-31T23:59:59.042Z"),
            (1_795_348_991, "2026-11-22T12:03:11.042Z"),
            (1_795_348_991, "2026-11-22T12:03:11.042Z"),
            (1_795_348_990, "2026-11-22T12:03:10.042Z"),
            (0, "1970-01-01T00:00:00.042Z"),
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
