use serde_json::Value;

use super::{facts::Facts, fault::Fault, template::Template};

/// A JSON body whose texts are templates. Names are not.
#[derive(Clone, Debug)]
pub(super) enum BodyTemplate {
    Fixed(Value),
    Text(Template),
    List(Vec<Self>),
    Map(Vec<(String, Self)>),
}

impl BodyTemplate {
    pub(super) fn parse(value: &Value) -> Result<Self, String> {
        Ok(match value {
            Value::String(text) => Self::Text(Template::parse(text)?),
            Value::Array(list) => {
                Self::List(list.iter().map(Self::parse).collect::<Result<_, _>>()?)
            }
            Value::Object(map) => {
                let members = map.iter();
                let members = members.map(|(name, value)| Ok((name.clone(), Self::parse(value)?)));
                Self::Map(members.collect::<Result<_, String>>()?)
            }
            fixed => Self::Fixed(fixed.clone()),
        })
    }

    /// The templates in it.
    pub(super) fn templates(&self) -> Vec<&Template> {
        match self {
            Self::Fixed(_) => Vec::new(),
            Self::Text(template) => vec![template],
            Self::List(list) => list.iter().flat_map(Self::templates).collect(),
            Self::Map(members) => members.iter().flat_map(|(_, v)| v.templates()).collect(),
        }
    }

    pub(super) fn render(&self, facts: &Facts<'_>) -> Result<Vec<u8>, Fault> {
        let mut out = Vec::new();
        self.write(facts, &mut out)?;
        Ok(out)
    }

    fn write(&self, facts: &Facts<'_>, out: &mut Vec<u8>) -> Result<(), Fault> {
        match self {
            Self::Fixed(value) => out.extend_from_slice(value.to_string().as_bytes()),
            Self::Text(template) => match template.only_part() {
                Some((name, pointer)) => {
                    let raw = facts.part(name, pointer)?;
                    out.extend_from_slice(raw.as_deref().unwrap_or(b"null"));
                }
                None => text(&template.text(facts)?, out),
            },
            Self::List(list) => {
                out.push(b'[');
                for (index, value) in list.iter().enumerate() {
                    comma(index, out);
                    value.write(facts, out)?;
                }
                out.push(b']');
            }
            Self::Map(members) => {
                out.push(b'{');
                for (index, (name, value)) in members.iter().enumerate() {
                    comma(index, out);
                    text(name, out);
                    out.push(b':');
                    value.write(facts, out)?;
                }
                out.push(b'}');
            }
        }
        Ok(())
    }
}

/// Appends `text` as a JSON string.
pub(super) fn text(text: &str, out: &mut Vec<u8>) {
    serde_json::to_writer(out, text).expect("a string takes all text");
}

fn comma(index: usize, out: &mut Vec<u8>) {
    if index > 0 {
        out.push(b',');
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use serde_json::json;

    use super::*;

    #[test]
    fn texts_are_filled_in_and_stay_texts() {
        let (request, ()) = http::Request::get("/?q=%22%2C%22x%22%3A%22")
            .body(())
            .unwrap()
            .into_parts();
        let earlier = [("user", Some(Bytes::from_static(br#"{"tags":["a",1.0]}"#)))];
        let facts = Facts {
            request: &request,
            earlier: &earlier,
        };
        let value = json!({
            "a": ["{query:q}", 1, null],
            "n": "{part:user/none}",
            "t": "{part:user/tags}",
        });
        let body = BodyTemplate::parse(&value).unwrap();
        assert_eq!(
            String::from_utf8(body.render(&facts).unwrap()).unwrap(),
            r#"{"a":["\",\"x\":\"",1,null],"n":null,"t":["a",1.0]}"#
        );
        assert!(BodyTemplate::parse(&json!({"a": "{"})).is_err());
    }
}
