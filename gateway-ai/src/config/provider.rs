use std::collections::BTreeMap;

use gateway_core::config::{ConfigError, OneOrMany, Secret, closest};
use http::{HeaderName, HeaderValue};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    dialect::Dialect,
    providers::{Provider, ProviderBuilder, ProviderError, ProviderSpec, table},
};

/// A model provider.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProviderConfig {
    /// The vendor, or whose API it imitates. Defaults to the provider's own name.
    #[serde(default)]
    pub kind: Option<String>,
    /// What precedes the dialect's own path, `…/v1`. Defaults to the vendor's.
    #[serde(default)]
    pub base_url: Option<String>,
    /// Snowflake, Cloudflare: the account.
    #[serde(default)]
    pub account: Option<String>,
    /// Databricks: the workspace's host.
    #[serde(default)]
    pub workspace: Option<String>,
    /// Azure: the resource.
    #[serde(default)]
    pub resource: Option<String>,
    /// Keys, by reference. They take turns; one that is refused rests. Blank ones are left out.
    #[serde(default = "no_keys")]
    pub keys: OneOrMany<Secret>,
    /// Client headers passed on beside the dialect's own.
    #[serde(default)]
    pub forward_headers: OneOrMany<String>,
    /// Headers sent with every call.
    #[serde(default)]
    pub extra_headers: BTreeMap<String, String>,
    /// Which of OpenAI's dialects it speaks, `chat` and `responses`: the first with clients of any
    /// other, each with its own. Defaults to what the vendor speaks, and to `chat` behind a
    /// `base_url` of one's own.
    #[serde(default)]
    pub dialects: OneOrMany<OpenAiDialect>,
    /// Bedrock: the AWS region. watsonx.ai: the region of the instance.
    #[serde(default)]
    pub region: Option<String>,
    /// Bedrock: the access key requests are signed with.
    #[serde(default)]
    pub access_key_id: Option<Secret>,
    /// Bedrock: its secret.
    #[serde(default)]
    pub secret_access_key: Option<Secret>,
    /// Bedrock: the token of a temporary access key.
    #[serde(default)]
    pub session_token: Option<Secret>,
    /// Vertex AI: the JSON of a service account or of a user's application default credentials.
    /// Defaults to the machine's account, by Google's metadata server.
    #[serde(default)]
    pub credentials: Option<Secret>,
    /// Vertex AI: the project. Defaults to the account's. watsonx.ai: the project's id.
    #[serde(default)]
    pub project: Option<String>,
    /// Vertex AI: where. Defaults to `global`.
    #[serde(default)]
    pub location: Option<String>,
    /// Azure: the Entra tenant of an application that calls instead of a key.
    #[serde(default)]
    pub tenant_id: Option<String>,
    /// Azure: the application.
    #[serde(default)]
    pub client_id: Option<String>,
    /// Azure: its secret.
    #[serde(default)]
    pub client_secret: Option<Secret>,
    /// Azure: the version of the API, `2024-10-21`: deployments are called by it. Defaults to none, and
    /// to `/openai/v1`. watsonx.ai: the version of the API.
    #[serde(default)]
    pub api_version: Option<String>,
    /// Vertex AI, Azure and watsonx.ai: who gives access tokens, instead of the cloud's own endpoint.
    #[serde(default)]
    pub token_url: Option<String>,
}

/// One of OpenAI's dialects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OpenAiDialect {
    /// Chat Completions.
    Chat,
    /// Responses.
    Responses,
}

impl From<OpenAiDialect> for Dialect {
    fn from(dialect: OpenAiDialect) -> Self {
        match dialect {
            OpenAiDialect::Chat => Self::Chat,
            OpenAiDialect::Responses => Self::Responses,
        }
    }
}

impl ProviderConfig {
    pub(super) fn builder(&self, name: &str) -> Result<ProviderBuilder, ConfigError> {
        let kind = self.kind.as_deref().unwrap_or(name);
        let spec = table::find(kind).ok_or_else(|| self.unknown(kind))?;
        let mut builder = Provider::builder(name, spec);
        if let Some((first, also)) = self.spoken(spec)? {
            builder = builder.dialects(first, also);
        }
        if let Some(url) = &self.base_url {
            builder = builder.base_url(url.as_str());
        }
        for (variable, value) in [
            ("account", &self.account),
            ("workspace", &self.workspace),
            ("resource", &self.resource),
        ] {
            if let Some(value) = value {
                builder = builder.variable(variable, value.as_str());
            }
        }
        if let Some(version) = &self.api_version {
            builder = builder.api_version(version.as_str());
        }
        for key in self.keys.iter() {
            builder = builder.key(key.expose());
        }
        for (index, header) in self.forward_headers.iter().enumerate() {
            let header: HeaderName = header
                .parse()
                .map_err(|error| ConfigError::new(format!("forward_headers[{index}]"), error))?;
            builder = builder.forward_header(header);
        }
        for (header, value) in &self.extra_headers {
            let at = |error: String| ConfigError::new(format!("extra_headers.{header}"), error);
            let name: HeaderName = header
                .parse()
                .map_err(|_| at("not a header name".to_owned()))?;
            let value = HeaderValue::try_from(value.as_str())
                .map_err(|_| at("not a header value".to_owned()))?;
            builder = builder.extra_header(name, value);
        }
        self.cloud(spec, builder)
    }

