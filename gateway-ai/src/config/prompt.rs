use gateway_core::config::{ConfigError, Named};
use http::Method;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::prompt::{Decorator, Prompt, PromptError, Var};

/// A prompt: templates, their variables, and the model that answers.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PromptConfig {
    /// The version. Defaults to the number after `@` in the name, or 1.
    #[serde(default)]
    pub version: Option<u32>,
    /// Who answers: an alias or `provider/model`.
    pub model: String,
    /// The variables: JSON Schema, or its short form `{ type: string, max: 20000 }`.
    #[serde(default)]
    pub vars: Named<VarConfig>,
    /// The template of the system text.
    #[serde(default)]
    pub system: Option<String>,
    /// The template of the user's turn.
    pub user: String,
    /// The most output tokens. Defaults to the model's own limit.
    #[serde(default)]
    pub max_tokens: Option<u64>,
    /// Where to publish: `POST /summarize`.
    #[serde(default)]
    pub publish: Option<String>,
}

/// What a variable may be.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct VarConfig(pub Map<String, Value>);

/// Text put around every conversation of a route.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DecorateConfig {
    /// System text before the client's own.
    #[serde(default)]
    pub prepend_system: Option<String>,
    /// System text after the client's own.
    #[serde(default)]
    pub append_system: Option<String>,
    /// Text before the first of the user's turns.
    #[serde(default)]
    pub prepend_user: Option<String>,
    /// Text after the last of the user's turns.
    #[serde(default)]
    pub append_user: Option<String>,
}

impl PromptConfig {
    pub(super) fn build(&self, name: &str) -> Result<Prompt, ConfigError> {
        let (name, named) = match name.split_once('@') {
            Some((name, version)) => {
                let version = version.parse().map_err(|_| {
                    ConfigError::new("", "what follows `@` must be a version number")
                })?;
                (name, Some(version))
            }
            None => (name, None),
        };
        let version = match (self.version, named) {
            (Some(one), Some(other)) if one != other => {
                let message = format!("the name says version {other}, this says {one}");
                return Err(ConfigError::new("version", message));
            }
            (version, named) => version.or(named).unwrap_or(1),
        };
        let mut builder = Prompt::builder(name, self.model.as_str())
            .version(version)
            .user(self.user.as_str());
        for (name, var) in self.vars.iter() {
            let var = Var::from_short(var.0.clone())
                .map_err(|error| ConfigError::new(format!("vars.{name}"), error))?;
            builder = builder.var(name, var);
        }
        if let Some(system) = &self.system {
            builder = builder.system(system.as_str());
        }
        if let Some(tokens) = self.max_tokens {
            builder = builder.max_output_tokens(tokens);
        }
        if let Some(publish) = &self.publish {
            let (method, path) = split_publish(publish)?;
            builder = builder.publish(method, path);
        }
        builder.build().map_err(|error| {
            let field = match &error {
                PromptError::Vars(_) | PromptError::Variable { .. } => "vars",
                PromptError::Template(_) => "user",
                PromptError::Name(_) => "publish",
            };
            ConfigError::new(field, error)
        })
    }
}

fn split_publish(publish: &str) -> Result<(Method, &str), ConfigError> {
    let parts = publish
        .split_once(' ')
        .and_then(|(method, path)| Some((method.parse().ok()?, path.trim())));
    parts.ok_or_else(|| {
        ConfigError::new("publish", format!("`{publish}` is not a method and a path"))
            .with_help("write `POST /summarize`")
    })
}

impl DecorateConfig {
    pub(super) fn decorator(&self) -> Decorator {
        let mut decorator = Decorator::new();
        if let Some(text) = &self.prepend_system {
            decorator = decorator.prepend_system(text.as_str());
        }
        if let Some(text) = &self.append_system {
            decorator = decorator.append_system(text.as_str());
        }
        if let Some(text) = &self.prepend_user {
            decorator = decorator.prepend_user(text.as_str());
        }
        if let Some(text) = &self.append_user {
            decorator = decorator.append_user(text.as_str());
        }
        decorator
    }
}
