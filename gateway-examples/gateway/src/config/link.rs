use gateway_core::config::{Diagnostic, Diagnostics, Tree};

use super::{
    check::{codes, names},
    model::{Auth, Config, Defined, Layers},
};

/// Puts definitions in the place of their names, so that nothing behind the loader knows names.
pub(super) fn link(config: &mut Config, tree: &Tree, findings: &mut Diagnostics) {
    let auth = std::mem::take(&mut config.auth);
    let mut linker = Linker {
        tree,
        findings,
        find: &|name| auth.get(name),
    };
    linker.layers("defaults.layers", &mut config.defaults.layers);
    for (name, route) in config.routes.iter_mut() {
        linker.layers(&format!("routes.{name}.layers"), &mut route.layers);
    }
    config.auth = auth;
}

struct Linker<'a> {
    tree: &'a Tree,
    findings: &'a mut Diagnostics,
    find: &'a dyn Fn(&str) -> Option<&'a Auth>,
}

impl Linker<'_> {
    fn layers(&mut self, path: &str, layers: &mut Layers) {
        self.one(&format!("{path}.jwt"), &mut layers.jwt, |auth| match auth {
            Auth::Jwt(options) => Some((**options).clone()),
            Auth::ApiKey(_) => None,
        });
        self.one(
            &format!("{path}.api_key"),
            &mut layers.api_key,
            |auth| match auth {
                Auth::ApiKey(options) => Some(options.clone()),
                Auth::Jwt(_) => None,
            },
        );
    }

    fn one<T>(
        &mut self,
        path: &str,
        slot: &mut Option<Defined<T>>,
        pick: impl Fn(&Auth) -> Option<T>,
    ) {
        let Some(Defined::Named(name)) = slot else {
            return;
        };
        let (message, label) = match (self.find)(name) {
            Some(auth) => match pick(auth) {
                Some(options) => {
                    *slot = Some(Defined::On(options));
                    return;
                }
                None => (
                    format!("`auth.{name}` is a definition of another layer"),
                    match auth {
                        Auth::Jwt(_) => "use it as `jwt`".to_owned(),
                        Auth::ApiKey(_) => "use it as `api_key`".to_owned(),
                    },
                ),
            },
            // It is there and could not be read, which has been reported.
            None if names::defined(self.tree, "auth").contains(&name.as_str()) => return,
            None => (
                format!("`{name}` is not defined under `auth`"),
                names::suggestion(self.tree, "auth", name),
            ),
        };
        self.findings.push(
            Diagnostic::error(codes::UNDEFINED_AUTH, message)
                .at(self.tree.location(path))
                .path(path)
                .label(label),
        );
    }
}
