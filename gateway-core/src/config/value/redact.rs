use serde_json::{Map, Value as Json};

use super::{
    Tree,
    node::{Node, Number, Value},
};

impl Tree {
    /// The values as JSON, with `‹env:NAME›` where a reference stood: fit to be shown.
    #[must_use]
    pub fn redacted(&self) -> Json {
        redacted(self.root())
    }
}

fn redacted(node: &Node) -> Json {
    match &node.value {
        Value::Null => Json::Null,
        Value::Bool(bool) => Json::Bool(*bool),
        Value::Number(Number::Unsigned(n)) => Json::from(*n),
        Value::Number(Number::Signed(n)) => Json::from(*n),
        Value::Number(Number::Float(n)) => Json::from(*n),
        Value::String(text) => Json::from(text.shown()),
        Value::Seq(elements) => elements.iter().map(redacted).collect(),
        Value::Map(entries) => entries
            .iter()
            .map(|entry| (entry.key.text.clone(), redacted(&entry.node)))
            .collect::<Map<_, _>>()
            .into(),
    }
}
