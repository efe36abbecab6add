use std::{fmt::Write as _, net::Ipv4Addr};

use gateway_core::{ClientIp, Key, Route as Params};
use gateway_layers::concurrency::LimitConfig;
use http::Request;

use super::{conversation, delivery, probe::Verdict, upstream};
use crate::{
    cli::{models, routes, table::table},
    config::{
        Loaded,
        model::{Layers, Route},
    },
};

pub(super) fn text(loaded: &Loaded, request: &Request<()>, verdict: &Verdict) -> String {
    let mut out = String::new();
    let host = request.headers().get(http::header::HOST);
    let host = host.and_then(|host| host.to_str().ok()).unwrap_or("");
    let _ = writeln!(out, "{} {host}{}\n", request.method(), request.uri());
    match &verdict.chosen {
        Ok(name) => chosen(&mut out, loaded, request, (name, verdict.route.as_ref())),
        Err(status) => {
            let _ = writeln!(out, "no route takes it: {status}");
        }
    }
    if !verdict.others.is_empty() {
        let rows: Vec<[String; 2]> = verdict
            .others
            .iter()
            .map(|(name, why)| [name.clone(), (*why).to_owned()])
            .collect();
        out.push('\n');
        out.push_str(&table(["OTHER ROUTE", "WHY NOT"], &rows));
    }
    out
}

fn chosen(
    out: &mut String,
    loaded: &Loaded,
    request: &Request<()>,
    (name, params): (&str, Option<&Params>),
) {
    let Some(route) = loaded.config.routes.get(name) else {
        return;
    };
    let at = loaded.tree().key_location(&format!("routes.{name}"));
    let layers = loaded.config.layers_of(route);
    let mut rows = vec![
        [
            "route".to_owned(),
            format!("{name}   {}:{}", at.file, at.line),
        ],
        ["match".to_owned(), routes::matches(&route.matches)],
    ];
    if !layers.names().is_empty() {
        rows.push(["layers".to_owned(), layers.names().join(" → ")]);
    }
    keys(&mut rows, &layers, request);
    delivery::rows(&mut rows, &layers, route, (request, params));
    target(&mut rows, loaded, route, request);
    for [what, value] in rows {
        let _ = writeln!(out, "{what:<10}{value}");
    }
}

/// What the limiter counts by and the cache tells apart, for this very request.
fn keys(rows: &mut Vec<[String; 2]>, layers: &Layers, request: &Request<()>) {
    if let Some(limit) = layers.rate_limit() {
        let key = limit.key.as_deref().unwrap_or("client_ip");
        let rate = format!("{} by {}", limit.rate, evaluated(key, request));
        rows.push(["limit".to_owned(), rate]);
        for policy in &limit.policies {
            let key = policy.key.as_deref().unwrap_or(key);
            let rate = format!(
                "{} by {} ({})",
                policy.rate,
                evaluated(key, request),
                policy.name
            );
            rows.push(["limit".to_owned(), rate]);
        }
    }
    if let Some(options) = layers.concurrency() {
        let mut text = match &options.limit {
            LimitConfig::Fixed(limit) => format!("{limit} at once"),
            LimitConfig::Gradient { .. } => "as many at once as are not slower".to_owned(),
            LimitConfig::Aimd { .. } => "as many at once as are in time".to_owned(),
        };
        let keys = [
            ("by", options.key.as_deref()),
            ("first by", options.priority.as_ref().map(|by| &*by.key)),
        ];
        for (how, key) in keys {
            if let Some(key) = key {
                let _ = write!(text, ", {how} {}", evaluated(key, request));
            }
        }
        rows.push(["limit".to_owned(), text]);
    }
    if let Some(cache) = layers.cache() {
        let mut text = format!("{} {}", request.method(), request.uri());
        if let Some(partition) = &cache.partition {
            let _ = write!(text, ", apart by {}", evaluated(partition, request));
        }
        rows.push(["cache".to_owned(), text]);
    }
}

pub(super) fn evaluated(text: &str, request: &Request<()>) -> String {
    let Ok(key) = text.parse::<Key>() else {
        return text.to_owned();
    };
    let mut extensions = http::Extensions::new();
    extensions.insert(ClientIp::new(Ipv4Addr::LOCALHOST.into()));
    let value = key.eval_parts(request.uri().query(), request.headers(), &extensions);
    match value {
        Some(value) => format!("{text} = {:?}", value.as_str()),
        None if key.needs_identity() => format!("{text} (known once the caller is authenticated)"),
        None => format!("{text} (this request has none)"),
    }
}

fn target(rows: &mut Vec<[String; 2]>, loaded: &Loaded, route: &Route, request: &Request<()>) {
    if let Some(ai) = &route.ai {
        for (index, alias) in models::aliases(ai).into_iter().enumerate() {
            let what = if index == 0 { "models" } else { "" };
            rows.push([what.to_owned(), alias]);
        }
        conversation::rows(rows, ai, request);
    }
    let Some(to) = &route.to else { return };
    if let Some(found) = loaded.config.upstreams.get(to) {
        upstream::rows(rows, (to, found), request);
    }
}
