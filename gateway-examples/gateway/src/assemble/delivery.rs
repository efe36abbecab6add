use std::collections::BTreeMap;

use gateway_core::{SharedService, config::ConfigError};
use gateway_layers::{
    aggregate::{Aggregate, AggregateConfig},
    mirror::{MirrorConfig, MirrorLayer, Mirrored},
    observe::{Counter, Metrics},
    split::{Split, SplitConfig, Weights},
};

use super::{
    counted::counted,
    upstream::{UpstreamService, Upstreams},
};
use crate::{config::Config, reload::Draft};

/// The weights of the routes that are split, by route.
pub(super) type Splits = BTreeMap<Box<str>, Weights>;

/// What a route needs that goes to more than one upstream.
#[derive(Clone, Copy, Debug)]
pub(super) struct Delivery<'a> {
    pub(super) upstreams: &'a Upstreams,
    pub(super) splits: &'a Splits,
    pub(super) metrics: &'a Metrics,
}

/// The weights of all splits. Those an operator has set outlast a reload for as long as the file
/// says the same about the shares; who edits the shares in the file means the file.
pub(super) fn splits(config: &Config, stores: &Draft, errors: &mut Vec<ConfigError>) -> Splits {
    let mut splits = Splits::new();
    for (name, route) in config.routes.iter() {
        let Some(split) = &route.split else { continue };
        let key = format!("split/{name}/{:?}", split.to);
        match stores.try_get_or(&key, || split.weights()) {
            Ok(weights) => {
                splits.insert(name.into(), Weights::clone(&weights));
            }
            Err(error) => errors.push(error.at(&format!("routes.{name}.split"))),
        }
    }
    splits
}

impl Delivery<'_> {
    pub(super) fn split(
        self,
        route: &str,
        config: &SplitConfig,
    ) -> Result<Split<UpstreamService>, ConfigError> {
        // Without weights there was an error, and it has been told.
        let weights = match self.splits.get(route) {
            Some(weights) => weights.clone(),
            None => config.weights()?,
        };
        Split::from_config(config, weights, |name| {
            Some(self.upstreams.get(name)?.service.clone())
        })
    }

    pub(super) fn aggregate(self, config: &AggregateConfig) -> Result<Aggregate, ConfigError> {
        Aggregate::from_config(config, |name| self.shared(name))
    }

    pub(super) fn mirror(
        self,
        route: &str,
        config: &MirrorConfig,
    ) -> Result<MirrorLayer, ConfigError> {
        let Some(target) = self.shared(&config.to) else {
            let message = format!("upstream `{}` is not defined or cannot be built", config.to);
            return Err(ConfigError::new("to", message));
        };
        let counters = Mirrored::ALL.map(|end| (end, self.counter(route, end)));
        let layer = MirrorLayer::from_config(config, target)?;
        Ok(layer.on_end(move |end: Mirrored| {
            if let Some((_, counter)) = counters.iter().find(|(known, _)| *known == end) {
                counter.inc();
            }
        }))
    }

    fn counter(self, route: &str, end: Mirrored) -> Counter {
        self.metrics.labelled_counter(
            "mirror",
            "Requests to be mirrored, by how that ended",
            &[("route", route), ("outcome", end.as_str())],
        )
    }

    fn shared(self, upstream: &str) -> Option<SharedService> {
        let built = self.upstreams.get(upstream)?;
        Some(counted(built.service.clone(), self.metrics.clone()))
    }
}
