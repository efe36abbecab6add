use std::{
    fs::File,
    io::{BufRead, BufReader},
    path::PathBuf,
    sync::OnceLock,
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
            (None, Some(text)) => base64::engine::general_purpose::STANDARD
                .decode(text)
                .unwrap_or_default(),
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

/// Every recorded exchange of some endpoints; `None`, said loudly, where there are no recordings.
pub(crate) fn exchanges(endpoints: &[&str]) -> Option<Vec<&'static Exchange>> {
    static ALL: OnceLock<Option<Vec<Exchange>>> = OnceLock::new();
    let Some(all) = ALL.get_or_init(read) else {
        eprintln!("SKIPPED: no recorded traffic; 0 exchanges tested");
        return None;
    };
    let found = all
        .iter()
        .filter(|exchange| endpoints.contains(&exchange.endpoint.as_str()));
    let found: Vec<&Exchange> = found.collect();
    assert!(!found.is_empty(), "no exchange of {endpoints:?}");
    Some(found)
}

fn read() -> Option<Vec<Exchange>> {
    let folder = std::env::var_os("GATEWAY_TRAFFIC").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/traffic"),
        PathBuf::from,
    );
    let mut files: Vec<PathBuf> = std::fs::read_dir(&folder)
        .ok()?
        .flatten()
        .map(|entry| entry.path())
        .collect();
    files.sort();
    let wanted: Vec<&str> = DIALECTS
        .iter()
        .flat_map(|dialect| endpoints(*dialect))
        .copied()
        .collect();
    let mut found = Vec::new();
    for file in files
        .iter()
        .filter(|file| file.extension().is_some_and(|kind| kind == "gz"))
    {
        let reader = BufReader::new(GzDecoder::new(File::open(file).unwrap()));
        for line in reader.lines() {
            let exchange: Exchange = serde_json::from_str(&line.unwrap()).unwrap();
            // The Assistants API has messages of its own, and batches are another surface.
            if wanted.contains(&exchange.endpoint.as_str())
                && !exchange.request.uri.contains("/threads/")
                && !exchange.request.uri.contains(":batch")
            {
                found.push(exchange);
            }
        }
    }
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
pub(crate) const DIALECTS: [Dialect; 5] = [
    Dialect::Chat,
    Dialect::Responses,
    Dialect::Messages,
    Dialect::Gemini,
    Dialect::Converse,
];
