use std::fmt::Write as _;

use gateway_core::{ClientIp, Identity, RequestId, Route};
use http::{Extensions, HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;

/// A text with `${…}` in it, to be filled in from what is known about a request.
///
/// If one of its variables has no value, the whole text has none: half a value is not a value.
#[derive(Clone, Debug)]
pub(super) struct Template {
    pieces: Vec<Piece>,
    /// A text without variables, ready to be put into a header.
    fixed: Option<HeaderValue>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    Claim(String),
    Header(HeaderName),
    Route,
    Param(String),
    ClientIp,
    RequestId,
}

/// What variables are filled in from.
#[derive(Clone, Debug, Default)]
pub(super) struct Facts {
    identity: Option<Identity>,
    route: Option<Route>,
    client_ip: Option<ClientIp>,
    request_id: Option<RequestId>,
}

impl Facts {
    pub(super) fn of(extensions: &Extensions) -> Self {
        Self {
            identity: extensions.get().cloned(),
            route: extensions.get().cloned(),
            client_ip: extensions.get().copied(),
            request_id: extensions.get().cloned(),
        }
    }

    /// What is known, if it is going to be asked for.
    pub(super) fn needed(needed: bool, extensions: &Extensions) -> Self {
        if needed {
            Self::of(extensions)
        } else {
            Self::default()
        }
    }

    pub(super) fn param(&self, name: &str) -> Option<&str> {
        self.route.as_ref()?.param(name)
    }
}

impl Template {
    /// Reads a template; `$$` is a dollar sign.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut pieces = Vec::new();
        let mut plain = String::new();
        let mut rest = text;
        while let Some(at) = rest.find('$') {
            plain.push_str(&rest[..at]);
            rest = &rest[at + 1..];
            if let Some(after) = rest.strip_prefix('$') {
                plain.push('$');
                rest = after;
            } else if let Some(after) = rest.strip_prefix('{') {
                let (name, after) = after
                    .split_once('}')
                    .ok_or_else(|| "`${` is not closed with `}`".to_owned())?;
                if !plain.is_empty() {
                    pieces.push(Piece::Text(std::mem::take(&mut plain)));
                }
                pieces.push(Piece::parse(name)?);
                rest = after;
            } else {
                plain.push('$');
            }
        }
        plain.push_str(rest);
        if !plain.is_empty() || pieces.is_empty() {
            pieces.push(Piece::Text(plain));
        }
        let fixed = match pieces.as_slice() {
            [Piece::Text(text)] => Some(
                HeaderValue::from_str(text).map_err(|_| format!("`{text}` is no header value"))?,
            ),
            _ => None,
        };
        Ok(Self { pieces, fixed })
    }

    /// Whether it is filled in from anything but the message itself.
    pub(super) fn needs_facts(&self) -> bool {
        !self
            .pieces
            .iter()
            .all(|piece| matches!(piece, Piece::Text(_) | Piece::Header(_)))
    }

    pub(super) fn text(&self, facts: &Facts, message: &HeaderMap) -> Option<String> {
        let mut out = String::new();
        for piece in &self.pieces {
            piece.write(facts, message, &mut out)?;
        }
        Some(out)
    }

    /// The value, if there is one and it can stand in a header: a claim with a line break cannot.
    pub(super) fn header(&self, facts: &Facts, message: &HeaderMap) -> Option<HeaderValue> {
        match &self.fixed {
            Some(fixed) => Some(fixed.clone()),
            None => HeaderValue::try_from(self.text(facts, message)?).ok(),
        }
    }
}

impl Piece {
    fn parse(text: &str) -> Result<Self, String> {
        let unknown = || {
            format!(
                "unknown variable `${{{text}}}`; known are claim:NAME, header:NAME, param:NAME, \
                 route, client_ip and request_id"
            )
        };
        Ok(match text.split_once(':') {
            Some(("claim", path)) if !path.is_empty() => Self::Claim(path.to_owned()),
            Some(("param", name)) if !name.is_empty() => Self::Param(name.to_owned()),
            Some(("header", name)) => Self::Header(
                HeaderName::from_bytes(name.as_bytes())
                    .map_err(|_| format!("`{name}` is not a header name"))?,
            ),
            None if text == "route" => Self::Route,
            None if text == "client_ip" => Self::ClientIp,
            None if text == "request_id" => Self::RequestId,
            _ => return Err(unknown()),
        })
    }

