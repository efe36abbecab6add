use std::path::{Path, PathBuf};

use gateway_core::config::{
    ConfigError, Diagnostic, Diagnostics, Format, Lookup, Reader, Source, System, Tree,
    codes::UNREADABLE,
};

use super::{
    check::{self, codes},
    link,
    model::{Bind, Config},
    scope,
};

/// A config file that can be used.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// What it says.
    pub config: Config,
    /// What is probably not meant.
    pub warnings: Diagnostics,
    tree: Tree,
    path: Option<PathBuf>,
}

/// Loads the file at `path`: reads, resolves references, checks.
///
/// # Errors
///
/// Every finding of the run, warnings included, if there is an error among them.
pub fn load(path: &Path) -> Result<Loaded, Diagnostics> {
    let name = path.display().to_string();
    let text = std::fs::read_to_string(path).map_err(|error| {
        let message = format!("{name} cannot be read: {error}");
        Diagnostics::from(Diagnostic::error(UNREADABLE, message))
    })?;
    let base = path.parent().unwrap_or_else(|| Path::new("."));
    let source = Source::new(name, &text);
    let mut loaded = read(source, Format::of(path), &System::new(base), base)?;
    loaded.path = Some(path.to_owned());
    Ok(loaded)
}

/// Loads a config from text.
///
/// # Errors
///
/// Every finding of the run, warnings included, if there is an error among them.
pub fn load_text(
    source: Source,
    format: Format,
    lookup: &dyn Lookup,
) -> Result<Loaded, Diagnostics> {
    read(source, format, lookup, Path::new(""))
}

fn read(
    source: Source,
    format: Format,
    lookup: &dyn Lookup,
    base: &Path,
) -> Result<Loaded, Diagnostics> {
    let mut findings = Diagnostics::new();
    let Some(mut tree) = Tree::parse(source, format, &mut findings) else {
        return Err(findings);
    };
    tree.resolve(lookup, &mut findings);
    let mut config: Option<Config> = Reader::new(&tree)
        .describe(scope::describe)
        .read(&mut findings);
    if let Some(config) = &mut config {
        anchor(config, base);
        link::link(config, &tree, &mut findings);
        check::check(config, &tree, &mut findings);
    }
    findings.sort();
    match config {
        Some(config) if !findings.has_errors() => Ok(Loaded {
            config,
            warnings: findings,
            tree,
            path: None,
        }),
        _ => Err(findings),
    }
}

/// Like `${file:…}`, paths are relative to the config file and not to where we were started.
fn anchor(config: &mut Config, base: &Path) {
    for (_, upstream) in config.upstreams.iter_mut() {
        for path in upstream.tls.paths_mut() {
            *path = base.join(&*path);
        }
    }
    let named = config.listeners.iter_mut().map(|(_, listener)| listener);
    for listener in named.chain(&mut config.listen) {
        if let Bind::Unix(path) = &mut listener.0.bind {
            *path = base.join(&*path);
        }
        for path in listener.0.tls.iter_mut().flat_map(|tls| tls.0.paths_mut()) {
            *path = base.join(&*path);
        }
    }
}

impl Loaded {
    /// The file it came from, if it came from one.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// The values of the file with their places.
    #[must_use]
    pub const fn tree(&self) -> &Tree {
        &self.tree
    }

    /// The finding for what a builder refused; the error's path begins at the top of the file.
    pub fn refusal(&self, error: &ConfigError) -> Diagnostic {
        refusal(&self.tree, error)
    }
}

/// The finding for what a builder refused.
pub(super) fn refusal(tree: &Tree, error: &ConfigError) -> Diagnostic {
    let place = match scope::title(error.path()) {
        Some(title) => format!(" in {title}"),
        None => String::new(),
    };
    let leaf = error.path().rsplit('.').next().unwrap_or_default();
    let finding = Diagnostic::error(codes::REFUSED, format!("invalid value for `{leaf}`{place}"))
        .at(tree.location(error.path()))
        .path(error.path())
        .label(error.message());
    match error.help() {
        Some(help) => finding.note(help),
        None => finding,
    }
}
