//! Log lines, written byte by byte into a buffer: no formatting machinery, no intermediate values.

mod clf;
mod escape;
mod json;
mod number;
mod time;

use super::Record;

/// The form of a line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "config", derive(serde::Deserialize, schemars::JsonSchema))]
#[cfg_attr(feature = "config", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Format {
    /// One JSON object a line.
    #[default]
    Json,
    /// The Common Log Format.
    Common,
    /// The Common Log Format with referer and user agent.
    Combined,
}

/// What of the query string a line shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "config", derive(serde::Deserialize, schemars::JsonSchema))]
#[cfg_attr(feature = "config", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Query {
    /// Nothing: keys and tokens travel in queries.
    #[default]
    Omit,
    /// The names, with `***` for each value.
    Names,
    /// All of it.
    Full,
}

impl Format {
    /// Appends the line for `record`, with its line feed.
    pub(super) fn write(self, query: Query, record: &Record<'_>, out: &mut Vec<u8>) {
        match self {
            Self::Json => json::write(query, record, out),
            Self::Common => clf::write(query, record, false, out),
            Self::Combined => clf::write(query, record, true, out),
        }
        out.push(b'\n');
    }
}

impl Query {
    /// Appends `?` and what may be shown, escaped by `escape`.
    fn write(self, query: Option<&str>, out: &mut Vec<u8>, escape: fn(&mut Vec<u8>, &[u8])) {
        let Some(query) = query else { return };
        match self {
            Self::Omit => {}
            Self::Full => {
                out.push(b'?');
                escape(out, query.as_bytes());
            }
            Self::Names => {
                for (index, pair) in query.split('&').enumerate() {
                    out.push(if index == 0 { b'?' } else { b'&' });
                    match pair.split_once('=') {
                        Some((name, _)) => {
                            escape(out, name.as_bytes());
                            out.extend_from_slice(b"=***");
                        }
                        None => out.extend_from_slice(b"***"),
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
