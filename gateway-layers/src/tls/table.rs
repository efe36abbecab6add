use std::{collections::HashMap, sync::Arc};

use arc_swap::ArcSwap;
use rustls::{
    SignatureScheme,
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};

use super::certificate::{CertificateInfo, Loaded};

/// The certificates by the name a client asks for.
#[derive(Debug)]
pub(super) struct Table {
    by_host: HashMap<Box<str>, Keys>,
    default: Keys,
    infos: Vec<CertificateInfo>,
}

/// Several for one name: of different algorithms, so that old clients get the one they know.
type Keys = Vec<Arc<CertifiedKey>>;

impl Table {
    /// The first is for clients that ask for no name, or for one that nobody has.
    pub(super) fn new(loaded: Vec<Loaded>) -> Self {
        let mut by_host: HashMap<Box<str>, Keys> = HashMap::new();
        let mut default = Keys::new();
        let mut infos: Vec<CertificateInfo> = Vec::new();
        for Loaded { key, info } in loaded {
            for host in &info.hosts {
                by_host
                    .entry(host.as_str().into())
                    .or_default()
                    .push(Arc::clone(&key));
            }
            // Alternatives to the default have all of its names.
            if infos.first().is_none_or(|first| first.hosts == info.hosts) {
                default.push(key);
            }
            infos.push(info);
        }
        Self {
            by_host,
            default,
            infos,
        }
    }

    pub(super) fn infos(&self) -> &[CertificateInfo] {
        &self.infos
    }

    fn find(&self, host: Option<&str>, schemes: &[SignatureScheme]) -> Option<&Arc<CertifiedKey>> {
        let keys = host
            .and_then(|host| self.named(host))
            .unwrap_or(&self.default);
        let fits = |key: &&Arc<CertifiedKey>| key.key.choose_scheme(schemes).is_some();
        keys.iter().find(fits).or_else(|| keys.first())
    }

    /// The name itself, or a wildcard in place of its first label (RFC 6125 §6.4.3).
    fn named(&self, host: &str) -> Option<&Keys> {
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        if let Some(keys) = self.by_host.get(host.as_str()) {
            return Some(keys);
        }
        let (_, parent) = host.split_once('.')?;
        self.by_host.get(format!("*.{parent}").as_str())
    }
}

/// Chooses by SNI in the newest table.
#[derive(Debug)]
pub(super) struct Resolver {
    pub(super) table: ArcSwap<Table>,
}

impl ResolvesServerCert for Resolver {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let table = self.table.load();
        let found = table.find(hello.server_name(), hello.signature_schemes());
        found.map(Arc::clone)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tls::tests::{leaf, loaded};

    #[test]
    fn names_wildcards_and_the_default() {
        let made: Vec<_> = [&["a.example"][..], &["*.b.example"], &["x.b.example"]]
            .into_iter()
            .map(|names| loaded(&leaf(names)))
            .collect();
        let keys: Vec<_> = made.iter().map(|made| Arc::clone(&made.key)).collect();
        let table = Table::new(made);
        let all = [SignatureScheme::ECDSA_NISTP256_SHA256];
        for (name, expected) in [
            (Some("a.example"), 0),
            (Some("A.Example."), 0),
            (Some("any.b.example"), 1),
            (Some("x.b.example"), 2),
            (Some("deep.any.b.example"), 0),
            (Some("b.example"), 0),
            (Some("c.example"), 0),
            (None, 0),
        ] {
            let found = table.find(name, &all).unwrap();
            assert!(Arc::ptr_eq(found, &keys[expected]), "{name:?}");
            // Better one that may not fit than none.
            assert!(table.find(name, &[]).is_some());
        }
    }
}
