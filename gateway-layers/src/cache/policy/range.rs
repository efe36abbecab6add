use std::ops::Range;

use http::{HeaderMap, header};

use super::{cache_control::delta_seconds, conditional::range_applies};

/// What part of a complete stored response a request is answered with (RFC 9110 §14).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::cache) enum Cut {
    /// All of it: no range, a range this cache does not serve (several at once, another unit), or
    /// an `If-Range` that does not hold. A server may always ignore `Range`.
    Whole,
    /// These bytes, as 206.
    Part(Range<usize>),
    /// Nothing, as 416.
    Unsatisfiable,
}

/// Finds the part of `length` stored bytes that `request` wants.
pub(in crate::cache) fn cut(request: &HeaderMap, stored: &HeaderMap, length: usize) -> Cut {
    let mut lines = request.get_all(header::RANGE).iter();
    let (Some(line), None) = (lines.next(), lines.next()) else {
        return Cut::Whole;
    };
    if !range_applies(request, stored) {
        return Cut::Whole;
    }
    let spec = line
        .to_str()
        .ok()
        .and_then(|line| line.strip_prefix("bytes="));
    match spec.and_then(|spec| spec.trim().split_once('-')) {
        Some((first, last)) => one(first, last, length),
        None => Cut::Whole,
    }
}

fn one(first: &str, last: &str, length: usize) -> Cut {
    // 2^31 is beyond any entry, so a saturated number is still out of range.
    let number = |text: &str| delta_seconds(text.as_bytes()).map(|n| n as usize);
    match (number(first), number(last)) {
        (Some(first), None) if last.is_empty() => part(first, length, length),
        (Some(first), Some(last)) if first <= last => {
            part(first, last.saturating_add(1).min(length), length)
        }
        (None, Some(0)) if first.is_empty() => Cut::Unsatisfiable,
        (None, Some(suffix)) if first.is_empty() => {
            part(length.saturating_sub(suffix), length, length)
        }
        _ => Cut::Whole,
    }
}

const fn part(start: usize, end: usize, length: usize) -> Cut {
    if start >= length {
        Cut::Unsatisfiable
    } else {
        Cut::Part(start..end)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(range: &str, length: usize) -> Cut {
        let mut request = HeaderMap::new();
        request.insert(header::RANGE, range.parse().unwrap());
        cut(&request, &HeaderMap::new(), length)
    }

    #[test]
    fn single_ranges_are_cut_and_the_rest_is_ignored() {
        for (range, expected) in [
            ("bytes=0-1", Cut::Part(0..2)),
            ("bytes=2-", Cut::Part(2..10)),
            ("bytes=-3", Cut::Part(7..10)),
            ("bytes=-30", Cut::Part(0..10)),
            ("bytes=8-99", Cut::Part(8..10)),
            ("bytes=10-", Cut::Unsatisfiable),
            ("bytes=-0", Cut::Unsatisfiable),
            ("bytes=99999999999999999999-", Cut::Unsatisfiable),
            ("bytes=3-2", Cut::Whole),
            ("bytes=0-1,3-4", Cut::Whole),
            ("bytes=-", Cut::Whole),
            ("bytes=+1-2", Cut::Whole),
            ("items=0-1", Cut::Whole),
        ] {
            assert_eq!(of(range, 10), expected, "{range}");
        }
        assert_eq!(of("bytes=0-", 0), Cut::Unsatisfiable);
    }

    proptest! {
        #[test]
        fn a_part_is_never_empty_nor_outside(range in "bytes=[0-9,-]{0,12}", length in 0_usize..64) {
            if let Cut::Part(part) = of(&range, length) {
                prop_assert!(part.start < part.end && part.end <= length);
            }
        }
    }
}
