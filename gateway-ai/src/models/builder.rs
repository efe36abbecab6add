use std::{collections::BTreeMap, sync::Arc};

use super::{Alias, AliasError, Aliases, Catalog, Keys};
use crate::{
    catalog::Prices,
    edge::AiService,
    fallback::{Failover, Fallback},
    providers::{HttpClient, Provider, ProviderBuilder, ProviderError, Providers, table},
};

/// Puts an AI gateway together: names, targets, keys, fallback.
///
/// See the [module docs](crate::models) for an example.
#[derive(Clone, Debug, Default)]
#[must_use = "a builder does nothing until `service`"]
pub struct Models {
    aliases: BTreeMap<String, Alias>,
    providers: BTreeMap<String, ProviderBuilder>,
    keys: Keys,
    fallback: Fallback,
    strict: bool,
    prices: Option<Arc<Prices>>,
    client: Option<HttpClient>,
}

/// Why a gateway cannot be built.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ModelsError {
    /// An alias makes no sense.
    #[error(transparent)]
    Alias(#[from] AliasError),
    /// A provider cannot be built.
    #[error("provider `{name}`: {error}")]
    Provider {
        /// The provider.
        name: String,
        /// Why.
        error: ProviderError,
    },
}

impl Models {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Gives a name to targets, tried in order or split by weight.
    pub fn alias(mut self, name: impl Into<String>, alias: impl Into<Alias>) -> Self {
        self.aliases.insert(name.into(), alias.into());
        self
    }

    /// Adds a provider that is not a vendor of the table, or is one with settings of its own.
    pub fn provider(mut self, name: &str, provider: ProviderBuilder) -> Self {
        self.providers.insert(name.to_owned(), provider);
        self
    }

    /// Sets the operator's keys. A vendor with a key can be named in aliases and by clients.
    pub fn keys(mut self, keys: Keys) -> Self {
        self.keys = keys;
        self
    }

    /// When the next target is asked. Defaults to [`Fallback::default`].
    pub fn fallback(mut self, fallback: Fallback) -> Self {
        self.fallback = fallback;
        self
    }

    /// Refuses what cannot be translated without loss. Defaults to `false`.
    pub const fn strict(mut self, strict: bool) -> Self {
        self.strict = strict;
        self
    }

    /// What models cost. Defaults to the [built-in list](Prices::builtin).
    pub fn prices(mut self, prices: Prices) -> Self {
        self.prices = Some(Arc::new(prices));
        self
    }

    /// What calls the providers. Defaults to the gateway's pooled client.
    pub fn client(mut self, client: HttpClient) -> Self {
        self.client = Some(client);
        self
    }

    /// Checks everything and builds the catalogue.
    ///
    /// # Errors
    ///
    /// When an alias names nothing or leads back to itself, or a provider has no key or no address.
    pub fn catalog(&self) -> Result<Catalog, ModelsError> {
        let client = self.client.clone().unwrap_or_default();
        let providers = self.build_providers(&client)?;
        let known = |name: &str| providers.get(name).is_some();
        let aliases = Aliases::new(self.aliases.clone(), known)?;
        Ok(Catalog::new(aliases, providers))
    }

    /// The gateway as an HTTP service.
    ///
    /// # Errors
    ///
    /// As [`Models::catalog`].
    pub fn service(self) -> Result<AiService, ModelsError> {
        let catalog = self.catalog()?;
        let inner = Failover::new(
            catalog.providers().clone(),
            catalog.clone(),
            self.fallback.clone(),
        );
        Ok(AiService::new(inner, catalog).strict(self.strict))
    }

    fn build_providers(&self, client: &HttpClient) -> Result<Providers, ModelsError> {
        let mut builders = self.providers.clone();
        let named = self.aliases.values().flat_map(Alias::targets);
        let named = named
            .filter(|target| !target.is_alias())
            .map(|target| target.provider());
        for name in named.chain(self.keys.providers()) {
            if !builders.contains_key(name)
                && let Some(spec) = table::find(name)
            {
                builders.insert(name.to_owned(), Provider::builder(name, spec));
            }
        }
        let prices = self
            .prices
            .clone()
            .unwrap_or_else(|| Arc::new(Prices::builtin()));
        builders
            .into_iter()
            .map(|(name, builder)| {
                let keyed = self
                    .keys
                    .of(&name)
                    .iter()
                    .fold(builder, |b, key| b.key(key));
                keyed
                    .prices(Arc::clone(&prices))
                    .build(client.clone())
                    .map_err(|error| ModelsError::Provider { name, error })
            })
            .collect()
    }
}
