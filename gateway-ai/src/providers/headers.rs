//! Which headers reach a provider: the dialect's own, the configured ones, the gateway's. No other.

use http::{HeaderMap, HeaderName, HeaderValue, header};

use crate::dialect::Dialect;

/// Whether a client header belongs to a dialect and goes to a provider that speaks it.
fn is_own(name: &HeaderName, dialect: Dialect) -> bool {
    // By text: most names differ in length from all of these.
    let name = name.as_str();
    match dialect {
        Dialect::Messages => matches!(
            name,
            "anthropic-beta" | "anthropic-version" | "idempotency-key"
        ),
        Dialect::Chat | Dialect::Responses => matches!(
            name,
            "openai-beta" | "openai-organization" | "openai-project" | "idempotency-key"
        ),
        Dialect::Gemini | Dialect::Converse => false,
    }
}

/// Client headers that carry credentials or belong to one connection: never forwarded, not even
/// where the configuration names them.
const NEVER: [HeaderName; 15] = [
    header::AUTHORIZATION,
    header::PROXY_AUTHORIZATION,
    header::COOKIE,
    HeaderName::from_static("x-api-key"),
    HeaderName::from_static("x-goog-api-key"),
    HeaderName::from_static("api-key"),
    header::HOST,
    header::CONNECTION,
    header::CONTENT_LENGTH,
    header::CONTENT_ENCODING,
    header::TRANSFER_ENCODING,
    header::TE,
    header::TRAILER,
    header::UPGRADE,
    header::ACCEPT_ENCODING,
];

/// Whether a configuration may name this header in `forward_headers`.
#[must_use]
pub fn may_forward(name: &HeaderName) -> bool {
    !NEVER.contains(name)
}

/// Copies the client's headers that may reach the provider.
///
/// A dialect's own headers only make sense where client and provider speak the same one.
pub(super) fn forward(
    client: &HeaderMap,
    same_dialect: Option<Dialect>,
    named: &[HeaderName],
    out: &mut HeaderMap,
) {
    if client.is_empty() {
        return;
    }
    if let Some(dialect) = same_dialect {
        for (name, value) in client {
            if is_own(name, dialect) {
                out.append(name.clone(), value.clone());
            }
        }
    }
    for name in named {
        if out.contains_key(name) || !may_forward(name) {
            continue;
        }
        for value in client.get_all(name) {
            out.append(name.clone(), value.clone());
        }
    }
}

/// The headers of the dialect itself, where the client has not said otherwise.
pub(super) fn dialect(dialect: Dialect, out: &mut HeaderMap) {
    if dialect == Dialect::Messages && !out.contains_key(ANTHROPIC_VERSION) {
        out.insert(ANTHROPIC_VERSION, HeaderValue::from_static("2023-06-01"));
    }
}

const ANTHROPIC_VERSION: HeaderName = HeaderName::from_static("anthropic-version");

#[cfg(test)]
mod tests {
    use super::*;

    fn client() -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("authorization", "Bearer client-key"),
            ("x-api-key", "client-key"),
            ("x-goog-api-key", "client-key"),
            ("api-key", "client-key"),
            ("cookie", "session=1"),
            ("anthropic-beta", "context-1m"),
            ("anthropic-beta", "files-api"),
            ("anthropic-version", "2024-01-01"),
            ("openai-organization", "org"),
            ("user-agent", "curl"),
            ("x-stainless-os", "Linux"),
            ("x-tenant", "a"),
        ] {
            headers.append(name, HeaderValue::from_static(value));
        }
        headers
    }

    fn sent(same: Option<Dialect>, named: &[&'static str]) -> Vec<String> {
        let named: Vec<_> = named
            .iter()
            .map(|name| HeaderName::from_static(name))
            .collect();
        let mut out = HeaderMap::new();
        forward(&client(), same, &named, &mut out);
        out.iter()
            .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
            .collect()
    }

    #[test]
    fn a_dialects_own_headers_go_to_that_dialect_alone() {
        assert_eq!(
            sent(Some(Dialect::Messages), &[]),
            [
                "anthropic-beta: context-1m",
                "anthropic-beta: files-api",
                "anthropic-version: 2024-01-01"
            ]
        );
        assert_eq!(sent(Some(Dialect::Chat), &[]), ["openai-organization: org"]);
        assert!(sent(None, &[]).is_empty());
    }

    #[test]
    fn named_headers_go_and_credentials_never_do() {
        let named = [
            "x-tenant",
            "authorization",
            "cookie",
            "x-api-key",
            "api-key",
        ];
        assert_eq!(sent(None, &named), ["x-tenant: a"]);
        assert_eq!(sent(None, &["anthropic-beta"]).len(), 2);
    }

    #[test]
    fn the_version_is_ours_unless_the_client_has_one() {
        let mut out = HeaderMap::new();
        dialect(Dialect::Messages, &mut out);
        assert_eq!(out[ANTHROPIC_VERSION], "2023-06-01");
        let mut out = HeaderMap::new();
        forward(&client(), Some(Dialect::Messages), &[], &mut out);
        dialect(Dialect::Messages, &mut out);
        assert_eq!(out[ANTHROPIC_VERSION], "2024-01-01");
    }
}