    /// The dialects that are named, the first one and the other.
    fn spoken(
        &self,
        spec: &ProviderSpec,
    ) -> Result<Option<(Dialect, Option<Dialect>)>, ConfigError> {
        let wrong = |why: String| ConfigError::new("dialects", why);
        let spoken: Vec<Dialect> = self.dialects.iter().map(|one| (*one).into()).collect();
        match spoken.as_slice() {
            [] => Ok(None),
            _ if !matches!(spec.dialect, Dialect::Chat | Dialect::Responses) => Err(wrong(
                format!("{} speaks neither of OpenAI's dialects", spec.title),
            )),
            [one] => Ok(Some((*one, None))),
            [first, also] if first != also => Ok(Some((*first, Some(*also)))),
            _ => Err(wrong("each dialect may be named once".to_owned())),
        }
    }

    fn unknown(&self, kind: &str) -> ConfigError {
        let field = if self.kind.is_some() { "kind" } else { "" };
        let error = ConfigError::new(field, format!("`{kind}` is not a known kind of provider"));
        match closest(kind, table::all().map(|spec| spec.kind)) {
            Some(known) => error.with_help(format!("did you mean `{known}`?")),
            None => error.with_help("say whose API it speaks: `kind: openai` or `kind: anthropic`"),
        }
    }
}

/// A secret has no default, so a list of them has none of its own.
const fn no_keys() -> OneOrMany<Secret> {
    OneOrMany(Vec::new())
}

/// Where in a provider's section a fault stands.
pub(super) fn located(error: &ProviderError) -> ConfigError {
    let field = match error {
        ProviderError::BaseUrl(_) => "base_url",
        ProviderError::Variable { name, .. } => name,
        ProviderError::Key(_) => "keys",
        ProviderError::Credentials(_) => "credentials",
        ProviderError::Header(_) => "forward_headers",
        ProviderError::Name(_) => "",
    };
    ConfigError::new(field, error)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::providers::HttpClient;

    fn provider(kind: &str, more: &[(&str, Value)]) -> Result<Provider, ConfigError> {
        let mut config = json!({ "kind": kind, "keys": "k" });
        for (name, value) in more {
            config[*name] = value.clone();
        }
        let config: ProviderConfig = serde_json::from_value(config).unwrap();
        let builder = config.builder("one")?;
        builder
            .build(HttpClient::default())
            .map_err(|error| located(&error))
    }

    #[test]
    fn a_vendor_speaks_what_it_has_and_a_server_of_ones_own_what_is_said() {
        let own = ("base_url", json!("http://127.0.0.1:9/v1"));
        let both = ("dialects", json!(["responses", "chat"]));
        for (kind, more, first, responses) in [
            ("openai", vec![], Dialect::Chat, true),
            ("mistral", vec![], Dialect::Chat, false),
            ("openai", vec![own.clone()], Dialect::Chat, false),
            ("openai", vec![own.clone(), both], Dialect::Responses, true),
            (
                "openai",
                vec![("dialects", json!("chat"))],
                Dialect::Chat,
                false,
            ),
            ("azure", vec![own], Dialect::Chat, true),
        ] {
            let built = provider(kind, &more).unwrap();
            let spoken = (built.dialect(), built.speaks(Dialect::Responses));
            assert_eq!(spoken, (first, responses), "{kind} {more:?}");
        }
    }

    #[test]
    fn dialects_that_make_no_sense_are_refused_by_name() {
        for (kind, dialects) in [
            ("openai", json!(["chat", "chat"])),
            ("openai", json!(["chat", "responses", "chat"])),
            ("anthropic", json!("responses")),
        ] {
            let error = provider(kind, &[("dialects", dialects.clone())]).unwrap_err();
            assert_eq!(error.path(), "dialects", "{kind} {dialects}");
        }
    }
}
