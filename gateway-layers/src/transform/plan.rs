use http::{HeaderName, StatusCode, header};

use super::{
    RequestRules, ResponseRules, RuleError,
    headers::HeaderEdits,
    json::Op,
    path::{PathEdit, PathTemplate, prefix},
    pointer::Pointer,
    query::QueryEdits,
    rules::{HeaderRules, JsonRules},
    template::Template,
};

/// Rules that have been checked.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) request: RequestPlan,
    pub(super) response: ResponsePlan,
}

#[derive(Clone, Debug)]
pub(super) struct RequestPlan {
    pub(super) headers: HeaderEdits,
    pub(super) query: QueryEdits,
    pub(super) path: PathEdit,
    pub(super) json: Vec<Op>,
    /// Whether a template needs more than the message itself.
    pub(super) needs_facts: bool,
}

#[derive(Clone, Debug)]
pub(super) struct ResponsePlan {
    pub(super) headers: HeaderEdits,
    pub(super) status: Vec<(StatusCode, StatusCode)>,
    pub(super) json: Vec<Op>,
    /// Whether a template needs to know about the request.
    pub(super) needs_facts: bool,
}

impl ResponsePlan {
    pub(super) fn is_empty(&self) -> bool {
        self.headers.is_empty() && self.status.is_empty() && self.json.is_empty()
    }
}

impl Plan {
    pub(super) fn reads_bodies(&self) -> bool {
        !self.request.json.is_empty() || !self.response.json.is_empty()
    }

    pub(super) fn new(request: &RequestRules, response: &ResponseRules) -> Result<Self, RuleError> {
        let headers = header_edits("response", &response.headers)?;
        let request_headers = header_edits("request", &request.headers)?;
        let query = query_edits(request)?;
        let path = path_edit(request)?;
        Ok(Self {
            request: RequestPlan {
                needs_facts: request_headers.needs_facts()
                    || query.needs_facts()
                    || path.rewrite.is_some(),
                headers: request_headers,
                query,
                path,
                json: ops("request", &request.json)?,
            },
            response: ResponsePlan {
                needs_facts: headers.needs_facts(),
                headers,
                status: statuses(&response.status)?,
                json: ops("response", &response.json)?,
            },
        })
    }
}

fn header_edits(side: &str, rules: &HeaderRules) -> Result<HeaderEdits, RuleError> {
    let at = |verb: &str, name: &str| format!("{side}.{verb}_headers.{name}");
    let name = |verb: &str, text: &str| header_name(text, || at(verb, text));
    let pair = |verb: &str, (text, value): &(String, String)| {
        let template = Template::parse(value).map_err(|m| RuleError::new(at(verb, text), m))?;
        Ok((name(verb, text)?, template))
    };
    let pairs = |verb: &str, list: &[(String, String)]| {
        list.iter()
            .map(|rule| pair(verb, rule))
            .collect::<Result<_, RuleError>>()
    };
    Ok(HeaderEdits {
        remove: (rules.remove.iter().map(|text| name("remove", text)))
            .collect::<Result<_, RuleError>>()?,
        rename: (rules.rename.iter())
            .map(|(from, to)| Ok((name("rename", from)?, name("rename", to)?)))
            .collect::<Result<_, RuleError>>()?,
        set: pairs("set", &rules.set)?,
        add: pairs("add", &rules.add)?,
    })
}

/// Names of the framing and of the connection are refused: the server and the client of this hop
/// write those, and whoever else does makes two parties read one message differently.
fn header_name(text: &str, path: impl Fn() -> String) -> Result<HeaderName, RuleError> {
    let name = HeaderName::from_bytes(text.as_bytes())
        .map_err(|_| RuleError::new(path(), format!("`{text}` is not a header name")))?;
    if FRAMING.contains(&name) {
        let message = format!("`{name}` belongs to the connection and cannot be edited");
        return Err(RuleError::new(path(), message));
    }
    Ok(name)
}

fn query_edits(rules: &RequestRules) -> Result<QueryEdits, RuleError> {
    let pairs = |verb: &str, list: &[(String, String)]| {
        list.iter()
            .map(|(name, value)| {
                let template = Template::parse(value).map_err(|message| {
                    RuleError::new(format!("request.{verb}_query.{name}"), message)
                })?;
                Ok((name.as_str().into(), template))
            })
            .collect::<Result<_, RuleError>>()
    };
    Ok(QueryEdits {
        remove: rules
            .remove_query
            .iter()
            .map(|name| name.as_str().into())
            .collect(),
        rename: (rules.rename_query.iter())
            .map(|(from, to)| (from.as_str().into(), to.as_str().into()))
            .collect(),
        set: pairs("set", &rules.set_query)?,
        add: pairs("add", &rules.add_query)?,
    })
}

