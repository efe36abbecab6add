use gateway_layers::forward_proxy::ForwardProxyConfig;

use super::{Console, Exit, args::FileArgs, check, table::table};
use crate::config::{
    Config,
    model::{Match, Route},
};

pub(super) fn run(args: &FileArgs, console: &mut Console<'_>) -> Exit {
    let loaded = match check::load(&args.file, console) {
        Ok(loaded) => loaded,
        Err(exit) => return exit,
    };
    let config = &loaded.config;
    let rows: Vec<[String; 5]> = config
        .routes
        .iter()
        .map(|(name, route)| row(config, name, route))
        .collect();
    console.out(table(["ROUTE", "MATCH", "TO", "AUTH", "LAYERS"], &rows));
    let proxies = config.forward_proxies.iter();
    let rows: Vec<[String; 5]> = proxies
        .map(|(name, options)| proxy(name, options))
        .collect();
    if !rows.is_empty() {
        let heads = ["FORWARD PROXY", "ALLOW", "DENY", "PORTS", "AUTH"];
        console.out(format!("\n{}", table(heads, &rows)));
    }
    Exit::Ok
}

fn proxy(listener: &str, options: &ForwardProxyConfig) -> [String; 5] {
    let list = |all: &[String], none: &str| match all {
        [] => none.to_owned(),
        all => all.join(", "),
    };
    let ports: Option<Vec<String>> = options
        .ports
        .as_ref()
        .map(|ports| ports.iter().map(ToString::to_string).collect());
    let auth = match options.users.len() {
        0 => "NONE".to_owned(),
        1 => "1 user".to_owned(),
        many => format!("{many} users"),
    };
    [
        listener.to_owned(),
        list(&options.allow, "all"),
        list(&options.deny, ""),
        ports.map_or_else(|| "80, 443".to_owned(), |ports| ports.join(", ")),
        auth,
    ]
}

fn row(config: &Config, name: &str, route: &Route) -> [String; 5] {
    let names = config.layers_of(route).names();
    let (auth, rest): (Vec<&str>, Vec<&str>) = names.into_iter().partition(|name| is_auth(name));
    [
        name.to_owned(),
        matches(&route.matches),
        target(config, route),
        // A route that anyone may call should catch the eye.
        if auth.is_empty() {
            "NONE".to_owned()
        } else {
            auth.join(", ")
        },
        rest.join(", "),
    ]
}

pub(super) fn is_auth(layer: &str) -> bool {
    ["jwt", "api_key"].contains(&layer)
}

/// `GET,POST api.example.com/orders/{id}`, and what else is asked for.
pub(super) fn matches(matches: &Match) -> String {
    let mut text = String::new();
    if !matches.methods.is_empty() {
        text.push_str(&matches.methods.join(","));
        text.push(' ');
    }
    text.push_str(&matches.host.join("|"));
    text.push_str(&matches.path);
    for (name, value) in &matches.headers {
        text.push_str(&format!(" [{name}: {value}]"));
    }
    for (name, value) in &matches.query {
        text.push_str(&format!(" [?{name}={value}]"));
    }
    text
}

pub(super) fn target(config: &Config, route: &Route) -> String {
    if let Some(ai) = &route.ai {
        return match ai.models.len() {
            1 => "1 model".to_owned(),
            many => format!("{many} models"),
        };
    }
    if let Some(split) = &route.split {
        let targets: Vec<&str> = split.to.names().collect();
        return format!("split: {}", targets.join(", "));
    }
    if let Some(aggregate) = &route.aggregate {
        return match aggregate.parts.len() {
            1 => "1 part".to_owned(),
            many => format!("{many} parts"),
        };
    }
    let Some(to) = &route.to else {
        return String::new();
    };
    let endpoints = config.upstreams.get(to).map_or(0, |up| up.endpoints.len());
    match endpoints {
        0 | 1 => to.clone(),
        many => format!("{to} ({many} endpoints)"),
    }
}
