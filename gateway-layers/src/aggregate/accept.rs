use http::{HeaderMap, header};

/// Whether a client with these headers takes JSON (RFC 9110 §12.5.1). The most specific range
/// decides; without the header everything is taken.
pub(super) fn json(headers: &HeaderMap) -> bool {
    let mut best: Option<(u8, bool)> = None;
    let mut any = false;
    for value in headers.get_all(header::ACCEPT) {
        let Ok(value) = value.to_str() else { continue };
        for range in value.split(',') {
            let mut fields = range.split(';').map(str::trim);
            let name = fields.next().unwrap_or_default();
            if name.is_empty() {
                continue;
            }
            any = true;
            let rank = match name {
                _ if name.eq_ignore_ascii_case("application/json") => 2,
                _ if name.eq_ignore_ascii_case("application/*") => 1,
                "*/*" => 0,
                _ => continue,
            };
            let wanted = !fields.any(is_zero);
            if best.is_none_or(|(before, _)| rank >= before) {
                best = Some((rank, wanted));
            }
        }
    }
    !any || best.is_some_and(|(_, wanted)| wanted)
}

fn is_zero(field: &str) -> bool {
    let weight = field
        .strip_prefix("q=")
        .or_else(|| field.strip_prefix("Q="));
    weight.is_some_and(|weight| weight.parse::<f32>() == Ok(0.0))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn the_most_specific_range_decides() {
        for (accept, takes) in [
            ("", true),
            ("*/*", true),
            ("text/html, */*;q=0.1", true),
            ("application/*", true),
            ("APPLICATION/JSON; q=0.5", true),
            ("text/html", false),
            ("application/json;q=0, */*", false),
            ("application/json;q=0.0", false),
            ("*/*;q=0, application/json", true),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT, HeaderValue::from_static(accept));
            assert_eq!(json(&headers), takes, "{accept}");
        }
        assert!(json(&HeaderMap::new()));
    }
}
