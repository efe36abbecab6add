use std::collections::BTreeMap;

use gateway_core::{
    SharedService,
    config::{ByteSize, ConfigError, Duration, Named},
};
use http::Method;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::{Aggregate, OnError, Part};

/// The options of an aggregate.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AggregateConfig {
    /// The parts, by name, in the order of the document.
    pub parts: Named<PartConfig>,
    /// Whether parts are asked all at once or one after the other. Defaults to `parallel`.
    #[serde(default)]
    pub mode: ModeConfig,
    /// How long the whole may take. Defaults to `30s`.
    #[serde(default)]
    pub timeout: Option<Duration>,
    /// How much all answers together may hold. Defaults to `4MiB`.
    #[serde(default)]
    pub max_bytes: Option<ByteSize>,
    /// How many parts are asked at a time. Defaults to 16.
    #[serde(default)]
    pub concurrency: Option<u16>,
    /// Whether the whole fails with any of its parts. Defaults to false.
    #[serde(default)]
    pub strict: bool,
}

/// In which order parts are asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ModeConfig {
    /// All at once.
    #[default]
    Parallel,
    /// One after the other, so that one can be asked with the answer of another.
    Sequential,
}

/// One part: where, what is asked, and what becomes of the answer.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PartConfig {
    /// Who answers.
    pub to: String,
    /// The path and query that is asked for by GET: `/users/{id}?lang={query:lang|en}`.
    #[serde(default)]
    pub get: Option<String>,
    /// The same by POST.
    #[serde(default)]
    pub post: Option<String>,
    /// The same by PUT.
    #[serde(default)]
    pub put: Option<String>,
    /// The same by PATCH.
    #[serde(default)]
    pub patch: Option<String>,
    /// The same by DELETE.
    #[serde(default)]
    pub delete: Option<String>,
    /// A JSON body; its texts are templates. Defaults to none.
    #[serde(default)]
    pub body: Option<Value>,
    /// Headers to set, by templates.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// How long it may take. Defaults to the time of the whole.
    #[serde(default)]
    pub timeout: Option<Duration>,
    /// What becomes of the whole when this fails. Defaults to `use_null`.
    #[serde(default)]
    pub on_error: OnErrorConfig,
    /// A JSON pointer to what is taken of the answer. Defaults to all of it.
    #[serde(default)]
    pub pick: Option<String>,
    /// The member of the document. Defaults to the name of the part.
    #[serde(default, rename = "as")]
    pub rename: Option<String>,
}

/// What becomes of the whole when a part fails.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum OnErrorConfig {
    /// The part is `null`.
    #[default]
    UseNull,
    /// The part is left out.
    Omit,
    /// The whole fails.
    Fail,
}

impl From<OnErrorConfig> for OnError {
    fn from(config: OnErrorConfig) -> Self {
        match config {
            OnErrorConfig::UseNull => Self::UseNull,
            OnErrorConfig::Omit => Self::Omit,
            OnErrorConfig::Fail => Self::Fail,
        }
    }
}

impl Aggregate {
    /// Builds the aggregate from its configuration, over what `service` has for the names in `to`.
    ///
    /// # Errors
    ///
    /// A name without a service, a part with no path or several, and what
    /// [`build`](super::AggregateBuilder::build) refuses.
    pub fn from_config(
        config: &AggregateConfig,
        mut service: impl FnMut(&str) -> Option<SharedService>,
    ) -> Result<Self, ConfigError> {
        let mut builder = Self::builder().strict(config.strict);
        if config.mode == ModeConfig::Sequential {
            builder = builder.sequential();
        }
        if let Some(timeout) = config.timeout {
            builder = builder.timeout(timeout.get());
        }
        if let Some(bytes) = config.max_bytes {
            builder = builder.max_bytes(bytes.as_usize());
        }
        if let Some(most) = config.concurrency {
            builder = builder.concurrency(usize::from(most));
        }
        for (name, part) in config.parts.iter() {
            let place = format!("parts.{name}");
            let Some(service) = service(&part.to) else {
                let message = format!("there is no `{}`", part.to);
                return Err(ConfigError::new(format!("{place}.to"), message));
            };
            builder = builder.part(
                part.build(name, service)
                    .map_err(|error| error.at(&place))?,
            );
        }
        builder
            .build()
            .map_err(|error| ConfigError::new(error.path(), error.message()))
    }
}

