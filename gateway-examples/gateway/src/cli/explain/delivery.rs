use std::net::Ipv4Addr;

use gateway_core::{ClientIp, Route as Params};
use gateway_layers::{
    aggregate::{Aggregate, AggregateConfig},
    split::{Split, SplitConfig, WeightConfig},
};
use http::Request;

use super::report;
use crate::config::{
    check,
    model::{Layers, Route},
};

/// Where a request goes that may go to more than one place.
pub(super) fn rows(
    rows: &mut Vec<[String; 2]>,
    layers: &Layers,
    route: &Route,
    (request, params): (&Request<()>, Option<&Params>),
) {
    if let Some(mirror) = layers.mirror() {
        let share = mirror
            .share
            .map_or("100%".to_owned(), |share| share.to_string());
        let methods = if mirror.methods.is_empty() {
            "GET, HEAD".to_owned()
        } else {
            mirror.methods.join(", ")
        };
        rows.push([
            "mirror".to_owned(),
            format!("{share} of {methods} to {}", mirror.to),
        ]);
    }
    let mut asked = request.clone();
    asked
        .extensions_mut()
        .insert(ClientIp::new(Ipv4Addr::LOCALHOST.into()));
    if let Some(params) = params {
        asked.extensions_mut().insert(params.clone());
    }
    if let Some(config) = &route.split {
        split(rows, config, &asked);
    }
    if let Some(config) = &route.aggregate {
        aggregate(rows, config, asked);
    }
}

fn split(rows: &mut Vec<[String; 2]>, config: &SplitConfig, request: &Request<()>) {
    for (index, (name, weight)) in config.to.iter().enumerate() {
        let what = if index == 0 { "split" } else { "" };
        let weight = match weight {
            WeightConfig::Share(share) => share.to_string(),
            WeightConfig::Parts(parts) => parts.to_string(),
            _ => String::new(),
        };
        rows.push([what.to_owned(), format!("{name}  {weight}")]);
    }
    let built = config.weights();
    let built = built.and_then(|weights| Split::from_config(config, weights, |_| Some(())));
    let chosen = built.ok();
    let chosen = chosen.as_ref().and_then(|split| split.target_of(request));
    let text = match (chosen, &config.sticky) {
        (Some(name), _) => format!("this request: {name}"),
        (None, Some(key)) => format!("by {}", report::evaluated(key, request)),
        (None, None) => "each request by chance".to_owned(),
    };
    rows.push([String::new(), text]);
}

fn aggregate(rows: &mut Vec<[String; 2]>, config: &AggregateConfig, request: Request<()>) {
    let built = Aggregate::from_config(config, |_| Some(check::nobody()));
    let (request, ()) = request.into_parts();
    let plan = built.map(|aggregate| aggregate.plan(&request));
    for (index, part) in plan.into_iter().flatten().enumerate() {
        let what = if index == 0 { "parts" } else { "" };
        let to = config
            .parts
            .get(&part.part)
            .map_or("", |part| part.to.as_str());
        let target = match part.target {
            Ok(target) => format!("{} {target}", part.method),
            Err(why) => format!("{} ({why})", part.method),
        };
        rows.push([what.to_owned(), format!("{}  {to}  {target}", part.part)]);
    }
}
