use gateway_ai::{config::AiConfig, edge::AiService, providers::HttpClient};
use gateway_core::{SharedService, config::ConfigError};
use gateway_layers::router::{MatchConfig, Rule};

use super::{
    layers::{self, Shared},
    upstream::Upstreams,
};
use crate::config::model::{Layers, Route};

/// Builds a route: its rule and its service, and for a route of models one more for each prompt
/// that is published.
pub(super) fn build(
    name: &str,
    route: &Route,
    layers: &Layers,
    upstreams: &Upstreams,
    shared: &Shared<'_>,
) -> Result<Vec<(Rule, SharedService)>, ConfigError> {
    let matches = MatchConfig::from(&route.matches.0);
    let rule = Rule::from_config(name, &matches).map_err(|error| error.at("match"))?;
    match (&route.ai, &route.to, &route.split, &route.aggregate) {
        (Some(ai), None, None, None) => models(name, ai, (rule, &matches), layers, shared),
        (None, None, Some(split), None) => {
            let split = shared.delivery.split(name, split);
            let split = split.map_err(|error| error.at("split"))?;
            let service = layers::around(name, layers, split, shared).map_err(in_layers)?;
            Ok(vec![(rule, service)])
        }
        (None, None, None, Some(aggregate)) => {
            let aggregate = shared.delivery.aggregate(aggregate);
            let aggregate = aggregate.map_err(|error| error.at("aggregate"))?;
            let service = layers::around(name, layers, aggregate, shared).map_err(in_layers)?;
            Ok(vec![(rule, service)])
        }
        (None, Some(to), None, None) => {
            let Some(built) = upstreams.get(to) else {
                let message = format!("upstream `{to}` is not defined or cannot be built");
                return Err(ConfigError::new("to", message));
            };
            let service =
                layers::around(name, layers, built.service.clone(), shared).map_err(in_layers)?;
            Ok(vec![(rule, service)])
        }
        _ => Err(ConfigError::new(
            "",
            "a route has one of `to`, `split`, `aggregate` and `ai`",
        )),
    }
}

fn models(
    name: &str,
    config: &AiConfig,
    (rule, matches): (Rule, &MatchConfig),
    layers: &Layers,
    shared: &Shared<'_>,
) -> Result<Vec<(Rule, SharedService)>, ConfigError> {
    // The pool of connections survives; the service does not, since a rotated key must not.
    let client = shared.stores.get_or("client/ai", HttpClient::default);
    let service = AiService::from_config(config, HttpClient::clone(&client))
        .map_err(|error| error.at("ai"))?;
    // What clients hold ids of goes on as well: who keeps which answer, and whose proofs were kept.
    let learnt = shared
        .stores
        .get_or(&format!("ai/{name}"), || service.state());
    let service = service.inherit(&learnt);
    let mut rules = vec![rule.allow_encoded_slash(true)];
    for (method, path) in service.published() {
        let published = MatchConfig {
            path: path.to_owned(),
            methods: vec![method.to_string()],
            ..matches.clone()
        };
        rules.push(Rule::from_config(name, &published).map_err(|error| error.at("ai.prompts"))?);
    }
    let service = layers::around_models(name, layers, service, shared).map_err(in_layers)?;
    let each = rules.into_iter().map(|rule| (rule, service.clone()));
    Ok(each.collect())
}

fn in_layers(error: ConfigError) -> ConfigError {
    error.at("layers")
}
