use std::{sync::Arc, time::Duration};

use http::HeaderValue;
use tower_layer::Layer;

use super::Hsts;

/// Tells browsers to come back over HTTPS only.
///
/// See the [module docs](crate::hsts) for an example.
#[derive(Clone, Debug)]
pub struct HstsLayer {
    max_age: Duration,
    include_subdomains: bool,
    preload: bool,
}

impl HstsLayer {
    /// For `max_age`; zero makes browsers forget.
    #[must_use]
    pub const fn new(max_age: Duration) -> Self {
        Self {
            max_age,
            include_subdomains: false,
            preload: false,
        }
    }

    /// Whether it holds for all subdomains, too. Defaults to `false`: one that has no HTTPS could not
    /// be reached any more.
    #[must_use]
    pub const fn include_subdomains(mut self, include: bool) -> Self {
        self.include_subdomains = include;
        self
    }

    /// Whether browsers may ship with it. Defaults to `false`: it cannot be taken back for months.
    #[must_use]
    pub const fn preload(mut self, preload: bool) -> Self {
        self.preload = preload;
        self
    }

    fn value(&self) -> HeaderValue {
        let mut value = format!("max-age={}", self.max_age.as_secs());
        if self.include_subdomains {
            value.push_str("; includeSubDomains");
        }
        if self.preload {
            value.push_str("; preload");
        }
        HeaderValue::try_from(value).expect("digits and words")
    }
}

impl<S> Layer<S> for HstsLayer {
    type Service = Hsts<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Hsts {
            inner,
            value: Arc::new(self.value()),
        }
    }
}
