use std::{io, path::PathBuf};

use gateway_core::config::ConfigError;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{AccessLog, Format, Query};

/// Where and how the access log is written.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AccessLogConfig {
    /// The form of a line. Defaults to `json`.
    #[serde(default)]
    pub format: Format,
    /// `stdout`, `stderr`, or the path of a file to append to. Defaults to `stdout`.
    #[serde(default = "stdout")]
    pub to: String,
    /// What of the query string is shown. Defaults to `omit`.
    #[serde(default)]
    pub query: Query,
}

fn stdout() -> String {
    "stdout".to_owned()
}

impl Default for AccessLogConfig {
    fn default() -> Self {
        Self {
            format: Format::default(),
            to: stdout(),
            query: Query::default(),
        }
    }
}

impl AccessLog {
    /// Opens the log a config file describes.
    ///
    /// # Errors
    ///
    /// If the file cannot be opened.
    pub fn from_config(config: &AccessLogConfig) -> Result<Self, ConfigError> {
        let log = match config.to.as_str() {
            "stdout" => Self::stdout(config.format),
            "stderr" => Self::to_writer(config.format, io::stderr()),
            path => Self::to_file(config.format, &PathBuf::from(path)),
        };
        log.map(|log| log.query(config.query))
            .map_err(|error: io::Error| {
                ConfigError::new("to", format!("cannot append to `{}`: {error}", config.to))
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_standard_streams_are_no_files() {
        for to in ["stdout", "stderr"] {
            let config = AccessLogConfig {
                to: to.to_owned(),
                ..AccessLogConfig::default()
            };
            assert!(AccessLog::from_config(&config).is_ok());
            assert!(!std::path::Path::new(to).exists(), "{to}");
        }
    }

    #[test]
    fn a_file_that_cannot_be_opened_is_named() {
        let config = AccessLogConfig {
            to: "/nowhere/at/all.log".to_owned(),
            ..AccessLogConfig::default()
        };
        let error = AccessLog::from_config(&config).unwrap_err();
        assert_eq!(error.path(), "to");
        assert!(error.to_string().contains("/nowhere/at/all.log"));
    }
}
