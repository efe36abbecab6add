//! Which headers reach a provider: the dialect's own, the configured ones, the gateway's. No other.

use http::{HeaderMap, HeaderName, HeaderValue, header};

use crate::dialect::Dialect;

/// Client headers that belong to a dialect and go to a provider that speaks it.
const fn own(dialect: Dialect) -> &'static [HeaderName] {
    // Names, not texts: a text is parsed again for each look-up.
    static MESSAGES: [HeaderName; 3] = [
        HeaderName::from_static("anthropic-beta"),
        ANTHROPIC_VERSION,
        IDEMPOTENCY_KEY,
    ];
    static CHAT: [HeaderName; 4] = [
        HeaderName::from_static("openai-beta"),
        HeaderName::from_static("openai-organization"),
        HeaderName::from_static("openai-project"),
        IDEMPOTENCY_KEY,
    ];
    match dialect {
        Dialect::Messages => &MESSAGES,
        Dialect::Chat | Dialect::Responses => &CHAT,
        Dialect::Gemini | Dialect::Converse => &[],
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
    let own = same_dialect.map_or(&[][..], own);
    // A look-up costs more than comparing with the few names there are.
    for (name, value) in client {
        if own.contains(name) {
            out.append(name.clone(), value.clone());
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
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

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