impl PartConfig {
    fn build(&self, name: &str, service: SharedService) -> Result<Part, ConfigError> {
        let (method, target) = self.target()?;
        let mut part = Part::new(name, method, service, target).on_error(self.on_error.into());
        if let Some(body) = &self.body {
            part = part.body(body.clone());
        }
        for (name, template) in &self.headers {
            part = part.header(name, template);
        }
        if let Some(timeout) = self.timeout {
            part = part.timeout(timeout.get());
        }
        if let Some(pointer) = &self.pick {
            part = part.pick(pointer);
        }
        if let Some(member) = &self.rename {
            part = part.rename(member);
        }
        Ok(part)
    }

    fn target(&self) -> Result<(Method, &str), ConfigError> {
        let all = [
            (Method::GET, &self.get),
            (Method::POST, &self.post),
            (Method::PUT, &self.put),
            (Method::PATCH, &self.patch),
            (Method::DELETE, &self.delete),
        ];
        let mut said = all
            .into_iter()
            .filter_map(|(method, target)| Some((method, target.as_deref()?)));
        let help = "write one of `get`, `post`, `put`, `patch`, `delete` with a path";
        let first = said
            .next()
            .ok_or_else(|| ConfigError::new("", "nothing is asked for").with_help(help))?;
        if said.next().is_some() {
            return Err(ConfigError::new("", "two things are asked for").with_help(help));
        }
        Ok(first)
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use gateway_core::{Body, Request, Response};
    use tower::service_fn;

    use super::*;

    fn build(json: &str) -> Result<Aggregate, ConfigError> {
        let service = SharedService::new(service_fn(|_: Request| async {
            Ok::<_, Infallible>(Response::new(Body::empty()))
        }));
        Aggregate::from_config(&serde_json::from_str(json).unwrap(), |name| {
            (name == "crm").then(|| service.clone())
        })
    }

    #[test]
    fn every_key_reaches_the_aggregate() {
        let json = r#"{"mode": "sequential", "timeout": "2s", "max_bytes": "1KiB", "concurrency": 3,
            "strict": true, "parts": {
                "user": {"to": "crm", "get": "/u/{id}", "timeout": "7s", "on_error": "fail",
                         "pick": "$.user", "as": "person"},
                "note": {"to": "crm", "post": "/n", "body": {"a": "{part:user/id}"},
                         "headers": {"x-a": "{header:x-b}"}, "on_error": "omit"}}}"#;
        let text = format!("{:?}", build(json).unwrap());
        let member = format!("{:?}", br#""person":"#.to_vec());
        for part in [
            "sequential: true",
            "timeout: 2s",
            "max_bytes: 1024",
            "concurrency: 3",
            "strict: true",
            "timeout: Some(7s)",
            "on_error: Fail",
            "on_error: Omit",
            "method: POST",
            "\"x-a\"",
            &member,
        ] {
            assert!(text.contains(part), "{part} in {text}");
        }
    }

    #[test]
    fn faults_are_told_with_their_path() {
        for (parts, path, message) in [
            ("", "parts", "1 to 64"),
            (r#""a": {"to": "crm"}"#, "parts.a", "nothing"),
            (
                r#""a": {"to": "crm", "get": "/", "put": "/"}"#,
                "parts.a",
                "two",
            ),
            (r#""a": {"to": "cr", "get": "/"}"#, "parts.a.to", "no `cr`"),
            (r#""a": {"to": "crm", "get": "x"}"#, "parts.a.get", "`/`"),
            (
                r#""a": {"to": "crm", "post": "/{"}"#,
                "parts.a.post",
                "pairs",
            ),
            (
                r#""a b": {"to": "crm", "get": "/"}"#,
                "parts.a b",
                "letters",
            ),
            (
                r#""a": {"to": "crm", "get": "/", "pick": "x"}"#,
                "parts.a.pick",
                "pointer",
            ),
            (
                r#""a": {"to": "crm", "get": "/", "body": "{"}"#,
                "parts.a.body",
                "pairs",
            ),
            (
                r#""a": {"to": "crm", "get": "/", "headers": {"a b": ""}}"#,
                "parts.a.headers",
                "a b",
            ),
            (
                r#""a": {"to": "crm", "get": "/{part:b}"}"#,
                "parts.a",
                "sequential",
            ),
            (
                r#""a": {"to": "crm", "get": "/"}, "b": {"to": "crm", "get": "/", "as": "a"}"#,
                "parts.b",
                "another part",
            ),
        ] {
            let error = build(&format!(r#"{{"parts": {{{parts}}}}}"#)).unwrap_err();
            assert_eq!(error.path(), path, "{parts}");
            assert!(error.to_string().contains(message), "{error}");
        }
        let order = r#"{"mode": "sequential", "parts": {"a": {"to": "crm", "get": "/{part:b}"},
                        "b": {"to": "crm", "get": "/"}}}"#;
        let error = build(order).unwrap_err();
        assert!(error.to_string().contains("before this one"), "{error}");
    }
}
