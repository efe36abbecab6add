//! Routes that can never be chosen, for a config check.

use std::collections::HashMap;

use super::rule::Rule;

/// A route that no request can reach.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shadowed {
    /// The name of the route that is never chosen.
    pub route: String,
    /// The name of the route that is tried before it and takes all its requests.
    pub by: String,
}

/// Finds the routes that one other route hides completely.
///
/// Routes are tried from the most specific path to the least, so a wider path never hides a
/// narrower one: only routes with the same form of path can.
pub(super) fn shadowed<'a>(rules: impl Iterator<Item = &'a Rule>) -> Vec<Shadowed> {
    let mut by_shape: HashMap<String, Vec<(usize, &Rule)>> = HashMap::new();
    for (number, rule) in rules.enumerate() {
        by_shape
            .entry(rule.path.shape())
            .or_default()
            .push((number, rule));
    }
    let mut found: Vec<(usize, Shadowed)> = Vec::new();
    for mut group in by_shape.into_values() {
        group.sort_by_key(|(number, rule)| (std::cmp::Reverse(rule.conditions()), *number));
        for (index, (number, rule)) in group.iter().enumerate() {
            let before = group[..index].iter().map(|(_, earlier)| *earlier);
            if let Some(by) = before.into_iter().find(|earlier| hides(earlier, rule)) {
                let shadowed = Shadowed {
                    route: rule.name().to_owned(),
                    by: by.name().to_owned(),
                };
                found.push((*number, shadowed));
            }
        }
    }
    found.sort_by_key(|(number, _)| *number);
    found.into_iter().map(|(_, shadowed)| shadowed).collect()
}

/// Equal hosts only: a route for a narrower host is tried before one for a wider host.
fn hides(earlier: &Rule, rule: &Rule) -> bool {
    let hosts = if rule.hosts.is_empty() {
        earlier.hosts.is_empty()
    } else {
        rule.hosts
            .iter()
            .all(|host| earlier.hosts.iter().any(|other| other == host))
    };
    hosts && earlier.covers_conditions(rule)
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, Method};

    use super::*;

    fn rule(name: &str, path: &str) -> Rule {
        Rule::new(name, path).unwrap()
    }

    fn names(rules: &[Rule]) -> Vec<(String, String)> {
        shadowed(rules.iter())
            .into_iter()
            .map(|shadowed| (shadowed.route, shadowed.by))
            .collect()
    }

    #[test]
    fn the_same_path_twice() {
        let rules = [rule("a", "/x/{id}"), rule("b", "/x/{name}")];
        assert_eq!(names(&rules), [("b".to_owned(), "a".to_owned())]);
    }

    #[test]
    fn wider_paths_and_other_methods_hide_nothing() {
        let rules = [
            rule("rest", "/{*rest}"),
            rule("x", "/x"),
            rule("get", "/y").method(Method::GET),
            rule("post", "/y").method(Method::POST),
            rule("canary", "/z").header(HeaderName::from_static("x-canary"), None),
            rule("z", "/z"),
        ];
        assert!(names(&rules).is_empty());
    }

    #[test]
    fn fewer_methods_behind_more_are_hidden() {
        let rules = [
            rule("both", "/y").method(Method::GET).method(Method::POST),
            rule("head", "/y").method(Method::HEAD),
            rule("host", "/y")
                .method(Method::GET)
                .host("a.example.com")
                .unwrap(),
        ];
        assert_eq!(names(&rules), [("head".to_owned(), "both".to_owned())]);
    }
}
