//! The known vendors, by kind.

use super::{
    spec::ProviderSpec,
    vendors::{AGGREGATORS, CLOUDS, FIRST_PARTY, HOSTS, LOCAL, PLATFORMS},
};

/// All known vendors.
pub fn all() -> impl Iterator<Item = &'static ProviderSpec> {
    [FIRST_PARTY, CLOUDS, PLATFORMS, HOSTS, AGGREGATORS, LOCAL]
        .into_iter()
        .flatten()
}

/// The vendor of this kind.
#[must_use]
pub fn find(kind: &str) -> Option<&'static ProviderSpec> {
    all().find(|spec| spec.kind == kind)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::dialect::Dialect;

    #[test]
    fn kinds_are_unique_and_addresses_are_usable() {
        let kinds: HashSet<_> = all().map(|spec| spec.kind).collect();
        assert_eq!(kinds.len(), all().count());
        for spec in all() {
            assert!(
                spec.kind.bytes().all(|b| b.is_ascii_lowercase()),
                "{}",
                spec.kind
            );
            let Some(base) = spec.base_url else { continue };
            let base = spec.variables().fold(base.to_owned(), |base, name| {
                base.replace(&format!("{{{name}}}"), "x")
            });
            let uri: http::Uri = base.parse().unwrap();
            assert!(uri.host().is_some() && !base.ends_with('/'), "{base}");
            assert_eq!(uri.scheme_str() == Some("http"), spec.keyless, "{base}");
        }
    }

    #[test]
    fn the_vendors_people_name_are_there() {
        for kind in [
            "openai",
            "anthropic",
            "mistral",
            "groq",
            "deepseek",
            "xai",
            "openrouter",
            "together",
            "fireworks",
            "perplexity",
            "cerebras",
            "sambanova",
            "nvidia",
            "huggingface",
            "nebius",
            "moonshot",
            "ollama",
            "vllm",
            "llamacpp",
            "lmstudio",
            "azure",
        ] {
            assert!(find(kind).is_some(), "{kind}");
        }
        assert!(find("nobody").is_none());
        assert_eq!(find("anthropic").unwrap().dialect, Dialect::Messages);
    }
}
