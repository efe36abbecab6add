use std::fmt;

use serde_json::{Map, Value};

/// What a variable may be: a JSON Schema, written short.
///
/// `min` and `max` mean the length of a string, the value of a number, the size of a list; `enum`
/// and `default` are themselves; every other key is JSON Schema as it stands. A variable without a
/// default is required.
///
/// ```
/// use gateway_ai::prompt::Var;
///
/// let text = Var::string().max(20_000);
/// let lang = Var::one_of(["en", "de", "fr"]).default_to("en");
/// assert!(text.is_required() && !lang.is_required());
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Var {
    schema: Map<String, Value>,
    default: Option<Value>,
}

/// A variable's short form makes no sense.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct VarError(String);

impl Var {
    /// Any text.
    #[must_use]
    pub fn string() -> Self {
        Self {
            schema: Map::from_iter([("type".to_owned(), "string".into())]),
            default: None,
        }
    }

    /// One of these texts.
    pub fn one_of<T: Into<String>>(values: impl IntoIterator<Item = T>) -> Self {
        let values: Vec<Value> = values
            .into_iter()
            .map(|value| Value::from(value.into()))
            .collect();
        Self {
            schema: Map::from_iter([("enum".to_owned(), values.into())]),
            default: None,
        }
    }

    /// The most characters of a text. Defaults to no limit but that of the request.
    #[must_use]
    pub fn max(mut self, characters: u64) -> Self {
        self.schema
            .insert("maxLength".to_owned(), characters.into());
        self
    }

    /// The value where the caller gives none. Defaults to none: the variable is required.
    #[must_use]
    pub fn default_to(mut self, value: impl Into<Value>) -> Self {
        self.default = Some(value.into());
        self
    }

    /// Reads the short form.
    ///
    /// # Errors
    ///
    /// Where `min` or `max` stand without a type they could mean something for.
    pub fn from_short(mut short: Map<String, Value>) -> Result<Self, VarError> {
        let default = short.remove("default");
        let kind = short.get("type").and_then(Value::as_str).map(str::to_owned);
        for (name, [length, value, items]) in [
            ("min", ["minLength", "minimum", "minItems"]),
            ("max", ["maxLength", "maximum", "maxItems"]),
        ] {
            let Some(bound) = short.remove(name) else {
                continue;
            };
            let keyword = match kind.as_deref() {
                Some("string") => length,
                Some("number" | "integer") => value,
                Some("array") => items,
                _ => {
                    return Err(VarError(format!(
                        "`{name}` needs a `type` of string, number, integer or array beside it"
                    )));
                }
            };
            short.insert(keyword.to_owned(), bound);
        }
        Ok(Self {
            schema: short,
            default,
        })
    }

    /// Whether the caller must give a value.
    #[must_use]
    pub const fn is_required(&self) -> bool {
        self.default.is_none()
    }

    /// The JSON Schema, default included.
    #[must_use]
    pub fn schema(&self) -> Value {
        let mut schema = self.schema.clone();
        if let Some(default) = &self.default {
            schema.insert("default".to_owned(), default.clone());
        }
        Value::Object(schema)
    }

    pub(super) const fn default_value(&self) -> Option<&Value> {
        self.default.as_ref()
    }
}

/// The variables of a prompt: their schema as a whole, compiled once.
pub(super) struct Vars {
    vars: Vec<(Box<str>, Var)>,
    validator: jsonschema::Validator,
}

/// A value does not fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct BadValue {
    /// The variable.
    pub(super) name: String,
    /// What is wrong with it.
    pub(super) message: String,
}

impl Vars {
    pub(super) fn new(vars: Vec<(Box<str>, Var)>) -> Result<Self, VarError> {
        let validator = jsonschema::validator_for(&object(&vars))
            .map_err(|error| VarError(format!("not a JSON Schema: {error}")))?;
        let this = Self { vars, validator };
        for (name, var) in &this.vars {
            if let Some(default) = var.default_value()
                && let Ok(alone) = jsonschema::validator_for(&var.schema())
                && !alone.is_valid(default)
            {
                return Err(VarError(format!(
                    "the default of `{name}` does not fit its schema"
                )));
            }
        }
        Ok(this)
    }

    pub(super) fn contains(&self, name: &str) -> bool {
        self.vars.iter().any(|(have, _)| &**have == name)
    }

    pub(super) fn schema(&self) -> Value {
        object(&self.vars)
    }

