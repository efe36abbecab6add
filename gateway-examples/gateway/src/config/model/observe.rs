use schemars::JsonSchema;
use serde::Deserialize;

/// What is recorded about requests.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Observe {}
