use schemars::JsonSchema;
use serde::Deserialize;

use super::GrpcWebLayer;

/// gRPC-Web has no options.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GrpcWebConfig {}

impl GrpcWebLayer {
    /// Builds the layer from its configuration.
    #[must_use]
    pub const fn from_config(_: &GrpcWebConfig) -> Self {
        Self::new()
    }
}
