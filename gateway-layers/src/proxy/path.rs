//! How the endpoint's path and the request's path become one.

use http::uri::PathAndQuery;

/// The part of the endpoint's URL that goes in front, and the part of the request's path that goes.
///
/// The rules, which decode and normalise nothing – what the router decided on is what is sent:
///
/// 1. The endpoint's path loses its trailing slashes: `http://h`, `http://h/` are the same, and so
///    are `http://h/api` and `http://h/api/`.
/// 2. The stripped prefix ends at a segment: `/shop` is cut from `/shop/1` and `/shop`, not from
///    `/shopping`. What does not begin with it is left alone.
/// 3. What remains begins with one slash and is appended: `/api` and `/1` give `/api/1`; `/api` and
///    `/` give `/api/`.
/// 4. The query is the request's, unchanged.
/// 5. `*` (as in `OPTIONS *`) stays `*`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct PathRule {
    base: Box<str>,
    strip: Box<str>,
}

impl PathRule {
    pub(super) fn new(base: &str, strip: &str) -> Self {
        Self {
            base: base.trim_end_matches('/').into(),
            strip: strip.trim_end_matches('/').into(),
        }
    }

    /// The target to send, or `None` to send the request's own.
    pub(super) fn apply(&self, target: &PathAndQuery) -> Option<PathAndQuery> {
        let path = target.path();
        if (self.base.is_empty() && self.strip.is_empty()) || path == "*" {
            return None;
        }
        let rest = self.rest(path);
        if self.base.is_empty() && rest.len() == path.len() {
            return None;
        }
        let query = target.query();
        let mut joined =
            String::with_capacity(self.base.len() + rest.len() + 2 + query.map_or(0, str::len));
        joined.push_str(&self.base);
        if !rest.starts_with('/') {
            joined.push('/');
        }
        joined.push_str(rest);
        if let Some(query) = query {
            joined.push('?');
            joined.push_str(query);
        }
        PathAndQuery::try_from(joined).ok()
    }

    fn rest<'a>(&self, path: &'a str) -> &'a str {
        match path.strip_prefix(&*self.strip) {
            Some(rest) if rest.is_empty() || rest.starts_with('/') => rest,
            _ => path,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joins_by_the_table() {
        for (base, strip, path, expected) in [
            ("", "", "/a?b", "/a?b"),
            ("/", "", "/a//b/%2f/../c", "/a//b/%2f/../c"),
            ("/api", "", "/1", "/api/1"),
            ("/api/", "", "/1?x=1", "/api/1?x=1"),
            ("/api", "", "/", "/api/"),
            ("/api", "", "/?q", "/api/?q"),
            ("", "/shop", "/shop/1", "/1"),
            ("", "/shop", "/shop", "/"),
            ("", "/shop", "/shop?q", "/?q"),
            ("", "/shop", "/shop/", "/"),
            ("", "/shop", "/shopping", "/shopping"),
            ("", "/shop/", "/shop/1", "/1"),
            ("/api", "/shop", "/shop/1", "/api/1"),
            ("/api", "/shop", "/other", "/api/other"),
            ("/api", "/shop", "*", "*"),
        ] {
            let target = PathAndQuery::try_from(path).unwrap();
            let sent = PathRule::new(base, strip)
                .apply(&target)
                .unwrap_or_else(|| target.clone());
            assert_eq!(sent.as_str(), expected, "{base} {strip} {path}");
        }
    }
}
