//! Values that conform to a JSON Schema.

use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use super::prose;
use super::seed::Seed;

/// Builds one value that conforms to `root`.
///
/// It reads what tools and structured outputs use: types, `properties`, `required`, `items`,
/// `enum`, `const`, `anyOf`, `oneOf`, `allOf`, local `$ref`, bounds and the common formats. A
/// `pattern` is not solved.
pub(super) fn example(root: &Value, city: Option<&str>, text: &str, seed: &mut Seed) -> Value {
    let mut maker = Maker {
        root,
        city,
        text,
        seed,
    };
    maker.value("", root, 0)
}

struct Maker<'a> {
    root: &'a Value,
    city: Option<&'a str>,
    text: &'a str,
    seed: &'a mut Seed,
}

impl<'a> Maker<'a> {
    fn value(&mut self, name: &str, schema: &'a Value, depth: usize) -> Value {
        let schema = self.resolve(schema);
        if depth > DEEPEST {
            return Value::Null;
        }
        if let Some(value) = schema.get("const") {
            return value.clone();
        }
        if let Some(values) = schema.get("enum").and_then(Value::as_array)
            && !values.is_empty()
        {
            let values: Vec<&Value> = values.iter().collect();
            return self.seed.choose(&values).clone();
        }
        for keyword in ["anyOf", "oneOf", "allOf"] {
            let Some(variants) = schema.get(keyword).and_then(Value::as_array) else {
                continue;
            };
            let chosen = variants.iter().find(|variant| variant["type"] != "null");
            if let Some(chosen) = chosen
                && schema.get("properties").is_none()
            {
                return self.value(name, chosen, depth + 1);
            }
        }
        match kind(schema) {
            "object" => self.object(schema, depth),
            "array" => self.array(name, schema, depth),
            "integer" => json!(self.integer(schema)),
            "number" => self.number(schema),
            "boolean" => json!(self.seed.below(2) == 1),
            "null" => Value::Null,
            _ => json!(self.string(name, schema)),
        }
    }

    fn resolve(&self, schema: &'a Value) -> &'a Value {
        let target = schema["$ref"]
            .as_str()
            .and_then(|path| path.strip_prefix('#'));
        target
            .and_then(|path| self.root.pointer(path))
            .unwrap_or(schema)
    }

    /// The required properties; all of them where none is said to be required.
    fn object(&mut self, schema: &'a Value, depth: usize) -> Value {
        let Some(properties) = schema.get("properties").and_then(Value::as_object) else {
            return json!({});
        };
        let required = schema.get("required").and_then(Value::as_array);
        let mut object = Map::new();
        for (name, inner) in properties {
            if required.is_none_or(|names| names.iter().any(|it| it == name)) {
                object.insert(name.clone(), self.value(name, inner, depth + 1));
            }
        }
        Value::Object(object)
    }

    fn array(&mut self, name: &str, schema: &'a Value, depth: usize) -> Value {
        let least = schema["minItems"].as_u64().unwrap_or(0);
        let most = schema["maxItems"].as_u64().unwrap_or(MOST_ITEMS);
        let count = (1 + self.seed.below(2)).clamp(least.min(MOST_ITEMS), most.min(MOST_ITEMS));
        match schema.get("items") {
            Some(items) => (0..count)
                .map(|_| self.value(name, items, depth + 1))
                .collect(),
            None => json!([]),
        }
    }

    fn integer(&mut self, schema: &Value) -> i64 {
        let bound = |name: &str| schema[name].as_f64().map(clamp);
        let above = bound("exclusiveMinimum").map(|n| n + 1);
        let below = bound("exclusiveMaximum").map(|n| n - 1);
        let most_given = bound("maximum").or(below);
        let least = bound("minimum")
            .or(above)
            .unwrap_or_else(|| most_given.map_or(1, |m| m.min(1)));
        let most = most_given.unwrap_or(least.saturating_add(99)).max(least);
        let step = bound("multipleOf").filter(|step| *step > 0).unwrap_or(1);
        let span = most.abs_diff(least).saturating_add(1);
        let drawn = least.saturating_add_unsigned(self.seed.below(span));
        let rounded = drawn.div_euclid(step) * step;
        if rounded < least {
            rounded + step
        } else {
            rounded
        }
    }

    /// A multiple of one half, so that no text form of it loses anything.
    fn number(&mut self, schema: &Value) -> Value {
        let whole = self.integer(schema);
        let room = schema["maximum"]
            .as_f64()
            .or(schema["exclusiveMaximum"].as_f64());
        let halved = clamp_back(whole) + 0.5;
        match room.is_none_or(|most| halved < most) && schema.get("multipleOf").is_none() {
            true => json!(halved),
            false => json!(whole),
        }
    }

    fn string(&mut self, name: &str, schema: &Value) -> String {
        match schema["format"].as_str() {
            Some("date") => return "2025-06-15".to_owned(),
            Some("date-time") => return "2025-06-15T12:00:00Z".to_owned(),
            Some("time") => return "12:00:00Z".to_owned(),
            Some("email") => return "alice@example.com".to_owned(),
            Some("uri") => return "https://example.com/a".to_owned(),
            Some("uuid") => return "0198c0de-0000-7000-8000-000000000001".to_owned(),
            Some("ipv4") => return "192.0.2.1".to_owned(),
            _ => {}
        }
        let mut text = self.word_for(name);
        while text.chars().count() < to_usize(schema["minLength"].as_u64().unwrap_or(0)) {
            text.push('x');
        }
        match schema["maxLength"].as_u64() {
            Some(most) => text.chars().take(to_usize(most)).collect(),
            None => text,
        }
    }

    fn word_for(&mut self, name: &str) -> String {
        let lower = name.to_ascii_lowercase();
        let like = |words: &[&str]| words.iter().any(|word| lower.contains(word));
        if like(&["city", "location", "place"]) {
            return self.city.unwrap_or("Paris").to_owned();
        }
        if like(&["query", "question", "text", "message", "input"]) && !self.text.is_empty() {
            return self.text.chars().take(80).collect();
        }
        prose::sentence(self.seed)
    }
}

/// The type a schema asks for; of several, the first that is not null.
fn kind(schema: &Value) -> &str {
    let named = match &schema["type"] {
        Value::Array(types) => types
            .iter()
            .filter_map(Value::as_str)
            .find(|name| *name != "null"),
        other => other.as_str(),
    };
    match named {
        Some(name) => name,
        None if schema.get("properties").is_some() => "object",
        None if schema.get("items").is_some() => "array",
        None => "string",
    }
}

fn to_usize(n: u64) -> usize {
    usize::try_from(n.min(LONGEST)).unwrap_or(0)
}

/// A bound as a whole number; wider ones than this are of no use to anyone.
fn clamp(bound: f64) -> i64 {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "clamped to what an i64 holds exactly"
    )]
    let whole = bound.clamp(-1e12, 1e12).ceil() as i64;
    whole
}

fn clamp_back(whole: i64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "bounds are clamped to 1e12")]
    let number = whole as f64;
    number
}

const DEEPEST: usize = 12;
const MOST_ITEMS: u64 = 64;
const LONGEST: u64 = 100_000;
