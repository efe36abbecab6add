use std::collections::BTreeMap;

use gateway_core::config::{ByteSize, ConfigError};
use http::StatusCode;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{OnUnreadable, RequestRules, ResponseRules, TransformLayer};

/// What to change in requests and responses.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TransformConfig {
    /// What to change in requests.
    pub request: RequestConfig,
    /// What to change in responses.
    pub response: ResponseConfig,
    /// The largest JSON body that is edited. Defaults to 1MiB.
    pub max_body: Option<ByteSize>,
    /// What becomes of a response whose JSON cannot be edited. Defaults to refuse.
    pub on_unreadable: Unreadable,
}

/// What becomes of a response whose JSON cannot be edited.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Unreadable {
    /// It is refused with 502.
    #[default]
    Refuse,
    /// It is passed on as it is.
    Pass,
}

/// Texts by name.
type Texts = BTreeMap<String, String>;

/// What to change in requests: removals, then renames, sets, additions.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RequestConfig {
    /// Headers to remove.
    pub remove_headers: Vec<String>,
    /// Headers to rename: old name to new.
    pub rename_headers: Texts,
    /// Headers to set: name to template.
    pub set_headers: Texts,
    /// Header lines to add: name to template.
    pub add_headers: Texts,
    /// Query parameters to remove.
    pub remove_query: Vec<String>,
    /// Query parameters to rename: old name to new.
    pub rename_query: Texts,
    /// Query parameters to set: name to template.
    pub set_query: Texts,
    /// Query parameters to add: name to template.
    pub add_query: Texts,
    /// Segments to take off the front of the path.
    pub strip_prefix: Option<String>,
    /// Segments to put in front of the path.
    pub add_prefix: Option<String>,
    /// The path instead, with `{name}` for the parameters of the route.
    pub path: Option<String>,
    /// JSON places to remove, as pointers (`/a/b`) or paths (`$.a.b`).
    pub remove_json: Vec<String>,
    /// JSON places to rename: old place to new.
    pub rename_json: Texts,
    /// JSON places to set: place to value.
    pub set_json: Map<String, Value>,
    /// JSON values to add: place to value.
    pub add_json: Map<String, Value>,
}

/// What to change in responses: removals, then renames, sets, additions.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ResponseConfig {
    /// Headers to remove.
    pub remove_headers: Vec<String>,
    /// Headers to rename: old name to new.
    pub rename_headers: Texts,
    /// Headers to set: name to template.
    pub set_headers: Texts,
    /// Header lines to add: name to template.
    pub add_headers: Texts,
    /// Statuses to answer with: what came to what goes.
    pub status: BTreeMap<String, u16>,
    /// JSON places to remove, as pointers (`/a/b`) or paths (`$.a.b`).
    pub remove_json: Vec<String>,
    /// JSON places to rename: old place to new.
    pub rename_json: Texts,
    /// JSON places to set: place to value.
    pub set_json: Map<String, Value>,
    /// JSON values to add: place to value.
    pub add_json: Map<String, Value>,
}

impl TransformLayer {
    /// Builds the layer from its configuration.
    ///
    /// # Errors
    ///
    /// If a rule is refused, with its path.
    pub fn from_config(config: &TransformConfig) -> Result<Self, ConfigError> {
        let response = response_rules(&config.response)?;
        let mut layer = Self::new(request_rules(&config.request), response)
            .map_err(|error| ConfigError::new(error.path(), error.message()))?
            .on_unreadable(match config.on_unreadable {
                Unreadable::Refuse => OnUnreadable::Refuse,
                Unreadable::Pass => OnUnreadable::Pass,
            });
        if let Some(bytes) = config.max_body {
            layer = layer.max_body(bytes.as_usize());
        }
        Ok(layer)
    }
}

/// Calls a setter of the rules for each item of a list or map of the configuration.
macro_rules! rules {
    ($rules:expr, $config:expr, names: [$($name:ident => $set_name:ident),*],
     pairs: [$($pair:ident => $set_pair:ident),*]) => {{
        let mut rules = $rules;
        $(for name in &$config.$name {
            rules = rules.$set_name(name);
        })*
        $(for (name, value) in &$config.$pair {
            rules = rules.$set_pair(name, value.clone());
        })*
        rules
    }};
}

