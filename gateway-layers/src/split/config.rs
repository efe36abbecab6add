use gateway_core::{
    Key,
    config::{ConfigError, Named, Percent},
};
use http::HeaderName;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{Split, Weights, WeightsError};

/// The options of a split.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SplitConfig {
    /// The targets with their shares: percentages that make up 100%, or whole numbers that are
    /// relative to each other.
    pub to: Named<WeightConfig>,
    /// The key by which callers keep their target, such as `subject` or `cookie:session`. Defaults
    /// to chance.
    #[serde(default)]
    pub sticky: Option<String>,
    /// A header that names the target. Defaults to none.
    #[serde(default)]
    pub force_header: Option<String>,
    /// A cookie that names the target. Defaults to none.
    #[serde(default)]
    pub force_cookie: Option<String>,
}

/// A share of the requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(
    untagged,
    expecting = "a percentage such as `95%`, or a whole number relative to the others"
)]
#[non_exhaustive]
pub enum WeightConfig {
    /// Of all requests.
    Share(Percent),
    /// Relative to the other targets.
    Parts(u32),
}

impl WeightConfig {
    /// The weights of targets as a [`Weights`] takes them: millionths for percentages.
    ///
    /// # Errors
    ///
    /// Percentages that do not make up 100%, or stand beside whole numbers.
    pub fn numbers<'a>(
        targets: impl IntoIterator<Item = (&'a str, Self)>,
    ) -> Result<Vec<(&'a str, u32)>, String> {
        let (mut shares, mut parts, mut total) = (0, 0, 0_u64);
        let numbers = targets
            .into_iter()
            .map(|(name, weight)| match weight {
                Self::Share(share) => {
                    shares += 1;
                    total += u64::from(share.millionths());
                    (name, share.millionths())
                }
                Self::Parts(number) => {
                    parts += 1;
                    (name, number)
                }
            })
            .collect();
        if shares > 0 && parts > 0 {
            return Err("percentages and whole numbers cannot be mixed".to_owned());
        }
        if shares > 0 && total != WHOLE {
            let percent = total / 10_000;
            return Err(format!("the shares make up {percent}% and not 100%"));
        }
        Ok(numbers)
    }
}

impl SplitConfig {
    /// The weights, which a stack that replaces this one may take over.
    ///
    /// # Errors
    ///
    /// Shares that do not make up 100%, or nothing to split over.
    pub fn weights(&self) -> Result<Weights, ConfigError> {
        let targets = self.to.iter().map(|(name, weight)| (name, *weight));
        let numbers =
            WeightConfig::numbers(targets).map_err(|error| ConfigError::new("to", error))?;
        Weights::new(numbers).map_err(|error| match error {
            WeightsError::Nothing => ConfigError::new("to", error)
                .with_help("name at least one, such as `to: { v1: 95%, v2: 5% }`"),
            error => ConfigError::new("to", error),
        })
    }
}

impl<S: Clone> Split<S> {
    /// Builds the split from its configuration, over `weights` and what `service` has for their
    /// names.
    ///
    /// # Errors
    ///
    /// A target without a service, a key that cannot be read, a name no header or cookie can have.
    pub fn from_config(
        config: &SplitConfig,
        weights: Weights,
        mut service: impl FnMut(&str) -> Option<S>,
    ) -> Result<Self, ConfigError> {
        let mut services = Vec::new();
        for name in weights.names() {
            let unknown = || ConfigError::new(format!("to.{name}"), "there is no such target");
            services.push(service(name).ok_or_else(unknown)?);
        }
        let mut split = Self::from_parts(weights, services);
        if let Some(sticky) = &config.sticky {
            let key: Key = sticky
                .parse()
                .map_err(|error| ConfigError::new("sticky", error))?;
            split = split.sticky(key);
        }
        if let Some(name) = &config.force_header {
            let name = HeaderName::try_from(name.as_str())
                .map_err(|_| ConfigError::new("force_header", "not a header name"))?;
            split = split.force_header(name);
        }
        if let Some(name) = &config.force_cookie {
            if name.is_empty() || name.contains(['=', ';', ' ', ',']) {
                return Err(ConfigError::new("force_cookie", "not a name of a cookie"));
            }
            split = split.force_cookie(name);
        }
        Ok(split)
    }
}

const WHOLE: u64 = 1_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn build(json: &str) -> Result<Split<()>, ConfigError> {
        let config: SplitConfig = serde_json::from_str(json).unwrap();
        Split::from_config(&config, config.weights()?, |name| {
            name.starts_with('v').then_some(())
        })
    }

    #[test]
    fn every_key_reaches_the_split() {
        let json = r#"{"to": {"v1": "95%", "v2": "5%"}, "sticky": "subject",
                       "force_header": "x-canary", "force_cookie": "canary"}"#;
        let text = format!("{:?}", build(json).unwrap());
        for part in [
            r#"("v1", 950000), ("v2", 50000)"#,
            "Some(Subject)",
            r#"Some("x-canary")"#,
            r#"Some("canary")"#,
        ] {
            assert!(text.contains(part), "{part} in {text}");
        }
        let text = format!("{:?}", build(r#"{"to": {"v1": 2, "v2": 1}}"#).unwrap());
        assert!(text.contains(r#"("v1", 2), ("v2", 1)"#), "{text}");
    }

    #[test]
    fn faults_are_told_with_their_path() {
        for (json, path, message) in [
            (r#"{"to": {"v1": "95%", "v2": "4%"}}"#, "to", "99%"),
            (r#"{"to": {"v1": "95%", "v2": 5}}"#, "to", "mixed"),
            (r#"{"to": {}}"#, "to", "above zero"),
            (r#"{"to": {"v1": 0}}"#, "to", "above zero"),
            (r#"{"to": {"x": 1}}"#, "to.x", "no such target"),
            (r#"{"to": {"v1": 1}, "sticky": "sub"}"#, "sticky", "sub"),
            (
                r#"{"to": {"v1": 1}, "force_header": "a b"}"#,
                "force_header",
                "header",
            ),
            (
                r#"{"to": {"v1": 1}, "force_cookie": "a=b"}"#,
                "force_cookie",
                "cookie",
            ),
        ] {
            let error = build(json).unwrap_err();
            assert_eq!(error.path(), path, "{json}");
            assert!(error.to_string().contains(message), "{error}");
        }
        let wrong = serde_json::from_str::<SplitConfig>(r#"{"to": {"v1": 1.5}}"#).unwrap_err();
        assert!(wrong.to_string().contains("`95%`"), "{wrong}");
    }
}