    /// Fills defaults in and checks the rest. The first fault is reported, by the variable's name.
    pub(super) fn check(&self, mut values: Map<String, Value>) -> Result<Value, BadValue> {
        let bad = |name: &str, message: String| {
            Err(BadValue {
                name: name.to_owned(),
                message,
            })
        };
        for (name, var) in &self.vars {
            if values.contains_key(&**name) {
                continue;
            }
            match var.default_value() {
                Some(default) => _ = values.insert(name.to_string(), default.clone()),
                None => return bad(name, "is required".to_owned()),
            }
        }
        if let Some(unknown) = values.keys().find(|name| !self.contains(name)) {
            return bad(unknown, "is not a variable of this prompt".to_owned());
        }
        let values = Value::Object(values);
        match self.validator.iter_errors(&values).next() {
            None => {}
            Some(error) => {
                let path = error.instance_path().to_string();
                let name = path.trim_start_matches('/').replace('/', ".");
                return bad(&name, shorten(&error.masked().to_string()));
            }
        }
        Ok(values)
    }
}

impl fmt::Debug for Vars {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.vars.iter().map(|(name, _)| name))
            .finish()
    }
}

fn object(vars: &[(Box<str>, Var)]) -> Value {
    let properties: Map<String, Value> = vars
        .iter()
        .map(|(name, var)| (name.to_string(), var.schema()))
        .collect();
    let required: Vec<Value> = vars
        .iter()
        .filter(|(_, var)| var.is_required())
        .map(|(name, _)| Value::from(&**name))
        .collect();
    serde_json::json!({
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    })
}

/// Messages quote schemas, which may be long.
fn shorten(message: &str) -> String {
    message.chars().take(300).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn vars(short: Value) -> Vars {
        let Value::Object(short) = short else {
            panic!("an object")
        };
        let vars = short.into_iter().map(|(name, short)| {
            let Value::Object(short) = short else {
                panic!("an object")
            };
            (name.into_boxed_str(), Var::from_short(short).unwrap())
        });
        Vars::new(vars.collect()).unwrap()
    }

    #[track_caller]
    fn fault(vars: &Vars, values: Value) -> String {
        let Value::Object(values) = values else {
            panic!("an object")
        };
        vars.check(values).unwrap_err().name
    }

    #[test]
    fn the_short_form_is_a_json_schema() {
        let vars = vars(json!({
            "text": { "type": "string", "max": 5 },
            "lang": { "enum": ["en", "de"], "default": "en" },
            "n": { "type": "integer", "min": 1, "max": 3, "default": 1 },
            "tags": { "type": "array", "max": 1, "items": { "type": "string" }, "default": [] },
        }));
        let ok = vars
            .check(Map::from_iter([("text".to_owned(), json!("hi"))]))
            .unwrap();
        assert_eq!(
            ok,
            json!({ "text": "hi", "lang": "en", "n": 1, "tags": [] })
        );
        assert_eq!(fault(&vars, json!({})), "text");
        assert_eq!(fault(&vars, json!({ "text": "123456" })), "text");
        assert_eq!(fault(&vars, json!({ "text": 5 })), "text");
        assert_eq!(fault(&vars, json!({ "text": "a", "lang": "fr" })), "lang");
        assert_eq!(fault(&vars, json!({ "text": "a", "n": 4 })), "n");
        assert_eq!(
            fault(&vars, json!({ "text": "a", "tags": ["a", "b"] })),
            "tags"
        );
        assert_eq!(fault(&vars, json!({ "text": "a", "tags": [1] })), "tags.0");
        assert_eq!(fault(&vars, json!({ "text": "a", "txet": "b" })), "txet");
    }

    #[test]
    fn values_are_not_repeated_in_messages() {
        let vars = vars(json!({ "text": { "type": "string", "max": 2 } }));
        let secret = json!({ "text": "hunter2" });
        let Value::Object(values) = secret else {
            panic!("an object")
        };
        assert!(!vars.check(values).unwrap_err().message.contains("hunter2"));
    }

    #[test]
    fn nonsense_is_refused_at_build() {
        let short = |value: Value| match value {
            Value::Object(short) => Var::from_short(short),
            _ => panic!("an object"),
        };
        assert!(short(json!({ "max": 5 })).is_err());
        let wrong = short(json!({ "type": "strin" })).unwrap();
        assert!(Vars::new(vec![("a".into(), wrong)]).is_err());
        let default = short(json!({ "type": "string", "default": 5 })).unwrap();
        assert!(Vars::new(vec![("a".into(), default)]).is_err());
    }
}