fn request_rules(config: &RequestConfig) -> RequestRules {
    let mut rules = rules!(RequestRules::new(), config,
    names: [
        remove_headers => remove_header, remove_query => remove_query,
        remove_json => remove_json
    ],
    pairs: [
        rename_headers => rename_header, set_headers => set_header, add_headers => add_header,
        rename_query => rename_query, set_query => set_query, add_query => add_query,
        rename_json => rename_json, set_json => set_json, add_json => add_json
    ]);
    if let Some(prefix) = &config.strip_prefix {
        rules = rules.strip_prefix(prefix);
    }
    if let Some(prefix) = &config.add_prefix {
        rules = rules.add_prefix(prefix);
    }
    if let Some(path) = &config.path {
        rules = rules.path(path);
    }
    rules
}

fn response_rules(config: &ResponseConfig) -> Result<ResponseRules, ConfigError> {
    let mut rules = rules!(ResponseRules::new(), config,
    names: [remove_headers => remove_header, remove_json => remove_json],
    pairs: [
        rename_headers => rename_header, set_headers => set_header, add_headers => add_header,
        rename_json => rename_json, set_json => set_json, add_json => add_json
    ]);
    for (from, to) in &config.status {
        let status = |code: Option<u16>| code.and_then(|code| StatusCode::from_u16(code).ok());
        let (Some(old), Some(new)) = (status(from.parse().ok()), status(Some(*to))) else {
            let path = format!("response.status.{from}");
            return Err(ConfigError::new(
                path,
                "a status is a number from 100 to 999",
            ));
        };
        rules = rules.status(old, new);
    }
    Ok(rules)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn build(json: &str) -> Result<TransformLayer, ConfigError> {
        TransformLayer::from_config(&serde_json::from_str(json).unwrap())
    }

    #[test]
    fn every_key_reaches_the_rules() {
        let layer = build(
            r#"{"request": {"remove_headers": ["r1"], "rename_headers": {"r2": "r3"},
                "set_headers": {"r4": "v4"}, "add_headers": {"r5": "v5"}, "remove_query": ["q1"],
                "rename_query": {"q2": "q3"}, "set_query": {"q4": "w4"}, "add_query": {"q5": "w5"},
                "strip_prefix": "/s1", "add_prefix": "/a1", "remove_json": ["/j1"],
                "rename_json": {"/j2": "/j3"}, "set_json": {"/j4": 41}, "add_json": {"/j5": 51}},
                "response": {"remove_headers": ["p1"], "rename_headers": {"p2": "p3"},
                "set_headers": {"p4": "z4"}, "add_headers": {"p5": "z5"}, "status": {"404": 210},
                "remove_json": ["$.k1"], "rename_json": {"/k2": "/k3"}, "set_json": {"/k4": 42},
                "add_json": {"/k5": 52}}, "max_body": "3KiB", "on_unreadable": "pass"}"#,
        );
        let text = format!("{:?}", layer.unwrap());
        for part in [
            "r1", "r2", "r3", "r4", "v4", "r5", "v5", "q1", "q2", "q3", "q4", "w4", "q5", "w5",
            "/s1", "/a1", "j1", "j2", "j3", "j4", "41", "j5", "51", "p1", "p2", "p3", "p4", "z4",
            "p5", "z5", "404", "210", "k1", "k2", "k3", "k4", "42", "k5", "52", "3072", "Pass",
        ] {
            assert!(text.contains(part), "{part} in {text}");
        }
        assert!(format!("{:?}", build(r#"{"request": {"path": "/v3"}}"#).unwrap()).contains("/v3"));
    }

    #[test]
    fn mistakes_have_a_path() {
        assert!(serde_json::from_str::<TransformConfig>(r#"{"request": {"set": {}}}"#).is_err());
        for (json, path) in [
            (
                r#"{"request": {"set_headers": {"x": "${y}"}}}"#,
                "request.set_headers.x",
            ),
            (
                r#"{"response": {"status": {"abc": 200}}}"#,
                "response.status.abc",
            ),
            (
                r#"{"response": {"status": {"200": 204}}}"#,
                "response.status.200",
            ),
            (
                r#"{"response": {"remove_json": ["x"]}}"#,
                "response.remove_json.x",
            ),
        ] {
            assert_eq!(build(json).unwrap_err().path(), path);
        }
    }
}
