use std::{
    fs::File,
    io::{BufRead, BufReader},
    path::PathBuf,
};

use base64::Engine as _;
use flate2::read::GzDecoder;
use gateway_ai::dialect::Dialect;
use serde::Deserialize;

/// One recorded exchange.
#[derive(Debug, Deserialize)]
pub(crate) struct Exchange {
    pub(crate) id: String,
    pub(crate) provider: String,
    pub(crate) endpoint: String,
    pub(crate) request: Request,
    pub(crate) response: Response,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Request {
    pub(crate) uri: String,
    pub(crate) body: Option<serde_json::Value>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) streaming: bool,
    body: Option<String>,
    body_base64: Option<String>,
}

impl Exchange {
    /// The request's bytes, if it had a JSON body.
    pub(crate) fn request_body(&self) -> Option<String> {
        match self.request.body.as_ref()? {
            serde_json::Value::String(text) => Some(text.clone()),
            value => Some(value.to_string()),
        }
    }

    /// The response's bytes.
    pub(crate) fn response_body(&self) -> Vec<u8> {
        match (&self.response.body, &self.response.body_base64) {
            (Some(text), _) => text.clone().into_bytes(),
            (None, Some(text)) => {
                base64::engine::general_purpose::STANDARD.decode(text).unwrap_or_default()
            }
            (None, None) => Vec::new(),
        }
    }

    pub(crate) fn is_ok(&self) -> bool {
        self.response.status == 200
    }

    /// How to name it in a message.
    pub(crate) fn name(&self) -> String {
        format!("{} {} ({})", self.provider, self.endpoint, self.id)
    }
}

/// Every recorded exchange of an endpoint; `None`, said loudly, where there are no recordings.
pub(crate) fn exchanges(endpoints: &[&str]) -> Option<Vec<Exchange>> {
    let folder = std::env::var_os("GATEWAY_TRAFFIC").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/traffic"),
        PathBuf::from,
    );
    let Ok(entries) = std::fs::read_dir(&folder) else {
        eprintln!("SKIPPED: no recorded traffic in {}; 0 exchanges tested", folder.display());
        return None;
    };
    let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    files.sort();
    let mut found = Vec::new();
    for file in files.iter().filter(|file| file.extension().is_some_and(|kind| kind == "gz")) {
        let reader = BufReader::new(GzDecoder::new(File::open(file).unwrap()));
        for line in reader.lines() {
            let exchange: Exchange = serde_json::from_str(&line.unwrap()).unwrap();
            if endpoints.contains(&exchange.endpoint.as_str()) {
                found.push(exchange);
            }
        }
    }
    assert!(!found.is_empty(), "no exchange of {endpoints:?} in {}", folder.display());
    Some(found)
}

/// The endpoints that are a dialect's own.
pub(crate) fn endpoints(dialect: Dialect) -> &'static [&'static str] {
    match dialect {
        Dialect::Chat => &["chat"],
        Dialect::Messages => &["messages"],
        Dialect::Gemini => &["generateContent", "streamGenerateContent"],
        Dialect::Converse => &["converse", "converse-stream"],
        Dialect::Responses => &["responses"],
        _ => &[],
    }
}

/// The dialects that have codecs.
pub(crate) const DIALECTS: [Dialect; 2] = [Dialect::Chat, Dialect::Messages];