    fn write(&self, facts: &Facts, message: &HeaderMap, out: &mut String) -> Option<()> {
        match self {
            Self::Text(text) => out.push_str(text),
            Self::Claim(path) => claim(facts.identity.as_ref()?, path, out)?,
            Self::Header(name) => out.push_str(message.get(name)?.to_str().ok()?),
            Self::Route => out.push_str(facts.route.as_ref()?.name()),
            Self::Param(name) => out.push_str(facts.param(name)?),
            Self::ClientIp => _ = write!(out, "{}", facts.client_ip?.ip()),
            Self::RequestId => out.push_str(facts.request_id.as_ref()?.as_str()),
        }
        Some(())
    }
}

/// `sub` and `iss` are those of the identity, whatever kind of credential it came with.
fn claim(identity: &Identity, path: &str, out: &mut String) -> Option<()> {
    match identity.claim(path) {
        Some(Value::String(text)) => out.push_str(text),
        Some(Value::Number(number)) => _ = write!(out, "{number}"),
        Some(Value::Bool(flag)) => _ = write!(out, "{flag}"),
        Some(Value::Array(list)) => {
            let texts: Option<Vec<_>> = list.iter().map(Value::as_str).collect();
            out.push_str(&texts?.join(" "));
        }
        Some(Value::Null | Value::Object(_)) => return None,
        None if path == "sub" => out.push_str(identity.subject()),
        None if path == "iss" => out.push_str(identity.issuer()),
        None => return None,
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use gateway_core::context::{IdentityKind, Params};
    use serde_json::json;

    use super::*;

    fn facts() -> Facts {
        let Value::Object(claims) =
            json!({"n": 1, "list": ["a", "b"], "bad": "a\nb", "o": {"p": true}})
        else {
            unreachable!()
        };
        let identity = Identity::new(IdentityKind::Jwt, "iss", "alice").with_claims(claims);
        let params: Params = [("id", "7")].into_iter().collect();
        let mut extensions = Extensions::new();
        extensions.insert(identity);
        extensions.insert(Route::new("orders".into(), "/orders/{id}".into(), params));
        extensions.insert(ClientIp::new([10, 0, 0, 1].into()));
        extensions.insert(RequestId::new(HeaderValue::from_static("r-1")).unwrap());
        Facts::of(&extensions)
    }

    fn fill(text: &str) -> Option<String> {
        let mut message = HeaderMap::new();
        message.insert("x-a", HeaderValue::from_static("v"));
        let value = Template::parse(text).unwrap().header(&facts(), &message)?;
        Some(value.to_str().unwrap().to_owned())
    }

    #[test]
    fn variables_are_filled_in() {
        for (text, expected) in [
            ("plain", Some("plain")),
            ("", Some("")),
            ("$5 $$ $${route}", Some("$5 $ ${route}")),
            ("${claim:sub}@${claim:iss}", Some("alice@iss")),
            ("${claim:n},${claim:o.p},${claim:list}", Some("1,true,a b")),
            ("${route}/${param:id}", Some("orders/7")),
            (
                "${client_ip} ${request_id} ${header:X-A}",
                Some("10.0.0.1 r-1 v"),
            ),
            ("user-${claim:none}", None),
            ("${claim:o}", None),
            ("${header:x-none}", None),
            ("${claim:bad}", None),
        ] {
            assert_eq!(fill(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn mistakes_are_named() {
        for (text, part) in [
            ("${", "closed"),
            ("${clam:sub}", "unknown variable `${clam:sub}`"),
            ("${claim:}", "unknown"),
            ("${header:a b}", "`a b`"),
            ("a\nb", "no header value"),
        ] {
            let error = Template::parse(text).unwrap_err();
            assert!(error.contains(part), "{error}");
        }
    }

    #[test]
    fn only_what_needs_the_request_asks_for_it() {
        assert!(!Template::parse("a${header:x}").unwrap().needs_facts());
        assert!(Template::parse("a${claim:x}").unwrap().needs_facts());
    }
}
