use gateway_layers::request_id::RequestIdConfig;
use schemars::JsonSchema;
use serde::Deserialize;

use super::slot::Slot;

/// The layers of a route, by name.
///
/// It is a map and not a list because their order is not for the file to say: a cache cannot end
/// up outside authentication by accident.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Layers {
    /// Gives every request an id.
    pub request_id: Option<Slot<RequestIdConfig>>,
}

impl Layers {
    /// These layers, with those of `defaults` where nothing is said.
    #[must_use]
    pub fn or(&self, defaults: &Self) -> Self {
        Self {
            request_id: pick(&self.request_id, &defaults.request_id),
        }
    }
}

fn pick<T: Clone>(own: &Option<T>, default: &Option<T>) -> Option<T> {
    own.as_ref().or(default.as_ref()).cloned()
}
