use gateway_core::config::{Diagnostic, Diagnostics};

use super::{Subject, codes};
use crate::config::model::Bind;

/// No two listeners, the admin's included, on one address.
pub(super) fn check(subject: Subject<'_>, findings: &mut Diagnostics) {
    let config = subject.config;
    let mut all: Vec<(String, Bind)> = Vec::new();
    if let Some(listen) = &config.listen {
        all.push(("listen".to_owned(), listen.bind.clone()));
    }
    for (name, listener) in config.listeners.iter() {
        all.push((format!("listeners.{name}"), listener.bind.clone()));
    }
    if let Some(admin) = &config.admin {
        all.push(("admin".to_owned(), admin.bind.into()));
    }
    for (index, (path, addr)) in all.iter().enumerate() {
        // Port 0 stands for a port of its own each time.
        let taken = |other: &&(String, Bind)| {
            other.1 == *addr && addr.addr().is_none_or(|addr| addr.port() != 0)
        };
        if let Some((other, _)) = all[..index].iter().find(taken) {
            findings.push(
                Diagnostic::error(codes::SAME_ADDRESS, format!("{addr} is listened on twice"))
                    .at(subject.tree.location(path))
                    .path(path)
                    .label(format!("`{other}` has this address")),
            );
        }
    }
}
