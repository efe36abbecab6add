use std::path::Path;

use gateway_core::config::{Diagnostic, Diagnostics, Severity, Style};

use super::{
    Console, Exit,
    args::{CheckArgs, DEFAULT_FILE},
};
use crate::config::{self, Loaded, check::codes::CERTIFICATE_EXPIRED};

pub(super) fn run(args: &CheckArgs, console: &mut Console<'_>) -> Exit {
    let style = Style::from(args.format);
    let path = &args.file.file;
    let loaded = match config::load(path) {
        Ok(loaded) => loaded,
        Err(findings) => {
            print(&findings, style, console);
            hint(path, console);
            return Exit::Usage;
        }
    };
    let warnings = loaded.warnings.count(Severity::Warning);
    if style == Style::Human && warnings == 0 {
        let count = |n: usize, noun: &str| format!("{n} {noun}{}", if n == 1 { "" } else { "s" });
        console.out(format_args!(
            "{}: ok, {}, {}\n",
            path.display(),
            count(loaded.config.routes.len(), "route"),
            count(loaded.config.upstreams.len(), "upstream")
        ));
    } else {
        print(&loaded.warnings, style, console);
    }
    let expired = |finding: &Diagnostic| finding.code() == CERTIFICATE_EXPIRED;
    if loaded.warnings.iter().any(expired) {
        return Exit::Usage;
    }
    if args.strict && warnings > 0 {
        return Exit::Failed;
    }
    Exit::Ok
}

/// For people the findings are errors; for programs they are what was asked for.
fn print(findings: &Diagnostics, style: Style, console: &mut Console<'_>) {
    let text = findings.render(style);
    if style == Style::Human {
        console.err(text);
    } else {
        console.out(text);
    }
}

/// Loads the file of a command that needs one, or says why not.
pub(super) fn load(path: &Path, console: &mut Console<'_>) -> Result<Loaded, Exit> {
    config::load(path).map_err(|findings| {
        console.err(findings);
        hint(path, console);
        Exit::Usage
    })
}

/// Whoever has no file yet is told how to get one.
pub(super) fn hint(path: &Path, console: &mut Console<'_>) {
    if path == Path::new(DEFAULT_FILE) && !path.exists() {
        console.err(
            "There is no gateway.yaml here. To begin:\n\
             \x20   gateway run --demo       look at a working gateway; needs no keys and no network\n\
             \x20   gateway init             write a commented gateway.yaml\n\
             \x20   gateway run FILE         serve another file\n",
        );
    }
}
