use gateway_core::Identity;
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;

use super::sanitize::sanitize;

/// Which claim goes upstream in which header.
#[derive(Clone, Debug, Default)]
pub(crate) struct IdentityHeaders {
    names: Vec<HeaderName>,
    claims: Vec<Box<str>>,
}

/// The headers of one caller.
pub(crate) type Values = Box<[(HeaderName, HeaderValue)]>;

impl IdentityHeaders {
    pub(crate) fn add(&mut self, name: HeaderName, claim: &str) {
        self.names.push(name);
        self.claims.push(claim.into());
    }

    /// What upstream is told about `identity`. A claim that is missing, or that no header can
    /// hold, is not told.
    pub(crate) fn values(&self, identity: &Identity) -> Values {
        let pairs = self.names.iter().zip(&self.claims);
        pairs
            .filter_map(|(name, claim)| {
                let text = text(identity, claim)?;
                let value = HeaderValue::try_from(text).ok()?;
                Some((name.clone(), value))
            })
            .collect()
    }

    /// Replaces whatever the client sent in these headers by `values`.
    pub(crate) fn write(&self, headers: &mut HeaderMap, values: &[(HeaderName, HeaderValue)]) {
        sanitize(headers, &self.names);
        for (name, value) in values {
            headers.append(name.clone(), value.clone());
        }
    }
}

/// A claim, or what the identity knows under the same name: keys have no claims called `sub`.
fn text(identity: &Identity, claim: &str) -> Option<String> {
    match identity.claim(claim) {
        Some(value) => print(value),
        None => match claim {
            "sub" => Some(identity.subject().to_owned()),
            "iss" => Some(identity.issuer().to_owned()),
            "tenant" => identity.tenant().map(ToOwned::to_owned),
            "scope" => {
                let scopes: Vec<_> = identity.scopes().collect();
                (!scopes.is_empty()).then(|| scopes.join(" "))
            }
            _ => None,
        },
    }
}

fn print(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        // A comma inside an element would make two of one: such a list cannot be told.
        Value::Array(items) => {
            let items: Option<Vec<_>> = items
                .iter()
                .map(|item| print(item).filter(|text| !text.contains(',') && !item.is_array()))
                .collect();
            items.map(|items| items.join(","))
        }
        Value::Null | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use gateway_core::context::IdentityKind;
    use serde_json::json;

    use super::*;

    fn told(claims: Value, claim: &str) -> Option<String> {
        let Value::Object(claims) = claims else {
            unreachable!()
        };
        let identity = Identity::new(IdentityKind::Jwt, "iss", "alice")
            .with_scopes(["a", "b"])
            .with_claims(claims);
        let mut headers = IdentityHeaders::default();
        headers.add(HeaderName::from_static("x-told"), claim);
        let mut map = HeaderMap::new();
        map.insert("x-told", HeaderValue::from_static("forged"));
        headers.write(&mut map, &headers.values(&identity));
        map.get("x-told")
            .map(|value| value.to_str().unwrap().to_owned())
    }

    #[test]
    fn claims_become_text() {
        for (claims, claim, expected) in [
            (json!({"sub": "bob"}), "sub", Some("bob")),
            (json!({}), "sub", Some("alice")),
            (json!({}), "scope", Some("a b")),
            (json!({"n": 7}), "n", Some("7")),
            (json!({"a": {"roles": ["x", "y"]}}), "a.roles", Some("x,y")),
            (json!({"roles": ["x,admin"]}), "roles", None),
            (json!({"o": {}}), "o", None),
            (json!({"s": "a\r\nx-admin: 1"}), "s", None),
            (json!({}), "missing", None),
        ] {
            assert_eq!(told(claims, claim).as_deref(), expected, "{claim}");
        }
    }
}
