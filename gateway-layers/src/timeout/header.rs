use std::time::Duration;

use http::{HeaderMap, HeaderName};

/// The client's own limit, in surface.md's words: `x-gateway-timeout`.
pub(super) const NAME: HeaderName = HeaderName::from_static("x-gateway-timeout");

/// Takes the header out; `Err` if it is not one duration.
pub(super) fn take(headers: &mut HeaderMap) -> Result<Option<Duration>, ()> {
    if !headers.contains_key(NAME) {
        return Ok(None);
    }
    let mut values = headers.get_all(NAME).iter();
    let only = match (values.next(), values.next()) {
        (Some(value), None) => value.to_str().ok().and_then(parse),
        _ => None,
    };
    headers.remove(NAME);
    only.map(Some).ok_or(())
}

/// `250ms`, `10s`, `2m`; not zero, and a number without a unit is a guess.
fn parse(text: &str) -> Option<Duration> {
    let text = text.trim();
    let unit = text.find(|c: char| !c.is_ascii_digit())?;
    let number: u64 = text[..unit].parse().ok()?;
    let limit = match &text[unit..] {
        "ms" => Duration::from_millis(number),
        "s" => Duration::from_secs(number),
        "m" => Duration::from_secs(number.checked_mul(60)?),
        _ => return None,
    };
    (!limit.is_zero() && limit <= LONGEST).then_some(limit)
}

/// Longer is not a limit, and far longer is more than a clock can add.
const LONGEST: Duration = Duration::from_secs(7 * 24 * 3600);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_durations_with_units() {
        assert_eq!(parse("250ms"), Some(Duration::from_millis(250)));
        assert_eq!(parse(" 10s "), Some(Duration::from_secs(10)));
        assert_eq!(parse("2m"), Some(Duration::from_secs(120)));
        for bad in [
            "",
            "10",
            "s",
            "-1s",
            "1.5s",
            "0s",
            "1h",
            "99999999999999999999s",
            "18446744073709551615m",
        ] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn the_header_is_taken_out_whatever_it_says() {
        let mut headers = HeaderMap::new();
        assert_eq!(take(&mut headers), Ok(None));
        headers.append(NAME, http::HeaderValue::from_static("1s"));
        headers.append(NAME, http::HeaderValue::from_static("2s"));
        assert_eq!(take(&mut headers), Err(()));
        assert!(headers.is_empty());
    }
}
