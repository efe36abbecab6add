use super::{Console, Exit, args::SchemaArgs};
use crate::config;

pub(super) fn run(args: &SchemaArgs, console: &mut Console<'_>) -> Exit {
    let schema = match &args.section {
        None => Some(config::schema()),
        Some(section) => config::section(section),
    };
    let Some(schema) = schema else {
        let section = args.section.as_deref().unwrap_or_default();
        console.error(format_args!(
            "the config has no section `{section}`; `gateway schema` prints all of them"
        ));
        return Exit::Usage;
    };
    console.out(format_args!("{schema:#}\n"));
    Exit::Ok
}
