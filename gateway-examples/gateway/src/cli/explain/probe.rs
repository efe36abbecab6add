use std::convert::Infallible;

use futures_util::FutureExt as _;
use gateway_core::{Body, Request, Response, Route, SharedService};
use gateway_layers::router::{MatchConfig, Router, Rule};
use http::StatusCode;
use tower::{ServiceExt as _, service_fn};

use crate::config::{Config, model::Match};

/// Which route takes a request, and why each of the others does not.
#[derive(Debug)]
pub(super) struct Verdict {
    /// The name of the route, or the status without one.
    pub(super) chosen: Result<String, StatusCode>,
    /// What the router has put into the request.
    pub(super) route: Option<Route>,
    /// The others, in the order of the file.
    pub(super) others: Vec<(String, &'static str)>,
}

/// Asks the router itself, so that the answer is the one a request would get.
pub(super) fn choose(config: &Config, request: &http::Request<()>) -> Verdict {
    let all = config
        .routes
        .iter()
        .map(|(name, route)| (name, &route.matches.0));
    let answer = ask(all, request);
    let chosen = answer
        .as_ref()
        .map(|found| found.name.clone())
        .map_err(|status| *status);
    let others = config
        .routes
        .iter()
        .filter(|(name, _)| chosen.as_deref() != Ok(*name))
        .map(|(name, route)| (name.to_owned(), why(&route.matches, request)))
        .collect();
    Verdict {
        chosen,
        route: answer.ok().and_then(|found| found.route),
        others,
    }
}

/// Puts one condition after the other to the router, until the request does not fit any more.
fn why(matches: &Match, request: &http::Request<()>) -> &'static str {
    let mut probe = Match {
        path: matches.path.clone(),
        encoded_slash: matches.encoded_slash,
        semicolon: matches.semicolon,
        ..Match::default()
    };
    let fits = |probe: &Match| ask([("probe", probe)].into_iter(), request).is_ok();
    if !fits(&probe) {
        return "the path does not fit";
    }
    probe.host = matches.host.clone();
    if !fits(&probe) {
        return "the host does not fit";
    }
    probe.methods = matches.methods.clone();
    if !fits(&probe) {
        return "the method does not fit";
    }
    probe.headers = matches.headers.clone();
    if !fits(&probe) {
        return "a header does not fit";
    }
    probe.query = matches.query.clone();
    if !fits(&probe) {
        return "the query does not fit";
    }
    "fits, but is less specific or comes later in the file"
}

fn ask<'a>(
    routes: impl Iterator<Item = (&'a str, &'a Match)>,
    request: &http::Request<()>,
) -> Result<Named, StatusCode> {
    let mut router = Router::new();
    for (name, matches) in routes {
        if let Ok(rule) = Rule::from_config(name, &MatchConfig::from(matches)) {
            router = router.add(rule, named(name));
        }
    }
    let mut probe = Request::new(Body::empty());
    probe.method_mut().clone_from(request.method());
    probe.uri_mut().clone_from(request.uri());
    probe.headers_mut().clone_from(request.headers());
    let answer = router.oneshot(probe).now_or_never();
    let Some(Ok(response)) = answer else {
        return Err(StatusCode::INTERNAL_SERVER_ERROR);
    };
    match response.extensions().get::<Named>() {
        Some(named) => Ok(named.clone()),
        None => Err(response.status()),
    }
}

#[derive(Clone)]
struct Named {
    name: String,
    route: Option<Route>,
}

fn named(name: &str) -> SharedService {
    let name = name.to_owned();
    SharedService::new(service_fn(move |request: Request| {
        let mut response = Response::new(Body::empty());
        response.extensions_mut().insert(Named {
            name: name.clone(),
            route: request.extensions().get().cloned(),
        });
        std::future::ready(Ok::<_, Infallible>(response))
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_route_has_a_reason() {
        let config: Config = serde_json::from_str(
            r#"{"routes": {
                "chosen": {"match": {"path": "/a/{id}", "methods": ["GET"], "headers": {"x": "1"}}},
                "wide": {"match": "/{*rest}"},
                "path": {"match": "/b"},
                "host": {"match": {"path": "/a/{id}", "host": "b.example"}},
                "method": {"match": {"path": "/a/{id}", "methods": ["PUT"]}},
                "header": {"match": {"path": "/a/{id}", "headers": {"y": "*"}}},
                "query": {"match": {"path": "/a/{id}", "query": {"q": "*"}}}
            }}"#,
        )
        .unwrap();
        let request = http::Request::get("/a/7")
            .header("host", "a.example")
            .header("x", "1")
            .body(())
            .unwrap();
        let verdict = choose(&config, &request);
        assert_eq!(verdict.chosen.as_deref(), Ok("chosen"));
        let reasons: Vec<_> = verdict
            .others
            .iter()
            .map(|(name, why)| (name.as_str(), why.split(' ').nth(1).unwrap()))
            .collect();
        assert_eq!(
            reasons,
            [
                ("wide", "but"),
                ("path", "path"),
                ("host", "host"),
                ("method", "method"),
                ("header", "header"),
                ("query", "query")
            ]
        );
        let request = http::Request::delete("/b/c").body(()).unwrap();
        let config: Config = serde_json::from_str(
            r#"{"routes": {"b": {"match": {"path": "/b/c", "methods": ["GET"]}}}}"#,
        )
        .unwrap();
        assert_eq!(
            choose(&config, &request).chosen,
            Err(StatusCode::METHOD_NOT_ALLOWED)
        );
    }
}
