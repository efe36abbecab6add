use std::{collections::BTreeMap, sync::Arc};

use http::{HeaderMap, HeaderName, HeaderValue};
use tokio::time::Instant;

use super::{
    Auth, HttpClient, KeyPool, Provider, ProviderSpec, Quirks, address, headers,
    provider::Inner,
    routes::{Platform, Routes},
};
use crate::{
    auth::{Authorizer, Credentials, IbmKey},
    catalog::Prices,
    dialect::Dialect,
};

/// Puts a [`Provider`] together.
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until `build`"]
pub struct ProviderBuilder {
    name: String,
    pub(super) spec: ProviderSpec,
    pub(super) base_url: Option<String>,
    pub(super) variables: BTreeMap<String, String>,
    keys: Vec<HeaderValue>,
    bad_key: bool,
    forward: Vec<HeaderName>,
    extra: HeaderMap,
    quirks: Quirks,
    prices: Arc<Prices>,
    pub(super) credentials: Option<Credentials>,
    dialects: Option<(Dialect, Option<Dialect>)>,
    pub(super) api_version: Option<String>,
    project: Option<String>,
}

/// Why a provider cannot be built.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProviderError {
    /// There is no base URL, or it is not an absolute `http` or `https` URL.
    #[error("{0}")]
    BaseUrl(String),
    /// The vendor's base URL needs to know something of the account, or knows nothing of it.
    #[error("{message}")]
    Variable {
        /// The variable.
        name: String,
        /// What is wrong.
        message: String,
    },
    /// The vendor wants a key and there is none, or a key has characters no header can carry.
    #[error("{0}")]
    Key(String),
    /// The credentials are of no use, or for another kind of provider.
    #[error("{0}")]
    Credentials(String),
    /// A name is not fit for `provider/model`.
    #[error("provider name `{0}` must not be empty or contain `/`, spaces or control characters")]
    Name(String),
    /// A header that must not be forwarded or fixed.
    #[error("the header `{0}` carries credentials or belongs to one connection")]
    Header(HeaderName),
}

impl ProviderBuilder {
    pub(super) fn new(name: &str, spec: &ProviderSpec) -> Self {
        Self {
            name: name.to_owned(),
            spec: *spec,
            base_url: None,
            variables: BTreeMap::new(),
            keys: Vec::new(),
            bad_key: false,
            forward: Vec::new(),
            extra: HeaderMap::new(),
            quirks: spec.quirks,
            prices: Arc::default(),
            credentials: None,
            dialects: None,
            api_version: None,
            project: None,
        }
    }

    /// What precedes the dialect's own path. Defaults to the vendor's.
    pub fn base_url(mut self, url: impl Into<String>) -> Self {
        self.base_url = Some(url.into());
        self
    }

    /// Sets a [variable](ProviderSpec::variables) of the vendor's base URL.
    pub fn variable(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.variables.insert(name.into(), value.into());
        self
    }

    /// Adds a key. Blank keys are left out, so that an optional second key may be unset.
    pub fn key(mut self, key: &str) -> Self {
        let key = key.trim();
        if key.is_empty() {
            return self;
        }
        let value = match self.spec.auth {
            // Not a key that is sent: what is sent is given for it.
            Auth::Ibm => {
                self.credentials
                    .get_or_insert_with(|| IbmKey::new(key).into());
                return self;
            }
            Auth::Bearer | Auth::Aws { .. } | Auth::Google => {
                HeaderValue::try_from(format!("Bearer {key}"))
            }
            Auth::Header(_) | Auth::Azure => HeaderValue::try_from(key),
        };
        match value {
            Ok(value) => self.keys.push(value),
            Err(_) => self.bad_key = true,
        }
        self
    }

    /// Passes this client header on, beside those of the dialect.
    pub fn forward_header(mut self, name: HeaderName) -> Self {
        self.forward.push(name);
        self
    }

