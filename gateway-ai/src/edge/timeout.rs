use std::time::Duration;

use gateway_core::Deadline;
use http::{Extensions, HeaderMap, HeaderName};
use tokio::time::Instant;

use crate::error::AiError;

/// Shortens the request's deadline by what the client says in `x-gateway-timeout`: `800ms`, `30s`,
/// `2m`, or a bare number of seconds.
///
/// # Errors
///
/// A client fault where the header is not a duration.
pub(super) fn shorten(
    headers: &HeaderMap,
    extensions: &mut Extensions,
    now: impl FnOnce() -> Instant,
) -> Result<(), AiError> {
    let Some(value) = headers.get(TIMEOUT) else {
        return Ok(());
    };
    let limit = value.to_str().ok().and_then(parse).ok_or_else(|| {
        AiError::invalid("the header `x-gateway-timeout` must be a duration such as `30s`")
            .with_param("x-gateway-timeout")
    })?;
    let mine = Deadline::new(now() + limit);
    let earlier = extensions
        .get::<Deadline>()
        .map_or(mine, |have| have.earlier(mine));
    extensions.insert(earlier);
    Ok(())
}

const TIMEOUT: HeaderName = HeaderName::from_static("x-gateway-timeout");

fn parse(text: &str) -> Option<Duration> {
    let text = text.trim();
    let digits = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let number: u32 = number.parse().ok().filter(|number| *number > 0)?;
    match unit {
        "ms" => Some(Duration::from_millis(number.into())),
        "" | "s" => Some(Duration::from_secs(number.into())),
        "m" => Some(Duration::from_secs(u64::from(number) * 60)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        assert_eq!(parse("800ms"), Some(Duration::from_millis(800)));
        assert_eq!(parse("30s"), Some(Duration::from_secs(30)));
        assert_eq!(parse("30"), Some(Duration::from_secs(30)));
        assert_eq!(parse("2m"), Some(Duration::from_secs(120)));
        for text in ["", "0", "s", "-1", "1h", "1.5s", "99999999999"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[tokio::test]
    async fn a_client_can_shorten_and_never_extend() {
        let now = Instant::now();
        let mut headers = HeaderMap::new();
        headers.insert("x-gateway-timeout", http::HeaderValue::from_static("10s"));
        for (have, expected) in [(None, 10), (Some(5), 5), (Some(60), 10)] {
            let mut extensions = Extensions::new();
            if let Some(seconds) = have {
                extensions.insert(Deadline::new(now + Duration::from_secs(seconds)));
            }
            shorten(&headers, &mut extensions, || now).unwrap();
            let deadline = extensions.get::<Deadline>().unwrap();
            assert_eq!(deadline.remaining(now), Duration::from_secs(expected));
        }
    }
}
