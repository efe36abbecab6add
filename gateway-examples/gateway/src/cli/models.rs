use gateway_ai::config::{AiConfig, ModelConfig};

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
    Exit::Ok
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