    /// Sends this header with every call.
    pub fn extra_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.extra.append(name, value);
        self
    }

    /// Where this server differs from its dialect. Defaults to the vendor's.
    pub const fn quirks(mut self, quirks: Quirks) -> Self {
        self.quirks = quirks;
        self
    }

    /// What its models cost. Defaults to no prices: calls are counted and have no cost.
    pub fn prices(mut self, prices: Arc<Prices>) -> Self {
        self.prices = prices;
        self
    }

    /// Calls with a cloud account instead of keys.
    pub fn credentials(mut self, credentials: impl Into<Credentials>) -> Self {
        self.credentials = Some(credentials.into());
        self
    }

    /// What this server speaks: `first` with clients of any dialect, `also` with those of its own.
    ///
    /// Defaults to what the vendor speaks. OpenAI's Responses are spoken beside Chat where the
    /// vendor has them; of a server of one's own that is not assumed.
    pub fn dialects(mut self, first: Dialect, also: Option<Dialect>) -> Self {
        self.dialects = Some((first, also.filter(|also| *also != first)));
        self
    }

    /// Azure: calls deployments, as this version of the API has it, instead of `/openai/v1`.
    /// watsonx.ai: the version of the API. Defaults to one that has what is asked for.
    pub fn api_version(mut self, version: impl Into<String>) -> Self {
        self.api_version = Some(version.into());
        self
    }

    /// watsonx.ai: the project whose models are called.
    pub fn project(mut self, project: impl Into<String>) -> Self {
        self.project = Some(project.into());
        self
    }

    /// Checks everything and builds the provider.
    ///
    /// # Errors
    ///
    /// When the base URL is missing or unusable, a key is missing, or a header is not allowed.
    pub fn build(self, client: HttpClient) -> Result<Provider, ProviderError> {
        if !is_name(&self.name) {
            return Err(ProviderError::Name(self.name));
        }
        let own = self.base_url.is_some();
        let base = self.address()?;
        let base = base.trim_end_matches('/');
        let uri = address::parse(base)?;
        if self.bad_key {
            return Err(ProviderError::Key(
                "a key has characters no header can carry".to_owned(),
            ));
        }
        let authorizer = self.authorizer(&client)?;
        if self.keys.is_empty() && authorizer.is_none() && !self.spec.keyless && !own {
            return Err(ProviderError::Key(format!(
                "{} needs a key",
                self.spec.title
            )));
        }
        if let Some(name) = self.forward.iter().find(|name| !headers::may_forward(name)) {
            return Err(ProviderError::Header(name.clone()));
        }
        let endpoint = address::endpoint(base, &uri);
        let (routes, also) = self.routes(base)?;
        Ok(Provider {
            inner: Arc::new(Inner {
                endpoint: Arc::from(endpoint),
                dialect: routes.dialect,
                routes,
                also,
                name: Arc::from(self.name),
                key_header: match self.spec.auth {
                    Auth::Bearer | Auth::Aws { .. } | Auth::Google | Auth::Ibm => {
                        http::header::AUTHORIZATION
                    }
                    Auth::Header(name) => HeaderName::from_static(name),
                    Auth::Azure => HeaderName::from_static("api-key"),
                },
                authorizer,
                keys: KeyPool::new(self.keys, Instant::now()),
                quirks: self.quirks,
                kind: self.spec.kind,
                prices: self.prices,
                forward: self.forward.into_boxed_slice(),
                extra: self.extra,
                client: client.toward(&uri),
            }),
        })
    }

    /// The wires to the server: the one for clients of any dialect, and a second one.
    fn routes(&self, base: &str) -> Result<(Routes, Option<Routes>), ProviderError> {
        // Where each account has a URL of its own, naming it says nothing about the server.
        let by_account = |url: &str| url.contains('{');
        let vendor = self.base_url.is_none() || self.spec.base_url.is_none_or(by_account);
        let responses = (vendor && self.quirks.responses).then_some(Dialect::Responses);
        let (first, also) = self.dialects.unwrap_or((self.spec.dialect, responses));
        if self.spec.auth == Auth::Google {
            let on = |dialect| Routes::on(Platform::Vertex, base, dialect);
            return Ok((on(first), Some(on(Dialect::Messages))));
        }
        if matches!(self.spec.auth, Auth::Aws { .. }) {
            let claude = Routes::on(Platform::Invoke, base, Dialect::Messages);
            return Ok((Routes::new(base, first)?, Some(claude)));
        }
        if let Some(routes) = self.versioned(base)? {
            return Ok((routes, None));
        }
        let also = also.map(|also| Routes::new(base, also)).transpose()?;
        Ok((Routes::new(base, first)?, also))
    }

    /// The one wire of a platform that wants to know the version of its API.
    fn versioned(&self, base: &str) -> Result<Option<Routes>, ProviderError> {
        let fault = |name: &str, message: String| ProviderError::Variable {
            name: name.to_owned(),
            message,
        };
        let given = self.api_version.as_deref();
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.');
        let fits = |version: &str| !version.is_empty() && version.bytes().all(plain);
        if let Some(version) = given.filter(|version| !fits(version)) {
            let message = format!("`{version}` is no version of an API");
            return Err(fault("api_version", message));
        }
        match (self.spec.auth, given) {
            (Auth::Azure, Some(version)) => {
                let base = base.strip_suffix("/v1").unwrap_or(base);
                let routes = Routes::on(Platform::Deployments, base, Dialect::Chat);
                Ok(Some(routes.in_version("api-version", version)))
            }
            (Auth::Ibm, version) => {
                let project = self
                    .project
                    .as_deref()
                    .filter(|project| !project.is_empty());
                let project = project.ok_or_else(|| {
                    fault("project", format!("{} needs `project`", self.spec.title))
                })?;
                let routes = Routes::on(Platform::Watsonx, base, Dialect::Chat);
                let mut routes = routes.in_version("version", version.unwrap_or(WATSONX));
                routes.project = project.into();
                Ok(Some(routes))
            }
            (_, Some(_)) => {
                let message = format!("{} has no versions", self.spec.title);
                Err(fault("api_version", message))
            }
            (_, None) => Ok(None),
        }
    }

    /// Puts the credentials to work, if they are of the kind the vendor takes.
    fn authorizer(&self, client: &HttpClient) -> Result<Option<Authorizer>, ProviderError> {
        let Some(credentials) = &self.credentials else {
            return Ok(None);
        };
        let wrong = |why: String| ProviderError::Credentials(why);
        if !self.keys.is_empty() {
            return Err(wrong(
                "there are keys and credentials: one must go".to_owned(),
            ));
        }
        let service = match (self.spec.auth, credentials) {
            (Auth::Aws { service }, Credentials::Aws(_)) => service,
            (Auth::Google, Credentials::Google(_))
            | (Auth::Azure, Credentials::Entra(_))
            | (Auth::Ibm, Credentials::Ibm(_)) => "",
            _ => {
                let title = self.spec.title;
                return Err(wrong(format!("{title} does not take these credentials")));
            }
        };
        Authorizer::new(credentials, service, client)
            .map(Some)
            .map_err(|error| wrong(error.to_string()))
    }
}

/// A version of watsonx.ai's API that has tools, streams and vectors.
const WATSONX: &str = "2025-02-11";

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_graphic() && b != b'/')
}
