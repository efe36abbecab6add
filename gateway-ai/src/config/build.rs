use gateway_core::config::ConfigError;

use super::{AiConfig, provider};
use crate::{
    dialect::Dialect,
    edge::AiService,
    models::{AliasError, Models, ModelsError},
    providers::HttpClient,
};

impl AiService {
    /// Builds the gateway from its configuration; `client` calls the providers.
    ///
    /// # Errors
    ///
    /// If a provider is unknown, has no key or no usable address; an alias names nothing or leads
    /// back to itself; a prompt does not compile or names a model that does not exist.
    pub fn from_config(config: &AiConfig, client: HttpClient) -> Result<Self, ConfigError> {
        let mut models = Models::new()
            .client(client)
            .fallback(config.fallback.policy())
            .strict(config.strict)
            .prices(config.prices.prices().map_err(|error| error.at("prices"))?);
        for (name, entry) in config.providers.iter() {
            let at = |error: ConfigError| error.at(&format!("providers.{name}"));
            models = models.provider(name, entry.builder(name).map_err(at)?);
        }
        for (name, entry) in config.models.iter() {
            let at = |error: ConfigError| error.at(&format!("models.{name}"));
            models = models.alias(name, entry.alias().map_err(at)?);
        }
        let mut service = models
            .service()
            .map_err(|error| located(&error))?
            .stream_cost(config.stream_cost.into())
            .keeper(config.keeper.keeper().map_err(|error| error.at("keeper"))?)
            .profiles(config.profiles()?)
            .guardian(
                config
                    .guardian
                    .guardian()
                    .map_err(|error| error.at("guardian"))?,
            );
        service = files(config, service)?;
        service = config
            .websocket
            .limit(service)
            .map_err(|error| error.at("websocket"))?;
        if let Some(limit) = config.max_request {
            let bytes = usize::try_from(limit.get()).unwrap_or(usize::MAX);
            service = service.request_limit(bytes);
        }
        #[cfg(feature = "prompt")]
        {
            service = prompts(config, service)?;
        }
        Ok(service)
    }
}

/// Names who keeps files: each for clients of an API that no other one named here speaks.
fn files(config: &AiConfig, service: AiService) -> Result<AiService, ConfigError> {
    let wrong = |why: String| ConfigError::new("files", why);
    let mut taken: Vec<Dialect> = Vec::new();
    for name in config.files.iter() {
        let provider = service.catalog().providers().get(name);
        let provider =
            provider.ok_or_else(|| wrong(format!("there is no provider `{name}` here")))?;
        let spoken = [Dialect::Chat, Dialect::Messages].into_iter();
        let spoken: Vec<_> = spoken.filter(|one| provider.keeps_files(*one)).collect();
        match spoken.as_slice() {
            [] => return Err(wrong(format!("`{name}` has no files"))),
            [one] if taken.contains(one) => {
                return Err(wrong(format!(
                    "`{name}`: another provider keeps files for clients of this API"
                )));
            }
            spoken => taken.extend(spoken),
        }
    }
    let names: Vec<&str> = config.files.iter().map(String::as_str).collect();
    Ok(service.files(names))
}

#[cfg(feature = "prompt")]
fn prompts(config: &AiConfig, service: AiService) -> Result<AiService, ConfigError> {
    let mut prompts: Vec<crate::prompt::Prompt> = Vec::new();
    for (name, entry) in config.prompts.iter() {
        let at = |error: ConfigError| error.at(&format!("prompts.{name}"));
        let prompt = entry.build(name).map_err(at)?;
        if service.catalog().targets(prompt.model()).is_none() {
            let message = format!("the model `{}` does not exist", prompt.model());
            return Err(at(ConfigError::new("model", message)));
        }
        let twin = |other: &crate::prompt::Prompt| {
            (other.name(), other.version()) == (prompt.name(), prompt.version())
        };
        if prompts.iter().any(twin) {
            return Err(at(ConfigError::new(
                "version",
                "this version stands here twice",
            )));
        }
        let same_path = |other: &crate::prompt::Prompt| {
            other.name() != prompt.name()
                && other.publish().is_some()
                && other.publish() == prompt.publish()
        };
        if prompts.iter().any(same_path) {
            return Err(at(ConfigError::new(
                "publish",
                "another prompt is published there",
            )));
        }
        prompts.push(prompt);
    }
    let decorator = config.decorate.decorator();
    Ok(service
        .prompts(prompts.into_iter().collect())
        .decorator(decorator))
}

