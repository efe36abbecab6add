use std::{collections::BTreeMap, convert::Infallible, str::FromStr};

use gateway_ai::config::AiConfig;
use gateway_core::config::{Flex, OneOrMany};
use gateway_layers::{aggregate::AggregateConfig, router::MatchConfig, split::SplitConfig};
use schemars::JsonSchema;
use serde::Deserialize;

use super::layers::Layers;

/// What happens to the requests that fit.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Route {
    /// Which requests: a path pattern, or a map that asks for more.
    #[serde(rename = "match")]
    pub matches: Flex<Match>,
    /// The upstream that answers.
    #[serde(default)]
    pub to: Option<String>,
    /// The upstreams that answer, in place of one, with their shares of the requests.
    #[serde(default)]
    pub split: Option<SplitConfig>,
    /// The parts that make up the answer, in place of an upstream.
    #[serde(default)]
    pub aggregate: Option<AggregateConfig>,
    /// The models that answer, in place of an upstream.
    #[serde(default)]
    pub ai: Option<AiConfig>,
    /// What is done on the way, in the gateway's order and not in that of the file.
    #[serde(default)]
    pub layers: Layers,
}

/// What a route asks of a request.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Match {
    /// The path pattern: `/orders/{id}`, `/shop/{*rest}`.
    pub path: String,
    /// Hosts: `api.example.com`, `*.example.com`. Defaults to all.
    #[serde(default)]
    pub host: OneOrMany<String>,
    /// Methods. Defaults to all.
    #[serde(default)]
    pub methods: OneOrMany<String>,
    /// Headers by name; `*` stands for any value.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// Query parameters by name; `*` stands for any value.
    #[serde(default)]
    pub query: BTreeMap<String, String>,
    /// Takes paths with `%2F` inside a segment. Defaults to false.
    #[serde(default)]
    pub encoded_slash: bool,
    /// Takes paths with `;` inside a segment. Defaults to false.
    #[serde(default)]
    pub semicolon: bool,
}

impl FromStr for Match {
    type Err = Infallible;

    fn from_str(path: &str) -> Result<Self, Infallible> {
        Ok(Self {
            path: path.to_owned(),
            ..Self::default()
        })
    }
}

impl From<&Match> for MatchConfig {
    fn from(matches: &Match) -> Self {
        Self {
            path: matches.path.clone(),
            hosts: matches.host.to_vec(),
            methods: matches.methods.to_vec(),
            headers: matches.headers.clone(),
            query: matches.query.clone(),
            encoded_slash: matches.encoded_slash,
            semicolon: matches.semicolon,
        }
    }
}
