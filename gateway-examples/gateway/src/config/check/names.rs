use gateway_core::config::{Tree, closest};

/// The names defined in the map at `path`, whether or not their values could be read.
pub(in crate::config) fn defined<'a>(tree: &'a Tree, path: &str) -> Vec<&'a str> {
    let place = tree.find(path);
    if !place.complete {
        return Vec::new();
    }
    place
        .node
        .entries()
        .iter()
        .map(|entry| entry.key.text.as_str())
        .collect()
}

/// "did you mean `orders` (defined at gateway.yaml:22:3)?", or what there is to choose from.
pub(in crate::config) fn suggestion(tree: &Tree, path: &str, name: &str) -> String {
    let names = defined(tree, path);
    if let Some(near) = closest(name, names.iter().copied()) {
        let at = tree.key_location(&format!("{path}.{near}"));
        return format!(
            "did you mean `{near}` (defined at {}:{}:{})?",
            at.file, at.line, at.col
        );
    }
    if names.is_empty() {
        return format!("nothing is defined under `{path}`");
    }
    let shown: Vec<String> = names
        .iter()
        .take(8)
        .map(|name| format!("`{name}`"))
        .collect();
    let more = if names.len() > 8 { ", …" } else { "" };
    format!("defined are {}{more}", shown.join(", "))
}
