//! Where a provider's operations are.

use std::sync::Arc;

use http::Uri;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::{ProviderError, bedrock, vertex, watsonx};
use crate::{
    call::{Operation, PassOperation},
    dialect::Dialect,
};

/// The URLs of a provider's operations: parsed once where they do not name the model.
pub(super) struct Routes {
    base: Box<str>,
    pub(super) platform: Platform,
    pub(super) dialect: Dialect,
    fixed: Box<[(Operation, Arc<Uri>)]>,
    /// What follows `?` where a platform wants to know the version of its API.
    version: Box<str>,
    /// watsonx.ai: whose models these are.
    pub(super) project: Box<str>,
}

/// Whose paths a dialect's operations have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Platform {
    /// The dialect's own.
    Own,
    /// Vertex AI's: publisher and model, and a method of Google's.
    Vertex,
    /// Bedrock's `invoke`: a model in its maker's words.
    Invoke,
    /// Azure's deployments: the path names one, and the query a version.
    Deployments,
    /// watsonx.ai's: the path says whether a stream is wanted, and the query a version.
    Watsonx,
}

impl Platform {
    /// Whether vectors are asked for as the dialect has it.
    pub(super) const fn has_own_vectors(self) -> bool {
        matches!(self, Self::Own | Self::Deployments)
    }
}

impl Routes {
    /// The conversations of a platform that serves others' models: Gemini's, or Claude's in
    /// Messages.
    pub(super) fn on(platform: Platform, base: &str, dialect: Dialect) -> Self {
        Self {
            base: base.into(),
            platform,
            dialect,
            fixed: Box::default(),
            version: Box::default(),
            project: Box::default(),
        }
    }

    /// The same platform in one version of its API, which has been checked to be fit for a query.
    pub(super) fn in_version(mut self, name: &str, version: &str) -> Self {
        self.version = format!("{name}={version}").into();
        self
    }

    pub(super) fn new(base: &str, dialect: Dialect) -> Result<Self, ProviderError> {
        let operations = [Operation::Chat, Operation::CountTokens]
            .into_iter()
            .chain(PassOperation::ALL.map(Operation::Pass));
        let mut fixed = Vec::new();
        for operation in operations {
            let Some(path) = operation.path(dialect) else {
                continue;
            };
            let uri = match (operation, base.strip_suffix(COHERE)) {
                (Operation::Pass(PassOperation::Rerank), Some(host)) => format!("{host}/v2/rerank"),
                _ => format!("{base}{path}"),
            };
            let uri: Uri = uri.parse().map_err(|_| {
                ProviderError::BaseUrl(format!("`{base}` cannot be extended by `{path}`"))
            })?;
            fixed.push((operation, Arc::new(uri)));
        }
        Ok(Self {
            fixed: fixed.into_boxed_slice(),
            ..Self::on(Platform::Own, base, dialect)
        })
    }

    /// The URL of a path behind the base.
    pub(super) fn at(&self, path: &str) -> Option<Uri> {
        format!("{}{path}", self.base).parse().ok()
    }

    /// The URL of an operation; `None` where the provider does not have it.
    ///
    /// `model` has been checked to be fit for a path.
    pub(super) fn uri(&self, operation: Operation, model: &str, stream: bool) -> Option<Arc<Uri>> {
        let made = match (self.platform, self.dialect) {
            (Platform::Vertex, dialect) => {
                self.at(&vertex::path(dialect, operation, model, stream)?)
            }
            (Platform::Invoke, _) => {
                self.at_model(model, bedrock::invoke_method(operation, stream)?)
            }
            (Platform::Deployments, _) => {
                let (path, version) = (deployed(operation)?, &self.version);
                let model = utf8_percent_encode(model, SEGMENT);
                self.at(&format!("/deployments/{model}{path}?{version}"))
            }
            (Platform::Watsonx, _) => {
                let (path, version) = (watsonx::path(operation, stream)?, &self.version);
                self.at(&format!("{path}?{version}"))
            }
            (Platform::Own, Dialect::Gemini) => {
                let model = model.strip_prefix("models/").unwrap_or(model);
                let method = gemini_method(operation, stream)?;
                self.at(&format!("/models/{model}:{method}"))
            }
            (Platform::Own, Dialect::Converse) => {
                self.at_model(model, bedrock::converse_method(operation, model, stream)?)
            }
            (Platform::Own, _) => {
                let mut fixed = self.fixed.iter();
                let (_, uri) = fixed.find(|(have, _)| *have == operation)?;
                return Some(Arc::clone(uri));
            }
        };
        made.map(Arc::new)
    }

    /// A method of a model of Bedrock's. The model is one segment, whatever an ARN has in it: the
    /// signature covers the path as it is sent.
    fn at_model(&self, model: &str, method: &str) -> Option<Uri> {
        let model = match method {
            "count-tokens" => bedrock::counted(model),
            _ => model,
        };
        let model = utf8_percent_encode(model, SEGMENT);
        self.at(&format!("/model/{model}/{method}"))
    }

    /// Whether some model has an operation here.
    pub(super) fn has(&self, operation: Operation) -> bool {
        // Conversations are translated, whatever the provider speaks.
        if operation == Operation::Chat {
            return true;
        }
        match (self.platform, self.dialect) {
            (Platform::Own, Dialect::Gemini) => gemini_method(operation, false).is_some(),
            (Platform::Own, Dialect::Converse) => bedrock::has(operation),
            (Platform::Invoke, _) => bedrock::invoke_method(operation, false).is_some(),
            (Platform::Vertex, dialect) => vertex::has(dialect, operation),
            (Platform::Deployments, _) => deployed(operation).is_some(),
            (Platform::Watsonx, _) => watsonx::path(operation, false).is_some(),
            (Platform::Own, _) => self.fixed.iter().any(|(have, _)| *have == operation),
        }
    }

    /// The dialect in which this server writes errors: a platform refuses in its own words before a
    /// model's are heard.
    pub(super) fn error_dialect(&self, body: &[u8]) -> Dialect {
        match (self.platform, self.dialect) {
            (Platform::Invoke, _) => Dialect::Converse,
            (Platform::Vertex, Dialect::Messages) if !vertex::is_claudes_error(body) => {
                Dialect::Gemini
            }
            (_, dialect) => dialect,
        }
    }
}

/// What follows the name of a deployment of Azure's.
fn deployed(operation: Operation) -> Option<&'static str> {
    match operation {
        Operation::Pass(PassOperation::Moderations | PassOperation::Rerank) => None,
        operation => operation.path(Dialect::Chat),
    }
}

/// Where Cohere imitates OpenAI, which has nothing to imitate for reranking: that is beside it.
const COHERE: &str = "/compatibility/v1";

/// What Gemini's path ends in.
const fn gemini_method(operation: Operation, stream: bool) -> Option<&'static str> {
    Some(match operation {
        Operation::Chat if stream => "streamGenerateContent?alt=sse",
        Operation::Chat => "generateContent",
        Operation::CountTokens => "countTokens",
        Operation::Pass(PassOperation::Embeddings) => "embedContent",
        Operation::Pass(PassOperation::BatchEmbeddings) => "batchEmbedContents",
        Operation::Pass(_) => return None,
    })
}

/// What RFC 3986 leaves unreserved.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');
