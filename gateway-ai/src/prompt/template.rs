use std::fmt;

use minijinja::{AutoEscape, Environment, UndefinedBehavior, value::Serde};
use serde_json::Value;

/// A compiled pair of templates in a sandbox of its own.
///
/// There is no loader, so a template cannot read another one or a file; undefined variables are
/// errors; every instruction burns fuel, so no template and no value can make it run for long.
/// Values are data: they are never compiled, whatever braces they contain.
pub(super) struct Templates {
    environment: Environment<'static>,
    has_system: bool,
}

/// A template makes no sense, or could not be rendered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("template `{template}`: {message}")]
pub struct TemplateError {
    template: &'static str,
    message: String,
}

impl Templates {
    pub(super) fn new(system: Option<String>, user: String) -> Result<Self, TemplateError> {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_auto_escape_callback(|_| AutoEscape::None);
        environment.set_fuel(Some(FUEL));
        environment.set_recursion_limit(RECURSION);
        let has_system = system.is_some();
        for (name, source) in [(SYSTEM, system), (USER, Some(user))] {
            if let Some(source) = source {
                environment
                    .add_template_owned(name, source)
                    .map_err(|error| TemplateError {
                        template: name,
                        message: error.to_string(),
                    })?;
            }
        }
        Ok(Self {
            environment,
            has_system,
        })
    }

    /// The variables the templates use.
    pub(super) fn variables(&self) -> Vec<String> {
        let mut names = Vec::new();
        for name in [SYSTEM, USER] {
            if let Ok(template) = self.environment.get_template(name) {
                names.extend(template.undeclared_variables(false));
            }
        }
        names.retain(|name| !self.environment.globals().any(|(global, _)| global == name));
        names.sort_unstable();
        names.dedup();
        names
    }

    pub(super) fn system(&self, values: &Value) -> Result<Option<String>, TemplateError> {
        if self.has_system {
            self.render(SYSTEM, values).map(Some)
        } else {
            Ok(None)
        }
    }

    pub(super) fn user(&self, values: &Value) -> Result<String, TemplateError> {
        self.render(USER, values)
    }

    fn render(&self, name: &'static str, values: &Value) -> Result<String, TemplateError> {
        self.environment
            .get_template(name)
            .and_then(|template| template.render(Serde(values)))
            .map_err(|error| TemplateError {
                template: name,
                message: error.to_string(),
            })
    }
}

impl fmt::Debug for Templates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Templates")
            .field("has_system", &self.has_system)
            .finish_non_exhaustive()
    }
}

const SYSTEM: &str = "system";
const USER: &str = "user";
const FUEL: u64 = 200_000;
const RECURSION: usize = 64;

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn user(source: &str, values: &Value) -> Result<String, TemplateError> {
        Templates::new(None, source.to_owned())?.user(values)
    }

    #[test]
    fn values_are_data() {
        let values = json!({ "text": "{{ 7 * 7 }}{% for i in range(9) %}x{% endfor %}<b>&" });
        assert_eq!(
            user("{{ text }}", &values).unwrap(),
            values["text"].as_str().unwrap()
        );
    }

    #[test]
    fn undefined_is_an_error() {
        assert!(user("{{ text }}", &json!({})).is_err());
        assert!(user("{{ text.deep.er }}", &json!({ "text": {} })).is_err());
    }

    #[test]
    fn fuel_ends_every_loop() {
        let endless =
            "{% for a in range(9999) %}{% for b in range(9999) %}x{% endfor %}{% endfor %}";
        assert!(
            user(endless, &json!({}))
                .unwrap_err()
                .to_string()
                .contains("fuel")
        );
    }

    #[test]
    fn nothing_outside_can_be_read() {
        for source in [
            "{% include '/etc/passwd' %}",
            "{% import 'x' as y %}{{ y }}",
        ] {
            assert!(user(source, &json!({})).is_err(), "{source}");
        }
        assert!(Templates::new(None, "{{ unclosed".to_owned()).is_err());
    }

    #[test]
    fn knows_its_variables() {
        let templates = Templates::new(
            Some("{{ lang }}".to_owned()),
            "{% for item in items %}{{ item }}{{ range(3) }}{% endfor %}{{ lang }}".to_owned(),
        );
        assert_eq!(templates.unwrap().variables(), ["items", "lang"]);
    }
}
