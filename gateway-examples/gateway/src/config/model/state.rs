use gateway_core::config::ByteSize;
use schemars::JsonSchema;
use serde::Deserialize;

/// Where state lives that outlasts a request.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct State {
    /// Responses that the `cache` layers keep.
    pub cache: CacheState,
}

/// Responses that the `cache` layers keep, all of them together.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CacheState {
    /// How much memory they may take. Defaults to `64MiB`.
    pub memory: ByteSize,
}

impl Default for CacheState {
    fn default() -> Self {
        Self {
            memory: ByteSize::mib(64),
        }
    }
}
