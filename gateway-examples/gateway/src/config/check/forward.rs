use gateway_core::config::{Diagnostic, Diagnostics};
use gateway_layers::forward_proxy::ForwardProxy;

use super::{Subject, codes, names};
use crate::config::load;

/// Forward proxies have a listener, and are not open to everybody who can reach it.
pub(super) fn check(subject: Subject<'_>, findings: &mut Diagnostics) {
    let listeners = subject.config.all_listeners();
    for (name, options) in subject.config.forward_proxies.iter() {
        let path = format!("forward_proxies.{name}");
        if let Err(error) = ForwardProxy::from_config(options) {
            findings.push(load::refusal(subject.tree, &error.at(&path)));
        }
        let Some((_, listener)) = listeners.iter().find(|(listener, _)| *listener == name) else {
            findings.push(
                Diagnostic::error(
                    codes::UNDEFINED_LISTENER,
                    format!("there is no listener `{name}`"),
                )
                .at(subject.tree.key_location(&path))
                .path(&path)
                .label(names::suggestion(subject.tree, "listeners", name)),
            );
            continue;
        };
        let address = listener.bind.addr();
        let local = address.is_none_or(|address| address.ip().to_canonical().is_loopback());
        if !local && options.allow.is_empty() && options.users.is_empty() {
            findings.push(
                Diagnostic::error(
                    codes::OPEN_PROXY,
                    format!("forward proxy `{name}` takes anybody anywhere"),
                )
                .at(subject.tree.key_location(&path))
                .path(&path)
                .label("name `users`, or hosts to `allow`, or listen on 127.0.0.1"),
            );
        }
    }
}