fn path_edit(rules: &RequestRules) -> Result<PathEdit, RuleError> {
    let checked = |key: &str, text: &Option<String>| {
        (text.as_deref().map(prefix).transpose())
            .map_err(|message| RuleError::new(format!("request.{key}"), message))
    };
    let edit = PathEdit {
        strip: checked("strip_prefix", &rules.strip_prefix)?,
        add: checked("add_prefix", &rules.add_prefix)?,
        rewrite: (rules.path.as_deref().map(PathTemplate::parse).transpose())
            .map_err(|message| RuleError::new("request.path", message))?,
    };
    if edit.rewrite.is_some() && (edit.strip.is_some() || edit.add.is_some()) {
        let message = "a path that is replaced has no prefix to strip or add";
        return Err(RuleError::new("request.path", message));
    }
    Ok(edit)
}

fn statuses(map: &[(StatusCode, StatusCode)]) -> Result<Vec<(StatusCode, StatusCode)>, RuleError> {
    for (from, to) in map {
        let bare = to.is_informational() || matches!(to.as_u16(), 204 | 205 | 304);
        if bare || from.is_informational() || *from == StatusCode::NOT_MODIFIED {
            let message = format!("{} cannot become {}", from.as_u16(), to.as_u16());
            return Err(RuleError::new(
                format!("response.status.{}", from.as_u16()),
                message,
            ));
        }
    }
    Ok(map.to_vec())
}

fn ops(side: &str, rules: &JsonRules) -> Result<Vec<Op>, RuleError> {
    let at = |verb: &str, text: &str| format!("{side}.{verb}_json.{text}");
    let place = |verb: &str, text: &str| {
        Pointer::parse(text).map_err(|error| RuleError::new(at(verb, text), error))
    };
    let part = |verb: &str, text: &str| match place(verb, text)? {
        whole if whole.tokens().is_empty() => Err(RuleError::new(
            at(verb, text),
            "the whole document stays where it is",
        )),
        part => Ok(part),
    };
    let mut ops = Vec::new();
    for text in &rules.remove {
        ops.push(Op::Remove(part("remove", text)?));
    }
    for (from, to) in &rules.rename {
        let (old, new) = (part("rename", from)?, part("rename", to)?);
        if old.contains(&new) && old != new {
            return Err(RuleError::new(
                at("rename", from),
                "a value cannot move into itself",
            ));
        }
        ops.push(Op::Rename(old, new));
    }
    for (text, value) in &rules.set {
        ops.push(Op::Set(place("set", text)?, value.to_string().into()));
    }
    for (text, value) in &rules.add {
        ops.push(Op::Add(place("add", text)?, value.to_string().into()));
    }
    Ok(ops)
}

const FRAMING: [HeaderName; 8] = [
    header::CONNECTION,
    header::CONTENT_LENGTH,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

#[cfg(test)]
mod tests {
    use super::*;

    fn error_of(request: &RequestRules, response: &ResponseRules) -> String {
        Plan::new(request, response).unwrap_err().to_string()
    }

    #[test]
    fn mistakes_are_found_with_their_place() {
        let request = RequestRules::new;
        let response = ResponseRules::new;
        for (request, response, part) in [
            (
                request().set_header("x-a", "${no}"),
                response(),
                "`request.set_headers.x-a`: unk",
            ),
            (
                request().remove_header("a b"),
                response(),
                "`request.remove_headers.a b`",
            ),
            (
                request(),
                response().add_header("Content-Length", "1"),
                "belongs to the connection",
            ),
            (
                request().set_query("q", "${"),
                response(),
                "`request.set_query.q`",
            ),
            (request().path("x"), response(), "`request.path`"),
            (
                request().path("/x").add_prefix("/y"),
                response(),
                "no prefix",
            ),
            (
                request().strip_prefix("/"),
                response(),
                "`request.strip_prefix`",
            ),
            (request(), response().remove_json(""), "whole document"),
            (request(), response().remove_json("a"), "begins with `/`"),
            (
                request().rename_json("/a", "/a/b"),
                response(),
                "into itself",
            ),
            (
                request(),
                response().status(StatusCode::OK, StatusCode::NO_CONTENT),
                "`response.status.200`: 200 cannot become 204",
            ),
        ] {
            let error = error_of(&request, &response);
            assert!(error.contains(part), "{error}");
        }
    }
}
