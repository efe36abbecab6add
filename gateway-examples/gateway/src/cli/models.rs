use std::collections::BTreeSet;

use gateway_ai::{
    catalog::{self, Prices, Rates},
    config::{AiConfig, ModelConfig},
};

use super::{Console, Exit, args::FileArgs, check, table::table};

pub(super) fn run(args: &FileArgs, console: &mut Console<'_>) -> Exit {
    let loaded = match check::load(&args.file, console) {
        Ok(loaded) => loaded,
        Err(exit) => return exit,
    };
    let mut rows: Vec<[String; 3]> = Vec::new();
    for (route, config) in loaded.config.routes.iter() {
        let Some(ai) = &config.ai else { continue };
        for (alias, model) in ai.models.iter() {
            rows.push([route.to_owned(), alias.to_owned(), targets(model)]);
        }
        for (name, prompt) in ai.prompts.iter() {
            let place = prompt.publish.as_deref().unwrap_or("not published");
            let answers = format!("{} ({place})", prompt.model);
            rows.push([route.to_owned(), format!("prompt {name}"), answers]);
        }
    }
    if rows.is_empty() {
        console.err("no route has models: add an `ai` section to one\n");
        return Exit::Ok;
    }
    console.out(table(["ROUTE", "MODEL", "ANSWERED BY"], &rows));
    let mut facts = BTreeSet::new();
    for (_, config) in loaded.config.routes.iter() {
        if let Some(ai) = &config.ai {
            facts.extend(known(ai));
        }
    }
    if !facts.is_empty() {
        let facts: Vec<_> = facts.into_iter().collect();
        console.out("\n");
        console.out(table(HEADINGS, &facts));
        console.out(format!(
            "\nUSD per million tokens; the built-in list is of {}\n",
            catalog::DATE
        ));
    }
    Exit::Ok
}

const HEADINGS: [&str; 7] = [
    "TARGET", "CONTEXT", "OUTPUT", "INPUT $", "CACHED $", "OUTPUT $", "ALSO",
];

/// What is known about the targets of a route; those of which nothing is are left out.
fn known(ai: &AiConfig) -> Vec<[String; 7]> {
    // Faults have been reported by now.
    let prices = ai.prices.prices().unwrap_or_else(|_| Prices::none());
    let named = ai.models.iter().flat_map(|(_, model)| match model {
        ModelConfig::Ordered(targets) => targets.clone(),
        ModelConfig::Split(split) => {
            let shares = split.split.iter().map(|(target, _)| target.to_owned());
            shares.chain(split.then.iter().cloned()).collect()
        }
        _ => Vec::new(),
    });
    let mut rows = Vec::new();
    for target in named {
        let Some((provider, model)) = target.split_once('/') else {
            continue;
        };
        let config = ai.providers.iter().find(|(name, _)| *name == provider);
        let kind = config.and_then(|(_, config)| config.kind.as_deref());
        let kind = kind.unwrap_or(provider);
        let facts = catalog::find(kind, model);
        let rates = prices.of(&target, kind).map(|price| price.rates);
        if facts.is_none() && rates.is_none() {
            continue;
        }
        let rate =
            |of: fn(&Rates) -> Option<u64>| rates.as_ref().and_then(of).map_or_else(unknown, usd);
        let count = |n: Option<u64>| n.map_or_else(unknown, |n| n.to_string());
        let also = facts.map(|facts| {
            let names: Vec<_> = facts
                .abilities
                .iter()
                .map(catalog::Ability::as_str)
                .collect();
            names.join(", ")
        });
        rows.push([
            target.clone(),
            count(facts.and_then(|facts| facts.context)),
            count(facts.and_then(|facts| facts.max_output)),
            rate(|rates| rates.input),
            rate(|rates| rates.cached),
            rate(|rates| rates.output),
            also.unwrap_or_default(),
        ]);
    }
    rows
}

fn unknown() -> String {
    "-".to_owned()
}

/// Micro-USD with as many decimals as they need, two at least.
fn usd(micro: u64) -> String {
    let text = format!("{}.{:06}", micro / 1_000_000, micro % 1_000_000);
    let short = text.trim_end_matches('0').len();
    let least = text.len() - 4;
    text[..short.max(least)].to_owned()
}

/// The targets in the order in which they are tried.
fn targets(model: &ModelConfig) -> String {
    match model {
        ModelConfig::Ordered(targets) => targets.join(" → "),
        ModelConfig::Split(split) => {
            let shares = split.split.iter();
            let shares: Vec<String> = shares
                .map(|(target, share)| format!("{share} {target}"))
                .collect();
            let then = split.then.iter().map(|target| format!(" → {target}"));
            format!("{}{}", shares.join(" | "), then.collect::<String>())
        }
        _ => String::new(),
    }
}

/// The aliases of a route, each with its targets.
pub(super) fn aliases(ai: &AiConfig) -> Vec<String> {
    ai.models
        .iter()
        .map(|(alias, model)| format!("{alias}: {}", targets(model)))
        .collect()
}
