use gateway_core::config::{ConfigError, Duration, Percent};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::balance::{Outliers, SuccessRate};

/// When an endpoint that keeps failing is left alone.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct OutlierConfig {
    /// How many failures in a row are too many: 5xx, and no answer at all. Defaults to 5.
    pub failures: Option<u32>,
    /// How many in a row are too many of those with no answer, or with 502, 503 or 504. Defaults to
    /// `failures`.
    pub gateway_failures: Option<u32>,
    /// Whether failing more often than the others is too often as well. Defaults to no.
    pub success_rate: Option<SuccessRateConfig>,
    /// How long the first ejection lasts. Defaults to `30s`.
    pub eject: Option<Duration>,
    /// The share of endpoints that may be ejected at once. Defaults to `50%`.
    pub max: Option<Percent>,
}

/// When an endpoint fails more often than the others.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SuccessRateConfig {
    /// How long answers are counted before they are compared. Defaults to `10s`.
    pub interval: Option<Duration>,
    /// How many standard deviations below the mean is too low. Defaults to 1.9.
    pub deviations: Option<f64>,
    /// How many requests in the interval an endpoint is judged by at least. Defaults to 100.
    pub min_requests: Option<u32>,
    /// How many endpoints with that many requests there must be. Defaults to 5.
    pub min_endpoints: Option<u32>,
}

impl OutlierConfig {
    pub(super) fn build(&self) -> Result<Outliers, ConfigError> {
        for (path, count) in [
            ("failures", self.failures),
            ("gateway_failures", self.gateway_failures),
        ] {
            if count == Some(0) {
                let message = "an endpoint that never failed is not an outlier";
                return Err(ConfigError::new(path, message));
            }
        }
        if self.eject.is_some_and(|eject| eject.get().is_zero()) {
            return Err(ConfigError::new("eject", "no time to be left alone"));
        }
        let mut outliers = Outliers::new();
        if let Some(failures) = self.failures {
            outliers = outliers.failures(failures);
        }
        if let Some(failures) = self.gateway_failures {
            outliers = outliers.gateway_failures(failures);
        }
        if let Some(rule) = &self.success_rate {
            let rule = rule.build().map_err(|error| error.at("success_rate"))?;
            outliers = outliers.success_rate(rule);
        }
        if let Some(eject) = self.eject {
            outliers = outliers.eject(eject.get());
        }
        if let Some(max) = self.max {
            outliers = outliers.max_percent(max.millionths() / 10_000);
        }
        Ok(outliers)
    }
}

impl SuccessRateConfig {
    fn build(&self) -> Result<SuccessRate, ConfigError> {
        let mut rule = SuccessRate::new();
        if let Some(interval) = self.interval {
            rule = rule.interval(interval.get());
        }
        if let Some(deviations) = self.deviations {
            if !(deviations.is_finite() && deviations > 0.0) {
                return Err(ConfigError::new("deviations", "not above 0"));
            }
            rule = rule.deviations(deviations);
        }
        if let Some(requests) = self.min_requests {
            rule = rule.min_requests(requests);
        }
        if let Some(endpoints) = self.min_endpoints {
            rule = rule.min_endpoints(endpoints as usize);
        }
        Ok(rule)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_reaches_the_rules() {
        let config: OutlierConfig = serde_json::from_str(
            r#"{"failures": 3, "gateway_failures": 2, "eject": "7s", "max": "25%", "success_rate":
                {"interval": "4s", "deviations": 1.5, "min_requests": 9, "min_endpoints": 8}}"#,
        )
        .unwrap();
        let text = format!("{:?}", config.build().unwrap());
        for part in [
            "failures: 3",
            "gateway_failures: Some(2)",
            "eject: 7s",
            "max_percent: 25",
            "interval: 4s",
            "deviations: 1.5",
            "min_requests: 9",
            "min_endpoints: 8",
        ] {
            assert!(text.contains(part), "{part} in {text}");
        }
    }

    #[test]
    fn faults_are_told_with_their_path() {
        for (json, path) in [
            (r#"{"failures": 0}"#, "failures"),
            (r#"{"gateway_failures": 0}"#, "gateway_failures"),
            (r#"{"eject": "0s"}"#, "eject"),
        ] {
            let config: OutlierConfig = serde_json::from_str(json).unwrap();
            assert_eq!(config.build().unwrap_err().path(), path, "{json}");
        }
    }
}
