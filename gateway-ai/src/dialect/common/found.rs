use serde_json::{Map, Value, json};

use crate::{
    canonical::{Block, Opaque, Raw, Request, Text},
    dialect::Dialect,
    loss::Losses,
};

/// The request with the search results it hands over for the model to cite in the words of another
/// dialect, if it holds any: Anthropic and Bedrock have a block for them, elsewhere they are text.
pub(in crate::dialect) fn with_results_for(
    to: Dialect,
    request: &Request,
    losses: &mut Losses,
) -> Option<Request> {
    let holds = |block: &Block| match block {
        Block::ToolResult(result) => result.content.iter().any(is_found),
        block => is_found(block),
    };
    let mut blocks = request.messages.iter().flat_map(|turn| &turn.content);
    if !blocks.any(holds) {
        return None;
    }
    let mut request = request.clone();
    for block in request
        .messages
        .iter_mut()
        .flat_map(|turn| &mut turn.content)
    {
        match block {
            Block::ToolResult(result) => {
                let blocks = result.content.iter_mut();
                blocks.for_each(|block| respell(block, to, losses));
            }
            block => respell(block, to, losses),
        }
    }
    Some(request)
}

fn is_found(block: &Block) -> bool {
    matches!(block, Block::Opaque(Opaque { kind, .. }) if kind == ANTHROPICS || kind == BEDROCKS)
}

fn respell(block: &mut Block, to: Dialect, losses: &mut Losses) {
    let Block::Opaque(opaque) = &*block else {
        return;
    };
    if !is_found(block) {
        return;
    }
    let Some(fields) = fields(opaque) else { return };
    missed(fields.keys(), losses);
    let mut texts = Vec::new();
    for part in fields
        .get("content")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
    {
        missed(part.as_object().into_iter().flat_map(Map::keys), losses);
        texts.extend(part["text"].as_str());
    }
    let word = |name: &str| fields.get(name).and_then(Value::as_str).unwrap_or_default();
    let (title, source) = (word("title"), word("source"));
    let mut own = json!({ "source": source, "title": title });
    let wish = |value: &&Value| value.get("enabled").is_some_and(Value::is_boolean);
    if let Some(citations) = fields.get("citations").filter(wish) {
        own["citations"] = citations.clone();
    }
    *block = match to {
        Dialect::Messages => {
            own["type"] = ANTHROPICS.into();
            let part = |text: &&str| json!({ "type": "text", "text": text });
            own["content"] = texts.iter().map(part).collect();
            opaque_of(to, ANTHROPICS, &own)
        }
        Dialect::Converse => {
            own["content"] = texts.iter().map(|text| json!({ "text": text })).collect();
            opaque_of(to, BEDROCKS, &json!({ BEDROCKS: own }))
        }
        _ => {
            losses.add_field("content", &opaque.kind);
            let (title, source) = (title.replace('"', "'"), source.replace('"', "'"));
            let text = texts.join("\n");
            Block::Text(Text {
                text: format!(
                    "<search_result title=\"{title}\" source=\"{source}\">\n{text}\n</search_result>"
                ),
                ..Text::default()
            })
        }
    };
}

/// Reports what a result or a part of it says beside what all dialects can say.
fn missed<'f>(names: impl Iterator<Item = &'f String>, losses: &mut Losses) {
    for name in names {
        match name.as_str() {
            "type" | "text" | "source" | "title" | "content" | "citations" => {}
            "cache_control" => losses.add("cache_control"),
            name => losses.add_field("content", name),
        }
    }
}

fn fields(opaque: &Opaque) -> Option<Map<String, Value>> {
    let mut fields: Map<String, Value> = opaque.raw.read().ok()?;
    match fields.get_mut(BEDROCKS) {
        Some(Value::Object(inner)) => Some(std::mem::take(inner)),
        Some(_) => None,
        None => Some(fields),
    }
}

fn opaque_of(dialect: Dialect, kind: &str, fields: &Value) -> Block {
    Block::Opaque(Opaque {
        dialect,
        kind: kind.into(),
        raw: Raw::from_value(fields),
    })
}

const ANTHROPICS: &str = "search_result";
const BEDROCKS: &str = "searchResult";