/// Where in the section a fault of the whole stands.
fn located(error: &ModelsError) -> ConfigError {
    match error {
        ModelsError::Provider { name, error } => {
            provider::located(error).at(&format!("providers.{name}"))
        }
        ModelsError::Alias(error) => {
            let (AliasError::Empty { alias }
            | AliasError::Unknown { alias, .. }
            | AliasError::Loop { alias }
            | AliasError::Invalid { alias, .. }) = error;
            ConfigError::new(format!("models.{alias}"), error)
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn build(config: serde_json::Value) -> Result<AiService, ConfigError> {
        let config: AiConfig = serde_json::from_value(config).unwrap();
        AiService::from_config(&config, HttpClient::default())
    }

    #[test]
    fn the_sample_of_the_reference_builds() {
        let mut config = json!({
            "providers": {
                "openai": { "base_url": "http://127.0.0.1:9001/v1", "keys": ["sk-1", ""] },
                "anthropic": { "keys": "sk-2", "forward_headers": ["x-tenant"] },
                "my-vllm": { "kind": "openai", "base_url": "http://127.0.0.1:8000/v1",
                             "extra_headers": { "x-team": "a" } },
            },
            "models": {
                "fast": ["openai/gpt-4o-mini", "anthropic/claude-haiku-4-5"],
                "smart": { "split": { "anthropic/claude-sonnet-4-5": "80%", "openai/gpt-4o": "20%" },
                           "then": ["my-vllm/llama3"] },
                "cheap": "my-vllm/llama3",
            },
            "fallback": { "for": ["connect", 401, 402, 408, 429, "5xx"], "first_token": "10s",
                          "commit": "first_content" },
            "strict": false,
            "max_request": "8MiB",
            "keeper": { "max": "8MiB", "ttl": "30m" },
            "guardian": { "max": 500, "ttl": "10m" },
            "websocket": { "idle": "5m", "total": "30m" },
            "clients": { "langchain": { "keeper": "in_band" } },
        });
        if cfg!(feature = "prompt") {
            config["prompts"] = json!({
                "summarize": {
                    "version": 3,
                    "model": "fast",
                    "vars": { "text": { "type": "string", "max": 20000 },
                              "lang": { "enum": ["en", "de", "fr"], "default": "en" } },
                    "system": "You summarise in {{ lang }}.",
                    "user": "{{ text }}",
                    "publish": "POST /summarize",
                },
                "summarize@2": { "model": "cheap", "user": "x" },
            });
            config["decorate"] = json!({ "prepend_system": "Be kind." });
        }
        let ai = build(config).unwrap();
        assert!(ai.catalog().targets("smart").is_some());
        #[cfg(feature = "prompt")]
        assert_eq!(
            ai.published().collect::<Vec<_>>(),
            [(&http::Method::POST, "/summarize")]
        );
    }

    #[test]
    fn faults_are_located() {
        let local = json!({ "kind": "openai", "base_url": "http://127.0.0.1:1/v1" });
        for (config, path) in [
            (json!({ "providers": { "opnai": {} } }), "providers.opnai"),
            (
                json!({ "providers": { "x": { "kind": "opnai" } } }),
                "providers.x.kind",
            ),
            (
                json!({ "providers": { "openai": {} } }),
                "providers.openai.keys",
            ),
            (
                json!({ "providers": { "azure": { "keys": "k" } } }),
                "providers.azure.resource",
            ),
            (
                json!({ "providers": { "openai": { "base_url": "ftp://x" } } }),
                "providers.openai.base_url",
            ),
            (
                json!({ "providers": { "openai": { "keys": "k", "forward_headers": "cookie" } } }),
                "providers.openai.forward_headers",
            ),
            (json!({ "keeper": { "max": "0B" } }), "keeper.max"),
            (json!({ "clients": { "x": {} } }), "clients.x"),
            (json!({ "files": "openai" }), "files"),
            (
                json!({ "providers": { "l": local }, "files": ["l", "l"] }),
                "files",
            ),
            (json!({ "guardian": { "ttl": "0s" } }), "guardian.ttl"),
            (json!({ "websocket": { "idle": "0s" } }), "websocket.idle"),
            (json!({ "websocket": { "total": "0s" } }), "websocket.total"),
            (json!({ "models": { "a": "b" } }), "models.a"),
            (
                json!({ "prices": { "models": { "a": { "input": 1 } } } }),
                "prices.models.a",
            ),
            (json!({ "models": { "a": "b", "b": "a" } }), "models.a"),
            (json!({ "models": { "a": [] } }), "models.a"),
            (
                json!({ "models": { "a": "groq/llama" } }),
                "providers.groq.keys",
            ),
            (
                json!({ "providers": { "l": local }, "models": { "a": { "split": { "l/x": "50%" } } } }),
                "models.a.split",
            ),
        ] {
            let error = build(config.clone()).unwrap_err();
            assert_eq!(error.path(), path, "{config}: {error}");
        }
    }

    #[cfg(feature = "prompt")]
    #[test]
    fn faults_of_prompts_are_located() {
        let prompt = |fields: serde_json::Value| {
            let mut prompt = json!({ "model": "l/x", "user": "hi" });
            for (name, value) in fields.as_object().unwrap() {
                prompt[name] = value.clone();
            }
            json!({
                "providers": { "l": { "kind": "openai", "base_url": "http://127.0.0.1:1/v1" } },
                "prompts": { "p": prompt },
            })
        };
        assert!(build(prompt(json!({}))).is_ok());
        for (fields, path) in [
            (json!({ "model": "none" }), "prompts.p.model"),
            (json!({ "user": "{{ x }}" }), "prompts.p.vars"),
            (json!({ "user": "{{ x" }), "prompts.p.user"),
            (json!({ "publish": "/p" }), "prompts.p.publish"),
            (json!({ "publish": "GET /p" }), "prompts.p.publish"),
            (json!({ "vars": { "x": { "max": 5 } } }), "prompts.p.vars.x"),
        ] {
            assert_eq!(build(prompt(fields)).unwrap_err().path(), path);
        }
    }

    #[test]
    fn unknown_keys_are_errors() {
        for wrong in [
            json!({ "modles": {} }),
            json!({ "providers": { "openai": { "regin": "x" } } }),
            json!({ "fallback": { "on": [] } }),
            json!({ "fallback": { "for": ["sometimes"] } }),
            json!({ "models": { "a": { "split": {}, "than": [] } } }),
        ] {
            assert!(
                serde_json::from_value::<AiConfig>(wrong.clone()).is_err(),
                "{wrong}"
            );
        }
    }
}
