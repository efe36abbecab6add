use gateway_core::config::Scope;

/// What a section of the file is called in messages, from its path.
pub(super) fn describe(path: &str) -> Option<Scope> {
    let steps: Vec<&str> = path.split('.').collect();
    let (title, schema) = match steps.as_slice() {
        [.., "layers", name] => (format!("layer `{name}`"), format!("layers.{name}")),
        ["routes", name] => (format!("route `{name}`"), "routes".to_owned()),
        ["routes", name, "match"] => (
            format!("`match` of route `{name}`"),
            "routes.match".to_owned(),
        ),
        ["routes", name, "ai"] => (format!("`ai` of route `{name}`"), "routes.ai".to_owned()),
        ["auth", name] => (format!("`auth.{name}`"), "auth".to_owned()),
        ["upstreams", name] => (format!("upstream `{name}`"), "upstreams".to_owned()),
        ["listeners", name] => (format!("listener `{name}`"), "listeners".to_owned()),
        [section] => (format!("`{section}`"), (*section).to_owned()),
        _ => return None,
    };
    Some(Scope {
        title,
        note: Some(format!("all fields: gateway schema {schema}")),
    })
}

/// The name of the innermost section around `path`.
pub(super) fn title(path: &str) -> Option<String> {
    let mut end = path.len();
    loop {
        end = path[..end].rfind('.')?;
        if let Some(scope) = describe(&path[..end]) {
            return Some(scope.title);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_have_names() {
        for (path, title, schema) in [
            ("routes.orders.layers.jwt", "layer `jwt`", "layers.jwt"),
            ("defaults.layers.jwt", "layer `jwt`", "layers.jwt"),
            ("routes.orders", "route `orders`", "routes"),
            ("upstreams.a", "upstream `a`", "upstreams"),
            ("limits", "`limits`", "limits"),
        ] {
            let scope = describe(path).unwrap();
            assert_eq!(scope.title, title);
            assert!(scope.note.unwrap().ends_with(schema));
        }
        assert!(describe("routes.orders.layers.jwt.jwks").is_none());
    }
}
