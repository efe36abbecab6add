use std::time::Duration;

use http::{HeaderMap, header};

/// How long keys are fresh: what `Cache-Control` says less `Age`, or `default`, but at least five
/// minutes and at most a day. The floor protects the issuer, the ceiling its ability to revoke.
pub(super) fn ttl(headers: &HeaderMap, default: Duration) -> Duration {
    let told = told(headers).map(|max_age| {
        let age = seconds(headers, header::AGE.as_str()).unwrap_or(0);
        Duration::from_secs(max_age.saturating_sub(age))
    });
    told.unwrap_or(default).clamp(LEAST, MOST)
}

fn told(headers: &HeaderMap) -> Option<u64> {
    let lines = headers.get_all(header::CACHE_CONTROL).iter();
    let text = lines.filter_map(|line| line.to_str().ok());
    let directives = text.flat_map(|line| line.split(',')).map(str::trim);
    let mut max_age = None;
    for directive in directives {
        let (name, value) = directive.split_once('=').unwrap_or((directive, ""));
        if name.eq_ignore_ascii_case("no-store") || name.eq_ignore_ascii_case("no-cache") {
            return Some(0);
        }
        if name.eq_ignore_ascii_case("max-age") {
            max_age = max_age.or_else(|| value.trim_matches('"').parse().ok());
        }
    }
    max_age
}

fn seconds(headers: &HeaderMap, name: &str) -> Option<u64> {
    headers.get(name)?.to_str().ok()?.trim().parse().ok()
}

const LEAST: Duration = Duration::from_secs(5 * 60);
const MOST: Duration = Duration::from_secs(24 * 60 * 60);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn freshness_is_bounded_on_both_sides() {
        for (control, age, minutes) in [
            (None, None, 60),
            (Some("public, Max-Age=3600"), Some("600"), 50),
            (Some("max-age=1"), None, 5),
            (Some("max-age=3600"), Some("9999999"), 5),
            (Some("no-store"), None, 5),
            (Some("no-cache, max-age=86400"), None, 5),
            (Some("max-age=99999999"), None, 24 * 60),
            (Some("max-age=-1"), None, 60),
            (Some("max-age=\"7200\""), None, 120),
        ] {
            let mut headers = HeaderMap::new();
            if let Some(control) = control {
                headers.insert(header::CACHE_CONTROL, control.parse().unwrap());
            }
            if let Some(age) = age {
                headers.insert(header::AGE, age.parse().unwrap());
            }
            let found = ttl(&headers, Duration::from_secs(3_600));
            assert_eq!(found.as_secs() / 60, minutes, "{control:?}");
        }
    }
}
