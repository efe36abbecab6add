use gateway_core::config::{Diagnostic, Diagnostics};

use super::{Subject, codes};

/// Whoever reaches the admin listener can reload the config: beyond this machine that takes a
/// token.
pub(super) fn check(subject: Subject<'_>, findings: &mut Diagnostics) {
    let Some(admin) = &subject.config.admin else {
        return;
    };
    // The token may stand there and be unreadable: that has been reported already.
    let has_token = subject.tree.find("admin.token").complete;
    if admin.bind.get().ip().to_canonical().is_loopback() || has_token {
        return;
    }
    let path = match subject.tree.find("admin.bind").complete {
        true => "admin.bind",
        false => "admin",
    };
    findings.push(
        Diagnostic::error(
            codes::ADMIN_EXPOSED,
            "the admin listener is reachable from other machines and has no token",
        )
        .at(subject.tree.location(path))
        .path(path)
        .label("bind it to 127.0.0.1, or set `token: ${env:GATEWAY_ADMIN_TOKEN}`"),
    );
}
