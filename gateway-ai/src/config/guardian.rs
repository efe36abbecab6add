use std::num::NonZeroU32;

use gateway_core::config::{ConfigError, Duration};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::guardian::Guardian;

/// Turns of one conversation go to one account, whose cache has its beginning.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct GuardianConfig {
    /// Whether they do. Defaults to true; else accounts are taken by turns.
    pub enabled: bool,
    /// How many conversations are remembered at most. Defaults to 10000.
    pub max: Option<NonZeroU32>,
    /// For how long after a turn. Defaults to 1h.
    pub ttl: Option<Duration>,
}

impl GuardianConfig {
    /// The guardian; `None` where none is wanted.
    ///
    /// # Errors
    ///
    /// Where nothing could be remembered.
    pub fn guardian(&self) -> Result<Option<Guardian>, ConfigError> {
        let mut guardian = match self.max {
            Some(max) => Guardian::new(usize::try_from(max.get()).unwrap_or(usize::MAX)),
            None => Guardian::default(),
        };
        if let Some(ttl) = self.ttl {
            if ttl.get().is_zero() {
                let why = "nothing can be remembered: write `enabled: false`";
                return Err(ConfigError::new("ttl", why));
            }
            guardian = guardian.ttl(ttl.get());
        }
        Ok(self.enabled.then_some(guardian))
    }
}

impl Default for GuardianConfig {
    fn default() -> Self {
        Self {
            enabled: true,
            max: None,
            ttl: None,
        }
    }
}
