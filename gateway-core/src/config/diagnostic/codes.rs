//! The codes of findings that any config file can have.
//!
//! `GW1…` concerns the text and its shape, `GW21…` what it refers to, `GW3…` warnings. A program
//! adds its own codes for its own rules.

/// The text is not YAML, TOML or JSON.
pub const SYNTAX: &str = "GW1001";
/// A key stands twice in one map.
pub const DUPLICATE_KEY: &str = "GW1002";
/// A key that nothing reads.
pub const UNKNOWN_FIELD: &str = "GW1003";
/// A number where a text is due, a list where a map is due.
pub const WRONG_TYPE: &str = "GW1004";
/// A required key is absent.
pub const MISSING_FIELD: &str = "GW1005";
/// The right type with a value that means nothing, such as a time without a unit.
pub const INVALID_VALUE: &str = "GW1006";
/// A name that is not in the list of possible names.
pub const UNKNOWN_VARIANT: &str = "GW1007";
/// The file is too large, too deep or expands without bound.
pub const TOO_LARGE: &str = "GW1008";
/// The file cannot be read.
pub const UNREADABLE: &str = "GW1009";
/// An environment variable is not set, or empty.
pub const MISSING_ENV: &str = "GW2101";
/// A file named by `${file:…}` cannot be read.
pub const MISSING_FILE: &str = "GW2102";
/// `${…}` that is no reference.
pub const MALFORMED_REFERENCE: &str = "GW2103";
/// A secret is written out in the file.
pub const LITERAL_SECRET: &str = "GW3101";
