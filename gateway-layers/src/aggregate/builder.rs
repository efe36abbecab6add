use std::{fmt, sync::Arc, time::Duration};

use gateway_core::SharedService;
use http::{HeaderName, Method};

use super::{Aggregate, OnError, Part, body::BodyTemplate, template::Template};
use crate::transform::Pointer;

/// Builds an [`Aggregate`].
#[derive(Clone, Debug)]
pub struct AggregateBuilder {
    parts: Vec<Part>,
    pub(super) settings: Settings,
}

#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub(super) sequential: bool,
    pub(super) timeout: Duration,
    pub(super) max_bytes: usize,
    pub(super) concurrency: usize,
    pub(super) strict: bool,
}

/// A part that is ready to be asked for.
#[derive(Debug)]
pub(super) struct Ready {
    pub(super) name: String,
    /// `"name":`
    pub(super) member: Vec<u8>,
    pub(super) service: SharedService,
    pub(super) method: Method,
    pub(super) target: Template,
    pub(super) body: Option<BodyTemplate>,
    pub(super) headers: Vec<(HeaderName, Template)>,
    pub(super) timeout: Option<Duration>,
    pub(super) on_error: OnError,
    pub(super) pick: Option<Pointer>,
}

/// Why an aggregate could not be built: which option of which part, and what is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuildError {
    path: String,
    message: String,
}

impl BuildError {
    fn new(path: impl Into<String>, message: impl fmt::Display) -> Self {
        Self {
            path: path.into(),
            message: message.to_string(),
        }
    }

    /// Where, such as `parts.user.pick`.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// What is wrong.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`: {}", self.path, self.message)
    }
}

impl std::error::Error for BuildError {}

impl AggregateBuilder {
    pub(super) const fn new() -> Self {
        Self {
            parts: Vec::new(),
            settings: Settings {
                sequential: false,
                timeout: Duration::from_secs(30),
                max_bytes: 4 * 1024 * 1024,
                concurrency: 16,
                strict: false,
            },
        }
    }

    /// Adds a part; the document's members are in the order of the parts.
    #[must_use]
    pub fn part(mut self, part: Part) -> Self {
        self.parts.push(part);
        self
    }

    /// Asks for one part after the other, so that one can be asked with the answer of another.
    /// Defaults to all at once.
    #[must_use]
    pub const fn sequential(mut self) -> Self {
        self.settings.sequential = true;
        self
    }

    /// How long the whole may take; what has not come by then is late. Defaults to 30 s.
    #[must_use]
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.settings.timeout = timeout;
        self
    }

    /// How much all answers together may hold. Defaults to 4 MiB.
    #[must_use]
    pub const fn max_bytes(mut self, bytes: usize) -> Self {
        self.settings.max_bytes = bytes;
        self
    }

    /// How many parts are asked at a time. Defaults to 16.
    #[must_use]
    pub const fn concurrency(mut self, most: usize) -> Self {
        self.settings.concurrency = most;
        self
    }

    /// Whether the whole fails with any of its parts. Defaults to false.
    #[must_use]
    pub const fn strict(mut self, strict: bool) -> Self {
        self.settings.strict = strict;
        self
    }

    /// The service.
    ///
    /// # Errors
    ///
    /// No parts, or two of one name; templates, headers and pointers that cannot be read; a part
    /// that is asked with one that is not before it.
    pub fn build(self) -> Result<Aggregate, BuildError> {
        if self.parts.is_empty() || self.parts.len() > MAX_PARTS {
            return Err(BuildError::new("parts", "an aggregate has 1 to 64 parts"));
        }
        if self.settings.concurrency == 0 {
            return Err(BuildError::new("concurrency", "no part at a time"));
        }
        let mut ready: Vec<Ready> = Vec::new();
        for part in self.parts {
            let place = format!("parts.{}", part.name);
            let built = Ready::new(part).map_err(|(option, message)| {
                let dot = if option.is_empty() { "" } else { "." };
                BuildError::new(format!("{place}{dot}{option}"), message)
            })?;
            if ready
                .iter()
                .any(|other| other.name == built.name || other.member == built.member)
            {
                return Err(BuildError::new(place, "another part has this name"));
            }
            for needed in built.needs() {
                if !self.settings.sequential {
                    let message =
                        format!("`{needed}` is asked at the same time; make it sequential");
                    return Err(BuildError::new(place, message));
                }
                if !ready.iter().any(|other| other.name == needed) {
                    let message = format!("there is no part `{needed}` before this one");
                    return Err(BuildError::new(place, message));
                }
            }
            ready.push(built);
        }
        Ok(Aggregate::from_ready(Arc::from(ready), self.settings))
    }
}

impl Ready {
    fn new(part: Part) -> Result<Self, (&'static str, String)> {
        let token = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if part.name.is_empty() || !part.name.chars().all(token) {
            // It stands in `x-gateway-partial` and `Server-Timing`.
            return Err((
                "",
                "a name has letters, digits, `-`, `_` and `.`".to_owned(),
            ));
        }
        let mut member = Vec::new();
        super::body::text(part.rename.as_ref().unwrap_or(&part.name), &mut member);
        member.push(b':');
        let method = part.method.as_str().to_ascii_lowercase();
        let option = METHODS.iter().find(|name| **name == method);
        let option = option.copied().unwrap_or("method");
        let read = |body| BodyTemplate::parse(&body).map_err(|error| ("body", error));
        let pick =
            |text: String| Pointer::parse(&text).map_err(|error| ("pick", error.to_string()));
        Ok(Self {
            target: Template::parse_target(&part.target).map_err(|error| (option, error))?,
            body: part.body.map(read).transpose()?,
            headers: headers(&part.headers).map_err(|error| ("headers", error))?,
            pick: part.pick.map(pick).transpose()?,
            member,
            name: part.name,
            service: part.service,
            method: part.method,
            timeout: part.timeout,
            on_error: part.on_error,
        })
    }

    fn needs(&self) -> Vec<String> {
        let in_body = self.body.iter().flat_map(BodyTemplate::templates);
        let in_headers = self.headers.iter().map(|(_, template)| template);
        let all = in_body.chain(in_headers).chain([&self.target]);
        all.flat_map(Template::parts).map(str::to_owned).collect()
    }
}

fn headers(headers: &[(String, String)]) -> Result<Vec<(HeaderName, Template)>, String> {
    let each = headers.iter().map(|(name, template)| {
        let name = HeaderName::try_from(name.as_str())
            .map_err(|_| format!("`{name}` is not a header name"))?;
        Ok((name, Template::parse(template)?))
    });
    each.collect()
}

const MAX_PARTS: usize = 64;
/// The methods that are options of a part in a file.
const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];
