use http::{HeaderMap, HeaderName, HeaderValue, header};
use smallvec::SmallVec;

/// Removes every header that upstream might take for one of `names`, and their mention in
/// `Connection`.
pub(super) fn sanitize(headers: &mut HeaderMap, names: &[HeaderName]) {
    if names.is_empty() {
        return;
    }
    let forged: SmallVec<[HeaderName; 2]> = headers
        .keys()
        .filter(|name| names.iter().any(|ours| is_twin(name.as_str(), ours)))
        .cloned()
        .collect();
    for name in &forged {
        headers.remove(name);
    }
    let ours = |token: &str| names.iter().any(|name| is_twin(token, name));
    let lines = headers.get_all(header::CONNECTION);
    if lines.iter().flat_map(tokens).any(ours) {
        let kept: Vec<&str> = lines
            .iter()
            .flat_map(tokens)
            .filter(|token| !ours(token))
            .collect();
        // The tokens came out of header values, so together they are one.
        let kept = (!kept.is_empty()).then(|| HeaderValue::from_str(&kept.join(", ")));
        headers.remove(header::CONNECTION);
        if let Some(Ok(kept)) = kept {
            headers.insert(header::CONNECTION, kept);
        }
    }
}

/// A line that is not text has no tokens that could name a header.
fn tokens(line: &HeaderValue) -> impl Iterator<Item = &str> {
    let line = line.to_str().unwrap_or_default();
    line.split(',')
        .map(str::trim)
        .filter(|token| !token.is_empty())
}

fn is_twin(name: &str, ours: &HeaderName) -> bool {
    let fold = |byte: u8| match byte {
        b'_' => b'-',
        byte => byte.to_ascii_lowercase(),
    };
    let ours = ours.as_str();
    name.len() == ours.len() && name.bytes().map(fold).eq(ours.bytes().map(fold))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sanitized(lines: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(HeaderName::from_static(name), value.parse().unwrap());
        }
        let names = ["x-user-id", "x_tenant"].map(HeaderName::from_static);
        sanitize(&mut headers, &names);
        headers
    }

    #[test]
    fn forgeries_and_their_twins_are_removed() {
        let headers = sanitized(&[
            ("x-user-id", "admin"),
            ("x-user-id", "root"),
            ("x_user_id", "admin"),
            ("x-user_id", "admin"),
            ("x-tenant", "blue"),
            ("x-user-idx", "kept"),
            ("x-user", "kept"),
        ]);
        let mut names: Vec<_> = headers.keys().map(HeaderName::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["x-user", "x-user-idx"]);
    }

    #[test]
    fn connection_cannot_name_our_headers() {
        let headers = sanitized(&[
            ("connection", "close, X-User-Id"),
            ("connection", "x_tenant,x-other"),
        ]);
        let lines: Vec<_> = headers.get_all("connection").iter().collect();
        assert_eq!(lines, ["close, x-other"]);
        assert!(sanitized(&[("connection", "x-user-id")]).is_empty());
        assert_eq!(
            sanitized(&[("connection", "Upgrade")])["connection"],
            "Upgrade"
        );
    }
}
